//! A review that hurts: out of sight at once, and staff decide.

use serde_json::{Value, json};

use super::{Class, refused};
use crate::support::{Person, ids};

const REPORT: &str = "report { id state body version reason review { id state } contribution { id } reporter { id } \
    viewerCan { reportDecide { allowed reason } } }";

/// A released review, who wrote it, whose work it is about, and the report after its author found it unkind.
async fn hurt(class: &Class) -> (Person, Person, String, String) {
    let round = class.open(json!({ "releasePolicy": "IMMEDIATE" })).await;
    let (reviewer, assignment) = class.all(&round).await.remove(0);
    let author = class.author(&assignment).await.clone();
    let review = class.submit(&reviewer, &round, &assignment, "You cannot write.").await;
    class.step("Reflect", &round).await;
    let unkind = json!({ "reviewId": review, "reaction": "UNKIND", "note": "That hurts." });
    for _ in 0..2 {
        let done = class
            .world
            .done(&author, "reviewReact", unkind.clone(), "review { id }")
            .await;
        assert_eq!(done["review"], Value::Null);
    }
    let queue = queue(class, &class.cast.teacher).await;
    assert_eq!(queue.len(), 1, "one report, however often it was sent");
    let report = queue[0]["id"].as_str().unwrap().to_owned();
    (reviewer, author, review, report)
}

async fn queue(class: &Class, who: &Person) -> Vec<Value> {
    let query = "query($space: ID!) { space(id: $space) { moderationQueue { nodes { ... on Report { id body reason
        review { id state } reporter { id } } } } } }";
    let data = class.world.ask(who, query, json!({ "space": class.cast.space })).await;
    data["space"]["moderationQueue"]["nodes"].as_array().unwrap().clone()
}

#[tokio::test]
async fn it_is_hidden_until_staff_decide() {
    let class = Class::new().await;
    let (reviewer, author, review, report) = hurt(&class).await;
    assert_eq!(class.review(&author, &review).await, Value::Null);
    let waiting = &queue(&class, &class.cast.teacher).await[0];
    assert_eq!(
        (&waiting["body"], &waiting["reason"]),
        (&json!("You cannot write."), &json!("UNKIND"))
    );
    assert_eq!(waiting["review"], json!({ "id": review, "state": "HELD" }));
    assert_eq!(waiting["reporter"]["id"], author.member);
    // The reviewer sees that it is held, not why, nor who said so.
    let own = class.review(&reviewer, &review).await;
    assert_eq!(
        (&own["state"], &own["reaction"], &own["reactionNote"]),
        (&json!("HELD"), &Value::Null, &Value::Null)
    );
    assert_eq!(own["viewerCan"]["reviewReact"]["allowed"], false);
    let query = "query($id: ID!) { node(id: $id) { ... on Report { id body review { id } } } }";
    for who in [&reviewer, &class.stayers[3], &class.cast.observer] {
        let seen = class.world.ask(who, query, json!({ "id": report })).await;
        assert_eq!(seen["node"], Value::Null);
    }
    // Its author sees the report that they made, and in it what they read; not the review.
    let seen = class.world.ask(&author, query, json!({ "id": report })).await;
    assert_eq!(
        seen["node"],
        json!({ "id": report, "body": "You cannot write.", "review": null })
    );
    // What was reported stays as it was.
    let edit = json!({ "assignmentId": review.replace("review_", "assignment_"), "expectedVersion": 1, "answers": [] });
    assert_eq!(
        refused(&class.world, &reviewer, "reviewSave", edit).await,
        Vec::<String>::new(),
        "the same again is no edit"
    );
}

#[tokio::test]
async fn upheld_is_void() {
    let class = Class::new().await;
    let (reviewer, author, review, report) = hurt(&class).await;
    let decide = json!({ "reportId": report, "outcome": "UPHELD", "note": "Write about the text." });
    for _ in 0..2 {
        let done = class
            .world
            .done(&class.cast.teacher, "reportDecide", decide.clone(), REPORT)
            .await;
        assert_eq!(done["report"]["state"], "UPHELD");
        assert_eq!(done["report"]["review"]["state"], "VOIDED");
    }
    assert_eq!(class.review(&author, &review).await, Value::Null);
    let own = class.review(&reviewer, &review).await;
    assert_eq!(
        (&own["state"], &own["staffNote"]),
        (&json!("VOIDED"), &json!("Write about the text."))
    );
    let other = json!({ "reportId": report, "outcome": "DISMISSED", "note": "No." });
    assert_eq!(
        refused(&class.world, &class.cast.coordinator, "reportDecide", other).await,
        ["CONFLICT/ALREADY_DECIDED"]
    );
}

