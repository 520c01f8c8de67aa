//! Nobody learns from a round who reviews, or whose work it is, who may not: whatever they ask for, and whatever they hear.

use serde_json::{Value, json};

use super::Class;
use crate::{
    leak::walk,
    support::{Person, Socket, World},
};

/// What is the same whoever reviews: it holds names, and is signed.
const SIGNED: &[&str] = &[
    "Space",
    "Phase",
    "Organisation",
    "Thread",
    "Comment",
    "JournalEntry",
    "MediaItem",
    "Album",
];
/// What belongs to a round.
const OF_ROUND: &[&str] = &[
    "Review",
    "ReviewAssignment",
    "ReviewedText",
    "ReviewEvent",
    "ReviewRound",
    "ReviewRoundEvent",
    "Notification",
];

/// Where an answer names somebody, below something that belongs to a round.
fn betrayals(answer: &Value, who: &Person, name: &str) -> Vec<String> {
    let mut found = Vec::new();
    search(answer, (who, name), (false, "answer"), &mut found);
    found
}

fn search(value: &Value, (who, name): (&Person, &str), (is_inside, path): (bool, &str), found: &mut Vec<String>) {
    match value {
        Value::Array(items) => {
            for item in items {
                search(item, (who, name), (is_inside, path), found);
            }
        }
        Value::Object(fields) => {
            let kind = fields.get("__typename").and_then(Value::as_str).unwrap_or_default();
            // Below what is signed anyway, another review may hang.
            let is_inside = (is_inside && !SIGNED.contains(&kind)) || OF_ROUND.contains(&kind);
            for (field, value) in fields {
                search(value, (who, name), (is_inside, &format!("{path}.{field}")), found);
            }
        }
        Value::String(text) if is_inside => {
            let ids = [who.member.as_str(), &who.account, &who.login, name];
            if ids.iter().any(|id| text.contains(id)) {
                found.push(format!("{path}: {text}"));
            }
        }
        _ => {}
    }
}

/// Everything that somebody can ask for, from all that they begin with.
async fn ask_for_everything(world: &World, who: &Person, ids: &[String], space: &str) -> Vec<Value> {
    let schema = walk::schema();
    let mut answers = Vec::new();
    let mut documents = walk::documents(&schema, "query", "viewer", "Viewer", 2);
    documents.extend(walk::documents(
        &schema,
        "query($id: ID!)",
        "space(id: $id)",
        "Space",
        2,
    ));
    for document in documents {
        answers.push(world.send(Some(&who.token), &document, json!({ "id": space })).await);
    }
    let node = |kind: &str| walk::document(&schema, "query($id: ID!)", "node(id: $id)", kind, 3);
    let kinds = [
        ("review_", node("Review")),
        ("assignment_", node("ReviewAssignment")),
        ("round_", node("ReviewRound")),
        ("entry_", node("JournalEntry")),
    ];
    for id in ids {
        let (_, document) = kinds.iter().find(|(prefix, _)| id.starts_with(prefix)).unwrap();
        answers.push(world.send(Some(&who.token), document, json!({ "id": id })).await);
    }
    for answer in &answers {
        assert!(answer.get("errors").is_none(), "{}", answer["errors"]);
    }
    answers
}

async fn listen(class: &Class, who: &Person) -> Socket {
    let document = walk::document(
        &walk::schema(),
        "subscription($id: ID!, $after: String)",
        "spaceEvents(spaceId: $id, after: $after)",
        "SpaceEvent",
        2,
    );
    let cursor = class.world.node.newest(who, &class.cast.space).await;
    let mut socket = class.world.node.socket(who).await;
    socket
        .subscribe(&document, json!({ "id": class.cast.space, "after": cursor }))
        .await;
    socket
}

/// What somebody hears until the round has this state.
async fn heard(socket: &mut Socket, state: &str) -> Vec<Value> {
    let mut all = Vec::new();
    loop {
        let message = socket.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        let is_last = message["payload"]["data"]["spaceEvents"]["round"]["state"] == state
            && message["payload"]["data"]["spaceEvents"]["kind"]
                .as_str()
                .unwrap()
                .starts_with("REVIEW_ROUND");
        all.push(message);
        if is_last {
            return all;
        }
    }
}

