//! The one acceptor: a slot is taken before a client is accepted, and a lack of descriptors is a pause, whether a runtime
//! waits for the clients or a thread of its own. Access rules are applied here, for every TCP server.

use super::acl::AccessRules;
use super::setback::{BACKOFF, Setbacks, Then};
use super::stream::register;
use crate::event::{Event, Events};
use crate::sys::error::{Error, Result};
use crate::sys::poll::{self, wait};
use crate::sys::signal::{Signal, Stop};
use crate::sys::socket::Socket;
use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a client waits for a slot before it is refused: a client that has just ended gives its slot back within this.
const TAKEOVER: Duration = Duration::from_millis(20);

/// A listener in the runtime.
pub struct Listener(AsyncFd<Socket>);

/// Accepts clients, a bounded number at a time. Cheap to clone; clones share the slots.
#[derive(Clone)]
pub struct Acceptor {
    slots: Arc<Semaphore>,
    access: Arc<AccessRules>,
    events: Events,
}

/// A client and the slot that it takes until dropped.
pub struct Accepted {
    /// The connection.
    pub socket: Socket,
    /// Gives the slot back when dropped.
    pub place: Option<OwnedSemaphorePermit>,
}

/// The end of the wait for one client.
pub enum First {
    /// It is connected.
    Client(Socket),
    /// The deadline passed.
    Late,
    /// The program was asked to end.
    Stopped(Signal),
}

impl Listener {
    /// Takes a listener into the runtime this is called in.
    pub fn new(socket: Socket) -> Result<Self> {
        register(socket).map(Self)
    }

    /// Waits until a client may be there to be accepted.
    async fn client_waits(&self) -> io::Result<()> {
        self.0.readable().await?.retain_ready();
        Ok(())
    }

    fn accept(&self) -> io::Result<Socket> {
        self.0.try_io(Interest::READABLE, Socket::accept)
    }
}

impl Acceptor {
    /// Accepts the clients that `access` allows, at most `slots` at once; without a limit, as many as there are descriptors.
    #[must_use]
    pub fn new(slots: Option<u32>, access: AccessRules, events: Events) -> Self {
        let slots = slots.map_or(Semaphore::MAX_PERMITS, |n| n as usize);
        Self { slots: Arc::new(Semaphore::new(slots)), access: Arc::new(access), events }
    }

    /// Applies the access rules to a client that another program accepted; it takes no slot.
    #[must_use]
    pub fn admit(&self, client: Socket) -> Option<Socket> {
        admit(client, &self.access)
    }

    /// Waits for a client and a slot; a client without a slot waits in the kernel's accept queue.
    ///
    /// A slot is taken only once a client waits, since other listeners share the slots. With access rules one client of
    /// each listener is accepted before it has a slot, so that denied clients need not wait for one.
    pub async fn accept(&self, listener: &Listener) -> Accepted {
        let mut setbacks = Setbacks::default();
        loop {
            self.client_waits(listener, &mut setbacks).await;
            // The semaphore is never closed, so a slot always comes.
            let place = Arc::clone(&self.slots).acquire_owned();
            if self.access.is_open() {
                let place = place.await.ok();
                if let Some(socket) = self.try_accept(listener, &mut setbacks).await {
                    return Accepted { socket, place };
                }
            } else if let Some(socket) = self.try_accept(listener, &mut setbacks).await {
                let waiting = ResetUnserved(Some(socket));
                let place = place.await.ok();
                if let Some(socket) = waiting.served() {
                    return Accepted { socket, place };
                }
            }
        }
    }

    /// Waits for a client; one without a slot is to be refused. A client that has just ended has a moment to give its
    /// slot back.
    pub async fn accept_any(&self, listener: &Listener) -> Accepted {
        let mut setbacks = Setbacks::default();
        loop {
            self.client_waits(listener, &mut setbacks).await;
            if let Some(socket) = self.try_accept(listener, &mut setbacks).await {
                let place = Arc::clone(&self.slots).acquire_owned();
                let place =
                    tokio::time::timeout(TAKEOVER, place).await.ok().and_then(std::result::Result::ok);
                return Accepted { socket, place };
            }
        }
    }

