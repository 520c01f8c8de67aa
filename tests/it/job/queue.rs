//! Asking for jobs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use futures_util::FutureExt;
use sojourn::platform::{
    error::{Error, Result},
    job::{NewJob, Outcome, Terms},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{Shop, Worker, round, start, until};

#[tokio::test]
async fn a_unit_that_fails_asks_for_nothing() {
    let shop = Shop::new().await;
    let unit = shop.db().write(None, |tx| {
        tx.enqueue(NewJob {
            kind: "work",
            subject_id: Uuid::now_v7(),
            space_id: None,
            due_at: tx.clock().now(),
        });
        let result: Result<()> = Err(Error::broken("after all not"));
        std::future::ready(result).boxed()
    });
    assert!(unit.await.is_err());
    assert_eq!(shop.jobs().await, []);
    // And one that doesn't, asks.
    shop.ask("work").await;
    shop.job().await;
}

#[tokio::test]
async fn asked_for_again_while_it_waits_it_is_one_job_at_the_earlier_time() {
    let shop = Shop::new().await;
    let (subject, other) = (Uuid::now_v7(), Uuid::now_v7());
    let later = shop.now() + TimeDelta::hours(1);
    let unit = shop.db().write(None, |tx| {
        for (subject_id, minutes) in [(subject, 90), (other, 5), (subject, 60), (subject, 70)] {
            tx.enqueue(NewJob {
                kind: "work",
                subject_id,
                space_id: None,
                due_at: tx.clock().now() + TimeDelta::minutes(minutes),
            });
        }
        std::future::ready(Ok(())).boxed()
    });
    unit.await.unwrap();
    let due = async || {
        let jobs = shop.jobs().await;
        assert_eq!(jobs.len(), 2);
        jobs.iter().find(|job| job.subject_id == subject).unwrap().due_at
    };
    assert_eq!(due().await, later);
    shop.ask_for("work", subject, later + TimeDelta::hours(1)).await;
    assert_eq!(due().await, later);
    shop.ask_for("work", subject, later - TimeDelta::minutes(30)).await;
    assert_eq!(due().await, later - TimeDelta::minutes(30));

    let worker = Worker::ending(|| Outcome::Done);
    let runner = shop.runner(&worker);
    assert_eq!(round(&runner).await, 0);
    shop.pass(30 * 60);
    assert_eq!(round(&runner).await, 2);
    assert_eq!(shop.jobs().await, []);
}

#[tokio::test]
async fn asked_for_again_while_it_is_done_it_is_done_once_more() {
    for is_completed in [false, true] {
        let shop = Shop::new().await;
        let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (begins, goes, db) = (Arc::clone(&begun), Arc::clone(&go), shop.db().clone());
        let worker = Worker::new(move |job, lease| {
            let (begins, goes, db) = (Arc::clone(&begins), Arc::clone(&goes), db.clone());
            async move {
                begins.notify_one();
                goes.notified().await;
                match is_completed {
                    true => super::effect(&db, &job, &lease).await,
                    false => Ok(Outcome::Done),
                }
            }
        });
        let subject = shop.ask("work").await;
        let first = start(shop.runner(&worker));
        begun.notified().await;
        shop.ask_for("work", subject, shop.now()).await;
        shop.ask_for("work", subject, shop.now() + TimeDelta::hours(1)).await;
        // One subject is never in two hands.
        assert_eq!(round(&shop.other_runner(&worker)).await, 0);
        go.notify_one();
        assert_eq!(first.await.unwrap(), 1);

        let job = shop.job().await;
        assert_eq!(
            (job.attempts, job.claim_id, job.again_at, job.due_at),
            (0, None, None, shop.now())
        );
        go.notify_one();
        assert_eq!(round(&shop.other_runner(&worker)).await, 1);
        assert_eq!(shop.jobs().await, []);
        assert_eq!(worker.seen(), 2);
    }
}

#[tokio::test]
async fn asked_for_again_a_failing_job_has_all_its_attempts_again() {
    let shop = Shop::new().await;
    let worker = Worker::ending(|| Outcome::Retry("NOT_YET"));
    let runner = shop.runner(&worker);
    let subject = shop.ask("work").await;
    assert_eq!(round(&runner).await, 1);
    let job = shop.job().await;
    assert_eq!((job.attempts, job.error.as_deref()), (1, Some("NOT_YET")));
    assert!(job.due_at > shop.now());
    shop.ask_for("work", subject, shop.now()).await;
    let job = shop.job().await;
    assert_eq!((job.attempts, job.due_at), (0, shop.now()));
}

#[tokio::test]
async fn a_runner_hears_at_once_of_what_its_node_asks_for_and_soon_of_the_rest() {
    let shop = Shop::new().await;
    shop.start_clocks();
    let worker = Worker::ending(|| Outcome::Done);
    let stop = CancellationToken::new();
    let (runner, token) = (shop.other_runner(&worker), stop.clone());
    let running = tokio::spawn(async move { runner.run(token).await });
    tokio::time::sleep(Duration::from_millis(200)).await;

    // The first node asks: on PostgreSQL that is another one than the runner's.
    let asked = Instant::now();
    shop.ask("work").await;
    until("the job is done", async || worker.seen() == 1).await;
    let limit = if shop.second.is_some() { 4_000 } else { 1_500 };
    assert!(asked.elapsed() < Duration::from_millis(limit), "{:?}", asked.elapsed());
    // What is due later needs no second word.
    shop.ask_for("work", Uuid::now_v7(), shop.now() + TimeDelta::seconds(1))
        .await;
    until("the later job is done", async || worker.seen() == 2).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(shop.jobs().await, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_kind_only_so_many_are_done_at_once_and_other_kinds_go_on() {
    let shop = Shop::new().await;
    shop.start_clocks();
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    let terms = Terms {
        at_once: 3,
        ..Terms::default()
    };
    let go = Arc::new(tokio::sync::Semaphore::new(0));
    let gate = Arc::clone(&go);
    let slow = Worker::with("slow", terms, move |_, _| {
        let (counted, peak, gate) = (Arc::clone(&counted), Arc::clone(&peak), Arc::clone(&gate));
        async move {
            peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            gate.acquire().await.unwrap().forget();
            counted.fetch_sub(1, Ordering::SeqCst);
            Ok(Outcome::Done)
        }
    });
    let quick = Worker::with("quick", Terms::default(), |_, _| std::future::ready(Ok(Outcome::Done)));
    for _ in 0..12 {
        shop.ask("slow").await;
    }
    let runner = sojourn::platform::job::Runner::new(shop.db(), vec![slow.clone(), quick.clone()]);
    let stop = CancellationToken::new();
    let token = stop.clone();
    let running = tokio::spawn(async move { runner.run(token).await });
    until("all places are taken", async || now.load(Ordering::SeqCst) == 3).await;
    for _ in 0..12 {
        shop.ask("quick").await;
    }
    until("the quick ones are done", async || quick.seen() == 12).await;
    assert_eq!((now.load(Ordering::SeqCst), slow.seen()), (3, 3));
    let is_claimed = |job: &&entity::job::Model| job.kind == "slow" && job.claim_id.is_some();
    let claimed = shop.jobs().await.iter().filter(is_claimed).count();
    assert_eq!(claimed, 3, "what waits for a place is left to other nodes");
    go.add_permits(12);
    until("all is done", async || shop.jobs().await.is_empty()).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!((most.load(Ordering::SeqCst), slow.seen()), (3, 12));
}
