//! The command line.

use std::{io::Write, path::PathBuf, time::Duration};

use clap::{Parser, Subcommand};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use crate::{
    app::{App, sentence},
    bench,
    config::{Config, Migrate},
    demo,
    features::{account, audit},
    platform::{
        auth::secret,
        db::{Soundness, damaged},
        http::{
            self,
            server::{self, Connections},
        },
        telemetry,
    },
    schema,
};

/// GraphQL backend for blended-mobility collaboration spaces.
///
/// Without a command it serves. Without flags it keeps everything in ./data; give --database-url, --redis-url, --media-url and
/// --signing-key-file to run several nodes in production. Every flag can be set by the variable named beside it.
#[derive(Parser, Debug)]
#[command(name = "sojourn", version)]
pub struct Cli {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Serve (the default). Brings the database's schema up to date first, unless --migrate says otherwise.
    Serve,
    /// Bring the database's schema up to date, then exit.
    Migrate,
    /// Fill an empty database with a demo project, print its accounts, and serve.
    Demo {
        /// Throw all data away and start over.
        #[arg(long)]
        reset: bool,
    },
    /// Print the schema in the schema definition language.
    Schema {
        /// Write to this file instead of standard output.
        #[arg(long)]
        output: Option<PathBuf>,
    },
    /// Things that only the operator of the machine may do.
    #[command(subcommand)]
    Admin(Admin),
    /// Measure a running server, over the network. Needs none of the server's own flags.
    #[command(subcommand)]
    Bench(Bench),
    /// Exit with 0 if the server on the listen address is alive.
    Healthcheck,
}

#[derive(Subcommand, Debug)]
enum Bench {
    /// Live delivery: sockets that subscribe to spaces, and comments that are written there.
    ///
    /// By default a steady rate of writes. With --rate 0 the sockets are idle; with --cut connections break all the time; with
    /// --storm all clients come back at once.
    Live(Box<bench::Live>),
    /// The allocation of review rounds: random ones of a size, here and without a server.
    Allocation(bench::Allocation),
    /// The check of documents: the worst that the limits let in, here and without a server.
    Documents(bench::Documents),
}

#[derive(Subcommand, Debug)]
enum Admin {
    /// Make a platform administrator: the first account of a fresh installation. Not while an embedded server runs.
    StaffCreate {
        /// E-mail address: the login.
        #[arg(long)]
        email: String,
        /// Name.
        #[arg(long, alias = "display-name", default_value = "Administrator")]
        name: String,
        /// Password; without one, a one-time secret is made and printed.
        #[arg(long, env = "SOJOURN_ADMIN_PASSWORD", hide_env_values = true)]
        password: Option<String>,
    },
    /// List accounts whose logins are the same but for case and form, by their ids. Both of each pair sign in as before; give one of them
    /// another login. Not while an embedded server runs.
    LoginCollisions,
    /// Recompute all chains of the audit trail: exit with 0 if they are whole, with 1 if a record was changed, or is missing. Not
    /// while an embedded server runs.
    AuditVerify,
    /// Read the whole database and say whether it is damaged: exit with 0 if it isn't, with 1 if it is, or if nobody can tell. SQLite's
    /// quick_check; PostgreSQL is asked what its data checksums have shown. Not while an embedded server runs.
    QuickCheck,
}

