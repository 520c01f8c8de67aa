//! Statements over `report`.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use entity::{
    enums::{ModerationReason, ReportAction, ReportState},
    report,
    review_value::Answers,
};
use sea_orm::{
    ActiveEnum, ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ConnectionTrait, EntityTrait, FromQueryResult,
};
use uuid::Uuid;

use crate::{
    features::space::{ViewerRow, push_viewer, viewing},
    platform::{
        db::{Db, Reader, Sql, Tx, Vantage},
        error::Result,
        live::Personal,
        page::{Key, Page},
    },
    policy::{self, Member},
};

/// A report as somebody sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ReportRow {
    /// Primary key.
    pub id: Uuid,
    /// In which space.
    pub space_id: Uuid,
    /// About what.
    pub contribution_id: Uuid,
    /// About which review of that; none if it is about the contribution itself.
    pub review_id: Option<Uuid>,
    /// What the review says.
    pub review_answers: Option<Answers>,
    /// The version that the reporter saw.
    pub version: i32,
    /// Who reports.
    pub reporter_id: Uuid,
    /// Whom the reporter stands for.
    pub reporter_organisation_id: Uuid,
    /// Why.
    pub reason: ModerationReason,
    /// The reporter's words.
    pub note: Option<String>,
    /// Where it stands.
    pub state: ReportState,
    /// When it was made.
    pub submitted_at: DateTime<Utc>,
    /// What was done about the contribution.
    pub action: Option<ReportAction>,
    /// The decider's words.
    pub decision_note: Option<String>,
    /// Who decided.
    pub decided_by_id: Option<Uuid>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Title of the version that was reported.
    pub title: Option<String>,
    /// Body of the version that was reported.
    pub body: String,
    /// Whether the viewer sees it as a moderator, not as the reporter alone.
    pub is_judge: bool,
    /// Whether the viewer is staff.
    pub is_staff: bool,
}

impl ReportRow {
    /// Its place in the queue.
    #[must_use]
    pub fn place(&self) -> Vec<Key> {
        vec![Key::Time(self.submitted_at), Key::Id(self.id)]
    }

    /// The report, for the policy.
    #[must_use]
    pub fn facts(&self, author_organisation_id: Uuid) -> policy::Report {
        policy::Report {
            reason: self.reason,
            state: self.state,
            reporter_id: self.reporter_id,
            reporter_organisation_id: self.reporter_organisation_id,
            author_organisation_id,
            is_about_review: self.review_id.is_some(),
        }
    }
}

/// All of a row; the viewer is `m`.
fn push_columns(sql: &mut Sql) {
    sql.push(
        "SELECT x.id, x.space_id, x.contribution_id, x.version, x.reporter_id, x.reporter_organisation_id, x.reason, x.note, \
        x.state, x.submitted_at, x.action, x.decision_note, x.decided_by_id, x.decided_at, v.title, v.body, x.review_id, q.answers AS review_answers, ",
    );
    sql.push(policy::REPORT_VISIBLE)
        .push(" AS is_judge, m.role IN ('COORDINATOR', 'TEACHER') AS is_staff FROM report x ");
    sql.push("JOIN revision v ON v.contribution_id = x.contribution_id AND v.version = x.version ")
        .push("LEFT JOIN review q ON q.id = x.review_id ")
        .push(OF_CONTRIBUTION);
}

const OF_CONTRIBUTION: &str =
    "JOIN contribution c ON c.id = x.contribution_id LEFT JOIN contribution r ON r.id = c.root_id";

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// Moderators, and reporters their own.
    Usual,
    /// The same, and every reporter their own: what they have made just now.
    Made,
}

fn push_seen(sql: &mut Sql, account: Uuid, sight: Sight) {
    push_columns(sql);
    push_viewer(sql, account, "x.space_id");
    sql.push("WHERE (").push(policy::REPORT_VISIBLE).push(" OR ");
    sql.push(match sight {
        Sight::Usual => policy::REPORT_OWN,
        Sight::Made => "x.reporter_id = m.id",
    });
    sql.push(") AND ");
}

/// Reports that the viewer may see.
pub(super) async fn by_ids(reader: &Reader, ids: &[Uuid], sight: Sight) -> Result<Vec<ReportRow>> {
    match reader.vantage() {
        Some(vantage) if sight == Sight::Usual => shared_by_ids(reader, vantage, ids).await,
        _ => own_by_ids(reader, ids, sight).await,
    }
}

