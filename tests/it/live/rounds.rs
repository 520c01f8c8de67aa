//! Going live without a gap: what a client loads, with what it is told behind the `eventCursor` of that, is what it would
//! load in the end. While others write all the time.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::{Map, Value, json};
use tokio::task::JoinSet;

use super::{mark, nodes, writers::Hidden};
use crate::support::{Cast, Node, Person, World, is_long, is_production};

/// Rounds that share a world.
const BATCH: usize = 25;
/// Writers, and what each of them does.
const WRITERS: usize = 4;
const ACTS: usize = 40;

const COMMENT: &str = "__typename id state body version depth replyTo { id } root { id }";
const THREAD: &str = "__typename id state audience body version title isPinned isLocked commentCount lastActivityAt";
const ENTRY: &str = "__typename id state audience body version title week commentCount lastActivityAt";
const COUNTERS: &str = "id commentCount lastActivityAt";
const PHASE: &str = "id state title version moderation";
const MEMBER: &str = "id displayName role leftAt version";
const SPACE: &str = "id title state version";

fn page() -> String {
    let roots = |fields: &str| format!("nodes {{ {fields} comments(first: 100) {{ nodes {{ {COMMENT} }} }} }}");
    let (threads, entries) = (roots(THREAD), roots(ENTRY));
    format!(
        "query($id: ID!) {{ space(id: $id) {{ eventCursor {SPACE} phases {{ {PHASE} }}
            members(first: 100) {{ nodes {{ {MEMBER} }} }}
            threads(first: 100) {{ {threads} }} journalEntries(first: 100) {{ {entries} }} }} }}"
    )
}

fn subscription() -> String {
    format!(
        "subscription($id: ID!, $after: String) {{ spaceEvents(spaceId: $id, after: $after) {{ __typename cursor
            ... on ContributionEvent {{ root {{ {COUNTERS} }}
                contribution {{ ... on Comment {{ {COMMENT} }} ... on Thread {{ {THREAD} }} ... on JournalEntry {{ {ENTRY} }} }} }}
            ... on ContributionGone {{ deletedContributionId root {{ {COUNTERS} }} }}
            ... on PhaseEvent {{ phase {{ {PHASE} }} }} ... on MemberEvent {{ member {{ {MEMBER} }} }}
            ... on SpaceSettingsEvent {{ space {{ {SPACE} }} }} }} }}"
    )
}

/// What a client keeps: objects by id.
#[derive(Debug, Default, PartialEq)]
struct Screen(BTreeMap<String, Map<String, Value>>);

impl Screen {
    fn set(&mut self, object: &Value) {
        let mut object = object.as_object().unwrap().clone();
        object.remove("comments");
        self.0.insert(object["id"].as_str().unwrap().to_owned(), object);
    }

    fn of(page: &Value) -> Self {
        let mut screen = Self::default();
        let mut space = page["space"].clone();
        let fields = space.as_object_mut().unwrap();
        let lists = ["phases", "members", "threads", "journalEntries"].map(|name| fields.remove(name).unwrap());
        fields.remove("eventCursor");
        screen.set(&space);
        let [phases, members, threads, entries] = &lists;
        for object in phases.as_array().unwrap().iter().chain(nodes(members)) {
            screen.set(object);
        }
        for root in nodes(threads).iter().chain(nodes(entries)) {
            screen.set(root);
            for comment in nodes(&root["comments"]) {
                screen.set(comment);
            }
        }
        screen
    }

    fn has(&self, id: Option<&str>) -> bool {
        id.is_some_and(|id| self.0.contains_key(id))
    }

    /// Takes a contribution off, and what hangs on it.
    fn drop(&mut self, id: &str) {
        self.0
            .retain(|known, object| known != id && object.get("root").is_none_or(|root| root["id"] != id));
    }

    /// Applies an event as a client does. Returns the id of a root that has come onto the screen: its comments are to be
    /// loaded.
    fn apply(&mut self, event: &Value) -> Option<String> {
        let mut new = None;
        match event["__typename"].as_str().unwrap() {
            "ContributionEvent" => {
                let contribution = &event["contribution"];
                let id = contribution["id"].as_str().unwrap();
                let state = contribution["state"].as_str().unwrap();
                let is_comment = contribution["__typename"] == "Comment";
                let is_listed = match is_comment {
                    // Of a root that isn't on the screen, its comments aren't either; of one that goes just now, the root
                    // is null.
                    true => state != "DRAFT" && self.has(contribution["root"]["id"].as_str()),
                    false => ["PUBLISHED", "PENDING"].contains(&state),
                };
                if !is_listed {
                    self.drop(id);
                } else {
                    new = (!is_comment && !self.0.contains_key(id)).then(|| id.to_owned());
                    self.set(contribution);
                }
            }
            "ContributionGone" => self.drop(event["deletedContributionId"].as_str().unwrap()),
            "PhaseEvent" => self.set(&event["phase"]),
            "MemberEvent" if event["member"]["leftAt"].is_string() => {
                self.drop(event["member"]["id"].as_str().unwrap())
            }
            "MemberEvent" => self.set(&event["member"]),
            "SpaceSettingsEvent" => self.set(&event["space"]),
            "Heartbeat" => {}
            other => panic!("{other}: {event}"),
        }
        if let Some(known) = event["root"]["id"].as_str().and_then(|root| self.0.get_mut(root)) {
            for (key, value) in event["root"].as_object().unwrap() {
                known.insert(key.clone(), value.clone());
            }
        }
        new
    }
}

