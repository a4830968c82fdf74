//! Standard input for every client: each chunk is shared, each client has a queue of its own, bounded.
//!
//! A client that lags makes reading pause; one that takes nothing at all for a second is let go, so that it cannot hold
//! the others up for longer.

use crate::event::{Events, Kind};
use crate::sys::error::reason;
use crate::sys::{Error, stdio};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::os::fd::AsFd;
use std::rc::{Rc, Weak};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};

/// Bytes that may wait for one client.
const QUEUE: usize = 1 << 20;
/// How long a client with a full queue may take nothing.
const PATIENCE: Duration = Duration::from_secs(1);
/// Bytes read at once, and chunks on their way from the reading thread.
const CHUNK: usize = 64 << 10;
const CHUNKS: usize = 4;

/// The distributor. Reading starts with the first client.
pub(super) struct Feed {
    mailboxes: RefCell<Vec<Weak<Mailbox>>>,
    ended: Cell<bool>,
    wanted: Notify,
    taken: Notify,
}

/// What waits for one client.
#[derive(Default)]
pub(super) struct Mailbox {
    chunks: RefCell<VecDeque<Rc<[u8]>>>,
    bytes: Cell<usize>,
    arrived: Notify,
    dismissed: Cell<bool>,
    took: Cell<u64>,
}

/// What a client's mailbox gave.
pub(super) enum Next {
    /// More input.
    Chunk(Rc<[u8]>),
    /// The input ended.
    End,
    /// The client took nothing for too long.
    Dismissed,
}

/// Starts the distributor in this runtime.
pub(super) fn open(events: Events) -> Rc<Feed> {
    let feed = Rc::new(Feed {
        mailboxes: RefCell::default(),
        ended: Cell::new(false),
        wanted: Notify::new(),
        taken: Notify::new(),
    });
    let input = stdio::take_input();
    tokio::task::spawn_local(Rc::clone(&feed).distribute(input, events));
    feed
}

impl Feed {
    async fn distribute(self: Rc<Self>, input: std::io::Result<std::os::fd::OwnedFd>, events: Events) {
        self.wanted.notified().await;
        let (chunk_in, mut chunks) = mpsc::channel::<std::io::Result<Vec<u8>>>(CHUNKS);
        let started = std::thread::Builder::new().name("input".into()).spawn(move || {
            let input = match input {
                Ok(input) => input,
                Err(error) => return drop(chunk_in.blocking_send(Err(error))),
            };
            let mut buffer = vec![0; CHUNK];
            loop {
                let chunk = match stdio::read(input.as_fd(), &mut buffer) {
                    Ok(0) => return,
                    Ok(n) => Ok(buffer[..n].to_vec()),
                    Err(error) => Err(error),
                };
                let last = chunk.is_err();
                if chunk_in.blocking_send(chunk).is_err() || last {
                    return;
                }
            }
        });
        if let Err(error) = started {
            events.warn(Kind::Resources, "start thread", reason(&error));
        }
        while let Some(chunk) = chunks.recv().await {
            match chunk {
                Ok(bytes) => self.deliver(&bytes.into()).await,
                Err(error) => events.emit(crate::event::Event::Warning {
                    fault: Error::new("read", "standard input", error).about(Kind::File).fault(),
                }),
            }
        }
        self.ended.set(true);
        for mailbox in self.mailboxes.borrow().iter().filter_map(Weak::upgrade) {
            mailbox.arrived.notify_one();
        }
    }

    async fn deliver(&self, chunk: &Rc<[u8]>) {
        self.mailboxes.borrow_mut().retain(|m| m.strong_count() > 0);
        let boxes: Vec<Rc<Mailbox>> = self.mailboxes.borrow().iter().filter_map(Weak::upgrade).collect();
        for mailbox in boxes {
            while mailbox.bytes.get() >= QUEUE && !mailbox.dismissed.get() && Rc::strong_count(&mailbox) > 1 {
                let took = mailbox.took.get();
                let waited = tokio::time::timeout(PATIENCE, async {
                    while mailbox.took.get() == took && Rc::strong_count(&mailbox) > 1 {
                        self.taken.notified().await;
                    }
                });
                if waited.await.is_err() {
                    mailbox.dismissed.set(true);
                }
            }
            if !mailbox.dismissed.get() {
                mailbox.bytes.set(mailbox.bytes.get() + chunk.len());
                mailbox.chunks.borrow_mut().push_back(Rc::clone(chunk));
            }
            mailbox.arrived.notify_one();
        }
    }

    /// A mailbox for a new client; it gets what is read from now on.
    pub(super) fn subscribe(&self) -> Rc<Mailbox> {
        let mailbox = Rc::new(Mailbox::default());
        self.mailboxes.borrow_mut().push(Rc::downgrade(&mailbox));
        self.wanted.notify_one();
        mailbox
    }

    /// Waits for the next thing in `mailbox`.
    pub(super) async fn next(&self, mailbox: &Mailbox) -> Next {
        loop {
            if mailbox.dismissed.get() {
                return Next::Dismissed;
            }
            let chunk = mailbox.chunks.borrow_mut().pop_front();
            if let Some(chunk) = chunk {
                return Next::Chunk(chunk);
            }
            if self.ended.get() {
                return Next::End;
            }
            mailbox.arrived.notified().await;
        }
    }

    /// Waits until the mailbox is dismissed while a chunk of it cannot be sent.
    pub(super) async fn dismissal(&self, mailbox: &Mailbox) {
        while !mailbox.dismissed.get() {
            mailbox.arrived.notified().await;
        }
    }

    /// Tells that `bytes` of `mailbox` were sent.
    pub(super) fn sent(&self, mailbox: &Mailbox, bytes: usize) {
        mailbox.bytes.set(mailbox.bytes.get().saturating_sub(bytes));
        mailbox.took.set(mailbox.took.get() + bytes as u64);
        self.taken.notify_one();
    }
}
