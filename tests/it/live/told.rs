//! What is made once for all who sit alike is what each of them would find.

use serde_json::{Value, json};

use super::{mark, rounds::Field};
use crate::support::{Person, Socket, World, is_long};

/// What is asked of a contribution, in an event and in a query.
const CONTRIBUTION: &str = "fragment Found on Contribution { __typename id state version excerpt body bodyHtml audience \
    author { id displayName role leftAt preModeratedUntil grants { capability } } lastDecision { __typename } pendingRevision { version body } phase { state viewerCan { threadCreate { allowed reason } } } byline { kind name organisation { name } } \
    mentions { id displayName } reactions { kind count viewerHasReacted } \
    viewerCan { contributionHide { allowed reason } contributionRemove { allowed reason } reactionAdd { allowed reason } \
        contributionReport { allowed reason } } \
    ... on Comment { depth replyTo { id excerpt } root { id commentCount } } \
    ... on Thread { title isPinned isLocked commentCount lastComment { id excerpt } viewerCan { commentCreate { allowed reason } } } \
    ... on JournalEntry { title week commentCount coAuthors { membership { displayName } confirmedVersion } } }";

fn subscription() -> String {
    format!(
        "subscription($space: ID!, $after: String) {{ spaceEvents(spaceId: $space, after: $after) {{ __typename cursor kind \
            ... on ContributionEvent {{ contribution {{ ...Found }} }} ... on ContributionGone {{ deletedContributionId }} }} }} \
         {CONTRIBUTION}"
    )
}

/// Acts after each of which all who listen are compared with what they would find.
const ACTS: usize = 40;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everybody_is_told_what_they_would_find() {
    let field = Field::new().await;
    let (world, cast) = (&field.world, &field.cast);
    for who in [&cast.teacher, &cast.mobile, &cast.partner_pupil] {
        world.thread(who, &cast.during, "Bread").await;
    }
    let question =
        json!({ "phaseId": cast.during, "title": "Why?", "body": "Say.", "kind": "QUESTION", "publish": true });
    world.done(&cast.teacher, "threadCreate", question, "").await;
    let entry = json!({ "phaseId": cast.during, "title": "We", "body": "Us.", "coAuthorIds": [cast.partner_pupil.member], "publish": true });
    world.done(&cast.mobile, "journalEntryCreate", entry, "").await;
    // Somebody of each kind, two who differ in nothing but who they are, and one with two sockets.
    let rows = json!([{ "accountId": cast.bystander.account, "role": "PUPIL" }, { "accountId": cast.colleague.account, "role": "TEACHER" }]);
    let rows = json!({ "spaceId": cast.space, "rows": rows });
    world.done(&cast.coordinator, "memberAdd", rows, "").await;
    let people = [
        &cast.coordinator,
        &cast.teacher,
        &cast.colleague,
        &cast.observer,
        &cast.mobile,
        &cast.mobile,
        &cast.stayer,
        &cast.bystander,
        &cast.partner,
        &cast.partner_pupil,
    ];
    let mut listeners = people.map(|who| (who, None));
    let (mut is_pre, mut compared) = (false, 0);
    for act in 0..if is_long() { 20 * ACTS } else { ACTS } {
        for (who, socket) in listeners.iter_mut().filter(|(_, socket)| socket.is_none()) {
            *socket = listen(&field, who).await;
        }
        // All that happens here is told at this node.
        field.lifecycle(2 * act, &mut is_pre).await;
        let last = mark(world, cast).await;
        for (who, listens) in &mut listeners {
            while let Some(socket) = listens {
                let event = socket.event().await;
                if event["cursor"] == last {
                    break;
                }
                if event["__typename"] == "StreamEnded" {
                    *listens = None;
                }
                compared += usize::from(compare(&field, who, &event).await);
            }
        }
    }
    assert!(compared > ACTS, "{compared} events about contributions");
}

/// Listens from now on, if they are a member now.
async fn listen(field: &Field, who: &Person) -> Option<Socket> {
    let (node, query) = (&field.world.node, "query($id: ID!) { space(id: $id) { eventCursor } }");
    let data = node.ask(who, query, json!({ "id": field.cast.space })).await;
    let after = data["space"]["eventCursor"].as_str()?;
    let mut socket = node.socket(who).await;
    let variables = json!({ "space": field.cast.space, "after": after });
    socket.subscribe(&subscription(), variables).await;
    Some(socket)
}

/// Compares an event about a contribution with what a query finds; whether it was one.
async fn compare(field: &Field, who: &Person, event: &Value) -> bool {
    let told = &event["contribution"];
    let id = [&told["id"], &event["deletedContributionId"]]
        .into_iter()
        .find(|id| id.is_string());
    let Some(id) = id else { return false };
    let query = format!("query($id: ID!) {{ node(id: $id) {{ ...Found }} }} {CONTRIBUTION}");
    let found = field.world.ask(who, &query, json!({ "id": id })).await;
    assert_eq!(*told, found["node"], "{} is told {event}", who.login);
    true
}

#[tokio::test]
async fn what_no_event_tells_of_is_as_it_is_now_on_every_socket() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let before = world.node.newest(&cast.stayer, &cast.space).await;
    let comment = world.comment(&cast.mobile, &thread, None, "Seeds").await;
    let query = "subscription($space: ID!, $after: String) { spaceEvents(spaceId: $space, after: $after) { __typename cursor \
        ... on ContributionEvent { root { ... on Thread { unreadCount viewerSubscription } } } } }";
    let told = async |who: &Person| {
        let mut socket = world.node.socket(who).await;
        let variables = json!({ "space": cast.space, "after": before });
        socket.subscribe(query, variables).await;
        socket.event().await["root"].clone()
    };
    assert_eq!(told(&cast.stayer).await["unreadCount"], 1);
    assert_eq!(told(&cast.partner_pupil).await["unreadCount"], 1);
    let input = json!({ "threadId": thread, "upToCommentId": comment });
    world.done(&cast.stayer, "threadMarkRead", input, "").await;
    assert_eq!(told(&cast.stayer).await["unreadCount"], 0);
    assert_eq!(told(&cast.partner_pupil).await["unreadCount"], 1);
}
