//! Making and changing rounds.

use async_graphql::{Context, ID, InputObject, MaybeUndefined, Object, SimpleObject};
use entity::review_value::{self as kept, EntryFilter, PairRule, Plan};
use uuid::Uuid;

use super::{
    super::{
        rules::{
            deadline::Deadlines,
            round::{Patch, Settings},
            template,
        },
        service,
    },
    Anonymity, PairRuleKind, ReleasePolicy, ReviewCriterionInput, ReviewRound, ReviewTemplateKind,
    criterion::{criteria, of_template},
    round_nodes,
};
use crate::{
    app::app,
    features::space::graphql::{Phase, surroundings},
    platform::{
        error::{Error, Reason, Refusal, Result},
        graphql::{actor, input_id, kept as unchanged, reader, settle, settle_created},
        id::Kind,
        idempotency::{Created, Key},
        scalar::{DateTime, IsoWeek, LanguageTag},
    },
};

/// Which journal entries of the phase are reviewed; what is absent doesn't filter.
#[derive(InputObject, Clone, Debug)]
pub struct ReviewTargetFilterInput {
    /// Of this week or a later one.
    from_week: Option<IsoWeek>,
    /// Of this week or an earlier one.
    to_week: Option<IsoWeek>,
    /// By these pupils (membership ids), at most 500.
    author_ids: Option<Vec<ID>>,
    /// By pupils of this organisation.
    organisation_id: Option<ID>,
}

/// What staff say of a reviewer and somebody's work: `authorId` for all of it, or `contributionId` for one.
#[derive(InputObject, Clone, Debug)]
pub struct ReviewPairInput {
    /// Whether they must or must never.
    kind: PairRuleKind,
    /// Who reviews (a membership).
    reviewer_id: ID,
    /// Whose work (a membership).
    author_id: Option<ID>,
    /// Which contribution.
    contribution_id: Option<ID>,
}

/// What is reviewed, by whom, and by whom not. Without filter and targets, nothing is.
#[derive(InputObject, Clone, Debug)]
pub struct ReviewPlanInput {
    /// Journal entries of the phase: those that are there when the round is opened, and those that come until reviews are due.
    target_filter: Option<ReviewTargetFilterInput>,
    /// Chosen work: threads, journal entries, media items and albums that all members see, at most 500.
    target_ids: Option<Vec<ID>>,
    /// The pupils among whom reviews are spread (membership ids), at most 500. Absent = all who may review: those who stay or host, and
    /// those with a grant.
    reviewer_ids: Option<Vec<ID>>,
    /// Who must review what, and who must never, at most 500.
    pairs: Option<Vec<ReviewPairInput>>,
    /// Decides where the rules leave a choice: the same seed makes the same pairs. A whole number as text; absent = any.
    seed: Option<String>,
}

/// Criteria that are ready to use, in one language.
#[derive(InputObject, Clone, Debug)]
pub struct ReviewTemplateInput {
    /// Which.
    kind: ReviewTemplateKind,
    /// In which language they are worded: `en`, `fr` or `es`. Sentence starters come in all three.
    language: LanguageTag,
}

/// Input of `reviewRoundCreate`.
#[derive(InputObject, Clone, Debug)]
pub struct ReviewRoundCreateInput {
    /// The phase.
    phase_id: ID,
    /// Title, 1 to 200 characters.
    title: String,
    /// What reviewers are told, CommonMark of at most 5,000 characters. Absent = that of the template, or nothing.
    instructions: Option<String>,
    /// What reviewers are asked, at most 12. Either this or `useTemplate`; they can also be set later.
    criteria: Option<Vec<ReviewCriterionInput>>,
    /// Ready criteria instead.
    use_template: Option<ReviewTemplateInput>,
    /// Whose names are hidden; absent = `REVIEWER_HIDDEN`.
    anonymity: Option<Anonymity>,
    /// Whether names are shown to all who see a review once the round is closed; absent = false.
    reveals_names: Option<bool>,
    /// Whether all members of the space see released reviews; absent = false.
    is_shared: Option<bool>,
    /// When authors get to read reviews; absent = `TEACHER`.
    release_policy: Option<ReleasePolicy>,
    /// How many reviews each piece of work wants, 1 to 10; absent = 2.
    reviews_wanted: Option<i32>,
    /// How many of them by pupils of a school of its authors, if possible; absent = 0.
    home_min: Option<i32>,
    /// How many of them by pupils of other schools, if possible; absent = 0. Together with `homeMin` at most `reviewsWanted`.
    partner_min: Option<i32>,
    /// What is reviewed and by whom; absent = nothing yet.
    plan: Option<ReviewPlanInput>,
    /// Until when reviews are to be submitted.
    reviews_due_at: DateTime,
    /// When the reflection begins: not before reviews are due. What was declined or not written in time is handed on until then.
    reflection_at: DateTime,
    /// When the round is closed: after the reflection has begun.
    closes_at: DateTime,
    /// 16 to 64 characters, new for every round: a repeated call with the same key and input answers with the same round.
    idempotency_key: Option<String>,
}

