//! Configuration: flags, or `SOJOURN_*` variables of the same names.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use ::http::HeaderValue;
use chrono::TimeDelta;
use clap::{Args, ValueEnum};
use ipnet::IpNet;
use migration::{Database, Migration};
use url::Url;

use crate::features::media::{Processing, Quotas};
use crate::platform::{
    auth::token::Signer,
    db,
    http::{self, Introspection, server::Connections},
    live::Window,
    rate::Budget,
    storage,
    stream::Retention,
    telemetry::LogFormat,
};

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds.max(1))
}

/// Everything that an operator can set.
#[derive(Args, Clone, Debug)]
pub struct Config {
    /// Address to serve on.
    #[arg(long, env = "SOJOURN_LISTEN", default_value = "127.0.0.1:8080", global = true)]
    pub listen: SocketAddr,

    /// Folder for everything that the embedded set-up keeps: database, media, signing key.
    #[arg(long, env = "SOJOURN_DATA_DIR", default_value = "data", global = true)]
    pub data_dir: PathBuf,

    /// Database: sqlite:<file> or postgres://user:password@host/name. [default: sqlite:<data-dir>/sojourn.db]
    #[arg(long, env = "SOJOURN_DATABASE_URL", hide_env_values = true, global = true)]
    pub database_url: Option<String>,

    /// Redis, over which several nodes wake each other: redis://host or rediss://host. Without it one node serves alone.
    #[arg(long, env = "SOJOURN_REDIS_URL", hide_env_values = true, global = true)]
    pub redis_url: Option<String>,

    /// Beginning of all names of channels and keys in Redis.
    #[arg(long, env = "SOJOURN_REDIS_PREFIX", default_value = "sojourn", global = true)]
    pub redis_prefix: String,

    /// URL at which clients reach this server, if it isn't the address to serve on: media in a folder are uploaded and downloaded
    /// there. [default: http://<listen>]
    #[arg(long, env = "SOJOURN_PUBLIC_URL", global = true)]
    pub public_url: Option<Url>,

    /// Media: file:<folder> or s3://<bucket>[/<prefix>]. [default: file:<data-dir>/media]
    #[arg(long, env = "SOJOURN_MEDIA_URL", global = true)]
    pub media_url: Option<String>,

    /// How the bucket is reached.
    #[command(flatten)]
    pub bucket: Bucket,

    /// File with the Ed25519 private key (PKCS #8, PEM) that signs access tokens, the same on all nodes. The embedded set-up
    /// makes one in the data folder; with PostgreSQL it must be given. Make one with: openssl genpkey -algorithm ed25519
    #[arg(long, env = "SOJOURN_SIGNING_KEY_FILE", global = true)]
    pub signing_key_file: Option<PathBuf>,

