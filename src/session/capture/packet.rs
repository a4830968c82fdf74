//! Captured packets on their way from the reader of the ring to the stage.

use crate::sys::packet::Frame;
use jiff::Timestamp;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes that wait for the stage; with more the reader waits, and the kernel counts what it drops meanwhile.
const CAPACITY: usize = 64 << 20;
/// What a packet counts beside its bytes.
const OVERHEAD: usize = 128;

/// A packet as the kernel delivered it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CapturedPacket {
    /// When the kernel saw it.
    pub(super) at: Timestamp,
    /// The number of its interface.
    pub(super) interface: u32,
    /// Whether this machine sent it; false on loopback.
    pub(super) outgoing: bool,
    /// The protocol of the network layer (`ETH_P_IP` ...).
    pub(super) protocol: u16,
    /// The tag that the kernel took out of the frame.
    pub(super) vlan: Option<u16>,
    /// Payload bytes of each segment that the kernel merged, or will make of it.
    pub(super) segment_size: Option<u16>,
    /// The bytes captured, from the link's header on.
    pub(super) bytes: Vec<u8>,
    /// Where the network header begins.
    pub(super) network: usize,
    /// Bytes of the whole frame.
    pub(super) length: u32,
}

impl CapturedPacket {
    /// The bytes captured, from the network header on.
    pub(super) fn network_bytes(&self) -> &[u8] {
        self.bytes.get(self.network..).unwrap_or_default()
    }

    /// What it takes of [`CAPACITY`].
    const fn cost(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

impl From<Frame<'_>> for CapturedPacket {
    fn from(frame: Frame<'_>) -> Self {
        Self {
            at: frame.at,
            interface: frame.interface,
            outgoing: frame.outgoing,
            protocol: frame.protocol,
            vlan: frame.vlan,
            segment_size: frame.gso.map(|gso| gso.size),
            bytes: frame.bytes.to_vec(),
            network: frame.network,
            length: frame.length,
        }
    }
}

/// Packets that the stage has not taken, and room for those that it has not released.
#[derive(Default)]
pub(super) struct Backlog(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    packets: Vec<CapturedPacket>,
    /// Of all packets between the reader and the end of the stage.
    cost: usize,
}

impl Backlog {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether more may be added.
    pub(super) fn has_room(&self) -> bool {
        self.lock().cost < CAPACITY
    }

    /// Adds packets, which leaves `packets` empty.
    pub(super) fn add(&self, packets: &mut Vec<CapturedPacket>) {
        let mut inner = self.lock();
        inner.cost += packets.iter().map(CapturedPacket::cost).sum::<usize>();
        inner.packets.append(packets);
    }

    /// Takes every packet; each counts until [`Self::release`].
    pub(super) fn take(&self) -> Vec<CapturedPacket> {
        std::mem::take(&mut self.lock().packets)
    }

    /// Gives the room of a packet back.
    pub(super) fn release(&self, packet: &CapturedPacket) {
        let mut inner = self.lock();
        inner.cost = inner.cost.saturating_sub(packet.cost());
    }
}