    /// Waits for one client in the calling thread.
    pub fn accept_first(
        &self,
        listeners: &[Socket],
        deadline: Option<Instant>,
        stop: &Stop,
    ) -> Result<First> {
        let failed = |e| Error::new("poll", "", e);
        let stopping = (stop.as_fd(), poll::Interest::Reading);
        let mut fds = vec![stopping];
        fds.extend(listeners.iter().map(|l| (l.as_fd(), poll::Interest::Reading)));
        let mut setbacks = Setbacks::default();
        loop {
            let ready = wait(&fds, deadline).map_err(failed)?;
            if let Some(signal) = stop.signal() {
                return Ok(First::Stopped(signal));
            }
            for (listener, _) in listeners.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
                match listener.accept() {
                    Ok(client) => {
                        if let Some(client) = admit(client, &self.access) {
                            return Ok(First::Client(client));
                        }
                    }
                    Err(error) => {
                        if self.has_to_rest(listener, error, &mut setbacks) {
                            let rested = Instant::now() + BACKOFF;
                            let until = deadline.map_or(rested, |deadline| deadline.min(rested));
                            wait(&[stopping], Some(until)).map_err(failed)?;
                        }
                    }
                }
            }
            if deadline.is_some_and(|d| Instant::now() >= d) {
                return Ok(First::Late);
            }
        }
    }

    async fn client_waits(&self, listener: &Listener, setbacks: &mut Setbacks) {
        if let Err(error) = listener.client_waits().await {
            self.back_off(listener, error, setbacks).await;
        }
    }

    /// The client that waits, unless it is gone or the machine cannot take it.
    async fn try_accept(&self, listener: &Listener, setbacks: &mut Setbacks) -> Option<Socket> {
        match listener.accept() {
            Ok(client) => {
                let client = admit(client, &self.access);
                if client.is_none() {
                    // Nothing is awaited while clients arrive: a flood of denied ones must not delay the other tasks.
                    tokio::task::consume_budget().await;
                }
                client
            }
            Err(error) => {
                self.back_off(listener, error, setbacks).await;
                None
            }
        }
    }

    async fn back_off(&self, listener: &Listener, error: io::Error, setbacks: &mut Setbacks) {
        if self.has_to_rest(listener.0.get_ref(), error, setbacks) {
            tokio::time::sleep(BACKOFF).await;
        }
    }

    /// Whether to wait for [`BACKOFF`] after accepting failed; the first time a warning says why.
    fn has_to_rest(&self, listener: &Socket, error: io::Error, setbacks: &mut Setbacks) -> bool {
        if error.kind() == io::ErrorKind::WouldBlock {
            return false; // the client left before it was accepted
        }
        match setbacks.add(error, &listener.on()) {
            Then::Again => false,
            Then::Rest(warning) => {
                if let Some(fault) = warning {
                    self.events.emit(Event::Warning { fault });
                }
                true
            }
        }
    }
}

/// Applies the access rules to a new connection: emits `accept` and returns it if its peer is allowed, emits `refuse` and
/// resets it if not.
fn admit(client: Socket, access: &AccessRules) -> Option<Socket> {
    // The rules are about internet addresses; file permissions decide on UNIX sockets.
    if let Some(Err(denial)) = client.peer_inet().map(|peer| access.check(peer)) {
        client.emit(|socket| Event::Refuse { socket, reason: denial.to_string() });
        // If it fails the client sees an orderly ending instead, and the event still says what happened.
        let _ = client.reset_on_close();
        return None;
    }
    let credentials = client.peer_credentials();
    let (pid, uid) = (credentials.map(|c| c.pid), credentials.map(|c| c.uid));
    client.emit(|socket| Event::Accept { socket, pid, uid });
    Some(client)
}

/// A client that waits for a slot. If the server ends before that, it is reset, as the clients in the accept queue are.
struct ResetUnserved(Option<Socket>);

impl ResetUnserved {
    fn served(mut self) -> Option<Socket> {
        self.0.take()
    }
}

impl Drop for ResetUnserved {
    fn drop(&mut self) {
        if let Some(client) = &self.0 {
            let _ = client.reset_on_close();
        }
    }
}