    /// The same key as text.
    #[arg(
        long,
        env = "SOJOURN_SIGNING_KEY",
        hide_env_values = true,
        conflicts_with = "signing_key_file",
        global = true
    )]
    pub signing_key: Option<String>,

    /// What to do about a schema that is behind: bring it up to date before serving, exit with a sentence, or serve without looking.
    #[arg(long, env = "SOJOURN_MIGRATE", value_enum, default_value_t = Migrate::Auto, global = true)]
    pub migrate: Migrate,

    /// Plays a later release, in builds for tests alone: its further migrations, by name.
    #[arg(
        long,
        env = "SOJOURN_TEST_MIGRATIONS",
        value_delimiter = ',',
        hide = true,
        global = true
    )]
    pub test_migrations: Vec<String>,

    /// Connections for writing (PostgreSQL).
    #[arg(long, env = "SOJOURN_DATABASE_WRITERS", default_value_t = 16, global = true)]
    pub database_writers: u32,

    /// Connections for reading: if not set, 16 to PostgreSQL and 4 to SQLite, where each has a thread and a cache that more would make
    /// colder.
    #[arg(long, env = "SOJOURN_DATABASE_READERS", global = true)]
    pub database_readers: Option<u32>,

    /// Days for which events are kept: clients that were away for longer load their pages again.
    #[arg(long, env = "SOJOURN_EVENT_DAYS", default_value_t = 30, value_parser = clap::value_parser!(u16).range(1..), global = true)]
    pub event_days: u16,

    /// Events of a space that are kept at most.
    #[arg(long, env = "SOJOURN_EVENT_COUNT", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1000..), global = true)]
    pub event_count: u32,

    /// Newest events of a space that are kept in memory while somebody listens to it: those who are not further behind need no
    /// database.
    #[arg(long, env = "SOJOURN_LIVE_WINDOW", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub live_window: u32,

    /// Megabytes for the events that are kept in memory of all spaces together.
    #[arg(long, env = "SOJOURN_LIVE_MEMORY", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..), global = true)]
    pub live_memory: u32,

    /// File with a further public key (PEM) by which access tokens are good, for the time in which nodes change their signing
    /// key. Can be given several times, or as a list with commas.
    #[arg(long, env = "SOJOURN_VERIFY_KEY_FILE", value_delimiter = ',', global = true)]
    pub verify_key_file: Vec<PathBuf>,

    /// Origins of other sites whose pages may use this server, such as https://space.example, as a list with commas.
    #[arg(long, env = "SOJOURN_ALLOWED_ORIGINS", value_delimiter = ',', global = true)]
    pub allowed_origins: Vec<HeaderValue>,

    /// Let browsers keep the refresh token in a cookie that scripts can't read (HttpOnly, SameSite=Strict, over HTTPS or on this machine alone).
    #[arg(long, env = "SOJOURN_REFRESH_COOKIE", value_parser = clap::builder::FalseyValueParser::new(), global = true)]
    pub refresh_cookie: bool,

    /// Networks of proxies that are believed about where a request came from (X-Forwarded-For), such as 10.0.0.0/8, as a list
    /// with commas.
    #[arg(long, env = "SOJOURN_TRUSTED_PROXIES", value_delimiter = ',', global = true)]
    pub trusted_proxies: Vec<IpNet>,

    /// Seconds for which requests are still served once the process was told to stop and /readyz says so: load balancers have to notice
    /// first.
    #[arg(long, env = "SOJOURN_DRAIN", default_value_t = 1, value_parser = clap::value_parser!(u64).range(..=300), global = true)]
    pub drain: u64,

    /// Serve although the check at the start has found the embedded database damaged: to get out what can be read.
    #[arg(long, env = "SOJOURN_SERVE_DAMAGED", value_parser = clap::builder::FalseyValueParser::new(), global = true)]
    pub serve_damaged: bool,

    /// Who may ask for the schema. [default: everyone; with PostgreSQL: signed-in]
    #[arg(long, env = "SOJOURN_INTROSPECTION", value_enum, global = true)]
    pub introspection: Option<Introspection>,

    /// Serve the explorer at /, a page to try the API with. [default: true with SQLite, false with PostgreSQL]
    #[arg(long, env = "SOJOURN_EXPLORER", global = true)]
    pub explorer: Option<bool>,

    /// Memory of one password hash in KiB (argon2id, two passes).
    #[arg(long, env = "SOJOURN_PASSWORD_MEMORY", default_value_t = 19_456, global = true)]
    pub password_memory: u32,

    /// Put extensions.stats { sql, rows, ms } into every answer.
    #[arg(long, env = "SOJOURN_DEBUG_STATS", value_parser = clap::builder::FalseyValueParser::new(), global = true)]
    pub debug_stats: bool,

    /// What is logged, as a tracing filter.
    #[arg(
        long,
        env = "SOJOURN_LOG",
        default_value = "info,sqlx::postgres::notice=warn",
        global = true
    )]
    pub log: String,

    /// How logs are written.
    #[arg(long, env = "SOJOURN_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,

    /// Media.
    #[command(flatten)]
    pub media: MediaLimits,

    /// Limits.
    #[command(flatten)]
    pub limits: Limits,
}

/// What to do about a schema that is behind.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date; several nodes may do so at once.
    Auto,
    /// Refuse to go on.
    Check,
    /// Don't look.
    Off,
}

impl Migrate {
    /// The same without changing anything.
    #[must_use]
    pub fn or_check(self) -> Self {
        match self {
            Self::Auto => Self::Check,
            other => other,
        }
    }
}

/// How large media may be, and how they are processed.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Media")]
pub struct MediaLimits {
    /// Bytes of an image at most.
    #[arg(long, env = "SOJOURN_MAX_IMAGE", default_value_t = 25_000_000, global = true)]
    pub max_image: i64,

    /// Bytes of a sound or document at most.
    #[arg(long, env = "SOJOURN_MAX_FILE", default_value_t = 100_000_000, global = true)]
    pub max_file: i64,

    /// Bytes of a video at most.
    #[arg(long, env = "SOJOURN_MAX_VIDEO", default_value_t = 2_000_000_000, global = true)]
    pub max_video: i64,

    /// Bytes of all media of a space at most.
    #[arg(long, env = "SOJOURN_SPACE_QUOTA", default_value_t = 50_000_000_000, global = true)]
    pub space_quota: i64,