/// A round from its opening to its end, with all that can happen in it. Returns who reviewed what, what authors and reviewers heard, and all
/// ids that they could have seen.
struct Story {
    class: Class,
    round: String,
    reviews: Vec<(Person, String)>,
    heard: Vec<(Person, Vec<Value>)>,
    ids: Vec<String>,
}

impl Story {
    async fn of(more: Value) -> Self {
        let world = World::with_flags(&["--max-tokens=100000"]).await;
        let cast = world.make_cast().await;
        let class = Class::of(world, cast).await;
        let round = class.round(more).await;
        let mut listeners = Vec::new();
        let people = [
            &class.cast.mobile,
            &class.cast.partner_pupil,
            &class.cast.observer,
            &class.cast.teacher,
        ];
        for who in people.into_iter().chain(&class.stayers) {
            listeners.push((who.clone(), listen(&class, who).await));
        }
        class.step("Open", &round).await;
        let reviews = class.submit_all(&round).await;
        let teacher = &class.cast.teacher;
        for (place, (_, review)) in reviews.iter().enumerate() {
            if place == 0 {
                class
                    .world
                    .done(
                        teacher,
                        "reviewHold",
                        json!({ "reviewId": review, "note": "Wait." }),
                        "",
                    )
                    .await;
            }
            class
                .world
                .done(teacher, "reviewRelease", json!({ "reviewId": review }), "")
                .await;
        }
        class.step("Reflect", &round).await;
        for (place, (_, review)) in reviews.iter().enumerate() {
            let author = class.author(&class.review(teacher, review).await).await;
            let reaction = ["HELPFUL", "UNKIND", "PARTLY_HELPFUL", "NOT_HELPFUL"][place];
            class
                .world
                .done(
                    author,
                    "reviewReact",
                    json!({ "reviewId": review, "reaction": reaction }),
                    "",
                )
                .await;
        }
        class.world.fan_out().await;
        class.step("Close", &round).await;
        let mut all = Vec::new();
        for (who, mut socket) in listeners {
            all.push((who, heard(&mut socket, "CLOSED").await));
        }
        let of = |(_, id): &(Person, String)| [id.clone(), id.replace("review_", "assignment_")];
        let mut ids: Vec<_> = reviews.iter().flat_map(of).collect();
        ids.push(round.clone());
        ids.extend(class.entries.clone());
        Self {
            class,
            round,
            reviews,
            heard: all,
            ids,
        }
    }

    /// All that somebody could have found out, from asking and from listening.
    async fn all(&self, who: &Person) -> Vec<Value> {
        let mut all = ask_for_everything(&self.class.world, who, &self.ids, &self.class.cast.space).await;
        let heard = self.heard.iter().find(|(one, _)| one.member == who.member).unwrap();
        all.extend(heard.1.iter().cloned());
        all
    }

    async fn name(&self, who: &Person) -> String {
        let query = "query($id: ID!) { node(id: $id) { ... on Membership { displayName } } }";
        let data = self.class.world.ask(who, query, json!({ "id": who.member })).await;
        data["node"]["displayName"].as_str().unwrap().to_owned()
    }

    /// Where `who` learns that `of` has to do with the round.
    async fn betrayals(&self, who: &Person, of: &Person) -> Vec<String> {
        let name = self.name(of).await;
        let all = self.all(who).await;
        all.iter().flat_map(|answer| betrayals(answer, of, &name)).collect()
    }

    fn authors(&self) -> [&Person; 2] {
        [&self.class.cast.mobile, &self.class.cast.partner_pupil]
    }
}

fn none(found: &[String], about: &str) {
    assert!(found.is_empty(), "{about}\n{}", found.join("\n"));
}

#[tokio::test]
async fn authors_and_classmates_find_no_reviewer() {
    let story = Story::of(json!({ "isShared": true })).await;
    for who in story.authors().into_iter().chain([&story.class.cast.observer]) {
        for (reviewer, _) in &story.reviews {
            none(
                &story.betrayals(who, reviewer).await,
                &format!("{} finds {}", who.login, reviewer.login),
            );
        }
    }
    // Nor does a reviewer find another one.
    let (first, second) = (&story.reviews[0].0, &story.reviews[1].0);
    none(&story.betrayals(first, second).await, "a reviewer finds another");
    // Staff do, in the same answers: else nothing was found because nothing was there.
    assert!(!story.betrayals(&story.class.cast.teacher, first).await.is_empty());
    assert!(!story.betrayals(first, first).await.is_empty());
}

