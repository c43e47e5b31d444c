//! Stable ids.

/// An id that stands twice in a list in their order.
pub(super) fn twice<'a>(ids: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let mut before = None;
    ids.into_iter().find(|id| before.replace(*id) == Some(*id))
}
