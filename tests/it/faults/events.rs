//! Everybody hears all events of a space once and in order, whatever breaks on the way.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sojourn::platform::stream::Cursor;
use tokio::{sync::watch, task::JoinSet};

use super::{are_all_and_once, insist, key, newest, reach, reader::Reader, stored};
use crate::support::{Cast, Flow, Http, Server, Wire, Wires, World, is_long, is_production};

const WRITERS: usize = 8;
const CUT: Duration = Duration::from_millis(200);

/// A server, with one wire to it for writers and one for sockets.
struct Front {
    server: Server,
    writers: Wire,
    sockets: Wire,
}

impl Front {
    fn new(server: Server) -> Self {
        let address = server.http.address.clone();
        Self {
            server,
            writers: Wire::new(&address),
            sockets: Wire::new(&address),
        }
    }

    async fn replace(&mut self) {
        self.server.kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        self.server.start_again().await;
        for wire in [&self.writers, &self.sockets] {
            wire.lead_to(&self.server.http.address);
        }
    }
}

struct Plan {
    events: usize,
    away: Duration,
}

impl Plan {
    fn new() -> Self {
        let (events, away) = if is_long() { (10_000, 10) } else { (800, 3) };
        let away = Duration::from_secs(away);
        Self { events, away }
    }
}

async fn write(
    fronts: [Http; 2],
    cast: Arc<Cast>,
    thread: String,
    (count, events): (Arc<AtomicUsize>, usize),
    begun: Arc<AtomicUsize>,
) -> BTreeMap<String, String> {
    let mut written = BTreeMap::new();
    let [mut http, mut other] = fronts;
    while begun.fetch_add(1, Ordering::Relaxed) < events {
        let key = key();
        let id = insist(&http, &cast.mobile, &thread, &key).await;
        written.insert(key, id);
        count.fetch_add(1, Ordering::Relaxed);
        std::mem::swap(&mut http, &mut other);
    }
    written
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_events_come_once_and_in_order_whatever_breaks() {
    let plan = Plan::new();
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let (mut fronts, wires): (Vec<Front>, Option<Wires>) = if is_production() {
        let (server, wires) = world.into_wired_server().await;
        let twin = server.twin().await;
        (vec![Front::new(server), Front::new(twin)], Some(wires))
    } else {
        (vec![Front::new(world.into_server(&[]).await)], None)
    };
    let cast = Arc::new(cast);
    let cursor = newest(&fronts[0].server.http, &cast).await;
    let (say, last) = watch::channel(None);

    // Through wires that are cut all the time; beside them somebody who is slow, and on each node somebody who is neither.
    let cut: Vec<SocketAddr> = fronts.iter().map(|front| front.sockets.address).collect();
    let steady: Vec<SocketAddr> = fronts.iter().map(|front| front.writers.address).collect();
    let mut readers = JoinSet::new();
    let people = [&cast.stayer, &cast.partner];
    for (number, who) in people.into_iter().enumerate() {
        let mut addresses = cut.clone();
        addresses.rotate_left(number % cut.len());
        readers.spawn(Reader::new(who, &cast.space, &addresses, &cursor).read(last.clone()));
    }
    for address in &steady {
        readers.spawn(Reader::new(&cast.observer, &cast.space, &[*address], &cursor).read(last.clone()));
    }
    let mut slow = Reader::new(&cast.mentor, &cast.space, &steady[..1], &cursor);
    slow.rests = Some((plan.events / 10, Duration::from_secs(2)));
    readers.spawn(slow.read(last));

    let (count, begun) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let mut writers = JoinSet::new();
    for number in 0..WRITERS {
        let http = |place: usize| Http::new(&steady[(number + place) % steady.len()].to_string());
        let (count, begun) = (Arc::clone(&count), Arc::clone(&begun));
        let (cast, thread) = (Arc::clone(&cast), thread.clone());
        writers.spawn(write([http(0), http(1)], cast, thread, (count, plan.events), begun));
    }
    let wires_to_cut: Vec<_> = fronts.iter().map(|front| front.sockets.clone()).collect();
    let cutting = tokio::spawn(async move {
        loop {
            tokio::time::sleep(CUT).await;
            wires_to_cut.iter().for_each(Wire::cut);
        }
    });

    reach(&count, plan.events / 5).await;
    if let Some(wires) = &wires {
        wires.redis.set(Flow::Gone);
        tokio::time::sleep(plan.away).await;
        wires.redis.set(Flow::Running);
    }
    reach(&count, plan.events / 2).await;
    fronts.last_mut().unwrap().replace().await;
    let mut written = BTreeMap::new();
    while let Some(some) = writers.join_next().await {
        written.extend(some.unwrap());
    }
    let wrote = started.elapsed();
    assert_eq!(written.len(), plan.events);

    let database = fronts[0].server.database().await;
    let stored = stored(&database, &cast).await;
    say.send_replace(stored.last().map(|(seq, _)| *seq));
    let readers = readers.join_all().await;
    cutting.abort();
    let begin = Cursor::decode(&cursor).unwrap().seq;
    let expected: Vec<_> = stored.into_iter().filter(|(seq, _)| *seq > begin).collect();
    assert_eq!(expected.len(), plan.events);
    for reader in &readers {
        let mut told = reader.told.clone();
        let heard = told.len();
        told.dedup();
        eprintln!(
            "{}: {heard} events through {} sockets, {} repeated",
            reader.who.login,
            reader.sockets,
            heard - told.len()
        );
    }
    eprintln!(
        "{} events in {wrote:?}, all told in {:?}",
        plan.events,
        started.elapsed()
    );
    for reader in readers {
        assert!(reader.told == expected, "{} was told something else", reader.who.login);
    }
    are_all_and_once(&database, &cast, &thread, &written).await;
    database.close().await.unwrap();
}
