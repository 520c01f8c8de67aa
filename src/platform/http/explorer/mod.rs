//! GraphiQL, served by the binary itself: nothing on the page comes from another host, and nothing runs that isn't in
//! `assets`, which the script `update` makes from npm packages.

use std::{collections::HashMap, sync::LazyLock};

use axum::{
    Router,
    extract::{Path, Request},
    response::{IntoResponse, Response},
    routing::get,
};
use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{answer, nothing_here};

/// Nothing from elsewhere, nothing inline. `data:` images are the icons in GraphiQL's style sheet and the page's empty one.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; \
     connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// The operations with which it opens, each in its own tab, with their variables.
const EXAMPLES: &[(&str, &str)] = &[
    (
        include_str!("examples/1-sign-in.graphql"),
        r#"{
  "input": {
    "login": "a login",
    "password": "its password"
  }
}"#,
    ),
    (include_str!("examples/2-who-am-i.graphql"), "{}"),
    (include_str!("examples/3-space.graphql"), "{}"),
    (
        include_str!("examples/4-journal.graphql"),
        r#"{
  "first": 5,
  "after": null
}"#,
    ),
    (
        include_str!("examples/5-live.graphql"),
        r#"{
  "spaceId": "the id of a space",
  "after": null
}"#,
    ),
    (
        include_str!("examples/6-comment.graphql"),
        r#"{
  "input": {
    "rootId": "the id of a thread",
    "idempotencyKey": "from-the-explorer-1",
    "body": "Hello **there**."
  }
}"#,
    ),
];

/// One file.
struct Asset {
    content_type: HeaderValue,
    etag: HeaderValue,
    body: Bytes,
}

impl Asset {
    fn new(content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        let hash = format!("\"{}\"", BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&body)));
        Self {
            content_type: HeaderValue::from_static(content_type),
            // Letters and digits are always good.
            etag: HeaderValue::from_str(&hash).unwrap_or(HeaderValue::from_static("\"\"")),
            body,
        }
    }

    /// The file, unless the browser has it: it asks each time, so that it never mixes files of two versions.
    fn answer(&self, request: &HeaderMap) -> Response {
        let headers = [
            (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (header::ETAG, self.etag.clone()),
        ];
        if request.get(header::IF_NONE_MATCH) == Some(&self.etag) {
            return (StatusCode::NOT_MODIFIED, headers).into_response();
        }
        let content_type = [(header::CONTENT_TYPE, self.content_type.clone())];
        (headers, content_type, self.body.clone()).into_response()
    }
}

static PAGE: LazyLock<Asset> = LazyLock::new(|| Asset::new("text/html; charset=utf-8", include_str!("page.html")));

static ASSETS: LazyLock<HashMap<&str, Asset>> = LazyLock::new(|| {
    const CSS: &str = "text/css; charset=utf-8";
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    const TEXT: &str = "text/plain; charset=utf-8";
    let examples: Vec<_> = EXAMPLES
        .iter()
        .map(|(query, variables)| json!({ "query": query, "variables": variables }))
        .collect();
    HashMap::from([
        ("page.css", Asset::new(CSS, include_str!("page.css"))),
        ("examples.json", Asset::new(answer::JSON, json!(examples).to_string())),
        ("explorer.css", Asset::new(CSS, include_str!("assets/explorer.css"))),
        ("explorer.js", Asset::new(SCRIPT, include_str!("assets/explorer.js"))),
        ("licences.txt", Asset::new(TEXT, include_str!("assets/licences.txt"))),
    ])
});

/// The page at `/`, and its files below `/explorer/`.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(page))
        .route("/explorer/{asset}", get(asset))
}

async fn page(headers: HeaderMap) -> Response {
    let mut response = PAGE.answer(&headers);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    response
}

async fn asset(Path(name): Path<String>, request: Request) -> Response {
    match ASSETS.get(name.as_str()) {
        Some(asset) => asset.answer(request.headers()),
        None => nothing_here(&request),
    }
}
