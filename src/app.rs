//! What a process holds, and how it serves.

mod start;

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use async_graphql::Context;
use async_trait::async_trait;
use axum::Router;
use chrono::DateTime;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::Config,
    features::{
        account, contribution,
        media::{self, Processing, Quotas},
        notice, organisation, presence, privacy, report, review, space,
    },
    platform::{
        auth::{Actor, attempts::Attempts, password::Passwords, token::Signer},
        clock::Clock,
        db::{Db, Reader, RunBackfill},
        error::{Error, Result},
        http::{
            self, Authenticate, Caller, Check, Front, Ready, Types,
            server::{self, Connections},
        },
        job::{self, Runner},
        lease::Leases,
        live::Live,
        rate::Rates,
        redis::Redis,
        storage::Storage,
        stream::{self, Retention},
    },
    schema,
};

/// How often the server does what time alone asks for.
const TIDY_EVERY: Duration = Duration::from_secs(3600);
/// How often a node says that it is alive.
const BEAT_EVERY: Duration = Duration::from_secs(30);
/// How long ago a file that somebody works on was begun, at most: no attempt takes as long.
const WORKED_ON: Duration = Duration::from_secs(3600);
/// How long the database may take to answer a probe.
const CHECK: Duration = Duration::from_secs(2);
/// How long it may take what is only told: no probe fails because it waits for that. Kubernetes gives probes a second.
const CHECK_TOLD: Duration = Duration::from_millis(700);
/// What it means that Redis is away.
const WITHOUT_REDIS: &[&str] = &[
    "limits are counted by each node alone",
    "live events of other nodes come up to two seconds late",
    "it is unknown who is present",
];
/// What it means that the media store is away.
const WITHOUT_MEDIA: &[&str] = &["media can be neither uploaded, processed nor downloaded"];
/// What it means that the database takes no writes.
const READ_ONLY: &[&str] = &["mutations are UNAVAILABLE, queries and what is live go on"];
/// What it means that the database is damaged.
const DAMAGED: &[&str] = &["some of the data can't be read, or are wrong"];
/// Passes of a password hash.
const PASSWORD_PASSES: u32 = 2;

/// Everything that use cases need. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The database.
    pub db: Db,
    /// The time.
    pub clock: Clock,
    /// Password hashing.
    pub passwords: Passwords,
    /// Access tokens.
    pub signer: Arc<Signer>,
    /// Media.
    pub storage: Storage,
    /// How much of them there may be.
    pub quotas: Quotas,
    /// How they are processed.
    pub processing: Processing,
    /// For how long events are kept.
    pub retention: Retention,
    /// Where files are for as long as they are worked on.
    scratch: PathBuf,
    /// The file in which the newest event is noted.
    note: PathBuf,
    /// Redis, if there is one.
    redis: Option<Redis>,
    /// Whether the database is known to be damaged.
    is_damaged: bool,
    /// Who has used how much.
    pub rates: Rates,
    /// Who guesses passwords.
    pub attempts: Attempts,
    /// Who is present where.
    pub presence: Leases<presence::Doing>,
}

/// The app of this request.
///
/// # Errors
/// The server is put together wrongly.
pub fn app<'a>(ctx: &Context<'a>) -> Result<&'a App> {
    ctx.data::<App>().map_err(|error| Error::internal(error.message))
}

