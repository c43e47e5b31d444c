//! The settings: which place wins, and what the names of the old systems come to.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use super::*;

/// A folder of a test's own, with files in it.
struct Folder(PathBuf);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("grid-config-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join(name), text).unwrap();
        }
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn loaded(arguments: &[&str], environment: &[(&str, &str)], folder: &Path) -> Result<Config, LoadError> {
    let arguments = ["grid-server"].iter().chain(arguments).map(OsString::from);
    let environment =
        environment.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect();
    load(arguments, &environment, folder).map(|cli| cli.config)
}

fn of_environment(environment: &[(&str, &str)]) -> Config {
    loaded(&[], environment, &Folder::with(&[]).0).unwrap()
}

/// The error and all that caused it.
fn said(error: &(dyn std::error::Error + 'static)) -> String {
    crate::cli::chain(error)
}

#[test]
fn s15_s30_on_a_platform_the_server_listens_to_everybody_elsewhere_only_to_this_machine() {
    let host = |environment: &[(&str, &str)]| of_environment(environment).address().ip().to_string();
    assert_eq!(host(&[("K_SERVICE", "grid")]), "0.0.0.0");
    assert_eq!(host(&[("GAE_SERVICE", "grid")]), "0.0.0.0");
    assert_eq!(host(&[("K_SERVICE", "grid"), ("GRID_HOST", "10.0.0.1")]), "10.0.0.1");
    assert_eq!(host(&[]), "127.0.0.1");
}

/// REQUIREMENTS S31 and S111: `PORT` as a platform gives it, and 8080 where it gives none.
#[test]
fn s31_s111_port_is_that_of_the_environment_and_8080_without_one() {
    assert_eq!(of_environment(&[]).address().port(), 8080);
    assert_eq!(of_environment(&[("PORT", "")]).address().port(), 8080);
    assert_eq!(of_environment(&[("PORT", "9123")]).address().port(), 9123);
}

#[test]
fn s5_a_flag_wins_over_the_environment_that_over_dot_env_that_over_the_file_and_that_over_the_default() {
    let folder = Folder::with(&[
        (".env", "PORT=3\nGRID_ISSUER=dot-env\nGRID_AUDIENCE=dot-env\nGRID_KEY_DAYS=3\n"),
        (
            "grid.toml",
            "port = 4\nissuer = \"file\"\naudience = \"file\"\nkey_days = 4\ntoken_minutes = 4\n\
             trace_ratio = 0.25\ncors_origins = [\"https://a.example\", \"https://b.example\"]\n",
        ),
    ]);
    let toml = folder.path("grid.toml");
    let environment = [("PORT", "2"), ("GRID_ISSUER", "environment"), ("GRID_CONFIG", toml.as_str())];
    let config = loaded(&["serve", "--port", "1"], &environment, &folder.0).unwrap();
    assert_eq!(
        (
            config.port,
            config.issuer.as_str(),
            config.audience.as_str(),
            config.key_days,
            config.token_minutes
        ),
        (1, "environment", "dot-env", 3, 4)
    );
    assert_eq!((config.session_days, config.trace_ratio.to_bits()), (180, 0.25_f64.to_bits()));
    assert_eq!(config.cors_origins, ["https://a.example", "https://b.example"]);
    let origin =
        |id: &str| config.settings.all.iter().find(|setting| setting.id == id).unwrap().origin.clone();
    assert_eq!(origin("port"), "the flag `--port`");
    assert_eq!(origin("issuer"), "`GRID_ISSUER` in the environment");
    assert_eq!(origin("audience"), "`GRID_AUDIENCE` in `.env`, line 3");
    assert_eq!(origin("token_minutes"), format!("`token_minutes` in `{toml}`"));
    assert_eq!(origin("session_days"), "the default");
}

#[test]
fn an_empty_value_is_none() {
    let folder = Folder::with(&[(".env", "PORT=9\nGRID_PROXIES=\n")]);
    let config =
        loaded(&[], &[("PORT", ""), ("GRID_HOST", ""), ("GRID_DATABASE_URL", "")], &folder.0).unwrap();
    assert_eq!((config.port, config.host, config.proxies), (9, None, None));
    assert!(config.database_if_there().unwrap().is_default);
}

#[test]
fn a_secret_may_stand_in_a_file_and_its_own_name_wins_where_it_is_as_near() {
    let text = |mark: &str| format!("{mark} a secret that is 32 bytes or longer");
    let folder = Folder::with(&[("key", "a key in a file, of 32 bytes or longer\n"), ("none", "\n")]);
    let (key, none) = (folder.path("key"), folder.path("none"));
    let secret = |arguments: &[&str], environment: &[(&str, &str)]| {
        let config = loaded(arguments, environment, &folder.0).unwrap();
        nearest_secret(
            &config.settings,
            ("sealing_key", config.sealing_key.as_deref()),
            ("sealing_key_file", config.sealing_key_file.as_deref()),
            "the sealing key",
        )
    };
    let (own, file) = (("GRID_SEALING_KEY", text("own")), ("GRID_SEALING_KEY_FILE", key.as_str()));
    let own = (own.0, own.1.as_str());
    let in_file = "a key in a file, of 32 bytes or longer";
    assert_eq!(secret(&[], &[own, file]).unwrap().as_deref(), Some(own.1));
    assert_eq!(secret(&[], &[file]).unwrap().as_deref(), Some(in_file));
    // A flag is nearer than the environment, whichever of the two it is.
    assert_eq!(secret(&["--sealing-key-file", &key], &[own]).unwrap().as_deref(), Some(in_file));
    assert_eq!(secret(&[], &[("GRID_SEALING_KEY", ""), file]).unwrap().as_deref(), Some(in_file));
    assert_eq!(secret(&[], &[]).unwrap(), None);
    // Named and not there, or empty, is not the same as not named.
    assert!(matches!(
        secret(&[], &[("GRID_SEALING_KEY_FILE", "/nowhere/key")]),
        Err(Error::SecretUnreadable { .. })
    ));
    assert!(matches!(secret(&["--sealing-key-file", &none], &[]), Err(Error::SecretEmpty { .. })));
}

#[test]
fn the_database_is_where_the_nearest_setting_says() {
    let folder = Folder::with(&[
        (".env", "GRID_DATABASE_URL=mysql://dot-env/grid\n"),
        ("url", "postgres://file/grid\n"),
    ]);
    let url = folder.path("url");
    let database = |environment: &[(&str, &str)]| {
        let database = loaded(&[], environment, &folder.0).unwrap().database_if_there().unwrap();
        assert!(!format!("{database:?}").contains("://"), "the address may hold a password");
        (database.url, database.source)
    };
    let found = database(&[("GRID_DATABASE_URL", "mysql://a/grid"), ("DATABASE_URL", "mysql://b/grid")]);
    assert_eq!(found, ("mysql://a/grid".to_owned(), "`GRID_DATABASE_URL` in the environment".to_owned()));
    let found = database(&[("DATABASE_URL", "mysql://b/grid"), ("MYSQL_HOST", "c")]);
    assert_eq!(found, ("mysql://b/grid".to_owned(), "`DATABASE_URL` in the environment".to_owned()));
    assert_eq!(database(&[("GRID_DATABASE_URL_FILE", &url)]).0, "postgres://file/grid");
    assert_eq!(database(&[("DATABASE_URL_FILE", &url)]).0, "postgres://file/grid");
    assert_eq!(database(&[]).1, "`GRID_DATABASE_URL` in `.env`, line 1");
}

/// CONTRACT: the five names of the services on Cloud Run, in a `.env` as it was written there.
#[test]
fn s7_s8_the_five_names_of_mysql_are_an_address() {
    let folder = Folder::with(&[(
        ".env",
        "MYSQL_USER=dev\nMYSQL_PASSWORD=p@ss:w/o#r%d?$x\nMYSQL_HOST=192.0.2.7\nMYSQL_PORT=3307\nMYSQL_DB=GRID\n",
    )]);
    let database = loaded(&[], &[], &folder.0).unwrap().database_if_there().unwrap();
    assert_eq!(database.url, "mysql://dev:p%40ss%3Aw%2Fo%23r%25d%3F%24x@192.0.2.7:3307/GRID");
    assert_eq!(database.source, "`MYSQL_HOST` in `.env`, line 3");
    let url = |names: &[(&str, &str)]| of_environment(names).database_if_there().map(|database| database.url);
    assert_eq!(url(&[("MYSQL_USER", "dev"), ("MYSQL_HOST", "db")]).unwrap(), "mysql://dev@db/GRID");
    let user = ("MYSQL_USER", "dev");
    assert_eq!(url(&[user, ("MYSQL_HOST", "::1"), ("MYSQL_PORT", "1")]).unwrap(), "mysql://dev@[::1]:1/GRID");
    assert_eq!(
        url(&[user, ("MYSQL_HOST", "/cloudsql/a:b:c"), ("MYSQL_DB", "x")]).unwrap(),
        "mysql://dev@localhost/x?socket=%2Fcloudsql%2Fa%3Ab%3Ac"
    );
    // Half of them is a mistake, and not the embedded database.
    assert!(matches!(url(&[user]), Err(Error::Incomplete { variable: "MYSQL_HOST" })));
    assert!(matches!(url(&[("MYSQL_HOST", "db")]), Err(Error::Incomplete { variable: "MYSQL_USER" })));
    assert_eq!(url(&[("MYSQL_PORT", "3306")]).unwrap(), "sqlite://grid-data/grid.db");
}

/// CONTRACT 1.7, 3: the host of the error was not the one of the `.env` that was shown, because the image did not have it.
#[test]
fn root_cause_3_the_host_that_is_used_is_told_with_who_named_it() {
    let folder = Folder::with(&[(".env", "MYSQL_USER=dev\nMYSQL_HOST=192.0.2.1\nMYSQL_DB=GRID\n")]);
    let database = |environment: &[(&str, &str)], folder: &Path| {
        loaded(&[], environment, folder).unwrap().database_if_there().unwrap()
    };
    let shown = database(&[("MYSQL_PASSWORD", "secret")], &folder.0);
    assert_eq!(
        (shown.url.as_str(), shown.source.as_str()),
        ("mysql://dev:secret@192.0.2.1/GRID", "`MYSQL_HOST` in `.env`, line 2")
    );
    let deployed = database(&[("MYSQL_HOST", "192.0.2.2")], &folder.0);
    assert_eq!(
        (deployed.url.as_str(), deployed.source.as_str()),
        ("mysql://dev@192.0.2.2/GRID", "`MYSQL_HOST` in the environment")
    );
    let without = database(&[], &Folder::with(&[]).0);
    assert_eq!((without.is_default, without.source.as_str()), (true, "the default"));
}

/// REQUIREMENTS S112 and S114: the block of `app.yaml`.
#[test]
fn s112_s114_the_five_names_of_cloud_sql_are_an_address() {
    let block = [
        ("CLOUD_SQL_USERNAME", "postgres"),
        ("CLOUD_SQL_PASSWORD", "[PASSWORD]"),
        ("CLOUD_SQL_CONNECTION_NAME", "project:region:instance"),
        ("CLOUD_SQL_HOST", "192.0.2.9:5432"),
        ("CLOUD_SQL_DATABASE_NAME", "usuarios"),
    ];
    let database = |names: &[(&str, &str)]| of_environment(names).database_if_there().unwrap();
    let elsewhere = database(&block);
    assert_eq!(elsewhere.url, "postgres://postgres:%5BPASSWORD%5D@192.0.2.9:5432/usuarios");
    assert_eq!(elsewhere.source, "`CLOUD_SQL_HOST` in the environment");
    let on_app_engine = database(&[block.as_slice(), &[("GAE_SERVICE", "default")]].concat());
    let by_socket = "postgres://postgres:%5BPASSWORD%5D@localhost/usuarios?host=%2Fcloudsql%2Fproject%3Aregion%3Ainstance";
    assert_eq!(on_app_engine.url, by_socket);
    assert_eq!(on_app_engine.source, "`CLOUD_SQL_CONNECTION_NAME` in the environment");
    let without_host: Vec<_> = block.into_iter().filter(|(name, _)| *name != "CLOUD_SQL_HOST").collect();
    assert_eq!(database(&without_host).url, by_socket);
    let nameless: Vec<_> = block.into_iter().filter(|(name, _)| !name.contains("DATABASE")).collect();
    assert!(matches!(
        of_environment(&nameless).database_if_there(),
        Err(Error::Incomplete { variable: "CLOUD_SQL_DATABASE_NAME" })
    ));
}

#[test]
fn names_that_are_none_are_told_with_their_neighbours() {
    let folder = Folder::with(&[
        (".env", "GRID_SEALNG_KEY=x\nVITE_MARKET_SERVICE_URI=y\n"),
        ("grid.toml", "databse_url = \"x\"\nport = 1\n"),
    ]);
    let toml = folder.path("grid.toml");
    let environment = [
        ("GRID_CONFIG", toml.as_str()),
        ("GRID_PORT", "9000"),
        ("GRID_UNHEARD_OF", "1"),
        // What Kubernetes sets for a service that is called `grid`.
        ("GRID_SERVICE_HOST", "10.0.0.1"),
        ("GRID_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("HOME", "/root"),
    ];
    let config = loaded(&[], &environment, &folder.0).unwrap();
    let complaint = config.settings.complaint().unwrap();
    assert_eq!(
        complaint,
        format!(
            "no settings, and not used: `GRID_PORT` in the environment (`PORT` is one), `GRID_UNHEARD_OF` in the \
             environment, `GRID_SEALNG_KEY` in `.env`, line 1 (`GRID_SEALING_KEY` is one), `databse_url` in `{toml}` \
             (`database_url` is one)"
        )
    );
    assert_eq!(of_environment(&[("PORT", "1")]).settings.complaint(), None);
}

#[test]
fn what_cannot_be_used_is_told_with_its_place_and_without_its_secrets() {
    let folder = Folder::with(&[
        (".env", "# a port\nPORT=eighty\n"),
        ("syntax.toml", "port = 1\nissuer = \n"),
        ("type.toml", "[database]\nurl = \"x\"\n[port]\nis = 1\n"),
        ("value.toml", "port = 99999\n"),
    ]);
    let error = |arguments: &[&str], folder: &Path| said(&loaded(arguments, &[], folder).unwrap_err());
    let wrong = error(&[], &folder.0);
    assert!(wrong.contains("'eighty'") && wrong.ends_with("(`PORT` in `.env`, line 2)"), "{wrong}");
    let elsewhere = Folder::with(&[]);
    let syntax = error(&["--config", &folder.path("syntax.toml")], &elsewhere.0);
    assert!(syntax.contains("syntax.toml`, line 2"), "{syntax}");
    let kind = error(&["--config", &folder.path("type.toml")], &elsewhere.0);
    assert!(kind.contains("expected `port` to be a text"), "{kind}");
    let value = error(&["--config", &folder.path("value.toml")], &elsewhere.0);
    assert!(value.contains("99999") && value.contains("value.toml"), "{value}");
    let missing = error(&["--config", "/nowhere/grid.toml"], &elsewhere.0);
    assert!(missing.contains("/nowhere/grid.toml"), "{missing}");
    let broken = Folder::with(&[(".env", "GRID_SEALING_KEY=\"s3cret\n")]);
    let broken = error(&[], &broken.0);
    assert!(broken.contains("line 1") && !broken.contains("s3cret"), "{broken}");
}

#[test]
fn no_secret_is_shown() {
    let secret = "s3cret-that-is-32-bytes-or-longer-0000";
    let secrets: Vec<_> = {
        let command = crate::cli::command();
        let secret_ones = command.get_arguments().filter(|argument| argument.is_hide_env_values_set());
        secret_ones.filter_map(|argument| Some(argument.get_env()?.to_string_lossy().into_owned())).collect()
    };
    for name in
        ["GRID_DATABASE_URL", "DATABASE_URL", "GRID_SEALING_KEY", "MYSQL_PASSWORD", "CLOUD_SQL_PASSWORD"]
    {
        assert!(secrets.iter().any(|secret| secret == name), "{name}");
    }
    let environment: Vec<_> = secrets.iter().map(|name| (name.as_str(), secret)).collect();
    let config = of_environment(&environment);
    assert!(!format!("{:?} {config:?}", config.settings).contains(secret));
    for setting in config.settings.all.iter().filter(|setting| secrets.contains(&setting.variable)) {
        assert_eq!(setting.shown(), "***", "{setting:?}");
    }
}

#[test]
fn who_logs_in_at_an_address_is_not_told() {
    for (value, shown) in [
        ("http://ana:hunter2@collector:4318/v1", "http://***@collector:4318/v1"),
        ("http://ana:p@ss@collector", "http://***@collector"),
        ("http://collector:4318/@home", "http://collector:4318/@home"),
    ] {
        let config = of_environment(&[("GRID_OTLP_ENDPOINT", value)]);
        let setting = config.settings.all.iter().find(|setting| setting.variable == "GRID_OTLP_ENDPOINT");
        assert_eq!(setting.unwrap().shown(), shown);
    }
}

#[test]
fn what_kubernetes_sets_for_a_service_called_mysql_is_told_and_not_used() {
    let injected = [
        ("MYSQL_PORT", "tcp://10.0.0.1:3306"),
        ("MYSQL_PORT_3306_TCP", "tcp://10.0.0.1:3306"),
        ("MYSQL_SERVICE_HOST", "10.0.0.1"),
        ("GRID_PORT", "tcp://10.0.0.2:8080"),
    ];
    let config = of_environment(&injected);
    assert_eq!(config.old.mysql_port, None);
    assert!(config.database_if_there().unwrap().is_default);
    let complaint = config.settings.complaint().unwrap();
    assert!(complaint.contains("`MYSQL_PORT`") && complaint.contains("Kubernetes"), "{complaint}");
    assert!(!complaint.contains("10.0.0") && !complaint.contains("GRID_PORT"), "{complaint}");
    // Beside the names that lead to a database it is left out as well.
    let named =
        [("MYSQL_HOST", "mysql"), ("MYSQL_USER", "grid"), ("MYSQL_DB", "grid"), ("MYSQL_PASSWORD", "x")];
    let config = of_environment(&[&injected[..], &named[..]].concat());
    let url = config.database_if_there().unwrap().url;
    assert!(url.contains("@mysql") && !url.contains("10.0.0"), "{url}");
    // A port that somebody wrote wrongly is still refused.
    assert!(loaded(&[], &[("MYSQL_PORT", "three")], &Folder::with(&[]).0).is_err());
}
