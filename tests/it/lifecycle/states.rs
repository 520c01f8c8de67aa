//! Who may do what to a contribution in each state, and what becomes of it: a table a state.

use crate::support::{Cast, Person, World};

const ACTS: [&str; 7] = ["Publish", "Withdraw", "Remove", "Approve", "Return", "Hide", "Restore"];

fn named<'a>(cast: &'a Cast, author: &'a Person, name: &str) -> &'a Person {
    match name {
        "author" => author,
        "classmate" => &cast.partner_pupil,
        "coordinator" => &cast.coordinator,
        "teacher" => &cast.teacher,
        "partner" => &cast.partner,
        "mentor" => &cast.mentor,
        "observer" => &cast.observer,
        "foreigner" => &cast.foreigner,
        other => panic!("nobody is called {other}"),
    }
}

/// Tries every act as everybody on a contribution that is new after each success. A line of `expected` is somebody, then what
/// comes of Publish, Withdraw, Remove, Approve, Return, Hide and Restore: the new state, `gone` with its row, `same` for a
/// success without an event, or the reason of the refusal; a last word stands for all that follow.
async fn table(kind: &str, state: &str, expected: &str) {
    let (world, cast) = World::with_stage().await;
    let author = if kind == "journalEntry" {
        &cast.mobile
    } else {
        &cast.stayer
    };
    let mut found = String::new();
    let mut wanted = String::new();
    for line in expected.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let mut words: Vec<&str> = line.split_whitespace().collect();
        let name = words.remove(0);
        words.resize(ACTS.len(), words.last().unwrap());
        let mut id = world.staged(&cast, kind, author, state).await;
        for (act, word) in ACTS.iter().zip(words) {
            let outcome = world.attempt(named(&cast, author, name), act, &id).await;
            wanted += &format!("{name} {act}: {word}\n");
            found += &format!("{name} {act}: {outcome}\n");
            if outcome != "same"
                && (outcome == "gone" || world.row(&id).await.is_none_or(|row| is_changed(&row, state)))
            {
                id = world.staged(&cast, kind, author, state).await;
            }
        }
    }
    assert_eq!(found, wanted, "{kind} {state}");
}

fn is_changed(row: &entity::contribution::Model, state: &str) -> bool {
    let now = match (&format!("{:?}", row.state).to_uppercase()[..], row.pending_version) {
        ("PUBLISHED", Some(_)) => "EDITED".to_owned(),
        (now, _) => now.to_owned(),
    };
    now != state
}

async fn roots(state: &str, expected: &str) {
    table("thread", state, expected).await;
    table("journalEntry", state, expected).await;
}

#[tokio::test]
async fn a_draft_obeys_its_author_and_exists_for_nobody_else() {
    let expected = "
        author      PUBLISHED same gone NEEDS_GRANT
        classmate   NOT_FOUND
        coordinator NOT_FOUND
        teacher     NOT_FOUND
        mentor      NOT_FOUND
        observer    NOT_FOUND
        foreigner   NOT_FOUND";
    roots("DRAFT", expected).await;
}

#[tokio::test]
async fn a_root_that_waits_obeys_its_author_and_staff() {
    let expected = "
        author      same DRAFT REMOVED NEEDS_GRANT
        classmate   NOT_FOUND
        coordinator NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED DRAFT STATE_NOT_ALLOWED
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED DRAFT STATE_NOT_ALLOWED
        partner     NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED DRAFT STATE_NOT_ALLOWED
        mentor      NOT_FOUND
        observer    NOT_FOUND
        foreigner   NOT_FOUND";
    roots("PENDING", expected).await;
}

#[tokio::test]
async fn a_published_root_is_withdrawn_by_its_author_and_hidden_by_staff() {
    let expected = "
        author      same DRAFT REMOVED NEEDS_GRANT
        classmate   NOT_AUTHOR NOT_AUTHOR NEEDS_GRANT
        coordinator NOT_AUTHOR NOT_AUTHOR REMOVED same STATE_NOT_ALLOWED HIDDEN same
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED same STATE_NOT_ALLOWED HIDDEN same
        partner     NOT_AUTHOR NOT_AUTHOR REMOVED same STATE_NOT_ALLOWED HIDDEN same
        mentor      NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        observer    NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        foreigner   NOT_FOUND";
    roots("PUBLISHED", expected).await;
}

#[tokio::test]
async fn a_published_root_with_an_edit_that_waits_is_approved_or_returned_by_staff() {
    let expected = "
        author      same DRAFT REMOVED NEEDS_GRANT
        classmate   NOT_AUTHOR NOT_AUTHOR NEEDS_GRANT
        coordinator NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED PUBLISHED HIDDEN same
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED PUBLISHED HIDDEN same
        partner     NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED PUBLISHED HIDDEN same
        mentor      NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        observer    NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        foreigner   NOT_FOUND";
    roots("EDITED", expected).await;
}

#[tokio::test]
async fn a_hidden_root_is_restored_or_removed_by_staff_alone() {
    let expected = "
        author      STATE_NOT_ALLOWED STATE_NOT_ALLOWED STATE_NOT_ALLOWED NEEDS_GRANT
        classmate   NOT_FOUND
        coordinator NOT_AUTHOR NOT_AUTHOR REMOVED STATE_NOT_ALLOWED STATE_NOT_ALLOWED same PUBLISHED
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED STATE_NOT_ALLOWED STATE_NOT_ALLOWED same PUBLISHED
        partner     NOT_AUTHOR NOT_AUTHOR REMOVED STATE_NOT_ALLOWED STATE_NOT_ALLOWED same PUBLISHED
        mentor      NOT_FOUND
        observer    NOT_FOUND
        foreigner   NOT_FOUND";
    roots("HIDDEN", expected).await;
}

