//! A PostgreSQL server of a test's own: its disk and its memory can fail.

use std::{
    fs::{self, File},
    net::{Ipv4Addr, TcpListener},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command},
    time::Duration,
};

use tempfile::TempDir;

use super::eventually;

/// A running server. It ends with the value.
pub struct Postgres {
    child: Child,
    _folder: TempDir,
    /// `postgres://…`, to make databases on.
    pub url: String,
}

/// Its programs: on `PATH`, or where Debian and Homebrew keep them.
fn programs() -> PathBuf {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&on_path).collect();
    for (parent, name) in [
        ("/usr/lib/postgresql", ""),
        ("/opt/homebrew/opt", "postgresql@"),
        ("/usr/local/opt", "postgresql@"),
    ] {
        let entries = fs::read_dir(parent).into_iter().flatten().flatten();
        let versions = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with(name));
        folders.extend(versions.map(|version| version.path().join("bin")));
    }
    let has_all = |folder: &&PathBuf| ["initdb", "postgres"].iter().all(|name| folder.join(name).is_file());
    let found = folders.iter().rfind(has_all).cloned();
    found.expect("the PostgreSQL server programs (initdb, postgres)")
}

/// The user and the group that a server runs as: it refuses to run as root.
fn runs_as() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().parse().ok()
    };
    if id(&["-u"]) != Some(0) {
        return None;
    }
    let user = ["postgres", "nobody"]
        .into_iter()
        .find(|user| id(&["-u", user]).is_some())
        .unwrap();
    Some((id(&["-u", user]).unwrap(), id(&["-g", user]).unwrap()))
}

impl Postgres {
    /// Starts one in further variables.
    pub async fn start(variables: &[(&str, &Path)]) -> Self {
        let (folder, programs, user) = (tempfile::tempdir().unwrap(), programs(), runs_as());
        let data = folder.path().join("data");
        fs::create_dir(&data).unwrap();
        if let Some((user, group)) = user {
            for path in [folder.path(), &data] {
                std::os::unix::fs::chown(path, Some(user), Some(group)).unwrap();
            }
        }
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let run = |name: &str| {
            let mut command = Command::new(programs.join(name));
            command.current_dir(folder.path()).env("LC_ALL", "C");
            if let Some((user, group)) = user {
                command.uid(user).gid(group);
            }
            command
        };
        let mut initdb = run("initdb");
        initdb
            .arg("-D")
            .arg(&data)
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]);
        let made = initdb.output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let log = folder.path().join("log");
        let output = File::create(&log).unwrap();
        let mut postgres = run("postgres");
        postgres.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "unix_socket_directories=",
            "dynamic_shared_memory_type=mmap",
            "logging_collector=off",
        ] {
            postgres.args(["-c", setting]);
        }
        postgres.envs(variables.iter().copied());
        let child = postgres
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let is_ready = async || {
            fs::read_to_string(&log)
                .unwrap()
                .contains("ready to accept connections")
        };
        eventually(Duration::from_secs(60), "PostgreSQL starts", is_ready).await;
        Self {
            child,
            _folder: folder,
            url: format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // Killed at once, it would leave its shared memory and its other processes behind.
        let id = self.child.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &id]).status();
        let _ = self.child.wait();
    }
}
