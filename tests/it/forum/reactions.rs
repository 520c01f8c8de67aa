//! Reactions: who gives them to what, how they are counted, and who is told.

use serde_json::{Value, json};

use crate::support::{Person, World, faults};

async fn reactions(world: &World, who: &Person, id: &str) -> Value {
    let field = "reactions { kind count viewerHasReacted }";
    world.seen(who, id, field).await["reactions"].clone()
}

async fn react(world: &World, who: &Person, id: &str, kind: &str) {
    let input = json!({ "contributionId": id, "kind": kind });
    world.done(who, "reactionAdd", input, "").await;
}

async fn take_back(world: &World, who: &Person, id: &str, kind: &str) {
    let input = json!({ "contributionId": id, "kind": kind });
    world.done(who, "reactionRemove", input, "").await;
}

fn count(kind: &str, count: u32, own: bool) -> Value {
    json!({ "kind": kind, "count": count, "viewerHasReacted": own })
}

#[tokio::test]
async fn everything_published_takes_reactions_and_counts_each_member_once_for_each_kind() {
    let (world, cast) = World::with_cast().await;
    for kind in ["thread", "comment", "journalEntry"] {
        let id = world.staged(&cast, kind, &cast.mobile, "PUBLISHED").await;
        assert_eq!(reactions(&world, &cast.stayer, &id).await, json!([]));
        for who in [&cast.stayer, &cast.stayer, &cast.teacher, &cast.mobile] {
            react(&world, who, &id, "THANKS").await;
        }
        react(&world, &cast.stayer, &id, "LIKE").await;
        let own = json!([count("LIKE", 1, true), count("THANKS", 3, true)]);
        assert_eq!(reactions(&world, &cast.stayer, &id).await, own, "{kind}");
        let others = json!([count("LIKE", 1, false), count("THANKS", 3, false)]);
        assert_eq!(reactions(&world, &cast.observer, &id).await, others, "{kind}");
        for _ in 0..2 {
            take_back(&world, &cast.stayer, &id, "THANKS").await;
            take_back(&world, &cast.stayer, &id, "LIKE").await;
        }
        let left = json!([count("THANKS", 2, false)]);
        assert_eq!(reactions(&world, &cast.stayer, &id).await, left, "{kind}");
    }
}

#[tokio::test]
async fn the_payload_carries_the_contribution_with_its_reactions_and_its_root() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let id = world.comment(&cast.mobile, &root, None, "Said.").await;
    let input = json!({ "contributionId": id, "kind": "LAUGH" });
    let selection = "contribution { id reactions { kind count viewerHasReacted } } root { id }";
    for (name, expected) in [
        ("reactionAdd", json!([count("LAUGH", 1, true)])),
        ("reactionRemove", json!([])),
    ] {
        let payload = world.done(&cast.stayer, name, input.clone(), selection).await;
        assert_eq!(payload["contribution"], json!({ "id": id, "reactions": expected }));
        assert_eq!(payload["root"]["id"], json!(root));
    }
}

#[tokio::test]
async fn a_reaction_makes_one_event_and_a_repetition_none() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let before = world.events().await;
    for _ in 0..3 {
        react(&world, &cast.stayer, &id, "LIKE").await;
    }
    assert_eq!(world.events().await, before + 1);
    for _ in 0..3 {
        take_back(&world, &cast.stayer, &id, "LIKE").await;
    }
    assert_eq!(world.events().await, before + 2);
    let row = world.row(&id).await.unwrap();
    assert_eq!((row.version, row.edited_at), (1, None), "a reaction is no edit");
}

/// What a member is refused, and the reason that `viewerCan` gave for both mutations.
async fn refused(world: &World, who: &Person, id: &str) -> String {
    let seen = world
        .seen(
            who,
            id,
            "viewerCan { reactionAdd { allowed reason } reactionRemove { allowed reason } }",
        )
        .await;
    let input = json!({ "contributionId": id, "kind": "LIKE" });
    let mut reasons = Vec::new();
    for name in ["reactionAdd", "reactionRemove"] {
        let payload = world.mutate(who, name, input.clone(), "").await;
        let fault = faults(&payload).into_iter().next().unwrap_or_default();
        if seen.is_object() {
            let can = &seen["viewerCan"][name];
            assert_eq!(can["allowed"], json!(fault.is_empty()), "{fault}");
            assert_eq!(
                fault.rsplit('/').next().unwrap(),
                can["reason"].as_str().unwrap_or_default()
            );
        }
        reasons.push(fault);
    }
    assert_eq!(reasons[0], reasons[1]);
    reasons.swap_remove(0)
}

