//! What a body or a query says, and how it is refused.

use axum::http::StatusCode;
use grid_core::{energy::Device, error::Place};
use jiff::Timestamp;

use crate::{period::instant, problem::Problem};

/// Names a place in the body where the text of an instant is wrong.
pub(super) fn at(device: &Device, pointer: &str, text: &str) -> Result<Timestamp, Problem> {
    instant(pointer, text, &device.calendar)
}

/// A refusal of a body that is right in form.
pub(super) fn refused(pointer: &str, expected: &str, got: &str) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, format!("expected {expected}, got {got}")).place(Place {
        pointer: Some(pointer.to_owned()),
        expected: expected.to_owned(),
        got: got.to_owned(),
        ..Place::default()
    })
}