/// A report as it was read for all who listen to its space, and the memberships of its judges.
struct Shared(ReportRow, HashSet<Uuid>);

impl Personal for Shared {
    fn people(&self) -> Vec<Uuid> {
        self.1.iter().copied().chain([self.0.reporter_id]).collect()
    }
}

/// The reports that one of those sees who listen to a space.
async fn shared_by_ids(reader: &Reader, vantage: &Vantage, ids: &[Uuid]) -> Result<Vec<ReportRow>> {
    let load = |missing| Box::pin(system_by_ids(reader, missing)) as _;
    let known = vantage.rows::<Shared>(ids, load).await?;
    let (here, elsewhere): (Vec<_>, Vec<_>) = known
        .into_iter()
        .partition(|known| known.0.space_id == vantage.seat.space_id);
    let viewer = ViewerRow::seated(&vantage.seat, None, reader.db().clock().now()).member();
    let seen = here.iter().filter_map(|known| {
        let Shared(row, judges) = &**known;
        let is_judge = judges.contains(&viewer.id);
        (is_judge || policy::sees_own_report(&viewer, row.reporter_id, row.reason)).then(|| ReportRow {
            is_judge,
            is_staff: viewer.is_staff(),
            ..row.clone()
        })
    });
    let mut rows: Vec<_> = seen.collect();
    if !elsewhere.is_empty() {
        let ids: Vec<_> = elsewhere.iter().map(|known| known.0.id).collect();
        rows.extend(own_by_ids(reader, &ids, Sight::Usual).await?);
    }
    Ok(rows)
}

#[derive(FromQueryResult)]
struct JudgeRow {
    id: Uuid,
    member_id: Uuid,
}

/// Reports, whoever sees them, as their reporters would.
async fn system_by_ids(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Shared)>> {
    let mut sql = reader.sql("");
    push_columns(&mut sql);
    sql.push(" JOIN membership m ON m.id = x.reporter_id WHERE ")
        .is_in("x.id", &ids);
    let rows = reader.rows::<ReportRow>(sql).await?;
    let mut sql = reader.sql("SELECT x.id, m.id AS member_id FROM report x ");
    sql.push(OF_CONTRIBUTION)
        .push(" JOIN membership m ON m.space_id = x.space_id AND m.left_at IS NULL WHERE ");
    sql.push(policy::REPORT_VISIBLE).push(" AND ").is_in("x.id", &ids);
    let mut judges: HashMap<Uuid, HashSet<Uuid>> = HashMap::new();
    for row in reader.rows::<JudgeRow>(sql).await? {
        judges.entry(row.id).or_default().insert(row.member_id);
    }
    let with_judges = |row: ReportRow| {
        let of_one = judges.remove(&row.id).unwrap_or_default();
        (row.id, Shared(row, of_one))
    };
    Ok(rows.into_iter().map(with_judges).collect())
}

async fn own_by_ids(reader: &Reader, ids: &[Uuid], sight: Sight) -> Result<Vec<ReportRow>> {
    let mut sql = reader.sql("");
    push_seen(&mut sql, reader.actor()?.account_id, sight);
    sql.is_in("x.id", ids);
    reader.rows(sql).await
}

/// A report that the actor sees, inside a unit of work that has locked its contribution.
pub(super) async fn seen(tx: &Tx<'_>, account: Uuid, id: Uuid) -> Result<Option<ReportRow>> {
    let mut sql = tx.sql("");
    push_seen(&mut sql, account, Sight::Usual);
    sql.push("x.id = ").bind(id);
    tx.row(sql).await
}

/// Which reports of the queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Filter {
    /// Only about what is in this phase.
    pub phase_id: Option<Uuid>,
    /// Only for this reason.
    pub reason: Option<ModerationReason>,
}

/// Writes the reports `x` that wait in the space in `parent` for the viewer to decide.
fn push_waiting(sql: &mut Sql, parent: &str, filter: Filter) {
    sql.push("report x ").push(OF_CONTRIBUTION);
    sql.push(" WHERE x.state IN ('OPEN', 'ESCALATED') AND x.space_id = ")
        .push(parent);
    sql.push(" AND ").push(policy::REPORT_VISIBLE);
    if let Some(phase) = filter.phase_id {
        sql.push(" AND c.phase_id = ").bind(phase);
    }
    if let Some(reason) = filter.reason {
        sql.push(" AND x.reason = ").bind(reason.to_value());
    }
}

#[derive(FromQueryResult)]
struct Waiting {
    id: Uuid,
}

