//! How the databases answer the statements behind lists: along an index, without sorting and without reading whole tables.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use chrono::TimeDelta;
use entity::enums::{ContentState, RevisionState, SpaceRole};
use futures_util::FutureExt;
use sea_orm::{ConnectionTrait, Statement, TransactionTrait, Value as SqlValue};
use serde_json::{Value, json};
use sojourn::platform::{
    db::Db,
    error::Result,
    id::Kind,
    job::{self, Handler, Job, Lease, NewJob, Outcome, Runner},
    stream::Cursor,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{bulk::Bulk, copy::copy_space, cost, public, row_id};
use crate::support::{Cast, Person, World, is_production};

/// Tables that are never read as a whole, with the names that statements give them.
const LARGE: [(&str, &[&str]); 8] = [
    ("contribution", &["c", "r", "contribution"]),
    ("revision", &["v", "x", "revision"]),
    ("event", &["e", "event"]),
    ("audit_record", &["x", "audit_record"]),
    ("job", &["job"]),
    ("notification", &["n", "notification"]),
    ("review", &["v", "d", "review"]),
    ("review_target", &["t", "review_target"]),
];

/// Sixteen spaces, each with 200 threads, 2,000 comments, 500 journal entries, what waits for moderators, and events.
struct Full {
    world: World,
    cast: Cast,
    /// Public ids: a thread with many comments, a comment with many replies, a contribution with many versions.
    thread: String,
    comment: String,
    entry: String,
    /// A review round, and an entry that is reviewed often.
    round: String,
    work: String,
}

impl Full {
    async fn new() -> Self {
        let (world, cast) = World::with_cast().await;
        Bulk::new(&world, &cast, 0).await.elsewhere(1000).await;
        let mut bulk = Bulk::new(&world, &cast, 20).await;
        bulk.with(&cast.mobile);
        let [thread, comment, entry] = fill(&mut bulk, &cast.teacher).await;
        let (round, work) = bulk.rounds(&cast.teacher, 400, 20).await;
        bulk.elsewhere(1000).await;
        for _ in 0..20 {
            bulk.invitation(row_id(&cast.teacher.organisation)).await;
            let (space, _) = bulk.space("Mine").await;
            let (account, organisation) = (row_id(&cast.teacher.account), row_id(&cast.teacher.organisation));
            bulk.member(space, account, organisation, SpaceRole::Teacher).await;
        }
        copy_space(&world.app().db, bulk.space, 15).await;
        Self {
            world,
            cast,
            thread,
            comment,
            entry,
            round: public(Kind::ReviewRound, round),
            work: public(Kind::JournalEntry, work),
        }
    }

    fn db(&self) -> &Db {
        &self.world.app().db
    }

    async fn analyze(&self) {
        self.db().primary().execute_unprepared("ANALYZE").await.unwrap();
    }

    /// The statements that read lists for these queries, each text once.
    async fn statements(&self) -> Vec<Statement> {
        let mut statements: Vec<Statement> = Vec::new();
        for query in queries() {
            let variables = self.variables();
            let _ = self.db().recorded();
            // The audit trail is for coordinators.
            let who = match query.contains("auditLog") {
                true => &self.cast.coordinator,
                false => &self.cast.teacher,
            };
            let (page, _) = cost(&self.world, who, &query, variables.clone()).await;
            statements.extend(self.db().recorded());
            // The next page, and the one before it.
            if let Some(cursor) = cursor(&page) {
                for (one, other) in [("first: 5", "after"), ("last: 5", "before")] {
                    let query = query.replacen("first: 5", &format!("{one}, {other}: \"{cursor}\""), 1);
                    cost(&self.world, who, &query, variables.clone()).await;
                    statements.extend(self.db().recorded());
                }
            }
        }
        statements.extend(self.replay().await);
        let mut texts = std::collections::HashSet::new();
        statements.retain(|statement| texts.insert(statement.sql.clone()));
        statements
    }

    /// The statements behind a stream that begins at the first event.
    async fn replay(&self) -> Vec<Statement> {
        let query = "query($space: ID!) { space(id: $space) { eventCursor } }";
        let (page, _) = cost(&self.world, &self.cast.teacher, query, self.variables()).await;
        let newest = page["space"]["eventCursor"].as_str().unwrap();
        let first = Cursor {
            seq: 0,
            tag: 0,
            ..Cursor::decode(newest).unwrap()
        };
        let _ = self.db().recorded();
        let first = first.encode();
        let mut live = self
            .world
            .node
            .watch(&self.cast.teacher, &self.cast.space, Some(&first))
            .await;
        for _ in 0..300 {
            live.event().await;
        }
        self.db().recorded()
    }

    fn variables(&self) -> Value {
        json!({ "space": self.cast.space, "phase": self.cast.during, "thread": self.thread, "comment": self.comment,
            "entry": self.entry, "round": self.round, "work": self.work, "author": self.cast.mobile.member, "organisation": self.cast.mobile.organisation })
    }
}

async fn fill(bulk: &mut Bulk, teacher: &Person) -> [String; 3] {
    bulk.forum(50, 10);
    bulk.journal(500, 1);
    bulk.gallery(200);
    for _ in 0..50 {
        bulk.thread(bulk.phases[1], ContentState::Pending);
        bulk.entry(bulk.phases[1], ContentState::Draft);
    }
    let thread = bulk.thread(bulk.phases[1], ContentState::Published);
    let comment = bulk.comment(thread, None);
    for _ in 0..50 {
        bulk.comment(thread, Some(comment));
    }
    let entry = bulk.entry(bulk.phases[1], ContentState::Published);
    for version in 2..30 {
        bulk.revise(entry, version, RevisionState::Superseded);
    }
    bulk.events(500).await;
    bulk.decisions(40);
    bulk.reports(40);
    bulk.audit(400).await;
    bulk.notifications(teacher, 300);
    bulk.save().await;
    [
        public(Kind::Thread, thread),
        public(Kind::Comment, comment),
        public(Kind::JournalEntry, entry),
    ]
}

/// The first `endCursor` of an answer.
fn cursor(value: &Value) -> Option<&str> {
    match value {
        Value::Object(fields) => match fields.get("endCursor") {
            Some(cursor) => cursor.as_str(),
            None => fields.values().find_map(cursor),
        },
        Value::Array(values) => values.iter().find_map(cursor),
        _ => None,
    }
}

/// Every list, with all that is asked below it.
fn queries() -> Vec<String> {
    const ROOT: &str =
        "totalCount pageInfo { endCursor } nodes { id title state author { displayName organisation { name } }
        lastComment { id author { displayName } } pendingRevision { id } lastDecision { kind }
        comments(first: 3, maxDepth: 0) { totalCount nodes { id author { displayName } replyTo { id } root { id } } }
        revisions(first: 2) { totalCount nodes { id version } } phase { id } space { id } }";
    const COMMENT: &str =
        "totalCount pageInfo { endCursor } nodes { id body author { displayName } replyTo { id } root { id } }";
    const PAGE: &str = "totalCount pageInfo { endCursor } nodes { id }";
    const REVIEW: &str =
        "totalCount pageInfo { endCursor } nodes { id state snapshot { title by { displayName } } round { title } }";
    const MEDIA: &str = "totalCount pageInfo { endCursor } nodes { id caption author { displayName } file { status } }";
    const ALBUM: &str = "totalCount pageInfo { endCursor } nodes { id title items { id file { status } } }";
    let media = |variable: &str, filter: &str| {
        format!(
            "query($space: ID!{variable}) {{ space(id: $space) {{ media(first: 5, filter: {{ {filter} }}) {{ {MEDIA} }} }} }}"
        )
    };
    let space = |list: String| format!("query($space: ID!) {{ space(id: $space) {{ eventCursor {list} }} }}");
    let filter = |variable: &str, filter: &str| {
        format!(
            "query($space: ID!{variable}) {{ space(id: $space) {{ journalEntries(first: 5, filter: {{ {filter} }}) {{ {ROOT} }} }} }}"
        )
    };
    vec![
        space(format!("phases {{ id threads(first: 5) {{ {ROOT} }} }}")),
        space(format!("threads(first: 5) {{ {ROOT} }}")),
        space("threads(first: 5) { nodes { unreadCount firstUnreadComment { id } } }".to_owned()),
        space(format!("phases {{ id journalEntries(first: 5) {{ {ROOT} }} }}")),
        space(format!("journalEntries(first: 5) {{ {ROOT} }}")),
        filter(", $phase: ID!", "phaseId: $phase"),
        filter(", $author: ID!", "authorId: $author"),
        filter(", $organisation: ID!", "organisationId: $organisation"),
        filter("", "week: \"2026-W44\""),
        filter("", "state: [PENDING]"),
        filter(
            ", $phase: ID!, $author: ID!",
            "phaseId: $phase, authorId: $author, state: [PUBLISHED, HIDDEN]",
        ),
        space(format!("media(first: 5) {{ {MEDIA} }}")),
        media("", "kind: IMAGE"),
        media(", $phase: ID!", "phaseId: $phase"),
        media(", $author: ID!", "authorId: $author"),
        media("", "isAttached: true"),
        media("", "isAttached: false"),
        space(format!("albums(first: 5) {{ {ALBUM} }}")),
        space(format!("phases {{ id albums(first: 5) {{ {ALBUM} }} }}")),
        "query($space: ID!, $author: ID!) { space(id: $space) { albums(first: 5, filter: { authorId: $author }) { nodes { id } } } }"
            .to_owned(),
        space("journalEntries(first: 5) { nodes { id attachments { id file { status } } } }".to_owned()),
        space(format!("members(first: 5) {{ {PAGE} }}")),
        space(format!("members(first: 5, role: PUPIL) {{ {PAGE} }}")),
        space("members(first: 5) { nodes { journalEntries(first: 5) { totalCount nodes { id } } } }".to_owned()),
        space(format!("organisations(first: 5) {{ {PAGE} }}")),
        space(format!("moderationQueue(first: 5) {{ {PAGE} }}")),
        space(format!("moderationLog(first: 5) {{ {PAGE} }}")),
        space(
            "auditLog(first: 5) { totalCount pageInfo { endCursor } nodes { id act actor { displayName } } }"
                .to_owned(),
        ),
        format!(
            "query($thread: ID!) {{ node(id: $thread) {{ ... on Thread {{ comments(first: 5) {{ {COMMENT} }} }} }} }}"
        ),
        format!(
            "query($thread: ID!) {{ node(id: $thread) {{ ... on Thread {{ comments(first: 5, maxDepth: 1) {{ {COMMENT} }} }} }} }}"
        ),
        format!(
            "query($comment: ID!) {{ node(id: $comment) {{ ... on Comment {{ replies(first: 5) {{ {COMMENT} }} }} }} }}"
        ),
        format!(
            "query($entry: ID!) {{ node(id: $entry) {{ ... on JournalEntry {{ revisions(first: 5) {{ {PAGE} }} }} }} }}"
        ),
        space(format!("reviewRounds(first: 5) {{ {PAGE} }}")),
        space(format!("phases {{ id reviewRounds(first: 5) {{ {PAGE} }} }}")),
        format!("query {{ viewer {{ reviewAssignments(first: 5) {{ {REVIEW} }} }} }}"),
        format!("query {{ viewer {{ reviewAssignments(first: 5, isWaiting: true) {{ {PAGE} }} }} }}"),
        format!("query($round: ID!) {{ viewer {{ reviewAssignments(first: 5, roundId: $round) {{ {PAGE} }} }} }}"),
        format!("query($round: ID!) {{ node(id: $round) {{ ... on ReviewRound {{ assignments(first: 5) {{ {REVIEW} }} }} }} }}"),
        format!("query($round: ID!) {{ node(id: $round) {{ ... on ReviewRound {{ reviews(first: 5) {{ {REVIEW} }} }} }} }}"),
        format!("query($work: ID!) {{ node(id: $work) {{ ... on JournalEntry {{ reviews(first: 5) {{ {REVIEW} }} }} }} }}"),
        format!("query {{ viewer {{ drafts(first: 5) {{ {PAGE} }} }} }}"),
        format!("query($space: ID!) {{ viewer {{ drafts(first: 5, spaceId: $space) {{ {PAGE} }} }} }}"),
        format!("query {{ viewer {{ unreadNotificationCount notifications(first: 5) {{ {PAGE} }} }} }}"),
        format!("query {{ viewer {{ notifications(first: 5, isUnread: true) {{ {PAGE} }} }} }}"),
        format!("query {{ viewer {{ memberships(first: 5) {{ {PAGE} }} }} }}"),
        format!("query {{ viewer {{ invitations(first: 5) {{ {PAGE} }} }} }}"),
        format!("query {{ organisations(first: 5) {{ {PAGE} }} }}"),
        format!("query {{ organisations(first: 5, search: \"school\") {{ {PAGE} }} }}"),
        format!(
            "query($organisation: ID!) {{ node(id: $organisation) {{ ... on Organisation {{
            accounts(first: 5) {{ {PAGE} }} }} }} }}"
        ),
    ]
}

