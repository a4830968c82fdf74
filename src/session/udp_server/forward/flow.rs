//! One peer of a forwarding server: its socket towards the target, what waits for that, and the replies.

use super::{Shared, is_transient};
use crate::event::{Address, AddressRef, Role};
use crate::net::resolve::resolve_target;
use crate::sys::mmsg::{Origin, OutgoingDatagram};
use crate::sys::reactor::register;
use crate::sys::socket::{Socket, SocketType};
use crate::sys::{Error, Result};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::Notify;
use tokio::time::{sleep_until, timeout};

/// The most that waits for the socket of one peer, bytes, but for one datagram of any length.
const WAITING: usize = 16 << 10;
/// How long looking the target up may take.
const RESOLVE_LIMIT: Duration = Duration::from_secs(10);

/// A peer.
pub(super) struct Flow {
    /// The socket it writes to, by number.
    listener: usize,
    peer: Address,
    /// Makes replies leave from the address that it wrote to.
    pub(super) origin: Cell<Option<Origin>>,
    /// When a datagram last passed, either way.
    pub(super) active: Cell<Instant>,
    /// It must make room for another peer.
    pub(super) dismissed: Notify,
    socket: RefCell<Option<Rc<AsyncFd<Socket>>>>,
    waiting: RefCell<Queue>,
    /// Something waits.
    queued: Notify,
    /// What was sent while nothing was answered yet, for the next address of the target; absent where there is none.
    sent: RefCell<Option<Queue>>,
    /// The last ICMP error that came from the target.
    refusal: RefCell<Option<io::Error>>,
}

/// Datagrams, bounded; those that do not fit are dropped, as a full queue of the kernel drops them.
#[derive(Default)]
struct Queue {
    datagrams: VecDeque<Vec<u8>>,
    bytes: usize,
}

impl Queue {
    fn push(&mut self, payload: &[u8]) {
        if self.datagrams.is_empty() || self.bytes + payload.len() <= WAITING {
            self.bytes += payload.len();
            self.datagrams.push_back(payload.to_vec());
        }
    }

    /// Puts others in front.
    fn prepend(&mut self, mut others: Self) {
        others.datagrams.append(&mut self.datagrams);
        *self = Self { bytes: self.bytes + others.bytes, datagrams: others.datagrams };
    }
}

impl Flow {
    pub(super) fn new(listener: usize, peer: Address, now: Instant) -> Self {
        Self {
            listener,
            peer,
            origin: Cell::default(),
            active: Cell::new(now),
            dismissed: Notify::new(),
            socket: RefCell::default(),
            waiting: RefCell::default(),
            queued: Notify::new(),
            sent: RefCell::default(),
            refusal: RefCell::default(),
        }
    }

    /// Sends the peer's datagrams to the target, or queues them until its socket is ready.
    pub(super) fn forward(&self, payloads: &[&[u8]], shared: &Shared) {
        let mut rest = payloads;
        if let (Some(socket), true) = (&*self.socket.borrow(), self.waiting.borrow().datagrams.is_empty()) {
            rest = &payloads[self.send(socket.get_ref(), payloads, shared)..];
        }
        if !rest.is_empty() {
            let mut waiting = self.waiting.borrow_mut();
            for payload in rest {
                waiting.push(payload);
            }
            self.queued.notify_one();
        }
    }

