//! Retries of creates after a lost answer.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sojourn::features::account;

use crate::support::{Cast, PASSWORD, Person, World, faults};

/// A create: who calls it with what, something else that could be asked for, something that is refused, and somebody else who
/// may ask for something of the kind.
struct Create<'a> {
    name: &'static str,
    who: &'a Person,
    input: Value,
    other: Value,
    faulty: Value,
    colleague: (&'a Person, Value),
    /// What is asked for, and where the id of what was made is in the answer.
    object: (&'static str, &'static str),
}

struct Scene {
    world: World,
    cast: Cast,
    second_admin: Person,
    second_pupil: Person,
    thread: String,
}

const KEY: &str = "0123456789abcdef";

/// An input with a key.
fn keyed(input: &Value, key: &str) -> Value {
    let mut input = input.clone();
    input["idempotencyKey"] = json!(key);
    input
}

/// An input with another value of one field.
fn with(input: &Value, field: &str, value: impl Into<Value>) -> Value {
    let mut input = input.clone();
    input[field] = value.into();
    input
}

impl Scene {
    async fn new() -> Self {
        let (world, cast) = World::with_cast().await;
        let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
        let login = "second@sojourn.example";
        let new = account::create_administrator(world.app(), login, "Second", (PASSWORD, false));
        new.await.unwrap();
        let (actor, token) = world.sign_in(login, PASSWORD).await;
        let second_admin = Person {
            actor,
            token,
            login: login.to_owned(),
            ..cast.admin.clone()
        };
        let second_pupil = world.pupil(&cast.coordinator, "Bo").await;
        Self {
            world,
            cast,
            second_admin,
            second_pupil,
            thread,
        }
    }

