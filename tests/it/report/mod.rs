//! What members find wrong, who decides about it, and what nobody learns.

mod safety;

use chrono::TimeDelta;
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
};
use serde_json::{Value, json};
use sojourn::features::report::tell_delayed;

use crate::support::{Cast, Person, World, faults, ids, inner, is_production};

const REPORT: &str = "report { id state reason note version title body action decisionNote isOverdue \
    reporter { id } decidedBy { id } contribution { id state } \
    viewerCan { reportDecide { allowed reason } reportEscalate { allowed reason } } }";

async fn report(world: &World, who: &Person, id: &str, reason: &str) -> Value {
    let input = json!({ "contributionId": id, "reason": reason, "note": "Look at this." });
    let selection = format!("{REPORT} contribution {{ id state }}");
    world.done(who, "contributionReport", input, &selection).await
}

async fn report_id(world: &World, who: &Person, id: &str, reason: &str) -> String {
    report(world, who, id, reason).await["report"]["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// A report as somebody sees it; null if they don't.
async fn seen(world: &World, who: &Person, id: &str) -> Value {
    let fields = REPORT.strip_prefix("report {").unwrap().strip_suffix('}').unwrap();
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Report {{ {fields} }} }} }}");
    world.ask(who, &query, json!({ "id": id })).await["node"].clone()
}

async fn decide(world: &World, who: &Person, id: &str, outcome: &str, action: Option<&str>) -> Value {
    let mut input = json!({ "reportId": id, "outcome": outcome, "note": "I have looked." });
    if let Some(action) = action {
        input["action"] = json!(action);
    }
    let selection = format!("{REPORT} contribution {{ id state }}");
    world.mutate(who, "reportDecide", input, &selection).await
}

/// Typenames and counts of the queue of somebody.
async fn queue(world: &World, cast: &Cast, who: &Person, filter: Value) -> Vec<String> {
    let query = "query($id: ID!, $filter: ModerationQueueFilterInput) { space(id: $id) {
        moderationQueue(filter: $filter) { totalCount nodes { id } } } }";
    let data = world
        .ask(who, query, json!({ "id": cast.space, "filter": filter }))
        .await;
    let found = ids(&data["space"]["moderationQueue"]);
    assert_eq!(data["space"]["moderationQueue"]["totalCount"], found.len());
    found
}

async fn grant(world: &World, cast: &Cast, who: &Person) {
    let input = json!({ "membershipId": who.member, "capability": "MODERATE" });
    world.done(&cast.coordinator, "grantCreate", input, "").await;
}

async fn state(world: &World, id: &str) -> String {
    format!("{:?}", world.row(id).await.unwrap().state).to_uppercase()
}

#[tokio::test]
async fn a_report_is_pinned_to_the_version_that_was_seen() {
    let (world, cast) = World::with_cast().await;
    let id = world.comment_on(&cast, &cast.mobile, "Ugly words.").await;
    let payload = report(&world, &cast.stayer, &id, "UNKIND").await;
    let made = &payload["report"];
    assert_eq!(
        (&made["state"], &made["version"], &made["body"]),
        (&json!("OPEN"), &json!(1), &json!("Ugly words."))
    );
    assert_eq!(made["reporter"]["id"], cast.stayer.member);
    assert_eq!(
        payload["contribution"]["state"], "PUBLISHED",
        "one pupil's word doesn't hide it"
    );
    let before = world.events().await;
    let again = report(&world, &cast.stayer, &id, "SPAM").await;
    assert_eq!(
        (&again["report"], world.events().await),
        (made, before),
        "once a version"
    );
    world.edit(&cast.mobile, &id, json!({ "body": "Kind words." })).await;
    let old = seen(&world, &cast.teacher, made["id"].as_str().unwrap()).await;
    assert_eq!(
        (&old["body"], &old["version"], &old["note"]),
        (&json!("Ugly words."), &json!(1), &json!("Look at this."))
    );
    let new = report(&world, &cast.stayer, &id, "UNKIND").await;
    assert_eq!(
        (&new["report"]["version"], &new["report"]["body"]),
        (&json!(2), &json!("Kind words."))
    );
}

