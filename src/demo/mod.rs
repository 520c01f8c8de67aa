//! A project to look at: three schools, two spaces, five weeks of journals.
//!
//! It is told through the ordinary use cases with the clock set back, so that everything in it could have happened.

mod paint;
mod review;
mod story;
mod tell;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::{
    app::{App, sentence},
    features::account,
    platform::auth::write_private,
};

const FILE: &str = "demo-accounts.json";

/// An account to sign in with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DemoAccount {
    /// What it is in its space.
    pub role: String,
    /// Id of the space.
    pub space: String,
    /// What to sign in with.
    pub login: String,
    /// The password.
    pub password: String,
}

/// Fills an empty database that has its schema, or keeps what an earlier call made; `reset` starts over.
///
/// # Errors
/// A sentence for the operator: above all, that the database holds something else.
pub async fn prepare(app: &App, data_dir: &Path, reset: bool) -> Result<Vec<DemoAccount>, String> {
    let path = data_dir.join(FILE);
    let describe = |error: std::io::Error| format!("{}: {error}", path.display());
    if reset {
        let is_demo = account::system_has_login(&app.db, tell::OPERATOR)
            .await
            .map_err(sentence)?;
        if !is_demo && !account::system_is_empty(&app.db).await.map_err(sentence)? {
            return Err("the database holds data that is not a demo: it is left as it is".to_owned());
        }
        app.db.wipe().await.map_err(sentence)?;
        app.db.migrate().await.map_err(sentence)?;
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(describe(error)),
            _ => {}
        }
    }
    let is_empty = account::system_is_empty(&app.db).await.map_err(sentence)?;
    match (is_empty, std::fs::read_to_string(&path)) {
        (false, Ok(text)) => serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display())),
        (false, Err(_)) => Err(
            "the database holds data that is not a finished demo: choose another --data-dir or \
                                --database-url; a demo that was broken off is started over with `demo --reset`"
                .to_owned(),
        ),
        (true, _) => {
            tracing::info!("filling the database with the demo project");
            let accounts = tell::tell(app).await;
            app.clock.set(None);
            let accounts = accounts.map_err(sentence)?;
            let text = serde_json::to_string_pretty(&accounts).map_err(|error| error.to_string())?;
            std::fs::create_dir_all(data_dir).map_err(describe)?;
            write_private(&path, &(text + "\n")).map_err(describe)?;
            Ok(accounts)
        }
    }
}

/// The accounts as a table to print.
#[must_use]
pub fn table(accounts: &[DemoAccount]) -> String {
    let width = |field: fn(&DemoAccount) -> &String, name: &str| {
        accounts
            .iter()
            .map(|account| field(account).chars().count())
            .chain([name.len()])
            .max()
            .unwrap_or_default()
    };
    let (role, login) = (
        width(|account| &account.role, "role"),
        width(|account| &account.login, "login"),
    );
    let password = width(|account| &account.password, "password");
    let line = |account: [&str; 4]| {
        format!(
            "{:role$}  {:login$}  {:password$}  {}\n",
            account[0], account[1], account[2], account[3]
        )
    };
    let rows = accounts
        .iter()
        .map(|account| line([&account.role, &account.login, &account.password, &account.space]));
    line(["role", "login", "password", "space"]) + &rows.collect::<String>()
}
