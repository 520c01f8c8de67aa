//! What coordinators let pupils do beyond their role.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, faults, ids};

const GRANTS: &str = "grants { id capability phase { id } thread { id } grantedBy { id } endsAt isInForce }";

/// Gives a grant in the phase during and returns its id.
async fn grant(world: &World, cast: &Cast, who: &Person, capability: &str, place: Value) -> String {
    let mut input = json!({ "membershipId": who.member, "capability": capability });
    input
        .as_object_mut()
        .unwrap()
        .extend(place.as_object().unwrap().clone());
    let payload = world
        .done(&cast.coordinator, "grantCreate", input, "grant { id }")
        .await;
    payload["grant"]["id"].as_str().unwrap().to_owned()
}

async fn grants_of(world: &World, viewer: &Person, who: &Person) -> Vec<Value> {
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Membership {{ {GRANTS} }} }} }}");
    let data = world.ask(viewer, &query, json!({ "id": who.member })).await;
    data["node"]["grants"].as_array().unwrap().clone()
}

/// The ids of what waits in the space for somebody.
async fn queue(world: &World, cast: &Cast, who: &Person) -> Vec<String> {
    let query =
        "query($id: ID!) { space(id: $id) { moderationQueue { totalCount nodes { id contribution { id } } } } }";
    let data = world.ask(who, query, json!({ "id": cast.space })).await;
    let nodes = data["space"]["moderationQueue"]["nodes"].as_array().unwrap();
    assert_eq!(data["space"]["moderationQueue"]["totalCount"], nodes.len());
    nodes
        .iter()
        .map(|node| node["contribution"]["id"].as_str().unwrap().to_owned())
        .collect()
}

async fn can(world: &World, who: &Person, id: &str, action: &str) -> String {
    let selection = format!("viewerCan {{ {action} {{ allowed reason }} }}");
    let seen = world.seen(who, id, &selection).await;
    let verdict = &seen["viewerCan"][action];
    if verdict["allowed"] == true {
        "yes".to_owned()
    } else {
        verdict["reason"].as_str().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_grant_is_given_once_seen_by_all_and_taken_back() {
    let (world, cast) = World::with_cast().await;
    let now = world.node.newest(&cast.mobile, &cast.space).await;
    let mut live = world.node.watch(&cast.mobile, &cast.space, Some(&now)).await;
    let place = json!({ "phaseId": cast.during });
    let id = grant(&world, &cast, &cast.stayer, "MODERATE", place.clone()).await;
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["member"]["id"]),
        (&json!("GRANT_CREATED"), &json!(cast.stayer.member))
    );
    let before = world.events().await;
    assert_eq!(grant(&world, &cast, &cast.stayer, "MODERATE", place).await, id);
    assert_eq!(world.events().await, before, "nothing has changed");
    let soon = json!({ "phaseId": cast.during, "endsAt": "2099-01-01T00:00:00Z" });
    assert_eq!(
        grant(&world, &cast, &cast.stayer, "MODERATE", soon).await,
        id,
        "only its end has changed"
    );
    assert_eq!(live.event().await["kind"], "GRANT_CREATED");
    for viewer in [&cast.mobile, &cast.stayer, &cast.teacher, &cast.observer] {
        let seen = grants_of(&world, viewer, &cast.stayer).await;
        let expected = json!({ "id": id, "capability": "MODERATE", "phase": { "id": cast.during }, "thread": null,
            "grantedBy": { "id": cast.coordinator.member }, "endsAt": "2099-01-01T00:00:00Z", "isInForce": true });
        assert_eq!(seen, [expected], "{}", viewer.login);
    }
    let input = json!({ "grantId": id });
    let selection = "grant { isInForce revokedBy { id } } membership { grants { id } }";
    let payload = world
        .done(&cast.coordinator, "grantRevoke", input.clone(), selection)
        .await;
    assert_eq!(
        payload["grant"],
        json!({ "isInForce": false, "revokedBy": { "id": cast.coordinator.member } })
    );
    assert_eq!(payload["membership"]["grants"], json!([]));
    assert_eq!(live.event().await["kind"], "GRANT_REVOKED");
    let before = world.events().await;
    let again = world.done(&cast.coordinator, "grantRevoke", input, selection).await;
    assert_eq!((again, world.events().await), (payload, before));
    assert!(grants_of(&world, &cast.teacher, &cast.stayer).await.is_empty());
}

