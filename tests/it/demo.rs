//! The project to look at: its figures, its people, and that it is told the same way every time.

use std::{
    collections::BTreeSet,
    sync::{Arc, LazyLock, Weak},
};

use chrono::DateTime;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};
use sojourn::{
    demo::{self, DemoAccount},
    platform::scalar::IsoWeek,
};
use tokio::{runtime::Runtime, sync::Mutex};

use crate::{media::Phone, support::World};

/// A server with the demo in it.
type Told = (World, Vec<DemoAccount>);

async fn told() -> Told {
    let world = World::new().await;
    let accounts = prepare(&world, false).await.unwrap();
    (world, accounts)
}

/// Runs a test that only reads, on one demo for all of them that run at the same time. Its connections belong to a runtime, so
/// that has to outlive the single test.
fn reading(test: impl AsyncFnOnce(Arc<Told>)) {
    static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());
    static SHARED: Mutex<Weak<Told>> = Mutex::const_new(Weak::new());
    RUNTIME.block_on(async {
        let mut shared = SHARED.lock().await;
        let found = match shared.upgrade() {
            Some(found) => found,
            None => Arc::new(told().await),
        };
        *shared = Arc::downgrade(&found);
        drop(shared);
        test(found).await;
    });
}

async fn prepare(world: &World, reset: bool) -> Result<Vec<DemoAccount>, String> {
    demo::prepare(world.app(), world.folder(), reset).await
}

fn account<'a>(accounts: &'a [DemoAccount], role: &str) -> &'a DemoAccount {
    accounts.iter().find(|account| account.role == role).unwrap()
}

/// Asks as somebody of the demo, who signs in like a client does.
async fn ask_as(world: &World, who: &DemoAccount, query: &str) -> Value {
    let input = json!({ "input": { "login": who.login, "password": who.password } });
    let create =
        "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { accessToken userErrors { code } } }";
    let answer = world.send(None, create, input).await;
    let token = answer["data"]["sessionCreate"]["accessToken"]
        .as_str()
        .unwrap()
        .to_owned();
    let answer = world.send(Some(&token), query, json!({ "id": who.space })).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    answer["data"].clone()
}

async fn ask(world: &World, accounts: &[DemoAccount], role: &str, query: &str) -> Value {
    ask_as(world, account(accounts, role), query).await
}

/// One number from the database, for what no single viewer sees.
async fn count(world: &World, from: &str) -> i64 {
    let connection = world.app().db.system();
    let sql = format!("SELECT COUNT(*) AS count FROM {from}");
    let row = connection
        .query_one_raw(Statement::from_string(connection.get_database_backend(), sql))
        .await;
    row.unwrap().unwrap().try_get("", "count").unwrap()
}

/// `value` of every node of a connection.
fn all<'a>(connection: &'a Value, value: &str) -> Vec<&'a Value> {
    let nodes = connection["nodes"].as_array().unwrap();
    nodes.iter().map(|node| node.pointer(value).unwrap()).collect()
}

fn distinct(connection: &Value, value: &str) -> BTreeSet<String> {
    all(connection, value).into_iter().map(ToString::to_string).collect()
}

#[test]
fn three_schools_bring_six_teachers_and_thirty_pupils_of_whom_nine_travel() {
    reading(async |told| {
        let (world, accounts) = &*told;
        let query = "query($id: ID!) { space(id: $id) { organisations { totalCount nodes { kind country } }
        members(first: 100) { nodes { role mobilityStatus organisation { name } } } } }";
        let data = ask(world, accounts, "COORDINATOR", query).await;
        let space = &data["space"];
        assert_eq!(space["organisations"]["totalCount"], 3);
        assert_eq!(distinct(&space["organisations"], "/kind").len(), 1);
        assert_eq!(distinct(&space["organisations"], "/country").len(), 3);
        let roles = all(&space["members"], "/role");
        let number = |role: &str| roles.iter().filter(|known| **known == role).count();
        assert_eq!(number("COORDINATOR") + number("TEACHER"), 6);
        assert_eq!(number("PUPIL"), 30);
        let mobile = all(&space["members"], "/mobilityStatus");
        assert_eq!(mobile.iter().filter(|status| **status == "MOBILE").count(), 9);
        assert_eq!(distinct(&space["members"], "/organisation/name").len(), 3);
    });
}

