//! How many statements a page takes: the same for little as for much.

use entity::enums::{ContentState, RevisionState, SpaceRole};
use serde_json::{Value, json};
use sojourn::platform::id::Kind;

use super::{bulk::Bulk, cost, public, row_id};
use crate::support::{Cast, Person, World};

const SPACE_PAGE: &str = "query($id: ID!) { space(id: $id) { id title state eventCursor phases { id kind title state
    threads(first: 10) { nodes { id title state isPinned isLocked commentCount lastActivityAt excerpt
        author { id displayName role organisation { id name } }
        lastComment { id excerpt publishedAt author { id displayName } } } } } } }";

const JOURNAL_FEED: &str = "query($id: ID!) { space(id: $id) { id title journalEntries(first: 20) {
    pageInfo { hasNextPage endCursor } nodes { id title bodyHtml week mood commentCount
        author { id displayName organisation { id name } }
        comments(maxDepth: 0, first: 3) { pageInfo { hasNextPage } nodes { id bodyHtml author { id displayName } } } } } } }";

const THREAD_PAGE: &str = "query($id: ID!) { node(id: $id) { ... on Thread { id title bodyHtml commentCount
    author { id displayName }
    comments(first: 50) { pageInfo { hasNextPage endCursor }
        nodes { id depth bodyHtml publishedAt author { id displayName role } } } } } }";

#[tokio::test]
async fn a_space_page_takes_at_most_8_statements_however_much_is_in_it() {
    let (world, cast) = World::with_cast().await;
    let mut bulk = Bulk::new(&world, &cast, 6).await;
    bulk.forum(1, 2);
    bulk.save().await;
    let (small, few) = cost(&world, &cast.stayer, SPACE_PAGE, json!({ "id": cast.space })).await;
    bulk.forum(14, 20);
    bulk.save().await;
    let (large, many) = cost(&world, &cast.stayer, SPACE_PAGE, json!({ "id": cast.space })).await;
    for (page, threads) in [(&small, 1), (&large, 10)] {
        for phase in page["space"]["phases"].as_array().unwrap() {
            let nodes = phase["threads"]["nodes"].as_array().unwrap();
            assert_eq!(nodes.len(), threads);
            assert!(nodes.iter().all(|thread| thread["lastComment"]["author"].is_object()));
        }
    }
    assert_eq!(few, many);
    assert!(many <= 8, "{many}");
}

#[tokio::test]
async fn a_journal_feed_takes_at_most_8_statements_however_much_is_in_it() {
    let (world, cast) = World::with_cast().await;
    let mut bulk = Bulk::new(&world, &cast, 6).await;
    bulk.journal(2, 3);
    bulk.save().await;
    let (small, few) = cost(&world, &cast.stayer, JOURNAL_FEED, json!({ "id": cast.space })).await;
    bulk.journal(28, 10);
    bulk.save().await;
    let (large, many) = cost(&world, &cast.stayer, JOURNAL_FEED, json!({ "id": cast.space })).await;
    let counts = |page: &Value| -> Vec<usize> {
        let nodes = page["space"]["journalEntries"]["nodes"].as_array().unwrap();
        let comments = |entry: &Value| entry["comments"]["nodes"].as_array().unwrap().len();
        nodes.iter().map(comments).collect()
    };
    assert_eq!(counts(&small), [2; 2]);
    assert_eq!(counts(&large), [3; 20]);
    assert_eq!(few, many);
    assert!(many <= 8, "{many}");
}

#[tokio::test]
async fn a_thread_page_takes_at_most_5_statements_however_much_is_in_it() {
    let (world, cast) = World::with_cast().await;
    let mut bulk = Bulk::new(&world, &cast, 6).await;
    let [small, large] = [5, 60].map(|comments| {
        let thread = bulk.thread(bulk.phases[1], ContentState::Published);
        bulk.discuss(thread, comments);
        public(Kind::Thread, thread)
    });
    bulk.save().await;
    let (page, few) = cost(&world, &cast.stayer, THREAD_PAGE, json!({ "id": small })).await;
    assert_eq!(rows(&page, "/node/comments"), 5);
    let (page, many) = cost(&world, &cast.stayer, THREAD_PAGE, json!({ "id": large })).await;
    assert_eq!(rows(&page, "/node/comments"), 50);
    assert_eq!(few, many);
    assert!(many <= 5, "{many}");
}

