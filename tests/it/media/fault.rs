//! A bucket that is down, slow, broken or cut off, as clients meet it. Only in production: a folder is always there.

use std::time::{Duration, Instant};

use http::StatusCode;
use serde_json::{Value, json};

use super::{
    Phone, UPLOAD, announced,
    hostile::files,
    upload::{keys, used},
};
use crate::support::{Bucket, Cast, Line, Person, Proxy, World, errors, id_of, is_production, mutation};

/// The longest that anything may take while the line isn't whole.
const BOUND: Duration = Duration::from_secs(9);

/// A world behind a line to its store.
async fn behind_a_line() -> (World, Cast, Proxy) {
    let proxy = Proxy::new(Bucket::new().options.endpoint.as_deref().unwrap()).await;
    let world = World::with_store(&proxy.url).await;
    let cast = world.make_cast().await;
    (world, cast, proxy)
}

impl World {
    /// The whole answer to a mutation, and how long it took.
    async fn answer(&self, who: &Person, name: &str, input: &Value) -> (Value, Duration) {
        let begun = Instant::now();
        let query = mutation(name, "mediaItem { id file { status } }");
        let answer = self.send(Some(&who.token), &query, json!({ "input": input })).await;
        (answer, begun.elapsed())
    }
}

/// How long a query takes, again and again until `others` are done; the median.
async fn latency<T>(world: &World, cast: &Cast, others: impl Future<Output = T>) -> (T, Duration) {
    let query =
        "query($id: ID!) { space(id: $id) { title phases { title viewerCan { mediaUploadRequest { allowed } } } } }";
    let mut others = std::pin::pin!(others);
    let mut took = Vec::new();
    loop {
        let begun = Instant::now();
        world.ask(&cast.stayer, query, json!({ "id": cast.space })).await;
        took.push(begun.elapsed());
        tokio::select! {
            done = &mut others => {
                took.sort();
                return (done, took[took.len() / 2]);
            }
            () = tokio::time::sleep(Duration::from_millis(50)) => {}
        }
    }
}

#[tokio::test]
async fn uploads_wait_for_a_store_that_does_not_work_and_nothing_else_does() {
    if !is_production() {
        return;
    }
    let (world, cast, proxy) = behind_a_line().await;
    let photo = files::png_with(320, 240, &[]);
    let film = vec![0; 17 << 20];
    for (number, line) in [Line::Down, Line::Broken, Line::Silent, Line::Cut]
        .into_iter()
        .enumerate()
    {
        let item = world.sent(&cast.mobile, &cast, &photo, "image/png").await;
        let complete = json!({ "mediaItemId": item });
        let mut request = announced(&cast.space, &cast.during, &film, "video/mp4");
        request["idempotencyKey"] = json!(format!("a film of the trip {number}"));
        request["fileName"] = json!("film.mp4");
        proxy.set(line);
        let both = async {
            tokio::join!(
                world.answer(&cast.mobile, "mediaUploadComplete", &complete),
                world.answer(&cast.mobile, "mediaUploadRequest", &request),
            )
        };
        let ((completed, requested), median) = latency(&world, &cast, both).await;
        for (what, (answer, took)) in [("complete", &completed), ("request", &requested)] {
            // A short answer may be whole before the cut.
            if line != Line::Cut || what == "complete" {
                assert_eq!(errors(answer), ["UNAVAILABLE"], "{line:?}: {what}: {answer}");
            }
            assert!(*took < BOUND, "{line:?}: {what} took {took:?}");
        }
        assert!(median < Duration::from_millis(500), "{line:?}: queries took {median:?}");
        assert_eq!(world.file(&cast.mobile, &item, "status").await, "REQUESTED");
        proxy.set(Line::Whole);

        // Again: the film is the same item.
        let payload = world
            .done(&cast.mobile, "mediaUploadRequest", request.clone(), UPLOAD)
            .await;
        let again = world.done(&cast.mobile, "mediaUploadRequest", request, UPLOAD).await;
        assert_eq!(id_of(&payload["mediaItem"]), id_of(&again["mediaItem"]));
        assert_eq!(payload["upload"]["requests"].as_array().unwrap().len(), 2);
        let phone = Phone::new(&world).await;
        let first = &again["upload"]["requests"][0];
        assert_eq!(phone.send(first, &film).await, StatusCode::OK);
        world.done(&cast.mobile, "mediaUploadComplete", complete, "").await;

        // The work on it fails, and is done later.
        proxy.set(line);
        let (worked, median) = latency(&world, &cast, world.work()).await;
        assert_eq!(worked, 1);
        assert!(median < Duration::from_millis(500), "{line:?}: queries took {median:?}");
        assert_eq!(
            world.file(&cast.mobile, &item, "status").await,
            "PROCESSING",
            "{line:?}"
        );
        assert_eq!(world.file(&cast.mobile, &item, "url").await, Value::Null);
        proxy.set(Line::Whole);
        world.later(60);
        assert_eq!(world.work().await, 1);
        assert_eq!(world.file(&cast.mobile, &item, "status").await, "READY", "{line:?}");
    }
    // Four photos stay; nobody goes on with the films.
    world.later(25 * 3600);
    sojourn::features::media::sweep(world.app()).await.unwrap();
    world.work().await;
    world.later(49 * 3600);
    sojourn::features::media::sweep(world.app()).await.unwrap();
    let left = keys(&world).await;
    assert!(left.iter().all(|key| key.starts_with("media/")), "{left:?}");
    assert_eq!(left.len(), 4 * 7, "{left:?}");
    assert_eq!(fates(&world, &cast).await, ["READY"; 4]);
    let usage = "query($id: ID!) { space(id: $id) { mediaUsage { used } } }";
    let used = world.ask(&cast.mobile, usage, json!({ "id": cast.space })).await;
    assert_eq!(used["space"]["mediaUsage"]["used"], json!(4 * photo.len()));
    assert_eq!(std::fs::read_dir(world.folder().join("scratch")).unwrap().count(), 0);
}

