//! Traces, as a collector gets them.

use grid_server::serve::Content;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
};

use crate::harness::Server;

/// A collector that takes what it is sent and says so.
async fn collector() -> (String, mpsc::UnboundedReceiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut bytes = Vec::new();
                while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
                    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
                    let length =
                        head.lines().filter_map(|line| line.split_once(": ")).find_map(|(name, value)| {
                            name.eq_ignore_ascii_case("content-length")
                                .then(|| value.parse::<usize>().unwrap())
                        });
                    let Some(body) = bytes.get(end + 4..end + 4 + length.unwrap()) else { continue };
                    sender.send((head, serde_json::from_slice(body).unwrap())).unwrap();
                    let answer =
                        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}";
                    stream.write_all(answer.as_bytes()).await.unwrap();
                    bytes.clear();
                }
            });
        }
    });
    (address, receiver)
}

/// The attributes of a span or a resource, by name.
fn attributes(of: &Value) -> Value {
    let pairs = of["attributes"].as_array().unwrap().iter().map(|pair| {
        let value = pair["value"].as_object().unwrap().values().next().unwrap().clone();
        (pair["key"].as_str().unwrap().to_owned(), value)
    });
    Value::Object(pairs.collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_gets_a_span_for_each_request_that_continues_its_trace() {
    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    let (address, mut sent) = collector().await;
    let server = Server::with(&["--otlp-endpoint", &address], Content::AsItIs).await;
    let kat = server.user("kat").await;
    let path = kat.device("meter", "UTC").await;
    let parent = format!("00-{TRACE}-b7ad6b7169203331-01");
    kat.send("GET", &format!("{path}?secret=1"), &[("traceparent", parent.as_bytes())], "").await.good();
    // Its sender does not want it traced.
    let unwanted = parent.replace(TRACE, &TRACE.replace('0', "1")).replace("-01", "-00");
    let nothing = "/api/v1/nothing";
    kat.send("GET", nothing, &[("traceparent", unwanted.as_bytes())], "").await.problem(404);
    server.stop().await;

    let mut spans = Vec::new();
    while let Ok((head, sent)) = sent.try_recv() {
        assert!(head.starts_with("POST /v1/traces HTTP/1.1"), "{head}");
        for resource in sent["resourceSpans"].as_array().unwrap() {
            assert_eq!(attributes(&resource["resource"])["service.name"], "grid");
            for scope in resource["scopeSpans"].as_array().unwrap() {
                spans.extend(scope["spans"].as_array().unwrap().clone());
            }
        }
    }
    let of = |name: &str| spans.iter().filter(|span| span["name"] == name).collect::<Vec<_>>();
    let shown = of("GET /api/v1/devices/{id}");
    assert_eq!(shown.len(), 1, "{spans:#?}");
    assert_eq!(
        (&shown[0]["traceId"], &shown[0]["parentSpanId"]),
        (&json!(TRACE), &json!("b7ad6b7169203331"))
    );
    let told = attributes(shown[0]);
    assert_eq!(told["http.response.status_code"].to_string().trim_matches('"'), "200");
    assert_eq!((&told["http.route"], &told["url.path"]), (&json!("/api/v1/devices/{id}"), &json!(path)));
    assert_eq!(of("POST /api/v1/devices").len(), 1);
    assert!(!spans.iter().any(|span| attributes(span)["url.path"] == nothing), "{spans:#?}");
    assert!(!json!(spans).to_string().contains("secret"));
}
