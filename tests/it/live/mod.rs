//! The stream of a space: who is told what, live and on replay.

mod access;
mod content;
mod filter;
mod retention;
mod rounds;
mod shared;
mod stream;
mod told;
mod writers;

use serde_json::{Value, json};

use crate::support::{Cast, Person, Socket, World};

/// Changes the space, which every member is told of, and returns the cursor of that event.
async fn mark(world: &World, cast: &Cast) -> String {
    let query = "query($id: ID!) { space(id: $id) { version } }";
    let data = world.ask(&cast.coordinator, query, json!({ "id": cast.space })).await;
    let version = data["space"]["version"].as_i64().unwrap();
    let title = format!("Project, version {version}");
    let input = json!({ "spaceId": cast.space, "expectedVersion": version, "title": title });
    world.done(&cast.coordinator, "spaceUpdate", input, "").await;
    world.node.newest(&cast.coordinator, &cast.space).await
}

/// The events up to the one at `last`, without it.
async fn until(socket: &mut Socket, last: &str) -> Vec<Value> {
    let mut events = Vec::new();
    loop {
        let event = socket.event().await;
        if event["cursor"] == last {
            return events;
        }
        events.push(event);
    }
}

/// What each of `watchers` is told of what `act` does: live, and the same once more on replay.
async fn told<const N: usize>(
    world: &World,
    cast: &Cast,
    watchers: [&Person; N],
    act: impl Future<Output = ()>,
) -> [Vec<Value>; N] {
    let before = world.node.newest(&cast.coordinator, &cast.space).await;
    let mut sockets = Vec::new();
    for who in watchers {
        sockets.push(world.node.watch(who, &cast.space, Some(&before)).await);
    }
    act.await;
    let last = mark(world, cast).await;
    let mut all = watchers.map(|_| Vec::new());
    for ((who, mut live), events) in watchers.into_iter().zip(sockets).zip(&mut all) {
        *events = until(&mut live, &last).await;
        let mut replay = world.node.watch(who, &cast.space, Some(&before)).await;
        assert_eq!(until(&mut replay, &last).await, *events, "replay");
    }
    all
}

/// The rows of a connection.
fn nodes(connection: &Value) -> &Vec<Value> {
    connection["nodes"].as_array().unwrap()
}

/// `kind`, type and state of events: what somebody was told of, in short.
fn short(events: &[Value]) -> Vec<String> {
    let short = |event: &Value| {
        let kind = event["kind"].as_str().unwrap();
        let kind = kind.strip_prefix("CONTRIBUTION_").unwrap_or(kind);
        match event["__typename"].as_str().unwrap() {
            "ContributionGone" => format!("{kind} gone"),
            "ContributionEvent" => format!("{kind} {}", event["contribution"]["state"].as_str().unwrap()),
            _ => kind.to_owned(),
        }
    };
    events.iter().map(short).collect()
}

/// The name of who did it.
fn actor(event: &Value) -> Option<&str> {
    event["actor"]["displayName"].as_str()
}

impl World {
    /// Calls a lifecycle mutation that must be done; the version that it expects is the newest.
    async fn lifecycle(&self, who: &Person, name: &str, id: &str, more: Value) {
        let mut input = json!({ "contributionId": id });
        if ["contributionPublish", "contributionApprove", "contributionReturn"].contains(&name) {
            let query =
                "query($id: ID!) { node(id: $id) { ... on Contribution { version pendingRevision { version } } } }";
            let data = self.ask(who, query, json!({ "id": id })).await;
            let pending = &data["node"]["pendingRevision"]["version"];
            input["expectedVersion"] = if pending.is_null() {
                &data["node"]["version"]
            } else {
                pending
            }
            .clone();
        }
        for (key, value) in more.as_object().into_iter().flatten() {
            input[key] = value.clone();
        }
        self.done(who, name, input, "").await;
    }

    /// Hides with a reason.
    async fn hide(&self, who: &Person, id: &str) {
        self.lifecycle(who, "contributionHide", id, json!({ "reason": "UNKIND" }))
            .await;
    }

    /// Changes an own thread at its newest version.
    async fn rewrite(&self, who: &Person, thread: &str, change: Value) {
        let query = "query($id: ID!) { node(id: $id) { ... on Contribution { version } } }";
        let data = self.ask(who, query, json!({ "id": thread })).await;
        let mut input = json!({ "threadId": thread, "expectedVersion": data["node"]["version"] });
        for (key, value) in change.as_object().into_iter().flatten() {
            input[key] = value.clone();
        }
        self.done(who, "threadUpdate", input, "").await;
    }
}