#[test]
fn the_preparation_is_over_and_the_stay_goes_on() {
    reading(async |told| {
        let (world, accounts) = &*told;
        let query = "query($id: ID!) { space(id: $id) { state phases { kind state title } } }";
        let data = ask(world, accounts, "OBSERVER", query).await;
        let phases = data["space"]["phases"].as_array().unwrap();
        let states: Vec<_> = phases.iter().map(|phase| (&phase["kind"], &phase["state"])).collect();
        let wanted = [
            ("PREPARATION", "CLOSED"),
            ("DURING", "OPEN"),
            ("AFTER", "PLANNED"),
            ("DISSEMINATION", "PLANNED"),
        ]
        .map(|(kind, state)| (json!(kind), json!(state)));
        assert_eq!(
            states,
            wanted.iter().map(|(kind, state)| (kind, state)).collect::<Vec<_>>()
        );
        assert_eq!(data["space"]["state"], "ACTIVE");
    });
}

#[test]
fn a_dozen_threads_and_about_two_hundred_comments_are_there() {
    reading(async |told| {
        let (world, accounts) = &*told;
        let space = "space_id = (SELECT space_id FROM contribution WHERE kind = 'JOURNAL_ENTRY' LIMIT 1)";
        let comments = count(world, &format!("contribution WHERE kind = 'COMMENT' AND {space}")).await;
        assert!((180..=230).contains(&comments), "{comments} comments");
        let threads = count(world, &format!("contribution WHERE kind = 'THREAD' AND {space}")).await;
        assert!((11..=13).contains(&threads), "{threads} threads");
        let query =
            "query($id: ID!) { space(id: $id) { threads(first: 100) { totalCount nodes { title commentCount } } } }";
        let data = ask(world, accounts, "COORDINATOR", query).await;
        let threads = &data["space"]["threads"];
        assert!(threads["totalCount"].as_i64() >= Some(10), "{threads}");
        assert!(
            all(threads, "/commentCount")
                .iter()
                .any(|number| number.as_i64() > Some(10))
        );
    });
}

#[test]
fn forty_five_entries_of_five_weeks_are_written_in_five_languages_and_two_scripts() {
    reading(async |told| {
        let (world, accounts) = &*told;
        assert_eq!(count(world, "contribution WHERE kind = 'JOURNAL_ENTRY'").await, 45);
        let query = "query($id: ID!) { space(id: $id) {
        journalEntries(first: 100) { nodes { language week body author { id mobilityStatus } } } } }";
        let data = ask(world, accounts, "COORDINATOR", query).await;
        let entries = &data["space"]["journalEntries"];
        assert_eq!(distinct(entries, "/week").len(), 5);
        assert!(
            distinct(entries, "/language").len() >= 5,
            "{:?}",
            distinct(entries, "/language")
        );
        assert_eq!(
            distinct(entries, "/author/mobilityStatus"),
            BTreeSet::from([json!("MOBILE").to_string()])
        );
        assert_eq!(distinct(entries, "/author/id").len(), 9);
        let is_other_script = |body: &&Value| {
            let letters = body.as_str().unwrap().chars().filter(|sign| sign.is_alphabetic());
            let (latin, other): (Vec<_>, Vec<_>) = letters.partition(|letter| u32::from(*letter) < 0x250);
            other.len() > latin.len()
        };
        assert!(all(entries, "/body").iter().any(is_other_script));
    });
}

