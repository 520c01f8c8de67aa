//! What works without an access token, and what with a one-time secret only.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{refresh, sign_in};
use crate::support::{Cast, Person, World, errors, faults, is_production};

const SCHEMA: &str = "{ __schema { mutationType { fields { name type { fields { name } } } } types { kind name \
    inputFields { name type { ...T ofType { ...T ofType { ...T ofType { ...T } } } } } enumValues { name } } } } \
    fragment T on __Type { kind name }";

/// Queries that need somebody who is signed in, with a variable for an id of their own.
const QUERIES: [&str; 4] = [
    "query($id: ID!) { node(id: $id) { id } }",
    "query($id: ID!) { nodes(ids: [$id]) { id } }",
    "query($id: ID!) { space(id: $id) { title } }",
    "{ organisations { nodes { name } } }",
];

/// What introspection says about inputs, to call mutations with something of the right shape.
struct Inputs(BTreeMap<String, Value>);

impl Inputs {
    async fn load(world: &World, token: Option<&str>) -> (Self, Vec<String>) {
        let answer = world.send(token, SCHEMA, json!({})).await;
        let schema = &answer["data"]["__schema"];
        let name = |of: &Value| of["name"].as_str().unwrap().to_owned();
        let types = schema["types"].as_array().unwrap();
        let inputs = Self(types.iter().map(|kind| (name(kind), kind.clone())).collect());
        let mutations = schema["mutationType"]["fields"].as_array().unwrap();
        (inputs, mutations.iter().map(name).collect())
    }

    /// The least input of this type.
    fn least(&self, kind: &Value) -> Value {
        match kind["kind"].as_str().unwrap() {
            "NON_NULL" => self.least(&kind["ofType"]),
            "LIST" => json!([]),
            "ENUM" => self.0[kind["name"].as_str().unwrap()]["enumValues"][0]["name"].clone(),
            "INPUT_OBJECT" => self.object(kind["name"].as_str().unwrap()),
            _ => match kind["name"].as_str().unwrap() {
                "Int" | "ByteCount" => json!(1),
                "Boolean" => json!(true),
                _ => json!("x"),
            },
        }
    }

    fn object(&self, name: &str) -> Value {
        let fields = self.0[name]["inputFields"].as_array().unwrap().iter();
        let required = fields.filter(|field| field["type"]["kind"] == "NON_NULL");
        let pair = |field: &Value| (field["name"].as_str().unwrap().to_owned(), self.least(&field["type"]));
        required.map(pair).collect::<serde_json::Map<_, _>>().into()
    }

    /// Calls a mutation with the least input.
    async fn call(&self, world: &World, token: Option<&str>, name: &str) -> Value {
        let kind = format!("{}{}Input", name[..1].to_uppercase(), &name[1..]);
        let query =
            format!("mutation($input: {kind}!) {{ {name}(input: $input) {{ userErrors {{ code reason field }} }} }}");
        world.send(token, &query, json!({ "input": self.object(&kind) })).await
    }
}

/// The teacher, who is a member of the space, with a one-time secret.
async fn teacher_with_secret(world: &World, cast: &Cast) -> (Person, String, Value) {
    let input = json!({ "accountIds": [cast.teacher.account] });
    let payload = world
        .done(&cast.coordinator, "accountSecretsReset", input, "results { secret }")
        .await;
    let secret = payload["results"][0]["secret"].as_str().unwrap().to_owned();
    let session = sign_in(world, &cast.teacher.login, &secret).await;
    (super::with_token(&cast.teacher, &session), secret, session)
}

#[tokio::test]
async fn without_a_token_the_viewer_is_null() {
    let world = World::new().await;
    let answer = world.send(None, "{ viewer { account { id } } }", json!({})).await;
    assert_eq!(answer["data"], json!({ "viewer": null }));
    assert_eq!(answer.get("errors"), None);
}

#[tokio::test]
async fn without_a_token_introspection_works_except_in_production() {
    let world = World::new().await;
    if is_production() {
        let answer = world.send(None, SCHEMA, json!({})).await;
        assert_eq!(errors(&answer), ["UNAUTHENTICATED"]);
    } else {
        let (_, mutations) = Inputs::load(&world, None).await;
        assert!(mutations.contains(&"sessionCreate".to_owned()));
    }
    let answer = world.send(None, "{ __typename }", json!({})).await;
    assert_eq!(answer["data"]["__typename"], "Query");
}

