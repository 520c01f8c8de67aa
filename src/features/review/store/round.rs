//! Statements over `review_round`.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    enums::{Anonymity, PhaseState, ReleasePolicy, RoundState, SpaceState},
    review_round,
    review_value::{Criteria, Plan},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    EntityTrait, FromQueryResult,
};
use uuid::Uuid;

use super::{
    super::rules::{Deadlines, Settings},
    input::REVIEWABLE,
};
use crate::{
    features::space::{Listed, ViewerRow, listed, push_viewer, viewer_columns, viewing},
    platform::{
        db::{Reader, Sql, Tx, Vantage},
        error::Result,
        live::Personal,
        page::{Cut, Key, KeyType, Order, Page},
        text::RENDERER,
    },
    policy,
};

/// A round as a member sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct RoundRow {
    /// Primary key.
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// The phase.
    pub phase_id: Uuid,
    /// Title.
    pub title: String,
    /// What reviewers are told, as CommonMark.
    pub instructions: String,
    /// The same as safe HTML.
    pub instructions_html: String,
    /// Where it stands.
    pub state: RoundState,
    /// Counts changes of its settings and state.
    pub version: i32,
    /// Whose names are hidden.
    pub anonymity: Anonymity,
    /// Whether names are shown once it is closed.
    pub reveals_names: bool,
    /// Whether all members of the space see released reviews.
    pub is_shared: bool,
    /// When authors get to read reviews.
    pub release_policy: ReleasePolicy,
    /// Reviews that each target wants.
    pub reviews_wanted: i32,
    /// Reviewers from a school of the authors that each target wants.
    pub home_min: i32,
    /// Reviewers from other schools that each target wants.
    pub partner_min: i32,
    /// Decides where the rules of the allocation leave a choice.
    pub seed: i64,
    /// What reviewers are asked.
    pub criteria: Criteria,
    /// What is reviewed, and by whom.
    pub plan: Plan,
    reviews_due_at: DateTime<Utc>,
    reflection_at: DateTime<Utc>,
    closes_at: DateTime<Utc>,
    /// Who made it.
    pub created_by_id: Uuid,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was opened.
    pub opened_at: Option<DateTime<Utc>>,
    /// When the reflection began.
    pub reflected_at: Option<DateTime<Utc>>,
    /// When it was closed or cancelled.
    pub ended_at: Option<DateTime<Utc>>,
    /// Where its phase stands.
    pub phase_state: PhaseState,
    /// Where its space stands.
    pub space_state: SpaceState,
    /// Who reads.
    #[sea_orm(nested)]
    pub viewer: ViewerRow,
}

impl RoundRow {
    /// Its place in lists.
    #[must_use]
    pub fn place(&self) -> Vec<Key> {
        vec![Key::Time(self.created_at), Key::Id(self.id)]
    }

    /// Its deadlines.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        Deadlines {
            reviews: self.reviews_due_at,
            reflection: self.reflection_at,
            close: self.closes_at,
        }
    }

    /// What staff have decided about it.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            title: self.title.clone(),
            instructions: self.instructions.clone(),
            anonymity: self.anonymity,
            reveals_names: self.reveals_names,
            is_shared: self.is_shared,
            release_policy: self.release_policy,
            reviews_wanted: self.reviews_wanted,
            home_min: self.home_min,
            partner_min: self.partner_min,
            seed: self.seed,
            criteria: self.criteria.0.clone(),
            plan: self.plan.clone(),
            deadlines: self.deadlines(),
        }
    }

    /// Whether its members' names are shown although it hid them.
    #[must_use]
    pub fn is_revealed(&self) -> bool {
        self.reveals_names && self.state == RoundState::Closed
    }

    /// Its phase, for the policy.
    #[must_use]
    pub fn phase(&self) -> policy::Phase {
        policy::Phase::bare(self.space_state, self.phase_state)
    }
}

