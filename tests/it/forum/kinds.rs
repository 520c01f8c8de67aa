//! What threads are for: questions, whose answers are seen after answering, and icebreakers.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, faults, ids};

async fn thread(world: &World, who: &Person, phase: &str, more: Value) -> Value {
    let mut input = json!({ "phaseId": phase, "title": "T", "body": "B" });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    world
        .mutate(who, "threadCreate", input, "thread { id kind prompt version }")
        .await
}

async fn question(world: &World, cast: &Cast, who: &Person) -> String {
    let made = thread(world, who, &cast.during, json!({ "kind": "QUESTION" })).await;
    assert_eq!(made["thread"]["kind"], "QUESTION");
    made["thread"]["id"].as_str().unwrap().to_owned()
}

/// What somebody sees of the comments of a thread, in every way that there is.
async fn comments(world: &World, who: &Person, id: &str) -> Vec<String> {
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { commentCount unreadCount lastComment { id }
        firstUnreadComment { id } comments { totalCount nodes { id } } } } }";
    let data = world.ask(who, query, json!({ "id": id })).await;
    let thread = &data["node"];
    let found = ids(&thread["comments"]);
    assert_eq!(thread["comments"]["totalCount"], found.len());
    if found.is_empty() {
        let none = (&Value::Null, &Value::Null, &json!(0));
        assert_eq!(
            (
                &thread["lastComment"],
                &thread["firstUnreadComment"],
                &thread["unreadCount"]
            ),
            none
        );
    }
    found
}

#[tokio::test]
async fn the_answers_to_a_question_are_seen_after_answering() {
    let (world, cast) = World::with_cast().await;
    let id = question(&world, &cast, &cast.teacher).await;
    let first = world.comment(&cast.mobile, &id, None, "Bread.").await;
    let reply = world.comment(&cast.teacher, &id, Some(&first), "Why?").await;
    for who in [
        &cast.teacher,
        &cast.coordinator,
        &cast.mentor,
        &cast.observer,
        &cast.mobile,
    ] {
        assert_eq!(
            comments(&world, who, &id).await,
            [first.clone(), reply.clone()],
            "{}",
            who.login
        );
    }
    assert_eq!(comments(&world, &cast.stayer, &id).await, Vec::<String>::new());
    assert!(world.seen(&cast.stayer, &first, "id").await.is_null());
    assert_eq!(world.field(&cast.stayer, &id, "commentCount").await, 2);
    let input = json!({ "rootId": id, "replyToId": first, "body": "So do I." });
    let payload = world.mutate(&cast.stayer, "commentCreate", input, "").await;
    assert_eq!(
        faults(&payload),
        ["NOT_FOUND at replyToId"],
        "nobody answers what they don't see"
    );
    let refused = world
        .refused(
            &cast.stayer,
            "contributionReport",
            json!({ "contributionId": first, "reason": "OTHER" }),
        )
        .await;
    assert_eq!(refused, ["NOT_FOUND"]);
    let own = world.comment(&cast.stayer, &id, None, "Rice.").await;
    assert_eq!(
        comments(&world, &cast.stayer, &id).await,
        [first.clone(), reply.clone(), own.clone()]
    );
    world.act(&cast.stayer, "Remove", &own).await;
    assert_eq!(
        comments(&world, &cast.stayer, &id).await,
        [own],
        "who takes the answer back sees the others no more"
    );
    world
        .done(&cast.teacher, "threadLock", json!({ "threadId": id }), "")
        .await;
    assert_eq!(
        comments(&world, &cast.partner_pupil, &id).await.len(),
        3,
        "a locked question can't be answered any more"
    );
}

#[tokio::test]
async fn who_has_not_answered_hears_nothing_of_answers() {
    let (world, cast) = World::with_cast().await;
    let id = question(&world, &cast, &cast.stayer).await;
    let now = world.node.newest(&cast.partner_pupil, &cast.space).await;
    let mut live = world.node.watch(&cast.partner_pupil, &cast.space, Some(&now)).await;
    let mut author = world.node.watch(&cast.stayer, &cast.space, Some(&now)).await;
    let answer = world.comment(&cast.mobile, &id, None, "Bread.").await;
    assert_eq!(
        author.event().await["contribution"]["id"],
        answer,
        "who asks sees every answer"
    );
    let own = world.comment(&cast.partner_pupil, &id, None, "Rice.").await;
    assert_eq!(live.event().await["contribution"]["id"], own);
    let next = world.comment(&cast.mobile, &id, None, "And butter.").await;
    assert_eq!(live.event().await["contribution"]["id"], next);
}

