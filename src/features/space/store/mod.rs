//! Statements over `space`, `space_organisation`, `phase`, `membership` and `capability_grant`.

mod grant;
mod seat;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use entity::{
    enums::{
        AccountKind, Capability, InvitationState, MobilityStatus, ModerationMode, OrganisationKind, PhaseKind,
        PhaseState, SpaceRole, SpaceState,
    },
    membership, phase, space, space_organisation,
};
use sea_orm::{
    ActiveEnum, ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QuerySelect,
};
use uuid::Uuid;

pub use self::grant::{
    GrantRow, NewGrant, change_grant, grant, grants_by_id, grants_in_force, grants_of, insert_grant, reach,
    relocate_grants,
};
pub(super) use self::grant::{end_grants_of_member, end_grants_of_phase, end_grants_of_space};
pub use self::seat::{Listed, listed, seat};
use super::rules::Candidate;
use crate::{
    features::organisation::OrganisationRow,
    platform::{
        auth::seat::Seat,
        db::{Db, Reader, Sql, Tx},
        error::{Error, Result},
        page::{Cut, Key, KeyType, Order, Page},
        stream::{Cursor, Position},
        unicode,
    },
    policy::{self, Member},
};

/// The viewer's membership, read in the same statement as what it gives sight of.
#[derive(Clone, Debug, FromQueryResult)]
pub struct ViewerRow {
    viewer_id: Uuid,
    viewer_role: SpaceRole,
    viewer_organisation_id: Uuid,
    viewer_mobility: Option<MobilityStatus>,
    viewer_pre_moderated_until: Option<DateTime<Utc>>,
    viewer_capabilities: Option<String>,
}

/// Columns of a [`ViewerRow`]; the viewer's membership is `m`. With ids of a space, a phase and a thread, only the grants for
/// these count.
macro_rules! viewer_columns {
    () => {
        crate::features::space::viewer_columns!(@ "")
    };
    ($scope:literal) => {
        crate::features::space::viewer_columns!(@ concat!(" AND g.scope_id IN (", $scope, ")"))
    };
    (@ $condition:expr) => {
        concat!(
            "m.id AS viewer_id, m.role AS viewer_role, m.organisation_id AS viewer_organisation_id, \
                m.mobility_status AS viewer_mobility, m.pre_moderated_until AS viewer_pre_moderated_until, \
                (SELECT string_agg(g.capability, ' ') FROM capability_grant g WHERE g.member_id = m.id \
                    AND (g.ends_at IS NULL OR g.ends_at > :now)",
            $condition,
            ") AS viewer_capabilities"
        )
    };
}
pub(crate) use viewer_columns;

const VIEWER_COLUMNS: &str = viewer_columns!();

impl ViewerRow {
    /// The viewer, for the policy.
    #[must_use]
    pub fn member(&self) -> Member {
        Member {
            id: self.viewer_id,
            role: self.viewer_role,
            organisation_id: self.viewer_organisation_id,
            mobility: self.viewer_mobility,
            pre_moderated_until: self.viewer_pre_moderated_until,
            capabilities: self.capabilities().collect(),
        }
    }

    /// The viewer in their seat. With ids of a space, a phase and a thread, only the grants for these count.
    #[must_use]
    pub fn seated(seat: &Seat, scopes: Option<&[Uuid]>, now: DateTime<Utc>) -> Self {
        let capabilities = seat.capabilities(scopes, now);
        let names: Vec<_> = capabilities.iter().map(ActiveEnum::to_value).collect();
        Self {
            viewer_id: seat.member_id,
            viewer_role: seat.role,
            viewer_organisation_id: seat.organisation_id,
            viewer_mobility: seat.mobility,
            viewer_pre_moderated_until: seat.pre_moderated_until,
            viewer_capabilities: (!names.is_empty()).then(|| names.join(" ")),
        }
    }

    fn capabilities(&self) -> impl Iterator<Item = Capability> {
        let names = self.viewer_capabilities.as_deref().unwrap_or_default().split(' ');
        names.filter_map(|name| Capability::try_from_value(&name.to_owned()).ok())
    }
}

/// Joins the viewer's membership `m` of the space in `column`: who is no member gets no row. Every list starts with this, or with
/// [`viewing`].
pub fn push_viewer(sql: &mut Sql, account: Uuid, column: &str) {
    push_membership(sql, "JOIN", account, column);
}

fn push_membership(sql: &mut Sql, join: &str, account: Uuid, column: &str) {
    sql.push(" ").push(join).push(" membership m ON m.space_id = ");
    sql.push(column).push(" AND m.account_id = ").bind(account);
    sql.push(" AND m.left_at IS NULL ");
}

