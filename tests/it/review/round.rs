//! Rounds as staff prepare them, and what nobody else learns of that.

use serde_json::{Value, json};

use super::{days, input, refused};
use crate::support::{Cast, Person, World, ids};

const ROUND: &str = "round { id version state title instructions anonymity anonymityLimit revealsNames isShared releasePolicy \
    reviewsWanted homeMin partnerMin reviewsDueAt reflectionAt closesAt openedAt createdBy { id } \
    criteria { criterionId kind title description isRequired minLength levels { title description } items \
        scale { min max minLabel maxLabel } starters { language texts } } \
    plan { seed targets { id } reviewers { id } targetFilter { fromWeek toWeek authors { id } organisation { id } } \
        pairs { kind reviewer { id } author { id } contribution { id } } } \
    viewerCan { reviewRoundUpdate { allowed reason } reviewRoundCancel { allowed reason } } }";

async fn make(world: &World, cast: &Cast, more: Value) -> Value {
    let made = world
        .done(&cast.teacher, "reviewRoundCreate", input(world, cast, more), ROUND)
        .await;
    made["round"].clone()
}

/// A round as somebody sees it; null if they don't.
async fn seen(world: &World, who: &Person, id: &str) -> Value {
    let fields = ROUND.strip_prefix("round {").unwrap().strip_suffix('}').unwrap();
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ... on ReviewRound {{ {fields} }} }} }}");
    world.ask(who, &query, json!({ "id": id })).await["node"].clone()
}

#[tokio::test]
async fn a_round_is_made_of_a_template() {
    let (world, cast) = World::with_cast().await;
    for (kind, language) in [
        ("KIND_SPECIFIC_HELPFUL", "en"),
        ("INTERCULTURAL_REFLECTION", "fr"),
        ("PRODUCT_CRITIQUE", "es"),
    ] {
        let round = make(
            &world,
            &cast,
            json!({ "useTemplate": { "kind": kind, "language": language } }),
        )
        .await;
        assert_eq!(round["state"], "SETUP");
        assert_ne!(round["instructions"], "");
        let criteria = round["criteria"].as_array().unwrap();
        assert!((4..=5).contains(&criteria.len()), "{kind}");
        for criterion in criteria {
            let languages: Vec<_> = criterion["starters"]
                .as_array()
                .unwrap()
                .iter()
                .map(|starters| starters["language"].as_str().unwrap())
                .collect();
            assert_eq!(languages, ["en", "fr", "es"]);
        }
        let query = "query($language: LanguageTag) { reviewTemplates(language: $language) { kind language instructions
            criteria { kind title description isRequired minLength levels { title description } items
                scale { min max minLabel maxLabel } starters { language texts } } } }";
        let ready = world.ask(&cast.stayer, query, json!({ "language": language })).await;
        let ready = ready["reviewTemplates"].as_array().unwrap();
        assert_eq!(ready.len(), 3);
        let same = ready.iter().find(|template| template["kind"] == kind).unwrap();
        assert_eq!(same["instructions"], round["instructions"]);
        for (ours, theirs) in criteria.iter().zip(same["criteria"].as_array().unwrap()) {
            let mut ours = ours.clone();
            ours.as_object_mut().unwrap().remove("criterionId");
            assert_eq!(&ours, theirs);
        }
    }
}

#[tokio::test]
async fn what_is_not_said_is_safe() {
    let (world, cast) = World::with_cast().await;
    let round = make(&world, &cast, json!({})).await;
    let of = |field: &str| round[field].clone();
    assert_eq!(of("anonymity"), "REVIEWER_HIDDEN");
    assert_eq!(of("releasePolicy"), "TEACHER");
    assert_eq!((of("isShared"), of("revealsNames")), (json!(false), json!(false)));
    assert_eq!(
        (of("reviewsWanted"), of("homeMin"), of("partnerMin")),
        (json!(2), json!(0), json!(0))
    );
    assert_eq!(of("createdBy")["id"], cast.teacher.member);
    assert_eq!(round["plan"]["targets"], json!([]));
    assert!(round["plan"]["seed"].as_str().unwrap().parse::<i64>().is_ok());
}

#[tokio::test]
async fn only_staff_see_a_round_before_it_is_opened() {
    let (world, cast) = World::with_cast().await;
    let round = make(&world, &cast, json!({})).await;
    let id = round["id"].as_str().unwrap();
    for (who, sees) in [
        (&cast.coordinator, true),
        (&cast.teacher, true),
        (&cast.observer, false),
        (&cast.mobile, false),
        (&cast.stayer, false),
    ] {
        assert_eq!(!seen(&world, who, id).await.is_null(), sees, "{}", who.login);
        let query = "query($space: ID!, $phase: ID!) {
            space(id: $space) { reviewRounds { totalCount nodes { id } } }
            node(id: $phase) { ... on Phase { reviewRounds { totalCount nodes { id } } } } }";
        let data = world
            .ask(who, query, json!({ "space": cast.space, "phase": cast.during }))
            .await;
        for list in [&data["space"]["reviewRounds"], &data["node"]["reviewRounds"]] {
            assert_eq!(ids(list), if sees { vec![id] } else { vec![] }, "{}", who.login);
            assert_eq!(list["totalCount"], i32::from(sees));
        }
    }
}

