//! Claims, and what becomes of the claims of the dead.

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use sojourn::platform::job::{Outcome, Terms};
use tokio::{
    sync::{Notify, Semaphore},
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{PATIENCE, Shop, Worker, effect, round, start, until};
use crate::support::is_production;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runners_do_200_jobs_once_each() {
    let shop = Shop::new().await;
    shop.start_clocks();
    let mut asked = BTreeSet::new();
    for _ in 0..200 {
        asked.insert(shop.ask("work").await);
    }
    let workers = [shop.db(), shop.other_db()].map(|db| {
        let db = db.clone();
        Worker::new(move |job, lease| {
            let db = db.clone();
            async move {
                sleep(Duration::from_millis(2)).await;
                effect(&db, &job, &lease).await
            }
        })
    });
    let stop = CancellationToken::new();
    let runners = [shop.runner(&workers[0]), shop.other_runner(&workers[1])];
    let running = runners.map(|runner| {
        let stop = stop.clone();
        tokio::spawn(async move { runner.run(stop).await })
    });
    until("all is done", async || shop.jobs().await.is_empty()).await;
    stop.cancel();
    for running in running {
        running.await.unwrap();
    }
    assert_eq!(shop.effects().await, asked.into_iter().collect::<Vec<_>>());
    let done = workers.map(|worker| worker.seen());
    if is_production() {
        assert_eq!(done[0] + done[1], 200, "each was attempted once");
    }
    assert!(done.iter().all(|&done| done > 0), "{done:?}");
}

#[tokio::test]
async fn the_job_of_a_dead_runner_is_done_by_another_when_its_lease_ends() {
    let shop = Shop::new().await;
    let (victim, begun) = Worker::hanging(Terms::default());
    let subject = shop.ask("work").await;
    let dying = start(shop.runner(&victim));
    begun.notified().await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());

    let db = shop.other_db().clone();
    let heir = Worker::new(move |job, lease| {
        let db = db.clone();
        async move { effect(&db, &job, &lease).await }
    });
    let runner = shop.other_runner(&heir);
    shop.pass(59);
    assert_eq!(round(&runner).await, 0);
    shop.pass(2);
    assert_eq!(round(&runner).await, 1);
    assert_eq!(shop.effects().await, [subject]);
    assert_eq!(shop.jobs().await, []);
}

#[tokio::test]
async fn a_runner_that_has_the_database_for_itself_takes_the_jobs_of_the_one_before_at_once() {
    let shop = Shop::new().await;
    let (victim, begun) = Worker::hanging(Terms::default());
    shop.ask("work").await;
    let dying = start(shop.runner(&victim));
    begun.notified().await;
    dying.abort();
    assert!(dying.await.unwrap_err().is_cancelled());
    assert_eq!(shop.job().await.attempts, 1);

    // Time stands still: no lease ends by itself.
    let heir = Worker::ending(|| Outcome::Done);
    let stop = CancellationToken::new();
    let (runner, token) = (shop.runner(&heir), stop.clone());
    let running = tokio::spawn(async move { runner.run(token).await });
    if is_production() {
        // The one before may live.
        sleep(Duration::from_secs(3)).await;
        assert_eq!(heir.seen(), 0);
        shop.pass(61);
    }
    until("the heir is done", async || shop.jobs().await.is_empty()).await;
    stop.cancel();
    running.await.unwrap();
    assert_eq!(heir.seen(), 1);
}

#[tokio::test]
async fn who_lost_the_lease_writes_nothing_and_is_told() {
    let shop = Shop::new().await;
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let results = Arc::new(Semaphore::new(0));
    let (begins, goes, refused, db) = (
        Arc::clone(&begun),
        Arc::clone(&go),
        Arc::clone(&results),
        shop.db().clone(),
    );
    let sleeper = Worker::new(move |job, lease| {
        let (begins, goes, refused, db) = (Arc::clone(&begins), Arc::clone(&goes), Arc::clone(&refused), db.clone());
        async move {
            begins.notify_one();
            goes.notified().await;
            assert!(!lease.is_over());
            let result = effect(&db, &job, &lease).await;
            assert!(result.is_err() && lease.is_over());
            refused.add_permits(1);
            result
        }
    });
    let subject = shop.ask("work").await;
    let late = start(shop.runner(&sleeper));
    begun.notified().await;
    shop.pass(61);
    // Another claims it and fails: the job is still there, and now waits for its next attempt.
    let failing = Worker::ending(|| Outcome::Retry("NOT_YET"));
    assert_eq!(round(&shop.other_runner(&failing)).await, 1);
    let before = shop.job().await;
    go.notify_one();
    assert_eq!(late.await.unwrap(), 1);
    assert_eq!(results.available_permits(), 1);
    assert_eq!(shop.job().await, before, "neither its end nor its failure is noted");
    assert!(shop.effects().await.is_empty());

    // The same for one who just says that it is done.
    let (begins, goes) = (Arc::clone(&begun), Arc::clone(&go));
    let careless = Worker::new(move |_, _| {
        let (begins, goes) = (Arc::clone(&begins), Arc::clone(&goes));
        async move {
            begins.notify_one();
            goes.notified().await;
            Ok(Outcome::Done)
        }
    });
    shop.pass(60);
    let late = start(shop.runner(&careless));
    begun.notified().await;
    shop.pass(61);
    assert_eq!(round(&shop.other_runner(&failing)).await, 1);
    let before = shop.job().await;
    go.notify_one();
    assert_eq!(late.await.unwrap(), 1);
    assert_eq!(shop.job().await, before);
    assert_eq!((before.subject_id, before.attempts), (subject, 4));
}