/// How the database answers a statement: with these values, and (PostgreSQL) with any.
async fn plans(db: &Db, statement: &Statement) -> Vec<String> {
    if !is_production() {
        let explain = Statement {
            sql: format!("EXPLAIN QUERY PLAN {}", statement.sql),
            ..statement.clone()
        };
        return vec![lines(db.system(), explain, "detail").await];
    }
    let explain = Statement {
        sql: format!("EXPLAIN (COSTS OFF) {}", statement.sql),
        ..statement.clone()
    };
    let special = lines(db.system(), explain, "QUERY PLAN").await;
    let txn = db.system().begin().await.unwrap();
    txn.execute_unprepared("SET LOCAL plan_cache_mode = force_generic_plan")
        .await
        .unwrap();
    let (types, values) = arguments(statement);
    let prepare = format!("PREPARE general {types} AS {}", statement.sql);
    txn.execute_unprepared(&prepare).await.unwrap();
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE general {values}");
    let explain = Statement::from_string(statement.db_backend, explain);
    let general = lines(&txn, explain, "QUERY PLAN").await;
    txn.execute_unprepared("DEALLOCATE general").await.unwrap();
    txn.rollback().await.unwrap();
    vec![special, general]
}

/// The types of a statement's values, and the values written out, each in parentheses.
fn arguments(statement: &Statement) -> (String, String) {
    let values = statement.values.clone().map(|values| values.0).unwrap_or_default();
    if values.is_empty() {
        return (String::new(), String::new());
    }
    let types: Vec<_> = values.iter().map(type_name).collect();
    let written = values.iter().map(|value| match value {
        SqlValue::Array(_, Some(items)) => {
            let items = items.iter().map(|item| item.to_string().trim_matches('\'').to_owned());
            SqlValue::from(format!("{{{}}}", items.collect::<Vec<_>>().join(",")))
        }
        other => other.clone(),
    });
    let places: Vec<_> = (1..=values.len()).map(|number| format!("${number}")).collect();
    let places = format!("({})", places.join(", "));
    let written = Statement::from_sql_and_values(statement.db_backend, places, written).to_string();
    (format!("({})", types.join(", ")), written)
}

