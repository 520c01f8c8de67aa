//! What people type to sign in: the same password and login from every keyboard, and passwords that nobody should choose.

use argon2::{Argon2, PasswordHasher};
use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sojourn::{features::account, platform::auth::password::Passwords};

use super::{move_clock, session_of, sign_in, status, stop_the_clock, with_token};
use crate::support::{Cast, PASSWORD, Person, World, faults};

/// `café five` as two keyboards type it.
const COMPOSED: &str = "caf\u{e9} \u{fb01}ve";
const DECOMPOSED: &str = "cafe\u{301} five";

async fn change(world: &World, who: &Person, current: &str, new: &str) -> Vec<String> {
    let input = json!({ "currentPassword": current, "newPassword": new });
    faults(&world.mutate(who, "accountPasswordChange", input, "").await)
}

async fn signs_in(world: &World, login: &str, password: &str) -> bool {
    let session = sign_in(world, login, password).await;
    let faults = faults(&session);
    assert!(
        faults.is_empty() || faults == ["INVALID/CREDENTIALS_WRONG"],
        "{faults:?}"
    );
    faults.is_empty()
}

/// Changes a row as a node of an earlier release would.
async fn execute(world: &World, sql: &str) {
    let sql = &sql.to_owned();
    let unit = world.app().db.write(None, |tx| {
        Box::pin(async move {
            tx.execute_unprepared(sql).await?;
            Ok(())
        })
    });
    unit.await.unwrap();
}

/// The hash of an account.
async fn hash_of(world: &World, login: &str) -> String {
    let sql = format!("SELECT password_hash AS text FROM account WHERE login = '{login}'");
    world.texts(&sql).await.remove(0)
}

/// Leaves a hash of the password as it is typed, as earlier releases made it.
async fn set_old_hash(world: &World, login: &str, password: &str) -> String {
    let hash = Argon2::default()
        .hash_password(password.as_bytes())
        .unwrap()
        .to_string();
    assert!(!hash.contains("keyid"));
    execute(
        world,
        &format!("UPDATE account SET password_hash = '{hash}' WHERE login = '{login}'"),
    )
    .await;
    hash
}

/// How many verifications something costs.
async fn cost<T>(world: &World, work: impl Future<Output = T>) -> (T, u64) {
    let before = world.app().passwords.verifications();
    let done = work.await;
    (done, world.app().passwords.verifications() - before)
}

#[tokio::test]
async fn a_password_is_the_same_from_every_keyboard() {
    let (world, cast) = World::with_cast().await;
    for (who, chosen) in [(&cast.stayer, COMPOSED), (&cast.mobile, DECOMPOSED)] {
        assert_eq!(change(&world, who, PASSWORD, chosen).await, Vec::<String>::new());
        let wide = "\u{ff43}\u{ff41}\u{ff46}\u{e9}\u{3000}\u{ff46}\u{ff49}\u{ff56}\u{ff45}";
        for typed in [COMPOSED, DECOMPOSED, wide] {
            assert_eq!(
                cost(&world, signs_in(&world, &who.login, typed)).await,
                (true, 1),
                "{typed}"
            );
        }
        // Nothing but the form is forgiven.
        for wrong in ["cafe five", "CAF\u{c9} five", "caf\u{e9}five", " caf\u{e9} five"] {
            assert_eq!(
                cost(&world, signs_in(&world, &who.login, wrong)).await,
                (false, 1),
                "{wrong}"
            );
        }
        // It is no other password, and confirms in any form.
        let same = ["INVALID/OUT_OF_RANGE at newPassword"];
        assert_eq!(change(&world, who, COMPOSED, DECOMPOSED).await, same);
        assert_eq!(
            change(&world, who, DECOMPOSED, "another horse").await,
            Vec::<String>::new()
        );
    }
}

