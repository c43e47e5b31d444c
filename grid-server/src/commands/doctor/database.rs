//! The way to the database, one step after the other: name, port, encryption, login, database.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::{Duration, Instant},
};

use grid_core::store::{DatabaseKind, DatabasePlace, Encryption, Greeting, Location, Obstacle, greet};

use super::{Obstruction, Report};
use crate::config::{Config, DatabaseAddress};

/// How long each step may take.
const PATIENCE: Duration = Duration::from_secs(4);

/// Goes all the way to the database.
pub(super) async fn reach(
    config: &Config,
    address: &DatabaseAddress,
    location: &Location,
    report: &mut Report,
) -> Result<Greeting, Obstruction> {
    match &location.place {
        DatabasePlace::Memory => {
            report.ok("memory", "the database lives as long as the server");
            return Ok(Greeting::default());
        }
        DatabasePlace::File(path) => return file(address, path, report).await,
        DatabasePlace::Socket(path) => socket(path, report)?,
        DatabasePlace::Host(name, port) => {
            let found = resolve(name, *port, report).await?;
            connect(location, &found, report).await?;
        }
    }
    let began = Instant::now();
    let greeting = match greet(&address.url, PATIENCE).await {
        Ok(greeting) => greeting,
        Err(obstacle) => {
            let found = explain(obstacle, location, address);
            // What comes before the step that failed has gone well.
            for step in ["TLS", "login"] {
                if step == found.step {
                    break;
                }
                report.ok(step, "as the address asks for it");
            }
            return Err(found);
        }
    };
    let encrypted = match (&greeting.encryption, &location.place) {
        (Some(protocol), _) => format!("encrypted by {protocol}"),
        (None, DatabasePlace::Socket(_)) => "not needed: the socket does not leave this machine".to_owned(),
        (None, _) => "not encrypted: the server offers none, or the address asks for none".to_owned(),
    };
    report.ok("TLS", &encrypted);
    report.ok("login", location.user.as_deref().unwrap_or("-"));
    let milliseconds = began.elapsed().as_millis();
    let version = grid_core::error::excerpt(&greeting.version);
    report.ok("database", &format!("version {version}, answered within {milliseconds} ms"));
    let (most, instances) = (config.database_connections.get(), config.instances.get());
    if let Some(limit) = greeting.most_connections {
        report.line("", &format!("takes {limit} connections; {instances} server(s) may open {most} each"));
    }
    Ok(greeting)
}

async fn resolve(name: &str, port: u16, report: &mut Report) -> Result<Vec<SocketAddr>, Obstruction> {
    if let Ok(address) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
        report.ok("DNS", "not needed: the address is a number");
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let shown = grid_core::error::excerpt(name);
    let looked_up = tokio::time::timeout(PATIENCE, tokio::net::lookup_host((name, port))).await;
    let found: Vec<_> = match looked_up {
        Ok(Ok(found)) => found.collect(),
        Ok(Err(_)) => Vec::new(),
        Err(_) => {
            return Err(Obstruction {
                step: "DNS",
                problem: format!(
                    "the name servers did not say within {} s where `{shown}` is",
                    PATIENCE.as_secs()
                ),
                to_do: "check that this machine reaches its name servers".to_owned(),
            });
        }
    };
    if found.is_empty() {
        return Err(Obstruction {
            step: "DNS",
            problem: format!("there is no host `{shown}`"),
            to_do: "correct the host's name, or look whether it is known only in another network".to_owned(),
        });
    }
    let addresses: Vec<_> = found.iter().map(|address| address.ip().to_string()).collect();
    report.ok("DNS", &format!("{shown} is {}", addresses.join(", ")));
    Ok(found)
}

async fn connect(location: &Location, found: &[SocketAddr], report: &mut Report) -> Result<(), Obstruction> {
    let mut refused = false;
    for address in found {
        let began = Instant::now();
        match tokio::time::timeout(PATIENCE, tokio::net::TcpStream::connect(address)).await {
            Ok(Ok(_)) => {
                report.ok("TCP", &format!("{address} accepts, after {} ms", began.elapsed().as_millis()));
                return Ok(());
            }
            Ok(Err(error)) => refused |= error.kind() == std::io::ErrorKind::ConnectionRefused,
            Err(_) => {}
        }
    }
    let place = &location.place;
    let problem = if refused {
        format!("nothing listens on {place}")
    } else {
        format!("{place} did not accept within {} s", PATIENCE.as_secs())
    };
    let to_do = if refused {
        "start the database, or correct the port; a server that listens on 127.0.0.1 alone is not reached from elsewhere"
    } else {
        "look for a firewall or a missing route between this machine and the database"
    };
    Err(Obstruction { step: "TCP", problem, to_do: to_do.to_owned() })
}

fn socket(path: &Path, report: &mut Report) -> Result<(), Obstruction> {
    let shown = grid_core::error::excerpt(&path.display().to_string());
    if path.exists() {
        report.ok("socket", &format!("{shown} is there"));
        return Ok(());
    }
    let to_do = if path.starts_with("/cloudsql") {
        "add the instance to the service (`--add-cloudsql-instances`, or `beta_settings` of App Engine), and give its \
         account the role `Cloud SQL Client`"
    } else {
        "start the database, or correct the path"
    };
    Err(Obstruction { step: "socket", problem: format!("there is no {shown}"), to_do: to_do.to_owned() })
}

