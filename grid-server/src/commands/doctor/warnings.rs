//! What works and may still be wrong.

use grid_core::store::{DatabasePlace, Greeting, Location};

use crate::config::{Config, Metrics, Registration};

/// What an operator should know of these settings, and of the database where it could be reached.
pub(super) fn of(config: &Config, database: Option<&(Location, Greeting)>) -> Vec<String> {
    let mut warnings = Vec::new();
    warnings.extend(config.settings.complaint());
    let is_sealed = config.sealing_key.is_some() || config.sealing_key_file.is_some();
    if !is_sealed {
        warnings.push(
            "signing keys and second factors are stored as they are: GRID_SEALING_KEY (32 bytes or more, made at random) \
             encrypts them"
                .to_owned(),
        );
    }
    if config.address().ip().is_unspecified() && !config.is_on_a_platform() {
        warnings.push(
            "the server listens on every address of this machine and speaks no TLS itself: whoever reaches the machine \
             reaches it, and passwords travel in the open unless a proxy stands before it"
                .to_owned(),
        );
        if config.registration == Registration::Open {
            warnings.push(
                "anybody who reaches the server may register: GRID_REGISTRATION=closed ends that".to_owned(),
            );
        }
    }
    if config.metrics == Metrics::Open {
        warnings.push("everybody may read /metrics: GRID_METRICS=local or token ends that".to_owned());
    }
    if let Some((location, greeting)) = database {
        of_database(config, location, greeting, &mut warnings);
    }
    warnings
}

fn of_database(config: &Config, location: &Location, greeting: &Greeting, warnings: &mut Vec<String>) {
    let (each, instances) = (config.database_connections.get(), config.instances.get());
    let all = u64::from(each) * u64::from(instances);
    if let Some(limit) = greeting.most_connections.filter(|limit| *limit < all) {
        warnings.push(format!(
            "{instances} server(s) with {each} connections each come to {all}, and the database takes {limit}: lower \
             GRID_DATABASE_CONNECTIONS or the number of servers, or raise the database's limit"
        ));
    }
    match &location.place {
        DatabasePlace::File(_) | DatabasePlace::Memory => {
            if instances > 1 {
                warnings.push(
                    "SQLite is for one server: several on one file must share its disk and machine, and on others each \
                     has a database of its own"
                        .to_owned(),
                );
            }
            if config.is_on_a_platform() || matches!(location.place, DatabasePlace::Memory) {
                warnings.push(
                    "what is stored is lost when this instance ends: name a database outside of it by \
                     GRID_DATABASE_URL"
                        .to_owned(),
                );
            }
        }
        DatabasePlace::Host(name, _) => {
            let is_near = name == "localhost"
                || name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback());
            if greeting.encryption.is_none() && !is_near {
                warnings.push(
                    "the connection to the database leaves this machine and is not encrypted: add `sslmode=verify-full` \
                     (PostgreSQL) or `ssl-mode=VERIFY_IDENTITY` (MySQL) to the address"
                        .to_owned(),
                );
            }
        }
        DatabasePlace::Socket(_) => {}
    }
}
