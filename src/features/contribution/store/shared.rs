//! Contributions as those who listen to a space see them: read once for all, with each one's sight decided in memory.

use std::collections::HashMap;

use entity::enums::{ContributionKind, ReactionKind};
use sea_orm::FromQueryResult;
use uuid::Uuid;

use super::{
    ReactionRow,
    read::{COLUMNS, ContributionRow, JOINS, Relation, own_by_ids},
};
use crate::{
    platform::{
        db::{Reader, Vantage},
        error::Result,
        live::Personal,
    },
    policy::{has_answered, shown_by_host},
};

/// Who stands in some relation to a contribution, by membership.
type Relations = HashMap<Uuid, Relation>;

impl Personal for ContributionRow {
    fn people(&self) -> Vec<Uuid> {
        vec![self.author_id, self.root_author_id()]
    }
}

impl Personal for (Uuid, Relations) {
    fn people(&self) -> Vec<Uuid> {
        self.1.keys().copied().collect()
    }
}

/// The contributions that the reader sees among these.
pub(super) async fn by_ids(reader: &Reader, vantage: &Vantage, ids: &[Uuid]) -> Result<Vec<ContributionRow>> {
    let load = |missing| Box::pin(system_by_ids(reader, missing)) as _;
    let known = vantage.rows::<ContributionRow>(ids, load).await?;
    let (here, elsewhere): (Vec<_>, Vec<_>) = known.into_iter().partition(|row| row.space_id == vantage.seat.space_id);
    let related: Vec<Uuid> = here
        .iter()
        .filter(|row| row.has_relations())
        .map(|row| row.id)
        .collect();
    let mut relations: HashMap<Uuid, Relation> = HashMap::new();
    if !related.is_empty() {
        let load = |missing| Box::pin(system_relations(reader, missing)) as _;
        for of_one in vantage.rows::<(Uuid, Relations)>(&related, load).await? {
            if let Some(&relation) = of_one.1.get(&vantage.seat.member_id) {
                relations.insert(of_one.0, relation);
            }
        }
    }
    let now = reader.db().clock().now();
    let seen = |row: &ContributionRow| {
        let relation = relations.get(&row.id).copied().unwrap_or_default();
        row.seen_from(&vantage.seat, relation, now)
    };
    let mut rows: Vec<_> = here.iter().filter_map(|row| seen(row)).collect();
    if !elsewhere.is_empty() {
        let ids: Vec<_> = elsewhere.iter().map(|row| row.id).collect();
        rows.extend(own_by_ids(reader, &ids).await?);
    }
    Ok(rows)
}

/// What contributions are, whoever sees them.
pub(in super::super) async fn kinds(
    reader: &Reader,
    vantage: &Vantage,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, ContributionKind>> {
    let load = |missing| Box::pin(system_by_ids(reader, missing)) as _;
    let known = vantage.rows::<ContributionRow>(ids, load).await?;
    Ok(known.iter().map(|row| (row.id, row.kind)).collect())
}

/// Contributions, whoever sees them, as their authors would.
async fn system_by_ids(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<(Uuid, ContributionRow)>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS)
        .push(", NULL AS parent_id FROM contribution c ")
        .push(JOINS)
        .push(" JOIN membership m ON m.id = c.author_id WHERE ");
    sql.is_in("c.id", &ids);
    let rows = reader.rows::<ContributionRow>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.id, row)).collect())
}

#[derive(FromQueryResult)]
struct RelationRow {
    id: Uuid,
    member_id: Uuid,
    is_co_author: bool,
    has_answered: bool,
    is_shown_by_host: bool,
}