/// The viewer's membership `m` in the space of each parent of a list, whose parents are rows of this table; for [`Sql::for_each`] and
/// [`Sql::count_each`]. It is looked up once for a parent and not joined to each row: with the space in a condition beside the
/// parent, databases take a list for much shorter than it is, and sort all of it for its first page. Lists over several spaces
/// have one parent, the account, and join it to each row by [`push_viewer`].
pub fn viewing(account: Uuid, table: &str) -> impl FnOnce(&mut Sql, &str) {
    move |sql, parent| {
        // SQLite would begin with all memberships of the account; for it, this is an order.
        let join = if sql.is_postgres() { "JOIN" } else { "CROSS JOIN" };
        if table == "space" {
            return push_membership(sql, join, account, parent);
        }
        sql.push(" ").push(join).push(" ").push(table);
        sql.push(" home ON home.id = ").push(parent);
        push_membership(sql, join, account, "home.space_id");
    }
}

// --------------------------------------------------------------------------------------------------------------- spaces

/// A space as a member sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct SpaceRow {
    pub id: Uuid,
    pub title: String,
    pub description: String,
    pub state: SpaceState,
    pub time_zone: String,
    pub version: i32,
    pub closed_at: Option<DateTime<Utc>>,
    presence_from: Option<i32>,
    presence_to: Option<i32>,
    pub has_open_phase: bool,
    last_seq: i64,
    epoch: i32,
    last_event_id: Option<Uuid>,
    /// Where the stream stood when it was read for all who listen.
    #[sea_orm(skip)]
    since: Option<Cursor>,
    #[sea_orm(nested)]
    pub viewer: ViewerRow,
}

const SPACE_COLUMNS: &str = "s.id, s.title, s.description, s.state, s.time_zone, s.version, s.closed_at, s.presence_from, \
    s.presence_to, EXISTS (SELECT 1 FROM phase p WHERE p.space_id = s.id AND p.state = 'OPEN') AS has_open_phase";

impl SpaceRow {
    /// The space, for the policy.
    pub fn facts(&self) -> policy::Space {
        policy::Space {
            state: self.state,
            closed_at: self.closed_at,
            has_open_phase: self.has_open_phase,
        }
    }

    /// When its pupils are shown as present; none = always.
    pub fn presence_hours(&self) -> Option<policy::PresenceHours> {
        let (from, to) = self.presence_from.zip(self.presence_to)?;
        Some(policy::PresenceHours { from, to })
    }

    /// Where its stream stood when this row, or something that may be shown below it, was read.
    pub fn cursor(&self) -> Cursor {
        let position = || Position {
            id: self.id,
            last_seq: self.last_seq,
            epoch: self.epoch,
            last_event_id: self.last_event_id,
        };
        self.since.unwrap_or_else(|| position().cursor())
    }
}

/// Spaces of the viewer. The stream's position comes with the row: whatever is read later is not older.
pub(super) async fn spaces(reader: &Reader, ids: &[Uuid]) -> Result<Vec<SpaceRow>> {
    listed(reader, ids, |reader, ids| Box::pin(own_spaces(reader, ids))).await
}

async fn own_spaces(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<SpaceRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(SPACE_COLUMNS)
        .push(", t.last_seq, t.epoch, t.last_event_id, ")
        .push(VIEWER_COLUMNS);
    sql.push(" FROM space s JOIN stream t ON t.id = s.id");
    push_viewer(&mut sql, reader.actor()?.account_id, "s.id");
    sql.push("WHERE ").is_in("s.id", &ids);
    reader.rows(sql).await
}

/// A space with the member who acts in it, read inside a unit of work.
#[derive(Clone, Debug, FromQueryResult)]
pub struct Facts {
    /// The space.
    pub id: Uuid,
    /// Where it stands.
    pub state: SpaceState,
    /// Counts changes of its settings.
    pub version: i32,
    closed_at: Option<DateTime<Utc>>,
    has_open_phase: bool,
    #[sea_orm(nested)]
    viewer: ViewerRow,
}

impl Facts {
    /// The space, for the policy.
    #[must_use]
    pub fn space(&self) -> policy::Space {
        policy::Space {
            state: self.state,
            closed_at: self.closed_at,
            has_open_phase: self.has_open_phase,
        }
    }

    /// Who acts.
    #[must_use]
    pub fn member(&self) -> Member {
        self.viewer.member()
    }
}

/// The facts under which an account acts in a space. Only behind the gate.
///
/// # Errors
/// `NOT_FOUND` for those who are no members.
pub async fn facts(tx: &Tx<'_>, account: Uuid, space: Uuid) -> Result<Facts> {
    let mut sql = tx.sql("SELECT ");
    sql.push(SPACE_COLUMNS)
        .push(", ")
        .push(VIEWER_COLUMNS)
        .push(" FROM space s");
    push_viewer(&mut sql, account, "s.id");
    sql.push("WHERE s.id = ").bind(space);
    tx.row(sql).await?.ok_or_else(Error::not_found)
}

