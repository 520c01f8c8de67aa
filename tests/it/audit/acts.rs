//! Which acts leave a record, and what stands in it.

use chrono::TimeDelta;
use serde_json::{Value, json};
use sojourn::features::space::archive_closed;

use super::{length, records, since, trail};
use crate::support::{Cast, Person, World, inner};

/// Does something, and expects exactly these records of it: `{}` stands for what it is about.
async fn leaves(world: &World, cast: &Cast, who: &Person, (mutation, input): (&str, Value), expected: &[String]) {
    let place = length(world, &cast.space).await;
    world.done(who, mutation, input.clone(), "").await;
    let found = since(world, &cast.coordinator, &cast.space, place).await;
    assert_eq!(found, expected, "{mutation}");
}

/// The same, and nothing the second time.
async fn leaves_once(world: &World, cast: &Cast, who: &Person, call: (&str, Value), expected: String) {
    leaves(world, cast, who, call.clone(), &[expected]).await;
    leaves(world, cast, who, call, &[]).await;
}

#[tokio::test]
async fn acts_of_moderation() {
    let (world, cast) = World::with_cast().await;
    let (teacher, stayer) = (&cast.teacher, &cast.stayer);
    let thread = world.thread(stayer, &cast.during, "Bread").await;
    let comment = world.comment(stayer, &thread, None, "Dark").await;
    let own = world.thread(stayer, &cast.during, "Mine").await;
    let of_thread = || json!({ "threadId": thread });
    for (name, act) in [
        ("Pin", "PINNED"),
        ("Unpin", "UNPINNED"),
        ("Lock", "LOCKED"),
        ("Unlock", "UNLOCKED"),
    ] {
        let call = (format!("thread{name}"), of_thread());
        let expected = format!("THREAD_{act} {thread} - > -");
        leaves_once(&world, &cast, teacher, (&call.0, call.1), expected).await;
    }
    let hide = json!({ "contributionId": comment, "reason": "UNKIND", "note": "Words" });
    let hidden = format!("CONTRIBUTION_HIDDEN {comment} PUBLISHED 1 > HIDDEN 1 UNKIND");
    leaves_once(&world, &cast, teacher, ("contributionHide", hide), hidden).await;
    let restored = format!("CONTRIBUTION_RESTORED {comment} HIDDEN 1 > PUBLISHED 1");
    let id = json!({ "contributionId": comment });
    leaves_once(&world, &cast, teacher, ("contributionRestore", id), restored).await;
    let remove = json!({ "contributionId": comment, "reason": "SPAM" });
    let removed = format!("CONTRIBUTION_REMOVED {comment} PUBLISHED 1 > REMOVED 1 SPAM");
    leaves_once(&world, &cast, teacher, ("contributionRemove", remove), removed).await;
    let id = json!({ "contributionId": own });
    leaves(&world, &cast, stayer, ("contributionRemove", id), &[]).await;

    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let waits = world.thread(stayer, &cast.during, "Waits").await;
    let version = json!({ "contributionId": waits, "expectedVersion": 1 });
    let approved = format!("CONTRIBUTION_APPROVED {waits} PENDING 1 > PUBLISHED 1");
    leaves_once(&world, &cast, teacher, ("contributionApprove", version), approved).await;
    let waits = world.thread(stayer, &cast.during, "Waits").await;
    let version = json!({ "contributionId": waits, "expectedVersion": 1, "note": "Words", "reason": "OFF_TOPIC" });
    let returned = format!("CONTRIBUTION_RETURNED {waits} PENDING 1 > DRAFT 1 OFF_TOPIC");
    leaves_once(&world, &cast, teacher, ("contributionReturn", version), returned).await;
    world
        .done(&cast.coordinator, "phaseOpen", json!({ "phaseId": cast.after }), "")
        .await;
    let to = json!({ "threadId": thread, "phaseId": cast.after });
    let moved = format!("THREAD_MOVED {thread} DURING > AFTER");
    leaves_once(&world, &cast, teacher, ("threadMove", to), moved).await;
}

