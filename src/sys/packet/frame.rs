//! One packet as the ring holds it.

use jiff::Timestamp;

/// A packet, borrowed from the ring.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    /// When the kernel saw it.
    pub at: Timestamp,
    /// The number of its interface.
    pub interface: u32,
    /// Whether this machine sent it; false of packets on loopback.
    pub outgoing: bool,
    /// The protocol of the network layer (`ETH_P_IP` ...).
    pub protocol: u16,
    /// The VLAN that the kernel took out of the frame: its tag control information.
    pub vlan: Option<u16>,
    /// What the kernel merged, or will split.
    pub gso: Option<Gso>,
    /// The bytes captured, from the link's header on.
    pub bytes: &'a [u8],
    /// Where the network header begins in `bytes`.
    pub network: usize,
    /// Bytes of the whole frame.
    pub length: u32,
}

/// A frame that stands for several segments (virtio-net's header, `VIRTIO_NET_HDR_GSO_*`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gso {
    /// Payload bytes of each segment but the last.
    pub size: u16,
}

impl Frame<'_> {
    /// What follows the link's header.
    #[must_use]
    pub fn packet(&self) -> &[u8] {
        self.bytes.get(self.network..).unwrap_or_default()
    }
}
