//! Who is present: seen by the members of a space alone, for as long as they say so, and stored nowhere.

mod access;
mod hours;
mod nodes;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Cast, Node, PASSWORD, Person, Socket, World, errors};

const PRESENCE: &str = "subscription($space: ID!) { presence(spaceId: $space) { isComplete isOff isKnown goneMemberIds \
    present { member { id displayName } thread { id title } isWriting } } }";

/// A client that keeps what it is told as the schema says.
struct View {
    socket: Socket,
    /// Thread and writing by member; none before the first message.
    present: Option<BTreeMap<String, (Option<String>, bool)>>,
    is_off: bool,
    is_known: bool,
    messages: usize,
    /// All that it ever heard.
    heard: String,
}

impl View {
    async fn new(node: &Node, who: &Person, space: &str) -> Self {
        Self::over(node.socket(who).await, space).await
    }

    async fn over(mut socket: Socket, space: &str) -> Self {
        socket.subscribe(PRESENCE, json!({ "space": space })).await;
        Self {
            socket,
            present: None,
            is_off: false,
            is_known: false,
            messages: 0,
            heard: String::new(),
        }
    }

    /// Takes in the next message, and returns it.
    async fn hear(&mut self) -> Value {
        let message = self.socket.hear().await;
        assert_eq!(message["type"], "next", "{message}");
        let update = message["payload"]["data"]["presence"].clone();
        assert!(update.is_object(), "{message}");
        self.heard.push_str(&message.to_string());
        self.messages += 1;
        if update["isComplete"] == true {
            assert_eq!(update["goneMemberIds"], json!([]));
            self.present = Some(BTreeMap::new());
        }
        let present = self.present.as_mut().expect("the first message is complete");
        self.is_off = update["isOff"].as_bool().unwrap();
        self.is_known = update["isKnown"].as_bool().unwrap();
        for one in update["present"].as_array().unwrap() {
            let thread = one["thread"]["id"].as_str().map(str::to_owned);
            let id = one["member"]["id"].as_str().unwrap().to_owned();
            present.insert(id, (thread, one["isWriting"].as_bool().unwrap()));
        }
        for gone in update["goneMemberIds"].as_array().unwrap() {
            assert!(present.remove(gone.as_str().unwrap()).is_some(), "{update}");
        }
        update
    }

    /// Waits until it shows just these.
    async fn shows(&mut self, wanted: &[(&Person, Option<&str>, bool)]) {
        let wanted = wanted.iter().map(|(who, thread, is_writing)| {
            let thread = thread.map(str::to_owned);
            (who.member.clone(), (thread, *is_writing))
        });
        let wanted = Some(wanted.collect());
        while self.present != wanted {
            self.hear().await;
        }
    }

    /// The error with which it ends.
    async fn ends(&mut self) -> Vec<String> {
        loop {
            let message = self.socket.hear().await;
            if message["payload"]["data"]["presence"].is_object() {
                continue;
            }
            assert_eq!(message["type"], "error", "{message}");
            return errors(&json!({ "errors": message["payload"] }));
        }
    }
}

impl World {
    async fn view(&self, who: &Person, cast: &Cast) -> View {
        View::new(&self.node, who, &cast.space).await
    }

    /// Says where somebody is, and returns the payload.
    async fn present(&self, who: &Person, cast: &Cast, mut more: Value) -> Value {
        more["spaceId"] = json!(cast.space);
        self.done(who, "presenceSet", more, "expiresAt isOff").await
    }

    async fn online(&self, who: &Person, cast: &Cast) {
        let payload = self.present(who, cast, json!({})).await;
        assert_eq!(payload["isOff"], false);
        assert!(payload["expiresAt"].is_string(), "{payload}");
    }

    /// The same person on another device.
    async fn device(&self, who: &Person) -> Person {
        let (_, token) = self.sign_in(&who.login, PASSWORD).await;
        Person { token, ..who.clone() }
    }
}

#[tokio::test]
async fn the_first_message_tells_of_everybody() {
    let (world, cast) = World::with_cast().await;
    let mut first = world.view(&cast.teacher, &cast).await;
    let update = first.hear().await;
    assert_eq!(
        update,
        json!({ "isComplete": true, "isOff": false, "isKnown": true, "present": [], "goneMemberIds": [] })
    );
    world.online(&cast.mobile, &cast).await;
    world.online(&cast.observer, &cast).await;
    first
        .shows(&[(&cast.mobile, None, false), (&cast.observer, None, false)])
        .await;
    let mut second = world.view(&cast.stayer, &cast).await;
    assert_eq!(second.hear().await["isComplete"], true);
    second
        .shows(&[(&cast.mobile, None, false), (&cast.observer, None, false)])
        .await;
    assert_eq!(second.messages, 1);
}

