//! Work that goes out of sight while it is reviewed, and reviewers who leave.

use serde_json::{Value, json};

use super::{ASSIGNMENT, Class};
use crate::support::{PASSWORD, Person, id_of};

/// Who reviews the first entry, with their assignments.
async fn of_first(class: &Class, round: &str) -> Vec<(Person, Value)> {
    let mut all = class.all(round).await;
    all.retain(|(_, one)| id_of(&one["snapshot"]["contribution"]) == class.entries[0]);
    assert_eq!(all.len(), 2);
    all
}

/// Does what follows from what has happened.
async fn settle(class: &Class) {
    class.world.fan_out().await;
    class.world.work().await;
}

/// Saves a draft.
async fn begin(class: &Class, round: &str, (who, one): &(Person, Value)) {
    let answers = class.answers(round, "So far.").await;
    let input = json!({ "assignmentId": one["id"], "expectedVersion": 0, "answers": answers });
    class.world.done(who, "reviewSave", input, ASSIGNMENT).await;
}

/// One of somebody's assignments as it is now.
async fn now(class: &Class, round: &str, (who, one): &(Person, Value)) -> Value {
    let all = class.assignments(who, round).await;
    all.into_iter().find(|now| now["id"] == one["id"]).unwrap()
}

/// What somebody is asked for beside that.
async fn others(class: &Class, round: &str, (who, one): &(Person, Value)) -> Vec<Value> {
    let mut all = class.assignments(who, round).await;
    all.retain(|now| now["id"] != one["id"]);
    all
}

async fn overview(class: &Class, round: &str) -> Value {
    let query = "query($id: ID!) { node(id: $id) { ... on ReviewRound { overview { targetCount coveredCount uncoveredCount \
        waitingCount expiredCount excusedCount targets { missing } reviewers { waiting expired excused isSilent } } } } }";
    let data = class
        .world
        .ask(&class.cast.teacher, query, json!({ "id": round }))
        .await;
    data["node"]["overview"].clone()
}

async fn is_refused(class: &Class, round: &str, (who, one): &(Person, Value)) {
    let answers = class.answers(round, "A review of nothing.").await;
    let version = now(class, round, &(who.clone(), one.clone())).await["version"].clone();
    for name in ["reviewSave", "reviewSubmit"] {
        let input = json!({ "assignmentId": one["id"], "expectedVersion": version, "answers": answers });
        let faults = super::refused(&class.world, who, name, input).await;
        assert_eq!(faults, ["FORBIDDEN/STATE_NOT_ALLOWED"], "{name}");
    }
}

async fn take_away(class: &Class, how: &str) {
    let (world, cast, entry) = (&class.world, &class.cast, &class.entries[0]);
    match how {
        "narrow" => world.edit(&cast.mobile, entry, json!({ "audience": "STAFF" })).await,
        "hide" => world.act(&cast.coordinator, "Hide", entry).await,
        "erase" => {
            let input = json!({ "accountId": cast.mobile.account, "currentPassword": PASSWORD });
            world.done(&cast.mobile, "accountErase", input, "").await;
        }
        act => world.act(&cast.mobile, act, entry).await,
    }
}

#[tokio::test]
async fn who_has_nothing_to_review_any_more_gets_other_work() {
    for how in ["narrow", "hide", "Withdraw", "Remove", "erase"] {
        let class = Class::new().await;
        let round = class.open(json!({})).await;
        let had = of_first(&class, &round).await;
        begin(&class, &round, &had[0]).await;
        take_away(&class, how).await;
        is_refused(&class, &round, &had[0]).await;
        settle(&class).await;
        for one in &had {
            let old = now(&class, &round, one).await;
            assert_eq!(
                (&old["state"], &old["excuse"]),
                (&json!("EXPIRED"), &json!("REPLACED")),
                "{how}"
            );
            let new = others(&class, &round, one).await;
            assert_eq!(new.len(), 1, "{how}");
            assert_eq!(
                (&new[0]["state"], &new[0]["excuse"]),
                (&json!("ASSIGNED"), &Value::Null),
                "{how}"
            );
            assert_eq!(new[0]["reasons"][0]["kind"], "REPLACEMENT", "{how}");
            assert_eq!(id_of(&new[0]["snapshot"]["contribution"]), class.entries[1], "{how}");
            is_refused(&class, &round, one).await;
        }
        let draft = now(&class, &round, &had[0]).await;
        assert_eq!(
            draft["answers"][0]["body"], "So far.",
            "the draft stays the reviewer's: {how}"
        );
        let overview = overview(&class, &round).await;
        for (count, expected) in [
            ("targetCount", 1),
            ("uncoveredCount", 1),
            ("waitingCount", 4),
            ("expiredCount", 0),
            ("excusedCount", 0),
        ] {
            assert_eq!(overview[count], expected, "{how}: {count}");
        }
        assert_eq!(overview["targets"].as_array().unwrap().len(), 1, "{how}");
    }
}

