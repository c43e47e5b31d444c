//! Starting and stopping: bind first, then reach the database in the background; drain, then end.

use std::{
    future::Future,
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use grid_core::store::{DatabasePlace, Location, Options, Store};
use jiff::SignedDuration;
use tokio::net::{TcpListener, TcpSocket};

use crate::{
    app::{App, StartUp},
    cli, clock,
    config::Config,
    connection::Paced,
    demo, http1, listeners,
    problem::Problem,
    router,
    routes::Dependency,
    services::{FOLLOWS, Services},
    setup,
    telemetry::{self, traces::Traces},
};

/// How long requests that run may go on after the signal to stop: with closing the store, less than the ten seconds after
/// which Cloud Run kills.
const DRAIN: Duration = Duration::from_secs(7);

/// How many connections may wait to be accepted, where the system allows as many. Of those that find no room the system
/// drops the first packet without a word, and the client tries again after a second: with the 128 that are usual, that is
/// what a thousand people who come at once would see.
const BACKLOG: u32 = 4096;

/// How often old keys, sessions and revocations are removed, and the age of the signing key is looked at.
const KEEPS_HOUSE: SignedDuration = SignedDuration::from_hours(1);

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// What an empty database is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Nothing.
    AsItIs,
    /// The demo community.
    Demo,
}

/// Serves until the process is told to stop.
///
/// # Errors
///
/// Where the address cannot be listened on, or the database's address is none.
pub fn blocking(config: Config, content: Content) -> Result<(), Failed> {
    telemetry::start(&config);
    if let Some(complaint) = config.settings.complaint() {
        tracing::warn!("{complaint}");
    }
    #[cfg(target_os = "linux")]
    raise_limit_of_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let address = config.address();
        let listener = listen(address).map_err(|error| format!("failed to listen on {address}: {error}"))?;
        run(listener, config, content, stop_signal()).await
    });
    // A blocking task that is still busy must not keep the process alive.
    runtime.shutdown_timeout(Duration::from_millis(500));
    ended
}

/// Lets the process have as many files and connections open as the system allows it: what most systems begin with, 1,024,
/// is fewer than the people who keep a page open.
#[cfg(target_os = "linux")]
fn raise_limit_of_open_files() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if setrlimit(Resource::Nofile, limit).is_err() {
        tracing::debug!("the limit of open files stays as it is");
    }
}

/// Listens on an address, within a runtime.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A server that was just stopped can be started again at once; elsewhere this would let two share the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Serves on a listener until `stop` is there, then drains.
///
/// # Errors
///
/// Where the listener fails, or the database's address is none.
pub async fn run(
    listener: TcpListener,
    config: Config,
    content: Content,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), Failed> {
    let address = listener.local_addr()?;
    config.check()?;
    let collector = config.otlp_endpoint.as_deref();
    let traces = collector.map(|collector| Traces::to(collector, config.trace_ratio, &config.issuer));
    let app = App::new(config, traces.transpose()?);
    tracing::info!("listening on http://{address}");
    let mut start_up = tokio::spawn(start(app.clone(), content, address));
    let following = tokio::spawn(follow(app.clone()));
    let looking = tokio::spawn(listeners::look(app.clone()));
    let signal = tokio::spawn({
        let app = app.clone();
        async move {
            stop.await;
            tracing::info!("stopping");
            app.stop();
        }
    });
    let server = http1::serve(Paced::new(listener), router::router(app.clone()), app.stopping());
    let mut stopping = app.stopping();
    let deadline = async {
        // An error means that the state is gone, and with it the server.
        let _ = stopping.wait_for(|stopping| *stopping).await;
        tokio::time::sleep(DRAIN).await;
    };
    let mut failed = Ok(());
    let served = async {
        tokio::select! {
            () = server => {}
            () = deadline => {
                tracing::warn!("some requests did not end in {} seconds and were cut off", DRAIN.as_secs());
            }
        }
    };
    tokio::pin!(served);
    tokio::select! {
        () = &mut served => {}
        started = &mut start_up => match started {
            Ok(Ok(())) => served.await,
            Ok(Err(error)) => failed = Err(error),
            Err(_) => failed = Err("the start was broken off by a panic".into()),
        },
    }
    signal.abort();
    start_up.abort();
    following.abort();
    looking.abort();
    if let Ok(services) = app.services() {
        // The same as the drain: a database that hangs must not keep the process alive.
        let _ = tokio::time::timeout(Duration::from_secs(1), services.store().close()).await;
    }
    let ended = app.clone();
    // The last spans are sent by a thread of their own, which a runtime must not wait for where it works.
    let _ = tokio::task::spawn_blocking(move || ended.traces().map(Traces::close)).await;
    tracing::info!("stopped");
    failed
}

