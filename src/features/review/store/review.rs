//! Statements over `review`, `review_target` and `review_alias`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    enums::{
        Anonymity, AssignmentState, DeclineReason, PhaseState, ReleasePolicy, ReviewExcuse, ReviewReaction, RoundState,
        SpaceState,
    },
    review, review_alias, review_target,
    review_value::{Answers, Criteria, Reasons},
    revision::Detail,
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, EntityTrait, FromQueryResult,
};
use uuid::Uuid;

use super::super::rules::Deadlines;
use crate::{
    features::space::{ViewerRow, push_viewer, viewer_columns, viewing},
    platform::{
        db::{Reader, Sql, Tx},
        error::Result,
        live::Personal,
        page::{Cut, Key, KeyType, Order, Page},
        text::RENDERER,
    },
    policy::{self, made_sql, public_sql},
};

/// An assignment, and the review that comes of it, as somebody sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ReviewRow {
    /// Primary key.
    pub id: Uuid,
    /// The round.
    pub round_id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// The phase.
    pub phase_id: Uuid,
    /// What is reviewed.
    pub contribution_id: Uuid,
    /// The version of that.
    pub target_version: i32,
    /// Its author.
    pub author_id: Uuid,
    /// Whether it joined after the round was opened.
    pub is_late: bool,
    /// Who reviews.
    pub reviewer_id: Uuid,
    /// Where it stands.
    pub state: AssignmentState,
    /// Why this reviewer.
    pub reasons: Reasons,
    /// When it was assigned.
    pub assigned_at: DateTime<Utc>,
    /// Until when it is to be submitted.
    pub due_at: DateTime<Utc>,
    /// When the reviewer began to write.
    pub started_at: Option<DateTime<Utc>>,
    /// When it was submitted first.
    pub submitted_at: Option<DateTime<Utc>>,
    /// When its author got to read it first.
    pub released_at: Option<DateTime<Utc>>,
    /// Why it was declined.
    pub decline_reason: Option<DeclineReason>,
    /// The reviewer's words to that.
    pub decline_note: Option<String>,
    /// What staff say to a hold or a void.
    pub staff_note: Option<String>,
    /// Counts what was saved.
    pub version: i32,
    /// What the reviewer says.
    pub answers: Answers,
    /// What the author finds of it.
    pub reaction: Option<ReviewReaction>,
    /// What the author will change.
    pub reaction_note: Option<String>,
    /// When the author reacted first.
    pub reacted_at: Option<DateTime<Utc>>,
    /// The version of the contribution that followed.
    pub change_version: Option<i32>,
    /// Why it doesn't count against the reviewer that it ended.
    pub excuse: Option<ReviewExcuse>,
    /// The assignment that this one came instead of.
    pub replaces_id: Option<Uuid>,
    /// What the round asks.
    pub criteria: Criteria,
    /// When authors get to read reviews.
    pub release_policy: ReleasePolicy,
    /// By which number the reviewer is known where names are hidden.
    pub reviewer_number: Option<i32>,
    /// By which number the author is known where names are hidden.
    pub author_number: Option<i32>,
    round_state: RoundState,
    anonymity: Anonymity,
    reveals_names: bool,
    is_shared: bool,
    /// Whether the viewer made what is reviewed, alone or with others.
    pub is_by_viewer: bool,
    is_target_public: bool,
    has_declined: bool,
    phase_state: PhaseState,
    phase_closed_at: Option<DateTime<Utc>>,
    space_state: SpaceState,
    time_zone: String,
    /// Who reads.
    #[sea_orm(nested)]
    pub viewer: ViewerRow,
}

impl ReviewRow {
    /// The review, for the policy.
    #[must_use]
    pub fn facts(&self, now: DateTime<Utc>) -> policy::Review {
        let ends = self
            .phase_closed_at
            .map(|closed| Deadlines::reactions_end(closed, &self.time_zone));
        policy::Review {
            round: self.round_state,
            anonymity: self.anonymity,
            is_revealed: self.reveals_names && self.round_state == RoundState::Closed,
            is_shared: self.is_shared,
            state: self.state,
            reviewer_id: self.reviewer_id,
            is_by_viewer: self.is_by_viewer,
            is_target_public: self.is_target_public,
            was_released: self.released_at.is_some(),
            is_overdue: self.due_at <= now,
            has_declined: self.has_declined,
            is_phase_long_closed: ends.is_none_or(|end| end <= now),
        }
    }

