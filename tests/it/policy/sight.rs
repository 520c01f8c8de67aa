//! Sight has two forms, for one object in memory and for lists in SQL: they must say the same.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use chrono::TimeDelta;
use entity::{
    contribution,
    enums::{Audience, Capability, ContentState, ContributionKind, RevisionState, SpaceRole, ThreadKind},
    membership, revision,
};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, ColumnTrait, EntityTrait, IntoActiveModel, Iterable, QueryFilter};
use serde_json::{Value, json};
use sojourn::{
    features::{contribution::graphql::contributions, space::seat},
    platform::{
        db::{Reader, Vantage},
        id::{self, Kind},
    },
    policy::{self, Content, Member, Root},
};
use uuid::Uuid;

use crate::support::{Cast, Person, World, inner};

/// One contribution for every combination of the facts that sight asks for, and more: comments whose own audience, which
/// must not matter, differs from their root's.
fn every_contribution(world: &World, cast: &Cast) -> Vec<contribution::Model> {
    let authors = [
        &cast.coordinator,
        &cast.teacher,
        &cast.mentor,
        &cast.observer,
        &cast.mobile,
        &cast.stayer,
    ];
    let mut rows: Vec<contribution::Model> = Vec::new();
    let mut audiences = Audience::iter().cycle();
    for author in authors {
        for state in ContentState::iter() {
            for audience in Audience::iter() {
                for is_waiting in [false, true] {
                    let at = rows.len();
                    for kind in [
                        ContributionKind::Thread,
                        ContributionKind::JournalEntry,
                        ContributionKind::MediaItem,
                        ContributionKind::Album,
                    ] {
                        rows.push(row(world, cast, (kind, None), author, (state, audience, is_waiting)));
                    }
                    // Comments of the author, of the next and of a pupil below one of the two.
                    let root = rows[at + usize::from(is_waiting)].id;
                    for author in [author, &cast.teacher, &cast.partner_pupil] {
                        for state in ContentState::iter() {
                            let audience = audiences.next().unwrap();
                            let kind = (ContributionKind::Comment, Some(root));
                            rows.push(row(world, cast, kind, author, (state, audience, at.is_multiple_of(2))));
                        }
                    }
                }
            }
        }
    }
    rows
}

fn row(
    world: &World,
    cast: &Cast,
    (kind, root_id): (ContributionKind, Option<Uuid>),
    author: &Person,
    (state, audience, is_waiting): (ContentState, Audience, bool),
) -> contribution::Model {
    let now = world.app().clock.now();
    contribution::Model {
        id: world.app().clock.new_id(),
        space_id: inner(&cast.space),
        phase_id: inner(&cast.during),
        kind,
        root_id,
        reply_to_id: None,
        depth: 0,
        author_id: inner(&author.member),
        author_account_id: author.actor.account_id,
        author_org_id: author.actor.organisation_id.unwrap(),
        thread_kind: (kind == ContributionKind::Thread)
            .then_some(ThreadKind::Question)
            .filter(|_| is_waiting),
        media_kind: None,
        file_state: None,
        file_state_at: None,
        is_sealed: is_waiting && state == ContentState::Hidden,
        author_is_staff: [&cast.coordinator, &cast.teacher]
            .map(|staff| &staff.member)
            .contains(&&author.member),
        state,
        audience,
        language: None,
        week: None,
        is_pinned: false,
        is_locked: false,
        version: 2,
        published_version: matches!(state, ContentState::Published | ContentState::Hidden).then_some(2),
        pending_version: is_waiting.then_some(2),
        comment_count: 0,
        listed_at: Some(now),
        last_activity_at: now,
        created_at: now,
        published_at: None,
        edited_at: None,
        client_key: None,
    }
}

/// The text that every contribution needs in order to be read.
fn text_of(world: &World, row: &contribution::Model) -> revision::ActiveModel {
    revision::ActiveModel {
        id: Set(world.app().clock.new_id()),
        contribution_id: Set(row.id),
        space_id: Set(row.space_id),
        version: Set(2),
        state: Set(RevisionState::Published),
        title: Set(None),
        body: Set("Words.".to_owned()),
        body_html: Set(String::new()),
        excerpt: Set(String::new()),
        language: Set(None),
        audience: Set(None),
        week: Set(None),
        detail: Set(revision::Detail::default()),
        renderer: Set(1),
        is_edit: Set(false),
        created_at: Set(row.created_at),
        submitted_at: Set(None),
    }
}

async fn insert(world: &World, rows: &[contribution::Model]) {
    let database = world.app().db.primary();
    // Roots first, for the sake of foreign keys.
    let (comments, roots): (Vec<_>, Vec<_>) = rows.iter().partition(|row| row.root_id.is_some());
    for rows in roots.chunks(500).chain(comments.chunks(500)) {
        let made = rows.iter().map(|row| (*row).clone().into_active_model().reset_all());
        contribution::Entity::insert_many(made)
            .exec_without_returning(database)
            .await
            .unwrap();
        let texts = rows.iter().map(|row| text_of(world, row));
        revision::Entity::insert_many(texts)
            .exec_without_returning(database)
            .await
            .unwrap();
    }
}

