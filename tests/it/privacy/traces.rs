//! Nothing of a person is left: not in any column of any table, nor in the files.

use std::{collections::BTreeSet, path::Path};

use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::erase;
use crate::{
    media,
    support::{Cast, Person, World, is_production},
};

/// Stands in everything that the person writes, and that others write about them.
const MARK: &str = "quokka42";

/// The columns `table.column` in which the mark stands, in any case of letters, as text or as bytes: found by the catalogue, so that
/// a column that is added later is looked into as well.
async fn places(world: &World) -> BTreeSet<String> {
    let columns = if is_production() {
        "SELECT table_name AS t, column_name AS c FROM information_schema.columns WHERE table_schema = 'public'"
    } else {
        "SELECT m.name AS t, p.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'"
    };
    let db = world.app().db.primary();
    let query = async |sql: &str| {
        let statement = Statement::from_string(db.get_database_backend(), sql);
        db.query_all_raw(statement).await.unwrap()
    };
    let hex: String = MARK.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut found = BTreeSet::new();
    let columns = query(columns).await;
    assert!(columns.len() > 150, "{}", columns.len());
    for row in columns {
        let (table, column): (String, String) = (row.try_get("", "t").unwrap(), row.try_get("", "c").unwrap());
        let text = if is_production() {
            format!("lower(\"{column}\"::text)")
        } else {
            format!("lower(CAST(\"{column}\" AS TEXT) || '|' || hex(\"{column}\"))")
        };
        let sql =
            format!("SELECT COUNT(*) AS count FROM \"{table}\" WHERE {text} LIKE '%{MARK}%' OR {text} LIKE '%{hex}%'");
        let count: i64 = query(&sql).await[0].try_get("", "count").unwrap();
        if count > 0 {
            found.insert(format!("{table}.{column}"));
        }
    }
    found
}

