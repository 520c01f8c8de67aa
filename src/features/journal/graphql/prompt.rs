//! Prompts: what the entries of a week are asked to tell about.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Context, Description, Enum, ID, InputObject, Object, SimpleObject};
use entity::revision::Detail;
use uuid::Uuid;

use super::{
    super::{
        rules::{self, NewPrompt, Wording},
        service,
        store::{self, PromptRow},
    },
    KeyCompetence,
};
use crate::{
    app::app,
    features::space::graphql::{Phase, Space, phases, surroundings},
    platform::{
        db::Reader,
        error::{Refusal, Result},
        graphql::{actor, input_id, reader, ready, settle},
        id::{self, Kind},
        level::{At, Level, Link, Links},
        scalar::{IsoWeek, LanguageTag},
    },
};

/// What belongs to prompts.
#[derive(Debug, Default)]
pub struct PromptLinks {
    phases: Link<HashMap<Uuid, Phase>>,
}

/// A question for the journal entries of one week, in one language. Seen by all members of the space.
#[derive(Clone, Debug, Description)]
pub struct Prompt(pub At<PromptRow, PromptLinks>);

#[Object(use_type_description)]
impl Prompt {
    /// Opaque id; the same for all its versions.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Prompt, self.0.id)
    }

    /// The phase.
    async fn phase(&self) -> Result<Option<Phase>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.phase_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { phases(&level.reader, &ids()).await }) as _;
        Ok(level.links.phases.load(load).await?.get(&self.0.phase_id).cloned())
    }

    /// The week.
    async fn week(&self) -> IsoWeek {
        IsoWeek(self.0.week.clone())
    }

    /// Its language.
    async fn language(&self) -> LanguageTag {
        LanguageTag(self.0.language.clone())
    }

    /// Counts its wordings: send it as `promptVersion` with an answer, so that the answer stays tied to what was asked.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// Whether it belongs to the prompts of its week. One that staff have taken out is still found by its id.
    async fn is_current(&self) -> bool {
        self.0.position.is_some()
    }

    /// What is asked, as plain text.
    async fn question(&self) -> &str {
        &self.0.question
    }

    /// How an answer may begin, at most 10.
    async fn starters(&self) -> Vec<String> {
        self.0.wording().starters
    }

    /// Key competences that it aims at, in the order of the enum, at most 8.
    async fn key_competences(&self) -> Vec<KeyCompetence> {
        competences(&self.0.wording())
    }
}

fn competences(wording: &Wording) -> Vec<KeyCompetence> {
    wording.key_competences.iter().map(|&known| known.into()).collect()
}

/// An answer to a prompt, with the question as it was when it was answered.
#[derive(SimpleObject, Clone, Debug)]
pub struct PromptAnswer {
    /// The prompt: `node` has it as it is now.
    prompt_id: ID,
    /// The version of the prompt that was answered.
    prompt_version: i32,
    /// What was asked, as plain text.
    question: String,
    /// CommonMark.
    body: String,
    /// The same as HTML that is safe to insert into a page.
    body_html: String,
}

impl PromptAnswer {
    /// All answers of one version of an entry.
    #[must_use]
    pub fn all(detail: &Detail) -> Vec<Self> {
        let answer = |answer: &entity::revision::Answer| Self {
            prompt_id: id::encode(Kind::Prompt, answer.prompt_id),
            prompt_version: answer.version,
            question: answer.question.clone(),
            body: answer.body.clone(),
            body_html: answer.body_html.clone(),
        };
        detail.answers.iter().map(answer).collect()
    }
}

/// The prompts of the phases of a level, by week.
pub type Prompts = Links<String, HashMap<Uuid, Vec<Prompt>>>;

