//! Finding entries: feeds, filters, drafts.

use serde_json::{Value, json};

use super::entries;
use crate::support::{Cast, Person, World, ids};

async fn drafts(world: &World, who: &Person, space: Option<&str>) -> Vec<String> {
    let query = "query($space: ID) { viewer { drafts(spaceId: $space) { totalCount nodes { ... on Node { id } } } } }";
    let data = world.ask(who, query, json!({ "space": space })).await;
    let found = &data["viewer"]["drafts"];
    assert_eq!(found["totalCount"], json!(ids(found).len()));
    ids(found)
}

#[tokio::test]
async fn a_week_that_waits_for_a_moderator_is_not_found_yet() {
    let (world, cast) = World::with_stage().await;
    let id = world.entry(&cast.mobile, &cast.after, "Riga", true).await;
    world.act(&cast.teacher, "Approve", &id).await;
    world.edit(&cast.mobile, &id, json!({ "week": "2026-W48" })).await;
    let of = |week: &str| json!({ "week": week });
    assert_eq!(
        entries(&world, &cast.stayer, &cast.space, &of("2026-W47")).await,
        [&*id]
    );
    assert!(
        entries(&world, &cast.stayer, &cast.space, &of("2026-W48"))
            .await
            .is_empty()
    );
    world.act(&cast.teacher, "Approve", &id).await;
    assert_eq!(
        entries(&world, &cast.stayer, &cast.space, &of("2026-W48")).await,
        [&*id]
    );
}

/// What an entry of [`feed`] is.
struct Known {
    id: String,
    author: &'static str,
    phase: &'static str,
    week: &'static str,
    state: &'static str,
}

/// A feed of everything that filters tell apart, newest first.
async fn feed(world: &World, cast: &Cast) -> Vec<Known> {
    let plan = [
        ("mobile", "during", "2026-W47", "PUBLISHED"),
        ("partner", "during", "2026-W47", "PUBLISHED"),
        ("mobile", "during", "2026-W48", "PUBLISHED"),
        ("mobile", "during", "2026-W47", "HIDDEN"),
        ("mobile", "after", "2026-W47", "PENDING"),
        ("partner", "after", "2026-W48", "PENDING"),
        ("mobile", "during", "2026-W47", "DRAFT"),
        ("partner", "during", "2026-W48", "REMOVED"),
    ];
    let mut known = Vec::new();
    for (author, phase, week, state) in plan {
        world.later(1);
        let who = if author == "mobile" {
            &cast.mobile
        } else {
            &cast.partner_pupil
        };
        let of = if phase == "during" { &cast.during } else { &cast.after };
        let input = json!({ "week": week, "publish": state != "DRAFT" });
        let id = world.create(who, "journalEntry", of, input).await;
        match state {
            "HIDDEN" => world.act(&cast.teacher, "Hide", &id).await,
            "REMOVED" => world.act(&cast.teacher, "Remove", &id).await,
            _ => {}
        }
        known.insert(
            0,
            Known {
                id,
                author,
                phase,
                week,
                state,
            },
        );
    }
    known
}