/// Rows of a connection.
fn rows(data: &Value, path: &str) -> usize {
    let nodes = data.pointer(&format!("{path}/nodes"));
    nodes.and_then(Value::as_array).map_or(0, Vec::len)
}

/// Asks for 2 rows and for 20 of a list that has as many; `query` takes `$id` and `$n`.
async fn takes_the_same(world: &World, who: &Person, query: &str, id: &str, path: &str) {
    let query = format!("query($id: ID!, $n: Int!) {{ {query} }}");
    let (page, few) = cost(world, who, &query, json!({ "id": id, "n": 2 })).await;
    assert_eq!(rows(&page, path), 2, "{page}");
    let (page, many) = cost(world, who, &query, json!({ "id": id, "n": 20 })).await;
    assert_eq!(rows(&page, path), 20, "{page}");
    assert_eq!(few, many);
    assert!(page.pointer(path).unwrap()["totalCount"].as_u64().unwrap() >= 20);
}

async fn filled(authors: usize) -> (World, Cast, Bulk) {
    let (world, cast) = World::with_cast().await;
    let bulk = Bulk::new(&world, &cast, authors).await;
    (world, cast, bulk)
}

#[tokio::test]
async fn members_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(20).await;
    bulk.journal(60, 1);
    bulk.save().await;
    let query = "space(id: $id) { members(first: $n) { totalCount nodes { id displayName role version
        organisation { id name viewerCan { spaceCreate { allowed } } } account { id login organisation { id name } }
        space { id title viewerCan { memberRemove { allowed } } }
        journalEntries(first: 2) { totalCount nodes { id title lastComment { id } } } } } }";
    takes_the_same(&world, &cast.coordinator, query, &cast.space, "/space/members").await;
}

#[tokio::test]
async fn organisations_of_a_space_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, _) = filled(20).await;
    let query = "space(id: $id) { organisations(first: $n) { totalCount nodes { id name
        viewerCan { spaceCreate { allowed reason } } accounts(first: 2) { totalCount nodes { id } } } } }";
    takes_the_same(&world, &cast.coordinator, query, &cast.space, "/space/organisations").await;
}

#[tokio::test]
async fn found_organisations_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, _) = filled(20).await;
    let query = "node(id: $id) { id } organisations(first: $n, search: \"school\") { totalCount nodes { id name
        viewerCan { spaceCreate { allowed reason } } accounts(first: 2) { totalCount nodes { id } } } }";
    takes_the_same(&world, &cast.coordinator, query, &cast.space, "/organisations").await;
}

#[tokio::test]
async fn the_moderation_log_takes_the_same_statements_for_2_as_for_20() {
    let (world, cast, bulk) = filled(6).await;
    drop(bulk);
    let id = world.thread(&cast.mobile, &cast.during, "On and off").await;
    for act in ["Hide", "Restore"].iter().cycle().take(20) {
        world.act(&cast.teacher, act, &id).await;
    }
    let query = "space(id: $id) { moderationLog(first: $n) { totalCount nodes { id
        decision { kind reason note decidedBy { displayName organisation { name } } decidedAt version }
        contribution { id state author { displayName } } } } }";
    takes_the_same(&world, &cast.teacher, query, &cast.space, "/space/moderationLog").await;
}

#[tokio::test]
async fn the_audit_log_takes_the_same_statements_for_2_as_for_20() {
    let (world, cast) = World::with_cast().await;
    let id = world.thread(&cast.mobile, &cast.during, "Up and down").await;
    for act in ["threadPin", "threadUnpin"].iter().cycle().take(20) {
        world.done(&cast.teacher, act, json!({ "threadId": id }), "").await;
    }
    let query =
        "space(id: $id) { auditLog(first: $n) { totalCount nodes { id seq occurredAt act subjectId before after hash
        previousHash actor { id displayName organisation { name } } } } }";
    takes_the_same(&world, &cast.coordinator, query, &cast.space, "/space/auditLog").await;
}

