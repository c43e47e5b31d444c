//! Real files, kept beside the repository and never in it.

use std::path::PathBuf;

/// The folder of real files, or `None` with a line that says what is skipped. `GRID_TEST_NO_SKIP` makes its absence a
/// failure.
pub(crate) fn folder(what: &str) -> Option<PathBuf> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let root = std::env::var_os("GRID_SHARED_DATA").map_or(default, PathBuf::from);
    let folder = root.join(what);
    if folder.exists() {
        return Some(folder);
    }
    assert!(std::env::var_os("GRID_TEST_NO_SKIP").is_none(), "`{}` is not there", folder.display());
    println!("skipped: real files of `{what}` (`{}` is not there)", folder.display());
    None
}
