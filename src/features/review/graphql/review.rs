//! Assignments, and the reviews that come of them.

use std::{collections::HashMap, sync::Arc};

use async_graphql::{Description, ID, Object, OutputType, SimpleObject};
use entity::review_value::{CriterionAnswer, PairReason};
use uuid::Uuid;

use super::{
    super::store::{self, DUE_ORDER, ListOf, REVIEW_ORDER, ReviewRow, Text, TextRow, Which},
    AssignmentState, DeclineReason, ReviewCriterion, ReviewExcuse, ReviewPairReason, ReviewReaction, ReviewRound,
    round_nodes,
};
use crate::{
    features::{
        contribution::graphql::{Byline, Contribution, contributions, media_items},
        journal::graphql::PromptAnswer,
        media::graphql::MediaItem,
        space::graphql::{Membership, members},
    },
    platform::{
        db::Reader,
        error::Result,
        id::{self, Kind},
        level::{At, Level, Link, Listing, objects},
        page::{Cut, Listed, PageArgs, Total},
        permission::ActionPermission,
        scalar::{DateTime, LanguageTag},
        text,
    },
    policy::{self, ReviewDeed},
};

/// What belongs to reviews.
#[derive(Debug, Default)]
pub struct ReviewLinks {
    rounds: Link<HashMap<Uuid, ReviewRound>>,
    members: Link<HashMap<Uuid, Membership>>,
    contributions: Link<HashMap<Uuid, Contribution>>,
    snapshots: Link<HashMap<Uuid, TextRow>>,
    changes: Link<HashMap<Uuid, TextRow>>,
    /// Media items that are shown with snapshots, and with changes.
    attached: Link<HashMap<Uuid, Contribution>>,
    attached_later: Link<HashMap<Uuid, Contribution>>,
}

/// What both an assignment and its review are made of, whoever sees them.
#[derive(Clone, Debug)]
pub struct Reviewed(pub(super) At<ReviewRow, ReviewLinks>);

impl Reviewed {
    /// The assignment, if the viewer sees it.
    #[must_use]
    pub fn assignment(&self) -> Option<ReviewAssignment> {
        self.is_backstage().then(|| ReviewAssignment(self.clone()))
    }

    /// The review, if the viewer sees it.
    #[must_use]
    pub fn review(&self) -> Option<Review> {
        policy::sees_review(&self.viewer(), &self.facts()).then(|| Review(self.clone()))
    }

    /// Public id of the review, whoever sees it.
    #[must_use]
    pub fn review_id(&self) -> ID {
        id::encode(Kind::Review, self.0.id)
    }

    /// Whether a member is the one who reviews.
    #[must_use]
    pub fn is_of(&self, member: Uuid) -> bool {
        self.0.reviewer_id == member
    }

    /// Whether the viewer could read the review at a time, as its author, or like all others.
    #[must_use]
    pub fn was_read_by(&self, at: chrono::DateTime<chrono::Utc>) -> bool {
        let is_out = self.0.released_at.is_some_and(|released| released <= at);
        is_out && policy::reads_review(&self.facts())
    }

    fn facts(&self) -> policy::Review {
        self.0.facts(self.0.reader().db().clock().now())
    }

    fn viewer(&self) -> policy::Member {
        self.0.viewer.member()
    }

    /// Whether the viewer is the one who reviews, or staff.
    fn is_backstage(&self) -> bool {
        policy::sees_assignment(&self.viewer(), &self.facts())
    }

