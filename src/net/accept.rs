//! The accept loop of a server for many: a place is taken before a client is, and running out of descriptors is a pause.
//! Access rules are applied here, for every TCP server.

use super::acl::AccessRules;
use super::setback::{BACKOFF, Setbacks, Then};
use super::stream::Waiting;
use crate::event::{Event, Events};
use crate::sys::socket::Socket;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a client waits for a place before it is turned away: one whose end has come gives it back within this.
const TAKEOVER: Duration = Duration::from_millis(20);

/// Lets clients in, a bounded number at a time. Cheap to clone; clones share the places.
#[derive(Clone)]
pub struct Acceptor {
    places: Arc<Semaphore>,
    access: Arc<AccessRules>,
    events: Events,
}

/// A client and the place it takes until dropped.
pub struct Accepted {
    /// The connection.
    pub socket: Socket,
    /// Gives the place back when dropped.
    pub place: Option<OwnedSemaphorePermit>,
}

impl Acceptor {
    /// Accepts the clients that `access` allows, at most `places` at once; without a limit, as many as there are descriptors.
    #[must_use]
    pub fn new(places: Option<u32>, access: AccessRules, events: Events) -> Self {
        let places = places.map_or(Semaphore::MAX_PERMITS, |n| n as usize);
        Self { places: Arc::new(Semaphore::new(places)), access: Arc::new(access), events }
    }

    /// Waits for a client and a place: who finds no place waits in the kernel's accept queue.
    ///
    /// A place is taken only once somebody waits, since other listeners share the places. With access rules one client of
    /// each listener is accepted before it has a place, so that denied clients need not wait for one.
    pub async fn accept(&self, listener: &Waiting) -> Accepted {
        let mut setbacks = Setbacks::default();
        loop {
            self.client_waits(listener, &mut setbacks).await;
            // The semaphore is never closed, so a place always comes.
            let place = Arc::clone(&self.places).acquire_owned();
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

    /// Waits for a client, place or not: one without is to be turned away. A client that just left has a moment to give
    /// its place back.
    pub async fn accept_any(&self, listener: &Waiting) -> Accepted {
        let mut setbacks = Setbacks::default();
        loop {
            self.client_waits(listener, &mut setbacks).await;
            if let Some(socket) = self.try_accept(listener, &mut setbacks).await {
                let place = Arc::clone(&self.places).acquire_owned();
                let place = tokio::time::timeout(TAKEOVER, place).await.ok().and_then(Result::ok);
                return Accepted { socket, place };
            }
        }
    }

    async fn client_waits(&self, listener: &Waiting, setbacks: &mut Setbacks) {
        if let Err(error) = listener.client_waits().await {
            self.back_off(listener, error, setbacks).await;
        }
    }

    /// The client that waits, unless it is gone or the machine has no room for it.
    async fn try_accept(&self, listener: &Waiting, setbacks: &mut Setbacks) -> Option<Socket> {
        match listener.try_accept() {
            Ok(Some(client)) => {
                let client = admit(client, &self.access);
                if client.is_none() {
                    // Nothing is awaited while clients arrive: a flood of denied ones must not delay the other tasks.
                    tokio::task::consume_budget().await;
                }
                client
            }
            Ok(None) => None,
            Err(error) => {
                self.back_off(listener, error, setbacks).await;
                None
            }
        }
    }

    async fn back_off(&self, listener: &Waiting, error: io::Error, setbacks: &mut Setbacks) {
        let on = listener.socket_ref().local().map(|a| a.to_string()).unwrap_or_default();
        if let Then::Rest(told) = setbacks.add(error, &on) {
            if let Some(fault) = told {
                self.events.emit(Event::Warning { fault });
            }
            tokio::time::sleep(BACKOFF).await;
        }
    }
}

/// Applies the access rules to a new connection: emits `accept` and returns it if its peer is allowed, emits `refuse` and
/// resets it if not.
#[must_use]
pub fn admit(client: Socket, access: &AccessRules) -> Option<Socket> {
    // The peer of a TCP connection always has an address (accept(2)).
    if let Some(Err(denial)) = client.peer().map(|peer| access.check(peer)) {
        client.emit(|socket| Event::Refuse { socket, reason: denial.to_string() });
        // If it fails the client sees an orderly ending instead, and the event still says what happened.
        let _ = client.reset_on_close();
        return None;
    }
    client.emit(|socket| Event::Accept { socket });
    Some(client)
}

/// A client that waits for a place. If the server ends before that, it is reset, as the clients in the accept queue are.
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
