//! Answers to prompts: kept with the text, tied to what was asked.

use serde_json::{Value, json};

use crate::support::{World, faults};

const ANSWERS: &str = "answers { promptId promptVersion question body bodyHtml }";

#[tokio::test]
async fn an_answer_stays_tied_to_the_words_that_were_asked() {
    let (world, cast) = World::with_cast().await;
    let prompt = world.prompt(&cast.teacher, &cast.during, "What now?").await;
    let answers = json!([{ "promptId": prompt, "body": "We *ran*. <script>x</script>" }]);
    let input = json!({ "publish": true, "week": "2026-W47", "answers": answers });
    let id = world.create(&cast.mobile, "journalEntry", &cast.during, input).await;
    let version = world.phase_version(&cast.teacher, &cast.during).await;
    let input = json!({ "phaseId": cast.during, "expectedVersion": version, "week": "2026-W47", "language": "en",
        "prompts": [{ "id": prompt, "question": "What then?" }] });
    world.done(&cast.teacher, "phasePromptsUpdate", input, "").await;
    let seen = world.seen(&cast.stayer, &id, ANSWERS).await["answers"][0].clone();
    assert_eq!(
        (&seen["promptId"], &seen["promptVersion"], &seen["question"]),
        (&json!(prompt), &json!(1), &json!("What now?"))
    );
    let html = seen["bodyHtml"].as_str().unwrap();
    assert!(html.contains("<em>ran</em>") && !html.contains("<script"), "{html}");
    let asked = async |answer: Value| {
        world.edit(&cast.mobile, &id, json!({ "answers": [answer] })).await;
        let answer = world.seen(&cast.mobile, &id, ANSWERS).await["answers"][0].clone();
        (answer["promptVersion"].as_i64().unwrap(), answer["question"].clone())
    };
    // The same answer stays where it was, a new one is to the newest words, or to those that the client names.
    let same = json!({ "promptId": prompt, "body": "We *ran*. <script>x</script>" });
    assert_eq!(asked(same.clone()).await, (1, json!("What now?")));
    let other = json!({ "promptId": prompt, "body": "We swam." });
    assert_eq!(asked(other.clone()).await, (2, json!("What then?")));
    let named = json!({ "promptId": prompt, "promptVersion": 1, "body": "We swam." });
    assert_eq!(asked(named).await, (1, json!("What now?")));
    world.edit(&cast.mobile, &id, json!({ "body": "Only this." })).await;
    assert_eq!(
        world.seen(&cast.mobile, &id, ANSWERS).await["answers"][0]["body"],
        "We swam."
    );
    world.edit(&cast.mobile, &id, json!({ "answers": null })).await;
    assert_eq!(world.seen(&cast.mobile, &id, ANSWERS).await["answers"], json!([]));
}

#[tokio::test]
async fn moderators_see_the_answers_of_what_waits_and_classmates_those_of_what_is_published() {
    let (world, cast) = World::with_stage().await;
    let prompt = world.prompt(&cast.teacher, &cast.after, "What now?").await;
    let answer = |body: &str| json!({ "answers": [{ "promptId": prompt, "body": body }] });
    let mut input = answer("One.");
    input["publish"] = json!(true);
    let id = world.create(&cast.mobile, "journalEntry", &cast.after, input).await;
    world.act(&cast.teacher, "Approve", &id).await;
    world.edit(&cast.mobile, &id, answer("Two.")).await;
    let selection = "answers { body } pendingRevision { answers { question body } }";
    let seen = world.seen(&cast.teacher, &id, selection).await;
    assert_eq!(seen["answers"], json!([{ "body": "One." }]));
    assert_eq!(
        seen["pendingRevision"]["answers"],
        json!([{ "question": "What now?", "body": "Two." }])
    );
    let seen = world.seen(&cast.stayer, &id, selection).await;
    assert_eq!(
        (&seen["answers"], &seen["pendingRevision"]),
        (&json!([{ "body": "One." }]), &Value::Null)
    );
    world.act(&cast.teacher, "Approve", &id).await;
    assert_eq!(
        world.seen(&cast.stayer, &id, selection).await["answers"],
        json!([{ "body": "Two." }])
    );
}

