//! Names that earlier releases have left: an upgrade gives them their places in lists.

use sea_orm::ConnectionTrait;

use super::{Place, texts};
use crate::support::is_production;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_fills_what_an_earlier_release_has_left_however_often_it_is_run() {
    let place = Place::migrated().await;
    let connection = place.connect().await;
    let (id, now) = if is_production() {
        ("gen_random_uuid()", "now()")
    } else {
        ("randomblob(16)", "'2026-01-01T00:00:00+00:00'")
    };
    // More than a unit's.
    for number in 0..450 {
        let name = ["Éva", "Łódź", "Faust"][number % 3];
        let row = format!(
            "INSERT INTO organisation (id, kind, name, name_key, city, country, time_zone, created_at) \
             VALUES ({id}, 'SCHOOL', '{name}', '-', 'Riga', 'LV', 'UTC', {now})"
        );
        connection.execute_unprepared(&row).await.unwrap();
    }
    let keys = "SELECT DISTINCT letters_version || search_key AS text, sort_key FROM organisation ORDER BY sort_key";
    assert_eq!(texts(&connection, keys).await, ["0"]);
    connection.close().await.unwrap();
    for _ in 0..2 {
        let output = place.program(&["migrate"]).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let connection = place.connect().await;
        assert_eq!(
            texts(&connection, keys).await,
            ["1eva riga", "1faust riga", "1lodz riga"]
        );
        connection.close().await.unwrap();
    }
}
