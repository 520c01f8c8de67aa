//! The refresh token in a cookie that scripts can't read.

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::{SESSION, ended, session_of, status, with_token};
use crate::support::{PASSWORD, Person, World, faults, mutation};

/// A server that sets cookies, and an account on it.
async fn world() -> (World, Person) {
    let world = World::with_flags(&["--refresh-cookie", "--allowed-origins=https://app.sojourn.example"]).await;
    let admin = world.administrator().await;
    (world, admin)
}

/// Calls a mutation as a page that has this cookie, and returns its payload and what the answer sets.
async fn call(
    world: &World,
    cookie: Option<&str>,
    token: Option<&str>,
    name: &str,
    input: Value,
) -> (Value, HeaderMap) {
    let selection = if name == "sessionRevoke" {
        "deletedSessionId"
    } else {
        SESSION
    };
    let query = mutation(name, &selection.replace("userErrors { code reason message field }", ""));
    let mut request = Request::post("/graphql").header("content-type", "application/json");
    for (name, value) in [
        ("cookie", cookie.map(str::to_owned)),
        ("authorization", token.map(|token| format!("Bearer {token}"))),
    ] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let body = json!({ "query": query, "variables": { "input": input } }).to_string();
    let answer = world
        .node
        .router
        .clone()
        .oneshot(request.body(Body::from(body)).unwrap());
    let (parts, body) = answer.await.unwrap().into_parts();
    assert_eq!(parts.status, StatusCode::OK);
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&bytes).unwrap();
    (answer["data"][name].clone(), parts.headers)
}

async fn sign_in(world: &World, who: &Person) -> (Value, HeaderMap) {
    let input = json!({ "login": who.login, "password": PASSWORD, "refreshCookie": true });
    call(world, None, None, "sessionCreate", input).await
}

/// `name=value` of the cookie that is set, and its attributes.
fn set(headers: &HeaderMap) -> (String, Vec<String>) {
    let cookies: Vec<_> = headers.get_all("set-cookie").iter().collect();
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    let mut parts = cookies[0].to_str().unwrap().split("; ").map(str::to_owned);
    (parts.next().unwrap(), parts.collect())
}

const CLEARED: &str = "__Host-sojourn-refresh=";

#[tokio::test]
async fn a_page_that_asks_for_it_gets_the_refresh_token_where_no_script_reads_it() {
    let (world, admin) = world().await;
    let (session, headers) = sign_in(&world, &admin).await;
    assert_eq!(
        (&session["userErrors"], &session["refreshToken"]),
        (&json!([]), &Value::Null)
    );
    let (first, attributes) = set(&headers);
    assert_eq!(
        attributes,
        ["Path=/", "Max-Age=5184000", "Secure", "HttpOnly", "SameSite=Strict"]
    );
    assert_eq!(headers["cache-control"], "no-store");
    let token = first.strip_prefix(CLEARED).unwrap();
    assert_eq!(token.len(), 64);
    assert!(!session.to_string().contains(token));
    // Among other cookies.
    let sent = format!("theme=dark; {first}; __Host-sojourn-refresh-2=x");
    let (next, headers) = call(&world, Some(&sent), None, "sessionRefresh", json!({})).await;
    assert_eq!((&next["userErrors"], &next["refreshToken"]), (&json!([]), &Value::Null));
    assert_eq!(next["account"]["id"], admin.account);
    assert_eq!(status(&world, &next).await, StatusCode::OK);
    let (second, attributes) = set(&headers);
    assert_ne!(second, first);
    assert_eq!(
        attributes[1..],
        ["Max-Age=5184000", "Secure", "HttpOnly", "SameSite=Strict"]
    );
    // Another tab, with the one before.
    let (_, headers) = call(&world, Some(&first), None, "sessionRefresh", json!({})).await;
    assert_eq!(set(&headers).0, second);
}

