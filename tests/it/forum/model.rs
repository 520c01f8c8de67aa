//! Counters against a plain model, after many random operations.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use serde_json::{Value, json};

use crate::support::{Cast, Person, World, is_long};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Draft,
    Pending,
    Published,
    Hidden,
    Removed,
}

#[derive(Clone, Debug)]
struct Comment {
    id: String,
    author: usize,
    state: State,
    is_known: bool,
    /// Its place among all that ever happened.
    place: u64,
}

#[derive(Clone, Debug)]
struct Thread {
    id: String,
    waits: bool,
    comments: Vec<Comment>,
}

/// What the server should say.
#[derive(Debug, Default)]
struct Model {
    threads: Vec<Thread>,
    /// How far somebody has read a thread.
    marks: BTreeMap<(usize, usize), u64>,
    now: u64,
}

impl Model {
    /// What somebody sees of each thread.
    fn seen(&self, who: usize) -> BTreeMap<String, Value> {
        let one = |(at, thread): (usize, &Thread)| {
            let mut published: Vec<_> = thread.comments.iter().filter(|c| c.state == State::Published).collect();
            published.sort_by_key(|comment| comment.place);
            let mark = self.marks.get(&(who, at)).copied().unwrap_or_default();
            let unread: Vec<_> = published
                .iter()
                .filter(|comment| comment.author != who && comment.place > mark)
                .collect();
            let value = json!({
                "id": thread.id,
                "commentCount": published.len(),
                "unreadCount": unread.len(),
                "firstUnreadComment": unread.first().map(|comment| json!({ "id": comment.id })),
                "lastComment": published.last().map(|comment| json!({ "id": comment.id })),
            });
            (thread.id.clone(), value)
        };
        self.threads.iter().enumerate().map(one).collect()
    }

    /// Somebody reads a thread as far as a place.
    fn read(&mut self, who: usize, thread: usize, place: u64) {
        let mark = self.marks.entry((who, thread)).or_default();
        *mark = place.max(*mark);
    }

    /// The place of the newest published comment.
    fn newest(&self, thread: usize) -> u64 {
        let comments = self.threads[thread].comments.iter();
        let places = comments.filter(|c| c.state == State::Published).map(|c| c.place);
        places.max().unwrap_or_default()
    }
}

struct Run<'a> {
    world: &'a World,
    cast: &'a Cast,
    /// Staff first; the last one only reads.
    people: [&'a Person; 5],
    model: Model,
    random: StdRng,
}