/// Runs what the command line asks for.
///
/// # Errors
/// A sentence for the operator.
pub async fn run(cli: Cli) -> Result<(), String> {
    let mut config = cli.config;
    telemetry::start(&config.log, config.log_format);
    match cli.command.unwrap_or(Command::Serve) {
        Command::Serve => {
            let place = listen(&mut config).await?;
            let app = open(&config).await?;
            serve(&config, place, app).await
        }
        Command::Migrate => {
            let app = App::open_offline(&config).await?;
            let made = app.db.migrate().await.map_err(sentence)?;
            print(&match made {
                0 => "The schema is up to date.\n".to_owned(),
                made => format!("The schema is up to date: {made} migrations were made.\n"),
            })?;
            // Those that the last release has left are told of when it is replaced, not some day.
            app.db.tail().await.map_err(sentence)?;
            app.db.learn().await.map_err(sentence)?;
            app.fill_letters().await;
            list(&account::settle_logins(&app).await.map_err(sentence)?)
        }
        Command::Demo { reset } => {
            let place = listen(&mut config).await?;
            let mut app = App::open(&config).await?;
            if reset {
                app.forget_tail()?;
            } else {
                app.examine(&config).await?;
            }
            prepare(&app, config.migrate).await?;
            let accounts = demo::prepare(&app, &config.data_dir, reset).await?;
            let address = config.listen;
            let explorer = if config.front().has_explorer {
                format!("Explorer: http://{address}/\n")
            } else {
                String::new()
            };
            print(&format!(
                "\n{explorer}GraphQL endpoint: http://{address}/graphql\n\n{}\n",
                demo::table(&accounts)
            ))?;
            serve(&config, place, app).await
        }
        Command::Schema { output: Some(path) } => {
            std::fs::write(&path, schema::sdl()).map_err(|error| format!("{}: {error}", path.display()))
        }
        Command::Schema { output: None } => print(&schema::sdl()),
        Command::Admin(Admin::StaffCreate { email, name, password }) => {
            let app = offline(&config).await?;
            let made = password.is_none().then(secret::one_time);
            let password = password.or_else(|| made.clone()).unwrap_or_default();
            let result = account::create_administrator(&app, &email, &name, (&password, made.is_some())).await;
            result.map_err(sentence)?;
            print(&match made {
                None => format!("Administrator {email} made.\n"),
                Some(secret) => format!("Administrator {email} made.\nOne-time secret: {secret}\n"),
            })
        }
        Command::Admin(Admin::LoginCollisions) => {
            let app = offline(&config).await?;
            list(&account::settle_logins(&app).await.map_err(sentence)?)
        }
        Command::Admin(Admin::AuditVerify) => audit_verify(&config).await,
        Command::Admin(Admin::QuickCheck) => quick_check(&config).await,
        Command::Bench(Bench::Live(options)) => {
            let report = bench::live(&options).await?;
            match &options.json {
                Some(path) if path.as_os_str() == "-" => print(&report.json()?)?,
                Some(path) => {
                    std::fs::write(path, report.json()?).map_err(|error| format!("{}: {error}", path.display()))?;
                    print(&report.to_string())?;
                }
                None => print(&report.to_string())?,
            }
            report.verdict()
        }
        Command::Bench(Bench::Allocation(options)) => {
            let rounds = bench::allocation(&options)?;
            print(&if options.json {
                rounds.json()?
            } else {
                rounds.to_string()
            })
        }
        Command::Bench(Bench::Documents(options)) => {
            let times = bench::documents(options)?;
            print(&if options.json { times.json()? } else { times.to_string() })?;
            times.verdict()
        }
        Command::Healthcheck => healthcheck(&config).await,
    }
}

/// Prints which logins collide.
fn list(collisions: &[account::Collision]) -> Result<(), String> {
    let line = |collision: &account::Collision| format!("Logins collide: {collision}\n");
    print(&collisions.iter().map(line).collect::<String>())
}

/// Prints a line for each chain of the audit trail; an error if one is broken.
async fn audit_verify(config: &Config) -> Result<(), String> {
    let app = App::open_offline(config).await?;
    // Whoever verifies wants nothing changed.
    prepare(&app, config.migrate.or_check()).await?;
    let chains = audit::verify(&app.db).await.map_err(sentence)?;
    for chain in &chains {
        print(&format!("{chain}\n"))?;
    }
    match chains.iter().filter(|chain| chain.broken_at.is_some()).count() {
        0 => Ok(()),
        broken => Err(format!(
            "{broken} of {} chains of the audit trail are broken",
            chains.len()
        )),
    }
}

/// Reads the whole database; an error if it is damaged. Changes nothing, not even the schema.
async fn quick_check(config: &Config) -> Result<(), String> {
    let app = App::open_offline(config).await?;
    match app.db.quick_check(None).await.map_err(sentence)? {
        Soundness::Whole => print("The database is whole.\n"),
        Soundness::Unfinished => Err("the check was broken off".to_owned()),
        Soundness::Unknown(why) => Err(why.to_owned()),
        Soundness::Damaged(findings) => {
            for finding in &findings {
                print(&format!("{finding}\n"))?;
            }
            Err(damaged(&findings))
        }
    }
}

async fn open(config: &Config) -> Result<App, String> {
    let mut app = App::open(config).await?;
    app.examine(config).await?;
    prepare(&app, config.migrate).await?;
    Ok(app)
}

