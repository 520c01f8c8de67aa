//! A round from its opening to its end: who reviews, who releases, who answers.

use std::collections::BTreeSet;

use sea_orm::ConnectionTrait;
use serde_json::{Value, json};
use sojourn::features::review;

use super::{ASSIGNMENT, Class, REVIEW, refused};
use crate::support::{faults, id_of, is_production};

#[tokio::test]
async fn everybody_who_stays_reviews_as_much() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let all = class.all(&round).await;
    assert_eq!(all.len(), 4);
    for stayer in &class.stayers {
        assert_eq!(all.iter().filter(|(who, _)| who.member == stayer.member).count(), 1);
    }
    for (_, assignment) in &all {
        assert_eq!(
            (&assignment["state"], &assignment["version"]),
            (&json!("ASSIGNED"), &json!(0))
        );
        assert!(!assignment["reasons"].as_array().unwrap().is_empty());
        assert_eq!(assignment["review"], Value::Null);
        assert_eq!(assignment["viewerCan"]["reviewSubmit"]["allowed"], true);
    }
    for who in [
        &class.cast.mobile,
        &class.cast.partner_pupil,
        &class.cast.teacher,
        &class.cast.foreigner,
    ] {
        assert_eq!(class.assignments(who, &round).await, Vec::<Value>::new());
    }
}

#[tokio::test]
async fn the_preview_is_what_opening_makes() {
    let class = Class::new().await;
    let round = class.round(json!({ "partnerMin": 1 })).await;
    let query = "query($id: ID!) { reviewRoundPreview(roundId: $id) { reviewerCount minLoad maxLoad repeatedPairs
        targets { contribution { id } missing missingPartner reviewers { reviewer { id } reasons { kind } } } } }";
    let data = class
        .world
        .ask(&class.cast.teacher, query, json!({ "id": round }))
        .await;
    let preview = &data["reviewRoundPreview"];
    assert_eq!(
        (&preview["reviewerCount"], &preview["minLoad"], &preview["maxLoad"]),
        (&json!(4), &json!(1), &json!(1))
    );
    let mut shown = BTreeSet::new();
    for target in preview["targets"].as_array().unwrap() {
        assert_eq!((&target["missing"], &target["missingPartner"]), (&json!(0), &json!(0)));
        for chosen in target["reviewers"].as_array().unwrap() {
            shown.insert((id_of(&chosen["reviewer"]), id_of(&target["contribution"])));
        }
    }
    assert_eq!(
        class.world.ask(&class.stayers[0], query, json!({ "id": round })).await["reviewRoundPreview"],
        Value::Null
    );
    class.step("Open", &round).await;
    let made: BTreeSet<_> = class
        .all(&round)
        .await
        .iter()
        .map(|(who, assignment)| (who.member.clone(), id_of(&assignment["snapshot"]["contribution"])))
        .collect();
    assert_eq!(made, shown);
}

#[tokio::test]
async fn staff_say_who_must_and_who_never() {
    let class = Class::new().await;
    let [one, other, ..] = &class.stayers[..] else {
        panic!("four stay")
    };
    let (riga, lille) = (&class.entries[0], &class.entries[1]);
    let mobile = &class.cast.mobile.member;
    let pairs = json!([
        { "kind": "MUST", "reviewerId": one.member, "contributionId": lille },
        { "kind": "NEVER", "reviewerId": one.member, "authorId": mobile },
        { "kind": "MUST", "reviewerId": other.member, "contributionId": riga },
        { "kind": "NEVER", "reviewerId": other.member, "contributionId": lille },
        // What can't be is said, not done: the same pair both ways.
        { "kind": "MUST", "reviewerId": one.member, "contributionId": riga },
    ]);
    let plan = json!({ "targetFilter": {}, "seed": "7", "pairs": pairs });
    let round = class.round(json!({ "plan": plan, "reviewsWanted": 3 })).await;
    let query = "query($id: ID!) { reviewRoundPreview(roundId: $id) {
        refusedPairs { barrier reviewer { id } contribution { id } } } }";
    let data = class
        .world
        .ask(&class.cast.teacher, query, json!({ "id": round }))
        .await;
    assert_eq!(
        data["reviewRoundPreview"]["refusedPairs"],
        json!([{ "barrier": "NEVER", "reviewer": { "id": one.member }, "contribution": { "id": riga } }])
    );
    class.step("Open", &round).await;
    for (who, work) in [(one, lille), (other, riga)] {
        let own = class.assignments(who, &round).await;
        assert_eq!(own.len(), 1, "the other one they must never");
        assert_eq!(&id_of(&own[0]["snapshot"]["contribution"]), work);
        let kinds = own[0]["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|why| why["kind"].clone());
        assert!(kinds.collect::<Vec<_>>().contains(&json!("MUST")));
    }
}

