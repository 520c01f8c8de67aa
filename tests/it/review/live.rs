//! The pages of an author and of a reviewer, kept up to date by the stream alone; and inboxes.

use serde_json::{Value, json};

use super::Class;
use crate::support::{Person, Socket, id_of};

const EVENTS: &str = "subscription($space: ID!, $after: String) { spaceEvents(spaceId: $space, after: $after) { kind actor { id }
    ... on ReviewEvent { reviewId review { id state reaction byline { kind } by { id } } assignment { id state } round { id } }
    ... on ReviewRoundEvent { round { id state assignments { nodes { id state } } reviews { nodes { id state } } } } } }";

struct Page {
    socket: Socket,
}

impl Page {
    async fn of(class: &Class, who: &Person) -> Self {
        let cursor = class.world.node.newest(who, &class.cast.space).await;
        let mut socket = class.world.node.socket(who).await;
        socket
            .subscribe(EVENTS, json!({ "space": class.cast.space, "after": cursor }))
            .await;
        Self { socket }
    }

    /// The next event about a review or a round.
    async fn event(&mut self) -> Value {
        loop {
            let message = self.socket.hear().await;
            let event = message["payload"]["data"]["spaceEvents"].clone();
            if event["kind"]
                .as_str()
                .unwrap_or_else(|| panic!("{message}"))
                .starts_with("REVIEW")
            {
                return event;
            }
        }
    }
}

#[tokio::test]
async fn a_reviewers_page_needs_no_refetch() {
    let class = Class::new().await;
    let round = class.round(json!({})).await;
    let who = &class.stayers[0];
    let mut page = Page::of(&class, who).await;
    class.step("Open", &round).await;
    let opened = page.event().await;
    assert_eq!(opened["kind"], "REVIEW_ROUND_OPENED");
    let own = opened["round"]["assignments"]["nodes"].as_array().unwrap().clone();
    assert_eq!(own.len(), 1, "their own, nobody else's");
    let assignment = class.assignments(who, &round).await.remove(0);
    assert_eq!(own[0]["id"], assignment["id"]);
    let review = class.submit(who, &round, &assignment, "I noticed the colours.").await;
    let event = page.event().await;
    assert_eq!(
        (&event["kind"], &event["review"]["id"]),
        (&json!("REVIEW_SUBMITTED"), &json!(review))
    );
    assert_eq!(
        (&event["actor"]["id"], &event["assignment"]["state"]),
        (&json!(who.member), &json!("SUBMITTED"))
    );
    class
        .world
        .done(&class.cast.teacher, "reviewRelease", json!({ "reviewId": review }), "")
        .await;
    let event = page.event().await;
    assert_eq!(
        (&event["kind"], &event["actor"]),
        (&json!("REVIEW_RELEASED"), &Value::Null)
    );
    class.step("Reflect", &round).await;
    assert_eq!(page.event().await["round"]["state"], "REFLECTION");
    let author = class.author(&assignment).await;
    class
        .world
        .done(
            author,
            "reviewReact",
            json!({ "reviewId": review, "reaction": "HELPFUL" }),
            "",
        )
        .await;
    let event = page.event().await;
    assert_eq!(
        (&event["kind"], &event["review"]["reaction"]),
        (&json!("REVIEW_REACTED"), &json!("HELPFUL"))
    );
    assert_eq!(
        event["actor"],
        Value::Null,
        "who acts is not told where names are hidden"
    );
}

#[tokio::test]
async fn an_authors_page_needs_no_refetch() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (reviewer, assignment) = class.all(&round).await.remove(0);
    let author = class.author(&assignment).await;
    let mut page = Page::of(&class, author).await;
    let mut other = Page::of(&class, &class.cast.observer).await;
    let review = class
        .submit(&reviewer, &round, &assignment, "I noticed the colours.")
        .await;
    let of = |name: &str| (name.to_owned(), json!({ "reviewId": review }));
    // Held before they have read it, they hear nothing of that, nor of the submission.
    for (name, input) in [of("reviewHold"), of("reviewRelease")] {
        class.world.done(&class.cast.teacher, &name, input, "").await;
    }
    let event = page.event().await;
    assert_eq!(
        (&event["kind"], &event["review"]["state"]),
        (&json!("REVIEW_RELEASED"), &json!("RELEASED"))
    );
    assert_eq!(
        (&event["review"]["by"], &event["assignment"]),
        (&Value::Null, &Value::Null)
    );
    // Held afterwards, it is gone.
    class
        .world
        .done(&class.cast.teacher, "reviewHold", json!({ "reviewId": review }), "")
        .await;
    let event = page.event().await;
    assert_eq!(
        (&event["kind"], &event["reviewId"], &event["review"]),
        (&json!("REVIEW_HELD"), &json!(review), &Value::Null)
    );
    class
        .world
        .done(&class.cast.teacher, "reviewRelease", json!({ "reviewId": review }), "")
        .await;
    assert_eq!(page.event().await["review"]["id"], review);
    class.step("Reflect", &round).await;
    let event = page.event().await;
    assert_eq!(
        event["round"]["reviews"]["nodes"],
        json!([{ "id": review, "state": "RELEASED" }])
    );
    // All others hear of the round alone.
    let event = other.event().await;
    assert_eq!(event["kind"], "REVIEW_ROUND_REFLECTED");
    assert_eq!(
        (
            &event["round"]["reviews"]["nodes"],
            &event["round"]["assignments"]["nodes"]
        ),
        (&json!([]), &json!([]))
    );
}

