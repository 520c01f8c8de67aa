//! Names, languages and e-mail addresses that are mended.

use chrono::TimeDelta;
use http::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sojourn::features::{account, organisation};
use tokio_util::sync::CancellationToken;

use super::{move_clock, refresh, session_of, sign_in, status, stop_the_clock, with_token};
use crate::support::{PASSWORD, Person, World, errors, faults};

const ACCOUNT: &str = "account { id displayName login languages emailChangedAt }";

async fn rename(world: &World, by: &Person, of: &Person, name: &str) -> Value {
    let input = json!({ "accountId": of.account, "displayName": name });
    world.mutate(by, "accountNameChange", input, ACCOUNT).await
}

async fn change_email(world: &World, by: &Person, of: &Person, email: &str, password: Option<&str>) -> Value {
    let input = json!({ "accountId": of.account, "email": email, "currentPassword": password });
    world
        .mutate(by, "accountEmailChange", input, &format!("secret {ACCOUNT}"))
        .await
}

/// Does what follows from a new name.
async fn tell(world: &World) {
    let runner = world
        .app()
        .runner()
        .only(|kind| [account::RENAMED, organisation::RENAMED].contains(&kind));
    while runner.run_due(&CancellationToken::new()).await.unwrap() > 0 {}
}

/// How many records of an act there are.
async fn records(world: &World, act: &str) -> String {
    let sql = format!("SELECT CAST(COUNT(*) AS text) AS text FROM audit_record WHERE act = '{act}'");
    world.texts(&sql).await.remove(0)
}

#[tokio::test]
async fn names_are_mended_by_staff_of_the_same_organisation() {
    let (world, cast) = World::with_cast().await;
    let role = vec!["FORBIDDEN/ROLE_NOT_ALLOWED".to_owned()];
    let unseen = vec!["NOT_FOUND at accountId".to_owned()];
    let ok = Vec::<String>::new();
    for (by, of, name, expected) in [
        (&cast.teacher, &cast.mobile, "Maura K.", &ok),
        (&cast.colleague, &cast.bystander, "Bea Ann l", &ok),
        (&cast.colleague, &cast.teacher, "Theodore Berg", &ok),
        (&cast.teacher, &cast.teacher, "Theo Berg", &ok),
        (&cast.mobile, &cast.mobile, "Maura L.", &role),
        (&cast.mobile, &cast.stayer, "Stanley K.", &unseen),
        (&cast.partner, &cast.mobile, "Maura L.", &unseen),
        (&cast.foreigner, &cast.teacher, "Theo Berg", &unseen),
        (&cast.admin, &cast.teacher, "Theo Berg", &unseen),
        (&cast.admin, &cast.mobile, "Maura L.", &unseen),
        (&cast.admin, &cast.admin, "Root", &role),
    ] {
        let payload = rename(&world, by, of, name).await;
        assert_eq!(&faults(&payload), expected, "{name}");
        // What the permission said.
        let query = "query($id: ID!) { node(id: $id) { ... on Account { viewerCan { accountNameChange { allowed reason } } } } }";
        let node = world.ask(by, query, json!({ "id": of.account })).await["node"].clone();
        let allowed = &node["viewerCan"]["accountNameChange"]["allowed"];
        assert_eq!(
            allowed.as_bool(),
            (expected != &unseen).then_some(expected.is_empty()),
            "{name}"
        );
    }
    for (of, name, fault) in [
        (&cast.mobile, "Maura", "INVALID/MALFORMED at displayName"),
        (&cast.mobile, "Maura Kalnina", "INVALID/MALFORMED at displayName"),
        (&cast.mobile, "", "INVALID/REQUIRED at displayName"),
        (&cast.teacher, "  ", "INVALID/REQUIRED at displayName"),
        (&cast.teacher, &"x".repeat(101), "INVALID/TOO_LONG at displayName"),
    ] {
        assert_eq!(
            faults(&rename(&world, &cast.teacher, of, name).await),
            [fault],
            "{name}"
        );
    }
    let payload = rename(&world, &cast.teacher, &cast.mobile, "maura k").await;
    assert_eq!(payload["account"]["displayName"], "maura K.", "as staff wrote it");
}

