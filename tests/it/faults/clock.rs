//! A clock that is set back, while the server runs and over a restart: what is newer comes after what is older.

use chrono::TimeDelta;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{insist, newest};
use crate::support::{Cast, Http, Socket, World, inner};

const COMMENTS: &str =
    "query($id: ID!, $after: String) { node(id: $id) { ... on Thread { comments(first: 2, after: $after) {
    pageInfo { hasNextPage endCursor } nodes { id createdAt } } } } }";

/// The comments of a thread as a client pages through them: ids and times.
async fn pages(http: &Http, cast: &Cast, thread: &str) -> Vec<(String, String)> {
    let (mut found, mut after) = (Vec::new(), Value::Null);
    loop {
        let variables = json!({ "id": thread, "after": after });
        let (_, answer) = http.send(&cast.stayer, COMMENTS, variables).await.unwrap();
        let comments = &answer["data"]["node"]["comments"];
        for node in comments["nodes"].as_array().expect("comments") {
            let text = |key: &str| node[key].as_str().unwrap().to_owned();
            found.push((text("id"), text("createdAt")));
        }
        if comments["pageInfo"]["hasNextPage"] == false {
            return found;
        }
        after = comments["pageInfo"]["endCursor"].clone();
    }
}

const ACCOUNTS: &str = "pupilAccountsCreate";
const ACCOUNT: &str = "results { account { id } }";

fn pupil(cast: &Cast) -> Value {
    let row = json!({ "givenName": "Ada", "familyInitial": "B", "birthYear": 2010, "languages": ["en"] });
    json!({ "organisationId": cast.teacher.organisation, "rows": [row] })
}

/// The account that was made.
fn account(payload: &Value) -> Uuid {
    inner(payload["results"][0]["account"]["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_after_the_clock_was_set_back_comes_after_what_was_written_before() {
    let (world, cast) = World::with_cast().await;
    let clock = world.app().clock.clone();
    // The clock of this node is an hour fast.
    clock.shift(TimeDelta::hours(1));
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut written = vec![world.comment(&cast.mobile, &thread, None, "Fast").await];
    // It is set right, which is an hour back.
    clock.shift(TimeDelta::zero());
    for text in ["Right", "Still right"] {
        written.push(world.comment(&cast.mobile, &thread, None, text).await);
    }

    // Once more, and nothing tells of it but an account, of which there is no event.
    clock.shift(TimeDelta::hours(2));
    let first = account(&world.done(&cast.teacher, ACCOUNTS, pupil(&cast), ACCOUNT).await);
    clock.shift(TimeDelta::zero());

    // A new process knows nothing of that but what is in the database.
    let mut server = world.into_server(&[]).await;
    let cursor = newest(&server.http, &cast).await;
    let mut socket = Socket::open(server.http.address.parse().unwrap(), &cast.stayer)
        .await
        .unwrap();
    socket.watch(&cast.space, Some(&cursor)).await.unwrap();
    for key in ["a key of a comment 1", "a key of a comment 2"] {
        let id = insist(&server.http, &cast.mobile, &thread, key).await;
        assert_eq!(socket.event().await["contribution"]["id"], id);
        written.push(id);
    }
    let second = account(&server.mutate(&cast.teacher, ACCOUNTS, pupil(&cast), ACCOUNT).await);
    assert!(second > first, "{second}, {first}");
    server.kill();
    server.start_again().await;
    written.push(insist(&server.http, &cast.mobile, &thread, "a key of a comment 3").await);

    let found = pages(&server.http, &cast, &thread).await;
    let (ids, times): (Vec<_>, Vec<_>) = found.into_iter().unzip();
    assert_eq!(ids, written);
    let times: Vec<chrono::DateTime<chrono::Utc>> = times.iter().map(|time| time.parse().unwrap()).collect();
    assert!(times.is_sorted_by(|one, two| one < two), "{times:?}");
    let ids: Vec<Uuid> = ids.iter().map(|id| inner(id)).collect();
    assert!(ids.is_sorted_by(|one, two| one < two), "{ids:?}");
    assert!(
        server.log().contains("the system's clock is behind"),
        "{}",
        server.log()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_signs_in_and_what_is_due_go_by_the_clock_of_the_system() {
    let (world, cast) = World::with_cast().await;
    let clock = world.app().clock.clone();
    clock.shift(TimeDelta::hours(1));
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    world.comment(&cast.mobile, &thread, None, "Fast").await;
    clock.shift(TimeDelta::zero());

    let query = "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { accessTokenExpiresAt } }";
    let input = json!({ "input": { "login": cast.teacher.login, "password": crate::support::PASSWORD } });
    let answer = world.send(None, query, input).await;
    let expires = answer["data"]["sessionCreate"]["accessTokenExpiresAt"]
        .as_str()
        .unwrap();
    let expires: chrono::DateTime<chrono::Utc> = expires.parse().unwrap();
    assert!(expires - clock.system() <= TimeDelta::minutes(15), "{expires}");
    // A job that is asked for now is due now, and nobody else may claim it while somebody works on it.
    world.comment(&cast.teacher, &thread, None, "Right").await;
    let runner = world.app().runner();
    let stop = tokio_util::sync::CancellationToken::new();
    while runner.run_due(&stop).await.unwrap() > 0 {}
    let told = "query { viewer { notifications(first: 10) { nodes { id } } } }";
    let data = world.ask(&cast.mobile, told, json!({})).await;
    assert!(data["viewer"]["notifications"]["nodes"].is_array(), "{data}");
}
