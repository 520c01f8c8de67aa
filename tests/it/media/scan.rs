//! The virus scanner, where there is one: clamd itself in production, and one that speaks like it in the embedded set-up.

use serde_json::{Value, json};
use sojourn::app::App;

use super::{
    announced,
    hostile::{
        clamd::{eicar, scanner},
        files,
    },
    work,
};
use crate::support::{Cast, World, id_of};

const TEXT: &str = "text/plain";
/// Nobody listens there.
const AWAY: &str = "tcp://127.0.0.1:1";

/// The app of a world with a scanner.
fn scanned_by(world: &World, url: &str) -> App {
    let mut app = world.app().clone();
    app.processing.clamd_url = Some(url.to_owned());
    app
}

/// A file that waits to be processed.
async fn uploaded(world: &World, cast: &Cast, name: &str, media_type: &str, content: &[u8]) -> String {
    let mut input = announced(&cast.space, &cast.during, content, media_type);
    input["fileName"] = json!(name);
    let payload = world
        .done(&cast.mobile, "mediaUploadRequest", input, super::UPLOAD)
        .await;
    let request = &payload["upload"]["requests"][0];
    assert_eq!(super::Phone::new(world).await.send(request, content).await, 200);
    let id = id_of(&payload["mediaItem"]);
    world
        .done(&cast.mobile, "mediaUploadComplete", json!({ "mediaItemId": id }), "")
        .await;
    id
}

/// The status of a file, and why.
async fn fate(world: &World, cast: &Cast, id: &str) -> (Value, Value) {
    (
        world.file(&cast.mobile, id, "status").await,
        world.file(&cast.mobile, id, "failureReason").await,
    )
}

#[tokio::test]
async fn a_virus_is_quarantined_and_everything_else_is_not() {
    let (world, cast) = World::with_cast().await;
    let app = scanned_by(&world, &scanner().await);
    // More than the scanner takes: an image is made anew, but a text would be given out as it is.
    let large = vec![b'a'; 1_500_000];
    let mut photo = files::jpeg(64, 64);
    photo.extend(&large);
    for (name, media_type, content, expected) in [
        ("clean.txt", TEXT, b"Hello".to_vec(), (json!("READY"), Value::Null)),
        (
            "clean.jpg",
            "image/jpeg",
            files::jpeg(64, 64),
            (json!("READY"), Value::Null),
        ),
        (
            "eicar.txt",
            TEXT,
            eicar().into_bytes(),
            (json!("QUARANTINED"), json!("INFECTED")),
        ),
        ("large.jpg", "image/jpeg", photo, (json!("READY"), Value::Null)),
        ("large.txt", TEXT, large, (json!("FAILED"), json!("TOO_LARGE"))),
    ] {
        let id = uploaded(&world, &cast, name, media_type, &content).await;
        assert_eq!(work(&app).await, 1);
        assert_eq!(fate(&world, &cast, &id).await, expected, "{name}");
        let is_given = world.file(&cast.mobile, &id, "url").await != Value::Null;
        assert_eq!(is_given, expected.0 == "READY", "{name}");
    }
}

#[tokio::test]
async fn nothing_is_given_out_unscanned() {
    let (world, cast) = World::with_cast().await;
    let away = scanned_by(&world, AWAY);
    let clean = uploaded(&world, &cast, "clean.txt", TEXT, b"Hello").await;
    let virus = uploaded(&world, &cast, "eicar.txt", TEXT, eicar().as_bytes()).await;
    let mut attempts = 0;
    while fate(&world, &cast, &clean).await.0 != "FAILED" || fate(&world, &cast, &virus).await.0 != "FAILED" {
        assert!(world.file(&cast.mobile, &clean, "url").await.is_null());
        let worked = work(&away).await;
        assert!(worked > 0, "after {attempts} attempts nothing is left to do");
        attempts += worked;
        // Longer than any pause between two attempts.
        world.later(3600 * 2);
    }
    assert_eq!(attempts, 10, "five for each");
    for id in [&clean, &virus] {
        assert_eq!(fate(&world, &cast, id).await.1, "UNAVAILABLE");
        world
            .done(&cast.mobile, "mediaRetry", json!({ "mediaItemId": id }), "")
            .await;
        assert_eq!(fate(&world, &cast, id).await, (json!("UPLOADED"), Value::Null));
    }
    let back = scanned_by(&world, &scanner().await);
    while work(&back).await > 0 {}
    assert_eq!(fate(&world, &cast, &clean).await, (json!("READY"), Value::Null));
    assert_eq!(
        fate(&world, &cast, &virus).await,
        (json!("QUARANTINED"), json!("INFECTED"))
    );
}
