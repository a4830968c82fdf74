//! The thread that reads the ring.

use super::Shared;
use crate::event::{CapturedPacket, Event, Events, PacketFields, Proto, Role, Subject};
use crate::sys::packet::{Frame, PacketSocket, Statistics};
use crate::sys::poll::{Interest, wait};
use crate::sys::{Error, Result};
use jiff::Timestamp;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A packet is in the ring's complete blocks at most this long after its time: the kernel closes a block after a millisecond
/// by a timer of a few.
const DELAY: Duration = Duration::from_millis(10);
/// Between two looks where nothing comes.
const LOOK: Duration = Duration::from_millis(5);
/// How long the end waits for packets after the last call on a socket.
const LINGER: Duration = Duration::from_millis(20);

/// The thread, until [`Reader::finish`].
pub(super) struct Reader {
    thread: JoinHandle<Statistics>,
    over: Arc<AtomicBool>,
}

impl Reader {
    pub(super) fn start(socket: PacketSocket, events: Events, shared: Arc<Shared>) -> Result<Self> {
        let over = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&over);
        let thread = std::thread::Builder::new()
            .name("packets".into())
            .spawn(move || read(socket, &events, &shared, &asked))
            .map_err(|e| Error::new("start thread", "packets", e))?;
        Ok(Self { thread, over })
    }

    /// Reads what still comes, ends the thread, and returns the kernel's counts.
    pub(super) fn finish(self) -> Statistics {
        self.over.store(true, Ordering::Release);
        self.thread.join().unwrap_or_default()
    }
}

fn read(mut socket: PacketSocket, events: &Events, shared: &Shared, over: &AtomicBool) -> Statistics {
    let mut end = None;
    loop {
        let now = Instant::now();
        let before = Timestamp::now().as_nanosecond().try_into().unwrap_or(i64::MAX);
        let delay = i64::try_from(DELAY.as_nanos()).unwrap_or_default();
        socket.read(|frame| events.emit_at(frame.at, event(&frame)));
        shared.complete_until.store(before - delay, Ordering::Release);
        if over.load(Ordering::Acquire) && now >= *end.get_or_insert(now + LINGER) {
            shared.complete_until.store(i64::MAX, Ordering::Release);
            return socket.statistics();
        }
        // If waiting fails the next look comes at once.
        let _ = wait(&[(socket.as_fd(), Interest::Reading)], Some(now + LOOK));
    }
}

/// A packet of no socket yet; the stage knows which one.
fn event(frame: &Frame<'_>) -> Event {
    let captured = CapturedPacket {
        interface: frame.interface,
        outgoing: frame.outgoing,
        protocol: frame.protocol,
        vlan: frame.vlan,
        segment_size: frame.gso.map(|gso| gso.size),
        bytes: frame.bytes.to_vec(),
        network: frame.network,
        length: frame.length,
    };
    let socket = Subject { conn: 0, proto: Proto::Tcp, local: None, peer: None, role: Role::Client };
    let packet = PacketFields { captured: Some(Box::new(captured)), ..PacketFields::default() };
    Event::Packet { socket, packet: Box::new(packet) }
}
