//! What the allocation of a round is made from.

use chrono::{DateTime, Utc};
use entity::{account::Languages, enums::AssignmentState, review_value::EntryFilter};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::RoundRow;
use crate::{
    platform::{
        db::{Reader, Sql, Tx},
        error::Result,
    },
    policy::public_sql,
};

/// Targets of a round at most.
pub(in super::super) const MOST_TARGETS: usize = 1_000;

/// Rounds before this one whose pairs aren't to be repeated.
const EARLIER_ROUNDS: usize = 3;

/// Where it is read: before a unit of work, or in one that has passed the gate.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Source<'a> {
    Reader(&'a Reader),
    Unit(&'a Tx<'a>),
}

impl Source<'_> {
    fn sql(self, text: &str) -> Sql {
        match self {
            Self::Reader(reader) => reader.sql(text),
            Self::Unit(tx) => tx.sql(text),
        }
    }

    /// The time by the clock of the server.
    pub(in super::super) fn now(self) -> DateTime<Utc> {
        match self {
            Self::Reader(reader) => reader.db().clock().now(),
            Self::Unit(tx) => tx.clock().now(),
        }
    }

    async fn rows<T: FromQueryResult + Send>(self, sql: Sql) -> Result<Vec<T>> {
        match self {
            Self::Reader(reader) => reader.rows(sql).await,
            Self::Unit(tx) => tx.rows(sql).await,
        }
    }
}

/// Work that is, or can be, a target.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(in super::super) struct WorkRow {
    pub contribution_id: Uuid,
    pub version: i32,
    pub author_id: Uuid,
    pub organisation_id: Uuid,
    pub language: Option<String>,
    /// None while it is no target.
    pub target_id: Option<Uuid>,
    /// Whether all members read it: else nobody new is asked to review it.
    pub is_public: bool,
}

const WORK: &str = concat!(
    "SELECT c.id AS contribution_id, COALESCE(t.version, c.published_version) AS version, c.author_id, \
    c.author_org_id AS organisation_id, c.language, t.id AS target_id, ",
    public_sql!(),
    " AS is_public FROM contribution c LEFT JOIN review_target t ON t.contribution_id = c.id AND t.round_id = "
);

/// What can be reviewed.
pub(super) const REVIEWABLE: &str = public_sql!();

/// The targets that a round has, and if it takes more those that it would get now, at most one more than there may be.
pub(in super::super) async fn system_work(
    source: Source<'_>,
    round: &RoundRow,
    takes_more: bool,
) -> Result<Vec<WorkRow>> {
    let mut sql = source.sql(WORK);
    sql.bind(round.id).push(" WHERE c.space_id = ").bind(round.space_id);
    sql.push(" AND (t.id IS NOT NULL");
    if takes_more {
        sql.push(" OR ")
            .push(REVIEWABLE)
            .push(" AND (")
            .is_in("c.id", &round.plan.chosen);
        if let Some(filter) = &round.plan.entries {
            sql.push(" OR ");
            push_entries(&mut sql, round.phase_id, filter);
        }
        sql.push(")");
    }
    sql.push(") ORDER BY c.id").limit(MOST_TARGETS + 1);
    source.rows(sql).await
}

fn push_entries(sql: &mut Sql, phase: Uuid, filter: &EntryFilter) {
    sql.push("c.kind = 'JOURNAL_ENTRY' AND c.phase_id = ").bind(phase);
    if let Some(week) = &filter.from_week {
        sql.push(" AND c.week >= ").bind(week.clone());
    }
    if let Some(week) = &filter.to_week {
        sql.push(" AND c.week <= ").bind(week.clone());
    }
    if let Some(authors) = &filter.authors {
        sql.push(" AND ").is_in("c.author_id", authors);
    }
    if let Some(organisation) = filter.organisation {
        sql.push(" AND c.author_org_id = ").bind(organisation);
    }
}

/// Somebody who made a target with its author.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(in super::super) struct CoAuthor {
    pub contribution_id: Uuid,
    pub member_id: Uuid,
    pub organisation_id: Uuid,
}

/// The co-authors of targets.
pub(in super::super) async fn system_co_authors(source: Source<'_>, works: &[Uuid]) -> Result<Vec<CoAuthor>> {
    let mut sql = source.sql(
        "SELECT k.contribution_id, k.member_id, m.organisation_id FROM co_author k \
         JOIN membership m ON m.id = k.member_id WHERE ",
    );
    sql.is_in("k.contribution_id", works)
        .push(" ORDER BY k.contribution_id, k.member_id");
    source.rows(sql).await
}

