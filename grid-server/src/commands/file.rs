//! Files that are there whole or not at all.

use std::{
    io::Write,
    path::{Path, PathBuf},
};

use tempfile::NamedTempFile;

use super::Failed;

/// A file that is written beside its place, and takes it when it is whole. Where it is dropped before, what was there
/// stays, and nothing else is left behind.
#[derive(Debug)]
pub(super) struct NewFile {
    path: PathBuf,
    file: NamedTempFile,
}

impl NewFile {
    /// Begins a file that will be at `path`.
    pub(super) fn begin(path: &Path) -> Result<Self, Failed> {
        // A device or a folder must not be replaced by a file.
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(format!("failed to write `{}`: expected the place of a file", path.display()).into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")));
        let file = file.map_err(|error| format!("failed to write `{}`: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), file })
    }

    /// Writes more of it.
    pub(super) fn write(&mut self, content: &[u8]) -> Result<(), Failed> {
        self.file.write_all(content).map_err(|error| self.failed(&error))
    }

    /// Puts it into its place.
    pub(super) fn end(self) -> Result<(), Failed> {
        let Self { path, file } = self;
        let failed = |error: std::io::Error| format!("failed to write `{}`: {error}", path.display());
        file.as_file().sync_all().map_err(failed)?;
        #[cfg(unix)]
        readable(&file).map_err(failed)?;
        file.persist(&path).map_err(|error| failed(error.error))?;
        Ok(())
    }

    fn failed(&self, error: &std::io::Error) -> Failed {
        format!("failed to write `{}`: {error}", self.path.display()).into()
    }
}

/// A temporary file is for its owner alone; this one is as any other that is written for people.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}
