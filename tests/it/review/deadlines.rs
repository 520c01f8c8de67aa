//! What happens to a round by itself: reminders, deadlines, late entries; once, on however many nodes, whatever dies in between.

use chrono::{DateTime, TimeDelta, Utc};
use entity::{enums::EventKind, event, job, notification, review, review_round};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, sea_query::Expr};
use serde_json::{Value, json};
use sojourn::app::App;
use tokio_util::sync::CancellationToken;

use super::{Class, days};
use crate::support::{World, eventually, id_of, inner, is_production};

async fn count(world: &World, kind: EventKind) -> u64 {
    let rows = event::Entity::find().filter(event::Column::Kind.eq(kind));
    rows.count(world.app().db.primary()).await.unwrap()
}

/// Stops the clock at a time.
fn at(class: &Class, time: &str) -> DateTime<Utc> {
    let time: DateTime<Utc> = time.parse().unwrap();
    class.world.app().clock.set(Some(time));
    time
}

/// Two nodes at the same time of day; of the embedded set-up there is but one, which does it twice.
async fn nodes(class: &Class) -> [App; 2] {
    let here = class.world.app().clone();
    let there = match is_production() {
        true => class.world.second_node().await.app.clone(),
        false => here.clone(),
    };
    there.clock.set(Some(here.clock.now()));
    [here, there]
}

/// Does what is due for rounds.
async fn look_after(app: &App) {
    let runner = app.runner().only(|kind| kind == "review_round");
    while runner.run_due(&CancellationToken::new()).await.unwrap() > 0 {}
}

async fn states(class: &Class, round: &str) -> Vec<String> {
    let mut states: Vec<_> = class
        .all(round)
        .await
        .iter()
        .map(|(_, one)| one["state"].as_str().unwrap().to_owned())
        .collect();
    states.sort_unstable();
    states
}

async fn state(class: &Class, round: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on ReviewRound { state } } }";
    class
        .world
        .ask(&class.cast.teacher, query, json!({ "id": round }))
        .await["node"]["state"]
        .clone()
}

#[tokio::test]
async fn what_is_not_written_in_time_is_handed_on_and_at_last_over() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let all = class.all(&round).await;
    class
        .submit(&all[0].0, &round, &all[0].1, "I noticed the colours.")
        .await;
    class.world.later(7 * 86_400 + 1);
    class.world.work().await;
    // Three expired; each piece of work has two more who may review it, and they have nothing else to do.
    let now = states(&class, &round).await;
    assert_eq!(now.iter().filter(|state| *state == "EXPIRED").count(), 3);
    assert_eq!(now.iter().filter(|state| *state == "SUBMITTED").count(), 1);
    assert_eq!(now.iter().filter(|state| *state == "ASSIGNED").count(), 3);
    for (_, one) in class.all(&round).await {
        if one["state"] == "ASSIGNED" {
            let due: DateTime<Utc> = one["dueAt"].as_str().unwrap().parse().unwrap();
            assert!(
                due > class.world.app().clock.now(),
                "what is handed on is due when the reflection begins"
            );
        }
    }
    assert_eq!(count(&class.world, EventKind::ReviewExpired).await, 3);
    assert_eq!(count(&class.world, EventKind::ReviewAssigned).await, 3);
    class.world.later(2 * 86_400);
    class.world.work().await;
    assert_eq!(state(&class, &round).await, "REFLECTION");
    assert!(!states(&class, &round).await.contains(&"ASSIGNED".to_owned()));
    class.world.later(11 * 86_400);
    class.world.work().await;
    assert_eq!(state(&class, &round).await, "CLOSED");
    for kind in [EventKind::ReviewRoundReflected, EventKind::ReviewRoundClosed] {
        assert_eq!(count(&class.world, kind).await, 1);
    }
}

#[tokio::test]
async fn late_work_joins_and_nobody_loses_theirs() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let before = class.all(&round).await;
    class.world.later(3_600);
    let late = class
        .world
        .entry(&class.cast.mobile, &class.cast.during, "Late, but there", true)
        .await;
    class.world.fan_out().await;
    class.world.work().await;
    let after = class.all(&round).await;
    let (kept, new): (Vec<_>, Vec<_>) = after.into_iter().partition(|(_, one)| one["isLateEntry"] == false);
    let same = |all: &[(crate::support::Person, Value)]| all.iter().map(|(_, one)| one.clone()).collect::<Vec<_>>();
    assert_eq!(same(&kept), same(&before));
    assert_eq!(new.len(), 2);
    for (_, one) in &new {
        assert_eq!(id_of(&one["snapshot"]["contribution"]), late);
        let kinds: Vec<_> = one["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|why| why["kind"].clone())
            .collect();
        assert!(kinds.contains(&json!("LATE_ENTRY")));
        // Its id doesn't tell that it came later.
        let time = |id: &Value| inner(id.as_str().unwrap()).get_timestamp().unwrap().to_unix();
        assert_eq!(time(&one["id"]), time(&before[0].1["id"]));
    }
    // What comes when reviews are due joins no more.
    class.world.later(7 * 86_400);
    class
        .world
        .entry(&class.cast.mobile, &class.cast.during, "Too late", true)
        .await;
    class.world.fan_out().await;
    class.world.work().await;
    let late = class
        .all(&round)
        .await
        .into_iter()
        .filter(|(_, one)| one["isLateEntry"] == true);
    let works: std::collections::BTreeSet<_> = late.map(|(_, one)| id_of(&one["snapshot"]["contribution"])).collect();
    assert_eq!(works.len(), 1);
}

