//! Copies of whole spaces, so that a database looks like one of many schools.

use entity::{
    account, attachment, contribution, decision, event, media_file, membership, notification, phase, report, review,
    review_round, review_target, revision, space, space_organisation, stream,
};
use sea_orm::{ConnectionTrait, EntityTrait, IdenStatic, Iterable, TransactionTrait};
use sojourn::platform::db::Db;
use uuid::Uuid;

use crate::support::is_production;

/// Copies a space with all that is in it and the accounts of its members, each time under new ids.
pub async fn copy_space(db: &Db, space: Uuid, times: usize) {
    let (kind, new_id) = if is_production() {
        ("uuid", "gen_random_uuid()")
    } else {
        ("blob", "randomblob(16)")
    };
    let txn = db.primary().begin().await.unwrap();
    let run = async |sql: String| txn.execute_unprepared(&sql).await.unwrap();
    run(format!("CREATE TEMP TABLE copied (old {kind} PRIMARY KEY, new {kind})")).await;
    let space = if is_production() {
        format!("'{space}'")
    } else {
        format!("x'{}'", space.simple())
    };
    let parts = ["phase", "membership", "contribution", "revision", "space_organisation"];
    let mut ids: Vec<_> = parts
        .iter()
        .map(|table| format!("SELECT id FROM {table} WHERE space_id = {space}"))
        .collect();
    ids.push(format!("SELECT id FROM space WHERE id = {space}"));
    ids.push(format!("SELECT account_id FROM membership WHERE space_id = {space}"));
    ids.push(format!(
        "SELECT id FROM decision WHERE contribution_id IN (SELECT id FROM contribution WHERE space_id = {space})"
    ));
    ids.push(format!("SELECT id FROM event WHERE stream_id = {space}"));
    ids.push(format!("SELECT id FROM notification WHERE space_id = {space}"));
    ids.push(format!("SELECT id FROM report WHERE space_id = {space}"));
    ids.push(format!("SELECT id FROM review_round WHERE space_id = {space}"));
    for table in ["review_target", "review"] {
        ids.push(format!(
            "SELECT id FROM {table} WHERE round_id IN (SELECT id FROM review_round WHERE space_id = {space})"
        ));
    }
    let ids = ids.join(" UNION ALL ");
    for time in 0..times {
        run(format!(
            "INSERT INTO copied SELECT id, {new_id} FROM ({ids}) AS everything"
        ))
        .await;
        run(rows::<space::Entity>("space", "id", time)).await;
        run(rows::<stream::Entity>("stream", "id", time)).await;
        run(rows::<phase::Entity>("phase", "id", time)).await;
        run(rows::<account::Entity>("account", "id", time)).await;
        run(rows::<membership::Entity>("membership", "id", time)).await;
        run(rows::<space_organisation::Entity>("space_organisation", "id", time)).await;
        run(rows::<contribution::Entity>("contribution", "id", time)).await;
        run(rows::<revision::Entity>("revision", "id", time)).await;
        run(rows::<media_file::Entity>("media_file", "contribution_id", time)).await;
        run(rows::<attachment::Entity>("attachment", "host_id", time)).await;
        run(rows::<decision::Entity>("decision", "id", time)).await;
        run(rows::<report::Entity>("report", "id", time)).await;
        run(rows::<notification::Entity>("notification", "id", time)).await;
        run(rows::<review_round::Entity>("review_round", "id", time)).await;
        run(rows::<review_target::Entity>("review_target", "id", time)).await;
        run(rows::<review::Entity>("review", "id", time)).await;
        run(rows::<event::Entity>("event", "stream_id", time)).await;
        run("DELETE FROM copied".to_owned()).await;
    }
    run("DROP TABLE copied".to_owned()).await;
    txn.commit().await.unwrap();
}

/// Copies the rows of a table whose `key` is to be copied, with all ids in them.
fn rows<E: EntityTrait>(table: &str, key: &str, time: usize) -> String {
    let columns: Vec<_> = E::Column::iter().map(|column| column.as_str().to_owned()).collect();
    let values = columns.iter().map(|column| match column.as_str() {
        "login" | "login_key" => format!("t.{column} || '-{time}'"),
        "upload_id" => "t.upload_id".to_owned(),
        id if id == "id" || id.ends_with("_id") => {
            format!("COALESCE((SELECT new FROM copied WHERE old = t.{id}), t.{id})")
        }
        other => format!("t.{other}"),
    });
    let values: Vec<_> = values.collect();
    format!(
        "INSERT INTO {table} ({}) SELECT {} FROM {table} t WHERE t.{key} IN (SELECT old FROM copied)",
        columns.join(", "),
        values.join(", ")
    )
}
