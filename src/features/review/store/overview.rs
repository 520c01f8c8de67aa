//! What staff see of the course of a round.

use chrono::{DateTime, Utc};
use entity::enums::{AssignmentState, ReviewExcuse};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use crate::{
    platform::{db::Reader, error::Result},
    policy::public_sql,
};

/// A target of a round and one of its assignments, if it has any.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct CoverageRow {
    pub round_id: Uuid,
    pub target_id: Uuid,
    pub contribution_id: Uuid,
    pub target_version: i32,
    pub is_late: bool,
    /// The school of the author.
    pub author_org_id: Uuid,
    pub reviewer_id: Option<Uuid>,
    /// The school of the reviewer.
    pub reviewer_org_id: Option<Uuid>,
    /// Whether an author is of that school.
    pub is_home: bool,
    pub state: Option<AssignmentState>,
    pub due_at: Option<DateTime<Utc>>,
    pub submitted_at: Option<DateTime<Utc>>,
    pub was_started: bool,
    pub excuse: Option<ReviewExcuse>,
    /// Whether all members read the work.
    pub is_public: bool,
}

/// All targets of rounds with all their assignments, for staff.
pub(in super::super) async fn coverage(reader: &Reader, rounds: &[Uuid]) -> Result<Vec<CoverageRow>> {
    let mut sql = reader.sql(concat!(
        "SELECT t.round_id, t.id AS target_id, t.contribution_id, t.version AS target_version, t.is_late, a.organisation_id AS author_org_id, \
         v.reviewer_id, w.organisation_id AS reviewer_org_id, v.state, v.due_at, v.submitted_at, v.started_at IS NOT NULL AS was_started, \
         v.excuse, ",
        public_sql!(),
        " AS is_public, \
         COALESCE(w.organisation_id = a.organisation_id OR EXISTS (SELECT 1 FROM co_author k JOIN membership o ON o.id = k.member_id \
            WHERE k.contribution_id = t.contribution_id AND o.organisation_id = w.organisation_id), FALSE) AS is_home \
         FROM review_target t JOIN review_round x ON x.id = t.round_id JOIN contribution c ON c.id = t.contribution_id \
         JOIN membership a ON a.id = t.author_id \
         JOIN membership m ON m.space_id = x.space_id AND m.left_at IS NULL AND m.role IN ('COORDINATOR', 'TEACHER') AND m.account_id = "
    ));
    sql.bind(reader.actor()?.account_id);
    sql.push(" LEFT JOIN review v ON v.target_id = t.id LEFT JOIN membership w ON w.id = v.reviewer_id WHERE ");
    sql.is_in("t.round_id", rounds).push(" ORDER BY t.id, v.id");
    reader.rows(sql).await
}
