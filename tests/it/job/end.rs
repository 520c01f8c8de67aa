//! How attempts end.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::TimeDelta;
use sea_orm::ConnectionTrait;
use sojourn::platform::{
    db::Db,
    error::Error,
    job::{self, Outcome, Terms},
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{Shop, Worker, round, until};

#[tokio::test]
async fn a_failing_job_is_tried_five_times_ever_later_and_then_given_up() {
    let shop = Shop::new().await;
    let worker = Worker::ending(|| Outcome::Retry("NOT_YET"));
    let runner = shop.runner(&worker);
    let subject = shop.ask("work").await;
    for (attempt, pause) in [(1, 10), (2, 40), (3, 160), (4, 640)] {
        assert_eq!(round(&runner).await, 1);
        let job = shop.job().await;
        assert_eq!(
            (job.attempts, job.claim_id, job.parked_at, job.error.as_deref()),
            (attempt, None, None, Some("NOT_YET"))
        );
        let waits = (job.due_at - shop.now()).num_milliseconds();
        assert!(
            (pause * 750..=pause * 1250).contains(&waits),
            "after attempt {attempt}: {waits} ms"
        );
        shop.stop_clocks(job.due_at - TimeDelta::microseconds(1));
        assert_eq!(round(&runner).await, 0);
        shop.stop_clocks(job.due_at);
    }
    assert_eq!((worker.seen(), worker.given_up()), (4, 0));
    assert_eq!(round(&runner).await, 1);
    assert_eq!((worker.seen(), worker.given_up()), (5, 1));
    assert_eq!(shop.effects().await, [subject], "the handler's note is committed");
    let parked = shop.job().await;
    assert_eq!(
        (
            parked.attempts,
            parked.claim_id,
            parked.parked_at,
            parked.error.as_deref()
        ),
        (5, None, Some(shop.now()), Some("NOT_YET"))
    );
    shop.pass(24 * 3600);
    assert_eq!(round(&runner).await, 0);

    // It can be asked for again, and is kept beside for 30 days.
    shop.ask_for("work", subject, shop.now()).await;
    let fine = Worker::ending(|| Outcome::Done);
    assert_eq!(round(&shop.runner(&fine)).await, 1);
    assert_eq!(shop.job().await, parked);
    shop.pass(29 * 24 * 3600 - 1);
    job::forget_parked(shop.db()).await.unwrap();
    assert_eq!(shop.job().await, parked);
    shop.pass(2);
    job::forget_parked(shop.db()).await.unwrap();
    assert_eq!(shop.jobs().await, []);
}

#[tokio::test]
async fn pauses_differ_so_that_not_all_come_back_at_once() {
    let shop = Shop::new().await;
    let worker = Worker::ending(|| Outcome::Retry("NOT_YET"));
    for _ in 0..40 {
        shop.ask("work").await;
    }
    for _ in 0..10 {
        assert_eq!(round(&shop.runner(&worker)).await, 4);
    }
    // In milliseconds, so that two of them may fall together by chance.
    let due: std::collections::BTreeSet<_> = shop.jobs().await.iter().map(|job| job.due_at).collect();
    assert!(due.len() > 30, "{}", due.len());
}

#[tokio::test]
async fn whatever_goes_wrong_is_a_failed_attempt_with_a_word_of_ours() {
    let secret = "Moira K, born 2010";
    let terms = Terms {
        limit: Duration::from_millis(100),
        ..Terms::default()
    };
    let faults: [(&str, Arc<Worker>); 4] = [
        (
            "INTERNAL",
            Worker::new(move |_, _| async move { Err(Error::broken(secret)) }),
        ),
        (
            "UNAVAILABLE",
            Worker::new(|_, _| async { Err(Error::Unavailable(Duration::ZERO)) }),
        ),
        (
            "PANIC",
            Worker::new(|_, _| async { panic!("a handler that panics, on purpose") }),
        ),
        (
            "TIME_UP",
            Worker::with("work", terms, |_, lease| async move {
                lease.ended().await;
                Ok(Outcome::Retry("CALLED_OFF"))
            }),
        ),
    ];
    for (word, worker) in faults {
        let shop = Shop::new().await;
        shop.ask("work").await;
        assert_eq!(round(&shop.runner(&worker)).await, 1);
        let job = shop.job().await;
        assert_eq!(
            (job.attempts, job.claim_id, job.error.as_deref()),
            (1, None, Some(word))
        );
        assert!(job.due_at > shop.now() && job.parked_at.is_none());
    }
}

#[tokio::test]
async fn what_will_never_work_is_given_up_at_once() {
    let shop = Shop::new().await;
    let worker = Worker::ending(|| Outcome::Park("NO_SUCH_THING"));
    let subject = shop.ask("work").await;
    assert_eq!(round(&shop.runner(&worker)).await, 1);
    let job = shop.job().await;
    assert_eq!(
        (job.attempts, job.parked_at, job.error.as_deref()),
        (1, Some(shop.now()), Some("NO_SUCH_THING"))
    );
    assert_eq!(shop.effects().await, [subject]);
}

#[tokio::test]
async fn a_job_is_given_up_only_together_with_the_note_of_its_handler() {
    let shop = Shop::new().await;
    let terms = Terms {
        tries: 1,
        ..Terms::default()
    };
    let worker = Worker::with("work", terms, |_, _| std::future::ready(Ok(Outcome::Retry("NOT_YET"))));
    let subject = shop.ask("work").await;
    worker.refuses.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        assert_eq!(round(&shop.runner(&worker)).await, 1);
        let job = shop.job().await;
        assert_eq!((job.parked_at, job.claim_id), (None, None));
        assert!(shop.effects().await.is_empty());
        shop.stop_clocks(job.due_at);
    }
    worker.refuses.store(false, Ordering::Relaxed);
    assert_eq!(round(&shop.runner(&worker)).await, 1);
    assert_eq!(shop.job().await.parked_at, Some(shop.now()));
    assert_eq!(shop.effects().await, [subject]);
    assert_eq!(worker.seen(), 1, "there was no attempt beyond the last");
}