#[tokio::test]
async fn reports_hide_by_their_weight() {
    let (world, cast) = World::with_cast().await;
    for (who, reason, expected) in [
        (&cast.stayer, "UNKIND", "PUBLISHED"),
        (&cast.observer, "SPAM", "PUBLISHED"),
        (&cast.stayer, "UNSAFE", "HIDDEN"),
        (&cast.partner_pupil, "PRIVACY", "HIDDEN"),
        (&cast.teacher, "OFF_TOPIC", "HIDDEN"),
    ] {
        let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
        report(&world, who, &id, reason).await;
        assert_eq!(state(&world, &id).await, expected, "{} {reason}", who.login);
    }
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    report(&world, &cast.stayer, &id, "UNKIND").await;
    let root = world.row(&id).await.unwrap().root_id.unwrap();
    report(&world, &cast.partner_pupil, &id, "OTHER").await;
    assert_eq!(state(&world, &id).await, "HIDDEN", "two agree");
    let counted = entity_count(&world, root).await;
    assert_eq!(counted, 0, "the counter of the root follows");
    // The author learns why, and not from whom.
    let seen = world
        .seen(&cast.mobile, &id, "lastDecision { kind reason note decidedBy { id } }")
        .await;
    let expected = json!({ "kind": "HIDDEN", "reason": "OTHER", "note": null, "decidedBy": null });
    assert_eq!(seen["lastDecision"], expected);
}

async fn entity_count(world: &World, root: uuid::Uuid) -> i32 {
    use sea_orm::EntityTrait;
    let row = entity::contribution::Entity::find_by_id(root);
    row.one(world.app().db.primary()).await.unwrap().unwrap().comment_count
}

#[tokio::test]
async fn nobody_reports_the_own_work_nor_what_they_do_not_see() {
    let (world, cast) = World::with_stage().await;
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let input = |id: &str| json!({ "contributionId": id, "reason": "OTHER" });
    assert_eq!(
        world.refused(&cast.mobile, "contributionReport", input(&id)).await,
        ["FORBIDDEN/OWN_CONTENT"]
    );
    for who in [&cast.foreigner, &cast.foreign_pupil, &cast.colleague, &cast.admin] {
        assert_eq!(
            world.refused(who, "contributionReport", input(&id)).await,
            ["NOT_FOUND"]
        );
    }
    let waiting = world.staged(&cast, "thread", &cast.mobile, "PENDING").await;
    assert_eq!(
        world.refused(&cast.stayer, "contributionReport", input(&waiting)).await,
        ["NOT_FOUND"]
    );
    assert_eq!(
        world
            .refused(&cast.teacher, "contributionReport", input(&waiting))
            .await,
        ["FORBIDDEN/STATE_NOT_ALLOWED"]
    );
    let long = json!({ "contributionId": id, "reason": "OTHER", "note": "x".repeat(2001) });
    assert_eq!(
        world.refused(&cast.stayer, "contributionReport", long).await,
        ["INVALID/TOO_LONG"]
    );
    world.act(&cast.teacher, "Hide", &id).await;
    let refused = world.refused(&cast.stayer, "contributionReport", input(&id)).await;
    assert_eq!(refused, ["FORBIDDEN/STATE_NOT_ALLOWED"]);
}

#[tokio::test]
async fn the_author_of_what_was_reported_sees_no_report() {
    let (world, cast) = World::with_cast().await;
    grant(&world, &cast, &cast.mobile).await;
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let now = world.node.newest(&cast.mobile, &cast.space).await;
    let mut live = world.node.watch(&cast.mobile, &cast.space, Some(&now)).await;
    let made = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    assert!(seen(&world, &cast.mobile, &made).await.is_null());
    assert!(queue(&world, &cast, &cast.mobile, Value::Null).await.is_empty());
    assert_eq!(
        faults(&decide(&world, &cast.mobile, &made, "DISMISSED", None).await),
        ["NOT_FOUND at reportId"]
    );
    decide(&world, &cast.teacher, &made, "UPHELD", Some("HIDE")).await;
    let event = live.event().await;
    assert_eq!(
        (&event["__typename"], &event["kind"]),
        (&json!("ContributionEvent"), &json!("CONTRIBUTION_HIDDEN"))
    );
    assert_eq!(
        event["actor"]["displayName"], "Theo",
        "a moderator's act is the author's to know, a reporter's is not"
    );
}

