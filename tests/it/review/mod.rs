//! Peer review.

mod anonymity;
mod course;
mod deadlines;
mod live;
mod model;

mod overview;
mod privacy;
mod race;
mod round;
mod sight;
mod unkind;
mod vanished;

use entity::{
    enums::{MobilityStatus, SpaceRole},
    session,
};
use sea_orm::{EntityTrait, sea_query::Expr};
use serde_json::{Value, json};

use crate::support::{Cast, Person, World, faults, id_of};

/// A time so many days from the clock of the world.
fn days(world: &World, days: i64) -> String {
    (world.app().clock.now() + chrono::TimeDelta::days(days)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// What a round needs, with more.
fn input(world: &World, cast: &Cast, more: Value) -> Value {
    let mut input = json!({
        "phaseId": cast.during,
        "title": "What we noticed",
        "reviewsDueAt": days(world, 7),
        "reflectionAt": days(world, 9),
        "closesAt": days(world, 20),
    });
    for (field, value) in more.as_object().unwrap() {
        input[field] = value.clone();
    }
    input
}

async fn refused(world: &World, who: &Person, name: &str, input: Value) -> Vec<String> {
    faults(&world.mutate(who, name, input, "").await)
}

/// A class in the middle of a project: two pupils who travel, one of each school, and four who stay.
struct Class {
    world: World,
    cast: Cast,
    /// Two of Alder, two of Birch.
    stayers: Vec<Person>,
    /// One entry of the pupil of Alder, one of the pupil of Birch.
    entries: Vec<String>,
}

const ASSIGNMENT: &str = "assignment { id state excuse version dueAt isLateEntry answers { body criterion { criterionId } } reasons { kind } \
    declineReason review { id state isMine by { id } byline { kind name number } } \
    snapshot { version body title by { id } byline { kind number } contribution { id } } \
    viewerCan { reviewSave { allowed reason } reviewSubmit { allowed reason } reviewDecline { allowed reason } } }";

const REVIEW: &str = "review { id state submittedAt releasedAt staffNote reaction reactionNote by { id } \
    byline { kind name number organisation { id } } answers { body level checked value criterion { criterionId title } } \
    change { version body } assignment { id } snapshot { version body by { id } contribution { id } } \
    viewerCan { reviewHold { allowed reason } reviewRelease { allowed reason } reviewVoid { allowed reason } \
        reviewReact { allowed reason } } }";

impl Class {
    async fn new() -> Self {
        let (world, cast) = World::with_cast().await;
        Self::of(world, cast).await
    }

    async fn of(world: World, cast: Cast) -> Self {
        let space = crate::support::inner(&cast.space);
        let mut stayers = vec![cast.stayer.clone()];
        for (by, name) in [
            (&cast.coordinator, "Ria"),
            (&cast.partner, "Bo"),
            (&cast.partner, "Bix"),
        ] {
            let mut one = world.pupil(by, name).await;
            world
                .join(by, space, &mut one, SpaceRole::Pupil, Some(MobilityStatus::NonMobile))
                .await;
            stayers.push(one);
        }
        let entries = vec![
            world.entry(&cast.mobile, &cast.during, "Riga by tram", true).await,
            world
                .entry(&cast.partner_pupil, &cast.during, "A week in Lille", true)
                .await,
        ];
        Self {
            world,
            cast,
            stayers,
            entries,
        }
    }

    /// Keeps everybody signed in for as long as a test turns the clock.
    async fn stay_signed_in(&self) {
        let end = self.world.app().clock.now() + chrono::TimeDelta::days(1_000);
        let all = session::Entity::update_many().col_expr(session::Column::ExpiresAt, Expr::value(end));
        all.exec(self.world.app().db.primary()).await.unwrap();
    }

    /// Makes a round over all entries, one criterion: a comment of at least 5 characters.
    async fn round(&self, more: Value) -> String {
        let criterion = json!({ "kind": "COMMENT", "title": "I noticed", "isRequired": true, "minLength": 5 });
        let mut all = json!({ "criteria": [criterion], "plan": { "targetFilter": {}, "seed": "7" } });
        for (field, value) in more.as_object().unwrap() {
            all[field] = value.clone();
        }
        let input = input(&self.world, &self.cast, all);
        let made = self
            .world
            .done(&self.cast.teacher, "reviewRoundCreate", input, "round { id }");
        id_of(&made.await["round"])
    }

    /// The same, open.
    async fn open(&self, more: Value) -> String {
        let round = self.round(more).await;
        self.step("Open", &round).await;
        round
    }

    async fn step(&self, step: &str, round: &str) {
        let name = format!("reviewRound{step}");
        self.world
            .done(&self.cast.teacher, &name, json!({ "roundId": round }), "round { id }")
            .await;
    }

    /// The assignments of somebody in a round.
    async fn assignments(&self, who: &Person, round: &str) -> Vec<Value> {
        let fields = ASSIGNMENT
            .strip_prefix("assignment {")
            .unwrap()
            .strip_suffix('}')
            .unwrap();
        let query = format!(
            "query($round: ID!) {{ viewer {{ reviewAssignments(roundId: $round) {{ totalCount nodes {{ {fields} }} }} }} }}"
        );
        let data = self.world.ask(who, &query, json!({ "round": round })).await;
        let list = &data["viewer"]["reviewAssignments"];
        let nodes = list["nodes"].as_array().unwrap().clone();
        assert_eq!(list["totalCount"], nodes.len());
        nodes
    }

    /// All assignments of a round with who has them, as staff see them.
    async fn all(&self, round: &str) -> Vec<(Person, Value)> {
        let mut all = Vec::new();
        for stayer in &self.stayers {
            for assignment in self.assignments(stayer, round).await {
                all.push((stayer.clone(), assignment));
            }
        }
        all
    }

    /// What says something to every criterion of a round.
    async fn answers(&self, round: &str, words: &str) -> Value {
        let query = "query($id: ID!) { node(id: $id) { ... on ReviewRound { criteria { criterionId } } } }";
        let data = self.world.ask(&self.cast.teacher, query, json!({ "id": round })).await;
        let criteria = data["node"]["criteria"].as_array().unwrap();
        json!(
            criteria
                .iter()
                .map(|one| json!({ "criterionId": one["criterionId"], "body": words }))
                .collect::<Vec<_>>()
        )
    }

    /// Submits an assignment as it is, and returns the id of its review.
    async fn submit(&self, who: &Person, round: &str, assignment: &Value, words: &str) -> String {
        let input = json!({ "assignmentId": assignment["id"], "expectedVersion": assignment["version"],
            "answers": self.answers(round, words).await });
        let done = self.world.done(who, "reviewSubmit", input, ASSIGNMENT).await;
        id_of(&done["assignment"]["review"])
    }

    /// Submits everything in a round; returns who wrote which review.
    async fn submit_all(&self, round: &str) -> Vec<(Person, String)> {
        let mut reviews = Vec::new();
        for (who, assignment) in self.all(round).await {
            let review = self.submit(&who, round, &assignment, "I noticed the colours.").await;
            reviews.push((who, review));
        }
        reviews
    }

    /// The author of what an assignment or a review is about.
    async fn author(&self, about: &Value) -> &Person {
        let title = about["snapshot"]["body"].as_str().unwrap();
        if title.contains("Riga") {
            &self.cast.mobile
        } else {
            &self.cast.partner_pupil
        }
    }

    /// A review as somebody sees it; null if they don't.
    async fn review(&self, who: &Person, id: &str) -> Value {
        let fields = REVIEW.strip_prefix("review {").unwrap().strip_suffix('}').unwrap();
        let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on Review {{ {fields} }} }} }}");
        self.world.ask(who, &query, json!({ "id": id })).await["node"].clone()
    }

    /// The reviews of an entry that somebody sees.
    async fn reviews_of(&self, who: &Person, entry: &str) -> Vec<Value> {
        let fields = REVIEW.strip_prefix("review {").unwrap().strip_suffix('}').unwrap();
        let query = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on JournalEntry {{ reviews {{ totalCount nodes {{ {fields} }} }} }} }} }}"
        );
        let data = self.world.ask(who, &query, json!({ "id": entry })).await;
        let list = &data["node"]["reviews"];
        let nodes = list["nodes"].as_array().unwrap().clone();
        assert_eq!(list["totalCount"], nodes.len());
        nodes
    }
}

/// A round with one submitted review of an entry by the pupil who stays: the ids of the round and of the assignment.
pub async fn reviewed_round(world: &World, cast: &Cast, entry: &str) -> (String, String) {
    let more = json!({ "criteria": [{ "kind": "COMMENT", "title": "Words", "isRequired": true }], "plan": { "targetIds": [entry] } });
    let made = world
        .done(
            &cast.teacher,
            "reviewRoundCreate",
            input(world, cast, more),
            "round { id }",
        )
        .await;
    let round = id_of(&made["round"]);
    world
        .done(&cast.teacher, "reviewRoundOpen", json!({ "roundId": round }), "")
        .await;
    let query = "query($id: ID!) { viewer { reviewAssignments(roundId: $id) { nodes { id round { criteria { criterionId } } } } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": round })).await;
    let one = &data["viewer"]["reviewAssignments"]["nodes"][0];
    let answers = json!([{ "criterionId": one["round"]["criteria"][0]["criterionId"], "body": "Kind words." }]);
    let input = json!({ "assignmentId": one["id"], "expectedVersion": 0, "answers": answers });
    world.done(&cast.stayer, "reviewSubmit", input, "").await;
    // Somebody looks after it once, and then in an hour.
    world.work().await;
    (round, id_of(one))
}
