//! Publishing, and who waits for a moderator.

use serde_json::{Value, json};

use crate::support::{Cast, Person, World, id_of};

/// The state in which a new published thread, entry or comment is.
async fn state_of_new(world: &World, who: &Person, kind: &str, phase: &str, fields: Value) -> Value {
    let mut input = fields;
    input["publish"] = json!(true);
    let id = world.create(who, kind, phase, input).await;
    world.field(who, &id, "state").await
}

async fn state_of_comment(world: &World, who: &Person, root: &str) -> Value {
    let id = world.comment(who, root, None, "Said.").await;
    world.field(who, &id, "state").await
}

#[tokio::test]
async fn under_post_what_pupils_write_is_published_at_once() {
    let (world, cast) = World::with_cast().await;
    assert_eq!(
        state_of_new(&world, &cast.stayer, "thread", &cast.during, json!({})).await,
        "PUBLISHED"
    );
    assert_eq!(
        state_of_new(&world, &cast.mobile, "journalEntry", &cast.during, json!({})).await,
        "PUBLISHED"
    );
    let root = world.thread(&cast.teacher, &cast.during, "Root").await;
    assert_eq!(state_of_comment(&world, &cast.stayer, &root).await, "PUBLISHED");
}

#[tokio::test]
async fn under_pre_what_all_but_staff_write_waits() {
    let (world, cast) = World::with_stage().await;
    let root = world.thread(&cast.teacher, &cast.after, "Root").await;
    for who in [&cast.stayer, &cast.mobile, &cast.partner_pupil, &cast.mentor] {
        assert_eq!(
            state_of_new(&world, who, "thread", &cast.after, json!({})).await,
            "PENDING"
        );
        assert_eq!(state_of_comment(&world, who, &root).await, "PENDING");
    }
    assert_eq!(
        state_of_new(&world, &cast.mobile, "journalEntry", &cast.after, json!({})).await,
        "PENDING"
    );
}

#[tokio::test]
async fn staff_never_wait() {
    let (world, cast) = World::with_stage().await;
    let root = world.thread(&cast.partner, &cast.after, "Root").await;
    let until = json!({ "preModeratedUntil": "2099-01-01T00:00:00Z" });
    world.member_set(&cast.coordinator, &cast.teacher.member, until).await;
    for who in [&cast.coordinator, &cast.teacher, &cast.partner] {
        assert_eq!(
            state_of_new(&world, who, "thread", &cast.after, json!({})).await,
            "PUBLISHED"
        );
        assert_eq!(state_of_comment(&world, who, &root).await, "PUBLISHED");
    }
}

#[tokio::test]
async fn a_pre_moderated_member_waits_in_a_post_phase_too() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Root").await;
    let until = json!({ "preModeratedUntil": "2099-01-01T00:00:00Z" });
    world.member_set(&cast.coordinator, &cast.stayer.member, until).await;
    assert_eq!(
        state_of_new(&world, &cast.stayer, "thread", &cast.during, json!({})).await,
        "PENDING"
    );
    assert_eq!(state_of_comment(&world, &cast.stayer, &root).await, "PENDING");
    assert_eq!(state_of_comment(&world, &cast.mobile, &root).await, "PUBLISHED");
}

#[tokio::test]
async fn pre_moderation_of_a_member_ends_at_its_time() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Root").await;
    let until = world.later(0) + chrono::TimeDelta::seconds(60);
    let until = json!({ "preModeratedUntil": until.to_rfc3339() });
    world.member_set(&cast.coordinator, &cast.stayer.member, until).await;
    world.later(59);
    assert_eq!(state_of_comment(&world, &cast.stayer, &root).await, "PENDING");
    world.later(1);
    assert_eq!(state_of_comment(&world, &cast.stayer, &root).await, "PUBLISHED");
}