#[tokio::test]
async fn who_has_less_than_a_day_is_excused_and_gets_it_back_with_the_work() {
    let class = Class::new().await;
    class.stay_signed_in().await;
    let round = class.open(json!({})).await;
    let had = of_first(&class, &round).await;
    begin(&class, &round, &had[0]).await;
    class.world.later(6 * 86_400 + 60);
    take_away(&class, "hide").await;
    settle(&class).await;
    for one in &had {
        let old = now(&class, &round, one).await;
        assert_eq!(
            (&old["state"], &old["excuse"]),
            (&json!("EXPIRED"), &json!("WORK_GONE"))
        );
        assert_eq!(others(&class, &round, one).await.len(), 0);
    }
    let during = overview(&class, &round).await;
    assert_eq!(
        (&during["expiredCount"], &during["excusedCount"]),
        (&json!(0), &json!(2))
    );
    let silent = during["reviewers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["isSilent"] == true);
    assert_eq!(silent.count(), 2, "those of the other work alone");
    class
        .world
        .act(&class.cast.coordinator, "Restore", &class.entries[0])
        .await;
    settle(&class).await;
    for (one, state) in had.iter().zip(["STARTED", "ASSIGNED"]) {
        let back = now(&class, &round, one).await;
        assert_eq!((&back["state"], &back["excuse"]), (&json!(state), &Value::Null));
    }
    assert_eq!(now(&class, &round, &had[0]).await["answers"][0]["body"], "So far.");
    class
        .submit(&had[1].0, &round, &had[1].1, "I noticed the colours.")
        .await;
}

#[tokio::test]
async fn restored_work_does_not_come_back_to_who_has_other_work() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let had = of_first(&class, &round).await;
    take_away(&class, "hide").await;
    settle(&class).await;
    class
        .world
        .act(&class.cast.coordinator, "Restore", &class.entries[0])
        .await;
    settle(&class).await;
    for one in &had {
        assert_eq!(now(&class, &round, one).await["excuse"], "REPLACED");
        assert_eq!(others(&class, &round, one).await.len(), 1);
    }
    // It is reviewed again, by those who had the other one.
    let again = class.all(&round).await;
    let again = again
        .iter()
        .filter(|(_, one)| one["state"] == "ASSIGNED" && id_of(&one["snapshot"]["contribution"]) == class.entries[0]);
    assert_eq!(again.count(), 2);
}

#[tokio::test]
async fn what_its_author_took_back_is_shown_to_no_new_reviewer() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let had = of_first(&class, &round).await;
    let (world, author, entry) = (&class.world, &class.cast.mobile, &class.entries[0]);
    world.act(author, "Withdraw", entry).await;
    settle(&class).await;
    world.edit(author, entry, json!({ "body": "Now without names." })).await;
    world.act(author, "Publish", entry).await;
    settle(&class).await;
    let mut shown = Vec::new();
    for (who, one) in class.all(&round).await {
        let is_new = had.iter().all(|(_, had)| had["id"] != one["id"]);
        if is_new && id_of(&one["snapshot"]["contribution"]) == *entry {
            shown.push(one["snapshot"]["body"].clone());
            assert!(had.iter().all(|(had, _)| had.member != who.member));
        }
    }
    assert_eq!(shown, ["Now without names.", "Now without names."]);
}

#[tokio::test]
async fn who_leaves_or_is_erased_is_replaced_at_once() {
    for is_erased in [false, true] {
        let class = Class::new().await;
        let round = class.open(json!({})).await;
        let had = of_first(&class, &round).await;
        let gone = &had[0].0;
        if is_erased {
            let input = json!({ "accountId": gone.account, "currentPassword": PASSWORD });
            class.world.done(gone, "accountErase", input, "").await;
        } else {
            let by = [&class.cast.coordinator, &class.cast.partner];
            let by = by.into_iter().find(|by| by.organisation == gone.organisation).unwrap();
            let input = json!({ "membershipId": gone.member });
            class.world.done(by, "memberRemove", input, "").await;
        }
        settle(&class).await;
        let mut reviewers = Vec::new();
        for one in class.stayers.iter().filter(|one| one.member != gone.member) {
            let all = class.assignments(one, &round).await;
            let is_there = |one: &&Value| {
                one["state"] == "ASSIGNED" && id_of(&one["snapshot"]["contribution"]) == class.entries[0]
            };
            reviewers.extend(all.iter().filter(is_there).map(|_| one.member.clone()));
        }
        assert_eq!(reviewers.len(), 2, "erased: {is_erased}");
        assert!(!reviewers.contains(&gone.member));
    }
}
