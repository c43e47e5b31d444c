//! What an operator does from the command line, beside a server that runs.

use std::{
    io::Write,
    process::{Output, Stdio},
};

use serde_json::json;

use crate::{
    databases::Database,
    harness::{Server, folder},
    process::program,
};

const ME: &str = "/api/v1/auth/me";

/// Runs the program on a database, with something on its standard input.
fn run(url: &str, arguments: &[&str], input: &str) -> Output {
    let mut command = program();
    command.args(arguments).args(["--database-url", url]);
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().unwrap();
    // A program that reads nothing has closed the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// What the program says when it does well.
fn said(output: &Output) -> String {
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What the program says when it fails.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn users_are_made_kept_out_and_let_in() {
    let server = Server::with(&["--registration", "closed"], grid_server::serve::Content::AsItIs).await;
    let url = server.database_url();
    let user = |arguments: &[&str], input: &str| run(&url, &[&["user"], arguments].concat(), input);
    let create = ["create", "root", "--email", "root@example.org", "--admin"];
    assert!(refused(&user(&create, "short\n")).contains('8'));
    assert!(refused(&user(&create, "")).contains('8'));
    assert!(said(&user(&create, "noon on the roof\n")).starts_with("root is there as administrator "));
    assert!(refused(&user(&create, "noon on the roof\n")).contains("taken"));
    // A password is no argument.
    assert_eq!(user(&[&create[..], &["--password", "noon on the roof"]].concat(), "").status.code(), Some(2));
    said(&user(&["create", "kat", "--email", "kat@example.org"], "correct horse\r\n"));
    assert_eq!(
        said(&user(&["list"], "")),
        "root\troot@example.org\tadministrator\tactive\nkat\tkat@example.org\tuser\tactive\n"
    );
    let root = server.client().log_in("root", "noon on the roof").await;
    let kat = server.client().log_in("kat", "correct horse").await;

    said(&user(&["disable", "KAT"], ""));
    assert!(said(&user(&["list"], "")).contains("disabled since 2"));
    kat.post("/login", &json!({"username": "kat", "password": "correct horse"})).await.problem(401);
    // The server that runs hears of it within seconds.
    let mut tries = 0;
    while kat.get(ME).await.status != 401 {
        tries += 1;
        assert!(tries < 100, "the token is still good");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    said(&user(&["enable", "kat@example.org"], ""));
    said(&user(&["set-password", "kat"], "green door with a bell\n"));
    kat.log_in("kat", "green door with a bell").await;
    for command in ["disable", "enable", "set-password"] {
        assert!(refused(&user(&[command, "nobody"], "noon on the roof\n")).contains("nobody"));
    }

    let audit = root.get("/api/v1/audit?limit=50").await.good();
    let by_command: Vec<_> = audit["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["actor_name"] == "command line")
        .map(|entry| entry["action"].as_str().unwrap())
        .collect();
    let expected = ["user.set_password", "user.enable", "user.disable", "user.create", "user.create"];
    assert_eq!(by_command, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn s52_a_token_is_explained_without_its_signature() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let url = server.database_url();
    let good = run(&url, &["token", "inspect", kat.token()], "");
    let text = said(&good);
    assert!(text.contains("\"username\":\"kat\"") && text.contains("signature: passed"), "{text}");
    assert!(text.contains("revocation: passed"), "{text}");
    let left = text.split("seconds left: ").nth(1).unwrap().lines().next().unwrap();
    assert!((1..=900).contains(&left.parse::<i64>().unwrap()), "{left}");
    let signature = kat.token().rsplit('.').next().unwrap();
    assert!(!text.contains(signature));
    assert_eq!(
        said(&run(&url, &["token", "inspect", "-"], &format!("Bearer {}\n", kat.token()))).lines().count(),
        text.lines().count()
    );

    let mut stripped = kat.token().rsplit_once('.').unwrap().0.to_owned();
    stripped.push('.');
    let output = run(&url, &["token", "inspect"], &stripped);
    assert!(refused(&output).contains("signature"), "{output:?}");
    assert!(refused(&run(&url, &["token", "inspect", "rubbish"], "")).contains("token_malformed"));
    // Without the database the signature is not looked at, and the token is not called good.
    let nowhere = folder();
    let nowhere = format!("sqlite://{}", nowhere.join("none.db").display());
    let output = run(&nowhere, &["token", "inspect", kat.token()], "");
    refused(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("signature: skipped") && text.contains("not compared"), "{text}");
    assert!(!std::path::Path::new(nowhere.trim_start_matches("sqlite://")).exists());

    kat.post("/api/v1/auth/logout", &json!({})).await;
    let output = run(&url, &["token", "inspect", kat.token()], "");
    assert!(refused(&output).contains("token_revoked"), "{output:?}");
}

#[test]
fn a_token_of_the_old_kind_is_explained_where_the_secret_is_set() {
    use grid_core::auth::{Scopes, SharedSecret, Subject};
    let database = Database::empty(&folder());
    let secret = "thirty-two bytes that nobody guesses";
    let kat = Subject {
        user_id: uuid::Uuid::from_u128(7),
        username: "kat".to_owned(),
        scope: Scopes::of_user(),
        session_id: None,
    };
    #[expect(clippy::disallowed_methods, reason = "the program goes by the machine's clock")]
    let now = jiff::Timestamp::now();
    let shared = SharedSecret::new(secret.as_bytes()).unwrap();
    let token = shared.issue(&kat, std::time::Duration::from_mins(5), now).unwrap().token;
    let text = said(&run(&database.url, &["token", "inspect", &token, "--jwt-hs256-secret", secret], ""));
    assert!(text.contains("signature: passed") && text.contains("HS256"), "{text}");
    let other = ["token", "inspect", &token, "--jwt-hs256-secret", "another secret of thirty-two bytes"];
    assert!(refused(&run(&database.url, &other, "")).contains("signature"));
    refused(&run(&database.url, &["token", "inspect", &token], ""));
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_listed_rotated_and_removed() {
    let server = Server::start().await;
    let kat = server.user("kat").await;
    let url = server.database_url();
    let keys = |arguments: &[&str]| run(&url, &[&["keys"], arguments].concat(), "");
    let listed = said(&keys(&["list"]));
    let first = listed.split('\t').next().unwrap().to_owned();
    assert!(listed.contains("\tsigns\tnot sealed\n") && listed.lines().count() == 1, "{listed}");

    let rotated = said(&keys(&["rotate"]));
    let second = rotated.split(' ').next().unwrap().to_owned();
    let listed = said(&keys(&["list"]));
    let lines: Vec<_> = listed.lines().collect();
    assert!(lines[0].starts_with(&first) && lines[0].contains("verifies until 2"), "{listed}");
    assert!(lines[1].starts_with(&second) && lines[1].contains("signs"), "{listed}");
    kat.get(ME).await.good();

    assert!(refused(&keys(&["remove", "nothing"])).contains("nothing"));
    said(&keys(&["remove", &first]));
    let mut tries = 0;
    while kat.get(ME).await.status != 401 {
        tries += 1;
        assert!(tries < 100, "what a removed key signed is still good");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // Of the last key, too, nothing is left but another one.
    let removed = said(&keys(&["remove", &second]));
    assert!(removed.contains("signs from now on") && removed.contains("is removed"), "{removed}");
    let listed = said(&keys(&["list"]));
    assert!(listed.lines().count() == 1 && !listed.contains(&second), "{listed}");
}

#[test]
fn sealed_keys_need_what_they_were_sealed_with() {
    let database = Database::empty(&folder());
    let sealing = ["--sealing-key", "a text of at least 32 bytes, best made at random"];
    said(&run(&database.url, &[&["keys", "rotate"], &sealing[..]].concat(), ""));
    let listed = said(&run(&database.url, &[&["keys", "list"], &sealing[..]].concat(), ""));
    assert!(listed.contains("\tsealed\n"), "{listed}");
    for command in ["list", "rotate"] {
        assert!(refused(&run(&database.url, &["keys", command], "")).contains("GRID_SEALING_KEY"));
    }
}