#[tokio::test]
async fn only_coordinators_give_grants_and_only_to_pupils_of_the_space() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let given = grant(
        &world,
        &cast,
        &cast.stayer,
        "LEAD_THREAD",
        json!({ "threadId": thread }),
    )
    .await;
    let input = |more: Value| {
        let mut input = json!({ "membershipId": cast.stayer.member, "capability": "MODERATE" });
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    for who in [
        &cast.teacher,
        &cast.mentor,
        &cast.observer,
        &cast.stayer,
        &cast.partner_pupil,
    ] {
        let refused = world.refused(who, "grantCreate", input(json!({}))).await;
        assert_eq!(refused, ["FORBIDDEN/ROLE_NOT_ALLOWED"], "{}", who.login);
        let refused = world.refused(who, "grantRevoke", json!({ "grantId": given })).await;
        assert_eq!(refused, ["FORBIDDEN/ROLE_NOT_ALLOWED"], "{}", who.login);
    }
    for who in [&cast.foreigner, &cast.colleague, &cast.admin] {
        assert_eq!(world.refused(who, "grantCreate", input(json!({}))).await, ["NOT_FOUND"]);
        assert_eq!(
            world.refused(who, "grantRevoke", json!({ "grantId": given })).await,
            ["NOT_FOUND"]
        );
    }
    world
        .phase_step(&cast.coordinator, "phaseOpen", &cast.preparation)
        .await;
    world
        .phase_step(&cast.coordinator, "phaseClose", &cast.preparation)
        .await;
    let foreign_thread = world.thread(&cast.foreigner, &cast.foreign_phase, "Elsewhere").await;
    let draft = world
        .create(&cast.teacher, "thread", &cast.during, json!({ "publish": false }))
        .await;
    for (more, fault) in [
        (
            json!({ "membershipId": cast.foreign_pupil.member }),
            "NOT_FOUND at membershipId",
        ),
        (
            json!({ "membershipId": cast.mentor.member }),
            "INVALID/OUT_OF_RANGE at membershipId",
        ),
        (json!({ "phaseId": cast.foreign_phase }), "NOT_FOUND at phaseId"),
        (
            json!({ "phaseId": cast.preparation }),
            "FORBIDDEN/PHASE_NOT_OPEN at phaseId",
        ),
        (json!({ "threadId": foreign_thread }), "NOT_FOUND at threadId"),
        (json!({ "threadId": draft }), "NOT_FOUND at threadId"),
        (json!({ "threadId": cast.during }), "INVALID/MALFORMED at threadId"),
        (
            json!({ "threadId": thread, "phaseId": cast.during }),
            "INVALID/OUT_OF_RANGE at phaseId",
        ),
        (
            json!({ "threadId": thread, "capability": "OPEN_THREAD" }),
            "INVALID/OUT_OF_RANGE at threadId",
        ),
        (
            json!({ "endsAt": "2001-01-01T00:00:00Z" }),
            "INVALID/OUT_OF_RANGE at endsAt",
        ),
    ] {
        let payload = world
            .mutate(&cast.coordinator, "grantCreate", input(more.clone()), "")
            .await;
        assert_eq!(faults(&payload), [fault], "{more}");
    }
    world
        .done(
            &cast.coordinator,
            "memberRemove",
            json!({ "membershipId": cast.stayer.member }),
            "",
        )
        .await;
    assert_eq!(
        grants_of(&world, &cast.coordinator, &cast.stayer).await,
        Vec::<Value>::new()
    );
    let payload = world
        .mutate(&cast.coordinator, "grantCreate", input(json!({})), "")
        .await;
    assert_eq!(faults(&payload), ["FORBIDDEN/STATE_NOT_ALLOWED at membershipId"]);
}