    /// Whether it is held because the viewer, whose work it is about, found it unkind.
    #[must_use]
    pub fn is_reported_by_viewer(&self) -> bool {
        self.is_by_viewer && self.reaction == Some(ReviewReaction::Unkind) && self.state == AssignmentState::Held
    }

    /// Its phase, for the policy.
    #[must_use]
    pub fn phase(&self) -> policy::Phase {
        policy::Phase::bare(self.space_state, self.phase_state)
    }
}

const COLUMNS: &str = concat!(
    "v.id, v.round_id, x.space_id, x.phase_id, v.contribution_id, t.version AS target_version, t.author_id, t.is_late, v.reviewer_id, \
    v.state, v.reasons, v.assigned_at, v.due_at, v.started_at, v.submitted_at, v.released_at, v.decline_reason, v.decline_note, \
    v.staff_note, v.version, v.answers, v.reaction, v.reaction_note, v.reacted_at, v.change_version, v.excuse, v.replaces_id, x.criteria, x.release_policy, \
    rn.number AS reviewer_number, an.number AS author_number, x.state AS round_state, x.anonymity, x.reveals_names, x.is_shared, ",
    made_sql!(),
    " AS is_by_viewer, ",
    public_sql!(),
    " AS is_target_public, EXISTS (SELECT 1 FROM review d WHERE d.reviewer_id = v.reviewer_id AND d.round_id = v.round_id \
        AND d.decline_reason IS NOT NULL) AS has_declined, \
    p.state AS phase_state, p.closed_at AS phase_closed_at, s.state AS space_state, s.time_zone, ",
    viewer_columns!("x.space_id, x.phase_id")
);

const JOINS: &str = "JOIN review_target t ON t.id = v.target_id JOIN review_round x ON x.id = v.round_id \
    JOIN phase p ON p.id = x.phase_id JOIN space s ON s.id = x.space_id \
    JOIN contribution c ON c.id = v.contribution_id \
    LEFT JOIN review_alias rn ON rn.round_id = v.round_id AND rn.member_id = v.reviewer_id \
    LEFT JOIN review_alias an ON an.round_id = v.round_id AND an.member_id = t.author_id";

/// Reviews by id, of rounds in the viewer's spaces: what they see of each is for the policy.
pub(in super::super) async fn reviews_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<ReviewRow>> {
    let Some(vantage) = reader.vantage() else {
        return own_by_id(reader, ids).await;
    };
    let load = |missing| Box::pin(system_by_id(reader, missing)) as _;
    let known = vantage.rows::<Shared>(ids, load).await?;
    let seat = &vantage.seat;
    let (here, elsewhere): (Vec<_>, Vec<_>) = known.into_iter().partition(|known| known.row.space_id == seat.space_id);
    let now = reader.db().clock().now();
    let seen = here.iter().map(|known| ReviewRow {
        viewer: ViewerRow::seated(seat, Some(&[known.row.space_id, known.row.phase_id]), now),
        is_by_viewer: known.makers.contains(&seat.member_id),
        ..known.row.clone()
    });
    let mut rows: Vec<_> = seen.collect();
    if !elsewhere.is_empty() {
        let ids: Vec<_> = elsewhere.iter().map(|known| known.row.id).collect();
        rows.extend(own_by_id(reader, &ids).await?);
    }
    Ok(rows)
}

async fn own_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<ReviewRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS).push(" FROM review v ").push(JOINS);
    push_viewer(&mut sql, reader.actor()?.account_id, "x.space_id");
    sql.push("WHERE ").is_in("v.id", ids);
    reader.rows(sql).await
}

/// A review as it was read for all who listen to its space, and who made what it is about.
struct Shared {
    row: ReviewRow,
    makers: Vec<Uuid>,
}