    async fn round(&self) -> Result<Option<ReviewRound>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.round_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { round_nodes(&level.reader, &ids()).await }) as _;
        Ok(level.links.rounds.load(load).await?.get(&self.0.round_id).cloned())
    }

    async fn member(&self, id: Uuid) -> Result<Option<Membership>> {
        let level = self.0.level();
        let ids = || {
            let of = |row: &ReviewRow| [row.reviewer_id, row.author_id];
            level.rows.iter().flat_map(of).collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { members(&level.reader, &ids()).await }) as _;
        Ok(level.links.members.load(load).await?.get(&id).cloned())
    }

    async fn contribution(&self) -> Result<Option<Contribution>> {
        if !self.knows_author() {
            return Ok(None);
        }
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.contribution_id).collect::<Vec<_>>();
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        let known = level.links.contributions.load(load).await?;
        Ok(known.get(&self.0.contribution_id).cloned())
    }

    async fn texts(&self, text: Text) -> Result<&HashMap<Uuid, TextRow>> {
        let level = self.0.level();
        let ids = || level.rows.iter().map(|row| row.id).collect::<Vec<_>>();
        let load = || Box::pin(async move { store::texts(&level.reader, text, &ids()).await }) as _;
        let link = match text {
            Text::Snapshot => &level.links.snapshots,
            Text::Change => &level.links.changes,
        };
        link.load(load).await
    }

    async fn text(&self, text: Text) -> Result<Option<ReviewedText>> {
        let found = self.texts(text).await?.get(&self.0.id).cloned();
        let of = self.clone();
        Ok(found.map(|row| ReviewedText { of, text, row }))
    }

    fn knows_author(&self) -> bool {
        policy::knows_author(&self.viewer(), &self.facts())
    }

    /// The author of what is reviewed, for those who may know.
    async fn author(&self) -> Result<Option<Membership>> {
        if self.knows_author() {
            self.member(self.0.author_id).await
        } else {
            Ok(None)
        }
    }

    /// The reviewer, for those who may know.
    async fn reviewer(&self) -> Result<Option<Membership>> {
        if policy::knows_reviewer(&self.viewer(), &self.facts()) {
            self.member(self.0.reviewer_id).await
        } else {
            Ok(None)
        }
    }

    fn can(&self, deed: ReviewDeed) -> ActionPermission {
        policy::review(deed, &self.viewer(), &self.0.phase(), &self.facts()).into()
    }

    fn answers(&self) -> Vec<ReviewAnswer> {
        let of = |answer: &CriterionAnswer| {
            let asked = self.0.criteria.0.iter().find(|known| known.id == answer.criterion_id)?;
            Some(ReviewAnswer {
                criterion: ReviewCriterion(asked.clone()),
                answer: answer.clone(),
            })
        };
        self.0.answers.0.iter().filter_map(of).collect()
    }
}

/// A version of the work that is reviewed: it stays the same however its author changes the work.
#[derive(Clone, Debug, Description)]
pub struct ReviewedText {
    of: Reviewed,
    text: Text,
    row: TextRow,
}

#[Object(use_type_description)]
impl ReviewedText {
    /// The contribution as it is now. Null if the viewer doesn't see it any more, or isn't to learn whose it is.
    async fn contribution(&self) -> Result<Option<Contribution>> {
        self.of.contribution().await
    }

    /// Number of this version.
    async fn version(&self) -> i32 {
        self.row.version
    }

    /// Who made it. Null if the round hides it from the viewer.
    async fn by(&self) -> Result<Option<Membership>> {
        self.of.author().await
    }

    /// How to show who made it.
    async fn byline(&self) -> Result<Byline> {
        if self.of.knows_author() {
            Byline::of(self.of.author().await?).await
        } else {
            Ok(Byline::pseudonym(self.of.0.author_number))
        }
    }

    /// Its title. Null for what has none.
    async fn title(&self) -> Option<&str> {
        self.row.title.as_deref()
    }

    /// CommonMark. Whom it mentions stays as it was written, an id.
    async fn body(&self) -> &str {
        &self.row.body
    }

    /// The same as HTML that is safe to insert into a page.
    async fn body_html(&self) -> String {
        text::with_names(&self.row.body_html, |_| None)
    }

    /// Answers to the prompts of the journal, at most 10; none for other kinds.
    async fn answers(&self) -> Vec<PromptAnswer> {
        PromptAnswer::all(&self.row.detail)
    }