fn type_name(value: &SqlValue) -> &'static str {
    match value {
        SqlValue::Array(..) => "uuid[]",
        SqlValue::Uuid(_) => "uuid",
        SqlValue::String(_) => "text",
        SqlValue::BigInt(_) => "bigint",
        SqlValue::Int(_) => "integer",
        SqlValue::Bool(_) => "boolean",
        SqlValue::ChronoDateTimeUtc(_) => "timestamptz",
        other => panic!("{other:?}"),
    }
}

async fn lines(connection: &impl ConnectionTrait, explain: Statement, column: &str) -> String {
    let rows = connection.query_all_raw(explain).await.unwrap();
    let lines = rows.iter().map(|row| row.try_get::<String>("", column).unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// Lines of a plan that sort or read a whole large table.
fn faults(plan: &str) -> Vec<&str> {
    let is_faulty = |line: &&str| {
        let words: Vec<_> = line
            .split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_')
            .collect();
        let follows = |before: &[&str], names: &[&str]| {
            let is_there = |window: &[&str]| {
                let (head, tail) = window.split_at(before.len());
                head == before && names.contains(&tail[0])
            };
            words.windows(before.len() + 1).any(is_there)
        };
        let sorts = words.contains(&"Sort") || line.contains("USE TEMP B-TREE FOR ORDER BY");
        let scans = LARGE.iter().any(|(table, names)| {
            follows(&["Seq", "Scan", "on"], &[table]) || follows(&["SCAN"], names) || line.contains("AUTOMATIC")
        });
        sorts || scans
    };
    plan.lines().filter(is_faulty).collect()
}

async fn check(full: &Full, statements: &[Statement]) {
    let mut report = Vec::new();
    for statement in statements {
        for plan in plans(full.db(), statement).await {
            let faults = faults(&plan);
            if !faults.is_empty() {
                report.push(format!("{}\n{plan}\n=> {}", statement.sql, faults.join("; ")));
            }
        }
    }
    assert!(report.is_empty(), "{} plans:\n\n{}", report.len(), report.join("\n\n"));
}

#[tokio::test]
async fn lists_are_read_along_an_index() {
    let full = Full::new().await;
    full.analyze().await;
    let statements = full.statements().await;
    assert!(statements.len() > 80, "{}", statements.len());
    check(&full, &statements).await;
}

#[tokio::test]
async fn sqlite_reads_lists_along_an_index_without_statistics_too() {
    if is_production() {
        return;
    }
    let full = Full::new().await;
    check(&full, &full.statements().await).await;
}

/// Fails every other time.
#[derive(Debug)]
struct Wavering(&'static str, AtomicBool);

#[async_trait]
impl Handler for Wavering {
    fn kind(&self) -> &'static str {
        self.0
    }

    async fn run(&self, _: &Job, _: &Lease) -> Result<Outcome> {
        match self.1.fetch_xor(true, Ordering::Relaxed) {
            true => Ok(Outcome::Done),
            false => Ok(Outcome::Retry("NOT_YET")),
        }
    }
}

#[tokio::test]
async fn jobs_are_claimed_and_ended_along_an_index() {
    let world = World::new().await;
    let db = &world.app().db;
    let fill = db.write(None, |tx| {
        let now = tx.clock().now();
        for (kind, hours) in [("one", 0), ("two", 0), ("one", 1), ("two", 1), ("other", -1)] {
            for number in 0..1_000 {
                tx.enqueue(NewJob {
                    kind,
                    subject_id: Uuid::now_v7(),
                    space_id: None,
                    due_at: now + TimeDelta::hours(hours) - TimeDelta::milliseconds(number),
                });
            }
        }
        std::future::ready(Ok(())).boxed()
    });
    fill.await.unwrap();
    db.primary().execute_unprepared("ANALYZE").await.unwrap();
    let handler = |kind| Arc::new(Wavering(kind, AtomicBool::new(false))) as Arc<dyn Handler>;
    let runner = Runner::new(db, vec![handler("one"), handler("two")]);
    let _ = db.recorded();
    assert_eq!(runner.run_due(&CancellationToken::new()).await.unwrap(), 8);
    job::forget_parked(db).await.unwrap();
    let mut texts = std::collections::HashSet::new();
    let statements = db.recorded().into_iter();
    let statements =
        statements.filter(|statement| statement.sql.contains("job") && texts.insert(statement.sql.clone()));
    let mut seen = 0;
    for statement in statements {
        for plan in plans(db, &statement).await {
            let is_indexed = ["ix_job_due", "ix_job_parked", "job_pkey", "autoindex_job"]
                .iter()
                .any(|index| plan.contains(index));
            assert!(is_indexed && faults(&plan).is_empty(), "{}\n{plan}", statement.sql);
        }
        seen += 1;
    }
    assert_eq!(seen, 5, "a look, a claim, an end, a failure, a clearing");
}

#[tokio::test]
async fn a_sort_and_a_scan_would_be_noticed() {
    let (world, _) = World::with_cast().await;
    let db = &world.app().db;
    for sql in [
        "SELECT c.id FROM contribution c ORDER BY c.edited_at",
        "SELECT x.id FROM revision x WHERE x.body = ''",
        "DELETE FROM job WHERE attempts > 3",
    ] {
        let statement = Statement::from_string(db.primary().get_database_backend(), sql);
        for plan in plans(db, &statement).await {
            assert!(!faults(&plan).is_empty(), "{plan}");
        }
    }
}