fn content(row: &contribution::Model, rows: &BTreeMap<Uuid, contribution::Model>) -> Content {
    let root = row.root_id.map(|root| {
        let root = &rows[&root];
        Root {
            state: root.state,
            audience: root.audience,
            author_id: root.author_id,
            is_by_staff: root.author_is_staff,
            is_sealed: root.is_sealed,
            has_pending_version: root.pending_version.is_some(),
            is_locked: root.is_locked,
            hides_answers: false,
        }
    });
    Content {
        kind: row.kind,
        state: row.state,
        audience: row.audience,
        author_id: row.author_id,
        is_by_staff: row.author_is_staff,
        is_sealed: row.is_sealed,
        has_pending_version: row.pending_version.is_some(),
        has_replies: row.comment_count > 0,
        is_co_author: false,
        has_report: false,
        has_open_report: false,
        file: None,
        is_shown_by_host: false,
        lacks_alt_text: false,
        is_locked: row.is_locked,
        root,
    }
}

async fn member(world: &World, who: &Person) -> Member {
    let row = membership::Entity::find().filter(membership::Column::Id.eq(inner(&who.member)));
    let row = row.one(world.app().db.primary()).await.unwrap().unwrap();
    Member {
        id: row.id,
        role: row.role,
        organisation_id: row.organisation_id,
        mobility: row.mobility_status,
        pre_moderated_until: row.pre_moderated_until,
        capabilities: Vec::new(),
    }
}

/// Whether a thread is a question that a member has not answered.
fn is_unanswered(viewer: &Member, root: Uuid, rows: &BTreeMap<Uuid, contribution::Model>) -> bool {
    let is_answer = |row: &&contribution::Model| {
        let is_there = !matches!(row.state, ContentState::Draft | ContentState::Removed);
        (row.root_id, row.author_id) == (Some(root), viewer.id) && is_there
    };
    rows[&root].thread_kind == Some(ThreadKind::Question) && !rows.values().any(|row| is_answer(&row))
}

/// A member with the grants of theirs that reach a contribution.
fn granted(viewer: &Member, row: &contribution::Model, grants: &[(&Person, Uuid)]) -> Member {
    let places = [row.space_id, row.phase_id, row.root_id.unwrap_or(row.id)];
    let reaches = |(who, place): &(&Person, Uuid)| inner(&who.member) == viewer.id && places.contains(place);
    let mut viewer = viewer.clone();
    viewer.capabilities = grants
        .iter()
        .filter(|grant| reaches(grant))
        .map(|_| Capability::Moderate)
        .collect();
    viewer
}

fn public(row: &contribution::Model) -> String {
    id::encode(row.kind.into(), row.id).0
}

/// What `nodes` finds.
async fn found(world: &World, who: &Person, rows: &[contribution::Model]) -> BTreeSet<Uuid> {
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }";
    let mut found = BTreeSet::new();
    for rows in rows.chunks(100) {
        let ids: Vec<String> = rows.iter().map(public).collect();
        let data = world.ask(who, query, json!({ "ids": ids })).await;
        let nodes = data["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), rows.len());
        found.extend(nodes.iter().filter_map(|node| node["id"].as_str()).map(inner));
    }
    found
}

/// What a condition finds by itself.
async fn selected(world: &World, who: &Person, condition: &str) -> BTreeSet<Uuid> {
    let mut sql = world
        .app()
        .db
        .sql("SELECT c.* FROM contribution c LEFT JOIN contribution r ON r.id = c.root_id ");
    sql.push("JOIN membership m ON m.space_id = c.space_id AND m.left_at IS NULL AND m.account_id = ")
        .bind(who.actor.account_id)
        .push(" WHERE ")
        .push(condition);
    let rows = contribution::Entity::find().from_raw_sql(sql.statement());
    let rows = rows.all(world.app().db.primary()).await.unwrap();
    rows.into_iter().map(|row| row.id).collect()
}

