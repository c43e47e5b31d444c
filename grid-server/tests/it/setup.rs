//! The first administrator: the link of the first start, and its page.

use std::{
    io::Read,
    net::SocketAddr,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use grid_core::{auth::SetupToken, store::Store};
use jiff::ToSpan;
use serde_json::{Value, json};

use crate::{
    databases::Database,
    harness::{Client, Server, folder},
    process::program,
};

const SETUP: &str = "/api/v1/auth/setup";

/// The program, running, and what it has said so far.
pub(crate) struct Program {
    child: Child,
    out: Arc<Mutex<String>>,
    log: Arc<Mutex<String>>,
}

impl Program {
    pub(crate) fn start(url: &str) -> Self {
        Self::begin(url, &["--host", "0.0.0.0"]).when_ready()
    }

    /// Starts it and does not wait.
    pub(crate) fn begin(url: &str, arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["--port", "0", "--database-url", url, "--log", "debug"]).args(arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, log) = (gather(child.stdout.take().unwrap()), gather(child.stderr.take().unwrap()));
        Self { child, out, log }
    }

    pub(crate) fn when_ready(self) -> Self {
        while !self.log().contains(" ready\n") {
            std::thread::sleep(Duration::from_millis(20));
        }
        self
    }

    /// The address and the token of the link, once it is there.
    pub(crate) fn link(&self) -> (SocketAddr, String) {
        loop {
            if let Some((_, rest)) = self.out.lock().unwrap().split_once("http://")
                && let Some((link, _)) = rest.split_once('\n')
            {
                let (address, token) = link.split_once("/setup#").unwrap();
                return (address.parse().unwrap(), token.to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// What the log has so far, down to what only a developer wants to know.
    pub(crate) fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn gather(mut pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let text = Arc::new(Mutex::new(String::new()));
    let gathered = Arc::clone(&text);
    std::thread::spawn(move || {
        let mut part = [0; 4096];
        while let Ok(length @ 1..) = pipe.read(&mut part) {
            gathered.lock().unwrap().push_str(&String::from_utf8_lossy(&part[..length]));
        }
    });
    text
}

fn body(token: &str, name: &str) -> Value {
    json!({"token": token, "username": name, "email": format!("{name}@example.org"), "password": "noon on the roof"})
}

#[tokio::test]
async fn the_first_start_prints_a_link_and_the_link_makes_an_administrator_once() {
    let database = Database::empty(&folder());
    let first = Program::start(&database.url);
    let (address, token) = first.link();
    assert_eq!(SetupToken::parse(&token).unwrap().expose(), token);
    let client = Client::of(address);
    assert_eq!(client.get("/setup").await.status, 200);
    let made = client.post(SETUP, &body(&token, "root")).await;
    assert_eq!(made.status, 201, "{made:?}");
    assert_eq!(made.json()["administrator"], true);
    client.post(SETUP, &body(&token, "eva")).await.problem(404);
    let root = client.log_in("root", "noon on the roof").await;
    let audit = root.get("/api/v1/audit?action=setup").await;
    assert_eq!(audit.good()["items"][0]["actor_name"], "root");

    // The trail has the token's hash, and no log has more of it than a person needs to know it by.
    let secret = &token[SetupToken::PREFIX.len()..];
    assert!(!audit.text().contains(secret));
    assert!(!first.log().contains(secret));
    drop(first);
    let second = Program::start(&database.url);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(*second.out.lock().unwrap(), "");
}

#[test]
fn a_start_after_one_that_nobody_answered_prints_another_link() {
    let database = Database::empty(&folder());
    let (_, first) = Program::start(&database.url).link();
    let program = Program::start(&database.url);
    let (address, second) = program.link();
    assert_ne!(first, second);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let client = Client::of(address);
        // The other may be in somebody's hands: of many who start at once, each prints one.
        assert_eq!(client.post(SETUP, &body(&first, "root")).await.status, 201);
        client.post(SETUP, &body(&second, "eva")).await.problem(404);
    });
}

#[tokio::test]
async fn a_link_that_is_not_good_is_told_and_a_name_that_is_taken_leaves_it() {
    let server = Server::with(&["--registration", "closed"], grid_server::serve::Content::AsItIs).await;
    let client = server.client();
    let store = Store::connect(&server.database_url(), grid_core::store::Options::default()).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "the server goes by the machine's clock")]
    let now = jiff::Timestamp::now();
    let (old, good) = (SetupToken::generate().unwrap(), SetupToken::generate().unwrap());
    store.keep_setup_link(&old.hash(), now - 1.second(), now - 24.hours()).await.unwrap();
    client.post(SETUP, &body(old.expose(), "root")).await.problem(404);
    store.keep_setup_link(&good.hash(), now + 1.hour(), now).await.unwrap();
    client.post(SETUP, &body(old.expose(), "root")).await.problem(404);

    let cut = client.post(SETUP, &body(&good.expose()[..40], "root")).await;
    let problem = cut.problem(422);
    assert_eq!(problem["errors"][0]["pointer"], "/token", "{problem}");
    assert!(!cut.text().contains(&good.expose()[10..40]), "{problem}");
    let mut weak = body(good.expose(), "root");
    weak["password"] = "12345678".into();
    client.post(SETUP, &weak).await.problem(422);
    client.post(SETUP, &body(good.expose(), "a b")).await.problem(422);
    let hash = String::from("$argon2id$");
    let taken =
        grid_core::store::User::new(uuid::Uuid::from_u128(7), "kat", "kat@example.org", hash).unwrap();
    store.create_user(&taken, now).await.unwrap();
    client.post(SETUP, &body(good.expose(), "KAT")).await.problem(409);
    assert_eq!(client.post(SETUP, &body(good.expose(), "root")).await.status, 201);
    client.post(SETUP, &body(good.expose(), "eva")).await.problem(404);
}

#[tokio::test]
async fn the_page_runs_no_script_of_others_and_none_that_stands_in_it() {
    let server = Server::start().await;
    let client = server.client();
    let page = client.get("/setup/").await;
    assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html; charset=utf-8"));
    let text = page.text();
    assert!(!text.contains("://") && !text.contains("style=") && !text.contains("<style"), "{text}");
    assert_eq!(text.matches("<script").count(), text.matches("<script src=\"/setup/").count());
    for part in text.split('"').filter(|part| part.starts_with("/setup/")) {
        assert_eq!(client.get(part).await.status, 200, "{part}");
    }
    for path in ["/setup", "/setup/page.js", "/setup/page.css"] {
        let policy = client.get(path).await.header("content-security-policy").to_owned();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    }
    client.get("/setup/nothing").await.problem(404);
}

#[cfg(unix)]
#[test]
fn the_demo_prints_no_link() {
    let database = Database::empty(&folder());
    let mut child = program()
        .args(["demo", "--port", "0", "--database-url", &database.url, "--log", "off"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = gather(child.stdout.take().unwrap());
    while !out.lock().unwrap().contains("energy-day.svg\n") {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-TERM", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap();
    assert!(!out.lock().unwrap().contains("/setup#"));
}
