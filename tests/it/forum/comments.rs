//! Comments: their places below a root, and what takes them.

use serde_json::{Value, json};

use crate::support::{World, ids};

#[tokio::test]
async fn depth_stops_at_four_and_reply_to_stays_the_real_one() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut answered: Option<String> = None;
    for depth in [0, 1, 2, 3, 4, 4, 4] {
        world.later(1);
        let id = world.comment(&cast.stayer, &root, answered.as_deref(), "So.").await;
        let seen = world.seen(&cast.mobile, &id, "depth replyTo { id } root { id }").await;
        assert_eq!(seen["depth"], depth);
        assert_eq!(seen["replyTo"]["id"], json!(answered));
        assert_eq!(seen["root"]["id"], json!(root));
        answered = Some(id);
    }
}

#[tokio::test]
async fn comments_are_a_flat_list_in_order_of_time() {
    let (world, cast) = World::with_cast().await;
    for root in [
        world.thread(&cast.teacher, &cast.during, "Bread").await,
        world.entry(&cast.mobile, &cast.during, "Riga", true).await,
    ] {
        let mut made = Vec::new();
        for reply_to in [None, Some(0), Some(1), None, Some(0)] {
            world.later(1);
            let reply_to = reply_to.map(|place: usize| made[place]);
            let reply_to = reply_to.map(|id: &String| id.as_str());
            let id = world.comment(&cast.stayer, &root, reply_to, "So.").await;
            made.push(Box::leak(Box::new(id)));
        }
        let seen = world
            .seen(&cast.mobile, &root, "comments { totalCount nodes { id depth } }")
            .await;
        assert_eq!(
            ids(&seen["comments"]),
            made.iter().map(|id| id.to_string()).collect::<Vec<_>>()
        );
        assert_eq!(seen["comments"]["totalCount"], 5);
        let depths: Vec<_> = (0..5)
            .map(|place| seen["comments"]["nodes"][place]["depth"].clone())
            .collect();
        assert_eq!(depths, [0, 1, 2, 0, 1]);
    }
}

#[tokio::test]
async fn max_depth_leaves_out_deeper_comments_and_their_count() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut made: Vec<String> = Vec::new();
    for _ in 0..3 {
        world.later(1);
        let id = world
            .comment(&cast.stayer, &root, made.last().map(|id| &**id), "So.")
            .await;
        made.push(id);
    }
    for (max_depth, count) in [(0, 1), (1, 2), (2, 3), (4, 3)] {
        let selection = format!("comments(maxDepth: {max_depth}) {{ totalCount nodes {{ id }} }}");
        let seen = world.seen(&cast.mobile, &root, &selection).await;
        assert_eq!(ids(&seen["comments"]), made[..count]);
        assert_eq!(seen["comments"]["totalCount"], count);
    }
}

#[tokio::test]
async fn the_newest_comments_are_the_last_page() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut made: Vec<String> = Vec::new();
    for _ in 0..4 {
        world.later(1);
        made.push(world.comment(&cast.stayer, &root, None, "So.").await);
    }
    let selection = "comments(last: 2) { pageInfo { hasPreviousPage } nodes { id } }";
    let seen = world.seen(&cast.mobile, &root, selection).await;
    assert_eq!(ids(&seen["comments"]), made[2..]);
    assert_eq!(seen["comments"]["pageInfo"]["hasPreviousPage"], true);
}

#[tokio::test]
async fn replies_are_the_direct_answers() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let first = world.comment(&cast.stayer, &root, None, "One.").await;
    world.comment(&cast.stayer, &root, None, "Two.").await;
    let mut answers = Vec::new();
    for who in [&cast.mobile, &cast.partner_pupil] {
        world.later(1);
        answers.push(world.comment(who, &root, Some(&first), "Yes.").await);
    }
    world.later(1);
    world.comment(&cast.stayer, &root, Some(&answers[0]), "Deeper.").await;
    let selection = "replies { totalCount nodes { id depth } }";
    let seen = world.seen(&cast.mentor, &first, selection).await;
    assert_eq!(
        (ids(&seen["replies"]), &seen["replies"]["totalCount"]),
        (answers.clone(), &json!(2))
    );
    world.act(&cast.teacher, "Hide", &answers[1]).await;
    let seen = world
        .seen(&cast.mentor, &first, "replies { totalCount nodes { id body } }")
        .await;
    assert_eq!(
        (ids(&seen["replies"]), &seen["replies"]["nodes"][1]["body"]),
        (answers, &Value::Null)
    );
}

#[tokio::test]
async fn an_answer_belongs_to_the_root_of_what_it_answers() {
    let (world, cast) = World::with_cast().await;
    let (one, two) = (
        world.thread(&cast.teacher, &cast.during, "One").await,
        world.thread(&cast.teacher, &cast.during, "Two").await,
    );
    let comment = world.comment(&cast.stayer, &one, None, "Here.").await;
    let input = json!({ "rootId": two, "replyToId": comment, "body": "There." });
    let payload = world
        .mutate(
            &cast.stayer,
            "commentCreate",
            input,
            "comment { id } root { commentCount }",
        )
        .await;
    assert_eq!(payload["userErrors"][0]["code"], "NOT_FOUND");
    assert_eq!(payload["comment"], Value::Null);
    assert_eq!(payload["root"]["commentCount"], 0);
}

