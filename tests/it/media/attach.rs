//! What is attached is seen by whoever sees what it is attached to.

use std::slice::from_ref;

use serde_json::{Value, json};

use crate::support::{Person, World, faults};

const ATTACHED: &str = "attachments { id file { status url } }";

/// The items that somebody sees with something, and by themselves.
async fn attached(world: &World, who: &Person, host: &str) -> Vec<String> {
    let host = world.seen(who, host, ATTACHED).await;
    let items = host["attachments"].as_array().cloned().unwrap_or_default();
    items
        .iter()
        .map(|item| item["id"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn an_attached_draft_is_seen_by_exactly_those_who_see_its_host() {
    let (world, cast) = World::with_cast().await;
    let photo = world.photo(&cast.mobile, &cast, 1).await;
    assert!(world.seen(&cast.stayer, &photo, "id").await.is_null());
    let input = json!({ "phaseId": cast.during, "title": "Week 1", "body": "See:", "attachmentIds": [photo] });
    let made = world
        .done(&cast.mobile, "journalEntryCreate", input, "journalEntry { id version }")
        .await;
    let entry = made["journalEntry"]["id"].as_str().unwrap().to_owned();
    assert!(
        world.seen(&cast.stayer, &photo, "id").await.is_null(),
        "the entry is a draft"
    );
    world.act(&cast.mobile, "Publish", &entry).await;
    for who in [&cast.stayer, &cast.teacher, &cast.observer, &cast.partner_pupil] {
        assert_eq!(attached(&world, who, &entry).await, from_ref(&photo), "{}", who.login);
        assert!(world.file(who, &photo, "url").await.is_string(), "{}", who.login);
    }
    assert!(world.seen(&cast.foreigner, &photo, "id").await.is_null());
    assert_eq!(world.field(&cast.stayer, &photo, "state").await, "DRAFT");
    let refused = world.attempt(&cast.stayer, "Remove", &photo).await;
    assert_ne!(refused, "", "who sees it does nothing with it");
    let lower = json!({ "journalEntryId": entry, "expectedVersion": 1, "audience": "STAFF" });
    world.done(&cast.mobile, "journalEntryUpdate", lower, "").await;
    assert!(world.seen(&cast.stayer, &photo, "id").await.is_null());
    assert!(world.file(&cast.teacher, &photo, "url").await.is_string());
    world.act(&cast.teacher, "Hide", &entry).await;
    assert!(
        world.file(&cast.mobile, &photo, "url").await.is_string(),
        "its author keeps it"
    );
    assert!(world.seen(&cast.observer, &photo, "id").await.is_null());
}

#[tokio::test]
async fn a_hidden_comment_takes_its_attachments_with_it() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Photos").await;
    let photo = world.photo(&cast.stayer, &cast, 1).await;
    let input = json!({ "rootId": thread, "body": "Look", "attachmentIds": [photo] });
    let made = world.done(&cast.stayer, "commentCreate", input, "comment { id }").await;
    let comment = made["comment"]["id"].as_str().unwrap();
    assert_eq!(attached(&world, &cast.mobile, comment).await, from_ref(&photo));
    world.act(&cast.teacher, "Hide", comment).await;
    assert_eq!(attached(&world, &cast.mobile, comment).await, Vec::<String>::new());
    assert!(world.seen(&cast.mobile, &photo, "id").await.is_null());
    assert!(
        world.file(&cast.teacher, &photo, "url").await.is_string(),
        "staff judge it"
    );
}

#[tokio::test]
async fn only_what_may_be_shown_can_be_attached() {
    let (world, cast) = World::with_cast().await;
    let private = world.photo(&cast.mobile, &cast, 1).await;
    let public = world.photo(&cast.mobile, &cast, 2).await;
    world.act(&cast.mobile, "Publish", &public).await;
    let thread = |items: Value| json!({ "phaseId": cast.during, "title": "T", "body": "B", "attachmentIds": items });
    let payload = world
        .mutate(&cast.stayer, "threadCreate", thread(json!([public, private])), "")
        .await;
    assert_eq!(faults(&payload), ["NOT_FOUND at attachmentIds.1"]);
    let made = world
        .done(
            &cast.stayer,
            "threadCreate",
            thread(json!([public, public])),
            "thread { id }",
        )
        .await;
    let host = made["thread"]["id"].as_str().unwrap();
    assert_eq!(
        attached(&world, &cast.observer, host).await,
        from_ref(&public),
        "each once"
    );
    world.act(&cast.mobile, "Withdraw", &public).await;
    assert_eq!(
        attached(&world, &cast.observer, host).await,
        Vec::<String>::new(),
        "it is its owner's"
    );
    let many: Vec<_> = (0..21)
        .map(|_| sojourn::platform::id::encode(sojourn::platform::id::Kind::MediaItem, world.app().clock.new_id()).0)
        .collect();
    let payload = world
        .mutate(&cast.stayer, "threadCreate", thread(json!(many)), "")
        .await;
    assert_eq!(faults(&payload), ["INVALID/TOO_LONG at attachmentIds"]);
}

#[tokio::test]
async fn a_host_is_published_while_its_files_are_processed() {
    let (world, cast) = World::with_cast().await;
    let id = world.sent(&cast.mobile, &cast, &super::photo(1), "image/png").await;
    world
        .done(&cast.mobile, "mediaUploadComplete", json!({ "mediaItemId": id }), "")
        .await;
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": true, "attachmentIds": [id] });
    let made = world
        .done(&cast.mobile, "journalEntryCreate", input, "journalEntry { id state }")
        .await;
    let entry = made["journalEntry"]["id"].as_str().unwrap().to_owned();
    assert_eq!(attached(&world, &cast.stayer, &entry).await, Vec::<String>::new());
    assert_eq!(attached(&world, &cast.mobile, &entry).await, from_ref(&id));
    let now = world.node.newest(&cast.stayer, &cast.space).await;
    let mut live = world.node.watch(&cast.stayer, &cast.space, Some(&now)).await;
    let mut own = world.node.watch(&cast.mobile, &cast.space, Some(&now)).await;
    assert_eq!(world.work().await, 1);
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["contribution"]["id"]),
        (&json!("MEDIA_STATUS_CHANGED"), &json!(entry))
    );
    assert_eq!(attached(&world, &cast.stayer, &entry).await, from_ref(&id));
    let event = own.event().await;
    assert_eq!(
        (&event["kind"], &event["contribution"]["id"]),
        (&json!("MEDIA_STATUS_CHANGED"), &json!(id))
    );
}