#[tokio::test]
async fn who_wrote_together_reads_and_answers_together() {
    let class = Class::new().await;
    let (mobile, partner) = (&class.cast.mobile, &class.cast.partner_pupil);
    let input = json!({ "publish": true, "week": "2026-W47", "coAuthorIds": [partner.member] });
    let entry = class
        .world
        .create(mobile, "journalEntry", &class.cast.during, input)
        .await;
    let plan = json!({ "targetIds": [entry] });
    let round = class.open(json!({ "plan": plan, "releasePolicy": "IMMEDIATE" })).await;
    let reviews = class.submit_all(&round).await;
    assert_eq!(reviews.len(), 2);
    class.step("Reflect", &round).await;
    for ((_, review), (says, hears)) in reviews.iter().zip([(partner, mobile), (mobile, partner)]) {
        let seen = class.review(says, review).await;
        assert_eq!(seen["answers"][0]["body"], "I noticed the colours.");
        assert_eq!(
            (&seen["by"], &seen["byline"]["kind"]),
            (&Value::Null, &json!("PSEUDONYM"))
        );
        let react = json!({ "reviewId": review, "reaction": "HELPFUL", "note": "We will add the colours." });
        class.world.done(says, "reviewReact", react, "").await;
        assert_eq!(class.review(hears, review).await["reaction"], "HELPFUL");
    }
}

#[tokio::test]
async fn a_draft_is_saved_without_a_sound() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (who, assignment) = class.all(&round).await.remove(0);
    let events = class.world.events().await;
    let answers = class.answers(&round, "Oh").await;
    let input = json!({ "assignmentId": assignment["id"], "expectedVersion": 0, "answers": answers });
    let saved = class.world.done(&who, "reviewSave", input.clone(), ASSIGNMENT).await;
    assert_eq!(
        (&saved["assignment"]["state"], &saved["assignment"]["version"]),
        (&json!("STARTED"), &json!(1))
    );
    assert_eq!(saved["assignment"]["answers"][0]["body"], "Oh");
    // The answer was lost: the same again is success.
    let again = class.world.done(&who, "reviewSave", input, ASSIGNMENT).await;
    assert_eq!(again["assignment"]["version"], 1);
    let stale = json!({ "assignmentId": assignment["id"], "expectedVersion": 0,
        "answers": class.answers(&round, "Something else").await });
    assert_eq!(
        refused(&class.world, &who, "reviewSave", stale).await,
        ["CONFLICT/STALE_VERSION"]
    );
    assert_eq!(class.world.events().await, events);
    // Staff see that it was begun, not what it says.
    let query = "query($id: ID!) { node(id: $id) { ... on ReviewAssignment { state answers { body } } } }";
    let seen = class
        .world
        .ask(&class.cast.teacher, query, json!({ "id": assignment["id"] }))
        .await;
    assert_eq!(seen["node"], json!({ "state": "STARTED", "answers": [] }));
    for who in [
        class.author(&assignment).await,
        &class.cast.observer,
        &class.cast.foreigner,
    ] {
        let seen = class.world.ask(who, query, json!({ "id": assignment["id"] })).await;
        assert_eq!(seen["node"], Value::Null);
    }
    // Too short to be handed in.
    let early = json!({ "assignmentId": assignment["id"], "expectedVersion": 1 });
    assert_eq!(
        refused(&class.world, &who, "reviewSubmit", early).await,
        ["INVALID/TOO_SHORT at answers.0.body"]
    );
}

