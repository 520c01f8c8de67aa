//! Criteria: what reviewers are asked.

use async_graphql::{Context, Description, ID, InputObject, Object, SimpleObject};
use entity::review_value as kept;

use super::{
    super::rules::template::{self, Template},
    CriterionKind, ReviewTemplateKind,
};
use crate::platform::{
    error::{Error, Result},
    graphql::{input_id, ready},
    id::{self, Kind},
    scalar::LanguageTag,
};

/// One thing that reviewers are asked. It gathers words and choices, never marks: with two to four reviews, numbers would mean nothing.
#[derive(Clone, Debug, Description)]
pub struct ReviewCriterion(pub kept::Criterion);

#[Object(use_type_description)]
impl ReviewCriterion {
    /// What it is called by in answers. It belongs to its round, and is no `Node`.
    async fn criterion_id(&self) -> ID {
        id::encode(Kind::ReviewCriterion, self.0.id)
    }

    /// What it asks for.
    async fn kind(&self) -> CriterionKind {
        self.0.kind.into()
    }

    #[graphql(flatten)]
    async fn wording(&self) -> Wording<'_> {
        Wording(&self.0)
    }
}

/// A criterion of a template: what reviewers are asked.
#[derive(Clone, Debug, Description)]
pub struct ReviewTemplateCriterion(kept::Criterion);

#[Object(use_type_description)]
impl ReviewTemplateCriterion {
    /// What it asks for.
    async fn kind(&self) -> CriterionKind {
        self.0.kind.into()
    }

    #[graphql(flatten)]
    async fn wording(&self) -> Wording<'_> {
        Wording(&self.0)
    }
}

/// What a criterion says, wherever it is.
pub struct Wording<'a>(&'a kept::Criterion);

#[Object]
impl Wording<'_> {
    /// Its name, as plain text.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What to look at, as plain text; may be empty.
    async fn description(&self) -> &str {
        &self.0.description
    }

    /// Whether a review without it can't be submitted.
    async fn is_required(&self) -> bool {
        self.0.is_required
    }

    /// How many characters the comment to it shows at least; 0 = it may be left out.
    async fn min_length(&self) -> i32 {
        self.0.min_length
    }

    /// The levels of a rubric from the lowest, at most 8. Empty for other kinds.
    async fn levels(&self) -> Vec<CriterionLevel> {
        let level = |level: &kept::CriterionLevel| CriterionLevel {
            title: level.title.clone(),
            description: level.description.clone(),
        };
        self.0.levels.iter().map(level).collect()
    }

    /// The items of a checklist, at most 20. Empty for other kinds.
    async fn items(&self) -> &[String] {
        &self.0.items
    }

    /// The steps of a scale. Null for other kinds.
    async fn scale(&self) -> Option<CriterionScale> {
        self.0.scale.as_ref().map(|scale| CriterionScale {
            min: scale.min,
            max: scale.max,
            min_label: scale.min_label.clone(),
            max_label: scale.max_label.clone(),
        })
    }

    /// How a comment may begin, by language, at most 10.
    async fn starters(&self) -> Vec<CriterionStarters> {
        let starters = |starters: &kept::CriterionStarters| CriterionStarters {
            language: LanguageTag(starters.language.clone()),
            texts: starters.texts.clone(),
        };
        self.0.starters.iter().map(starters).collect()
    }
}

/// A level of a rubric.
#[derive(SimpleObject, InputObject, Clone, Debug)]
#[graphql(input_name = "CriterionLevelInput")]
pub struct CriterionLevel {
    /// Its name, 1 to 200 characters.
    title: String,
    /// What it looks like, 1 to 1,000 characters.
    description: String,
}

/// The steps of a scale.
#[derive(SimpleObject, InputObject, Clone, Debug)]
#[graphql(input_name = "CriterionScaleInput")]
pub struct CriterionScale {
    /// The first step, 0 or more.
    min: i32,
    /// The last one, at most 10.
    max: i32,
    /// What the first means, 1 to 200 characters.
    min_label: String,
    /// What the last means, 1 to 200 characters.
    max_label: String,
}

/// How a comment may begin, in one language.
#[derive(SimpleObject, InputObject, Clone, Debug)]
#[graphql(input_name = "CriterionStartersInput")]
pub struct CriterionStarters {
    /// The language.
    language: LanguageTag,
    /// Beginnings of sentences, at most 10, each 1 to 200 characters.
    texts: Vec<String>,
}

