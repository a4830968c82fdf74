//! The sockets known from earlier passes over the table, and what changed since. Pure. Used by `watch`.

use super::rows;
use crate::event::table::{Change, SocketChange};
use crate::event::{Address, Proto, State};
use crate::sys::diag::{InetRow, Row};
use std::collections::HashMap;
use std::net::SocketAddr;

/// The known sockets with the last state seen of each.
#[derive(Default)]
pub(super) struct SocketTracker {
    known: HashMap<Identity, Entry>,
    by_cookie: HashMap<u64, Identity>,
    /// Cookies that a pass found gone, and the number of that pass: the destroy event may still follow.
    departed: HashMap<u64, u64>,
    passes: u64,
}

/// Passes after which no destroy event is expected any more.
const LATE: u64 = 50;

/// What makes a socket the same from pass to pass. A TCP connection is its pair of addresses and its interface, which
/// the timewait socket keeps that replaces it with a cookie of its own. Other sockets may share an address, or change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Identity {
    Connection(SocketAddr, SocketAddr, u32),
    Single(Proto, u64),
}

struct Entry {
    state: State,
    cookie: u64,
    attributes: Attributes,
    pass: u64,
}

/// What a change says of its socket.
#[derive(Clone)]
struct Attributes {
    proto: Proto,
    local: Option<Address>,
    peer: Option<Address>,
    uid: Option<u32>,
    inode: u32,
}

impl SocketTracker {
    /// A pass over the table begins.
    pub fn begin_pass(&mut self) {
        self.passes += 1;
    }

    /// Takes one row of the pass; returns what changed.
    pub fn observe(&mut self, row: &Row<'_>) -> Vec<SocketChange> {
        let (identity, cookie) = identify(row);
        let state = row.state();
        let Some(entry) = self.known.get_mut(&identity) else {
            return vec![self.enter(identity, Attributes::of(row), state, cookie)];
        };
        entry.pass = self.passes;
        let same = entry.cookie == cookie || may_be_timewait_socket(state);
        if same && entry.state == state {
            return Vec::new();
        }
        if entry.cookie != cookie {
            self.by_cookie.remove(&entry.cookie);
            self.departed.insert(entry.cookie, self.passes);
            self.by_cookie.insert(cookie, identity);
            entry.cookie = cookie;
        }
        let from = std::mem::replace(&mut entry.state, state);
        let mut now = Attributes::of(row);
        if same {
            // A connection gets its inode when it is accepted, and loses it when it is closed.
            now.inode = if now.inode == 0 { entry.attributes.inode } else { now.inode };
            entry.attributes = now.clone();
            return vec![now.changed(from, state)];
        }
        // Another connection between the same two addresses.
        let old = std::mem::replace(&mut entry.attributes, now.clone());
        vec![old.gone(Some(from)), now.appeared(state)]
    }

    fn enter(
        &mut self,
        identity: Identity,
        attributes: Attributes,
        state: State,
        cookie: u64,
    ) -> SocketChange {
        self.by_cookie.insert(cookie, identity);
        let entry = Entry { state, cookie, attributes: attributes.clone(), pass: self.passes };
        self.known.insert(identity, entry);
        attributes.appeared(state)
    }

    /// Ends the pass: the sockets it did not show are gone.
    pub fn end_pass(&mut self) -> Vec<SocketChange> {
        let passes = self.passes;
        let mut gone = Vec::new();
        self.known.retain(|_, entry| {
            let stays = entry.pass == passes;
            if !stays {
                self.departed.insert(entry.cookie, passes);
                gone.push(entry.attributes.clone().gone(Some(entry.state)));
            }
            stays
        });
        let known = &self.known;
        self.departed.retain(|_, pass| *pass + LATE > passes);
        self.by_cookie.retain(|cookie, identity| known.get(identity).is_some_and(|e| e.cookie == *cookie));
        gone
    }

    /// Takes a destroy event. `timewait` asks the table for the state of the socket that replaced it, if one did.
    ///
    /// A socket that no pass saw is gone with neither state known, provided that it is `wanted`.
    pub fn destroyed(
        &mut self,
        row: &InetRow<'_>,
        wanted: impl FnOnce() -> bool,
        timewait: impl FnOnce(SocketAddr, SocketAddr) -> Option<State>,
    ) -> Option<SocketChange> {
        if self.departed.remove(&row.cookie).is_some() {
            return None;
        }
        let known = self.by_cookie.remove(&row.cookie);
        if known.is_none() && !wanted() {
            return None;
        }
        let identity = known.unwrap_or_else(|| identify(&Row::Inet(*row)).0);
        let replaced = match identity {
            Identity::Connection(local, peer, _) => timewait(local, peer),
            Identity::Single(..) => None,
        };
        match (known, replaced) {
            (Some(_), Some(state)) => {
                let entry = self.known.get_mut(&identity)?;
                let from = std::mem::replace(&mut entry.state, state);
                (from != state).then(|| entry.attributes.clone().changed(from, state))
            }
            (Some(_), None) => {
                let Entry { state, attributes, .. } = self.known.remove(&identity)?;
                Some(attributes.gone(Some(state)))
            }
            (None, Some(_)) if self.known.contains_key(&identity) => None,
            // The cookie of the timewait socket is learned at the next pass.
            (None, Some(state)) => {
                Some(self.enter(identity, Attributes::of(&Row::Inet(*row)), state, row.cookie))
            }
            (None, None) => Some(Attributes::of(&Row::Inet(*row)).gone(None)),
        }
    }
}

