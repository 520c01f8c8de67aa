//! Nodes of two releases on one PostgreSQL, under load. Only in production: an SQLite file has one process.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, IsolationLevel, TransactionTrait};

use super::{
    known,
    load::{Place, Working},
    made,
    process::{Run, migrate, refused},
    slow, texts,
};
use crate::support::{World, eventually, is_long, is_production};

const PATIENCE: Duration = Duration::from_secs(60);

/// Two nodes of this release, and people who use them.
struct Stage {
    places: [Place; 2],
    working: Working,
    database: DatabaseConnection,
    /// Another connection, on which transactions stay open.
    other: DatabaseConnection,
}

impl Stage {
    async fn new() -> Self {
        let (world, cast) = World::with_cast().await;
        let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
        let server = world.into_server(&[]).await;
        let (database, other, twin) = (server.database().await, server.database().await, server.twin().await);
        let places = [Place::new(server), Place::new(twin)];
        let working = Working::begin(cast, thread, &[&places[0], &places[1]]).await;
        Self {
            places,
            working,
            database,
            other,
        }
    }

    fn run(&self, migrations: &[&str]) -> Run {
        Run::start(&self.places[0].server, "migrate", migrations)
    }

    async fn migrate(&self, migrations: &[&str]) {
        migrate(&self.places[0].server, migrations).await;
    }

    async fn execute(&self, sql: &str) {
        self.database.execute_unprepared(sql).await.unwrap();
    }

    async fn goes_on(&self) {
        self.working.load.goes_on().await;
    }

    /// Waits until a query finds something.
    async fn finds(&self, sql: &str) {
        eventually(PATIENCE, sql, async || !texts(&self.database, sql).await.is_empty()).await;
    }

    /// Which migrations for tests were made.
    async fn made(&self) -> Vec<String> {
        made(&self.database).await
    }

    /// A transaction that reads a table, and goes on.
    async fn hold(&self, table: &str) -> DatabaseTransaction {
        let level = Some(IsolationLevel::RepeatableRead);
        let held = self.other.begin_with_config(level, None).await.unwrap();
        held.execute_unprepared(&format!("SELECT 1 FROM {table} LIMIT 1"))
            .await
            .unwrap();
        held
    }

    /// Waits until a migration waits for such a transaction.
    async fn is_waited_for(&self, table: &str) {
        let waiting = "SELECT l.mode AS text FROM pg_locks l JOIN pg_database d ON d.oid = l.database AND d.datname = current_database()
            WHERE NOT l.granted AND l.mode = 'AccessExclusiveLock' AND l.relation = to_regclass('TABLE')";
        self.finds(&waiting.replace("TABLE", table)).await;
    }

    /// The indexes for tests, those that are not finished with a mark.
    async fn indexes(&self) -> Vec<String> {
        let sql = "SELECT c.relname || CASE WHEN i.indisvalid THEN '' ELSE ' unfinished' END AS text
            FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname LIKE '%_test_contribution' OR c.relname LIKE '%_test_event' ORDER BY 1";
        texts(&self.database, sql).await
    }