pub(super) async fn insert_space(tx: &Tx<'_>, row: space::ActiveModel) -> Result<()> {
    space::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

pub(super) async fn update_space(tx: &Tx<'_>, row: space::ActiveModel) -> Result<()> {
    row.update(&**tx).await?;
    Ok(())
}

/// Closed spaces that nobody can open again.
pub(super) async fn system_due_for_archive(db: &Db, closed_before: DateTime<Utc>) -> Result<Vec<Uuid>> {
    let found = space::Entity::find()
        .select_only()
        .column(space::Column::Id)
        .filter(space::Column::State.eq(SpaceState::Closed))
        .filter(space::Column::ClosedAt.lt(closed_before))
        .into_tuple();
    Ok(found.all(db.system()).await?)
}

/// The state of a space, for what the system does to it.
pub(super) async fn system_space(tx: &Tx<'_>, id: Uuid) -> Result<Option<space::Model>> {
    Ok(space::Entity::find_by_id(id).one(&**tx).await?)
}

#[derive(FromQueryResult)]
struct StateRow {
    state: SpaceState,
}

/// The state of a space, for an organisation that is about to come in.
pub(super) async fn space_state(tx: &Tx<'_>, id: Uuid) -> Result<Option<SpaceState>> {
    let mut sql = tx.sql("SELECT state FROM space WHERE id = ");
    sql.bind(id);
    Ok(tx.row::<StateRow>(sql).await?.map(|row| row.state))
}

// ------------------------------------------------------------------------------------------------------- organisations

/// An invitation, or an organisation's part in a space.
#[derive(Clone, Debug, FromQueryResult)]
pub struct InvitationRow {
    pub id: Uuid,
    pub organisation_id: Uuid,
    pub invited_by_id: Uuid,
    pub title: String,
    pub created_at: DateTime<Utc>,
}

const INVITATION: &str = "SELECT i.id, i.organisation_id, i.invited_by_id, s.title, i.created_at \
    FROM space_organisation i JOIN space s ON s.id = i.space_id";

/// The organisation whose invitations the viewer sees; staff only.
fn own_organisation(reader: &Reader) -> Result<Option<Uuid>> {
    let actor = reader.actor()?;
    Ok(actor.organisation_id.filter(|_| actor.kind == AccountKind::Staff))
}

pub(super) const INVITATION_ORDER: Order = Order {
    tag: 3,
    columns: &[("created_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: false,
};

/// Open invitations of the viewer's organisation; staff only.
pub(super) async fn invitations(reader: &Reader, page: &Page) -> Result<Cut<InvitationRow>> {
    let Some(organisation) = own_organisation(reader)? else {
        return Ok(Cut::default());
    };
    // The organisation as a value: behind a join, the index would not give the order.
    let mut sql = reader.sql(INVITATION);
    sql.push(" WHERE i.state = 'INVITED' AND i.organisation_id = ")
        .bind(organisation);
    page.push(&mut sql, "i");
    Ok(page.cut(reader.rows(sql).await?, |row: &InvitationRow| {
        vec![Key::Time(row.created_at), Key::Id(row.id)]
    }))
}

/// Open invitations that the viewer may see: as staff of the invited organisation, or as coordinator of the space.
pub(super) async fn invitations_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<InvitationRow>> {
    let mut sql = reader.sql(INVITATION);
    sql.push(" JOIN account me ON me.id = ")
        .bind(reader.actor()?.account_id);
    sql.push(
        " WHERE i.state = 'INVITED' AND ((me.kind = 'STAFF' AND i.organisation_id = me.organisation_id) OR EXISTS ( \
         SELECT 1 FROM membership m WHERE m.space_id = i.space_id AND m.account_id = me.id AND m.left_at IS NULL \
         AND m.role = 'COORDINATOR')) AND ",
    );
    sql.is_in("i.id", ids);
    reader.rows(sql).await
}

#[derive(FromQueryResult)]
struct Count {
    count: i64,
}

/// How many invitations wait.
pub(super) async fn invitation_count(reader: &Reader) -> Result<i64> {
    let Some(organisation) = own_organisation(reader)? else {
        return Ok(0);
    };
    let mut sql = reader.sql("SELECT COUNT(*) AS count FROM space_organisation i WHERE i.state = 'INVITED'");
    sql.push(" AND i.organisation_id = ").bind(organisation);
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// The part of an organisation in a space.
pub(super) async fn part(tx: &Tx<'_>, space: Uuid, organisation: Uuid) -> Result<Option<space_organisation::Model>> {
    let mut sql = tx.sql("");
    sql.select::<space_organisation::Entity>()
        .push(" WHERE space_id = ")
        .bind(space)
        .push(" AND organisation_id = ")
        .bind(organisation);
    tx.row(sql).await
}

/// An invitation by id, for the organisation that answers it.
pub(super) async fn invitation(tx: &Tx<'_>, id: Uuid, organisation: Uuid) -> Result<Option<space_organisation::Model>> {
    let mut sql = tx.sql("");
    sql.select::<space_organisation::Entity>()
        .push(" WHERE id = ")
        .bind(id)
        .push(" AND organisation_id = ")
        .bind(organisation);
    tx.row(sql).await
}

/// Whether there is such an organisation.
pub(super) async fn is_organisation(tx: &Tx<'_>, id: Uuid) -> Result<bool> {
    let mut sql = tx.sql("SELECT COUNT(*) AS count FROM organisation WHERE id = ");
    sql.bind(id);
    Ok(tx.row::<Count>(sql).await?.is_some_and(|row| row.count > 0))
}

pub(super) async fn insert_part(tx: &Tx<'_>, row: space_organisation::ActiveModel) -> Result<()> {
    space_organisation::Entity::insert(row)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}

/// Sets where an invitation stands.
pub(super) async fn set_part(tx: &Tx<'_>, id: Uuid, state: InvitationState, invited_by: Option<Uuid>) -> Result<()> {
    let now = tx.clock().now();
    let mut row = space_organisation::ActiveModel {
        id: Set(id),
        state: Set(state),
        ..Default::default()
    };
    row.answered_at = Set((state != InvitationState::Invited).then_some(now));
    if let Some(invited_by) = invited_by {
        row.invited_by_id = Set(invited_by);
        row.created_at = Set(now);
    }
    row.update(&**tx).await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct PartRow {
    space_id: Uuid,
    part_id: Uuid,
    part_created_at: DateTime<Utc>,
    #[sea_orm(nested)]
    organisation: OrganisationRow,
}

pub(super) const PART_ORDER: Order = Order {
    tag: 4,
    columns: &[("created_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: false,
};

const ORGANISATION_COLUMNS: &str = "o.id, o.kind, o.name, o.city, o.country, o.time_zone";

/// Organisations that take part in spaces of the viewer.
pub(super) async fn organisations(
    reader: &Reader,
    spaces: &[Uuid],
    page: &Page,
) -> Result<HashMap<Uuid, Cut<OrganisationRow>>> {
    let account = reader.actor()?.account_id;
    let columns = "i.space_id, i.id AS part_id, i.created_at AS part_created_at, ".to_owned() + ORGANISATION_COLUMNS;
    let joins = "JOIN organisation o ON o.id = i.organisation_id";
    let mut sql = reader.sql("");
    let columns = (&*columns, "space_organisation i", joins);
    sql.for_each(spaces, viewing(account, "space"), columns, |sql, parent| {
        sql.push("SELECT i.id FROM space_organisation i WHERE i.state = 'ACCEPTED' AND i.space_id = ")
            .push(parent);
        page.push(sql, "i");
    });
    let rows = reader.rows::<PartRow>(sql).await?;
    let cuts = page.cut_by(
        rows,
        |row| row.space_id,
        |row| vec![Key::Time(row.part_created_at), Key::Id(row.part_id)],
    );
    let organisations = |cut: Cut<PartRow>| {
        let rows = cut.rows.iter().map(|row| row.organisation.clone()).collect();
        cut.with(rows)
    };
    Ok(cuts
        .into_iter()
        .map(|(space, cut)| (space, organisations(cut)))
        .collect())
}

#[derive(FromQueryResult)]
struct CountBy {
    parent: Uuid,
    count: i64,
}

async fn count_by(reader: &Reader, sql: Sql) -> Result<HashMap<Uuid, i64>> {
    let counts = reader.rows::<CountBy>(sql).await?;
    Ok(counts.into_iter().map(|row| (row.parent, row.count)).collect())
}

/// How many organisations take part.
pub(super) async fn organisation_counts(reader: &Reader, spaces: &[Uuid]) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(spaces, viewing(account, "space"), |sql, parent| {
        sql.push("space_organisation i WHERE i.state = 'ACCEPTED' AND i.space_id = ")
            .push(parent);
    });
    count_by(reader, sql).await
}

// --------------------------------------------------------------------------------------------------------------- phases

/// A phase as a member sees it.
#[derive(Clone, Debug, FromQueryResult)]
pub struct PhaseRow {
    /// Primary key.
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Which of the four.
    pub kind: PhaseKind,
    /// Where it stands.
    pub state: PhaseState,
    /// Title.
    pub title: String,
    /// What happens in it.
    pub description: String,
    /// Planned start.
    pub starts_at: Option<DateTime<Utc>>,
    /// Planned end.
    pub ends_at: Option<DateTime<Utc>>,
    /// Whether pupils' texts wait.
    pub moderation: ModerationMode,
    /// Whether pupils open threads.
    pub allows_pupil_threads: bool,
    /// Whether pupils comment.
    pub allows_pupil_comments: bool,
    /// Whether pupils upload media.
    pub allows_pupil_uploads: bool,
    /// Why it was opened again.
    pub reopen_reason: Option<String>,
    /// Counts changes.
    pub version: i32,
    /// State of its space.
    pub space_state: SpaceState,
    /// Time zone of its space.
    pub time_zone: String,
    /// Who reads.
    #[sea_orm(nested)]
    pub viewer: ViewerRow,
}

const PHASE_COLUMNS: &str = concat!(
    "p.id, p.space_id, p.kind, p.state, p.title, p.description, p.starts_at, p.ends_at, p.moderation, \
        p.allows_pupil_threads, p.allows_pupil_comments, p.allows_pupil_uploads, p.reopen_reason, p.version, s.state AS space_state, s.time_zone, ",
    viewer_columns!("p.space_id, p.id")
);

impl PhaseRow {
    /// The phase, for the policy.
    pub fn facts(&self) -> policy::Phase {
        policy::Phase {
            space: self.space_state,
            state: self.state,
            moderation: self.moderation,
            allows_pupil_threads: self.allows_pupil_threads,
            allows_pupil_comments: self.allows_pupil_comments,
            allows_pupil_uploads: self.allows_pupil_uploads,
        }
    }
}

/// Phases of the viewer's spaces by id, in order of kind.
pub(super) async fn phases_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<PhaseRow>> {
    listed(reader, ids, |reader, ids| {
        Box::pin(async move { phases(reader, "p.id", &ids).await })
    })
    .await
}

/// Phases of the viewer's spaces: by their own ids, or by those of their spaces; in order of kind.
pub(super) async fn phases(reader: &Reader, column: &str, ids: &[Uuid]) -> Result<Vec<PhaseRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(PHASE_COLUMNS)
        .push(" FROM phase p JOIN space s ON s.id = p.space_id");
    push_viewer(&mut sql, reader.actor()?.account_id, "p.space_id");
    sql.push("WHERE ").is_in(column, ids);
    let mut rows = reader.rows::<PhaseRow>(sql).await?;
    rows.sort_by_key(|row| row.kind);
    Ok(rows)
}

/// A phase with the member who acts in it, inside a unit of work. Only behind the gate.
///
/// # Errors
/// `NOT_FOUND` for those who are no members.
pub async fn phase_facts(tx: &Tx<'_>, account: Uuid, phase: Uuid) -> Result<PhaseRow> {
    let mut sql = tx.sql("SELECT ");
    sql.push(PHASE_COLUMNS)
        .push(" FROM phase p JOIN space s ON s.id = p.space_id");
    push_viewer(&mut sql, account, "p.space_id");
    sql.push("WHERE p.id = ").bind(phase);
    tx.row(sql).await?.ok_or_else(Error::not_found)
}

/// The space of a phase, to find its gate; not a fact to decide by.
///
/// # Errors
/// The database's.
pub async fn space_of_phase(reader: &Reader, phase: Uuid) -> Result<Option<Uuid>> {
    Ok(phases(reader, "p.id", &[phase]).await?.first().map(|row| row.space_id))
}

pub(super) async fn insert_phases(tx: &Tx<'_>, rows: Vec<phase::ActiveModel>) -> Result<()> {
    phase::Entity::insert_many(rows).exec_without_returning(&**tx).await?;
    Ok(())
}

pub(super) async fn update_phase(tx: &Tx<'_>, row: phase::ActiveModel) -> Result<()> {
    row.update(&**tx).await?;
    Ok(())
}

/// Counts a change of what another feature keeps for a phase.
///
/// # Errors
/// The database's.
pub async fn count_phase_change(tx: &Tx<'_>, id: Uuid, version: i32) -> Result<()> {
    let row = phase::ActiveModel {
        id: Unchanged(id),
        version: Set(version),
        ..Default::default()
    };
    update_phase(tx, row).await
}

// -------------------------------------------------------------------------------------------------------------- members

/// A member as other members see them.
#[derive(Clone, Debug, FromQueryResult)]
pub struct MemberRow {
    /// Primary key.
    pub id: Uuid,
    /// The space.
    pub space_id: Uuid,
    /// Whose account.
    pub account_id: Uuid,
    /// Whom they stand for.
    pub organisation_id: Uuid,
    /// What they are.
    pub role: SpaceRole,
    /// Whether they travel.
    pub mobility_status: Option<MobilityStatus>,
    /// Until when their texts wait.
    pub pre_moderated_until: Option<DateTime<Utc>>,
    /// When they were removed.
    pub left_at: Option<DateTime<Utc>>,
    /// Counts changes.
    pub version: i32,
    /// Place in lists.
    pub created_at: DateTime<Utc>,
    /// Their name.
    pub display_name: String,
    organisation_kind: OrganisationKind,
    organisation_name: String,
    organisation_city: String,
    organisation_country: String,
    organisation_time_zone: String,
    /// Who reads.
    #[sea_orm(nested)]
    pub viewer: ViewerRow,
}

impl MemberRow {
    /// The organisation that came with the row.
    pub(super) fn organisation(&self) -> OrganisationRow {
        OrganisationRow {
            id: self.organisation_id,
            kind: self.organisation_kind,
            name: self.organisation_name.clone(),
            city: self.organisation_city.clone(),
            country: self.organisation_country.clone(),
            time_zone: self.organisation_time_zone.clone(),
        }
    }
}

const MEMBER_COLUMNS: &str = "x.id, x.space_id, x.account_id, x.organisation_id, x.role, x.mobility_status, \
    x.pre_moderated_until, x.left_at, x.version, x.created_at, a.display_name, o.kind AS organisation_kind, \
    o.name AS organisation_name, o.city AS organisation_city, \
    o.country AS organisation_country, o.time_zone AS organisation_time_zone";
const MEMBER_JOINS: &str = "JOIN account a ON a.id = x.account_id JOIN organisation o ON o.id = x.organisation_id";

/// Members of the viewer's spaces, those who left included.
pub(super) async fn members_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<MemberRow>> {
    listed(reader, ids, |reader, ids| Box::pin(own_members_by_id(reader, ids))).await
}

/// Where a name is shown: in a space, as that of a member if of one.
#[derive(Clone, Copy, Debug, FromQueryResult)]
pub(super) struct Shown {
    pub space_id: Uuid,
    pub member_id: Option<Uuid>,
}

/// The spaces to which an account belongs.
pub(super) async fn system_memberships(reader: &Reader, account: Uuid) -> Result<Vec<Shown>> {
    let mut sql =
        reader.sql("SELECT space_id, id AS member_id FROM membership WHERE left_at IS NULL AND account_id = ");
    sql.bind(account).push(" ORDER BY created_at, id");
    reader.rows(sql).await
}

#[derive(FromQueryResult)]
struct OfOrganisation {
    space_id: Uuid,
}

/// The spaces in which an organisation takes part.
pub(super) async fn system_spaces_of(reader: &Reader, organisation: Uuid) -> Result<Vec<Shown>> {
    let mut sql = reader.sql("SELECT space_id FROM space_organisation WHERE state = 'ACCEPTED' AND organisation_id = ");
    sql.bind(organisation).push(" ORDER BY created_at, id");
    let rows = reader.rows::<OfOrganisation>(sql).await?.into_iter();
    let shown = |row: OfOrganisation| Shown {
        space_id: row.space_id,
        member_id: None,
    };
    Ok(rows.map(shown).collect())
}

/// A member as others must tell them apart who have the same name.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Namesake {
    pub id: Uuid,
    space_id: Uuid,
    display_name: String,
    /// When they were added.
    pub created_at: DateTime<Utc>,
    /// Their login, for staff of their own organisation.
    pub login: Option<String>,
}

/// Members of the viewer's spaces whose name another one there has too, in whatever case and form. One statement for all of these spaces,
/// with a short row for each of their members: databases fold no names.
pub(super) async fn namesakes(reader: &Reader, spaces: &[Uuid]) -> Result<HashMap<Uuid, Namesake>> {
    let mut sql = reader.sql("SELECT x.id, x.space_id, a.display_name, x.created_at, CASE WHEN a.organisation_id = ");
    sql.bind(own_organisation(reader)?)
        .push(" THEN a.login END AS login FROM membership x JOIN account a ON a.id = x.account_id");
    push_viewer(&mut sql, reader.actor()?.account_id, "x.space_id");
    sql.push("WHERE x.left_at IS NULL AND a.erased_at IS NULL AND ")
        .is_in("x.space_id", spaces);
    let mut by_name = HashMap::<_, Vec<Namesake>>::new();
    for row in reader.rows::<Namesake>(sql).await? {
        let seen = unicode::visible(&unicode::nfkc(&row.display_name));
        let name = unicode::fold(&seen.split_whitespace().collect::<Vec<_>>().join(" "));
        by_name.entry((row.space_id, name)).or_default().push(row);
    }
    let several = by_name.into_values().filter(|members| members.len() > 1);
    Ok(several.flatten().map(|member| (member.id, member)).collect())
}

async fn own_members_by_id(reader: &Reader, ids: Vec<Uuid>) -> Result<Vec<MemberRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(MEMBER_COLUMNS)
        .push(", ")
        .push(VIEWER_COLUMNS)
        .push(" FROM membership x ")
        .push(MEMBER_JOINS);
    push_viewer(&mut sql, reader.actor()?.account_id, "x.space_id");
    sql.push("WHERE ").is_in("x.id", &ids);
    reader.rows(sql).await
}

pub(super) const MEMBER_ORDER: Order = Order {
    tag: 5,
    columns: &[("created_at", KeyType::Time), ("id", KeyType::Id)],
    is_descending: false,
};

fn member_place(row: &MemberRow) -> Vec<Key> {
    vec![Key::Time(row.created_at), Key::Id(row.id)]
}

/// Members of spaces, in the order in which they came.
pub(super) async fn members(
    reader: &Reader,
    spaces: &[Uuid],
    role: Option<SpaceRole>,
    page: &Page,
) -> Result<HashMap<Uuid, Cut<MemberRow>>> {
    let account = reader.actor()?.account_id;
    let columns = format!("{MEMBER_COLUMNS}, {VIEWER_COLUMNS}");
    let mut sql = reader.sql("");
    let columns = (&*columns, "membership x", MEMBER_JOINS);
    sql.for_each(spaces, viewing(account, "space"), columns, |sql, parent| {
        sql.push("SELECT x.id FROM membership x WHERE x.left_at IS NULL AND x.space_id = ")
            .push(parent);
        if let Some(role) = role {
            sql.push(" AND x.role = ").bind(role.to_value());
        }
        page.push(sql, "x");
    });
    Ok(page.cut_by(reader.rows::<MemberRow>(sql).await?, |row| row.space_id, member_place))
}

/// How many members spaces have.
pub(super) async fn member_counts(
    reader: &Reader,
    spaces: &[Uuid],
    role: Option<SpaceRole>,
) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(spaces, viewing(account, "space"), |sql, parent| {
        sql.push("membership x WHERE x.left_at IS NULL AND x.space_id = ")
            .push(parent);
        if let Some(role) = role {
            sql.push(" AND x.role = ").bind(role.to_value());
        }
    });
    count_by(reader, sql).await
}

pub(super) const NAME_ORDER: Order = Order {
    tag: 65,
    columns: &[("sort_key", KeyType::Letters), ("id", KeyType::Id)],
    is_descending: false,
};

/// Writes the mobile pupils of the space in `parent`, as far as the viewer is staff there, with their places in the order of names.
fn push_mobile(sql: &mut Sql, parent: &str, organisation: Option<Uuid>) {
    sql.push("(SELECT x.id, a.sort_key FROM membership x JOIN account a ON a.id = x.account_id ")
        .push("WHERE m.role IN ('COORDINATOR', 'TEACHER') AND x.left_at IS NULL AND x.mobility_status = 'MOBILE' AND x.space_id = ")
        .push(parent);
    if let Some(organisation) = organisation {
        sql.push(" AND x.organisation_id = ").bind(organisation);
    }
    sql.push(") n");
}

#[derive(FromQueryResult)]
struct PlacedRow {
    sort_key: Vec<u8>,
    #[sea_orm(nested)]
    member: MemberRow,
}

/// The mobile pupils of spaces, by name; for staff only.
pub(super) async fn mobile_pupils(
    reader: &Reader,
    spaces: &[Uuid],
    organisation: Option<Uuid>,
    page: &Page,
) -> Result<HashMap<Uuid, Cut<MemberRow>>> {
    let account = reader.actor()?.account_id;
    let columns = format!("{MEMBER_COLUMNS}, {VIEWER_COLUMNS}, a.sort_key");
    let mut sql = reader.sql("");
    let columns = (&*columns, "membership x", MEMBER_JOINS);
    sql.for_each(spaces, viewing(account, "space"), columns, |sql, parent| {
        sql.push("SELECT n.id FROM ");
        push_mobile(sql, parent, organisation);
        sql.push(" WHERE n.id IS NOT NULL");
        page.push(sql, "n");
    });
    let place = |row: &PlacedRow| vec![Key::Letters(row.sort_key.clone()), Key::Id(row.member.id)];
    let cuts = page.cut_by(reader.rows(sql).await?, |row| row.member.space_id, place);
    let members = |(space, cut): (Uuid, Cut<PlacedRow>)| (space, cut.map(|row| row.member));
    Ok(cuts.into_iter().map(members).collect())
}

/// How many they are.
pub(super) async fn mobile_pupil_counts(
    reader: &Reader,
    spaces: &[Uuid],
    organisation: Option<Uuid>,
) -> Result<HashMap<Uuid, i64>> {
    let account = reader.actor()?.account_id;
    let mut sql = reader.sql("");
    sql.count_each(spaces, viewing(account, "space"), |sql, parent| {
        push_mobile(sql, parent, organisation);
    });
    count_by(reader, sql).await
}

/// The viewer's own memberships.
pub(super) async fn own_memberships(reader: &Reader, page: &Page) -> Result<Cut<MemberRow>> {
    let mut sql = reader.sql("SELECT ");
    sql.push(MEMBER_COLUMNS)
        .push(", ")
        .push(VIEWER_COLUMNS)
        .push(" FROM membership x ")
        .push(MEMBER_JOINS);
    let account = reader.actor()?.account_id;
    push_viewer(&mut sql, account, "x.space_id");
    sql.push("WHERE x.left_at IS NULL AND x.account_id = ").bind(account);
    page.push(&mut sql, "x");
    Ok(page.cut(reader.rows(sql).await?, member_place))
}

/// How many they are.
pub(super) async fn own_membership_count(reader: &Reader) -> Result<i64> {
    let mut sql = reader.sql("SELECT COUNT(*) AS count FROM membership x WHERE x.left_at IS NULL AND x.account_id = ");
    sql.bind(reader.actor()?.account_id);
    Ok(reader.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// A membership, inside a unit of work of a member of the same space.
///
/// # Errors
/// The database's.
pub async fn membership(tx: &Tx<'_>, id: Uuid) -> Result<Option<membership::Model>> {
    let mut sql = tx.sql("");
    sql.select::<membership::Entity>().push(" WHERE id = ").bind(id);
    tx.row(sql).await
}

#[derive(FromQueryResult)]
struct TravellerRow {
    id: Uuid,
    mobility_status: Option<MobilityStatus>,
}

/// Which of these are members of a space, and whether they travel.
///
/// # Errors
/// The database's.
pub async fn travellers(tx: &Tx<'_>, space: Uuid, members: &[Uuid]) -> Result<HashMap<Uuid, bool>> {
    let mut sql = tx.sql("SELECT id, mobility_status FROM membership WHERE left_at IS NULL AND space_id = ");
    sql.bind(space).push(" AND ").is_in("id", members);
    let rows = tx.rows::<TravellerRow>(sql).await?.into_iter();
    let travels = |row: TravellerRow| (row.id, row.mobility_status == Some(MobilityStatus::Mobile));
    Ok(rows.map(travels).collect())
}

/// Memberships of accounts in a space, those who left included.
pub(super) async fn memberships_of(
    tx: &Tx<'_>,
    space: Uuid,
    accounts: &[Uuid],
) -> Result<HashMap<Uuid, membership::Model>> {
    let mut sql = tx.sql("");
    sql.select::<membership::Entity>()
        .push(" WHERE space_id = ")
        .bind(space)
        .push(" AND ")
        .is_in("account_id", accounts);
    let rows = tx.rows::<membership::Model>(sql).await?;
    Ok(rows.into_iter().map(|row| (row.account_id, row)).collect())
}

#[derive(FromQueryResult)]
struct CandidateRow {
    id: Uuid,
    kind: AccountKind,
    organisation_id: Option<Uuid>,
    is_partner: bool,
}

/// What the space knows of accounts that are to be added.
pub(super) async fn candidates(tx: &Tx<'_>, space: Uuid, accounts: &[Uuid]) -> Result<HashMap<Uuid, Candidate>> {
    let mut sql = tx
        .sql("SELECT a.id, a.kind, a.organisation_id, EXISTS (SELECT 1 FROM space_organisation i WHERE i.space_id = ");
    sql.bind(space).push(
        " AND i.organisation_id = a.organisation_id AND i.state = 'ACCEPTED') AS is_partner FROM account a \
         WHERE a.erased_at IS NULL AND ",
    );
    sql.is_in("a.id", accounts);
    let candidate = |row: CandidateRow| Candidate {
        kind: row.kind,
        organisation_id: row.organisation_id,
        is_partner: row.is_partner,
    };
    let rows = tx.rows::<CandidateRow>(sql).await?.into_iter();
    Ok(rows.map(|row| (row.id, candidate(row))).collect())
}

/// How many coordinators an organisation has in a space beside this member.
pub(super) async fn other_coordinators(tx: &Tx<'_>, member: &membership::Model) -> Result<i64> {
    let mut sql = tx.sql(
        "SELECT COUNT(*) AS count FROM membership x JOIN account a ON a.id = x.account_id AND a.erased_at IS NULL \
              WHERE x.left_at IS NULL AND x.role = 'COORDINATOR' AND x.space_id = ",
    );
    sql.bind(member.space_id)
        .push(" AND x.organisation_id = ")
        .bind(member.organisation_id);
    sql.push(" AND x.id <> ").bind(member.id);
    Ok(tx.row::<Count>(sql).await?.map_or(0, |row| row.count))
}

/// A space in which somebody is or was a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, FromQueryResult)]
pub struct Stay {
    /// The space.
    pub space_id: Uuid,
    /// Their membership.
    pub member_id: Uuid,
}

/// Everywhere that an account ever was a member, in order of the spaces.
pub(super) async fn stays(tx: &Tx<'_>, account: Uuid) -> Result<Vec<Stay>> {
    let mut sql = tx.sql("SELECT space_id, id AS member_id FROM membership WHERE account_id = ");
    sql.bind(account).push(" ORDER BY space_id");
    tx.rows(sql).await
}

/// Where an account is a coordinator, in order of the spaces.
pub(super) async fn coordinated(tx: &Tx<'_>, account: Uuid) -> Result<Vec<membership::Model>> {
    let mut sql = tx.sql("");
    sql.select::<membership::Entity>()
        .push(" WHERE left_at IS NULL AND role = 'COORDINATOR' AND account_id = ")
        .bind(account)
        .push(" ORDER BY space_id");
    tx.rows(sql).await
}

/// Notes that a member has left.
pub(super) async fn end_membership(tx: &Tx<'_>, known: &membership::Model) -> Result<()> {
    let row = membership::ActiveModel {
        id: Unchanged(known.id),
        pre_moderated_until: Set(None),
        left_at: Set(Some(tx.clock().now())),
        version: Set(known.version + 1),
        ..Default::default()
    };
    update_membership(tx, row).await
}

pub(super) async fn insert_membership(tx: &Tx<'_>, row: membership::ActiveModel) -> Result<()> {
    membership::Entity::insert(row).exec_without_returning(&**tx).await?;
    Ok(())
}

pub(super) async fn update_membership(tx: &Tx<'_>, row: membership::ActiveModel) -> Result<()> {
    row.update(&**tx).await?;
    Ok(())
}