#[tokio::test]
async fn this_week_has_entries_on_any_day_of_it() {
    // A Monday morning and a Sunday evening.
    for now in ["2026-11-16T07:00:00Z", "2026-11-22T22:00:00Z"] {
        let world = World::new().await;
        let clock = DateTime::parse_from_rfc3339(now).unwrap().to_utc();
        world.app().clock.set(Some(clock));
        let accounts = prepare(&world, false).await.unwrap();
        let query = "query($id: ID!) { space(id: $id) { journalEntries(first: 100) { nodes { week createdAt } } } }";
        let data = ask(&world, &accounts, "COORDINATOR", query).await;
        let entries = &data["space"]["journalEntries"];
        assert!(all(entries, "/week").contains(&&json!("2026-W47")), "{now}");
        let newest = all(entries, "/createdAt").into_iter().filter_map(Value::as_str).max();
        assert!(newest < Some(now), "{newest:?}");
    }
}

#[test]
fn a_gallery_of_pictures_is_attached_to_entries_and_chosen_for_an_album() {
    reading(async |told| {
        let (world, accounts) = &*told;
        let query = "query($id: ID!) { space(id: $id) { mediaUsage { used }
            attached: media(filter: { isAttached: true }) { totalCount nodes { altText file { status url srcset } } }
            loose: media(filter: { isAttached: false }) { totalCount nodes { licence } }
            albums { nodes { title items { caption file { url } } } }
            journalEntries(first: 100) { nodes { attachments { caption } } } } }";
        let data = ask(world, accounts, "NON_MOBILE_PUPIL", query).await;
        let space = &data["space"];
        assert_eq!(
            (&space["attached"]["totalCount"], &space["loose"]["totalCount"]),
            (&json!(5), &json!(3))
        );
        assert!(
            all(&space["attached"], "/file/status")
                .iter()
                .all(|status| **status == "READY")
        );
        assert!(all(&space["attached"], "/altText").iter().all(|text| text.is_string()));
        assert_eq!(distinct(&space["loose"], "/licence").len(), 3);
        let shown = all(&space["journalEntries"], "/attachments")
            .into_iter()
            .flat_map(|items| items.as_array().unwrap());
        assert_eq!(shown.count(), 5);
        let album = &space["albums"]["nodes"][0];
        let captions: Vec<_> = album["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["caption"].as_str().unwrap())
            .collect();
        assert_eq!(captions.len(), 3);
        assert!(captions[0].contains("tap"), "{captions:?}");
        let phone = Phone::new(world).await;
        let picture = phone.get(album["items"][1]["file"]["url"].as_str().unwrap()).await;
        assert_eq!(
            (picture.status.as_u16(), &picture.headers["content-type"]),
            (200, &"image/jpeg".parse().unwrap())
        );
    });
}

#[test]
fn some_work_is_unfinished_waits_came_back_or_was_hidden() {
    reading(async |told| {
        let (world, accounts) = &*told;
        for state in ["DRAFT", "PENDING", "HIDDEN", "PUBLISHED"] {
            let found = count(world, &format!("contribution WHERE state = '{state}'")).await;
            assert!(found > 0, "nothing is {state}");
        }
        assert!(count(world, "decision WHERE kind = 'RETURNED'").await > 0);
        let query = "query($id: ID!) { space(id: $id) { moderationQueue(first: 100) {
        totalCount nodes { contribution { __typename state } } }
        moderationCounts { submissions edits reports } members(first: 100) { nodes { grants { capability } } }
        journalWeek(week: \"WEEK\", first: 100) { nodes { hasEntry } }
        threads(first: 100) { nodes { unreadCount } } } }";
        let query = query.replace("WEEK", &IsoWeek::at(world.app().clock.now(), "UTC").0);
        let data = ask(world, accounts, "TEACHER", &query).await;
        let queue = &data["space"]["moderationQueue"];
        for kind in ["submissions", "edits", "reports"] {
            assert!(
                data["space"]["moderationCounts"][kind].as_i64().unwrap() > 0,
                "no {kind}"
            );
        }
        assert_eq!(
            distinct(&data["space"]["journalWeek"], "/hasEntry").len(),
            2,
            "some have written this week"
        );
        let given = data["space"]["members"].to_string();
        assert!(given.contains("MODERATE") && given.contains("LEAD_THREAD"));
        let pupil = ask(world, accounts, "NON_MOBILE_PUPIL", &query).await;
        let unread = all(&pupil["space"]["threads"], "/unreadCount");
        assert!(unread.iter().any(|count| **count == 0) && unread.iter().any(|count| **count != 0));
        assert!(
            queue["nodes"]
                .as_array()
                .unwrap()
                .iter()
                .any(|item| item["contribution"]["state"] == "PUBLISHED")
        );
    });
}

