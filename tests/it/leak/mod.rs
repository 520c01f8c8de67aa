//! Nothing of a space reaches anybody who is no member: not in data, counts, errors or events.

mod cases;
mod scene;
pub mod walk;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::{
    cases::{Case, WITHOUT_IDS, cases},
    scene::{Ids, MARK, Outsider, Scene},
};
use crate::support::{Socket, World};

fn no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// An answer without what differs between any two requests, ids as their names.
fn plain(mut answer: Value, ids: &Ids) -> String {
    if let Some(answer) = answer.as_object_mut() {
        answer.remove("extensions");
    }
    for error in answer["errors"].as_array_mut().into_iter().flatten() {
        if let Some(extensions) = error["extensions"].as_object_mut() {
            extensions.remove("requestId");
        }
    }
    let names = ids.iter().filter(|(name, _)| !name.starts_with("own"));
    names.fold(answer.to_string(), |text, (name, id)| {
        text.replace(id, &format!("@{name}"))
    })
}

/// The answer over HTTP. It has to be an answer to the case, not a refusal of the document.
async fn ask(scene: &Scene, who: &Outsider, case: &Case, ids: &Ids) -> String {
    let answer = scene.world.send(who.token(), &case.document, case.variables(ids)).await;
    let codes: BTreeSet<_> = answer["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|error| error["extensions"]["code"].as_str().unwrap())
        .collect();
    let is_subscription = case.root.starts_with("Subscription");
    let wanted = match (&who.person, is_subscription) {
        (_, true) => BTreeSet::from(["INVALID"]),
        (None, false) if !codes.is_empty() => BTreeSet::from(["UNAUTHENTICATED"]),
        _ => BTreeSet::new(),
    };
    assert_eq!(codes, wanted, "{}: {answer}", case.root);
    let answer = plain(answer, ids);
    let is_refused = !case.root.starts_with("Mutation") || answer.contains("\"code\":\"");
    assert!(is_refused, "{}: {} is done: {answer}", who.name, case.root);
    answer
}

/// The answer on a socket.
async fn hear(socket: &mut Socket, case: &Case, ids: &Ids) -> String {
    socket.subscribe(&case.document, case.variables(ids)).await;
    let message = socket.hear().await;
    assert_eq!(message["type"], "error", "{message}");
    // Everybody has an inbox, and no cursor of another stream is one of theirs.
    let wanted = match case.root {
        "Subscription.viewerEvents" => "INVALID",
        _ => "NOT_FOUND",
    };
    assert_eq!(message["payload"][0]["extensions"]["code"], wanted, "{message}");
    plain(json!({ "errors": message["payload"] }), ids)
}

#[tokio::test]
async fn every_root_field_has_a_case() {
    let scene = Scene::new().await;
    let schema = walk::schema();
    let roots = |root: &str| {
        let names = walk::names(&schema, root).into_iter();
        names.map(|name| format!("{root}.{name}")).collect::<Vec<_>>()
    };
    let known: BTreeSet<_> = ["Query", "Mutation", "Subscription"]
        .into_iter()
        .flat_map(roots)
        .collect();
    let tried = cases(&scene.ids).into_iter().map(|case| case.root.to_owned());
    let tried: BTreeSet<_> = tried.chain(WITHOUT_IDS.iter().map(|root| (*root).to_owned())).collect();
    let missing: Vec<_> = known.difference(&tried).collect();
    let superfluous: Vec<_> = tried.difference(&known).collect();
    assert!(
        missing.is_empty() && superfluous.is_empty(),
        "missing: {missing:?}, superfluous: {superfluous:?}"
    );
}

#[test]
fn what_has_no_case_takes_no_id() {
    let schema = walk::schema();
    for root in WITHOUT_IDS {
        let (root, field) = root.split_once('.').unwrap();
        let field = &schema.get_object(root).unwrap().fields[field];
        let input = schema
            .get_input_object(field.arguments[0].ty.inner_named_type())
            .unwrap();
        for field in input.fields.values() {
            assert_ne!(field.ty.inner_named_type(), "ID", "{root}.{}", field.name);
        }
    }
}

#[tokio::test]
async fn to_an_outsider_the_space_is_as_if_it_had_never_been() {
    let scene = Scene::new().await;
    let (ids, ghosts, cases) = (&scene.ids, scene.ghosts(), cases(&scene.ids));
    let before = scene.world.dump().await;
    let mut faults = Vec::new();
    for who in scene.outsiders() {
        for case in cases.iter().filter(|case| !case.names(who.knows)) {
            let real = ask(&scene, &who, case, ids).await;
            let ghost = ask(&scene, &who, case, &ghosts).await;
            let about = format!("{}: {} {}", who.name, case.root, case.variables);
            if real != ghost {
                faults.push(format!("{about}\n  {real}\n  {ghost}"));
            }
            if let Some(secret) = who.leak(&real) {
                faults.push(format!("{about} tells of {secret}\n  {real}"));
            }
        }
    }
    no_faults(&faults);
    let after = scene.world.dump().await;
    for (table, rows) in &before {
        assert!(after[table] == *rows, "{table} has changed");
    }
}

#[tokio::test]
async fn an_outsider_subscribes_to_nothing_like_to_what_never_existed() {
    let scene = Scene::new().await;
    let (ids, ghosts, cases) = (&scene.ids, scene.ghosts(), cases(&scene.ids));
    for who in scene.outsiders() {
        let Some(person) = &who.person else { continue };
        let mut socket = scene.world.node.socket(person).await;
        for case in cases.iter().filter(|case| case.root.starts_with("Subscription")) {
            let real = hear(&mut socket, case, ids).await;
            assert_eq!(real, hear(&mut socket, case, &ghosts).await, "{}", who.name);
            assert_eq!(who.leak(&real), None, "{}", who.name);
        }
    }
}

#[tokio::test]
async fn no_object_of_the_space_is_a_node_for_an_outsider() {
    let scene = Scene::new().await;
    let mut faults = Vec::new();
    for who in scene.outsiders() {
        for (name, id) in &scene.ids {
            let is_id = !["login", "word"].contains(name) && !name.starts_with("own");
            if !is_id || who.knows.contains(name) {
                continue;
            }
            let query = "query($id: ID!) { node(id: $id) { __typename } }";
            let answer = scene.world.send(who.token(), query, json!({ "id": id })).await;
            if answer["data"]["node"] != Value::Null {
                faults.push(format!("{} sees @{name}", who.name));
            }
        }
    }
    no_faults(&faults);
}

/// Queries for all that somebody can reach from what is theirs.
fn everything(scene: &Scene) -> Vec<(String, Value)> {
    let schema = walk::schema();
    let mut documents = walk::documents(&schema, "query", "viewer", "Viewer", 3);
    documents.extend(walk::documents(
        &schema,
        "query($id: ID!)",
        "space(id: $id)",
        "Space",
        3,
    ));
    documents.push(walk::document(
        &schema,
        "query",
        "organisations",
        "OrganisationConnection",
        3,
    ));
    let variables = json!({ "id": scene.ids["own_space"] });
    documents
        .into_iter()
        .map(|document| (document, variables.clone()))
        .collect()
}

#[tokio::test]
async fn nothing_that_an_outsider_reaches_from_their_own_holds_a_text_of_the_space() {
    let scene = Scene::new().await;
    let mut faults = Vec::new();
    for who in scene.outsiders() {
        for (document, variables) in everything(&scene) {
            let answer = scene.world.send(who.token(), &document, variables).await;
            let is_nobody = who.person.is_none();
            assert!(
                is_nobody || answer.get("errors").is_none(),
                "{}: {}",
                who.name,
                answer["errors"]
            );
            if let Some(secret) = who.leak(&answer.to_string()) {
                faults.push(format!(
                    "{}: {secret} in {}",
                    who.name,
                    &document[..document.len().min(120)]
                ));
            }
        }
    }
    no_faults(&faults);
}

#[tokio::test]
async fn a_member_reads_every_kind_of_text_in_the_same_ways() {
    // Else the tests above would find nothing because nothing is there, or because they don't look.
    let scene = Scene::new().await;
    let who = &scene.cast.coordinator;
    let mut texts = String::new();
    for (document, _) in everything(&scene) {
        let variables = json!({ "id": scene.ids["space"] });
        let answer = scene.world.send(Some(&who.token), &document, variables).await;
        assert!(answer.get("errors").is_none(), "{}", answer["errors"]);
        texts.push_str(&answer.to_string());
    }
    for text in [
        "settings",
        "thread",
        "comment",
        "hidden_comment",
        "staff_thread",
        "draft_thread",
        "entry",
        "entry_comment",
        "left_entry",
        "left_pending",
        "pending_thread",
    ] {
        assert!(texts.contains(&format!("{MARK} {text}")), "{text}");
    }
    for text in ["That", "Another", "Paula", "Stan K.", "Pim K."] {
        assert!(texts.contains(text), "{text}");
    }
}

#[tokio::test]
async fn a_stream_of_another_space_stays_apart() {
    let scene = Scene::new().await;
    let (world, cast) = (&scene.world, &scene.cast);
    let cursor = world.node.newest(&cast.foreigner, &cast.foreign_space).await;
    let mut live = world
        .node
        .watch(&cast.foreigner, &cast.foreign_space, Some(&cursor))
        .await;
    world.thread(&cast.coordinator, &cast.during, MARK).await;
    world.thread(&cast.foreigner, &cast.foreign_phase, "Ours").await;
    let mut replay = world
        .node
        .watch(&cast.foreigner, &cast.foreign_space, Some(&cursor))
        .await;
    for stream in [&mut live, &mut replay] {
        let event = stream.event().await;
        assert_eq!(event["contribution"]["body"], "About Ours.");
    }
}

#[tokio::test]
async fn a_cursor_of_another_space_is_of_no_use() {
    let scene = Scene::new().await;
    let mut socket = scene.world.node.socket(&scene.cast.foreigner).await;
    let query =
        "subscription($id: ID!, $after: String) { spaceEvents(spaceId: $id, after: $after) { __typename cursor } }";
    let variables = json!({ "id": scene.ids["own_space"], "after": scene.ids["own_cursor"] });
    socket.subscribe(query, variables).await;
    let message = socket.hear().await;
    assert_eq!(message["type"], "error", "{message}");
    assert_eq!(message["payload"][0]["extensions"]["code"], "INVALID");
}

#[tokio::test]
async fn a_removed_member_learns_nothing_by_repeating_a_call() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let key = "a key of sixteen characters";
    let calls = [
        (
            "threadCreate",
            json!({ "phaseId": cast.during, "title": "T", "body": "B", "idempotencyKey": key }),
            "thread",
        ),
        (
            "commentCreate",
            json!({ "rootId": thread, "body": "B", "idempotencyKey": format!("{key} 2") }),
            "comment",
        ),
    ];
    for (mutation, input, object) in &calls {
        world
            .done(&cast.mobile, mutation, input.clone(), &format!("{object} {{ id }}"))
            .await;
    }
    let input = json!({ "membershipId": cast.mobile.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    for (mutation, input, object) in calls {
        let payload = world
            .mutate(&cast.mobile, mutation, input, &format!("{object} {{ id }}"))
            .await;
        assert_eq!(payload[object], Value::Null);
        assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND");
    }
}