#[tokio::test]
async fn a_review_changes_something() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (reviewer, assignment) = class.all(&round).await.remove(0);
    let author = class.author(&assignment).await;
    let entry = id_of(&assignment["snapshot"]["contribution"]);
    let review = class
        .submit(&reviewer, &round, &assignment, "I noticed the colours.")
        .await;
    assert_eq!(
        review.strip_prefix("review"),
        assignment["id"].as_str().unwrap().strip_prefix("assignment"),
        "a review has the id of its assignment"
    );
    // A repeated submit is success, whatever version it was made for.
    assert_eq!(
        class
            .submit(&reviewer, &round, &assignment, "I noticed the colours.")
            .await,
        review
    );

    // Released by a teacher, not before.
    assert_eq!(class.review(author, &review).await, Value::Null);
    assert_eq!(class.reviews_of(author, &entry).await, Vec::<Value>::new());
    let staff = class.review(&class.cast.teacher, &review).await;
    assert_eq!(
        (&staff["state"], &staff["by"]["id"]),
        (&json!("SUBMITTED"), &json!(reviewer.member))
    );
    assert_eq!(staff["viewerCan"]["reviewRelease"]["allowed"], true);
    let found = refused(&class.world, author, "reviewRelease", json!({ "reviewId": review })).await;
    assert_eq!(found, ["NOT_FOUND at reviewId"]);
    let found = refused(&class.world, &reviewer, "reviewRelease", json!({ "reviewId": review })).await;
    assert_eq!(found, ["FORBIDDEN/ROLE_NOT_ALLOWED"]);
    for _ in 0..2 {
        class
            .world
            .done(
                &class.cast.teacher,
                "reviewRelease",
                json!({ "reviewId": review }),
                REVIEW,
            )
            .await;
    }
    let seen = class.review(author, &review).await;
    assert_eq!(seen["state"], "RELEASED");
    assert_eq!(seen["answers"][0]["body"], "I noticed the colours.");
    assert_eq!(
        (
            &seen["by"],
            &seen["submittedAt"],
            &seen["releasedAt"],
            &seen["assignment"]
        ),
        (&Value::Null, &Value::Null, &Value::Null, &Value::Null)
    );
    assert_eq!(seen["byline"]["kind"], "PSEUDONYM");
    assert_eq!(class.reviews_of(author, &entry).await.len(), 1);
    // Released is read: it can't be changed any more.
    let late = json!({ "assignmentId": assignment["id"], "expectedVersion": 1,
        "answers": class.answers(&round, "I take it back").await });
    assert_eq!(
        refused(&class.world, &reviewer, "reviewSubmit", late).await,
        ["FORBIDDEN/STATE_NOT_ALLOWED"]
    );
    // Nobody else reads it.
    for who in [&class.cast.observer, &class.cast.mentor, &class.cast.foreigner] {
        assert_eq!(class.review(who, &review).await, Value::Null);
    }

    // The author answers in the reflection.
    let helpful = json!({ "reviewId": review, "reaction": "HELPFUL", "note": "I add the tram." });
    let found = refused(&class.world, author, "reviewReact", helpful.clone()).await;
    assert_eq!(found, ["FORBIDDEN/STATE_NOT_ALLOWED"]);
    class.step("Reflect", &round).await;
    for _ in 0..2 {
        let done = class.world.done(author, "reviewReact", helpful.clone(), REVIEW).await;
        assert_eq!(done["review"]["state"], "ACKNOWLEDGED");
    }
    let own = class.review(&reviewer, &review).await;
    assert_eq!(
        (&own["reaction"], &own["reactionNote"]),
        (&json!("HELPFUL"), &json!("I add the tram."))
    );
    let found = refused(&class.world, &reviewer, "reviewReact", helpful.clone()).await;
    assert_eq!(found, ["FORBIDDEN/NOT_AUTHOR"]);

    // What followed is linked, and what was reviewed stays as it was.
    let mut changed = helpful;
    changed["changeVersion"] = json!(2);
    let found = refused(&class.world, author, "reviewReact", changed.clone()).await;
    assert_eq!(found, ["INVALID/OUT_OF_RANGE at changeVersion"]);
    class
        .world
        .edit(author, &entry, json!({ "body": "Now with the tram." }))
        .await;
    let done = class.world.done(author, "reviewReact", changed, REVIEW).await;
    assert_eq!(done["review"]["change"]["body"], "Now with the tram.");
    let own = class.review(&reviewer, &review).await;
    assert_eq!(own["change"], json!({ "version": 2, "body": "Now with the tram." }));
    assert_eq!(own["snapshot"]["version"], 1);
    assert_ne!(own["snapshot"]["body"], "Now with the tram.");
}