impl App {
    /// Opens everything that the configuration names. Doesn't change the database's schema.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn open(config: &Config) -> std::result::Result<Self, String> {
        config.database()?;
        make_private(&config.data_dir)?;
        Self::open_with(config, config.signer()?).await
    }

    /// The same for commands that sign nobody in: they need no signing key.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn open_offline(config: &Config) -> std::result::Result<Self, String> {
        make_private(&config.data_dir)?;
        Self::open_with(config, Signer::from_pem(&Signer::generate()?)?).await
    }

    async fn open_with(config: &Config, signer: Signer) -> std::result::Result<Self, String> {
        let signer = Arc::new(signer);
        let redis = config.redis_url.as_ref();
        let redis = redis.map(|url| Redis::new(url, &config.redis_prefix)).transpose()?;
        let clock = Clock::default();
        let (live, rates, presence) = match &redis {
            Some(redis) => (
                Live::over_redis(redis.clone(), config.window()),
                Rates::over_redis(clock.clone(), redis.clone()),
                Leases::over_redis(clock.clone(), redis.clone()),
            ),
            None => (
                Live::in_process(config.window()),
                Rates::in_process(clock.clone()),
                Leases::in_process(clock.clone()),
            ),
        };
        let storage = Storage::open(&config.storage(&signer)?)?;
        let passwords = Passwords::new(config.password_memory, PASSWORD_PASSES).map_err(sentence)?;
        let db = Db::connect(&config.database()?, clock.clone(), live)
            .await
            .map_err(sentence)?;
        let scratch = config.data_dir.join("scratch");
        // An embedded database, and the folder with it, has one process: nobody works there yet.
        let age = if config.is_embedded() {
            Duration::ZERO
        } else {
            WORKED_ON
        };
        clear(&scratch, age).map_err(|error| format!("{}: {error}", scratch.display()))?;
        Ok(Self {
            db,
            clock,
            passwords,
            signer,
            storage,
            quotas: config.media.quotas(),
            processing: config.media.processing()?,
            retention: config.retention(),
            scratch,
            note: start::note(&config.data_dir),
            redis,
            is_damaged: false,
            attempts: Attempts::new(rates.clone()),
            presence,
            rates,
        })
    }

    /// A folder of the process's own for a file that is worked on; it goes with the value.
    ///
    /// # Errors
    /// The disk's.
    pub async fn scratch(&self) -> Result<TempDir> {
        let scratch = self.scratch.clone();
        let make = move || {
            std::fs::create_dir_all(&scratch)?;
            TempDir::new_in(&scratch)
        };
        let made = tokio::task::spawn_blocking(make).await.map_err(Error::internal)?;
        made.map_err(Error::internal)
    }

    /// Deletes what processes that were killed have left of files that they worked on.
    async fn clear_scratch(&self) -> Result<()> {
        let scratch = self.scratch.clone();
        let cleared = tokio::task::spawn_blocking(move || clear(&scratch, WORKED_ON)).await;
        cleared.map_err(Error::internal)?.map_err(Error::internal)
    }

    /// The front door over this app.
    ///
    /// # Errors
    /// Never in practice.
    pub fn router(&self, options: http::Options, stop: CancellationToken, sockets: TaskTracker) -> Result<Router> {
        let types = Types::read(&schema::sdl()).map_err(Error::internal)?;
        Ok(http::router(Front {
            executor: schema::schema(self.clone()),
            types: Arc::new(types),
            db: self.db.clone(),
            authenticate: Arc::new(self.clone()),
            ready: Arc::new(self.clone()),
            rates: self.rates.clone(),
            jwks: self.signer.jwks(),
            media: self.storage.routes(&options.allowed_origins, options.body_timeout),
            options,
            stop,
            sockets,
        }))
    }

    /// Who works on the jobs of all features.
    #[must_use]
    pub fn runner(&self) -> Runner {
        let [people, organisations] = space::TellRenamed::all(self);
        Runner::new(
            &self.db,
            vec![
                Arc::new(people),
                Arc::new(organisations),
                Arc::new(media::ProcessMedia(self.clone())),
                Arc::new(media::DeleteMedia(self.clone())),
                Arc::new(notice::FanOut(self.clone())),
                Arc::new(notice::InboxChanged(self.clone())),
                Arc::new(review::CareForRound(self.clone())),
                Arc::new(RunBackfill(self.db.clone())),
            ],
        )
    }

    /// Starts the work that goes on beside requests: until `stop`, or until `end` what sockets need.
    fn start_background(&self, stop: &CancellationToken, end: &CancellationToken) -> TaskTracker {
        let tasks = TaskTracker::new();
        let (app, token) = (self.clone(), end.clone());
        tasks.spawn(async move { app.db.live().run(app.db.clone(), token).await });
        let (runner, token) = (self.runner(), stop.clone());
        tasks.spawn(async move { runner.run(token).await });
        let (app, token) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            token.run_until_cancelled(app.fill_letters()).await;
            // Those of the release before have waited for this one.
            if let Err(error) = account::settle_logins(&app).await {
                tracing::warn!(?error, "logins get no keys");
            }
            let render = token.run_until_cancelled(app.render_anew());
            match render.await {
                Some(Ok(count)) if count > 0 => tracing::info!(count, "texts were rendered anew"),
                Some(Err(error)) => tracing::warn!(?error, "texts are not rendered anew"),
                _ => {}
            }
            while token
                .run_until_cancelled(tokio::time::sleep(TIDY_EVERY))
                .await
                .is_some()
            {
                app.tidy().await;
            }
        });
        let (app, token) = (self.clone(), stop.clone());
        tasks.spawn(async move {
            while token
                .run_until_cancelled(tokio::time::sleep(BEAT_EVERY))
                .await
                .is_some()
            {
                app.beat().await;
                app.forget_links().await;
                // Beside nodes of the release before, names are to wait no longer than this.
                token.run_until_cancelled(app.fill_letters()).await;
                app.note_tail().await;
            }
        });
        tasks.close();
        tasks
    }

    /// Takes this process among the nodes that serve, and does what shouldn't wait for the first tidying.
    pub async fn enter(&self) {
        self.beat().await;
        self.forget_links().await;
        self.forget_past().await;
    }

    /// Lets others know that this node is alive. The database may be away, or full: it is tried again.
    async fn beat(&self) {
        if let Err(error) = self.db.beat().await {
            tracing::warn!(?error, "this node can't be noted among those that serve");
        }
    }

    /// Throws away what leads from old refresh tokens to new ones, soon after its minute is over.
    async fn forget_links(&self) {
        if let Err(error) = account::forget_links(self).await {
            tracing::warn!(?error, "salts of old refresh tokens are not thrown away");
        }
    }

    /// Computes the letters of names that an earlier release has left, or a node of it writes beside this one.
    pub async fn fill_letters(&self) {
        for (what, filled) in [
            ("accounts", account::system_fill_letters(&self.db).await),
            ("organisations", organisation::system_fill_letters(&self.db).await),
        ] {
            match filled {
                Ok(0) => {}
                Ok(count) => tracing::info!(what, count, "names have got their places in lists"),
                Err(error) => tracing::warn!(what, ?error, "names don't get their places in lists"),
            }
        }
    }

    /// Forgets nodes, and deletes copies of the database, that are too old.
    async fn forget_past(&self) {
        let db = self.db.clone();
        let _ = tokio::task::spawn_blocking(move || db.forget_copies()).await;
        if let Err(error) = self.db.forget_nodes().await {
            tracing::warn!(?error, "tidying: old nodes are not forgotten");
        }
    }

    /// Renders texts anew that an earlier release has rendered; returns how many.
    async fn render_anew(&self) -> Result<usize> {
        Ok(contribution::render_anew(self).await? + review::render_anew(self).await?)
    }

    /// Does what time alone asks for. What fails is tried again the next time.
    async fn tidy(&self) {
        self.forget_past().await;
        let steps = [
            ("logins get no keys", account::settle_logins(self).await.map(drop)),
            ("texts are not rendered anew", self.render_anew().await.map(drop)),
            (
                "old changes of passwords are not forgotten",
                account::forget_changes(self).await,
            ),
            (
                "closed spaces are not archived",
                space::archive_closed(self).await.map(drop),
            ),
            (
                "coordinators are not told of reports",
                report::tell_delayed(self).await.map(drop),
            ),
            ("media are not swept", media::sweep(self).await.map(drop)),
            (
                "old networks are not forgotten",
                account::forget_networks(self).await.map(drop),
            ),
            ("left files are not deleted", self.clear_scratch().await),
            (
                "interrupted erasures are not completed",
                privacy::complete_erasures(self).await.map(drop),
            ),
            (
                "old events are not deleted",
                stream::expire(&self.db, self.retention).await.map(drop),
            ),
            (
                "jobs given up long ago are not deleted",
                job::forget_parked(&self.db).await,
            ),
        ];
        for (what, done) in steps {
            if let Err(error) = done {
                tracing::warn!(?error, "tidying: {what}");
            }
        }
    }

    /// Serves until `stop`, then finishes what is in flight.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub async fn serve(
        &self,
        listener: TcpListener,
        options: http::Options,
        connections: Connections,
        stop: CancellationToken,
    ) -> std::result::Result<(), String> {
        let (sockets, end) = (TaskTracker::new(), CancellationToken::new());
        let router = self.router(options, stop.clone(), sockets.clone()).map_err(sentence)?;
        let background = self.start_background(&stop, &end);
        let served = server::serve(listener, router, connections, stop.clone()).await;
        stop.cancel();
        sockets.close();
        sockets.wait().await;
        end.cancel();
        background.wait().await;
        // Not earlier: until now requests relied on the schema.
        if let Err(error) = limited(CHECK, self.db.leave()).await {
            tracing::warn!(?error, "this node is still noted among those that serve");
        } else {
            let _ = tokio::time::timeout(CHECK, self.note_tail()).await;
        }
        self.db.close().await;
        served.map_err(|error| error.to_string())
    }
}