    /// Bytes of all media of one member in a space at most.
    #[arg(long, env = "SOJOURN_MEMBER_QUOTA", default_value_t = 5_000_000_000, global = true)]
    pub member_quota: i64,

    /// Where clamd listens, which then looks for viruses in every file: tcp://host:port or unix:/path.
    #[arg(long, env = "SOJOURN_CLAMD_URL", global = true)]
    pub clamd_url: Option<String>,

    /// The ffmpeg program, which then makes posters of videos.
    #[arg(long, env = "SOJOURN_FFMPEG", global = true)]
    pub ffmpeg: Option<PathBuf>,
}

impl MediaLimits {
    /// How much there may be.
    #[must_use]
    pub fn quotas(&self) -> Quotas {
        Quotas {
            image: self.max_image,
            file: self.max_file,
            video: self.max_video,
            space: self.space_quota,
            member: self.member_quota,
        }
    }

    /// How it is processed.
    ///
    /// # Errors
    /// A sentence for the operator: better now than with the first upload.
    pub fn processing(&self) -> Result<Processing, String> {
        if let Some(url) = &self.clamd_url
            && !["tcp://", "unix:"].iter().any(|scheme| url.starts_with(scheme))
        {
            return Err(format!(
                "--clamd-url is {url}: it should be tcp://host:port or unix:/path"
            ));
        }
        if let Some(ffmpeg) = &self.ffmpeg {
            let mut version = std::process::Command::new(ffmpeg);
            version.arg("-version").stdout(Stdio::null()).stderr(Stdio::null());
            let run = version.status().map_err(|error| error.to_string());
            run.and_then(|status| status.success().then_some(()).ok_or(status.to_string()))
                .map_err(|error| format!("--ffmpeg is {}: {error}", ffmpeg.display()))?;
        }
        Ok(Processing {
            clamd_url: self.clamd_url.clone(),
            ffmpeg: self.ffmpeg.clone(),
        })
    }
}

/// How the bucket of media is reached.
#[derive(Args, Clone)]
#[command(next_help_heading = "Media in a bucket (what isn't given is taken from the usual AWS_* variables)")]
pub struct Bucket {
    /// URL of the S3-compatible store, without the bucket. [default: Amazon's of the region]
    #[arg(long, env = "SOJOURN_S3_ENDPOINT", global = true)]
    pub s3_endpoint: Option<String>,

    /// The same as browsers reach it, if that is another one.
    #[arg(long, env = "SOJOURN_S3_PUBLIC_ENDPOINT", global = true)]
    pub s3_public_endpoint: Option<String>,

    /// Region. [default: us-east-1]
    #[arg(long, env = "SOJOURN_S3_REGION", global = true)]
    pub s3_region: Option<String>,

    /// Where the bucket is named.
    #[arg(long, env = "SOJOURN_S3_STYLE", value_enum, default_value_t = BucketStyle::Path, global = true)]
    pub s3_style: BucketStyle,

    /// Let the store be reached by plain HTTP.
    #[arg(long, env = "SOJOURN_S3_ALLOW_HTTP", value_parser = clap::builder::FalseyValueParser::new(), global = true)]
    pub s3_allow_http: bool,

    /// Access key.
    #[arg(long, env = "SOJOURN_S3_ACCESS_KEY_ID", hide_env_values = true, global = true)]
    pub s3_access_key_id: Option<String>,

    /// Secret key.
    #[arg(long, env = "SOJOURN_S3_SECRET_ACCESS_KEY", hide_env_values = true, global = true)]
    pub s3_secret_access_key: Option<String>,
}

/// Without the secret key.
impl std::fmt::Debug for Bucket {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Bucket")
            .field("s3_endpoint", &self.s3_endpoint)
            .finish_non_exhaustive()
    }
}

/// Where a bucket is named in its URLs.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BucketStyle {
    /// `https://store/bucket/key`
    Path,
    /// `https://bucket.store/key`
    VirtualHost,
}