#[tokio::test]
async fn an_icebreaker_has_a_prompt_and_nothing_else_has() {
    let (world, cast) = World::with_cast().await;
    let prompt = "Two truths and a lie";
    let made = thread(
        &world,
        &cast.stayer,
        &cast.during,
        json!({ "kind": "ICEBREAKER", "prompt": format!(" {prompt} ") }),
    )
    .await;
    let id = made["thread"]["id"].as_str().unwrap();
    assert_eq!(
        (&made["thread"]["kind"], &made["thread"]["prompt"]),
        (&json!("ICEBREAKER"), &json!(prompt))
    );
    for (more, fault) in [
        (json!({ "kind": "ICEBREAKER" }), "INVALID/REQUIRED at prompt"),
        (
            json!({ "kind": "ICEBREAKER", "prompt": " " }),
            "INVALID/REQUIRED at prompt",
        ),
        (
            json!({ "kind": "ICEBREAKER", "prompt": "x".repeat(501) }),
            "INVALID/TOO_LONG at prompt",
        ),
        (
            json!({ "kind": "QUESTION", "prompt": prompt }),
            "INVALID/OUT_OF_RANGE at prompt",
        ),
        (json!({ "prompt": prompt }), "INVALID/OUT_OF_RANGE at prompt"),
    ] {
        assert_eq!(
            faults(&thread(&world, &cast.stayer, &cast.during, more.clone()).await),
            [fault],
            "{more}"
        );
    }
    world
        .edit(&cast.stayer, id, json!({ "prompt": "One truth and two lies" }))
        .await;
    let seen = world.seen(&cast.mobile, id, "prompt version").await;
    assert_eq!(
        (&seen["prompt"], &seen["version"]),
        (&json!("One truth and two lies"), &json!(2))
    );
    let open = thread(&world, &cast.stayer, &cast.during, json!({})).await;
    assert_eq!(
        (&open["thread"]["kind"], &open["thread"]["prompt"]),
        (&json!("OPEN"), &Value::Null)
    );
    let (name, input) = world
        .edit_input(open["thread"]["id"].as_str().unwrap(), json!({ "prompt": "Why?" }))
        .await;
    assert_eq!(
        faults(&world.mutate(&cast.stayer, name, input, "").await),
        ["INVALID/OUT_OF_RANGE at prompt"]
    );
    world.act(&cast.teacher, "Hide", id).await;
    assert!(world.seen(&cast.mobile, id, "prompt").await.is_null());
}

#[tokio::test]
async fn nobody_has_read_answers_that_they_have_not_seen() {
    let (world, cast) = World::with_cast().await;
    let id = question(&world, &cast, &cast.teacher).await;
    let unseen = world.comment(&cast.mobile, &id, None, "Bread.").await;
    let input = json!({ "threadId": id });
    world.done(&cast.stayer, "threadMarkRead", input.clone(), "").await;
    let input_phase = json!({ "phaseId": cast.during });
    world.done(&cast.stayer, "phaseMarkRead", input_phase, "").await;
    world.comment(&cast.stayer, &id, None, "Rice.").await;
    let unread = "query($id: ID!) { node(id: $id) { ... on Thread { unreadCount firstUnreadComment { id } } } }";
    let data = world.ask(&cast.stayer, unread, json!({ "id": id })).await;
    assert_eq!(data["node"]["unreadCount"], 1);
    assert_eq!(data["node"]["firstUnreadComment"]["id"], unseen);
    world.done(&cast.stayer, "threadMarkRead", input, "").await;
    let data = world.ask(&cast.stayer, unread, json!({ "id": id })).await;
    assert_eq!(data["node"]["unreadCount"], 0);
}