#[tokio::test]
async fn pupils_make_no_rounds() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.stayer, &cast.mobile, &cast.observer] {
        let found = refused(&world, who, "reviewRoundCreate", input(&world, &cast, json!({}))).await;
        assert_eq!(found, ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
    }
    world.phase_step(&cast.coordinator, "phaseClose", &cast.during).await;
    let found = refused(
        &world,
        &cast.teacher,
        "reviewRoundCreate",
        input(&world, &cast, json!({})),
    )
    .await;
    assert_eq!(found, ["FORBIDDEN/PHASE_NOT_OPEN"]);
}

#[tokio::test]
async fn what_reviewers_are_asked_is_frozen_once_they_are_asked() {
    let (world, cast) = World::with_cast().await;
    let entry = world.entry(&cast.mobile, &cast.during, "Week one", true).await;
    let ready = json!({ "useTemplate": { "kind": "KIND_SPECIFIC_HELPFUL", "language": "en" }, "plan": { "targetIds": [entry] } });
    let round = make(&world, &cast, ready).await;
    let update = |version: i64, more: Value| {
        let mut input = json!({ "roundId": round["id"], "expectedVersion": version });
        for (field, value) in more.as_object().unwrap() {
            input[field] = value.clone();
        }
        input
    };
    let change = update(1, json!({ "anonymity": "DOUBLE_HIDDEN", "title": "Kind and specific" }));
    let changed = world.done(&cast.teacher, "reviewRoundUpdate", change, ROUND).await;
    assert_eq!(changed["round"]["version"], 2);
    // What is published with a name stays signed, whatever the round promises.
    assert_eq!(changed["round"]["anonymityLimit"], "SIGNED_IN_SPACE");
    let stale = update(1, json!({ "title": "Another" }));
    assert_eq!(
        refused(&world, &cast.teacher, "reviewRoundUpdate", stale).await,
        ["CONFLICT/STALE_VERSION"]
    );
    world
        .done(
            &cast.teacher,
            "reviewRoundOpen",
            json!({ "roundId": round["id"] }),
            "round { id }",
        )
        .await;
    for frozen in [
        json!({ "criteria": [] }),
        json!({ "anonymity": "OPEN" }),
        json!({ "reviewsWanted": 3 }),
        json!({ "releasePolicy": "IMMEDIATE" }),
        json!({ "isShared": true }),
        json!({ "revealsNames": true }),
        json!({ "plan": {} }),
    ] {
        let field = frozen.as_object().unwrap().keys().next().unwrap().clone();
        let found = refused(&world, &cast.teacher, "reviewRoundUpdate", update(3, frozen)).await;
        assert_eq!(found, [format!("FORBIDDEN/STATE_NOT_ALLOWED at {field}")]);
    }
    let later = update(
        3,
        json!({ "title": "The same, later", "reviewsDueAt": days(&world, 8) }),
    );
    let changed = world.done(&cast.teacher, "reviewRoundUpdate", later, ROUND).await;
    assert_eq!(changed["round"]["title"], "The same, later");
}

#[tokio::test]
async fn a_round_without_questions_work_or_time_is_not_opened() {
    let (world, cast) = World::with_cast().await;
    let entry = world.entry(&cast.mobile, &cast.during, "Week one", true).await;
    let open = async |more: Value| {
        let round = make(&world, &cast, more).await;
        refused(
            &world,
            &cast.teacher,
            "reviewRoundOpen",
            json!({ "roundId": round["id"] }),
        )
        .await
    };
    let ready = json!({ "kind": "KIND_SPECIFIC_HELPFUL", "language": "en" });
    assert_eq!(
        open(json!({ "plan": { "targetIds": [entry] } })).await,
        ["INVALID/REQUIRED at roundId"]
    );
    assert_eq!(
        open(json!({ "useTemplate": ready })).await,
        ["INVALID/REQUIRED at roundId"]
    );
    let round = make(
        &world,
        &cast,
        json!({ "useTemplate": ready, "plan": { "targetIds": [entry] } }),
    )
    .await;
    world.later(8 * 86_400);
    let found = refused(
        &world,
        &cast.teacher,
        "reviewRoundOpen",
        json!({ "roundId": round["id"] }),
    )
    .await;
    assert_eq!(found, ["INVALID/OUT_OF_RANGE at reviewsDueAt"]);
}

#[tokio::test]
async fn deadlines_stand_in_their_order() {
    let (world, cast) = World::with_cast().await;
    for (field, value) in [
        ("reviewsDueAt", days(&world, -1)),
        ("reflectionAt", days(&world, 3)),
        ("closesAt", days(&world, 9)),
    ] {
        let wrong = input(&world, &cast, json!({ field: value }));
        let found = refused(&world, &cast.teacher, "reviewRoundCreate", wrong).await;
        assert_eq!(found, [format!("INVALID/OUT_OF_RANGE at {field}")]);
    }
}

#[tokio::test]
async fn a_plan_names_what_is_there() {
    let (world, cast) = World::with_cast().await;
    let secret = world.entry(&cast.mobile, &cast.during, "Mine alone", false).await;
    for (plan, at) in [
        (json!({ "targetIds": [secret] }), "plan.targetIds.0"),
        (
            json!({ "reviewerIds": [cast.foreign_pupil.member] }),
            "plan.reviewerIds",
        ),
        (
            json!({ "targetFilter": { "authorIds": [cast.foreign_pupil.member] } }),
            "plan.targetFilter",
        ),
    ] {
        let wrong = input(&world, &cast, json!({ "plan": plan }));
        let found = refused(&world, &cast.teacher, "reviewRoundCreate", wrong).await;
        assert_eq!(found, [format!("NOT_FOUND at {at}")]);
    }
}