#[tokio::test]
async fn a_co_moderator_decides_about_what_pupils_write_for_all_where_the_grant_reaches() {
    let (world, cast) = World::with_stage().await;
    let moderator = &cast.stayer;
    let waiting = world.staged(&cast, "comment", &cast.mobile, "PENDING").await;
    let entry = world.staged(&cast, "journalEntry", &cast.mobile, "PENDING").await;
    let own = world.staged(&cast, "thread", moderator, "PENDING").await;
    let elsewhere = world.staged(&cast, "thread", &cast.mobile, "HIDDEN").await;
    assert_eq!(can(&world, moderator, &own, "contributionApprove").await, "NEEDS_GRANT");
    assert!(world.seen(moderator, &waiting, "id").await.is_null());
    grant(&world, &cast, moderator, "MODERATE", json!({ "phaseId": cast.after })).await;
    assert!(
        world.seen(moderator, &elsewhere, "id").await.is_null(),
        "in another phase"
    );
    let mut found = queue(&world, &cast, moderator).await;
    found.sort();
    let mut expected = vec![waiting.clone(), entry.clone()];
    expected.sort();
    assert_eq!(found, expected, "without the own");
    assert_eq!(queue(&world, &cast, &cast.partner_pupil).await, Vec::<String>::new());
    let seen = world
        .seen(
            moderator,
            &waiting,
            "body pendingRevision { id version body } lastDecision { kind } revisions { totalCount }",
        )
        .await;
    assert_eq!(seen["pendingRevision"]["body"], "Said.");
    assert_eq!(
        (&seen["lastDecision"], &seen["revisions"]["totalCount"]),
        (&Value::Null, &json!(0))
    );
    let query = "query($id: ID!) { node(id: $id) { ... on Revision { body contribution { id } } } }";
    let revision = seen["pendingRevision"]["id"].clone();
    for (who, body) in [(moderator, json!("Said.")), (&cast.partner_pupil, Value::Null)] {
        let data = world.ask(who, query, json!({ "id": revision })).await;
        assert_eq!(data["node"]["body"], body, "{}", who.login);
    }
    assert_eq!(world.attempt(moderator, "Approve", &own).await, "OWN_CONTENT");
    assert_eq!(world.attempt(moderator, "Approve", &waiting).await, "PUBLISHED");
    assert_eq!(world.attempt(moderator, "Approve", &waiting).await, "same");
    assert_eq!(world.attempt(moderator, "Return", &entry).await, "DRAFT");
    assert_eq!(world.attempt(moderator, "Return", &entry).await, "same");
    assert_eq!(world.attempt(moderator, "Hide", &waiting).await, "HIDDEN");
    assert_eq!(world.field(moderator, &waiting, "body").await, "Said.");
    assert_eq!(world.field(&cast.partner_pupil, &waiting, "body").await, Value::Null);
    assert_eq!(world.attempt(moderator, "Restore", &waiting).await, "PUBLISHED");
    assert_eq!(world.attempt(moderator, "Remove", &waiting).await, "REMOVED");
    assert_eq!(
        world.field(moderator, &waiting, "body").await,
        Value::Null,
        "what was removed is for staff"
    );
    // The author and staff see who did it.
    let decision = "lastDecision { kind decidedBy { id role } }";
    let seen = world.seen(&cast.mobile, &entry, decision).await;
    assert_eq!(seen["lastDecision"]["kind"], "RETURNED");
    let seen = world.seen(&cast.teacher, &waiting, decision).await;
    assert_eq!(
        seen["lastDecision"],
        json!({ "kind": "REMOVED", "decidedBy": { "id": moderator.member, "role": "PUPIL" } })
    );
    let log = "query($id: ID!) { space(id: $id) { moderationLog { nodes { decision { kind decidedBy { id } } } } } }";
    let data = world.ask(&cast.teacher, log, json!({ "id": cast.space })).await;
    let nodes = data["space"]["moderationLog"]["nodes"].as_array().unwrap();
    let by_pupil = nodes
        .iter()
        .filter(|node| node["decision"]["decidedBy"]["id"] == moderator.member);
    assert_eq!(by_pupil.count(), 5);
    let data = world.ask(moderator, log, json!({ "id": cast.space })).await;
    assert_eq!(data["space"]["moderationLog"]["nodes"], json!([]));
}

