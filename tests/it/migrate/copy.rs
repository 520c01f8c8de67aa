//! The copy of an SQLite file from before a migration. Embedded alone: PostgreSQL is backed up by whoever runs it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    process::Command,
    time::{Duration, SystemTime},
};

use sea_orm::{ConnectOptions, ConnectionTrait, Statement};

use super::{Place, close, expand, known, made, texts, words};
use crate::support::is_production;

const NAMES: [&str; 4] = ["test_a", "test_b", "test_c", "test_d"];

impl Place {
    fn copies(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name.contains(".before")).collect();
        names.sort();
        names
    }

    /// Makes the first so many changes of later releases, each by a release of its own.
    async fn upgrade(&self, from: usize, to: usize) {
        let list: Vec<_> = NAMES
            .iter()
            .map(|name| expand(name, &format!("CREATE TABLE {name} (n integer)")))
            .collect();
        for count in from + 1..=to {
            let db = self.release(&list[..count]).await;
            db.migrate().await.unwrap();
            close(db).await;
        }
    }
}

fn copy(number: usize) -> String {
    format!("sojourn.db.before-{}", known() + number)
}

#[tokio::test]
async fn a_copy_from_before_a_migration_is_kept_for_its_owner_alone() {
    if is_production() {
        return;
    }
    let place = Place::migrated().await;
    // There was nothing to copy.
    assert_eq!(place.copies(), Vec::<String>::new());
    place.upgrade(0, 1).await;
    assert_eq!(place.copies(), [copy(1)]);
    let path = place.folder.path().join(copy(1));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let options = ConnectOptions::new(format!("sqlite://{}?mode=ro", path.display()));
    let copy = sea_orm::Database::connect(options).await.unwrap();
    let whole = Statement::from_string(copy.get_database_backend(), "PRAGMA integrity_check");
    let whole = copy.query_one_raw(whole).await.unwrap().unwrap();
    assert_eq!(whole.try_get_by_index::<String>(0).unwrap(), "ok");
    let count = "SELECT CAST(COUNT(*) AS text) AS text FROM seaql_migrations";
    assert_eq!(texts(&copy, count).await, [known().to_string()]);
    // Nothing to migrate, nothing to copy.
    let db = place.release(&[]).await;
    db.migrate().await.unwrap();
    assert_eq!(place.copies().len(), 1);
}

#[tokio::test]
async fn the_two_newest_copies_are_kept_for_thirty_days() {
    if is_production() {
        return;
    }
    let place = Place::migrated().await;
    // What an operator keeps is theirs, whatever its age.
    let own = ["sojourn.db.before-christmas", "sojourn.db.before_2026.bak"];
    for name in own {
        fs::write(place.folder.path().join(name), "").unwrap();
    }
    fs::create_dir(place.folder.path().join("sojourn.db.before-0")).unwrap();
    let own_and = |copies: &[usize]| {
        let copies = copies.iter().map(|&number| copy(number));
        let others = ["sojourn.db.before-0", own[0], own[1]].map(str::to_owned);
        let mut all: Vec<_> = copies.chain(others).collect();
        all.sort();
        all
    };
    place.upgrade(0, 4).await;
    // With the oldest of today: these may have been attempts at one upgrade.
    assert_eq!(place.copies(), own_and(&[1, 3, 4]));
    let age = |name: &str, days: u64| {
        let file = fs::File::options()
            .append(true)
            .open(place.folder.path().join(name))
            .unwrap();
        let past = SystemTime::now() - Duration::from_hours(days * 24);
        file.set_modified(past).unwrap();
    };
    age(&copy(1), 2);
    age(own[0], 31);
    age(own[1], 31);
    let list = ["test_a", "test_b", "test_c", "test_d", "test_f"];
    let list = list.map(|name| expand(name, &format!("CREATE TABLE {name} (n integer)")));
    let db = place.release(&list).await;
    db.migrate().await.unwrap();
    assert_eq!(place.copies(), own_and(&[3, 4, 5]));
    age(&copy(3), 31);
    age(&copy(4), 29);
    db.forget_copies();
    assert_eq!(place.copies(), own_and(&[4, 5]));
    // A reset begins anew, and keeps nothing of those who were there.
    db.wipe().await.unwrap();
    assert_eq!(place.copies(), own_and(&[]));
}

#[tokio::test]
async fn without_room_for_a_copy_nothing_is_migrated() {
    if is_production() {
        return;
    }
    let place = Place::migrated().await;
    // Files of at most 64 KiB: less than the copy needs.
    let program = place.program(&["migrate", "--test-migrations=expand"]);
    let mut limited = Command::new("bash");
    limited.args(["-c", "trap '' XFSZ; ulimit -f 64; exec \"$0\" \"$@\""]);
    limited.arg(program.get_program()).args(program.get_args());
    let output = limited.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(
        said.contains("nothing was migrated") && said.contains("Make room"),
        "{said}"
    );
    assert_eq!(place.copies(), Vec::<String>::new());
    let db = place.release(&[]).await;
    assert_eq!(made(&db).await.len(), known());
    close(db).await;
    let (is_done, said) = place.run(&["migrate", "--test-migrations=expand"]);
    assert!(is_done, "{said}");
}

#[tokio::test]
async fn a_copy_that_was_broken_off_is_made_again() {
    if is_production() {
        return;
    }
    let place = Place::migrated().await;
    let part = place.folder.path().join("sojourn.db.before.part");
    fs::write(&part, "half of it").unwrap();
    place.upgrade(0, 1).await;
    assert_eq!(place.copies(), [copy(1)]);
    // And one that can't be made is said.
    fs::create_dir(&part).unwrap();
    let db = place
        .release(&[
            expand("test_a", "CREATE TABLE test_a (n integer)"),
            expand("test_e", "CREATE TABLE test_e (n integer)"),
        ])
        .await;
    assert!(words(db.migrate().await).contains("nothing was migrated"));
    assert_eq!(made(&db).await.len(), known() + 1);
}
