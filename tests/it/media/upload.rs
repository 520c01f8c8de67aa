//! From the announcement to the file that can be seen.

use http::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};

use super::{Phone, UPLOAD, announced, photo};
use crate::support::{Cast, Person, World, faults, is_production};

#[tokio::test]
async fn a_photo_is_uploaded_processed_and_given_out() {
    let (world, cast) = World::with_cast().await;
    let bytes = photo(1);
    let input = announced(&cast.space, &cast.during, &bytes, "image/png");
    let payload = world.done(&cast.mobile, "mediaUploadRequest", input, UPLOAD).await;
    let item = payload["mediaItem"]["id"].as_str().unwrap().to_owned();
    assert_eq!(payload["mediaItem"]["state"], "DRAFT");
    assert_eq!(payload["mediaItem"]["file"]["status"], "REQUESTED");
    let upload = &payload["upload"];
    assert_eq!(
        (&upload["isMultipart"], &upload["partSize"]),
        (&json!(false), &Value::Null)
    );
    let request = &upload["requests"][0];
    assert_eq!(request["method"], "PUT");
    let names: Vec<_> = request["headers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|header| &header["name"])
        .collect();
    assert_eq!(names.len(), 3, "{names:?}");
    let phone = Phone::new(&world).await;
    assert_eq!(phone.send(request, &bytes).await, StatusCode::OK);
    assert_eq!(world.file(&cast.mobile, &item, "url").await, Value::Null);
    let input = json!({ "mediaItemId": item });
    let selection = "mediaItem { file { status } }";
    for _ in 0..2 {
        let payload = world
            .done(&cast.mobile, "mediaUploadComplete", input.clone(), selection)
            .await;
        assert_eq!(
            payload["mediaItem"]["file"]["status"], "UPLOADED",
            "repeating it is success"
        );
    }
    assert_eq!(
        world.file(&cast.mobile, &item, "url").await,
        Value::Null,
        "nothing is readable before it is ready"
    );
    assert_eq!(world.work().await, 1);
    let fields = "file { status progress kind mediaType width height blurhash failureReason url srcset
        small: url(variant: SMALL, format: JPEG) poster: url(variant: POSTER) urlsExpireAt }";
    let file = &world.seen(&cast.mobile, &item, fields).await["file"];
    assert_eq!((&file["status"], &file["progress"]), (&json!("READY"), &json!(100)));
    assert_eq!((&file["width"], &file["height"]), (&json!(40), &json!(30)));
    assert_eq!((&file["kind"], &file["poster"]), (&json!("IMAGE"), &Value::Null));
    assert!(file["blurhash"].is_string() && file["failureReason"].is_null());
    let answer = phone.get(file["small"].as_str().unwrap()).await;
    assert_eq!(
        (answer.status, &answer.headers["content-type"]),
        (StatusCode::OK, &"image/jpeg".parse().unwrap())
    );
    assert_eq!(answer.body[..2], [0xff, 0xd8]);
    let srcset = file["srcset"].as_str().unwrap();
    assert!(srcset.ends_with(" 40w") && !srcset.contains(", "), "{srcset}");
    let original = phone.get(file["url"].as_str().unwrap()).await;
    assert_eq!(original.status, StatusCode::OK);
    assert_ne!(original.body, bytes, "what was uploaded is not given out");
    let keys = keys(&world).await;
    assert!(
        keys.iter().all(|key| key.starts_with("media/")),
        "the original is gone: {keys:?}"
    );
}

/// The store, which signs the type, takes none with parameters.
#[tokio::test]
async fn parameters_of_a_media_type_stand_in_nobodys_way() {
    let (world, cast) = World::with_cast().await;
    let phone = Phone::new(&world).await;
    for (number, declared) in [" Image/PNG ", "image/png;", "image/png; charset=binary;x=\"y;z\""]
        .into_iter()
        .enumerate()
    {
        let bytes = photo(u8::try_from(number).unwrap());
        let input = announced(&cast.space, &cast.during, &bytes, declared);
        let payload = world.done(&cast.mobile, "mediaUploadRequest", input, UPLOAD).await;
        let item = payload["mediaItem"]["id"].as_str().unwrap();
        let row = crate::support::inner(item);
        // As a release has left it that kept the parameters.
        if number == 2 {
            let sql = format!(
                "UPDATE media_file SET declared_type = '{declared}' WHERE contribution_id = {}",
                if is_production() {
                    format!("'{row}'")
                } else {
                    format!("x'{}'", row.simple())
                }
            );
            world.app().db.primary().execute_unprepared(&sql).await.unwrap();
        }
        let parts = world
            .done(&cast.mobile, "mediaUploadParts", json!({ "mediaItemId": item }), UPLOAD)
            .await;
        let request = &parts["upload"]["requests"][0];
        assert_eq!(phone.send(request, &bytes).await, StatusCode::OK, "{declared}");
        world
            .done(&cast.mobile, "mediaUploadComplete", json!({ "mediaItemId": item }), "")
            .await;
        assert_eq!(world.work().await, 1);
        let file = &world.seen(&cast.mobile, item, "file { status mediaType }").await["file"];
        assert_eq!(file["status"], "READY", "{declared}");
        assert!(!file["mediaType"].as_str().unwrap().contains(';'), "{declared}");
    }
}

