//! Statements over `notification` and `notification_mute`.

use chrono::{DateTime, Utc};
use entity::{
    enums::{EventKind, NotificationKind},
    event, notification,
};
use sea_orm::{ActiveEnum, ActiveValue::Set, ConnectionTrait, EntityTrait, FromQueryResult, sea_query::OnConflict};
use uuid::Uuid;

use crate::{
    platform::{
        db::{Reader, Sql, Tx},
        error::Result,
        page::{Cut, Key, KeyType, Order, Page},
        stream::Position,
    },
    policy,
};

/// The event with this id, unless it was deleted.
pub(super) async fn system_event(reader: &Reader, id: Uuid) -> Result<Option<event::Model>> {
    let mut sql = reader.sql("");
    sql.select::<event::Entity>().push(" WHERE id = ").bind(id);
    reader.row(sql).await
}

/// Somebody who is to be told.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Recipient {
    pub id: Uuid,
    pub account_id: Uuid,
}

const RECIPIENT: &str = "SELECT m.id, m.account_id FROM ";

const OF_CONTRIBUTION: &str = "contribution c LEFT JOIN contribution r ON r.id = c.root_id \
    JOIN membership m ON m.space_id = c.space_id AND m.left_at IS NULL WHERE c.id = ";

/// Leaves out who did it, and who doesn't want this kind of notification.
fn push_wanting(sql: &mut Sql, kind: NotificationKind, actor: Option<Uuid>) {
    sql.push(" AND NOT EXISTS (SELECT 1 FROM notification_mute x WHERE x.account_id = m.account_id AND x.kind = ")
        .bind(kind.to_value())
        .push(")");
    if let Some(actor) = actor {
        sql.push(" AND m.id <> ").bind(actor);
    }
}

/// Leaves out who has muted the thread.
const UNMUTED: &str = " AND NOT EXISTS (SELECT 1 FROM subscription x WHERE x.membership_id = m.id \
    AND x.thread_id = COALESCE(c.root_id, c.id) AND x.level = 'MUTED')";

/// Whom a comment answers: the authors of its root and of the comment that it answers, as far as they see it.
pub(super) async fn system_answered(reader: &Reader, comment: Uuid) -> Result<Vec<Recipient>> {
    let mut sql = reader.sql(RECIPIENT);
    sql.push(OF_CONTRIBUTION).bind(comment);
    sql.push(
        " AND c.state = 'PUBLISHED' AND c.author_id <> m.id AND (m.id = r.author_id \
         OR m.id = (SELECT a.author_id FROM contribution a WHERE a.id = c.reply_to_id)) AND ",
    );
    sql.push(policy::VISIBLE).push(UNMUTED);
    push_wanting(&mut sql, NotificationKind::Reply, None);
    reader.rows(sql).await
}

/// Those among `members` who see what mentions them.
pub(super) async fn system_mentioned(reader: &Reader, contribution: Uuid, members: &[Uuid]) -> Result<Vec<Recipient>> {
    let mut sql = reader.sql(RECIPIENT);
    sql.push(OF_CONTRIBUTION).bind(contribution);
    sql.push(" AND c.state = 'PUBLISHED' AND c.author_id <> m.id AND ")
        .is_in("m.id", members);
    sql.push(" AND ").push(policy::VISIBLE).push(UNMUTED);
    push_wanting(&mut sql, NotificationKind::Mention, None);
    reader.rows(sql).await
}

#[derive(FromQueryResult)]
struct Text {
    body_html: String,
}

/// The published text of a contribution.
pub(super) async fn system_text(reader: &Reader, contribution: Uuid) -> Result<Option<String>> {
    let mut sql = reader.sql(
        "SELECT v.body_html FROM contribution c JOIN revision v ON v.contribution_id = c.id \
         AND v.version = c.published_version WHERE c.id = ",
    );
    sql.bind(contribution);
    Ok(reader.row::<Text>(sql).await?.map(|text| text.body_html))
}