async fn file(address: &DatabaseAddress, path: &Path, report: &mut Report) -> Result<Greeting, Obstruction> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let shown = |path: &Path| grid_core::error::excerpt(&path.display().to_string());
    let failed =
        |step, problem: String, to_do: &str| Err(Obstruction { step, problem, to_do: to_do.to_owned() });
    // The default folder is made by the server when it starts.
    let nearest = if address.is_default && !folder.exists() { Path::new(".") } else { folder };
    if !nearest.is_dir() {
        return failed(
            "folder",
            format!("there is no folder `{}`", shown(folder)),
            "make it, or correct the address",
        );
    }
    report.ok("folder", &format!("`{}` is there", shown(nearest)));
    // SQLite writes its log beside the file, so the folder must take files, too.
    if tempfile::tempfile_in(nearest).is_err() {
        return failed(
            "writable",
            format!("no file can be made in `{}`", shown(nearest)),
            "give the folder to the user that runs the server, and look whether its disk is full or read-only",
        );
    }
    if path.exists() && std::fs::OpenOptions::new().append(true).open(path).is_err() {
        return failed(
            "writable",
            format!("`{}` cannot be written", shown(path)),
            "give the file to the user that runs the server",
        );
    }
    report.ok("writable", "files can be made and written there");
    if !path.exists() {
        report.ok("database", "not there yet; the server makes it when it starts");
        return Ok(Greeting::default());
    }
    let greeting = match greet(&address.url, PATIENCE).await {
        Ok(greeting) => greeting,
        Err(Obstacle::Stranger) => {
            return failed(
                "database",
                format!("`{}` is no SQLite database, or is damaged", shown(path)),
                "name another file, or bring back a backup",
            );
        }
        Err(Obstacle::Silent) => {
            return failed(
                "database",
                format!("another program keeps `{}` locked", shown(path)),
                "look which one, and end it",
            );
        }
        Err(_) => {
            return failed(
                "database",
                format!("`{}` cannot be opened", shown(path)),
                "look at the rights of the file and of its folder",
            );
        }
    };
    report.ok("database", &format!("SQLite {}", greeting.version));
    match greeting.journal.as_deref() {
        Some("wal") => report.ok("WAL", "readers and the writer do not wait for each other"),
        _ => report.ok("WAL", "not yet; the server turns it on when it starts"),
    }
    Ok(greeting)
}

/// What an obstacle means, and what to do about it.
fn explain(obstacle: Obstacle, location: &Location, address: &DatabaseAddress) -> Obstruction {
    let (kind, place, source) = (location.kind.name(), &location.place, &address.source);
    let user = location.user.as_deref().map_or_else(|| "-".to_owned(), grid_core::error::excerpt);
    let database = location.database.as_deref().map_or_else(|| "-".to_owned(), grid_core::error::excerpt);
    let (step, problem, to_do) = match obstacle {
        Obstacle::Silent => (
            "TLS",
            format!("{place} accepts and then says nothing for {} s", PATIENCE.as_secs()),
            format!("check that it is {kind} that listens there, and not a proxy whose own way on is closed"),
        ),
        Obstacle::Cut | Obstacle::Refused | Obstacle::Missing => (
            "TLS",
            format!("{place} accepts and then hangs up"),
            format!("look into the log of {kind}, or of the proxy before it"),
        ),
        Obstacle::Stranger => (
            "TLS",
            format!("what listens on {place} does not speak as {kind} does"),
            "correct the port, or the scheme of the address".to_owned(),
        ),
        Obstacle::Encryption if location.encryption == Encryption::Verified => (
            "TLS",
            "no encrypted connection to a server that can be trusted came about".to_owned(),
            "name the authority that signed its certificate (`sslrootcert=` for PostgreSQL, `ssl-ca=` for MySQL), and the host \
             as the certificate has it"
                .to_owned(),
        ),
        Obstacle::Encryption => (
            "TLS",
            "no encrypted connection came about, and the address or the server asks for one".to_owned(),
            "turn TLS on in the database, or ask for it (`sslmode=`, for MySQL `ssl-mode=`) as the server has it".to_owned(),
        ),
        Obstacle::LoginMethod => (
            "login",
            format!("the server wants the password of `{user}` in a way that needs an encrypted connection"),
            "connect over TCP with `ssl-mode=REQUIRED`, or give the user the plugin `mysql_native_password`: \
             `caching_sha2_password` does not work over a socket or without TLS"
                .to_owned(),
        ),
        Obstacle::Login => (
            "login",
            format!("the server refuses `{user}` with this password"),
            format!("correct the user or the password: the address comes from {source}"),
        ),
        Obstacle::LoginPlace if location.kind == DatabaseKind::Postgres => (
            "login",
            format!("the server takes no login of `{user}` from here"),
            "check that the user exists, and that `pg_hba.conf` lets it in from this machine, with or without TLS".to_owned(),
        ),
        Obstacle::LoginPlace => (
            "login",
            format!("the server takes no login of `{user}` from this machine"),
            "make the user for this host, as in `CREATE USER 'name'@'%'`".to_owned(),
        ),
        Obstacle::Full => (
            "login",
            "the server has no connection left".to_owned(),
            "close others, raise its limit, or lower GRID_DATABASE_CONNECTIONS".to_owned(),
        ),
        Obstacle::NotYet => (
            "login",
            "the server is starting or stopping".to_owned(),
            "try again in a moment".to_owned(),
        ),
        Obstacle::NoDatabase => (
            "database",
            format!("there is no database `{database}`"),
            format!("make it (`CREATE DATABASE`), or correct its name: the address comes from {source}"),
        ),
        Obstacle::NoRight => (
            "database",
            format!("`{user}` may not use the database `{database}`"),
            "grant it, as docs/deploy says".to_owned(),
        ),
        _ => (
            "database",
            format!("{kind} refuses for a reason that is not known here"),
            "look into its log".to_owned(),
        ),
    };
    Obstruction { step, problem, to_do }
}
