//! Logins that earlier releases have left: keys for all, and a word to the operator where two are the same.

use migration::Database as Kind;
use sea_orm::{ConnectionTrait, Statement, Value};
use sojourn::platform::id::{self, Kind as IdKind};
use uuid::Uuid;

use super::{Place, database, texts};

/// Adds a platform administrator as a release without keys does.
async fn leave(connection: &sea_orm::DatabaseConnection, login: &str) -> Uuid {
    let id = Uuid::now_v7();
    let json = if database() == Kind::Postgres {
        "'[]'::jsonb"
    } else {
        "'[]'"
    };
    let sql = format!(
        "INSERT INTO account (id, kind, login, display_name, languages, password_hash, is_password_change_required, created_at) \
         VALUES ($1, 'ADMIN', $2, 'Somebody', {json}, '', false, '2026-01-01T00:00:00+00:00')"
    );
    let values = [Value::from(id), Value::from(login)];
    let statement = Statement::from_sql_and_values(connection.get_database_backend(), sql, values);
    connection.execute_raw(statement).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_says_which_logins_collide_and_keeps_them() {
    let place = Place::migrated().await;
    let connection = place.connect().await;
    let one = leave(&connection, "stra\u{df}e@school.example").await;
    let two = leave(&connection, "strasse@school.example").await;
    leave(&connection, "zoe\u{308}@school.example").await;
    let rows = "SELECT login AS text FROM account ORDER BY id";
    let before = texts(&connection, rows).await;
    connection.close().await.unwrap();
    let public = |id| id::encode(IdKind::Account, id).0;
    let expected = format!("Logins collide: {} and {}\n", public(two), public(one));
    for (command, is_first) in [
        (&["migrate"][..], true),
        (&["migrate"], false),
        (&["admin", "login-collisions"], false),
    ] {
        let output = place.program(command).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let (said, logged) = (
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        );
        assert!(said.ends_with(&expected), "{said}");
        // Into the log when it is found, by ids alone.
        assert_eq!(
            logged.contains(&public(one)) && logged.contains(&public(two)),
            is_first,
            "{logged}"
        );
        assert!(!format!("{said}{logged}").contains("@school"), "{logged}");
    }
    let connection = place.connect().await;
    assert_eq!(texts(&connection, rows).await, before);
    let keys = "SELECT COALESCE(login_key, 'none') AS text FROM account ORDER BY id";
    assert_eq!(
        texts(&connection, keys).await,
        ["strasse@school.example", "none", "zo\u{eb}@school.example"]
    );
    connection.close().await.unwrap();
}
