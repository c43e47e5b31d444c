//! Forms with files, of which little is held at once.
//!
//! The reader of forms holds what it was given until it finds the end of a part, or of what stands before one: without a
//! limit that is all of a body in which there is none. It is given no more than a little without a result here.

use std::{
    io::{Error, ErrorKind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
};

use axum::{
    body::{Body, Bytes},
    http::StatusCode,
};
use futures_util::{Stream, StreamExt, stream};

use crate::{problem::Problem, upload};

/// How much of a form is held in which neither a part begins nor a piece of one ends: the head of a part is far smaller, and
/// of a part itself a piece is there as soon as its bytes are.
const MOST_HELD: usize = 64 << 10;

/// Looks at how much of a form was read.
#[derive(Clone, Debug)]
pub(crate) struct Meter(Arc<Mutex<Read>>);

#[derive(Debug)]
struct Read {
    /// How much was given since the last result.
    held: usize,
    /// Whether the reader was let look for a result in that.
    looked: bool,
    /// How much was given in all, and how much may be.
    all: u64,
    most: u64,
    refused: Option<Problem>,
}

/// The body of a form for its reader, and the meter of it.
pub(crate) fn metered(body: Body, most: u64) -> (Body, Meter) {
    let meter = Meter(Arc::new(Mutex::new(Read { held: 0, looked: false, all: 0, most, refused: None })));
    (Body::from_stream(given(body, meter.clone())), meter)
}

impl Meter {
    /// A part has begun, or a piece of one has come.
    pub(crate) fn passed(&self) {
        let mut read = self.read();
        (read.held, read.looked) = (0, false);
    }

    /// Why no more was given, where that is so.
    pub(crate) fn refusal(&self) -> Option<Problem> {
        self.read().refused.clone()
    }

    fn read(&self) -> MutexGuard<'_, Read> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn given(body: Body, meter: Meter) -> impl Stream<Item = Result<Bytes, Error>> + Send + 'static {
    let mut body = body.into_data_stream();
    stream::poll_fn(move |context| {
        let mut read = meter.read();
        if read.held >= MOST_HELD {
            if !read.looked {
                // The reader takes all that is there before it looks at it.
                read.looked = true;
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let text = format!("the form has {MOST_HELD} bytes in which no part begins or goes on");
            let problem = Problem::new(StatusCode::BAD_REQUEST, text);
            read.refused = Some(problem.hint("with curl: --form file=@recording.csv"));
            return Poll::Ready(Some(Err(ErrorKind::InvalidData.into())));
        }
        let polled = body.poll_next_unpin(context);
        match &polled {
            Poll::Ready(Some(Ok(piece))) => {
                read.held = read.held.saturating_add(piece.len());
                read.all = read.all.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
                if read.all > read.most {
                    read.refused = Some(upload::too_large());
                    return Poll::Ready(Some(Err(ErrorKind::FileTooLarge.into())));
                }
            }
            // The reader would take it for a fault of its own.
            Poll::Ready(Some(Err(error))) => read.refused = Some(upload::broken_off(error)),
            Poll::Ready(None) | Poll::Pending => {}
        }
        polled.map(|piece| piece.map(|piece| piece.map_err(Error::other)))
    })
}