#[tokio::test]
async fn pre_moderation_of_a_member_is_never_laxer_than_the_phase() {
    let (world, cast) = World::with_stage().await;
    let until = json!({ "preModeratedUntil": null });
    world.member_set(&cast.coordinator, &cast.stayer.member, until).await;
    assert_eq!(
        state_of_new(&world, &cast.stayer, "thread", &cast.after, json!({})).await,
        "PENDING"
    );
}

#[tokio::test]
async fn author_and_staff_audience_never_wait() {
    let (world, cast) = World::with_stage().await;
    for audience in ["AUTHOR", "STAFF"] {
        let fields = json!({ "audience": audience });
        assert_eq!(
            state_of_new(&world, &cast.mobile, "journalEntry", &cast.after, fields.clone()).await,
            "PUBLISHED"
        );
        assert_eq!(
            state_of_new(&world, &cast.stayer, "thread", &cast.after, fields).await,
            "PUBLISHED"
        );
    }
}

#[tokio::test]
async fn a_comment_waits_as_the_audience_of_its_root_says() {
    let (world, cast) = World::with_stage().await;
    let input = json!({ "audience": "STAFF", "publish": true });
    let root = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    assert_eq!(state_of_comment(&world, &cast.mobile, &root).await, "PUBLISHED");
}

#[tokio::test]
async fn a_draft_is_published_with_the_text_that_its_author_has_seen() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    world.edit(&cast.mobile, &id, json!({ "body": "Second words." })).await;
    let stale = json!({ "contributionId": id, "expectedVersion": 1 });
    let selection = "contribution { id version state body }";
    let payload = world
        .mutate(&cast.mobile, "contributionPublish", stale, selection)
        .await;
    assert_eq!(payload["userErrors"][0]["reason"], "STALE_VERSION");
    assert_eq!(
        payload["contribution"],
        json!({ "id": id, "version": 2, "state": "DRAFT", "body": "Second words." })
    );
    let input = json!({ "contributionId": id, "expectedVersion": 2 });
    let payload = world.done(&cast.mobile, "contributionPublish", input, selection).await;
    assert_eq!(
        payload["contribution"],
        json!({ "id": id, "version": 2, "state": "PUBLISHED", "body": "Second words." })
    );
}

#[tokio::test]
async fn a_draft_is_never_published_in_a_phase_that_is_planned() {
    let (world, cast) = World::with_cast().await;
    let draft = world
        .create(&cast.teacher, "thread", &cast.after, json!({ "publish": false }))
        .await;
    assert_eq!(world.attempt(&cast.teacher, "Publish", &draft).await, "PHASE_NOT_OPEN");
    let input = json!({ "phaseId": cast.after, "title": "T", "body": "B" });
    assert_eq!(
        world.refused(&cast.teacher, "threadCreate", input).await,
        ["FORBIDDEN/PHASE_NOT_OPEN"]
    );
}

#[tokio::test]
async fn only_staff_prepare_drafts_in_a_planned_phase() {
    let (world, cast) = World::with_cast().await;
    let input = json!({ "phaseId": cast.after, "title": "T", "body": "B", "publish": false });
    for who in [&cast.coordinator, &cast.teacher, &cast.partner] {
        world.done(who, "threadCreate", input.clone(), "").await;
    }
    for who in [&cast.mentor, &cast.stayer, &cast.mobile] {
        assert_eq!(
            world.refused(who, "threadCreate", input.clone()).await,
            ["FORBIDDEN/PHASE_NOT_OPEN"]
        );
    }
    assert_eq!(
        world.refused(&cast.mobile, "journalEntryCreate", input).await,
        ["FORBIDDEN/PHASE_NOT_OPEN"]
    );
}

