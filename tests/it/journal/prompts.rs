//! Prompts: what staff ask the entries of a week to tell about.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, faults};

const WEEK: &str = "2026-W47";

/// Replaces the prompts of the week and returns the payload.
async fn update(world: &World, who: &Person, cast: &Cast, language: &str, more: Value) -> Value {
    let version = world.phase_version(&cast.coordinator, &cast.during).await;
    let mut input = json!({ "phaseId": cast.during, "expectedVersion": version, "week": WEEK, "language": language });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let selection = "phase { version } prompts { id version language week isCurrent question starters keyCompetences phase { id } }";
    world.mutate(who, "phasePromptsUpdate", input, selection).await
}

fn asks(questions: &[&str]) -> Value {
    let prompts: Vec<_> = questions
        .iter()
        .map(|question| json!({ "question": question }))
        .collect();
    json!({ "prompts": prompts })
}

/// The questions that somebody gets.
async fn questions(world: &World, who: &Person, cast: &Cast, arguments: &str) -> Vec<String> {
    let query =
        format!("query($id: ID!) {{ node(id: $id) {{ ... on Phase {{ prompts{arguments} {{ question }} }} }} }}");
    let data = world.ask(who, &query, json!({ "id": cast.during })).await;
    let prompts = data["node"]["prompts"].as_array().unwrap().iter();
    prompts
        .map(|prompt| prompt["question"].as_str().unwrap().to_owned())
        .collect()
}

async fn of_week(world: &World, who: &Person, cast: &Cast, more: &str) -> Vec<String> {
    questions(world, who, cast, &format!("(week: \"{WEEK}\"{more})")).await
}

