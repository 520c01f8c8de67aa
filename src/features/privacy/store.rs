//! Statements about all that is kept of a person. Those for a copy read what the person made or what is stored about them; for
//! staff, only what they see as staff of a space.

use chrono::{DateTime, Utc};
use entity::{
    account::Languages,
    enums::{
        AccountKind, AssignmentState, Audience, AuditAct, Capability, ContentState, ContributionKind, DecisionKind,
        DeclineReason, MediaState, MobilityStatus, ModerationReason, NotificationKind, PhaseKind, ReactionKind,
        ReportState, ReviewReaction, RevisionState, SpaceRole, SubscriptionLevel,
    },
    review_value::{Answers, Criteria},
    revision::Detail,
};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::{
    features::space::push_viewer,
    platform::{
        db::{Db, Reader, Sql},
        error::Result,
    },
    policy,
};

/// Those who were erased but have still something left: the server was stopped in between.
pub(super) async fn system_unfinished(db: &Db) -> Result<Vec<Uuid>> {
    let sql = db.sql(
        "SELECT a.id FROM account a WHERE a.erased_at IS NOT NULL AND EXISTS (SELECT 1 FROM membership w \
         WHERE w.account_id = a.id AND (w.left_at IS NULL OR EXISTS (SELECT 1 FROM contribution c WHERE c.author_id = w.id \
         AND (c.state <> 'REMOVED' OR EXISTS (SELECT 1 FROM revision v WHERE v.contribution_id = c.id AND v.body <> '')))))",
    );
    let rows = Reader::passing(db, None).rows::<IdRow>(sql).await?.into_iter();
    Ok(rows.map(|row| row.id).collect())
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

// ----------------------------------------------------------------------------------------------------------------- copies

/// Rows of a list at most; versions of texts come in parts instead.
pub(super) const MOST_ROWS: usize = 5_000;
/// Versions of texts in a part at most.
pub(super) const MOST_VERSIONS: usize = 1_000;
/// Characters after which a part takes no more versions.
const MOST_CHARACTERS: i64 = 4_000_000;

/// Whose copy, for whom.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    /// The account that it is about.
    pub account: Uuid,
    /// Who asks, if it is not the person.
    pub staff: Option<Uuid>,
}

impl Scope {
    /// Joins the memberships `w` of the person to `column`, and for staff those spaces alone in which they are staff (`m`).
    fn push_member(self, sql: &mut Sql, column: &str) {
        sql.push(" JOIN membership w ON w.id = ")
            .push(column)
            .push(" AND w.account_id = ")
            .bind(self.account);
        if let Some(staff) = self.staff {
            push_viewer(sql, staff, "w.space_id");
            sql.push("AND m.role IN ('COORDINATOR', 'TEACHER') ");
        }
    }

    /// Adds, for staff, that they see the contribution `c` with the root `r`.
    fn push_visible(self, sql: &mut Sql) {
        if self.staff.is_some() {
            sql.push(" AND ").push(policy::VISIBLE);
        }
    }
}

/// The account.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct AccountRow {
    pub kind: AccountKind,
    pub login: String,
    pub display_name: String,
    pub languages: Languages,
    pub birth_year: Option<i32>,
    pub created_at: DateTime<Utc>,
    pub login_changed_at: Option<DateTime<Utc>>,
    pub organisation_id: Option<Uuid>,
    pub organisation: Option<String>,
}

pub(super) async fn account(reader: &Reader, of: Scope) -> Result<Option<AccountRow>> {
    let mut sql = reader.sql(
        "SELECT a.kind, a.login, a.display_name, a.languages, a.birth_year, a.created_at, a.login_changed_at, a.organisation_id, \
         o.name AS organisation FROM account a LEFT JOIN organisation o ON o.id = a.organisation_id WHERE a.id = ",
    );
    sql.bind(of.account);
    reader.row(sql).await
}

/// A membership.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct MemberRow {
    pub id: Uuid,
    pub space_id: Uuid,
    pub title: String,
    pub role: SpaceRole,
    pub mobility_status: Option<MobilityStatus>,
    pub pre_moderated_until: Option<DateTime<Utc>>,
    pub created_at: DateTime<Utc>,
    pub left_at: Option<DateTime<Utc>>,
}