#[tokio::test]
async fn a_mended_name_shows_everywhere_and_live() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let input = json!({ "rootId": thread, "body": format!("Hello <@{}>", cast.mobile.member) });
    world.done(&cast.stayer, "commentCreate", input, "").await;
    let now = world.node.newest(&cast.partner, &cast.space).await;
    let mut live = world.node.watch(&cast.partner, &cast.space, Some(&now)).await;
    let before = records(&world, "ACCOUNT_NAME_CHANGED").await;
    assert_eq!(before, "0");
    rename(&world, &cast.teacher, &cast.mobile, "Maura K.").await;
    // On the chain of the school and on that of the space; the same again is nothing.
    assert_eq!(records(&world, "ACCOUNT_NAME_CHANGED").await, "2");
    rename(&world, &cast.teacher, &cast.mobile, "Maura K.").await;
    assert_eq!(records(&world, "ACCOUNT_NAME_CHANGED").await, "2");
    tell(&world).await;
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["actor"]),
        (&json!("MEMBER_UPDATED"), &Value::Null)
    );
    assert_eq!(event["member"]["displayName"], "Maura K.");
    let query = "query($thread: ID!, $member: ID!) { \
        thread: node(id: $thread) { ... on Thread { author { displayName } byline { name } comments { nodes { bodyHtml } } } } \
        member: node(id: $member) { ... on Membership { displayName } } }";
    let found = world
        .ask(
            &cast.partner,
            query,
            json!({ "thread": thread, "member": cast.mobile.member }),
        )
        .await;
    assert_eq!(found["thread"]["author"]["displayName"], "Maura K.");
    assert_eq!(found["thread"]["byline"]["name"], "Maura K.");
    assert_eq!(found["member"]["displayName"], "Maura K.");
    assert!(!found.to_string().contains("Moira"), "{found}");
    // Nobody is told that their role has changed.
    world.fan_out().await;
    let inbox = "{ viewer { notifications { nodes { kind } } } }";
    let inbox = world.ask(&cast.mobile, inbox, json!({})).await.to_string();
    assert!(!inbox.contains("ROLE_CHANGED") && inbox.contains("REPLY"), "{inbox}");
}

#[tokio::test]
async fn everybody_chooses_their_own_languages() {
    let (world, cast) = World::with_cast().await;
    for who in [&cast.mobile, &cast.teacher, &cast.admin] {
        let input = json!({ "languages": ["LV", "de-at", "lv"] });
        let payload = world.done(who, "accountLanguagesChange", input, ACCOUNT).await;
        assert_eq!(payload["account"]["languages"], json!(["lv", "de-AT"]));
    }
    let refused = world
        .mutate(
            &cast.mobile,
            "accountLanguagesChange",
            json!({ "languages": [] }),
            ACCOUNT,
        )
        .await;
    assert_eq!(faults(&refused), ["INVALID/REQUIRED at languages"]);
    let query =
        "query($id: ID!) { node(id: $id) { ... on Account { viewerCan { accountLanguagesChange { allowed } } } } }";
    for (who, allowed) in [(&cast.mobile, true), (&cast.teacher, false)] {
        let node = world.ask(who, query, json!({ "id": cast.mobile.account })).await;
        assert_eq!(node["node"]["viewerCan"]["accountLanguagesChange"]["allowed"], allowed);
    }
}

