//! Who may erase whom, and what others see afterwards.

use http::StatusCode;
use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sojourn::features::privacy::complete_erasures;

use super::erase;
use crate::support::{Cast, PASSWORD, World, faults};

/// A thread of the pupil who stays, with a comment of a classmate and an answer to that.
struct Talk {
    thread: String,
    comment: String,
    answer: String,
}

async fn talk(world: &World, cast: &Cast) -> Talk {
    let thread = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let comment = world.comment(&cast.stayer, &thread, None, "Dark").await;
    let answer = world.comment(&cast.mobile, &thread, Some(&comment), "Light").await;
    Talk {
        thread,
        comment,
        answer,
    }
}

#[tokio::test]
async fn a_person_confirms_with_their_password() {
    let (world, cast) = World::with_cast().await;
    let stayer = &cast.stayer;
    for (password, expected) in [
        (Value::Null, "INVALID/REQUIRED at currentPassword"),
        (json!("wrong password"), "INVALID/CREDENTIALS_WRONG at currentPassword"),
    ] {
        let input = json!({ "accountId": stayer.account, "currentPassword": password });
        let payload = world
            .mutate(stayer, "accountErase", input, "deletedAccountId account { id }")
            .await;
        assert_eq!(faults(&payload), [expected]);
        assert_eq!(payload["account"]["id"], stayer.account);
        assert_eq!(payload["deletedAccountId"], Value::Null);
    }
    let payload = erase(&world, stayer, &stayer.account).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
    assert_eq!(payload["deletedAccountId"], stayer.account);
    let (status, ..) = world
        .node
        .send_from(
            "10.1.1.1",
            Some(&stayer.token),
            "{ viewer { account { id } } }",
            json!({}),
        )
        .await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    let input = json!({ "input": { "login": stayer.login, "password": PASSWORD } });
    let query =
        "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { userErrors { code reason field } } }";
    let answer = world.send(None, query, input).await;
    assert_eq!(faults(&answer["data"]["sessionCreate"]), ["INVALID/CREDENTIALS_WRONG"]);
}

#[tokio::test]
async fn staff_of_the_same_school_erase_and_repeat_it() {
    let (world, cast) = World::with_cast().await;
    let account = &cast.mobile.account;
    let input = json!({ "accountId": account });
    for _ in 0..2 {
        world.done(&cast.colleague, "accountErase", input.clone(), "").await;
    }
    let records = world.dump().await["audit_record"].clone();
    let erased: Vec<_> = records.iter().filter(|row| row.contains("ACCOUNT_ERASED")).collect();
    assert_eq!(
        erased.len(),
        2,
        "on the chains of the school and of the space: {erased:?}"
    );
    let query = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(
        world.ask(&cast.colleague, query, json!({ "id": account })).await["node"],
        Value::Null
    );
}

#[tokio::test]
async fn nobody_else_erases_anybody() {
    let (world, cast) = World::with_cast().await;
    let (mobile, teacher) = (&cast.mobile.account, &cast.teacher.account);
    for (who, account) in [
        (&cast.stayer, mobile),
        (&cast.stayer, teacher),
        (&cast.partner, mobile),
        (&cast.foreigner, mobile),
        (&cast.admin, mobile),
    ] {
        assert_eq!(faults(&erase(&world, who, account).await), ["NOT_FOUND at accountId"]);
    }
    let payload = erase(&world, &cast.teacher, &cast.space).await;
    assert_eq!(faults(&payload), ["INVALID/MALFORMED at accountId"]);
}

#[tokio::test]
async fn the_last_coordinator_of_a_school_stays_until_there_is_another() {
    let (world, cast) = World::with_cast().await;
    let (cora, theo) = (&cast.coordinator, &cast.teacher);
    let before = world.dump().await;
    let payload = erase(&world, theo, &cora.account).await;
    assert_eq!(faults(&payload), ["FORBIDDEN/LAST_COORDINATOR"]);
    assert_eq!(payload["account"]["id"], cora.account);
    let after = world.dump().await;
    for table in ["account", "session", "membership", "audit_record"] {
        assert_eq!(before[table], after[table], "{table}");
    }
    world
        .member_set(cora, &theo.member, json!({ "role": "COORDINATOR" }))
        .await;
    assert_eq!(faults(&erase(&world, theo, &cora.account).await), Vec::<String>::new());
    // Who is erased coordinates nothing any more.
    assert_eq!(
        faults(&erase(&world, theo, &theo.account).await),
        ["FORBIDDEN/LAST_COORDINATOR"]
    );
}