#[tokio::test]
async fn staff_set_prompts_and_every_member_reads_them() {
    let (world, cast) = World::with_cast().await;
    let before = world.events().await;
    let wanted = json!({ "prompts": [
        { "question": " What now? ", "starters": ["I saw", "I heard"], "keyCompetences": ["DIGITAL", "LITERACY", "DIGITAL"] },
        { "question": "And then?" },
    ] });
    let payload = update(&world, &cast.teacher, &cast, "en", wanted).await;
    assert_eq!(payload["userErrors"], json!([]));
    let first = &payload["prompts"][0];
    assert_eq!(
        (
            &first["question"],
            &first["starters"],
            &first["keyCompetences"],
            &first["version"]
        ),
        (
            &json!("What now?"),
            &json!(["I saw", "I heard"]),
            &json!(["LITERACY", "DIGITAL"]),
            &json!(1)
        )
    );
    assert_eq!(
        (
            &first["week"],
            &first["language"],
            &first["isCurrent"],
            &first["phase"]["id"]
        ),
        (&json!(WEEK), &json!("en"), &json!(true), &json!(cast.during))
    );
    assert_eq!(world.events().await, before + 1);
    for who in [
        &cast.coordinator,
        &cast.observer,
        &cast.mentor,
        &cast.mobile,
        &cast.stayer,
        &cast.partner_pupil,
    ] {
        assert_eq!(of_week(&world, who, &cast, "").await, ["What now?", "And then?"]);
    }
    assert_eq!(
        questions(&world, &cast.mobile, &cast, "(week: \"2026-W46\")").await,
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn nobody_but_staff_sets_prompts_and_the_permission_says_so() {
    let (world, cast) = World::with_cast().await;
    let query =
        "query($id: ID!) { node(id: $id) { ... on Phase { viewerCan { phasePromptsUpdate { allowed reason } } } } }";
    let allowed = async |who: &Person| {
        let data = world.ask(who, query, json!({ "id": cast.during })).await;
        data["node"]["viewerCan"]["phasePromptsUpdate"].clone()
    };
    for who in [&cast.mentor, &cast.observer, &cast.mobile, &cast.stayer] {
        let payload = update(&world, who, &cast, "en", asks(&["What?"])).await;
        assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
        assert_eq!(
            allowed(who).await,
            json!({ "allowed": false, "reason": "ROLE_NOT_ALLOWED" })
        );
    }
    for who in [&cast.foreigner, &cast.colleague] {
        let payload = update(&world, who, &cast, "en", asks(&["What?"])).await;
        assert_eq!(faults(&payload), ["NOT_FOUND at phaseId"]);
    }
    for who in [&cast.coordinator, &cast.teacher, &cast.partner] {
        assert_eq!(allowed(who).await["allowed"], true);
        assert_eq!(
            update(&world, who, &cast, "en", asks(&["What?"])).await["userErrors"],
            json!([])
        );
    }
}

#[tokio::test]
async fn a_prompt_with_other_words_has_a_new_version_and_what_is_left_out_goes() {
    let (world, cast) = World::with_cast().await;
    let payload = update(&world, &cast.teacher, &cast, "en", asks(&["One?", "Two?", "Three?"])).await;
    let id = |place: usize| payload["prompts"][place]["id"].clone();
    let wanted = json!({ "prompts": [
        { "id": id(2), "question": "Three?" }, { "question": "New?" }, { "id": id(0), "question": "First?" },
    ] });
    let second = update(&world, &cast.teacher, &cast, "en", wanted.clone()).await;
    let rows: Vec<_> = second["prompts"].as_array().unwrap().iter().collect();
    assert_eq!((&rows[0]["id"], &rows[0]["version"]), (&id(2), &json!(1)));
    assert_eq!((&rows[2]["id"], &rows[2]["version"]), (&id(0), &json!(2)));
    let query = "query($id: ID!) { node(id: $id) { ... on Prompt { question isCurrent } } }";
    let data = world.ask(&cast.stayer, query, json!({ "id": id(1) })).await;
    assert_eq!(data["node"], json!({ "question": "Two?", "isCurrent": false }));
    // The same again changes nothing.
    let same = json!({ "prompts": [
        { "id": rows[0]["id"], "question": "Three?" }, { "id": rows[1]["id"], "question": "New?" },
        { "id": rows[2]["id"], "question": "First?" },
    ] });
    let before = world.events().await;
    let third = update(&world, &cast.teacher, &cast, "en", same).await;
    assert_eq!(
        (&third["prompts"], &third["phase"]),
        (&second["prompts"], &second["phase"])
    );
    assert_eq!(world.events().await, before);
    update(&world, &cast.teacher, &cast, "en", json!({ "prompts": [] })).await;
    assert_eq!(of_week(&world, &cast.mobile, &cast, "").await, Vec::<String>::new());
}

#[tokio::test]
async fn a_stale_version_of_the_phase_is_a_conflict_that_shows_the_phase() {
    let (world, cast) = World::with_cast().await;
    update(&world, &cast.teacher, &cast, "en", asks(&["What?"])).await;
    let version = world.phase_version(&cast.teacher, &cast.during).await;
    let input = json!({ "phaseId": cast.during, "expectedVersion": version - 1, "week": WEEK, "language": "en", "prompts": [] });
    let payload = world
        .mutate(
            &cast.teacher,
            "phasePromptsUpdate",
            input,
            "phase { version } prompts { question }",
        )
        .await;
    assert_eq!(faults(&payload), ["CONFLICT/STALE_VERSION"]);
    assert_eq!(payload["phase"]["version"], version);
    assert_eq!(payload["prompts"], json!([{ "question": "What?" }]));
}

#[tokio::test]
async fn faults_are_told_at_their_fields() {
    let (world, cast) = World::with_cast().await;
    let known = update(&world, &cast.teacher, &cast, "en", asks(&["What?"])).await["prompts"][0]["id"].clone();
    let spanish = update(&world, &cast.teacher, &cast, "es", asks(&["¿Qué?"])).await["prompts"][0]["id"].clone();
    let many: Vec<_> = (0..11).map(|_| json!({ "question": "Q" })).collect();
    for (wanted, fault) in [
        (
            json!({ "prompts": [{ "question": "A" }, { "question": " " }] }),
            "INVALID/REQUIRED at prompts.1.question",
        ),
        (
            json!({ "prompts": [{ "question": "x".repeat(501) }] }),
            "INVALID/TOO_LONG at prompts.0.question",
        ),
        (
            json!({ "prompts": [{ "question": "A", "starters": ["a", "x".repeat(201)] }] }),
            "INVALID/TOO_LONG at prompts.0.starters.1",
        ),
        (
            json!({ "prompts": [{ "question": "A", "starters": vec!["a"; 11] }] }),
            "INVALID/TOO_LONG at prompts.0.starters",
        ),
        (json!({ "prompts": many }), "INVALID/TOO_LONG at prompts"),
        (
            json!({ "prompts": [{ "id": spanish, "question": "A" }] }),
            "NOT_FOUND at prompts.0.id",
        ),
        (
            json!({ "prompts": [{ "id": cast.during, "question": "A" }] }),
            "INVALID/MALFORMED at prompts.0.id",
        ),
        (
            json!({ "prompts": [{ "id": known, "question": "A" }, { "id": known, "question": "B" }] }),
            "INVALID/OUT_OF_RANGE at prompts.1.id",
        ),
        (json!({}), "INVALID/REQUIRED at prompts"),
        (
            json!({ "prompts": [], "useSet": "LAST_WEEK" }),
            "INVALID/OUT_OF_RANGE at useSet",
        ),
        (
            json!({ "prompts": [], "week": "2026-W60" }),
            "INVALID/OUT_OF_RANGE at week",
        ),
        (
            json!({ "prompts": [], "language": "e" }),
            "INVALID/MALFORMED at language",
        ),
        (
            json!({ "useSet": "LAST_WEEK", "language": "lv" }),
            "INVALID/OUT_OF_RANGE at language",
        ),
    ] {
        let payload = update(&world, &cast.teacher, &cast, "en", wanted.clone()).await;
        assert_eq!(faults(&payload), [fault], "{wanted}");
    }
    assert_eq!(of_week(&world, &cast.mobile, &cast, "").await, ["What?"]);
}

#[tokio::test]
async fn everybody_reads_prompts_in_the_nearest_language() {
    let (world, cast) = World::with_cast().await;
    for (language, question) in [("es", "¿Qué?"), ("fr", "Quoi ?")] {
        update(&world, &cast.teacher, &cast, language, asks(&[question])).await;
    }
    // Pupils of the cast speak Latvian and English: there is neither.
    assert_eq!(of_week(&world, &cast.mobile, &cast, "").await, ["¿Qué?"]);
    update(&world, &cast.teacher, &cast, "en", asks(&["What?"])).await;
    assert_eq!(of_week(&world, &cast.mobile, &cast, "").await, ["What?"]);
    update(&world, &cast.teacher, &cast, "lv", asks(&["Kas?"])).await;
    for (language, question) in [
        ("", "Kas?"),
        (", language: \"fr-CA\"", "Quoi ?"),
        (", language: \"de\"", "What?"),
    ] {
        assert_eq!(of_week(&world, &cast.mobile, &cast, language).await, [question]);
    }
}

#[tokio::test]
async fn without_a_week_it_is_that_of_now_where_the_space_is() {
    let (world, cast) = World::with_cast().await;
    update(&world, &cast.teacher, &cast, "en", asks(&["What?"])).await;
    // The week 47 begins in Riga two hours before it does in UTC.
    for (now, expected) in [("2026-11-15T21:59:59Z", 0), ("2026-11-15T22:00:00Z", 1)] {
        world.app().clock.set(Some(now.parse().unwrap()));
        let query = "query($id: ID!) { node(id: $id) { ... on Phase { prompts { question } } } }";
        let reader = sojourn::platform::db::Reader::new(&world.app().db, Some(cast.mobile.actor.clone()));
        let schema = sojourn::schema::schema(world.app().clone());
        let request = async_graphql::Request::new(query)
            .variables(async_graphql::Variables::from_json(json!({ "id": cast.during })));
        let answer = schema.execute(request.data(reader)).await.into_result().unwrap();
        let answer = answer.data.into_json().unwrap();
        assert_eq!(answer["node"]["prompts"].as_array().unwrap().len(), expected);
    }
}

#[tokio::test]
async fn the_ready_sets_are_there_in_three_languages_and_can_be_put_into_a_week() {
    let (world, cast) = World::with_cast().await;
    let query = "query($tag: LanguageTag) { promptSets { kind prompts(language: $tag) { language question starters keyCompetences } } }";
    let mut seen = std::collections::BTreeSet::new();
    for tag in ["en", "fr", "es"] {
        let data = world.ask(&cast.teacher, query, json!({ "tag": tag })).await;
        let sets = data["promptSets"].as_array().unwrap();
        let kinds: Vec<_> = sets.iter().map(|set| set["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["FIRST_WEEK", "MIDDLE_WEEK", "LAST_WEEK"]);
        for set in sets {
            let prompts = set["prompts"].as_array().unwrap();
            assert_eq!(prompts.len(), 5);
            for prompt in prompts {
                assert_eq!(prompt["language"], tag);
                assert!(seen.insert(prompt["question"].as_str().unwrap().to_owned()));
            }
            let payload = update(&world, &cast.teacher, &cast, tag, json!({ "useSet": set["kind"] })).await;
            let put: Vec<_> = payload["prompts"]
                .as_array()
                .unwrap()
                .iter()
                .map(|new| &new["question"])
                .collect();
            assert_eq!(put, prompts.iter().map(|ready| &ready["question"]).collect::<Vec<_>>());
        }
    }
    let answer = world.send(None, "{ promptSets { kind } }", json!({})).await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "UNAUTHENTICATED");
}

#[tokio::test]
async fn prompts_of_all_phases_take_one_statement() {
    let (world, cast) = World::with_cast().await;
    let query = |prompts: &str| format!("query($id: ID!) {{ space(id: $id) {{ phases {{ id {prompts} }} }} }}");
    let cost = async |query: &str| {
        let answer = world
            .send(Some(&cast.mobile.token), query, json!({ "id": cast.space }))
            .await;
        answer["extensions"]["stats"]["sql"].as_u64().unwrap()
    };
    update(&world, &cast.teacher, &cast, "en", json!({ "useSet": "FIRST_WEEK" })).await;
    update(&world, &cast.teacher, &cast, "es", json!({ "useSet": "FIRST_WEEK" })).await;
    let prompts = format!(
        "prompts(week: \"{WEEK}\") {{ id question starters }} es: prompts(week: \"{WEEK}\", language: \"es\") {{ id }}"
    );
    assert_eq!(cost(&query(&prompts)).await, cost(&query("")).await + 1);
}

#[tokio::test]
async fn everybody_is_told_of_new_prompts() {
    let (world, cast) = World::with_cast().await;
    let mut live = world.node.watch(&cast.mobile, &cast.space, None).await;
    update(&world, &cast.teacher, &cast, "en", asks(&["What?"])).await;
    let event = live.event().await;
    assert_eq!(
        (&event["__typename"], &event["kind"]),
        (&json!("PhaseEvent"), &json!("PHASE_PROMPTS_UPDATED"))
    );
}
