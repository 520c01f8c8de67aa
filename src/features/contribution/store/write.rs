//! Changing contributions, inside a unit of work.

use chrono::{DateTime, Utc};
use entity::{
    attachment, co_author, contribution, decision,
    enums::{DecisionKind, RevisionState},
    revision::{self, Detail},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, ConnectionTrait, EntityTrait, FromQueryResult, QueryFilter,
    sea_query::{Expr, ExprTrait},
};
use uuid::Uuid;

use super::{super::rules::Text, read};
use crate::{
    features::space::push_viewer,
    platform::{
        db::Tx,
        error::Result,
        text::{self, Rendered},
    },
    policy,
};

/// A contribution that nobody else changes until the unit ends.
pub(in super::super) type Locked = read::ContributionRow;

/// Locks a contribution (its root first, so that two units never wait for each other) and reads it as `account` sees it.
pub(in super::super) async fn lock(tx: &Tx<'_>, account: Uuid, id: Uuid, root: Option<Uuid>) -> Result<Option<Locked>> {
    lock_rows(tx, id, root).await?;
    tx.row(read::one(tx.sql("SELECT "), account, id)).await
}

/// The same, whether `account` sees it or not, as long as they are a member of its space.
pub(in super::super) async fn lock_any(
    tx: &Tx<'_>,
    account: Uuid,
    id: Uuid,
    root: Option<Uuid>,
) -> Result<Option<Locked>> {
    lock_rows(tx, id, root).await?;
    tx.row(read::any(tx.sql("SELECT "), account, id)).await
}