#[tokio::test]
async fn the_moderation_queue_takes_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(6).await;
    for _ in 0..10 {
        bulk.thread(bulk.phases[0], ContentState::Pending);
        bulk.entry(bulk.phases[1], ContentState::Pending);
    }
    bulk.save().await;
    let query = "space(id: $id) { moderationQueue(first: $n) { totalCount nodes { id submittedAt
        contribution { id state author { displayName organisation { name } } phase { title }
            viewerCan { contributionApprove { allowed } } pendingRevision { id version } lastDecision { kind } }
        ... on Revision { version state title body } } } }";
    takes_the_same(&world, &cast.teacher, query, &cast.space, "/space/moderationQueue").await;
}

#[tokio::test]
async fn revisions_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(6).await;
    let thread = bulk.thread(bulk.phases[1], ContentState::Published);
    for version in 2..22 {
        bulk.revise(thread, version, RevisionState::Superseded);
    }
    bulk.save().await;
    let query = "node(id: $id) { ... on Thread { revisions(first: $n) { totalCount nodes { id version state title body
        contribution { id author { displayName } } } } } }";
    let thread = public(Kind::Thread, thread);
    takes_the_same(&world, &cast.teacher, query, &thread, "/node/revisions").await;
}

#[tokio::test]
async fn drafts_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(0).await;
    bulk.with(&cast.mobile);
    for _ in 0..10 {
        bulk.thread(bulk.phases[1], ContentState::Draft);
        bulk.entry(bulk.phases[1], ContentState::Draft);
    }
    bulk.save().await;
    let query = "viewer { drafts(first: $n, spaceId: $id) { totalCount nodes { id state body author { displayName }
        viewerCan { contributionPublish { allowed } } phase { title } space { title } lastDecision { kind }
        revisions(first: 2) { totalCount nodes { version } } } } }";
    takes_the_same(&world, &cast.mobile, query, &cast.space, "/viewer/drafts").await;
}

#[tokio::test]
async fn notifications_take_the_same_statements_for_2_as_for_20() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    for number in 0..20 {
        let who = if number % 2 == 0 { &cast.mobile } else { &cast.stayer };
        world.comment(who, &thread, None, "Dark").await;
    }
    world.fan_out().await;
    let query =
        "node(id: $id) { id } viewer { unreadNotificationCount inboxCursor notificationPreferences { kind isWanted }
        notifications(first: $n) { totalCount nodes { id kind occurredAt readAt space { title } membership { role }
            actor { displayName organisation { name } } contribution { id excerpt author { displayName } }
            root { id commentCount } phase { title } report { id reason } } } }";
    takes_the_same(&world, &cast.teacher, query, &cast.space, "/viewer/notifications").await;
}

#[tokio::test]
async fn invitations_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(0).await;
    for _ in 0..20 {
        bulk.invitation(row_id(&cast.colleague.organisation)).await;
    }
    let query = "node(id: $id) { id } viewer { invitations(first: $n) { totalCount nodes { id title createdAt
        organisation { id name } invitedBy { id name viewerCan { spaceCreate { allowed } } } } } }";
    takes_the_same(&world, &cast.colleague, query, &cast.space, "/viewer/invitations").await;
}

#[tokio::test]
async fn own_memberships_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(0).await;
    let (account, organisation) = (row_id(&cast.colleague.account), row_id(&cast.colleague.organisation));
    for number in 0..20 {
        let (space, _) = bulk.space(&format!("Space {number}")).await;
        bulk.member(space, account, organisation, SpaceRole::Teacher).await;
    }
    let query = "node(id: $id) { id } viewer { memberships(first: $n) { totalCount nodes { id role
        organisation { name } account { login }
        space { id title eventCursor viewerCan { spaceUpdate { allowed } } viewerMembership { id }
            phases { id title viewerCan { threadCreate { allowed } } threads(first: 2) { totalCount nodes { id } } }
            moderationQueue(first: 2) { totalCount nodes { id } } members(first: 2) { totalCount nodes { id } }
            organisations(first: 2) { totalCount nodes { id } } journalEntries(first: 2) { totalCount nodes { id } }
            threads(first: 2) { totalCount nodes { id } } } } } }";
    takes_the_same(&world, &cast.colleague, query, &cast.space, "/viewer/memberships").await;
}

