//! Files that are there whole or not at all.

use std::{
    io::{self, Write},
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
    replace: Replace,
    readers: Readers,
}

/// Whether a file may take the place of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Replace {
    Allowed,
    Never,
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readers {
    /// Whoever may read any other file.
    Everybody,
    /// Its owner alone.
    Owner,
}

impl NewFile {
    /// Begins a file that will be at `path`, in the place of one that may be there.
    pub(super) fn begin(path: &Path) -> Result<Self, Failed> {
        Self::of(path, Replace::Allowed, Readers::Everybody)
    }

    /// Begins a file that its owner alone may read.
    pub(super) fn begin_secret(path: &Path, replace: Replace) -> Result<Self, Failed> {
        if replace == Replace::Never && path.symlink_metadata().is_ok() {
            return Err(there_already(path));
        }
        Self::of(path, replace, Readers::Owner)
    }

    fn of(path: &Path, replace: Replace, readers: Readers) -> Result<Self, Failed> {
        // A device or a folder must not be replaced by a file.
        if std::fs::metadata(path).is_ok_and(|there| !there.is_file()) {
            return Err(format!("failed to write `{}`: expected the place of a file", path.display()).into());
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let file = NamedTempFile::new_in(folder.unwrap_or_else(|| Path::new(".")));
        let file = file.map_err(|error| format!("failed to write `{}`: {error}", path.display()))?;
        Ok(Self { path: path.to_owned(), file, replace, readers })
    }

    /// Writes more of it.
    pub(super) fn write(&mut self, content: &[u8]) -> Result<(), Failed> {
        self.file.write_all(content).map_err(|error| self.failed(&error))
    }

    /// Puts it into its place.
    pub(super) fn end(self) -> Result<(), Failed> {
        let Self { path, file, replace, readers } = self;
        let failed = |error: io::Error| format!("failed to write `{}`: {error}", path.display());
        file.as_file().sync_all().map_err(failed)?;
        #[cfg(unix)]
        if readers == Readers::Everybody {
            readable(&file).map_err(failed)?;
        }
        let placed = match replace {
            Replace::Allowed => file.persist(&path),
            Replace::Never => file.persist_noclobber(&path),
        };
        match placed {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Err(there_already(&path)),
            Err(error) => Err(failed(error.error).into()),
        }
    }

    fn failed(&self, error: &io::Error) -> Failed {
        format!("failed to write `{}`: {error}", self.path.display()).into()
    }
}

impl Write for NewFile {
    fn write(&mut self, content: &[u8]) -> io::Result<usize> {
        self.file.write(content)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn there_already(path: &Path) -> Failed {
    format!("`{}` is there already: name another file, or write over it with --force", path.display()).into()
}

/// A temporary file is for its owner alone; this one is as any other that is written for people.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))
}