    /// The media items that are shown with it, or that an album holds, in the order of its author, at most 100. None where the round hides
    /// whose work it is, as they are signed.
    async fn attachments(&self) -> Result<Vec<MediaItem>> {
        let attached = &self.row.detail.attachments;
        if attached.is_empty() || !self.of.knows_author() {
            return Ok(Vec::new());
        }
        let level = self.of.0.level();
        let texts = self.of.texts(self.text).await?;
        let ids = || {
            let attached = texts.values().flat_map(|row| &row.detail.attachments);
            attached.copied().collect::<Vec<_>>()
        };
        let load = || Box::pin(async move { contributions(&level.reader, &ids()).await }) as _;
        let link = match self.text {
            Text::Snapshot => &level.links.attached,
            Text::Change => &level.links.attached_later,
        };
        Ok(media_items(attached, link.load(load).await?))
    }

    /// Its language.
    async fn language(&self) -> Option<LanguageTag> {
        self.row.language.clone().map(LanguageTag)
    }
}

/// What a reviewer says to one criterion.
#[derive(Clone, Debug, Description)]
pub struct ReviewAnswer {
    criterion: ReviewCriterion,
    answer: CriterionAnswer,
}

#[Object(use_type_description)]
impl ReviewAnswer {
    /// What was asked.
    async fn criterion(&self) -> &ReviewCriterion {
        &self.criterion
    }

    /// The comment, as CommonMark; may be empty.
    async fn body(&self) -> &str {
        &self.answer.body
    }

    /// The same as HTML that is safe to insert into a page.
    async fn body_html(&self) -> &str {
        &self.answer.body_html
    }

    /// The level of a rubric: its place in `levels`, from 0. Null if none was chosen, and for other kinds.
    async fn level(&self) -> Option<i32> {
        self.answer.level
    }

    /// The items of a checklist that are met: their places in `items`, from 0, at most 20. Null if it was not gone through, and for other
    /// kinds.
    async fn checked(&self) -> Option<&[i32]> {
        self.answer.checked.as_deref()
    }

    /// The step of a scale. Null if none was chosen, and for other kinds.
    async fn value(&self) -> Option<i32> {
        self.answer.value
    }
}

/// That a member is asked to review a piece of work. Seen by them and by staff.
#[derive(Clone, Debug, Description)]
pub struct ReviewAssignment(pub Reviewed);

