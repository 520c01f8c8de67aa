//! What reviewers are asked: its lengths and its shape.

use entity::{
    enums::CriterionKind,
    review_value::{Criterion, CriterionLevel, CriterionScale, CriterionStarters},
};

use crate::platform::{
    error::{Checks, Error, Reason, Result},
    scalar::LanguageTag,
    text,
};

/// Criteria of a round at most.
pub const MOST_CRITERIA: usize = 12;
/// Levels of a rubric at most.
pub const MOST_LEVELS: usize = 8;
/// Items of a checklist at most.
pub const MOST_ITEMS: usize = 20;
/// Languages of sentence starters at most.
pub const MOST_LANGUAGES: usize = 10;
/// Sentence starters in one language at most.
pub const MOST_STARTERS: usize = 10;
/// Characters of a comment at most.
pub const LONGEST_COMMENT: usize = 5_000;

const LONGEST_TITLE: usize = 200;
const LONGEST_DESCRIPTION: usize = 1_000;
const LONGEST_LABEL: usize = 200;

/// Checks and tidies the criteria of a round.
///
/// # Errors
/// `INVALID` at the fields that break a rule.
pub fn checked(criteria: Vec<Criterion>) -> Result<Vec<Criterion>> {
    at_most(criteria.len(), MOST_CRITERIA).map_err(|error| error.at(&["criteria"]))?;
    let mut checks = Checks::default();
    let mut tidy = Vec::with_capacity(criteria.len());
    for (place, criterion) in criteria.into_iter().enumerate() {
        let at = |error: Error| error.at(&[&place.to_string()]);
        tidy.extend(checks.field("criteria", one(criterion).map_err(at))?);
    }
    checks.done()?;
    Ok(tidy)
}

fn one(mut criterion: Criterion) -> Result<Criterion> {
    let mut checks = Checks::default();
    let title = checks.field("title", text::line(&criterion.title, LONGEST_TITLE))?;
    criterion.title = title.unwrap_or_default();
    let description = text::optional(&criterion.description, LONGEST_DESCRIPTION);
    criterion.description = checks.field("description", description)?.unwrap_or_default();
    let longest = i32::try_from(LONGEST_COMMENT).unwrap_or(i32::MAX);
    if !(0..=longest).contains(&criterion.min_length) {
        let error = Error::invalid(Reason::OutOfRange, format!("0 to {longest} characters."));
        checks.field("minLength", Err::<(), _>(error))?;
    }
    let kind = criterion.kind;
    checks.field("levels", levels(kind, &mut criterion.levels))?;
    checks.field("items", items(kind, &mut criterion.items))?;
    checks.field("scale", scale(kind, criterion.scale.as_mut()))?;
    checks.field("starters", starters(&mut criterion.starters))?;
    checks.done()?;
    Ok(criterion)
}

fn levels(kind: CriterionKind, levels: &mut [CriterionLevel]) -> Result<()> {
    belongs(kind == CriterionKind::Rubric, levels.is_empty(), "a rubric")?;
    if kind == CriterionKind::Rubric && levels.len() < 2 {
        return Err(Error::invalid(Reason::TooShort, "A rubric has at least 2 levels."));
    }
    at_most(levels.len(), MOST_LEVELS)?;
    each(levels, |level| {
        level.title = text::line(&level.title, LONGEST_LABEL)?;
        level.description = text::required(&level.description, LONGEST_DESCRIPTION)?;
        Ok(())
    })
}

fn items(kind: CriterionKind, items: &mut [String]) -> Result<()> {
    belongs(kind == CriterionKind::Checklist, items.is_empty(), "a checklist")?;
    at_most(items.len(), MOST_ITEMS)?;
    each(items, |item| {
        *item = text::line(item, LONGEST_LABEL)?;
        Ok(())
    })
}

fn scale(kind: CriterionKind, scale: Option<&mut CriterionScale>) -> Result<()> {
    belongs(kind == CriterionKind::Scale, scale.is_none(), "a scale")?;
    let Some(scale) = scale else { return Ok(()) };
    let mut checks = Checks::default();
    let is_range = (0..=10).contains(&scale.min) && (0..=10).contains(&scale.max) && scale.min < scale.max;
    if !is_range {
        let error = Error::invalid(Reason::OutOfRange, "From one of 0 to 9 up to one of 1 to 10.");
        checks.field("max", Err::<(), _>(error))?;
    }
    for (field, label) in [("minLabel", &mut scale.min_label), ("maxLabel", &mut scale.max_label)] {
        let text = checks.field(field, text::line(label, LONGEST_LABEL))?;
        *label = text.unwrap_or_default();
    }
    checks.done()
}

fn starters(starters: &mut Vec<CriterionStarters>) -> Result<()> {
    at_most(starters.len(), MOST_LANGUAGES)?;
    let mut languages = Vec::new();
    each(starters, |of_language| {
        of_language.language = LanguageTag(of_language.language.clone()).checked()?;
        if languages.contains(&of_language.language) {
            return Err(Error::invalid(Reason::OutOfRange, "Each language once."));
        }
        languages.push(of_language.language.clone());
        at_most(of_language.texts.len(), MOST_STARTERS)?;
        for text in &mut of_language.texts {
            *text = text::line(text, LONGEST_LABEL)?;
        }
        Ok(())
    })?;
    starters.retain(|of_language| !of_language.texts.is_empty());
    Ok(())
}

/// What a criterion has because of its kind, and no other has.
fn belongs(is_kind: bool, is_empty: bool, to: &str) -> Result<()> {
    match (is_kind, is_empty) {
        (true, true) => Err(Error::invalid(Reason::Required, format!("Needed for {to}."))),
        (false, false) => Err(Error::invalid(Reason::OutOfRange, format!("Only for {to}."))),
        _ => Ok(()),
    }
}

