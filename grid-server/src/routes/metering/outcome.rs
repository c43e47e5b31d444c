//! What became of what was sent.

use grid_core::store::Ingested;
use serde::Serialize;
use utoipa::ToSchema;

/// What became of reads and events, or of readings.
#[derive(Serialize, ToSchema)]
pub(crate) struct Taken {
    /// New.
    inserted: usize,
    /// There already.
    unchanged: usize,
    /// Corrected; what they were is kept.
    superseded: usize,
}

impl From<Ingested> for Taken {
    fn from(Ingested { inserted, unchanged, superseded }: Ingested) -> Self {
        Self { inserted, unchanged, superseded }
    }
}
