//! Many at once: each rule holds whoever comes first. In production half of them come to a second node.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use entity::{contribution, enums::ContentState, enums::EventKind, event, stream};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder};
use serde_json::{Value, json};
use sojourn::platform::id;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::support::{Cast, Node, Person, World, is_production, refusal};

/// A world that tasks share.
struct Crowd {
    world: World,
    second: Option<Node>,
    cast: Cast,
}

impl Crowd {
    async fn new() -> Arc<Self> {
        let (world, cast) = World::with_cast().await;
        let second = match is_production() {
            true => Some(world.second_node().await),
            false => None,
        };
        Arc::new(Self { world, second, cast })
    }

    /// The node that the `number`th comes to.
    fn node(&self, number: usize) -> &Node {
        self.second
            .as_ref()
            .filter(|_| number % 2 == 1)
            .unwrap_or(&self.world.node)
    }

    /// Those who may comment, one after another.
    fn writer(&self, number: usize) -> &Person {
        let cast = &self.cast;
        let writers = [
            &cast.mobile,
            &cast.teacher,
            &cast.stayer,
            &cast.partner,
            &cast.mentor,
            &cast.partner_pupil,
        ];
        writers[number % writers.len()]
    }

    /// All events of the space, in order.
    async fn events(&self) -> Vec<event::Model> {
        let events = event::Entity::find()
            .filter(event::Column::StreamId.eq(row_id(&self.cast.space)))
            .order_by_asc(event::Column::Seq);
        events.all(self.world.app().db.primary()).await.unwrap()
    }
}

fn row_id(public: &str) -> Uuid {
    id::decode(public).unwrap().1
}

/// Runs `count` tasks at once.
async fn all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    count: usize,
    crowd: &Arc<Crowd>,
    task: impl Fn(Arc<Crowd>, usize) -> F,
) -> Vec<T> {
    let mut tasks = JoinSet::new();
    for number in 0..count {
        tasks.spawn(task(Arc::clone(crowd), number));
    }
    tasks.join_all().await
}

fn refusals(payload: &Value) -> Vec<String> {
    payload["userErrors"].as_array().unwrap().iter().map(refusal).collect()
}

