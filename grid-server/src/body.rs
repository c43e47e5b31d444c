//! Bodies that something goes with, for as long as they last.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

/// A body, and what is told of it.
struct Watched<F> {
    body: Body,
    tell: F,
}

/// The same body; each time that it is asked for more, `tell` is told whether that is still waited for.
pub(crate) fn watching(body: Body, tell: impl FnMut(bool) + Send + Unpin + 'static) -> Body {
    Body::new(Watched { body, tell })
}

/// The same body, which holds something until it has been taken or given up.
pub(crate) fn holding<T: Send + Unpin + 'static>(body: Body, held: T) -> Body {
    watching(body, move |_| {
        let _ = &held;
    })
}

impl<F: FnMut(bool) + Unpin> HttpBody for Watched<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        (self.tell)(frame.is_pending());
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
