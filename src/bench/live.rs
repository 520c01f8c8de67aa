//! The course of a run.

use std::{fs, sync::Arc, time::Duration};

use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, sleep_until},
};

use super::{
    account::{self, Account},
    api::Api,
    judge::Heard,
    options::Live,
    probe::Probe,
    process::{Moment, Processes},
    publisher::{Pace, Progress, Writer},
    report::{Report, Storm},
    stage::{self, Stage},
    subscriber::{Phase, Return, State, Subscriber},
    tally::Tally,
};

/// How often the run looks whether what it waits for has happened.
const LOOK: Duration = Duration::from_millis(10);
/// How long to wait for the next socket before a run is given up.
const OPENING: Duration = Duration::from_secs(60);
/// Files besides the sockets.
const FILES: u64 = 200;

/// Measures live delivery.
///
/// # Errors
/// A sentence: above all, that nobody can sign in.
pub async fn live(options: &Live) -> Result<Report, String> {
    if options.storm && options.rate == 0.0 {
        return Err("--storm needs a --rate: what is written meanwhile is what they catch up with".to_owned());
    }
    let processes = Processes::new(&options.pid)?;
    allow_files(u64::from(options.sockets) + FILES)?;
    let api = Api::new(&options.url);
    let (login, password) = whom(options)?;
    let staff = Account::sign_in(&api, 0, &login, &password).await?;
    tracing::info!("making spaces and members");
    let counts = (
        options.streams as usize,
        options.members as usize,
        options.writers as usize,
    );
    let stage = Stage::set(&api, staff, counts).await?;
    let run = Run {
        options,
        api,
        stage,
        tally: Arc::new(Tally::new()?),
        phase: watch::Sender::new(Phase::Listen),
        processes,
    };
    run.measure().await
}

/// Whom to sign in.
fn whom(options: &Live) -> Result<(String, String), String> {
    if let (Some(login), Some(password)) = (&options.login, &options.password) {
        return Ok((login.clone(), password.clone()));
    }
    let path = options
        .accounts
        .as_deref()
        .ok_or("--accounts or --login must be given")?;
    let named = |error: String| format!("{}: {error}", path.display());
    let text = fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
    let account = stage::coordinator(&text).map_err(named)?;
    Ok((account.login, account.password))
}

fn allow_files(wanted: u64) -> Result<(), String> {
    let allowed = rlimit::increase_nofile_limit(wanted).map_err(|error| error.to_string())?;
    if allowed < wanted {
        return Err(format!(
            "--sockets needs {wanted} open files, and this process may have {allowed}: raise `ulimit -n`"
        ));
    }
    Ok(())
}

struct Run<'a> {
    options: &'a Live,
    api: Api,
    stage: Stage,
    tally: Arc<Tally>,
    phase: watch::Sender<Phase>,
    processes: Processes,
}