const COLUMNS: &str = concat!(
    "x.id, x.space_id, x.phase_id, x.title, x.instructions, x.instructions_html, x.state, x.version, x.anonymity, \
    x.reveals_names, x.is_shared, x.release_policy, x.reviews_wanted, x.home_min, x.partner_min, x.seed, x.criteria, x.plan, \
    x.reviews_due_at, x.reflection_at, x.closes_at, x.created_by_id, x.created_at, x.opened_at, x.reflected_at, x.ended_at, \
    p.state AS phase_state, s.state AS space_state, ",
    viewer_columns!("x.space_id, x.phase_id")
);

const JOINS: &str = "JOIN phase p ON p.id = x.phase_id JOIN space s ON s.id = x.space_id";

/// [`policy::sees_round`] as an SQL condition.
const SEEN: &str = "(x.opened_at IS NOT NULL OR m.role IN ('COORDINATOR', 'TEACHER'))";

pub(in super::super) const ROUND_ORDER: Order = Order {
    tag: 60,
    columns: &[("created_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: true,
};

/// Where rounds are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Parent {
    Space,
    Phase,
}

impl Parent {
    fn column(self) -> &'static str {
        match self {
            Self::Space => "x.space_id = ",
            Self::Phase => "x.phase_id = ",
        }
    }

    fn of(self, row: &RoundRow) -> Uuid {
        match self {
            Self::Space => row.space_id,
            Self::Phase => row.phase_id,
        }
    }

    fn table(self) -> &'static str {
        match self {
            Self::Space => "space",
            Self::Phase => "phase",
        }
    }

    fn push(self, sql: &mut Sql, parent: &str) {
        sql.push("review_round x WHERE ").push(self.column()).push(parent);
        sql.push(" AND ").push(SEEN);
    }
}

/// The rounds of spaces or phases, newest first.
pub(in super::super) async fn rounds(
    reader: &Reader,
    parent: Parent,
    parents: &[Uuid],
    page: &Page,
) -> Result<HashMap<Uuid, Cut<RoundRow>>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    let columns = (COLUMNS, "review_round x", JOINS);
    sql.for_each(parents, viewing(account, parent.table()), columns, |sql, id| {
        sql.push("SELECT x.id FROM ");
        parent.push(sql, id);
        page.push(sql, "x");
    });
    let rows = reader.rows::<RoundRow>(sql).await?;
    Ok(page.cut_by(rows, |row| parent.of(row), RoundRow::place))
}

#[derive(FromQueryResult)]
struct CountBy {
    parent: Uuid,
    count: i64,
}

/// How many rounds there are.
pub(in super::super) async fn round_counts(
    reader: &Reader,
    parent: Parent,
    parents: &[Uuid],
) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(parents, viewing(account, parent.table()), |sql, id| {
        parent.push(sql, id)
    });
    let counts = reader.rows::<CountBy>(sql).await?.into_iter();
    Ok(counts.map(|row| (row.parent, row.count)).collect())
}

/// Rounds by id, as far as the viewer sees them.
pub(in super::super) async fn rounds_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<RoundRow>> {
    let mut rows = listed(reader, ids, |reader, ids| Box::pin(rounds_of_members(reader, ids))).await?;
    rows.retain(|row| policy::sees_round(&row.viewer.member(), row.opened_at.is_some()));
    Ok(rows)
}

/// Rounds of the viewer's spaces, also those that staff alone see.
async fn rounds_of_members(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<RoundRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(COLUMNS).push(" FROM review_round x ").push(JOINS);
    push_viewer(&mut sql, reader.actor()?.account_id, "x.space_id");
    sql.push("WHERE ").is_in("x.id", &ids);
    reader.rows(sql).await
}

impl Personal for RoundRow {
    fn people(&self) -> Vec<Uuid> {
        Vec::new()
    }
}

impl Listed for RoundRow {
    fn id(&self) -> Uuid {
        self.id
    }

    fn space_id(&self) -> Uuid {
        self.space_id
    }

