//! A community's key as Spain's file of coefficients, over HTTP and from the command line.

use std::fmt::Write as _;

use grid_server::serve::Content;
use serde_json::{Value, json};

use crate::{
    harness::{Answer, Client, Server, folder},
    process::program,
};

const ANA: &str = "ES1234000000000001JN0F";
const BEN: &str = "ES1234000000000002JS0F";
const CAU: &str = "ES1234000000000001JN0FA001";

/// Ana's meter is called by her supply point, Ben by his.
struct Street {
    server: Server,
    ana: Client,
    path: String,
    of_ana: String,
    of_ben: String,
}

impl Street {
    async fn new() -> Self {
        let server = Server::with(&[], Content::AsItIs).await;
        let ana = server.user("ana").await;
        let path = ana.community("Europe/Madrid").await;
        let hour = "2026-03-01T00:00:00Z,2026-03-01T01:00:00Z,1";
        let table = format!(
            "device,member,channel,start,end,energy_kwh\n{ANA},ana,consumption,{hour}\n{BEN},{BEN},consumption,{hour}\n"
        );
        ana.csv(&format!("{path}/readings"), table).await.good();
        let members = ana.get(&format!("{path}/members")).await.good();
        let id = |name: &str| {
            let all = members["items"].as_array().unwrap();
            all.iter().find(|one| one["name"] == name).unwrap()["id"].as_str().unwrap().to_owned()
        };
        let (of_ana, of_ben) = (id("ana"), id(BEN));
        Self { server, ana, path, of_ana, of_ben }
    }

    async fn send(&self, query: &str, file: impl Into<bytes::Bytes>) -> Answer {
        let kind: [(&str, &[u8]); 1] = [("content-type", b"text/plain")];
        self.ana.send("POST", &format!("{}/keys/coefficients.txt?{query}", self.path), &kind, file).await
    }

    async fn file(&self, year: u16) -> Answer {
        self.ana.get(&format!("{}/keys/coefficients.txt?year={year}&cau={CAU}", self.path)).await
    }

    async fn keys(&self) -> Value {
        self.ana.get(&format!("{}/keys", self.path)).await.good()["items"].clone()
    }
}