#[tokio::test]
async fn what_an_earlier_release_has_rendered_is_rendered_anew() {
    let class = Class::new().await;
    let round = class.open(json!({ "instructions": "Be ~kind~\nalways." })).await;
    let (who, one) = class.all(&round).await.remove(0);
    let review = class.submit(&who, &round, &one, "I noticed ~5 km~\nof tram.").await;
    let query = "query($round: ID!, $review: ID!) { round: node(id: $round) { ... on ReviewRound { instructionsHtml version } } \
        review: node(id: $review) { ... on Review { answers { body bodyHtml } assignment { version } } } }";
    let shown = async || {
        let variables = json!({ "round": round, "review": review });
        class.world.ask(&who, query, variables).await
    };
    let before = shown().await;
    assert_eq!(before["round"]["instructionsHtml"], "<p>Be ~kind~<br>\nalways.</p>\n");
    assert_eq!(
        before["review"]["answers"][0]["bodyHtml"],
        "<p>I noticed ~5 km~<br>\nof tram.</p>\n"
    );
    let answers = match is_production() {
        true => "replace(answers::text, '<br>', '')::jsonb",
        false => "replace(answers, '<br>', '')",
    };
    let sql = format!(
        "UPDATE review_round SET instructions_html = 'old', renderer = 0; UPDATE review SET answers = {answers}, renderer = 0"
    );
    class.world.app().db.primary().execute_unprepared(&sql).await.unwrap();
    assert_ne!(shown().await, before);
    assert!(review::render_anew(class.world.app()).await.unwrap() > 1);
    assert_eq!(shown().await, before);
    assert_eq!(review::render_anew(class.world.app()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_assignment_is_given_back_once() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (who, first) = class.all(&round).await.remove(0);
    let entry = id_of(&first["snapshot"]["contribution"]);
    let input = json!({ "assignmentId": first["id"], "reason": "NO_TIME", "note": "A tournament." });
    for _ in 0..2 {
        let done = class.world.done(&who, "reviewDecline", input.clone(), ASSIGNMENT).await;
        assert_eq!(done["assignment"]["state"], "DECLINED");
    }
    class.world.work().await;
    // Somebody else has it now: one of those who didn't, and it isn't theirs.
    let all = class.all(&round).await;
    let now: Vec<_> = all
        .iter()
        .filter(|(_, one)| id_of(&one["snapshot"]["contribution"]) == entry && one["state"] == "ASSIGNED")
        .collect();
    assert_eq!(now.len(), 2);
    let kinds = |one: &Value| {
        one["reasons"]
            .as_array()
            .unwrap()
            .iter()
            .map(|why| why["kind"].clone())
            .collect::<Vec<_>>()
    };
    let new: Vec<_> = now
        .iter()
        .filter(|(_, one)| kinds(one).contains(&json!("REOFFERED")))
        .collect();
    assert_eq!(new.len(), 1);
    assert_ne!(new[0].0.member, who.member);
    // Nobody says no twice in a round.
    let (again, second) = new[0];
    class
        .world
        .done(
            again,
            "reviewDecline",
            json!({ "assignmentId": second["id"], "reason": "OTHER" }),
            "",
        )
        .await;
    class.world.work().await;
    let left = class.assignments(again, &round).await;
    let left: Vec<_> = left.iter().filter(|one| one["state"] == "ASSIGNED").collect();
    assert!(!left.is_empty(), "they had one before they were asked for another");
    for one in left {
        let twice = json!({ "assignmentId": one["id"], "reason": "OTHER" });
        assert_eq!(
            refused(&class.world, again, "reviewDecline", twice).await,
            ["FORBIDDEN/ALREADY_DECLINED"]
        );
    }
}

#[tokio::test]
async fn a_held_review_is_made_better_or_void() {
    let class = Class::new().await;
    let round = class.open(json!({ "releasePolicy": "AT_REFLECTION" })).await;
    let (reviewer, assignment) = class.all(&round).await.remove(0);
    let author = class.author(&assignment).await;
    let review = class.submit(&reviewer, &round, &assignment, "It is ugly.").await;
    let hold = json!({ "reviewId": review, "note": "Say what you saw." });
    for _ in 0..2 {
        class
            .world
            .done(&class.cast.teacher, "reviewHold", hold.clone(), REVIEW)
            .await;
    }
    assert_eq!(class.review(&reviewer, &review).await["staffNote"], "Say what you saw.");
    let better = json!({ "assignmentId": assignment["id"], "expectedVersion": 1,
        "answers": class.answers(&round, "I saw two colours.").await });
    class.world.done(&reviewer, "reviewSave", better, "").await;
    class.step("Reflect", &round).await;
    // Held is held: it isn't released with the others.
    assert_eq!(class.review(author, &review).await, Value::Null);
    let void = json!({ "reviewId": review, "note": "Not about the work." });
    for _ in 0..2 {
        let done = class
            .world
            .done(&class.cast.teacher, "reviewVoid", void.clone(), REVIEW)
            .await;
        assert_eq!(done["review"]["state"], "VOIDED");
    }
    let found = refused(
        &class.world,
        &class.cast.teacher,
        "reviewRelease",
        json!({ "reviewId": review }),
    )
    .await;
    assert_eq!(found, ["FORBIDDEN/STATE_NOT_ALLOWED"]);
    assert_eq!(class.review(author, &review).await, Value::Null);
    assert_eq!(
        class.review(&reviewer, &review).await["staffNote"],
        "Not about the work."
    );
}

#[tokio::test]
async fn at_the_reflection_all_is_released_and_the_rest_is_over() {
    let class = Class::new().await;
    let round = class.open(json!({ "releasePolicy": "AT_REFLECTION" })).await;
    let mut all = class.all(&round).await;
    let (left, _) = all.pop().unwrap();
    for (who, assignment) in &all {
        class.submit(who, &round, assignment, "I noticed the colours.").await;
    }
    class.step("Reflect", &round).await;
    for (who, assignment) in class.all(&round).await {
        let state = if who.member == left.member {
            "EXPIRED"
        } else {
            "RELEASED"
        };
        assert_eq!(assignment["state"], state);
        assert_eq!(assignment["viewerCan"]["reviewSave"]["allowed"], false);
    }
    let mut seen = 0;
    for (author, entry) in [&class.cast.mobile, &class.cast.partner_pupil]
        .into_iter()
        .zip(&class.entries)
    {
        seen += class.reviews_of(author, entry).await.len();
    }
    assert_eq!(seen, 3);
}

#[tokio::test]
async fn many_are_released_each_by_itself() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let all = class.all(&round).await;
    let mut ids = Vec::new();
    for (who, assignment) in &all[..3] {
        ids.push(class.submit(who, &round, assignment, "I noticed the colours.").await);
    }
    // One is begun, not submitted; one is no review; one is there twice.
    let (who, begun) = &all[3];
    let save =
        json!({ "assignmentId": begun["id"], "expectedVersion": 0, "answers": class.answers(&round, "I").await });
    class.world.done(who, "reviewSave", save, "").await;
    ids.push(begun["id"].as_str().unwrap().replace("assignment_", "review_"));
    ids.push("garbage".to_owned());
    ids.push(ids[0].clone());
    let input = json!({ "reviewIds": ids });
    const RESULTS: &str = "results { index review { id state } userErrors { code reason field } }";
    let before = class.world.events().await;
    for repeat in 0..2 {
        let done = class
            .world
            .done(&class.cast.teacher, "reviewsRelease", input.clone(), RESULTS)
            .await;
        let results = done["results"].as_array().unwrap();
        for (index, row) in results.iter().enumerate() {
            let expected = match index {
                3 => vec!["FORBIDDEN/STATE_NOT_ALLOWED at reviewIds.3".to_owned()],
                4 => vec!["INVALID/MALFORMED at reviewIds.4".to_owned()],
                _ => Vec::new(),
            };
            assert_eq!((row["index"].as_u64(), faults(row)), (Some(index as u64), expected));
            let shown = match index {
                3 | 4 => Value::Null,
                _ => json!({ "id": ids[index], "state": "RELEASED" }),
            };
            assert_eq!(row["review"], shown);
        }
        assert_eq!(
            class.world.events().await,
            before + 3,
            "once, whatever is repeated ({repeat})"
        );
    }
    for (who, expected) in [
        (&all[0].0, "FORBIDDEN/ROLE_NOT_ALLOWED at reviewIds.0"),
        (&class.cast.foreigner, "NOT_FOUND at reviewIds.0"),
    ] {
        let one = json!({ "reviewIds": [ids[0]] });
        let done = class.world.done(who, "reviewsRelease", one, RESULTS).await;
        assert_eq!(faults(&done["results"][0]), [expected]);
    }
    for (count, expected) in [
        (0, "INVALID/REQUIRED at reviewIds"),
        (101, "INVALID/TOO_LONG at reviewIds"),
    ] {
        let many = json!({ "reviewIds": vec![ids[0].clone(); count] });
        assert_eq!(
            refused(&class.world, &class.cast.teacher, "reviewsRelease", many).await,
            [expected]
        );
    }
}

#[tokio::test]
async fn a_round_that_shares_reviews_shows_them_to_all() {
    let class = Class::new().await;
    for is_shared in [false, true] {
        let round = class
            .open(json!({ "isShared": is_shared, "releasePolicy": "IMMEDIATE" }))
            .await;
        let (reviewer, assignment) = class.all(&round).await.remove(0);
        let entry = id_of(&assignment["snapshot"]["contribution"]);
        let review = class
            .submit(&reviewer, &round, &assignment, "I noticed the colours.")
            .await;
        for who in [&class.cast.observer, &class.cast.mentor] {
            let seen = class.review(who, &review).await;
            assert_eq!(!seen.is_null(), is_shared);
            assert_eq!(class.reviews_of(who, &entry).await.len(), usize::from(is_shared));
            if is_shared {
                assert_eq!(
                    (&seen["by"], &seen["byline"]["kind"]),
                    (&Value::Null, &json!("PSEUDONYM"))
                );
            }
        }
        assert_eq!(class.review(&class.cast.foreigner, &review).await, Value::Null);
        // What is taken out of sight takes its reviews along.
        if is_shared {
            class.world.act(&class.cast.teacher, "Hide", &entry).await;
            assert_eq!(class.review(&class.cast.observer, &review).await, Value::Null);
            assert_eq!(class.review(&reviewer, &review).await["snapshot"], Value::Null);
        }
    }
}

#[tokio::test]
async fn names_are_shown_at_the_end_if_the_round_says_so() {
    let class = Class::new().await;
    for reveals in [false, true] {
        let more = json!({ "anonymity": "DOUBLE_HIDDEN", "revealsNames": reveals, "releasePolicy": "AT_REFLECTION" });
        let round = class.open(more).await;
        let reviews = class.submit_all(&round).await;
        class.step("Reflect", &round).await;
        let (reviewer, review) = &reviews[0];
        let author = class.author(&class.review(&class.cast.teacher, review).await).await;
        for is_closed in [false, true] {
            if is_closed {
                class.step("Close", &round).await;
            }
            let is_shown = reveals && is_closed;
            let seen = class.review(author, review).await;
            assert_eq!(
                seen["by"]["id"],
                if is_shown { json!(reviewer.member) } else { Value::Null }
            );
            assert_eq!(seen["byline"]["kind"], if is_shown { "MEMBER" } else { "PSEUDONYM" });
            let own = class.review(reviewer, review).await;
            assert_eq!(
                own["snapshot"]["by"]["id"],
                if is_shown { json!(author.member) } else { Value::Null }
            );
            assert_eq!(own["snapshot"]["contribution"].is_null(), !is_shown);
        }
    }
}

#[tokio::test]
async fn authors_react_for_a_week_after_the_phase() {
    let class = Class::new().await;
    let round = class.open(json!({ "releasePolicy": "AT_REFLECTION" })).await;
    let reviews = class.submit_all(&round).await;
    class.step("Reflect", &round).await;
    class
        .world
        .phase_step(&class.cast.coordinator, "phaseClose", &class.cast.during)
        .await;
    class.world.later(7 * 86_400 - 60);
    let react = |review: &str| json!({ "reviewId": review, "reaction": "PARTLY_HELPFUL" });
    let (_, review) = &reviews[0];
    let author = class.author(&class.review(&class.cast.teacher, review).await).await;
    class.world.done(author, "reviewReact", react(review), "").await;
    class.world.later(120);
    let (_, review) = &reviews[1];
    let author = class.author(&class.review(&class.cast.teacher, review).await).await;
    assert_eq!(
        refused(&class.world, author, "reviewReact", react(review)).await,
        ["FORBIDDEN/TOO_LATE"]
    );
}

#[tokio::test]
async fn nobody_reviews_in_a_closed_phase() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (who, assignment) = class.all(&round).await.remove(0);
    class
        .world
        .phase_step(&class.cast.coordinator, "phaseClose", &class.cast.during)
        .await;
    let input = json!({ "assignmentId": assignment["id"], "expectedVersion": 0, "answers": class.answers(&round, "Words here").await });
    for name in ["reviewSave", "reviewSubmit"] {
        assert_eq!(
            refused(&class.world, &who, name, input.clone()).await,
            ["FORBIDDEN/PHASE_NOT_OPEN"]
        );
    }
}