#[tokio::test]
async fn filters_of_a_space_combine() {
    let (world, cast) = World::with_stage().await;
    let known = feed(&world, &cast).await;
    for (viewer, who) in [
        ("teacher", &cast.teacher),
        ("mobile", &cast.mobile),
        ("stayer", &cast.stayer),
    ] {
        let sees = |one: &Known| match one.state {
            "PUBLISHED" => true,
            "PENDING" | "HIDDEN" => viewer == "teacher" || viewer == one.author,
            _ => false,
        };
        for phase in [None, Some("during"), Some("after")] {
            for author in [None, Some("mobile"), Some("partner")] {
                for organisation in [None, Some("mobile"), Some("partner")] {
                    for week in [None, Some("2026-W47"), Some("2026-W48")] {
                        for states in [vec![], vec!["PUBLISHED"], vec!["PENDING"], vec!["PENDING", "HIDDEN"]] {
                            let mut filter = json!({ "week": week });
                            let of = |name: &str| {
                                if name == "mobile" {
                                    &cast.mobile
                                } else {
                                    &cast.partner_pupil
                                }
                            };
                            filter["phaseId"] =
                                json!(phase.map(|name| [&cast.after, &cast.during][usize::from(name == "during")]));
                            filter["authorId"] = json!(author.map(|name| &of(name).member));
                            filter["organisationId"] = json!(organisation.map(|name| &of(name).organisation));
                            if !states.is_empty() {
                                filter["state"] = json!(states);
                            }
                            let is_in = |one: &&Known| {
                                sees(one)
                                    && phase.is_none_or(|phase| one.phase == phase)
                                    && author.is_none_or(|author| one.author == author)
                                    && organisation.is_none_or(|author| one.author == author)
                                    && week.is_none_or(|week| one.week == week)
                                    && if states.is_empty() {
                                        one.state != "HIDDEN"
                                    } else {
                                        states.contains(&one.state)
                                    }
                            };
                            let expected: Vec<_> = known.iter().filter(is_in).map(|one| one.id.clone()).collect();
                            let found = entries(&world, who, &cast.space, &filter).await;
                            assert_eq!(found, expected, "{viewer}: {filter}");
                        }
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn a_filter_by_what_is_elsewhere_finds_nothing() {
    let (world, cast) = World::with_cast().await;
    world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    for filter in [
        json!({ "phaseId": cast.foreign_phase }),
        json!({ "authorId": cast.foreign_pupil.member }),
        json!({ "organisationId": cast.foreigner.organisation }),
        json!({ "authorId": cast.stayer.member }),
        json!({ "week": "2020-W10" }),
    ] {
        assert!(entries(&world, &cast.stayer, &cast.space, &filter).await.is_empty());
    }
}

#[tokio::test]
async fn a_faulty_filter_is_refused_as_a_whole() {
    let (world, cast) = World::with_cast().await;
    let query = "query($id: ID!, $filter: JournalEntryFilterInput) { space(id: $id) { \
        journalEntries(filter: $filter) { totalCount } } }";
    for (filter, reason) in [
        (json!({ "state": ["DRAFT"] }), "OUT_OF_RANGE"),
        (json!({ "state": ["PUBLISHED", "REMOVED"] }), "OUT_OF_RANGE"),
        (json!({ "week": "2026-W54" }), "OUT_OF_RANGE"),
        (json!({ "week": "47" }), "MALFORMED"),
        (json!({ "phaseId": cast.space }), "MALFORMED"),
        (json!({ "authorId": cast.mobile.account }), "MALFORMED"),
        (json!({ "organisationId": "nonsense" }), "MALFORMED"),
    ] {
        let variables = json!({ "id": cast.space, "filter": filter });
        let answer = world.send(Some(&cast.teacher.token), query, variables).await;
        let extensions = &answer["errors"][0]["extensions"];
        assert_eq!(
            (&extensions["code"], &extensions["reason"]),
            (&json!("INVALID"), &json!(reason)),
            "{filter}"
        );
    }
}

#[tokio::test]
async fn entries_of_a_phase_and_of_a_member_are_theirs() {
    let (world, cast) = World::with_stage().await;
    let known = feed(&world, &cast).await;
    let query = "query($id: ID!) { node(id: $id) { \
        ... on Phase { journalEntries { totalCount nodes { id } } } \
        ... on Membership { journalEntries { totalCount nodes { id } } } } }";
    for (viewer, who) in [
        ("teacher", &cast.teacher),
        ("mobile", &cast.mobile),
        ("stayer", &cast.stayer),
    ] {
        for (node, name) in [
            (&cast.during, "during"),
            (&cast.after, "after"),
            (&cast.mobile.member, "mobile"),
            (&cast.partner_pupil.member, "partner"),
            (&cast.stayer.member, "nobody"),
        ] {
            let is_in = |one: &&Known| {
                (one.phase == name || one.author == name)
                    && (one.state == "PUBLISHED"
                        || one.state == "PENDING" && (viewer == "teacher" || viewer == one.author))
            };
            let expected: Vec<_> = known.iter().filter(is_in).map(|one| one.id.clone()).collect();
            let found = world.ask(who, query, json!({ "id": node })).await["node"]["journalEntries"].clone();
            assert_eq!(
                (ids(&found), &found["totalCount"]),
                (expected.clone(), &json!(expected.len()))
            );
        }
    }
}

#[tokio::test]
async fn drafts_are_seen_by_their_author_alone() {
    let (world, cast) = World::with_cast().await;
    let draft = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    assert_eq!(drafts(&world, &cast.mobile, None).await, [&*draft]);
    for who in [
        &cast.coordinator,
        &cast.teacher,
        &cast.stayer,
        &cast.partner_pupil,
        &cast.foreigner,
    ] {
        assert!(drafts(&world, who, None).await.is_empty());
        assert_eq!(world.seen(who, &draft, "id").await, Value::Null);
    }
    for who in [&cast.mobile, &cast.teacher] {
        assert!(entries(&world, who, &cast.space, &Value::Null).await.is_empty());
    }
}

#[tokio::test]
async fn drafts_of_every_kind_stand_newest_first() {
    let (world, cast) = World::with_stage().await;
    let mut expected = Vec::new();
    for (kind, state) in [
        ("journalEntry", "DRAFT"),
        ("thread", "DRAFT"),
        ("comment", "DRAFT"),
        ("thread", "PENDING"),
    ] {
        world.later(1);
        let id = world.staged(&cast, kind, &cast.mobile, state).await;
        if state == "PENDING" {
            assert_eq!(drafts(&world, &cast.mobile, None).await.len(), expected.len());
            world.act(&cast.teacher, "Return", &id).await;
        }
        expected.insert(0, id);
    }
    assert_eq!(drafts(&world, &cast.mobile, None).await, expected);
    world.act(&cast.mobile, "Publish", &expected.remove(2)).await;
    assert_eq!(drafts(&world, &cast.mobile, None).await, expected);
}

#[tokio::test]
async fn drafts_are_filtered_by_space() {
    let (world, cast) = World::with_cast().await;
    let draft = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    assert_eq!(drafts(&world, &cast.mobile, Some(&cast.space)).await, [&*draft]);
    assert!(drafts(&world, &cast.mobile, Some(&cast.foreign_space)).await.is_empty());
}

#[tokio::test]
async fn who_left_a_space_has_no_drafts_there() {
    let (world, cast) = World::with_cast().await;
    world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    let input = json!({ "membershipId": cast.mobile.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    assert!(drafts(&world, &cast.mobile, None).await.is_empty());
}
