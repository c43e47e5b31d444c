//! Files that come: as a body or in a form, of any layout, and what is refused.

use std::io::Write as _;

use serde_json::json;

use super::{CYCLE, FORM, form};
use crate::harness::Server;

#[tokio::test]
async fn a_form_is_read_like_a_file() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let whole = form("cell.csv", CYCLE);
    let made = ana.send("POST", "/api/v1/battery/recordings", &FORM, whole.clone()).await.good();
    assert_eq!((&made["name"], &made["rows"]), (&json!("cell.csv"), &json!(6)));
    let cut = &whole[..whole.len() - 10];
    ana.send("POST", "/api/v1/battery/recordings", &FORM, cut.to_owned()).await.problem(400);
    ana.send("POST", "/api/v1/battery/recordings", &FORM, "--x--\r\n").await.problem(422);
    // What stands before the file and after it is passed over.
    let field = "--x\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n";
    let more = format!("{field}{}{field}--x--\r\n", whole.trim_end_matches("--x--\r\n"));
    let made = ana.send("POST", "/api/v1/battery/recordings", &FORM, more).await.good();
    assert_eq!(made["rows"], 6);
}

#[tokio::test]
async fn a_file_larger_than_the_limit_is_refused_in_a_body_and_in_a_form() {
    let server = Server::with(&["--max-upload-mb", "1"], grid_server::serve::Content::AsItIs).await;
    let ana = server.user("ana").await;
    let large = format!("{CYCLE}{}", "7202,3.5,0\n".repeat(150_000));
    for path in ["/api/v1/battery/recordings", "/api/v1/battery/recordings?store=false"] {
        ana.csv(path, large.clone()).await.problem(413);
        let problem = ana.send("POST", path, &FORM, form("cell.csv", &large)).await.problem(413);
        assert!(problem["hint"].as_str().unwrap().contains("GRID_MAX_UPLOAD_MB"), "{problem}");
    }
    assert_eq!(ana.get("/api/v1/battery/recordings").await.good()["items"], json!([]));
    assert_eq!(ana.csv("/api/v1/battery/recordings", CYCLE).await.status, 201);
}

#[tokio::test]
async fn a_compressed_file_is_kept_as_it_came() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packer.write_all(CYCLE.as_bytes()).unwrap();
    let packed = packer.finish().unwrap();
    let kind: [(&str, &[u8]); 1] = [("content-type", b"application/octet-stream")];
    let made = ana.send("POST", "/api/v1/battery/recordings", &kind, packed.clone()).await;
    assert_eq!((made.status.as_u16(), &made.json()["rows"]), (201, &json!(6)), "{}", made.text());
    let list = ana.get("/api/v1/battery/recordings").await.good();
    assert_eq!(list["items"][0]["size_bytes"], packed.len());
    let cycles = ana.get(&format!("{}/cycles", made.header("location"))).await.good();
    assert_eq!(cycles["items"], made.json()["cycles"]);
}

#[tokio::test]
async fn what_is_stated_of_a_file_counts_and_is_checked() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = "/api/v1/battery/recordings";
    let plain = ana.csv(path, CYCLE).await.good();
    assert_eq!(plain["format"], "generic");
    let made = ana.csv(&format!("{path}?format=maccor&nominal_ah=2"), CYCLE).await;
    let stated = made.json();
    assert_eq!((made.status.as_u16(), &stated["format"]), (201, &json!("maccor")), "{stated}");
    assert!(stated["evidence"][0]["why"] == "it was said that the file is of this format", "{stated}");
    let health = &stated["health"];
    assert_eq!(health["reference"], json!({"kind": "nominal"}), "{health}");
    // An hour at 1 A, and 1 s between the two directions.
    assert!((health["state_of_health"].as_f64().unwrap() - 0.5).abs() < 1e-3, "{health}");
    // What was stated then is stated again when the file is read again.
    let export = ana.get(&format!("{}/export.json", made.header("location"))).await.good();
    assert_eq!(export["format"], "maccor");
    for (query, word) in [
        ("format=zebra", "`arbin`"),
        ("nominal_ah=0", "above 0 Ah"),
        ("nominal_ah=-1", "above 0 Ah"),
        ("nominal_ah=NaN", "above 0 Ah"),
        ("nominal_ah=much", "invalid"),
        ("store=perhaps", "`true`"),
        ("name=", "name"),
    ] {
        let problem = ana.csv(&format!("{path}?{query}"), CYCLE).await.problem(422);
        assert!(problem.to_string().contains(word), "{query}: {problem}");
    }
    let bdf = "Test Time / s,Voltage / V,Current / A\n0,3.7,0.1\n1,3.8,0.1\n";
    let problem = ana.csv(&format!("{path}?format=arbin"), bdf).await.problem(422);
    assert!(problem["detail"].as_str().unwrap().contains("`bdf`"), "{problem}");
    assert_eq!(ana.get(path).await.good()["items"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_no_recording_is_refused() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let header = "time_s,voltage_V,current_A\n";
    let twice = "time_s,voltage_V,voltage_V,current_A\n0,3.7,3.8,1\n1,3.7,3.8,1\n";
    // What, the file, and what the refusal must name of it.
    let refused: Vec<(&str, Vec<u8>, &str)> = vec![
        ("empty", Vec::new(), "an empty file"),
        ("header only", header.into(), "line 1"),
        ("another table", "a,b\n1,2\n".into(), "`a`"),
        ("a wrong delimiter", header.replace(',', ":").into_bytes(), "a time and a voltage"),
        ("a duplicate column", twice.into(), "columns 2 and 3"),
        ("rubbish", vec![b'x'; 20 << 20], "a time and a voltage"),
        ("rubbish in lines", b"lorem ipsum dolor sit amet\n".repeat(700_000), "a time and a voltage"),
        ("an archive", b"PK\x03\x04\x00\x00\x00\x00".repeat(1000), ""),
    ];
    for (what, file, word) in refused {
        for path in ["/api/v1/battery/recordings?store=false", "/api/v1/battery/recordings"] {
            let problem = ana.csv(path, file.clone()).await.problem(422);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.len() > 20 && detail.len() < 4096 && detail.contains(word), "{what}: {problem}");
        }
    }
    assert_eq!(ana.get("/api/v1/battery/recordings").await.good()["items"], json!([]), "nothing is kept");
    // What a person would read as it was meant is read.
    for (what, file) in [
        (
            "a byte order mark",
            [b"\xef\xbb\xbf".as_slice(), header.as_bytes(), b"0,3.7,1\n1,3.7,1\n"].concat(),
        ),
        ("decimal commas", b"Zeit [s];Spannung [V];Strom [A]\n0;3,70;1,0\n1;3,70;1,0\n".to_vec()),
        ("Latin-1", b"Total Time (s),Current(\xb5A),Voltage(mV)\n0,1000000,3700\n1,1000000,3700\n".to_vec()),
        ("a gap", format!("{header}0,3.7,1\n1,NaN,1\n2,3.7,1\n").into_bytes()),
        ("a cut last line", format!("{header}0,3.7,1\n1,3.7,1\n2,3.").into_bytes()),
        ("a clock that is set back", format!("{header}0,3.7,1\n1,3.7,1\n0,3.7,1\n").into_bytes()),
    ] {
        let read = ana.csv("/api/v1/battery/recordings?store=false", file).await.good();
        assert_eq!(read["voltage_max_v"], 3.7, "{what}: {read}");
    }
    assert_eq!(ana.get("/readyz").await.status, 200);
}
