//! What is read for one who listens is read for all, and shown to each as they are.

use entity::enums::EventKind;
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use sojourn::{event, platform::stream::ContributionFacts};

use super::{mark, short, until};
use crate::support::{Cast, Person, Socket, World, inner};

/// A selection as a page needs it.
const EVENTS: &str = "subscription($space: ID!, $after: String) { spaceEvents(spaceId: $space, after: $after) { \
    __typename cursor kind actor { displayName organisation { name } } \
    ... on ContributionEvent { \
        contribution { id excerpt bodyHtml author { displayName } byline { name organisation { name } } mentions { displayName } \
            reactions { kind count viewerHasReacted } viewerCan { contributionHide { allowed } reactionAdd { allowed } } } \
        root { id commentCount lastComment { id } } } \
    ... on PhaseEvent { phase { title state viewerCan { phaseClose { allowed } } } } \
    ... on MemberEvent { member { displayName role } } \
    ... on ReportEvent { report { state reason } } \
    ... on SpaceSettingsEvent { space { title eventCursor } } } }";

async fn listen(world: &World, cast: &Cast, who: &Person) -> Socket {
    let before = world.node.newest(who, &cast.space).await;
    let mut socket = world.node.socket(who).await;
    socket
        .subscribe(EVENTS, json!({ "space": cast.space, "after": before }))
        .await;
    socket
}

/// Appends an event about a comment, by statements that are always the same.
async fn append(world: &World, cast: &Cast, comment: &str) {
    let (db, space) = (&world.app().db, inner(&cast.space));
    let found = entity::contribution::Entity::find_by_id(inner(comment));
    let row = found.one(db.primary()).await.unwrap().unwrap();
    let facts = ContributionFacts {
        id: row.id,
        phase_id: row.phase_id,
        kind: row.kind,
        root_id: row.root_id,
        author_id: row.author_id,
        root_author_id: row.author_id,
        state: (row.state, row.state),
        audience: (row.audience, row.audience),
    };
    let facts = &facts;
    db.write(None, |tx| {
        Box::pin(async move {
            let kind = EventKind::ContributionUpdated;
            tx.emit(
                space,
                event::contribution(tx.clock(), kind, facts.author_id, false, facts.clone()),
            );
            Ok(())
        })
    })
    .await
    .unwrap();
}

/// The statements that one event takes on its way to all of `sockets`.
async fn cost(world: &World, cast: &Cast, comment: &str, sockets: &mut [Socket]) -> Vec<String> {
    let _ = world.app().db.recorded();
    append(world, cast, comment).await;
    for socket in sockets.iter_mut() {
        let event = socket.event().await;
        assert_eq!(event["contribution"]["id"], comment);
    }
    let statements = world.app().db.recorded();
    let text = statements.into_iter().map(|statement| statement.sql);
    // These come every two seconds, whoever listens.
    let is_check = |text: &String| text.contains("FROM stream WHERE") || text.contains("FROM session WHERE");
    text.filter(|text| !is_check(text)).collect()
}

#[tokio::test]
async fn an_event_takes_as_many_statements_for_forty_as_for_two() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let text = format!("What <@{}> said.", cast.mobile.member);
    let comment = world.comment(&cast.stayer, &thread, None, &text).await;
    let input = json!({ "contributionId": comment, "kind": "LIKE" });
    world.done(&cast.mobile, "reactionAdd", input, "").await;
    let everybody = [
        &cast.coordinator,
        &cast.teacher,
        &cast.mobile,
        &cast.stayer,
        &cast.observer,
    ];
    let mut sockets = Vec::new();
    for who in [&cast.coordinator, &cast.stayer] {
        sockets.push(listen(&world, &cast, who).await);
    }
    // What the listening itself takes is over with the first event.
    cost(&world, &cast, &comment, &mut sockets).await;
    let few = cost(&world, &cast, &comment, &mut sockets).await;
    for who in everybody.iter().cycle().take(38) {
        sockets.push(listen(&world, &cast, who).await);
    }
    cost(&world, &cast, &comment, &mut sockets).await;
    let many = cost(&world, &cast, &comment, &mut sockets).await;
    assert_eq!(many.len(), few.len(), "{few:#?}\n{many:#?}");
    // Two of them append the event, one reads it.
    assert!(many.len() <= 10, "{many:#?}");
}

/// The next event of each.
async fn next<const N: usize>(sockets: &mut [Socket; N]) -> Vec<Value> {
    let mut events = Vec::new();
    for socket in sockets {
        events.push(socket.event().await);
    }
    events
}

