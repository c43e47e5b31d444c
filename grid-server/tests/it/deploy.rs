//! The files that a server is deployed with, and the pages about them, against the program.

use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::{CommandFactory, Parser};
use grid_server::cli::{self, Cli};

use crate::harness::{self, Server};

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

/// The settings that the server knows.
fn known() -> BTreeSet<String> {
    let command = Cli::command();
    let known: BTreeSet<String> = command
        .get_arguments()
        .filter_map(|argument| Some(argument.get_env()?.to_str()?.to_owned()))
        .collect();
    assert!(known.contains("GRID_DATABASE_URL"), "{known:?}");
    known
}

#[test]
fn s100_every_setting_that_a_deployment_names_is_one_that_the_server_knows() {
    let known = known();
    let mut named = BTreeSet::new();
    let mut unknown = Vec::new();
    for file in deployment() {
        for setting in settings(&read(&file)) {
            // What only the tests read.
            if !known.contains(&setting) && !setting.starts_with("GRID_TEST_") {
                unknown.push(format!("{file}: {setting}"));
            }
            named.insert(setting);
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    assert!(named.contains("GRID_DATABASE_URL") && named.contains("GRID_SEALING_KEY"), "{named:?}");
}

/// The script that tries all of it ends in `make test`, and what is pushed runs the script.
#[test]
fn s132_what_is_pushed_is_tried_as_make_test_tries_it() {
    let workflow = read(".github/workflows/ci.yaml");
    assert_eq!(workflow.lines().filter(|line| line.trim() == ".ci/run").count(), 1, "{workflow}");
    let script = read(".ci/run");
    let tries = script.lines().filter(|line| line.starts_with("make ") && line.contains(" test "));
    assert_eq!(tries.count(), 1, "{script}");
}

#[test]
fn s13_s33_s75_s86_what_the_image_runs_and_what_is_asked_of_it_are_there() {
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

/// What looks like an address of four numbers.
fn addresses(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '.'));
    let is_one = |word: &&str| {
        let parts: Vec<_> = word.trim_matches('.').split('.').collect();
        parts.len() == 4 && parts.iter().all(|part| part.parse::<u8>().is_ok())
    };
    words.filter(is_one).map(|word| word.trim_matches('.').to_owned()).collect()
}

/// What a source says to the compiler: neither its comments, which name sections of standards, nor its tests.
fn said_by(source: &str) -> String {
    let shipped = source.split("#[cfg(test)]").next().unwrap();
    shipped.lines().map(|line| line.split("//").next().unwrap()).collect::<Vec<_>>().join("\n")
}

#[test]
fn s11_no_host_and_no_project_is_written_into_a_deployment_or_a_source() {
    // What was seen: the service asked a machine that no configuration named, because its address stood in the source.
    let ours = ["127.0.0.1", "0.0.0.0", "10.0.0.", "192.0.2."];
    let is_ours = |address: &str| ours.iter().any(|known| address.starts_with(known));
    for file in deployment() {
        for address in addresses(&read(&file)) {
            assert!(is_ours(&address), "{file}: {address}");
        }
    }
    let sources: Vec<_> =
        ["grid-core/src", "grid-server/src", "grid-py/src"].into_iter().flat_map(folder).collect();
    let is_shipped =
        |file: &&String| has_extension(file, "rs") && !file.contains("/tests") && !file.contains("tests.rs");
    let mut count = 0;
    for file in sources.iter().filter(is_shipped) {
        for address in addresses(&said_by(&read(file))) {
            // Those for documentation (RFC 5737) lead nowhere.
            let leads_nowhere =
                ["127.0.0.1", "0.0.0.0"].contains(&&*address) || address.starts_with("192.0.2.");
            assert!(leads_nowhere, "{file}: {address}");
        }
        count += 1;
    }
    assert!(count > 200, "{count}");
    assert_eq!(addresses("at 198.51.100.7:3306, section 2.1, 1.2.3.4.5"), ["198.51.100.7"]);
    for (file, name) in
        [("deploy/cloud-run.yaml", "serviceAccountName: "), ("deploy/app.yaml", "service_account: ")]
    {
        let text = read(file);
        let account = text.lines().find_map(|line| line.trim().strip_prefix(name)).unwrap();
        assert_eq!(account.split('#').next().unwrap().trim(), "${ACCOUNT}", "{file}");
    }
}

/// S62. Port 3306 was open to the whole world, and the database was not reached all the same.
#[test]
fn s62_nothing_that_is_deployed_opens_a_network_to_everybody() {
    let mut warned = 0;
    for file in deployment() {
        let text = read(&file);
        let said: Vec<String> = if has_extension(&file, "md") {
            warned += usize::from(text.contains("0.0.0.0/0"));
            blocks(&text).into_iter().map(|(_, text)| text).collect()
        } else {
            let plain =
                |line: &&str| !line.trim_start().starts_with('#') && !line.trim_start().starts_with("--");
            vec![text.lines().filter(plain).collect::<Vec<_>>().join("\n")]
        };
        for part in said {
            assert!(!part.contains("0.0.0.0/0") && !part.contains("::/0"), "{file}: {part}");
        }
    }
    // The page about Cloud Run says so, in both languages.
    assert_eq!(warned, 2);
}

/// The files of the repository, as git knows them.
fn committed() -> Vec<String> {
    let output = Command::new("git").arg("-C").arg(workspace()).args(["ls-files", "-z"]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap().split_terminator('\0').map(str::to_owned).collect()
}

/// The passwords that stand in addresses: `scheme://user:password@`.
fn passwords(text: &str) -> Vec<&str> {
    let ends = |c: char| c.is_whitespace() || "/'\"`<>()".contains(c);
    let password = |rest: &'_ str| -> Option<(usize, usize)> {
        let place = &rest[..rest.find(ends).unwrap_or(rest.len())];
        let (user, _) = place.rsplit_once('@')?;
        Some((user.find(':')? + 1, user.len()))
    };
    text.split("://").skip(1).filter_map(|rest| password(rest).map(|(from, to)| &rest[from..to])).collect()
}

/// S9 and S113. What stands in the place of a secret says that it does, and a `.env` neither is committed nor goes into the image.
#[test]
fn s9_s113_no_secret_is_committed_and_no_dot_env_goes_along() {
    let files = committed();
    assert!(files.len() > 300, "{}", files.len());
    for file in &files {
        let name = file.rsplit('/').next().unwrap();
        let is_secret = (name.starts_with(".env") && name != ".env.example")
            || name.starts_with("id_")
            || ["pem", "key", "p12", "pfx", "jks"].iter().any(|kind| has_extension(name, kind));
        assert!(!is_secret, "{file}");
    }
    // The private key that RFC 8410 publishes, in section 10.3.
    let published = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
    let begin = ["-----BEGIN", "PRIVATE KEY-----"];
    for file in &files {
        let Ok(text) = fs::read_to_string(workspace().join(file)) else { continue };
        // In a source it may stand as one line.
        let text = text.replace("\\n", "\n");
        for key in text.split(begin[0]).skip(1).filter_map(|rest| rest.split_once(begin[1])) {
            let base64: String = key
                .1
                .trim_start_matches(|c: char| !c.is_ascii_alphanumeric())
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c))
                .collect();
            let is_one = key.0.len() < 12 && base64.len() > 40;
            assert!(!is_one || base64 == published, "{file} holds a private key");
        }
    }
    // Words that say what belongs there, and those of the databases of tests.
    let placeholders = ["PASSWORD", "password", "clave", "one", "another", "...", "grid_test"];
    let of_operators = files.iter().filter(|file| {
        ["deploy/", "docs/", ".ci/", ".github/"].iter().any(|folder| file.starts_with(folder))
            || !file.contains('/')
    });
    let mut count = 0;
    for file in of_operators {
        let text = read(file);
        for password in passwords(&text) {
            let is_variable = password.starts_with('$');
            assert!(is_variable || placeholders.contains(&password), "{file}: {password}");
            count += 1;
        }
        // `NAME: value` of YAML and `NAME=value` of a shell: what is secret comes from elsewhere, or is a name for it.
        for line in text.lines().filter(|_| !has_extension(file, "md")) {
            let Some((name, value)) = line.split_once(": ").or_else(|| line.split_once('=')) else {
                continue;
            };
            let name = name.trim().trim_start_matches("export ");
            let is_secret =
                ["PASSWORD", "SECRET", "SEALING_KEY", "METRICS_TOKEN"].iter().any(|end| name.ends_with(end));
            let is_name = name.chars().all(|c| c.is_ascii_uppercase() || c == '_');
            let value = value.trim().trim_matches('"');
            let plain = ["", "1", "only-for-this-run"].contains(&value) || value.starts_with('$');
            assert!(!(is_secret && is_name) || plain, "{file}: {line}");
        }
    }
    assert!(count > 20, "{count}");
    assert_eq!(passwords("mysql://dev:hunter2@db/GRID and postgres://host/grid"), ["hunter2"]);
    assert!(read(".gitignore").lines().any(|line| line == ".env"));
    let image = read(".dockerignore");
    let image: Vec<_> = image.lines().filter(|line| !line.starts_with('#')).collect();
    // Nothing but what is named, and of that no such file.
    assert_eq!(image.first(), Some(&"*"));
    assert!(image.contains(&"**/.env"), "{image:?}");
    assert!(!image.iter().any(|line| line.starts_with('!') && line.contains(".env")), "{image:?}");
}

