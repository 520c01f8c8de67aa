//! Databases as earlier releases have left them: the demo, with invented people. A dump is made by `demo` of that release, and by `.dump` of SQLite's
//! shell or `pg_dump --inserts --no-owner --no-privileges`, without the commands of psql.

use std::{io::Read, path::Path};

use flate2::read::GzDecoder;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use serde_json::json;
use sojourn::{app::sentence, demo::DemoAccount, features::audit};

use super::schema::schema;
use crate::support::{Columns, World, is_production};

/// The commit from which the dumps are.
const OLDEST: &str = "890fdde";

fn read(release: &str, end: &str) -> Vec<u8> {
    let database = if is_production() { "postgres" } else { "sqlite" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/upgrade/dumps");
    std::fs::read(folder.join(format!("demo-{release}.{database}.{end}"))).unwrap()
}

async fn load(database: &DatabaseConnection) {
    let mut sql = String::new();
    GzDecoder::new(&*read(OLDEST, "sql.gz"))
        .read_to_string(&mut sql)
        .unwrap();
    database.execute_unprepared(&sql).await.unwrap();
}

/// A server on what that release has left.
async fn left() -> (World, DemoAccount) {
    let accounts: Vec<DemoAccount> = serde_json::from_slice(&read(OLDEST, "json")).unwrap();
    let pupil = accounts.into_iter().find(|account| account.role == "NON_MOBILE_PUPIL");
    (World::on(load).await, pupil.unwrap())
}

#[tokio::test]
async fn what_an_earlier_release_has_left_gets_the_newest_schema_in_one_step() {
    let (world, _) = left().await;
    let said = sentence(world.app().db.check_schema().await.unwrap_err());
    assert!(
        said.contains("the schema is that of an earlier release") && said.contains("run `sojourn migrate`"),
        "{said}"
    );
    world.app().db.migrate().await.unwrap();
    world.app().db.check_schema().await.unwrap();
    let (upgraded, fresh) = (schema(&world).await, schema(&World::new().await).await);
    let lacking: Vec<_> = fresh.difference(&upgraded).collect();
    let left_over: Vec<_> = upgraded.difference(&fresh).collect();
    assert!(
        lacking.is_empty() && left_over.is_empty(),
        "lacks {lacking:#?}\nhas left {left_over:#?}"
    );
}

#[tokio::test]
async fn an_upgrade_keeps_all_data() {
    let (world, _) = left().await;
    // What the upgrade itself writes down.
    let is_data = |(table, _): &(String, Vec<String>)| !["seaql_migrations", "backfill"].contains(&table.as_str());
    let columns: Columns = world.columns().await.into_iter().filter(is_data).collect();
    let before = world.rows(&columns).await;
    let count = |table: &str| before[table].len();
    let some = ["account", "contribution", "review", "audit_record"].map(count);
    assert_eq!(some, [45, 292, 53, 328]);
    world.app().db.migrate().await.unwrap();
    world.app().fill_letters().await;
    let now = world.columns().await;
    let kept: Columns = (columns.iter())
        .map(|(table, columns)| {
            let kept = columns.iter().filter(|column| now[table].contains(column));
            (table.clone(), kept.cloned().collect())
        })
        .collect();
    assert_eq!(kept, columns);
    for (table, mut rows) in world.rows(&kept).await {
        if table == "job" {
            // What the upgrade itself asks for.
            rows.retain(|row| !row.contains("backfill"));
        }
        assert!(
            rows == before[&table],
            "{table}: {} rows, {} before",
            rows.len(),
            count(&table)
        );
    }
    let chains = audit::verify(&world.app().db).await.unwrap();
    assert!(
        chains.len() == 7 && chains.iter().all(|chain| chain.broken_at.is_none()),
        "{chains:?}"
    );
}

#[tokio::test]
async fn after_an_upgrade_names_stand_and_are_found_as_those_of_this_release() {
    let (world, _) = left().await;
    world.app().db.migrate().await.unwrap();
    for table in ["account", "organisation"] {
        let keys = format!("SELECT DISTINCT letters_version || search_key AS text FROM {table}");
        assert_eq!(world.texts(&keys).await, ["0"]);
    }
    world.app().fill_letters().await;
    let unfilled = "SELECT login AS text FROM account WHERE letters_version < 1 OR search_key = '' \
        UNION ALL SELECT name FROM organisation WHERE letters_version < 1 OR search_key = ''";
    assert_eq!(world.texts(unfilled).await, Vec::<String>::new());
    let names = world
        .texts("SELECT name AS text FROM organisation ORDER BY sort_key, id")
        .await;
    let ordered = [
        "Cité scolaire des Trois-Vallons",
        "Geniko Lykeio Anatolikis Aktis",
        "IES Arroyo de las Encinas",
        "Rīgas Daugavkrasta vidusskola",
    ];
    assert_eq!(names, ordered);
}

#[tokio::test]
async fn after_an_upgrade_a_pupil_signs_in_reads_the_space_and_writes() {
    let (world, pupil) = left().await;
    world.app().db.migrate().await.unwrap();
    let input = json!({ "input": { "login": pupil.login, "password": pupil.password } });
    let create =
        "mutation($input: SessionCreateInput!) { sessionCreate(input: $input) { accessToken userErrors { code } } }";
    let answer = world.send(None, create, input).await;
    let token = answer["data"]["sessionCreate"]["accessToken"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"));
    let page = "query($id: ID!) { space(id: $id) { title state members { totalCount } phases { kind state }
        threads(first: 50) { totalCount nodes { id title body isLocked commentCount author { displayName } comments(first: 5) { nodes { body } } } }
        journalEntries { totalCount nodes { title state author { displayName } } }
        media { totalCount nodes { file { status url } } } albums { totalCount }
        reviewRounds { nodes { title state } } } }";
    let answer = world.send(Some(token), page, json!({ "id": pupil.space })).await;
    assert!(answer.get("errors").is_none(), "{answer}");
    let space = &answer["data"]["space"];
    let lists = ["members", "threads", "journalEntries", "media", "albums"];
    let totals = lists.map(|list| space[list]["totalCount"].as_u64().unwrap());
    assert_eq!(totals, [38, 8, 34, 8, 1]);
    let thread = (space["threads"]["nodes"].as_array().unwrap().iter()).find(|thread| thread["isLocked"] == false);
    let thread = thread.unwrap();
    let input = json!({ "input": { "rootId": thread["id"], "body": "We have moved." } });
    let comment = "mutation($input: CommentCreateInput!) { commentCreate(input: $input) {
        comment { id body author { displayName } } userErrors { code } } }";
    let answer = world.send(Some(token), comment, input).await;
    let payload = &answer["data"]["commentCreate"];
    assert_eq!(payload["userErrors"], json!([]), "{answer}");
    let again = "query($id: ID!) { node(id: $id) { ... on Comment { id body author { displayName } } } }";
    let answer = world
        .send(Some(token), again, json!({ "id": payload["comment"]["id"] }))
        .await;
    assert_eq!(answer["data"]["node"], payload["comment"]);
}