impl Run<'_> {
    async fn measure(self) -> Result<Report, String> {
        let (options, tally) = (self.options, &self.tally);
        // Dropped, it ends them.
        let mut background = JoinSet::new();
        background.spawn(self.processes.clone().watch());
        let mut signed_in = self.stage.members.clone();
        signed_in.push(Arc::clone(&self.stage.staff));
        background.spawn(account::renew(self.api.clone(), signed_in, Arc::clone(tally)));

        self.processes.remember(Moment::Start);
        let start = Instant::now();
        let sockets = self.open_sockets();
        self.all_listen().await?;
        tracing::info!(seconds = start.elapsed().as_secs_f64(), "all sockets listen");
        if !options.probe.is_zero() {
            background.spawn(self.probe().run(options.probe));
        }
        self.processes.remember(Moment::Open);

        self.processes.remember(Moment::Begin);
        let start = Instant::now();
        let mut storm = None;
        if options.rate > 0.0 {
            let writers = self.start_writers();
            if options.storm {
                sleep(options.duration / 2).await;
                storm = Some(self.storm().await);
            }
            writers.join_all().await;
        } else {
            sleep(options.duration).await;
        }
        self.phase.send_replace(Phase::Settle);
        let measured = self.drain(start).await;
        let usage = self.processes.usage(measured);
        drop(background);

        self.phase.send_replace(Phase::End);
        let heard = sockets.join_all().await;
        let acknowledged: Vec<_> = self.stage.streams.iter().map(|stream| stream.acknowledged()).collect();
        let missing = |(place, heard): &(usize, Heard)| heard.missing(&acknowledged[*place]);
        let lost = heard.iter().map(missing).sum();
        let unknown = self.progress().map(Progress::unknown).sum();
        if options.rate > 0.0 && tally.writes.summary().is_none() {
            return Err(format!("no write was acknowledged: {}", self.problem()));
        }
        Ok(Report::new(options, tally, (measured, lost, unknown), storm, usage))
    }

    /// Sockets with the places of their streams, and what they have heard in the end.
    fn open_sockets(&self) -> JoinSet<(usize, Heard)> {
        let (streams, members) = (&self.stage.streams, &self.stage.members);
        let turns = Arc::new(Semaphore::new(self.options.opening as usize));
        let mut sockets = JoinSet::new();
        for number in 0..self.options.sockets as usize {
            let place = number % streams.len();
            let subscriber = Subscriber {
                api: self.api.clone(),
                account: Arc::clone(&members[number / streams.len() % members.len()]),
                tally: Arc::clone(&self.tally),
                stream: Arc::clone(&streams[place]),
                place,
                phases: self.phase.subscribe(),
                turns: Arc::clone(&turns),
                cut: self.options.cut,
                node: number,
                state: State::new(&streams[place]),
            };
            sockets.spawn(async move { (place, subscriber.run().await) });
        }
        sockets
    }

    /// Waits until all sockets listen, as long as there is progress.
    async fn all_listen(&self) -> Result<(), String> {
        let (mut ready, mut since) = (0, Instant::now());
        while ready < u64::from(self.options.sockets) {
            if since.elapsed() > OPENING {
                let sockets = self.options.sockets;
                return Err(format!("only {ready} of {sockets} sockets listen: {}", self.problem()));
            }
            sleep(LOOK).await;
            let now = self.tally.ready.get();
            if now > ready {
                (ready, since) = (now, Instant::now());
            }
        }
        Ok(())
    }

    fn probe(&self) -> Probe {
        Probe {
            api: self.api.clone(),
            account: Arc::clone(&self.stage.members[0]),
            tally: Arc::clone(&self.tally),
            stream: Arc::clone(&self.stage.streams[0]),
            phases: self.phase.subscribe(),
        }
    }

    fn start_writers(&self) -> JoinSet<()> {
        let (options, streams) = (self.options, &self.stage.streams);
        let start = Instant::now();
        let end = options.events.is_none().then(|| start + options.duration);
        let rate = options.rate / streams.len() as f64;
        let run = rand::random();
        let mut writers = JoinSet::new();
        for (place, stream) in streams.iter().enumerate() {
            // One after the other, not all at the same moment.
            let part = place as f64 / streams.len() as f64;
            let start = start + Duration::try_from_secs_f64(part / rate).unwrap_or_default();
            let most = options.events.map(|events| share(events, place, streams.len()));
            let pace = Arc::new(Pace::new(start, rate, end, most));
            for writer in 0..stream.writers.len() {
                let writer = Writer {
                    api: self.api.clone(),
                    account: Arc::clone(&self.stage.staff),
                    tally: Arc::clone(&self.tally),
                    pace: Arc::clone(&pace),
                    stream: Arc::clone(stream),
                    place: (place, writer),
                    run,
                };
                writers.spawn(writer.run());
            }
        }
        writers
    }

    /// Drops all sockets, lets them come back, and waits until all have caught up.
    async fn storm(&self) -> Storm {
        let options = self.options;
        tracing::info!("all sockets are dropped");
        self.phase.send_replace(Phase::Away);
        let delivered = self.tally.delivered.get();
        sleep(options.away).await;
        let back = Return {
            at: Instant::now(),
            within: options.within,
            acknowledged: self.stage.streams.iter().map(|stream| stream.acknowledged()).collect(),
        };
        let end = back.at + options.within + options.linger;
        let at = back.at;
        tracing::info!("they come back");
        self.phase.send_replace(Phase::Return(Arc::new(back)));
        let caught_up = || self.tally.catching_up.count();
        while caught_up() < u64::from(options.sockets) && Instant::now() < end {
            sleep(LOOK).await;
        }
        let storm = Storm {
            caught_up: caught_up(),
            seconds: at.elapsed().as_secs_f64(),
            deliveries: self.tally.delivered.get() - delivered,
        };
        self.phase.send_replace(Phase::Listen);
        tracing::info!(
            sockets = storm.caught_up,
            seconds = storm.seconds,
            "they have caught up"
        );
        storm
    }

    /// Waits until everything that was written has arrived, and tells how long after `start` the last of it came.
    async fn drain(&self, start: Instant) -> Duration {
        let end = Instant::now() + self.options.linger;
        let (mut delivered, mut at) = (0, start.elapsed());
        let all = self.expected();
        while delivered < all && Instant::now() < end {
            sleep_until((Instant::now() + LOOK).min(end)).await;
            let now = self.tally.delivered.get();
            if now > delivered {
                (delivered, at) = (now, start.elapsed());
            }
        }
        at
    }

    /// How many events all sockets hear together, if they hear all.
    fn expected(&self) -> u64 {
        let streams = self.stage.streams.iter().enumerate();
        let of_stream = |(place, stream): (usize, &Arc<stage::Stream>)| {
            let sent: u32 = stream.writers.iter().map(Progress::sent).sum();
            u64::from(sent) * share(self.options.sockets, place, self.stage.streams.len())
        };
        streams.map(of_stream).sum()
    }

    fn progress(&self) -> impl Iterator<Item = &Progress> {
        self.stage.streams.iter().flat_map(|stream| &stream.writers)
    }

    /// The most frequent problem.
    fn problem(&self) -> String {
        let most = self.tally.problems().into_iter().max_by_key(|(_, count)| *count);
        most.map_or_else(|| "nobody says why".to_owned(), |(what, _)| what)
    }
}

/// How many of `all` things fall to one of `parts` places when they are dealt out in turn.
fn share(all: u32, place: usize, parts: usize) -> u64 {
    (all as usize).saturating_sub(place).div_ceil(parts) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn things_that_are_dealt_out_are_as_many_as_before() {
        for (all, parts) in [(10, 3), (3, 10), (0, 1), (7, 7)] {
            let shares: Vec<_> = (0..parts).map(|place| share(all, place, parts)).collect();
            assert_eq!(shares.iter().sum::<u64>(), u64::from(all), "{shares:?}");
            assert!(
                shares.is_sorted_by(|one, two| one >= two && one - two <= 1),
                "{shares:?}"
            );
        }
    }
}
