//! The fields of the event `child`.

use serde::Serialize;

/// A step of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChildStep {
    /// It was started.
    Start,
    /// It ended.
    Exit,
}

/// What is known of a command; soquete-events(7) documents the fields.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // see soquete-events(7)
pub struct ChildFields {
    pub pid: u32,
    /// Its exit status; 128 and the signal's number where one ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// The signal that ended it: `SIGTERM`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
}