/// S28, S29, S87. What was guessed at the time of the deployment were the dependencies.
#[test]
fn s28_s29_s87_s131_what_is_built_and_installed_is_what_was_locked() {
    let dockerfile = read("Dockerfile");
    let builds: Vec<_> =
        dockerfile.lines().filter(|line| !line.starts_with('#') && line.contains("cargo ")).collect();
    assert!(!builds.is_empty());
    for build in builds {
        assert!(build.contains("cargo build ") && build.contains(" --locked"), "{build}");
    }
    let last = dockerfile.lines().rfind(|line| line.starts_with("FROM ")).unwrap();
    assert!(last.starts_with("FROM scratch"), "{last}");
    let files = committed();
    assert!(files.iter().any(|file| file == "Cargo.lock"));
    let requirements: Vec<_> = files
        .iter()
        .filter(|file| {
            file.rsplit('/').next().unwrap().starts_with("requirements") && has_extension(file, "txt")
        })
        .collect();
    assert!(requirements.len() >= 5, "{requirements:?}");
    for file in requirements {
        for line in
            read(file).lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let pinned = line.split_once("==").is_some_and(|(name, version)| {
                !name.contains(['<', '>', '~', ' '])
                    && version.starts_with(|c: char| c.is_ascii_digit())
                    && !version.contains('*')
            });
            assert!(pinned, "{file}: {line}");
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
fn s136_both_languages_say_the_same_commands_and_have_the_same_parts() {
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
fn s10_s96_every_command_that_a_page_gives_is_one_that_a_shell_can_read() {
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
async fn s25_s120_s123_the_visit_after_a_deployment_goes_through_a_server_and_stops_at_what_is_wrong() {
    let (well, said) = smoke(&Server::start().await).await;
    assert!(well, "{said}");
    for step in ["/readyz", "no token is 401", "log in", "the reading out", "a battery file", "a forecast"] {
        assert!(said.contains(&format!("ok: {step}\n")), "{step}: {said}");
    }
    let closed = Server::with(&["--registration", "closed"], grid_server::serve::Content::AsItIs).await;
    let (well, said) = smoke(&closed).await;
    assert!(!well && said.contains("expected 201, got 403"), "{said}");
}

/// The commands of a page that begin with a word, each on one line.
fn commands(page: &str, word: &str) -> Vec<String> {
    let scripts = blocks(page).into_iter().filter(|(language, _)| language == "sh");
    let lines = scripts
        .flat_map(|(_, text)| text.replace("\\\n", " ").lines().map(str::to_owned).collect::<Vec<_>>());
    lines.filter(|line| line.split_whitespace().next() == Some(word)).collect()
}

/// What a `sed` replaced beside the placeholders: `INSTANCE` stood in `GRID_INSTANCES`, too.
#[test]
fn what_the_pages_have_sed_make_of_a_template_is_the_template_with_its_placeholders_filled_in() {
    let values = [
        ("ACCOUNT", "grid-server@a-project.iam.gserviceaccount.com"),
        ("PROJECT", "a-project"),
        ("REGION", "europe-west1"),
        ("INSTANCE", "an-instance"),
        ("IMAGE", "europe-west1-docker.pkg.dev/a-project/grid/grid-server:1"),
        // With an `&`, which is more than itself to `sed`.
        ("DATABASE_URL", "postgres://grid:PASSWORD@localhost/grid?host=/cloudsql/a&sslmode=disable"),
        ("SEALING_KEY", "6f1d2a0c6f1d2a0c6f1d2a0c6f1d2a0c"),
    ];
    let (known, mut made) = (known(), Vec::new());
    for page in folder("docs/deploy").iter().filter(|file| has_extension(file, "md")) {
        for command in commands(&read(page), "sed") {
            let word = |start: &str| command.split_whitespace().find_map(|word| word.strip_prefix(start));
            let (name, result) = (word("deploy/").unwrap(), word(">").unwrap());
            let template = read(&format!("deploy/{name}"));
            let place = harness::folder();
            fs::create_dir(place.join("deploy")).unwrap();
            fs::write(place.join("deploy").join(name), &template).unwrap();
            let output = Command::new("bash")
                .args(["-euo", "pipefail", "-c", &command])
                .env_clear()
                .env("PATH", std::env::var_os("PATH").unwrap())
                .envs(values)
                .current_dir(&place)
                .output()
                .unwrap();
            assert!(output.status.success() && output.stderr.is_empty(), "{page}: {command}: {output:?}");
            let result = fs::read_to_string(place.join(result)).unwrap();
            let filled = values
                .iter()
                .fold(template.clone(), |text, (name, value)| text.replace(&format!("${{{name}}}"), value));
            assert_eq!(result, filled, "{page}: {command}");
            for line in result.lines().filter(|line| !line.trim_start().starts_with('#')) {
                assert!(!line.contains('$'), "{page}: {line}");
            }
            assert_ne!(result, template, "{page}: {command}");
            assert_eq!(settings(&result), settings(&template), "{page}: {command}");
            assert!(settings(&result).is_subset(&known), "{page}: {command}");
            made.push(name.to_owned());
        }
    }
    // Each of them in both languages.
    made.sort();
    assert_eq!(made, ["app.yaml", "app.yaml", "cloud-run.yaml", "cloud-run.yaml"]);
}

/// The lines of a service of compose.yaml.
fn service<'a>(compose: &'a str, name: &str) -> Vec<&'a str> {
    let head = format!("  {name}:");
    let lines = compose.lines().skip_while(|line| *line != head).skip(1);
    lines.take_while(|line| line.is_empty() || line.starts_with("    ")).map(str::trim).collect()
}

/// The words of a command that is written as a list, as in `["a", "b"]` or `[CMD, a, b]`.
fn words(list: &str) -> Vec<&str> {
    let words = list.trim().trim_start_matches('[').trim_end_matches(']').split(',');
    words.map(|word| word.trim().trim_matches('"')).filter(|word| *word != "CMD").collect()
}

/// What a command line of the program does.
fn asked(words: &[&str]) -> cli::Command {
    Cli::try_parse_from(words).unwrap().command.unwrap()
}

/// How many seconds the server takes at most to end, once it was told to.
fn seconds_to_end() -> u64 {
    let source = read("grid-server/src/serve.rs");
    let (_, drain) = source.split_once("\nconst DRAIN: Duration = Duration::from_secs(").unwrap();
    let drain: u64 = drain.split_once(");").unwrap().0.parse().unwrap();
    // Then the database is closed and the last threads are waited for, less than two seconds.
    drain + 2
}

#[test]
fn the_unit_of_systemd_starts_the_program_and_lets_it_end() {
    let unit = read("deploy/grid-server.service");
    let value =
        |name: &str| unit.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap();
    let start: Vec<_> = value("ExecStart").split_whitespace().collect();
    assert!(matches!(asked(&start), cli::Command::Serve), "{start:?}");
    for page in ["docs/deploy/systemd.md", "docs/deploy/systemd.es.md"] {
        let installs = commands(&read(page), "sudo");
        let program = start[0].strip_suffix("grid-server").unwrap();
        let to_it = format!("target/release/grid-server {program}");
        assert!(installs.iter().any(|line| line.ends_with(&to_it)), "{page}: {to_it} in {installs:?}");
    }
    // What the program waits for.
    assert_eq!(value("KillSignal"), "SIGTERM");
    let patience: u64 = value("TimeoutStopSec").trim_end_matches('s').parse().unwrap();
    assert!(patience > seconds_to_end(), "{patience} s");
}

#[test]
fn compose_asks_the_program_for_its_health_and_publishes_the_port_that_it_listens_on() {
    let (compose, dockerfile) = (read("compose.yaml"), read("Dockerfile"));
    let of_image =
        |start: &str| dockerfile.lines().find_map(|line| line.trim().strip_prefix(start)).unwrap().trim();
    let grid = service(&compose, "grid");
    let of_service = |start: &str| grid.iter().find_map(|line| line.strip_prefix(start)).map(str::trim);
    // It is the image of this Dockerfile, whose health check holds unless the service has one of its own.
    assert_eq!(of_service("build:"), Some("."));
    let of_its_image = || of_image("HEALTHCHECK ").split_once("CMD ").unwrap().1;
    let check = words(of_service("test:").unwrap_or_else(of_its_image));
    assert_eq!(check[..1], words(of_image("ENTRYPOINT "))[..], "{check:?}");
    assert!(matches!(asked(&check), cli::Command::Healthcheck), "{check:?}");

    let command = Cli::command();
    let port = command.get_arguments().find(|argument| argument.get_id() == "port").unwrap();
    let default = port.get_default_values()[0].to_str().unwrap();
    assert_eq!(of_image("EXPOSE "), default);
    let listens = of_service("PORT:").unwrap_or(default).trim_matches('"');
    let published = grid.iter().copied().skip_while(|line| *line != "ports:").nth(1).unwrap();
    let published = published.trim_start_matches("- ").trim_matches('"');
    assert_eq!(published.rsplit(':').next(), Some(listens), "{published}");
    // From elsewhere it is reached where it listens on all addresses.
    assert!(of_image("ENV ").split_whitespace().any(|setting| setting == "GRID_HOST=0.0.0.0"));

    // Ten seconds are what Docker gives where nothing is said.
    let patience: u64 =
        of_service("stop_grace_period:").unwrap_or("10").trim_end_matches('s').parse().unwrap();
    assert!(patience > seconds_to_end(), "{patience} s");
    assert_eq!(of_image("STOPSIGNAL "), "SIGTERM");
}