/// Whether a timewait socket with a cookie of its own may have replaced a socket in this state.
const fn may_be_timewait_socket(state: State) -> bool {
    matches!(state, State::TimeWait | State::FinWait2)
}

/// The identity and the cookie of a socket.
fn identify(row: &Row<'_>) -> (Identity, u64) {
    match row {
        Row::Inet(row) => {
            let alone = row.peer.port() == 0 && row.peer.ip().is_unspecified();
            // A source without cookies has inodes at least.
            let own = if row.cookie == 0 { row.inode.into() } else { row.cookie };
            let identity = if alone || row.proto == Proto::Udp {
                Identity::Single(row.proto, own)
            } else {
                Identity::Connection(row.local, row.peer, row.interface)
            };
            (identity, row.cookie)
        }
        Row::Unix(row) => (Identity::Single(Proto::Unix, row.inode.into()), row.cookie),
    }
}

impl Attributes {
    fn of(row: &Row<'_>) -> Self {
        match row {
            Row::Inet(row) => {
                let (local, peer) = rows::ends(row);
                Self { proto: row.proto, local, peer, uid: Some(row.uid), inode: row.inode }
            }
            Row::Unix(row) => {
                let local = rows::unix_address(row.name);
                Self { proto: Proto::Unix, local, peer: None, uid: row.uid, inode: row.inode }
            }
        }
    }

    fn appeared(self, state: State) -> SocketChange {
        self.change(Change::Appeared, None, Some(state))
    }

    fn changed(self, from: State, to: State) -> SocketChange {
        self.change(Change::Changed, Some(from), Some(to))
    }

    fn gone(self, from: Option<State>) -> SocketChange {
        self.change(Change::Gone, from, None)
    }

    fn change(self, change: Change, from: Option<State>, to: Option<State>) -> SocketChange {
        let Self { proto, local, peer, uid, inode } = self;
        SocketChange { change, proto, local, peer, from, to, uid, inode }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::table::Queues;
    use crate::sys::diag::Extended;

    fn row(local: &str, peer: &str, state: State, cookie: u64) -> InetRow<'static> {
        InetRow {
            proto: Proto::Tcp,
            local: local.parse().unwrap(),
            peer: peer.parse().unwrap(),
            state,
            queues: Queues::Data { recv_queue: 0, send_queue: 0 },
            uid: 0,
            inode: 7,
            interface: 0,
            cookie,
            timer: None,
            extended: Extended::default(),
        }
    }

