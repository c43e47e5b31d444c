//! A real server on a port of its own, and a small client.

use std::{
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use clap::Parser;
use grid_server::{
    cli::Cli,
    serve::{self, Content},
};
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, StatusCode, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

use crate::{databases::Database, described};

/// A server that stops when it is dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) folder: PathBuf,
    /// Where the harness made it; it is the last to go.
    database: Option<Arc<Database>>,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Somebody who sends requests.
#[derive(Clone)]
pub(crate) struct Client {
    address: SocketAddr,
    token: Option<String>,
}

/// A folder that no other test uses.
pub(crate) fn folder() -> PathBuf {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{number}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

impl Server {
    /// Starts a server on an empty database of this run's kind and waits until it is ready.
    pub(crate) async fn start() -> Self {
        Self::with(&[], Content::AsItIs).await
    }

    pub(crate) async fn with(arguments: &[&str], content: Content) -> Self {
        let folder = folder();
        let database = Arc::new(Database::empty(&folder));
        Self::in_folder(folder, database, arguments, content).await
    }

    async fn in_folder(
        folder: PathBuf,
        database: Arc<Database>,
        arguments: &[&str],
        content: Content,
    ) -> Self {
        let mut all = vec!["--database-url", &database.url];
        all.extend(arguments);
        let mut server = Self::begin(folder, &all, content).await;
        server.database = Some(database);
        server.wait().await;
        server
    }

    /// Starts a server on a database that is there, and waits until it is ready.
    pub(crate) async fn on(url: &str) -> Self {
        Self::on_with(url, &[]).await
    }

    pub(crate) async fn on_with(url: &str, arguments: &[&str]) -> Self {
        let all: Vec<_> = ["--database-url", url].iter().chain(arguments).copied().collect();
        let server = Self::begin(folder(), &all, Content::AsItIs).await;
        server.wait().await;
        server
    }

    /// Starts a server and does not wait.
    pub(crate) async fn begin(folder: PathBuf, arguments: &[&str], content: Content) -> Self {
        let arguments = ["grid-server", "--log", "off"].iter().chain(arguments);
        let config = Cli::try_parse_from(arguments).unwrap().config;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(async move {
            let stopped = async move {
                let _ = stopped.await;
            };
            serve::run(listener, config, content, stopped).await.unwrap();
        });
        Self { address, folder, database: None, stop: Some(stop), task: Some(task) }
    }

    pub(crate) async fn wait(&self) {
        let client = self.client();
        while client.get("/readyz").await.status != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Somebody who is not logged in.
    pub(crate) fn client(&self) -> Client {
        Client { address: self.address, token: None }
    }

    /// Somebody new who is logged in.
    pub(crate) async fn user(&self, name: &str) -> Client {
        self.client().register(name).await
    }

    /// The address of the database that the harness made for it.
    pub(crate) fn database_url(&self) -> String {
        self.database.as_ref().unwrap().url.clone()
    }

    /// Stops the server and starts another one on the same database.
    pub(crate) async fn restart(self) -> Self {
        self.restart_with(Content::AsItIs).await
    }

    /// Stops the server and starts another one on the same database, which may fill it.
    pub(crate) async fn restart_with(mut self, content: Content) -> Self {
        let (folder, database) = (std::mem::take(&mut self.folder), self.database.clone().unwrap());
        self.stop().await;
        Self::in_folder(folder, database, &[], content).await
    }

    /// Stops the server and waits for its end.
    pub(crate) async fn stop(mut self) {
        let _ = self.stop.take().unwrap().send(());
        self.task.take().unwrap().await.unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(task) = &self.task {
            task.abort();
        }
        if !self.folder.as_os_str().is_empty() {
            let _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

impl Client {
    /// Somebody who is not logged in at the server of an address.
    pub(crate) fn of(address: SocketAddr) -> Self {
        Self { address, token: None }
    }

    /// Somebody new who is logged in.
    pub(crate) async fn register(&self, name: &str) -> Self {
        let person = serde_json::json!({"username": name, "email": format!("{name}@example.org"), "password": "correct horse"});
        assert_eq!(self.post("/api/v1/auth/register", &person).await.status, StatusCode::CREATED);
        self.log_in(name, "correct horse").await
    }

    pub(crate) async fn log_in(&self, name: &str, password: &str) -> Self {
        let answer = self
            .post("/api/v1/auth/login", &serde_json::json!({"username": name, "password": password}))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{answer:?}");
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        Self { address: self.address, token: Some(token) }
    }

    /// The same client with another token, or an API key.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { address: self.address, token: Some(token.to_owned()) }
    }

    /// A form, as OAuth clients send it.
    pub(crate) async fn form(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", escaped(value))).collect();
        let kind: (&str, &[u8]) = ("content-type", b"application/x-www-form-urlencoded");
        self.send("POST", path, &[kind], body.join("&")).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], "").await
    }

    pub(crate) fn token(&self) -> &str {
        self.token.as_deref().unwrap()
    }

    /// Sends one request over a connection of its own.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &[u8])],
        body: impl Into<Bytes>,
    ) -> Answer {
        let stream = TcpStream::connect(self.address).await.unwrap();
        // A body that comes after its head would wait for the head to be acknowledged.
        stream.set_nodelay(true).unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost");
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = sender.send_request(request.body(Full::new(body.into())).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        described::check(method, path, parts.status.as_u16());
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[("content-type", b"application/json")], body.to_string()).await
    }

    pub(crate) async fn csv(&self, path: &str, body: impl Into<Bytes>) -> Answer {
        self.send("POST", path, &[("content-type", b"text/csv")], body).await
    }

    /// Registers a device and gives its path.
    pub(crate) async fn device(&self, kind: &str, zone: &str) -> String {
        let body = serde_json::json!({"name": format!("a {kind}"), "kind": kind, "time_zone": zone});
        let answer = self.post("/api/v1/devices", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.header("location").to_owned()
    }

    /// Founds a community and gives its path.
    pub(crate) async fn community(&self, zone: &str) -> String {
        let body = serde_json::json!({"name": "Las Acacias", "time_zone": zone});
        let answer = self.post("/api/v1/communities", &body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{answer:?}");
        answer.header("location").to_owned()
    }
}

/// A value of a form.
fn escaped(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    value.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error} in {self:?}"))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or("")
    }

    /// Checks that it is a refusal as the API promises them, and gives it.
    pub(crate) fn problem(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem = self.json();
        assert_eq!(problem["status"], status);
        for key in ["type", "title", "detail", "instance"] {
            assert!(problem[key].as_str().is_some_and(|text| !text.is_empty()), "{key} in {problem}");
        }
        // Clients of the old system look for the one, all others for the other.
        assert_eq!(problem["message"], problem["detail"], "{problem}");
        assert!(problem["instance"].as_str().unwrap().ends_with(self.header("x-request-id")), "{problem}");
        problem
    }

    /// Checks that it is a success, and gives it.
    pub(crate) fn good(&self) -> Value {
        assert!(self.status.is_success(), "{} {}", self.status, self.text());
        self.json()
    }
}
