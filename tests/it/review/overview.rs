//! What teachers see of a round, in a constant number of statements.

use serde_json::{Value, json};

use super::Class;
use crate::support::Person;

const OVERVIEW: &str = "query($id: ID!) { node(id: $id) { ... on ReviewRound { overview { targetCount lateEntryCount coveredCount
    uncoveredCount waitingCount lateCount submittedCount heldCount releasedCount acknowledgedCount declinedCount expiredCount voidedCount
    targets { contribution { id } version isLateEntry assigned submitted home partner missing }
    reviewers { reviewer { id } assigned submitted waiting expired isSilent }
    spread { from { id } to { id } count } } } } }";

async fn overview(class: &Class, round: &str) -> Value {
    let data = class
        .world
        .ask(&class.cast.teacher, OVERVIEW, json!({ "id": round }))
        .await;
    data["node"]["overview"].clone()
}

#[tokio::test]
async fn it_says_who_waits_for_whom() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let all = class.all(&round).await;
    let begun = overview(&class, &round).await;
    assert_eq!(
        (&begun["targetCount"], &begun["coveredCount"], &begun["uncoveredCount"]),
        (&json!(2), &json!(0), &json!(2))
    );
    assert_eq!(begun["waitingCount"], 4);
    assert!(
        begun["reviewers"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["isSilent"] == true)
    );

    let review = class
        .submit(&all[0].0, &round, &all[0].1, "I noticed the colours.")
        .await;
    class.submit(&all[1].0, &round, &all[1].1, "I noticed the tram.").await;
    class
        .world
        .done(&class.cast.teacher, "reviewHold", json!({ "reviewId": review }), "")
        .await;
    let decline = json!({ "assignmentId": all[2].1["id"], "reason": "NO_TIME" });
    class.world.done(&all[2].0, "reviewDecline", decline, "").await;
    let now = overview(&class, &round).await;
    let counts = [
        "waitingCount",
        "submittedCount",
        "heldCount",
        "declinedCount",
        "releasedCount",
    ]
    .map(|field| now[field].clone());
    assert_eq!(json!(counts), json!([1, 1, 1, 1, 0]));
    let load = |who: &str| {
        let reviewers = now["reviewers"].as_array().unwrap();
        let one = reviewers.iter().find(|one| one["reviewer"]["id"] == who).unwrap();
        (
            one["submitted"].clone(),
            one["waiting"].clone(),
            one["isSilent"].clone(),
        )
    };
    assert_eq!(load(&all[0].0.member), (json!(1), json!(0), json!(false)));
    assert_eq!(load(&all[2].0.member), (json!(0), json!(0), json!(false)));
    assert_eq!(load(&all[3].0.member), (json!(0), json!(1), json!(true)));
    let spread: i64 = now["spread"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["count"].as_i64().unwrap())
        .sum();
    assert_eq!(spread, 2);
    for target in now["targets"].as_array().unwrap() {
        let of = |field: &str| target[field].as_i64().unwrap();
        assert_eq!(of("home") + of("partner"), of("submitted"));
        assert_eq!(of("missing"), 2 - of("submitted"));
    }
    class.world.later(8 * 86_400);
    assert_eq!(overview(&class, &round).await["lateCount"], 1);
}

#[tokio::test]
async fn it_is_for_staff() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    for who in [&class.cast.mobile, &class.stayers[0], &class.cast.observer] {
        let data = class.world.ask(who, OVERVIEW, json!({ "id": round })).await;
        assert_eq!(data["node"]["overview"], Value::Null);
    }
    for who in [&class.cast.coordinator, &class.cast.partner, &class.cast.teacher] {
        let data = class.world.ask(who, OVERVIEW, json!({ "id": round })).await;
        assert_eq!(data["node"]["overview"]["targetCount"], 2);
    }
}

#[tokio::test]
async fn it_takes_as_many_statements_for_twenty_as_for_two() {
    let class = Class::new().await;
    let small = class.open(json!({})).await;
    for place in 0..18 {
        class
            .world
            .entry(&class.cast.mobile, &class.cast.during, &format!("Day {place}"), true)
            .await;
    }
    let large = class.open(json!({})).await;
    let mut counts = Vec::new();
    for round in [&small, &large] {
        let answer = class
            .world
            .send(Some(&class.cast.teacher.token), OVERVIEW, json!({ "id": round }))
            .await;
        counts.push(answer["extensions"]["stats"]["sql"].as_i64().unwrap());
    }
    assert_eq!(counts[0], counts[1]);
}