#[tokio::test]
async fn each_sees_with_their_own_eyes() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut sockets = [
        listen(&world, &cast, &cast.teacher).await,
        listen(&world, &cast, &cast.stayer).await,
        listen(&world, &cast, &cast.mobile).await,
    ];
    let comment = world.comment(&cast.stayer, &thread, None, "Seeds").await;
    let can_hide = |event: &Value| event["contribution"]["viewerCan"]["contributionHide"]["allowed"].clone();
    let events = next(&mut sockets).await;
    assert_eq!(events.iter().map(can_hide).collect::<Vec<_>>(), [true, false, false]);

    let input = json!({ "contributionId": comment, "kind": "LIKE" });
    world.done(&cast.mobile, "reactionAdd", input, "").await;
    let events = next(&mut sockets).await;
    let own = |event: &Value| event["contribution"]["reactions"][0]["viewerHasReacted"].clone();
    assert_eq!(events.iter().map(own).collect::<Vec<_>>(), [false, false, true]);

    world.hide(&cast.teacher, &comment).await;
    let events = next(&mut sockets).await;
    let excerpt = |event: &Value| event["contribution"]["excerpt"].clone();
    assert_eq!(
        events.iter().map(excerpt).collect::<Vec<_>>(),
        [json!("Seeds"), json!("Seeds"), Value::Null]
    );
    let told = |event: &Value| event["actor"].is_object();
    assert_eq!(events.iter().map(told).collect::<Vec<_>>(), [true, true, false]);

    let input = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", input, "").await;
    let events = next(&mut sockets).await;
    for event in &events {
        assert_eq!(event["phase"]["state"], "CLOSED");
        assert_eq!(event["phase"]["viewerCan"]["phaseClose"]["allowed"], false);
    }
}

#[tokio::test]
async fn a_grant_counts_from_the_event_on_that_tells_of_it_and_until_it_ends() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.mobile, &thread, None, "Seeds").await;
    let other = world.comment(&cast.mobile, &thread, None, "Crust").await;
    let mut live = listen(&world, &cast, &cast.stayer).await;
    let grant = json!({ "membershipId": cast.stayer.member, "capability": "MODERATE", "phaseId": cast.during });
    world.done(&cast.coordinator, "grantCreate", grant, "").await;
    assert_eq!(live.event().await["kind"], "GRANT_CREATED");
    world.hide(&cast.teacher, &comment).await;
    assert_eq!(live.event().await["contribution"]["excerpt"], "Seeds");
    let input = json!({ "phaseId": cast.during });
    world.done(&cast.coordinator, "phaseClose", input, "").await;
    assert_eq!(live.event().await["kind"], "PHASE_CLOSED");
    // The grants for a phase end with it.
    world.hide(&cast.teacher, &other).await;
    assert_eq!(live.event().await["contribution"]["excerpt"], Value::Null);
}

#[tokio::test]
async fn who_reads_slowly_is_shown_what_is_there_when_an_events_turn_comes() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let long = "seed ".repeat(1_900);
    let before = world.node.newest(&cast.stayer, &cast.space).await;
    let mut comments = Vec::new();
    for _ in 0..90 {
        comments.push(world.comment(&cast.mobile, &thread, None, &long).await);
    }
    // About 100 kB an event: far more than the network keeps.
    let body: String = (0..12).map(|copy| format!("b{copy}: body ")).collect();
    let query = format!(
        "subscription($space: ID!, $after: String) {{ spaceEvents(spaceId: $space, after: $after) {{ \
         __typename cursor kind ... on ContributionEvent {{ contribution {{ id state {body} }} }} }} }}"
    );
    let mut slow = world.node.socket(&cast.stayer).await;
    slow.subscribe(&query, json!({ "space": cast.space, "after": before }))
        .await;
    assert_eq!(slow.event().await["contribution"]["b0"], long.trim());
    let last = comments.last().unwrap();
    world.hide(&cast.teacher, last).await;
    loop {
        let event = slow.event().await;
        if event["contribution"]["id"] == **last {
            assert_eq!(event["kind"], "CONTRIBUTION_PUBLISHED");
            assert_eq!(event["contribution"], {
                let mut placeholder = json!({ "id": last, "state": "HIDDEN" });
                for copy in 0..12 {
                    placeholder[format!("b{copy}")] = Value::Null;
                }
                placeholder
            });
            break;
        }
    }
}

#[tokio::test]
async fn what_is_mentioned_from_another_space_stays_unknown() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut live = listen(&world, &cast, &cast.stayer).await;
    let text = format!("Not <@{}>.", cast.foreigner.member);
    world.comment(&cast.mobile, &thread, None, &text).await;
    let event = live.event().await;
    assert_eq!(event["contribution"]["mentions"], json!([]));
    let last = mark(&world, &cast).await;
    assert_eq!(short(&until(&mut live, &last).await), Vec::<String>::new());
}