pub(super) async fn members(reader: &Reader, of: Scope) -> Result<Vec<MemberRow>> {
    let mut sql = reader.sql(
        "SELECT x.id, x.space_id, s.title, x.role, x.mobility_status, x.pre_moderated_until, x.created_at, x.left_at \
         FROM membership x JOIN space s ON s.id = x.space_id",
    );
    of.push_member(&mut sql, "x.id");
    sql.push(" ORDER BY x.created_at, x.id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A version of a text.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct VersionRow {
    pub id: Uuid,
    pub kind: ContributionKind,
    pub space_id: Uuid,
    pub space_title: String,
    pub phase: PhaseKind,
    pub state: ContentState,
    pub audience: Audience,
    pub created_at: DateTime<Utc>,
    pub published_at: Option<DateTime<Utc>>,
    pub root_id: Option<Uuid>,
    pub root_kind: Option<ContributionKind>,
    /// Title of the root, for orientation, if members of the space see it.
    pub root_title: Option<String>,
    pub reply_to_id: Option<Uuid>,
    pub version: i32,
    pub version_state: RevisionState,
    pub title: Option<String>,
    pub body: String,
    pub language: Option<String>,
    pub week: Option<String>,
    pub detail: Detail,
    pub written_at: DateTime<Utc>,
    pub submitted_at: Option<DateTime<Utc>>,
    pub file_state: Option<MediaState>,
    pub file_name: Option<String>,
    pub media_type: Option<String>,
    pub file_size: Option<i64>,
    pub sha256: Option<String>,
    /// How many versions there are from the beginning of this part.
    pub rest: i64,
}

/// The next versions behind a place: contributions in the order in which they were begun.
pub(super) async fn versions(reader: &Reader, of: Scope, after: Option<(Uuid, i32)>) -> Result<Vec<VersionRow>> {
    let mut sql = reader.sql(
        "SELECT * FROM (SELECT c.id, c.kind, c.space_id, s.title AS space_title, p.kind AS phase, c.state, c.audience, \
         c.created_at, c.published_at, c.root_id, r.kind AS root_kind, \
         CASE WHEN r.state = 'PUBLISHED' AND r.audience = 'SPACE' THEN (SELECT t.title FROM revision t \
            WHERE t.contribution_id = r.id AND t.version = r.published_version) END AS root_title, \
         c.reply_to_id, v.version, v.state AS version_state, v.title, v.body, v.language, v.week, v.detail, \
         v.created_at AS written_at, v.submitted_at, c.file_state, f.file_name, \
         COALESCE(f.media_type, f.declared_type) AS media_type, f.size AS file_size, f.sha256, COUNT(*) OVER () AS rest, \
         SUM(LENGTH(v.body) + LENGTH(CAST(v.detail AS text))) OVER (ORDER BY c.id, v.version) \
            - LENGTH(v.body) - LENGTH(CAST(v.detail AS text)) AS ahead \
         FROM contribution c JOIN revision v ON v.contribution_id = c.id JOIN space s ON s.id = c.space_id \
         JOIN phase p ON p.id = c.phase_id LEFT JOIN contribution r ON r.id = c.root_id \
         LEFT JOIN media_file f ON f.contribution_id = c.id",
    );
    of.push_member(&mut sql, "c.author_id");
    sql.push(" WHERE 1 = 1");
    of.push_visible(&mut sql);
    if of.staff.is_some() {
        sql.push(" AND v.state <> 'DRAFT'");
    }
    if let Some((id, version)) = after {
        sql.push(" AND (c.id, v.version) > (")
            .bind(id)
            .push(", ")
            .bind(version)
            .push(")");
    }
    sql.push(") AS x WHERE x.ahead < ").bind(MOST_CHARACTERS);
    sql.push(" ORDER BY x.id, x.version").limit(MOST_VERSIONS);
    reader.rows(sql).await
}

/// What a moderator decided about their work.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct DecisionRow {
    pub contribution_id: Uuid,
    pub contribution_kind: ContributionKind,
    pub kind: DecisionKind,
    pub reason: Option<ModerationReason>,
    pub note: Option<String>,
    pub version: i32,
    pub decided_at: DateTime<Utc>,
}