#[tokio::test]
async fn rubrics_checklists_and_scales_are_answered_as_they_ask() {
    let class = Class::new().await;
    let level = |title: &str| json!({ "title": title, "description": "What that looks like." });
    let criteria = json!([
        { "kind": "RUBRIC", "title": "Detail", "isRequired": true, "levels": [level("Thin"), level("Rich")] },
        { "kind": "CHECKLIST", "title": "There is", "isRequired": true, "items": ["a place", "a person"] },
        { "kind": "SCALE", "title": "How curious", "isRequired": false,
          "scale": { "min": 1, "max": 5, "minLabel": "not", "maxLabel": "very" } },
    ]);
    let round = class.open(json!({ "criteria": criteria })).await;
    let (who, assignment) = class.all(&round).await.remove(0);
    let query = "query($id: ID!) { node(id: $id) { ... on ReviewRound { criteria { criterionId } } } }";
    let data = class.world.ask(&who, query, json!({ "id": round })).await;
    let id = |place: usize| data["node"]["criteria"][place]["criterionId"].clone();
    let input = |answers: Value| json!({ "assignmentId": assignment["id"], "expectedVersion": 0, "answers": answers });
    let empty = refused(&class.world, &who, "reviewSubmit", input(json!([]))).await;
    assert_eq!(
        empty,
        [
            "INVALID/REQUIRED at answers.0.level",
            "INVALID/REQUIRED at answers.1.checked"
        ]
    );
    let wrong = json!([{ "criterionId": id(0), "level": 2 }, { "criterionId": id(1), "checked": [2] }, { "criterionId": id(2), "value": 6 }]);
    let found = refused(&class.world, &who, "reviewSubmit", input(wrong)).await;
    assert_eq!(
        found,
        [
            "INVALID/OUT_OF_RANGE at answers.0.level",
            "INVALID/OUT_OF_RANGE at answers.1.checked",
            "INVALID/OUT_OF_RANGE at answers.2.value"
        ]
    );
    let right = json!([{ "criterionId": id(1), "checked": [1] }, { "criterionId": id(0), "level": 1 }]);
    let done = class.world.done(&who, "reviewSubmit", input(right), ASSIGNMENT).await;
    let review = class
        .review(&class.cast.teacher, &id_of(&done["assignment"]["review"]))
        .await;
    let said: Vec<_> = review["answers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["level"].clone(), one["checked"].clone()))
        .collect();
    assert_eq!(said, [(json!(1), Value::Null), (Value::Null, json!([1]))]);
}

#[tokio::test]
async fn who_takes_their_work_back_takes_no_review_along() {
    let class = Class::new().await;
    let round = class.open(json!({ "releasePolicy": "IMMEDIATE" })).await;
    let reviews = class.submit_all(&round).await;
    let entry = &class.entries[0];
    class.world.act(&class.cast.mobile, "Withdraw", entry).await;
    class.world.act(&class.cast.mobile, "Remove", entry).await;
    let mut bare = 0;
    for (reviewer, review) in &reviews {
        let own = class.review(reviewer, review).await;
        assert_eq!(own["answers"][0]["body"], "I noticed the colours.");
        bare += i32::from(own["snapshot"].is_null());
    }
    assert_eq!(bare, 2, "the two that are about it show nothing of it");
}

#[tokio::test]
async fn a_round_that_is_called_off_asks_nobody_any_more() {
    let class = Class::new().await;
    let round = class.open(json!({})).await;
    let (who, assignment) = class.all(&round).await.remove(0);
    class.submit(&who, &round, &assignment, "I noticed the colours.").await;
    for _ in 0..2 {
        class.step("Cancel", &round).await;
    }
    let states: Vec<_> = class
        .all(&round)
        .await
        .iter()
        .map(|(_, one)| one["state"].clone())
        .collect();
    assert_eq!(states.iter().filter(|state| **state == "EXPIRED").count(), 3);
    let (who, waiting) = class
        .all(&round)
        .await
        .into_iter()
        .find(|(_, one)| one["state"] == "EXPIRED")
        .unwrap();
    let input = json!({ "assignmentId": waiting["id"], "expectedVersion": 0, "answers": class.answers(&round, "Words here").await });
    assert_eq!(
        refused(&class.world, &who, "reviewSubmit", input).await,
        ["FORBIDDEN/STATE_NOT_ALLOWED"]
    );
    for step in ["Open", "Reflect", "Close"] {
        let input = json!({ "roundId": round });
        let found = refused(&class.world, &class.cast.teacher, &format!("reviewRound{step}"), input).await;
        assert_eq!(found, ["FORBIDDEN/STATE_NOT_ALLOWED"]);
    }
    class.world.later(30 * 86_400);
    class.world.work().await;
}