#[tokio::test]
async fn a_report_about_staff_goes_to_coordinators_who_are_not_near_the_author() {
    let (world, cast) = World::with_cast().await;
    let id = world.comment_on(&cast, &cast.teacher, "Words.").await;
    // Reported from the other school: its coordinators, and nobody of the author's.
    let made = report_id(&world, &cast.partner_pupil, &id, "UNSAFE").await;
    assert_eq!(state(&world, &id).await, "HIDDEN");
    for who in [
        &cast.teacher,
        &cast.coordinator,
        &cast.mentor,
        &cast.stayer,
        &cast.partner_pupil,
    ] {
        assert!(seen(&world, who, &made).await.is_null(), "{}", who.login);
        assert!(queue(&world, &cast, who, Value::Null).await.is_empty());
    }
    for who in [&cast.teacher, &cast.coordinator] {
        let reason = world.attempt(who, "Restore", &id).await;
        assert!(["OWN_CONTENT", "REPORT_OPEN"].contains(&&reason[..]), "{reason}");
    }
    assert_eq!(
        queue(&world, &cast, &cast.partner, Value::Null).await,
        std::slice::from_ref(&made)
    );
    let payload = decide(&world, &cast.partner, &made, "DISMISSED", None).await;
    assert_eq!(
        (&payload["report"]["state"], &payload["contribution"]["state"]),
        (&json!("DISMISSED"), &json!("PUBLISHED"))
    );
    // Reported from the own school: the coordinators of both, without the person.
    let id = world.comment_on(&cast, &cast.teacher, "More words.").await;
    let made = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    for who in [&cast.coordinator, &cast.partner] {
        assert_eq!(
            queue(&world, &cast, who, Value::Null).await,
            std::slice::from_ref(&made),
            "{}",
            who.login
        );
    }
    assert!(queue(&world, &cast, &cast.teacher, Value::Null).await.is_empty());
    let id = world.comment_on(&cast, &cast.coordinator, "My words.").await;
    let made = report_id(&world, &cast.stayer, &id, "OTHER").await;
    assert!(seen(&world, &cast.coordinator, &made).await.is_null());
    assert_eq!(seen(&world, &cast.partner, &made).await["state"], "OPEN");
}

