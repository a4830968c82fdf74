//! The watcher: one thread that notices what the peer and the kernel do to our sockets between our calls.
//!
//! Every tracked TCP socket sits edge-triggered in one epoll instance, for RDHUP at first and for OUT too once our
//! FIN is out: then each change of state is an edge, and data alone wakes nobody. Sockets whose owner is done wait
//! here for the last ACK. Attempts to connect, for which there is no such edge, are looked at now and then.

use super::attempts::Attempts;
use super::state::StateTracker;
use rustix::event::epoll::{self, CreateFlags, EventData, EventFlags};
use rustix::event::{EventfdFlags, Timespec, eventfd};
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The token of the eventfd that wakes the thread for a new deadline; sockets count from 1.
const WAKE: u64 = 0;
/// Wake-ups closer together than this are gathered: where thousands of sockets come and go, each wake-up of its own
/// would cost more than the look. What lasts a millisecond is still seen.
const COALESCE: Duration = Duration::from_micros(250);
/// Events taken with one call.
const BATCH: usize = 256;

/// The thread's shared half. See the module.
pub(super) struct Watcher {
    epoll: OwnedFd,
    wake: OwnedFd,
    trackers: Mutex<Trackers>,
    emptied: Condvar,
}

#[derive(Default)]
struct Trackers {
    watched: HashMap<u64, Arc<StateTracker>>,
    retired: Vec<u64>,
    attempts: Attempts,
}

impl Watcher {
    /// Starts the thread; it ends with the process.
    pub(super) fn start() -> io::Result<Arc<Self>> {
        let watcher = Arc::new(Self {
            epoll: epoll::create(CreateFlags::CLOEXEC)?,
            wake: eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?,
            trackers: Mutex::default(),
            emptied: Condvar::new(),
        });
        let data = EventData::new_u64(WAKE);
        epoll::add(&watcher.epoll, &watcher.wake, data, EventFlags::IN | EventFlags::ET)?;
        let for_thread = Arc::clone(&watcher);
        std::thread::Builder::new().name("watcher".into()).spawn(move || for_thread.run())?;
        Ok(watcher)
    }

    /// Starts to watch a socket by a number that no other has.
    pub(super) fn watch(&self, id: u32, fd: BorrowedFd<'_>, tracker: &Arc<StateTracker>) -> io::Result<()> {
        let token = u64::from(id);
        self.lock().watched.insert(token, Arc::clone(tracker));
        epoll::add(&self.epoll, fd, EventData::new_u64(token), EventFlags::RDHUP | EventFlags::ET)?;
        Ok(())
    }

    /// An attempt to connect begins; its steps before the answer are looked for until it is over.
    pub(super) fn watch_attempt(&self, id: u32, tracker: &Arc<StateTracker>) {
        if self.lock().attempts.add(u64::from(id), tracker) {
            self.wake();
        }
    }

    /// Our FIN goes out: from now on every change of state is an edge of writability too.
    pub(super) fn expect_acks(&self, id: u32, fd: BorrowedFd<'_>) {
        let flags = EventFlags::RDHUP | EventFlags::OUT | EventFlags::ET;
        // A socket that was never watched (a listener, an attempt that failed) has nothing to modify.
        let _ = epoll::modify(&self.epoll, fd, EventData::new_u64(u64::from(id)), flags);
    }

    /// The owner is done; goes on observing until the socket is settled.
    pub(super) fn settle(&self, id: u32) {
        self.lock().retired.push(u64::from(id));
        self.wake();
    }

    /// Forgets a socket that was closed at once.
    pub(super) fn forget(&self, id: u32) {
        self.lock().watched.remove(&u64::from(id));
    }

    /// Waits until every retired socket is settled, which each is within a bounded time.
    pub(super) fn drain(&self) {
        let trackers = self.lock();
        let _all = self
            .emptied
            .wait_timeout_while(trackers, Duration::from_secs(2), |l| !l.retired.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
    }

    /// Wakes the thread, so that it sees a new deadline.
    fn wake(&self) {
        let _ = rustix::io::write(&self.wake, &1u64.to_ne_bytes());
    }

    fn lock(&self) -> MutexGuard<'_, Trackers> {
        self.trackers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        let mut events = Vec::with_capacity(BATCH);
        let mut woken = Instant::now();
        loop {
            events.clear();
            let timeout = self.next_deadline().map(|left| Timespec {
                tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(left.subsec_nanos()),
            });
            match epoll::wait(
                self.epoll.as_fd(),
                rustix::buffer::spare_capacity(&mut events),
                timeout.as_ref(),
            ) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            let busy = woken.elapsed() < 2 * COALESCE;
            woken = Instant::now();
            for event in &events {
                let token = event.data.u64();
                if token == WAKE {
                    let _ = rustix::io::read(&self.wake, &mut [0u8; 8]);
                    continue;
                }
                let tracker = self.lock().watched.get(&token).cloned();
                if let Some(tracker) = tracker {
                    tracker.observe();
                }
            }
            self.sweep();
            if busy {
                std::thread::park_timeout(COALESCE);
            }
        }
    }

    fn next_deadline(&self) -> Option<Duration> {
        let trackers = self.lock();
        let settling = trackers.retired.iter().filter_map(|id| trackers.watched.get(id)?.deadline()).min();
        let next = [settling, trackers.attempts.next_look()].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    fn sweep(&self) {
        let now = Instant::now();
        let mut trackers = self.lock();
        trackers.attempts.look(now);
        if trackers.retired.is_empty() {
            return;
        }
        let Trackers { watched, retired, .. } = &mut *trackers;
        retired.retain(|id| {
            let over = watched.get(id).is_none_or(|tracker| tracker.settled(now));
            if over {
                watched.remove(id);
            }
            !over
        });
        if retired.is_empty() {
            self.emptied.notify_all();
        }
    }
}