#[tokio::test]
async fn a_co_moderator_never_touches_what_staff_wrote_nor_what_is_not_for_all() {
    let (world, cast) = World::with_stage().await;
    let moderator = &cast.stayer;
    grant(&world, &cast, moderator, "MODERATE", json!({})).await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.teacher, &thread, None, "Mine.").await;
    for id in [&thread, &comment] {
        assert_eq!(world.attempt(moderator, "Hide", id).await, "STAFF_CONTENT");
        assert_eq!(world.attempt(moderator, "Remove", id).await, "STAFF_CONTENT");
        assert_eq!(can(&world, moderator, id, "contributionHide").await, "STAFF_CONTENT");
    }
    world.act(&cast.coordinator, "Hide", &comment).await;
    assert_eq!(world.field(moderator, &comment, "body").await, Value::Null);
    assert_eq!(world.attempt(moderator, "Restore", &comment).await, "STAFF_CONTENT");
    world.act(&cast.coordinator, "Hide", &thread).await;
    assert!(world.seen(moderator, &thread, "id").await.is_null());
    let input = json!({ "publish": true, "audience": "STAFF" });
    let private = world.create(&cast.mobile, "journalEntry", &cast.during, input).await;
    world.act(&cast.teacher, "Hide", &private).await;
    assert!(world.seen(moderator, &private, "id").await.is_null());
    let raised = world
        .create(
            &cast.mobile,
            "journalEntry",
            &cast.after,
            json!({ "publish": true, "audience": "AUTHOR" }),
        )
        .await;
    world.edit(&cast.mobile, &raised, json!({ "audience": "SPACE" })).await;
    assert!(world.row(&raised).await.unwrap().pending_version.is_some());
    assert!(
        world.seen(moderator, &raised, "id").await.is_null(),
        "what was private is for staff to judge"
    );
    assert_eq!(queue(&world, &cast, moderator).await, Vec::<String>::new());
    assert_eq!(queue(&world, &cast, &cast.teacher).await, [raised]);
}

#[tokio::test]
async fn a_grant_ends_with_its_time_its_phase_and_its_space() {
    let (world, cast) = World::with_stage().await;
    let waiting = world.staged(&cast, "thread", &cast.mobile, "PENDING").await;
    let sees = async |world: &World| !world.seen(&cast.stayer, &waiting, "id").await.is_null();
    let soon = world.later(0) + chrono::TimeDelta::seconds(10);
    let place = json!({ "phaseId": cast.after, "endsAt": soon.to_rfc3339() });
    grant(&world, &cast, &cast.stayer, "MODERATE", place).await;
    assert!(sees(&world).await);
    world.later(11);
    assert!(!sees(&world).await);
    assert_eq!(world.attempt(&cast.stayer, "Approve", &waiting).await, "NOT_FOUND");
    assert!(grants_of(&world, &cast.teacher, &cast.stayer).await.is_empty());
    // With its phase, and for good.
    grant(
        &world,
        &cast,
        &cast.stayer,
        "MODERATE",
        json!({ "phaseId": cast.after }),
    )
    .await;
    assert!(sees(&world).await);
    world.phase_step(&cast.coordinator, "phaseClose", &cast.after).await;
    assert!(!sees(&world).await);
    let input = json!({ "phaseId": cast.after, "reason": "More to say." });
    world.done(&cast.coordinator, "phaseReopen", input, "").await;
    assert!(!sees(&world).await);
    // One for the space outlives its phases, but doesn't act in closed ones.
    grant(&world, &cast, &cast.stayer, "MODERATE", json!({})).await;
    assert!(sees(&world).await);
    world.phase_step(&cast.coordinator, "phaseClose", &cast.after).await;
    assert_eq!(world.attempt(&cast.stayer, "Approve", &waiting).await, "PHASE_NOT_OPEN");
    world.phase_step(&cast.coordinator, "phaseClose", &cast.during).await;
    assert_eq!(grants_of(&world, &cast.teacher, &cast.stayer).await.len(), 1);
    world
        .done(&cast.coordinator, "spaceClose", json!({ "spaceId": cast.space }), "")
        .await;
    assert!(grants_of(&world, &cast.teacher, &cast.stayer).await.is_empty());
    assert!(!sees(&world).await);
}

