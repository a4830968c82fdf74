//! The packet view in a build without it: the same names, of which no value that could capture can exist.

#![allow(dead_code)] // what nothing can come of is neither made nor read

mod config;

pub use config::CaptureConfig;

use crate::event::{Events, Kind, Proto, Sink};
use crate::sys::diag::Filter;
use crate::sys::socket::SocketFactory;
use crate::sys::{Error, Result};
use std::convert::Infallible;
use std::io;

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
        Some(_) => {
            let why = io::Error::other("this build has no packet view");
            Err(Error::new("capture", "packets", why).about(Kind::Usage))
        }
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