pub(super) async fn decisions(reader: &Reader, of: Scope) -> Result<Vec<DecisionRow>> {
    let mut sql = reader.sql(
        "SELECT x.contribution_id, c.kind AS contribution_kind, x.kind, x.reason, x.note, x.version, x.decided_at \
         FROM decision x JOIN contribution c ON c.id = x.contribution_id LEFT JOIN contribution r ON r.id = c.root_id",
    );
    of.push_member(&mut sql, "c.author_id");
    sql.push(" WHERE 1 = 1");
    of.push_visible(&mut sql);
    sql.push(" ORDER BY x.decided_at DESC, x.id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A journal entry that names them as co-author.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ConfirmationRow {
    pub contribution_id: Uuid,
    pub confirmed_version: Option<i32>,
    pub confirmed_at: Option<DateTime<Utc>>,
}

pub(super) async fn confirmations(reader: &Reader, of: Scope) -> Result<Vec<ConfirmationRow>> {
    let mut sql = reader.sql(
        "SELECT x.contribution_id, x.confirmed_version, x.confirmed_at FROM co_author x \
         JOIN contribution c ON c.id = x.contribution_id LEFT JOIN contribution r ON r.id = c.root_id",
    );
    of.push_member(&mut sql, "x.member_id");
    sql.push(" WHERE c.state <> 'DRAFT'");
    of.push_visible(&mut sql);
    sql.push(" ORDER BY x.contribution_id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A review that they wrote or were asked for. What it is about isn't told: a round may hide whose work it is.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ReviewRow {
    pub id: Uuid,
    pub round_id: Uuid,
    pub round: String,
    pub space_id: Uuid,
    pub criteria: Criteria,
    pub answers: Answers,
    pub state: AssignmentState,
    pub decline_reason: Option<DeclineReason>,
    pub decline_note: Option<String>,
    pub staff_note: Option<String>,
    pub assigned_at: DateTime<Utc>,
    pub submitted_at: Option<DateTime<Utc>>,
}

pub(super) async fn reviews(reader: &Reader, of: Scope) -> Result<Vec<ReviewRow>> {
    let mut sql = reader.sql(
        "SELECT v.id, v.round_id, x.title AS round, x.space_id, x.criteria, v.answers, v.state, v.decline_reason, v.decline_note, \
         v.staff_note, v.assigned_at, v.submitted_at FROM review v JOIN review_round x ON x.id = v.round_id",
    );
    of.push_member(&mut sql, "v.reviewer_id");
    if of.staff.is_some() {
        sql.push(" WHERE v.submitted_at IS NOT NULL");
    }
    sql.push(" ORDER BY v.id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A review of their work, as they read it: without who wrote it.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ReceivedRow {
    pub id: Uuid,
    pub round_id: Uuid,
    pub round: String,
    pub space_id: Uuid,
    pub contribution_id: Uuid,
    pub contribution_kind: ContributionKind,
    pub version: i32,
    pub criteria: Criteria,
    pub answers: Answers,
    pub reaction: Option<ReviewReaction>,
    pub reaction_note: Option<String>,
    pub change_version: Option<i32>,
}

pub(super) async fn received(reader: &Reader, of: Scope) -> Result<Vec<ReceivedRow>> {
    let mut sql = reader.sql(
        "SELECT v.id, v.round_id, x.title AS round, x.space_id, v.contribution_id, c.kind AS contribution_kind, t.version, x.criteria, \
         v.answers, v.reaction, v.reaction_note, v.change_version FROM review v JOIN review_round x ON x.id = v.round_id \
         JOIN review_target t ON t.id = v.target_id JOIN contribution c ON c.id = v.contribution_id",
    );
    of.push_member(&mut sql, "c.author_id");
    sql.push(" WHERE v.state IN ('RELEASED', 'ACKNOWLEDGED') ORDER BY v.id")
        .limit(MOST_ROWS);
    reader.rows(sql).await
}

// ------------------------------------------------------------------------------------------------- for the person alone

/// A sign-in.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct SessionRow {
    pub created_at: DateTime<Utc>,
    pub rotated_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

pub(super) async fn sessions(reader: &Reader, account: Uuid) -> Result<Vec<SessionRow>> {
    let mut sql = reader.sql("SELECT created_at, rotated_at, expires_at, ended_at FROM session WHERE account_id = ");
    sql.bind(account).push(" ORDER BY created_at DESC, id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A network from which they have signed in within 30 days: which one can't be told, since only a keyed hash is kept.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct NetworkRow {
    pub seen_at: DateTime<Utc>,
}

pub(super) async fn networks(reader: &Reader, account: Uuid) -> Result<Vec<NetworkRow>> {
    let mut sql = reader.sql("SELECT seen_at FROM known_network WHERE account_id = ");
    sql.bind(account).push(" ORDER BY seen_at DESC, hash").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A reaction.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ReactionRow {
    pub contribution_id: Uuid,
    pub contribution_kind: ContributionKind,
    pub kind: ReactionKind,
    pub created_at: DateTime<Utc>,
}

pub(super) async fn reactions(reader: &Reader, account: Uuid) -> Result<Vec<ReactionRow>> {
    let mut sql = reader.sql(
        "SELECT x.contribution_id, c.kind AS contribution_kind, x.kind, x.created_at FROM membership w \
         JOIN reaction x ON x.membership_id = w.id JOIN contribution c ON c.id = x.contribution_id WHERE w.account_id = ",
    );
    sql.bind(account)
        .push(" ORDER BY x.created_at DESC, x.contribution_id")
        .limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A thread that they follow or mute.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct SubscriptionRow {
    pub thread_id: Uuid,
    pub level: SubscriptionLevel,
}

pub(super) async fn subscriptions(reader: &Reader, account: Uuid) -> Result<Vec<SubscriptionRow>> {
    let mut sql = reader.sql(
        "SELECT x.thread_id, x.level FROM membership w JOIN subscription x ON x.membership_id = w.id WHERE w.account_id = ",
    );
    sql.bind(account).push(" ORDER BY x.thread_id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// Something that they were told of.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct NotificationRow {
    pub id: Uuid,
    pub space_id: Uuid,
    pub kind: NotificationKind,
    pub occurred_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
}

pub(super) async fn notifications(reader: &Reader, account: Uuid) -> Result<Vec<NotificationRow>> {
    let mut sql = reader
        .sql("SELECT n.id, n.space_id, n.kind, n.occurred_at, n.read_at FROM notification n WHERE n.account_id = ");
    sql.bind(account)
        .push(" ORDER BY n.occurred_at DESC, n.id DESC")
        .limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A kind of notifications that they don't want.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct MutedKindRow {
    pub kind: NotificationKind,
}

pub(super) async fn muted_kinds(reader: &Reader, account: Uuid) -> Result<Vec<MutedKindRow>> {
    let mut sql = reader.sql("SELECT x.kind FROM notification_mute x WHERE x.account_id = ");
    sql.bind(account).push(" ORDER BY x.kind");
    reader.rows(sql).await
}

/// A report that they have made.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ReportRow {
    pub id: Uuid,
    pub contribution_id: Uuid,
    pub contribution_kind: ContributionKind,
    pub version: i32,
    pub reason: ModerationReason,
    pub note: Option<String>,
    pub state: ReportState,
    pub submitted_at: DateTime<Utc>,
}

pub(super) async fn reports(reader: &Reader, account: Uuid) -> Result<Vec<ReportRow>> {
    let mut sql = reader.sql(
        "SELECT x.id, x.contribution_id, c.kind AS contribution_kind, x.version, x.reason, x.note, x.state, x.submitted_at \
         FROM membership w JOIN report x ON x.reporter_id = w.id JOIN contribution c ON c.id = x.contribution_id \
         WHERE w.account_id = ",
    );
    sql.bind(account)
        .push(" ORDER BY x.submitted_at, x.id")
        .limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A grant of theirs.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct GrantRow {
    pub id: Uuid,
    pub space_id: Uuid,
    pub capability: Capability,
    pub phase_id: Option<Uuid>,
    pub thread_id: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub ends_at: Option<DateTime<Utc>>,
}

pub(super) async fn grants(reader: &Reader, account: Uuid) -> Result<Vec<GrantRow>> {
    let mut sql = reader.sql(
        "SELECT g.id, g.space_id, g.capability, g.phase_id, g.thread_id, g.created_at, g.ends_at \
         FROM membership w JOIN capability_grant g ON g.member_id = w.id WHERE w.account_id = ",
    );
    sql.bind(account).push(" ORDER BY g.created_at, g.id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// How far they have read a thread.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ReadRow {
    pub thread_id: Uuid,
    pub comment_id: Uuid,
}

pub(super) async fn reads(reader: &Reader, account: Uuid) -> Result<Vec<ReadRow>> {
    let mut sql = reader.sql(
        "SELECT x.thread_id, x.comment_id FROM membership w JOIN thread_read x ON x.membership_id = w.id WHERE w.account_id = ",
    );
    sql.bind(account).push(" ORDER BY x.thread_id").limit(MOST_ROWS);
    reader.rows(sql).await
}

/// A record of the audit trail about them.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct RecordRow {
    pub occurred_at: DateTime<Utc>,
    pub act: AuditAct,
    pub state_before: Option<String>,
    pub state_after: Option<String>,
}

/// What was done to the account or its memberships; once, whatever number of chains it stands on.
pub(super) async fn records(reader: &Reader, account: Uuid) -> Result<Vec<RecordRow>> {
    let mut sql = reader.sql(
        "SELECT DISTINCT x.occurred_at, x.act, x.state_before, x.state_after FROM audit_record x WHERE x.subject_id IN (\
         SELECT id FROM membership WHERE account_id = ",
    );
    sql.bind(account)
        .push(" UNION ALL SELECT id FROM account WHERE id = ")
        .bind(account);
    sql.push(") ORDER BY x.occurred_at DESC").limit(MOST_ROWS);
    reader.rows(sql).await
}