#[tokio::test]
async fn reviewers_are_reminded_the_day_before_where_they_live() {
    let class = Class::new().await;
    // In Riga clocks go forward on 28 March 2027 at three in the morning: the day before 20:00 is 23 hours before it, not 24.
    class.stay_signed_in().await;
    at(&class, "2027-03-20T12:00:00Z");
    let due = json!({ "reviewsDueAt": "2027-03-28T17:00:00Z", "reflectionAt": "2027-03-30T17:00:00Z",
        "closesAt": "2027-04-10T17:00:00Z" });
    let round = class.open(due).await;
    let done = class.all(&round).await.remove(0);
    class.submit(&done.0, &round, &done.1, "I noticed the colours.").await;
    at(&class, "2027-03-27T17:59:00Z");
    class.world.work().await;
    assert_eq!(count(&class.world, EventKind::ReviewDue).await, 0);
    at(&class, "2027-03-27T18:00:00Z");
    for app in nodes(&class).await {
        look_after(&app).await;
    }
    assert_eq!(
        count(&class.world, EventKind::ReviewDue).await,
        3,
        "whoever hasn't submitted, each once"
    );
    class.world.fan_out().await;
    let told =
        notification::Entity::find().filter(notification::Column::Kind.eq(entity::enums::NotificationKind::ReviewDue));
    assert_eq!(told.count(class.world.app().db.primary()).await.unwrap(), 3);
}

/// Changes the deadlines of a round that is at a version.
async fn reschedule(class: &Class, round: &str, version: i32, deadlines: Value) {
    let mut input = deadlines;
    input["roundId"] = json!(round);
    input["expectedVersion"] = json!(version);
    let teacher = &class.cast.teacher;
    class.world.done(teacher, "reviewRoundUpdate", input, "").await;
    class.world.work().await;
}

async fn version(class: &Class, round: &str) -> i32 {
    let query = "query($id: ID!) { node(id: $id) { ... on ReviewRound { version } } }";
    let data = class
        .world
        .ask(&class.cast.teacher, query, json!({ "id": round }))
        .await;
    i32::try_from(data["node"]["version"].as_i64().unwrap()).unwrap()
}

#[tokio::test]
async fn with_a_deadline_all_that_waits_for_it_moves() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (who, one) = class.all(&round).await.remove(0);
    let begun =
        json!({ "assignmentId": one["id"], "expectedVersion": 0, "answers": class.answers(&round, "I saw").await });
    class.world.done(&who, "reviewSave", begun, "").await;
    // Everybody is reminded, and then gets three days more.
    class.world.later(6 * 86_400 + 60);
    class.world.work().await;
    assert_eq!(count(&class.world, EventKind::ReviewDue).await, 4);
    // Another end of the round is nothing to be reminded of.
    let end = json!({ "closesAt": days(&class.world, 30) });
    reschedule(&class, &round, version(&class, &round).await, end).await;
    assert_eq!(count(&class.world, EventKind::ReviewDue).await, 4);
    let due = days(&class.world, 4);
    let later = json!({ "reviewsDueAt": due, "reflectionAt": days(&class.world, 6) });
    reschedule(&class, &round, version(&class, &round).await, later).await;
    for (_, one) in class.all(&round).await {
        assert_eq!(one["dueAt"], due);
    }
    class.world.later(86_400 + 60);
    class.world.work().await;
    assert_eq!(
        states(&class, &round).await,
        ["ASSIGNED", "ASSIGNED", "ASSIGNED", "STARTED"]
    );
    class.world.later(2 * 86_400);
    class.world.work().await;
    assert_eq!(
        count(&class.world, EventKind::ReviewDue).await,
        8,
        "reminded of the new time too"
    );
    // What is handed on is due when the reflection begins: it moves with that, too.
    class.world.later(86_400);
    class.world.work().await;
    assert_eq!(count(&class.world, EventKind::ReviewExpired).await, 4);
    let reflection = days(&class.world, 9);
    reschedule(
        &class,
        &round,
        version(&class, &round).await,
        json!({ "reflectionAt": reflection }),
    )
    .await;
    let waiting = class
        .all(&round)
        .await
        .into_iter()
        .filter(|(_, one)| one["state"] == "ASSIGNED");
    let waiting: Vec<_> = waiting.map(|(_, one)| one["dueAt"].clone()).collect();
    assert_eq!(waiting, vec![json!(reflection); 4]);
}