#[tokio::test]
async fn observers_do_not_react_nor_pupils_where_they_do_not_comment() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.teacher, &cast.during, "Bread").await;
    assert_eq!(refused(&world, &cast.observer, &id).await, "FORBIDDEN/ROLE_NOT_ALLOWED");
    for who in [
        &cast.coordinator,
        &cast.teacher,
        &cast.mentor,
        &cast.mobile,
        &cast.stayer,
    ] {
        assert_eq!(refused(&world, who, &id).await, "", "{}", who.login);
    }
    world
        .phase_set(&cast.coordinator, &cast.during, json!({ "allowsPupilComments": false }))
        .await;
    assert_eq!(refused(&world, &cast.stayer, &id).await, "FORBIDDEN/ROLE_NOT_ALLOWED");
    assert_eq!(refused(&world, &cast.mentor, &id).await, "");
}

#[tokio::test]
async fn only_what_is_published_in_an_open_phase_takes_reactions() {
    let (world, cast) = World::with_stage().await;
    for kind in ["thread", "journalEntry", "comment"] {
        for state in ["DRAFT", "PENDING", "HIDDEN", "REMOVED"] {
            let id = world.staged(&cast, kind, &cast.mobile, state).await;
            assert_eq!(
                refused(&world, &cast.mobile, &id).await,
                "FORBIDDEN/STATE_NOT_ALLOWED",
                "{kind} {state}"
            );
        }
    }
    let id = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &id, None, "Said.").await;
    let lock = json!({ "threadId": id });
    world.done(&cast.teacher, "threadLock", lock, "").await;
    assert_eq!(
        refused(&world, &cast.stayer, &comment).await,
        "",
        "it takes no comments, but reactions"
    );
    world.act(&cast.teacher, "Hide", &id).await;
    assert_eq!(
        refused(&world, &cast.teacher, &comment).await,
        "FORBIDDEN/STATE_NOT_ALLOWED"
    );
    world.act(&cast.teacher, "Restore", &id).await;
    let input = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", input, "").await;
    assert_eq!(
        refused(&world, &cast.stayer, &comment).await,
        "FORBIDDEN/PHASE_NOT_OPEN"
    );
}

#[tokio::test]
async fn what_somebody_does_not_see_takes_no_reaction_of_theirs() {
    let (world, cast) = World::with_cast().await;
    let of_staff = world
        .create(&cast.teacher, "thread", &cast.during, json!({ "audience": "STAFF" }))
        .await;
    let entry = world.entry(&cast.mobile, &cast.during, "First week", true).await;
    for (who, id) in [
        (&cast.stayer, &of_staff),
        (&cast.mentor, &of_staff),
        (&cast.foreigner, &entry),
        (&cast.colleague, &entry),
    ] {
        assert_eq!(refused(&world, who, id).await, "NOT_FOUND at contributionId");
    }
}

#[tokio::test]
async fn a_placeholder_shows_no_reactions() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let id = world.comment(&cast.mobile, &root, None, "Said.").await;
    react(&world, &cast.stayer, &id, "LIKE").await;
    world.act(&cast.teacher, "Hide", &id).await;
    assert_eq!(reactions(&world, &cast.stayer, &id).await, json!([]));
    assert_eq!(
        reactions(&world, &cast.mobile, &id).await,
        json!([count("LIKE", 1, false)])
    );
    world.act(&cast.teacher, "Restore", &id).await;
    assert_eq!(
        reactions(&world, &cast.stayer, &id).await,
        json!([count("LIKE", 1, true)])
    );
}

#[tokio::test]
async fn reactions_of_those_who_have_left_stay() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.teacher, &cast.during, "Bread").await;
    react(&world, &cast.partner_pupil, &id, "LOVE").await;
    let input = json!({ "membershipId": cast.partner_pupil.member });
    world.done(&cast.partner, "memberRemove", input, "").await;
    assert_eq!(
        reactions(&world, &cast.stayer, &id).await,
        json!([count("LOVE", 1, false)])
    );
}