#[tokio::test]
async fn a_removed_root_stays_removed() {
    let expected = "
        author      STATE_NOT_ALLOWED STATE_NOT_ALLOWED same NEEDS_GRANT
        classmate   NOT_FOUND
        coordinator NOT_AUTHOR NOT_AUTHOR same STATE_NOT_ALLOWED
        teacher     NOT_AUTHOR NOT_AUTHOR same STATE_NOT_ALLOWED
        mentor      NOT_FOUND
        foreigner   NOT_FOUND";
    roots("REMOVED", expected).await;
}

#[tokio::test]
async fn a_comment_that_was_taken_back_obeys_its_author_and_exists_for_nobody_else() {
    let expected = "
        author      PENDING same gone NEEDS_GRANT
        classmate   NOT_FOUND
        teacher     NOT_FOUND
        mentor      NOT_FOUND
        foreigner   NOT_FOUND";
    table("comment", "DRAFT", expected).await;
}

#[tokio::test]
async fn a_comment_that_waits_obeys_its_author_and_staff() {
    let expected = "
        author      same DRAFT REMOVED NEEDS_GRANT
        classmate   NOT_FOUND
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED DRAFT STATE_NOT_ALLOWED
        partner     NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED DRAFT STATE_NOT_ALLOWED
        mentor      NOT_FOUND
        observer    NOT_FOUND
        foreigner   NOT_FOUND";
    table("comment", "PENDING", expected).await;
}

#[tokio::test]
async fn a_published_comment_is_never_withdrawn() {
    let expected = "
        author      same STATE_NOT_ALLOWED REMOVED NEEDS_GRANT
        classmate   NOT_AUTHOR NOT_AUTHOR NEEDS_GRANT
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED same STATE_NOT_ALLOWED HIDDEN same
        partner     NOT_AUTHOR NOT_AUTHOR REMOVED same STATE_NOT_ALLOWED HIDDEN same
        mentor      NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        observer    NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        foreigner   NOT_FOUND";
    table("comment", "PUBLISHED", expected).await;
}

#[tokio::test]
async fn a_published_comment_with_an_edit_that_waits_is_approved_or_returned_by_staff() {
    let expected = "
        author      same STATE_NOT_ALLOWED REMOVED NEEDS_GRANT
        classmate   NOT_AUTHOR NOT_AUTHOR NEEDS_GRANT
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED PUBLISHED PUBLISHED HIDDEN same
        mentor      NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        foreigner   NOT_FOUND";
    table("comment", "EDITED", expected).await;
}

#[tokio::test]
async fn a_hidden_comment_is_a_placeholder_that_staff_restore_or_remove() {
    let expected = "
        author      STATE_NOT_ALLOWED STATE_NOT_ALLOWED STATE_NOT_ALLOWED NEEDS_GRANT
        classmate   NOT_AUTHOR NOT_AUTHOR NEEDS_GRANT
        teacher     NOT_AUTHOR NOT_AUTHOR REMOVED STATE_NOT_ALLOWED STATE_NOT_ALLOWED same PUBLISHED
        mentor      NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        observer    NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        foreigner   NOT_FOUND";
    table("comment", "HIDDEN", expected).await;
}

#[tokio::test]
async fn a_removed_comment_stays_removed() {
    let expected = "
        author      STATE_NOT_ALLOWED STATE_NOT_ALLOWED same NEEDS_GRANT
        classmate   NOT_AUTHOR NOT_AUTHOR NEEDS_GRANT
        teacher     NOT_AUTHOR NOT_AUTHOR same STATE_NOT_ALLOWED
        mentor      NOT_AUTHOR NOT_AUTHOR ROLE_NOT_ALLOWED
        foreigner   NOT_FOUND";
    table("comment", "REMOVED", expected).await;
}

/// In a closed phase: what is left of a table.
async fn closed(state: &str, expected: &str) {
    let (world, cast) = World::with_stage().await;
    for line in expected.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let id = world.staged(&cast, "thread", &cast.stayer, state).await;
        let phase = if matches!(state, "PENDING" | "EDITED") {
            &cast.after
        } else {
            &cast.during
        };
        let phase = serde_json::json!({ "phaseId": phase });
        world.done(&cast.coordinator, "phaseClose", phase.clone(), "").await;
        let outcome = world.attempt(named(&cast, &cast.stayer, words[0]), words[1], &id).await;
        assert_eq!(outcome, words[2], "{state}: {} {}", words[0], words[1]);
        let again = serde_json::json!({ "phaseId": phase["phaseId"], "reason": "Go on." });
        world.done(&cast.coordinator, "phaseReopen", again, "").await;
    }
}

#[tokio::test]
async fn in_a_closed_phase_a_draft_is_removed_but_not_published() {
    closed("DRAFT", "author Publish PHASE_NOT_OPEN\n author Remove gone").await;
}

#[tokio::test]
async fn in_a_closed_phase_staff_still_decide_about_what_waits() {
    let expected = "
        author  Withdraw PHASE_NOT_OPEN
        author  Remove   REMOVED
        teacher Approve  PUBLISHED
        teacher Return   DRAFT
        teacher Remove   REMOVED";
    closed("PENDING", expected).await;
    closed("EDITED", "teacher Approve PUBLISHED\n teacher Return PUBLISHED").await;
}

#[tokio::test]
async fn in_a_closed_phase_staff_still_hide_and_authors_still_remove() {
    let expected = "
        author  Withdraw PHASE_NOT_OPEN
        author  Remove   REMOVED
        teacher Hide     HIDDEN
        teacher Remove   REMOVED";
    closed("PUBLISHED", expected).await;
    closed("HIDDEN", "teacher Restore PUBLISHED").await;
}