#[tokio::test]
async fn pupils_decide_by_grant_and_never_about_what_is_unsafe() {
    let (world, cast) = World::with_cast().await;
    let moderator = &cast.partner_pupil;
    grant(&world, &cast, moderator).await;
    let unkind = world.comment_on(&cast, &cast.mobile, "Unkind.").await;
    let unsafe_ = world.comment_on(&cast, &cast.mobile, "Unsafe.").await;
    let staff = world.comment_on(&cast, &cast.teacher, "Staff.").await;
    let visible = report_id(&world, &cast.stayer, &unkind, "UNKIND").await;
    let sealed = report_id(&world, &cast.stayer, &unsafe_, "UNSAFE").await;
    let about_staff = report_id(&world, &cast.stayer, &staff, "UNKIND").await;
    assert_eq!(
        queue(&world, &cast, moderator, Value::Null).await,
        std::slice::from_ref(&visible)
    );
    for hidden in [&sealed, &about_staff] {
        assert!(seen(&world, moderator, hidden).await.is_null());
        assert_eq!(
            faults(&decide(&world, moderator, hidden, "DISMISSED", None).await),
            ["NOT_FOUND at reportId"]
        );
    }
    assert!(
        seen(&world, &cast.stayer, &sealed).await.is_null(),
        "not even who reported it"
    );
    assert_eq!(world.attempt(moderator, "Restore", &unsafe_).await, "STAFF_CONTENT");
    assert_eq!(world.field(moderator, &unsafe_, "body").await, Value::Null);
    let found = seen(&world, moderator, &visible).await;
    assert_eq!(
        (&found["reporter"], &found["viewerCan"]["reportDecide"]["allowed"]),
        (&Value::Null, &json!(true))
    );
    // What they report themselves, others decide.
    let own = report_id(&world, moderator, &unkind, "SPAM").await;
    assert_eq!(state(&world, &unkind).await, "HIDDEN");
    assert_eq!(
        queue(&world, &cast, moderator, Value::Null).await,
        std::slice::from_ref(&visible)
    );
    assert_eq!(
        faults(&decide(&world, moderator, &own, "UPHELD", None).await),
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
    let payload = decide(&world, moderator, &visible, "UPHELD", Some("HIDE")).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    let decision = world
        .seen(&cast.teacher, &unkind, "lastDecision { kind decidedBy { id } }")
        .await;
    assert_eq!(
        decision["lastDecision"],
        json!({ "kind": "HIDDEN", "decidedBy": { "id": moderator.member } })
    );
    let about = seen(&world, &cast.teacher, &visible).await;
    assert_eq!(
        (&about["state"], &about["decidedBy"]["id"]),
        (&json!("UPHELD"), &json!(moderator.member))
    );
    // Dismissed by staff, the other is for pupils again.
    decide(&world, &cast.teacher, &sealed, "DISMISSED", None).await;
    assert_eq!(state(&world, &unsafe_).await, "PUBLISHED");
    assert_eq!(world.attempt(moderator, "Hide", &unsafe_).await, "HIDDEN");
}

#[tokio::test]
async fn of_two_moderators_one_wins_and_the_other_reads_the_decision() {
    let (world, cast) = World::with_cast().await;
    let second = if is_production() {
        Some(world.second_node().await)
    } else {
        None
    };
    let second = second.as_ref().unwrap_or(&world.node);
    for _ in 0..5 {
        let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
        let made = report_id(&world, &cast.stayer, &id, "UNKIND").await;
        let input = |outcome: &str| json!({ "reportId": made, "outcome": outcome, "note": "I have looked." });
        let selection = "report { state decidedBy { id } }";
        let (one, two) = tokio::join!(
            world
                .node
                .mutate(&cast.teacher, "reportDecide", input("UPHELD"), selection),
            second.mutate(&cast.partner, "reportDecide", input("DISMISSED"), selection),
        );
        let mut outcomes = [faults(&one), faults(&two)];
        outcomes.sort();
        assert_eq!(outcomes, [vec![], vec!["CONFLICT/ALREADY_DECIDED".to_owned()]]);
        assert_eq!(
            one["report"]["state"], two["report"]["state"],
            "both read what was decided"
        );
        let winner = if faults(&one).is_empty() {
            &cast.teacher
        } else {
            &cast.partner
        };
        assert_eq!(two["report"]["decidedBy"]["id"], winner.member);
    }
}

#[tokio::test]
async fn deciding_is_repeatable_for_who_decided() {
    let (world, cast) = World::with_cast().await;
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let made = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    let payload = decide(&world, &cast.teacher, &made, "UPHELD", Some("REMOVE")).await;
    assert_eq!(
        (faults(&payload), &payload["contribution"]["state"]),
        (vec![], &json!("REMOVED"))
    );
    let before = world.events().await;
    let again = decide(&world, &cast.teacher, &made, "UPHELD", Some("REMOVE")).await;
    assert_eq!((&again, world.events().await), (&payload, before));
    for (who, outcome) in [(&cast.teacher, "DISMISSED"), (&cast.coordinator, "UPHELD")] {
        assert_eq!(
            faults(&decide(&world, who, &made, outcome, None).await),
            ["CONFLICT/ALREADY_DECIDED"]
        );
    }
    let faulty = decide(&world, &cast.teacher, &made, "DISMISSED", Some("HIDE")).await;
    assert_eq!(faults(&faulty), ["INVALID/OUT_OF_RANGE at action"]);
    let input = json!({ "reportId": made, "outcome": "UPHELD", "note": " " });
    let payload = world.mutate(&cast.teacher, "reportDecide", input, "").await;
    assert_eq!(faults(&payload), ["INVALID/REQUIRED at note"]);
}

#[tokio::test]
async fn what_was_passed_on_is_for_coordinators() {
    let (world, cast) = World::with_cast().await;
    grant(&world, &cast, &cast.partner_pupil).await;
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let made = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    let input = json!({ "reportId": made, "note": "Too hard for me." });
    for who in [&cast.stayer, &cast.mentor] {
        let refused = world.refused(who, "reportEscalate", input.clone()).await;
        assert!(
            ["NOT_FOUND", "FORBIDDEN/NEEDS_GRANT"].contains(&&refused[0][..]),
            "{refused:?}"
        );
    }
    let payload = world
        .done(&cast.partner_pupil, "reportEscalate", input.clone(), REPORT)
        .await;
    assert_eq!(payload["report"], Value::Null, "it has left the pupil's hands");
    world.done(&cast.teacher, "reportEscalate", input, "").await;
    let found = seen(&world, &cast.teacher, &made).await;
    assert_eq!(
        (&found["state"], &found["decisionNote"]),
        (&json!("ESCALATED"), &json!("Too hard for me."))
    );
    assert_eq!(
        found["viewerCan"]["reportDecide"],
        json!({ "allowed": false, "reason": "ROLE_NOT_ALLOWED" })
    );
    assert_eq!(
        faults(&decide(&world, &cast.teacher, &made, "UPHELD", None).await),
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
    assert_eq!(
        faults(&decide(&world, &cast.partner, &made, "UPHELD", Some("NONE")).await),
        Vec::<String>::new()
    );
    assert_eq!(state(&world, &id).await, "PUBLISHED");
}

#[tokio::test]
async fn what_reports_hid_comes_back_with_the_last_of_them() {
    let (world, cast) = World::with_cast().await;
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let one = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    let two = report_id(&world, &cast.partner_pupil, &id, "UNKIND").await;
    assert_eq!(state(&world, &id).await, "HIDDEN");
    decide(&world, &cast.teacher, &one, "DISMISSED", None).await;
    assert_eq!(state(&world, &id).await, "HIDDEN", "another one stands");
    decide(&world, &cast.teacher, &two, "DISMISSED", None).await;
    assert_eq!(state(&world, &id).await, "PUBLISHED");
    // What a moderator hid stays hidden.
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let one = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    world.act(&cast.teacher, "Hide", &id).await;
    decide(&world, &cast.teacher, &one, "DISMISSED", None).await;
    assert_eq!(state(&world, &id).await, "HIDDEN");
    // What a moderator brought back is not hidden again by what they had seen.
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    for who in [&cast.stayer, &cast.partner_pupil] {
        report(&world, who, &id, "UNKIND").await;
    }
    world.later(1);
    world.act(&cast.teacher, "Restore", &id).await;
    world.later(1);
    report(&world, &cast.observer, &id, "OTHER").await;
    assert_eq!(state(&world, &id).await, "PUBLISHED");
}

#[tokio::test]
async fn the_queue_holds_versions_and_reports_oldest_first_with_filters_and_counts() {
    let (world, cast) = World::with_stage().await;
    let said = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let mut expected = Vec::new();
    let pending = async |world: &World, id: &str| {
        let seen = world.seen(&cast.teacher, id, "pendingRevision { id }").await;
        seen["pendingRevision"]["id"].as_str().unwrap().to_owned()
    };
    world.later(1);
    let thread = world.staged(&cast, "thread", &cast.mobile, "PENDING").await;
    expected.push(pending(&world, &thread).await);
    world.later(1);
    expected.push(report_id(&world, &cast.stayer, &said, "UNKIND").await);
    world.later(1);
    let edited = world.staged(&cast, "thread", &cast.mobile, "EDITED").await;
    expected.push(pending(&world, &edited).await);
    world.later(1);
    expected.push(report_id(&world, &cast.partner_pupil, &said, "PRIVACY").await);
    assert_eq!(queue(&world, &cast, &cast.teacher, Value::Null).await, expected);
    for (filter, places) in [
        (json!({ "kind": "SUBMISSION" }), vec![0]),
        (json!({ "kind": "EDIT" }), vec![2]),
        (json!({ "kind": "REPORT" }), vec![1, 3]),
        (json!({ "reason": "PRIVACY" }), vec![3]),
        (json!({ "kind": "EDIT", "reason": "PRIVACY" }), vec![]),
        (json!({ "phaseId": cast.during }), vec![1, 3]),
        (json!({ "phaseId": cast.after }), vec![0, 2]),
        (json!({ "phaseId": cast.after, "kind": "REPORT" }), vec![]),
        (json!({ "phaseId": cast.foreign_phase }), vec![]),
    ] {
        let wanted: Vec<_> = places.into_iter().map(|place: usize| expected[place].clone()).collect();
        assert_eq!(
            queue(&world, &cast, &cast.teacher, filter.clone()).await,
            wanted,
            "{filter}"
        );
    }
    // Pages of both kinds meet without a gap, in both directions.
    let query = "query($id: ID!, $after: String, $before: String, $first: Int, $last: Int) { space(id: $id) {
        moderationCounts { submissions edits reports }
        moderationQueue(first: $first, after: $after, last: $last, before: $before) {
        nodes { __typename id submittedAt contribution { id } } pageInfo { endCursor startCursor hasNextPage hasPreviousPage } } } }";
    for (count, from, edge, more) in [
        ("first", "after", "endCursor", "hasNextPage"),
        ("last", "before", "startCursor", "hasPreviousPage"),
    ] {
        let (mut cursor, mut found) = (Value::Null, Vec::new());
        loop {
            let mut variables = json!({ "id": cast.space });
            variables[count] = json!(1);
            variables[from] = cursor;
            let data = world.ask(&cast.teacher, query, variables).await;
            let queue = &data["space"]["moderationQueue"];
            found.extend(ids(queue));
            cursor = queue["pageInfo"][edge].clone();
            if queue["pageInfo"][more] == false {
                assert_eq!(
                    data["space"]["moderationCounts"],
                    json!({ "submissions": 1, "edits": 1, "reports": 2 })
                );
                break;
            }
        }
        if count == "last" {
            found.reverse();
        }
        assert_eq!(found, expected, "{count}");
    }
    let data = world.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
    assert_eq!(
        data["space"]["moderationCounts"],
        json!({ "submissions": 0, "edits": 0, "reports": 0 })
    );
}