/// The files in which the mark stands.
fn files(folder: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap().to_ascii_lowercase();
        if bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes()) {
            found.insert(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found
}

/// Somebody whose name and login hold the mark.
async fn marked(world: &World, cast: &Cast, is_pupil: bool) -> Person {
    let languages = json!(["en"]);
    let (name, input, object) = if is_pupil {
        let row = json!({ "givenName": "Quokka42", "familyInitial": "Q", "birthYear": 2010, "languages": languages });
        let input = json!({ "organisationId": cast.teacher.organisation, "rows": [row] });
        ("pupilAccountsCreate", input, "results { secret account { id login } }")
    } else {
        let input = json!({ "organisationId": cast.teacher.organisation, "email": "quokka42@school.example",
            "displayName": "Quokka42", "languages": languages });
        ("staffAccountCreate", input, "secret account { id login }")
    };
    let made = world.done(&cast.coordinator, name, input, object).await;
    let made = if is_pupil { made["results"][0].clone() } else { made };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (login, account) = (text(&made["account"]["login"]), text(&made["account"]["id"]));
    let (actor, token) = world.sign_in(&login, &text(&made["secret"])).await;
    let mut person = Person {
        actor,
        token,
        login,
        account,
        ..cast.stayer.clone()
    };
    let input = json!({ "currentPassword": text(&made["secret"]), "newPassword": crate::support::PASSWORD });
    world.done(&person, "accountPasswordChange", input, "").await;
    let (actor, token) = world.sign_in(&person.login, crate::support::PASSWORD).await;
    (person.actor, person.token) = (actor, token);
    let mut row = json!({ "accountId": person.account, "role": "TEACHER" });
    if is_pupil {
        row = json!({ "accountId": person.account, "role": "PUPIL", "mobilityStatus": "MOBILE" });
    }
    let input = json!({ "spaceId": cast.space, "rows": [row] });
    let made = world
        .done(&cast.coordinator, "memberAdd", input, "results { membership { id } }")
        .await;
    person.member = text(&made["results"][0]["membership"]["id"]);
    person
}

/// A key with the mark.
fn key() -> String {
    format!("{MARK}-{}", uuid::Uuid::now_v7().simple())
}

fn words(of: &str) -> String {
    // Long enough to fill pages of the file of their own.
    format!("{MARK} {of} {}", "and so on ".repeat(150))
}

/// A contribution with the mark in every text.
async fn write(world: &World, who: &Person, kind: &str, phase: &str, more: Value) -> String {
    let mut input = json!({ "phaseId": phase, "title": format!("{MARK} title"), "body": words("body"),
        "idempotencyKey": key() });
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let made = world
        .done(who, &format!("{kind}Create"), input, &format!("{kind} {{ id }}"))
        .await;
    made[kind]["id"].as_str().unwrap().to_owned()
}

/// Writes in every way that there is, and lets moderators write about it.
async fn live(world: &World, cast: &Cast, who: &Person, prompt: &str) {
    let (during, teacher) = (&cast.during, &cast.teacher);
    upload(world, cast, who).await;
    let thread = write(world, who, "thread", during, json!({})).await;
    let input = json!({ "rootId": thread, "body": words("comment"), "idempotencyKey": key() });
    let made = world.done(who, "commentCreate", input, "comment { id }").await;
    let comment = made["comment"]["id"].as_str().unwrap().to_owned();
    world
        .comment(
            &cast.stayer,
            &thread,
            Some(&comment),
            &format!("Hello <@{}>!", who.member),
        )
        .await;
    world
        .done(
            who,
            "reactionAdd",
            json!({ "contributionId": thread, "kind": "LIKE" }),
            "",
        )
        .await;
    world
        .done(who, "threadMarkRead", json!({ "threadId": thread }), "")
        .await;
    let input = json!({ "commentId": comment, "expectedVersion": 1, "body": words("edited") });
    world.done(who, "commentUpdate", input, "").await;
    write(
        world,
        who,
        "thread",
        during,
        json!({ "title": format!("{MARK} other") }),
    )
    .await;
    let hidden = write(world, who, "thread", during, json!({})).await;
    let input = json!({ "contributionId": hidden, "reason": "OTHER", "note": words("note") });
    world.done(teacher, "contributionHide", input, "").await;
    // What they report, and what is reported about them.
    let report = async |by: &Person, id: &str| {
        let input = json!({ "contributionId": id, "reason": "UNKIND", "note": words("report") });
        let made = world.done(by, "contributionReport", input, "report { id }").await;
        made["report"]["id"].as_str().unwrap().to_owned()
    };
    let about = report(&cast.stayer, &thread).await;
    let other = world.comment_on(cast, &cast.stayer, "Else.").await;
    let own = report(who, &other).await;
    let (escalated, decided) = if who.actor.kind == entity::enums::AccountKind::Pupil {
        (about, own)
    } else {
        (own, about)
    };
    let input = json!({ "reportId": escalated, "note": words("escalation") });
    let by = if who.actor.kind == entity::enums::AccountKind::Pupil {
        teacher
    } else {
        who
    };
    world.done(by, "reportEscalate", input, "").await;
    let input = json!({ "reportId": decided, "outcome": "UPHELD", "action": "NONE", "note": words("verdict") });
    world.done(&cast.partner, "reportDecide", input, "").await;
    let removed = write(world, who, "thread", during, json!({})).await;
    world
        .done(who, "contributionRemove", json!({ "contributionId": removed }), "")
        .await;
    if who.actor.kind == entity::enums::AccountKind::Pupil {
        let answers = json!([{ "promptId": prompt, "body": words("answer") }]);
        let more = json!({ "publish": true, "mood": "LOW", "week": "2026-W47", "answers": answers });
        let entry = write(world, who, "journalEntry", during, more).await;
        write(world, who, "journalEntry", during, json!({ "publish": false })).await;
        let withdrawn = write(
            world,
            who,
            "journalEntry",
            during,
            json!({ "publish": true, "audience": "AUTHOR" }),
        )
        .await;
        world
            .done(who, "contributionWithdraw", json!({ "contributionId": withdrawn }), "")
            .await;
        world.pre_moderate(&cast.coordinator, during).await;
        let input = json!({ "journalEntryId": entry, "expectedVersion": 1, "body": words("pending") });
        world.done(who, "journalEntryUpdate", input, "").await;
        let returned = write(world, who, "thread", during, json!({})).await;
        let input = json!({ "contributionId": returned, "expectedVersion": 1, "note": words("note") });
        world.done(teacher, "contributionReturn", input, "").await;
        write(world, who, "thread", during, json!({})).await;
    } else {
        let other = world.thread(&cast.stayer, during, "Other").await;
        let input = json!({ "contributionId": other, "reason": "OTHER", "note": words("note") });
        world.done(who, "contributionHide", input, "").await;
        write(world, who, "thread", &cast.after, json!({ "publish": false })).await;
    }
}

/// Uploads in every way that there is: a document that stays as it is, a photo, and something that is never completed.
async fn upload(world: &World, cast: &Cast, who: &Person) {
    let complete = async |id: &str| {
        world
            .done(who, "mediaUploadComplete", json!({ "mediaItemId": id }), "")
            .await;
        world.work().await;
        assert_eq!(world.file(who, id, "status").await, "READY");
    };
    let announced = |bytes: &[u8], media_type: &str, file_name: &str| {
        let mut input = media::announced(&cast.space, &cast.during, bytes, media_type);
        input["fileName"] = json!(format!("{MARK}{file_name}"));
        input["idempotencyKey"] = json!(key());
        for field in ["caption", "altText", "attribution", "source"] {
            input[field] = json!(format!("{MARK} {field}"));
        }
        input
    };
    let document = words("document").into_bytes();
    let input = announced(&document, "text/plain", ".txt");
    let document = world.sent_as(who, input, &document).await;
    complete(&document).await;
    let photo = media::photo(1);
    let input = announced(&photo, "image/png", ".png");
    let photo = world.sent_as(who, input, &photo).await;
    complete(&photo).await;
    world.act(who, "Publish", &photo).await;
    let left = words("left").into_bytes();
    world.sent_as(who, announced(&left, "text/plain", ".txt"), &left).await;
    let more = json!({ "attachmentIds": [document] });
    write(world, who, "thread", &cast.during, more).await;
    let album = json!({ "phaseId": cast.during, "title": format!("{MARK} album"), "description": words("album"),
        "mediaItemIds": [photo], "idempotencyKey": key() });
    world.done(who, "albumCreate", album, "").await;
}

/// What remains of the files of somebody who was erased goes soon.
async fn assert_no_file(world: &World) {
    assert!(world.work().await > 0);
    assert_eq!(media::upload::keys(world).await, Vec::<String>::new());
    assert_eq!(files(world.folder()), BTreeSet::new());
}

/// Where a person's texts stand before they are erased.
const PLANTED: &[&str] = &[
    "account.display_name",
    "account.login",
    "account.login_key",
    "account.search_key",
    "contribution.client_key",
    "decision.note",
    "idempotency.key",
    "media_file.file_name",
    "report.decision_note",
    "report.note",
    "revision.body",
    "revision.body_html",
    "revision.detail",
    "revision.excerpt",
    "revision.title",
];

#[tokio::test]
async fn nothing_of_a_pupil_is_left() {
    let (world, cast) = World::with_cast().await;
    let prompt = world.prompt(&cast.teacher, &cast.during, "What now?").await;
    let who = marked(&world, &cast, true).await;
    live(&world, &cast, &who, &prompt).await;
    assert_eq!(
        places(&world).await,
        PLANTED.iter().map(|place| (*place).to_owned()).collect()
    );
    if !is_production() {
        assert!(!files(world.folder()).is_empty());
    }
    let payload = erase(&world, &who, &who.account).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(places(&world).await, BTreeSet::new());
    assert_no_file(&world).await;
    // Nor in what others read.
    let query =
        "query($id: ID!) { space(id: $id) { threads(first: 100) { nodes { title body bodyHtml lastDecision { note }
        comments(first: 100) { nodes { body bodyHtml mentions { displayName } author { displayName } } } } }
        journalEntries(first: 100) { nodes { title body } } moderationLog(first: 100) { nodes { decision { note } } }
        moderationQueue(first: 100) { nodes { id } } auditLog(first: 100) { nodes { before after } } } }";
    let data = world.ask(&cast.coordinator, query, json!({ "id": cast.space })).await;
    assert!(!data.to_string().to_lowercase().contains(MARK));
    assert_eq!(data["space"]["moderationQueue"]["nodes"], json!([]));
}

