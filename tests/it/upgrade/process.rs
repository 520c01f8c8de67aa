//! `sojourn migrate`, and others, as an operator runs them.

use std::{
    fs::{self, File},
    path::PathBuf,
    process::Child,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use crate::support::{Server, eventually};

const PATIENCE: Duration = Duration::from_secs(60);

/// A command that runs.
pub struct Run {
    child: Child,
    log: PathBuf,
}

impl Run {
    /// Starts a command of the release with these further migrations.
    pub fn start(server: &Server, command: &str, migrations: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("log of command {}", NUMBER.fetch_add(1, Ordering::Relaxed));
        let log = server.folder().join(name);
        let output = File::create(&log).unwrap();
        let mut command = server.command(command, migrations);
        let child = command
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        Self { child, log }
    }

    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    /// Waits until it says something.
    pub async fn says(&mut self, words: &str) {
        let (child, log) = (&mut self.child, &self.log);
        eventually(PATIENCE, words, async || {
            let said = fs::read_to_string(log).unwrap();
            assert!(said.contains(words) || child.try_wait().unwrap().is_none(), "{said}");
            said.contains(words)
        })
        .await;
    }

    /// Ends it as a power cut does, if it has not ended by itself.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits until it ends; whether all was well, and what it said.
    pub async fn end(mut self) -> (bool, String) {
        let mut ended = None;
        eventually(PATIENCE, "ended", async || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        })
        .await;
        (ended.unwrap().success(), self.said())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Migrates, which has to work.
pub async fn migrate(server: &Server, migrations: &[&str]) {
    let (is_well, said) = Run::start(server, "migrate", migrations).end().await;
    assert!(is_well, "{said}");
}

/// Runs a command that has to be refused, and returns what it says.
pub async fn refused(server: &Server, command: &str, migrations: &[&str]) -> String {
    let (is_well, said) = Run::start(server, command, migrations).end().await;
    assert!(!is_well, "{said}");
    said
}