#[test]
fn the_second_space_shares_no_member_with_the_first() {
    reading(async |told| {
        let (world, accounts) = &*told;
        assert_eq!(count(world, "space").await, 2);
        let shared = "(SELECT account_id FROM membership GROUP BY account_id HAVING COUNT(DISTINCT space_id) > 1) s";
        assert_eq!(count(world, shared).await, 0);
        let foreign = account(accounts, "FOREIGN_COORDINATOR");
        let main = account(accounts, "COORDINATOR");
        assert_ne!(foreign.space, main.space);
        let query =
            "query($id: ID!) { space(id: $id) { threads { totalCount } } viewer { memberships { totalCount } } }";
        let data = ask_as(world, foreign, query).await;
        assert_eq!(data["viewer"]["memberships"]["totalCount"], 1);
        assert!(data["space"]["threads"]["totalCount"].as_i64() > Some(0));
        let outsider = DemoAccount {
            space: main.space.clone(),
            ..foreign.clone()
        };
        assert_eq!(ask_as(world, &outsider, query).await["space"], Value::Null);
    });
}

#[test]
fn each_of_the_six_accounts_is_what_its_role_says() {
    reading(async |told| {
        let (world, accounts) = &*told;
        let wanted = [
            ("COORDINATOR", "STAFF", "COORDINATOR", Value::Null, [true, true, true]),
            ("TEACHER", "STAFF", "TEACHER", Value::Null, [false, true, true]),
            ("MOBILE_PUPIL", "PUPIL", "PUPIL", json!("MOBILE"), [false, false, true]),
            (
                "NON_MOBILE_PUPIL",
                "PUPIL",
                "PUPIL",
                json!("NON_MOBILE"),
                [false, false, true],
            ),
            ("OBSERVER", "STAFF", "OBSERVER", Value::Null, [false, false, false]),
            (
                "FOREIGN_COORDINATOR",
                "STAFF",
                "COORDINATOR",
                Value::Null,
                [true, true, true],
            ),
        ];
        let roles: Vec<_> = accounts.iter().map(|account| account.role.as_str()).collect();
        assert_eq!(roles, wanted.each_ref().map(|(role, ..)| *role));
        let query = "query($id: ID!) { viewer { account { kind login isPasswordChangeRequired } } space(id: $id) {
        viewerMembership { role mobilityStatus }
        viewerCan { spaceUpdate { allowed } moderate { allowed } }
        phase(kind: DURING) { viewerCan { threadCreate { allowed } journalEntryCreate { allowed } } } } }";
        for (role, kind, member, mobility, can) in wanted {
            let who = account(accounts, role);
            let data = ask_as(world, who, query).await;
            let account = json!({ "kind": kind, "login": who.login, "isPasswordChangeRequired": false });
            assert_eq!(data["viewer"]["account"], account);
            let space = &data["space"];
            assert_eq!(
                space["viewerMembership"],
                json!({ "role": member, "mobilityStatus": mobility })
            );
            let allowed = [
                &space["viewerCan"]["spaceUpdate"]["allowed"],
                &space["viewerCan"]["moderate"]["allowed"],
                &space["phase"]["viewerCan"]["threadCreate"]["allowed"],
            ];
            assert_eq!(allowed.map(|allowed| allowed.as_bool().unwrap()), can, "{role}");
            let writes = &space["phase"]["viewerCan"]["journalEntryCreate"]["allowed"];
            assert_eq!(writes, &json!(role == "MOBILE_PUPIL"));
        }
    });
}