#[tokio::test]
async fn accounts_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(0).await;
    for _ in 0..20 {
        bulk.account(row_id(&cast.teacher.organisation)).await;
    }
    let query = "node(id: $id) { ... on Organisation { accounts(first: $n, kind: PUPIL) { totalCount
        nodes { id login displayName organisation { id name } } } } }";
    let organisation = &cast.teacher.organisation;
    takes_the_same(&world, &cast.teacher, query, organisation, "/node/accounts").await;
}

#[tokio::test]
async fn replies_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(6).await;
    let thread = bulk.thread(bulk.phases[1], ContentState::Published);
    let comment = bulk.comment(thread, None);
    for _ in 0..20 {
        let reply = bulk.comment(thread, Some(comment));
        bulk.comment(thread, Some(reply));
    }
    bulk.save().await;
    let query = "node(id: $id) { ... on Comment { replies(first: $n) { totalCount nodes { id depth body
        author { displayName organisation { name } } replyTo { id body author { displayName } } root { id commentCount }
        viewerCan { contributionHide { allowed } } phase { title } space { title } pendingRevision { id }
        lastDecision { kind } revisions(first: 1) { totalCount nodes { version } }
        replies(first: 2) { totalCount nodes { id body } } } } } }";
    let comment = public(Kind::Comment, comment);
    takes_the_same(&world, &cast.teacher, query, &comment, "/node/replies").await;
}

#[tokio::test]
async fn threads_with_what_is_unread_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(6).await;
    bulk.forum(5, 4);
    bulk.save().await;
    let query = "space(id: $id) { threads(first: $n) { totalCount nodes { id unreadCount viewerSubscription
        reactions { kind count viewerHasReacted }
        firstUnreadComment { id author { displayName } } } } }";
    takes_the_same(&world, &cast.teacher, query, &cast.space, "/space/threads").await;
}

#[tokio::test]
async fn media_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(6).await;
    bulk.gallery(40);
    bulk.save().await;
    let query = "space(id: $id) { mediaUsage { used } media(first: $n) { totalCount nodes { id caption altText
        author { displayName organisation { name } } byline { name } phase { title } space { title } reactions { kind }
        file { status progress width blurhash url srcset } viewerCan { mediaItemUpdate { allowed } }
        lastComment { id } comments(first: 2) { totalCount nodes { id } } } } }";
    takes_the_same(&world, &cast.teacher, query, &cast.space, "/space/media").await;
}

#[tokio::test]
async fn albums_and_attachments_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(6).await;
    bulk.gallery(60);
    bulk.save().await;
    let items = "{ id caption author { displayName } file { status url } }";
    let query = format!("space(id: $id) {{ albums(first: $n) {{ totalCount nodes {{ id title items {items} }} }} }}");
    takes_the_same(&world, &cast.teacher, &query, &cast.space, "/space/albums").await;
    let query = format!(
        "space(id: $id) {{ journalEntries(first: $n) {{ totalCount nodes {{ id attachments {items}
            revisions(first: 2) {{ nodes {{ id attachments {items} }} }} }} }} }}"
    );
    takes_the_same(&world, &cast.teacher, &query, &cast.space, "/space/journalEntries").await;
}

#[tokio::test]
async fn what_120_members_have_read_costs_no_more_statements_than_what_one_has() {
    let (world, cast, mut bulk) = filled(120).await;
    bulk.forum(5, 4);
    bulk.save().await;
    let query = "query($id: ID!) { space(id: $id) { threads { nodes { id unreadCount firstUnreadComment { id } } } } }";
    let variables = json!({ "id": cast.space });
    let mark = "mutation($input: PhaseMarkReadInput!) { phaseMarkRead(input: $input) { userErrors { code } } }";
    let input = json!({ "input": { "phaseId": cast.during } });
    let (_, few) = cost(&world, &cast.stayer, query, variables.clone()).await;
    let (_, first) = cost(&world, &cast.stayer, mark, input.clone()).await;
    bulk.read_all().await;
    let (page, many) = cost(&world, &cast.stayer, query, variables).await;
    let (_, last) = cost(&world, &cast.stayer, mark, input).await;
    assert_eq!(rows(&page, "/space/threads"), 20);
    assert_eq!((few, first), (many, last));
}

