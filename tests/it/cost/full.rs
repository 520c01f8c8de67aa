//! A database with much in it, and the statements behind every list.

use entity::enums::{ContentState, RevisionState, SpaceRole};
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use sojourn::platform::{db::Db, id::Kind, stream::Cursor};

use super::{bulk::Bulk, copy::copy_space, cost, public, row_id};
use crate::support::{Cast, Person, World};

/// Sixteen spaces, each with 200 threads, 2,000 comments, 500 journal entries, what waits for moderators, and events.
pub struct Full {
    pub world: World,
    pub cast: Cast,
    /// Public ids: a thread with many comments, a comment with many replies, a contribution with many versions.
    thread: String,
    comment: String,
    entry: String,
    /// A review round, and an entry that is reviewed often.
    round: String,
    work: String,
}

impl Full {
    pub async fn new() -> Self {
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

    pub fn db(&self) -> &Db {
        &self.world.app().db
    }

    pub async fn analyze(&self) {
        self.db().primary().execute_unprepared("ANALYZE").await.unwrap();
    }

    /// The statements that read lists for these queries, each text once.
    pub async fn statements(&self) -> Vec<Statement> {
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