#[tokio::test]
async fn who_leads_a_thread_pins_locks_and_moves_it_and_no_other() {
    let (world, cast) = World::with_stage().await;
    let lead = &cast.stayer;
    let led = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let other = world.thread(&cast.teacher, &cast.during, "Wine").await;
    assert_eq!(can(&world, lead, &led, "threadPin").await, "NEEDS_GRANT");
    let id = grant(&world, &cast, lead, "LEAD_THREAD", json!({ "threadId": led })).await;
    let seen = grants_of(&world, &cast.mobile, lead).await;
    assert_eq!(
        (&seen[0]["thread"]["id"], &seen[0]["phase"]["id"]),
        (&json!(led), &json!(cast.during))
    );
    for act in ["threadPin", "threadUnpin", "threadLock", "threadUnlock"] {
        world.done(lead, act, json!({ "threadId": led }), "").await;
        assert_eq!(
            world.refused(lead, act, json!({ "threadId": other })).await,
            ["FORBIDDEN/NEEDS_GRANT"],
            "{act}"
        );
    }
    assert_eq!(world.attempt(lead, "Hide", &led).await, "NEEDS_GRANT");
    for (phase, refused) in [(&cast.preparation, true), (&cast.after, false)] {
        let input = json!({ "threadId": led, "phaseId": phase });
        if refused {
            assert_eq!(
                world.refused(lead, "threadMove", input).await,
                ["FORBIDDEN/PHASE_NOT_OPEN"]
            );
        } else {
            world.done(lead, "threadMove", input, "").await;
        }
    }
    // From now on it ends with the phase that the thread is in.
    let query = "query($id: ID!) { node(id: $id) { ... on Grant { isInForce phase { id } } } }";
    let data = world.ask(lead, query, json!({ "id": id })).await;
    assert_eq!(
        data["node"],
        json!({ "isInForce": true, "phase": { "id": cast.after } })
    );
    world.phase_step(&cast.coordinator, "phaseClose", &cast.during).await;
    assert_eq!(can(&world, lead, &led, "threadLock").await, "yes");
    world.phase_step(&cast.coordinator, "phaseClose", &cast.after).await;
    assert_eq!(can(&world, lead, &led, "threadLock").await, "NEEDS_GRANT");
    // Who sees the grant doesn't see the thread by it.
    world.act(&cast.teacher, "Hide", &led).await;
    let data = world
        .ask(
            lead,
            "query($id: ID!) { node(id: $id) { ... on Grant { thread { id } } } }",
            json!({ "id": id }),
        )
        .await;
    assert_eq!(data["node"]["thread"], Value::Null);
}

