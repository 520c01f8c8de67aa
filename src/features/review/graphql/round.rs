//! Rounds.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use async_graphql::{Description, ID, Object, SimpleObject};
use entity::review_value::PairRule;
use uuid::Uuid;

use super::{
    super::store::{self, CoverageRow, Parent, ROUND_ORDER, RoundRow},
    Anonymity, AnonymityLimit, Assignments, PairRuleKind, ReleasePolicy, Review, ReviewAssignment, ReviewCriterion,
    ReviewRoundOverview, Reviews, RoundState, assignments_of_round,
    overview::Named,
    reviews_of_round,
};
use crate::{
    features::{
        contribution::graphql::{Contribution, contributions},
        organisation::graphql::{Organisation, organisations},
        space::graphql::{Membership, Phase, Space, members, phases, spaces},
    },
    platform::{
        db::Reader,
        error::{Error, Result},
        id::{self, Kind},
        level::{At, Level, Link, Listing, objects},
        page::{Listed, PageArgs},
        permission::ActionPermission,
        scalar::{DateTime, IsoWeek},
    },
    policy::{self, RoundAction},
};

/// What belongs to rounds.
#[derive(Debug, Default)]
pub struct RoundLinks {
    spaces: Link<HashMap<Uuid, Space>>,
    phases: Link<HashMap<Uuid, Phase>>,
    members: Link<HashMap<Uuid, Membership>>,
    contributions: Link<HashMap<Uuid, Contribution>>,
    organisations: Link<HashMap<Uuid, Organisation>>,
    assignments: Arc<Assignments>,
    reviews: Arc<Reviews>,
    overviews: Link<(Vec<CoverageRow>, Named)>,
}

/// A round of peer review in a phase: members read work of others and say what they notice, its authors say what that changes. Staff see it
/// from the beginning, all other members of the space from its opening.
#[derive(Clone, Debug, Description)]
pub struct ReviewRound(pub At<RoundRow, RoundLinks>);

impl ReviewRound {
    fn parents(&self) -> (Vec<Uuid>, Uuid) {
        (self.0.level().rows.iter().map(|row| row.id).collect(), self.0.id)
    }

    fn is_staff(&self) -> bool {
        self.0.viewer.member().is_staff()
    }

    async fn members(&self) -> Result<&HashMap<Uuid, Membership>> {
        let level = self.0.level();
        let ids = || level.rows.iter().flat_map(named_members).collect::<Vec<_>>();
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        level.links.members.load(load).await
    }