#[tokio::test]
async fn a_file_becomes_a_dated_key_and_comes_back() {
    let street = Street::new().await;
    let file = format!("{ANA};0,135464\r\n{BEN};0,864536\r\n");
    // In any order, with Unix line ends.
    let made = street.send("year=2026", format!("{BEN};0,864536\n{ANA};0,135464\n")).await;
    assert_eq!(made.status, 201, "{}", made.text());
    let share = |id: &str, share: &str| json!({"member_id": id, "share": share});
    let mut shares = [share(&street.of_ana, "0.135464"), share(&street.of_ben, "0.864536")];
    shares.sort_by_key(|one| one["member_id"].as_str().unwrap().to_owned());
    let key = json!({"valid_from": "2025-12-31T23:00:00Z", "kind": "static", "shares": shares});
    assert_eq!(made.json(), key);
    assert_eq!(street.keys().await, json!([key]));

    let answer = street.file(2026).await;
    assert_eq!((answer.status.as_u16(), answer.text()), (200, file));
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{CAU}_2026.txt\""));
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");

    // The last file of a year takes the place of the one before it, and the next year has it too.
    street.send("year=2026&valid_from=2026-05-01", format!("{ANA};1\n{BEN};0\n")).await.good();
    assert_eq!(street.keys().await[1]["valid_from"], "2026-04-30T22:00:00Z");
    for year in [2026, 2027] {
        let answer = street.file(year).await;
        assert_eq!(answer.text(), format!("{ANA};1,000000\r\n{BEN};0,000000\r\n"));
        assert!(answer.header("content-disposition").contains(&format!("_{year}.txt")));
    }
    // A whole year of hours that are all alike.
    let mut hours = String::new();
    for hour in 1..=8760 {
        writeln!(hours, "{ANA};{hour};0,5\n{BEN};{hour};0,5").unwrap();
    }
    street.send("year=2028", hours.clone()).await.good();
    assert_eq!(street.file(2028).await.text(), format!("{ANA};0,500000\r\n{BEN};0,500000\r\n"));
    let odd = hours.replace(&format!("{ANA};523;0,5\n"), &format!("{ANA};523;1\n"));
    let odd = odd.replace(&format!("{BEN};523;0,5\n"), &format!("{BEN};523;0\n"));
    let problem = street.send("year=2028", odd).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("hour 523"), "{problem}");
    assert_eq!(street.keys().await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_wrong_with_a_file_is_told_by_its_line() {
    let street = Street::new().await;
    for (file, line, column, got) in [
        (format!("{ANA};0,5\n{BEN};0.5\n"), 2, 2, "0.5"),
        (format!("{ANA};0,5\nES1234000000000009JX0F;0,5\n"), 2, 1, "ES1234000000000009JX0F"),
        (format!("{ANA};0,5\n{BEN};0,499999\n"), 2, 2, "0,999999"),
        (format!("{ANA};0,5\n{ANA};0,5\n"), 2, 1, "twice"),
        ("<html>".to_owned(), 1, 1, "1 fields"),
        (String::new(), 1, 0, "an empty file"),
    ] {
        let problem = street.send("year=2026", file.clone()).await.problem(422);
        let fault = &problem["errors"][0];
        assert_eq!(fault["line"], line, "{file}: {problem}");
        if column > 0 {
            assert_eq!(fault["column"], column, "{file}: {problem}");
        }
        assert!(fault["got"].as_str().unwrap().contains(got), "{file}: {problem}");
    }
    let good = format!("{ANA};0,5\n{BEN};0,5\n");
    for (query, pointer) in [
        ("year=2026&valid_from=2027-01-01", "valid_from"),
        ("year=2026&valid_from=noon", "valid_from"),
        ("year=20260", "year"),
        ("year=9999", "year"),
    ] {
        let problem = street.send(query, good.clone()).await.problem(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    street.send("", good.clone()).await.problem(422);
    assert_eq!(street.keys().await, json!([]));

    // No key is in proportion to need, which no file can say.
    let problem = street.file(2026).await.problem(409);
    assert!(problem["detail"].as_str().unwrap().contains("`proportional`"), "{problem}");
    let wrong = street.ana.get(&format!("{}/keys/coefficients.txt?year=2026&cau=ES12", street.path)).await;
    assert_eq!(wrong.problem(422)["errors"][0]["pointer"], "cau");
    // Whoever has a share needs a supply point.
    let eva = street.ana.post(&format!("{}/members", street.path), &json!({"name": "Eva"})).await.good();
    let shares = json!({"kind": "static", "valid_from": "2026-01-01", "shares": [{"member_id": eva["id"], "share": "1"}]});
    street.ana.post(&format!("{}/keys", street.path), &shares).await.good();
    let problem = street.file(2026).await.problem(409);
    assert!(
        problem["detail"].as_str().unwrap().contains("`Eva`") && problem["hint"].is_string(),
        "{problem}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_reads_and_writes_the_same_file() {
    let street = Street::new().await;
    let url = street.server.database_url();
    let out = folder();
    let (year, later) = (out.join(format!("{CAU}_2026.txt")), out.join("2027.txt"));
    std::fs::write(&year, format!("{BEN};0,75\n{ANA};0,25\n")).unwrap();
    std::fs::write(&later, format!("{ANA};0,5\n{BEN};0,4\n")).unwrap();
    let run = |more: &[&str]| {
        let fixed = ["--database-url", &url, "coefficients"];
        let output = program().args([&fixed[..], more].concat()).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), text)
    };
    let (shown, later_shown) = (year.display().to_string(), later.display().to_string());
    let told = run(&["set", "--community", "Las Acacias", &shown]);
    assert_eq!(told, (Some(0), "key\t2 members\tfrom 2025-12-31T23:00:00Z\n".to_owned()));
    let written = street.file(2026).await.text();
    assert_eq!(written, format!("{ANA};0,250000\r\n{BEN};0,750000\r\n"));

    let again = out.join("again");
    let folder_shown = again.display().to_string();
    let id = street.path.rsplit('/').next().unwrap();
    let (code, told) =
        run(&["write", "--community", id, "--year", "2026", "--cau", CAU, "--out", &folder_shown]);
    assert_eq!(code, Some(0), "{told}");
    assert_eq!(std::fs::read_to_string(again.join(format!("{CAU}_2026.txt"))).unwrap(), written);

    // The name does not say the year, and the file does not add up.
    let (code, told) = run(&["set", "--community", id, &later_shown]);
    assert!(code == Some(1) && told.contains("--year"), "{told}");
    let (code, told) = run(&["set", "--community", id, "--year", "2027", &later_shown]);
    assert!(code == Some(1) && told.contains("line 2") && told.contains("0,900000"), "{told}");
    std::fs::write(&later, format!("{ANA};0,5\n{BEN};0,5\n")).unwrap();
    let dated = ["set", "--community", id, "--year", "2027", "--valid-from", "2027-02-01", &later_shown];
    assert!(run(&dated).1.ends_with("from 2027-01-31T23:00:00Z\n"));
    assert_eq!(street.keys().await.as_array().unwrap().len(), 2);
    std::fs::remove_dir_all(out).unwrap();
}
