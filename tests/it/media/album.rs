//! Albums.

use std::slice::from_ref;

use serde_json::{Value, json};

use crate::support::{Person, World, faults, ids};

/// The items of an album as somebody sees them.
async fn items(world: &World, who: &Person, album: &str) -> Vec<String> {
    let album = world.seen(who, album, "items { id }").await;
    let items = album["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_album_holds_media_in_an_order_that_can_be_changed() {
    let (world, cast) = World::with_cast().await;
    let mut photos = Vec::new();
    for shade in 1..4 {
        let photo = world.photo(&cast.mobile, &cast, shade).await;
        world.act(&cast.mobile, "Publish", &photo).await;
        photos.push(photo);
    }
    let input =
        json!({ "phaseId": cast.during, "title": " Our days ", "description": "All *three*", "mediaItemIds": photos });
    let made = world
        .done(
            &cast.stayer,
            "albumCreate",
            input,
            "album { id title description state version } phase { id } space { id }",
        )
        .await;
    let album = made["album"]["id"].as_str().unwrap().to_owned();
    let expected =
        json!({ "id": album, "title": "Our days", "description": "All *three*", "state": "PUBLISHED", "version": 1 });
    assert_eq!(made["album"], expected);
    assert_eq!(made["phase"]["id"], json!(cast.during));
    assert_eq!(items(&world, &cast.observer, &album).await, photos);
    photos.rotate_left(1);
    let change = json!({ "albumId": album, "expectedVersion": 1, "mediaItemIds": photos, "description": null });
    let changed = world
        .done(
            &cast.stayer,
            "albumUpdate",
            change.clone(),
            "album { title description version }",
        )
        .await;
    assert_eq!(
        changed["album"],
        json!({ "title": "Our days", "description": "", "version": 2 })
    );
    assert_eq!(items(&world, &cast.observer, &album).await, photos);
    let mut other = change;
    other["title"] = json!("Others");
    assert_eq!(
        world.refused(&cast.stayer, "albumUpdate", other).await,
        ["CONFLICT/STALE_VERSION"]
    );
    let foreign = json!({ "albumId": album, "expectedVersion": 2, "title": "Mine" });
    assert_eq!(
        world.refused(&cast.mobile, "albumUpdate", foreign).await,
        ["FORBIDDEN/NOT_AUTHOR"]
    );
    let versions = world
        .seen(
            &cast.stayer,
            &album,
            "revisions { nodes { version attachments { id } } }",
        )
        .await;
    let first = &versions["revisions"]["nodes"][1];
    assert_eq!(
        (&first["version"], first["attachments"].as_array().unwrap().len()),
        (&json!(1), 3)
    );
}

#[tokio::test]
async fn an_album_shows_nothing_that_is_not_seen_anyway() {
    let (world, cast) = World::with_cast().await;
    let own = world.photo(&cast.mobile, &cast, 1).await;
    let shown = world.photo(&cast.mobile, &cast, 2).await;
    world.act(&cast.mobile, "Publish", &shown).await;
    let album = world.album(&cast.mobile, &cast, &[&own, &shown]).await;
    assert_eq!(items(&world, &cast.mobile, &album).await, [own.clone(), shown.clone()]);
    assert_eq!(
        items(&world, &cast.stayer, &album).await,
        from_ref(&shown),
        "a draft stays its author's"
    );
    assert!(world.seen(&cast.stayer, &own, "id").await.is_null());
    let drafts = world
        .ask(&cast.mobile, "{ viewer { drafts { nodes { id } } } }", json!({}))
        .await;
    assert_eq!(ids(&drafts["viewer"]["drafts"]), from_ref(&own), "and among the drafts");
    world.act(&cast.teacher, "Hide", &shown).await;
    assert_eq!(items(&world, &cast.stayer, &album).await, Vec::<String>::new());
    // Others' photos are taken only as far as they are seen.
    let input = json!({ "phaseId": cast.during, "title": "T", "mediaItemIds": [own] });
    let payload = world.mutate(&cast.teacher, "albumCreate", input, "").await;
    assert_eq!(faults(&payload), ["NOT_FOUND at mediaItemIds.0"]);
    let query = "query($id: ID!, $f: MediaFilterInput) { space(id: $id) { media(filter: $f) { nodes { id } } } }";
    let attached = json!({ "id": cast.space, "f": { "isAttached": true } });
    let data = world.ask(&cast.mobile, query, attached).await;
    assert_eq!(
        ids(&data["space"]["media"]),
        Vec::<String>::new(),
        "an album attaches nothing"
    );
}

#[tokio::test]
async fn albums_are_listed_by_phase_and_author_and_moderated() {
    let (world, cast) = World::with_cast().await;
    let first = world.album(&cast.mobile, &cast, &[]).await;
    let second = world.album(&cast.teacher, &cast, &[]).await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let waiting = world.album(&cast.mobile, &cast, &[]).await;
    let query = "query($id: ID!, $f: AlbumFilterInput, $phase: PhaseKind!) { space(id: $id) {
        albums(filter: $f) { totalCount nodes { id } } phase(kind: $phase) { albums { nodes { id } } } } }";
    let ask = async |who: &Person, filter: Value, phase: &str| {
        let data = world
            .ask(who, query, json!({ "id": cast.space, "f": filter, "phase": phase }))
            .await;
        (ids(&data["space"]["albums"]), ids(&data["space"]["phase"]["albums"]))
    };
    let both = vec![second.clone(), first.clone()];
    assert_eq!(
        ask(&cast.stayer, Value::Null, "DURING").await,
        (both.clone(), both.clone())
    );
    let author = json!({ "authorId": cast.mobile.member });
    assert_eq!(ask(&cast.stayer, author, "AFTER").await, (vec![first.clone()], vec![]));
    let other = json!({ "phaseId": cast.after });
    assert_eq!(ask(&cast.stayer, other, "DURING").await, (vec![], both));
    assert_eq!(world.field(&cast.mobile, &waiting, "state").await, "PENDING");
    world.act(&cast.teacher, "Approve", &waiting).await;
    assert_eq!(
        ask(&cast.stayer, Value::Null, "DURING").await.0,
        [waiting, second, first]
    );
}