#[tokio::test]
async fn the_name_of_an_organisation_is_mended_by_its_staff() {
    let (world, cast) = World::with_cast().await;
    let update = async |who: &Person, of: &str, name: Value| {
        let input = json!({ "organisationId": of, "name": name });
        world
            .mutate(
                who,
                "organisationNameChange",
                input,
                "organisation { name viewerCan { organisationNameChange { allowed reason } } }",
            )
            .await
    };
    let (alder, birch) = (&cast.coordinator.organisation, &cast.partner.organisation);
    for (who, of, expected) in [
        (&cast.mobile, alder, vec!["FORBIDDEN/ROLE_NOT_ALLOWED"]),
        (&cast.partner, alder, vec!["FORBIDDEN/OTHER_SCHOOL"]),
        (&cast.foreign_pupil, alder, vec!["FORBIDDEN/ROLE_NOT_ALLOWED"]),
        (&cast.colleague, alder, vec![]),
        (&cast.admin, birch, vec![]),
    ] {
        let payload = update(who, of, json!("New Name")).await;
        assert_eq!(faults(&payload), expected, "{of}");
        if !payload["organisation"].is_null() {
            assert_eq!(
                payload["organisation"]["viewerCan"]["organisationNameChange"]["allowed"],
                expected.is_empty()
            );
        }
    }
    for (name, fault) in [
        (json!(""), "INVALID/REQUIRED at name"),
        (json!("x".repeat(201)), "INVALID/TOO_LONG at name"),
    ] {
        assert_eq!(faults(&update(&cast.colleague, alder, name).await), [fault]);
    }
    let unknown = update(&cast.admin, "organisation_01h455vb4pex5vsknk084sn02q", json!("X")).await;
    assert_eq!(faults(&unknown), ["NOT_FOUND at organisationId"]);
    tell(&world).await;
    let now = world.node.newest(&cast.mobile, &cast.space).await;
    let mut live = world.node.watch(&cast.mobile, &cast.space, Some(&now)).await;
    update(&cast.colleague, alder, json!("Alder Upper School")).await;
    tell(&world).await;
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["actor"]),
        (&json!("SPACE_UPDATED"), &Value::Null)
    );
    let found = world
        .ask(
            &cast.partner,
            "{ organisations(search: \"upper SCHOOL\") { nodes { id name } } }",
            json!({}),
        )
        .await;
    assert_eq!(
        found["organisations"]["nodes"],
        json!([{ "id": alder, "name": "Alder Upper School" }])
    );
    let member = "query($id: ID!) { node(id: $id) { ... on Membership { organisation { name } } } }";
    let member = world
        .ask(&cast.partner, member, json!({ "id": cast.mobile.member }))
        .await;
    assert_eq!(member["node"]["organisation"]["name"], "Alder Upper School");
    // Twice each: on its own chain and on that of the installation.
    assert_eq!(records(&world, "ORGANISATION_NAME_CHANGED").await, "6");
}