/// Comments until somebody is refused; returns why.
async fn comment_on(crowd: Arc<Crowd>, number: usize, thread: String, written: Arc<AtomicUsize>) -> Vec<String> {
    loop {
        let input = json!({ "rootId": thread, "body": "Another word." });
        let who = crowd.writer(number);
        let payload = crowd.node(number).mutate(who, "commentCreate", input, "").await;
        let refused = refusals(&payload);
        if !refused.is_empty() {
            return refused;
        }
        written.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_in_a_phase_after_its_closing() {
    let crowd = Crowd::new().await;
    let thread = crowd
        .world
        .thread(&crowd.cast.teacher, &crowd.cast.during, "Bread")
        .await;
    let written = Arc::new(AtomicUsize::new(0));
    let closing = {
        let (crowd, written) = (Arc::clone(&crowd), Arc::clone(&written));
        tokio::spawn(async move {
            while written.load(Ordering::Relaxed) < 100 {
                tokio::task::yield_now().await;
            }
            let input = json!({ "phaseId": crowd.cast.during });
            crowd
                .node(1)
                .mutate(&crowd.cast.coordinator, "phaseClose", input, "phase { state }")
                .await
        })
    };
    let (writing, counter) = (thread.clone(), Arc::clone(&written));
    let refused = all(50, &crowd, move |crowd, number| {
        comment_on(crowd, number, writing.clone(), Arc::clone(&counter))
    })
    .await;
    assert_eq!(
        closing.await.unwrap(),
        json!({ "phase": { "state": "CLOSED" }, "userErrors": [] })
    );
    assert!(
        refused.iter().all(|why| why == &["FORBIDDEN/PHASE_NOT_OPEN"]),
        "{refused:?}"
    );
    let events = crowd.events().await;
    assert_eq!(events.last().unwrap().kind, EventKind::PhaseClosed);
    let comments = events.iter().filter(|event| event.root_id == Some(row_id(&thread)));
    assert_eq!(comments.count(), written.load(Ordering::Relaxed));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_written_by_a_member_after_their_removal() {
    let crowd = Crowd::new().await;
    let thread = crowd
        .world
        .thread(&crowd.cast.teacher, &crowd.cast.during, "Bread")
        .await;
    let written = Arc::new(AtomicUsize::new(0));
    let removal = {
        let (crowd, written) = (Arc::clone(&crowd), Arc::clone(&written));
        tokio::spawn(async move {
            while written.load(Ordering::Relaxed) < 50 {
                tokio::task::yield_now().await;
            }
            let input = json!({ "membershipId": crowd.cast.mobile.member });
            crowd
                .node(1)
                .mutate(&crowd.cast.coordinator, "memberRemove", input, "")
                .await
        })
    };
    let counter = Arc::clone(&written);
    let refused = all(20, &crowd, move |crowd, number| {
        // The first writer is the one who goes: all write as they.
        comment_on(crowd, number * 6, thread.clone(), Arc::clone(&counter))
    })
    .await;
    assert_eq!(removal.await.unwrap(), json!({ "userErrors": [] }));
    assert!(refused.iter().all(|why| why == &["NOT_FOUND"]), "{refused:?}");
    assert_eq!(crowd.events().await.last().unwrap().kind, EventKind::MemberRemoved);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_50_edits_of_one_version_one_wins() {
    let crowd = Crowd::new().await;
    let thread = crowd
        .world
        .thread(&crowd.cast.teacher, &crowd.cast.during, "Bread")
        .await;
    let edited = thread.clone();
    let payloads = all(50, &crowd, move |crowd, number| {
        let input = json!({ "threadId": edited, "expectedVersion": 1, "title": format!("Bread {number}") });
        async move {
            let node = crowd.node(number);
            let selection = "thread { title version }";
            node.mutate(&crowd.cast.teacher, "threadUpdate", input, selection).await
        }
    })
    .await;
    let (winners, losers): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| refusals(payload).is_empty());
    assert_eq!(winners.len(), 1);
    assert!(
        losers
            .iter()
            .all(|payload| refusals(payload) == ["CONFLICT/STALE_VERSION"]),
        "{losers:?}"
    );
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { title version revisions { totalCount } } } }";
    let now = crowd
        .world
        .ask(&crowd.cast.teacher, query, json!({ "id": thread }))
        .await;
    let winner = &winners[0]["thread"];
    assert_eq!(winner["version"], 2);
    assert_eq!(
        now["node"],
        json!({ "title": winner["title"], "version": 2, "revisions": { "totalCount": 2 } })
    );
    let events = crowd.events().await;
    let edits = events
        .iter()
        .filter(|event| event.kind == EventKind::ContributionUpdated);
    assert_eq!(edits.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_50_changes_of_one_version_of_a_phase_one_wins() {
    let crowd = Crowd::new().await;
    let query = "query($id: ID!) { node(id: $id) { ... on Phase { title version } } }";
    let phase = json!({ "id": crowd.cast.after });
    let before = crowd.world.ask(&crowd.cast.coordinator, query, phase.clone()).await;
    let version = before["node"]["version"].as_i64().unwrap();
    let payloads = all(50, &crowd, move |crowd, number| {
        let title = format!("After {number}");
        let input = json!({ "phaseId": crowd.cast.after, "expectedVersion": version, "title": title });
        async move {
            let node = crowd.node(number);
            node.mutate(&crowd.cast.coordinator, "phaseUpdate", input, "phase { title }")
                .await
        }
    })
    .await;
    let (winners, losers): (Vec<_>, Vec<_>) = payloads.iter().partition(|payload| refusals(payload).is_empty());
    assert_eq!(winners.len(), 1);
    assert!(
        losers
            .iter()
            .all(|payload| refusals(payload) == ["CONFLICT/STALE_VERSION"]),
        "{losers:?}"
    );
    let now = crowd.world.ask(&crowd.cast.coordinator, query, phase).await;
    let title = &winners[0]["phase"]["title"];
    assert_eq!(now["node"], json!({ "title": title, "version": version + 1 }));
}

/// Makes the same 50 times at once; all answers must be one.
async fn make_50_times(crowd: &Arc<Crowd>, mutation: &'static str, mut input: Value, selection: &'static str) -> Value {
    input["idempotencyKey"] = json!("0123456789abcdef-key");
    let payloads = all(50, crowd, move |crowd, number| {
        let input = input.clone();
        async move {
            let node = crowd.node(number);
            node.mutate(&crowd.cast.mobile, mutation, input, selection).await
        }
    })
    .await;
    let first = payloads[0].clone();
    assert_eq!(first["userErrors"], json!([]));
    assert!(payloads.iter().all(|payload| payload == &first), "{payloads:?}");
    first
}

async fn written(crowd: &Crowd) -> u64 {
    contribution::Entity::find()
        .count(crowd.world.app().db.primary())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_50_comments_with_one_key_one_is_made_and_all_get_its_answer() {
    let crowd = Crowd::new().await;
    let thread = crowd
        .world
        .thread(&crowd.cast.teacher, &crowd.cast.during, "Bread")
        .await;
    let events = crowd.events().await.len();
    let input = json!({ "rootId": thread, "body": "Dark bread!" });
    let selection = "comment { id body state } root { id commentCount }";
    let payload = make_50_times(&crowd, "commentCreate", input, selection).await;
    assert_eq!(payload["root"]["commentCount"], 1);
    assert_eq!(written(&crowd).await, 2);
    assert_eq!(crowd.events().await.len(), events + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_50_threads_with_one_key_one_is_made_and_all_get_its_answer() {
    let crowd = Crowd::new().await;
    let events = crowd.events().await.len();
    let input = json!({ "phaseId": crowd.cast.during, "title": "Bread", "body": "Which one?" });
    make_50_times(&crowd, "threadCreate", input, "thread { id title version state }").await;
    assert_eq!(written(&crowd).await, 1);
    assert_eq!(crowd.events().await.len(), events + 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_50_journal_entries_with_one_key_one_is_made_and_all_get_its_answer() {
    let crowd = Crowd::new().await;
    let input = json!({ "phaseId": crowd.cast.during, "title": "Bread", "body": "I baked.", "week": "2026-W47" });
    let selection = "journalEntry { id title version state }";
    make_50_times(&crowd, "journalEntryCreate", input, selection).await;
    assert_eq!(written(&crowd).await, 1);
}

/// Many comment on one thread, answer each other, hide and restore, all at once. Returns the thread.
async fn storm(crowd: &Arc<Crowd>) -> String {
    let thread = crowd
        .world
        .thread(&crowd.cast.teacher, &crowd.cast.during, "Bread")
        .await;
    let shared = thread.clone();
    all(24, crowd, move |crowd, number| {
        let thread = shared.clone();
        async move {
            let node = crowd.node(number);
            let (who, staff) = (crowd.writer(number), &crowd.cast.coordinator);
            for round in 0..6 {
                let input = json!({ "rootId": thread, "body": format!("Word {round} of {number}.") });
                let made = node.mutate(who, "commentCreate", input, "comment { id }").await;
                let comment = json!({ "contributionId": made["comment"]["id"] });
                let mut hide = comment.clone();
                hide["reason"] = json!("OFF_TOPIC");
                if round % 2 == 0 {
                    // Two moderators at once: the second finds it done.
                    let both = futures_util::future::join(
                        node.mutate(staff, "contributionHide", hide.clone(), ""),
                        node.mutate(&crowd.cast.partner, "contributionHide", hide, ""),
                    );
                    let (one, other) = both.await;
                    assert_eq!((refusals(&one), refusals(&other)), (vec![], vec![]));
                }
                if round % 4 == 0 {
                    let restored = node.mutate(staff, "contributionRestore", comment, "").await;
                    assert_eq!(refusals(&restored), Vec::<String>::new());
                } else if round == 3 {
                    let removed = node.mutate(who, "contributionRemove", comment, "").await;
                    assert_eq!(refusals(&removed), Vec::<String>::new());
                }
            }
        }
    })
    .await;
    thread
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_counter_is_the_number_of_published_comments_whatever_happens_at_once() {
    let crowd = Crowd::new().await;
    let thread = storm(&crowd).await;
    let published = contribution::Entity::find()
        .filter(contribution::Column::RootId.eq(row_id(&thread)))
        .filter(contribution::Column::State.eq(ContentState::Published));
    let published = published.count(crowd.world.app().db.primary()).await.unwrap();
    assert_eq!(published, 24 * 4);
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { commentCount } } }";
    let now = crowd
        .world
        .ask(&crowd.cast.stayer, query, json!({ "id": thread }))
        .await;
    assert_eq!(now["node"]["commentCount"], published);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sequence_of_events_has_no_gap_whatever_happens_at_once() {
    let crowd = Crowd::new().await;
    let before = crowd.events().await.len();
    storm(&crowd).await;
    let events = crowd.events().await;
    // The thread; in each of 24 tasks 6 comments, 3 hidden, 2 restored, 1 removed.
    assert_eq!(events.len() - before, 1 + 24 * 12);
    let numbers: Vec<_> = events.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=numbers.len() as i64).collect::<Vec<_>>());
    let stream = stream::Entity::find_by_id(row_id(&crowd.cast.space));
    let stream = stream.one(crowd.world.app().db.primary()).await.unwrap().unwrap();
    let last = events.last().unwrap();
    assert_eq!((stream.last_seq, stream.last_event_id), (last.seq, Some(last.id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_approves_a_text_that_was_changed_at_the_same_moment() {
    let crowd = Crowd::new().await;
    crowd
        .world
        .pre_moderate(&crowd.cast.coordinator, &crowd.cast.during)
        .await;
    let query = "query($id: ID!) { node(id: $id) { ... on Thread { state body pendingRevision { body } } } }";
    for round in 0..20 {
        let thread = crowd
            .world
            .thread(&crowd.cast.mobile, &crowd.cast.during, "Bread")
            .await;
        let edit = json!({ "threadId": thread, "expectedVersion": 1, "body": "Changed." });
        let approve = json!({ "contributionId": thread, "expectedVersion": 1 });
        let (edited, approved) = futures_util::future::join(
            crowd.node(round).mutate(&crowd.cast.mobile, "threadUpdate", edit, ""),
            crowd
                .node(round + 1)
                .mutate(&crowd.cast.teacher, "contributionApprove", approve, ""),
        )
        .await;
        assert_eq!(refusals(&edited), Vec::<String>::new());
        let now = crowd
            .world
            .ask(&crowd.cast.mobile, query, json!({ "id": thread }))
            .await;
        let expected = match refusals(&approved).first().map(String::as_str) {
            // The edit of what was published waits.
            None => json!({ "state": "PUBLISHED", "body": "About Bread.", "pendingRevision": { "body": "Changed." } }),
            Some(why) => {
                assert_eq!(why, "CONFLICT/STALE_VERSION");
                json!({ "state": "PENDING", "body": "Changed.", "pendingRevision": { "body": "Changed." } })
            }
        };
        assert_eq!(now["node"], expected);
    }
}
