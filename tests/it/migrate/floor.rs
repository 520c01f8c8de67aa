//! How old a binary may be that serves on a database.

use migration::{Change, Migration};

use super::{Place, close, database, expand, known, made, words};

/// A migration that takes away what the first release with `needs` migrations no longer uses.
fn contract(needs: usize) -> Migration {
    Migration::new(
        "test_contract",
        needs,
        Change::statements(database(), "DROP TABLE test_new"),
    )
}

fn next() -> Migration {
    expand("test_new", "CREATE TABLE test_new (n integer)")
}

#[tokio::test]
async fn a_release_serves_on_what_the_next_one_has_added_to() {
    let place = Place::migrated().await;
    let db = place.release(&[next()]).await;
    db.migrate().await.unwrap();
    close(db).await;
    let db = place.release(&[]).await;
    db.check_schema().await.unwrap();
    db.migrate().await.unwrap();
    db.check_schema().await.unwrap();
    assert_eq!(made(&db).await.len(), known() + 1);
}

#[tokio::test]
async fn a_release_refuses_what_was_taken_away_from_it_and_says_so() {
    let place = Place::migrated().await;
    let list = [next(), contract(known() + 1)];
    let db = place.release(&list).await;
    db.migrate().await.unwrap();
    close(db).await;
    let old = place.release(&[]).await;
    for said in [words(old.check_schema().await), words(old.migrate().await)] {
        let needs = format!("at least {} migrations", known() + 1);
        assert!(
            said.contains(&needs) && said.contains(&format!("knows {}", known())),
            "{said}"
        );
    }
    old.check_database().await.unwrap();
    close(old).await;
    // The one between them lives with it.
    let between = place.release(&list[..1]).await;
    between.check_schema().await.unwrap();
    between.migrate().await.unwrap();
}

#[tokio::test]
async fn the_floor_is_never_lowered() {
    let place = Place::migrated().await;
    let list = [
        next(),
        contract(known() + 1),
        expand("test_later", "CREATE TABLE test_later (n integer)"),
    ];
    let db = place.release(&list).await;
    db.migrate().await.unwrap();
    let floor = "SELECT CAST(floor AS text) AS text FROM schema_state";
    assert_eq!(super::texts(db.primary(), floor).await, [(known() + 1).to_string()]);
}

#[tokio::test]
async fn a_schema_that_is_behind_is_told_from_a_database_that_is_away() {
    let place = Place::new().await;
    let db = place.release(&[]).await;
    db.check_database().await.unwrap();
    assert!(words(db.check_schema().await).contains("sojourn migrate"));
    db.migrate().await.unwrap();
    db.check_schema().await.unwrap();
    close(db).await;
    let db = place.release(&[next()]).await;
    let said = words(db.check_schema().await);
    assert!(said.contains("1 migrations are missing"), "{said}");
    db.check_database().await.unwrap();
}

#[tokio::test]
async fn a_database_of_another_line_of_releases_is_left_as_it_is() {
    let place = Place::migrated().await;
    let db = place.release(&[next()]).await;
    db.migrate().await.unwrap();
    close(db).await;
    let db = place
        .release(&[expand("test_other", "CREATE TABLE test_other (n integer)")])
        .await;
    let said = words(db.migrate().await);
    assert!(said.contains("doesn't know"), "{said}");
    assert_eq!(made(&db).await.len(), known() + 1);
    let said = words(db.wipe().await);
    assert!(said.contains("newer release"), "{said}");
}
