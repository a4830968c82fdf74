//! What is wrong with options and the files they name.

use crate::event::Kind;
use std::fmt;
use std::io;
use std::path::Path;

/// Options that cannot be used, or a file that cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    text: String,
}

/// What an [`Error`] is about: decides the exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorKind {
    /// Options that contradict each other, or a malformed value: exit status 2.
    Usage,
    /// A file that cannot be read or does not hold what it should: exit status 5.
    File,
}

impl Error {
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self { kind: ErrorKind::Usage, text: text.into() }
    }

    /// `path` cannot be used because of `reason`.
    pub(crate) fn file(path: &Path, reason: impl fmt::Display) -> Self {
        Self { kind: ErrorKind::File, text: format!("{}: {reason}", path.display()) }
    }

    /// The kernel refused `path`.
    pub(crate) fn open(path: &Path, error: &io::Error) -> Self {
        let text = error.to_string();
        Self::file(path, text.split(" (os error ").next().unwrap_or(&text))
    }

    /// The system's own files cannot be used.
    pub(crate) fn system(text: impl Into<String>) -> Self {
        Self { kind: ErrorKind::File, text: text.into() }
    }

    /// What the error is about.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl std::error::Error for Error {}

impl From<Error> for crate::sys::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind {
            ErrorKind::Usage => Kind::Usage,
            ErrorKind::File => Kind::File,
        };
        Self::new("tls", "", io::Error::other(error.text)).about(kind)
    }
}