#[tokio::test]
async fn shared_reviews_are_live_for_all() {
    let class = Class::new().await;
    let round = class
        .open(json!({ "isShared": true, "releasePolicy": "IMMEDIATE" }))
        .await;
    let (reviewer, assignment) = class.all(&round).await.remove(0);
    let mut other = Page::of(&class, &class.cast.observer).await;
    let review = class
        .submit(&reviewer, &round, &assignment, "I noticed the colours.")
        .await;
    let event = other.event().await;
    assert_eq!(
        (&event["kind"], &event["review"]["id"]),
        (&json!("REVIEW_RELEASED"), &json!(review))
    );
    assert_eq!(
        (&event["actor"], &event["review"]["byline"]["kind"]),
        (&Value::Null, &json!("PSEUDONYM"))
    );
}

/// What somebody was told of about reviews, oldest first.
async fn told(class: &Class, who: &Person) -> Vec<Value> {
    class.world.fan_out().await;
    let query = "{ viewer { notifications { nodes { kind actor { id } phase { id } reviewRound { id } reviewAssignment { id } review { id } } } } }";
    let data = class.world.ask(who, query, json!({})).await;
    let nodes = data["viewer"]["notifications"]["nodes"].as_array().unwrap();
    let own = nodes
        .iter()
        .filter(|node| node["kind"].as_str().unwrap().starts_with("REVIEW"));
    own.rev().cloned().collect()
}

#[tokio::test]
async fn inboxes_are_told_whom_it_concerns() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (reviewer, assignment) = class.all(&round).await.remove(0);
    let author = class.author(&assignment).await;
    let note = |kind: &str, assignment: Value, review: Value| json!({ "kind": kind, "actor": null, "phase": null, "reviewRound": { "id": round }, "reviewAssignment": assignment, "review": review });
    let asked = note("REVIEW_ASSIGNED", Value::Null, Value::Null);
    for stayer in &class.stayers {
        assert_eq!(told(&class, stayer).await, std::slice::from_ref(&asked));
    }
    assert_eq!(told(&class, author).await, Vec::<Value>::new());
    let review = class
        .submit(&reviewer, &round, &assignment, "I noticed the colours.")
        .await;
    assert_eq!(told(&class, author).await, Vec::<Value>::new());
    class
        .world
        .done(&class.cast.teacher, "reviewRelease", json!({ "reviewId": review }), "")
        .await;
    let released = note("REVIEW_RELEASED", Value::Null, json!({ "id": review }));
    assert_eq!(told(&class, author).await, [released]);
    class.step("Reflect", &round).await;
    class
        .world
        .done(
            author,
            "reviewReact",
            json!({ "reviewId": review, "reaction": "HELPFUL" }),
            "",
        )
        .await;
    let reacted = note(
        "REVIEW_REACTED",
        json!({ "id": assignment["id"] }),
        json!({ "id": review }),
    );
    assert_eq!(told(&class, &reviewer).await, [asked, reacted]);
}

#[tokio::test]
async fn a_reflection_tells_each_author_once() {
    let class = Class::new().await;
    let round = class.open(json!({ "releasePolicy": "AT_REFLECTION" })).await;
    class.submit_all(&round).await;
    class.step("Reflect", &round).await;
    for author in [&class.cast.mobile, &class.cast.partner_pupil] {
        let told = told(&class, author).await;
        assert_eq!(told.len(), 1);
        assert_eq!(
            (&told[0]["kind"], &told[0]["reviewRound"]),
            (
                &json!("REVIEW_RELEASED"),
                &json!({ "id": id_of(&json!({ "id": round })) })
            )
        );
    }
}