impl Personal for Shared {
    fn people(&self) -> Vec<Uuid> {
        self.makers.iter().copied().chain([self.row.reviewer_id]).collect()
    }
}

#[derive(FromQueryResult)]
struct Maker {
    id: Uuid,
    member_id: Uuid,
}

/// Reviews, whoever sees them, as their reviewers would.
async fn system_by_id(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Shared)>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS).push(" FROM review v ").push(JOINS);
    sql.push(" JOIN membership m ON m.id = v.reviewer_id WHERE ")
        .is_in("v.id", &ids);
    let rows = reader.rows::<ReviewRow>(sql).await?;
    let mut sql = reader.sql(
        "SELECT v.id, c.author_id AS member_id FROM review v JOIN contribution c ON c.id = v.contribution_id WHERE ",
    );
    sql.is_in("v.id", &ids);
    sql.push(" UNION ALL SELECT v.id, k.member_id FROM review v JOIN co_author k ON k.contribution_id = v.contribution_id WHERE ");
    sql.is_in("v.id", &ids);
    let mut makers: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for maker in reader.rows::<Maker>(sql).await? {
        makers.entry(maker.id).or_default().push(maker.member_id);
    }
    let shared = |row: ReviewRow| {
        let makers = makers.remove(&row.id).unwrap_or_default();
        (row.id, Shared { row, makers })
    };
    Ok(rows.into_iter().map(shared).collect())
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// The same of one that is locked until the unit of work ends.
pub(in super::super) async fn lock_review(tx: &Tx<'_>, account: Uuid, id: Uuid) -> Result<Option<ReviewRow>> {
    let mut sql = tx.sql("SELECT id FROM review WHERE id = ");
    sql.bind(id).push(tx.for_update());
    tx.row::<Id>(sql).await?;
    // In a later statement than the one that may have waited: this one sees what was waited for.
    let mut sql = tx.sql("SELECT ");
    sql.push(COLUMNS).push(" FROM review v ").push(JOINS);
    push_viewer(&mut sql, account, "x.space_id");
    sql.push("WHERE v.id = ").bind(id);
    tx.row(sql).await
}

