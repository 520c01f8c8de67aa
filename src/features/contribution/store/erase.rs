//! Taking what a person wrote out of their contributions.

use entity::enums::{Audience, ContentState, ContributionKind};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{
    platform::{
        db::{Sql, Tx},
        error::Result,
        stream::ContributionFacts,
    },
    policy,
};

/// Whether anything of the text of `c` is left.
const HAS_TEXT: &str = "(c.state <> 'REMOVED' OR c.client_key IS NOT NULL OR EXISTS (SELECT 1 FROM revision v \
    WHERE v.contribution_id = c.id AND (v.body <> '' OR v.detail <> '{}')))";

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// The contributions of a member in which anything is left.
pub(in super::super) async fn authored(tx: &Tx<'_>, member: Uuid) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql("SELECT c.id FROM contribution c WHERE c.author_id = ");
    sql.bind(member).push(" AND ").push(HAS_TEXT);
    let rows = tx.rows::<Id>(sql).await?.into_iter();
    Ok(rows.map(|row| row.id).collect())
}

/// A contribution that is about to lose its text.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct Condemned {
    pub id: Uuid,
    phase_id: Uuid,
    kind: ContributionKind,
    pub root_id: Option<Uuid>,
    author_id: Uuid,
    pub state: ContentState,
    audience: Audience,
    pending_version: Option<i32>,
    root_author_id: Option<Uuid>,
    root_audience: Option<Audience>,
    root_pending_version: Option<i32>,
    has_children: bool,
}

impl Condemned {
    /// Whether the row itself goes: what others never saw, and nothing hangs on. Files are cleared away first.
    pub fn is_deleted(&self) -> bool {
        self.state == ContentState::Draft && !self.has_children && self.kind != ContributionKind::MediaItem
    }

    /// What the event about it says.
    pub fn facts(&self) -> ContributionFacts {
        let audience = self.root_audience.unwrap_or(self.audience);
        let pending = match self.root_id {
            Some(_) => self.root_pending_version,
            None => self.pending_version,
        };
        ContributionFacts {
            id: self.id,
            phase_id: self.phase_id,
            kind: self.kind,
            root_id: self.root_id,
            author_id: self.author_id,
            root_author_id: self.root_author_id.unwrap_or(self.author_id),
            state: (self.state, ContentState::Removed),
            audience: (policy::effective(audience, pending.is_some()), audience),
        }
    }
}

/// Those of these contributions in which anything is left.
pub(in super::super) async fn condemned(tx: &Tx<'_>, ids: &[Uuid]) -> Result<Vec<Condemned>> {
    let mut sql = tx.sql(
        "SELECT c.id, c.phase_id, c.kind, c.root_id, c.author_id, c.state, c.audience, c.pending_version, r.author_id AS root_author_id, \
         r.audience AS root_audience, r.pending_version AS root_pending_version, \
         EXISTS (SELECT 1 FROM contribution k WHERE k.root_id = c.id) AS has_children \
         FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id WHERE ",
    );
    sql.push(HAS_TEXT)
        .push(" AND ")
        .is_in("c.id", ids)
        .push(" ORDER BY c.id");
    tx.rows(sql).await
}

async fn run(tx: &Tx<'_>, sql: Sql) -> Result<()> {
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Removes rows altogether, with their versions.
pub(in super::super) async fn delete_all(tx: &Tx<'_>, ids: &[Uuid]) -> Result<()> {
    let mut sql = tx.sql("DELETE FROM contribution WHERE ");
    sql.is_in("id", ids);
    run(tx, sql).await
}

/// Takes every text out of contributions: all versions, what moderators noted about them, and the keys of clients. What is left is
/// their place.
pub(in super::super) async fn blank(tx: &Tx<'_>, ids: &[Uuid]) -> Result<()> {
    let mut sql = tx.sql(
        "UPDATE revision SET title = CASE WHEN title IS NULL THEN NULL ELSE '' END, body = '', body_html = '', excerpt = '', \
         language = NULL, week = NULL, detail = '{}', state = CASE state WHEN 'PENDING' THEN 'SUPERSEDED' ELSE state END WHERE ",
    );
    sql.is_in("contribution_id", ids);
    run(tx, sql).await?;
    let mut sql = tx.sql("UPDATE decision SET note = NULL WHERE ");
    sql.is_in("contribution_id", ids);
    run(tx, sql).await?;
    let mut sql = tx.sql(
        "UPDATE contribution SET state = 'REMOVED', listed_at = COALESCE(listed_at, created_at), pending_version = NULL, \
         language = NULL, week = NULL, client_key = NULL, \
         file_state_at = CASE WHEN file_state IS NULL THEN NULL ELSE :now END, \
         file_state = CASE WHEN file_state IS NULL THEN NULL ELSE 'DELETED' END WHERE ",
    );
    sql.is_in("id", ids);
    run(tx, sql).await
}

/// Counts the published comments of roots anew.
pub(in super::super) async fn count_anew(tx: &Tx<'_>, roots: &[Uuid]) -> Result<()> {
    let mut sql = tx.sql(
        "UPDATE contribution SET comment_count = (SELECT COUNT(*) FROM contribution k WHERE k.root_id = contribution.id \
         AND k.state = 'PUBLISHED') WHERE ",
    );
    sql.is_in("id", roots);
    run(tx, sql).await
}

/// Forgets what a member follows and what they noted as a moderator.
pub(in super::super) async fn forget_member(tx: &Tx<'_>, space: Uuid, member: Uuid) -> Result<()> {
    let mut sql = tx.sql("DELETE FROM subscription WHERE membership_id = ");
    sql.bind(member);
    run(tx, sql).await?;
    let mut sql = tx.sql("UPDATE decision SET note = NULL WHERE note IS NOT NULL AND space_id = ");
    sql.bind(space).push(" AND decided_by_id = ").bind(member);
    run(tx, sql).await
}
