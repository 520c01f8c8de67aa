//! Jobs: asked for with their cause, done once, whoever dies. In production the second runner is on a second node.

mod claim;
mod end;
mod queue;

use std::{
    fmt,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use entity::job;
use futures_util::future::{BoxFuture, FutureExt};
use sea_orm::{ConnectionTrait, EntityTrait, QueryOrder};
use sojourn::platform::{
    db::{Db, Tx},
    error::{Error, Result},
    job::{Handler, Job, Lease, NewJob, Outcome, Runner, Terms},
};
use tokio::{sync::Notify, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::support::{Node, World, is_production};

/// Longer than anything here takes; a test that hangs fails by it.
const PATIENCE: Duration = Duration::from_secs(60);

type Act = Box<dyn Fn(Job, Lease) -> BoxFuture<'static, Result<Outcome>> + Send + Sync>;

/// Does what a test says, and keeps which subjects it got.
struct Worker {
    kind: &'static str,
    terms: Terms,
    act: Act,
    seen: Mutex<Vec<Uuid>>,
    given_up: Mutex<Vec<Uuid>>,
    /// Whether it can't take note that a job is given up.
    refuses: AtomicBool,
}

impl fmt::Debug for Worker {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(self.kind)
    }
}

impl Worker {
    fn with<F>(kind: &'static str, terms: Terms, act: impl Fn(Job, Lease) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<Outcome>> + Send + 'static,
    {
        Arc::new(Self {
            kind,
            terms,
            act: Box::new(move |job, lease| act(job, lease).boxed()),
            seen: Mutex::default(),
            given_up: Mutex::default(),
            refuses: AtomicBool::new(false),
        })
    }

    fn new<F>(act: impl Fn(Job, Lease) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<Outcome>> + Send + 'static,
    {
        Self::with("work", Terms::default(), act)
    }

    /// One who begins, and tells so, and never ends.
    fn hanging(terms: Terms) -> (Arc<Self>, Arc<Notify>) {
        let begun = Arc::new(Notify::new());
        let begins = Arc::clone(&begun);
        let act = move |_, _| {
            begins.notify_one();
            std::future::pending()
        };
        (Self::with("work", terms, act), begun)
    }

    /// One who always comes to this end.
    fn ending(outcome: impl Fn() -> Outcome + Send + Sync + 'static) -> Arc<Self> {
        Self::new(move |_, _| std::future::ready(Ok(outcome())))
    }

    fn seen(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn given_up(&self) -> usize {
        self.given_up.lock().unwrap().len()
    }
}

#[async_trait]
impl Handler for Worker {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn terms(&self) -> Terms {
        self.terms
    }

    async fn run(&self, job: &Job, lease: &Lease) -> Result<Outcome> {
        self.seen.lock().unwrap().push(job.subject_id);
        (self.act)(job.clone(), lease.clone()).await
    }

    async fn given_up(&self, tx: &mut Tx<'_>, job: &Job) -> Result<()> {
        note(tx, job.subject_id).await?;
        self.given_up.lock().unwrap().push(job.subject_id);
        match self.refuses.load(Ordering::Relaxed) {
            true => Err(Error::broken("not now")),
            false => Ok(()),
        }
    }
}

/// What jobs of a test have done.
async fn note(tx: &Tx<'_>, subject: Uuid) -> Result<()> {
    let mut sql = tx.sql("INSERT INTO effect (subject_id) VALUES (");
    sql.bind(subject).push(")");
    tx.execute_raw(sql.statement()).await?;
    Ok(())
}

/// The effect and the end of a job in one unit.
async fn effect(db: &Db, job: &Job, lease: &Lease) -> Result<Outcome> {
    let completed = db.write(job.space_id, |tx| {
        async move {
            note(tx, job.subject_id).await?;
            lease.complete(tx).await
        }
        .boxed()
    });
    Ok(completed.await?.into())
}

/// A server whose clock stands still.
struct Shop {
    world: World,
    second: Option<Node>,
}

impl Shop {
    async fn new() -> Self {
        let world = World::new().await;
        let second = match is_production() {
            true => Some(world.second_node().await),
            false => None,
        };
        let shop = Self { world, second };
        let id = if is_production() { "uuid" } else { "blob" };
        let table = format!("CREATE TABLE effect (subject_id {id} NOT NULL)");
        shop.db().primary().execute_unprepared(&table).await.unwrap();
        shop.stop_clocks(Utc::now());
        shop
    }

    fn db(&self) -> &Db {
        &self.world.app().db
    }

    /// The database as a second node sees it.
    fn other_db(&self) -> &Db {
        self.second.as_ref().map_or(self.db(), |node| &node.app.db)
    }

    fn now(&self) -> DateTime<Utc> {
        self.db().clock().now()
    }

    fn stop_clocks(&self, at: DateTime<Utc>) {
        self.db().clock().set(Some(at));
        self.other_db().clock().set(Some(at));
    }

    fn start_clocks(&self) {
        self.db().clock().set(None);
        self.other_db().clock().set(None);
    }

    /// Lets so many seconds pass.
    fn pass(&self, seconds: i64) {
        self.stop_clocks(self.now() + TimeDelta::seconds(seconds));
    }

    fn runner(&self, worker: &Arc<Worker>) -> Runner {
        Runner::new(self.db(), vec![Arc::clone(worker) as Arc<dyn Handler>])
    }

    fn other_runner(&self, worker: &Arc<Worker>) -> Runner {
        Runner::new(self.other_db(), vec![Arc::clone(worker) as Arc<dyn Handler>])
    }

    /// Asks for a job that is due.
    async fn ask(&self, kind: &'static str) -> Uuid {
        let subject = Uuid::now_v7();
        self.ask_for(kind, subject, self.now()).await;
        subject
    }

    async fn ask_for(&self, kind: &'static str, subject_id: Uuid, due_at: DateTime<Utc>) {
        let ask = |tx: &mut Tx<'_>| {
            tx.enqueue(NewJob {
                kind,
                subject_id,
                space_id: None,
                due_at,
            });
        };
        let ask = self.db().write(None, |tx| {
            ask(tx);
            std::future::ready(Ok(())).boxed()
        });
        ask.await.unwrap();
    }

    async fn jobs(&self) -> Vec<job::Model> {
        let all = job::Entity::find().order_by_asc(job::Column::Id);
        all.all(self.db().primary()).await.unwrap()
    }

    /// The only job.
    async fn job(&self) -> job::Model {
        let jobs = self.jobs().await;
        assert_eq!(jobs.len(), 1, "{jobs:?}");
        jobs[0].clone()
    }

    /// What was done, in order.
    async fn effects(&self) -> Vec<Uuid> {
        let sql = self.db().sql("SELECT subject_id FROM effect ORDER BY subject_id");
        let rows = self.db().primary().query_all_raw(sql.statement()).await.unwrap();
        rows.iter().map(|row| row.try_get("", "subject_id").unwrap()).collect()
    }
}

/// One round of a runner.
async fn round(runner: &Runner) -> usize {
    runner.run_due(&CancellationToken::new()).await.unwrap()
}

/// Starts one round of a runner.
fn start(runner: Runner) -> JoinHandle<usize> {
    tokio::spawn(async move { round(&runner).await })
}

/// Waits until it is so.
async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}
