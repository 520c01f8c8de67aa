//! What reviewers say.

use entity::{
    enums::CriterionKind,
    review_value::{Criterion, CriterionAnswer},
};
use uuid::Uuid;

use super::criteria::LONGEST_COMMENT;
use crate::platform::{
    error::{Checks, Error, Reason, Result},
    text,
};

/// What a reviewer says to a criterion, as it was sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewAnswer {
    /// The criterion.
    pub criterion_id: Uuid,
    /// The comment.
    pub body: String,
    /// The level of a rubric, from 0.
    pub level: Option<i32>,
    /// The items of a checklist that are met, from 0.
    pub checked: Option<Vec<i32>>,
    /// The step of a scale.
    pub value: Option<i32>,
}

/// Checks and tidies what was sent, complete or not.
///
/// # Errors
/// `INVALID` at the fields that break a rule; `NOT_FOUND` for a criterion of another round.
pub fn checked(criteria: &[Criterion], answers: Vec<NewAnswer>) -> Result<Vec<NewAnswer>> {
    let mut checks = Checks::default();
    let mut tidy: Vec<NewAnswer> = Vec::with_capacity(answers.len());
    for (place, answer) in answers.into_iter().enumerate() {
        let is_repeated = tidy.iter().any(|other| other.criterion_id == answer.criterion_id);
        let known = criteria.iter().find(|known| known.id == answer.criterion_id);
        let taken = match known {
            None => Err(Error::not_found().at(&["criterionId"])),
            Some(_) if is_repeated => {
                Err(Error::invalid(Reason::OutOfRange, "One answer to each criterion.").at(&["criterionId"]))
            }
            Some(criterion) => one(criterion, answer),
        };
        let at = |error: Error| error.at(&[&place.to_string()]);
        tidy.extend(checks.field("answers", taken.map_err(at))?);
    }
    checks.done()?;
    Ok(tidy)
}

fn one(criterion: &Criterion, mut answer: NewAnswer) -> Result<NewAnswer> {
    let mut checks = Checks::default();
    let body = checks.field(
        "body",
        text::optional(&answer.body, LONGEST_COMMENT).and_then(text::nested),
    )?;
    answer.body = body.unwrap_or_default();
    let kind = criterion.kind;
    let levels = length(criterion.levels.len());
    checks.field("level", fits(kind == CriterionKind::Rubric, answer.level, 0..levels))?;
    let steps = criterion.scale.as_ref().map_or(0..0, |scale| scale.min..scale.max + 1);
    checks.field("value", fits(kind == CriterionKind::Scale, answer.value, steps))?;
    if let Some(items) = &mut answer.checked {
        items.sort_unstable();
        items.dedup();
        let all = 0..length(criterion.items.len());
        let is_list = kind == CriterionKind::Checklist;
        let known = items
            .iter()
            .try_for_each(|&item| fits(is_list, Some(item), all.clone()));
        checks.field("checked", known.and_then(|()| fits(is_list, Some(0), 0..1)))?;
    }
    checks.done()?;
    Ok(answer)
}

fn length(list: usize) -> i32 {
    i32::try_from(list).unwrap_or(i32::MAX)
}

fn fits(is_kind: bool, value: Option<i32>, range: std::ops::Range<i32>) -> Result<()> {
    match value {
        Some(_) if !is_kind => Err(Error::invalid(Reason::OutOfRange, "Not for a criterion of this kind.")),
        Some(value) if !range.contains(&value) => {
            Err(Error::invalid(Reason::OutOfRange, "The criterion has no such choice."))
        }
        _ => Ok(()),
    }
}

/// What a review says after more was said: criteria that aren't answered again keep their answers. In the order of the criteria.
#[must_use]
pub fn merged(criteria: &[Criterion], before: &[CriterionAnswer], new: Vec<CriterionAnswer>) -> Vec<CriterionAnswer> {
    let find = |answers: &[CriterionAnswer], id| answers.iter().find(|answer| answer.criterion_id == id).cloned();
    let of = |criterion: &Criterion| find(&new, criterion.id).or_else(|| find(before, criterion.id));
    criteria.iter().filter_map(of).collect()
}