/// Locks a contribution, its root first.
pub(in super::super) async fn lock_rows(tx: &Tx<'_>, id: Uuid, root: Option<Uuid>) -> Result<()> {
    for id in root.into_iter().chain([id]) {
        let mut sql = tx.sql("SELECT 1 AS one FROM contribution WHERE id = ");
        sql.bind(id).push(tx.for_update());
        tx.query_one_raw(sql.statement()).await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// The contribution that an author's client key stands for.
pub(in super::super) async fn by_client_key(tx: &Tx<'_>, author: Uuid, key: &str) -> Result<Option<Uuid>> {
    let mut sql = tx.sql("SELECT id FROM contribution WHERE author_id = ");
    sql.bind(author).push(" AND client_key = ").bind(key);
    Ok(tx.row::<Id>(sql).await?.map(|row| row.id))
}

/// Whether anything hangs on a contribution: comments, or reviews, which are work of others.
pub(in super::super) async fn has_children(tx: &Tx<'_>, id: Uuid) -> Result<bool> {
    let mut sql = tx.sql("SELECT id FROM (SELECT id FROM contribution WHERE root_id = ");
    sql.bind(id);
    sql.push(" UNION ALL SELECT id FROM review_target WHERE contribution_id = ")
        .bind(id);
    sql.push(") AS found LIMIT 1");
    Ok(tx.row::<Id>(sql).await?.is_some())
}

pub(in super::super) async fn insert(tx: &Tx<'_>, row: contribution::ActiveModel) -> Result<()> {
    contribution::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

pub(in super::super) async fn update(tx: &Tx<'_>, row: contribution::ActiveModel) -> Result<()> {
    row.update(&**tx).await?;
    Ok(())
}

/// Moves a root with its comments into another phase.
pub(in super::super) async fn relocate(tx: &Tx<'_>, root: Uuid, phase: Uuid) -> Result<()> {
    let (id, root_id) = (contribution::Column::Id, contribution::Column::RootId);
    contribution::Entity::update_many()
        .col_expr(contribution::Column::PhaseId, Expr::value(phase))
        .filter(id.eq(root).or(root_id.eq(root)))
        .exec(&**tx)
        .await?;
    Ok(())
}

/// Removes a draft with its versions.
pub(in super::super) async fn delete(tx: &Tx<'_>, id: Uuid) -> Result<()> {
    contribution::Entity::delete_by_id(id).exec(&**tx).await?;
    Ok(())
}

/// Counts a comment of a root in (`1`) or out (`-1`), and notes the time of a publication.
pub(in super::super) async fn add_comment(
    tx: &Tx<'_>,
    root: Uuid,
    count: i32,
    at: Option<DateTime<Utc>>,
) -> Result<()> {
    let column = contribution::Column::CommentCount;
    let mut update = contribution::Entity::update_many().col_expr(column, Expr::col(column).add(count));
    if let Some(at) = at {
        update = update.col_expr(contribution::Column::LastActivityAt, at.into());
    }
    update.filter(contribution::Column::Id.eq(root)).exec(&**tx).await?;
    Ok(())
}

/// Adds a version of a text.
pub(in super::super) async fn insert_revision(
    tx: &Tx<'_>,
    (contribution, space, version): (Uuid, Uuid, i32),
    (text, rendered): (&Text, &Rendered),
    state: RevisionState,
    (audience, is_edit): (Option<entity::enums::Audience>, bool),
) -> Result<()> {
    let now = tx.clock().now();
    let row = revision::ActiveModel {
        id: Set(tx.clock().new_id()),
        contribution_id: Set(contribution),
        space_id: Set(space),
        version: Set(version),
        state: Set(state),
        title: Set(text.title.clone()),
        body: Set(text.body.clone()),
        body_html: Set(rendered.html.clone()),
        excerpt: Set(rendered.excerpt.clone()),
        language: Set(text.language.clone()),
        audience: Set(audience),
        week: Set(text.week.clone()),
        detail: Set(text.detail.clone()),
        renderer: Set(text::RENDERER),
        is_edit: Set(is_edit),
        created_at: Set(now),
        submitted_at: Set((state != RevisionState::Draft).then_some(now)),
    };
    revision::Entity::insert(row).exec_without_returning(&**tx).await?;
    attach(tx, (contribution, version), &text.detail.attachments).await
}

/// Notes which media items are shown with a version.
async fn attach(tx: &Tx<'_>, (host, version): (Uuid, i32), items: &[Uuid]) -> Result<()> {
    for (position, item) in (0_i32..).zip(items) {
        let mut sql = tx.sql("INSERT INTO attachment (host_id, version, position, item_id, is_own) SELECT h.id, ");
        sql.bind(version).push(", ").bind(position);
        // An album selects what is seen anyway.
        sql.push(
            ", i.id, i.author_id = h.author_id AND h.kind <> 'ALBUM' FROM contribution h, contribution i WHERE h.id = ",
        )
        .bind(host)
        .push(" AND i.id = ")
        .bind(*item);
        tx.execute_raw(sql.statement()).await?;
    }
    Ok(())
}

/// Forgets which media items are shown with a version.
async fn detach(tx: &Tx<'_>, host: Uuid, version: i32) -> Result<()> {
    let column = attachment::Column::HostId.eq(host);
    let of = attachment::Entity::delete_many().filter(column);
    of.filter(attachment::Column::Version.eq(version)).exec(&**tx).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Item {
    id: Uuid,
    is_own: bool,
    is_live: bool,
}

/// Which of these can be shown with what a member writes: own media items as long as something may become of them, and those of
/// others that the member sees in galleries.
pub(in super::super) async fn attachable(
    tx: &Tx<'_>,
    account: Uuid,
    (space, member): (Uuid, Uuid),
    items: &[Uuid],
) -> Result<Vec<Uuid>> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = tx.sql("SELECT c.id, c.author_id = ");
    sql.bind(member)
        .push(" AS is_own, c.state IN ('DRAFT', 'PENDING', 'PUBLISHED') AND ")
        .push("c.file_state IN ('REQUESTED', 'UPLOADED', 'PROCESSING', 'READY') AS is_live ")
        .push("FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id");
    push_viewer(&mut sql, account, "c.space_id");
    sql.push("WHERE c.kind = 'MEDIA_ITEM' AND c.space_id = ")
        .bind(space)
        .push(" AND ")
        .is_in("c.id", items);
    sql.push(" AND ((c.state = 'PUBLISHED' AND ")
        .push(policy::VISIBLE)
        .push(") OR c.author_id = ")
        .bind(member)
        .push(")");
    let rows = tx.rows::<Item>(sql).await?.into_iter();
    Ok(rows
        .filter(|row| row.is_live || !row.is_own)
        .map(|row| row.id)
        .collect())
}

/// Replaces the text of a draft in place: an autosave leaves one row.
pub(in super::super) async fn update_draft(
    tx: &Tx<'_>,
    known: &revision::Model,
    version: i32,
    (text, rendered): (&Text, &Rendered),
) -> Result<()> {
    let row = revision::ActiveModel {
        id: sea_orm::ActiveValue::Unchanged(known.id),
        version: Set(version),
        title: Set(text.title.clone()),
        body: Set(text.body.clone()),
        body_html: Set(rendered.html.clone()),
        excerpt: Set(rendered.excerpt.clone()),
        language: Set(text.language.clone()),
        week: Set(text.week.clone()),
        detail: Set(text.detail.clone()),
        renderer: Set(text::RENDERER),
        created_at: Set(tx.clock().now()),
        ..Default::default()
    };
    row.update(&**tx).await?;
    let (old, new) = (&known.detail.attachments, &text.detail.attachments);
    if !old.is_empty() || !new.is_empty() {
        detach(tx, known.contribution_id, known.version).await?;
        attach(tx, (known.contribution_id, version), new).await?;
    }
    Ok(())
}

/// Some texts that an earlier version of the renderer has rendered; locked.
pub(in super::super) async fn system_stale_texts(tx: &Tx<'_>) -> Result<Vec<revision::Model>> {
    let mut sql = tx.sql("");
    // As it is written in the index.
    sql.select::<revision::Entity>()
        .push(&format!(" WHERE renderer < {} ORDER BY id LIMIT 20 ", text::RENDERER))
        .push(tx.for_update());
    tx.rows(sql).await
}

/// Keeps how a text is rendered now.
pub(in super::super) async fn set_rendered(
    tx: &Tx<'_>,
    known: &revision::Model,
    (rendered, detail): (&Rendered, Detail),
) -> Result<()> {
    let row = revision::ActiveModel {
        id: sea_orm::ActiveValue::Unchanged(known.id),
        body_html: Set(rendered.html.clone()),
        excerpt: Set(rendered.excerpt.clone()),
        detail: Set(detail),
        renderer: Set(text::RENDERER),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// One version of a contribution.
pub(in super::super) async fn revision(
    tx: &Tx<'_>,
    contribution: Uuid,
    version: i32,
) -> Result<Option<revision::Model>> {
    let mut sql = tx.sql("");
    sql.select::<revision::Entity>()
        .push(" WHERE contribution_id = ")
        .bind(contribution)
        .push(" AND version = ")
        .bind(version);
    tx.row(sql).await
}

/// Sets where a version stands; one that is submitted gets its time.
pub(in super::super) async fn set_revision(
    tx: &Tx<'_>,
    contribution: Uuid,
    version: i32,
    state: RevisionState,
    submitted_at: Option<DateTime<Utc>>,
) -> Result<()> {
    let mut update = revision::Entity::update_many().col_expr(revision::Column::State, Expr::value(state));
    if let Some(at) = submitted_at {
        update = update.col_expr(revision::Column::SubmittedAt, at.into());
    }
    let update = update.filter(revision::Column::ContributionId.eq(contribution));
    update.filter(revision::Column::Version.eq(version)).exec(&**tx).await?;
    Ok(())
}

pub(in super::super) async fn insert_decision(tx: &Tx<'_>, row: decision::ActiveModel) -> Result<()> {
    decision::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Last {
    kind: DecisionKind,
    version: i32,
}

/// The newest decision, to tell a repeated call from a new one.
pub(in super::super) async fn latest_decision(tx: &Tx<'_>, contribution: Uuid) -> Result<Option<(DecisionKind, i32)>> {
    let mut sql = tx.sql("SELECT kind, version FROM decision WHERE contribution_id = ");
    sql.bind(contribution)
        .push(" ORDER BY decided_at DESC, id DESC LIMIT 1");
    Ok(tx.row::<Last>(sql).await?.map(|row| (row.kind, row.version)))
}

#[derive(FromQueryResult)]
struct Decider {
    decided_by_id: Option<Uuid>,
}

/// Whether somebody, not reports by themselves, took the newest decision.
pub(in super::super) async fn is_latest_human(tx: &Tx<'_>, contribution: Uuid) -> Result<bool> {
    let mut sql = tx.sql("SELECT decided_by_id FROM decision WHERE contribution_id = ");
    sql.bind(contribution)
        .push(" ORDER BY decided_at DESC, id DESC LIMIT 1");
    let latest = tx.row::<Decider>(sql).await?;
    Ok(latest.is_some_and(|latest| latest.decided_by_id.is_some()))
}

/// Brings back the last text that others have seen, when a draft that others have commented on is removed, and blanks what nobody
/// has seen. Returns the version that is read from now on.
pub(in super::super) async fn forget_draft(tx: &Tx<'_>, contribution: Uuid) -> Result<Option<i32>> {
    let mut sql = tx.sql("DELETE FROM attachment WHERE host_id = ");
    sql.bind(contribution)
        .push(" AND version IN (SELECT v.version FROM revision v WHERE v.state = 'DRAFT' AND v.contribution_id = ")
        .bind(contribution)
        .push(")");
    tx.execute_raw(sql.statement()).await?;
    revision::Entity::update_many()
        .col_expr(revision::Column::Title, Expr::value(Option::<String>::None))
        .col_expr(revision::Column::Body, Expr::value(""))
        .col_expr(revision::Column::BodyHtml, Expr::value(""))
        .col_expr(revision::Column::Excerpt, Expr::value(""))
        .col_expr(revision::Column::Detail, Expr::value(serde_json::json!({})))
        .filter(revision::Column::ContributionId.eq(contribution))
        .filter(revision::Column::State.eq(RevisionState::Draft))
        .exec(&**tx)
        .await?;
    let mut sql = tx.sql("SELECT version FROM revision WHERE state = 'PUBLISHED' AND contribution_id = ");
    sql.bind(contribution).push(" ORDER BY version DESC LIMIT 1");
    Ok(tx.row::<Version>(sql).await?.map(|row| row.version))
}

#[derive(FromQueryResult)]
struct Version {
    version: i32,
}

#[derive(FromQueryResult)]
struct CoAuthor {
    member_id: Uuid,
    confirmed_version: Option<i32>,
}

/// The memberships of the co-authors of an entry, in their order.
pub(in super::super) async fn co_authors(tx: &Tx<'_>, id: Uuid) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql("SELECT member_id, confirmed_version FROM co_author WHERE contribution_id = ");
    sql.bind(id).push(" ORDER BY position");
    let rows = tx.rows::<CoAuthor>(sql).await?.into_iter();
    Ok(rows.map(|row| row.member_id).collect())
}

/// The version that a co-author has confirmed.
pub(in super::super) async fn confirmed(tx: &Tx<'_>, id: Uuid, member: Uuid) -> Result<Option<i32>> {
    let mut sql = tx.sql("SELECT member_id, confirmed_version FROM co_author WHERE contribution_id = ");
    sql.bind(id).push(" AND member_id = ").bind(member);
    Ok(tx.row::<CoAuthor>(sql).await?.and_then(|row| row.confirmed_version))
}

/// Names a co-author, or moves one who is named.
pub(in super::super) async fn name(
    tx: &Tx<'_>,
    id: Uuid,
    (member, position): (Uuid, i32),
    is_named: bool,
) -> Result<()> {
    if is_named {
        let row = co_author::ActiveModel {
            contribution_id: Unchanged(id),
            member_id: Unchanged(member),
            position: Set(position),
            ..Default::default()
        };
        row.update(&**tx).await?;
    } else {
        let row = co_author::ActiveModel {
            contribution_id: Set(id),
            member_id: Set(member),
            position: Set(position),
            confirmed_version: Set(None),
            confirmed_at: Set(None),
        };
        co_author::Entity::insert(row).exec_without_returning(&**tx).await?;
    }
    Ok(())
}

/// Names a co-author no more.
pub(in super::super) async fn unname(tx: &Tx<'_>, id: Uuid, member: Uuid) -> Result<()> {
    co_author::Entity::delete_by_id((id, member)).exec(&**tx).await?;
    Ok(())
}

/// Keeps that a co-author has confirmed a version.
pub(in super::super) async fn confirm(tx: &Tx<'_>, id: Uuid, member: Uuid, version: i32) -> Result<()> {
    let row = co_author::ActiveModel {
        contribution_id: Unchanged(id),
        member_id: Unchanged(member),
        confirmed_version: Set(Some(version)),
        confirmed_at: Set(Some(tx.clock().now())),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}