/// Makes a folder that only its owner can look into: pupils' data live there.
fn make_private(folder: &Path) -> std::result::Result<(), String> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
        .create(folder)
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// Deletes folders in a folder that were made some time ago.
fn clear(folder: &Path, age: Duration) -> std::io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let path = entry?.path();
        // It may be gone: other nodes do the same.
        let modified = std::fs::metadata(&path).and_then(|meta| meta.modified());
        if modified.is_ok_and(|modified| modified.elapsed().is_ok_and(|past| past >= age)) {
            match std::fs::remove_dir_all(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
    }
    Ok(())
}

/// An error as a sentence for the operator.
#[must_use]
pub fn sentence(error: Error) -> String {
    match error {
        Error::Refused(refusals) => refusals
            .into_iter()
            .map(|refusal| refusal.message)
            .collect::<Vec<_>>()
            .join(" "),
        Error::Internal(cause) => cause.to_string(),
        Error::Unavailable(_) | Error::Contended => "the database can't be reached".to_owned(),
        other => format!("{other:?}"),
    }
}

#[async_trait]
impl Authenticate for App {
    fn read(&self, token: &str) -> Result<Caller> {
        let claims = self.signer.verify(token)?;
        Ok(Caller {
            account: claims.sub,
            session: claims.sid,
            expires_at: DateTime::from_timestamp(claims.exp, 0).ok_or(Error::Unauthenticated)?,
        })
    }

