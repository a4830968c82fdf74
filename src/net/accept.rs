//! The accept loop of a server for many: a place is taken before a client is, and running out of descriptors is a pause.

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
    /// A gate with `places`, or as many as there are descriptors.
    #[must_use]
    pub fn new(places: Option<u32>, events: Events) -> Self {
        let places = places.map_or(Semaphore::MAX_PERMITS, |n| n as usize);
        Self { places: Arc::new(Semaphore::new(places)), events }
    }

    /// Waits for a client and a place: who finds no place waits in the kernel's accept queue.
    ///
    /// A place is taken only once somebody waits, since other listeners share the places.
    pub async fn accept(&self, listener: &Waiting) -> Accepted {
        let mut setbacks = Setbacks::default();
        loop {
            self.client_waits(listener, &mut setbacks).await;
            // The semaphore is never closed, so a place always comes.
            let place = Arc::clone(&self.places).acquire_owned().await.ok();
            if let Some(socket) = self.try_accept(listener, &mut setbacks).await {
                return Accepted { socket, place };
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
            Ok(client) => client,
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