#[tokio::test]
async fn apps_that_are_no_pages_get_the_token_itself() {
    let (world, admin) = world().await;
    let input = json!({ "login": admin.login, "password": PASSWORD });
    let (session, headers) = call(&world, None, None, "sessionCreate", input).await;
    assert!(headers.get("set-cookie").is_none());
    let (_, of_page) = sign_in(&world, &admin).await;
    let (cookie, _) = set(&of_page);
    // What is given goes before what the browser has sent.
    let input = json!({ "refreshToken": session["refreshToken"] });
    let (next, headers) = call(&world, Some(&cookie), None, "sessionRefresh", input).await;
    assert_ne!(next["refreshToken"], Value::Null);
    assert!(headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn a_cookie_that_is_missing_or_dead_is_a_session_that_has_ended() {
    let (world, admin) = world().await;
    let (payload, headers) = call(&world, None, None, "sessionRefresh", json!({})).await;
    assert_eq!(faults(&payload), ended());
    assert!(headers.get("set-cookie").is_none());
    let session = session_of(&world, &admin).await;
    world
        .done(&with_token(&admin, &session), "sessionRevoke", json!({}), "")
        .await;
    let dead = format!("{CLEARED}{}", session["refreshToken"].as_str().unwrap());
    for cookie in [dead.as_str(), "__Host-sojourn-refresh=garbage"] {
        let (payload, headers) = call(&world, Some(cookie), None, "sessionRefresh", json!({})).await;
        assert_eq!(faults(&payload), ended());
        let (cleared, attributes) = set(&headers);
        assert_eq!((cleared.as_str(), attributes[1].as_str()), (CLEARED, "Max-Age=0"));
    }
}

#[tokio::test]
async fn signing_out_here_deletes_the_cookie_and_elsewhere_leaves_it() {
    let (world, admin) = world().await;
    let (session, headers) = sign_in(&world, &admin).await;
    let (cookie, _) = set(&headers);
    let token = session["accessToken"].as_str();
    let query = "{ viewer { sessions { nodes { id isCurrent } } } }";
    let all = world.ask(&with_token(&admin, &session), query, json!({})).await["viewer"]["sessions"]["nodes"].clone();
    let other = all
        .as_array()
        .unwrap()
        .iter()
        .find(|session| session["isCurrent"] == false)
        .unwrap();
    let input = json!({ "sessionId": other["id"] });
    let (payload, headers) = call(&world, Some(&cookie), token, "sessionRevoke", input).await;
    assert_eq!(payload["deletedSessionId"], other["id"]);
    assert!(headers.get("set-cookie").is_none());
    let (payload, headers) = call(&world, Some(&cookie), token, "sessionRevoke", json!({})).await;
    assert_eq!(payload["userErrors"], json!([]));
    let (cleared, attributes) = set(&headers);
    assert_eq!((cleared.as_str(), attributes[1].as_str()), (CLEARED, "Max-Age=0"));
    let (payload, _) = call(&world, Some(&cookie), None, "sessionRefresh", json!({})).await;
    assert_eq!(faults(&payload), ended());
}

/// A browser has one such cookie: it may be that of another account, which signed in in another tab.
#[tokio::test]
async fn signing_out_leaves_the_cookie_of_somebody_else() {
    let world = World::with_flags(&["--refresh-cookie"]).await;
    let cast = world.make_cast().await;
    let (session, _) = sign_in(&world, &cast.mobile).await;
    let (_, headers) = sign_in(&world, &cast.teacher).await;
    let (cookie, _) = set(&headers);
    let token = session["accessToken"].as_str();
    let (_, headers) = call(&world, Some(&cookie), token, "sessionRevoke", json!({})).await;
    assert!(headers.get("set-cookie").is_none());
    let (payload, _) = call(&world, Some(&cookie), None, "sessionRefresh", json!({})).await;
    assert_eq!(payload["account"]["id"], cast.teacher.account);
}

#[tokio::test]
async fn without_the_flag_no_cookie_is_read_or_set() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let (payload, headers) = sign_in(&world, &admin).await;
    assert_eq!(faults(&payload), ["INVALID/OUT_OF_RANGE at refreshCookie"]);
    assert!(headers.get("set-cookie").is_none());
    let session = session_of(&world, &admin).await;
    let cookie = format!("{CLEARED}{}", session["refreshToken"].as_str().unwrap());
    let (payload, headers) = call(&world, Some(&cookie), None, "sessionRefresh", json!({})).await;
    assert_eq!(faults(&payload), ended());
    assert!(headers.get("set-cookie").is_none());
}

#[tokio::test]
async fn over_a_socket_there_is_no_cookie() {
    let (world, admin) = world().await;
    let mut socket = world.node.socket(&admin).await;
    let input = json!({ "login": admin.login, "password": PASSWORD, "refreshCookie": true });
    let query = mutation("sessionCreate", "accessToken");
    socket.subscribe(&query, json!({ "input": input })).await;
    let answer = socket.hear().await.to_string();
    assert!(
        answer.contains("OUT_OF_RANGE") && answer.contains("refreshCookie"),
        "{answer}"
    );
    assert!(answer.contains("\"accessToken\":null"), "{answer}");
}

#[tokio::test]
async fn pages_of_listed_origins_alone_may_send_it_from_another_host() {
    let (world, _) = world().await;
    let preflight = async |world: &World, origin: &str| {
        let request = Request::options("/graphql")
            .header("origin", origin)
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "content-type");
        let answer = world
            .node
            .router
            .clone()
            .oneshot(request.body(Body::empty()).unwrap())
            .await
            .unwrap();
        let header = |name: &str| {
            answer
                .headers()
                .get(name)
                .map(|value| value.to_str().unwrap().to_owned())
        };
        (
            header("access-control-allow-origin"),
            header("access-control-allow-credentials"),
        )
    };
    let app = "https://app.sojourn.example";
    assert_eq!(
        preflight(&world, app).await,
        (Some(app.to_owned()), Some("true".to_owned()))
    );
    assert_eq!(preflight(&world, "https://evil.example").await.0, None);
    let plain = World::with_flags(&["--allowed-origins=https://app.sojourn.example"]).await;
    assert_eq!(preflight(&plain, app).await, (Some(app.to_owned()), None));
}