/// Where the files stand that are left, after those that expired.
async fn fates(world: &World, cast: &Cast) -> Vec<String> {
    let query = "query { viewer { drafts(first: 100) { nodes { ... on MediaItem { file { status } } } } } }";
    let data = world.ask(&cast.mobile, query, json!({})).await;
    let nodes = data["viewer"]["drafts"]["nodes"].as_array().unwrap();
    let all = nodes
        .iter()
        .map(|node| node["file"]["status"].as_str().unwrap().to_owned());
    all.filter(|status| status != "EXPIRED").collect()
}

#[tokio::test]
async fn a_store_that_refuses_us_is_away_for_a_while() {
    if !is_production() {
        return;
    }
    let (world, cast, proxy) = behind_a_line().await;
    let photo = files::png_with(320, 240, &[]);
    let item = world.sent(&cast.mobile, &cast, &photo, "image/png").await;
    let complete = json!({ "mediaItemId": item });
    proxy.set(Line::Locked);
    let (answer, _) = world.answer(&cast.mobile, "mediaUploadComplete", &complete).await;
    assert_eq!(errors(&answer), ["UNAVAILABLE"]);
    let large = announced(&cast.space, &cast.during, &vec![0; 17 << 20], "video/mp4");
    let selection = mutation("mediaUploadRequest", UPLOAD);
    let mut small = announced(&cast.space, &cast.during, &photo, "image/png");
    small["idempotencyKey"] = json!("one-key-for-each-try");
    let before = used(&world, &cast).await;
    // Whoever gives up, and whoever tries again, has neither drafts nor less room.
    for input in [&large, &large, &small, &small] {
        let answer = world
            .send(Some(&cast.mobile.token), &selection, json!({ "input": input }))
            .await;
        assert_eq!(errors(&answer), ["UNAVAILABLE"]);
        assert_eq!(used(&world, &cast).await, before);
        assert_eq!(fates(&world, &cast).await.len(), 1);
    }
    proxy.set(Line::Whole);
    // The key is as good as new.
    let payload = world.done(&cast.mobile, "mediaUploadRequest", small, UPLOAD).await;
    assert_eq!(payload["upload"]["requests"].as_array().unwrap().len(), 1);
    world
        .done(&cast.mobile, "mediaUploadComplete", complete.clone(), "")
        .await;
    proxy.set(Line::Locked);
    assert_eq!(world.work().await, 1);
    assert_eq!(world.file(&cast.mobile, &item, "status").await, "PROCESSING");
    proxy.set(Line::Whole);
    world.later(60);
    assert_eq!(world.work().await, 1);
    assert_eq!(world.file(&cast.mobile, &item, "status").await, "READY");
}

/// A bit may fall over on the way: that is no reason to tell somebody that their film is another one.
#[tokio::test]
async fn one_wrong_read_is_read_again() {
    if !is_production() {
        return;
    }
    let (world, cast, proxy) = behind_a_line().await;
    let photo = files::png_with(320, 240, &[]);
    let item = world.sent(&cast.mobile, &cast, &photo, "image/png").await;
    let complete = json!({ "mediaItemId": item });
    proxy.set(Line::Wrong);
    world.done(&cast.mobile, "mediaUploadComplete", complete, "").await;
    proxy.set(Line::Wrong);
    assert_eq!(world.work().await, 1);
    assert_eq!(world.file(&cast.mobile, &item, "status").await, "READY");
}

#[tokio::test]
async fn parts_that_were_cut_off_are_sent_again() {
    if !is_production() {
        return;
    }
    let (world, cast, proxy) = behind_a_line().await;
    let mut film = files::Film::default().make();
    film.extend(files::atom(b"free", &vec![0; 17 << 20]));
    let mut request = announced(&cast.space, &cast.during, &film, "video/mp4");
    request["fileName"] = json!("film.mp4");
    let payload = world.done(&cast.mobile, "mediaUploadRequest", request, UPLOAD).await;
    let item = id_of(&payload["mediaItem"]);
    let requests = payload["upload"]["requests"].as_array().unwrap();
    let phone = Phone::new(&world).await;
    assert_eq!(phone.send(&requests[0], &film).await, StatusCode::OK);
    proxy.set(Line::Down);
    assert_ne!(phone.send(&requests[1], &film).await, StatusCode::OK);
    let complete = json!({ "mediaItemId": item });
    let (answer, _) = world.answer(&cast.mobile, "mediaUploadComplete", &complete).await;
    assert_eq!(errors(&answer), ["UNAVAILABLE"]);
    proxy.set(Line::Whole);
    let refused = world
        .refused(&cast.mobile, "mediaUploadComplete", complete.clone())
        .await;
    assert_eq!(refused, ["CONFLICT/UPLOAD_INCOMPLETE"]);
    let missing = world
        .done(&cast.mobile, "mediaUploadParts", complete.clone(), UPLOAD)
        .await;
    let missing = missing["upload"]["requests"].as_array().unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(phone.send(&missing[0], &film).await, StatusCode::OK);
    world.done(&cast.mobile, "mediaUploadComplete", complete, "").await;
    assert_eq!(world.work().await, 1);
    assert_eq!(world.file(&cast.mobile, &item, "status").await, "READY");
}
