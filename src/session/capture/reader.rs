//! The thread that reads the ring.

use super::Shared;
use super::packet::CapturedPacket;
use crate::event::Events;
use crate::sys::packet::{PacketSocket, Statistics};
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
/// How long the end waits for a stage that takes nothing.
const LAST_CHANCE: Duration = Duration::from_secs(2);

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
    let mut packets: Vec<CapturedPacket> = Vec::new();
    let mut end = None;
    loop {
        let now = Instant::now();
        let asked_at = over.load(Ordering::Acquire).then(|| *end.get_or_insert(now));
        if shared.backlog.has_room() {
            let before: i64 = Timestamp::now().as_nanosecond().try_into().unwrap_or(i64::MAX);
            let delay = i64::try_from(DELAY.as_nanos()).unwrap_or_default();
            socket.read(|frame| packets.push(frame.into()));
            let any = !packets.is_empty();
            shared.backlog.add(&mut packets);
            shared.complete_until.store(before - delay, Ordering::Release);
            if any {
                events.prompt_sink();
            }
            if asked_at.is_some_and(|at| now >= at + LINGER) {
                break;
            }
        } else if asked_at.is_some_and(|at| now >= at + LAST_CHANCE) {
            break;
        }
        // If waiting fails the next look comes at once.
        let interest =
            if shared.backlog.has_room() { &[(socket.as_fd(), Interest::Reading)][..] } else { &[] };
        let _ = wait(interest, Some(now + LOOK));
    }
    let mut unread = 0;
    socket.read(|_| unread += 1);
    shared.complete_until.store(i64::MAX, Ordering::Release);
    let counts = socket.statistics();
    Statistics { dropped: counts.dropped + unread, ..counts }
}