#[tokio::test]
async fn reviewers_find_no_author_where_both_are_hidden() {
    let story = Story::of(json!({ "anonymity": "DOUBLE_HIDDEN" })).await;
    for (reviewer, review) in &story.reviews {
        for author in story.authors() {
            none(
                &story.betrayals(reviewer, author).await,
                &format!("{} finds {}", reviewer.login, author.login),
            );
        }
        // Nor by looking below which work their review hangs.
        for entry in &story.class.entries {
            let below = story.class.reviews_of(reviewer, entry).await;
            assert!(below.iter().all(|one| one["id"] != *review));
        }
        let round = &story.round;
        let assignment = &story.class.assignments(reviewer, round).await[0];
        assert_eq!(assignment["snapshot"]["byline"]["kind"], "PSEUDONYM");
        // Nor from why it is theirs: that would tell the school.
        for reason in assignment["reasons"].as_array().unwrap() {
            let kind = reason["kind"].as_str().unwrap();
            assert!(
                !["OWN_SCHOOL", "PARTNER_SCHOOL", "NEW_PAIR", "REPEATED_PAIR"].contains(&kind),
                "{kind}"
            );
        }
    }
    assert!(
        !story
            .betrayals(&story.class.cast.teacher, story.authors()[0])
            .await
            .is_empty()
    );
}

#[tokio::test]
async fn once_names_are_revealed_they_are_found() {
    let story = Story::of(json!({ "anonymity": "DOUBLE_HIDDEN", "revealsNames": true })).await;
    let (reviewer, review) = &story.reviews[0];
    let author = story
        .class
        .author(&story.class.review(&story.class.cast.teacher, review).await)
        .await;
    assert!(!story.betrayals(author, reviewer).await.is_empty());
    assert!(!story.betrayals(reviewer, author).await.is_empty());
}

#[tokio::test]
async fn a_pseudonym_is_the_same_all_over_a_round_and_another_in_the_next() {
    let class = Class::new().await;
    let mut numbers = Vec::new();
    for _ in 0..2 {
        let round = class
            .open(json!({ "reviewsWanted": 4, "releasePolicy": "IMMEDIATE" }))
            .await;
        let mut of_round = Vec::new();
        for (who, review) in class.submit_all(&round).await {
            let author = class.author(&class.review(&class.cast.teacher, &review).await).await;
            of_round.push((
                who.member,
                class.review(author, &review).await["byline"]["number"]
                    .as_i64()
                    .unwrap(),
            ));
        }
        of_round.sort_unstable();
        of_round.dedup();
        assert_eq!(of_round.len(), 4, "each of the four reviewed both, under one number");
        numbers.push(of_round);
    }
    assert!(
        numbers[0]
            .iter()
            .zip(&numbers[1])
            .any(|(first, second)| first.1 != second.1)
    );
}

#[tokio::test]
async fn ids_and_their_order_tell_nothing() {
    let class = Class::new().await;
    let round = class
        .open(json!({ "reviewsWanted": 4, "releasePolicy": "IMMEDIATE" }))
        .await;
    class.world.later(60);
    let mut reviews = class.submit_all(&round).await;
    // All are of the moment when the round was opened, and authors get them in the order of their ids, however they came in.
    let time = |id: &str| crate::support::inner(id).get_timestamp().unwrap().to_unix();
    assert!(reviews.iter().all(|(_, id)| time(id) == time(&reviews[0].1)));
    reviews.sort_by_key(|(_, id)| crate::support::inner(id));
    for (author, entry) in story_authors(&class).into_iter().zip(&class.entries) {
        let listed: Vec<_> = class
            .reviews_of(author, entry)
            .await
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        let sorted: Vec<_> = reviews
            .iter()
            .map(|(_, id)| id.clone())
            .filter(|id| listed.contains(id))
            .collect();
        assert_eq!(listed, sorted);
    }
}

fn story_authors(class: &Class) -> [&Person; 2] {
    [&class.cast.mobile, &class.cast.partner_pupil]
}
