//! The copy of all that is kept about a person: what is in it, for whom.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, errors, faults};

const BUNDLE: &str = "bundle { json markdown leftOut hasNextPart endCursor } account { id }";

/// The first part, as JSON, and the whole answer.
async fn export(world: &World, who: &Person, account: &str) -> (Value, Value) {
    let payload = world
        .done(who, "accountExport", json!({ "accountId": account }), BUNDLE)
        .await;
    let copy = serde_json::from_str(payload["bundle"]["json"].as_str().unwrap()).unwrap();
    (copy, payload["bundle"].clone())
}

/// The pupil who travels writes in every way; classmates and staff write too.
async fn live(world: &World, cast: &Cast) {
    let (mobile, during) = (&cast.mobile, &cast.during);
    let prompt = world.prompt(&cast.teacher, during, "What now?").await;
    let theirs = world.thread(&cast.stayer, during, "Orientation").await;
    let comment = world.comment(mobile, &theirs, None, "My comment").await;
    world
        .edit(mobile, &comment, json!({ "body": "My comment, edited" }))
        .await;
    world
        .comment(&cast.stayer, &theirs, Some(&comment), "Foreign words")
        .await;
    world
        .done(
            mobile,
            "reactionAdd",
            json!({ "contributionId": theirs, "kind": "THANKS" }),
            "",
        )
        .await;
    world
        .done(mobile, "threadMarkRead", json!({ "threadId": theirs }), "")
        .await;
    let answers = json!([{ "promptId": prompt, "body": "My answer" }]);
    let input = json!({ "title": "My entry", "publish": true, "mood": "GOOD", "week": "2026-W47", "answers": answers });
    let entry = world.create(mobile, "journalEntry", during, input).await;
    world
        .done(
            &cast.stayer,
            "commentCreate",
            json!({ "rootId": entry, "body": "Foreign words" }),
            "",
        )
        .await;
    let input = json!({ "title": "My diary", "publish": true, "audience": "AUTHOR" });
    world.create(mobile, "journalEntry", during, input).await;
    world
        .create(mobile, "journalEntry", during, json!({ "title": "My draft" }))
        .await;
    let photo = world.photo(mobile, cast, 1).await;
    let about = json!({ "mediaItemId": photo, "expectedVersion": 1, "caption": "My photo", "licence": "CC_BY" });
    world.done(mobile, "mediaItemUpdate", about, "").await;
    let album = json!({ "phaseId": during, "title": "My album", "mediaItemIds": [photo] });
    world.done(mobile, "albumCreate", album, "").await;
    let hidden = world.thread(mobile, during, "My hidden thread").await;
    let input = json!({ "contributionId": hidden, "reason": "UNKIND", "note": "The note" });
    world.done(&cast.teacher, "contributionHide", input, "").await;
    let input = json!({ "title": "Group", "publish": true, "coAuthorIds": [mobile.member] });
    let group = world.create(&cast.partner_pupil, "journalEntry", during, input).await;
    world
        .done(mobile, "journalEntryConfirm", json!({ "journalEntryId": group }), "")
        .await;
    let wishes = json!({ "preferences": [{ "kind": "MENTION", "isWanted": false }] });
    world.done(mobile, "notificationPreferencesSet", wishes, "").await;
    world.fan_out().await;
    let staff = json!({ "title": "Staff only", "audience": "STAFF" });
    world.create(&cast.teacher, "thread", during, staff).await;
}

#[tokio::test]
async fn a_person_gets_everything() {
    let (world, cast) = World::with_cast().await;
    live(&world, &cast).await;
    let (copy, bundle) = export(&world, &cast.mobile, &cast.mobile.account).await;
    assert_eq!(
        (&bundle["leftOut"], &bundle["hasNextPart"]),
        (&json!([]), &json!(false))
    );
    for document in [bundle["json"].as_str().unwrap(), bundle["markdown"].as_str().unwrap()] {
        for text in [
            "My comment",
            "My comment, edited",
            "Orientation",
            "My entry",
            "My answer",
            "What now?",
            "GOOD",
            "My diary",
            "My draft",
            "My hidden thread",
            "My photo",
            "Sand and sea",
            "CC_BY",
            "beach.png",
            "My album",
            "UNKIND",
            "The note",
            "THANKS",
            "Moira K.",
            &cast.mobile.login,
            "Alder",
            "Project",
            "MOBILE",
            "FOLLOWING",
            "ACCOUNT_EXPORTED",
            "MEMBER_ADDED",
            "DECISION",
            "MENTION",
        ] {
            assert!(document.contains(text), "{text} is not in {document}");
        }
        for text in ["Foreign words", "Staff only", "argon2", "Stan", "Theo", "Pim"] {
            assert!(!document.contains(text), "{text} is in {document}");
        }
    }
    for list in [
        "reactions",
        "subscriptions",
        "threadsRead",
        "sessions",
        "networks",
        "notifications",
        "unwantedNotifications",
        "coAuthorships",
        "decisions",
        "memberships",
    ] {
        assert!(!copy[list].as_array().unwrap().is_empty(), "{list}");
    }
    let comment = copy["contributions"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["rootTitle"] == "Orientation");
    assert_eq!(comment.unwrap()["versions"].as_array().unwrap().len(), 2);
    let contributions = copy["contributions"].as_array().unwrap();
    let photo = contributions.iter().find(|row| !row["file"].is_null()).unwrap();
    assert_eq!(
        (&photo["file"]["status"], &photo["file"]["fileName"]),
        (&json!("READY"), &json!("beach.png"))
    );
    let album = contributions
        .iter()
        .find(|row| row["versions"][0]["title"] == "My album");
    assert_eq!(album.unwrap()["versions"][0]["mediaItemIds"], json!([photo["id"]]));
}

