//! The media of a space.

use std::slice::from_ref;

use serde_json::{Value, json};

use super::announced;
use crate::support::{Cast, Person, World, faults, ids};

async fn gallery(world: &World, who: &Person, cast: &Cast, filter: Value) -> Vec<String> {
    let query = "query($id: ID!, $filter: MediaFilterInput) { space(id: $id) { media(filter: $filter) {
        totalCount nodes { id caption altText file { status } } } } }";
    let data = world
        .ask(who, query, json!({ "id": cast.space, "filter": filter }))
        .await;
    let media = &data["space"]["media"];
    assert_eq!(media["totalCount"], media["nodes"].as_array().unwrap().len());
    ids(media)
}

#[tokio::test]
async fn a_gallery_holds_what_is_published_and_what_is_attached_to_what_one_sees() {
    let (world, cast) = World::with_cast().await;
    let draft = world.photo(&cast.mobile, &cast, 1).await;
    let public = world.photo(&cast.mobile, &cast, 2).await;
    let staff = world.photo(&cast.teacher, &cast, 3).await;
    let shown = world.photo(&cast.mobile, &cast, 4).await;
    world.act(&cast.mobile, "Publish", &public).await;
    world.edit(&cast.teacher, &staff, json!({ "audience": "STAFF" })).await;
    world.act(&cast.teacher, "Publish", &staff).await;
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": true, "attachmentIds": [shown] });
    world.done(&cast.mobile, "journalEntryCreate", input, "").await;
    assert_eq!(
        gallery(&world, &cast.stayer, &cast, Value::Null).await,
        [shown.clone(), public.clone()]
    );
    assert_eq!(
        gallery(&world, &cast.teacher, &cast, Value::Null).await,
        [shown.clone(), staff.clone(), public.clone()]
    );
    assert_eq!(
        gallery(&world, &cast.mobile, &cast, Value::Null).await,
        [shown.clone(), public.clone()],
        "drafts are apart"
    );
    let attached = json!({ "isAttached": true });
    assert_eq!(gallery(&world, &cast.stayer, &cast, attached).await, from_ref(&shown));
    let loose = json!({ "isAttached": false });
    assert_eq!(gallery(&world, &cast.stayer, &cast, loose).await, from_ref(&public));
    let author = json!({ "authorId": cast.teacher.member });
    assert_eq!(gallery(&world, &cast.teacher, &cast, author).await, from_ref(&staff));
    assert_eq!(
        gallery(&world, &cast.teacher, &cast, json!({ "kind": "VIDEO" })).await,
        Vec::<String>::new()
    );
    let phase = json!({ "phaseId": cast.during, "kind": "IMAGE" });
    assert_eq!(gallery(&world, &cast.stayer, &cast, phase).await.len(), 2);
    world.act(&cast.teacher, "Hide", &public).await;
    assert_eq!(gallery(&world, &cast.stayer, &cast, Value::Null).await, [shown]);
    assert!(world.seen(&cast.stayer, &public, "id").await.is_null());
    let drafts = world
        .ask(&cast.mobile, "{ viewer { drafts { nodes { id } } } }", json!({}))
        .await;
    assert_eq!(ids(&drafts["viewer"]["drafts"]), [draft]);
}

#[tokio::test]
async fn an_item_is_described_commented_and_moderated_like_a_text() {
    let (world, cast) = World::with_cast().await;
    world.pre_moderate(&cast.coordinator, &cast.during).await;
    let photo = world.photo(&cast.mobile, &cast, 1).await;
    let change = json!({ "mediaItemId": photo, "expectedVersion": 1, "caption": null, "altText": "A dog", "licence": "CC_BY",
        "attribution": "Marta" });
    let selection = "mediaItem { caption altText licence attribution source version }";
    let changed = world.done(&cast.mobile, "mediaItemUpdate", change, selection).await;
    let expected = json!({ "caption": "", "altText": "A dog", "licence": "CC_BY", "attribution": "Marta", "source": null,
        "version": 2 });
    assert_eq!(changed["mediaItem"], expected);
    world.act(&cast.mobile, "Publish", &photo).await;
    assert_eq!(world.field(&cast.mobile, &photo, "state").await, "PENDING");
    assert!(world.seen(&cast.stayer, &photo, "id").await.is_null());
    world.act(&cast.teacher, "Approve", &photo).await;
    let comment = world.comment(&cast.teacher, &photo, None, "Nice dog").await;
    assert_eq!(world.field(&cast.stayer, &photo, "commentCount").await, 1);
    assert!(world.seen(&cast.stayer, &comment, "id").await.is_object());
    assert_eq!(world.attempt(&cast.mobile, "Withdraw", &photo).await, "HAS_REPLIES");
}

#[tokio::test]
async fn what_is_to_be_seen_is_described_before_it_is_published() {
    let (world, cast) = World::with_cast().await;
    let photo = world.photo(&cast.mobile, &cast, 1).await;
    let say = async |version: i32, alt_text: Value| {
        let input = json!({ "mediaItemId": photo, "expectedVersion": version, "altText": alt_text });
        world.mutate(&cast.mobile, "mediaItemUpdate", input, "").await
    };
    assert_eq!(
        faults(&say(1, Value::Null).await),
        Vec::<String>::new(),
        "a draft may wait"
    );
    let can = world
        .seen(
            &cast.mobile,
            &photo,
            "viewerCan { contributionPublish { allowed reason } }",
        )
        .await;
    let expected = json!({ "allowed": false, "reason": "ALT_TEXT_REQUIRED" });
    assert_eq!(can["viewerCan"]["contributionPublish"], expected);
    assert_eq!(
        world.attempt(&cast.mobile, "Publish", &photo).await,
        "ALT_TEXT_REQUIRED"
    );
    // It goes with an entry without.
    let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": true, "attachmentIds": [photo] });
    world.done(&cast.mobile, "journalEntryCreate", input, "").await;
    assert_eq!(faults(&say(2, json!("A dog")).await), Vec::<String>::new());
    world.act(&cast.mobile, "Publish", &photo).await;
    for nothing in [Value::Null, json!(" ")] {
        assert_eq!(faults(&say(3, nothing).await), ["INVALID/REQUIRED at altText"]);
    }
    // There is nothing to see in a text.
    let bytes = b"Just words.";
    let mut input = announced(&cast.space, &cast.during, bytes, "text/plain");
    (input["fileName"], input["altText"]) = (json!("words.txt"), Value::Null);
    let text = world.sent_as(&cast.mobile, input, bytes).await;
    let complete = json!({ "mediaItemId": text });
    world.done(&cast.mobile, "mediaUploadComplete", complete, "").await;
    world.work().await;
    world.act(&cast.mobile, "Publish", &text).await;
}