fn at_most(count: usize, most: usize) -> Result<()> {
    if count > most {
        return Err(Error::invalid(Reason::TooLong, format!("At most {most}.")));
    }
    Ok(())
}

/// Checks each of a list, with its place in the path of a refusal.
fn each<T>(list: &mut [T], mut check: impl FnMut(&mut T) -> Result<()>) -> Result<()> {
    let mut checks = Checks::default();
    for (place, one) in list.iter_mut().enumerate() {
        checks.field(&place.to_string(), check(one))?;
    }
    checks.done()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn criterion(kind: CriterionKind) -> Criterion {
        let texts = |count: usize| (0..count).map(|place| format!(" Item {place} ")).collect::<Vec<_>>();
        let level = |title: String| CriterionLevel {
            description: format!("{title} looks like this."),
            title,
        };
        let scale = CriterionScale {
            min: 1,
            max: 5,
            min_label: "Not at all".to_owned(),
            max_label: "Very".to_owned(),
        };
        let is = |wanted| kind == wanted;
        Criterion {
            id: Uuid::nil(),
            kind,
            title: " Kind ".to_owned(),
            description: String::new(),
            is_required: true,
            min_length: 40,
            levels: texts(3)
                .into_iter()
                .map(level)
                .filter(|_| is(CriterionKind::Rubric))
                .collect(),
            items: texts(3).into_iter().filter(|_| is(CriterionKind::Checklist)).collect(),
            scale: Some(scale).filter(|_| is(CriterionKind::Scale)),
            starters: vec![CriterionStarters {
                language: "EN".to_owned(),
                texts: vec![" I noticed… ".to_owned()],
            }],
        }
    }

    const KINDS: [CriterionKind; 4] = [
        CriterionKind::Comment,
        CriterionKind::Rubric,
        CriterionKind::Checklist,
        CriterionKind::Scale,
    ];

    /// The fields of the refusals.
    fn refused(criteria: Vec<Criterion>) -> Vec<String> {
        let refusals = checked(criteria).err().and_then(|error| error.into_refusals().ok());
        let field = |refusal: crate::platform::error::Refusal| refusal.field.unwrap_or_default().join(".");
        refusals.unwrap_or_default().into_iter().map(field).collect()
    }

    #[test]
    fn every_kind_is_taken_and_tidied() {
        let tidy = checked(KINDS.map(criterion).to_vec()).unwrap_or_default();
        assert_eq!(tidy.len(), 4);
        for criterion in &tidy {
            assert_eq!(criterion.title, "Kind");
            assert_eq!(criterion.starters[0].language, "en");
            assert_eq!(criterion.starters[0].texts, ["I noticed…"]);
        }
        assert_eq!(tidy[1].levels[2].title, "Item 2");
        assert_eq!(tidy[2].items, ["Item 0", "Item 1", "Item 2"]);
    }

    #[test]
    fn a_kind_needs_what_is_its_own_and_takes_nothing_else() {
        for (kind, field) in [
            (CriterionKind::Rubric, "levels"),
            (CriterionKind::Checklist, "items"),
            (CriterionKind::Scale, "scale"),
        ] {
            let own = criterion(kind);
            for other in KINDS.into_iter().filter(|other| *other != kind) {
                let mut wrong = criterion(other);
                match kind {
                    CriterionKind::Rubric => wrong.levels.clone_from(&own.levels),
                    CriterionKind::Checklist => wrong.items.clone_from(&own.items),
                    _ => wrong.scale.clone_from(&own.scale),
                }
                assert_eq!(refused(vec![wrong]), [format!("criteria.0.{field}")]);
            }
            let bare = Criterion {
                levels: Vec::new(),
                items: Vec::new(),
                scale: None,
                ..own
            };
            assert_eq!(refused(vec![bare]), [format!("criteria.0.{field}")]);
        }
    }

    #[test]
    fn all_faults_are_shown_at_once() {
        let mut faulty = criterion(CriterionKind::Rubric);
        faulty.title = " ".to_owned();
        faulty.min_length = -1;
        faulty.levels[1].description = String::new();
        faulty.starters.push(faulty.starters[0].clone());
        let fields = refused(vec![criterion(CriterionKind::Comment), faulty]);
        let wanted = ["title", "minLength", "levels.1", "starters.1"];
        assert_eq!(fields, wanted.map(|field| format!("criteria.1.{field}")));
        assert!(fields.iter().all(|field| field.split('.').count() <= 4));
    }

    #[test]
    fn lists_are_bounded() {
        let many = vec![criterion(CriterionKind::Comment); MOST_CRITERIA + 1];
        assert_eq!(refused(many), ["criteria"]);
        let mut long = criterion(CriterionKind::Checklist);
        long.items = vec!["One".to_owned(); MOST_ITEMS + 1];
        assert_eq!(refused(vec![long]), ["criteria.0.items"]);
        let mut short = criterion(CriterionKind::Rubric);
        short.levels.truncate(1);
        assert_eq!(refused(vec![short]), ["criteria.0.levels"]);
    }

    #[test]
    fn a_scale_goes_up() {
        for (min, max, is_taken) in [
            (1, 5, true),
            (0, 10, true),
            (3, 3, false),
            (5, 1, false),
            (1, 11, false),
        ] {
            let mut criterion = criterion(CriterionKind::Scale);
            criterion.scale = criterion.scale.map(|scale| CriterionScale { min, max, ..scale });
            assert_eq!(refused(vec![criterion]).is_empty(), is_taken, "{min} to {max}");
        }
    }
}