/// The order of what somebody has to do: what is due first comes first.
pub(in super::super) const DUE_ORDER: Order = Order {
    tag: 61,
    columns: &[("due_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: false,
};

/// An order that tells nothing: ids are random within a round.
pub(in super::super) const REVIEW_ORDER: Order = Order {
    tag: 62,
    columns: &[("id", KeyType::Id)],
    is_descending: false,
};

/// Which assignments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Which {
    /// Only of this round.
    pub round_id: Option<Uuid>,
    /// Only those that wait for their reviewer.
    pub is_waiting: bool,
}

fn push_own(sql: &mut Sql, account: Uuid, which: &Which) {
    sql.push("review v JOIN membership o ON o.id = v.reviewer_id AND o.left_at IS NULL WHERE v.reviewer_account_id = ")
        .bind(account);
    if let Some(round) = which.round_id {
        sql.push(" AND v.round_id = ").bind(round);
    }
    if which.is_waiting {
        sql.push(" AND v.state IN ('ASSIGNED', 'STARTED')");
    }
}

/// The assignments of the viewer.
pub(in super::super) async fn own_reviews(reader: &Reader, which: &Which, page: &Page) -> Result<Cut<ReviewRow>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (COLUMNS, "review v", JOINS);
    // Over all spaces of the viewer.
    sql.for_each(
        &[account],
        |_, _| {},
        columns,
        |sql, _| {
            sql.push("SELECT v.id FROM ");
            push_own(sql, account, which);
            page.push(sql, "v");
        },
    );
    push_viewer(&mut sql, account, "x.space_id");
    let place = |row: &ReviewRow| vec![Key::Time(row.due_at), Key::Id(row.id)];
    let mut cuts = page.cut_by(reader.rows(sql).await?, |_| account, place);
    Ok(cuts.remove(&account).unwrap_or_else(|| page.nothing()))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many they are.
pub(in super::super) async fn own_review_count(reader: &Reader, which: &Which) -> Result<i64> {
    let mut sql = reader.sql("SELECT COUNT(*) AS count FROM ");
    push_own(&mut sql, reader.actor()?.account_id, which);
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// Where assignments or reviews are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum ListOf {
    /// The assignments of a round: to staff all, to reviewers their own.
    Assignments,
    /// The reviews of a round.
    Round,
    /// The reviews of a contribution.
    Contribution,
}

impl ListOf {
    fn parent(self, row: &ReviewRow) -> Uuid {
        match self {
            Self::Assignments | Self::Round => row.round_id,
            Self::Contribution => row.contribution_id,
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Assignments | Self::Round => "review_round",
            Self::Contribution => "contribution",
        }
    }

    fn push(self, sql: &mut Sql, parent: &str) {
        sql.push("review v JOIN review_round x ON x.id = v.round_id JOIN contribution c ON c.id = v.contribution_id ");
        match self {
            Self::Assignments => sql
                .push("WHERE v.round_id = ")
                .push(parent)
                .push(" AND ")
                .push(policy::ASSIGNMENT_VISIBLE),
            Self::Round => sql
                .push("WHERE v.round_id = ")
                .push(parent)
                .push(" AND ")
                .push(policy::REVIEW_VISIBLE),
            // That a review hangs on somebody's work tells whose work was reviewed.
            Self::Contribution => sql
                .push("WHERE v.contribution_id = ")
                .push(parent)
                .push(" AND ")
                .push(policy::REVIEW_VISIBLE)
                .push(" AND ")
                .push(policy::AUTHOR_KNOWN),
        };
    }
}

/// Assignments or reviews of rounds or contributions, in an order that tells nothing.
pub(in super::super) async fn reviews(
    reader: &Reader,
    of: ListOf,
    parents: &[Uuid],
    page: &Page,
) -> Result<HashMap<Uuid, Cut<ReviewRow>>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (COLUMNS, "review v", JOINS);
    sql.for_each(parents, viewing(account, of.table()), columns, |sql, parent| {
        sql.push("SELECT v.id FROM ");
        of.push(sql, parent);
        page.push(sql, "v");
    });
    let rows = reader.rows::<ReviewRow>(sql).await?;
    Ok(page.cut_by(rows, |row| of.parent(row), |row| vec![Key::Id(row.id)]))
}

#[derive(FromQueryResult)]
struct CountBy {
    parent: Uuid,
    count: i64,
}

/// How many there are.
pub(in super::super) async fn review_counts(
    reader: &Reader,
    of: ListOf,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(parents, viewing(account, of.table()), |sql, parent| {
        of.push(sql, parent)
    });
    let counts = reader.rows::<CountBy>(sql).await?.into_iter();
    Ok(counts.map(|row| (row.parent, row.count)).collect())
}

/// A target to be added.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct NewTarget {
    pub id: Uuid,
    pub contribution_id: Uuid,
    pub version: i32,
    pub author_id: Uuid,
}