/// One member, or all of a space.
pub(super) async fn system_members(
    reader: &Reader,
    (space, member): (Uuid, Option<Uuid>),
    kind: NotificationKind,
    actor: Option<Uuid>,
) -> Result<Vec<Recipient>> {
    let mut sql = reader.sql(RECIPIENT);
    sql.push("membership m WHERE m.left_at IS NULL AND m.space_id = ")
        .bind(space);
    if let Some(member) = member {
        sql.push(" AND m.id = ").bind(member);
    }
    push_wanting(&mut sql, kind, actor);
    reader.rows(sql).await
}

/// Who may decide about a report that waits.
pub(super) async fn system_judges(reader: &Reader, event: &event::Model, report: Uuid) -> Result<Vec<Recipient>> {
    let mut sql = reader.sql(RECIPIENT);
    sql.push(
        "report x JOIN contribution c ON c.id = x.contribution_id LEFT JOIN contribution r ON r.id = c.root_id \
         JOIN membership m ON m.space_id = x.space_id AND m.left_at IS NULL \
         WHERE x.state IN ('OPEN', 'ESCALATED') AND x.id = ",
    );
    sql.bind(report).push(" AND ").push(policy::REPORT_VISIBLE);
    if event.kind != EventKind::ReportCreated {
        sql.push(" AND m.role = 'COORDINATOR'");
    }
    push_wanting(&mut sql, NotificationKind::ReportToDecide, event.actor_id);
    reader.rows(sql).await
}

/// Who is asked for the reviews of a round, or for one of them, that are under way.
pub(super) async fn system_reviewers(
    reader: &Reader,
    (round, review): (Uuid, Option<Uuid>),
    (kind, actor): (NotificationKind, Option<Uuid>),
) -> Result<Vec<Recipient>> {
    let mut sql = reader.sql(
        "SELECT DISTINCT m.id, m.account_id FROM review v JOIN membership m ON m.id = v.reviewer_id \
         AND m.left_at IS NULL WHERE v.state NOT IN ('DECLINED', 'EXPIRED', 'VOIDED') AND v.round_id = ",
    );
    sql.bind(round);
    if let Some(review) = review {
        sql.push(" AND v.id = ").bind(review);
    }
    push_wanting(&mut sql, kind, actor);
    reader.rows(sql).await
}

/// Whose work is reviewed in a round: those who read this review of it, or one since the reflection began.
pub(super) async fn system_reviewed(
    reader: &Reader,
    (round, review): (Uuid, Option<Uuid>),
    event: &event::Model,
) -> Result<Vec<Recipient>> {
    let mut sql = reader.sql(
        "SELECT DISTINCT m.id, m.account_id FROM review v JOIN contribution c ON c.id = v.contribution_id \
         JOIN review_round x ON x.id = v.round_id JOIN membership m ON m.space_id = c.space_id AND m.left_at IS NULL AND ",
    );
    sql.push(policy::MADE)
        .push(" WHERE v.state IN ('RELEASED', 'ACKNOWLEDGED') AND v.round_id = ")
        .bind(round);
    match review {
        Some(review) => sql.push(" AND v.id = ").bind(review),
        None => sql.push(" AND v.released_at = x.reflected_at"),
    };
    push_wanting(&mut sql, NotificationKind::ReviewReleased, event.actor_id);
    reader.rows(sql).await
}

#[derive(FromQueryResult)]
struct Is {
    #[expect(dead_code, reason = "that there is a row is all that is asked")]
    id: Uuid,
}

/// How somebody stands to what they are to be told of.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Standing {
    /// Whether they read what was written; so too if nothing was.
    pub reads: bool,
}