#[tokio::test]
async fn faulty_albums_are_refused_with_their_fields() {
    let (world, cast) = World::with_cast().await;
    let many: Vec<_> = (0..101)
        .map(|_| sojourn::platform::id::encode(sojourn::platform::id::Kind::MediaItem, world.app().clock.new_id()).0)
        .collect();
    for (field, value, expected) in [
        ("title", json!(""), "INVALID/REQUIRED at title"),
        ("title", json!("x".repeat(201)), "INVALID/TOO_LONG at title"),
        (
            "description",
            json!("x".repeat(2001)),
            "INVALID/TOO_LONG at description",
        ),
        ("mediaItemIds", json!(many), "INVALID/TOO_LONG at mediaItemIds"),
        (
            "mediaItemIds",
            json!([cast.space]),
            "INVALID/MALFORMED at mediaItemIds.0",
        ),
    ] {
        let mut input = json!({ "phaseId": cast.during, "title": "T" });
        input[field] = value;
        let payload = world.mutate(&cast.teacher, "albumCreate", input, "").await;
        assert_eq!(faults(&payload), [expected], "{field}");
    }
    world
        .phase_set(&cast.coordinator, &cast.during, json!({ "allowsPupilUploads": false }))
        .await;
    let input = json!({ "phaseId": cast.during, "title": "T" });
    assert_eq!(
        world.refused(&cast.mobile, "albumCreate", input.clone()).await,
        ["FORBIDDEN/NEEDS_GRANT"]
    );
    assert_eq!(
        world.refused(&cast.observer, "albumCreate", input).await,
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
}
