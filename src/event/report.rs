//! Rows of reports: the standard output of commands that report.

use super::table::{ChangeRow, CountRow, SocketRow};
use super::top::Frame;
use super::{Address, Outcome, TlsFields};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::ser::SerializeStruct as _;
use serde::{Serialize, Serializer};
use std::io;

/// One row of a report.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Row {
    /// One port of `connect --check`.
    Check(CheckRow),
    /// The statistics of one target of a repeated `connect --check`.
    Statistics(StatisticsRow),
    /// One datagram received.
    Datagram(DatagramRow),
    /// One socket of `stat`.
    Socket(SocketRow),
    /// One state of `stat --summary`.
    Count(CountRow),
    /// One change of `stat --watch`.
    Change(ChangeRow),
}

/// The result of one port check.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // soquete-connect(1) documents the fields
pub struct CheckRow {
    /// The host; of a UNIX or vsock socket its whole address, which has no port.
    pub host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(rename = "outcome")]
    pub outcome: Outcome,
    /// The address that answered, or the last one tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_us: Option<u64>,
    /// Why it is not open, in the kernel's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// With `--tls`.
    #[serde(flatten)]
    pub tls: Option<Box<TlsRow>>,
    /// With `--repeat`.
    #[serde(flatten)]
    pub repeated: Option<RepeatedFields>,
}

/// What distinguishes the rows of a repeated check.
#[derive(Clone, Copy, Debug, Serialize)]
#[allow(missing_docs)] // soquete-connect(1) documents the fields
pub struct RepeatedFields {
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The number of the try, from 1.
    #[serde(rename = "try")]
    pub number: u64,
}

impl RepeatedFields {
    /// Those of the row of one try.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self { kind: "try", number }
    }
}

/// The statistics of one target of a repeated check. Times are those of the tries that found it open.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // soquete-connect(1) documents the fields
pub struct StatisticsRow {
    #[serde(rename = "type")]
    pub kind: &'static str,
    pub host: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    pub tries: u64,
    pub open: u64,
    /// The part of the tries that did not find it open, 0 to 1.
    pub loss: f64,
    #[serde(flatten)]
    pub times: Option<TimesRow>,
    pub histogram: Vec<Bin>,
}

/// Microseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // soquete-connect(1) documents the fields
pub struct TimesRow {
    pub min_us: u64,
    pub median_us: u64,
    pub p99_us: u64,
    pub max_us: u64,
}

/// How many tries took at least `from_us` microseconds and less than `to_us`; the last bin of a histogram includes its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[allow(missing_docs)] // soquete-connect(1) documents the fields
pub struct Bin {
    pub from_us: u64,
    pub to_us: u64,
    pub count: u64,
}

/// What a check found of TLS: the fields of the event `tls`, except `reason`, which is the row's.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // soquete-connect(1) documents the fields
pub struct TlsRow {
    #[serde(flatten)]
    pub fields: TlsFields,
    /// Whole days until the certificate expires; negative once it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days_left: Option<i64>,
}

/// A datagram as received: for people its payload and nothing else.
#[derive(Clone, Debug)]
#[allow(missing_docs)] // soquete-udp-serve(1) documents the fields
pub struct DatagramRow {
    /// The address it was sent to.
    pub local: Option<Address>,
    /// The address it was sent from; `None` for a UNIX socket without a name.
    pub peer: Option<Address>,
    pub payload: Vec<u8>,
}

impl Serialize for DatagramRow {
    /// The payload as `text`, or as `base64` where it is not UTF-8.
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let mut row = out.serialize_struct("DatagramRow", 4)?;
        match &self.local {
            Some(local) => row.serialize_field("local", local)?,
            None => row.skip_field("local")?,
        }
        row.serialize_field("peer", &self.peer)?;
        row.serialize_field("len", &self.payload.len())?;
        match std::str::from_utf8(&self.payload) {
            Ok(text) => row.serialize_field("text", text)?,
            Err(_) => row.serialize_field("base64", &STANDARD.encode(&self.payload))?,
        }
        row.end()
    }
}

/// Writes the rows of a report, in order.
pub trait Report: Send {
    /// Another report of the same form over the same output.
    fn again(&self) -> Box<dyn Report>;
    /// Appends one row in the form of the report, for a command that writes it itself.
    fn format(&mut self, row: &Row, out: &mut Vec<u8>);
    /// Writes one row, aligned for people or as JSON for scripts. An error is standard output's.
    fn row(&mut self, row: &Row) -> io::Result<()>;
    /// Draws a frame over the whole terminal, in the form for people; elsewhere nothing.
    fn frame(&mut self, frame: &Frame) -> io::Result<()>;
    /// Writes the rows still held back.
    fn flush(&mut self) -> io::Result<()>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn json(payload: &[u8]) -> String {
        let address = |port| Some(Address::from(SocketAddr::from(([127, 0, 0, 1], port))));
        let row = DatagramRow { local: address(9), peer: address(50000), payload: payload.to_vec() };
        serde_json::to_string(&Row::Datagram(row)).unwrap()
    }

    #[test]
    fn a_payload_is_text_where_it_can_be() {
        let head = r#"{"local":"127.0.0.1:9","peer":"127.0.0.1:50000","#;
        assert_eq!(json("höhö\n".as_bytes()), format!(r#"{head}"len":7,"text":"höhö\n"}}"#));
        assert_eq!(json(b""), format!(r#"{head}"len":0,"text":""}}"#));
        assert_eq!(json(b"\xff\0"), format!(r#"{head}"len":2,"base64":"/wA="}}"#));
    }
}
