//! The packet view in a build without it: the same names, of which no value that could capture can exist.

#![allow(dead_code)] // what nothing can come of is neither made nor read

mod config;

pub use config::CaptureConfig;

use crate::capture::Note;
use crate::event::{Event, Events, Kind, Proto, Sink};
use crate::sys::diag::Filter;
use crate::sys::packet::PortWatch;
use crate::sys::socket::SocketFactory;
use crate::sys::{Error, Result};
use jiff::Timestamp;
use std::convert::Infallible;
use std::io;

fn absent() -> Error {
    Error::new("capture", "packets", io::Error::other("this build does not include packet capture"))
        .about(Kind::Usage)
}

/// Would be the connections of other programs to capture.
pub struct Wanted {
    /// Which.
    pub filter: Option<Filter>,
    /// Of which transports.
    pub protos: Vec<Proto>,
}

/// Would be a capture that is set up.
pub struct Prepared(Infallible);

/// Would be a capture that runs.
pub struct Capture(Infallible);

/// Fails where packets are wanted.
pub fn prepare(
    config: Option<&CaptureConfig>,
    printer: Box<dyn Sink>,
    _: Option<Box<dyn Sink>>,
) -> Result<(Option<Prepared>, Box<dyn Sink>)> {
    match config {
        None => Ok((None, printer)),
        Some(_) => Err(absent()),
    }
}

/// Makes the factory of sockets.
pub fn start(prepared: Option<Prepared>, events: &Events) -> Result<(Option<Capture>, SocketFactory)> {
    Ok((prepared.map(|prepared| match prepared.0 {}), SocketFactory::new(events.clone())))
}

impl Capture {
    /// Never called.
    pub fn follow(&self, _: Wanted) -> Result<()> {
        match self.0 {}
    }

    /// Never called.
    #[must_use]
    pub fn output_error(&self) -> Option<io::Error> {
        match self.0 {}
    }

    /// Never called.
    #[must_use]
    pub fn finish(self) -> Option<Error> {
        match self.0 {}
    }
}

/// Would be a capture without a thread.
pub struct DirectCapture(Infallible);

/// Would be a packet of one of this program's sockets.
pub struct Seen {
    /// When the kernel saw it.
    pub at: Timestamp,
    /// The event `packet`.
    pub event: Event,
    /// What the packet is beyond its flags.
    pub note: Option<Note>,
}

impl DirectCapture {
    /// Fails.
    pub fn open(_: bool) -> Result<(Self, PortWatch)> {
        Err(absent())
    }

    /// Never called.
    pub fn learn(&mut self, _: &Event) {
        match self.0 {}
    }

    /// Never called.
    pub fn read(&mut self) -> bool {
        match self.0 {}
    }

    /// Never called.
    pub fn take(&mut self) -> Vec<Seen> {
        match self.0 {}
    }

    /// Never called.
    pub fn totals(&mut self) -> Event {
        match self.0 {}
    }
}