#[Object(use_type_description)]
impl ReviewAssignment {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::ReviewAssignment, self.0.0.id)
    }

    /// The round.
    async fn round(&self) -> Result<Option<ReviewRound>> {
        self.0.round().await
    }

    /// Who reviews.
    async fn reviewer(&self) -> Result<Option<Membership>> {
        self.0.member(self.0.0.reviewer_id).await
    }

    /// Where it stands.
    async fn state(&self) -> AssignmentState {
        self.0.0.state.into()
    }

    /// Why this reviewer, what weighs most first, at most 20. What tells of the author is left out for who may not know them.
    async fn reasons(&self) -> Vec<ReviewPairReason> {
        let is_told = |reason: &&PairReason| self.0.knows_author() || !tells_of_author(reason);
        let told: Vec<_> = self.0.0.reasons.0.iter().filter(is_told).cloned().collect();
        let instead = self.0.0.replaces_id.map(|_| ReviewPairReason::REPLACEMENT);
        instead.into_iter().chain(ReviewPairReason::all(&told)).collect()
    }

    /// Why it doesn't count against the reviewer that it ended. Null as long as it hasn't, and where it does.
    async fn excuse(&self) -> Option<ReviewExcuse> {
        self.0.0.excuse.map(Into::into)
    }

    /// What is to be reviewed. Null if its author, or a moderator, took it out of the viewer's sight.
    async fn snapshot(&self) -> Result<Option<ReviewedText>> {
        self.0.text(Text::Snapshot).await
    }

    /// Whether that joined after the round was opened.
    async fn is_late_entry(&self) -> bool {
        self.0.0.is_late
    }

    /// When it was assigned.
    async fn assigned_at(&self) -> DateTime {
        self.0.0.assigned_at.into()
    }

    /// Until when it is to be submitted.
    async fn due_at(&self) -> DateTime {
        self.0.0.due_at.into()
    }

    /// When the reviewer began to write. Null before.
    async fn started_at(&self) -> Option<DateTime> {
        self.0.0.started_at.map(Into::into)
    }

    /// When it was submitted first. Null before.
    async fn submitted_at(&self) -> Option<DateTime> {
        self.0.0.submitted_at.map(Into::into)
    }

    /// What the reviewer has written so far, in the order of the criteria, at most 12. For the reviewer alone until it is submitted; empty for
    /// staff before.
    async fn answers(&self) -> Vec<ReviewAnswer> {
        let is_own = self.0.viewer().id == self.0.0.reviewer_id;
        if is_own || self.0.0.submitted_at.is_some() {
            self.0.answers()
        } else {
            Vec::new()
        }
    }

    /// Counts what was saved: send it as `expectedVersion`.
    async fn version(&self) -> i32 {
        self.0.0.version
    }

    /// The review. Null until it is submitted.
    async fn review(&self) -> Option<Review> {
        self.0.review()
    }

    /// Why it was given back. Null if it wasn't.
    async fn decline_reason(&self) -> Option<DeclineReason> {
        self.0.0.decline_reason.map(Into::into)
    }

    /// The reviewer's words to that.
    async fn decline_note(&self) -> Option<&str> {
        self.0.0.decline_note.as_deref()
    }

    /// What the viewer may do with it. Ask again after a `ReviewEvent`, `ReviewRoundEvent` or `PhaseEvent`.
    async fn viewer_can(&self) -> ReviewAssignmentViewerCan {
        ReviewAssignmentViewerCan {
            review_save: self.0.can(ReviewDeed::Save),
            review_submit: self.0.can(ReviewDeed::Submit),
            review_decline: self.0.can(ReviewDeed::Decline),
        }
    }
}

/// Whether a reason says something about whose work it is.
fn tells_of_author(reason: &PairReason) -> bool {
    use PairReason::{
        LateEntry, LeastLoaded, Must, NewPair, OnlyEligible, OwnSchool, PartnerSchool, Reoffered, RepeatedPair,
        SharedLanguage,
    };
    match reason {
        OwnSchool | PartnerSchool | NewPair | RepeatedPair => true,
        Must | LeastLoaded | OnlyEligible | SharedLanguage(_) | Reoffered | LateEntry => false,
    }
}

/// What the viewer may do with an assignment.
#[derive(SimpleObject)]
pub struct ReviewAssignmentViewerCan {
    /// Keep what they have written.
    review_save: ActionPermission,
    /// Hand it in, or change what was handed in.
    review_submit: ActionPermission,
    /// Give it back.
    review_decline: ActionPermission,
}

/// What a member says of a piece of work. Its reviewer and staff see it once it is submitted, the author of the work once it is released, all
/// others then if the round shares reviews. It is formative: there are no marks.
#[derive(Clone, Debug, Description)]
pub struct Review(pub(super) Reviewed);

#[Object(use_type_description)]
impl Review {
    /// Opaque id.
    pub async fn id(&self) -> ID {
        id::encode(Kind::Review, self.0.0.id)
    }

    /// The round.
    async fn round(&self) -> Result<Option<ReviewRound>> {
        self.0.round().await
    }

    /// The assignment that it comes of. Null for all but its reviewer and staff.
    async fn assignment(&self) -> Option<ReviewAssignment> {
        self.0.assignment()
    }

    /// The work as it was reviewed. Null if its author, or a moderator, took it out of the viewer's sight.
    async fn snapshot(&self) -> Result<Option<ReviewedText>> {
        self.0.text(Text::Snapshot).await
    }