/// Asks for 2 rows and for 20.
async fn takes_the_same(class: &Class, who: &Person, query: &str, variables: Value) {
    let mut counts = Vec::new();
    for rows in [2, 20] {
        let mut variables = variables.clone();
        variables["n"] = json!(rows);
        let answer = class.world.send(Some(&who.token), query, variables).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        let found = answer["data"].to_string().matches("\"row\":").count();
        assert_eq!(found, rows, "{answer}");
        counts.push(answer["extensions"]["stats"]["sql"].as_i64().unwrap());
    }
    assert_eq!(counts[0], counts[1], "{query}");
}

#[tokio::test]
async fn pages_of_reviewers_and_authors_take_the_same_statements_for_2_as_for_20() {
    let class = Class::new().await;
    for place in 0..23 {
        let who = if place % 2 == 0 {
            &class.cast.mobile
        } else {
            &class.cast.partner_pupil
        };
        class
            .world
            .entry(who, &class.cast.during, &format!("Day {place}"), true)
            .await;
    }
    let round = class
        .open(json!({ "reviewsWanted": 4, "releasePolicy": "IMMEDIATE" }))
        .await;
    let reviewer = &class.stayers[0];
    let page = "query($n: Int!) { viewer { reviewAssignments(first: $n) { totalCount nodes { row: id state version reasons { kind }
        answers { body } reviewer { displayName } round { title criteria { title } }
        snapshot { title body byline { kind name organisation { name } } answers { body } attachments { id } contribution { id } }
        review { id } viewerCan { reviewSave { allowed } } } } } }";
    takes_the_same(&class, reviewer, page, json!({})).await;
    let answers = class.answers(&round, "I noticed the colours.").await;
    let mine = "{ viewer { reviewAssignments(first: 100) { nodes { id } } } }";
    let data = class.world.ask(reviewer, mine, json!({})).await;
    for one in data["viewer"]["reviewAssignments"]["nodes"].as_array().unwrap() {
        let input = json!({ "assignmentId": one["id"], "expectedVersion": 0, "answers": answers });
        class.world.done(reviewer, "reviewSubmit", input, "").await;
    }
    let review = "row: id state by { displayName } byline { kind number organisation { name } } answers { body criterion { title } }
        reaction snapshot { title body byline { name } contribution { id } } change { body } assignment { id state }
        round { title } viewerCan { reviewHold { allowed } }";
    let of_round = format!(
        "query($n: Int!, $id: ID!) {{ node(id: $id) {{ ... on ReviewRound {{ reviews(first: $n) {{ totalCount nodes {{ {review} }} }} }} }} }}"
    );
    takes_the_same(&class, &class.cast.teacher, &of_round, json!({ "id": round })).await;
    let assignments =
        "query($n: Int!, $id: ID!) { node(id: $id) { ... on ReviewRound { assignments(first: $n) { totalCount nodes {
        row: id state reviewer { displayName } snapshot { title } review { id } } } } } }";
    takes_the_same(&class, &class.cast.teacher, assignments, json!({ "id": round })).await;
    // Of each entry, the one review that there is.
    let of_entries = format!(
        "query($n: Int!, $id: ID!) {{ space(id: $id) {{ journalEntries(first: $n) {{ nodes {{ reviews(first: 3) {{ totalCount nodes {{ {review} }} }} }} }} }} }}"
    );
    takes_the_same(
        &class,
        &class.cast.teacher,
        &of_entries,
        json!({ "id": class.cast.space }),
    )
    .await;
}

#[tokio::test]
async fn rounds_take_the_same_statements_for_2_as_for_20() {
    let class = Class::new().await;
    for _ in 0..20 {
        class.round(json!({})).await;
    }
    let query = "query($n: Int!, $id: ID!) { space(id: $id) { reviewRounds(first: $n) { totalCount nodes { row: id title state
        phase { title } createdBy { displayName } criteria { title } plan { reviewers { id } targets { id } }
        overview { targetCount } assignments(first: 2) { totalCount nodes { id } } viewerCan { reviewRoundOpen { allowed } } } } } }";
    takes_the_same(&class, &class.cast.teacher, query, json!({ "id": class.cast.space })).await;
}