#[tokio::test]
async fn an_old_hash_is_verified_once_as_it_was_typed_and_then_renewed() {
    let (world, cast) = World::with_cast().await;
    for (who, password) in [(&cast.stayer, COMPOSED), (&cast.mobile, PASSWORD)] {
        let login = &who.login;
        let old = set_old_hash(&world, login, password).await;
        // Only as it was typed, and a wrong guess renews nothing.
        assert_eq!(
            cost(&world, signs_in(&world, login, "wrong password")).await,
            (false, 1)
        );
        if password == COMPOSED {
            assert_eq!(cost(&world, signs_in(&world, login, DECOMPOSED)).await, (false, 1));
        }
        assert_eq!(hash_of(&world, login).await, old);
        assert_eq!(cost(&world, signs_in(&world, login, password)).await, (true, 1));
        let new = hash_of(&world, login).await;
        assert!(new != old && new.contains("keyid="), "{new}");
        assert_eq!(cost(&world, signs_in(&world, login, password)).await, (true, 1));
        assert_eq!(hash_of(&world, login).await, new, "once");
    }
    assert!(signs_in(&world, &cast.stayer.login, DECOMPOSED).await);
    // An old node that changes a password of the new form leaves no mark behind.
    set_old_hash(&world, &cast.stayer.login, "na\u{ef}ve \u{fb02}ow").await;
    assert!(signs_in(&world, &cast.stayer.login, "na\u{ef}ve \u{fb02}ow").await);
    assert!(signs_in(&world, &cast.stayer.login, "nai\u{308}ve flow").await);
}

#[tokio::test]
async fn a_hash_that_is_replaced_meanwhile_is_left_alone() {
    let (world, cast) = World::with_cast().await;
    let login = &cast.stayer.login;
    let old = set_old_hash(&world, login, PASSWORD).await;
    let passwords: &Passwords = &world.app().passwords;
    let renewed = passwords.renewed(PASSWORD, &old).await.unwrap().unwrap();
    let other = set_old_hash(&world, login, "another horse").await;
    // What signing in does last, too late.
    let sql =
        format!("UPDATE account SET password_hash = '{renewed}' WHERE login = '{login}' AND password_hash = '{old}'");
    execute(&world, &sql).await;
    assert_eq!(hash_of(&world, login).await, other);
}

#[tokio::test]
async fn a_guess_of_any_length_and_form_costs_one_verification() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let ligatures = "\u{fdfa}".repeat(85);
    let longer = "x".repeat(257);
    let huge = "\u{fdfa}".repeat(20_000);
    for password in [&ligatures, &longer, &huge, "", "\u{0}"] {
        for login in [admin.login.as_str(), "nobody@sojourn.example", "\u{fdfa}\u{200d}", ""] {
            let tried = cost(&world, signs_in(&world, login, password)).await;
            assert_eq!(tried, (false, 1), "{login} {}", password.len());
        }
        super::move_clock(&world, world.app().clock.now() + TimeDelta::hours(1));
    }
}

#[tokio::test]
async fn length_is_judged_before_and_after_a_password_is_normalised() {
    let (world, cast) = World::with_cast().await;
    let (grows, long) = ("\u{fdfa}".repeat(8), "x".repeat(257));
    for (new, fault) in [
        // Eight characters that are four.
        ("e\u{301}e\u{301}e\u{301}e\u{301}", "INVALID/TOO_SHORT at newPassword"),
        // Twenty-four bytes that are two hundred and sixty-four.
        (&grows, "INVALID/TOO_LONG at newPassword"),
        (&long, "INVALID/TOO_LONG at newPassword"),
    ] {
        assert_eq!(change(&world, &cast.stayer, PASSWORD, new).await, [fault]);
    }
    // Four that are eight.
    let ligatures = "\u{fb03}\u{fb04}xy";
    assert_eq!(
        change(&world, &cast.stayer, PASSWORD, ligatures).await,
        Vec::<String>::new()
    );
    assert!(signs_in(&world, &cast.stayer.login, "ffifflxy").await);
}