/// How somebody stands to what they are to be told of, if they may still be told: they belong to the space, and nobody erases them
/// before this unit ends.
pub(super) async fn system_standing(
    tx: &Tx<'_>,
    one: Recipient,
    contribution: Option<Uuid>,
) -> Result<Option<Standing>> {
    let mut sql = tx.sql("SELECT a.id FROM account a WHERE a.erased_at IS NULL AND a.id = ");
    sql.bind(one.account_id).push(tx.for_update());
    if tx.row::<Is>(sql).await?.is_none() {
        return Ok(None);
    }
    // In a later statement than the one that may have waited: this one sees what was waited for.
    let mut sql = tx.sql("SELECT ");
    match contribution {
        Some(contribution) => sql
            .push("EXISTS (SELECT 1 FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id WHERE c.id = ")
            .bind(contribution)
            .push(" AND ")
            .push(policy::VISIBLE)
            .push(" AND ")
            .push(policy::SEES_TEXT)
            .push(")"),
        None => sql.push("1 = 1"),
    };
    sql.push(" AS reads FROM membership m WHERE m.left_at IS NULL AND m.id = ")
        .bind(one.id);
    tx.row(sql).await
}

/// Adds a notification; whether it is new.
pub(super) async fn insert(tx: &Tx<'_>, row: notification::ActiveModel) -> Result<bool> {
    use notification::Column::{AccountId, CauseId, Kind};
    let known = OnConflict::columns([AccountId, Kind, CauseId]).do_nothing().to_owned();
    let insert = notification::Entity::insert(row).on_conflict(known);
    Ok(insert.exec_without_returning(&**tx).await? > 0)
}

/// A notification as its account reads it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct NotificationRow {
    pub id: Uuid,
    pub member_id: Uuid,
    pub space_id: Uuid,
    pub kind: NotificationKind,
    pub actor_id: Option<Uuid>,
    pub contribution_id: Option<Uuid>,
    pub phase_id: Option<Uuid>,
    pub report_id: Option<Uuid>,
    pub round_id: Option<Uuid>,
    pub review_id: Option<Uuid>,
    pub occurred_at: DateTime<Utc>,
    pub read_at: Option<DateTime<Utc>>,
    pub gone_at: Option<DateTime<Utc>>,
}

const COLUMNS: &str = "n.id, n.member_id, n.space_id, n.kind, n.actor_id, n.contribution_id, n.phase_id, n.report_id, \
    n.round_id, n.review_id, n.occurred_at, n.read_at, n.gone_at";

/// What counts as unread: what is out of sight can't be read.
const UNREAD: &str = " AND n.read_at IS NULL AND n.gone_at IS NULL";

/// Only of spaces to which the viewer still belongs.
fn push_own(sql: &mut Sql, account: Uuid) {
    sql.push(
        " FROM notification n JOIN membership m ON m.id = n.member_id AND m.left_at IS NULL WHERE n.account_id = ",
    )
    .bind(account);
}

pub(super) const ORDER: Order = Order {
    tag: 50,
    columns: &[("occurred_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: true,
};

/// What the viewer was told of, newest first.
pub(super) async fn page(reader: &Reader, is_unread: bool, page: &Page) -> Result<Cut<NotificationRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS);
    push_own(&mut sql, reader.actor()?.account_id);
    if is_unread {
        sql.push(UNREAD);
    }
    page.push(&mut sql, "n");
    let place = |row: &NotificationRow| vec![Key::Time(row.occurred_at), Key::Id(row.id)];
    Ok(page.cut(reader.rows(sql).await?, place))
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How much the viewer was told of, or has not read of it.
pub(super) async fn count(reader: &Reader, is_unread: bool) -> Result<i64> {
    let mut sql = reader.sql("SELECT COUNT(*) AS count");
    push_own(&mut sql, reader.actor()?.account_id);
    if is_unread {
        sql.push(UNREAD);
    }
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// The viewer's own, by id.
pub(super) async fn by_ids(reader: &Reader, ids: &[Uuid]) -> Result<Vec<NotificationRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS);
    push_own(&mut sql, reader.actor()?.account_id);
    sql.push(" AND ").is_in("n.id", ids);
    reader.rows(sql).await
}

/// Where the viewer's inbox stands.
pub(super) async fn position(reader: &Reader) -> Result<Option<Position>> {
    let mut sql = reader.sql("SELECT id, last_seq, epoch, last_event_id FROM stream WHERE id = ");
    sql.bind(reader.actor()?.account_id);
    reader.row(sql).await
}

/// Which notifications were read.
#[derive(Clone, Debug)]
pub enum Read {
    /// These.
    These(Vec<Uuid>),
    /// All up to this one.
    UpTo(Uuid),
}

