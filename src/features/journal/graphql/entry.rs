//! Journal entries in the API.

use std::sync::Arc;

use async_graphql::{Context, Description, Enum, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::{
    enums::{Audience as Audience_, ContributionKind},
    revision::Detail,
};
use uuid::Uuid;

use super::{
    super::service::{self, NewAnswer},
    PromptAnswer,
};
use crate::{
    app::app,
    features::{
        contribution::{
            self, CoAuthorRow, List, ListKind, NewRoot, Patch, Text,
            graphql::{
                Audience, ContentState, Contribution, Lists, Spine, by_id, changed_items, commentable_object, item_ids,
                listed, viewer_can,
            },
        },
        media::graphql::MediaItem,
        space::graphql::{Membership, Phase, Space},
    },
    platform::{
        db::Reader,
        error::{Error, Reason, Refusal, Result},
        graphql::{actor, input_id, kept, reader, settle, settle_created},
        id::{self, Kind},
        idempotency::{Created, Key},
        page::{Listed, PageArgs},
        scalar::{DateTime, IsoWeek, LanguageTag},
    },
};

/// How an author felt that week.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::Mood")]
pub enum Mood {
    /// Very low.
    VeryLow,
    /// Low.
    Low,
    /// Okay.
    Okay,
    /// Good.
    Good,
    /// Very good.
    VeryGood,
}

/// The eight key competences for lifelong learning (Council Recommendation 2018/C 189/01).
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::KeyCompetence")]
pub enum KeyCompetence {
    /// Literacy.
    Literacy,
    /// Using several languages.
    Multilingual,
    /// Mathematics, science, technology and engineering.
    MathsScienceTech,
    /// Digital.
    Digital,
    /// Personal, social and learning to learn.
    PersonalSocialLearning,
    /// Citizenship.
    Citizenship,
    /// Entrepreneurship.
    Entrepreneurship,
    /// Cultural awareness and expression.
    CulturalExpression,
}

/// Outcomes that Erasmus+ Key Action 1 expects for pupils.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::Ka1PupilOutcome")]
pub enum Ka1PupilOutcome {
    /// Better learning.
    LearningPerformance,
    /// Better prospects at work.
    Employability,
    /// More initiative.
    Initiative,
    /// More self-esteem.
    SelfEsteem,
    /// Better languages and digital skills.
    LanguageDigital,
    /// More awareness of other cultures.
    Intercultural,
    /// More taking part in society.
    Participation,
    /// Better dealing with people of other backgrounds.
    PositiveInteraction,
    /// More awareness of the European project.
    EuAwareness,
    /// More wish to learn on.
    Motivation,
}

viewer_can! {
    /// What the viewer may do with a journal entry.
    JournalEntryViewerCan {
        /// Edit it.
        journal_entry_update = Update,
        /// Confirm it as a co-author.
        journal_entry_confirm = Confirm,
        /// Comment on it.
        comment_create = CommentCreate,
    }
}

/// A reflection of a mobile pupil.
#[derive(Clone, Debug, Description)]
pub struct JournalEntry(pub Spine);

impl JournalEntry {
    /// What all contributions share.
    pub(in crate::features) fn spine(&self) -> &Spine {
        &self.0
    }
}

commentable_object! { JournalEntry {
    /// What it is about. Null where the viewer sees a placeholder.
    async fn title(&self) -> Option<&str> {
        self.0.title.as_deref().filter(|_| self.0.is_readable())
    }

    /// The week that it reflects on.
    async fn week(&self) -> Option<IsoWeek> {
        self.0.week.clone().map(IsoWeek)
    }

    /// How its author felt. For the author and staff; null for everybody else.
    async fn mood(&self) -> Option<Mood> {
        self.0.detail.mood.filter(|_| self.0.is_backstage()).map(Into::into)
    }

    /// Key competences that it gives evidence of, in the order of the enum, at most 8.
    async fn key_competences(&self) -> Vec<KeyCompetence> {
        let competences = self.0.detail.key_competences.iter().filter(|_| self.0.is_readable());
        competences.map(|&competence| competence.into()).collect()
    }

    /// Key Action 1 outcomes that it gives evidence of, in the order of the enum, at most 10.
    async fn ka1_outcomes(&self) -> Vec<Ka1PupilOutcome> {
        let outcomes = self.0.detail.ka1_outcomes.iter().filter(|_| self.0.is_readable());
        outcomes.map(|&outcome| outcome.into()).collect()
    }

    /// The media items that are shown with it, in the order of its author, at most 20. A file that is not ready yet is shown to its
    /// uploader and staff alone.
    async fn attachments(&self) -> Result<Vec<MediaItem>> {
        self.0.attachments().await
    }

    /// What it answers to prompts, at most 10.
    async fn answers(&self) -> Vec<PromptAnswer> {
        if self.0.is_readable() {
            PromptAnswer::all(&self.0.detail)
        } else {
            Vec::new()
        }
    }

    /// Who is named as co-author beside its author, at most 10. It counts for those who have confirmed it.
    async fn co_authors(&self) -> Result<Vec<CoAuthor>> {
        let named = self.0.co_authors().await?.into_iter();
        let co_author = |(row, membership): (CoAuthorRow, Membership)| CoAuthor {
            membership: Some(membership),
            confirmed_at: row.confirmed_at.map(Into::into),
            confirmed_version: row.confirmed_version,
        };
        Ok(named.map(co_author).collect())
    }

    /// What the viewer may do with it.
    pub async fn viewer_can(&self) -> JournalEntryViewerCan {
        JournalEntryViewerCan::of(&self.0)
    }
} }

/// Which journal entries; what is absent doesn't filter.
#[derive(InputObject, Default)]
pub struct JournalEntryFilterInput {
    /// Only of this phase.
    phase_id: Option<ID>,
    /// Only of this member.
    author_id: Option<ID>,
    /// Only of members of this organisation.
    organisation_id: Option<ID>,
    /// Only of this week.
    week: Option<IsoWeek>,
    /// Only in these states, at most 3: `PENDING`, `PUBLISHED` and `HIDDEN` are possible. By default `PUBLISHED`, and what
    /// waits for a moderator as far as the viewer sees it.
    state: Option<Vec<ContentState>>,
}

impl JournalEntryFilterInput {
    fn list(self, kind: ListKind) -> Result<List> {
        let id = |kind, id: Option<ID>| id.map(|id| id::decode_as(&[kind], &id)).transpose();
        let states = self
            .state
            .map(|states| states.into_iter().map(Into::into).collect::<Vec<_>>());
        let listed = |state: &entity::enums::ContentState| {
            use entity::enums::ContentState::{Hidden, Pending, Published};
            matches!(state, Pending | Published | Hidden)
        };
        if states.as_ref().is_some_and(|states| !states.iter().all(listed)) {
            return Err(Error::invalid(
                Reason::OutOfRange,
                "The states PENDING, PUBLISHED and HIDDEN are possible.",
            ));
        }
        Ok(List {
            phase_id: id(Kind::Phase, self.phase_id)?,
            author_id: id(Kind::Membership, self.author_id)?,
            organisation_id: id(Kind::Organisation, self.organisation_id)?,
            week: self.week.map(|week| week.checked()).transpose()?,
            states,
            ..List::all(kind)
        })
    }
}

/// The journal entries of a space, phase or member.
pub async fn journal_entries(
    lists: &Arc<Lists>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    (kind, filter): (ListKind, Option<JournalEntryFilterInput>),
    args: &PageArgs,
) -> Result<Listed<JournalEntry>> {
    let list = filter.unwrap_or_default().list(kind)?;
    let (cut, total) = listed(lists, reader, parents, list, args).await?;
    Ok(cut.map(|entry| JournalEntry(Spine(entry))).connection(total))
}

/// A mobile pupil who is named as co-author of a group entry.
#[derive(SimpleObject, Clone, Debug)]
pub struct CoAuthor {
    /// Who.
    membership: Option<Membership>,
    /// When they confirmed it last. Null if they haven't.
    confirmed_at: Option<DateTime>,
    /// The version that they confirmed: the text may have changed since; the confirmation is about that version and goes on to count.
    confirmed_version: Option<i32>,
}

/// An answer to a prompt.
#[derive(InputObject)]
pub struct PromptAnswerInput {
    /// The prompt, of the phase of the entry.
    prompt_id: ID,
    /// The `version` of the prompt that was shown; by default that to which the same answer was given before, or else the newest.
    prompt_version: Option<i32>,
    /// CommonMark, 1 to 5,000 characters.
    body: String,
}

fn new_answers(answers: Vec<PromptAnswerInput>) -> Result<Vec<NewAnswer>> {
    let new = |(place, answer): (usize, PromptAnswerInput)| {
        let prompt_id = input_id("promptId", &[Kind::Prompt], &answer.prompt_id);
        Ok(NewAnswer {
            prompt_id: prompt_id.map_err(|error| error.at(&["answers", &place.to_string()]))?,
            version: answer.prompt_version,
            body: answer.body,
        })
    };
    answers.into_iter().enumerate().map(new).collect()
}

/// Input of `journalEntryCreate`.
#[derive(InputObject)]
pub struct JournalEntryCreateInput {
    /// The phase.
    phase_id: ID,
    /// What it is about, 1 to 200 characters.
    title: String,
    /// CommonMark, 1 to 50,000 characters.
    body: String,
    /// Language of the text; by default the author's first.
    language: Option<LanguageTag>,
    /// Who sees it once it is published; by default `SPACE`.
    audience: Option<Audience>,
    /// True publishes it at once; false by default.
    publish: Option<bool>,
    /// The week that it reflects on.
    week: Option<IsoWeek>,
    /// How the author felt; only the author and staff see it.
    mood: Option<Mood>,
    /// Key competences that it gives evidence of, at most 8; repeated ones count once.
    key_competences: Option<Vec<KeyCompetence>>,
    /// Key Action 1 outcomes that it gives evidence of, at most 10; repeated ones count once.
    ka1_outcomes: Option<Vec<Ka1PupilOutcome>>,
    /// Answers to prompts, at most 10, one to each.
    answers: Option<Vec<PromptAnswerInput>>,
    /// Memberships of mobile pupils who wrote it together with the author, at most 10; each of them confirms it once it is published.
    co_author_ids: Option<Vec<ID>>,
    /// Media items to show with it, in this order, at most 20: own ones, and published ones of others.
    attachment_ids: Option<Vec<ID>>,
    /// 16 to 64 characters, new for every entry: a repeated call with the same key and input makes nothing twice, even days
    /// later.
    idempotency_key: Option<String>,
}

/// Answer of `journalEntryCreate`.
#[derive(SimpleObject)]
pub struct JournalEntryCreatePayload {
    /// The new entry.
    journal_entry: Option<JournalEntry>,
    /// Its phase.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `journalEntryUpdate`.
#[derive(InputObject)]
pub struct JournalEntryUpdateInput {
    /// The entry.
    journal_entry_id: ID,
    /// Its `version` as the author has seen it.
    expected_version: i32,
    /// What it is about, 1 to 200 characters; absent = unchanged.
    title: MaybeUndefined<String>,
    /// CommonMark, 1 to 50,000 characters; absent = unchanged.
    body: MaybeUndefined<String>,
    /// Language of the text; absent = unchanged.
    language: MaybeUndefined<LanguageTag>,
    /// Who sees it; absent = unchanged. Narrowing is possible in a closed phase too.
    audience: MaybeUndefined<Audience>,
    /// The week that it reflects on; absent = unchanged, null = none.
    week: MaybeUndefined<IsoWeek>,
    /// How the author felt; absent = unchanged, null = not said.
    mood: MaybeUndefined<Mood>,
    /// Key competences, at most 8; absent = unchanged, null = none.
    key_competences: MaybeUndefined<Vec<KeyCompetence>>,
    /// Key Action 1 outcomes, at most 10; absent = unchanged, null = none.
    ka1_outcomes: MaybeUndefined<Vec<Ka1PupilOutcome>>,
    /// All answers to prompts, at most 10, one to each; absent = unchanged, null = none.
    answers: MaybeUndefined<Vec<PromptAnswerInput>>,
    /// Memberships of all co-authors, at most 10; absent = unchanged, null = none. It changes at once and without a new version; who was
    /// named before keeps their confirmation.
    co_author_ids: MaybeUndefined<Vec<ID>>,
    /// All media items to show with it, in this order, at most 20; absent = unchanged, null = none.
    attachment_ids: MaybeUndefined<Vec<ID>>,
}

/// Input of `journalEntryConfirm`.
#[derive(InputObject)]
pub struct JournalEntryConfirmInput {
    /// The entry.
    journal_entry_id: ID,
    /// Its `version` as the co-author has read it; refused if it has changed. Absent = the one that is published.
    expected_version: Option<i32>,
}

/// Answer of `journalEntryConfirm`.
#[derive(SimpleObject)]
pub struct JournalEntryConfirmPayload {
    /// The entry as it is now.
    journal_entry: Option<JournalEntry>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

fn member_ids(ids: &[ID]) -> Result<Vec<Uuid>> {
    let read = |(place, id): (usize, &ID)| {
        input_id(&place.to_string(), &[Kind::Membership], id).map_err(|error| error.at(&["coAuthorIds"]))
    };
    ids.iter().enumerate().map(read).collect()
}

/// Answer of `journalEntryUpdate`.
#[derive(SimpleObject)]
pub struct JournalEntryUpdatePayload {
    /// The entry as it is now.
    journal_entry: Option<JournalEntry>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of the journal.
#[derive(Default)]
pub struct JournalMutation;

#[Object]
impl JournalMutation {
    /// Begins a journal entry. Mobile pupils only; a draft unless `publish` is true.
    async fn journal_entry_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: JournalEntryCreateInput,
    ) -> Result<Option<JournalEntryCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let phase_id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = phase_id.as_ref().ok().copied();
        let work = async {
            let key = Key::new("journalEntryCreate", input.idempotency_key.as_deref(), &input)?;
            let language = input
                .language
                .map(|tag| tag.checked())
                .transpose()
                .map_err(|error| error.at(&["language"]))?;
            let week = input
                .week
                .map(|week| week.checked())
                .transpose()
                .map_err(|error| error.at(&["week"]))?;
            let phase_id = phase_id?;
            let given = service::answers(
                app,
                actor,
                Some(phase_id),
                new_answers(input.answers.unwrap_or_default())?,
            )
            .await?;
            let detail = Detail {
                attachments: item_ids("attachmentIds", &input.attachment_ids.unwrap_or_default())?,
                answers: given.into_iter().map(|given| given.answer).collect(),
                mood: input.mood.map(Into::into),
                key_competences: input
                    .key_competences
                    .unwrap_or_default()
                    .into_iter()
                    .map(Into::into)
                    .collect(),
                ka1_outcomes: input
                    .ka1_outcomes
                    .unwrap_or_default()
                    .into_iter()
                    .map(Into::into)
                    .collect(),
                ..Detail::default()
            };
            let new = NewRoot {
                kind: ContributionKind::JournalEntry,
                phase_id,
                text: Text {
                    title: Some(input.title),
                    body: input.body,
                    language,
                    week,
                    detail,
                },
                audience: input.audience.map_or(Audience_::Space, Into::into),
                is_published: input.publish.unwrap_or(false),
                co_authors: member_ids(&input.co_author_ids.unwrap_or_default())?,
                thread_kind: None,
            };
            contribution::root_create(app, actor, new, key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let reader = reader(ctx)?;
        let found = entry(by_id(reader, created.map(|created| created.id)).await?);
        let journal_entry = Created::read_back(created, found, &mut user_errors)?;
        let (phase, space) = crate::features::space::graphql::surroundings(reader, known).await?;
        Ok(Some(JournalEntryCreatePayload {
            journal_entry,
            phase,
            space,
            user_errors,
        }))
    }

    /// Edits a journal entry or changes its audience. A draft is saved in place: call it as often as you like. Where texts are
    /// pre-moderated, the published text stays until a moderator approves the new one.
    async fn journal_entry_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: JournalEntryUpdateInput,
    ) -> Result<Option<JournalEntryUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("journalEntryId", &[Kind::JournalEntry], &input.journal_entry_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let language = kept("language", input.language)?
                .map(|tag| tag.checked())
                .transpose()
                .map_err(|error| error.at(&["language"]))?;
            let week = match input.week {
                MaybeUndefined::Undefined => None,
                MaybeUndefined::Null => Some(None),
                MaybeUndefined::Value(week) => Some(Some(week.checked().map_err(|error| error.at(&["week"]))?)),
            };
            let change = Patch {
                title: kept("title", input.title)?,
                body: kept("body", input.body)?,
                language,
                audience: kept("audience", input.audience)?.map(Into::into),
                week,
                mood: match input.mood {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(None),
                    MaybeUndefined::Value(mood) => Some(Some(mood.into())),
                },
                key_competences: listed_tags(input.key_competences),
                ka1_outcomes: listed_tags(input.ka1_outcomes),
                answers: match input.answers {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(Vec::new()),
                    MaybeUndefined::Value(answers) => {
                        Some(service::answers(app, actor, None, new_answers(answers)?).await?)
                    }
                },
                co_authors: match input.co_author_ids {
                    MaybeUndefined::Undefined => None,
                    MaybeUndefined::Null => Some(Vec::new()),
                    MaybeUndefined::Value(ids) => Some(member_ids(&ids)?),
                },
                attachments: changed_items("attachmentIds", input.attachment_ids)?,
                ..Patch::default()
            };
            contribution::update(
                app,
                actor,
                id?,
                ContributionKind::JournalEntry,
                input.expected_version,
                change,
            )
            .await
            .map_err(|error| error.missing("journalEntryId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        let found = if actor.ready().is_ok() {
            by_id(reader(ctx)?, known).await?
        } else {
            None
        };
        Ok(Some(JournalEntryUpdatePayload {
            journal_entry: entry(found),
            user_errors,
        }))
    }
}

/// Mutations of group entries.
#[derive(Default)]
pub struct GroupMutation;

#[Object]
impl GroupMutation {
    /// Confirms, as a named co-author, a published entry as it is now: from then on it counts for the viewer's week too. Repeating it is
    /// success; after a change of the text it confirms the new version.
    async fn journal_entry_confirm(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: JournalEntryConfirmInput,
    ) -> Result<Option<JournalEntryConfirmPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("journalEntryId", &[Kind::JournalEntry], &input.journal_entry_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let done = contribution::confirm(app, actor, id?, input.expected_version).await;
            done.map_err(|error| error.missing("journalEntryId"))
        };
        let (_, user_errors) = settle(ctx, work).await?;
        let found = if actor.ready().is_ok() {
            by_id(reader(ctx)?, known).await?
        } else {
            None
        };
        Ok(Some(JournalEntryConfirmPayload {
            journal_entry: entry(found),
            user_errors,
        }))
    }
}

/// Tags of an update: null clears them.
fn listed_tags<T: Into<U>, U>(tags: MaybeUndefined<Vec<T>>) -> Option<Vec<U>> {
    match tags {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(Vec::new()),
        MaybeUndefined::Value(tags) => Some(tags.into_iter().map(Into::into).collect()),
    }
}

fn entry(contribution: Option<Contribution>) -> Option<JournalEntry> {
    match contribution {
        Some(Contribution::JournalEntry(entry)) => Some(entry),
        _ => None,
    }
}
