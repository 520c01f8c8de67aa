//! Many at once.

use entity::{
    enums::{AssignmentState, EventKind},
    event, review,
};
use futures_util::future::join_all;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};

use super::Class;
use crate::support::{Person, inner};

#[tokio::test]
async fn a_hundred_submits_and_releases_at_once_lose_nothing() {
    let class = Class::new().await;
    for place in 2..25 {
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
    let round = class.open(json!({ "reviewsWanted": 4 })).await;
    let assignments = all(&class, &round).await;
    assert_eq!(assignments.len(), 100);
    let answers = class.answers(&round, "I noticed the colours.").await;
    // Each is submitted twice, as by a phone that has lost the answer, and released by two teachers who don't wait.
    let (world, answers) = (&class.world, &answers);
    let submit = async |who: &Person, id: &Value| {
        let input = json!({ "assignmentId": id, "expectedVersion": 0, "answers": answers });
        world.done(who, "reviewSubmit", input, "assignment { id }").await;
    };
    let release = async |who: &Person, id: &Value| {
        let review = id.as_str().unwrap().replace("assignment_", "review_");
        // As long as it isn't submitted there is none.
        for _ in 0..1_000 {
            let payload = world
                .mutate(who, "reviewRelease", json!({ "reviewId": review }), "")
                .await;
            if payload["userErrors"] == json!([]) {
                return;
            }
            assert_eq!(payload["userErrors"][0]["reason"], "STATE_NOT_ALLOWED", "{payload}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{review} is never released");
    };
    join_all(assignments.iter().map(async |(who, id)| {
        tokio::join!(
            submit(who, id),
            submit(who, id),
            release(&class.cast.teacher, id),
            release(&class.cast.partner, id)
        )
    }))
    .await;
    let db = class.world.app().db.primary();
    let rows = review::Entity::find()
        .filter(review::Column::RoundId.eq(inner(&round)))
        .all(db)
        .await
        .unwrap();
    assert!(
        rows.iter()
            .all(|row| row.state == AssignmentState::Released && row.version == 1 && row.answers.0.len() == 1)
    );
    for kind in [EventKind::ReviewSubmitted, EventKind::ReviewReleased] {
        let events = event::Entity::find().filter(event::Column::Kind.eq(kind));
        assert_eq!(events.count(db).await.unwrap(), 100);
    }
}

/// All assignments of a round: more than a page for each reviewer.
async fn all(class: &Class, round: &str) -> Vec<(Person, Value)> {
    let query = "query($round: ID!) { viewer { reviewAssignments(roundId: $round, first: 100) { nodes { id } } } }";
    let mut all = Vec::new();
    for who in &class.stayers {
        let data = class.world.ask(who, query, json!({ "round": round })).await;
        let nodes = data["viewer"]["reviewAssignments"]["nodes"].as_array().unwrap();
        all.extend(nodes.iter().map(|node| (who.clone(), node["id"].clone())));
    }
    all
}