#[test]
fn only_staff_of_the_space_see_what_waits() {
    reading(async |told| {
        let (world, accounts) = &*told;
        let query = "query($id: ID!) { space(id: $id) { moderationQueue { totalCount } journalEntries(filter: { state: HIDDEN }) { totalCount } } }";
        for (role, sees) in [
            ("COORDINATOR", true),
            ("TEACHER", true),
            ("NON_MOBILE_PUPIL", false),
            ("OBSERVER", false),
        ] {
            let data = ask(world, accounts, role, query).await;
            let waiting = data["space"]["moderationQueue"]["totalCount"].as_i64().unwrap();
            assert_eq!(waiting > 0, sees, "{role}");
        }
    });
}

#[test]
fn the_accounts_stand_in_a_file_beside_the_data() {
    reading(async |told| {
        let (world, accounts) = &*told;
        let text = std::fs::read_to_string(world.folder().join("demo-accounts.json")).unwrap();
        assert_eq!(
            serde_json::from_str::<Value>(&text).unwrap(),
            serde_json::to_value(accounts).unwrap()
        );
        let table = demo::table(accounts);
        for account in accounts {
            let line = table
                .lines()
                .find(|line| line.split_whitespace().next() == Some(&account.role))
                .unwrap();
            assert!(line.contains(&account.login) && line.contains(&account.password) && line.contains(&account.space));
        }
    });
}

#[tokio::test]
async fn a_second_call_keeps_the_data_and_the_accounts() {
    let (world, accounts) = told().await;
    let query = "query($id: ID!) { space(id: $id) { id eventCursor } }";
    let before = ask(&world, &accounts, "COORDINATOR", query).await;
    let again = prepare(&world, false).await.unwrap();
    assert_eq!(
        serde_json::to_value(&again).unwrap(),
        serde_json::to_value(&accounts).unwrap()
    );
    assert_eq!(ask(&world, &again, "COORDINATOR", query).await, before);
}

/// Everything that a coordinator reads in the space, but for ids and times.
async fn all_texts(world: &World, accounts: &[DemoAccount], role: &str) -> Value {
    let entries = "nodes { title body language week mood keyCompetences ka1Outcomes state audience byline { name }
        comments(first: 100) { nodes { body state depth byline { name } replyTo { body } } } }";
    let query = format!(
        "query($id: ID!) {{ space(id: $id) {{ title description
            members(first: 100) {{ nodes {{ displayName role mobilityStatus organisation {{ name }} account {{ login languages }} }} }}
            phases {{ title description state moderation }}
            threads(first: 100) {{ nodes {{ title body language state audience isPinned isLocked byline {{ name }}
                comments(first: 100) {{ nodes {{ body state depth byline {{ name }} replyTo {{ body }} }} }} }} }}
            journalEntries(first: 100, filter: {{ state: [PUBLISHED, PENDING, HIDDEN] }}) {{ {entries} }}
            moderationQueue(first: 100) {{ nodes {{ ... on Revision {{ title body isEdit }} }} }} }} }}"
    );
    ask(world, accounts, role, &query).await
}

#[tokio::test]
async fn it_is_told_again_with_the_same_people_texts_and_order() {
    let (world, accounts) = told().await;
    let roles = ["COORDINATOR", "FOREIGN_COORDINATOR"];
    let mut first = Vec::new();
    for role in roles {
        first.push(all_texts(&world, &accounts, role).await);
    }
    let again = prepare(&world, true).await.unwrap();
    for (role, first) in roles.iter().zip(&first) {
        assert_eq!(difference(role, &all_texts(&world, &again, role).await, first), None);
    }
}