#[tokio::test]
async fn what_a_classmate_does_not_see_is_not_answered() {
    let (world, cast) = World::with_stage().await;
    let root = world.thread(&cast.teacher, &cast.after, "Bread").await;
    let waiting = world.comment(&cast.stayer, &root, None, "Waits.").await;
    let input = json!({ "rootId": root, "replyToId": waiting, "body": "Well." });
    assert_eq!(
        world.refused(&cast.mobile, "commentCreate", input.clone()).await,
        ["NOT_FOUND"]
    );
    assert_eq!(
        world.refused(&cast.teacher, "commentCreate", input).await,
        ["FORBIDDEN/STATE_NOT_ALLOWED"]
    );
}

#[tokio::test]
async fn a_placeholder_is_not_answered() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.stayer, &root, None, "Rude.").await;
    for act in ["Hide", "Remove"] {
        world.act(&cast.teacher, act, &comment).await;
        for who in [&cast.mobile, &cast.teacher] {
            let input = json!({ "rootId": root, "replyToId": comment, "body": "Well." });
            assert_eq!(
                world.refused(who, "commentCreate", input).await,
                ["FORBIDDEN/STATE_NOT_ALLOWED"]
            );
        }
    }
}

#[tokio::test]
async fn a_draft_takes_no_comments() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    let input = json!({ "rootId": id, "body": "Nice." });
    assert_eq!(
        world.refused(&cast.mobile, "commentCreate", input.clone()).await,
        ["FORBIDDEN/STATE_NOT_ALLOWED"]
    );
    for who in [&cast.stayer, &cast.teacher, &cast.foreigner] {
        assert_eq!(world.refused(who, "commentCreate", input.clone()).await, ["NOT_FOUND"]);
    }
}

#[tokio::test]
async fn a_hidden_or_removed_root_takes_no_comments() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    for act in ["Hide", "Remove"] {
        world.act(&cast.teacher, act, &id).await;
        let input = json!({ "rootId": id, "body": "Well." });
        for who in [&cast.stayer, &cast.teacher] {
            assert_eq!(
                world.refused(who, "commentCreate", input.clone()).await,
                ["FORBIDDEN/STATE_NOT_ALLOWED"]
            );
        }
        assert_eq!(world.refused(&cast.mobile, "commentCreate", input).await, ["NOT_FOUND"]);
    }
}

#[tokio::test]
async fn everybody_but_observers_comments_by_default() {
    let (world, cast) = World::with_cast().await;
    for root in [
        world.thread(&cast.teacher, &cast.during, "Bread").await,
        world.entry(&cast.mobile, &cast.during, "Riga", true).await,
    ] {
        let input = json!({ "rootId": root, "body": "Yes." });
        for who in [
            &cast.coordinator,
            &cast.teacher,
            &cast.partner,
            &cast.mentor,
            &cast.stayer,
            &cast.mobile,
        ] {
            world.done(who, "commentCreate", input.clone(), "").await;
        }
        assert_eq!(
            world.refused(&cast.observer, "commentCreate", input.clone()).await,
            ["FORBIDDEN/ROLE_NOT_ALLOWED"]
        );
        for who in [
            &cast.foreigner,
            &cast.foreign_pupil,
            &cast.colleague,
            &cast.bystander,
            &cast.admin,
        ] {
            assert_eq!(world.refused(who, "commentCreate", input.clone()).await, ["NOT_FOUND"]);
        }
    }
}

#[tokio::test]
async fn pupils_comment_only_where_the_phase_allows_it() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mine = world.comment(&cast.stayer, &root, None, "Before.").await;
    world
        .phase_set(&cast.coordinator, &cast.during, json!({ "allowsPupilComments": false }))
        .await;
    let input = json!({ "rootId": root, "body": "Yes." });
    assert_eq!(
        world.refused(&cast.stayer, "commentCreate", input.clone()).await,
        ["FORBIDDEN/ROLE_NOT_ALLOWED"]
    );
    for who in [&cast.teacher, &cast.mentor] {
        world.done(who, "commentCreate", input.clone(), "").await;
    }
    world.edit(&cast.stayer, &mine, json!({ "body": "After." })).await;
    world.thread(&cast.stayer, &cast.during, "Still").await;
}

#[tokio::test]
async fn a_comment_is_no_root() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.stayer, &root, None, "Said.").await;
    let input = json!({ "rootId": comment, "body": "Yes." });
    let payload = world
        .mutate(&cast.mobile, "commentCreate", input, "userErrors { field }")
        .await;
    assert_eq!(payload["userErrors"][0]["reason"], "MALFORMED");
    assert_eq!(payload["userErrors"][0]["field"], json!(["rootId"]));
}

#[tokio::test]
async fn a_foreign_root_is_not_found() {
    let (world, cast) = World::with_cast().await;
    let foreign = world.thread(&cast.foreigner, &cast.foreign_phase, "Far").await;
    let here = world.thread(&cast.teacher, &cast.during, "Near").await;
    let comment = world.comment(&cast.foreign_pupil, &foreign, None, "Far.").await;
    for input in [
        json!({ "rootId": foreign, "body": "Hello." }),
        json!({ "rootId": here, "replyToId": comment, "body": "Hello." }),
    ] {
        assert_eq!(world.refused(&cast.stayer, "commentCreate", input).await, ["NOT_FOUND"]);
    }
}