/// A job is not at fault while nothing can be kept: it has all its attempts when there is room again.
#[tokio::test]
async fn while_the_database_keeps_nothing_no_attempt_counts_and_none_is_made() {
    let shop = Arc::new(Shop::new().await);
    let terms = Terms {
        tries: 1,
        ..Terms::default()
    };
    let writes = Arc::downgrade(&shop);
    let worker = Worker::with("work", terms, move |_, _| {
        let db = writes.upgrade().unwrap().db().clone();
        async move { Err(fill_up(&db).await) }
    });
    shop.ask("work").await;
    assert_eq!(round(&shop.runner(&worker)).await, 1);
    let job = shop.job().await;
    assert_eq!(
        (job.attempts, job.parked_at, job.error.as_deref()),
        (0, None, Some("UNAVAILABLE"))
    );
    shop.stop_clocks(job.due_at);
    assert_eq!(round(&shop.runner(&worker)).await, 0);
}

/// Lets a database say that its disk is full.
async fn fill_up(db: &Db) -> Error {
    let full = db.write(None, |tx| {
        Box::pin(async move {
            let sql = match tx.for_update() {
                "" => "PRAGMA max_page_count = 1; CREATE TABLE large AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 99)
                    SELECT i, zeroblob(100000) AS bytes FROM n",
                _ => "DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$",
            };
            tx.execute_unprepared(sql).await?;
            Ok(())
        })
    });
    full.await.unwrap_err()
}

#[tokio::test]
async fn what_was_asked_for_again_during_its_last_attempt_is_not_given_up() {
    let shop = Arc::new(Shop::new().await);
    let terms = Terms {
        tries: 1,
        ..Terms::default()
    };
    let asks = Arc::downgrade(&shop);
    let worker = Worker::with("work", terms, move |job, _| {
        let shop = asks.upgrade().unwrap();
        async move {
            shop.ask_for("work", job.subject_id, shop.now()).await;
            Ok(Outcome::Retry("NOT_YET"))
        }
    });
    shop.ask("work").await;
    assert_eq!(round(&shop.runner(&worker)).await, 1);
    let job = shop.job().await;
    assert_eq!((job.attempts, job.parked_at, job.due_at), (0, None, shop.now()));
    assert!(shop.effects().await.is_empty());
}

#[tokio::test]
async fn a_runner_that_stops_gives_back_what_it_has_begun() {
    let shop = Shop::new().await;
    let begun = Arc::new(AtomicUsize::new(0));
    let begins = Arc::clone(&begun);
    let worker = Worker::new(move |_, lease| {
        let begins = Arc::clone(&begins);
        async move {
            // Of four, one ends well in time, one is called off, one panics then, and one doesn't listen.
            let number = begins.fetch_add(1, Ordering::SeqCst);
            match number {
                3 => std::future::pending().await,
                _ => lease.ended().await,
            }
            match number {
                0 => Ok(Outcome::Done),
                1 => Err(Error::broken("called off")),
                _ => panic!("a handler that panics, on purpose"),
            }
        }
    });
    for _ in 0..6 {
        shop.ask("work").await;
    }
    let stop = CancellationToken::new();
    let (runner, token) = (shop.runner(&worker), stop.clone());
    let mut running = tokio::spawn(async move { runner.run(token).await });
    until("all places are taken", async || begun.load(Ordering::SeqCst) == 4).await;
    stop.cancel();
    assert!(
        tokio::time::timeout(Duration::from_secs(1), &mut running)
            .await
            .is_err(),
        "the deaf one has some time"
    );
    running.await.unwrap();
    let jobs = shop.jobs().await;
    assert_eq!(jobs.len(), 5);
    for job in jobs {
        assert_eq!(
            (job.attempts, job.claim_id, job.due_at, job.error),
            (0, None, shop.now(), None)
        );
    }
    assert_eq!(worker.seen(), 4, "nothing was begun after the stop");
    // Another goes on at once.
    let heir = Worker::ending(|| Outcome::Done);
    let runner = shop.other_runner(&heir);
    assert_eq!((round(&runner).await, round(&runner).await), (4, 1));
}

#[tokio::test]
async fn who_does_not_listen_when_the_time_is_up_is_dropped() {
    let shop = Shop::new().await;
    let dropped = Arc::new(Notify::new());
    struct Tell(Arc<Notify>);
    impl Drop for Tell {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let tell = Arc::clone(&dropped);
    let terms = Terms {
        limit: Duration::from_millis(100),
        ..Terms::default()
    };
    let worker = Worker::with("work", terms, move |_, _| {
        let tell = Tell(Arc::clone(&tell));
        async move {
            std::future::pending::<()>().await;
            drop(tell);
            Ok(Outcome::Done)
        }
    });
    shop.ask("work").await;
    assert_eq!(round(&shop.runner(&worker)).await, 1);
    dropped.notified().await;
    assert_eq!(shop.job().await.error.as_deref(), Some("TIME_UP"));
}
