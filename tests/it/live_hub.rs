//! The live hub: each listener gets each event once, in order, whatever happens. One node over SQLite, or with
//! `SOJOURN_TEST_SETUP=production` two nodes over PostgreSQL and Redis.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

use std::{collections::HashMap, env, time::Duration};

use chrono::{TimeDelta, Utc};
use entity::enums::{AccountKind, EventKind};
use futures_util::future::join_all;
use sea_orm::{ActiveValue::Set, ConnectionTrait, Database, EntityTrait};
use sojourn::platform::{
    clock::Clock,
    db::{Db, Options, Sql},
    error::{Code, Error},
    live::{Listener, Live, Next, ResetReason, Window},
    redis::Redis,
    stream::{self, Cursor, NewEvent},
};
use tokio::{task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// Longer than anything here takes; a test that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the nodes of a test hold.
struct Node {
    db: Db,
    clock: Clock,
    stop: CancellationToken,
    work: JoinHandle<()>,
}

struct Nodes {
    all: Vec<Node>,
    redis: Option<(String, String)>,
    /// Admin URL and name of the PostgreSQL database.
    database: Option<(String, String)>,
    _folder: tempfile::TempDir,
}

fn is_production() -> bool {
    env::var("SOJOURN_TEST_SETUP").is_ok_and(|setup| setup == "production")
}

fn is_long() -> bool {
    env::var("SOJOURN_TEST_LONG").is_ok()
}

async fn node(url: &str, live: Live) -> Node {
    let options = Options {
        url: url.to_owned(),
        writers: 8,
        readers: 4,
        acquire_timeout: Duration::from_secs(20),
        migrations: migration::all(if is_production() {
            migration::Database::Postgres
        } else {
            migration::Database::Sqlite
        }),
        place: String::new(),
    };
    let clock = Clock::default();
    let db = Db::connect(&options, clock.clone(), live.clone()).await.unwrap();
    db.migrate().await.unwrap();
    let stop = CancellationToken::new();
    let work = {
        let (db, stop) = (db.clone(), stop.clone());
        tokio::spawn(async move { live.run(db, stop).await })
    };
    Node { db, clock, stop, work }
}

impl Nodes {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let name = format!("live_{}", Uuid::now_v7().simple());
        let mut nodes = Self {
            all: Vec::new(),
            redis: None,
            database: None,
            _folder: folder,
        };
        if is_production() {
            let admin = env::var("SOJOURN_TEST_DATABASE_URL").expect("the address of PostgreSQL");
            let redis = env::var("SOJOURN_TEST_REDIS_URL").expect("the address of Redis");
            let server = Database::connect(&admin).await.unwrap();
            let create = format!("CREATE DATABASE {name}");
            server.execute_unprepared(&create).await.unwrap();
            server.close().await.unwrap();
            let mut url = url::Url::parse(&admin).unwrap();
            url.set_path(&name);
            let prefix = format!("{name}:");
            for _ in 0..2 {
                let live = Live::over_redis(Redis::new(&redis, &prefix).unwrap(), Window::default());
                nodes.all.push(node(url.as_str(), live).await);
            }
            nodes.redis = Some((redis, prefix));
            nodes.database = Some((admin, name));
        } else {
            let path = nodes._folder.path().join("live.db");
            let url = format!("sqlite:{}", path.display());
            nodes.all.push(node(&url, Live::in_process(Window::default())).await);
        }
        nodes
    }

    /// The database of the node that writes.
    fn db(&self) -> &Db {
        &self.all[0].db
    }

    /// The database of the node that listens.
    fn other(&self) -> &Db {
        &self.all.last().unwrap().db
    }

    async fn end(self) {
        for node in self.all {
            node.stop.cancel();
            node.work.await.unwrap();
            node.db.close().await;
        }
        if let Some((admin, name)) = self.database {
            let server = Database::connect(&admin).await.unwrap();
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            server.execute_unprepared(&drop).await.unwrap();
            server.close().await.unwrap();
        }
    }
}