/// All objects of the store.
pub async fn keys(world: &World) -> Vec<String> {
    use futures_util::TryStreamExt;
    let mut keys = Vec::new();
    for folder in ["staging", "source", "media"] {
        let objects = world
            .app()
            .storage
            .list(folder, world.app().clock.now() + chrono::TimeDelta::hours(1));
        keys.extend(
            objects
                .map_ok(|object| object.key)
                .try_collect::<Vec<_>>()
                .await
                .unwrap(),
        );
    }
    keys
}

#[tokio::test]
async fn what_arrives_is_what_was_announced() {
    let (world, cast) = World::with_cast().await;
    let phone = Phone::new(&world).await;
    let (bytes, other) = (photo(1), photo(2));
    let input = announced(&cast.space, &cast.during, &bytes, "image/png");
    let payload = world.done(&cast.teacher, "mediaUploadRequest", input, UPLOAD).await;
    let item = payload["mediaItem"]["id"].as_str().unwrap();
    let request = &payload["upload"]["requests"][0];
    let complete = json!({ "mediaItemId": item });
    let refused = world
        .refused(&cast.teacher, "mediaUploadComplete", complete.clone())
        .await;
    assert_eq!(refused, ["CONFLICT/UPLOAD_INCOMPLETE"], "nothing has arrived");
    let mut longer = other.clone();
    longer.resize(bytes.len(), 0);
    assert!(phone.send(request, &longer).await.is_client_error(), "other bytes");
    // A store that finds out too late, and keeps them, is put right by whoever completes.
    let refused = world
        .refused(&cast.teacher, "mediaUploadComplete", complete.clone())
        .await;
    let expected = if is_production() {
        "CONFLICT/UPLOAD_MISMATCH"
    } else {
        "CONFLICT/UPLOAD_INCOMPLETE"
    };
    assert_eq!(refused, [expected]);
    let mut retyped = request.clone();
    for header in retyped["headers"].as_array_mut().unwrap() {
        if header["name"].as_str().unwrap().eq_ignore_ascii_case("content-type") {
            header["value"] = json!("text/html");
        }
    }
    assert_eq!(
        phone.send(&retyped, &bytes).await,
        StatusCode::FORBIDDEN,
        "another type"
    );
    assert_eq!(phone.send(request, &bytes).await, StatusCode::OK);
    assert_eq!(
        phone.send(request, &bytes).await,
        StatusCode::PRECONDITION_FAILED,
        "sent again"
    );
    world.done(&cast.teacher, "mediaUploadComplete", complete, "").await;
    let replay = phone.send(request, &bytes).await;
    assert!(
        [StatusCode::OK, StatusCode::PRECONDITION_FAILED].contains(&replay),
        "a replay goes nowhere: {replay}"
    );
    assert_eq!(world.work().await, 1);
    assert_eq!(world.file(&cast.teacher, item, "status").await, "READY");
}

#[tokio::test]
async fn a_file_of_another_type_is_quarantined() {
    let (world, cast) = World::with_cast().await;
    let id = world.sent(&cast.mobile, &cast, b"no picture", "image/jpeg").await;
    world
        .done(&cast.mobile, "mediaUploadComplete", json!({ "mediaItemId": id }), "")
        .await;
    world.work().await;
    assert_eq!(world.file(&cast.mobile, &id, "status").await, "QUARANTINED");
    assert_eq!(world.file(&cast.mobile, &id, "failureReason").await, "TYPE_MISMATCH");
    assert_eq!(world.file(&cast.mobile, &id, "url").await, Value::Null);
    let refused = world.attempt(&cast.mobile, "Publish", &id).await;
    assert_eq!(refused, "FILE_NOT_READY");
}

