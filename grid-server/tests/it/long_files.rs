//! Files of readings of any length: they take no more memory for being longer, and there is a limit on their rows.

use std::fmt::Write as _;

use grid_server::serve::Content;
use jiff::{Timestamp, ToSpan as _};

use crate::harness::Server;

/// The sums of all that is sent here.
const YEAR: &str = "?from=2026-01-01&to=2027-01-01&resolution=year";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Csv,
    Json,
    Lines,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Csv, Self::Json, Self::Lines];

    fn media_type(self) -> &'static [u8] {
        match self {
            Self::Csv => b"text/csv",
            Self::Json => b"application/json",
            Self::Lines => b"application/x-ndjson",
        }
    }

    /// The quarter-hours of so many meters, those of an instant beside each other, as a head-end writes them.
    fn quarters(self, meters: usize, count: usize, energy: &str) -> String {
        let mut text = match self {
            Self::Csv => "device,channel,start,end,energy_kwh\n".to_owned(),
            Self::Json => "[".to_owned(),
            Self::Lines => String::new(),
        };
        let mut start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for _ in 0..count {
            let end = start + 15.minutes();
            for meter in 0..meters {
                if self == Self::Csv {
                    writeln!(text, "meter {meter},import,{start},{end},{energy}").unwrap();
                    continue;
                }
                writeln!(
                    text,
                    r#"{{"device":"meter {meter}","channel":"import","start":"{start}","end":"{end}","energy_kwh":"{energy}"}}"#
                )
                .unwrap();
                if self == Self::Json {
                    text.push(',');
                }
            }
            start = end;
        }
        if self == Self::Json {
            text.pop();
            text.push(']');
        }
        text
    }
}

#[tokio::test]
async fn a_file_with_too_many_rows_is_refused_with_the_limit_and_what_to_do() {
    let server = Server::with(&["--max-upload-rows", "20"], Content::AsItIs).await;
    let ana = server.user("ana").await;
    for kind in Kind::ALL {
        let path = format!("{}/readings", ana.community("Europe/Madrid").await);
        let headers = [("content-type", kind.media_type())];
        let problem = ana.send("POST", &path, &headers, kind.quarters(3, 7, "0.25")).await.problem(413);
        assert!(problem["detail"].as_str().unwrap().contains("at most 20 readings"), "{problem}");
        let hint = problem["hint"].as_str().unwrap();
        assert!(hint.contains("in parts") && hint.contains("GRID_MAX_UPLOAD_ROWS"), "{problem}");
        assert_eq!(
            ana.get(&format!("{path}{YEAR}")).await.good()["items"],
            serde_json::json!([]),
            "{kind:?}"
        );
        let good = ana.send("POST", &path, &headers, kind.quarters(4, 5, "0.25")).await.good();
        assert_eq!((&good["inserted"], &good["devices_created"]), (&20.into(), &4.into()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_long_file_is_stored_whole_or_not_at_all_and_finds_no_room_where_there_is_none() {
    let server = Server::start().await;
    let ana = server.user("ana").await;
    let path = format!("{}/readings", ana.community("Europe/Madrid").await);
    let (meters, count) = (60, 1750);
    let text = Kind::Csv.quarters(meters, count, "0.25");
    // What is wrong in the last line is told before anything is stored, and so is what contradicts the first.
    let again = "meter 0,import,2026-01-01T00:00:00Z,2026-01-01T00:15:00Z";
    for (wrong, line) in [(format!("{again},five\n"), 105_002), (format!("{again},0.5\n"), 105_002)] {
        let problem = ana.csv(&path, text.clone() + &wrong).await.problem(422);
        assert_eq!(problem["errors"][0]["line"], line, "{problem}");
        assert_eq!(ana.get(&format!("{path}{YEAR}")).await.good()["items"], serde_json::json!([]));
    }
    let done = ana.csv(&path, text.clone()).await.good();
    assert_eq!((&done["inserted"], &done["devices_created"]), (&105_000.into(), &60.into()), "{done}");
    let sums = ana.get(&format!("{path}{YEAR}")).await.good();
    // 105,000 quarter-hours of a quarter of a kilowatt-hour.
    assert_eq!(sums["items"][0]["energy_kwh"], "26250.000000", "{sums}");
    assert_eq!(ana.csv(&path, text.clone()).await.good()["unchanged"], 105_000);

    let full = Server::with(&["--spool-mb", "1"], Content::AsItIs).await;
    let ben = full.user("ben").await;
    let path = format!("{}/readings", ben.community("Europe/Madrid").await);
    let refused = ben.csv(&path, text.clone()).await;
    assert!(refused.problem(503)["detail"].as_str().unwrap().contains("no room for more files"));
    assert!(!refused.header("retry-after").is_empty(), "{refused:?}");
    // Under a key, it is not said to be running still when it is sent again at once, unless the disk is slow each time.
    let mut again = Vec::new();
    for key in ["one", "two", "three", "four", "five"] {
        let headers: [(&str, &[u8]); 2] =
            [("content-type", b"text/csv"), ("idempotency-key", key.as_bytes())];
        ben.send("POST", &path, &headers, text.clone()).await.problem(503);
        again.push(ben.send("POST", &path, &headers, text.clone()).await.status.as_u16());
    }
    assert!(again.contains(&503) && again.iter().all(|status| [503, 409].contains(status)), "{again:?}");
    // What has room is taken, and what was refused has left its own.
    assert_eq!(ben.csv(&path, Kind::Csv.quarters(1, 96, "0.25")).await.good()["inserted"], 96);
}

/// The most memory that a process has had so far, in bytes.
#[cfg(target_os = "linux")]
fn most_memory(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().strip_suffix("kB").unwrap().trim().parse::<u64>().unwrap() * 1024
}

/// With all readings in memory a row takes more than a hundred bytes, which is here some forty megabytes.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_file_three_times_as_long_takes_no_more_memory() {
    use crate::{
        harness::{Client, folder},
        process::{Running, program},
        shutdown::started_with,
    };

    const ROOM: u64 = 16 << 20;

    let (child, address, _log) = started_with(program().current_dir(folder()));
    let child = Running(child);
    let ana = Client::of(address.parse().unwrap()).register("ana").await;
    let send = async |kind: Kind, count: usize| {
        let path = format!("{}/readings", ana.community("Europe/Madrid").await);
        let headers = [("content-type", kind.media_type())];
        let done = ana.send("POST", &path, &headers, kind.quarters(40, count, "0.25")).await.good();
        assert_eq!(done["inserted"], 40 * count, "{kind:?}");
    };
    for kind in Kind::ALL {
        send(kind, 3750).await;
    }
    let before = most_memory(child.0.id());
    for kind in Kind::ALL {
        send(kind, 11_250).await;
        let after = most_memory(child.0.id());
        println!("{kind:?}: {before} bytes before, {after} after");
        assert!(after <= before + ROOM, "{kind:?}: {before} bytes before, {after} after");
    }
}