fn event(db: &Db) -> NewEvent {
    NewEvent {
        round_id: None,
        review_id: None,
        id: db.clock().new_id(),
        kind: EventKind::ContributionPublished,
        occurred_at: db.clock().now(),
        actor_id: None,
        is_moderation: false,
        contribution: None,
        phase_id: None,
        member_id: None,
        report_id: None,
        is_fanned_out: false,
    }
}

async fn new_stream(db: &Db) -> Uuid {
    let id = db.clock().new_id();
    db.write(None, |tx| Box::pin(async move { stream::create(tx, id).await }))
        .await
        .unwrap();
    id
}

/// Appends `count` events in one unit of work.
async fn append(db: &Db, stream: Uuid, count: usize) {
    let unit = db.write(None, |tx| {
        Box::pin(async move {
            for _ in 0..count {
                let event = event(db);
                tx.emit(stream, event);
            }
            Ok(())
        })
    });
    unit.await.unwrap();
}

async fn change(db: &Db, build: impl FnOnce(&mut Sql)) {
    let mut sql = db.sql("");
    build(&mut sql);
    db.primary().execute_raw(sql.statement()).await.unwrap();
}

async fn listen(db: &Db, stream: Uuid, after: Option<Cursor>) -> Listener {
    db.live().listen(db, stream, after).await.unwrap()
}

async fn next(listener: &mut Listener) -> Next {
    timeout(PATIENCE, listener.next(PATIENCE)).await.unwrap().unwrap()
}

/// The numbers of the next events, until `last` has come; panics if one is missing, doubled or out of order.
async fn follow(listener: &mut Listener, last: i64) -> Vec<i64> {
    let mut seqs = Vec::new();
    while listener.cursor().seq < last {
        match next(listener).await {
            Next::Events(events) => {
                assert!((1..=100).contains(&events.len()));
                for event in &events {
                    let before = seqs.last().copied().unwrap_or(event.seq - 1);
                    assert_eq!(event.seq, before + 1);
                    seqs.push(event.seq);
                }
                assert_eq!(listener.cursor().seq, *seqs.last().unwrap());
            }
            other => panic!("{other:?} instead of events"),
        }
    }
    seqs
}

/// A cursor of the stream's beginning.
async fn beginning(db: &Db, stream: Uuid) -> Cursor {
    let now = listen(db, stream, None).await.cursor();
    Cursor { seq: 0, tag: 0, ..now }
}