/// What holds against anyone, on by default.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Connections that may be open at the same time, sockets included.
    #[arg(long, env = "SOJOURN_MAX_CONNECTIONS", default_value_t = 10_000, global = true)]
    pub max_connections: usize,

    /// Seconds that the headers of a request may take.
    #[arg(long, env = "SOJOURN_HEADER_TIMEOUT", default_value_t = 10, global = true)]
    pub header_timeout: u64,

    /// Seconds that the body of a request may take.
    #[arg(long, env = "SOJOURN_BODY_TIMEOUT", default_value_t = 30, global = true)]
    pub body_timeout: u64,

    /// Seconds that a request may take once it is there.
    #[arg(long, env = "SOJOURN_REQUEST_TIMEOUT", default_value_t = 10, global = true)]
    pub request_timeout: u64,

    /// Bytes of a request body.
    #[arg(long, env = "SOJOURN_BODY_LIMIT", default_value_t = 1 << 20, global = true)]
    pub body_limit: usize,

    /// Operations that may run on one socket at the same time.
    #[arg(long, env = "SOJOURN_SOCKET_OPERATIONS", default_value_t = 100, global = true)]
    pub socket_operations: usize,

    /// Tokens of a document.
    #[arg(long, env = "SOJOURN_MAX_TOKENS", default_value_t = 5_000, global = true)]
    pub max_tokens: usize,

    /// Fields inside each other.
    #[arg(long, env = "SOJOURN_MAX_DEPTH", default_value_t = 16, global = true)]
    pub max_depth: usize,

    /// Fields of a document once its fragments are written out.
    #[arg(long, env = "SOJOURN_MAX_FIELDS", default_value_t = 1_000, global = true)]
    pub max_fields: usize,

    /// Aliases of a document once its fragments are written out.
    #[arg(long, env = "SOJOURN_MAX_ALIASES", default_value_t = 30, global = true)]
    pub max_aliases: usize,

    /// Directives of a document once its fragments are written out; 10 at one place.
    #[arg(long, env = "SOJOURN_MAX_DIRECTIVES", default_value_t = 50, global = true)]
    pub max_directives: usize,

    /// Points that one operation costs: a point for each object that its answer can hold.
    #[arg(long, env = "SOJOURN_MAX_COST", default_value_t = 100_000, global = true)]
    pub max_cost: u64,

    /// Points that an account has a minute.
    #[arg(long, env = "SOJOURN_POINTS", default_value_t = 1_000_000, global = true)]
    pub points: u64,

    /// Points that an address has a minute for requests without a token.
    #[arg(long, env = "SOJOURN_ANONYMOUS_POINTS", default_value_t = 100_000, global = true)]
    pub anonymous_points: u64,

    /// Bytes of memory for documents that were parsed and checked already.
    #[arg(long, env = "SOJOURN_DOCUMENT_CACHE", default_value_t = 32 << 20, global = true)]
    pub document_cache: u64,
}

impl Config {
    /// The database's URL.
    #[must_use]
    pub fn database_url(&self) -> String {
        let default = || format!("sqlite:{}", self.data_dir.join("sojourn.db").display());
        self.database_url.clone().unwrap_or_else(default)
    }

