//! What lists hold is what `node` finds: the SQL of the lists and the policy say the same of every review to everybody.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Class;
use crate::support::{Person, ids};

/// What somebody gets of a round: reviews and assignments, from its lists and from `node`; and reviews from the lists of the work.
#[derive(Debug, PartialEq, Eq)]
struct Sight {
    reviews: BTreeSet<String>,
    assignments: BTreeSet<String>,
    below_work: BTreeSet<String>,
}

async fn by_lists(class: &Class, who: &Person, round: &str, all: &[String]) -> Sight {
    let query = "query($round: ID!, $entries: [ID!]!) {
        node(id: $round) { ... on ReviewRound { reviews { totalCount nodes { id } } assignments { totalCount nodes { id } } } }
        nodes(ids: $entries) { ... on JournalEntry { reviews(first: 100) { totalCount nodes { id } } } } }";
    let data = class
        .world
        .ask(who, query, json!({ "round": round, "entries": class.entries }))
        .await;
    let list = |connection: &Value| {
        let found = ids(connection);
        assert_eq!(connection["totalCount"], found.len());
        found
    };
    // Reviews of other rounds hang there too.
    let of_round = |id: &String| all.contains(id);
    let below = data["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| list(&entry["reviews"]));
    Sight {
        reviews: list(&data["node"]["reviews"]).into_iter().collect(),
        assignments: list(&data["node"]["assignments"]).into_iter().collect(),
        below_work: below.filter(of_round).collect(),
    }
}

async fn by_nodes(class: &Class, who: &Person, all: &[String]) -> Sight {
    let query = "query($reviews: [ID!]!, $assignments: [ID!]!) {
        reviews: nodes(ids: $reviews) { ... on Review { id snapshot { contribution { id } } } }
        assignments: nodes(ids: $assignments) { ... on ReviewAssignment { id } } }";
    let assignments: Vec<_> = all.iter().map(|id| id.replace("review_", "assignment_")).collect();
    let data = class
        .world
        .ask(who, query, json!({ "reviews": all, "assignments": assignments }))
        .await;
    let found = |nodes: &Value, is: &dyn Fn(&&Value) -> bool| {
        let nodes = nodes.as_array().unwrap().iter().filter(|node| node.is_object());
        nodes
            .filter(is)
            .map(|node| node["id"].as_str().unwrap().to_owned())
            .collect::<BTreeSet<_>>()
    };
    Sight {
        reviews: found(&data["reviews"], &|_| true),
        assignments: found(&data["assignments"], &|_| true),
        below_work: found(&data["reviews"], &|node| node["snapshot"]["contribution"].is_object()),
    }
}

#[tokio::test]
async fn lists_and_nodes_agree_for_everybody_in_every_state() {
    let class = Class::new().await;
    let people: Vec<_> = [
        &class.cast.coordinator,
        &class.cast.teacher,
        &class.cast.partner,
        &class.cast.mentor,
        &class.cast.observer,
        &class.cast.mobile,
        &class.cast.partner_pupil,
    ]
    .into_iter()
    .chain(&class.stayers)
    .collect();
    let mut sights = BTreeSet::new();
    for anonymity in ["OPEN", "REVIEWER_HIDDEN", "DOUBLE_HIDDEN"] {
        for (is_shared, reveals) in [(false, false), (true, false), (true, true)] {
            let more =
                json!({ "anonymity": anonymity, "isShared": is_shared, "revealsNames": reveals, "reviewsWanted": 4 });
            let round = class.open(more).await;
            let assignments = class.all(&round).await;
            let all: Vec<_> = assignments
                .iter()
                .map(|(_, one)| one["id"].as_str().unwrap().replace("assignment_", "review_"))
                .collect();
            // Each of the eight in a state of its own: the last two are left alone, and given back.
            for ((who, one), place) in assignments.iter().zip(0..) {
                if place == 7 {
                    let input = json!({ "assignmentId": one["id"], "reason": "OTHER" });
                    class.world.done(who, "reviewDecline", input, "").await;
                } else if place < 6 {
                    class.submit(who, &round, one, "I noticed the colours.").await;
                }
            }
            let staff = async |name: &str, place: usize| {
                let mut input = json!({ "reviewId": all[place] });
                if name == "reviewVoid" {
                    input["note"] = json!("No.");
                }
                class.world.done(&class.cast.teacher, name, input, "").await;
            };
            for place in [1, 2] {
                staff("reviewHold", place).await;
            }
            staff("reviewVoid", 2).await;
            for place in [3, 4, 5] {
                staff("reviewRelease", place).await;
            }
            for step in ["", "Reflect", "Close"] {
                if !step.is_empty() {
                    class.step(step, &round).await;
                }
                if step == "Reflect" {
                    for (place, reaction) in [(4, "HELPFUL"), (5, "UNKIND")] {
                        let author = class
                            .author(&class.review(&class.cast.teacher, &all[place]).await)
                            .await;
                        let input = json!({ "reviewId": all[place], "reaction": reaction });
                        class.world.done(author, "reviewReact", input, "").await;
                    }
                }
                for who in &people {
                    let found = by_lists(&class, who, &round, &all).await;
                    let about = format!(
                        "{anonymity}, shared {is_shared}, reveals {reveals}, {step}, {}",
                        who.login
                    );
                    assert_eq!(found, by_nodes(&class, who, &all).await, "{about}");
                    sights.insert((found.reviews.len(), found.assignments.len(), found.below_work.len()));
                }
            }
        }
    }
    assert!(sights.len() > 6, "there was little to see: {sights:?}");
}
