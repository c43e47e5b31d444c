//! The files that a server is deployed with, and the pages about them, against the program.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::{CommandFactory, Parser};
use grid_server::cli::Cli;

use crate::harness::Server;

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(file: &str) -> String {
    fs::read_to_string(workspace().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The files of a folder, by their path from the workspace.
fn folder(name: &str) -> Vec<String> {
    let mut files = Vec::new();
    for entry in fs::read_dir(workspace().join(name)).unwrap() {
        let entry = entry.unwrap();
        let path = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() { files.extend(folder(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn has_extension(file: &str, extension: &str) -> bool {
    Path::new(file).extension().is_some_and(|found| found == extension)
}

/// All that a deployment consists of.
fn deployment() -> Vec<String> {
    let mut files = vec!["Dockerfile".to_owned(), ".dockerignore".to_owned(), "compose.yaml".to_owned()];
    for name in ["deploy", "docs/deploy", ".github/workflows"] {
        files.extend(folder(name));
    }
    files
}

/// The names in a text that begin with `GRID_`.
fn settings(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_'))
        .filter(|word| word.starts_with("GRID_") && word.len() > "GRID_".len())
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_setting_that_a_deployment_names_is_one_that_the_server_knows() {
    let command = Cli::command();
    let known: BTreeSet<&str> =
        command.get_arguments().filter_map(|argument| argument.get_env()?.to_str()).collect();
    assert!(known.contains("GRID_DATABASE_URL"), "{known:?}");
    let mut named = BTreeSet::new();
    let mut unknown = Vec::new();
    for file in deployment() {
        for setting in settings(&read(&file)) {
            // What only the tests read.
            if !known.contains(&*setting) && !setting.starts_with("GRID_TEST_") {
                unknown.push(format!("{file}: {setting}"));
            }
            named.insert(setting);
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    assert!(named.contains("GRID_DATABASE_URL") && named.contains("GRID_SEALING_KEY"), "{named:?}");
}

#[test]
fn what_the_image_runs_and_what_is_asked_of_it_are_there() {
    let dockerfile = read("Dockerfile");
    for command in ["serve", "healthcheck"] {
        assert!(dockerfile.contains(&format!("\"{command}\"]")), "{command}");
        assert!(Cli::try_parse_from(["grid-server", command]).is_ok(), "{command}");
    }
    let (rust, _) = dockerfile.split_once("FROM rust:").unwrap().1.split_once('-').unwrap();
    let version = |text: &str| text.split('.').map(|part| part.parse().unwrap()).collect::<Vec<u32>>();
    assert!(version(rust) >= version(env!("CARGO_PKG_RUST_VERSION")), "{rust}");
    let workflow = read(".github/workflows/ci.yaml");
    assert!(
        workflow.contains(&format!("image: rust:{rust}-")),
        "the Rust that ships is the Rust that is tested"
    );
    assert!(workflow.contains(".ci/run"));

    let routes: serde_json::Value = serde_json::from_str(&read("grid-server/openapi.json")).unwrap();
    for file in ["deploy/cloud-run.yaml", "deploy/app.yaml"] {
        let text = read(file);
        let paths: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("path: ")).collect();
        assert_eq!(paths.len(), 2, "{file}: {paths:?}");
        for path in paths {
            assert!(routes["paths"][path]["get"].is_object(), "{file}: {path}");
        }
    }
}

#[test]
fn no_host_and_no_project_is_written_into_a_deployment() {
    // What was seen: the service asked a machine that no configuration named, because its address stood in the source.
    let ours = ["127.0.0.1", "0.0.0.0", "10.0.0.", "192.0.2."];
    for file in deployment() {
        for word in read(&file).split(|c: char| !(c.is_ascii_digit() || c == '.')) {
            let parts: Vec<_> = word.trim_matches('.').split('.').collect();
            let address = parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok());
            assert!(!address || ours.iter().any(|known| word.starts_with(known)), "{file}: {word}");
        }
    }
    for line in read("deploy/cloud-run.yaml").lines().chain(read("deploy/app.yaml").lines()) {
        if let Some((_, account)) =
            line.split_once("serviceAccountName: ").or_else(|| line.split_once("service_account: "))
        {
            assert!(account.contains("@PROJECT."), "{account}");
        }
    }
}

/// The blocks of code of a page, as language and text without comments and empty lines.
fn blocks(page: &str) -> Vec<(String, String)> {
    page.split("```")
        .skip(1)
        .step_by(2)
        .map(|block| {
            let (language, text) = block.split_once('\n').unwrap();
            let plain = |line: &&str| {
                let line = line.trim_start();
                !line.is_empty() && !line.starts_with('#') && !line.starts_with("--")
            };
            let text = text.lines().filter(plain).collect::<Vec<_>>().join("\n");
            (language.trim().to_owned(), text)
        })
        .collect()
}

#[test]
fn both_languages_say_the_same_commands_and_have_the_same_parts() {
    let pages = folder("docs/deploy");
    let english: Vec<_> = pages.iter().filter(|page| !page.ends_with(".es.md")).collect();
    assert!(english.len() >= 7, "{english:?}");
    assert_eq!(pages.len(), 2 * english.len(), "{pages:?}");
    for page in english {
        let (one, other) = (read(page), read(&page.replace(".md", ".es.md")));
        let headings = |text: &str| {
            let outside: String = text.split("```").step_by(2).collect();
            outside
                .lines()
                .filter(|line| line.starts_with('#'))
                .map(|line| line.len() - line.trim_start_matches('#').len())
                .collect::<Vec<_>>()
        };
        assert_eq!(headings(&one), headings(&other), "{page}");
        assert_eq!(blocks(&one), blocks(&other), "{page}");
    }
}

fn parses(what: &str, script: &str) {
    let mut bash =
        Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    bash.stdin.take().unwrap().write_all(script.as_bytes()).unwrap();
    let output = bash.wait_with_output().unwrap();
    assert!(output.status.success(), "{what}: {}\n{script}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_command_that_a_page_gives_is_one_that_a_shell_can_read() {
    let mut count = 0;
    for file in deployment() {
        if has_extension(&file, "sh") {
            parses(&file, &read(&file));
            count += 1;
        } else if has_extension(&file, "md") {
            for (language, text) in blocks(&read(&file)) {
                if language == "sh" {
                    parses(&file, &text);
                    count += 1;
                }
            }
        }
    }
    assert!(count > 20, "{count}");
}

/// How a visit by `deploy/smoke.sh` ended, and what it said.
async fn smoke(server: &Server) -> (bool, String) {
    let script = workspace().join("deploy/smoke.sh");
    let address = format!("http://{}", server.address);
    let visit = move || Command::new("bash").arg(script).arg(address).output().unwrap();
    let output = tokio::task::spawn_blocking(visit).await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(said).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_visit_after_a_deployment_goes_through_a_server_and_stops_at_what_is_wrong() {
    let (well, said) = smoke(&Server::start().await).await;
    assert!(well, "{said}");
    for step in ["/readyz", "no token is 401", "log in", "the reading out", "a battery file", "a forecast"] {
        assert!(said.contains(&format!("ok: {step}\n")), "{step}: {said}");
    }
    let closed = Server::with(&["--registration", "closed"], grid_server::serve::Content::AsItIs).await;
    let (well, said) = smoke(&closed).await;
    assert!(!well && said.contains("expected 201, got 403"), "{said}");
}