#[tokio::test]
async fn reports_are_live_for_those_who_see_them() {
    let (world, cast) = World::with_cast().await;
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let now = world.node.newest(&cast.teacher, &cast.space).await;
    let mut streams = Vec::new();
    for who in [&cast.teacher, &cast.stayer, &cast.partner_pupil, &cast.mobile] {
        streams.push(world.node.watch(who, &cast.space, Some(&now)).await);
    }
    let made = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    decide(&world, &cast.partner, &made, "DISMISSED", None).await;
    world.comment_on(&cast, &cast.teacher, "The end.").await;
    for (place, stream) in streams.iter_mut().enumerate() {
        let mut heard = Vec::new();
        loop {
            let event = stream.event().await;
            if event["kind"] == "CONTRIBUTION_PUBLISHED" && event["contribution"]["body"] == "The end." {
                break;
            }
            if event["__typename"] == "ReportEvent" {
                assert_eq!(event["report"]["id"], made);
                heard.push((event["kind"].clone(), event["actor"].clone()));
            }
        }
        let actor = |name: &str| json!({ "displayName": name });
        let expected = match place {
            0 => vec![
                (json!("REPORT_CREATED"), actor("Stan K.")),
                (json!("REPORT_DECIDED"), actor(&name_of(&world, &cast.partner).await)),
            ],
            1 => vec![
                (json!("REPORT_CREATED"), Value::Null),
                (json!("REPORT_DECIDED"), Value::Null),
            ],
            _ => Vec::new(),
        };
        assert_eq!(heard, expected, "{place}");
    }
}