/// Whether a review can be submitted.
///
/// # Errors
/// `INVALID` for each criterion that misses something, at `answers` and the place of the criterion: `REQUIRED` if it isn't answered,
/// `TOO_SHORT` if its comment is.
pub fn complete(criteria: &[Criterion], answers: &[CriterionAnswer]) -> Result<()> {
    let mut checks = Checks::default();
    for (place, criterion) in criteria.iter().enumerate() {
        let answer = answers.iter().find(|answer| answer.criterion_id == criterion.id);
        let at = |error: Error| error.at(&[&place.to_string()]);
        checks.field("answers", enough(criterion, answer).map_err(at))?;
    }
    checks.done()
}

fn enough(criterion: &Criterion, answer: Option<&CriterionAnswer>) -> Result<()> {
    let required = |field| Err(Error::invalid(Reason::Required, "This is required.").at(&[field]));
    let length = answer.map_or(0, |answer| text::shown_length(&answer.body));
    let has_choice =
        answer.is_some_and(|answer| answer.level.is_some() || answer.value.is_some() || answer.checked.is_some());
    // What is optional and left out is complete; what is begun has to be finished.
    if !criterion.is_required && !has_choice && length == 0 {
        return Ok(());
    }
    let field = match criterion.kind {
        CriterionKind::Comment => None,
        CriterionKind::Rubric => Some("level"),
        CriterionKind::Checklist => Some("checked"),
        CriterionKind::Scale => Some("value"),
    };
    if let Some(field) = field.filter(|_| !has_choice) {
        return required(field);
    }
    let least = usize::try_from(criterion.min_length).unwrap_or_default();
    if length == 0 && (field.is_none() || least > 0) {
        return required("body");
    }
    if length < least {
        let words = format!("At least {least} characters; there are {length}.");
        return Err(Error::invalid(Reason::TooShort, words).at(&["body"]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use entity::review_value::{CriterionLevel, CriterionScale};

    use super::*;

    fn id(place: u128) -> Uuid {
        Uuid::from_u128(place)
    }

    fn criterion(place: u128, kind: CriterionKind, is_required: bool, min_length: i32) -> Criterion {
        let level = CriterionLevel {
            title: "Level".to_owned(),
            description: "What it looks like.".to_owned(),
        };
        Criterion {
            id: id(place),
            kind,
            title: "Title".to_owned(),
            description: String::new(),
            is_required,
            min_length,
            levels: vec![level; 3],
            items: vec!["Item".to_owned(); 3],
            scale: Some(CriterionScale {
                min: 1,
                max: 5,
                min_label: "Low".to_owned(),
                max_label: "High".to_owned(),
            }),
            starters: Vec::new(),
        }
    }

    fn criteria() -> Vec<Criterion> {
        vec![
            criterion(1, CriterionKind::Comment, true, 5),
            criterion(2, CriterionKind::Rubric, true, 0),
            criterion(3, CriterionKind::Checklist, true, 0),
            criterion(4, CriterionKind::Scale, false, 3),
        ]
    }

    fn kept(new: &NewAnswer) -> CriterionAnswer {
        CriterionAnswer {
            criterion_id: new.criterion_id,
            body: new.body.clone(),
            body_html: String::new(),
            level: new.level,
            checked: new.checked.clone(),
            value: new.value,
        }
    }

    fn said(place: u128, body: &str) -> NewAnswer {
        NewAnswer {
            criterion_id: id(place),
            body: body.to_owned(),
            ..NewAnswer::default()
        }
    }

    fn all() -> Vec<NewAnswer> {
        vec![
            said(1, "I noticed the colours."),
            NewAnswer {
                level: Some(2),
                ..said(2, "")
            },
            NewAnswer {
                checked: Some(vec![]),
                ..said(3, "")
            },
        ]
    }

    fn fields(result: Result<impl Sized>) -> Vec<String> {
        let refusals = result.err().and_then(|error| error.into_refusals().ok());
        let field = |refusal: crate::platform::error::Refusal| refusal.field.unwrap_or_default().join(".");
        refusals.unwrap_or_default().into_iter().map(field).collect()
    }

    fn missing(answers: &[NewAnswer]) -> Vec<String> {
        fields(complete(&criteria(), &answers.iter().map(kept).collect::<Vec<_>>()))
    }

    #[test]
    fn what_is_complete_can_be_submitted() {
        assert_eq!(missing(&all()), Vec::<String>::new());
        assert_eq!(fields(checked(&criteria(), all())), Vec::<String>::new());
    }

    #[test]
    fn what_is_required_is_asked_for() {
        assert_eq!(missing(&[]), ["answers.0.body", "answers.1.level", "answers.2.checked"]);
        let short: Vec<_> = [said(1, "Nice")].into_iter().chain(all().into_iter().skip(1)).collect();
        assert_eq!(missing(&short), ["answers.0.body"]);
        // What counts is what is shown.
        let links = format!("[x]: http://a.example \"{}\"", "t".repeat(60));
        for nothing in [
            &links,
            &"![]()".repeat(12),
            &"&nbsp;".repeat(10),
            &format!("a{}", "\u{200b}".repeat(60)),
            "---",
        ] {
            let answers: Vec<_> = [said(1, nothing)]
                .into_iter()
                .chain(all().into_iter().skip(1))
                .collect();
            assert_eq!(missing(&answers), ["answers.0.body"], "{nothing:?}");
        }
    }

    #[test]
    fn what_is_optional_is_left_out_or_finished() {
        let with = |answer: NewAnswer| all().into_iter().chain([answer]).collect::<Vec<_>>();
        assert_eq!(missing(&with(said(4, "Because"))), ["answers.3.value"]);
        let chosen = |body| NewAnswer {
            value: Some(4),
            ..said(4, body)
        };
        assert_eq!(missing(&with(chosen(""))), ["answers.3.body"]);
        assert_eq!(missing(&with(chosen("No"))), ["answers.3.body"]);
        assert_eq!(missing(&with(chosen("Yes"))), Vec::<String>::new());
    }

    #[test]
    fn answers_fit_their_criteria() {
        let wrong = |answer: NewAnswer| fields(checked(&criteria(), vec![answer]));
        assert_eq!(wrong(said(9, "")), ["answers.0.criterionId"]);
        let level = |level| NewAnswer {
            level: Some(level),
            ..said(2, "")
        };
        assert_eq!(wrong(level(3)), ["answers.0.level"]);
        assert_eq!(wrong(level(-1)), ["answers.0.level"]);
        let value = |place, value| NewAnswer {
            value: Some(value),
            ..said(place, "")
        };
        assert_eq!(wrong(value(4, 0)), ["answers.0.value"]);
        assert_eq!(wrong(value(4, 6)), ["answers.0.value"]);
        assert_eq!(wrong(value(2, 1)), ["answers.0.value"]);
        let ticked = |place, checked| NewAnswer {
            checked: Some(checked),
            ..said(place, "")
        };
        assert_eq!(wrong(ticked(3, vec![3])), ["answers.0.checked"]);
        assert_eq!(wrong(ticked(1, vec![])), ["answers.0.checked"]);
        let twice = checked(&criteria(), vec![said(1, "One"), said(1, "Two")]);
        assert_eq!(fields(twice), ["answers.1.criterionId"]);
        let tidy = checked(&criteria(), vec![ticked(3, vec![2, 0, 2])]).unwrap_or_default();
        assert_eq!(tidy[0].checked, Some(vec![0, 2]));
    }

    #[test]
    fn what_is_saved_later_leaves_the_rest() {
        let before: Vec<_> = all().iter().map(kept).collect();
        let after = merged(
            &criteria(),
            &before,
            vec![kept(&said(4, "New")), kept(&said(1, "Other"))],
        );
        let bodies: Vec<_> = after
            .iter()
            .map(|answer| (answer.criterion_id, answer.body.as_str()))
            .collect();
        assert_eq!(bodies, [(id(1), "Other"), (id(2), ""), (id(3), ""), (id(4), "New")]);
    }
}