/// What one of those finds who listen to the space, after another has: with the same facts as a query.
async fn heard(world: &World, (who, other): (&Person, &Person), rows: &[contribution::Model]) -> BTreeSet<Uuid> {
    let (db, space) = (&world.app().db, rows[0].space_id);
    let listener = db.live().listen(db, space, None).await.unwrap();
    let shared = listener.shared().unwrap();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let mut found = BTreeSet::new();
    for listens in [other, who] {
        let alone = Reader::passing(db, Some(listens.actor.clone()));
        let Some((seat, _)) = seat(&alone, space).await.unwrap() else {
            return BTreeSet::new();
        };
        let vantage = Vantage::own(Arc::new(seat), Arc::clone(&shared), &listens.actor);
        let among = Reader::among(db, vantage);
        found.clear();
        for ids in ids.chunks(100) {
            let (heard, asked) = (
                contributions(&among, ids).await.unwrap(),
                contributions(&alone, ids).await.unwrap(),
            );
            for (id, heard) in heard {
                let (heard, asked) = (&heard.spine().0, &asked[&id].spine().0);
                assert_eq!((heard.content(), heard.phase()), (asked.content(), asked.phase()));
                assert_eq!(sorted(heard.viewer()), sorted(asked.viewer()));
                found.insert(id);
            }
        }
    }
    found
}

fn sorted(mut viewer: Member) -> Member {
    viewer.capabilities.sort();
    viewer
}

#[tokio::test]
async fn sight_in_memory_and_in_sql_agree_about_every_contribution() {
    let (world, cast) = World::with_cast().await;
    let rows = every_contribution(&world, &cast);
    insert(&world, &rows).await;
    let by_id: BTreeMap<Uuid, contribution::Model> = rows.iter().map(|row| (row.id, row.clone())).collect();
    // One pupil co-moderates the phase, another a thread that waits with what is below it; grants that are over, or for
    // something else, give no sight.
    let waiting = rows.iter().find(|row| {
        (row.kind, row.state, row.audience) == (ContributionKind::Thread, ContentState::Pending, Audience::Space)
            && !row.author_is_staff
    });
    let waiting = id::encode(Kind::Thread, waiting.unwrap().id).0;
    let moderate = |who: &Person| json!({ "membershipId": who.member, "capability": "MODERATE" });
    let with = |mut input: Value, field: &str, value: &str| {
        input[field] = json!(value);
        input
    };
    for input in [
        with(moderate(&cast.stayer), "phaseId", &cast.during),
        with(moderate(&cast.partner_pupil), "threadId", &waiting),
        with(moderate(&cast.mobile), "phaseId", &cast.after),
        json!({ "membershipId": cast.mobile.member, "capability": "LEAD_THREAD", "phaseId": cast.during }),
    ] {
        world.done(&cast.coordinator, "grantCreate", input, "").await;
    }
    let soon = (world.app().clock.now() + TimeDelta::seconds(5)).to_rfc3339();
    let input = with(with(moderate(&cast.mobile), "phaseId", &cast.during), "endsAt", &soon);
    world.done(&cast.coordinator, "grantCreate", input, "").await;
    world.later(6);
    let grants = [
        (&cast.stayer, inner(&cast.during)),
        (&cast.partner_pupil, inner(&waiting)),
    ];
    for who in [
        &cast.coordinator,
        &cast.teacher,
        &cast.partner,
        &cast.mentor,
        &cast.observer,
        &cast.mobile,
        &cast.stayer,
        &cast.partner_pupil,
    ] {
        let viewer = member(&world, who).await;
        let expected = rows
            .iter()
            .filter(|row| {
                let mut content = content(row, &by_id);
                if let Some(root) = &mut content.root {
                    root.hides_answers = is_unanswered(&viewer, row.root_id.unwrap(), &by_id);
                }
                policy::sees(&granted(&viewer, row, &grants), &content)
            })
            .map(|row| row.id);
        let expected: BTreeSet<Uuid> = expected.collect();
        for (form, found) in [
            ("nodes", found(&world, who, &rows).await),
            ("SQL", selected(&world, who, policy::VISIBLE).await),
            ("listening", heard(&world, (who, &cast.observer), &rows).await),
            (
                "listening after staff",
                heard(&world, (who, &cast.coordinator), &rows).await,
            ),
        ] {
            let wrong = found
                .symmetric_difference(&expected)
                .next()
                .map(|id| content(&by_id[id], &by_id));
            assert!(wrong.is_none(), "{form} for {:?}: {wrong:?}", viewer.role);
        }
        assert!(!expected.is_empty() && expected.len() < rows.len());
        let reads = |id: &&Uuid| {
            let row = &by_id[*id];
            policy::sees_text(&granted(&viewer, row, &grants), &content(row, &by_id))
        };
        let read: BTreeSet<Uuid> = expected.iter().filter(reads).copied().collect();
        let condition = format!("{} AND {}", policy::VISIBLE, policy::SEES_TEXT);
        assert_eq!(selected(&world, who, &condition).await, read, "{:?}", viewer.role);
        assert!(viewer.role != SpaceRole::Pupil || read.len() < expected.len());
    }
    for who in [&cast.foreigner, &cast.foreign_pupil, &cast.colleague, &cast.admin] {
        assert!(found(&world, who, &rows).await.is_empty());
        assert!(selected(&world, who, policy::VISIBLE).await.is_empty());
        assert!(heard(&world, (who, &cast.teacher), &rows).await.is_empty());
    }
}
