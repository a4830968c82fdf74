//! The ports of this program's sockets, which the filter of a capture follows: a port is added before its first packet.

use super::filter::Ports;
use super::ring::FilterHandle;
use crate::event::Address;
use crate::sys::error::Result;
use std::sync::{Arc, Mutex, PoisonError};

/// The filter of a capture, shared by the makers of sockets.
#[derive(Clone)]
pub struct PortWatch(Arc<Mutex<(Ports, FilterHandle)>>);

impl PortWatch {
    /// Follows the ports from none on.
    #[must_use]
    pub fn new(filter: FilterHandle) -> Self {
        Self(Arc::new(Mutex::new((Ports::default(), filter))))
    }

    /// Follows these ports instead.
    pub fn set(&self, ports: Ports) -> Result<()> {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.1.filter(&ports)?;
        inner.0 = ports;
        Ok(())
    }

    /// Adds the port of an internet address.
    pub fn add(&self, address: &Address) -> Result<()> {
        let Some(port) = address.inet().map(|address| address.port()).filter(|port| *port != 0) else {
            return Ok(());
        };
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (ports, filter) = &mut *inner;
        if ports.add(port) { filter.filter(ports) } else { Ok(()) }
    }
}