/// One thing that reviewers are asked.
#[derive(InputObject, Clone, Debug)]
pub struct ReviewCriterionInput {
    /// A criterion that the round has; absent = a new one.
    criterion_id: Option<ID>,
    /// What it asks for.
    kind: CriterionKind,
    /// Its name, 1 to 200 characters of plain text.
    title: String,
    /// What to look at, at most 1,000 characters of plain text.
    description: Option<String>,
    /// Whether a review without it can't be submitted; absent = true.
    is_required: Option<bool>,
    /// How many characters the comment to it shows at least, 0 to 5,000; absent = 0.
    min_length: Option<i32>,
    /// The levels of a rubric from the lowest, at least 2, at most 8.
    levels: Option<Vec<CriterionLevel>>,
    /// The items of a checklist, at most 20, each 1 to 200 characters.
    items: Option<Vec<String>>,
    /// The steps of a scale.
    scale: Option<CriterionScale>,
    /// How a comment may begin, each language once, at most 10.
    starters: Option<Vec<CriterionStarters>>,
}

/// Criteria as they were sent; those without an id get one.
pub(super) fn criteria(
    inputs: Vec<ReviewCriterionInput>,
    new_id: impl Fn() -> uuid::Uuid,
) -> Result<Vec<kept::Criterion>> {
    let criterion = |(place, input): (usize, ReviewCriterionInput)| {
        let at = |error: Error| error.at(&["criteria", &place.to_string()]);
        let id = input
            .criterion_id
            .map(|id| input_id("criterionId", &[Kind::ReviewCriterion], &id).map_err(at));
        let level = |level: CriterionLevel| kept::CriterionLevel {
            title: level.title,
            description: level.description,
        };
        let starters = |starters: CriterionStarters| kept::CriterionStarters {
            language: starters.language.0,
            texts: starters.texts,
        };
        Ok(kept::Criterion {
            id: id.transpose()?.unwrap_or_else(&new_id),
            kind: input.kind.into(),
            title: input.title,
            description: input.description.unwrap_or_default(),
            is_required: input.is_required.unwrap_or(true),
            min_length: input.min_length.unwrap_or_default(),
            levels: input.levels.unwrap_or_default().into_iter().map(level).collect(),
            items: input.items.unwrap_or_default(),
            scale: input.scale.map(|scale| kept::CriterionScale {
                min: scale.min,
                max: scale.max,
                min_label: scale.min_label,
                max_label: scale.max_label,
            }),
            starters: input.starters.unwrap_or_default().into_iter().map(starters).collect(),
        })
    };
    inputs.into_iter().enumerate().map(criterion).collect()
}

/// The criteria of a template, each with an id of its own.
pub(super) fn of_template(template: &Template, new_id: impl Fn() -> uuid::Uuid) -> Vec<kept::Criterion> {
    template
        .criteria
        .iter()
        .map(|wording| wording.criterion(new_id()))
        .collect()
}

/// Criteria that are ready to use, worded in one language.
#[derive(Clone, Debug, Description)]
pub struct ReviewTemplate(Template);

#[Object(use_type_description)]
impl ReviewTemplate {
    /// Which.
    async fn kind(&self) -> ReviewTemplateKind {
        self.0.kind.into()
    }

    /// The language of its words; sentence starters come in all three.
    async fn language(&self) -> LanguageTag {
        LanguageTag(self.0.language.to_owned())
    }

    /// Its name.
    async fn title(&self) -> &str {
        self.0.title
    }

    /// What reviewers are told, as CommonMark.
    async fn instructions(&self) -> &str {
        self.0.instructions
    }

    /// What reviewers are asked, in order, at most 12.
    async fn criteria(&self) -> Vec<ReviewTemplateCriterion> {
        let criteria = of_template(&self.0, uuid::Uuid::nil);
        criteria.into_iter().map(ReviewTemplateCriterion).collect()
    }
}

/// Queries of templates.
#[derive(Default)]
pub struct TemplateQuery;

#[Object]
impl TemplateQuery {
    /// Criteria that are ready to use, exactly 3: make a round of one with `useTemplate`, or send its criteria as they are or changed.
    async fn review_templates(
        &self,
        ctx: &Context<'_>,
        #[graphql(
            desc = "The language: `en`, `fr` or `es`; by default the viewer's first that there is, else English."
        )]
        language: Option<LanguageTag>,
    ) -> Result<Vec<ReviewTemplate>> {
        let reader = ready(ctx)?;
        let wanted = match language {
            Some(tag) => vec![tag.checked()?],
            None => reader.actor()?.languages.clone(),
        };
        let in_language = |kind| {
            let mut known = wanted.iter().filter_map(|language| template::template(kind, language));
            known.next().or_else(|| template::template(kind, "en"))
        };
        let all = template::TemplateKind::ALL.into_iter().filter_map(in_language);
        Ok(all.map(ReviewTemplate).collect())
    }
}
