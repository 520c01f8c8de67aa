//! Mentions of members in texts.

use entity::account;
use sea_orm::{ActiveModelTrait, ActiveValue::Set};
use serde_json::{Value, json};

use crate::support::{Person, World, faults, inner};

const TEXT: &str = "body bodyHtml excerpt mentions { id displayName }";

fn span(member: &str, name: &str) -> String {
    format!("<span data-member=\"{member}\">@{name}</span>")
}

async fn rename(world: &World, who: &Person, name: &str) {
    let row = account::ActiveModel {
        id: Set(inner(&who.account)),
        display_name: Set(name.to_owned()),
        ..Default::default()
    };
    row.update(world.app().db.primary()).await.unwrap();
}

#[tokio::test]
async fn members_are_mentioned_by_id_and_shown_with_the_name_that_they_have_now() {
    let (world, cast) = World::with_cast().await;
    let (one, two) = (&cast.stayer.member, &cast.partner.member);
    let body = format!("Ask <@{one}> and **<@{two}>**, or <@{one}>.");
    let root = world
        .create(&cast.teacher, "thread", &cast.during, json!({ "body": body }))
        .await;
    let input = json!({ "rootId": root, "body": body });
    let payload = world.done(&cast.mobile, "commentCreate", input, "comment { id }").await;
    let comment = payload["comment"]["id"].as_str().unwrap().to_owned();
    let input = json!({ "body": body, "publish": true });
    let entry = world.create(&cast.mobile, "journalEntry", &cast.during, input).await;
    for (name, old) in [("Stan K.", None), ("St<b>an", Some("Stan K."))] {
        if old.is_some() {
            rename(&world, &cast.stayer, name).await;
        }
        for id in [&root, &comment, &entry] {
            let seen = world.seen(&cast.observer, id, TEXT).await;
            let shown = span(one, &name.replace('<', "&lt;").replace('>', "&gt;"));
            let expected = format!(
                "<p>Ask {shown} and <strong>{}</strong>, or {shown}.</p>\n",
                span(two, "Paula")
            );
            assert_eq!(seen["bodyHtml"], json!(expected));
            assert_eq!(seen["excerpt"], json!(format!("Ask @{name} and @Paula, or @{name}.")));
            assert_eq!(seen["body"], json!(body));
            let mentions = json!([{ "id": one, "displayName": name }, { "id": two, "displayName": "Paula" }]);
            assert_eq!(seen["mentions"], mentions);
        }
    }
}

#[tokio::test]
async fn who_is_no_member_of_the_space_is_no_mention() {
    let (world, cast) = World::with_cast().await;
    // The coordinator belongs to a second space; so does a member of it who is none of the first.
    let payload = world
        .done(
            &cast.coordinator,
            "spaceCreate",
            json!({ "title": "Second" }),
            "space { id }",
        )
        .await;
    let input = json!({ "spaceId": payload["space"]["id"], "rows": [{ "accountId": cast.bystander.account, "role": "PUPIL" }] });
    let payload = world
        .done(&cast.coordinator, "memberAdd", input, "results { membership { id } }")
        .await;
    let elsewhere = payload["results"][0]["membership"]["id"].as_str().unwrap().to_owned();
    let nobody = cast.stayer.member.replace(&cast.stayer.member[10..14], "0000");
    for id in [
        &elsewhere,
        &cast.foreigner.member,
        &nobody,
        &cast.stayer.account,
        &cast.space,
    ] {
        let body = format!("Who is <@{id}>?");
        let root = world
            .create(&cast.mobile, "thread", &cast.during, json!({ "body": body }))
            .await;
        for who in [&cast.coordinator, &cast.mobile] {
            let seen = world.seen(who, &root, TEXT).await;
            assert_eq!(seen["bodyHtml"], json!(format!("<p>Who is &lt;@{id}&gt;?</p>\n")));
            assert_eq!((&seen["excerpt"], &seen["mentions"]), (&json!(body), &json!([])));
        }
    }
}