#[tokio::test]
async fn a_login_is_the_same_in_whatever_case_and_form_it_is_typed() {
    let (world, cast) = World::with_cast().await;
    for (email, shown, forms) in [
        (
            "Zoe\u{308}@school.example",
            "zo\u{eb}@school.example",
            vec!["ZO\u{cb}@school.example", "zoe\u{308}@school.example"],
        ),
        (
            "stra\u{df}e@school.example",
            "stra\u{df}e@school.example",
            vec!["STRASSE@SCHOOL.EXAMPLE", "Stra\u{1e9e}e@school.example"],
        ),
        (
            "I\u{15e}IL@okul.example",
            "i\u{15f}il@okul.example",
            vec![
                "\u{131}\u{15f}\u{131}l@okul.example",
                "\u{130}\u{15e}\u{130}L@okul.example",
            ],
        ),
        (
            "so\u{ad}ft\u{200b}@school.example",
            "soft@school.example",
            vec!["\u{feff}soft@school.example ", "so\u{200d}ft\u{fe0f}@school.example"],
        ),
    ] {
        let input = json!({ "organisationId": cast.coordinator.organisation, "email": email, "displayName": "New One", "languages": ["en"] });
        let made = world
            .done(
                &cast.coordinator,
                "staffAccountCreate",
                input.clone(),
                "login secret account { login hasLoginCollision }",
            )
            .await;
        assert_eq!(made["login"], shown);
        assert_eq!(made["account"], json!({ "login": shown, "hasLoginCollision": false }));
        let secret = made["secret"].as_str().unwrap();
        for typed in forms.iter().chain([&email, &shown]) {
            let session = sign_in(&world, typed, secret).await;
            assert_eq!(
                (faults(&session), &session["account"]["login"]),
                (vec![], &json!(shown)),
                "{typed}"
            );
            // Nobody else gets it in another form.
            let mut again = input.clone();
            again["email"] = json!(typed.replace('\u{feff}', ""));
            let taken = world.refused(&cast.coordinator, "staffAccountCreate", again).await;
            assert_eq!(taken, ["INVALID/LOGIN_TAKEN"], "{typed}");
        }
    }
    // Composed and folded, and no more: full-width letters are letters of another login.
    assert!(!signs_in(&world, "\u{ff43}ora@school.example", PASSWORD).await);
}

#[tokio::test]
async fn failures_of_one_login_count_together_however_it_is_typed() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    let guess = async |login: &str| {
        let query = "mutation($i: SessionCreateInput!) { sessionCreate(input: $i) { userErrors { code } } }";
        let input = json!({ "i": { "login": login, "password": "wrong" } });
        world.node.send_from("192.0.2.7", None, query, input).await.2
    };
    for login in [
        "cora@school.example",
        "CORA@school.example",
        "co\u{ad}ra@school.example",
        " Cora@School.Example",
        "\u{feff}cora@school.example",
    ] {
        assert!(guess(login).await.get("errors").is_none(), "{login}");
    }
    let answer = guess("cor\u{200b}a@school.example").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
    assert_eq!(cast.coordinator.login, "cora@school.example");
}

/// Puts rows back as an earlier release has them: without keys, with these logins.
async fn leave(world: &World, logins: &[(&Person, &str)]) {
    for (who, login) in logins {
        let account = who.login.clone();
        let sql = format!("UPDATE account SET login = '{login}', login_key = NULL WHERE login = '{account}'");
        execute(world, &sql).await;
    }
}

#[tokio::test]
async fn logins_of_an_earlier_release_get_their_keys_and_work_until_then() {
    let (world, cast) = World::with_cast().await;
    leave(
        &world,
        &[
            (&cast.teacher, "th\u{e9}o@school.example"),
            (&cast.mentor, "stra\u{df}e@school.example"),
        ],
    )
    .await;
    execute(&world, "UPDATE account SET login_key = NULL").await;
    let exact = async || {
        assert!(signs_in(&world, " TH\u{c9}O@school.example", PASSWORD).await);
        assert!(signs_in(&world, "Stra\u{df}e@school.example", PASSWORD).await);
        assert!(signs_in(&world, &cast.stayer.login, PASSWORD).await);
    };
    exact().await;
    assert_eq!(account::settle_logins(world.app()).await.unwrap(), []);
    exact().await;
    assert!(signs_in(&world, "THE\u{301}O@SCHOOL.EXAMPLE", PASSWORD).await);
    assert!(signs_in(&world, "STRASSE@school.example", PASSWORD).await);
    let unkeyed = "SELECT login AS text FROM account WHERE login_key IS NULL";
    assert_eq!(world.texts(unkeyed).await, Vec::<String>::new());
    assert_eq!(account::settle_logins(world.app()).await.unwrap(), [], "again");
}