/// How members stand to contributions of their space, as far as they do.
async fn system_relations(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<(Uuid, (Uuid, Relations))>> {
    let mut sql = reader.sql(concat!(
        "SELECT * FROM (SELECT c.id, m.id AS member_id, (c.kind = 'JOURNAL_ENTRY' AND EXISTS (SELECT 1 FROM co_author k \
            WHERE k.contribution_id = c.id AND k.member_id = m.id)) AS is_co_author, \
            COALESCE(r.thread_kind = 'QUESTION' AND ",
        has_answered!(),
        ", FALSE) AS has_answered, ",
        shown_by_host!("v.contribution_id"),
        " AS is_shown_by_host FROM contribution c JOIN revision v ON v.contribution_id = c.id \
            AND v.version = COALESCE(c.published_version, c.version) LEFT JOIN contribution r ON r.id = c.root_id \
            JOIN membership m ON m.space_id = c.space_id AND m.left_at IS NULL WHERE "
    ));
    sql.is_in("c.id", &ids)
        .push(") related WHERE is_co_author OR has_answered OR is_shown_by_host");
    let mut by_contribution: HashMap<Uuid, Relations> = HashMap::new();
    for row in reader.rows::<RelationRow>(sql).await? {
        let relation = Relation {
            is_co_author: row.is_co_author,
            has_answered: row.has_answered,
            is_shown_by_host: row.is_shown_by_host,
        };
        by_contribution
            .entry(row.id)
            .or_default()
            .insert(row.member_id, relation);
    }
    Ok(by_contribution
        .into_iter()
        .map(|(id, of_one)| (id, (id, of_one)))
        .collect())
}

/// The newest published comment of a root.
struct LastComment(Uuid);

impl Personal for LastComment {
    fn people(&self) -> Vec<Uuid> {
        Vec::new()
    }
}

#[derive(FromQueryResult)]
struct LastCommentRow {
    parent_id: Uuid,
    id: Uuid,
}

/// The newest published comments of roots that the reader sees.
pub(super) async fn last_comments(reader: &Reader, vantage: &Vantage, roots: &[Uuid]) -> Result<Vec<ContributionRow>> {
    let load = |missing| Box::pin(system_last_comments(reader, missing)) as _;
    let newest = vantage.rows::<LastComment>(roots, load).await?;
    let ids: Vec<_> = newest.iter().map(|comment| comment.0).collect();
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    by_ids(reader, vantage, &ids).await
}

async fn system_last_comments(reader: &Reader, roots: Vec<Uuid>) -> Result<Vec<(Uuid, LastComment)>> {
    let mut sql = reader.sql("");
    sql.for_each(
        &roots,
        |_, _| {},
        ("c.id", "contribution c", ""),
        |sql, parent| {
            sql.push("SELECT c.id FROM contribution c WHERE c.state = 'PUBLISHED' AND c.root_id = ")
                .push(parent);
            sql.push(" ORDER BY c.listed_at DESC, c.id DESC LIMIT 1");
        },
    );
    let rows = reader.rows::<LastCommentRow>(sql).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.parent_id, LastComment(row.id)))
        .collect())
}

/// How members react to a contribution.
struct Reactions(Vec<ReactorRow>);

impl Personal for Reactions {
    fn people(&self) -> Vec<Uuid> {
        self.0.iter().map(|reactor| reactor.membership_id).collect()
    }
}

#[derive(FromQueryResult)]
struct ReactorRow {
    contribution_id: Uuid,
    kind: ReactionKind,
    membership_id: Uuid,
}

/// The reactions to contributions that the reader has been shown.
pub(super) async fn reactions(reader: &Reader, vantage: &Vantage, ids: &[Uuid]) -> Result<Vec<ReactionRow>> {
    let load = |missing| Box::pin(system_reactions(reader, missing)) as _;
    let known = vantage.rows::<Reactions>(ids, load).await?;
    let mut rows: Vec<ReactionRow> = Vec::new();
    for reactor in known.iter().flat_map(|of_one| &of_one.0) {
        let own = i64::from(reactor.membership_id == vantage.seat.member_id);
        let is_same =
            |row: &&mut ReactionRow| (row.contribution_id, row.kind) == (reactor.contribution_id, reactor.kind);
        if let Some(row) = rows.iter_mut().find(is_same) {
            row.count += 1;
            row.own += own;
        } else {
            rows.push(ReactionRow {
                contribution_id: reactor.contribution_id,
                kind: reactor.kind,
                count: 1,
                own,
            });
        }
    }
    Ok(rows)
}

async fn system_reactions(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<(Uuid, Reactions)>> {
    let mut sql = reader.sql("SELECT x.contribution_id, x.kind, x.membership_id FROM reaction x WHERE ");
    sql.is_in("x.contribution_id", &ids);
    let mut by_contribution: HashMap<Uuid, Reactions> = HashMap::new();
    for row in reader.rows::<ReactorRow>(sql).await? {
        let of_one = by_contribution
            .entry(row.contribution_id)
            .or_insert(Reactions(Vec::new()));
        of_one.0.push(row);
    }
    Ok(by_contribution.into_iter().collect())
}
