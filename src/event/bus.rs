//! The fields of the event `bus`.

use serde::Serialize;

/// What happened to a bus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BusChange {
    /// The room is on the bus.
    Connected,
    /// The connection is lost.
    Lost,
    /// It is back.
    Restored,
    /// Lines did not arrive.
    Undelivered,
}

/// What is known of it; soquete-events(7) documents the fields.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // see soquete-events(7)
pub struct BusFields {
    pub subject: String,
    /// The address of the server, without user and password.
    pub url: String,
    /// Lines that did not arrive.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    /// The machine whose lines they are; absent for those of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub machine: Option<String>,
}