#[tokio::test]
async fn logins_that_collide_are_listed_and_both_are_kept() {
    let (world, cast) = World::with_cast().await;
    let (one, other) = ("stra\u{df}e@school.example", "strasse@school.example");
    leave(&world, &[(&cast.teacher, one), (&cast.partner, other)]).await;
    let found = account::settle_logins(world.app()).await.unwrap();
    let mut ids: Vec<_> = found.iter().flat_map(|one| [one.account, one.keeper]).collect();
    ids.sort_unstable();
    let mut expected = [cast.teacher.actor.account_id, cast.partner.actor.account_id];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    let said = found[0].to_string();
    assert!(
        !said.contains('@') && said.contains(&cast.teacher.account) && said.contains(&cast.partner.account),
        "{said}"
    );
    // Each signs in as before, into the own account.
    let (teacher, partner) = (
        sign_in(&world, one, PASSWORD).await,
        sign_in(&world, other, PASSWORD).await,
    );
    assert_eq!(
        (&teacher["account"]["id"], &teacher["account"]["login"]),
        (&json!(cast.teacher.account), &json!(one))
    );
    assert_eq!(
        (&partner["account"]["id"], &partner["account"]["login"]),
        (&json!(cast.partner.account), &json!(other))
    );
    assert!(signs_in(&world, "STRASSE@school.example", PASSWORD).await);
    // Those who look after each are told, and nobody else.
    let query = "query($id: ID!) { node(id: $id) { ... on Account { login hasLoginCollision } } }";
    let told =
        async |who: &Person, of: &Person| world.ask(who, query, json!({ "id": of.account })).await["node"].clone();
    assert_eq!(
        told(&cast.colleague, &cast.teacher).await,
        json!({ "login": one, "hasLoginCollision": true })
    );
    assert_eq!(
        told(&cast.partner, &cast.partner).await,
        json!({ "login": other, "hasLoginCollision": true })
    );
    assert_eq!(told(&cast.colleague, &cast.mentor).await["hasLoginCollision"], false);
    assert_eq!(told(&cast.colleague, &cast.partner).await, Value::Null);
    let on_record = "SELECT CAST(COUNT(*) AS text) AS text FROM audit_record WHERE act = 'ACCOUNT_LOGIN_COLLIDED'";
    assert_eq!(world.texts(on_record).await, ["2"]);
    // Once, however often it is looked for.
    assert_eq!(account::settle_logins(world.app()).await.unwrap(), found);
    assert_eq!(world.texts(on_record).await, ["2"]);
    // One of them gets another login: the other is found in every form.
    leave(&world, &[]).await;
    execute(
        &world,
        &format!("UPDATE account SET login = 'paula2@school.example', login_key = NULL WHERE login = '{other}'"),
    )
    .await;
    assert_eq!(account::settle_logins(world.app()).await.unwrap(), []);
    for who in [&cast.teacher, &cast.partner] {
        assert_eq!(told(who, who).await["hasLoginCollision"], false);
    }
    assert!(signs_in(&world, "paula2@school.example", PASSWORD).await);
    let session = sign_in(&world, "STRASSE@school.example", PASSWORD).await;
    assert_eq!(session["account"]["id"], cast.teacher.account);
}