#[tokio::test]
async fn who_has_left_is_still_shown() {
    let (world, cast) = World::with_cast().await;
    let body = format!("Thank <@{}>!", cast.partner_pupil.member);
    let root = world
        .create(&cast.teacher, "thread", &cast.during, json!({ "body": body }))
        .await;
    let input = json!({ "membershipId": cast.partner_pupil.member });
    world.done(&cast.partner, "memberRemove", input, "").await;
    let seen = world.seen(&cast.stayer, &root, TEXT).await;
    assert_eq!(seen["excerpt"], "Thank @Pim K.!");
    assert_eq!(seen["mentions"][0]["id"], json!(cast.partner_pupil.member));
}

#[tokio::test]
async fn an_edit_changes_mentions_and_a_waiting_version_has_its_own() {
    let (world, cast) = World::with_stage().await;
    let comment = world.staged(&cast, "comment", &cast.stayer, "EDITED").await;
    world
        .edit(
            &cast.stayer,
            &comment,
            json!({ "body": format!("<@{}>?", cast.mobile.member) }),
        )
        .await;
    let field = "mentions { id } pendingRevision { bodyHtml }";
    let seen = world.seen(&cast.teacher, &comment, field).await;
    assert_eq!(seen["mentions"], json!([]));
    let html = format!("<p>{}?</p>\n", span(&cast.mobile.member, "Moira K."));
    assert_eq!(seen["pendingRevision"]["bodyHtml"], json!(html));
    world.act(&cast.teacher, "Approve", &comment).await;
    let seen = world.seen(&cast.observer, &comment, "bodyHtml mentions { id }").await;
    assert_eq!(
        (&seen["bodyHtml"], &seen["mentions"]),
        (&json!(html), &json!([{ "id": cast.mobile.member }]))
    );
}

#[tokio::test]
async fn a_placeholder_mentions_nobody() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let body = format!("<@{}>!", cast.stayer.member);
    let comment = world.comment(&cast.mobile, &root, None, &body).await;
    world.act(&cast.teacher, "Hide", &comment).await;
    let seen = world.seen(&cast.stayer, &comment, TEXT).await;
    for (field, expected) in [
        ("bodyHtml", Value::Null),
        ("excerpt", Value::Null),
        ("mentions", json!([])),
    ] {
        assert_eq!(seen[field], expected);
    }
}

#[tokio::test]
async fn a_text_mentions_20_members_at_most() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let token = |number: usize| {
        let member = &cast.stayer.member;
        format!("<@{}{number:02}> ", &member[..member.len() - 2])
    };
    let body = (0..21).map(token).collect::<String>();
    let payload = world
        .mutate(
            &cast.stayer,
            "commentCreate",
            json!({ "rootId": root, "body": body }),
            "",
        )
        .await;
    assert_eq!(faults(&payload), ["INVALID/TOO_LONG at body"]);
    let body = (0..20).map(token).collect::<String>();
    world.comment(&cast.stayer, &root, None, &body).await;
}

#[tokio::test]
async fn mentions_cost_one_statement_however_many_there_are_and_none_without_them() {
    let (world, cast) = World::with_cast().await;
    world.thread(&cast.teacher, &cast.during, "Bread").await;
    let query = |fields: &str| {
        format!("query($id: ID!, $n: Int!) {{ space(id: $id) {{ threads(first: $n) {{ nodes {{ id {fields} }} }} }} }}")
    };
    let cost = async |fields: &str, count: usize| {
        let variables = json!({ "id": cast.space, "n": count });
        let answer = world.send(Some(&cast.stayer.token), &query(fields), variables).await;
        assert_eq!(
            answer["data"]["space"]["threads"]["nodes"].as_array().unwrap().len(),
            count
        );
        answer["extensions"]["stats"]["sql"].as_u64().unwrap()
    };
    let all = "bodyHtml excerpt mentions { displayName }";
    let plain = cost("id", 1).await;
    assert_eq!(cost(all, 1).await, plain);
    for who in [&cast.stayer, &cast.mobile, &cast.partner, &cast.observer, &cast.mentor] {
        let body = format!("<@{}> and <@{}>", who.member, cast.teacher.member);
        world
            .create(&cast.teacher, "thread", &cast.during, json!({ "body": body }))
            .await;
    }
    assert_eq!(cost(all, 1).await, plain + 1);
    assert_eq!(cost(all, 6).await, plain + 1);
}