    /// Who wrote it. Null if the round hides it from the viewer.
    async fn by(&self) -> Result<Option<Membership>> {
        self.0.reviewer().await
    }

    /// How to show who wrote it.
    async fn byline(&self) -> Result<Byline> {
        if policy::knows_reviewer(&self.0.viewer(), &self.0.facts()) {
            Byline::of(self.0.reviewer().await?).await
        } else {
            Ok(Byline::pseudonym(self.0.0.reviewer_number))
        }
    }

    /// Where it stands: `SUBMITTED`, `HELD`, `RELEASED`, `ACKNOWLEDGED` or `VOIDED`.
    async fn state(&self) -> AssignmentState {
        self.0.0.state.into()
    }

    /// What it says, in the order of the criteria, at most 12.
    async fn answers(&self) -> Vec<ReviewAnswer> {
        self.0.answers()
    }

    /// When it was submitted first. Null for all but its reviewer and staff: the time could tell who wrote it.
    async fn submitted_at(&self) -> Option<DateTime> {
        self.0.0.submitted_at.filter(|_| self.0.is_backstage()).map(Into::into)
    }

    /// When its author got to read it first. Null before, and for all but its reviewer and staff.
    async fn released_at(&self) -> Option<DateTime> {
        self.0.0.released_at.filter(|_| self.0.is_backstage()).map(Into::into)
    }

    /// What staff say to a hold or a void. Null for all but its reviewer and staff.
    async fn staff_note(&self) -> Option<&str> {
        self.0.0.staff_note.as_deref().filter(|_| self.0.is_backstage())
    }

    /// What its author finds of it. Null before; that it was found `UNKIND` is for staff to know.
    async fn reaction(&self) -> Option<ReviewReaction> {
        let reaction: Option<ReviewReaction> = self.0.0.reaction.map(Into::into);
        reaction.filter(|&reaction| reaction != ReviewReaction::Unkind || self.0.viewer().is_staff())
    }

    /// What its author will change, as plain text.
    async fn reaction_note(&self) -> Option<&str> {
        let is_told = self.0.0.reaction != Some(entity::enums::ReviewReaction::Unkind) || self.0.viewer().is_staff();
        self.0.0.reaction_note.as_deref().filter(|_| is_told)
    }

    /// The version of the work that followed, as its author says. Null if there is none, or the viewer doesn't see the work any more.
    async fn change(&self) -> Result<Option<ReviewedText>> {
        if self.0.0.change_version.is_none() {
            return Ok(None);
        }
        self.0.text(Text::Change).await
    }

    /// What the viewer may do with it. Ask again after a `ReviewEvent`, `ReviewRoundEvent` or `PhaseEvent`.
    async fn viewer_can(&self) -> ReviewViewerCan {
        ReviewViewerCan {
            review_hold: self.0.can(ReviewDeed::Hold),
            review_release: self.0.can(ReviewDeed::Release),
            review_void: self.0.can(ReviewDeed::Void),
            review_react: self.0.can(ReviewDeed::React),
        }
    }

    /// Whether the viewer wrote it, whatever the round hides.
    async fn is_mine(&self) -> bool {
        self.0.is_of(self.0.viewer().id)
    }
}

/// What the viewer may do with a review.
#[derive(SimpleObject)]
pub struct ReviewViewerCan {
    /// Keep it from its author.
    review_hold: ActionPermission,
    /// Give it to its author.
    review_release: ActionPermission,
    /// Take it out for good.
    review_void: ActionPermission,
    /// Say what they find of it.
    review_react: ActionPermission,
}