/// Sees to the schema, as the operator wishes.
async fn prepare(app: &App, migrate: Migrate) -> Result<(), String> {
    let prepared = match migrate {
        Migrate::Auto => app.db.migrate().await.map(drop),
        Migrate::Check => app.db.check_schema().await,
        Migrate::Off => Ok(()),
    };
    prepared.map_err(sentence)
}

/// For commands that sign nobody in.
async fn offline(config: &Config) -> Result<App, String> {
    let app = App::open_offline(config).await?;
    prepare(&app, config.migrate).await?;
    app.db.tail().await.map_err(sentence)?;
    app.db.learn().await.map_err(sentence)?;
    Ok(app)
}

/// An address that is taken, and who answers there until the server does.
struct Taken {
    listener: TcpListener,
    probed: JoinHandle<std::io::Result<()>>,
    begin: CancellationToken,
}

/// Takes the address before anything is opened: URLs of media begin with it, and the system may choose the port. Probes are answered from
/// here on: whoever asks whether the process is alive must not take a long migration for a hang.
async fn listen(config: &mut Config) -> Result<Taken, String> {
    let named = |error: std::io::Error| format!("{}: {error}", config.listen);
    let listener = TcpListener::bind(config.listen).await.map_err(named)?;
    let (listener, twin) = twins(listener).map_err(named)?;
    config.listen = listener.local_addr().map_err(|error| error.to_string())?;
    let limits = Connections {
        most: 64,
        drain: Duration::ZERO,
        stop_grace: Duration::from_secs(1),
        ..config.connections()
    };
    let begin = CancellationToken::new();
    let probed = tokio::spawn(server::serve(twin, http::starting(), limits, begin.clone()));
    Ok(Taken {
        listener,
        probed,
        begin,
    })
}

/// Two who accept what comes to one address.
fn twins(listener: TcpListener) -> std::io::Result<(TcpListener, TcpListener)> {
    let listener = listener.into_std()?;
    let twin = listener.try_clone()?;
    Ok((TcpListener::from_std(listener)?, TcpListener::from_std(twin)?))
}

async fn serve(config: &Config, place: Taken, app: App) -> Result<(), String> {
    let stop = CancellationToken::new();
    // From the first line of the log on, a signal ends it in order.
    tokio::spawn(cancel_on_signal(stop.clone()));
    match app.begin().await {
        // Its schema may be another release's, or missing.
        Err(why) if config.migrate == Migrate::Off => tracing::warn!(why, "the newest event is unknown"),
        begun => begun?,
    }
    app.enter().await;
    if config.migrate != Migrate::Off {
        // Now that this node is seen, nobody raises the floor above it. Before, somebody may have.
        app.db.check_schema().await.map_err(sentence)?;
    }
    if !config.is_embedded() && config.redis_url.is_none() {
        tracing::warn!(
            "without --redis-url there may be one node only: others hear of live events late, and of limits and presence nothing"
        );
    }
    place.begin.cancel();
    let _ = place.probed.await;
    tracing::info!(address = %config.listen, node = %app.db.node(), embedded = config.is_embedded(), "serving");
    app.serve(place.listener, config.front(), config.connections(), stop)
        .await
}

/// Cancels `stop` when the process is told to end. Signals are heard from the call on.
fn cancel_on_signal(stop: CancellationToken) -> impl Future<Output = ()> {
    #[cfg(unix)]
    let terminate = {
        use tokio::signal::unix::{SignalKind, signal};
        signal(SignalKind::terminate())
    };
    async move {
        #[cfg(unix)]
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        #[cfg(not(unix))]
        let _ = tokio::signal::ctrl_c().await;
        tracing::info!("stopping");
        stop.cancel();
    }
}

/// Asks the running server, over plain HTTP, whether it is alive.
async fn healthcheck(config: &Config) -> Result<(), String> {
    let address = config.near_address();
    let ask = async {
        let mut stream = TcpStream::connect(address).await?;
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")
            .await?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await?;
        Ok::<_, std::io::Error>(answer)
    };
    match tokio::time::timeout(Duration::from_secs(3), ask).await {
        Ok(Ok(answer)) if answer.starts_with(b"HTTP/1.1 200") => Ok(()),
        _ => Err(format!("no healthy server on {address}")),
    }
}

fn print(text: &str) -> Result<(), String> {
    match std::io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has read enough: `sojourn schema | head`.
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.to_string()),
        _ => Ok(()),
    }
}