#[tokio::test]
async fn a_key_of_somebody_whom_an_old_node_erased_is_taken() {
    let (world, cast) = World::with_cast().await;
    let now = if crate::support::is_production() {
        "now()"
    } else {
        "'2026-01-01T00:00:00+00:00'"
    };
    let sql = format!(
        "UPDATE account SET login = 'erased-1', erased_at = {now} WHERE login = '{}'",
        cast.bystander.login
    );
    execute(&world, &sql).await;
    account::settle_logins(world.app()).await.unwrap();
    let left = "SELECT login AS text FROM account WHERE erased_at IS NOT NULL AND login_key IS NOT NULL";
    assert_eq!(world.texts(left).await, Vec::<String>::new());
}

#[tokio::test]
async fn passwords_that_are_guessed_first_are_refused() {
    let (world, cast) = World::with_cast().await;
    let Cast { teacher, mobile, .. } = &cast;
    let user_name = &mobile.login;
    for (who, new) in [
        (teacher, "password1"),
        (teacher, "PassWord1"),
        (
            teacher,
            "\u{ff30}\u{ff41}\u{ff53}\u{ff53}\u{ff57}\u{ff4f}\u{ff52}\u{ff44}\u{ff11}",
        ),
        (teacher, "12345678"),
        (teacher, "qwertyuiop"),
        (teacher, "aaaaaaaaaa"),
        (teacher, "Theo@School.Example"),
        (teacher, "dear T.H.E.O again"),
        (mobile, "moira2010"),
        (mobile, "I am Moira"),
        (mobile, user_name.as_str()),
    ] {
        let refused = change(&world, who, PASSWORD, new).await;
        assert_eq!(refused, ["INVALID/TOO_COMMON at newPassword"], "{new}");
    }
    // Names of others forbid nothing, nor do letters of the own one.
    assert_eq!(
        change(&world, teacher, PASSWORD, "moira in the thaw").await,
        Vec::<String>::new()
    );
    let made =
        account::create_administrator(world.app(), "chief@sojourn.example", "Chief", ("chiefly mine", false)).await;
    let refusals = made.unwrap_err().into_refusals().unwrap();
    assert_eq!(
        refusals[0]
            .reason
            .map(sojourn::platform::error::Reason::name)
            .as_deref(),
        Some("TOO_COMMON")
    );
}

#[tokio::test]
async fn a_change_that_is_repeated_after_a_lost_answer_is_done() {
    let (world, cast) = World::with_cast().await;
    let now = stop_the_clock(&world);
    let there = session_of(&world, &cast.stayer).await;
    let here = with_token(&cast.stayer, &session_of(&world, &cast.stayer).await);
    let on_record = "SELECT CAST(COUNT(*) AS text) AS text FROM audit_record WHERE act = 'ACCOUNT_PASSWORD_CHANGED'";
    assert_eq!(change(&world, &here, PASSWORD, COMPOSED).await, Vec::<String>::new());
    let (hash, records) = (hash_of(&world, &here.login).await, world.texts(on_record).await);
    let later = session_of_password(&world, &here, COMPOSED).await;
    for minutes in [0, 5, 10] {
        move_clock(&world, now + TimeDelta::minutes(minutes));
        let again = cost(&world, change(&world, &here, PASSWORD, COMPOSED)).await;
        assert_eq!(again, (vec![], 1), "after {minutes} minutes");
    }
    assert_eq!(hash_of(&world, &here.login).await, hash);
    assert_eq!(world.texts(on_record).await, records);
    assert_eq!(status(&world, &later).await, http::StatusCode::OK, "it ends no session");
    assert_eq!(status(&world, &there).await, http::StatusCode::UNAUTHORIZED);
    // Then it is a guess.
    move_clock(&world, now + TimeDelta::minutes(10) + TimeDelta::seconds(1));
    let wrong = ["INVALID/CREDENTIALS_WRONG at currentPassword"];
    assert_eq!(change(&world, &here, PASSWORD, COMPOSED).await, wrong);
}

async fn session_of_password(world: &World, who: &Person, password: &str) -> Value {
    let session = sign_in(world, &who.login, password).await;
    assert_eq!(session["userErrors"], json!([]));
    session
}