/// Reaches the database, brings its tables up to date and loads what is asked for, trying again as long as it takes.
async fn start(app: App, content: Content, address: SocketAddr) -> Result<(), Failed> {
    let database = app.config().database()?;
    // Whoever waits for an answer is told within three seconds that a lock keeps it; a command may wait longer.
    let options = Options { lock_wait: Duration::from_millis(700), ..options(app.config()) };
    let store = Store::connect(&database.url, options).await?.with_quotas(crate::quota::kept(app.config()));
    tracing::info!("database: {} (from {})", store.describe(), database.source);
    if database.is_default {
        let folder = Config::DEFAULT_FOLDER;
        tracing::info!(
            "no database was named, so SQLite is used, in `{folder}/`; GRID_DATABASE_URL names another"
        );
    }
    let mut pause = Duration::from_millis(250);
    let services = loop {
        app.set_start_up(StartUp::Connecting);
        match prepare(&app, &store, &database.url).await {
            Ok(services) => break services,
            Err(problem) => {
                let seconds = pause.as_secs_f32();
                tracing::warn!("the database is not ready: {problem}; trying again in {seconds} s");
            }
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(10));
    };
    app.set_services(services);
    if content == Content::Demo {
        app.set_start_up(StartUp::Loading);
        demo::load(&app).await?;
    }
    let said = match content {
        Content::Demo => demo::welcome(&app, address).await?,
        // Who is served already need not wait for an administrator.
        Content::AsItIs => setup::invite(&app, address).await.unwrap_or_else(|problem| {
            tracing::warn!("no link for the first administrator could be made: {problem}");
            String::new()
        }),
    };
    app.set_start_up(StartUp::Done);
    tracing::info!("ready");
    cli::print(&said)
}

/// Follows what other servers on the same database do, and keeps house once an hour.
async fn follow(app: App) {
    let mut ticks = tokio::time::interval(FOLLOWS);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut kept_at = clock::now();
    let mut failing = false;
    loop {
        ticks.tick().await;
        let Ok(services) = app.services() else { continue };
        let now = clock::now();
        let followed = match services.follow_alone(now).await {
            Ok(()) if now.duration_since(kept_at) >= KEEPS_HOUSE => {
                kept_at = now;
                services.keep_house(app.config(), now).await
            }
            followed => followed,
        };
        // Told once, and not every other second.
        if let Err(problem) = &followed
            && !failing
        {
            tracing::warn!("cannot ask which tokens were revoked elsewhere: {problem}");
        }
        failing = followed.is_err();
    }
}

async fn prepare(app: &App, store: &Store, url: &str) -> Result<Services, Problem> {
    if let Err(error) = store.ping().await {
        app.set_obstruction(Some(Dependency::unreached(url, &error).await));
        return Err(error.into());
    }
    app.set_obstruction(None);
    app.set_start_up(StartUp::Migrating);
    if let Err(error) = store.migrate().await {
        app.set_obstruction(Some(Dependency::unprepared(&error)));
        return Err(error.into());
    }
    Services::open(store.clone(), app.config()).await
}

fn options(config: &Config) -> Options {
    Options { connections: config.database_connections.get(), ..Options::default() }
}