#[tokio::test]
async fn the_coordinator_of_an_archived_space_may_go() {
    let (world, cast) = World::with_cast().await;
    let close = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", close, "").await;
    for act in ["spaceClose", "spaceArchive"] {
        world
            .done(&cast.coordinator, act, json!({ "spaceId": cast.space }), "")
            .await;
    }
    let payload = erase(&world, &cast.coordinator, &cast.coordinator.account).await;
    assert_eq!(faults(&payload), Vec::<String>::new());
}

#[tokio::test]
async fn a_discussion_keeps_its_shape() {
    let (world, cast) = World::with_cast().await;
    let talk = talk(&world, &cast).await;
    erase(&world, &cast.teacher, &cast.stayer.account).await;
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { commentCount comments { nodes { id state body depth
        author { displayName } byline { kind name organisation { name } } replyTo { id } } } } } }";
    let data = world.ask(&cast.mobile, query, json!({ "id": talk.thread })).await;
    assert_eq!(data["node"]["commentCount"], 1);
    let gone = json!({ "id": talk.comment, "state": "REMOVED", "body": null, "depth": 0, "author": null,
        "byline": { "kind": "WITHHELD", "name": null, "organisation": null }, "replyTo": null });
    let nodes = &data["node"]["comments"]["nodes"];
    assert_eq!(nodes[0], gone);
    assert_eq!(
        (&nodes[1]["id"], &nodes[1]["replyTo"]["id"]),
        (&json!(talk.answer), &json!(talk.comment))
    );
    // Staff see that there was somebody, and nothing else.
    let data = world.ask(&cast.teacher, query, json!({ "id": talk.thread })).await;
    let gone = &data["node"]["comments"]["nodes"][0];
    assert_eq!(
        (&gone["body"], &gone["author"]["displayName"]),
        (&json!(""), &json!(""))
    );
    assert_eq!(
        (&gone["byline"]["kind"], &gone["byline"]["name"]),
        (&json!("FORMER_MEMBER"), &Value::Null)
    );
}

#[tokio::test]
async fn a_root_goes_from_lists_and_others_keep_their_comments() {
    let (world, cast) = World::with_cast().await;
    let talk = talk(&world, &cast).await;
    let draft = world.entry(&cast.mobile, &cast.during, "Draft", false).await;
    erase(&world, &cast.teacher, &cast.mobile.account).await;
    let row = world.row(&talk.thread).await.unwrap();
    assert_eq!(
        (row.state, row.comment_count),
        (entity::enums::ContentState::Removed, 1)
    );
    assert!(world.row(&draft).await.is_none());
    assert_eq!(
        world.row(&talk.comment).await.unwrap().state,
        entity::enums::ContentState::Published
    );
    let query = "query($id: ID!) { node(id: $id) { id } }";
    assert_eq!(
        world.ask(&cast.stayer, query, json!({ "id": talk.thread })).await["node"],
        Value::Null
    );
}

#[tokio::test]
async fn clients_hear_what_to_drop() {
    let (world, cast) = World::with_cast().await;
    let talk = talk(&world, &cast).await;
    let cursor = world.node.newest(&cast.partner_pupil, &cast.space).await;
    erase(&world, &cast.teacher, &cast.stayer.account).await;
    let mut live = world.node.watch(&cast.partner_pupil, &cast.space, Some(&cursor)).await;
    let event = live.event().await;
    assert_eq!(
        (&event["kind"], &event["actor"]),
        (&json!("MEMBER_REMOVED"), &Value::Null)
    );
    let event = live.event().await;
    assert_eq!(event["kind"], "CONTRIBUTION_REMOVED");
    assert_eq!(event["contribution"]["id"], talk.comment);
    assert_eq!(event["contribution"]["body"], Value::Null);
    let cursor = world.node.newest(&cast.partner_pupil, &cast.space).await;
    erase(&world, &cast.teacher, &cast.mobile.account).await;
    let mut live = world.node.watch(&cast.partner_pupil, &cast.space, Some(&cursor)).await;
    let mut gone = Vec::new();
    for _ in 0..3 {
        let event = live.event().await;
        gone.extend(event["deletedContributionId"].as_str().map(str::to_owned));
    }
    assert!(gone.contains(&talk.thread), "{gone:?}");
    // Repeating it says nothing again.
    let events = world.events().await;
    erase(&world, &cast.teacher, &cast.mobile.account).await;
    assert_eq!(world.events().await, events);
}