async fn expect_reset(listener: &mut Listener, expected: ResetReason) -> Cursor {
    match next(listener).await {
        Next::Reset { reason, resume } => {
            assert_eq!(reason, expected);
            assert_eq!(listener.cursor(), resume);
            resume
        }
        other => panic!("{other:?} instead of a reset"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_listener_gets_every_event_once_and_in_order() {
    let nodes = Nodes::start().await;
    let stream = new_stream(nodes.db()).await;
    let (writers, units, listeners) = if is_long() { (8, 625, 40) } else { (8, 40, 40) };
    // 1, 2 or 3 events a unit.
    let last: usize = writers * (0..units).map(|unit| unit % 3 + 1).sum::<usize>();
    let last = i64::try_from(last).unwrap();

    let writing = (0..writers).map(|writer| {
        let db = nodes.all[writer % nodes.all.len()].db.clone();
        tokio::spawn(async move {
            for unit in 0..units {
                append(&db, stream, unit % 3 + 1).await;
            }
        })
    });
    let writing: Vec<_> = writing.collect();

    let from = beginning(nodes.db(), stream).await;
    let listening = (0..listeners).map(|number| {
        let db = nodes.all[number % nodes.all.len()].db.clone();
        tokio::spawn(async move {
            let late = Duration::from_millis(rand::random_range(0..300));
            tokio::time::sleep(late).await;
            // From the beginning, or from now on.
            let after = (number % 2 == 0).then_some(from);
            let mut listener = listen(&db, stream, after).await;
            let start = listener.cursor().seq;
            let mut ids = HashMap::new();
            let mut seq = start;
            let mut cuts = 0;
            while seq < last {
                // Now and then it gives up waiting, which must lose nothing.
                let patience = if rand::random_ratio(1, 3) {
                    Duration::from_micros(rand::random_range(0..2_000))
                } else {
                    PATIENCE
                };
                let Ok(next) = timeout(patience, listener.next(PATIENCE)).await else {
                    continue;
                };
                let Next::Events(events) = next.unwrap() else {
                    panic!("no events");
                };
                for event in events {
                    seq += 1;
                    assert_eq!(event.seq, seq);
                    ids.insert(event.seq, event.id);
                }
                if number % 5 == 0 {
                    tokio::time::sleep(Duration::from_millis(rand::random_range(0..20))).await;
                }
                if number % 3 == 0 && rand::random_ratio(1, 4) {
                    let cursor = Cursor::decode(&listener.cursor().encode()).unwrap();
                    listener = listen(&db, stream, Some(cursor)).await;
                    cuts += 1;
                }
            }
            assert_eq!(i64::try_from(ids.len()).unwrap(), last - start);
            (ids, cuts)
        })
    });
    let listening: Vec<_> = listening.collect();

    for task in writing {
        task.await.unwrap();
    }
    let heard = timeout(PATIENCE, join_all(listening)).await.unwrap();
    let mut ids = HashMap::new();
    let (mut events, mut cuts) = (0, 0);
    for listener in heard {
        let (heard, cut) = listener.unwrap();
        events += heard.len();
        cuts += cut;
        for (seq, id) in heard {
            assert_eq!(*ids.entry(seq).or_insert(id), id);
        }
    }
    assert_eq!(i64::try_from(ids.len()).unwrap(), last);
    eprintln!("{last} events, {events} handed out, {cuts} cuts");
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_listener_gets_everything_and_holds_up_nobody() {
    let nodes = Nodes::start().await;
    let (db, other) = (nodes.db(), nodes.other());
    let stream = new_stream(db).await;
    let mut slow = listen(other, stream, None).await;
    let mut fast = listen(other, stream, None).await;
    // More than the hub keeps.
    for _ in 0..30 {
        append(db, stream, 90).await;
        let more = fast.cursor().seq + 1;
        follow(&mut fast, more).await;
    }
    follow(&mut fast, 2_700).await;
    assert_eq!(follow(&mut slow, 2_700).await.len(), 2_700);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_committed_while_listening_begins_are_not_missed() {
    let nodes = Nodes::start().await;
    let (db, other) = (nodes.db(), nodes.other());
    for _ in 0..30 {
        let stream = new_stream(db).await;
        let from = beginning(other, stream).await;
        let writing = {
            let db = db.clone();
            tokio::spawn(async move { append(&db, stream, 1).await })
        };
        let mut listener = listen(other, stream, Some(from)).await;
        assert_eq!(follow(&mut listener, 1).await, [1]);
        writing.await.unwrap();
    }
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silence_is_told_once_a_heartbeat() {
    let nodes = Nodes::start().await;
    let stream = new_stream(nodes.db()).await;
    let mut listener = listen(nodes.other(), stream, None).await;
    for _ in 0..3 {
        let silence = listener.next(Duration::from_millis(20)).await.unwrap();
        assert_eq!(silence, Next::Idle);
    }
    append(nodes.db(), stream, 2).await;
    assert_eq!(follow(&mut listener, 2).await, [1, 2]);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cursor_that_cannot_be_continued_from_resets_and_goes_on_live() {
    let nodes = Nodes::start().await;
    let (db, other) = (nodes.db(), nodes.other());
    let stream = new_stream(db).await;
    append(db, stream, 10).await;
    let now = listen(other, stream, None).await.cursor();
    let mut listener = listen(other, stream, Some(Cursor { seq: 0, tag: 0, ..now })).await;
    let Next::Events(events) = next(&mut listener).await else {
        panic!("no events");
    };
    let at = |seq: usize| Cursor {
        seq: i64::try_from(seq).unwrap(),
        tag: stream::tag(Some(events[seq - 1].id)),
        ..now
    };
    drop(listener);
    // The first four have run out.
    change(db, |sql| {
        sql.push("DELETE FROM event WHERE seq <= 4 AND stream_id = ")
            .bind(stream);
    })
    .await;

    let before_all = Cursor { seq: 0, tag: 0, ..now };
    let bad = [
        (before_all, ResetReason::Expired),
        (Cursor { seq: 11, ..now }, ResetReason::Future),
        (
            Cursor {
                epoch: now.epoch ^ 1,
                ..now
            },
            ResetReason::OtherEpoch,
        ),
        (
            Cursor {
                tag: now.tag ^ 1,
                ..now
            },
            ResetReason::OtherEpoch,
        ),
        (
            Cursor {
                tag: at(6).tag ^ 1,
                ..at(6)
            },
            ResetReason::OtherEpoch,
        ),
        (at(3), ResetReason::Expired),
        (at(4), ResetReason::Expired),
        (before_all, ResetReason::Expired),
    ];
    let mut listeners = Vec::new();
    for (cursor, reason) in bad {
        let mut listener = listen(other, stream, Some(cursor)).await;
        assert_eq!(expect_reset(&mut listener, reason).await, now, "{cursor:?}");
        listeners.push(listener);
    }
    let mut good = listen(other, stream, Some(at(5))).await;
    assert_eq!(follow(&mut good, 10).await, [6, 7, 8, 9, 10]);
    listeners.push(good);

    // All but the newest runs out, which never does: its place is still a good one.
    change(db, |sql| {
        sql.push("DELETE FROM event WHERE seq < 10 AND stream_id = ")
            .bind(stream);
    })
    .await;
    listeners.push(listen(other, stream, Some(now)).await);
    listeners.push(listen(other, stream, None).await);
    append(db, stream, 2).await;
    for listener in &mut listeners {
        assert_eq!(follow(listener, 12).await, [11, 12]);
    }
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listening_to_what_is_not_there_is_refused() {
    let nodes = Nodes::start().await;
    let db = nodes.db();
    let stream = new_stream(db).await;
    let cursor = listen(db, stream, None).await.cursor();

    let other = new_stream(db).await;
    match db.live().listen(db, other, Some(cursor)).await.unwrap_err() {
        Error::Refused(refusals) => {
            assert_eq!(refusals[0].code, Code::Invalid);
            assert_eq!(refusals[0].field, Some(vec!["after".to_owned()]));
        }
        error => panic!("{error:?}"),
    }
    let none = db.live().listen(db, Uuid::now_v7(), None).await.unwrap_err();
    assert!(none.is_not_found());
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_backup_resets_those_who_listen() {
    let nodes = Nodes::start().await;
    let (db, other) = (nodes.db(), nodes.other());
    let stream = new_stream(db).await;
    append(db, stream, 10).await;
    let mut listener = listen(other, stream, None).await;
    append(db, stream, 1).await;
    follow(&mut listener, 11).await;

    // Back to 8, and nobody writes: the comparison finds it.
    let back = async |seq: i64| {
        change(db, |sql| {
            sql.push("DELETE FROM event WHERE stream_id = ").bind(stream);
            sql.push(" AND seq > ").bind(seq);
        })
        .await;
        change(db, |sql| {
            sql.push("UPDATE stream SET last_seq = ").bind(seq);
            sql.push(", last_event_id = (SELECT id FROM event WHERE stream_id = ")
                .bind(stream);
            sql.push(" AND seq = ").bind(seq).push(") WHERE id = ").bind(stream);
        })
        .await;
    };
    back(8).await;
    let resume = expect_reset(&mut listener, ResetReason::OtherEpoch).await;
    assert_eq!(resume.seq, 8);
    append(db, stream, 2).await;
    assert_eq!(follow(&mut listener, 10).await, [9, 10]);

    // Back to 8, and somebody writes beyond what was read before anybody compares.
    back(8).await;
    append(db, stream, 4).await;
    let resume = expect_reset(&mut listener, ResetReason::OtherEpoch).await;
    append(db, stream, 1).await;
    assert_eq!(
        follow(&mut listener, 13).await.len(),
        usize::try_from(13 - resume.seq).unwrap()
    );

    // The sequence is started anew.
    change(db, |sql| {
        sql.push("UPDATE stream SET epoch = epoch - 1 WHERE id = ").bind(stream);
    })
    .await;
    let resume = expect_reset(&mut listener, ResetReason::OtherEpoch).await;
    assert_eq!(resume.seq, 13);
    let again = listen(other, stream, Some(resume)).await;
    assert_eq!(again.cursor(), resume);
    append(db, stream, 1).await;
    assert_eq!(follow(&mut listener, 14).await, [14]);

    // The backup is older than the stream.
    change(db, |sql| {
        sql.push("DELETE FROM event WHERE stream_id = ").bind(stream);
    })
    .await;
    change(db, |sql| {
        sql.push("DELETE FROM stream WHERE id = ").bind(stream);
    })
    .await;
    let ended = timeout(PATIENCE, listener.next(PATIENCE)).await.unwrap();
    assert!(matches!(ended, Err(Error::Unavailable(_))), "{ended:?}");
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_session_tells_its_end() {
    let nodes = Nodes::start().await;
    let db = nodes.db();
    let now = db.clock().now();
    let account = entity::account::ActiveModel {
        id: Set(db.clock().new_id()),
        kind: Set(AccountKind::Admin),
        login: Set("admin".to_owned()),
        display_name: Set("Admin".to_owned()),
        languages: Set(entity::account::Languages::default()),
        organisation_id: Set(None),
        birth_year: Set(None),
        password_hash: Set(String::new()),
        is_password_change_required: Set(false),
        created_at: Set(now),
        erased_at: Set(None),
        ..Default::default()
    };
    let account_id = account.id.clone().unwrap();
    entity::account::Entity::insert(account)
        .exec_without_returning(db.primary())
        .await
        .unwrap();
    let session = async |lasts: TimeDelta| {
        let id = db.clock().new_id();
        let row = entity::session::ActiveModel {
            id: Set(id),
            account_id: Set(account_id),
            key_hash: Set(id.as_bytes().to_vec()),
            current_hash: Set(Vec::new()),
            sibling_hash: Set(None),
            previous_hash: Set(None),
            rotated_at: Set(now),
            expires_at: Set(now + lasts),
            ended_at: Set(None),
            created_at: Set(now),
        };
        entity::session::Entity::insert(row)
            .exec_without_returning(db.primary())
            .await
            .unwrap();
        id
    };
    let (ended, expired) = (session(TimeDelta::days(2)).await, session(TimeDelta::hours(1)).await);
    let (deleted, kept) = (session(TimeDelta::days(2)).await, session(TimeDelta::days(2)).await);

    let watch = |id: Uuid| {
        let mut watches = Vec::new();
        for node in &nodes.all {
            watches.extend([node.db.live().watch_session(id), node.db.live().watch_session(id)]);
        }
        watches
    };
    let kept = watch(kept);
    let end = |id: Uuid| {
        let watches = watch(id);
        async move {
            let all = join_all(watches.iter().map(|watch| watch.ended()));
            timeout(PATIENCE, all).await.unwrap();
        }
    };
    let (ended_watches, deleted_watches) = (end(ended), end(deleted));
    change(db, |sql| {
        sql.push("UPDATE session SET ended_at = ").bind(now);
        sql.push(" WHERE id = ").bind(ended);
    })
    .await;
    ended_watches.await;
    change(db, |sql| {
        sql.push("DELETE FROM session WHERE id = ").bind(deleted);
    })
    .await;
    deleted_watches.await;
    for node in &nodes.all {
        node.clock.set(Some(Utc::now() + TimeDelta::hours(2)));
    }
    end(expired).await;
    // A new watch of a session that has ended tells it too.
    end(ended).await;
    for watch in &kept {
        assert!(timeout(Duration::ZERO, watch.ended()).await.is_err());
    }
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_runs_on_for_those_who_have_left() {
    let nodes = Nodes::start().await;
    let (db, other) = (nodes.db(), nodes.other());
    let mut streams = Vec::new();
    for _ in 0..20 {
        streams.push(new_stream(db).await);
    }
    // Makes the connections, which have tasks of their own.
    append(db, streams[0], 1).await;
    let before = tasks().await;
    for _ in 0..3 {
        let mut listeners = Vec::new();
        for &stream in &streams {
            listeners.push(listen(other, stream, None).await);
            listeners.push(listen(other, stream, None).await);
            append(db, stream, 1).await;
        }
        assert_eq!(tasks().await, before + streams.len());
        for listener in &mut listeners {
            let more = listener.cursor().seq;
            follow(listener, more.max(1)).await;
        }
        drop(listeners);
        assert_eq!(tasks().await, before);
    }
    nodes.end().await;
}

/// How many tasks there are when all is quiet.
async fn tasks() -> usize {
    let count = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let (mut last, mut same) = (count(), 0);
    while same < 30 {
        tokio::time::sleep(Duration::from_millis(5)).await;
        let now = count();
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_end_when_their_node_stops() {
    let nodes = Nodes::start().await;
    let db = nodes.other();
    let stream = new_stream(db).await;
    let mut listener = listen(db, stream, None).await;
    let waiting = tokio::spawn(async move { listener.next(PATIENCE).await });
    nodes.all.last().unwrap().stop.cancel();
    let ended = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert!(matches!(ended, Err(Error::Unavailable(_))), "{ended:?}");
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_carries_hints_only_and_only_for_listened_streams() {
    let nodes = Nodes::start().await;
    let (db, other) = (nodes.db(), nodes.other());
    let Some((redis, prefix)) = nodes.redis.clone() else {
        nodes.end().await;
        return;
    };
    let client = redis::Client::open(redis).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let stream = new_stream(db).await;
    let channel = format!("{prefix}{}", stream.simple());
    let mut subscribers = async |expected: i64| {
        let wait = async {
            loop {
                let mut numbers = redis::cmd("PUBSUB");
                numbers.arg("NUMSUB").arg(&channel);
                let (_, number): (String, i64) = numbers.query_async(&mut connection).await.unwrap();
                if number == expected {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(PATIENCE, wait).await.unwrap();
    };
    subscribers(0).await;
    let mut listener = listen(other, stream, None).await;
    let second = listen(other, stream, None).await;
    subscribers(1).await;

    // What no node sends changes nothing.
    let mut publisher = client.get_multiplexed_async_connection().await.unwrap();
    for garbage in ["", "x", "-5", "9223372036854775807", "99999999999999999999", "7"] {
        let mut publish = redis::cmd("PUBLISH");
        publish.arg(&channel).arg(garbage);
        let _: i64 = publish.query_async(&mut publisher).await.unwrap();
    }
    append(db, stream, 1).await;
    append(other, stream, 1).await;
    assert_eq!(follow(&mut listener, 2).await, [1, 2]);
    // Longer than a comparison takes to come: the false mark must not look like a restored backup.
    let silence = listener.next(Duration::from_millis(2_500)).await.unwrap();
    assert_eq!(silence, Next::Idle);

    drop(listener);
    subscribers(1).await;
    drop(second);
    subscribers(0).await;
    let again = listen(other, stream, None).await;
    subscribers(1).await;
    assert_eq!(again.cursor().seq, 2);
    drop(again);
    nodes.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_events_arrive_all_the_same() {
    if !is_production() {
        return;
    }
    let nodes = Nodes::start().await;
    // Two more nodes, whose Redis isn't there.
    let (admin, name) = nodes.database.clone().unwrap();
    let mut url = url::Url::parse(&admin).unwrap();
    url.set_path(&name);
    let mut lonely = Vec::new();
    for _ in 0..2 {
        let nobody = Redis::new("redis://127.0.0.1:1", "x:").unwrap();
        assert!(nobody.check().await.is_err());
        let live = Live::over_redis(nobody, Window::default());
        lonely.push(node(url.as_str(), live).await);
    }
    let stream = new_stream(nodes.db()).await;
    let mut listener = listen(&lonely[1].db, stream, None).await;
    append(&lonely[0].db, stream, 3).await;
    assert_eq!(follow(&mut listener, 3).await, [1, 2, 3]);
    assert!(Redis::new("http://x", "x:").is_err());
    for node in lonely {
        node.stop.cancel();
        node.work.await.unwrap();
        node.db.close().await;
    }
    nodes.end().await;
}
