//! What is spoken over a connection: HTTP/1 alone, and heads of a sensible size.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::Server;

/// All that comes back for some bytes, until the server closes the connection.
async fn said(server: &Server, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    // A server that has heard enough may close before all is written.
    let _ = stream.write_all(bytes).await;
    let mut answer = Vec::new();
    let read = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer));
    // Where it stays open there is no end.
    let _ = read.await.unwrap();
    answer
}

/// One connection is one request at a time: over HTTP/2 it would be a hundred, which nothing here counts.
#[tokio::test]
async fn who_begins_with_http2_is_not_answered_in_it() {
    let server = Server::start().await;
    // RFC 9113, section 3.4: the preface, then a SETTINGS frame that may be empty.
    let answer = said(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"), "{answer:?}");
    // RFC 7540, section 3.2: an upgrade that is asked for is not given.
    let upgrade = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade, http2-settings, close\r\n\
                   upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__\r\n\r\n";
    assert!(said(&server, upgrade.as_bytes()).await.starts_with(b"HTTP/1.1 200"));
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused_as_such() {
    let server = Server::start().await;
    let of = |length: usize| {
        let long = "a".repeat(length);
        format!("GET /healthz HTTP/1.1\r\nhost: localhost\r\nx-long: {long}\r\nconnection: close\r\n\r\n")
    };
    assert!(said(&server, of(20_000).as_bytes()).await.starts_with(b"HTTP/1.1 200"));
    let answer = said(&server, of(40_000).as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    // Of one that is larger still not all is read, and the answer may be lost with the rest.
    let answer = said(&server, of(300_000).as_bytes()).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
    let many = "x-many: 1\r\n".repeat(200);
    let answer = said(&server, format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with(b"HTTP/1.1 431"), "{}", String::from_utf8_lossy(&answer));
}