#[tokio::test]
async fn staff_get_what_they_see_and_hear_what_is_missing() {
    let (world, cast) = World::with_cast().await;
    live(&world, &cast).await;
    let (copy, bundle) = export(&world, &cast.teacher, &cast.mobile.account).await;
    assert_eq!(bundle["leftOut"], json!(["AUTHOR_ONLY", "PERSON_ONLY", "OTHER_SPACES"]));
    assert_eq!(copy["leftOut"], bundle["leftOut"]);
    for document in [bundle["json"].as_str().unwrap(), bundle["markdown"].as_str().unwrap()] {
        for text in [
            "My comment",
            "My entry",
            "My answer",
            "GOOD",
            "My hidden thread",
            "The note",
            "AUTHOR_ONLY",
        ] {
            assert!(document.contains(text), "{text} is not in {document}");
        }
        for text in [
            "My diary",
            "My draft",
            "Foreign words",
            "THANKS",
            "threadsRead",
            "sessions",
            "networks",
            "otifications",
            "auditRecords",
        ] {
            assert!(!document.contains(text), "{text} is in {document}");
        }
    }
    // Somebody of the same school who is not in the space sees nothing of it here either.
    let (copy, _) = export(&world, &cast.colleague, &cast.mobile.account).await;
    assert_eq!(copy["account"]["id"], cast.mobile.account);
    assert_eq!((&copy["contributions"], &copy["memberships"]), (&json!([]), &json!([])));
    let (copy, _) = export(&world, &cast.mentor, &cast.mobile.account).await;
    assert_eq!(copy["contributions"], json!([]));
}

#[tokio::test]
async fn nobody_else_gets_a_copy() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.stayer, &cast.partner, &cast.foreigner, &cast.admin] {
        let input = json!({ "accountId": cast.mobile.account });
        let payload = world.mutate(who, "accountExport", input, BUNDLE).await;
        assert_eq!(faults(&payload), ["NOT_FOUND at accountId"]);
        assert_eq!((&payload["bundle"], &payload["account"]), (&Value::Null, &Value::Null));
    }
    let input = json!({ "accountId": cast.mobile.account, "after": "nonsense" });
    let payload = world.mutate(&cast.mobile, "accountExport", input, BUNDLE).await;
    assert_eq!(faults(&payload), ["INVALID/MALFORMED at after"]);
}

#[tokio::test]
async fn what_somebody_wrote_in_a_space_that_they_left_is_in_their_copy() {
    let (world, cast) = World::with_cast().await;
    live(&world, &cast).await;
    let input = json!({ "membershipId": cast.mobile.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    let (copy, _) = export(&world, &cast.mobile, &cast.mobile.account).await;
    assert!(copy.to_string().contains("My diary") && copy.to_string().contains("MEMBER_REMOVED"));
    let (copy, _) = export(&world, &cast.teacher, &cast.mobile.account).await;
    assert!(copy.to_string().contains("My entry"));
}

#[tokio::test]
async fn a_copy_goes_on_record_once() {
    let (world, cast) = World::with_cast().await;
    export(&world, &cast.teacher, &cast.mobile.account).await;
    let records = world.dump().await["audit_record"].clone();
    assert_eq!(records.iter().filter(|row| row.contains("ACCOUNT_EXPORTED")).count(), 2);
}

#[tokio::test]
async fn a_long_life_comes_in_parts() {
    let (world, cast) = World::with_cast().await;
    let body = "long ".repeat(9_900);
    for number in 0..90 {
        let input = json!({ "title": format!("Title {number}."), "body": body });
        world.create(&cast.mobile, "thread", &cast.during, input).await;
    }
    let mut input = json!({ "accountId": cast.mobile.account });
    let (mut found, mut parts) = (Vec::new(), 0);
    loop {
        let payload = world.done(&cast.mobile, "accountExport", input.clone(), BUNDLE).await;
        let bundle = &payload["bundle"];
        let copy: Value = serde_json::from_str(bundle["json"].as_str().unwrap()).unwrap();
        let rows = copy["contributions"].as_array().unwrap();
        found.extend(
            rows.iter()
                .map(|row| row["versions"][0]["title"].as_str().unwrap().to_owned()),
        );
        assert_eq!(copy.get("account").is_some(), parts == 0);
        parts += 1;
        if bundle["hasNextPart"] == false {
            break;
        }
        input["after"] = bundle["endCursor"].clone();
    }
    let wanted: Vec<_> = (0..90).map(|number| format!("Title {number}.")).collect();
    assert_eq!((found, parts), (wanted, 2));
}

#[tokio::test]
async fn a_copy_takes_the_same_statements_for_little_as_for_much() {
    let (world, cast) = World::with_cast().await;
    let query = "mutation($input: AccountExportInput!) { accountExport(input: $input) { bundle { json } userErrors { code } } }";
    let variables = json!({ "input": { "accountId": cast.mobile.account } });
    let mut counts = Vec::new();
    for _ in 0..2 {
        let answer = world.send(Some(&cast.mobile.token), query, variables.clone()).await;
        assert_eq!(errors(&answer), Vec::<String>::new());
        counts.push(answer["extensions"]["stats"]["sql"].clone());
        live(&world, &cast).await;
    }
    assert_eq!(counts[0], counts[1]);
}