#[tokio::test]
async fn a_draft_of_a_planned_phase_is_edited_and_removed_there() {
    let (world, cast) = World::with_cast().await;
    let draft = world
        .create(&cast.teacher, "thread", &cast.after, json!({ "publish": false }))
        .await;
    world.edit(&cast.teacher, &draft, json!({ "body": "More." })).await;
    assert_eq!(world.field(&cast.teacher, &draft, "body").await, "More.");
    world.act(&cast.teacher, "Remove", &draft).await;
    assert!(world.row(&draft).await.is_none());
}

#[tokio::test]
async fn in_a_closed_space_no_draft_is_edited() {
    let (world, cast) = World::with_cast().await;
    let draft = world
        .create(&cast.teacher, "thread", &cast.after, json!({ "publish": false }))
        .await;
    for phase in [&cast.preparation, &cast.during] {
        let input = json!({ "phaseId": phase });
        world.mutate(&cast.coordinator, "phaseClose", input, "").await;
    }
    let input = json!({ "spaceId": cast.space });
    world.done(&cast.coordinator, "spaceClose", input, "").await;
    let (name, input) = world.edit_input(&draft, json!({ "body": "More." })).await;
    assert_eq!(
        world.refused(&cast.teacher, name, input).await,
        ["FORBIDDEN/PHASE_NOT_OPEN"]
    );
}

/// A draft is published under the rules of now, not those under which it was begun.
#[tokio::test]
async fn what_one_may_no_longer_begin_is_no_longer_published() {
    let (world, cast) = World::with_stage().await;
    let thread = world.staged(&cast, "thread", &cast.stayer, "DRAFT").await;
    let comment = world.staged(&cast, "comment", &cast.stayer, "DRAFT").await;
    let entry = world.staged(&cast, "journalEntry", &cast.mobile, "DRAFT").await;
    let flags = json!({ "allowsPupilThreads": false, "allowsPupilComments": false });
    for phase in [&cast.during, &cast.after] {
        world.phase_set(&cast.coordinator, phase, flags.clone()).await;
    }
    for (id, reason) in [(&thread, "NEEDS_GRANT"), (&comment, "ROLE_NOT_ALLOWED")] {
        assert_eq!(world.attempt(&cast.stayer, "Publish", id).await, reason);
    }
    let home = json!({ "mobilityStatus": "NON_MOBILE" });
    world.member_set(&cast.coordinator, &cast.mobile.member, home).await;
    assert_eq!(world.attempt(&cast.mobile, "Publish", &entry).await, "NOT_MOBILE");
}

#[tokio::test]
async fn nothing_is_begun_in_a_closed_phase() {
    let (world, cast) = World::with_cast().await;
    let root = world.thread(&cast.teacher, &cast.during, "Root").await;
    let close = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", close, "").await;
    for is_published in [true, false] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "publish": is_published });
        for who in [&cast.coordinator, &cast.mobile] {
            assert_eq!(
                world.refused(who, "threadCreate", input.clone()).await,
                ["FORBIDDEN/PHASE_NOT_OPEN"]
            );
        }
        assert_eq!(
            world.refused(&cast.mobile, "journalEntryCreate", input).await,
            ["FORBIDDEN/PHASE_NOT_OPEN"]
        );
    }
    let input = json!({ "rootId": root, "body": "B" });
    assert_eq!(
        world.refused(&cast.coordinator, "commentCreate", input).await,
        ["FORBIDDEN/PHASE_NOT_OPEN"]
    );
}

#[tokio::test]
async fn a_draft_made_no_event_and_its_publication_makes_one() {
    let (world, cast) = World::with_cast().await;
    let before = world.events().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    assert_eq!(world.events().await, before);
    world.act(&cast.mobile, "Publish", &id).await;
    assert_eq!(world.events().await, before + 1);
}

#[tokio::test]
async fn removing_a_draft_takes_its_row_and_makes_no_event() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    let before = world.events().await;
    let input = json!({ "contributionId": id });
    let selection = "contribution { id } deletedContributionId";
    let payload = world.done(&cast.mobile, "contributionRemove", input, selection).await;
    assert_eq!(payload["contribution"], Value::Null);
    assert_eq!(payload["deletedContributionId"], json!(id));
    assert!(world.row(&id).await.is_none());
    assert_eq!(world.revisions(&id).await, 0);
    assert_eq!(world.events().await, before);
}

