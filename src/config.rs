//! Configuration: flags, or `SOJOURN_*` variables of the same names.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::Args;

use crate::platform::{auth::token::Signer, db, http, telemetry::LogFormat};

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

    /// Beginning of all Redis channel names.
    #[arg(long, env = "SOJOURN_REDIS_PREFIX", default_value = "sojourn", global = true)]
    pub redis_prefix: String,

    /// Media: file:<folder> or s3://<bucket> (with the usual AWS_* variables). [default: file:<data-dir>/media]
    #[arg(long, env = "SOJOURN_MEDIA_URL", global = true)]
    pub media_url: Option<String>,

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

    /// Connections for writing (PostgreSQL).
    #[arg(long, env = "SOJOURN_DATABASE_WRITERS", default_value_t = 16, global = true)]
    pub database_writers: u32,

    /// Connections for reading.
    #[arg(long, env = "SOJOURN_DATABASE_READERS", default_value_t = 16, global = true)]
    pub database_readers: u32,

    /// Bytes of a request body at most.
    #[arg(long, env = "SOJOURN_BODY_LIMIT", default_value_t = 1 << 20, global = true)]
    pub body_limit: usize,

    /// Seconds that a request may take.
    #[arg(long, env = "SOJOURN_REQUEST_TIMEOUT", default_value_t = 10, global = true)]
    pub request_timeout: u64,

    /// Operations that may run on one socket at the same time.
    #[arg(long, env = "SOJOURN_SOCKET_OPERATIONS", default_value_t = 100, global = true)]
    pub socket_operations: usize,

    /// Origins of other sites whose pages may open a socket, such as https://space.example.
    #[arg(long, env = "SOJOURN_ALLOWED_ORIGINS", value_delimiter = ',', global = true)]
    pub allowed_origins: Vec<String>,

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
        default_value = "info,sea_orm_migration=warn",
        global = true
    )]
    pub log: String,

    /// How logs are written.
    #[arg(long, env = "SOJOURN_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
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

    /// The media store's URL.
    #[must_use]
    pub fn media_url(&self) -> String {
        self.media_url
            .clone()
            .unwrap_or_else(|| format!("file:{}", self.data_dir.join("media").display()))
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
        Ok(db::Options {
            url,
            writers: self.database_writers.max(1),
            readers: self.database_readers.max(1),
            acquire_timeout: Duration::from_secs(5),
        })
    }

    /// The key that signs access tokens.
    ///
    /// # Errors
    /// A sentence for the operator.
    pub fn signer(&self) -> Result<Signer, String> {
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
        http::Options {
            body_limit: self.body_limit,
            request_timeout: Duration::from_secs(self.request_timeout.max(1)),
            has_stats: self.debug_stats,
            has_explorer: self.explorer.unwrap_or_else(|| self.is_embedded()),
            allowed_origins: self.allowed_origins.clone(),
            max_subscriptions: self.socket_operations,
            ..http::Options::default()
        }
    }
}