    fn seen_from(self, vantage: &Vantage, now: DateTime<Utc>) -> Self {
        let viewer = ViewerRow::seated(&vantage.seat, Some(&[self.space_id, self.phase_id]), now);
        Self { viewer, ..self }
    }
}

/// A round that the actor sees, inside a unit of work that has passed the gate of its space.
pub(in super::super) async fn round(tx: &Tx<'_>, account: Uuid, id: Uuid) -> Result<Option<RoundRow>> {
    let mut sql = tx.sql("SELECT ");
    sql.push(COLUMNS).push(" FROM review_round x ").push(JOINS);
    push_viewer(&mut sql, account, "x.space_id");
    sql.push("WHERE ").push(SEEN).push(" AND x.id = ").bind(id);
    tx.row(sql).await
}

/// A round, whoever sees it, as its maker would.
pub(in super::super) async fn system_round(tx: &Tx<'_>, id: Uuid) -> Result<Option<RoundRow>> {
    let mut sql = tx.sql("SELECT ");
    sql.push(COLUMNS).push(" FROM review_round x ").push(JOINS);
    sql.push(" JOIN membership m ON m.id = x.created_by_id WHERE x.id = ")
        .bind(id);
    tx.row(sql).await
}

/// Where a round is, to find its locks.
pub(in super::super) async fn system_space_of(reader: &Reader, id: Uuid) -> Result<Option<Uuid>> {
    let mut sql = reader.sql("SELECT space_id AS id FROM review_round WHERE id = ");
    sql.bind(id);
    Ok(reader.row::<Id>(sql).await?.map(|row| row.id))
}

/// The open rounds that a root is in, and those of its phase that take late ones.
pub(in super::super) async fn system_rounds_with(reader: &Reader, contribution: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    let mut sql = reader.sql(
        "SELECT x.id, x.space_id FROM review_round x JOIN contribution c ON c.phase_id = x.phase_id \
         WHERE x.state = 'OPEN' AND x.reviews_due_at > :now AND c.id = ",
    );
    sql.bind(contribution);
    sql.push(
        " UNION SELECT x.id, x.space_id FROM review_target t JOIN review_round x ON x.id = t.round_id \
         WHERE x.state = 'OPEN' AND t.contribution_id = ",
    )
    .bind(contribution);
    places(reader, sql).await
}

/// The open rounds of a space.
pub(in super::super) async fn system_open_rounds(reader: &Reader, space: Uuid) -> Result<Vec<(Uuid, Uuid)>> {
    let mut sql = reader.sql("SELECT x.id, x.space_id FROM review_round x WHERE x.state = 'OPEN' AND x.space_id = ");
    sql.bind(space);
    places(reader, sql).await
}

async fn places(reader: &Reader, sql: Sql) -> Result<Vec<(Uuid, Uuid)>> {
    let rows = reader.rows::<InSpace>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.id, row.space_id)).collect())
}

#[derive(FromQueryResult)]
struct InSpace {
    id: Uuid,
    space_id: Uuid,
}

/// The columns of settings, with the instructions as HTML.
fn columns(settings: &Settings, html: &str) -> review_round::ActiveModel {
    let settings = settings.clone();
    review_round::ActiveModel {
        title: Set(settings.title),
        instructions: Set(settings.instructions),
        instructions_html: Set(html.to_owned()),
        renderer: Set(RENDERER),
        anonymity: Set(settings.anonymity),
        reveals_names: Set(settings.reveals_names),
        is_shared: Set(settings.is_shared),
        release_policy: Set(settings.release_policy),
        reviews_wanted: Set(settings.reviews_wanted),
        home_min: Set(settings.home_min),
        partner_min: Set(settings.partner_min),
        seed: Set(settings.seed),
        criteria: Set(Criteria(settings.criteria)),
        plan: Set(settings.plan),
        reviews_due_at: Set(settings.deadlines.reviews),
        reflection_at: Set(settings.deadlines.reflection),
        closes_at: Set(settings.deadlines.close),
        ..Default::default()
    }
}

