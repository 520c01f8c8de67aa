//! What is attached is seen by exactly those who see what it is attached to.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Cast, Person, World};

/// Hosts in every state and of every audience, by a pupil and by staff, each with a photo of their own that is not published.
async fn hosts(world: &World, cast: &Cast) -> Vec<(&'static str, String, String)> {
    let mut hosts = Vec::new();
    let mut shade = 0;
    for (who, kinds) in [
        (&cast.mobile, ["threadCreate", "journalEntryCreate"].as_slice()),
        (&cast.teacher, ["threadCreate"].as_slice()),
    ] {
        for &kind in kinds {
            for (audience, publish, act) in [
                ("SPACE", true, ""),
                ("STAFF", true, ""),
                ("AUTHOR", true, ""),
                ("SPACE", false, ""),
                ("SPACE", true, "Hide"),
                ("SPACE", true, "Remove"),
            ] {
                shade += 1;
                let photo = world.photo(who, cast, shade).await;
                let object = if kind == "threadCreate" {
                    "thread"
                } else {
                    "journalEntry"
                };
                let input = json!({ "phaseId": cast.during, "title": "T", "body": "B", "audience": audience,
                    "publish": publish, "attachmentIds": [photo] });
                let made = world.done(who, kind, input, &format!("{object} {{ id }}")).await;
                let host = made[object]["id"].as_str().unwrap().to_owned();
                match act {
                    "Hide" => world.act(&cast.coordinator, act, &host).await,
                    "Remove" => world.act(who, act, &host).await,
                    _ => {}
                }
                hosts.push((if act.is_empty() { audience } else { act }, host, photo));
            }
        }
    }
    let thread = world.thread(&cast.teacher, &cast.during, "Talk").await;
    for act in ["", "Hide", "Remove"] {
        shade += 1;
        let photo = world.photo(&cast.stayer, cast, shade).await;
        let input = json!({ "rootId": thread, "body": "Look", "attachmentIds": [photo] });
        let made = world.done(&cast.stayer, "commentCreate", input, "comment { id }").await;
        let host = made["comment"]["id"].as_str().unwrap().to_owned();
        match act {
            "Hide" => world.act(&cast.coordinator, act, &host).await,
            "Remove" => world.act(&cast.stayer, act, &host).await,
            _ => {}
        }
        hosts.push((act, host, photo));
    }
    hosts
}

/// Whether somebody reads a contribution, not only its placeholder.
async fn reads(world: &World, who: &Person, id: &str) -> bool {
    let seen = world.seen(who, id, "body").await;
    !seen.is_null() && !seen["body"].is_null()
}

#[tokio::test]
async fn an_attached_draft_is_seen_by_exactly_those_who_see_its_host() {
    let (world, cast) = World::with_cast().await;
    let hosts = hosts(&world, &cast).await;
    let people = [
        ("coordinator", &cast.coordinator),
        ("teacher", &cast.teacher),
        ("mentor", &cast.mentor),
        ("observer", &cast.observer),
        ("mobile", &cast.mobile),
        ("stayer", &cast.stayer),
        ("foreigner", &cast.foreigner),
    ];
    let mut answers = BTreeSet::new();
    for (name, host, photo) in &hosts {
        let author = world.row(photo).await.unwrap().author_id;
        for (role, who) in people {
            let is_own = crate::support::inner(&who.member) == author;
            let expected = is_own || reads(&world, who, host).await;
            let file = world.seen(who, photo, "file { status url }").await;
            assert_eq!(!file.is_null(), expected, "{role}: {name} {host}");
            if expected {
                assert!(file["file"]["url"].is_string(), "{role}: {name} {file}");
            }
            answers.insert((*name, expected));
        }
    }
    assert!(
        answers.len() > 8,
        "each host is seen by some and not by others: {answers:?}"
    );
}