    fn creates(&self) -> Vec<Create<'_>> {
        let cast = &self.cast;
        let organisation = json!({ "kind": "SCHOOL", "name": "Cedar", "city": "Town", "country": "LV",
            "timeZone": "Europe/Riga" });
        let staff = json!({ "organisationId": cast.coordinator.organisation, "email": "nora@school.example",
            "displayName": "Nora", "languages": ["en"] });
        let row =
            |name: &str| json!([{ "givenName": name, "familyInitial": "B", "birthYear": 2010, "languages": ["en"] }]);
        let pupils = json!({ "organisationId": cast.coordinator.organisation, "rows": row("Ada") });
        let photo = json!({ "spaceId": cast.space, "phaseId": cast.during, "fileName": "bread.png", "mediaType": "image/png",
            "size": 1, "sha256": "0".repeat(64) });
        let album = json!({ "phaseId": cast.during, "title": "Bread" });
        let space = json!({ "title": "Bread" });
        let member = |who: &Person| json!([{ "accountId": who.account, "role": "PUPIL" }]);
        let members = json!({ "spaceId": cast.space, "rows": member(&cast.bystander) });
        let text = json!({ "phaseId": cast.during, "title": "Butter", "body": "Salted" });
        let comment = json!({ "rootId": self.thread, "body": "Dark" });
        let entry = with(&text, "publish", true);
        let grant = json!({ "membershipId": cast.stayer.member, "capability": "MODERATE" });
        let day = |days: i64| (self.world.app().clock.now() + chrono::TimeDelta::days(days)).to_rfc3339();
        let round = json!({ "phaseId": cast.during, "title": "Bread", "reviewsDueAt": day(1), "reflectionAt": day(2),
            "closesAt": day(3) });
        vec![
            Create {
                name: "organisationCreate",
                who: &cast.admin,
                other: with(&organisation, "name", "Dune"),
                faulty: with(&organisation, "country", "XX"),
                colleague: (&self.second_admin, organisation.clone()),
                input: organisation,
                object: ("organisation { id }", "/organisation/id"),
            },
            Create {
                name: "staffAccountCreate",
                who: &cast.coordinator,
                other: with(&staff, "email", "olga@school.example"),
                faulty: with(&staff, "email", "nora"),
                colleague: (&cast.teacher, with(&staff, "email", "olga@school.example")),
                input: staff,
                object: ("isReplay account { id }", "/account/id"),
            },
            Create {
                name: "pupilAccountsCreate",
                who: &cast.coordinator,
                other: with(&pupils, "rows", row("Bo")),
                faulty: with(&pupils, "rows", json!([])),
                colleague: (&cast.teacher, pupils.clone()),
                input: pupils,
                object: ("isReplay results { account { id } }", "/results/0/account/id"),
            },
            Create {
                name: "spaceCreate",
                who: &cast.colleague,
                other: with(&space, "title", "Butter"),
                faulty: with(&space, "title", ""),
                colleague: (&cast.coordinator, space.clone()),
                input: space,
                object: ("space { id }", "/space/id"),
            },
            Create {
                name: "memberAdd",
                who: &cast.coordinator,
                other: with(&members, "rows", member(&self.second_pupil)),
                faulty: with(&members, "rows", json!([])),
                colleague: (&cast.teacher, with(&members, "rows", member(&self.second_pupil))),
                input: members,
                object: ("results { membership { id } }", "/results/0/membership/id"),
            },
            Create {
                name: "threadCreate",
                who: &cast.stayer,
                other: with(&text, "title", "Cheese"),
                faulty: with(&text, "title", ""),
                colleague: (&cast.mobile, text.clone()),
                input: text,
                object: ("thread { id }", "/thread/id"),
            },
            Create {
                name: "commentCreate",
                who: &cast.stayer,
                other: with(&comment, "body", "Light"),
                faulty: with(&comment, "body", ""),
                colleague: (&cast.mobile, comment.clone()),
                input: comment,
                object: ("comment { id }", "/comment/id"),
            },
            Create {
                name: "grantCreate",
                who: &cast.coordinator,
                other: with(&grant, "capability", "LEAD_THREAD"),
                faulty: with(&grant, "endsAt", "2001-01-01T00:00:00Z"),
                colleague: (&cast.partner, with(&grant, "capability", "REVIEW")),
                input: grant,
                object: ("grant { id }", "/grant/id"),
            },
            Create {
                name: "mediaUploadRequest",
                who: &cast.mobile,
                other: with(&photo, "size", 2),
                faulty: with(&photo, "size", 0),
                colleague: (&cast.stayer, photo.clone()),
                input: photo,
                object: ("mediaItem { id }", "/mediaItem/id"),
            },
            Create {
                name: "albumCreate",
                who: &cast.mobile,
                other: with(&album, "title", "Butter"),
                faulty: with(&album, "title", ""),
                colleague: (&cast.stayer, album.clone()),
                input: album,
                object: ("album { id }", "/album/id"),
            },
            Create {
                name: "reviewRoundCreate",
                who: &cast.teacher,
                other: with(&round, "title", "Butter"),
                faulty: with(&round, "title", ""),
                colleague: (&cast.coordinator, round.clone()),
                input: round,
                object: ("round { id }", "/round/id"),
            },
            Create {
                name: "journalEntryCreate",
                who: &cast.mobile,
                other: with(&entry, "week", "2026-W47"),
                faulty: with(&entry, "week", "2026-W99"),
                colleague: (&cast.partner_pupil, entry.clone()),
                input: entry,
                object: ("journalEntry { id }", "/journalEntry/id"),
            },
        ]
    }

    /// Calls a create that must be done, and returns the id of what it made.
    async fn make(&self, who: &Person, create: &Create<'_>, input: Value) -> String {
        let payload = self.world.done(who, create.name, input, create.object.0).await;
        let id = payload.pointer(create.object.1).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("{}: {payload}", create.name)).to_owned()
    }

    /// How many there are of all that creates make, and where the stream of the space stands.
    async fn state(&self) -> [Value; 4] {
        let cast = &self.cast;
        let ask = async |who: &Person, query: &str| self.world.ask(who, query, json!({ "id": cast.space })).await;
        [
            ask(&cast.admin, "{ organisations { totalCount } }").await,
            ask(
                &cast.coordinator,
                "{ viewer { account { organisation { accounts { totalCount } } } } }",
            )
            .await,
            ask(&cast.colleague, "{ viewer { memberships { totalCount } } }").await,
            ask(
                &cast.coordinator,
                "query($id: ID!) { space(id: $id) { eventCursor members { totalCount } journalEntries { totalCount } \
                 albums { totalCount } reviewRounds { totalCount } mediaUsage { used } \
                 threads { totalCount nodes { id commentCount } } } }",
            )
            .await,
        ]
    }
}

#[tokio::test]
async fn every_create_takes_a_key_and_is_in_this_file() {
    let scene = Scene::new().await;
    let query = "{ __schema { mutationType { fields { name args { type { ofType { inputFields { name } } } } } } } }";
    let data = scene.world.ask(&scene.cast.stayer, query, json!({})).await;
    let fields = data["__schema"]["mutationType"]["fields"].as_array().unwrap();
    let takes_a_key = |field: &&Value| {
        let inputs = field["args"][0]["type"]["ofType"]["inputFields"].as_array().unwrap();
        inputs.iter().any(|input| input["name"] == "idempotencyKey")
    };
    let name = |field: &Value| field["name"].as_str().unwrap().to_owned();
    let with_key: BTreeSet<_> = fields.iter().filter(takes_a_key).map(name).collect();
    let is_create = |name: &String| name.ends_with("Create") && name != "sessionCreate";
    let creates: BTreeSet<_> = fields.iter().map(name).filter(is_create).collect();
    assert!(creates.is_subset(&with_key), "{creates:?}");
    let here: BTreeSet<_> = scene.creates().iter().map(|create| create.name.to_owned()).collect();
    assert_eq!(here, with_key);
}

