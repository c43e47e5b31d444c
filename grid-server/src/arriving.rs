//! Whether a request waits for the rest of its body: what is given up then was kept by its sender, not by the server.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::extract::Request;

use crate::body::watching;

/// Says whether whoever reads a body waits for more of it.
pub(crate) struct Arrival(Arc<AtomicBool>);

impl Arrival {
    pub(crate) fn is_awaited(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The request, whose body notes that it is waited for, and what tells it.
pub(crate) fn watched(request: Request) -> (Request, Arrival) {
    // A body of which nobody wants anything, or not the rest, is not waited for.
    let awaited = Arc::new(AtomicBool::new(false));
    let arrival = Arrival(Arc::clone(&awaited));
    let note = move |is_awaited| awaited.store(is_awaited, Ordering::Relaxed);
    (request.map(|body| watching(body, note)), arrival)
}