    async fn contributions(&self) -> Result<&HashMap<Uuid, Contribution>> {
        let level = self.0.level();
        let ids = || {
            let of = |row: &RoundRow| {
                let pairs = row.plan.pairs.iter().filter_map(|pair| pair.contribution);
                row.plan.chosen.iter().copied().chain(pairs).collect::<Vec<_>>()
            };
            level.rows.iter().flat_map(of).collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        level.links.contributions.load(load).await
    }
}

/// The members whom a round names.
fn named_members(row: &RoundRow) -> Vec<Uuid> {
    let plan = &row.plan;
    let authors = plan.entries.iter().filter_map(|filter| filter.authors.as_ref());
    let reviewers = plan.reviewers.iter().flatten();
    let pairs = plan.pairs.iter().flat_map(|pair| [Some(pair.reviewer), pair.author]);
    let named = authors.flatten().chain(reviewers).copied();
    named.chain(pairs.flatten()).chain([row.created_by_id]).collect()
}

#[Object(use_type_description)]
impl ReviewRound {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::ReviewRound, self.0.id)
    }

    /// The space.
    async fn space(&self) -> Result<Space> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.space_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { spaces(&level.reader, &ids()).await }) as _;
        let known = level.links.spaces.load(load).await?;
        known.get(&self.0.space_id).cloned().ok_or_else(Error::not_found)
    }

    /// The phase.
    async fn phase(&self) -> Result<Phase> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.phase_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { phases(&level.reader, &ids()).await }) as _;
        let known = level.links.phases.load(load).await?;
        known.get(&self.0.phase_id).cloned().ok_or_else(Error::not_found)
    }

    /// Title.
    async fn title(&self) -> &str {
        &self.0.title
    }

    /// What reviewers are told, as CommonMark; may be empty.
    async fn instructions(&self) -> &str {
        &self.0.instructions
    }

    /// The same as HTML that is safe to insert into a page.
    async fn instructions_html(&self) -> &str {
        &self.0.instructions_html
    }

    /// Where it stands.
    async fn state(&self) -> RoundState {
        self.0.state.into()
    }

    /// Counts changes of its settings and state: send it as `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.version
    }

    /// What reviewers are asked, in order, at most 12.
    async fn criteria(&self) -> Vec<ReviewCriterion> {
        self.0.criteria.0.iter().cloned().map(ReviewCriterion).collect()
    }

    /// Whose names are hidden.
    async fn anonymity(&self) -> Anonymity {
        self.0.anonymity.into()
    }

    /// What keeps authors from being unknown to reviewers although `anonymity` says so. Null if nothing does, or they aren't meant to be.
    async fn anonymity_limit(&self) -> Option<AnonymityLimit> {
        self.0.settings().anonymity_limit().map(Into::into)
    }

    /// Whether names are shown to all who see a review once the round is closed.
    async fn reveals_names(&self) -> bool {
        self.0.reveals_names
    }

    /// Whether all members of the space see released reviews; else authors, reviewers and staff alone do.
    async fn is_shared(&self) -> bool {
        self.0.is_shared
    }

    /// When authors get to read reviews.
    async fn release_policy(&self) -> ReleasePolicy {
        self.0.release_policy.into()
    }

    /// How many reviews each piece of work wants.
    async fn reviews_wanted(&self) -> i32 {
        self.0.reviews_wanted
    }

    /// How many of them by pupils of a school of its authors, if possible.
    async fn home_min(&self) -> i32 {
        self.0.home_min
    }

    /// How many of them by pupils of other schools, if possible.
    async fn partner_min(&self) -> i32 {
        self.0.partner_min
    }

    /// Until when reviews are to be submitted. What is handed on after that is due when the reflection begins.
    async fn reviews_due_at(&self) -> DateTime {
        self.0.deadlines().reviews.into()
    }

    /// When the reflection begins, at the latest: authors react then.
    async fn reflection_at(&self) -> DateTime {
        self.0.deadlines().reflection.into()
    }

    /// When it is closed, at the latest.
    async fn closes_at(&self) -> DateTime {
        self.0.deadlines().close.into()
    }

    /// Who made it. Null for all but staff.
    async fn created_by(&self) -> Result<Option<Membership>> {
        if !self.is_staff() {
            return Ok(None);
        }
        Ok(self.members().await?.get(&self.0.created_by_id).cloned())
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime {
        self.0.created_at.into()
    }

    /// When it was opened. Null before.
    async fn opened_at(&self) -> Option<DateTime> {
        self.0.opened_at.map(Into::into)
    }

    /// When the reflection began. Null before.
    async fn reflected_at(&self) -> Option<DateTime> {
        self.0.reflected_at.map(Into::into)
    }

    /// When it was closed or cancelled. Null before.
    async fn ended_at(&self) -> Option<DateTime> {
        self.0.ended_at.map(Into::into)
    }

    /// What is reviewed and by whom, as staff have set it. Null for all others.
    async fn plan(&self) -> Result<Option<ReviewPlan>> {
        if !self.is_staff() {
            return Ok(None);
        }
        let (members, works) = (self.members().await?, self.contributions().await?);
        let level = self.0.level();
        let organisation = |row: &RoundRow| row.plan.entries.as_ref().and_then(|filter| filter.organisation);
        let ids = || level.rows.iter().filter_map(organisation).collect::<Vec<_>>();
        let load = || Box::pin(async move { organisations(&level.reader, &ids()).await }) as _;
        let schools = level.links.organisations.load(load).await?;
        let plan = &self.0.plan;
        let people = |ids: &[Uuid]| ids.iter().filter_map(|id| members.get(id).cloned()).collect::<Vec<_>>();
        let pair = |rule: &PairRule| {
            Some(ReviewPair {
                kind: rule.kind.into(),
                reviewer: members.get(&rule.reviewer)?.clone(),
                author: rule.author.and_then(|id| members.get(&id).cloned()),
                contribution: rule.contribution.and_then(|id| works.get(&id).cloned()),
            })
        };
        Ok(Some(ReviewPlan {
            target_filter: plan.entries.as_ref().map(|filter| ReviewTargetFilter {
                from_week: filter.from_week.clone().map(IsoWeek),
                to_week: filter.to_week.clone().map(IsoWeek),
                authors: filter.authors.as_deref().map(people),
                organisation: filter.organisation.and_then(|id| schools.get(&id).cloned()),
            }),
            targets: plan.chosen.iter().filter_map(|id| works.get(id).cloned()).collect(),
            reviewers: plan.reviewers.as_deref().map(people),
            pairs: plan.pairs.iter().filter_map(pair).collect(),
            seed: self.0.seed.to_string(),
        }))
    }

    /// Its assignments: to staff all, to reviewers their own, to all others none. Their order tells nothing.
    async fn assignments(
        &self,
        #[graphql(desc = "Number of assignments from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of assignments from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<ReviewAssignment>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        assignments_of_round(&level.links.assignments, &level.reader, self.parents(), &args).await
    }

    /// Its reviews, as far as the viewer sees them: what they wrote, what was released to them, to staff all. Their order tells nothing.
    async fn reviews(
        &self,
        #[graphql(desc = "Number of reviews from the start, at most 100; 20 by default.")] first: Option<i32>,
        #[graphql(desc = "Only what comes after this cursor.")] after: Option<String>,
        #[graphql(desc = "Number of reviews from the end, at most 100.")] last: Option<i32>,
        #[graphql(desc = "Only what comes before this cursor.")] before: Option<String>,
    ) -> Result<Listed<Review>> {
        let level = self.0.level();
        let args = PageArgs {
            first,
            after,
            last,
            before,
        };
        reviews_of_round(&level.links.reviews, &level.reader, self.parents(), &args).await
    }

    /// How it goes. Null for all but staff.
    async fn overview(&self) -> Result<Option<ReviewRoundOverview>> {
        if !self.is_staff() {
            return Ok(None);
        }
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let load = || {
            Box::pin(async move {
                let rows = store::coverage(&level.reader, &ids()).await?;
                let named = |id: fn(&CoverageRow) -> Option<Uuid>| {
                    let ids: BTreeSet<_> = rows.iter().filter_map(id).collect();
                    ids.into_iter().collect::<Vec<_>>()
                };
                let from = named(|row| row.reviewer_org_id);
                let schools = [from, named(|row| Some(row.author_org_id))].concat();
                let known = Named {
                    works: contributions(&level.reader, &named(|row| Some(row.contribution_id))).await?,
                    people: members(&level.reader, &named(|row| row.reviewer_id)).await?,
                    schools: organisations(&level.reader, &schools).await?,
                };
                Ok((rows, known))
            }) as _
        };
        let (rows, known) = level.links.overviews.load(load).await?;
        let own: Vec<_> = rows.iter().filter(|row| row.round_id == self.0.id).cloned().collect();
        let now = level.reader.db().clock().now();
        Ok(Some(ReviewRoundOverview::new((&self.0, now), &own, known)))
    }

    /// What the viewer may do with it. Ask again after a `ReviewRoundEvent` or a `PhaseEvent`.
    async fn viewer_can(&self) -> ReviewRoundViewerCan {
        let (viewer, phase, state) = (self.0.viewer.member(), self.0.phase(), self.0.state);
        let can = |action| -> ActionPermission { policy::round(action, &viewer, &phase, state).into() };
        ReviewRoundViewerCan {
            review_round_update: can(RoundAction::Update),
            review_round_open: can(RoundAction::Open),
            review_round_reflect: can(RoundAction::Reflect),
            review_round_close: can(RoundAction::Close),
            review_round_cancel: can(RoundAction::Cancel),
        }
    }
}