/// The reports that wait in spaces for the viewer to decide, enough of each for a page of the queue, with their spaces.
pub(super) async fn waiting(reader: &Reader, spaces: &[Uuid], filter: Filter, page: &Page) -> Result<Vec<ReportRow>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = ("x.id", "report x", "");
    sql.for_each(spaces, viewing(account, "space"), columns, |sql, parent| {
        sql.push("SELECT x.id FROM ");
        push_waiting(sql, parent, filter);
        page.push(sql, "x");
    });
    let ids: Vec<Uuid> = reader.rows::<Waiting>(sql).await?.iter().map(|row| row.id).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    by_ids(reader, &ids, Sight::Usual).await
}

#[derive(FromQueryResult)]
struct CountBy {
    parent: Uuid,
    count: i64,
}

/// How many reports wait.
pub(super) async fn waiting_counts(reader: &Reader, spaces: &[Uuid], filter: Filter) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(spaces, viewing(account, "space"), |sql, parent| {
        push_waiting(sql, parent, filter)
    });
    let rows = reader.rows::<CountBy>(sql).await?.into_iter();
    Ok(rows.map(|row| (row.parent, row.count)).collect())
}

/// A report that waits too long.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Delayed {
    pub id: Uuid,
    pub space_id: Uuid,
}

/// Reports that nobody has decided and nobody has told of, made before this.
pub(super) async fn system_delayed(db: &Db, before: DateTime<Utc>) -> Result<Vec<Delayed>> {
    let mut sql = db.sql("SELECT id, space_id FROM report WHERE told_at IS NULL AND state IN ('OPEN', 'ESCALATED') ");
    sql.push("AND submitted_at <= ")
        .bind(before)
        .push(" ORDER BY submitted_at");
    Reader::passing(db, None).rows(sql).await
}

/// Notes that the coordinators are told of a report. Returns whether they were not yet, and it still waits.
pub(super) async fn tell(tx: &Tx<'_>, id: Uuid) -> Result<bool> {
    let mut sql =
        tx.sql("UPDATE report SET told_at = :now WHERE told_at IS NULL AND state IN ('OPEN', 'ESCALATED') AND id = ");
    sql.bind(id);
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected() > 0)
}

/// What is about a contribution: where it is, to find its locks.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Subject {
    /// In which space.
    pub space_id: Uuid,
    /// The contribution.
    pub contribution_id: Uuid,
    /// The review of it, if it is about that.
    pub review_id: Option<Uuid>,
    /// The root of the contribution, if it is a comment.
    pub root_id: Option<Uuid>,
}

/// Where the contribution of a report is that the viewer sees.
pub(super) async fn subject(reader: &Reader, id: Uuid) -> Result<Option<Subject>> {
    let mut sql = reader.sql("SELECT x.space_id, x.contribution_id, x.review_id, c.root_id FROM report x ");
    sql.push(OF_CONTRIBUTION);
    push_viewer(&mut sql, reader.actor()?.account_id, "x.space_id");
    sql.push("WHERE (")
        .push(policy::REPORT_VISIBLE)
        .push(" OR ")
        .push(policy::REPORT_OWN)
        .push(") AND x.id = ")
        .bind(id);
    reader.row(sql).await
}

#[derive(FromQueryResult)]
struct Id {
    #[expect(dead_code, reason = "that there is a row is all that is asked")]
    id: Uuid,
}

/// What a report is about.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// In which space.
    pub space_id: Uuid,
    /// The contribution.
    pub contribution_id: Uuid,
    /// The version of it that the reporter saw.
    pub version: i32,
    /// The review of that version, if it is about that.
    pub review_id: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct Own {
    id: Uuid,
    state: ReportState,
}