    /// Whether this is the set-up that needs nothing but a folder.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        self.database_url().starts_with("sqlite:")
    }

    /// The address to serve on as it is reached from this machine.
    #[must_use]
    pub fn near_address(&self) -> SocketAddr {
        let mut address = self.listen;
        if address.ip().is_unspecified() {
            address.set_ip(Ipv4Addr::LOCALHOST.into());
        }
        address
    }

    /// Where this process is found: its address and machine.
    fn place(&self) -> String {
        let machine = gethostname::gethostname();
        format!("{} on {}", self.listen, machine.to_string_lossy())
    }

    /// How to open the media store.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn storage(&self, signer: &Signer) -> Result<storage::Options, String> {
        let bucket = &self.bucket;
        let near = || format!("http://{}", self.near_address());
        let credentials = match (&bucket.s3_access_key_id, &bucket.s3_secret_access_key) {
            (Some(key), Some(secret)) => Some((key.clone(), secret.clone())),
            (None, None) => None,
            _ => return Err("--s3-access-key-id and --s3-secret-access-key go together".to_owned()),
        };
        Ok(storage::Options {
            url: self
                .media_url
                .clone()
                .unwrap_or_else(|| format!("file:{}", self.data_dir.join("media").display())),
            public_url: self.public_url.as_ref().map_or_else(near, Url::to_string),
            secret: signer.secret("media URLs"),
            bucket: storage::BucketOptions {
                endpoint: bucket.s3_endpoint.clone(),
                public_endpoint: bucket.s3_public_endpoint.clone(),
                region: bucket.s3_region.clone(),
                is_virtual_hosted: bucket.s3_style == BucketStyle::VirtualHost,
                allow_http: bucket.s3_allow_http,
                credentials,
            },
        })
    }

    /// For how long events are kept.
    #[must_use]
    pub fn retention(&self) -> Retention {
        Retention {
            age: TimeDelta::days(self.event_days.into()),
            count: self.event_count.into(),
        }
    }

    /// The events that are kept in memory.
    #[must_use]
    pub fn window(&self) -> Window {
        Window {
            events: self.live_window.try_into().unwrap_or(usize::MAX),
            bytes: usize::try_from(self.live_memory)
                .unwrap_or(usize::MAX)
                .saturating_mul(1 << 20),
        }
    }

    /// How to open the database.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn database(&self) -> Result<db::Options, String> {
        let url = self.database_url();
        if !["sqlite:", "postgres:", "postgresql:"]
            .iter()
            .any(|scheme| url.starts_with(scheme))
        {
            return Err("the database URL is neither sqlite:<file> nor postgres://…".to_owned());
        }
        if !self.is_embedded()
            && let Err(error) = url::Url::parse(&url)
        {
            return Err(format!(
                "the database URL is not valid: {error}. Signs of a password such as #, / and @ are written %23, %2F and %40"
            ));
        }
        let readers = self
            .database_readers
            .unwrap_or(if url.starts_with("sqlite:") { 4 } else { 16 });
        Ok(db::Options {
            url,
            writers: self.database_writers.max(1),
            readers: readers.max(1),
            acquire_timeout: Duration::from_secs(5),
            migrations: self.migrations()?,
            place: self.place(),
        })
    }

    /// The migrations of this release, and of the one that it plays in a test.
    fn migrations(&self) -> Result<Vec<Migration>, String> {
        let database = if self.is_embedded() {
            Database::Sqlite
        } else {
            Database::Postgres
        };
        let mut migrations = migration::all(database);
        if !self.test_migrations.is_empty() {
            #[cfg(not(debug_assertions))]
            return Err("--test-migrations is for tests: this build has none".to_owned());
            #[cfg(debug_assertions)]
            migrations.extend(migration::test_releases::further(
                database,
                migrations.len(),
                &self.test_migrations,
            )?);
        }
        Ok(migrations)
    }

    /// The keys of access tokens.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn signer(&self) -> Result<Signer, String> {
        let mut signer = self.signing_key()?;
        for path in &self.verify_key_file {
            let named = |error: String| format!("{}: {error}", path.display());
            let pem = std::fs::read_to_string(path).map_err(|error| named(error.to_string()))?;
            signer.trust(&pem).map_err(named)?;
        }
        Ok(signer)
    }

    fn signing_key(&self) -> Result<Signer, String> {
        match (&self.signing_key, &self.signing_key_file) {
            (Some(pem), _) => Signer::from_pem(pem),
            (None, Some(path)) => {
                let pem = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
                Signer::from_pem(&pem).map_err(|error| format!("{}: {error}", path.display()))
            }
            (None, None) if self.is_embedded() => Signer::from_file_or_new(&self.data_dir.join("signing-key.pem")),
            (None, None) => Err(
                "with PostgreSQL, --signing-key-file or SOJOURN_SIGNING_KEY must be given: all nodes sign with \
                                 the same key (openssl genpkey -algorithm ed25519)"
                    .to_owned(),
            ),
        }
    }

    /// Limits and switches of the front door.
    #[must_use]
    pub fn front(&self) -> http::Options {
        let limits = &self.limits;
        let minute = |points| Budget {
            points,
            period: Duration::from_secs(60),
        };
        let introspection = if self.is_embedded() {
            Introspection::Everyone
        } else {
            Introspection::SignedIn
        };
        http::Options {
            body_limit: limits.body_limit,
            body_timeout: seconds(limits.body_timeout),
            request_timeout: seconds(limits.request_timeout),
            document: http::Limits {
                tokens: limits.max_tokens,
                depth: limits.max_depth,
                fields: limits.max_fields,
                aliases: limits.max_aliases,
                directives: limits.max_directives,
                ..http::Limits::default()
            },
            document_cache: limits.document_cache,
            max_cost: limits.max_cost,
            budget: minute(limits.points),
            anonymous_budget: minute(limits.anonymous_points),
            introspection: self.introspection.unwrap_or(introspection),
            trusted_proxies: self.trusted_proxies.clone(),
            has_stats: self.debug_stats,
            has_refresh_cookie: self.refresh_cookie,
            has_explorer: self.explorer.unwrap_or_else(|| self.is_embedded()),
            allowed_origins: self.allowed_origins.clone(),
            max_subscriptions: limits.socket_operations,
            drain: Duration::from_secs(self.drain),
            ..http::Options::default()
        }
    }

    /// Limits on connections.
    #[must_use]
    pub fn connections(&self) -> Connections {
        Connections {
            most: self.limits.max_connections.max(1),
            header_timeout: seconds(self.limits.header_timeout),
            drain: Duration::from_secs(self.drain),
            stop_grace: http::Options::default().stop_grace,
        }
    }
}
