//! The packets of this program's own sockets, taken when the caller asks for them: no thread reads the ring, and the caller
//! puts packets and events in order.

use super::dissect::{Connections, Details, Dissected, Dissector};
use super::packet::CapturedPacket;
use super::sockets::Sockets;
use super::{VIEW, VIEW_RING};
use crate::capture::Note;
use crate::event::Event;
use crate::sys::Result;
use crate::sys::packet::{PacketSocket, PortWatch, Ports};
use jiff::Timestamp;

/// A capture without a thread.
pub struct DirectCapture {
    socket: PacketSocket,
    dissector: Dissector,
    taken: Vec<CapturedPacket>,
    captured: u64,
    dropped: u64,
}

/// A packet of one of this program's sockets.
pub struct Seen {
    /// When the kernel saw it.
    pub at: Timestamp,
    /// The event `packet`.
    pub event: Event,
    /// What the packet is beyond its flags.
    pub note: Option<Note>,
}

impl DirectCapture {
    /// Opens the capture, and what tells it the ports of sockets; `raw` numbers are those of the headers as well.
    pub fn open(raw: bool) -> Result<(Self, PortWatch)> {
        let socket = PacketSocket::open(&Ports::default(), VIEW, VIEW_RING)?;
        let watch = PortWatch::new(socket.filter_handle()?);
        let details = Details { hex: false, raw, payload: true };
        let dissector = Dissector::new(Connections::Own(Sockets::default()), details);
        Ok((Self { socket, dissector, taken: Vec::new(), captured: 0, dropped: 0 }, watch))
    }

    /// Learns of sockets from an event: packets of others are none of ours.
    pub fn learn(&mut self, event: &Event) {
        self.dissector.learn(event);
    }

    /// Takes packets from the ring; returns whether any came since the last call.
    pub fn read(&mut self) -> bool {
        let before = self.taken.len();
        let taken = &mut self.taken;
        self.socket.read(|frame| taken.push(frame.into()));
        self.taken.len() > before
    }

    /// What the packets are that were read so far, in the order in which they were sent.
    pub fn take(&mut self) -> Vec<Seen> {
        let taken = std::mem::take(&mut self.taken);
        let seen: Vec<Seen> = taken
            .iter()
            .filter_map(|captured| {
                let Dissected { socket, fields, note, .. } = self.dissector.dissect(captured)?;
                Some(Seen {
                    at: captured.at,
                    event: Event::Packet { socket, packet: Box::new(fields) },
                    note,
                })
            })
            .collect();
        self.captured += seen.len() as u64;
        seen
    }

    /// The event `capture`: how many packets there were, and how many more the kernel dropped.
    pub fn totals(&mut self) -> Event {
        self.dropped += self.socket.statistics().dropped;
        Event::Capture { captured: self.captured, dropped: self.dropped, file: None }
    }
}