#[tokio::test]
async fn members_are_seen_as_they_come_go_into_threads_write_and_leave() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut views = [
        world.view(&cast.teacher, &cast).await,
        world.view(&cast.stayer, &cast).await,
    ];
    let steps = [
        (json!({}), None, false),
        (json!({ "threadId": thread }), Some(thread.as_str()), false),
        (
            json!({ "threadId": thread, "isWriting": true }),
            Some(thread.as_str()),
            true,
        ),
        (
            json!({ "threadId": thread, "isWriting": false }),
            Some(thread.as_str()),
            false,
        ),
        (json!({ "threadId": null }), None, false),
    ];
    for (input, of, is_writing) in steps {
        world.present(&cast.mobile, &cast, input).await;
        for view in &mut views {
            view.shows(&[(&cast.mobile, of, is_writing)]).await;
        }
    }
    let payload = world.present(&cast.mobile, &cast, json!({ "isOnline": false })).await;
    assert_eq!(
        (&payload["expiresAt"], &payload["isOff"]),
        (&Value::Null, &json!(false))
    );
    for view in &mut views {
        view.shows(&[]).await;
        assert_eq!(view.heard.matches("\"isComplete\":true").count(), 1);
    }
}

#[tokio::test]
async fn a_member_is_there_while_one_of_their_devices_is() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let other = world.thread(&cast.teacher, &cast.during, "Butter").await;
    let phone = world.device(&cast.mobile).await;
    let mut view = world.view(&cast.teacher, &cast).await;
    world.present(&cast.mobile, &cast, json!({ "threadId": thread })).await;
    view.shows(&[(&cast.mobile, Some(&thread), false)]).await;
    // What is newer is shown, and writing before all.
    world.present(&phone, &cast, json!({ "threadId": other })).await;
    view.shows(&[(&cast.mobile, Some(&other), false)]).await;
    let writes = json!({ "threadId": thread, "isWriting": true });
    world.present(&cast.mobile, &cast, writes).await;
    view.shows(&[(&cast.mobile, Some(&thread), true)]).await;
    world.present(&phone, &cast, json!({})).await;
    world.present(&cast.mobile, &cast, json!({ "isOnline": false })).await;
    view.shows(&[(&cast.mobile, None, false)]).await;
    world.present(&phone, &cast, json!({ "isOnline": false })).await;
    view.shows(&[]).await;
}

#[tokio::test]
async fn who_says_nothing_more_is_gone_after_75_seconds() {
    let (world, cast) = World::with_cast().await;
    world.later(0);
    let mut view = world.view(&cast.teacher, &cast).await;
    world.online(&cast.mobile, &cast).await;
    world.online(&cast.stayer, &cast).await;
    view.shows(&[(&cast.mobile, None, false), (&cast.stayer, None, false)])
        .await;
    world.later(60);
    world.online(&cast.stayer, &cast).await;
    world.later(14);
    // Both are there for one who comes now.
    let mut other = world.view(&cast.observer, &cast).await;
    assert_eq!(other.hear().await["present"].as_array().unwrap().len(), 2);
    let now = world.later(1);
    view.shows(&[(&cast.stayer, None, false)]).await;
    let payload = world.present(&cast.stayer, &cast, json!({})).await;
    let expires: chrono::DateTime<chrono::Utc> = payload["expiresAt"].as_str().unwrap().parse().unwrap();
    assert_eq!((expires - now).num_seconds(), 75);
    world.later(75);
    view.shows(&[]).await;
}

#[tokio::test]
async fn saying_the_same_again_is_no_news() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let mut view = world.view(&cast.teacher, &cast).await;
    view.hear().await;
    let input = json!({ "threadId": thread, "isWriting": true });
    for _ in 0..3 {
        world.present(&cast.mobile, &cast, input.clone()).await;
        view.shows(&[(&cast.mobile, Some(&thread), true)]).await;
    }
    world.comment(&cast.stayer, &thread, None, "Seeds").await;
    world.online(&cast.stayer, &cast).await;
    view.shows(&[(&cast.mobile, Some(&thread), true), (&cast.stayer, None, false)])
        .await;
    assert_eq!(view.messages, 3);
}

#[tokio::test]
async fn nothing_of_it_is_stored() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let before = world.dump().await;
    let mut view = world.view(&cast.teacher, &cast).await;
    let input = json!({ "threadId": thread, "isWriting": true });
    world.present(&cast.mobile, &cast, input).await;
    view.shows(&[(&cast.mobile, Some(&thread), true)]).await;
    world.present(&cast.mobile, &cast, json!({ "isOnline": false })).await;
    view.shows(&[]).await;
    let after = world.dump().await;
    for (table, rows) in &before {
        assert!(after[table] == *rows, "{table} has changed");
    }
}

/// The statements that the first message takes when so many are in threads of their own, without those that go on in the background.
async fn statements(present: usize) -> usize {
    let (world, cast) = World::with_cast().await;
    let all = [
        &cast.mobile,
        &cast.stayer,
        &cast.teacher,
        &cast.mentor,
        &cast.partner,
        &cast.partner_pupil,
    ];
    for who in &all[..present] {
        let own = world.thread(who, &cast.during, "Own").await;
        world.present(who, &cast, json!({ "threadId": own })).await;
    }
    let _ = world.app().db.recorded();
    let mut view = world.view(&cast.coordinator, &cast).await;
    assert_eq!(view.hear().await["present"].as_array().unwrap().len(), present);
    assert_eq!(view.heard.matches("\"title\":\"Own\"").count(), present);
    let statements = world.app().db.recorded();
    let is_own = |sql: &str| sql.contains("membership") || sql.contains("contribution") || sql.contains("FROM space s");
    statements.iter().filter(|statement| is_own(&statement.sql)).count()
}

#[tokio::test]
async fn many_take_the_same_statements_as_one() {
    let of_one = statements(1).await;
    assert!(of_one > 0);
    assert_eq!(statements(6).await, of_one);
}