#[tokio::test]
async fn nodes_of_one_type_take_the_same_statements_for_2_as_for_20() {
    let (world, cast, mut bulk) = filled(6).await;
    let threads: Vec<_> = (0..20)
        .map(|_| bulk.thread(bulk.phases[1], ContentState::Published))
        .collect();
    bulk.save().await;
    let ids: Vec<_> = threads.into_iter().map(|thread| public(Kind::Thread, thread)).collect();
    let query = "query($ids: [ID!]!) { nodes(ids: $ids) { ... on Thread { id title author { displayName } } } }";
    let (_, few) = cost(&world, &cast.teacher, query, json!({ "ids": ids[..2] })).await;
    let (page, many) = cost(&world, &cast.teacher, query, json!({ "ids": ids })).await;
    assert!(
        page["nodes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|thread| thread["title"].is_string())
    );
    assert_eq!(few, many);
}

#[tokio::test]
async fn total_counts_of_sibling_lists_take_one_statement() {
    let (world, cast, mut bulk) = filled(6).await;
    bulk.forum(3, 1);
    bulk.save().await;
    let query = |total: &str| {
        format!(
            "query($id: ID!) {{ space(id: $id) {{ phases {{ threads(first: 2) {{ {total} nodes {{ id }} }} }} }} }}"
        )
    };
    let variables = json!({ "id": cast.space });
    let (_, without) = cost(&world, &cast.stayer, &query(""), variables.clone()).await;
    let (page, with) = cost(&world, &cast.stayer, &query("totalCount"), variables).await;
    assert!(
        page["space"]["phases"]
            .as_array()
            .unwrap()
            .iter()
            .all(|phase| phase["threads"]["totalCount"] == 3)
    );
    assert_eq!(with, without + 1);
}

#[tokio::test]
async fn what_the_viewer_can_do_takes_no_statement() {
    let (world, cast, mut bulk) = filled(6).await;
    bulk.forum(2, 3);
    bulk.journal(2, 3);
    bulk.save().await;
    const LIFE: &str = "contributionPublish { allowed reason } contributionWithdraw { allowed reason }
        contributionRemove { allowed reason } contributionApprove { allowed reason } contributionReturn { allowed reason }
        contributionHide { allowed reason } contributionRestore { allowed reason }";
    let query = |is_asked: bool| {
        let can = |fields: &str| {
            if is_asked {
                format!("viewerCan {{ {fields} }}")
            } else {
                String::new()
            }
        };
        let phase = can(
            "journalEntryCreate { allowed } phaseClose { allowed } phaseOpen { allowed } phaseReopen { allowed }
            phaseUpdate { allowed } threadCreate { allowed reason }",
        );
        let space = can(
            "memberAdd { allowed } memberRemove { allowed } memberUpdate { allowed } moderate { allowed }
            spaceArchive { allowed } spaceClose { allowed } spaceOrganisationInvite { allowed } spaceReopen { allowed }
            spaceUpdate { allowed }",
        );
        let organisation = can(
            "accountSecretsReset { allowed } pupilAccountsCreate { allowed } spaceCreate { allowed }
            staffAccountCreate { allowed }",
        );
        let comments = format!(
            "comments(first: 5) {{ nodes {{ id {} }} }}",
            can(&format!("{LIFE} commentUpdate {{ allowed }}"))
        );
        let own =
            "threadUpdate { allowed } threadPin { allowed } threadLock { allowed } commentCreate { allowed reason }";
        let thread = can(&format!("{LIFE} {own}"));
        let entry = can(&format!(
            "{LIFE} journalEntryUpdate {{ allowed }} commentCreate {{ allowed reason }}"
        ));
        format!("query($id: ID!) {{ space(id: $id) {{ id {space} organisations(first: 5) {{ nodes {{ id {organisation} }} }}
            phases {{ id {phase} threads(first: 5) {{ nodes {{ id {thread} {comments} }} }}
                journalEntries(first: 5) {{ nodes {{ id {entry} {comments} }} }} }} }} }}")
    };
    let variables = json!({ "id": cast.space });
    for who in [&cast.stayer, &cast.coordinator] {
        let (_, without) = cost(&world, who, &query(false), variables.clone()).await;
        let (_, with) = cost(&world, who, &query(true), variables.clone()).await;
        assert_eq!(with, without);
    }
}
