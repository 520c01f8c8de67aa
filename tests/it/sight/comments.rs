//! Comments: seen by who sees their root, subject to their own state.

use entity::enums::{Audience, ContentState};
use serde_json::{Value, json};

use super::{AUDIENCES, STATES, Who, everybody, put};
use crate::support::{Cast, Person, World, ids};

const TEXT: &str = "state body bodyHtml excerpt language author { id } byline { kind name organisation { id } }";

/// A comment of the stayer on a published thread of the mobile pupil.
async fn comment(world: &World, cast: &Cast) -> (String, String) {
    let root = world.thread(&cast.mobile, &cast.during, "Bread").await;
    let id = world.comment(&cast.stayer, &root, None, "Words.").await;
    (root, id)
}

/// The rule below a published root that everybody sees.
fn is_seen(who: Who, state: ContentState) -> bool {
    match who {
        Who::Author => true,
        Who::Staff => state != ContentState::Draft,
        Who::Member => !matches!(state, ContentState::Draft | ContentState::Pending),
        Who::Foreigner => false,
    }
}

#[tokio::test]
async fn a_comment_is_seen_as_its_state_says_and_hidden_ones_as_placeholders() {
    let (world, cast) = World::with_cast().await;
    let (_, id) = comment(&world, &cast).await;
    for state in STATES {
        put(&world, &id, state, Audience::Space).await;
        for (person, relation, who) in everybody(&cast, &cast.stayer) {
            let found = world.seen(who, &id, TEXT).await;
            let case = format!("{state:?} {person}");
            if !is_seen(relation, state) {
                assert_eq!(found, Value::Null, "{case}");
                continue;
            }
            let is_blank = matches!(state, ContentState::Hidden | ContentState::Removed) && relation == Who::Member;
            if is_blank {
                for field in ["body", "bodyHtml", "excerpt", "language", "author"] {
                    assert_eq!(found[field], Value::Null, "{case} {field}");
                }
                let byline = json!({ "kind": "WITHHELD", "name": null, "organisation": null });
                assert_eq!(found["byline"], byline, "{case}");
            } else {
                assert_eq!(found["body"], "Words.", "{case}");
                assert_eq!(found["bodyHtml"], "<p>Words.</p>\n", "{case}");
                assert_eq!(
                    (&found["excerpt"], &found["language"]),
                    (&json!("Words."), &json!("lv")),
                    "{case}"
                );
                assert_eq!(found["author"]["id"], json!(cast.stayer.member), "{case}");
                assert_eq!(found["byline"]["kind"], "MEMBER", "{case}");
            }
        }
    }
}

#[tokio::test]
async fn lists_of_comments_hold_what_is_seen_but_drafts() {
    let (world, cast) = World::with_cast().await;
    let (root, id) = comment(&world, &cast).await;
    for state in STATES {
        put(&world, &id, state, Audience::Space).await;
        for (person, relation, who) in everybody(&cast, &cast.stayer) {
            let found = world.seen(who, &root, "comments { totalCount nodes { id } }").await;
            if relation == Who::Foreigner {
                assert_eq!(found, Value::Null, "{person}");
                continue;
            }
            let is_listed = state != ContentState::Draft && is_seen(relation, state);
            let expected = if is_listed { vec![id.clone()] } else { vec![] };
            assert_eq!(ids(&found["comments"]), expected, "{state:?} {person}");
            assert_eq!(found["comments"]["totalCount"], expected.len(), "{state:?} {person}");
        }
    }
}

#[tokio::test]
async fn a_comment_follows_its_root_in_every_state_and_audience() {
    let (world, cast) = World::with_cast().await;
    let (root, id) = comment(&world, &cast).await;
    let answer = world.comment(&cast.mobile, &root, Some(&id), "Answer.").await;
    for state in STATES {
        for audience in AUDIENCES {
            put(&world, &root, state, audience).await;
            for (person, _, who) in everybody(&cast, &cast.stayer) {
                let is_root_seen = world.seen(who, &root, "id").await != Value::Null;
                for id in [&id, &answer] {
                    let found = world.seen(who, id, "audience root { id }").await;
                    let case = format!("{state:?} {audience:?} {person}");
                    assert_eq!(found != Value::Null, is_root_seen, "{case}");
                    if is_root_seen {
                        assert_eq!(found["root"]["id"], json!(root), "{case}");
                        assert_eq!(found["audience"], super::name(&audience), "{case}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_author_of_a_comment_loses_sight_of_it_with_its_root() {
    let (world, cast) = World::with_cast().await;
    let (root, id) = comment(&world, &cast).await;
    world.edit(&cast.mobile, &root, json!({ "audience": "STAFF" })).await;
    assert_eq!(world.seen(&cast.stayer, &id, "id").await, Value::Null);
    assert_eq!(world.attempt(&cast.stayer, "Remove", &id).await, "NOT_FOUND");
    world.edit(&cast.mobile, &root, json!({ "audience": "SPACE" })).await;
    assert_eq!(world.field(&cast.stayer, &id, "body").await, "Words.");
}

#[tokio::test]
async fn a_hidden_comment_stays_in_the_thread_and_its_answers_stay_below_it() {
    let (world, cast) = World::with_cast().await;
    let (root, id) = comment(&world, &cast).await;
    let answer = world.comment(&cast.partner_pupil, &root, Some(&id), "Answer.").await;
    world.act(&cast.teacher, "Hide", &id).await;
    let selection = "comments { nodes { id body replyTo { id body byline { kind } } } }";
    let seen = world.seen(&cast.mobile, &root, selection).await;
    assert_eq!(ids(&seen["comments"]), [id.clone(), answer.clone()]);
    let answered = &seen["comments"]["nodes"][1]["replyTo"];
    assert_eq!(
        *answered,
        json!({ "id": id, "body": null, "byline": { "kind": "WITHHELD" } })
    );
}

#[tokio::test]
async fn an_answer_to_what_waits_again_is_seen_without_it() {
    let (world, cast) = World::with_cast().await;
    let (root, id) = comment(&world, &cast).await;
    let answer = world.comment(&cast.partner_pupil, &root, Some(&id), "Answer.").await;
    put(&world, &id, ContentState::Pending, Audience::Space).await;
    let seen = world.seen(&cast.mobile, &answer, "body depth replyTo { id }").await;
    assert_eq!((&seen["body"], &seen["replyTo"]), (&json!("Answer."), &Value::Null));
}

/// Fields that a placeholder must not fill in by another way.
#[tokio::test]
async fn a_placeholder_tells_nothing_through_other_fields() {
    let (world, cast) = World::with_cast().await;
    let (root, id) = comment(&world, &cast).await;
    world.act(&cast.teacher, "Hide", &id).await;
    let blank = async |who: &Person| {
        let selection =
            "state version pendingRevision { id } lastDecision { kind } revisions { totalCount nodes { id } }";
        let seen = world.seen(who, &id, selection).await;
        assert_eq!(seen["state"], "HIDDEN");
        assert_eq!(
            (&seen["pendingRevision"], &seen["lastDecision"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(seen["revisions"], json!({ "totalCount": 0, "nodes": [] }));
    };
    for who in [&cast.mobile, &cast.partner_pupil, &cast.mentor, &cast.observer] {
        blank(who).await;
    }
    let last = world.seen(&cast.mobile, &root, "commentCount lastComment { id }").await;
    assert_eq!((&last["commentCount"], &last["lastComment"]), (&json!(0), &Value::Null));
}