    fn connection(state: State, cookie: u64) -> InetRow<'static> {
        row("127.0.0.1:1", "127.0.0.1:2", state, cookie)
    }

    fn pass(
        tracker: &mut SocketTracker,
        rows: &[InetRow<'static>],
    ) -> Vec<(Change, Option<State>, Option<State>)> {
        tracker.begin_pass();
        let mut changes: Vec<_> = rows.iter().flat_map(|row| tracker.observe(&Row::Inet(*row))).collect();
        changes.extend(tracker.end_pass());
        changes.into_iter().map(|c| (c.change, c.from, c.to)).collect()
    }

    #[test]
    fn a_socket_appears_changes_and_goes() {
        let mut tracker = SocketTracker::default();
        let (open, waits) = (State::Established, State::CloseWait);
        assert_eq!(pass(&mut tracker, &[connection(open, 5)]), [(Change::Appeared, None, Some(open))]);
        assert_eq!(pass(&mut tracker, &[connection(open, 5)]), []);
        let changed = (Change::Changed, Some(open), Some(waits));
        assert_eq!(pass(&mut tracker, &[connection(waits, 5)]), [changed]);
        assert_eq!(pass(&mut tracker, &[]), [(Change::Gone, Some(waits), None)]);
        assert!(tracker.known.is_empty() && tracker.by_cookie.is_empty());
    }

    #[test]
    fn a_timewait_socket_is_the_same_socket_and_a_new_connection_is_not() {
        let mut tracker = SocketTracker::default();
        let (open, rests) = (State::Established, State::TimeWait);
        pass(&mut tracker, &[connection(open, 5)]);
        assert_eq!(pass(&mut tracker, &[connection(rests, 6)]), [(Change::Changed, Some(open), Some(rests))]);
        let renewed = [(Change::Gone, Some(rests), None), (Change::Appeared, None, Some(open))];
        assert_eq!(pass(&mut tracker, &[connection(open, 7)]), renewed);
    }

    #[test]
    fn listeners_that_share_an_address_are_distinguished() {
        let mut tracker = SocketTracker::default();
        let listener = |cookie| row("127.0.0.1:1", "0.0.0.0:0", State::Listen, cookie);
        assert_eq!(pass(&mut tracker, &[listener(1), listener(2)]).len(), 2);
        assert_eq!(pass(&mut tracker, &[listener(2)]), [(Change::Gone, Some(State::Listen), None)]);
    }

    #[test]
    fn a_destroy_event_says_gone_or_finds_the_timewait_socket() {
        let mut tracker = SocketTracker::default();
        let (open, rests) = (State::Established, State::TimeWait);
        let states = |change: Option<SocketChange>| change.map(|c| (c.change, c.from, c.to));
        pass(&mut tracker, &[connection(open, 5)]);
        let gone = row("0.0.0.0:1", "0.0.0.0:0", State::Closed, 5);
        assert_eq!(
            states(tracker.destroyed(&gone, || true, |_, _| None)),
            Some((Change::Gone, Some(open), None))
        );
        assert_eq!(pass(&mut tracker, &[]), []);
        pass(&mut tracker, &[connection(open, 6)]);
        let gone = connection(State::Closed, 6);
        let changed = Some((Change::Changed, Some(open), Some(rests)));
        assert_eq!(states(tracker.destroyed(&gone, || true, |_, _| Some(rests))), changed);
        assert_eq!(pass(&mut tracker, &[connection(rests, 8)]), []);
        assert_eq!(
            states(tracker.destroyed(&connection(State::Closed, 9), || true, |_, _| None)),
            Some((Change::Gone, None, None))
        );
        assert_eq!(
            states(tracker.destroyed(&connection(State::Closed, 9), || true, |_, _| Some(rests))),
            None
        );
    }

    #[test]
    fn a_connection_too_short_for_any_pass_leaves_its_timewait_socket() {
        let mut tracker = SocketTracker::default();
        let rests = State::TimeWait;
        let change = tracker.destroyed(&connection(State::Closed, 5), || true, |_, _| Some(rests)).unwrap();
        assert_eq!((change.change, change.from, change.to), (Change::Appeared, None, Some(rests)));
        assert_eq!(pass(&mut tracker, &[connection(rests, 6)]), []);
        assert_eq!(pass(&mut tracker, &[]), [(Change::Gone, Some(rests), None)]);
    }

    #[test]
    fn a_destroy_event_of_an_unwanted_socket_leaves_nothing_behind() {
        let mut tracker = SocketTracker::default();
        let gone = connection(State::Closed, 5);
        assert_eq!(tracker.destroyed(&gone, || false, |_, _| Some(State::TimeWait)), None);
        assert!(tracker.known.is_empty() && tracker.by_cookie.is_empty());
        pass(&mut tracker, &[connection(State::Established, 5)]);
        let change =
            tracker.destroyed(&row("0.0.0.0:1", "0.0.0.0:0", State::Closed, 5), || false, |_, _| None);
        assert_eq!(change.map(|c| c.change), Some(Change::Gone), "the cookie is one that was asked for");
    }

    #[test]
    fn a_destroy_event_after_the_pass_says_nothing_new() {
        let mut tracker = SocketTracker::default();
        pass(&mut tracker, &[connection(State::Established, 5)]);
        assert_eq!(pass(&mut tracker, &[]).len(), 1);
        assert_eq!(tracker.destroyed(&connection(State::Closed, 5), || true, |_, _| None), None);
        for _ in 0..=LATE {
            pass(&mut tracker, &[]);
        }
        assert!(tracker.departed.is_empty());
    }

    #[test]
    fn a_udp_socket_stays_itself_when_it_takes_a_peer() {
        let mut tracker = SocketTracker::default();
        let udp = |peer, state| InetRow { proto: Proto::Udp, ..row("127.0.0.1:1", peer, state, 5) };
        let (free, bound) = (State::Unconnected, State::Connected);
        pass(&mut tracker, &[udp("0.0.0.0:0", free)]);
        let changed = [(Change::Changed, Some(free), Some(bound))];
        assert_eq!(pass(&mut tracker, &[udp("127.0.0.1:2", bound)]), changed);
    }
}