#[tokio::test]
async fn nothing_of_a_teacher_is_left() {
    let (world, cast) = World::with_cast().await;
    let who = marked(&world, &cast, false).await;
    live(&world, &cast, &who, "").await;
    assert_eq!(
        places(&world).await,
        PLANTED.iter().map(|place| (*place).to_owned()).collect()
    );
    let payload = erase(&world, &cast.colleague, &who.account).await;
    assert_eq!(payload["userErrors"], json!([]));
    assert_eq!(places(&world).await, BTreeSet::new());
    assert_no_file(&world).await;
}

#[tokio::test]
async fn nothing_is_left_of_somebody_who_has_left_the_space_before() {
    let (world, cast) = World::with_cast().await;
    let prompt = world.prompt(&cast.teacher, &cast.during, "What now?").await;
    let who = marked(&world, &cast, true).await;
    live(&world, &cast, &who, &prompt).await;
    let input = json!({ "membershipId": who.member });
    world.done(&cast.coordinator, "memberRemove", input, "").await;
    world
        .done(&cast.coordinator, "phaseClose", json!({ "phaseId": cast.during }), "")
        .await;
    world
        .done(&cast.coordinator, "spaceClose", json!({ "spaceId": cast.space }), "")
        .await;
    assert!(!places(&world).await.is_empty());
    erase(&world, &who, &who.account).await;
    assert_eq!(places(&world).await, BTreeSet::new());
    assert_no_file(&world).await;
}