#[tokio::test]
async fn somebody_erased_is_no_candidate_and_in_no_list() {
    let (world, cast) = World::with_cast().await;
    erase(&world, &cast.teacher, &cast.stayer.account).await;
    let row = json!([{ "accountId": cast.stayer.account, "role": "PUPIL" }]);
    let input = json!({ "spaceId": cast.space, "rows": row });
    let errors = "results { userErrors { code reason field } }";
    let payload = world.mutate(&cast.coordinator, "memberAdd", input, errors).await;
    assert_eq!(payload["results"][0]["userErrors"][0]["code"], "NOT_FOUND");
    let input = json!({ "accountIds": [cast.stayer.account] });
    let payload = world.mutate(&cast.teacher, "accountSecretsReset", input, errors).await;
    assert_eq!(payload["results"][0]["userErrors"][0]["code"], "NOT_FOUND");
    let query =
        "query($id: ID!, $space: ID!) { node(id: $id) { ... on Organisation { accounts(first: 100) { nodes { id } } } }
        space(id: $space) { members(first: 100) { nodes { id } } } }";
    let variables = json!({ "id": cast.teacher.organisation, "space": cast.space });
    let text = world.ask(&cast.teacher, query, variables).await.to_string();
    assert!(!text.contains(&cast.stayer.account) && !text.contains(&cast.stayer.member));
    assert!(text.contains(&cast.mobile.account) && text.contains(&cast.mobile.member));
}

#[tokio::test]
async fn a_school_whose_only_staff_was_erased_gets_new_staff_from_the_administrator() {
    let world = World::new().await;
    let admin = world.administrator().await;
    let alder = world.organisation(&admin, "Alder").await;
    let cora = world.staff(&admin, alder, "Cora").await;
    erase(&world, &cora, &cora.account).await;
    world.staff(&admin, alder, "Dora").await;
}

#[tokio::test]
async fn the_server_completes_what_was_interrupted() {
    let (world, cast) = World::with_cast().await;
    let talk = talk(&world, &cast).await;
    assert_eq!(complete_erasures(world.app()).await.unwrap(), 0);
    let now = format!(
        "UPDATE account SET erased_at = created_at WHERE login = '{}'",
        cast.stayer.login
    );
    world.app().db.primary().execute_unprepared(&now).await.unwrap();
    for left in [1, 0] {
        assert_eq!(complete_erasures(world.app()).await.unwrap(), left);
    }
    assert_eq!(
        world.row(&talk.comment).await.unwrap().state,
        entity::enums::ContentState::Removed
    );
    let dump = world.dump().await;
    assert!(!dump["revision"].iter().any(|row| row.contains("Dark")));
}

#[tokio::test]
async fn much_takes_no_more_statements_than_little() {
    let (world, cast) = World::with_cast().await;
    let mut counts = Vec::new();
    for (who, comments) in [(&cast.stayer, 2), (&cast.mobile, 60)] {
        let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
        for number in 0..comments {
            world.comment(who, &thread, None, &format!("Comment {number}")).await;
        }
        let query = "mutation($input: AccountEraseInput!) { accountErase(input: $input) { userErrors { code } } }";
        let input = json!({ "input": { "accountId": who.account } });
        let answer = world.send(Some(&cast.teacher.token), query, input).await;
        assert_eq!(answer["data"]["accountErase"]["userErrors"], json!([]));
        assert_eq!(world.row(&thread).await.unwrap().comment_count, 0);
        counts.push(answer["extensions"]["stats"]["sql"].clone());
    }
    assert_eq!(counts[0], counts[1]);
}