/// What is reviewed in a round and by whom, as staff have set it.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewPlan {
    /// Journal entries of the phase that are reviewed; those that come later join as long as reviews aren't due. Null for none.
    target_filter: Option<ReviewTargetFilter>,
    /// Other work that was chosen, as far as it is still seen, at most 500.
    targets: Vec<Contribution>,
    /// The pupils among whom reviews are spread, at most 500. Null for all who may review.
    reviewers: Option<Vec<Membership>>,
    /// Who must review what, and who must never, at most 500.
    pairs: Vec<ReviewPair>,
    /// Decides where the rules leave a choice: the same seed makes the same pairs. A whole number as text.
    seed: String,
}

/// Which journal entries of the phase are reviewed; what is null doesn't filter.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewTargetFilter {
    /// Of this week or a later one.
    from_week: Option<IsoWeek>,
    /// Of this week or an earlier one.
    to_week: Option<IsoWeek>,
    /// By these pupils, at most 500.
    authors: Option<Vec<Membership>>,
    /// By pupils of this organisation.
    organisation: Option<Organisation>,
}

/// What staff say of a reviewer and somebody's work.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReviewPair {
    /// Whether they must or must never.
    kind: PairRuleKind,
    /// Who reviews.
    reviewer: Membership,
    /// Whose work. Null if it is about one contribution.
    author: Option<Membership>,
    /// Which contribution. Null if it is about all of an author, or isn't seen any more.
    contribution: Option<Contribution>,
}

