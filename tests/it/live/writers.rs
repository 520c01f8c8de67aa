//! Everything that members do, at random.

use std::sync::{Mutex, atomic::Ordering};

use serde_json::{Value, json};

use super::{nodes, rounds::Field};

const SPACE: &str = "query($id: ID!) { space(id: $id) {
    threads(first: 100) { nodes { id version author { id } comments(first: 100) { nodes { id version author { id } } } } }
    journalEntries(first: 100) { nodes { id version author { id } comments(first: 100) { nodes { id version author { id } } } } }
    moderationQueue(first: 5) { nodes { ... on Revision { version contribution { id } } } }
    phase(kind: DURING) { version } after: phase(kind: AFTER) { version }
    members(first: 100) { nodes { id version role } } } }";

/// What moderators have hidden: lists don't tell.
#[derive(Debug, Default)]
pub struct Hidden(Mutex<Vec<Value>>);

fn any<T: Copy>(of: &[T]) -> T {
    of[rand::random_range(0..of.len())]
}

fn with(base: &Value, more: Value) -> Value {
    let mut input = base.clone();
    for (key, value) in more.as_object().unwrap() {
        input[key] = value.clone();
    }
    input
}

impl Field {
    /// One thing that somebody does; that it is refused now and then is part of it.
    pub async fn lifecycle(&self, number: usize, is_pre: &mut bool) {
        let (node, cast) = (self.node(number), &self.cast);
        let people = [
            &cast.mobile,
            &cast.teacher,
            &cast.stayer,
            &cast.partner,
            &cast.partner_pupil,
        ];
        let who = any(&people);
        let staff = any(&[&cast.teacher, &cast.coordinator, &cast.partner]);
        let data = node.ask(&cast.coordinator, SPACE, json!({ "id": cast.space })).await;
        let space = &data["space"];
        let threads: Vec<_> = nodes(&space["threads"]).iter().collect();
        let roots: Vec<_> = threads.iter().copied().chain(nodes(&space["journalEntries"])).collect();
        if roots.is_empty() {
            self.world.thread(&cast.partner, &cast.during, "Bread").await;
            self.acts.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let root = any(&roots);
        let author = |of: &Value| {
            let author = people.iter().find(|person| of["author"]["id"] == person.member);
            *author.unwrap_or(&&cast.mobile)
        };
        let comments = nodes(&root["comments"]);
        let comment = (!comments.is_empty()).then(|| &comments[rand::random_range(0..comments.len())]);
        let target = comment.filter(|_| rand::random_range(0..3) > 0).unwrap_or(root);
        let contribution = json!({ "contributionId": target["id"] });
        let thread = if threads.is_empty() { root } else { any(&threads) };
        let (person, name, input) = match rand::random_range(0..25) {
            0..=6 => {
                let reply_to = comment.filter(|_| rand::random()).map(|comment| &comment["id"]);
                let input = json!({ "rootId": root["id"], "replyToId": reply_to, "body": format!("Word {number}.") });
                (who, "commentCreate", input)
            }
            7 => {
                let input = json!({ "phaseId": cast.during, "title": "New", "body": "Thread.", "publish": rand::random::<bool>() });
                (who, "threadCreate", input)
            }
            8 => {
                let input = json!({ "phaseId": cast.during, "title": "New", "body": "Entry.", "publish": rand::random::<bool>() });
                (&cast.mobile, "journalEntryCreate", input)
            }
            9 | 10 => {
                self.hidden.0.lock().unwrap().push(target["id"].clone());
                (
                    staff,
                    "contributionHide",
                    with(&contribution, json!({ "reason": "OTHER" })),
                )
            }
            11 | 12 => {
                let hidden = self.hidden.0.lock().unwrap().pop();
                let id = hidden.unwrap_or_else(|| target["id"].clone());
                (staff, "contributionRestore", json!({ "contributionId": id }))
            }
            13 => (author(target), "contributionRemove", contribution),
            14 => (
                author(root),
                "contributionWithdraw",
                json!({ "contributionId": root["id"] }),
            ),
            24 => {
                let query = "query { viewer { drafts(first: 1) { nodes { id version } } } }";
                let data = node.ask(who, query, json!({})).await;
                let draft = nodes(&data["viewer"]["drafts"]).first().unwrap_or(target).clone();
                let input = json!({ "contributionId": draft["id"], "expectedVersion": draft["version"] });
                (who, "contributionPublish", input)
            }
            15 => {
                let comment = comment.unwrap_or(root);
                let body = format!("Edit {number}.");
                let input = json!({ "commentId": comment["id"], "expectedVersion": comment["version"], "body": body });
                (author(comment), "commentUpdate", input)
            }
            16 | 17 => {
                let audience = any(&["AUTHOR", "STAFF", "SPACE", "SPACE", "SPACE"]);
                let (version, title) = (&thread["version"], format!("Title {number}"));
                let input = json!({ "threadId": thread["id"], "expectedVersion": version, "title": title, "audience": audience });
                (author(thread), "threadUpdate", input)
            }
            18 => {
                let name = any(&["threadPin", "threadUnpin", "threadLock", "threadUnlock"]);
                (staff, name, json!({ "threadId": thread["id"] }))
            }
            19 => {
                *is_pre = !*is_pre;
                let mode = if *is_pre { "PRE" } else { "POST" };
                let input =
                    json!({ "phaseId": cast.during, "expectedVersion": space["phase"]["version"], "moderation": mode });
                (&cast.coordinator, "phaseUpdate", input)
            }
            20 | 21 => match nodes(&space["moderationQueue"]).first() {
                Some(item) => {
                    let input =
                        json!({ "contributionId": item["contribution"]["id"], "expectedVersion": item["version"] });
                    match rand::random() {
                        true => (staff, "contributionApprove", input),
                        false => (
                            staff,
                            "contributionReturn",
                            with(&input, json!({ "note": "Once more." })),
                        ),
                    }
                }
                None => {
                    let version = &space["after"]["version"];
                    let input = json!({ "phaseId": cast.after, "expectedVersion": version, "title": format!("After {number}") });
                    (&cast.coordinator, "phaseUpdate", input)
                }
            },
            22 => {
                let row = json!({ "accountId": cast.bystander.account, "role": "PUPIL" });
                (
                    &cast.coordinator,
                    "memberAdd",
                    json!({ "spaceId": cast.space, "rows": [row] }),
                )
            }
            _ => {
                let newest = nodes(&space["members"]).last().unwrap();
                let mentor = nodes(&space["members"])
                    .iter()
                    .find(|member| member["id"] == cast.mentor.member)
                    .unwrap();
                match rand::random() {
                    // Whoever came last and isn't one of the cast.
                    true if nodes(&space["members"]).len() > 8 => (
                        &cast.coordinator,
                        "memberRemove",
                        json!({ "membershipId": newest["id"] }),
                    ),
                    _ => {
                        let role = if mentor["role"] == "MENTOR" {
                            "OBSERVER"
                        } else {
                            "MENTOR"
                        };
                        let input =
                            json!({ "membershipId": mentor["id"], "expectedVersion": mentor["version"], "role": role });
                        (&cast.coordinator, "memberUpdate", input)
                    }
                }
            }
        };
        node.mutate(person, name, input, "").await;
        self.acts.fetch_add(1, Ordering::Relaxed);
    }
}