    /// Sends what the socket takes now; returns how many are done with. A refusal of an earlier datagram is left to the task
    /// of the peer, and a datagram that cannot be sent at all is dropped with a warning.
    fn send(&self, socket: &Socket, payloads: &[&[u8]], shared: &Shared) -> usize {
        let outgoing = payloads.iter().map(|payload| OutgoingDatagram { payload, to: None, from: None });
        let datagrams: Vec<_> = outgoing.collect();
        let (mut done, mut refused, mut sender) = (0, false, shared.sender.borrow_mut());
        while done < datagrams.len() {
            match sender.send(socket, &datagrams[done..]) {
                Ok(count) => {
                    if let Some(sent) = &mut *self.sent.borrow_mut() {
                        payloads[done..done + count].iter().for_each(|payload| sent.push(payload));
                    }
                    done += count;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if is_transient(&error) && !refused => {
                    refused = true;
                    self.refusal.replace(Some(error));
                    self.queued.notify_one();
                }
                Err(error) => {
                    shared.warn(socket, "send", error);
                    done += 1;
                }
            }
        }
        done
    }

    /// Serves the peer until it is silent or dismissed.
    pub(super) async fn run(&self, shared: &Shared) {
        let served = async {
            let found = timeout(RESOLVE_LIMIT, self.look_up(shared)).await.unwrap_or_else(|_| {
                let why = io::Error::new(ErrorKind::TimedOut, "no answer before the deadline");
                Err(Error::new("resolve", &shared.target, why))
            });
            self.serve_by_one_of(found?, shared).await
        };
        let served = tokio::select! {
            biased;
            () = self.dismissed.notified() => Ok(()),
            served = served => served,
        };
        if let Err(error) = served {
            shared.warn_of(&error, None);
        }
        self.socket.replace(None);
    }

    async fn look_up(&self, shared: &Shared) -> Result<Vec<Address>> {
        // The semaphore is never closed.
        let _turn = shared.lookups.acquire().await;
        resolve_target(shared.lookup, &shared.target, shared.sockets.events()).await
    }

    /// Serves the peer by the first address that does not refuse its first datagrams, that which answered others before.
    async fn serve_by_one_of(&self, mut addresses: Vec<Address>, shared: &Shared) -> Result<()> {
        if let Some(at) = addresses.iter().position(|a| Some(a) == shared.answering.borrow().as_ref()) {
            addresses[..=at].rotate_right(1);
        }
        let last = addresses.len().saturating_sub(1);
        for (number, address) in addresses.into_iter().enumerate() {
            self.sent.replace((number < last).then(Queue::default));
            match self.open(&address, shared) {
                Ok(socket) => {
                    if self.serve(&socket, &address, shared).await? {
                        return Ok(());
                    }
                }
                Err(error) if number == last => return Err(error),
                Err(_) => {}
            }
        }
        Ok(())
    }

    fn open(&self, address: &Address, shared: &Shared) -> Result<Rc<AsyncFd<Socket>>> {
        let socket = shared.sockets.open(SocketType::Datagram, Role::Client, address, &shared.options)?;
        if address.inet().is_none() {
            // Without a name it could not be answered.
            socket.autobind()?;
        }
        socket.start_connect(address)?;
        socket.receive_segments();
        socket.note_join(shared.listeners[self.listener].get_ref());
        let socket = Rc::new(register(socket).map_err(|e| Error::new("epoll_ctl", address, e))?);
        self.socket.replace(Some(Rc::clone(&socket)));
        Ok(socket)
    }

    /// Returns whether the peer is done with; if not, the address refused its first datagrams, which wait for the next one.
    async fn serve(&self, socket: &AsyncFd<Socket>, address: &Address, shared: &Shared) -> Result<bool> {
        loop {
            self.send_waiting(socket, shared);
            let blocked = !self.waiting.borrow().datagrams.is_empty();
            // An ICMP error alone does not make a socket readable.
            let received = Interest::READABLE | Interest::ERROR;
            let interest = if blocked { received | Interest::WRITABLE } else { received };
            tokio::select! {
                biased;
                () = self.queued.notified() => {}
                ready = socket.ready(interest) => {
                    let mut guard = ready.map_err(|e| Error::new("epoll_wait", address, e))?;
                    match self.receive(socket.get_ref(), shared) {
                        Ok(replies) => {
                            self.sent.replace(None);
                            shared.answering.replace(Some(address.clone()));
                            self.reply(replies, shared).await;
                        }
                        Err(error) if error.kind() == ErrorKind::WouldBlock => guard.clear_ready(),
                        Err(error) if is_transient(&error) => drop(self.refusal.replace(Some(error))),
                        Err(error) => return Err(Error::new("recv", address, error)),
                    }
                }
                () = sleep_until((self.active.get() + shared.idle).into()) => {
                    if self.active.get() + shared.idle <= Instant::now() {
                        return Ok(true);
                    }
                }
            }
            if let Some(refusal) = self.refusal.take() {
                if let Some(sent) = self.sent.take() {
                    self.waiting.borrow_mut().prepend(sent);
                    return Ok(false);
                }
                shared.warn(socket.get_ref(), "send", refusal);
                if address.inet().is_none() {
                    // Connected to a socket that is closed, this one never reaches the next that is bound there.
                    return Ok(true);
                }
            }
        }
    }

    fn send_waiting(&self, socket: &AsyncFd<Socket>, shared: &Shared) {
        let mut waiting = self.waiting.borrow_mut();
        let datagrams = std::mem::take(&mut waiting.datagrams);
        let payloads: Vec<&[u8]> = datagrams.iter().map(Vec::as_slice).collect();
        let done = self.send(socket.get_ref(), &payloads, shared);
        waiting.bytes = payloads[done..].iter().map(|payload| payload.len()).sum();
        waiting.datagrams = datagrams.into_iter().skip(done).collect();
    }

    /// Receives a batch of replies and returns them to the peer; those that its socket has no room for are left over.
    fn receive(&self, socket: &Socket, shared: &Shared) -> io::Result<Vec<Vec<u8>>> {
        let mut receiver = shared.receiver.borrow_mut();
        receiver.receive(socket, usize::MAX)?;
        self.active.set(Instant::now());
        let payloads: Vec<&[u8]> = receiver.datagrams().map(|datagram| datagram.payload).collect();
        let done = self.send_back(&payloads, shared);
        Ok(payloads[done..].iter().map(|payload| payload.to_vec()).collect())
    }

    /// Sends replies that were left over.
    async fn reply(&self, mut replies: Vec<Vec<u8>>, shared: &Shared) {
        while !replies.is_empty() {
            let Ok(mut guard) = shared.listeners[self.listener].writable().await else { return };
            let payloads: Vec<&[u8]> = replies.iter().map(Vec::as_slice).collect();
            let done = self.send_back(&payloads, shared);
            replies.drain(..done);
            if !replies.is_empty() {
                guard.clear_ready();
            }
        }
    }

    /// As [`Self::send`], to the peer.
    fn send_back(&self, payloads: &[&[u8]], shared: &Shared) -> usize {
        let listener = shared.listeners[self.listener].get_ref();
        let (to, from) = (Some(AddressRef::from(&self.peer)), self.origin.get());
        let outgoing = payloads.iter().map(|payload| OutgoingDatagram { payload, to, from });
        let datagrams: Vec<_> = outgoing.collect();
        let (mut done, mut sender) = (0, shared.sender.borrow_mut());
        while done < datagrams.len() {
            match sender.send(listener, &datagrams[done..]) {
                Ok(count) => done += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => {
                    shared.warn(listener, "send", error);
                    done += 1;
                }
            }
        }
        done
    }
}