#[tokio::test]
async fn faults_of_answers_are_told_at_their_fields() {
    let (world, cast) = World::with_stage().await;
    let prompt = world.prompt(&cast.teacher, &cast.during, "What now?").await;
    let elsewhere = world.prompt(&cast.teacher, &cast.after, "What else?").await;
    let foreign = world.prompt(&cast.foreigner, &cast.foreign_phase, "What there?").await;
    let draft = world
        .create(&cast.mobile, "journalEntry", &cast.during, json!({}))
        .await;
    let many: Vec<_> = (0..11).map(|_| json!({ "promptId": prompt, "body": "B" })).collect();
    let before = (world.row(&draft).await, world.events().await);
    for (answers, fault) in [
        (
            json!([{ "promptId": elsewhere, "body": "B" }]),
            "NOT_FOUND at answers.0.promptId",
        ),
        (
            json!([{ "promptId": foreign, "body": "B" }]),
            "NOT_FOUND at answers.0.promptId",
        ),
        (
            json!([{ "promptId": cast.during, "body": "B" }]),
            "INVALID/MALFORMED at answers.0.promptId",
        ),
        (
            json!([{ "promptId": prompt, "promptVersion": 2, "body": "B" }]),
            "INVALID/OUT_OF_RANGE at answers.0.promptVersion",
        ),
        (
            json!([{ "promptId": prompt, "body": " " }]),
            "INVALID/REQUIRED at answers.0.body",
        ),
        (
            json!([{ "promptId": prompt, "body": "x".repeat(5_001) }]),
            "INVALID/TOO_LONG at answers.0.body",
        ),
        (
            json!([{ "promptId": prompt, "body": "A" }, { "promptId": prompt, "body": "B" }]),
            "INVALID/OUT_OF_RANGE at answers.1.promptId",
        ),
        (json!(many), "INVALID/TOO_LONG at answers"),
    ] {
        let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "answers": answers });
        let payload = world.mutate(&cast.mobile, "journalEntryCreate", input, "").await;
        assert_eq!(faults(&payload), [fault], "{answers}");
        let (name, input) = world.edit_input(&draft, json!({ "answers": answers })).await;
        let payload = world.mutate(&cast.mobile, name, input, "").await;
        assert_eq!(faults(&payload), [fault], "{answers}");
    }
    assert_eq!((world.row(&draft).await, world.events().await), before);
}

#[tokio::test]
async fn a_draft_saved_ten_times_a_second_stays_one_row_and_a_late_save_is_a_conflict_with_the_draft() {
    let (world, cast) = World::with_cast().await;
    let prompt = world.prompt(&cast.teacher, &cast.during, "What now?").await;
    let id = world.entry(&cast.mobile, &cast.during, "Riga", false).await;
    let before = world.events().await;
    let save = async |version: i64, body: &str| {
        let answers = json!([{ "promptId": prompt, "body": body }]);
        let input = json!({ "journalEntryId": id, "expectedVersion": version, "body": body, "answers": answers });
        let selection = "journalEntry { version body }";
        world.mutate(&cast.mobile, "journalEntryUpdate", input, selection).await
    };
    let mut version = 1;
    for second in 0..25 {
        // Four at once from the same version: a phone that doesn't wait. One wins, the others are told what is there now.
        let texts: Vec<_> = (0..4).map(|number| format!("Saved {second}.{number}.")).collect();
        let saved = <[Value; 4]>::from(tokio::join!(
            save(version, &texts[0]),
            save(version, &texts[1]),
            save(version, &texts[2]),
            save(version, &texts[3])
        ));
        let (done, late): (Vec<_>, Vec<_>) = saved.iter().partition(|payload| payload["userErrors"] == json!([]));
        assert_eq!((done.len(), late.len()), (1, 3), "{saved:?}");
        for late in late {
            assert_eq!(faults(late), ["CONFLICT/STALE_VERSION"]);
            assert_eq!(
                late["journalEntry"],
                json!({ "version": version + 1, "body": done[0]["journalEntry"]["body"] })
            );
        }
        version += 1;
    }
    assert_eq!((world.revisions(&id).await, world.events().await), (1, before));
    assert_eq!(world.row(&id).await.unwrap().version, 26);
}
