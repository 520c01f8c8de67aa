//! Memory and CPU of processes, from `/proc`.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde::Serialize;
use tokio::time::interval;

/// How often processes are looked at.
const LOOK: Duration = Duration::from_millis(200);
/// The unit of CPU times in `/proc` is the same on every Linux, whatever the kernel counts in.
const TICKS_A_SECOND: f64 = 100.0;

/// What a process has used at some moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Reading {
    /// Bytes of memory (RSS).
    pub rss: u64,
    /// Seconds of CPU since its start, user and system.
    pub cpu: f64,
}

/// What a process used during a run.
#[derive(Serialize, Clone, Copy, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// The process.
    pub pid: u32,
    /// Bytes before the first socket.
    pub rss_start: u64,
    /// Bytes with all sockets open.
    pub rss_open: u64,
    /// Bytes at the end.
    pub rss_end: u64,
    /// The most bytes that were seen.
    pub rss_peak: u64,
    /// Seconds of CPU while it was measured.
    pub cpu_seconds: f64,
    /// The same as a part of one core's time.
    pub cpu_percent: f64,
}

/// A process that is watched.
#[derive(Debug)]
pub(super) struct Watched {
    pid: u32,
    last: Reading,
    peak: u64,
    start: Reading,
    open: Reading,
    begin: Reading,
}

/// A moment of the run.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moment {
    /// There is no socket yet.
    Start,
    /// All sockets are open.
    Open,
    /// The measuring begins.
    Begin,
}

impl Watched {
    /// # Errors
    /// A sentence: there is no such process, or no `/proc`.
    pub(super) fn new(pid: u32) -> Result<Self, String> {
        if !cfg!(target_os = "linux") {
            return Err("--pid reads /proc, which only Linux has".to_owned());
        }
        let start = read(pid).ok_or_else(|| format!("--pid {pid}: no such process"))?;
        Ok(Self {
            pid,
            last: start,
            peak: start.rss,
            start,
            open: start,
            begin: start,
        })
    }

    /// What it uses now; of one that has ended, what it used last.
    fn look(&mut self) -> Reading {
        self.last = read(self.pid).unwrap_or(self.last);
        self.peak = self.peak.max(self.last.rss);
        self.last
    }

    pub(super) fn remember(&mut self, moment: Moment) {
        let now = self.look();
        match moment {
            Moment::Start => self.start = now,
            Moment::Open => self.open = now,
            Moment::Begin => self.begin = now,
        }
    }

    /// What it used, of which the CPU since [`Moment::Begin`], `measured` ago.
    pub(super) fn usage(&mut self, measured: Duration) -> Usage {
        let end = self.look();
        let cpu = end.cpu - self.begin.cpu;
        Usage {
            pid: self.pid,
            rss_start: self.start.rss,
            rss_open: self.open.rss,
            rss_end: end.rss,
            rss_peak: self.peak,
            cpu_seconds: cpu,
            cpu_percent: 100.0 * cpu / measured.as_secs_f64().max(f64::EPSILON),
        }
    }
}

/// Processes that are watched in the background.
#[derive(Clone, Debug)]
pub(super) struct Processes(Arc<Mutex<Vec<Watched>>>);

impl Processes {
    /// # Errors
    /// A sentence.
    pub(super) fn new(pids: &[u32]) -> Result<Self, String> {
        let watched = pids.iter().map(|pid| Watched::new(*pid)).collect::<Result<_, _>>()?;
        Ok(Self(Arc::new(Mutex::new(watched))))
    }

    fn each<T>(&self, look: impl FnMut(&mut Watched) -> T) -> Vec<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter_mut().map(look).collect()
    }

    /// Looks for the most memory for ever.
    pub(super) async fn watch(self) {
        let mut ticks = interval(LOOK);
        loop {
            ticks.tick().await;
            self.each(Watched::look);
        }
    }

    pub(super) fn remember(&self, moment: Moment) {
        self.each(|process| process.remember(moment));
    }

    pub(super) fn usage(&self, measured: Duration) -> Vec<Usage> {
        self.each(|process| process.usage(measured))
    }
}

fn read(pid: u32) -> Option<Reading> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(Reading {
        rss: rss(&status)?,
        cpu: cpu(&stat)?,
    })
}

/// Bytes, from `/proc/<pid>/status`. A process that has ended and waits for its parent has none.
fn rss(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib * 1024)
}

/// Seconds, from `/proc/<pid>/stat`.
fn cpu(stat: &str) -> Option<f64> {
    // The name of the program may hold anything, brackets too. Behind it the state is the third field, utime the 14th.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut times = fields.split(' ').skip(11).map(str::parse::<f64>);
    let (user, system) = (times.next()?.ok()?, times.next()?.ok()?);
    Some((user + system) / TICKS_A_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_is_user_and_system_whatever_the_program_is_called() {
        let stat = "123 (a (very) odd) name) S 1 123 123 0 -1 4194560 900 0 3 0 250 50 7 8 20 0 5 0 100 1000 200";
        assert_eq!(cpu(stat), Some(3.0));
        assert_eq!(cpu("123 (short) S 1"), None);
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(
            rss("Name:\tsojourn\nVmRSS:\t   20480 kB\nThreads:\t3\n"),
            Some(20_971_520)
        );
        assert_eq!(rss("Name:\tzombie\n"), None);
    }
}
