//! The flags of `sojourn bench live`.

use std::{path::PathBuf, time::Duration};

use clap::Args;
use url::Url;

/// What stands below the flags.
const MORE: &str = "\
How it is measured:
  Latency      from the event's occurredAt, which the server takes just before it commits, until the client has the message: no
               less than the time from commit to client. The clocks of both machines have to agree.
               \"live\" are events that happened while the socket was open, \"replayed\" those that it had missed.
  Lost         acknowledged to the writer, and not heard by a socket when --linger is over. Of each socket and event, one.
  Repeated     heard more than once by the same socket, across all its connections.
  Out of order heard behind a later comment of the same writer.
  CPU          of the processes given by --pid, from the first write until all is delivered, user and system together. It includes
               the writes and the queries of --probe.
  RSS          of the same processes: before the first socket, with all sockets open and nothing written, and the most that was
               seen every 200 ms. The sign-ins of --members come before and leave memory of their password hashes behind.

The run makes spaces named \"Bench ...\" and --members pupils in the school of the account that it signs in with, and leaves them
behind: use a server whose data you can throw away. It exits with 1 if an event was lost, repeated or out of order.

Limits of the server to raise: --max-connections to more than --sockets, --points for --cut and --storm (a subscription costs about
15 points of its member's budget), and ulimit -n.";

/// What is measured, and on which server.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Bench", after_long_help = MORE)]
pub struct Live {
    /// URL of a node, such as http://127.0.0.1:8080. Given several times, sockets, writers and queries are spread over the nodes,
    /// and go to the next one when theirs fails.
    #[arg(long, required = true, value_name = "URL", value_parser = node)]
    pub(super) url: Vec<Url>,

    /// File with accounts that `sojourn demo` has written: its coordinator is signed in.
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "login",
        required_unless_present = "login"
    )]
    pub(super) accounts: Option<PathBuf>,

    /// Login of staff of a school, instead of --accounts.
    #[arg(long, requires = "password")]
    pub(super) login: Option<String>,

    /// Their password.
    #[arg(long, env = "SOJOURN_BENCH_PASSWORD", hide_env_values = true)]
    pub(super) password: Option<String>,

    /// Sockets, each with one subscription.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) sockets: u32,

    /// Streams: spaces, over which sockets and writes are spread evenly.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(super) streams: u32,

    /// Pupils who are made for the run, and as whom the sockets subscribe in turn. 0: all as the account that signs in.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(..=200))]
    pub(super) members: u32,

    /// Comments written a second, over all streams. 0: the sockets stay idle.
    #[arg(long, default_value = "20", value_name = "PER_SECOND", value_parser = rate)]
    pub(super) rate: f64,

    /// Comments of a stream that may be under way at the same time.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(super) writers: u32,

    /// For how long to write, such as 500ms, 30s or 5m.
    #[arg(long, default_value = "30s", value_parser = duration)]
    pub(super) duration: Duration,

    /// How many comments to write, whatever time it takes, instead of --duration.
    #[arg(long, conflicts_with = "duration", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) events: Option<u32>,

    /// Cut each connection about so often, without a farewell, and go on from the last cursor.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub(super) cut: Option<Duration>,

    /// In the middle of --duration, drop all sockets; writes go on, and all sockets come back with their cursors.
    #[arg(long, conflicts_with_all = ["cut", "events"])]
    pub(super) storm: bool,

    /// How long the sockets of a storm stay away.
    #[arg(long, default_value = "2s", value_name = "DURATION", value_parser = duration)]
    pub(super) away: Duration,

    /// The time in which the sockets of a storm come back, spread evenly.
    #[arg(long, default_value = "2s", value_name = "DURATION", value_parser = duration)]
    pub(super) within: Duration,

    /// How long to wait after the last write, and in a storm after the return, until everything has arrived.
    #[arg(long, default_value = "30s", value_name = "DURATION", value_parser = duration)]
    pub(super) linger: Duration,

    /// How often to query the page of a space with its latest threads, all the time. 0s: never.
    #[arg(long, default_value = "250ms", value_name = "DURATION", value_parser = duration)]
    pub(super) probe: Duration,

    /// Sockets that are being opened at the same time, before the writing begins.
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) opening: u32,

    /// A server process on this machine whose memory and CPU are measured (Linux). Can be given several times.
    #[arg(long)]
    pub(super) pid: Vec<u32>,

    /// Write the figures as JSON to this file, or with - to standard output, instead of the table.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

fn node(text: &str) -> Result<Url, String> {
    let url: Url = text.parse().map_err(|error: url::ParseError| error.to_string())?;
    if url.scheme() != "http" || url.host().is_none() || url.path() != "/" || url.query().is_some() {
        return Err("it should be http://host:port: a node, without TLS and path".to_owned());
    }
    Ok(url)
}

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| "it should be a number".to_owned())?;
    (0.0..=1e6)
        .contains(&rate)
        .then_some(rate)
        .ok_or("it should be between 0 and 1000000".to_owned())
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "it should be a number with ms, s or m, such as 200ms".to_owned();
    let unit = text.find(|sign: char| sign.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit);
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit() {
        assert_eq!(duration("200ms"), Ok(Duration::from_millis(200)));
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        assert_eq!(duration("0s"), Ok(Duration::ZERO));
        for wrong in ["", "5", "s", "-1s", "1h", "1 s ", "1e400s", "NaNs"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_node_is_named_by_host_and_port() {
        let named = |text| node(text).map(|url| url.to_string());
        assert_eq!(named("http://127.0.0.1:8080").as_deref(), Ok("http://127.0.0.1:8080/"));
        for wrong in [
            "https://a.example",
            "127.0.0.1:8080",
            "http://a.example/graphql",
            "ws://a.example",
        ] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_rate_is_neither_negative_nor_absurd() {
        assert_eq!(rate("0.5"), Ok(0.5));
        for wrong in ["-1", "inf", "NaN", "1e9", "fast"] {
            assert!(rate(wrong).is_err(), "{wrong}");
        }
    }
}