#[tokio::test]
async fn a_repeated_create_answers_with_the_same_object_and_changes_nothing() {
    let scene = Scene::new().await;
    for create in scene.creates() {
        let key = format!("{KEY}-{}", create.name);
        let first = scene.make(create.who, &create, keyed(&create.input, &key)).await;
        let before = scene.state().await;
        for _ in 0..2 {
            let again = scene.make(create.who, &create, keyed(&create.input, &key)).await;
            assert_eq!(again, first, "{}", create.name);
        }
        assert_eq!(scene.state().await, before, "{}", create.name);
    }
}

#[tokio::test]
async fn the_same_create_several_times_at_once_happens_once() {
    let scene = Scene::new().await;
    for create in scene.creates() {
        let key = format!("{KEY}-{}", create.name);
        let make = || scene.make(create.who, &create, keyed(&create.input, &key));
        let ids = <[String; 4]>::from(tokio::join!(make(), make(), make(), make()));
        assert_eq!(BTreeSet::from(ids).len(), 1, "{}", create.name);
    }
    let [organisations, accounts, memberships, space] = scene.state().await;
    assert_eq!(organisations["organisations"]["totalCount"], 4);
    assert_eq!(
        accounts["viewer"]["account"]["organisation"]["accounts"]["totalCount"],
        9 + 2
    );
    assert_eq!(memberships["viewer"]["memberships"]["totalCount"], 1);
    let space = &space["space"];
    assert_eq!(space["members"]["totalCount"], 8 + 1);
    assert_eq!(space["threads"]["totalCount"], 2);
    assert_eq!(space["journalEntries"]["totalCount"], 1);
    assert_eq!(space["albums"]["totalCount"], 1);
    assert_eq!(space["mediaUsage"]["used"], 1);
    let bread = space["threads"]["nodes"].as_array().unwrap();
    let bread = bread.iter().find(|thread| thread["id"] == scene.thread).unwrap();
    assert_eq!(bread["commentCount"], 1);
}

#[tokio::test]
async fn the_same_key_with_another_input_is_a_conflict_and_changes_nothing() {
    let scene = Scene::new().await;
    for create in scene.creates() {
        let key = format!("{KEY}-{}", create.name);
        let made = scene.make(create.who, &create, keyed(&create.input, &key)).await;
        let before = scene.state().await;
        let payload = scene
            .world
            .mutate(create.who, create.name, keyed(&create.other, &key), create.object.0)
            .await;
        assert_eq!(
            faults(&payload),
            ["CONFLICT/KEY_REUSED at idempotencyKey"],
            "{}",
            create.name
        );
        // What the key stands for is there as it is now; of a batch there is not one.
        let is_batch = ["memberAdd", "pupilAccountsCreate"].contains(&create.name);
        let expected = if is_batch { Value::Null } else { json!(made) };
        assert_eq!(
            payload.pointer(create.object.1).unwrap_or(&Value::Null),
            &expected,
            "{}",
            create.name
        );
        assert_eq!(scene.state().await, before, "{}", create.name);
    }
}

#[tokio::test]
async fn a_key_stands_for_one_mutation() {
    let scene = Scene::new().await;
    let cast = &scene.cast;
    let text = json!({ "phaseId": cast.during, "title": "Butter", "body": "Salted", "idempotencyKey": KEY });
    scene.world.done(&cast.mobile, "threadCreate", text.clone(), "").await;
    let comment = json!({ "rootId": scene.thread, "body": "Dark", "idempotencyKey": KEY });
    for (name, input) in [("commentCreate", comment), ("journalEntryCreate", text)] {
        assert_eq!(
            scene.world.refused(&cast.mobile, name, input).await,
            ["CONFLICT/KEY_REUSED"]
        );
    }
}