impl Run<'_> {
    fn pick(&mut self, below: usize) -> usize {
        self.random.random_range(0..below)
    }

    fn tick(&mut self) {
        let clock = &self.world.app().clock;
        clock.set(Some(clock.now() + TimeDelta::milliseconds(1)));
        self.model.now += 1;
    }

    async fn open(&mut self) {
        let waits = self.model.threads.len() % 2 == 1;
        let phase = if waits { &self.cast.after } else { &self.cast.during };
        let id = self.world.thread(self.people[0], phase, "Bread").await;
        self.model.threads.push(Thread {
            id,
            waits,
            comments: Vec::new(),
        });
    }

    async fn comment(&mut self, thread: usize) {
        let author = self.pick(4);
        let known = self.model.threads[thread].clone();
        let id = self.world.comment(self.people[author], &known.id, None, "Said.").await;
        let waits = known.waits && author > 0;
        self.model.threads[thread].comments.push(Comment {
            id,
            author,
            state: if waits { State::Pending } else { State::Published },
            is_known: !waits,
            place: self.model.now,
        });
    }

    /// Something that may be done to a comment as it is.
    async fn change(&mut self, thread: usize) {
        let Thread { waits, comments, .. } = self.model.threads[thread].clone();
        if comments.is_empty() {
            return;
        }
        let at = self.pick(comments.len());
        let comment = comments[at].clone();
        let staff = self.people[0];
        let author = self.people[comment.author];
        let (who, act, state) = match (comment.state, self.pick(3)) {
            (State::Pending, 0) => (staff, "Approve", State::Published),
            (State::Pending, 1) => (staff, "Return", State::Draft),
            (State::Pending, _) => (author, "Withdraw", State::Draft),
            (State::Draft, _) => (author, "Publish", if waits { State::Pending } else { State::Published }),
            (State::Published, 0) => (author, "Remove", State::Removed),
            (State::Published, _) => (staff, "Hide", State::Hidden),
            (State::Hidden, _) => (staff, "Restore", State::Published),
            (State::Removed, _) => return,
        };
        self.world.act(who, act, &comment.id).await;
        let now = self.model.now;
        let comment = &mut self.model.threads[thread].comments[at];
        comment.state = state;
        if state == State::Published && !comment.is_known {
            comment.is_known = true;
            comment.place = now;
        }
    }

    async fn read(&mut self, thread: usize) {
        let who = self.pick(5);
        let known = self.model.threads[thread].clone();
        match self.pick(4) {
            0 => {
                let phase = if known.waits {
                    &self.cast.after
                } else {
                    &self.cast.during
                };
                let input = json!({ "phaseId": phase });
                self.world.done(self.people[who], "phaseMarkRead", input, "").await;
                for at in 0..self.model.threads.len() {
                    if self.model.threads[at].waits == known.waits {
                        let newest = self.model.newest(at);
                        self.model.read(who, at, newest);
                    }
                }
            }
            1 => {
                let input = json!({ "threadId": known.id });
                self.world.done(self.people[who], "threadMarkRead", input, "").await;
                let newest = self.model.newest(thread);
                self.model.read(who, thread, newest);
            }
            _ => {
                let is_seen = |comment: &&Comment| !matches!(comment.state, State::Draft | State::Pending);
                let seen: Vec<_> = known.comments.iter().filter(is_seen).collect();
                if seen.is_empty() {
                    return;
                }
                let comment = seen[self.pick(seen.len())];
                let input = json!({ "threadId": known.id, "upToCommentId": comment.id });
                self.world.done(self.people[who], "threadMarkRead", input, "").await;
                self.model.read(who, thread, comment.place);
            }
        }
    }

    async fn check(&self, step: usize) {
        let query = "query($id: ID!) { space(id: $id) { threads(first: 100) { nodes {
            id commentCount unreadCount firstUnreadComment { id } lastComment { id } } } } }";
        for (at, who) in self.people.iter().enumerate() {
            let data = self.world.ask(who, query, json!({ "id": self.cast.space })).await;
            let nodes = data["space"]["threads"]["nodes"].as_array().unwrap().iter();
            let seen: BTreeMap<_, _> = nodes
                .map(|thread| (thread["id"].as_str().unwrap().to_owned(), thread.clone()))
                .collect();
            assert_eq!(seen, self.model.seen(at), "after {step} operations, to {}", who.login);
        }
    }
}

#[tokio::test]
async fn counters_and_what_is_unread_equal_a_plain_model_after_many_operations_of_five_members() {
    let (world, cast) = World::with_stage().await;
    let people = [
        &cast.teacher,
        &cast.mobile,
        &cast.stayer,
        &cast.partner_pupil,
        &cast.observer,
    ];
    let mut run = Run {
        world: &world,
        cast: &cast,
        people,
        model: Model::default(),
        random: StdRng::seed_from_u64(7),
    };
    let (steps, pause) = if is_long() { (2_000, 5) } else { (300, 3) };
    for step in 1..=steps {
        run.tick();
        let count = run.model.threads.len();
        if count < 4 {
            run.open().await;
            continue;
        }
        let thread = run.pick(count);
        match run.pick(10) {
            0..4 => run.comment(thread).await,
            4..7 => run.change(thread).await,
            _ => run.read(thread).await,
        }
        if step % pause == 0 {
            run.check(step).await;
        }
    }
    run.check(steps).await;
}
