//! What is kept of reviews about a person, and what is left of it.

use entity::{enums::AssignmentState, review};
use sea_orm::EntityTrait;
use serde_json::{Value, json};

use super::Class;
use crate::support::{PASSWORD, Person, inner};

async fn copy(class: &Class, who: &Person) -> Value {
    let input = json!({ "accountId": who.account });
    let payload = class.world.done(who, "accountExport", input, "bundle { json }").await;
    serde_json::from_str(payload["bundle"]["json"].as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_copy_holds_what_one_wrote_and_what_one_read_and_no_name() {
    let class = Class::new().await;
    let round = class
        .open(json!({ "anonymity": "DOUBLE_HIDDEN", "releasePolicy": "IMMEDIATE" }))
        .await;
    let reviews = class.submit_all(&round).await;
    let (reviewer, id) = &reviews[0];
    let author = class.author(&class.review(&class.cast.teacher, id).await).await;
    let own = copy(&class, reviewer).await;
    assert_eq!(own["reviews"].as_array().unwrap().len(), 1);
    assert_eq!(own["reviews"][0]["answers"][0]["body"], "I noticed the colours.");
    assert!(
        !own["reviews"].to_string().contains("entry_"),
        "a round may hide whose work it is"
    );
    let theirs = copy(&class, author).await;
    assert_eq!(theirs["reviewsReceived"].as_array().unwrap().len(), 2);
    for (reviewer, _) in &reviews {
        let text = theirs["reviewsReceived"].to_string();
        assert!(!text.contains(&reviewer.member) && !text.contains(&reviewer.account));
    }
}

#[tokio::test]
async fn with_a_person_their_words_go() {
    let class = Class::new().await;
    let round = class.open(json!({ "releasePolicy": "IMMEDIATE" })).await;
    let reviews = class.submit_all(&round).await;
    class.step("Reflect", &round).await;
    let (reviewer, id) = &reviews[0];
    let author = class.author(&class.review(&class.cast.teacher, id).await).await;
    let react = json!({ "reviewId": id, "reaction": "HELPFUL", "note": "I will add the marmalade." });
    class.world.done(author, "reviewReact", react, "").await;
    for who in [reviewer, author] {
        let input = json!({ "accountId": who.account, "currentPassword": PASSWORD });
        class.world.done(who, "accountErase", input, "").await;
    }
    let rows = review::Entity::find()
        .all(class.world.app().db.primary())
        .await
        .unwrap();
    for row in &rows {
        assert_eq!(row.reaction_note, None);
    }
    let own = rows.iter().find(|row| row.id == inner(id)).unwrap();
    assert_eq!((own.state, own.answers.0.len()), (AssignmentState::Voided, 0));
    let texts = format!("{:?}", class.world.dump().await);
    assert!(!texts.contains("marmalade"));
    // What others wrote about the work of others stays.
    let kept = |row: &review::Model| !row.answers.0.is_empty();
    let stays = |row: &review::Model| row.reviewer_id != inner(&reviewer.member);
    assert!(rows.iter().all(|row| kept(row) == stays(row)));
    assert_eq!(rows.iter().filter(|row| kept(row)).count(), 3);
}