async fn name_of(world: &World, who: &Person) -> String {
    let query = "query($id: ID!) { node(id: $id) { ... on Membership { displayName } } }";
    let data = world.ask(who, query, json!({ "id": who.member })).await;
    data["node"]["displayName"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn after_a_day_without_a_decision_a_report_is_overdue() {
    let (world, cast) = World::with_cast().await;
    let id = world.comment_on(&cast, &cast.mobile, "Words.").await;
    let made = report_id(&world, &cast.stayer, &id, "UNKIND").await;
    assert_eq!(seen(&world, &cast.coordinator, &made).await["isOverdue"], false);
    let other = world.comment_on(&cast, &cast.mobile, "More words.").await;
    let decided = report_id(&world, &cast.stayer, &other, "UNKIND").await;
    let input = json!({ "reportId": decided, "outcome": "DISMISSED", "note": "I have looked." });
    world.done(&cast.coordinator, "reportDecide", input, "").await;
    for report in [&made, &decided] {
        let row = entity::report::ActiveModel {
            id: Unchanged(inner(report)),
            submitted_at: Set(world.app().clock.now() - TimeDelta::hours(25)),
            ..Default::default()
        };
        row.update(world.app().db.primary()).await.unwrap();
    }
    assert_eq!(seen(&world, &cast.coordinator, &decided).await["isOverdue"], false);
    assert_eq!(seen(&world, &cast.coordinator, &made).await["isOverdue"], true);
    // The coordinators are told once, by nobody.
    let now = world.node.newest(&cast.coordinator, &cast.space).await;
    let mut streams = Vec::new();
    for who in [&cast.coordinator, &cast.partner, &cast.teacher, &cast.stayer] {
        streams.push(world.node.watch(who, &cast.space, Some(&now)).await);
    }
    assert_eq!(tell_delayed(world.app()).await.unwrap(), 1);
    assert_eq!(tell_delayed(world.app()).await.unwrap(), 0);
    world.comment_on(&cast, &cast.teacher, "The end.").await;
    for (place, stream) in streams.iter_mut().enumerate() {
        let event = stream.event().await;
        if place < 2 {
            assert_eq!(
                (&event["kind"], &event["actor"]),
                (&json!("REPORT_DELAYED"), &Value::Null)
            );
            assert_eq!(event["report"]["id"], made);
        } else {
            assert_eq!(event["kind"], "CONTRIBUTION_PUBLISHED");
        }
    }
}