/// Answer of `reviewRoundCreate`.
#[derive(SimpleObject)]
pub struct ReviewRoundCreatePayload {
    /// The round.
    round: Option<ReviewRound>,
    /// Its phase.
    phase: Option<Phase>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewRoundUpdate`. Once the round is open, title, instructions and deadlines alone can be changed.
#[derive(InputObject)]
pub struct ReviewRoundUpdateInput {
    /// The round.
    round_id: ID,
    /// Its `version` as the caller has seen it.
    expected_version: i32,
    /// Title, 1 to 200 characters; absent = unchanged.
    title: MaybeUndefined<String>,
    /// What reviewers are told, CommonMark of at most 5,000 characters; absent = unchanged, null = nothing.
    instructions: MaybeUndefined<String>,
    /// All that reviewers are asked, in order, at most 12; absent = unchanged.
    criteria: MaybeUndefined<Vec<ReviewCriterionInput>>,
    /// Whose names are hidden; absent = unchanged.
    anonymity: MaybeUndefined<Anonymity>,
    /// Whether names are shown once the round is closed; absent = unchanged.
    reveals_names: MaybeUndefined<bool>,
    /// Whether all members of the space see released reviews; absent = unchanged.
    is_shared: MaybeUndefined<bool>,
    /// When authors get to read reviews; absent = unchanged.
    release_policy: MaybeUndefined<ReleasePolicy>,
    /// How many reviews each piece of work wants, 1 to 10; absent = unchanged.
    reviews_wanted: MaybeUndefined<i32>,
    /// How many of them by pupils of a school of its authors; absent = unchanged.
    home_min: MaybeUndefined<i32>,
    /// How many of them by pupils of other schools; absent = unchanged.
    partner_min: MaybeUndefined<i32>,
    /// All of what is reviewed and by whom; absent = unchanged.
    plan: MaybeUndefined<ReviewPlanInput>,
    /// Until when reviews are to be submitted; absent = unchanged.
    reviews_due_at: MaybeUndefined<DateTime>,
    /// When the reflection begins; absent = unchanged.
    reflection_at: MaybeUndefined<DateTime>,
    /// When the round is closed; absent = unchanged.
    closes_at: MaybeUndefined<DateTime>,
}

/// Input of `reviewRoundCancel`.
#[derive(InputObject)]
pub struct ReviewRoundCancelInput {
    /// The round.
    round_id: ID,
}

/// Answer of `reviewRoundCancel`.
#[derive(SimpleObject)]
pub struct ReviewRoundCancelPayload {
    /// The round as it is now.
    round: Option<ReviewRound>,
    /// Its phase.
    phase: Option<Phase>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Answer of `reviewRoundUpdate`.
#[derive(SimpleObject)]
pub struct ReviewRoundUpdatePayload {
    /// The round as it is now.
    round: Option<ReviewRound>,
    /// Its phase.
    phase: Option<Phase>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

fn ids(field: &str, kinds: &[Kind], ids: Option<Vec<ID>>) -> Result<Option<Vec<Uuid>>> {
    let Some(ids) = ids else { return Ok(None) };
    let decode = |(place, id): (usize, &ID)| {
        crate::platform::id::decode_as(kinds, id).map_err(|error| error.at(&["plan", field, &place.to_string()]))
    };
    ids.iter().enumerate().map(decode).collect::<Result<_>>().map(Some)
}

/// A plan and its seed, as they were sent.
fn plan(input: ReviewPlanInput) -> Result<(Plan, Option<i64>)> {
    let at = |field: &'static str| move |error: Error| error.at(&["plan", field]);
    let filter = |filter: ReviewTargetFilterInput| -> Result<EntryFilter> {
        let week = |week: Option<IsoWeek>| week.map(|week| week.checked()).transpose();
        let school = filter
            .organisation_id
            .map(|id| input_id("organisationId", &[Kind::Organisation], &id));
        Ok(EntryFilter {
            from_week: week(filter.from_week).map_err(at("targetFilter"))?,
            to_week: week(filter.to_week).map_err(at("targetFilter"))?,
            authors: ids("targetFilter", &[Kind::Membership], filter.author_ids)?,
            organisation: school.transpose().map_err(at("targetFilter"))?,
        })
    };
    let pair = |(place, pair): (usize, ReviewPairInput)| {
        let place = place.to_string();
        let at = |error: Error| error.at(&["plan", "pairs", &place]);
        let decode = |field, kinds: &[Kind], id: &ID| input_id(field, kinds, id).map_err(at);
        let author = pair
            .author_id
            .as_ref()
            .map(|id| decode("authorId", &[Kind::Membership], id));
        let work = pair
            .contribution_id
            .as_ref()
            .map(|id| decode("contributionId", Kind::CONTRIBUTIONS, id));
        if author.is_some() == work.is_some() {
            let error = Error::invalid(Reason::OutOfRange, "Either authorId or contributionId.");
            return Err(at(error.at(&["authorId"])));
        }
        Ok(PairRule {
            kind: pair.kind.into(),
            reviewer: decode("reviewerId", &[Kind::Membership], &pair.reviewer_id)?,
            author: author.transpose()?,
            contribution: work.transpose()?,
        })
    };
    let seed = input.seed.map(|seed| {
        let error = || Error::invalid(Reason::Malformed, "Expected a whole number of 64 bits.");
        seed.parse().map_err(|_| at("seed")(error()))
    });
    let pairs = input.pairs.unwrap_or_default().into_iter().enumerate().map(pair);
    let plan = Plan {
        entries: input.target_filter.map(filter).transpose()?,
        chosen: ids("targetIds", Kind::CONTRIBUTIONS, input.target_ids)?.unwrap_or_default(),
        reviewers: ids("reviewerIds", &[Kind::Membership], input.reviewer_ids)?,
        pairs: pairs.collect::<Result<_>>()?,
    };
    Ok((plan, seed.transpose()?))
}

fn time(field: &str, time: &DateTime) -> Result<chrono::DateTime<chrono::Utc>> {
    time.checked().map_err(|error| error.at(&[field]))
}

/// Mutations of rounds.
#[derive(Default)]
pub struct RoundMutation;

#[Object]
impl RoundMutation {
    /// Makes a round in a phase that isn't closed, for staff to prepare. Coordinators and teachers only.
    async fn review_round_create(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewRoundCreateInput,
    ) -> Result<Option<ReviewRoundCreatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let phase = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = phase.as_ref().ok().copied();
        let work = async {
            let key = Key::new("reviewRoundCreate", input.idempotency_key.as_deref(), &input)?;
            let settings = settings(input, || app.clock.new_id())?;
            service::create(app, actor, phase?, settings, key).await
        };
        let (created, mut user_errors) = settle_created(ctx, work).await?;
        let (found, phase) = now(ctx, created.map(|created| created.id), known).await?;
        Ok(Some(ReviewRoundCreatePayload {
            round: Created::read_back(created, found, &mut user_errors)?,
            phase,
            user_errors,
        }))
    }

    /// Changes the settings of a round. Coordinators and teachers only.
    async fn review_round_update(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewRoundUpdateInput,
    ) -> Result<Option<ReviewRoundUpdatePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("roundId", &[Kind::ReviewRound], &input.round_id);
        let known = id.as_ref().ok().copied();
        let work = async {
            let expected = input.expected_version;
            let patch = patch(input, || app.clock.new_id())?;
            service::update(app, actor, (id?, expected), patch).await
        };
        let (_, user_errors) = settle(ctx, work).await?;
        let (round, phase) = now(ctx, known, None).await?;
        Ok(Some(ReviewRoundUpdatePayload {
            round,
            phase,
            user_errors,
        }))
    }

    /// Calls a round off, with all that hangs on it. Coordinators and teachers only. Repeating it is success.
    async fn review_round_cancel(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewRoundCancelInput,
    ) -> Result<Option<ReviewRoundCancelPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("roundId", &[Kind::ReviewRound], &input.round_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::cancel(app, actor, id?).await }).await?;
        let (round, phase) = now(ctx, known, None).await?;
        Ok(Some(ReviewRoundCancelPayload {
            round,
            phase,
            user_errors,
        }))
    }
}

fn settings(input: ReviewRoundCreateInput, new_id: impl Fn() -> Uuid) -> Result<Settings> {
    let (asked, instructions): (Vec<kept::Criterion>, _) = match (input.criteria, input.use_template) {
        (Some(_), Some(_)) => {
            let error = Error::invalid(Reason::OutOfRange, "Give criteria or useTemplate, not both.");
            return Err(error.at(&["useTemplate"]));
        }
        (Some(own), None) => (criteria(own, new_id)?, None),
        (None, Some(ready)) => {
            let language = ready.language.checked();
            let language = language.map_err(|error| error.at(&["useTemplate", "language"]))?;
            let found = template::template(ready.kind.into(), &language).ok_or_else(|| {
                let error = Error::invalid(Reason::OutOfRange, "There are en, fr and es.");
                error.at(&["useTemplate", "language"])
            })?;
            (of_template(&found, new_id), Some(found.instructions.to_owned()))
        }
        (None, None) => (Vec::new(), None),
    };
    let (plan, seed) = input.plan.map(plan).transpose()?.unwrap_or_default();
    Ok(Settings {
        title: input.title,
        instructions: input.instructions.or(instructions).unwrap_or_default(),
        anonymity: input.anonymity.unwrap_or(Anonymity::ReviewerHidden).into(),
        reveals_names: input.reveals_names.unwrap_or_default(),
        is_shared: input.is_shared.unwrap_or_default(),
        release_policy: input.release_policy.unwrap_or(ReleasePolicy::Teacher).into(),
        reviews_wanted: input.reviews_wanted.unwrap_or(2),
        home_min: input.home_min.unwrap_or_default(),
        partner_min: input.partner_min.unwrap_or_default(),
        seed: seed.unwrap_or_else(rand::random),
        criteria: asked,
        plan,
        deadlines: Deadlines {
            reviews: time("reviewsDueAt", &input.reviews_due_at)?,
            reflection: time("reflectionAt", &input.reflection_at)?,
            close: time("closesAt", &input.closes_at)?,
        },
    })
}

fn patch(input: ReviewRoundUpdateInput, new_id: impl Fn() -> Uuid) -> Result<Patch> {
    let at = |field: &str, value: MaybeUndefined<DateTime>| {
        let value = unchanged(field, value)?;
        value.map(|value| time(field, &value)).transpose()
    };
    let (plan, seed) = match unchanged("plan", input.plan)?.map(plan).transpose()? {
        Some((plan, seed)) => (Some(plan), seed),
        None => (None, None),
    };
    Ok(Patch {
        title: unchanged("title", input.title)?,
        instructions: match input.instructions {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(String::new()),
            MaybeUndefined::Value(text) => Some(text),
        },
        anonymity: unchanged("anonymity", input.anonymity)?.map(Into::into),
        reveals_names: unchanged("revealsNames", input.reveals_names)?,
        is_shared: unchanged("isShared", input.is_shared)?,
        release_policy: unchanged("releasePolicy", input.release_policy)?.map(Into::into),
        reviews_wanted: unchanged("reviewsWanted", input.reviews_wanted)?,
        home_min: unchanged("homeMin", input.home_min)?,
        partner_min: unchanged("partnerMin", input.partner_min)?,
        seed,
        criteria: unchanged("criteria", input.criteria)?
            .map(|own| criteria(own, new_id))
            .transpose()?,
        plan,
        reviews_due_at: at("reviewsDueAt", input.reviews_due_at)?,
        reflection_at: at("reflectionAt", input.reflection_at)?,
        closes_at: at("closesAt", input.closes_at)?,
    })
}

/// A round and its phase, as they are now.
pub(super) async fn now(
    ctx: &Context<'_>,
    id: Option<Uuid>,
    phase: Option<Uuid>,
) -> Result<(Option<ReviewRound>, Option<Phase>)> {
    if actor(ctx)?.ready().is_err() {
        return Ok((None, None));
    }
    let reader = reader(ctx)?;
    let round = match id {
        Some(id) => round_nodes(reader, &[id]).await?.remove(&id),
        None => None,
    };
    let phase = round.as_ref().map(|round| round.0.phase_id).or(phase);
    let (phase, _) = surroundings(reader, phase).await?;
    Ok((round, phase))
}