/// Assignments and their reviews by id, of rounds of the viewer's spaces; what of them the viewer sees, they tell themselves.
///
/// # Errors
/// The database's.
pub async fn reviewed(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Reviewed>> {
    let level = Level::new(reader, store::reviews_by_id(reader, ids).await?);
    Ok(level.all().into_iter().map(|row| (row.id, Reviewed(row))).collect())
}

/// Assignments by id, as far as the viewer sees them.
///
/// # Errors
/// The database's.
pub async fn assignment_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, ReviewAssignment>> {
    let known = reviewed(reader, ids).await?.into_iter();
    Ok(known.filter_map(|(id, one)| Some((id, one.assignment()?))).collect())
}

/// Reviews by id, as far as the viewer sees them.
///
/// # Errors
/// The database's.
pub async fn review_nodes(reader: &Arc<Reader>, ids: &[Uuid]) -> Result<HashMap<Uuid, Review>> {
    let known = reviewed(reader, ids).await?.into_iter();
    Ok(known.filter_map(|(id, one)| Some((id, one.review()?))).collect())
}

/// The assignments of the viewer, what is due first first.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn own_assignments(
    reader: &Arc<Reader>,
    (round_id, is_waiting): (Option<Uuid>, bool),
    args: &PageArgs,
) -> Result<Listed<ReviewAssignment>> {
    let which = Which { round_id, is_waiting };
    let cut = store::own_reviews(reader, &which, &args.page(DUE_ORDER)?).await?;
    let level = Level::new(reader, cut.rows.clone());
    let reader = Arc::clone(reader);
    let total = Total::new(move || {
        let (reader, which) = (Arc::clone(&reader), which.clone());
        Box::pin(async move { store::own_review_count(&reader, &which).await })
    });
    let all = level.all().into_iter().map(|row| ReviewAssignment(Reviewed(row)));
    Ok(cut.with(all.collect()).connection(total))
}

/// The assignments of the rounds of a level.
pub type Assignments = Listing<(), ReviewAssignment>;

/// The reviews of the rounds or contributions of a level.
pub type Reviews = Listing<(), Review>;

/// The assignments of one round that the viewer sees.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn assignments_of_round(
    lists: &Arc<Assignments>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<ReviewAssignment>> {
    list(lists, reader, (ListOf::Assignments, parents), args, ReviewAssignment).await
}

/// The reviews of one round that the viewer sees.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn reviews_of_round(
    lists: &Arc<Reviews>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<Review>> {
    list(lists, reader, (ListOf::Round, parents), args, Review).await
}

/// The reviews of one contribution that the viewer sees.
///
/// # Errors
/// `INVALID` for faulty page arguments.
pub async fn reviews_of_contribution(
    lists: &Arc<Reviews>,
    reader: &Arc<Reader>,
    parents: (Vec<Uuid>, Uuid),
    args: &PageArgs,
) -> Result<Listed<Review>> {
    list(lists, reader, (ListOf::Contribution, parents), args, Review).await
}

async fn list<T: OutputType + Clone + 'static>(
    lists: &Arc<Listing<(), T>>,
    reader: &Arc<Reader>,
    (of, (parents, parent)): (ListOf, (Vec<Uuid>, Uuid)),
    args: &PageArgs,
    object: fn(Reviewed) -> T,
) -> Result<Listed<T>> {
    let page = args.page(REVIEW_ORDER)?;
    let parents = Arc::new(parents);
    let load = || {
        Box::pin(async {
            let cuts = objects(reader, store::reviews(reader, of, &parents, &page).await?);
            let one = |(parent, cut): (Uuid, Cut<_>)| (parent, cut.map(|row| object(Reviewed(row))));
            Ok(cuts.into_iter().map(one).collect())
        }) as _
    };
    let (reader_, parents_) = (Arc::clone(reader), Arc::clone(&parents));
    let count = move || {
        let (reader, parents) = (Arc::clone(&reader_), Arc::clone(&parents_));
        Box::pin(async move { store::review_counts(&reader, of, &parents).await }) as _
    };
    let (cut, total) = lists.page(((), page.clone()), parent, load, count).await?;
    Ok(cut.connection(total))
}