/// Opens the database of the settings, brings its tables up to date, works with it and closes it.
///
/// # Errors
///
/// Where the database cannot be reached or migrated, or the work fails.
pub(crate) fn with_store<T, F>(config: &Config, work: impl FnOnce(Store) -> F) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Failed>>,
{
    with_database(config, &config.database()?.url, |store| async move {
        store.migrate().await?;
        work(store).await
    })
}

/// Opens a database as it is, works with it and closes it.
///
/// # Errors
///
/// Where the database cannot be reached, or the work fails.
pub(crate) fn with_database<T, F>(
    config: &Config,
    url: &str,
    work: impl FnOnce(Store) -> F,
) -> Result<T, Failed>
where
    F: Future<Output = Result<T, Failed>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = Store::connect(url, options(config)).await?;
        let result = work(store.clone()).await;
        store.close().await;
        result
    })
}

/// Waits for SIGTERM or Ctrl-C.
pub(crate) async fn stop_signal() {
    let interrupt = async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending::<()>().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

/// Brings the database's tables up to date.
///
/// # Errors
///
/// Where the database cannot be reached or migrated.
pub fn migrate(config: &Config) -> Result<(), Failed> {
    telemetry::start(config);
    with_store(config, |store| async move {
        tracing::info!("migrated {}", store.describe());
        Ok(())
    })
}

/// Lists the migrations that have not run; nothing is changed, and no file is made.
///
/// # Errors
///
/// Where there are any, or the database cannot be reached.
pub fn check_migrations(config: &Config) -> Result<(), Failed> {
    let url = config.database_if_there()?.url;
    let is_to_be_made = match Location::of(&url)?.place {
        DatabasePlace::File(path) => !path.exists(),
        DatabasePlace::Memory => true,
        DatabasePlace::Socket(_) | DatabasePlace::Host(..) => false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (missing, all) = runtime.block_on(async {
        let looks = Options { only_looks: true, ..options(config) };
        let store = Store::connect(&url, looks).await?;
        let missing = if is_to_be_made {
            store.known_migrations().collect()
        } else {
            store.missing_migrations().await?
        };
        store.close().await;
        Ok::<_, grid_core::store::Error>((missing, store.known_migrations().count()))
    })?;
    for name in &missing {
        cli::print(&format!("{name}\n"))?;
    }
    match missing.len() {
        0 => Ok(()),
        count => {
            Err(format!("{count} of {all} migrations have not run: `grid-server migrate` runs them").into())
        }
    }
}

/// Where this machine reaches a server that listens on an address.
pub(crate) fn near(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        // Who listens on IPv6 need not listen on IPv4.
        let here = match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        };
        address.set_ip(here);
    }
    address
}

/// Asks the server on this machine whether it is ready.
///
/// # Errors
///
/// Where it does not answer within three seconds, or not with 200.
pub fn healthcheck(config: &Config) -> Result<(), Failed> {
    let most = Duration::from_secs(3);
    let address = near(config.address());
    let mut stream = TcpStream::connect_timeout(&address, most)?;
    stream.set_read_timeout(Some(most))?;
    stream.set_write_timeout(Some(most))?;
    stream.write_all(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.take(65_536).read_to_end(&mut answer)?;
    let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
    if line.starts_with(b"HTTP/1.1 200") {
        Ok(())
    } else {
        Err(format!("the server at {address} is not ready: {}", String::from_utf8_lossy(line)).into())
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn hundreds_of_connections_may_wait_to_be_accepted() {
        let listener = listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let allowed = std::fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap();
        let count = allowed.trim().parse::<usize>().unwrap().min(500);
        // Nobody accepts: what finds no room is not answered.
        let waiting: Result<Vec<_>, _> =
            (0..count).map(|_| TcpStream::connect_timeout(&address, Duration::from_secs(5))).collect();
        assert_eq!(waiting.unwrap().len(), count);
    }
}