#[tokio::test]
async fn dismissed_comes_back_and_is_answered_anew() {
    let class = Class::new().await;
    let (reviewer, author, review, report) = hurt(&class).await;
    let decide = json!({ "reportId": report, "outcome": "DISMISSED", "note": "Direct, not unkind." });
    class
        .world
        .done(&class.cast.coordinator, "reportDecide", decide, REPORT)
        .await;
    let seen = class.review(&author, &review).await;
    assert_eq!((&seen["state"], &seen["reaction"]), (&json!("RELEASED"), &Value::Null));
    assert_eq!(queue(&class, &class.cast.teacher).await, Vec::<Value>::new());
    let unkind = json!({ "reviewId": review, "reaction": "UNKIND" });
    assert_eq!(
        refused(&class.world, &author, "reviewReact", unkind).await,
        ["CONFLICT/ALREADY_DECIDED"]
    );
    let helpful = json!({ "reviewId": review, "reaction": "NOT_HELPFUL" });
    class.world.done(&author, "reviewReact", helpful, "").await;
    assert_eq!(class.review(&reviewer, &review).await["reaction"], "NOT_HELPFUL");
}

#[tokio::test]
async fn what_is_passed_on_waits_for_coordinators() {
    let class = Class::new().await;
    let (_, author, review, report) = hurt(&class).await;
    let pass = json!({ "reportId": report, "note": "I know both of them." });
    for _ in 0..2 {
        let done = class
            .world
            .done(&class.cast.teacher, "reportEscalate", pass.clone(), REPORT)
            .await;
        assert_eq!(done["report"]["state"], "ESCALATED");
    }
    let decide = json!({ "reportId": report, "outcome": "UPHELD", "note": "Write about the text." });
    assert_eq!(
        refused(&class.world, &class.cast.teacher, "reportDecide", decide.clone()).await,
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
    let (teacher, coordinator) = (&class.cast.teacher, &class.cast.coordinator);
    assert_eq!(class.review(teacher, &review).await["state"], "HELD");
    assert_eq!(class.review(&author, &review).await, Value::Null);
    let done = class.world.done(coordinator, "reportDecide", decide, REPORT).await;
    assert_eq!(done["report"]["review"]["state"], "VOIDED");
}

#[tokio::test]
async fn pupils_who_co_moderate_dont_see_it() {
    let class = Class::new().await;
    let grant = json!({ "membershipId": class.stayers[3].member, "capability": "MODERATE" });
    class
        .world
        .done(&class.cast.coordinator, "grantCreate", grant, "")
        .await;
    let (_, author, _, report) = hurt(&class).await;
    assert_eq!(queue(&class, &class.stayers[3]).await, Vec::<Value>::new());
    let decide = json!({ "reportId": report, "outcome": "DISMISSED", "note": "Fine." });
    assert_eq!(
        refused(&class.world, &class.stayers[3], "reportDecide", decide.clone()).await,
        ["NOT_FOUND at reportId"]
    );
    assert_eq!(
        refused(&class.world, &author, "reportDecide", decide).await,
        ["FORBIDDEN/NEEDS_GRANT"]
    );
}

#[tokio::test]
async fn two_reviews_of_the_same_work_can_both_hurt() {
    let class = Class::new().await;
    let round = class.open(json!({ "releasePolicy": "IMMEDIATE" })).await;
    let reviews = class.submit_all(&round).await;
    class.step("Reflect", &round).await;
    for (_, review) in &reviews {
        let author = class.author(&class.review(&class.cast.teacher, review).await).await;
        let unkind = json!({ "reviewId": review, "reaction": "UNKIND" });
        class.world.done(author, "reviewReact", unkind, "").await;
    }
    assert_eq!(queue(&class, &class.cast.teacher).await.len(), 4);
    // The work itself stays where it is: nobody has reported that.
    let query = "query($space: ID!) { space(id: $space) { journalEntries { nodes { id } } } }";
    let data = class
        .world
        .ask(&class.cast.observer, query, json!({ "space": class.cast.space }))
        .await;
    assert_eq!(ids(&data["space"]["journalEntries"]).len(), 2);
}
