//! Rows of reports: what goes to standard output where it is a report and not a peer's data.

use super::Outcome;
use super::table::{ChangeRow, CountRow, SocketRow};
use serde::Serialize;
use std::io;
use std::net::SocketAddr;

/// One row of a report.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Row {
    /// One port of `connect --check`.
    Check(CheckRow),
    /// One socket of `stat`.
    Socket(SocketRow),
    /// One state of `stat --summary`.
    Count(CountRow),
    /// One change of `stat --watch`.
    Change(ChangeRow),
}

/// What a port check found.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // soquete-connect(1) documents the fields
pub struct CheckRow {
    pub host: String,
    pub port: u16,
    #[serde(rename = "outcome")]
    pub outcome: Outcome,
    /// The address that answered, or the last one tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// Why it is not open, in the kernel's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Takes the rows of a report in order.
pub trait Report: Send {
    /// Writes one row, aligned for people or as JSON for scripts. An error is standard output's.
    fn row(&mut self, row: &Row) -> io::Result<()>;
    /// Writes out what is still held back.
    fn flush(&mut self) -> io::Result<()>;
}