    async fn authenticate(&self, _: &Db, caller: &Caller) -> Result<(Arc<Reader>, Actor)> {
        account::authenticate(self, caller.account, caller.session).await
    }
}

/// Gives up soon, so that the one that hangs is named.
async fn limited(limit: Duration, check: impl Future<Output = Result<()>>) -> Result<()> {
    let checked = tokio::time::timeout(limit, check).await;
    checked.unwrap_or(Err(Error::Unavailable(limit)))
}

impl App {
    /// What is needed to answer any request.
    async fn check_needed(&self) -> [Check; 2] {
        let database = limited(CHECK, self.db.check_database()).await;
        let schema = match &database {
            Ok(()) => limited(CHECK, self.db.check_schema()).await,
            Err(error) => Err(error.clone()),
        };
        let database = match Check::needed("database", database) {
            check if !check.is_ok() => check,
            _ if self.is_damaged || self.db.is_damaged() => Check::degraded("database", "damaged", DAMAGED),
            // Where the schema is another one, nothing is written.
            check if schema.is_err() => check,
            check => match limited(CHECK, self.db.check_writes()).await {
                Ok(()) => check,
                Err(error) => Check::degraded("database", "read-only", READ_ONLY).because(error),
            },
        };
        [database, Check::needed("schema", schema)]
    }

    async fn check_redis(&self) -> Option<Check> {
        let redis = self.redis.as_ref()?;
        let found = limited(CHECK_TOLD, redis.check()).await;
        Some(Check::told("redis", found, WITHOUT_REDIS))
    }

    async fn check_media(&self) -> Check {
        let found = limited(CHECK_TOLD, self.storage.check()).await;
        Check::told("media", found, WITHOUT_MEDIA)
    }
}

#[async_trait]
impl Ready for App {
    async fn check(&self) -> Vec<Check> {
        let (needed, redis, media) = tokio::join!(self.check_needed(), self.check_redis(), self.check_media());
        needed.into_iter().chain(redis).chain([media]).collect()
    }
}