/// The prompts of one phase and week in the language that suits the viewer best: that which they ask for, or else their own.
///
/// # Errors
/// `INVALID` for something that is no week or no language.
pub async fn prompts(
    links: &Prompts,
    reader: &Arc<Reader>,
    (parents, parent): (Vec<Uuid>, Uuid),
    week: &IsoWeek,
    language: Option<LanguageTag>,
) -> Result<Vec<Prompt>> {
    let week = week.checked()?;
    let wanted = match language {
        Some(tag) => vec![tag.checked()?],
        None => reader.actor()?.languages.clone(),
    };
    let link = links.of(week.clone());
    let load = || {
        Box::pin(async {
            let level = Level::new(reader, store::prompts(reader, &parents, &week).await?);
            let mut by_phase: HashMap<Uuid, Vec<Prompt>> = HashMap::new();
            for row in level.all() {
                by_phase.entry(row.phase_id).or_default().push(Prompt(row));
            }
            Ok(by_phase)
        }) as _
    };
    let all = link.load(load).await?.get(&parent).cloned().unwrap_or_default();
    let known: Vec<&str> = all.iter().map(|prompt| prompt.0.language.as_str()).collect();
    let language = rules::language(&wanted, &known).unwrap_or_default().to_owned();
    Ok(all.into_iter().filter(|prompt| prompt.0.language == language).collect())
}

/// Prompts by id, as far as the viewer is a member of their space.
///
/// # Errors
/// The database's.
pub async fn prompt_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Prompt>> {
    let level = Level::new(reader, store::prompts_by_id(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, Prompt(row))).collect())
}

/// For which time of a stay a ready set of prompts is.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "rules::PromptSetKind")]
pub enum PromptSetKind {
    /// The first week abroad.
    FirstWeek,
    /// A week in the middle.
    MiddleWeek,
    /// The last week.
    LastWeek,
}