/// What the viewer may do with a round.
#[derive(SimpleObject)]
pub struct ReviewRoundViewerCan {
    /// Change its settings.
    review_round_update: ActionPermission,
    /// Hand out reviews.
    review_round_open: ActionPermission,
    /// Begin the reflection.
    review_round_reflect: ActionPermission,
    /// Bring it to its end.
    review_round_close: ActionPermission,
    /// Call it off.
    review_round_cancel: ActionPermission,
}

/// Rounds by id, as far as the viewer sees them.
///
/// # Errors
/// The database's.
pub async fn round_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, ReviewRound>> {
    let level = Level::new(reader, store::rounds_by_id(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, ReviewRound(row))).collect())
}

/// The rounds of the spaces or phases of a level.
pub type Rounds = Listing<(), ReviewRound>;

/// The rounds of one space, newest first.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn rounds_of_space(
    lists: &Arc<Rounds>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<ReviewRound>> {
    rounds(lists, reader, (Parent::Space, parents), args).await
}

/// The rounds of one phase, newest first.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn rounds_of_phase(
    lists: &Arc<Rounds>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<ReviewRound>> {
    rounds(lists, reader, (Parent::Phase, parents), args).await
}

async fn rounds(
    lists: &Arc<Rounds>,
    reader: &Arc<Reader>,
    (of, (parents, parent)): (Parent, (Vec<Uuid>, Uuid)),
    args: &PageArgs,
) -> Result<Listed<ReviewRound>> {
    let page = args.page(ROUND_ORDER)?;
    let parents = Arc::new(parents);
    let load = || {
        Box::pin(async {
            let cuts = objects(reader, store::rounds(reader, of, &parents, &page).await?);
            let round = |(parent, cut): (Uuid, crate::platform::page::Cut<_>)| (parent, cut.map(ReviewRound));
            Ok(cuts.into_iter().map(round).collect())
        }) as _
    };
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { store::round_counts(&reader, of, &parents).await }) as _
    };
    let (cut, total) = lists.page(((), page.clone()), parent, load, count).await?;
    Ok(cut.connection(total))
}