/// The first place at which two readings differ. User names of pupils end in a number that is drawn by lot.
fn difference(at: &str, one: &Value, two: &Value) -> Option<String> {
    match (one, two) {
        (Value::Object(one), Value::Object(two)) => one
            .iter()
            .find_map(|(name, value)| difference(&format!("{at}.{name}"), value, &two[name])),
        (Value::Array(one), Value::Array(two)) if one.len() == two.len() => one
            .iter()
            .zip(two)
            .enumerate()
            .find_map(|(place, (one, two))| difference(&format!("{at}.{place}"), one, two)),
        (Value::String(one), Value::String(two)) if at.ends_with("login") => {
            let name = |login: &str| login.trim_end_matches(|sign: char| sign.is_ascii_digit()).to_owned();
            (name(one) != name(two)).then(|| format!("{at}: {one} and {two}"))
        }
        _ => (one != two).then(|| format!("{at}: {one} and {two}")),
    }
}

#[tokio::test]
async fn a_reset_starts_over_with_new_ids_and_passwords() {
    let (world, accounts) = told().await;
    let again = prepare(&world, true).await.unwrap();
    assert_eq!(count(&world, "space").await, 2);
    for (old, new) in accounts.iter().zip(&again) {
        assert_ne!((&old.password, &old.space), (&new.password, &new.space));
    }
    let data = ask(
        &world,
        &again,
        "COORDINATOR",
        "query($id: ID!) { space(id: $id) { id } }",
    )
    .await;
    assert_eq!(data["space"]["id"], again[0].space);
}

#[tokio::test]
async fn a_database_with_other_data_is_refused_and_left_as_it_is() {
    let world = World::new().await;
    let admin = world.administrator().await;
    for reset in [false, true] {
        assert!(
            prepare(&world, reset).await.unwrap_err().contains("not a"),
            "reset: {reset}"
        );
        let data = world.ask(&admin, "{ viewer { account { login } } }", json!({})).await;
        assert_eq!(data["viewer"]["account"]["login"], admin.login);
    }
    assert_eq!(count(&world, "account").await, 1);
    assert!(!world.folder().join("demo-accounts.json").exists());
}

#[test]
fn one_round_has_changed_something_and_one_is_in_the_middle() {
    reading(async |told: Arc<Told>| {
        let (world, accounts) = &*told;
        let query = "query($id: ID!) { space(id: $id) { reviewRounds { nodes { title state criteria { title }
            overview { targetCount lateEntryCount waitingCount submittedCount heldCount releasedCount acknowledgedCount declinedCount }
            reviews(first: 100) { nodes { state reaction change { version body } by { displayName } } }
            assignments(first: 100) { nodes { state } } } } } }";
        let data = ask(world, accounts, "TEACHER", query).await;
        let rounds = data["space"]["reviewRounds"]["nodes"].as_array().unwrap();
        let (open, closed) = (&rounds[0], &rounds[1]);
        assert_eq!((&open["state"], &closed["state"]), (&json!("OPEN"), &json!("CLOSED")));
        let reviews = closed["reviews"]["nodes"].as_array().unwrap();
        assert!(reviews.len() >= 20);
        assert!(
            reviews.iter().any(|review| review["state"] == "RELEASED")
                && reviews.iter().any(|review| review["state"] == "ACKNOWLEDGED")
        );
        let changed: Vec<_> = reviews
            .iter()
            .filter(|review| review["change"] != Value::Null)
            .collect();
        assert_eq!(changed.len(), 1);
        assert!(
            changed[0]["change"]["body"]
                .as_str()
                .unwrap()
                .contains("Added after your reviews")
        );
        let of = |field: &str| open["overview"][field].as_i64().unwrap();
        assert!(of("lateEntryCount") >= 1 && of("targetCount") > of("lateEntryCount"));
        assert_eq!((of("heldCount"), of("declinedCount")), (1, 1));
        assert!(of("submittedCount") >= 1 && of("releasedCount") >= 1);
        let assignments = open["assignments"]["nodes"].as_array().unwrap();
        assert!(assignments.iter().filter(|one| one["state"] == "STARTED").count() >= 2);
    });
}