/// The report that a member has made of it, and where that stands.
pub(super) async fn own(tx: &Tx<'_>, about: About, reporter: Uuid) -> Result<Option<(Uuid, ReportState)>> {
    let mut sql = tx.sql("SELECT id, state FROM report WHERE ");
    match about.review_id {
        Some(review) => sql.push("review_id = ").bind(review),
        None => sql
            .push("review_id IS NULL AND contribution_id = ")
            .bind(about.contribution_id)
            .push(" AND version = ")
            .bind(about.version),
    };
    sql.push(" AND reporter_id = ").bind(reporter);
    Ok(tx.row::<Own>(sql).await?.map(|row| (row.id, row.state)))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many members have open reports about a contribution that came after it was last restored.
pub(super) async fn reporters(tx: &Tx<'_>, contribution: Uuid) -> Result<i64> {
    let mut sql =
        tx.sql("SELECT COUNT(DISTINCT x.reporter_id) AS count FROM report x WHERE x.review_id IS NULL AND x.state IN ('OPEN', 'ESCALATED') ");
    sql.push(
        "AND NOT EXISTS (SELECT 1 FROM decision d WHERE d.contribution_id = x.contribution_id AND d.kind = 'RESTORED' ",
    )
    .push("AND d.decided_at >= x.submitted_at) AND x.contribution_id = ")
    .bind(contribution);
    Ok(tx.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// How many reports about a contribution, for a reason or any, are open or were upheld.
pub(super) async fn standing(tx: &Tx<'_>, contribution: Uuid, reason: Option<ModerationReason>) -> Result<i64> {
    let mut sql = tx.sql(
        "SELECT COUNT(*) AS count FROM report WHERE review_id IS NULL AND state <> 'DISMISSED' AND contribution_id = ",
    );
    sql.bind(contribution);
    if let Some(reason) = reason {
        sql.push(" AND reason = ").bind(reason.to_value());
    }
    Ok(tx.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// Whether somebody has still to decide a report about a review.
pub(super) async fn waits_about_review(tx: &Tx<'_>, review: Uuid) -> Result<bool> {
    let mut sql = tx.sql("SELECT id FROM report WHERE state IN ('OPEN', 'ESCALATED') AND review_id = ");
    sql.bind(review).limit(1);
    Ok(tx.row::<Id>(sql).await?.is_some())
}

/// Keeps a report, and returns its id.
pub(super) async fn insert(
    tx: &Tx<'_>,
    about: About,
    reporter: &Member,
    (reason, note): (ModerationReason, Option<String>),
) -> Result<Uuid> {
    let id = tx.clock().new_id();
    let row = report::ActiveModel {
        id: Set(id),
        space_id: Set(about.space_id),
        contribution_id: Set(about.contribution_id),
        review_id: Set(about.review_id),
        version: Set(about.version),
        reporter_id: Set(reporter.id),
        reporter_organisation_id: Set(reporter.organisation_id),
        reporter_is_staff: Set(reporter.is_staff()),
        reason: Set(reason),
        note: Set(note),
        state: Set(ReportState::Open),
        submitted_at: Set(tx.clock().now()),
        action: Set(None),
        decision_note: Set(None),
        decided_by_id: Set(None),
        decided_at: Set(None),
        told_at: Set(None),
    };
    report::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(id)
}

/// Passes a report on.
pub(super) async fn escalate(tx: &Tx<'_>, id: Uuid, by: Uuid, note: &str) -> Result<()> {
    let row = report::ActiveModel {
        id: Unchanged(id),
        state: Set(ReportState::Escalated),
        decision_note: Set(Some(note.to_owned())),
        decided_by_id: Set(Some(by)),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Keeps how a report ended.
pub(super) async fn settle(
    tx: &Tx<'_>,
    id: Uuid,
    state: ReportState,
    (action, note, by): (Option<ReportAction>, &str, Uuid),
) -> Result<()> {
    let row = report::ActiveModel {
        id: Unchanged(id),
        state: Set(state),
        action: Set(action),
        decision_note: Set(Some(note.to_owned())),
        decided_by_id: Set(Some(by)),
        decided_at: Set(Some(tx.clock().now())),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Takes the words of a member out of reports, and those about what they wrote or reported; what is about their work is closed.
pub(super) async fn forget(tx: &Tx<'_>, member: Uuid) -> Result<()> {
    let about = "contribution_id IN (SELECT id FROM contribution WHERE author_id = ";
    let mut sql = tx.sql("UPDATE report SET note = NULL, decision_note = NULL WHERE reporter_id = ");
    sql.bind(member).push(" OR ").push(about).bind(member).push(")");
    tx.execute_raw(sql.statement()).await?;
    let mut sql = tx.sql("UPDATE report SET decision_note = NULL WHERE decided_by_id = ");
    sql.bind(member);
    tx.execute_raw(sql.statement()).await?;
    let mut sql = tx.sql("UPDATE report SET state = 'DISMISSED', decided_by_id = NULL, decided_at = :now WHERE ");
    sql.push("state IN ('OPEN', 'ESCALATED') AND (")
        .push(about)
        .bind(member)
        .push(") OR review_id IN (SELECT v.id FROM review v WHERE v.reviewer_id = ")
        .bind(member)
        .push("))");
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}