#[tokio::test]
async fn the_key_of_a_draft_that_was_removed_says_so() {
    let scene = Scene::new().await;
    let Scene { world, cast, .. } = &scene;
    let input = json!({ "phaseId": cast.during, "title": "Butter", "body": "Salted", "idempotencyKey": KEY });
    let made = world
        .done(&cast.mobile, "journalEntryCreate", input.clone(), "journalEntry { id }")
        .await;
    let remove = json!({ "contributionId": made["journalEntry"]["id"] });
    world.done(&cast.mobile, "contributionRemove", remove, "").await;
    for _ in 0..2 {
        let payload = world
            .mutate(&cast.mobile, "journalEntryCreate", input.clone(), "journalEntry { id }")
            .await;
        assert_eq!(faults(&payload), ["NOT_FOUND at idempotencyKey"]);
        assert_eq!(payload["journalEntry"], Value::Null);
    }
    // So does that of something else, with another input.
    let other = with(&input, "title", "Cheese");
    let payload = world
        .mutate(&cast.mobile, "journalEntryCreate", other, "journalEntry { id }")
        .await;
    assert_eq!(faults(&payload), ["CONFLICT/KEY_REUSED at idempotencyKey"]);
    assert_eq!(payload["journalEntry"], Value::Null);
}

#[tokio::test]
async fn an_author_finds_their_own_by_its_key() {
    let scene = Scene::new().await;
    let Scene { world, cast, .. } = &scene;
    for (name, object, input) in [
        (
            "threadCreate",
            "thread",
            json!({ "phaseId": cast.during, "title": "Butter", "body": "Salted" }),
        ),
        (
            "journalEntryCreate",
            "journalEntry",
            json!({ "phaseId": cast.during, "title": "Butter", "body": "Salted", "publish": true }),
        ),
        (
            "commentCreate",
            "comment",
            json!({ "rootId": scene.thread, "body": "Dark" }),
        ),
        (
            "albumCreate",
            "album",
            json!({ "phaseId": cast.during, "title": "Bread" }),
        ),
    ] {
        let key = format!("{KEY}-{name}");
        let fields = format!("{object} {{ id idempotencyKey }}");
        let made = world.done(&cast.mobile, name, keyed(&input, &key), &fields).await;
        assert_eq!(made[object]["idempotencyKey"], json!(key), "{name}");
        let query = "query($id: ID!) { node(id: $id) { ... on Contribution { id idempotencyKey } } }";
        for who in [&cast.stayer, &cast.teacher, &cast.coordinator] {
            let data = world.ask(who, query, json!({ "id": made[object]["id"] })).await;
            assert_eq!(
                data["node"],
                json!({ "id": made[object]["id"], "idempotencyKey": null }),
                "{name}"
            );
        }
        let plain = world.done(&cast.mobile, name, input, &fields).await;
        assert_eq!(plain[object]["idempotencyKey"], Value::Null, "{name}");
    }
}

#[tokio::test]
async fn a_key_has_16_to_64_characters() {
    let scene = Scene::new().await;
    let before = scene.state().await;
    for create in scene.creates() {
        for (key, fault) in [
            (String::new(), "INVALID/TOO_SHORT at idempotencyKey"),
            ("x".repeat(15), "INVALID/TOO_SHORT at idempotencyKey"),
            ("x".repeat(65), "INVALID/TOO_LONG at idempotencyKey"),
            (format!("{KEY}\u{0}"), "INVALID/MALFORMED at idempotencyKey"),
            (format!("{KEY}\u{202e}"), "INVALID/MALFORMED at idempotencyKey"),
            (" ".repeat(16), "INVALID/MALFORMED at idempotencyKey"),
        ] {
            let input = keyed(&create.input, &key);
            let payload = scene.world.mutate(create.who, create.name, input, "").await;
            assert_eq!(faults(&payload), [fault], "{}", create.name);
        }
    }
    assert_eq!(scene.state().await, before);
    for create in scene.creates() {
        let key = format!("{}é{}", "x".repeat(45), create.name);
        let key: String = key.chars().chain("x".repeat(64).chars()).take(64).collect();
        scene.make(create.who, &create, keyed(&create.input, &key)).await;
    }
}

#[tokio::test]
async fn another_account_may_use_the_same_key() {
    let scene = Scene::new().await;
    for create in scene.creates() {
        let key = format!("{KEY}-{}", create.name);
        let own = scene.make(create.who, &create, keyed(&create.input, &key)).await;
        let (who, input) = &create.colleague;
        let theirs = scene.make(who, &create, keyed(input, &key)).await;
        assert_ne!(theirs, own, "{}", create.name);
    }
}