#[tokio::test]
async fn acts_on_members_and_organisations() {
    let (world, cast) = World::with_cast().await;
    let coordinator = &cast.coordinator;
    let rows = json!([{ "accountId": cast.bystander.account, "role": "PUPIL", "mobilityStatus": "HOST_PEER" }]);
    let input = json!({ "spaceId": cast.space, "rows": rows });
    let place = length(&world, &cast.space).await;
    let made = world
        .done(coordinator, "memberAdd", input, "results { membership { id } }")
        .await;
    let member = made["results"][0]["membership"]["id"].as_str().unwrap();
    let found = since(&world, coordinator, &cast.space, place).await;
    assert_eq!(found, [format!("MEMBER_ADDED {member} - > PUPIL HOST_PEER")]);

    let later = world.app().clock.now() + TimeDelta::days(1);
    let input = json!({ "membershipId": member, "expectedVersion": 1, "mobilityStatus": "MOBILE",
        "preModeratedUntil": later });
    let updated = format!("MEMBER_UPDATED {member} PUPIL HOST_PEER > PUPIL MOBILE PRE");
    leaves(&world, &cast, coordinator, ("memberUpdate", input), &[updated]).await;
    let removed = format!("MEMBER_REMOVED {member} PUPIL MOBILE > -");
    let input = json!({ "membershipId": member });
    leaves_once(&world, &cast, coordinator, ("memberRemove", input), removed).await;

    let far = &cast.foreigner;
    let input = json!({ "spaceId": cast.space, "organisationId": far.organisation });
    let invited = |before| format!("ORGANISATION_INVITED {} {before} > INVITED", far.organisation);
    leaves_once(
        &world,
        &cast,
        coordinator,
        ("spaceOrganisationInvite", input.clone()),
        invited("-"),
    )
    .await;
    let made = world
        .done(
            coordinator,
            "spaceOrganisationInvite",
            input.clone(),
            "invitation { id }",
        )
        .await;
    let invitation = json!({ "invitationId": made["invitation"]["id"] });
    let answer = |act, after| format!("ORGANISATION_{act} {} INVITED > {after}", far.organisation);
    let declined = answer("DECLINED", "DECLINED");
    leaves_once(
        &world,
        &cast,
        far,
        ("spaceOrganisationDecline", invitation.clone()),
        declined,
    )
    .await;
    leaves_once(
        &world,
        &cast,
        coordinator,
        ("spaceOrganisationInvite", input),
        invited("DECLINED"),
    )
    .await;
    let accepted = answer("ACCEPTED", "ACCEPTED");
    leaves_once(&world, &cast, far, ("spaceOrganisationAccept", invitation), accepted).await;
}

#[tokio::test]
async fn acts_on_phases_and_spaces() {
    let (world, cast) = World::with_cast().await;
    let coordinator = &cast.coordinator;
    let (space, phase) = (&cast.space, &cast.after);
    let of_phase = || json!({ "phaseId": phase });
    let opened = format!("PHASE_OPENED {phase} PLANNED > OPEN");
    leaves_once(&world, &cast, coordinator, ("phaseOpen", of_phase()), opened).await;
    let closed = format!("PHASE_CLOSED {phase} OPEN > CLOSED");
    leaves_once(&world, &cast, coordinator, ("phaseClose", of_phase()), closed).await;
    let input = json!({ "phaseId": phase, "reason": "Words" });
    let reopened = format!("PHASE_REOPENED {phase} CLOSED > OPEN");
    leaves_once(&world, &cast, coordinator, ("phaseReopen", input), reopened).await;
    let input = json!({ "phaseId": phase, "expectedVersion": 4, "title": "Words", "moderation": "PRE",
        "allowsPupilThreads": false });
    let before = "4 POST PUPIL_THREADS PUPIL_COMMENTS PUPIL_UPLOADS";
    let updated = format!("PHASE_UPDATED {phase} {before} > 5 PRE PUPIL_COMMENTS PUPIL_UPLOADS");
    leaves(&world, &cast, coordinator, ("phaseUpdate", input), &[updated]).await;
    let prompts = json!({ "phaseId": phase, "expectedVersion": 5, "week": "2026-W47", "language": "en",
        "prompts": [{ "question": "Words?" }] });
    let asked = format!("PHASE_PROMPTS_UPDATED {phase} 5 > 6");
    leaves(&world, &cast, coordinator, ("phasePromptsUpdate", prompts), &[asked]).await;

    let input = json!({ "spaceId": space, "expectedVersion": 1, "title": "Words" });
    let updated = format!("SPACE_UPDATED {space} 1 > 2");
    leaves(&world, &cast, coordinator, ("spaceUpdate", input), &[updated]).await;
    for phase in [phase, &cast.during] {
        world
            .done(coordinator, "phaseClose", json!({ "phaseId": phase }), "")
            .await;
    }
    let of_space = || json!({ "spaceId": space });
    for (name, act, before, after) in [
        ("spaceClose", "CLOSED", "ACTIVE", "CLOSED"),
        ("spaceReopen", "REOPENED", "CLOSED", "ACTIVE"),
        ("spaceClose", "CLOSED", "ACTIVE", "CLOSED"),
        ("spaceArchive", "ARCHIVED", "CLOSED", "ARCHIVED"),
    ] {
        let expected = format!("SPACE_{act} {space} {before} > {after}");
        leaves_once(&world, &cast, coordinator, (name, of_space()), expected).await;
    }
    let first = since(&world, coordinator, space, 0).await[0].clone();
    assert_eq!(first, format!("SPACE_CREATED {space} - > ACTIVE"));
}