#[tokio::test]
async fn an_own_address_is_changed_with_the_password() {
    let (world, cast) = World::with_cast().await;
    let there = session_of(&world, &cast.teacher).await;
    for (password, fault) in [
        (None, "INVALID/REQUIRED at currentPassword"),
        (Some("wrong"), "INVALID/CREDENTIALS_WRONG at currentPassword"),
    ] {
        let refused = change_email(&world, &cast.teacher, &cast.teacher, "new@school.example", password).await;
        assert_eq!(faults(&refused), [fault]);
    }
    for (email, fault) in [
        ("nonsense", "INVALID/MALFORMED at email"),
        ("CORA@school.example", "INVALID/LOGIN_TAKEN at email"),
        ("paula@school.example", "INVALID/LOGIN_TAKEN at email"),
    ] {
        let refused = change_email(&world, &cast.teacher, &cast.teacher, email, Some(PASSWORD)).await;
        assert_eq!(faults(&refused), [fault], "{email}");
    }
    // The same changes nothing, and ends nothing.
    let same = change_email(
        &world,
        &cast.teacher,
        &cast.teacher,
        "THEO@school.example",
        Some(PASSWORD),
    )
    .await;
    assert_eq!(
        (faults(&same), &same["account"]["emailChangedAt"]),
        (vec![], &Value::Null)
    );
    assert_eq!(status(&world, &there).await, StatusCode::OK);
    let payload = change_email(
        &world,
        &cast.teacher,
        &cast.teacher,
        "Theo.Berg@School.example",
        Some(PASSWORD),
    )
    .await;
    assert_eq!((faults(&payload), &payload["secret"]), (vec![], &Value::Null));
    assert_eq!(payload["account"]["login"], "theo.berg@school.example");
    // All sessions end, this one too.
    for session in [&there, &json!({ "accessToken": cast.teacher.token })] {
        assert_eq!(status(&world, session).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(
        faults(&refresh(&world, &there["refreshToken"]).await),
        ["INVALID/SESSION_ENDED"]
    );
    assert_eq!(
        faults(&sign_in(&world, "theo@school.example", PASSWORD).await),
        ["INVALID/CREDENTIALS_WRONG"]
    );
    assert_eq!(
        faults(&sign_in(&world, "theo.berg@school.example", PASSWORD).await),
        Vec::<String>::new()
    );
    // By ids alone, on the chains of the school and of the space.
    assert_eq!(records(&world, "ACCOUNT_EMAIL_CHANGED").await, "2");
}

#[tokio::test]
async fn staff_change_the_address_of_a_colleague_together_with_a_new_secret() {
    let (world, cast) = World::with_cast().await;
    let there = session_of(&world, &cast.teacher).await;
    let payload = change_email(&world, &cast.colleague, &cast.teacher, "berg@school.example", None).await;
    assert_eq!(
        (faults(&payload), &payload["account"]["login"]),
        (vec![], &json!("berg@school.example"))
    );
    assert_eq!(status(&world, &there).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        faults(&sign_in(&world, "berg@school.example", PASSWORD).await),
        ["INVALID/CREDENTIALS_WRONG"]
    );
    let secret = payload["secret"].as_str().unwrap();
    let session = sign_in(&world, "berg@school.example", secret).await;
    let who = with_token(&cast.teacher, &session);
    let refused = world
        .send(Some(&who.token), "{ organisations { totalCount } }", json!({}))
        .await;
    assert_eq!(errors(&refused), ["FORBIDDEN/PASSWORD_CHANGE_REQUIRED"]);
    // The address that they have is no reason for another secret.
    let same = change_email(&world, &cast.colleague, &cast.teacher, "Berg@school.example", None).await;
    assert_eq!((faults(&same), &same["secret"]), (vec![], &Value::Null));
    assert_eq!(status(&world, &session).await, StatusCode::OK);
    let unseen = vec!["NOT_FOUND at accountId"];
    let role = vec!["FORBIDDEN/ROLE_NOT_ALLOWED"];
    for (by, of, expected) in [
        (&cast.partner, &cast.mentor, &unseen),
        (&cast.admin, &cast.mentor, &unseen),
        (&cast.mobile, &cast.mentor, &unseen),
        // A pupil's user name is no address.
        (&cast.colleague, &cast.mobile, &role),
        (&cast.mobile, &cast.mobile, &role),
    ] {
        let refused = change_email(&world, by, of, "other@school.example", Some(PASSWORD)).await;
        assert_eq!(&faults(&refused), expected);
        assert_eq!(refused["secret"], Value::Null);
    }
    // Administrators of the platform change their own.
    let own = change_email(&world, &cast.admin, &cast.admin, "root@sojourn.example", Some(PASSWORD)).await;
    assert_eq!(faults(&own), Vec::<String>::new());
}

#[tokio::test]
async fn an_address_is_changed_twice_a_day_at_most() {
    let (world, cast) = World::with_cast().await;
    let start = stop_the_clock(&world);
    let change = async |email: &str| {
        let query = "mutation($input: AccountEmailChangeInput!) { accountEmailChange(input: $input) { secret userErrors { code } } }";
        let input = json!({ "accountId": cast.teacher.account, "email": email });
        world
            .send(Some(&cast.colleague.token), query, json!({ "input": input }))
            .await
    };
    assert_eq!(errors(&change("one@school.example").await), Vec::<String>::new());
    move_clock(&world, start + TimeDelta::minutes(5));
    assert_eq!(errors(&change("two@school.example").await), Vec::<String>::new());
    let limited = change("three@school.example").await;
    assert_eq!(errors(&limited), ["RATE_LIMITED"]);
    let wait = limited["errors"][0]["extensions"]["retryAfterMs"].as_u64().unwrap();
    assert_eq!(
        wait,
        u64::try_from((TimeDelta::hours(24) - TimeDelta::minutes(5)).num_milliseconds()).unwrap()
    );
    // It is kept with the account: another process says the same.
    assert_eq!(
        faults(&sign_in(&world, "two@school.example", PASSWORD).await),
        ["INVALID/CREDENTIALS_WRONG"]
    );
    let kept =
        "SELECT login AS text FROM account WHERE login_changed_at IS NOT NULL AND login_changed_before IS NOT NULL";
    assert_eq!(world.texts(kept).await, ["two@school.example"]);
    move_clock(&world, start + TimeDelta::hours(24));
    let third = change_email(&world, &cast.colleague, &cast.teacher, "three@school.example", None).await;
    assert_eq!(faults(&third), Vec::<String>::new());
}

#[tokio::test]
async fn whose_address_was_changed_is_told_once_at_the_next_sign_in() {
    let (world, cast) = World::with_cast().await;
    let told = async |login: &str, password: &str| {
        let query = "mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { emailChangedAt accessToken account { emailChangedAt } userErrors { code } } }";
        let input = json!({ "i": { "login": login, "password": password } });
        world.send(None, query, input).await["data"]["sessionCreate"].clone()
    };
    assert_eq!(told(&cast.teacher.login, PASSWORD).await["emailChangedAt"], Value::Null);
    let payload = change_email(
        &world,
        &cast.teacher,
        &cast.teacher,
        "berg@school.example",
        Some(PASSWORD),
    )
    .await;
    let when = &payload["account"]["emailChangedAt"];
    assert!(when.is_string());
    // A failure doesn't use it up.
    assert_eq!(
        told("berg@school.example", "wrong").await["emailChangedAt"],
        Value::Null
    );
    let first = told("berg@school.example", PASSWORD).await;
    assert_eq!(&first["emailChangedAt"], when);
    let second = told("berg@school.example", PASSWORD).await;
    assert_eq!(
        (&second["emailChangedAt"], &second["account"]["emailChangedAt"]),
        (&Value::Null, when)
    );
}

#[tokio::test]
async fn an_address_is_taken_in_every_form() {
    let (world, cast) = World::with_cast().await;
    let taken = change_email(
        &world,
        &cast.teacher,
        &cast.teacher,
        "stra\u{df}e@school.example",
        Some(PASSWORD),
    )
    .await;
    assert_eq!(faults(&taken), Vec::<String>::new());
    let refused = change_email(
        &world,
        &cast.partner,
        &cast.partner,
        "STRASSE@school.example",
        Some(PASSWORD),
    )
    .await;
    assert_eq!(faults(&refused), ["INVALID/LOGIN_TAKEN at email"]);
}

#[tokio::test]
async fn members_who_share_a_name_can_be_told_apart() {
    let (world, cast) = World::with_cast().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Membership { displayName distinction { organisation { id } joinedYear login } } } }";
    let seen = async |who: &Person, of: &Person| {
        world.ask(who, query, json!({ "id": of.member })).await["node"]["distinction"].clone()
    };
    for who in [&cast.teacher, &cast.partner, &cast.stayer] {
        assert_eq!(seen(who, &cast.mobile).await, Value::Null, "nobody has the same name");
    }
    rename(&world, &cast.partner, &cast.partner_pupil, "MOIRA k.").await;
    let year: i32 = world.app().clock.now().format("%Y").to_string().parse().unwrap();
    let expected = |of: &Person, login: Value| json!({ "organisation": { "id": of.organisation }, "joinedYear": year, "login": login });
    // The login only to staff of the same school.
    for (who, of, login) in [
        (&cast.teacher, &cast.mobile, json!(cast.mobile.login)),
        (&cast.teacher, &cast.partner_pupil, Value::Null),
        (&cast.partner, &cast.partner_pupil, json!(cast.partner_pupil.login)),
        (&cast.partner, &cast.mobile, Value::Null),
        (&cast.stayer, &cast.mobile, Value::Null),
        (&cast.mobile, &cast.mobile, Value::Null),
    ] {
        assert_eq!(seen(who, of).await, expected(of, login));
    }
    assert_eq!(seen(&cast.teacher, &cast.stayer).await, Value::Null);
    assert_eq!(seen(&cast.foreigner, &cast.mobile).await, Value::Null);
    // Nor do those differ for a reader whose names differ in what isn't seen, as earlier releases have let them.
    for name in ["Moira  K.", "Moira\u{200b} K.", "Moira\nK."] {
        let sql = format!(
            "UPDATE account SET display_name = '{name}' WHERE login = '{}'",
            cast.partner_pupil.login
        );
        world.app().db.primary().execute_unprepared(&sql).await.unwrap();
        let expected = expected(&cast.mobile, json!(cast.mobile.login));
        assert_eq!(seen(&cast.teacher, &cast.mobile).await, expected, "{name:?}");
    }
    // Who has left is no namesake, and nothing is said of them.
    world
        .done(
            &cast.partner,
            "memberRemove",
            json!({ "membershipId": cast.partner_pupil.member }),
            "",
        )
        .await;
    for of in [&cast.mobile, &cast.partner_pupil] {
        assert_eq!(seen(&cast.teacher, of).await, Value::Null);
    }
}