#[tokio::test]
async fn a_lease_is_kept_while_the_handler_works_and_its_loss_is_noticed() {
    let shop = Shop::new().await;
    let (begun, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (begins, goes) = (Arc::clone(&begun), Arc::clone(&go));
    let called_off = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&called_off);
    let worker = Worker::new(move |_, lease| {
        let (begins, goes, counter) = (Arc::clone(&begins), Arc::clone(&goes), Arc::clone(&counter));
        async move {
            begins.notify_one();
            tokio::select! {
                () = goes.notified() => Ok(Outcome::Done),
                () = lease.ended() => {
                    counter.fetch_add(1, Ordering::SeqCst);
                    Ok(Outcome::Retry("CALLED_OFF"))
                }
            }
        }
    });
    shop.ask("work").await;
    // Renewed every second.
    let working = start(shop.runner(&worker).with_lease(Duration::from_secs(3)));
    begun.notified().await;
    let first = shop.job().await;
    let term = |job: &entity::job::Model| job.due_at - shop.now();
    assert_eq!(term(&first), TimeDelta::seconds(3));
    let other = Worker::ending(|| Outcome::Done);
    for _ in 0..3 {
        shop.pass(2);
        until("it is renewed", async || {
            term(&shop.job().await) == TimeDelta::seconds(3)
        })
        .await;
        assert_eq!(round(&shop.other_runner(&other)).await, 0);
    }
    // Somebody else gets it before it is renewed again.
    shop.pass(4);
    let stolen = timeout(PATIENCE, async {
        while round(&shop.other_runner(&other)).await == 0 {
            shop.pass(4);
        }
    });
    stolen.await.unwrap();
    assert_eq!(timeout(PATIENCE, working).await.unwrap().unwrap(), 1);
    assert_eq!(called_off.load(Ordering::SeqCst), 1);
    assert_eq!(shop.jobs().await, []);
}

#[tokio::test]
async fn a_job_that_takes_the_process_with_it_is_given_up_without_a_further_attempt() {
    let shop = Shop::new().await;
    let terms = Terms {
        tries: 3,
        ..Terms::default()
    };
    let (deadly, begun) = Worker::hanging(terms);
    let subject = shop.ask("work").await;
    for _ in 0..3 {
        let dying = start(shop.runner(&deadly));
        begun.notified().await;
        dying.abort();
        assert!(dying.await.unwrap_err().is_cancelled());
        shop.pass(61);
    }
    assert_eq!(deadly.given_up(), 0);
    assert_eq!(round(&shop.runner(&deadly)).await, 1);
    assert_eq!((deadly.seen(), deadly.given_up()), (3, 1));
    let job = shop.job().await;
    assert_eq!((job.parked_at, job.error.as_deref()), (Some(shop.now()), Some("DIED")));
    assert_eq!(shop.effects().await, [subject]);
}

#[tokio::test]
async fn claiming_takes_as_many_statements_for_one_job_as_for_fifty() {
    let shop = Shop::new().await;
    let terms = Terms {
        at_once: 50,
        ..Terms::default()
    };
    let worker = Worker::with("work", terms, |_, _| std::future::pending());
    let runner = Arc::new(shop.runner(&worker));
    let _ = shop.db().recorded();
    assert_eq!(round(&runner).await, 0);
    let idle = shop.db().recorded();
    assert_eq!(idle.len(), 1, "{idle:#?}");
    assert!(
        idle[0].sql.starts_with("SELECT id FROM (SELECT id FROM job"),
        "{idle:#?}"
    );
    let mut counts = Vec::new();
    for jobs in [1, 50] {
        for _ in 0..jobs {
            shop.ask("work").await;
        }
        let _ = shop.db().recorded();
        let (before, runner) = (worker.seen(), Arc::new(shop.runner(&worker)));
        let working = tokio::spawn(async move { round(&runner).await });
        until("all have begun", async || worker.seen() == before + jobs).await;
        let statements = shop.db().recorded();
        let about_jobs = statements.iter().filter(|statement| statement.sql.contains("job"));
        counts.push(about_jobs.count());
        working.abort();
        assert!(working.await.unwrap_err().is_cancelled());
    }
    assert_eq!(counts, [2, 2], "a look and a claim");
}