#[tokio::test]
async fn what_was_refused_keeps_no_key() {
    let scene = Scene::new().await;
    for create in scene.creates() {
        let key = format!("{KEY}-{}", create.name);
        let refused = scene
            .world
            .refused(create.who, create.name, keyed(&create.faulty, &key))
            .await;
        assert!(refused[0].starts_with("INVALID/"), "{}: {refused:?}", create.name);
        let payload = scene
            .world
            .done(create.who, create.name, keyed(&create.input, &key), create.object.0)
            .await;
        assert_ne!(payload["isReplay"], true, "{}", create.name);
    }
}

#[tokio::test]
async fn a_refusal_inside_the_unit_of_work_keeps_no_key() {
    let scene = Scene::new().await;
    let Scene { world, cast, .. } = &scene;
    let planned = json!({ "phaseId": cast.after, "title": "Butter", "body": "Salted", "idempotencyKey": KEY });
    assert_eq!(
        world.refused(&cast.stayer, "threadCreate", planned.clone()).await,
        ["FORBIDDEN/PHASE_NOT_OPEN"]
    );
    let taken = json!({ "organisationId": cast.coordinator.organisation, "email": cast.partner.login,
        "displayName": "Nora", "languages": ["en"], "idempotencyKey": KEY });
    assert_eq!(
        world
            .refused(&cast.coordinator, "staffAccountCreate", taken.clone())
            .await,
        ["INVALID/LOGIN_TAKEN"]
    );
    world
        .done(&cast.coordinator, "phaseOpen", json!({ "phaseId": cast.after }), "")
        .await;
    world.done(&cast.stayer, "threadCreate", planned, "thread { id }").await;
    let free = with(&taken, "email", "nora@school.example");
    world.done(&cast.coordinator, "staffAccountCreate", free, "").await;
}

#[tokio::test]
async fn without_a_key_every_call_makes_something_new() {
    let scene = Scene::new().await;
    for create in scene.creates() {
        if ["staffAccountCreate", "memberAdd", "grantCreate"].contains(&create.name) {
            continue;
        }
        let first = scene.make(create.who, &create, create.input.clone()).await;
        let second = scene.make(create.who, &create, create.input.clone()).await;
        assert_ne!(first, second, "{}", create.name);
    }
}

#[tokio::test]
async fn a_secret_is_shown_once() {
    let scene = Scene::new().await;
    let cast = &scene.cast;
    let input = json!({ "organisationId": cast.coordinator.organisation, "email": " Nora@School.example",
        "displayName": "Nora", "languages": ["en"], "idempotencyKey": KEY });
    let call = || {
        let selection = "isReplay secret login account { id login }";
        scene
            .world
            .done(&cast.coordinator, "staffAccountCreate", input.clone(), selection)
    };
    let (first, second) = (call().await, call().await);
    assert!(first["secret"].is_string());
    assert_eq!((&second["secret"], &second["isReplay"]), (&Value::Null, &json!(true)));
    assert_eq!(
        (&second["account"], &second["login"]),
        (&first["account"], &first["login"])
    );
}

#[tokio::test]
async fn a_replay_shows_the_object_as_it_is_now() {
    let scene = Scene::new().await;
    let Scene { world, cast, .. } = &scene;
    let input = json!({ "phaseId": cast.during, "title": "Butter", "body": "Salted", "idempotencyKey": KEY });
    let call = || {
        world.done(
            &cast.stayer,
            "threadCreate",
            input.clone(),
            "thread { id title version }",
        )
    };
    let id = call().await["thread"]["id"].clone();
    let update = json!({ "threadId": id, "expectedVersion": 1, "title": "Cheese" });
    world.done(&cast.stayer, "threadUpdate", update, "").await;
    assert_eq!(
        call().await["thread"],
        json!({ "id": id, "title": "Cheese", "version": 2 })
    );
}

#[tokio::test]
async fn a_replay_succeeds_where_nothing_can_be_made_any_more() {
    let scene = Scene::new().await;
    let Scene { world, cast, .. } = &scene;
    let in_space = ["memberAdd", "threadCreate", "commentCreate", "journalEntryCreate"];
    let key = |create: &Create<'_>| format!("{KEY}-{}", create.name);
    let mut made = Vec::new();
    for create in scene.creates() {
        made.push(
            scene
                .make(create.who, &create, keyed(&create.input, &key(&create)))
                .await,
        );
    }
    world
        .done(&cast.coordinator, "phaseClose", json!({ "phaseId": cast.during }), "")
        .await;
    world
        .done(&cast.coordinator, "spaceClose", json!({ "spaceId": cast.space }), "")
        .await;
    for (create, id) in scene.creates().iter().zip(made) {
        if in_space.contains(&create.name) {
            let again = scene.make(create.who, create, keyed(&create.input, &key(create))).await;
            assert_eq!(again, id, "{}", create.name);
        }
    }
}
