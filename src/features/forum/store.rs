//! Statements over `thread_read`.

use std::collections::HashMap;

use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::{
    features::space::push_viewer,
    platform::{
        db::{Reader, Sql, Tx},
        error::Result,
    },
    policy,
};

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// The space of a thread that the viewer sees, to find its gate.
///
/// # Errors
/// The database's.
pub async fn space_of_thread(reader: &Reader, thread: Uuid) -> Result<Option<Uuid>> {
    let mut sql = reader.sql("SELECT c.space_id AS id");
    push_seen(&mut sql, reader.actor()?.account_id);
    sql.push(" AND c.kind = 'THREAD' AND c.id = ").bind(thread);
    Ok(reader.row::<Id>(sql).await?.map(|row| row.id))
}

/// Whether an account sees a thread, or a comment of it. Only behind the gate.
pub(super) async fn is_seen(tx: &Tx<'_>, account: Uuid, thread: Uuid, comment: Option<Uuid>) -> Result<bool> {
    let mut sql = tx.sql("SELECT c.id");
    push_seen(&mut sql, account);
    match comment {
        None => sql.push(" AND c.kind = 'THREAD' AND c.id = ").bind(thread),
        Some(comment) => sql
            .push(" AND c.listed_at IS NOT NULL AND c.root_id = ")
            .bind(thread)
            .push(" AND c.id = ")
            .bind(comment),
    };
    Ok(tx.row::<Id>(sql).await?.is_some())
}

fn push_seen(sql: &mut Sql, account: Uuid) {
    sql.push(" FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id");
    push_viewer(sql, account, "c.space_id");
    sql.push("WHERE ").push(policy::VISIBLE);
}

// ----------------------------------------------------------------------------------------------------------------- read

/// Reads `what` of the comments `c` that the viewer has not read of each thread: one range of an index, from the mark on. Without
/// a mark, that is when the viewer joined.
fn push_unread(sql: &mut Sql, account: Uuid, threads: &[Uuid], (what, name, tail): (&str, &str, &str)) {
    sql.push("SELECT r.id AS thread_id, (SELECT ")
        .push(what)
        .push(" FROM contribution c WHERE c.root_id = r.id AND (c.listed_at, c.id) > ")
        .push("(COALESCE(t.listed_at, m.created_at), COALESCE(t.comment_id, m.id)) ")
        .push("AND c.state = 'PUBLISHED' AND c.author_id <> m.id AND ")
        .push(policy::VISIBLE)
        .push(tail)
        .push(") AS ")
        .push(name)
        .push(" FROM contribution r");
    push_viewer(sql, account, "r.space_id");
    sql.push("LEFT JOIN thread_read t ON t.membership_id = m.id AND t.thread_id = r.id WHERE ")
        .is_in("r.id", threads);
}

#[derive(FromQueryResult)]
struct Unread {
    thread_id: Uuid,
    count: i64,
}

#[derive(FromQueryResult)]
struct FirstUnread {
    comment_id: Option<Uuid>,
}

/// How many comments of threads the viewer has not read.
pub(super) async fn unread(reader: &Reader, threads: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let mut sql = reader.sql("");
    push_unread(&mut sql, reader.actor()?.account_id, threads, ("COUNT(*)", "count", ""));
    let rows = reader.rows::<Unread>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.thread_id, row.count)).collect())
}

/// The first comment of each thread that the viewer has not read.
pub(super) async fn first_unread(reader: &Reader, threads: &[Uuid]) -> Result<Vec<Uuid>> {
    let first = ("c.id", "comment_id", " ORDER BY c.listed_at, c.id LIMIT 1");
    let mut sql = reader.sql("");
    push_unread(&mut sql, reader.actor()?.account_id, threads, first);
    let rows = reader.rows::<FirstUnread>(sql).await?;
    Ok(rows.into_iter().filter_map(|row| row.comment_id).collect())
}

/// Forgets what a member has read.
///
/// # Errors
/// The database's.
pub async fn forget_read(tx: &Tx<'_>, member: Uuid) -> Result<()> {
    let mut sql = tx.sql("DELETE FROM thread_read WHERE membership_id = ");
    sql.bind(member);
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// Which threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Threads {
    /// This one.
    One(Uuid),
    /// All of a phase that somebody sees.
    OfPhase(Uuid),
}

/// Notes that an account has read threads up to a comment, or to the newest that it sees. What was read stays read.
pub(super) async fn mark_read(tx: &Tx<'_>, account: Uuid, threads: Threads, up_to: Option<Uuid>) -> Result<()> {
    let mut sql = tx.sql("INSERT INTO thread_read (membership_id, thread_id, listed_at, comment_id) ");
    sql.push("SELECT m.id, c.id, n.listed_at, n.id FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id ")
        // Sight is written over `c` and `r`: inside, where they are a comment and its root, the thread needs another name.
        .push("JOIN contribution t ON t.id = c.id ");
    push_viewer(&mut sql, account, "c.space_id");
    sql.push("JOIN contribution n ON n.root_id = t.id AND n.id = ");
    match up_to {
        Some(comment) => sql.bind(comment),
        None => sql
            .push("(SELECT c.id FROM contribution c JOIN contribution r ON r.id = c.root_id WHERE c.root_id = t.id ")
            .push("AND c.state = 'PUBLISHED' AND ")
            .push(policy::VISIBLE)
            .push(" ORDER BY c.listed_at DESC, c.id DESC LIMIT 1) "),
    };
    sql.push(" WHERE c.kind = 'THREAD' AND (n.listed_at, n.id) > (m.created_at, m.id) AND ");
    match threads {
        Threads::One(thread) => sql.push("c.id = ").bind(thread),
        Threads::OfPhase(phase) => sql.push("c.phase_id = ").bind(phase),
    };
    sql.push(" AND ").push(policy::VISIBLE).push(
        " ON CONFLICT (membership_id, thread_id) DO UPDATE SET listed_at = excluded.listed_at, \
         comment_id = excluded.comment_id \
         WHERE (excluded.listed_at, excluded.comment_id) > (thread_read.listed_at, thread_read.comment_id)",
    );
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}