#[tokio::test]
async fn a_space_that_time_archives_was_archived_by_nobody() {
    let (world, cast) = World::with_cast().await;
    let clock = &world.app().clock;
    clock.set(Some(clock.now() - TimeDelta::days(181)));
    let phase = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", phase, "").await;
    let input = json!({ "spaceId": cast.space });
    world.done(&cast.coordinator, "spaceClose", input, "").await;
    clock.set(None);
    assert_eq!(archive_closed(world.app()).await.unwrap(), 1);
    let found = trail(&world, &cast.coordinator, &cast.space).await;
    let (newest, before) = (&found["nodes"][0], &found["nodes"][1]);
    assert_eq!(
        (&newest["act"], &newest["actor"]),
        (&json!("SPACE_ARCHIVED"), &Value::Null)
    );
    assert_eq!(before["actor"]["id"], cast.coordinator.member);
}

#[tokio::test]
async fn acts_on_an_account_stand_on_the_chains_of_its_school_and_of_its_spaces() {
    let (world, cast) = World::with_cast().await;
    let school = inner(&cast.coordinator.organisation);
    let (space, mobile) = (inner(&cast.space), &cast.mobile);
    let lengths = async || {
        let mut lengths = Vec::new();
        for chain in [school, space, inner(&cast.foreign_space)] {
            lengths.push(records(&world, chain).await.len());
        }
        lengths
    };
    let before = lengths().await;
    let input = json!({ "accountIds": [mobile.account] });
    world.done(&cast.teacher, "accountSecretsReset", input, "").await;
    let (actor, token) = world.sign_in(&cast.stayer.login, crate::support::PASSWORD).await;
    let stayer = Person {
        actor,
        token,
        ..cast.stayer.clone()
    };
    let input = json!({ "currentPassword": crate::support::PASSWORD, "newPassword": "battery staple" });
    world.done(&stayer, "accountPasswordChange", input, "").await;
    world
        .done(&stayer, "sessionRevoke", json!({ "allSessions": true }), "")
        .await;
    let after = lengths().await;
    assert_eq!(after, [before[0] + 3, before[1] + 3, before[2]]);
    for chain in [school, space] {
        let records = records(&world, chain).await;
        let newest: Vec<_> = records.iter().rev().take(3).rev().collect();
        let acts = newest.iter().map(|record| serde_json::to_value(record.act).unwrap());
        let acts: Vec<Value> = acts.collect();
        assert_eq!(
            acts,
            [
                "ACCOUNT_SECRET_RESET",
                "ACCOUNT_PASSWORD_CHANGED",
                "ACCOUNT_SESSIONS_REVOKED"
            ]
        );
        assert_eq!(newest[0].actor_id, Some(cast.teacher.actor.account_id));
        assert_eq!(newest[0].subject_id, mobile.actor.account_id);
        assert_eq!(newest[1].subject_id, stayer.actor.account_id);
    }
}