/// Adds targets to a round.
pub(in super::super) async fn insert_targets(
    tx: &Tx<'_>,
    round: Uuid,
    targets: &[NewTarget],
    is_late: bool,
) -> Result<()> {
    let now = tx.clock().now();
    let rows = targets.iter().map(|target| review_target::ActiveModel {
        id: Set(target.id),
        round_id: Set(round),
        contribution_id: Set(target.contribution_id),
        version: Set(target.version),
        author_id: Set(target.author_id),
        is_late: Set(is_late),
        created_at: Set(now),
    });
    for rows in rows.collect::<Vec<_>>().chunks(ROWS) {
        review_target::Entity::insert_many(rows.iter().cloned())
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// Rows that one statement inserts.
const ROWS: usize = 500;

/// An assignment to be added.
#[derive(Clone, Debug)]
pub(in super::super) struct NewReview {
    pub id: Uuid,
    pub target_id: Uuid,
    pub contribution_id: Uuid,
    pub reviewer_id: Uuid,
    pub reviewer_account_id: Uuid,
    pub reasons: Reasons,
    pub due_at: DateTime<Utc>,
    pub replaces_id: Option<Uuid>,
}

/// Adds assignments to a round.
pub(in super::super) async fn insert_reviews(tx: &Tx<'_>, round: Uuid, reviews: Vec<NewReview>) -> Result<()> {
    let now = tx.clock().now();
    let rows = reviews.into_iter().map(|new| review::ActiveModel {
        id: Set(new.id),
        round_id: Set(round),
        target_id: Set(new.target_id),
        contribution_id: Set(new.contribution_id),
        reviewer_id: Set(new.reviewer_id),
        reviewer_account_id: Set(new.reviewer_account_id),
        state: Set(AssignmentState::Assigned),
        reasons: Set(new.reasons),
        assigned_at: Set(now),
        due_at: Set(new.due_at),
        reminded_at: Set(None),
        started_at: Set(None),
        submitted_at: Set(None),
        released_at: Set(None),
        ended_at: Set(None),
        decline_reason: Set(None),
        decline_note: Set(None),
        staff_note: Set(None),
        version: Set(0),
        answers: Set(Answers::default()),
        reaction: Set(None),
        reaction_note: Set(None),
        reacted_at: Set(None),
        change_version: Set(None),
        excuse: Set(None),
        replaces_id: Set(new.replaces_id),
        renderer: Set(RENDERER),
    });
    for rows in rows.collect::<Vec<_>>().chunks(ROWS) {
        review::Entity::insert_many(rows.iter().cloned())
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct AliasRow {
    member_id: Uuid,
    number: i32,
}

/// The numbers by which members are known in a round.
pub(in super::super) async fn aliases(tx: &Tx<'_>, round: Uuid) -> Result<HashMap<Uuid, i32>> {
    let mut sql = tx.sql("SELECT member_id, number FROM review_alias WHERE round_id = ");
    sql.bind(round);
    let rows = tx.rows::<AliasRow>(sql).await?.into_iter();
    Ok(rows.map(|row| (row.member_id, row.number)).collect())
}

/// Gives members their numbers.
pub(in super::super) async fn insert_aliases(tx: &Tx<'_>, round: Uuid, aliases: &[(Uuid, i32)]) -> Result<()> {
    let rows = aliases.iter().map(|&(member, number)| review_alias::ActiveModel {
        round_id: Set(round),
        member_id: Set(member),
        number: Set(number),
    });
    for rows in rows.collect::<Vec<_>>().chunks(ROWS) {
        review_alias::Entity::insert_many(rows.iter().cloned())
            .exec_without_returning(&**tx)
            .await?;
    }
    Ok(())
}

/// Keeps what a reviewer has said.
pub(in super::super) async fn save(
    tx: &Tx<'_>,
    known: &ReviewRow,
    state: AssignmentState,
    answers: Answers,
) -> Result<()> {
    let now = tx.clock().now();
    let is_new = |state, wanted: &[AssignmentState]| wanted.contains(&state) && known.state != state;
    let mut row = review::ActiveModel {
        id: Unchanged(known.id),
        state: Set(state),
        version: Set(known.version + 1),
        answers: Set(answers),
        renderer: Set(RENDERER),
        ..Default::default()
    };
    if known.started_at.is_none() {
        row.started_at = Set(Some(now));
    }
    if known.submitted_at.is_none() && is_new(state, &[AssignmentState::Submitted, AssignmentState::Released]) {
        row.submitted_at = Set(Some(now));
    }
    if known.released_at.is_none() && state == AssignmentState::Released {
        row.released_at = Set(Some(now));
    }
    row.update(&**tx).await?;
    Ok(())
}

/// Answers whose HTML an earlier version of the renderer has made.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct StaleAnswers {
    pub id: Uuid,
    pub answers: Answers,
}

/// Some of them, to be rendered anew.
pub(in super::super) async fn system_stale_answers(tx: &Tx<'_>) -> Result<Vec<StaleAnswers>> {
    // As it is written in the index.
    let mut sql = tx.sql(&format!(
        "SELECT id, answers FROM review WHERE renderer < {RENDERER} ORDER BY id LIMIT 20"
    ));
    sql.push(tx.for_update());
    tx.rows(sql).await
}

/// Keeps how answers are rendered now.
pub(in super::super) async fn set_rendered_answers(tx: &Tx<'_>, id: Uuid, answers: Answers) -> Result<()> {
    let row = review::ActiveModel {
        id: Unchanged(id),
        answers: Set(answers),
        renderer: Set(RENDERER),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Takes a review to another state, with words of who does it.
pub(in super::super) async fn set_state(
    tx: &Tx<'_>,
    known: &ReviewRow,
    state: AssignmentState,
    note: Option<&str>,
) -> Result<()> {
    let now = tx.clock().now();
    let mut row = review::ActiveModel {
        id: Unchanged(known.id),
        state: Set(state),
        staff_note: Set(note.map(str::to_owned)),
        ..Default::default()
    };
    match state {
        AssignmentState::Released if known.released_at.is_none() => row.released_at = Set(Some(now)),
        AssignmentState::Voided => row.ended_at = Set(Some(now)),
        _ => {}
    }
    row.update(&**tx).await?;
    Ok(())
}

/// Notes that a reviewer declines.
pub(in super::super) async fn decline(
    tx: &Tx<'_>,
    id: Uuid,
    (reason, note): (DeclineReason, Option<String>),
) -> Result<()> {
    let row = review::ActiveModel {
        id: Unchanged(id),
        state: Set(AssignmentState::Declined),
        decline_reason: Set(Some(reason)),
        decline_note: Set(note),
        ended_at: Set(Some(tx.clock().now())),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// What an author says to a review.
#[derive(Clone, Debug)]
pub(in super::super) struct Reacted {
    pub reaction: ReviewReaction,
    pub note: Option<String>,
    pub change_version: Option<i32>,
}

/// Keeps what an author says to a review.
pub(in super::super) async fn react(
    tx: &Tx<'_>,
    known: &ReviewRow,
    state: AssignmentState,
    reacted: Reacted,
) -> Result<()> {
    let row = review::ActiveModel {
        id: Unchanged(known.id),
        state: Set(state),
        reaction: Set(Some(reacted.reaction)),
        reaction_note: Set(reacted.note),
        reacted_at: Set(Some(known.reacted_at.unwrap_or_else(|| tx.clock().now()))),
        change_version: Set(reacted.change_version),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Takes back what an author said to a review.
pub(in super::super) async fn forget_reaction(tx: &Tx<'_>, id: Uuid) -> Result<()> {
    let row = review::ActiveModel {
        id: Unchanged(id),
        reaction: Set(None),
        reaction_note: Set(None),
        reacted_at: Set(None),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Releases all submitted reviews of a round.
pub(in super::super) async fn release_all(tx: &Tx<'_>, round: Uuid, at: DateTime<Utc>) -> Result<()> {
    let mut sql = tx.sql("UPDATE review SET state = 'RELEASED', released_at = ");
    sql.bind(at)
        .push(" WHERE state = 'SUBMITTED' AND round_id = ")
        .bind(round);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Whether all members read what the row `review` is about.
macro_rules! has_work {
    () => {
        concat!(
            "EXISTS (SELECT 1 FROM contribution c WHERE c.id = review.contribution_id AND ",
            public_sql!(),
            ")"
        )
    };
}

/// Ends what waits for its reviewer: who has nothing to review any more is excused.
const EXPIRE: &str = concat!(
    "UPDATE review SET state = 'EXPIRED', ended_at = :now, excuse = CASE WHEN NOT ",
    has_work!(),
    " THEN 'WORK_GONE' END WHERE state IN ('ASSIGNED', 'STARTED') AND round_id = "
);

/// Ends all that was not submitted in a round.
pub(in super::super) async fn expire_all(tx: &Tx<'_>, round: Uuid) -> Result<()> {
    let mut sql = tx.sql(EXPIRE);
    sql.bind(round);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Ends what was not submitted in time in a round, what is about work that is out of sight, and what waits for members who have left.
pub(in super::super) async fn system_expire(tx: &Tx<'_>, round: Uuid) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql(EXPIRE);
    sql.bind(round).push(" AND (due_at <= :now OR NOT ").push(has_work!());
    sql.push(
        " OR reviewer_id IN (SELECT m.id FROM membership m WHERE m.left_at IS NOT NULL AND m.id = reviewer_id)) RETURNING id",
    );
    Ok(tx.rows::<Id>(sql).await?.into_iter().map(|row| row.id).collect())
}

/// Pins work that was out of sight to the version that everybody reads now, unless somebody has reviewed the one before: its author may
/// have taken that back.
pub(in super::super) async fn system_repin(tx: &Tx<'_>, round: Uuid) -> Result<()> {
    let mut sql = tx.sql(concat!(
        "UPDATE review_target SET version = (SELECT c.published_version FROM contribution c WHERE c.id = contribution_id) \
         WHERE EXISTS (SELECT 1 FROM contribution c WHERE c.id = contribution_id AND c.published_version > review_target.version AND ",
        public_sql!(),
        ") AND EXISTS (SELECT 1 FROM review v WHERE v.target_id = review_target.id AND v.excuse IS NOT NULL) \
         AND NOT EXISTS (SELECT 1 FROM review v WHERE v.target_id = review_target.id AND v.submitted_at IS NOT NULL) AND round_id = "
    ));
    sql.bind(round);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Gives reviewers back what ended because it was out of sight, if it is there again in time and nothing came instead.
pub(in super::super) async fn system_revive(tx: &Tx<'_>, round: Uuid) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql(
        "UPDATE review SET state = CASE WHEN started_at IS NULL THEN 'ASSIGNED' ELSE 'STARTED' END, ended_at = NULL, excuse = NULL \
         WHERE excuse = 'WORK_GONE' AND due_at > :now AND reviewer_id IN (SELECT m.id FROM membership m \
         WHERE m.left_at IS NULL AND m.id = reviewer_id) AND round_id = ",
    );
    sql.bind(round).push(" AND ").push(has_work!()).push(" RETURNING id");
    Ok(tx.rows::<Id>(sql).await?.into_iter().map(|row| row.id).collect())
}

/// Notes that something came instead of assignments that ended.
pub(in super::super) async fn system_replaced(tx: &Tx<'_>, ids: &[Uuid]) -> Result<()> {
    let mut sql = tx.sql("UPDATE review SET excuse = 'REPLACED' WHERE ");
    sql.is_in("id", ids);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// An assignment that waits for its reviewer, who may have to be reminded of it.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct Waiting {
    pub id: Uuid,
    pub assigned_at: DateTime<Utc>,
    pub due_at: DateTime<Utc>,
    pub reminded_at: Option<DateTime<Utc>>,
    /// The time zone of the reviewer's school.
    pub time_zone: String,
}

/// The assignments of a round that wait for their reviewers.
pub(in super::super) async fn system_waiting(tx: &Tx<'_>, round: Uuid) -> Result<Vec<Waiting>> {
    let mut sql = tx.sql(
        "SELECT v.id, v.assigned_at, v.due_at, v.reminded_at, o.time_zone FROM review v JOIN membership m ON m.id = v.reviewer_id \
         JOIN organisation o ON o.id = m.organisation_id WHERE v.state IN ('ASSIGNED', 'STARTED') AND v.round_id = ",
    );
    sql.bind(round);
    tx.rows(sql).await
}

/// Notes that reviewers are reminded.
pub(in super::super) async fn system_remind(tx: &Tx<'_>, ids: &[Uuid]) -> Result<()> {
    let mut sql = tx.sql("UPDATE review SET reminded_at = :now WHERE ");
    sql.is_in("id", ids);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Moves what waits for its reviewer in a round from old deadlines to new ones; those whose time has changed are reminded anew.
pub(in super::super) async fn move_due(
    tx: &Tx<'_>,
    round: Uuid,
    (before, after): (Deadlines, Deadlines),
) -> Result<()> {
    let push_due = |sql: &mut Sql| {
        sql.push("CASE due_at WHEN ").bind(before.reviews);
        sql.push(" THEN ").bind(after.reviews);
        sql.push(" WHEN ").bind(before.reflection);
        sql.push(" THEN ").bind(after.reflection);
        sql.push(" ELSE due_at END");
    };
    let mut sql = tx.sql("UPDATE review SET reminded_at = NULL, due_at = ");
    push_due(&mut sql);
    sql.push(" WHERE state IN ('ASSIGNED', 'STARTED') AND round_id = ")
        .bind(round);
    sql.push(" AND due_at <> ");
    push_due(&mut sql);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Takes the words of a member out of reviews: theirs are void, and nobody is asked any more about their work.
pub(in super::super) async fn forget(tx: &Tx<'_>, member: Uuid) -> Result<()> {
    let about = "contribution_id IN (SELECT id FROM contribution WHERE author_id = ";
    let mut sql = tx.sql(
        "UPDATE review SET answers = '[]', decline_note = NULL, staff_note = NULL, reaction_note = NULL, \
         ended_at = COALESCE(ended_at, :now), state = CASE WHEN state IN ('ASSIGNED', 'STARTED') THEN 'EXPIRED' \
         WHEN state IN ('DECLINED', 'EXPIRED') THEN state ELSE 'VOIDED' END WHERE reviewer_id = ",
    );
    sql.bind(member);
    tx.execute_raw(sql.statement()).await?;
    let mut sql = tx.sql("UPDATE review SET reaction_note = NULL WHERE ");
    sql.push(about).bind(member).push(")");
    tx.execute_raw(sql.statement()).await?;
    let mut sql = tx.sql(
        "UPDATE review SET state = 'EXPIRED', ended_at = :now, excuse = 'WORK_GONE' WHERE state IN ('ASSIGNED', 'STARTED') AND ",
    );
    sql.push(about).bind(member).push(")");
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Whether a contribution has a published version.
pub(in super::super) async fn has_published(tx: &Tx<'_>, contribution: Uuid, version: i32) -> Result<bool> {
    let mut sql = tx.sql("SELECT contribution_id AS id FROM revision WHERE state = 'PUBLISHED' AND contribution_id = ");
    sql.bind(contribution).push(" AND version = ").bind(version);
    Ok(tx.row::<Id>(sql).await?.is_some())
}

/// The version of somebody's work that is reviewed.
#[derive(Clone, Debug, FromQueryResult)]
pub struct TextRow {
    /// The review that it is read for.
    pub review_id: Uuid,
    /// Which version.
    pub version: i32,
    /// Title; none for what has none.
    pub title: Option<String>,
    /// CommonMark.
    pub body: String,
    /// The same as safe HTML.
    pub body_html: String,
    /// BCP 47.
    pub language: Option<String>,
    /// What the kind keeps beside its text.
    pub detail: Detail,
}

/// Which version of what is reviewed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Text {
    /// The one that was pinned.
    Snapshot,
    /// The one that followed, as its author says.
    Change,
}

/// What reviews are about. What was hidden, removed or is no more for all of the space since, its author and staff alone still see.
pub(in super::super) async fn texts(reader: &Reader, text: Text, reviews: &[Uuid]) -> Result<HashMap<Uuid, TextRow>> {
    let mut sql = reader.sql(
        "SELECT v.id AS review_id, w.version, w.title, w.body, w.body_html, w.language, w.detail FROM review v \
         JOIN review_target t ON t.id = v.target_id JOIN review_round x ON x.id = v.round_id \
         JOIN contribution c ON c.id = v.contribution_id LEFT JOIN contribution r ON r.id = c.root_id \
         JOIN revision w ON w.contribution_id = c.id AND w.version = ",
    );
    sql.push(match text {
        Text::Snapshot => "t.version",
        Text::Change => "v.change_version",
    });
    push_viewer(&mut sql, reader.actor()?.account_id, "x.space_id");
    sql.push("WHERE ")
        .push(policy::VISIBLE)
        .push(" AND ")
        .is_in("v.id", reviews);
    let rows = reader.rows::<TextRow>(sql).await?.into_iter();
    Ok(rows.map(|row| (row.review_id, row)).collect())
}