#[tokio::test]
async fn a_pupil_opens_threads_by_grant_where_the_phase_does_not_let_them() {
    let (world, cast) = World::with_cast().await;
    world
        .phase_set(&cast.coordinator, &cast.during, json!({ "allowsPupilThreads": false }))
        .await;
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B" });
    let query = "query($id: ID!) { node(id: $id) { ... on Phase { viewerCan { threadCreate { allowed reason } } } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.during })).await;
    assert_eq!(
        data["node"]["viewerCan"]["threadCreate"],
        json!({ "allowed": false, "reason": "NEEDS_GRANT" })
    );
    let refused = world.refused(&cast.stayer, "threadCreate", input.clone()).await;
    assert_eq!(refused, ["FORBIDDEN/NEEDS_GRANT"]);
    grant(
        &world,
        &cast,
        &cast.stayer,
        "OPEN_THREAD",
        json!({ "phaseId": cast.during }),
    )
    .await;
    world.done(&cast.stayer, "threadCreate", input.clone(), "").await;
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.during })).await;
    assert_eq!(data["node"]["viewerCan"]["threadCreate"]["allowed"], true);
    let refused = world.refused(&cast.mobile, "threadCreate", input).await;
    assert_eq!(refused, ["FORBIDDEN/NEEDS_GRANT"]);
}

#[tokio::test]
async fn a_co_moderator_hears_live_of_what_waits_where_the_grant_reaches() {
    let (world, cast) = World::with_stage().await;
    let elsewhere = world.thread(&cast.teacher, &cast.after, "Elsewhere").await;
    let near = world.thread(&cast.teacher, &cast.after, "Near").await;
    grant(&world, &cast, &cast.stayer, "MODERATE", json!({ "threadId": near })).await;
    let now = world.node.newest(&cast.stayer, &cast.space).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&now)).await;
    let mut plain = world.node.watch(&cast.partner_pupil, &cast.space, Some(&now)).await;
    let far = world.comment(&cast.mobile, &elsewhere, None, "Far.").await;
    let waiting = world.comment(&cast.mobile, &near, None, "Near.").await;
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["contribution"]["id"]),
        (&json!("CONTRIBUTION_SUBMITTED"), &json!(waiting))
    );
    world.act(&cast.mobile, "Withdraw", &far).await;
    world.act(&cast.mobile, "Withdraw", &waiting).await;
    let event = live.event().await;
    assert_eq!(
        (&event["__typename"], &event["deletedContributionId"]),
        (&json!("ContributionGone"), &json!(waiting))
    );
    world.comment(&cast.teacher, &near, None, "Listen.").await;
    for stream in [&mut live, &mut plain] {
        let event = stream.event().await;
        assert_eq!(
            (&event["kind"], &event["contribution"]["body"]),
            (&json!("CONTRIBUTION_PUBLISHED"), &json!("Listen."))
        );
    }
}

#[tokio::test]
async fn a_co_author_decides_about_no_group_entry_of_theirs() {
    let (world, cast) = World::with_stage().await;
    grant(&world, &cast, &cast.partner_pupil, "MODERATE", json!({})).await;
    let input = json!({ "publish": true, "coAuthorIds": [cast.partner_pupil.member] });
    let entry = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    assert_eq!(queue(&world, &cast, &cast.teacher).await, std::slice::from_ref(&entry));
    assert_eq!(queue(&world, &cast, &cast.partner_pupil).await, Vec::<String>::new());
    assert_eq!(
        world.attempt(&cast.partner_pupil, "Approve", &entry).await,
        "OWN_CONTENT"
    );
}

#[tokio::test]
async fn the_lists_of_a_co_moderator_hold_what_they_see() {
    let (world, cast) = World::with_stage().await;
    let waiting = world.staged(&cast, "thread", &cast.mobile, "PENDING").await;
    let query = "query($id: ID!) { space(id: $id) { viewerCan { moderate { allowed reason } } threads { totalCount nodes { id } } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
    assert_eq!(data["space"]["viewerCan"]["moderate"]["reason"], "NEEDS_GRANT");
    assert_eq!(ids(&data["space"]["threads"]), Vec::<String>::new());
    grant(
        &world,
        &cast,
        &cast.stayer,
        "MODERATE",
        json!({ "phaseId": cast.after }),
    )
    .await;
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
    assert_eq!(data["space"]["viewerCan"]["moderate"]["allowed"], true);
    assert_eq!(
        (ids(&data["space"]["threads"]), &data["space"]["threads"]["totalCount"]),
        (vec![waiting], &json!(1))
    );
}