#[tokio::test]
async fn an_upload_in_parts_is_resumed_and_called_off() {
    let (world, cast) = World::with_cast().await;
    let phone = Phone::new(&world).await;
    let bytes: Vec<u8> = (0..(16 << 20) + 5000).map(|place: u32| (place % 253) as u8).collect();
    let input = announced(&cast.space, &cast.during, &bytes, "application/pdf");
    let payload = world
        .done(&cast.mobile, "mediaUploadRequest", input.clone(), UPLOAD)
        .await;
    let item = payload["mediaItem"]["id"].as_str().unwrap().to_owned();
    let upload = &payload["upload"];
    assert_eq!(
        (&upload["isMultipart"], &upload["partSize"]),
        (&json!(true), &json!(16 << 20))
    );
    let requests = upload["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2);
    assert_eq!(phone.send(&requests[1], &bytes).await, StatusCode::OK);
    let parts = json!({ "mediaItemId": item });
    let known = world
        .done(&cast.mobile, "mediaUploadParts", parts.clone(), UPLOAD)
        .await;
    assert_eq!(
        known["upload"]["arrived"],
        json!([{ "partNumber": 2, "size": 5000, "sha256": null }])
    );
    let refused = world.refused(&cast.mobile, "mediaUploadComplete", parts.clone()).await;
    assert_eq!(refused, ["CONFLICT/UPLOAD_INCOMPLETE"]);
    let missing = known["upload"]["requests"].as_array().unwrap();
    assert_eq!(missing.len(), 1);
    assert_eq!(missing[0]["partNumber"], 1);
    let input_of = |numbers: Value| json!({ "mediaItemId": item, "partNumbers": numbers });
    let payload = world
        .mutate(&cast.mobile, "mediaUploadParts", input_of(json!([1, 3])), "")
        .await;
    assert_eq!(faults(&payload), ["INVALID/OUT_OF_RANGE at partNumbers.1"]);
    let signed = world
        .done(&cast.mobile, "mediaUploadParts", input_of(json!([1, 2])), UPLOAD)
        .await;
    let requests = signed["upload"]["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2, "what has arrived can be sent again");
    for request in requests {
        assert_eq!(phone.send(request, &bytes).await, StatusCode::OK);
    }
    world.done(&cast.mobile, "mediaUploadComplete", parts, "").await;
    assert_eq!(world.work().await, 1);
    // It is no PDF.
    assert_eq!(world.file(&cast.mobile, &item, "status").await, "QUARANTINED");

    let payload = world.done(&cast.mobile, "mediaUploadRequest", input, UPLOAD).await;
    let other = payload["mediaItem"]["id"].as_str().unwrap();
    let requests = payload["upload"]["requests"].as_array().unwrap();
    assert_eq!(phone.send(&requests[1], &bytes).await, StatusCode::OK);
    let before = used(&world, &cast).await;
    let abort = json!({ "mediaItemId": other, "abort": true });
    for _ in 0..2 {
        let payload = world
            .done(&cast.mobile, "mediaUploadParts", abort.clone(), UPLOAD)
            .await;
        assert_eq!(payload["mediaItem"]["file"]["status"], "EXPIRED");
    }
    assert_eq!(used(&world, &cast).await, before);
    let late = phone.send(&requests[0], &bytes).await;
    assert!(late.is_client_error(), "{late}");
    world.later(17 * 60);
    assert_eq!(world.work().await, 1);
    assert_eq!(before - used(&world, &cast).await, bytes.len() as u64);
}

pub async fn used(world: &World, cast: &Cast) -> u64 {
    let query = "query($id: ID!) { space(id: $id) { mediaUsage { used usedByViewer quota quotaPerMember } } }";
    let data = world.ask(&cast.mobile, query, json!({ "id": cast.space })).await;
    let usage = &data["space"]["mediaUsage"];
    assert_eq!(usage["used"], usage["usedByViewer"]);
    assert_eq!(
        (&usage["quota"], &usage["quotaPerMember"]),
        (&json!(50_000_000_000_u64), &json!(5_000_000_000_u64))
    );
    usage["used"].as_u64().unwrap()
}

#[tokio::test]
async fn nobody_uploads_for_somebody_else_or_elsewhere() {
    let (world, cast) = World::with_cast().await;
    let bytes = photo(1);
    let input = announced(&cast.space, &cast.during, &bytes, "image/png");
    let payload = world
        .mutate(&cast.observer, "mediaUploadRequest", input.clone(), "")
        .await;
    assert_eq!(faults(&payload), ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
    let payload = world
        .mutate(&cast.foreigner, "mediaUploadRequest", input.clone(), "")
        .await;
    assert_eq!(faults(&payload), ["NOT_FOUND at phaseId"]);
    let id = world.sent(&cast.mobile, &cast, &bytes, "image/png").await;
    for mutation in ["mediaUploadComplete", "mediaUploadParts", "mediaRetry"] {
        let payload = world
            .mutate(&cast.teacher, mutation, json!({ "mediaItemId": id }), "")
            .await;
        assert_eq!(
            faults(&payload),
            ["NOT_FOUND at mediaItemId"],
            "{mutation}: a draft is its author's"
        );
    }
    world
        .phase_set(&cast.coordinator, &cast.during, json!({ "allowsPupilUploads": false }))
        .await;
    let payload = world
        .mutate(&cast.mobile, "mediaUploadRequest", input.clone(), "")
        .await;
    assert_eq!(faults(&payload), ["FORBIDDEN/NEEDS_GRANT"]);
    let grant = json!({ "membershipId": cast.mobile.member, "capability": "UPLOAD", "phaseId": cast.during });
    world.done(&cast.coordinator, "grantCreate", grant, "").await;
    world.done(&cast.mobile, "mediaUploadRequest", input, "").await;
}

#[tokio::test]
async fn a_repeated_request_makes_one_item_and_signs_anew() {
    let (world, cast) = World::with_cast().await;
    let mut input = announced(&cast.space, &cast.during, &photo(1), "image/png");
    input["idempotencyKey"] = json!("photo-of-the-beach-1");
    let first = world
        .done(&cast.mobile, "mediaUploadRequest", input.clone(), UPLOAD)
        .await;
    let again = world
        .done(&cast.mobile, "mediaUploadRequest", input.clone(), UPLOAD)
        .await;
    assert_eq!(first["mediaItem"]["id"], again["mediaItem"]["id"]);
    assert_eq!(again["upload"]["requests"].as_array().unwrap().len(), 1);
    assert_eq!(used(&world, &cast).await, input["size"].as_u64().unwrap());
    input["size"] = json!(1);
    let payload = world.mutate(&cast.mobile, "mediaUploadRequest", input, "").await;
    assert_eq!(faults(&payload), ["CONFLICT/KEY_REUSED at idempotencyKey"]);
}

#[tokio::test]
async fn faulty_announcements_are_refused_with_their_fields() {
    let (world, cast) = World::with_cast().await;
    let good = announced(&cast.space, &cast.during, &photo(1), "image/png");
    for (field, value, expected) in [
        ("fileName", json!("../x.png"), "INVALID/MALFORMED at fileName"),
        ("fileName", json!(""), "INVALID/REQUIRED at fileName"),
        ("mediaType", json!("text/html"), "INVALID/UNSUPPORTED_TYPE at mediaType"),
        (
            "mediaType",
            json!("image/svg+xml"),
            "INVALID/UNSUPPORTED_TYPE at mediaType",
        ),
        ("size", json!(0), "INVALID/OUT_OF_RANGE at size"),
        ("size", json!(25_000_001), "INVALID/TOO_LONG at size"),
        ("size", json!(9_007_199_254_740_993_u64), "INVALID/TOO_LONG at size"),
        ("sha256", json!("abc"), "INVALID/MALFORMED at sha256"),
        ("altText", json!("x".repeat(1001)), "INVALID/TOO_LONG at altText"),
        ("caption", json!("x".repeat(2001)), "INVALID/TOO_LONG at caption"),
        ("licence", json!("OTHER"), "INVALID/REQUIRED at source"),
    ] {
        let mut input = good.clone();
        input[field] = value;
        let payload = world.mutate(&cast.teacher, "mediaUploadRequest", input, "").await;
        assert_eq!(faults(&payload), [expected], "{field}");
    }
}

#[tokio::test]
async fn what_nobody_waits_for_is_swept() {
    let (world, cast) = World::with_cast().await;
    let unused = world.sent(&cast.mobile, &cast, &photo(1), "image/png").await;
    let removed = world.photo(&cast.mobile, &cast, 2).await;
    let kept = world.photo(&cast.mobile, &cast, 3).await;
    world.act(&cast.mobile, "Remove", &removed).await;
    assert_eq!(world.file(&cast.mobile, &removed, "url").await, Value::Null);
    assert_eq!(world.file(&cast.mobile, &removed, "status").await, "DELETED");
    let before = keys(&world).await.len();
    sojourn::features::media::sweep(world.app()).await.unwrap();
    assert_eq!(keys(&world).await.len(), before, "everything in its time");
    world.later(25 * 3600);
    sojourn::features::media::sweep(world.app()).await.unwrap();
    assert_eq!(world.file(&cast.mobile, &unused, "status").await, "EXPIRED");
    assert_eq!(world.work().await, 1, "its room is given back");
    let left = keys(&world).await;
    assert!(left.iter().all(|key| key.starts_with("media/")), "{left:?}");
    world.later(31 * 24 * 3600);
    sojourn::features::media::sweep(world.app()).await.unwrap();
    let inner = crate::support::inner(&kept).to_string();
    let left = keys(&world).await;
    assert!(
        !left.is_empty() && left.iter().all(|key| key.contains(&inner)),
        "{left:?}"
    );
    assert_eq!(used(&world, &cast).await, photo(3).len() as u64);
    assert!(is_production() || world.folder().join("media").exists());
}

#[tokio::test]
async fn there_is_room_for_so_much_and_no_more() {
    let size = photo(1).len();
    let (space, member) = (3 * size, 2 * size);
    let flags = [format!("--space-quota={space}"), format!("--member-quota={member}")];
    let world = World::with_flags(&[flags[0].as_str(), flags[1].as_str()]).await;
    let cast = world.make_cast().await;
    let request = async |who: &Person, shade: u8| {
        let input = announced(&cast.space, &cast.during, &photo(shade), "image/png");
        let selection = "mediaItem { id } space { mediaUsage { used usedByViewer quota quotaPerMember } }";
        world.mutate(who, "mediaUploadRequest", input, selection).await
    };
    let first = request(&cast.mobile, 1).await;
    let usage = json!({ "used": size, "usedByViewer": size, "quota": space, "quotaPerMember": member });
    assert_eq!(first["space"]["mediaUsage"], usage);
    // Two at once, of which there is room for one.
    let (one, other) = tokio::join!(request(&cast.mobile, 2), request(&cast.mobile, 3));
    let mut faults = [faults(&one), faults(&other)];
    faults.sort();
    assert_eq!(faults, [vec![], vec!["CONFLICT/QUOTA_EXCEEDED at size".to_owned()]]);
    // There is room in the space for one of somebody else.
    assert_eq!(
        crate::support::faults(&request(&cast.stayer, 4).await),
        Vec::<String>::new()
    );
    let refused = request(&cast.teacher, 5).await;
    assert_eq!(crate::support::faults(&refused), ["CONFLICT/QUOTA_EXCEEDED at size"]);
    assert_eq!(refused["mediaItem"], Value::Null, "and nothing is made");
    // What is called off makes room, once nothing can arrive any more.
    let abort = json!({ "mediaItemId": first["mediaItem"]["id"], "abort": true });
    world.done(&cast.mobile, "mediaUploadParts", abort, "").await;
    let refused = request(&cast.teacher, 5).await;
    assert_eq!(crate::support::faults(&refused), ["CONFLICT/QUOTA_EXCEEDED at size"]);
    world.later(17 * 60);
    assert_eq!(world.work().await, 1);
    assert_eq!(
        crate::support::faults(&request(&cast.teacher, 5).await),
        Vec::<String>::new()
    );
}

#[tokio::test]
async fn in_a_closed_phase_nothing_is_sent_but_called_off() {
    let (world, cast) = World::with_cast().await;
    let mut input = announced(&cast.space, &cast.during, &photo(1), "image/png");
    input["idempotencyKey"] = json!("a-key-that-is-long-enough");
    let id = world.sent_as(&cast.mobile, input.clone(), &photo(1)).await;
    let close = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", close, "").await;
    // Who has lost the first answer hears that it is made, though it can't be sent any more.
    let again = world.done(&cast.mobile, "mediaUploadRequest", input, UPLOAD).await;
    assert_eq!(
        (&again["mediaItem"]["id"], &again["upload"]),
        (&json!(id), &Value::Null)
    );
    let item = json!({ "mediaItemId": id });
    for mutation in ["mediaUploadParts", "mediaUploadComplete", "mediaRetry"] {
        let refused = world.refused(&cast.mobile, mutation, item.clone()).await;
        assert_eq!(refused, ["FORBIDDEN/PHASE_NOT_OPEN"], "{mutation}");
    }
    let abort = json!({ "mediaItemId": id, "abort": true });
    world.done(&cast.mobile, "mediaUploadParts", abort, "").await;
    assert_eq!(world.file(&cast.mobile, &id, "status").await, "EXPIRED");
    assert_eq!(keys(&world).await, Vec::<String>::new());
}