/// Where a new round is, and who makes it.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Place {
    pub space_id: Uuid,
    pub phase_id: Uuid,
    pub member_id: Uuid,
}

/// Adds a round.
pub(in super::super) async fn insert_round(
    tx: &Tx<'_>,
    id: Uuid,
    place: Place,
    (settings, html): (&Settings, &str),
) -> Result<()> {
    let row = review_round::ActiveModel {
        id: Set(id),
        space_id: Set(place.space_id),
        phase_id: Set(place.phase_id),
        state: Set(RoundState::Setup),
        version: Set(1),
        created_by_id: Set(place.member_id),
        created_at: Set(tx.clock().now()),
        opened_at: Set(None),
        reflected_at: Set(None),
        ended_at: Set(None),
        ..columns(settings, html)
    };
    review_round::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

/// Gives a round other settings.
pub(in super::super) async fn set_settings(
    tx: &Tx<'_>,
    known: &RoundRow,
    (settings, html): (&Settings, &str),
) -> Result<()> {
    let row = review_round::ActiveModel {
        id: Unchanged(known.id),
        version: Set(known.version + 1),
        ..columns(settings, html)
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Instructions whose HTML an earlier version of the renderer has made.
#[derive(Clone, Debug, FromQueryResult)]
pub(in super::super) struct StaleInstructions {
    pub id: Uuid,
    pub instructions: String,
}

/// Some of them, to be rendered anew.
pub(in super::super) async fn system_stale_instructions(tx: &Tx<'_>) -> Result<Vec<StaleInstructions>> {
    // As it is written in the index.
    let mut sql = tx.sql(&format!(
        "SELECT id, instructions FROM review_round WHERE renderer < {RENDERER} ORDER BY id LIMIT 20"
    ));
    sql.push(tx.for_update());
    tx.rows(sql).await
}

/// Keeps how instructions are rendered now.
pub(in super::super) async fn set_rendered_instructions(tx: &Tx<'_>, id: Uuid, html: &str) -> Result<()> {
    let row = review_round::ActiveModel {
        id: Unchanged(id),
        instructions_html: Set(html.to_owned()),
        renderer: Set(RENDERER),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Takes a round to its next state, and returns since when it is there.
pub(in super::super) async fn set_round_state(
    tx: &Tx<'_>,
    known: &RoundRow,
    state: RoundState,
) -> Result<DateTime<Utc>> {
    let now = tx.clock().now();
    let mut row = review_round::ActiveModel {
        id: Unchanged(known.id),
        state: Set(state),
        version: Set(known.version + 1),
        ..Default::default()
    };
    match state {
        RoundState::Setup => {}
        RoundState::Open => row.opened_at = Set(Some(now)),
        RoundState::Reflection => row.reflected_at = Set(Some(now)),
        RoundState::Closed | RoundState::Cancelled => row.ended_at = Set(Some(now)),
    }
    row.update(&**tx).await?;
    Ok(now)
}

#[derive(FromQueryResult)]
struct Id {
    id: Uuid,
}

/// Which of these are current members of a space.
pub(in super::super) async fn known_members(tx: &Tx<'_>, space: Uuid, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql("SELECT id FROM membership WHERE left_at IS NULL AND space_id = ");
    sql.bind(space).push(" AND ").is_in("id", ids);
    Ok(tx.rows::<Id>(sql).await?.into_iter().map(|row| row.id).collect())
}

/// Which of these can be reviewed in a space.
pub(in super::super) async fn known_targets(tx: &Tx<'_>, space: Uuid, ids: &[Uuid]) -> Result<Vec<Uuid>> {
    let mut sql = tx.sql("SELECT c.id FROM contribution c WHERE ");
    sql.push(REVIEWABLE).push(" AND c.space_id = ").bind(space);
    sql.push(" AND ").is_in("c.id", ids);
    Ok(tx.rows::<Id>(sql).await?.into_iter().map(|row| row.id).collect())
}
