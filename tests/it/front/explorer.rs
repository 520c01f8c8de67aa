//! The explorer: a page that needs nothing from elsewhere.

use axum::body::Body;
use clap::{Args, FromArgMatches};
use http::{HeaderMap, Request, StatusCode, header};
use serde_json::Value;
use sojourn::{config::Config, platform::http::Options};
use tower::ServiceExt;

use super::{Door, door, door_with};

async fn explorer() -> Door {
    let options = Options {
        has_explorer: true,
        ..Options::default()
    };
    door_with(options).await
}

async fn fetch(door: &Door, path: &str, known: &str) -> (StatusCode, HeaderMap, String) {
    let request = Request::get(path).header(header::IF_NONE_MATCH, known);
    let request = request.body(Body::empty()).unwrap();
    let (parts, body) = door.router.clone().oneshot(request).await.unwrap().into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    (parts.status, parts.headers, String::from_utf8(body.to_vec()).unwrap())
}

/// The values of all attributes of that name.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let opening = format!(" {name}=\"");
    let values = page.split(&opening).skip(1);
    values.map(|rest| rest.split('"').next().unwrap()).collect()
}

/// Whether there is an explorer with these flags.
fn is_on(flags: &[&str]) -> bool {
    let command = Config::augment_args(clap::Command::new("test"));
    let matches = command.try_get_matches_from(["test"].iter().chain(flags)).unwrap();
    Config::from_arg_matches(&matches).unwrap().front().has_explorer
}

#[test]
fn it_is_on_where_nothing_but_a_folder_is_needed() {
    let postgres = "--database-url=postgres://localhost/sojourn";
    assert!(is_on(&[]));
    assert!(!is_on(&[postgres]));
    assert!(!is_on(&["--explorer=false"]));
    assert!(is_on(&[postgres, "--explorer=true"]));
}

#[tokio::test]
async fn its_page_may_only_do_what_it_needs() {
    let (status, headers, page) = fetch(&explorer().await, "/", "").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(headers["content-type"], "text/html; charset=utf-8");
    assert_eq!(headers["cache-control"], "no-cache");
    assert_eq!(headers["x-content-type-options"], "nosniff");
    insta::assert_snapshot!(headers["content-security-policy"].to_str().unwrap(), @"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
    for inline in ["<style", " style=", " on", "<script>", "javascript:"] {
        assert!(!page.contains(inline), "{inline}");
    }
    for elsewhere in ["http:", "https:", "\"//"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
}

#[tokio::test]
async fn what_its_page_refers_to_is_there() {
    let door = explorer().await;
    let (_, _, page) = fetch(&door, "/", "").await;
    let names = ["src", "href", "data-examples"].map(|name| attributes(&page, name));
    let mut types = Vec::new();
    for name in names.concat().iter().filter(|name| **name != "data:,") {
        let (status, headers, body) = fetch(&door, &format!("/{name}"), "").await;
        assert_eq!(status, StatusCode::OK, "{name}");
        assert!(!body.is_empty(), "{name}");
        types.push(format!("{name}: {}", headers["content-type"].to_str().unwrap()));
    }
    types.sort();
    insta::assert_snapshot!(types.join("\n"), @r"
    explorer/examples.json: application/json; charset=utf-8
    explorer/explorer.css: text/css; charset=utf-8
    explorer/explorer.js: text/javascript; charset=utf-8
    explorer/page.css: text/css; charset=utf-8
    ");
    let (status, _, licences) = fetch(&door, "/explorer/licences.txt", "").await;
    assert_eq!(status, StatusCode::OK);
    assert!(licences.contains("graphiql ") && licences.contains("Permission is hereby granted"));
}

#[tokio::test]
async fn its_style_sheets_load_nothing_from_elsewhere() {
    let door = explorer().await;
    for name in ["explorer.css", "page.css"] {
        let (_, _, sheet) = fetch(&door, &format!("/explorer/{name}"), "").await;
        assert!(!sheet.contains("@import"), "{name}");
        for (at, opening) in sheet.match_indices("url(") {
            let rest = sheet[at + opening.len()..].trim_start_matches(['"', '\'']);
            assert!(rest.starts_with("data:") || rest.starts_with('#'), "{name}: {rest:.40}");
        }
    }
}

#[tokio::test]
async fn a_browser_that_has_a_file_is_not_sent_it_again() {
    let door = explorer().await;
    for path in ["/", "/explorer/explorer.js"] {
        let (_, headers, _) = fetch(&door, path, "").await;
        let known = headers["etag"].to_str().unwrap();
        let (status, headers, body) = fetch(&door, path, known).await;
        assert_eq!((status, body.as_str()), (StatusCode::NOT_MODIFIED, ""), "{path}");
        assert_eq!(headers["etag"], known);
        assert_eq!(fetch(&door, path, "\"another\"").await.0, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn it_opens_with_all_examples() {
    let (_, _, examples) = fetch(&explorer().await, "/explorer/examples.json", "").await;
    let examples: Vec<Value> = serde_json::from_str(&examples).unwrap();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/platform/http/explorer/examples");
    let files = std::fs::read_dir(folder).unwrap();
    let mut files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    assert_eq!(examples.len(), files.len());
    for (example, file) in examples.iter().zip(files) {
        assert_eq!(example["query"], std::fs::read_to_string(file).unwrap());
        let variables: Value = serde_json::from_str(example["variables"].as_str().unwrap()).unwrap();
        assert!(variables.is_object());
    }
}

#[tokio::test]
async fn there_is_nothing_where_it_is_off_and_no_other_file() {
    let off = door().await;
    for path in ["/", "/explorer/explorer.js", "/explorer/examples.json"] {
        let reply = off.get(path).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::NOT_FOUND, "NOT_FOUND"),
            "{path}"
        );
    }
    let on = explorer().await;
    for path in ["/explorer/", "/explorer/mod.rs", "/explorer/..%2Fmod.rs"] {
        let reply = on.get(path).await;
        assert_eq!(
            (reply.status, reply.code()),
            (StatusCode::NOT_FOUND, "NOT_FOUND"),
            "{path}"
        );
    }
}