/// What tasks of a batch share.
pub struct Field {
    pub world: World,
    second: Option<Node>,
    pub cast: Cast,
    pub acts: AtomicUsize,
    pub hidden: Hidden,
}

impl Field {
    pub async fn new() -> Arc<Self> {
        let (world, cast) = World::with_cast().await;
        let second = match is_production() {
            true => Some(world.second_node().await),
            false => None,
        };
        Arc::new(Self {
            world,
            second,
            cast,
            acts: AtomicUsize::new(0),
            hidden: Hidden::default(),
        })
    }

    /// One of the nodes.
    pub fn node(&self, number: usize) -> &Node {
        let second = self.second.as_ref().filter(|_| number % 2 == 1);
        second.unwrap_or(&self.world.node)
    }

    async fn comments(&self, node: &Node, who: &Person, root: &str) -> Vec<Value> {
        let query = format!(
            "query($id: ID!) {{ node(id: $id) {{ ... on Commentable {{ comments(first: 100) {{ nodes {{ {COMMENT} }} }} }} }} }}"
        );
        let data = node.ask(who, &query, json!({ "id": root })).await;
        data["node"]["comments"]["nodes"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// Loads the page after a while, subscribes after another while behind its cursor (at the other node, if there is one),
    /// and applies events; `last` gives the cursor of the last one.
    async fn round(&self, number: usize, mut last: tokio::sync::watch::Receiver<Option<String>>) {
        let cast = &self.cast;
        let viewers = [&cast.stayer, &cast.teacher, &cast.observer, &cast.mobile, &cast.partner];
        let who = viewers[number % viewers.len()];
        let begin = number * WRITERS * ACTS / BATCH;
        while self.acts.load(Ordering::Relaxed) < begin {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        let page = self.node(number).ask(who, &page(), json!({ "id": cast.space })).await;
        let mut screen = Screen::of(&page);
        let node = self.node(number + 1);
        let mut socket = node.socket(who).await;
        tokio::time::sleep(Duration::from_millis(rand::random_range(0..60))).await;
        let after = page["space"]["eventCursor"].clone();
        socket
            .subscribe(&subscription(), json!({ "id": cast.space, "after": after }))
            .await;
        let (mut cursor, mut told) = (after, Vec::new());
        loop {
            if last.borrow_and_update().as_deref().is_some_and(|last| cursor == last) {
                break;
            }
            let message = tokio::select! {
                message = socket.hear() => message,
                _ = last.changed() => continue,
            };
            assert_eq!(message["type"], "next", "{message}");
            let event = &message["payload"]["data"]["spaceEvents"];
            cursor = event["cursor"].clone();
            told.push(event.to_string());
            if let Some(root) = screen.apply(event) {
                let comments = self.comments(node, who, &root).await;
                told.push(format!("{root}: {comments:?}"));
                for comment in comments {
                    screen.set(&comment);
                }
            }
        }
        let end = self
            .node(number)
            .ask(who, &self::page(), json!({ "id": cast.space }))
            .await;
        let end = Screen::of(&end);
        let differ = |id: &&String| screen.0.get(*id) != end.0.get(*id);
        let ids: Vec<_> = screen.0.keys().chain(end.0.keys()).filter(differ).collect();
        let of = |ids: &[&String]| -> Vec<_> { ids.iter().map(|&id| (screen.0.get(id), end.0.get(id))).collect() };
        assert!(
            ids.is_empty(),
            "round {number}: {:#?}\nloaded: {page}\ntold: {told:#?}",
            of(&ids)
        );
    }
}

async fn batch() {
    let field = Field::new().await;
    for who in [&field.cast.teacher, &field.cast.mobile, &field.cast.partner_pupil] {
        field.world.thread(who, &field.cast.during, "Bread").await;
    }
    field
        .world
        .entry(&field.cast.mobile, &field.cast.during, "Bread", true)
        .await;
    let (say, last) = tokio::sync::watch::channel(None);
    let (mut rounds, mut writers) = (JoinSet::new(), JoinSet::new());
    for number in 0..BATCH {
        let (field, last) = (Arc::clone(&field), last.clone());
        rounds.spawn(async move { field.round(number, last).await });
    }
    for number in 0..WRITERS {
        let field = Arc::clone(&field);
        writers.spawn(async move {
            let mut is_pre = false;
            for act in 0..ACTS {
                field.lifecycle(number + act, &mut is_pre).await;
            }
        });
    }
    writers.join_all().await;
    let last = mark(&field.world, &field.cast).await;
    say.send(Some(last)).unwrap();
    rounds.join_all().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_loaded_and_what_was_told_since_are_what_is_loaded_in_the_end() {
    let rounds = if is_long() { 1000 } else { 50 };
    for _ in 0..rounds / BATCH {
        batch().await;
    }
}