/// Notes that an account has read some; how many were unread.
pub(super) async fn mark_read(tx: &Tx<'_>, account: Uuid, read: &Read) -> Result<u64> {
    let mut sql = tx.sql("UPDATE notification SET read_at = :now WHERE read_at IS NULL AND account_id = ");
    sql.bind(account).push(" AND ");
    match read {
        Read::These(ids) => sql.is_in("id", ids),
        Read::UpTo(id) => sql
            .push("(occurred_at, id) <= (SELECT n.occurred_at, n.id FROM notification n WHERE n.account_id = ")
            .bind(account)
            .push(" AND n.id = ")
            .bind(*id)
            .push(")"),
    };
    Ok(tx.execute_raw(sql.statement()).await?.rows_affected())
}

/// How many of these an account was told of.
pub(super) async fn known(tx: &Tx<'_>, account: Uuid, ids: &[Uuid]) -> Result<i64> {
    let mut sql = tx.sql("SELECT COUNT(*) AS count FROM notification WHERE account_id = ");
    sql.bind(account).push(" AND ").is_in("id", ids);
    Ok(tx.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

#[derive(FromQueryResult)]
struct Muted {
    kind: NotificationKind,
}

/// What the viewer doesn't want.
pub(super) async fn muted(reader: &Reader) -> Result<Vec<NotificationKind>> {
    let mut sql = reader.sql("SELECT kind FROM notification_mute WHERE account_id = ");
    sql.bind(reader.actor()?.account_id);
    let rows = reader.rows::<Muted>(sql).await?;
    Ok(rows.into_iter().map(|row| row.kind).collect())
}

/// Notes whether an account wants a kind of notification.
pub(super) async fn want(tx: &Tx<'_>, account: Uuid, kind: NotificationKind, is_wanted: bool) -> Result<()> {
    let (mut sql, between, end) = if is_wanted {
        let sql = tx.sql("DELETE FROM notification_mute WHERE account_id = ");
        (sql, " AND kind = ", "")
    } else {
        let sql = tx.sql("INSERT INTO notification_mute (account_id, kind) VALUES (");
        (sql, ", ", ") ON CONFLICT (account_id, kind) DO NOTHING")
    };
    sql.bind(account).push(between).bind(kind.to_value()).push(end);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Deletes what an account was told of and what it wants, and its inbox.
pub(super) async fn delete_all(tx: &Tx<'_>, account: Uuid) -> Result<()> {
    for text in [
        "DELETE FROM notification WHERE account_id = ",
        "DELETE FROM notification_mute WHERE account_id = ",
        "DELETE FROM event WHERE stream_id = ",
    ] {
        let mut sql = tx.sql(text);
        sql.bind(account);
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// A notification to be added.
pub(super) fn row(
    id: Uuid,
    to: Recipient,
    (kind, gone_at): (NotificationKind, Option<DateTime<Utc>>),
    of: &event::Model,
) -> notification::ActiveModel {
    // What is written counts once for each who is answered or mentioned, however often it is published.
    let cause = match kind {
        NotificationKind::Reply | NotificationKind::Mention => of.contribution_id,
        _ => None,
    };
    notification::ActiveModel {
        id: Set(id),
        account_id: Set(to.account_id),
        member_id: Set(to.id),
        space_id: Set(of.stream_id),
        kind: Set(kind),
        cause_id: Set(cause.unwrap_or(of.id)),
        // Who reported is told by the report, who reviews by the review, to those who may know.
        actor_id: Set(of.actor_id.filter(|_| of.report_id.is_none() && of.round_id.is_none())),
        contribution_id: Set(of.contribution_id),
        phase_id: Set(of
            .phase_id
            .filter(|_| of.contribution_id.is_none() && of.round_id.is_none())),
        report_id: Set(of.report_id),
        round_id: Set(of.round_id),
        review_id: Set(of.review_id),
        occurred_at: Set(of.occurred_at),
        read_at: Set(None),
        gone_at: Set(gone_at),
    }
}