#[tokio::test]
async fn an_end_that_is_moved_comes_then_and_not_before() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    class.submit_all(&round).await;
    class.step("Reflect", &round).await;
    let sooner = days(&class.world, 10);
    reschedule(
        &class,
        &round,
        version(&class, &round).await,
        json!({ "closesAt": sooner }),
    )
    .await;
    class.world.later(9 * 86_400);
    class.world.work().await;
    assert_eq!(state(&class, &round).await, "REFLECTION");
    let later = days(&class.world, 12);
    reschedule(
        &class,
        &round,
        version(&class, &round).await,
        json!({ "closesAt": later }),
    )
    .await;
    class.world.later(11 * 86_400);
    class.world.work().await;
    assert_eq!(state(&class, &round).await, "REFLECTION");
    class.world.later(86_400 + 60);
    class.world.work().await;
    assert_eq!(state(&class, &round).await, "CLOSED");
}

#[tokio::test]
async fn two_nodes_expire_and_hand_on_once() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    class.world.later(7 * 86_400 + 1);
    let [here, there] = nodes(&class).await;
    tokio::join!(look_after(&here), look_after(&there));
    let rows = review::Entity::find().filter(review::Column::RoundId.eq(inner(&round)));
    let rows = rows.all(class.world.app().db.primary()).await.unwrap();
    let of = |state| rows.iter().filter(|row| row.state == state).count();
    assert_eq!(
        (
            of(entity::enums::AssignmentState::Expired),
            of(entity::enums::AssignmentState::Assigned)
        ),
        (4, 4)
    );
    assert_eq!(count(&class.world, EventKind::ReviewExpired).await, 4);
    assert_eq!(count(&class.world, EventKind::ReviewAssigned).await, 4);
}

#[tokio::test]
async fn who_leaves_leaves_nothing_undone() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (who, one) = class.all(&round).await.remove(0);
    let entry = id_of(&one["snapshot"]["contribution"]);
    let by = if who.organisation == class.cast.coordinator.organisation {
        &class.cast.coordinator
    } else {
        &class.cast.partner
    };
    class
        .world
        .done(by, "memberRemove", json!({ "membershipId": who.member }), "")
        .await;
    class.world.later(TimeDelta::days(6).num_seconds());
    class.world.work().await;
    let now = class.all(&round).await;
    let of_entry = now
        .iter()
        .filter(|(_, one)| id_of(&one["snapshot"]["contribution"]) == entry && one["state"] == "ASSIGNED");
    assert_eq!(of_entry.count(), 2);
}

/// Lets the time of all assignments of a round be over, and asks somebody to look after it.
async fn let_time_pass(class: &Class, round: &str) {
    let (db, now) = (class.world.app().db.primary(), Utc::now());
    let past = now - TimeDelta::hours(1);
    let rows = review::Entity::update_many().filter(review::Column::RoundId.eq(inner(round)));
    rows.col_expr(review::Column::DueAt, Expr::value(past))
        .exec(db)
        .await
        .unwrap();
    let rounds = review_round::Entity::update_many().filter(review_round::Column::Id.eq(inner(round)));
    rounds
        .col_expr(review_round::Column::ReviewsDueAt, Expr::value(past))
        .exec(db)
        .await
        .unwrap();
    let jobs = job::Entity::update_many().filter(job::Column::SubjectId.eq(inner(round)));
    jobs.col_expr(job::Column::DueAt, Expr::value(now))
        .exec(db)
        .await
        .unwrap();
}

#[tokio::test]
async fn whenever_the_server_is_killed_what_expired_is_handed_on_once() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let teacher = class.cast.teacher.clone();
    let_time_pass(&class, &round).await;
    let mut server = class.world.into_server(&[]).await;
    for pause in [0, 5, 20] {
        tokio::time::sleep(std::time::Duration::from_millis(pause)).await;
        server.kill();
        server.start_again().await;
    }
    if is_production() {
        // Another node, when what the dead ones had claimed is free again.
        let node = server.second_node().await;
        node.clock.set(Some(node.clock.now() + TimeDelta::seconds(61)));
        look_after(&node).await;
        node.db.close().await;
    }
    let query = "query($id: ID!) { node(id: $id) { ... on ReviewRound { overview { expiredCount waitingCount } } } }";
    eventually(std::time::Duration::from_secs(60), "all is handed on", async || {
        let data = server.ask(&teacher, query, json!({ "id": round })).await;
        data["node"]["overview"] == json!({ "expiredCount": 4, "waitingCount": 4 })
    })
    .await;
    let db = server.database().await;
    for kind in [EventKind::ReviewExpired, EventKind::ReviewAssigned] {
        let rows = event::Entity::find().filter(event::Column::Kind.eq(kind));
        assert_eq!(rows.count(&db).await.unwrap(), 4);
    }
}