#[tokio::test]
async fn only_the_very_change_of_the_very_session_is_repeated() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    let who = &cast.stayer;
    assert_eq!(
        change(&world, who, PASSWORD, "another horse").await,
        Vec::<String>::new()
    );
    let other = with_token(who, &session_of_password(&world, who, "another horse").await);
    let wrong = ["INVALID/CREDENTIALS_WRONG at currentPassword"];
    // Neither half of it says anything.
    for (by, current, new) in [
        (&other, PASSWORD, "another horse"),
        (who, "wrong password", "another horse"),
        (who, PASSWORD, "a third horse"),
    ] {
        assert_eq!(change(&world, by, current, new).await, wrong, "{current} {new}");
    }
    // Nor when the password was changed meanwhile.
    assert_eq!(
        change(&world, who, "another horse", "a third horse").await,
        Vec::<String>::new()
    );
    assert_eq!(change(&world, who, PASSWORD, "another horse").await, wrong);
    assert_eq!(
        change(&world, who, "another horse", "a third horse").await,
        Vec::<String>::new()
    );
    set_old_hash(&world, &who.login, "a fourth horse").await;
    assert_eq!(change(&world, who, "another horse", "a third horse").await, wrong);
}

#[tokio::test]
async fn whoever_holds_a_session_guesses_no_faster_by_repeating() {
    let (world, cast) = World::with_cast().await;
    stop_the_clock(&world);
    let who = &cast.stayer;
    assert_eq!(
        change(&world, who, PASSWORD, "another horse").await,
        Vec::<String>::new()
    );
    let query =
        "mutation($i: AccountPasswordChangeInput!) { accountPasswordChange(input: $i) { userErrors { code } } }";
    let guess = async |current: &str, new: &str| {
        let input = json!({ "i": { "currentPassword": current, "newPassword": new } });
        world
            .node
            .send_from("192.0.2.8", Some(&who.token), query, input)
            .await
            .2
    };
    for number in 0..5 {
        let (answer, verified) = cost(&world, guess(&format!("guess {number}"), &format!("number {number}"))).await;
        assert!(answer.get("errors").is_none(), "{answer}");
        assert_eq!(verified, 2, "one for the pair, one for the password");
    }
    let answer = guess("guess 6", "number six").await;
    assert_eq!(answer["errors"][0]["extensions"]["code"], "RATE_LIMITED");
}

#[tokio::test]
async fn two_equal_changes_at_once_are_one() {
    let (world, cast) = World::with_cast().await;
    let who = &cast.stayer;
    let once = || change(&world, who, PASSWORD, "another horse");
    let (one, other) = tokio::join!(once(), once());
    assert_eq!((one, other), (vec![], vec![]));
    let on_record = format!(
        "SELECT CAST(COUNT(*) AS text) AS text FROM audit_record r JOIN account a ON a.id = r.subject_id \
         WHERE r.act = 'ACCOUNT_PASSWORD_CHANGED' AND a.login = '{}' AND r.chain_id = a.organisation_id",
        who.login
    );
    // The first was when the one-time secret was replaced.
    assert_eq!(world.texts(&on_record).await, ["2"]);
}

#[tokio::test]
async fn what_is_kept_for_a_repetition_goes_with_time_and_with_the_account() {
    let (world, cast) = World::with_cast().await;
    let rows = "SELECT CAST(COUNT(*) AS text) AS text FROM password_change";
    assert_ne!(world.texts(rows).await, ["0"]);
    account::forget_changes(world.app()).await.unwrap();
    assert_ne!(world.texts(rows).await, ["0"], "not before its time");
    let input = json!({ "accountIds": [cast.stayer.account] });
    world.done(&cast.teacher, "accountSecretsReset", input, "").await;
    let own = format!(
        "{rows} p JOIN account a ON a.id = p.account_id WHERE a.login = '{}'",
        cast.stayer.login
    );
    assert_eq!(world.texts(&own).await, ["0"]);
    move_clock(&world, world.app().clock.now() + TimeDelta::minutes(11));
    account::forget_changes(world.app()).await.unwrap();
    assert_eq!(world.texts(rows).await, ["0"]);
}