    async fn end(self) {
        self.working.end(&self.database).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_serve_while_migrations_are_killed_in_every_step_and_made_again() {
    if !is_production() {
        return;
    }
    let stage = Stage::new().await;
    let release = ["expand", "backfill", slow(), "half", "index"];

    // While somebody reads for long, a lock that the migration needs is not to be had: all others are served meanwhile.
    let held = stage.hold("event").await;
    let run = stage.run(&release[..1]);
    stage.is_waited_for("event").await;
    let who = "a migration waits for others: it goes on when they end";
    // On its way there it may have waited for others, and said so.
    let is_named = |line: &str| line.contains(who) && line.contains("idle in transaction, in a transaction for ");
    eventually(PATIENCE, "it says for whom it waits", async || {
        run.said().lines().any(is_named)
    })
    .await;
    stage.goes_on().await;
    run.kill();
    held.commit().await.unwrap();
    assert_eq!(stage.made().await, Vec::<String>::new());

    let run = stage.run(&release[..3]);
    stage.finds("SELECT query AS text FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT pg_sleep%'").await;
    stage.goes_on().await;
    run.kill();
    assert_eq!(stage.made().await.len(), 2);

    // This one fails at its end.
    let said = refused(&stage.places[0].server, "migrate", &release).await;
    assert!(said.contains("the migration test_half failed"), "{said}");
    assert_eq!(stage.made().await.len(), 3);
    stage.goes_on().await;
    stage.execute("CREATE TABLE test_marker (id uuid)").await;

    // An index is finished when nobody looks at older rows any more.
    let held = stage.hold("contribution").await;
    let run = stage.run(&release);
    stage
        .finds("SELECT 'yes' AS text FROM pg_index WHERE NOT indisvalid")
        .await;
    eventually(PATIENCE, "it says for whom it waits", async || run.said().contains(who)).await;
    stage.goes_on().await;
    run.kill();
    let building = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%'";
    if !is_long() {
        // It notices by itself that it works for nobody, after seconds.
        stage
            .execute(&format!("SELECT pg_terminate_backend(pid) {building}"))
            .await;
    }
    let is_over = async || {
        texts(&stage.database, &format!("SELECT query AS text {building}"))
            .await
            .is_empty()
    };
    eventually(PATIENCE, "nobody builds", is_over).await;
    held.commit().await.unwrap();
    assert_eq!(stage.indexes().await, ["ix_test_contribution unfinished"]);
    assert_eq!(stage.made().await.len(), 4);
    stage.goes_on().await;

    stage.migrate(&release).await;
    assert_eq!(stage.indexes().await, ["ix_test_contribution", "uq_test_event"]);
    assert_eq!(stage.made().await.len(), 5);
    stage.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_of_two_releases_serve_side_by_side_back_and_forward_until_the_floor_is_raised() {
    if !is_production() {
        return;
    }
    let mut stage = Stage::new().await;
    let (next, later) = (
        ["expand", "backfill", "index"],
        ["expand", "backfill", "index", "contract"],
    );
    let postgres = migration::Database::Postgres;
    let oldest = known(postgres, &[]);
    stage.migrate(&next).await;
    stage.goes_on().await;

    // Forward, back, and forward again, as operators do it and as power cuts do.
    let load = std::sync::Arc::clone(&stage.working.load);
    let [old, new] = &mut stage.places;
    new.stop(&load).await;
    new.start(&load, &next).await;
    load.goes_on().await;
    new.kill(&load);
    new.start(&load, &[]).await;
    load.goes_on().await;
    new.stop(&load).await;
    new.start(&load, &next).await;
    load.goes_on().await;
    old.kill(&load);
    old.start(&load, &[]).await;
    load.goes_on().await;

    // Nothing is taken away while a node is seen that needs it, or was seen lately.
    let told = |said: &str| {
        let node = format!(
            ", {}, {oldest} migrations)",
            concat!("version ", env!("CARGO_PKG_VERSION"))
        );
        assert!(
            said.contains("seen in the last two minutes") && said.contains(&node),
            "{said}"
        );
    };
    told(&refused(&new.server, "migrate", &later).await);
    old.kill(&load);
    told(&refused(&new.server, "migrate", &later).await);
    let aged = "UPDATE node SET seen_at = seen_at - interval '3 minutes' WHERE migrations = ";
    stage.execute(&format!("{aged}{oldest}")).await;
    stage.places[0].start(&load, &next).await;
    stage.goes_on().await;

    let held = stage.hold("space").await;
    let run = stage.run(&later);
    stage.is_waited_for("space").await;
    stage.goes_on().await;
    run.kill();
    held.commit().await.unwrap();
    assert_eq!(stage.made().await.len(), 3);
    let newest = texts(
        &stage.database,
        "SELECT id::text AS text FROM contribution ORDER BY id DESC LIMIT 1",
    )
    .await;
    stage.migrate(&later).await;
    assert_eq!(stage.made().await.len(), 4);
    let left = format!(
        "SELECT id::text AS text FROM contribution WHERE test_note IS NULL AND id <= '{}'",
        newest[0]
    );
    assert_eq!(texts(&stage.database, &left).await, Vec::<String>::new());
    stage.goes_on().await;

    // From now on the older release says why it doesn't serve.
    for command in ["serve", "migrate"] {
        let said = refused(&stage.places[0].server, command, &[]).await;
        let sentence = format!("needs one that knows at least {} migrations", known(postgres, &next));
        assert!(said.contains(&sentence) && !said.contains("serving"), "{said}");
    }
    let [one, two] = &mut stage.places;
    one.kill(&load);
    one.start(&load, &next).await;
    two.stop(&load).await;
    two.start(&load, &later).await;
    stage.end().await;
}