#[tokio::test]
async fn a_withdrawn_entry_is_published_again_with_its_new_text() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    let published = world.row(&id).await.unwrap();
    world.later(60);
    world.act(&cast.mobile, "Withdraw", &id).await;
    world.edit(&cast.mobile, &id, json!({ "body": "Anew." })).await;
    assert_eq!(world.seen(&cast.stayer, &id, "body").await, Value::Null);
    world.act(&cast.mobile, "Publish", &id).await;
    assert_eq!(world.field(&cast.stayer, &id, "body").await, "Anew.");
    let again = world.row(&id).await.unwrap();
    assert_eq!(
        (again.published_at, again.listed_at),
        (published.published_at, published.listed_at)
    );
}

#[tokio::test]
async fn a_thread_with_replies_is_not_withdrawn() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.stayer, &cast.during, "Bread").await;
    world.comment(&cast.mobile, &id, None, "Dark!").await;
    assert_eq!(world.attempt(&cast.stayer, "Withdraw", &id).await, "HAS_REPLIES");
    assert_eq!(world.field(&cast.mobile, &id, "state").await, "PUBLISHED");
}

#[tokio::test]
async fn replies_that_wait_or_are_hidden_keep_a_thread_and_removed_ones_do_not() {
    let (world, cast) = World::with_stage().await;
    let query =
        "query($id: ID!) { node(id: $id) { ... on Thread { viewerCan { contributionWithdraw { allowed reason } } } } }";
    for (state, phase) in [("PENDING", &cast.after), ("HIDDEN", &cast.during)] {
        let id = world.thread(&cast.teacher, phase, "Bread").await;
        let reply = world.comment(&cast.mobile, &id, None, "Dark!").await;
        if state == "HIDDEN" {
            world.act(&cast.teacher, "Hide", &reply).await;
        }
        assert_eq!(
            world.attempt(&cast.teacher, "Withdraw", &id).await,
            "HAS_REPLIES",
            "{state}"
        );
        let can = world.ask(&cast.teacher, query, json!({ "id": id })).await;
        let can = &can["node"]["viewerCan"]["contributionWithdraw"];
        assert_eq!(*can, json!({ "allowed": false, "reason": "HAS_REPLIES" }));
        world.act(&cast.teacher, "Remove", &reply).await;
        assert_eq!(world.attempt(&cast.teacher, "Withdraw", &id).await, "DRAFT", "{state}");
    }
}

#[tokio::test]
async fn a_journal_entry_with_comments_is_withdrawn_with_them() {
    let (world, cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    let comment = world.comment(&cast.stayer, &id, None, "Nice!").await;
    assert_eq!(world.attempt(&cast.mobile, "Withdraw", &id).await, "DRAFT");
    assert_eq!(world.seen(&cast.stayer, &comment, "state").await, Value::Null);
    world.act(&cast.mobile, "Publish", &id).await;
    assert_eq!(world.field(&cast.stayer, &comment, "state").await, "PUBLISHED");
}

/// What a classmate's screen loses, the payload names; what the author keeps, it carries.
#[tokio::test]
async fn a_withdrawal_carries_the_draft_that_is_left() {
    let (world, cast): (World, Cast) = World::with_cast().await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", true).await;
    let input = json!({ "contributionId": id });
    let selection = "contribution { id state } root { id } deletedContributionId";
    let payload = world.done(&cast.mobile, "contributionWithdraw", input, selection).await;
    assert_eq!(payload["contribution"], json!({ "id": id, "state": "DRAFT" }));
    assert_eq!(id_of(&payload["root"]), id);
    assert_eq!(payload["deletedContributionId"], Value::Null);
}
