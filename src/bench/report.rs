//! What comes out of a run: as JSON, and as a table to read.

use std::{collections::BTreeMap, fmt, time::Duration};

use serde::Serialize;

use super::{
    options::Live,
    process::Usage,
    tally::{Summary, Tally},
};

/// The figures of a run.
#[derive(Serialize, Clone, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Sockets.
    pub sockets: u32,
    /// Streams.
    pub streams: u32,
    /// Members as whom they subscribe; 0: one.
    pub members: u32,
    /// Nodes.
    pub nodes: usize,
    /// Comments a second that were asked for.
    pub rate: f64,
    /// Seconds from the first write until all was delivered.
    pub seconds: f64,
    /// Comments that were acknowledged, and how long that took.
    pub writes: Option<Summary>,
    /// Comments that were sent and never acknowledged.
    pub writes_unknown: u32,
    /// Comments a second that were acknowledged.
    pub writes_per_second: f64,
    /// Events that sockets heard for the first time.
    pub deliveries: u64,
    /// The same for a second.
    pub deliveries_per_second: f64,
    /// From commit to client, of events that happened while the socket was open.
    pub live: Option<Summary>,
    /// The same of events that happened while it was away.
    pub replayed: Option<Summary>,
    /// Acknowledged, and never heard.
    pub lost: u64,
    /// Heard again.
    pub repeated: u64,
    /// Heard behind a later one of the same writer.
    pub out_of_order: u64,
    /// From the beginning of a connection to `connection_ack`.
    pub opening: Option<Summary>,
    /// Sockets that were cut on purpose.
    pub cuts: u64,
    /// What became of the storm.
    pub storm: Option<Storm>,
    /// From the return until a socket had heard all that was acknowledged before.
    pub catching_up: Option<Summary>,
    /// Queries of the page of a space.
    pub queries: Option<Summary>,
    /// Those of the storm, from the return until all had caught up.
    pub storm_queries: Option<Summary>,
    /// Microseconds of CPU of all processes for each delivery.
    pub cpu_micros_per_delivery: Option<f64>,
    /// What the processes used.
    pub processes: Vec<Usage>,
    /// What went wrong on the way, and how often.
    pub problems: BTreeMap<String, u64>,
}

/// What became of a storm.
#[derive(Serialize, Clone, Copy, Debug)]
#[serde(rename_all = "camelCase")]
pub struct Storm {
    /// Sockets that have heard all that was acknowledged before the return.
    pub caught_up: u64,
    /// Seconds from the return until the last of them had.
    pub seconds: f64,
    /// Deliveries in this time.
    pub deliveries: u64,
}

impl Report {
    pub(super) fn new(
        options: &Live,
        tally: &Tally,
        (measured, lost, unknown): (Duration, u64, u32),
        storm: Option<Storm>,
        processes: Vec<Usage>,
    ) -> Self {
        let seconds = measured.as_secs_f64();
        let a_second = |count: u64| count as f64 / seconds.max(f64::EPSILON);
        let (deliveries, writes) = (tally.delivered.get(), tally.writes.summary());
        let cpu: f64 = processes.iter().map(|process| process.cpu_seconds).sum();
        let is_measured = !processes.is_empty() && deliveries > 0;
        Self {
            sockets: options.sockets,
            streams: options.streams,
            members: options.members,
            nodes: options.url.len(),
            rate: options.rate,
            seconds,
            writes,
            writes_unknown: unknown,
            writes_per_second: a_second(tally.writes.count()),
            deliveries,
            deliveries_per_second: a_second(deliveries),
            live: tally.live.summary(),
            replayed: tally.replayed.summary(),
            lost,
            repeated: tally.repeated.get(),
            out_of_order: tally.out_of_order.get(),
            opening: tally.opening.summary(),
            cuts: tally.cuts.get(),
            storm,
            catching_up: tally.catching_up.summary(),
            queries: tally.queries.summary(),
            storm_queries: tally.storm_queries.summary(),
            cpu_micros_per_delivery: is_measured.then(|| 1e6 * cpu / deliveries as f64),
            processes,
            problems: tally.problems(),
        }
    }

