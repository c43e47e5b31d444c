//! A body that is hashed while a handler reads it, in memory that does not grow with it.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

use axum::body::{Body, BodyDataStream, Bytes, HttpBody};
use futures_util::{Stream, StreamExt, stream};
use grid_core::auth::Fingerprint;

/// How long what a handler left of a body may take to arrive.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much of it is read.
const MOST: usize = 1 << 20;

/// Looks at what was read of a body.
pub(super) struct Watch(Arc<Mutex<Read>>);

/// A body, and the fingerprint of what was read of it.
struct Read {
    body: BodyDataStream,
    fingerprint: Fingerprint,
    ended: bool,
    failed: bool,
}

/// The body for the handler, and the watch over it.
pub(super) fn watched(body: Body, fingerprint: Fingerprint) -> (Body, Watch) {
    let read = Read { body: body.into_data_stream(), fingerprint, ended: false, failed: false };
    let shared = Arc::new(Mutex::new(read));
    (Body::from_stream(lent(Arc::clone(&shared))), Watch(shared))
}

impl Watch {
    /// The fingerprint of the whole body, where all of it was read.
    pub(super) fn whole(&self) -> Option<[u8; 32]> {
        let read = lock(&self.0);
        (!read.failed && (read.ended || read.body.is_end_stream())).then(|| read.fingerprint.clone().finish())
    }

    /// The same, after reading what was left; `None` where that does not come.
    pub(super) async fn rest(&self) -> Option<[u8; 32]> {
        if let Some(whole) = self.whole() {
            return Some(whole);
        }
        let mut left = lent(Arc::clone(&self.0));
        let read = async {
            let mut length = 0_usize;
            while let Some(piece) = left.next().await {
                length = length.saturating_add(piece.ok()?.len());
                if length > MOST {
                    return None;
                }
            }
            self.whole()
        };
        tokio::time::timeout(PATIENCE, read).await.ok().flatten()
    }
}

fn lock(read: &Mutex<Read>) -> MutexGuard<'_, Read> {
    read.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What is left of a body, which is hashed as it is read.
fn lent(read: Arc<Mutex<Read>>) -> impl Stream<Item = Result<Bytes, axum::Error>> + Unpin + Send + 'static {
    stream::poll_fn(move |context| {
        let mut read = lock(&read);
        let polled = read.body.poll_next_unpin(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => read.fingerprint.update(piece),
            Poll::Ready(Some(Err(_))) => read.failed = true,
            Poll::Ready(None) => read.ended = true,
            Poll::Pending => {}
        }
        polled
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begun() -> Fingerprint {
        Fingerprint::new(["", "text/csv"])
    }

    fn of(text: &[u8]) -> [u8; 32] {
        let mut fingerprint = begun();
        fingerprint.update(text);
        fingerprint.finish()
    }

    #[tokio::test]
    async fn what_the_handler_leaves_counts_as_well() {
        let pieces = ["one,", "two,", "three"].map(|text| Ok::<_, std::io::Error>(Bytes::from(text)));
        let (body, watch) = watched(Body::from_stream(stream::iter(pieces)), begun());
        let mut body = body.into_data_stream();
        assert_eq!(body.next().await.unwrap().unwrap(), "one,");
        assert_eq!(watch.whole(), None);
        drop(body);
        assert_eq!(watch.rest().await, Some(of(b"one,two,three")));
    }

    #[tokio::test]
    async fn a_body_that_broke_off_has_no_fingerprint() {
        let pieces = [Ok(Bytes::from("one")), Err(std::io::Error::other("gone"))];
        let (body, watch) = watched(Body::from_stream(stream::iter(pieces)), begun());
        assert!(axum::body::to_bytes(body, usize::MAX).await.is_err());
        assert_eq!(watch.rest().await, None);
    }

    #[tokio::test]
    async fn no_body_is_a_whole_one() {
        let (_body, watch) = watched(Body::empty(), begun());
        assert_eq!(watch.whole(), Some(of(b"")));
    }
}
