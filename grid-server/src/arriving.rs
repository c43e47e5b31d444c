//! Whether a request waits for the rest of its body: what is given up then was kept by its sender, not by the server.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::Request,
};
use http_body::{Frame, SizeHint};

/// Says whether whoever reads a body waits for more of it.
pub(crate) struct Arrival(Arc<AtomicBool>);

impl Arrival {
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that notes that it is waited for.
struct Arriving {
    body: Body,
    awaited: Arc<AtomicBool>,
}

/// The request, whose body notes that it is waited for, and what tells it.
pub(crate) fn watched(request: Request) -> (Request, Arrival) {
    // A body of which nobody wants anything, or not the rest, is not waited for.
    let awaited = Arc::new(AtomicBool::new(false));
    let arrival = Arrival(Arc::clone(&awaited));
    (request.map(|body| Body::new(Arriving { body, awaited })), arrival)
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.awaited.store(frame.is_pending(), Ordering::Relaxed);
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
