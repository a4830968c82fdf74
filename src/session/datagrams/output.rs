//! Received datagrams on standard output.

use crate::event::report::{DatagramRow, Report, Row};
use crate::event::{AddressRef, Events};
use crate::session::{Stdio, stdout};
use crate::sys::Result;
use crate::sys::mmsg::BatchReceiver;
use crate::sys::signal::Stop;
use crate::sys::socket::Socket;

/// Writes the datagrams of a batch: their payloads, or an object each for scripts.
pub struct DatagramOutput<'a> {
    report: &'a mut dyn Report,
    output: stdout::Direct,
    stop: &'a Stop,
    events: Events,
    /// Each datagram ends with a line feed.
    lines: bool,
    formatted: Vec<u8>,
}

impl<'a> DatagramOutput<'a> {
    /// Writes to standard output, or to the descriptor in place of it.
    pub fn open(
        stdio: &Stdio,
        report: &'a mut dyn Report,
        stop: &'a Stop,
        events: &Events,
        lines: bool,
    ) -> Result<Self> {
        Ok(Self {
            report,
            output: stdout::Direct::open(stdio.output()?)?,
            stop,
            events: events.clone(),
            lines,
            formatted: Vec::new(),
        })
    }

    /// Writes the batch that `receiver` holds, all of it received from `socket`.
    pub fn write(&mut self, receiver: &BatchReceiver, socket: &Socket) -> Result<()> {
        let local = socket.local();
        self.formatted.clear();
        let mut payload = Vec::new();
        for datagram in receiver.datagrams() {
            payload.clear();
            payload.extend_from_slice(datagram.payload);
            let peer = datagram.peer.map(AddressRef::to_address);
            let row = DatagramRow { local: datagram.sent_to(local.as_ref()), peer, payload };
            let row = Row::Datagram(row);
            let start = self.formatted.len();
            self.report.format(&row, &mut self.formatted);
            if self.lines && !self.formatted[start..].ends_with(b"\n") {
                self.formatted.push(b'\n');
            }
            payload = if let Row::Datagram(row) = row { row.payload } else { Vec::new() };
        }
        self.events.before_output();
        self.output.write(&self.formatted, self.stop)
    }
}