/// Prompts that are ready to use, in English, French and Spanish.
#[derive(Clone, Debug, Description)]
pub struct PromptSet(&'static rules::ReadySet);

#[Object(use_type_description)]
impl PromptSet {
    /// For when.
    async fn kind(&self) -> PromptSetKind {
        self.0.kind.into()
    }

    /// Its prompts, at most 10, in the language that is asked for, else in the viewer's first that there is, else in English.
    async fn prompts(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The language: `en`, `fr` or `es`.")] language: Option<LanguageTag>,
    ) -> Result<Vec<ReadyPrompt>> {
        let wanted = match language {
            Some(tag) => vec![tag.checked()?],
            None => reader(ctx)?.actor()?.languages.clone(),
        };
        let language = rules::language(&wanted, rules::READY_LANGUAGES).unwrap_or("en");
        let prompt = |wording| ReadyPrompt { language, wording };
        Ok(self.0.wordings(language).into_iter().map(prompt).collect())
    }
}

/// A prompt that is ready to use.
#[derive(Clone, Debug, Description)]
pub struct ReadyPrompt {
    language: &'static str,
    wording: Wording,
}

#[Object(use_type_description)]
impl ReadyPrompt {
    /// Its language.
    async fn language(&self) -> LanguageTag {
        LanguageTag(self.language.to_owned())
    }

    /// What is asked, as plain text.
    async fn question(&self) -> &str {
        &self.wording.question
    }

    /// How an answer may begin, at most 10.
    async fn starters(&self) -> &[String] {
        &self.wording.starters
    }

    /// Key competences that it aims at, in the order of the enum, at most 8.
    async fn key_competences(&self) -> Vec<KeyCompetence> {
        competences(&self.wording)
    }
}

/// Queries of prompts.
#[derive(Default)]
pub struct PromptQuery;

#[Object]
impl PromptQuery {
    /// The ready sets, exactly 3, in order of time: put one into a week with `phasePromptsUpdate`, as it is or changed.
    async fn prompt_sets(&self, ctx: &Context<'_>) -> Result<Vec<PromptSet>> {
        ready(ctx)?;
        Ok(rules::ready_sets().iter().map(PromptSet).collect())
    }
}

/// One prompt of `phasePromptsUpdate`.
#[derive(InputObject)]
pub struct PromptInput {
    /// A prompt of the same phase, week and language that is kept; absent = a new one. Other words make a new version of it.
    id: Option<ID>,
    /// What is asked, 1 to 500 characters of plain text.
    question: String,
    /// How an answer may begin, at most 10, each 1 to 200 characters.
    starters: Option<Vec<String>>,
    /// Key competences that it aims at, at most 8; repeated ones count once.
    key_competences: Option<Vec<KeyCompetence>>,
}

/// Input of `phasePromptsUpdate`.
#[derive(InputObject)]
pub struct PhasePromptsUpdateInput {
    /// The phase.
    phase_id: ID,
    /// The phase's `version` as the caller has seen it.
    expected_version: i32,
    /// The week.
    week: IsoWeek,
    /// The language of the prompts.
    language: LanguageTag,
    /// All prompts of that week and language in their order, at most 10: what is left out is taken out of the week. Either this or
    /// `useSet`.
    prompts: Option<Vec<PromptInput>>,
    /// A ready set instead, in English, French or Spanish.
    use_set: Option<PromptSetKind>,
}

/// Answer of `phasePromptsUpdate`.
#[derive(SimpleObject)]
pub struct PhasePromptsUpdatePayload {
    /// The prompts of that week and language as they are now, at most 10.
    prompts: Option<Vec<Prompt>>,
    /// The phase as it is now.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of prompts.
#[derive(Default)]
pub struct PromptMutation;

#[Object]
impl PromptMutation {
    /// Replaces the prompts of one week and language. Coordinators and teachers only. Answers that were given stay tied to the
    /// words that were asked.
    async fn phase_prompts_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PhasePromptsUpdateInput,
    ) -> Result<Option<PhasePromptsUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = id.as_ref().ok().copied();
        let week = input.week.checked().map_err(|error| error.at(&["week"]));
        let language = input.language.checked().map_err(|error| error.at(&["language"]));
        let set = week.as_ref().ok().cloned().zip(language.as_ref().ok().cloned());
        let work = async {
            let own = match input.prompts {
                Some(prompts) => Some(new_prompts(prompts)?),
                None => None,
            };
            let prompts = service::one_of(own, input.use_set.map(Into::into))?;
            let set = (week?, language?);
            let which = (id?, input.expected_version);
            service::prompts_update(app, actor, which, (&set.0, &set.1), prompts).await
        };
        let (_, user_errors) = settle(ctx, work).await?;
        let reader = reader(ctx)?;
        let (phase, space) = surroundings(reader, known).await?;
        let prompts = match (&phase, set) {
            (Some(phase), Some((week, language))) => {
                let rows = store::prompts(reader, &[phase.0.id], &week).await?;
                let rows = rows.into_iter().filter(|row| row.language == language).collect();
                Some(Level::new(reader, rows).all().into_iter().map(Prompt).collect())
            }
            _ => None,
        };
        Ok(Some(PhasePromptsUpdatePayload {
            prompts,
            phase,
            space,
            user_errors,
        }))
    }
}

fn new_prompts(prompts: Vec<PromptInput>) -> Result<Vec<NewPrompt>> {
    let new = |(place, prompt): (usize, PromptInput)| {
        let at = |error: crate::platform::error::Error| error.at(&["prompts", &place.to_string()]);
        let id = prompt.id.map(|id| input_id("id", &[Kind::Prompt], &id).map_err(at));
        let wording = Wording {
            question: prompt.question,
            starters: prompt.starters.unwrap_or_default(),
            key_competences: prompt
                .key_competences
                .unwrap_or_default()
                .into_iter()
                .map(Into::into)
                .collect(),
        };
        Ok(NewPrompt {
            id: id.transpose()?,
            wording,
        })
    };
    prompts.into_iter().enumerate().map(new).collect()
}