/// A pupil who may review.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(in super::super) struct ReviewerRow {
    pub member_id: Uuid,
    pub account_id: Uuid,
    pub organisation_id: Uuid,
    pub languages: Languages,
}

/// The pupils who may review in a round: see [`crate::policy::reviews`].
pub(in super::super) async fn system_reviewers(source: Source<'_>, round: &RoundRow) -> Result<Vec<ReviewerRow>> {
    let mut sql = source.sql(
        "SELECT m.id AS member_id, m.account_id, m.organisation_id, a.languages FROM membership m \
         JOIN account a ON a.id = m.account_id WHERE m.role = 'PUPIL' AND m.left_at IS NULL AND m.space_id = ",
    );
    sql.bind(round.space_id);
    sql.push(
        " AND (m.mobility_status IN ('NON_MOBILE', 'HOST_PEER') OR EXISTS (SELECT 1 FROM capability_grant g \
         WHERE g.member_id = m.id AND g.capability = 'REVIEW' AND (g.ends_at IS NULL OR g.ends_at > :now) AND g.scope_id IN (",
    )
    .bind(round.space_id);
    sql.push(", ").bind(round.phase_id).push(")))");
    if let Some(chosen) = &round.plan.reviewers {
        sql.push(" AND ").is_in("m.id", chosen);
    }
    sql.push(" ORDER BY m.id");
    source.rows(sql).await
}

/// An assignment of the round.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(in super::super) struct PairRow {
    pub reviewer_id: Uuid,
    pub organisation_id: Uuid,
    pub contribution_id: Uuid,
    pub state: AssignmentState,
}

/// The assignments of a round, whatever became of them.
pub(in super::super) async fn system_pairs(source: Source<'_>, round: Uuid) -> Result<Vec<PairRow>> {
    let mut sql = source.sql(
        "SELECT v.reviewer_id, m.organisation_id, t.contribution_id, v.state FROM review v \
         JOIN review_target t ON t.id = v.target_id JOIN membership m ON m.id = v.reviewer_id WHERE v.round_id = ",
    );
    sql.bind(round).push(" ORDER BY v.id");
    source.rows(sql).await
}

/// Who reviewed whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub(in super::super) struct Met {
    pub reviewer_id: Uuid,
    pub author_id: Uuid,
}

/// Who reviewed whom in the rounds of the space that were opened last before this one.
pub(in super::super) async fn system_history(source: Source<'_>, round: &RoundRow) -> Result<Vec<Met>> {
    let mut sql = source.sql(
        "WITH met AS (SELECT v.reviewer_id, t.author_id, t.contribution_id FROM review v \
         JOIN review_target t ON t.id = v.target_id WHERE v.state NOT IN ('DECLINED', 'EXPIRED', 'VOIDED') \
         AND v.round_id IN (SELECT id FROM (SELECT x.id FROM review_round x WHERE x.opened_at IS NOT NULL \
         AND x.state <> 'CANCELLED' AND x.space_id = ",
    );
    sql.bind(round.space_id).push(" AND x.id <> ").bind(round.id);
    sql.push(" ORDER BY x.opened_at DESC, x.id DESC").limit(EARLIER_ROUNDS);
    sql.push(
        ") AS earlier)) SELECT reviewer_id, author_id FROM met UNION SELECT met.reviewer_id, k.member_id AS author_id \
         FROM met JOIN co_author k ON k.contribution_id = met.contribution_id",
    );
    source.rows(sql).await
}

/// An assignment that ended because the work went out of sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub(in super::super) struct OwedRow {
    pub id: Uuid,
    pub reviewer_id: Uuid,
}

/// What reviewers of a round are owed instead of what went out of sight, if it was due at that time or later.
pub(in super::super) async fn system_owed(
    source: Source<'_>,
    round: Uuid,
    until: DateTime<Utc>,
) -> Result<Vec<OwedRow>> {
    let mut sql = source.sql("SELECT v.id, v.reviewer_id FROM review v WHERE v.excuse = 'WORK_GONE' AND v.round_id = ");
    sql.bind(round).push(" AND v.due_at >= ").bind(until);
    sql.push(" ORDER BY v.due_at, v.id");
    source.rows(sql).await
}