#[tokio::test]
async fn without_a_token_all_other_queries_are_unauthenticated() {
    let (world, cast) = World::with_cast().await;
    for query in QUERIES {
        let answer = world.send(None, query, json!({ "id": cast.space })).await;
        assert_eq!(errors(&answer), ["UNAUTHENTICATED"], "{query}");
        let data = answer["data"].as_object();
        assert!(
            data.is_none_or(|fields| fields.values().all(Value::is_null)),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn without_a_token_only_signing_in_and_refreshing_work() {
    let (world, cast) = World::with_cast().await;
    let (inputs, mutations) = Inputs::load(&world, Some(&cast.stayer.token)).await;
    for name in mutations {
        let answer = inputs.call(&world, None, &name).await;
        match name.as_str() {
            "sessionCreate" => assert_eq!(faults(&answer["data"][name]), ["INVALID/CREDENTIALS_WRONG"]),
            "sessionRefresh" => assert_eq!(faults(&answer["data"][name]), ["INVALID/SESSION_ENDED"]),
            _ => {
                assert_eq!(errors(&answer), ["UNAUTHENTICATED"], "{name}");
                assert_eq!(answer["data"], json!({ name: null }));
            }
        }
    }
}

#[tokio::test]
async fn with_a_one_time_secret_the_own_account_is_readable() {
    let (world, cast) = World::with_cast().await;
    let (teacher, ..) = teacher_with_secret(&world, &cast).await;
    let query = "{ viewer { account { login displayName isPasswordChangeRequired organisation { id } } } }";
    let account = &world.ask(&teacher, query, json!({})).await["viewer"]["account"];
    let organisation = json!({ "id": cast.teacher.organisation });
    let expected = json!({ "login": cast.teacher.login, "displayName": "Theo", "isPasswordChangeRequired": true,
        "organisation": organisation });
    assert_eq!(account, &expected);
}

#[tokio::test]
async fn with_a_one_time_secret_no_other_query_works() {
    let (world, cast) = World::with_cast().await;
    let (teacher, ..) = teacher_with_secret(&world, &cast).await;
    let of_viewer = [
        "{ viewer { memberships { nodes { id } } } }",
        "{ viewer { drafts { nodes { id } } } }",
        "{ viewer { notifications { nodes { id } } } }",
        "{ viewer { unreadNotificationCount } }",
        "{ viewer { notificationPreferences { kind } } }",
        "{ viewer { inboxCursor } }",
        "{ viewer { invitations { nodes { id } } } }",
        "{ viewer { account { organisation { accounts { nodes { login } } } } } }",
    ];
    for query in QUERIES.into_iter().chain(of_viewer) {
        let answer = world
            .send(Some(&teacher.token), query, json!({ "id": cast.space }))
            .await;
        assert_eq!(errors(&answer), ["FORBIDDEN/PASSWORD_CHANGE_REQUIRED"], "{query}");
    }
}

#[tokio::test]
async fn with_a_one_time_secret_only_three_mutations_and_signing_in_work() {
    let (world, cast) = World::with_cast().await;
    let (teacher, ..) = teacher_with_secret(&world, &cast).await;
    let (inputs, mutations) = Inputs::load(&world, Some(&cast.stayer.token)).await;
    let allowed = [
        "sessionCreate",
        "sessionRefresh",
        "sessionRevoke",
        "accountPasswordChange",
    ];
    for name in mutations {
        if allowed.contains(&name.as_str()) {
            continue;
        }
        let answer = inputs.call(&world, Some(&teacher.token), &name).await;
        assert_eq!(errors(&answer), Vec::<String>::new(), "{name}: {answer}");
        assert_eq!(
            faults(&answer["data"][&name]),
            ["FORBIDDEN/PASSWORD_CHANGE_REQUIRED"],
            "{name}"
        );
    }
}

#[tokio::test]
async fn with_a_one_time_secret_no_object_comes_with_the_refusal() {
    let (world, cast) = World::with_cast().await;
    let (teacher, ..) = teacher_with_secret(&world, &cast).await;
    let input = json!({ "phaseId": cast.during, "title": "Bread", "body": "Dark" });
    let payload = world
        .mutate(
            &teacher,
            "threadCreate",
            input,
            "phase { id } space { id } thread { id }",
        )
        .await;
    assert_eq!(faults(&payload), ["FORBIDDEN/PASSWORD_CHANGE_REQUIRED"]);
    for object in ["phase", "space", "thread"] {
        assert_eq!(payload[object], Value::Null);
    }
}

#[tokio::test]
async fn with_a_one_time_secret_there_is_no_stream() {
    let (world, cast) = World::with_cast().await;
    let (teacher, ..) = teacher_with_secret(&world, &cast).await;
    for query in [
        "subscription($id: ID!) { spaceEvents(spaceId: $id) { __typename } }",
        "subscription { viewerEvents { __typename } }",
        "subscription($id: ID!) { presence(spaceId: $id) { isComplete } }",
    ] {
        let mut live = world.node.socket(&teacher).await;
        live.subscribe(query, json!({ "id": cast.space })).await;
        let message = live.hear().await;
        assert_eq!(message["type"], "error", "{message}");
        let extensions = &message["payload"][0]["extensions"];
        assert_eq!(
            crate::support::refusal(extensions),
            "FORBIDDEN/PASSWORD_CHANGE_REQUIRED"
        );
    }
}

#[tokio::test]
async fn with_a_one_time_secret_a_session_is_refreshed_and_stays_shut() {
    let (world, cast) = World::with_cast().await;
    let (teacher, _, session) = teacher_with_secret(&world, &cast).await;
    let session = refresh(&world, &session["refreshToken"]).await;
    assert_eq!(faults(&session), Vec::<String>::new());
    let again = super::with_token(&teacher, &session);
    let answer = world.send(Some(&again.token), QUERIES[3], json!({})).await;
    assert_eq!(errors(&answer), ["FORBIDDEN/PASSWORD_CHANGE_REQUIRED"]);
}

#[tokio::test]
async fn with_a_one_time_secret_a_session_can_be_revoked() {
    let (world, cast) = World::with_cast().await;
    let (teacher, ..) = teacher_with_secret(&world, &cast).await;
    world.done(&teacher, "sessionRevoke", json!({}), "account { id }").await;
    let answer = world.send(Some(&teacher.token), "{ __typename }", json!({})).await;
    assert_eq!(errors(&answer), ["UNAUTHENTICATED"]);
}

#[tokio::test]
async fn an_own_password_opens_everything() {
    let (world, cast) = World::with_cast().await;
    let (teacher, secret, _) = teacher_with_secret(&world, &cast).await;
    let input = json!({ "currentPassword": secret, "newPassword": "another horse" });
    let payload = world
        .done(
            &teacher,
            "accountPasswordChange",
            input,
            "account { isPasswordChangeRequired }",
        )
        .await;
    assert_eq!(payload["account"]["isPasswordChangeRequired"], false);
    world.thread(&teacher, &cast.during, "Bread").await;
}