    /// All figures.
    ///
    /// # Errors
    /// Never in practice.
    pub fn json(&self) -> Result<String, String> {
        let json = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        Ok(json + "\n")
    }

    /// Whether everything was delivered as it should be.
    ///
    /// # Errors
    /// A sentence that says what wasn't.
    pub fn verdict(&self) -> Result<(), String> {
        let behind = self.storm.map_or(0, |storm| u64::from(self.sockets) - storm.caught_up);
        let faults = [
            (self.lost, "lost"),
            (self.repeated, "repeated"),
            (self.out_of_order, "out of order"),
            (behind, "sockets that did not catch up"),
        ];
        let faults = faults.iter().filter(|(count, _)| *count > 0);
        let faults: Vec<_> = faults.map(|(count, what)| format!("{count} {what}")).collect();
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.join(", "))
        }
    }
}

/// The table.
impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = |count: usize| if count == 1 { "" } else { "s" };
        writeln!(
            to,
            "{} sockets, {} stream{}, {} node{}, {} writes/s asked for, {:.1} s\n",
            self.sockets,
            self.streams,
            plural(self.streams as usize),
            self.nodes,
            plural(self.nodes),
            self.rate,
            self.seconds
        )?;
        writeln!(
            to,
            "{:26}{:>12}{:>12}{:>12}{:>12}{:>12}",
            "", "count", "per second", "p50 ms", "p99 ms", "max ms"
        )?;
        let rows = [
            ("writes acknowledged", self.writes, true),
            ("delivered live", self.live, true),
            ("delivered after a break", self.replayed, true),
            ("opening a socket", self.opening, false),
            ("catching up, of sockets", self.catching_up, false),
            ("queries", self.queries, false),
            ("queries during the storm", self.storm_queries, false),
        ];
        for (what, summary, has_rate) in rows {
            let Some(summary) = summary else { continue };
            let rate = has_rate.then(|| summary.count as f64 / self.seconds.max(f64::EPSILON));
            let rate = rate.map(|rate| format!("{rate:.1}")).unwrap_or_default();
            writeln!(
                to,
                "{what:26}{:>12}{rate:>12}{:>12.2}{:>12.2}{:>12.2}",
                summary.count, summary.p50_ms, summary.p99_ms, summary.max_ms
            )?;
        }
        writeln!(to)?;
        writeln!(
            to,
            "deliveries {} ({:.1} per second), lost {}, repeated {}, out of order {}",
            self.deliveries, self.deliveries_per_second, self.lost, self.repeated, self.out_of_order
        )?;
        writeln!(
            to,
            "writes without an answer {}, sockets cut {}",
            self.writes_unknown, self.cuts
        )?;
        if let Some(storm) = self.storm {
            writeln!(
                to,
                "storm: {} of {} sockets caught up within {:.2} s of the return, {} deliveries",
                storm.caught_up, self.sockets, storm.seconds, storm.deliveries
            )?;
        }
        for process in &self.processes {
            let mb = |bytes: u64| bytes as f64 / 1e6;
            writeln!(
                to,
                "process {}: RSS {:.1} MB without sockets, {:.1} MB with all open, {:.1} MB at the end, {:.1} MB at most; \
                 CPU {:.2} s, {:.1} % of a core",
                process.pid,
                mb(process.rss_start),
                mb(process.rss_open),
                mb(process.rss_end),
                mb(process.rss_peak),
                process.cpu_seconds,
                process.cpu_percent
            )?;
        }
        if let Some(micros) = self.cpu_micros_per_delivery {
            writeln!(to, "CPU per delivery {micros:.1} µs")?;
        }
        for (what, count) in &self.problems {
            writeln!(to, "problem {count} × {what}")?;
        }
        Ok(())
    }
}