#[tokio::test]
async fn earlier_versions_keep_what_was_attached_to_them() {
    let (world, cast) = World::with_cast().await;
    let (first, second) = (
        world.photo(&cast.mobile, &cast, 1).await,
        world.photo(&cast.mobile, &cast, 2).await,
    );
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": true, "attachmentIds": [first] });
    let made = world
        .done(&cast.mobile, "journalEntryCreate", input, "journalEntry { id version }")
        .await;
    let entry = made["journalEntry"]["id"].as_str().unwrap().to_owned();
    let change = json!({ "journalEntryId": entry, "expectedVersion": 1, "attachmentIds": [second] });
    world.done(&cast.mobile, "journalEntryUpdate", change, "").await;
    assert_eq!(attached(&world, &cast.stayer, &entry).await, from_ref(&second));
    assert!(world.seen(&cast.stayer, &first, "id").await.is_null());
    let versions = "revisions { nodes { version attachments { id } } }";
    let seen = world.seen(&cast.teacher, &entry, versions).await;
    let ids: Vec<_> = seen["revisions"]["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["attachments"][0]["id"].clone())
        .collect();
    assert_eq!(ids, [json!(second), json!(first)]);
}

#[tokio::test]
async fn autosaving_an_entry_with_photos_leaves_one_set() {
    let (world, cast) = World::with_cast().await;
    let photo = world.photo(&cast.mobile, &cast, 1).await;
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "attachmentIds": [photo] });
    let made = world
        .done(&cast.mobile, "journalEntryCreate", input, "journalEntry { id version }")
        .await;
    let entry = made["journalEntry"]["id"].as_str().unwrap().to_owned();
    for version in 1..6 {
        let change = json!({ "journalEntryId": entry, "expectedVersion": version, "body": format!("B{version}") });
        world.done(&cast.mobile, "journalEntryUpdate", change, "").await;
    }
    let rows = <entity::attachment::Entity as sea_orm::EntityTrait>::find()
        .all(world.app().db.system())
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    let drafts = "{ viewer { drafts { nodes { id } } } }";
    let data = world.ask(&cast.mobile, drafts, json!({})).await;
    assert_eq!(
        data["viewer"]["drafts"]["nodes"],
        json!([{ "id": entry }]),
        "a photo goes with its entry"
    );
}