#[tokio::test]
async fn accounts_and_organisations_are_made_on_record() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let alder = world.organisation(&admin, "Alder").await;
    let cora = world.staff(&admin, alder, "Cora").await;
    let input = json!({ "organisationId": cora.organisation, "rows": [
        { "givenName": "Ada", "familyInitial": "B", "birthYear": 2010, "languages": ["en"] },
        { "givenName": "", "familyInitial": "B", "birthYear": 2010, "languages": ["en"] },
        { "givenName": "Bo", "familyInitial": "B", "birthYear": 2010, "languages": ["en"] },
    ] });
    let mut input = input;
    input["idempotencyKey"] = json!("0123456789abcdef");
    for _ in 0..2 {
        world.done(&cora, "pupilAccountsCreate", input.clone(), "").await;
    }
    let acts = async |chain| {
        let records = records(&world, chain).await.into_iter();
        let act = |record: entity::audit_record::Model| {
            let act = serde_json::to_value(record.act).unwrap();
            format!("{} {}", act.as_str().unwrap(), record.state_after.unwrap_or_default())
        };
        records.map(act).collect::<Vec<_>>()
    };
    let of_installation = acts(sojourn::platform::audit::INSTALLATION).await;
    assert_eq!(
        of_installation,
        ["ACCOUNT_CREATED ADMIN", "ORGANISATION_CREATED SCHOOL"]
    );
    let of_alder = acts(alder).await;
    let made = "ACCOUNT_CREATED PUPIL";
    let own = [
        "ORGANISATION_CREATED SCHOOL",
        "ACCOUNT_CREATED STAFF",
        "ACCOUNT_PASSWORD_CHANGED ",
        made,
        made,
    ];
    assert_eq!(of_alder, own);
}

#[tokio::test]
async fn only_coordinators_read_the_trail() {
    let (world, cast) = World::with_cast().await;
    let found = trail(&world, &cast.coordinator, &cast.space).await;
    let id = found["nodes"][0]["id"].clone();
    assert!(found["totalCount"].as_u64().unwrap() > 5);
    let partner = trail(&world, &cast.partner, &cast.space).await;
    assert_eq!(partner["totalCount"], found["totalCount"]);
    let node = "query($id: ID!) { node(id: $id) { id } }";
    for who in [&cast.teacher, &cast.mentor, &cast.observer, &cast.stayer] {
        let empty = trail(&world, who, &cast.space).await;
        assert_eq!(empty, json!({ "totalCount": 0, "nodes": [] }));
        assert_eq!(world.ask(who, node, json!({ "id": id })).await["node"], Value::Null);
    }
    assert_eq!(
        world.ask(&cast.foreigner, node, json!({ "id": id })).await["node"],
        Value::Null
    );
    assert_eq!(
        world.ask(&cast.partner, node, json!({ "id": id })).await["node"]["id"],
        id
    );
}

#[tokio::test]
async fn records_follow_each_other_without_gaps() {
    let (world, cast) = World::with_cast().await;
    let found = trail(&world, &cast.coordinator, &cast.space).await;
    let nodes = found["nodes"].as_array().unwrap();
    for pair in nodes.windows(2) {
        assert_eq!(pair[0]["seq"].as_i64(), pair[1]["seq"].as_i64().map(|seq| seq + 1));
        assert_eq!(pair[0]["previousHash"], pair[1]["hash"]);
    }
    let oldest = nodes.last().unwrap();
    assert_eq!((&oldest["seq"], &oldest["previousHash"]), (&json!(1), &Value::Null));
}

#[tokio::test]
async fn a_record_is_made_of_ids_and_words_of_enums() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.stayer, &cast.during, "Zebrafish").await;
    let input = json!({ "contributionId": thread, "reason": "UNKIND", "note": "Zebrafish" });
    world.done(&cast.teacher, "contributionHide", input, "").await;
    let dump = world.dump().await;
    let is_word = |word: &str| {
        let is_sign = |sign: char| sign.is_ascii_uppercase() || sign.is_ascii_digit() || sign == '_';
        !word.is_empty() && word.chars().all(is_sign)
    };
    for chain in [&cast.space, &cast.coordinator.organisation] {
        for record in records(&world, inner(chain)).await {
            let states = [record.state_before, record.state_after].into_iter().flatten();
            assert!(states.into_iter().all(|state| state.split(' ').all(is_word)));
            assert!(record.subject_kind.chars().all(|sign| sign.is_ascii_lowercase()));
        }
    }
    for row in &dump["audit_record"] {
        for name in ["Zebrafish", "Stan", "Theo", "school.example", "Project"] {
            assert!(!row.contains(name), "{row}");
        }
    }
}
