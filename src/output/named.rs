//! Which sockets have their addresses on the screen. The first line of a connection names them, later ones its number alone.

use crate::event::{Address, Event, Proto, Role, State, Subject};
use std::collections::HashSet;

/// Sockets remembered. One that is forgotten is named again.
const CAPACITY: usize = 1 << 17;

/// The sockets that were named and are not done yet.
pub(super) struct Named {
    /// Each number is a pair of addresses, of datagrams too.
    pairs: bool,
    sockets: HashSet<u32>,
    /// The one that was named, or found to be named, last.
    last: Option<u32>,
    /// Servers of datagrams, which have many peers.
    shared: Vec<u32>,
}

/// How a line says which connection it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Naming<'a> {
    /// By its number.
    Number,
    /// By its number, after a line that names its addresses.
    Birth,
    /// By the number of the socket and this peer, one of many.
    Peer(&'a Address),
}

impl Named {
    /// Nothing is named yet.
    pub(super) fn new(pairs: bool) -> Self {
        Self { pairs, sockets: HashSet::new(), last: None, shared: Vec::new() }
    }

    /// How the line of `event` says which connection it is about.
    pub(super) fn naming<'a>(&self, event: &Event, socket: &'a Subject) -> Naming<'a> {
        if socket.role == Role::Listener || self.contains(socket.conn) {
            return Naming::Number;
        }
        if self.has_many_peers(event, socket) {
            return socket.peer.as_ref().map_or(Naming::Number, Naming::Peer);
        }
        // The client of a UNIX socket has no address.
        let begins = match event {
            Event::State { to, .. } => socket.peer.is_some() || *to == State::Connected,
            Event::Accept { .. } => true,
            _ => socket.peer.is_some(),
        };
        match (event, &socket.peer) {
            _ if !begins => Naming::Number,
            (Event::Refuse { .. }, Some(peer)) => Naming::Peer(peer),
            _ => Naming::Birth,
        }
    }

    /// Remembers that the line of `event` was written.
    pub(super) fn written(&mut self, event: &Event, socket: &Subject, naming: Naming<'_>) {
        let conn = socket.conn;
        match event {
            Event::Summary { .. } => {
                self.sockets.remove(&conn);
                self.last = None;
            }
            Event::State { to: State::Unconnected, .. } | Event::Listening { .. }
                if socket.role == Role::Server && !self.shared.contains(&conn) =>
            {
                self.shared.push(conn);
            }
            _ if naming == Naming::Birth => self.add(conn),
            Event::Refuse { .. } if naming != Naming::Number && !self.has_many_peers(event, socket) => {
                self.add(conn);
            }
            _ if self.sockets.contains(&conn) => self.last = Some(conn),
            _ => {}
        }
    }

    fn has_many_peers(&self, event: &Event, socket: &Subject) -> bool {
        // The one peer of a UDP server that was passed on is in its states.
        let udp = socket.proto == Proto::Udp && !matches!(event, Event::State { .. });
        socket.role == Role::Server && !self.pairs && (udp || self.shared.contains(&socket.conn))
    }

    fn contains(&self, conn: u32) -> bool {
        self.last == Some(conn) || self.sockets.contains(&conn)
    }

    fn add(&mut self, conn: u32) {
        if self.sockets.len() >= CAPACITY {
            self.sockets.clear();
        }
        self.sockets.insert(conn);
        self.last = Some(conn);
    }
}
