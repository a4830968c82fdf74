//! What is known of the sockets, and what changed since: pure. Used by `watch`.

use super::rows;
use crate::event::State;
use crate::event::table::{Change, Name, Transport};
use crate::sys::diag::{InetRow, Row};
use std::collections::HashMap;
use std::net::SocketAddr;

/// Sockets by who they are, with the state each was seen in last.
#[derive(Default)]
pub(super) struct SocketTracker {
    known: HashMap<Identity, Entry>,
    by_cookie: HashMap<u64, Identity>,
    /// Cookies that a look found gone, and which look: the notice may still come.
    departed: HashMap<u64, u64>,
    looks: u64,
}

/// Looks after which no notice is expected any more.
const LATE: u64 = 50;

/// What makes a socket the same from look to look. A TCP connection is its pair of addresses and its interface, which
/// TIME-WAIT's stand-in keeps while the cookie changes. Other sockets may share an address, or change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Identity {
    Connection(SocketAddr, SocketAddr, u32),
    Single(Transport, u64),
}

struct Entry {
    state: State,
    cookie: u64,
    who: Who,
    look: u64,
}

/// A socket in a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Who {
    pub proto: Transport,
    pub local: Option<Name>,
    pub peer: Option<Name>,
    pub uid: Option<u32>,
    pub inode: u32,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Changed {
    pub change: Change,
    pub who: Who,
    pub from: Option<State>,
    pub to: Option<State>,
}

impl SocketTracker {
    /// A look at the table begins.
    pub fn begin(&mut self) {
        self.looks += 1;
    }

    /// Takes one row of the look; says what changed.
    pub fn see(&mut self, row: &Row<'_>) -> Vec<Changed> {
        let (identity, state, cookie) = identify(row);
        let Some(entry) = self.known.get_mut(&identity) else {
            return vec![self.enter(identity, who(row), state, cookie)];
        };
        entry.look = self.looks;
        let same = entry.cookie == cookie || is_stand_in(state);
        if same && entry.state == state {
            return Vec::new();
        }
        if entry.cookie != cookie {
            self.by_cookie.remove(&entry.cookie);
            self.departed.insert(entry.cookie, self.looks);
            self.by_cookie.insert(cookie, identity);
            entry.cookie = cookie;
        }
        let from = std::mem::replace(&mut entry.state, state);
        let mut now = who(row);
        if same {
            // A connection gets its inode when it is accepted, and loses it when it is closed.
            now.inode = if now.inode == 0 { entry.who.inode } else { now.inode };
            entry.who = now.clone();
            return vec![Changed { change: Change::Changed, who: now, from: Some(from), to: Some(state) }];
        }
        // Another connection between the same two addresses.
        let old = std::mem::replace(&mut entry.who, now.clone());
        vec![
            Changed { change: Change::Gone, who: old, from: Some(from), to: None },
            Changed { change: Change::Appeared, who: now, from: None, to: Some(state) },
        ]
    }

    fn enter(&mut self, identity: Identity, who: Who, state: State, cookie: u64) -> Changed {
        self.by_cookie.insert(cookie, identity);
        self.known.insert(identity, Entry { state, cookie, who: who.clone(), look: self.looks });
        Changed { change: Change::Appeared, who, from: None, to: Some(state) }
    }

    /// The look is over: what was not seen is gone.
    pub fn end(&mut self) -> Vec<Changed> {
        let looks = self.looks;
        let mut gone = Vec::new();
        self.known.retain(|_, entry| {
            let stays = entry.look == looks;
            if !stays {
                self.departed.insert(entry.cookie, looks);
                let who = entry.who.clone();
                gone.push(Changed { change: Change::Gone, who, from: Some(entry.state), to: None });
            }
            stays
        });
        let known = &self.known;
        self.departed.retain(|_, look| *look + LATE > looks);
        self.by_cookie.retain(|cookie, identity| known.get(identity).is_some_and(|e| e.cookie == *cookie));
        gone
    }

    /// Takes the kernel's notice that a socket is gone. `after` asks the table whether a stand-in took its place.
    ///
    /// A socket that no look ever saw is gone with neither state known, if it is `meant` at all.
    pub fn notice(
        &mut self,
        row: &InetRow<'_>,
        meant: impl FnOnce() -> bool,
        after: impl FnOnce(SocketAddr, SocketAddr) -> Option<State>,
    ) -> Option<Changed> {
        if self.departed.remove(&row.cookie).is_some() {
            return None;
        }
        let known = self.by_cookie.remove(&row.cookie);
        if known.is_none() && !meant() {
            return None;
        }
        let identity = known.unwrap_or_else(|| identify(&Row::Inet(*row)).0);
        let stand_in = match identity {
            Identity::Connection(local, peer, _) => after(local, peer),
            Identity::Single(..) => None,
        };
        match (known, stand_in) {
            (Some(_), Some(state)) => {
                let entry = self.known.get_mut(&identity)?;
                let from = std::mem::replace(&mut entry.state, state);
                let who = entry.who.clone();
                let change = Changed { change: Change::Changed, who, from: Some(from), to: Some(state) };
                (from != state).then_some(change)
            }
            (Some(_), None) => {
                let Entry { state, who, .. } = self.known.remove(&identity)?;
                Some(Changed { change: Change::Gone, who, from: Some(state), to: None })
            }
            (None, Some(_)) if self.known.contains_key(&identity) => None,
            // The stand-in's own cookie is learned at the next look.
            (None, Some(state)) => Some(self.enter(identity, who(&Row::Inet(*row)), state, row.cookie)),
            (None, None) => {
                let who = who(&Row::Inet(*row));
                Some(Changed { change: Change::Gone, who, from: None, to: None })
            }
        }
    }
}

/// States in which a small stand-in with a cookie of its own may have replaced the socket.
const fn is_stand_in(state: State) -> bool {
    matches!(state, State::TimeWait | State::FinWait2)
}

fn identify(row: &Row<'_>) -> (Identity, State, u64) {
    match row {
        Row::Inet(row) => {
            let proto = rows::transport(row.proto);
            let alone = row.peer.port() == 0 && row.peer.ip().is_unspecified();
            // A source without cookies has inodes at least.
            let own = if row.cookie == 0 { row.inode.into() } else { row.cookie };
            let identity = if alone || proto == Transport::Udp {
                Identity::Single(proto, own)
            } else {
                Identity::Connection(row.local, row.peer, row.interface)
            };
            (identity, row.state, row.cookie)
        }
        Row::Unix(row) => (Identity::Single(Transport::Unix, row.inode.into()), row.state, row.cookie),
    }
}

fn who(row: &Row<'_>) -> Who {
    match row {
        Row::Inet(row) => {
            let (local, peer) = rows::names(row);
            Who { proto: rows::transport(row.proto), local, peer, uid: Some(row.uid), inode: row.inode }
        }
        Row::Unix(row) => Who {
            proto: Transport::Unix,
            local: rows::unix_name(row.name),
            peer: None,
            uid: row.uid,
            inode: row.inode,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Proto;
    use crate::sys::diag::{Extended, Queues};

    fn row(local: &str, peer: &str, state: State, cookie: u64) -> InetRow<'static> {
        InetRow {
            proto: Proto::Tcp,
            local: local.parse().unwrap(),
            peer: peer.parse().unwrap(),
            state,
            queues: Queues::Data { recv: 0, send: 0 },
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

    fn look(
        tracker: &mut SocketTracker,
        rows: &[InetRow<'static>],
    ) -> Vec<(Change, Option<State>, Option<State>)> {
        tracker.begin();
        let mut changes: Vec<_> = rows.iter().flat_map(|row| tracker.see(&Row::Inet(*row))).collect();
        changes.extend(tracker.end());
        changes.into_iter().map(|c| (c.change, c.from, c.to)).collect()
    }

    #[test]
    fn a_socket_appears_changes_and_goes() {
        let mut tracker = SocketTracker::default();
        let (open, waits) = (State::Established, State::CloseWait);
        assert_eq!(look(&mut tracker, &[connection(open, 5)]), [(Change::Appeared, None, Some(open))]);
        assert_eq!(look(&mut tracker, &[connection(open, 5)]), []);
        let changed = (Change::Changed, Some(open), Some(waits));
        assert_eq!(look(&mut tracker, &[connection(waits, 5)]), [changed]);
        assert_eq!(look(&mut tracker, &[]), [(Change::Gone, Some(waits), None)]);
        assert!(tracker.known.is_empty() && tracker.by_cookie.is_empty());
    }

    #[test]
    fn the_stand_in_of_time_wait_is_the_same_socket_and_a_new_connection_is_not() {
        let mut tracker = SocketTracker::default();
        let (open, rests) = (State::Established, State::TimeWait);
        look(&mut tracker, &[connection(open, 5)]);
        assert_eq!(look(&mut tracker, &[connection(rests, 6)]), [(Change::Changed, Some(open), Some(rests))]);
        let renewed = [(Change::Gone, Some(rests), None), (Change::Appeared, None, Some(open))];
        assert_eq!(look(&mut tracker, &[connection(open, 7)]), renewed);
    }

    #[test]
    fn listeners_that_share_an_address_are_told_apart() {
        let mut tracker = SocketTracker::default();
        let listener = |cookie| row("127.0.0.1:1", "0.0.0.0:0", State::Listen, cookie);
        assert_eq!(look(&mut tracker, &[listener(1), listener(2)]).len(), 2);
        assert_eq!(look(&mut tracker, &[listener(2)]), [(Change::Gone, Some(State::Listen), None)]);
    }

    #[test]
    fn a_notice_says_gone_or_finds_the_stand_in() {
        let mut tracker = SocketTracker::default();
        let (open, rests) = (State::Established, State::TimeWait);
        let told = |change: Option<Changed>| change.map(|c| (c.change, c.from, c.to));
        look(&mut tracker, &[connection(open, 5)]);
        let gone = row("0.0.0.0:1", "0.0.0.0:0", State::Closed, 5);
        assert_eq!(told(tracker.notice(&gone, || true, |_, _| None)), Some((Change::Gone, Some(open), None)));
        assert_eq!(look(&mut tracker, &[]), []);
        look(&mut tracker, &[connection(open, 6)]);
        let gone = connection(State::Closed, 6);
        let changed = Some((Change::Changed, Some(open), Some(rests)));
        assert_eq!(told(tracker.notice(&gone, || true, |_, _| Some(rests))), changed);
        assert_eq!(look(&mut tracker, &[connection(rests, 8)]), []);
        assert_eq!(
            told(tracker.notice(&connection(State::Closed, 9), || true, |_, _| None)),
            Some((Change::Gone, None, None))
        );
        assert_eq!(told(tracker.notice(&connection(State::Closed, 9), || true, |_, _| Some(rests))), None);
    }

    #[test]
    fn a_connection_too_short_for_any_look_leaves_its_stand_in() {
        let mut tracker = SocketTracker::default();
        let rests = State::TimeWait;
        let change = tracker.notice(&connection(State::Closed, 5), || true, |_, _| Some(rests)).unwrap();
        assert_eq!((change.change, change.from, change.to), (Change::Appeared, None, Some(rests)));
        assert_eq!(look(&mut tracker, &[connection(rests, 6)]), []);
        assert_eq!(look(&mut tracker, &[]), [(Change::Gone, Some(rests), None)]);
    }

    #[test]
    fn a_notice_of_what_was_not_asked_for_leaves_nothing_behind() {
        let mut tracker = SocketTracker::default();
        let gone = connection(State::Closed, 5);
        assert_eq!(tracker.notice(&gone, || false, |_, _| Some(State::TimeWait)), None);
        assert!(tracker.known.is_empty() && tracker.by_cookie.is_empty());
        look(&mut tracker, &[connection(State::Established, 5)]);
        let change = tracker.notice(&row("0.0.0.0:1", "0.0.0.0:0", State::Closed, 5), || false, |_, _| None);
        assert_eq!(change.map(|c| c.change), Some(Change::Gone), "the cookie is one that was asked for");
    }

    #[test]
    fn a_notice_that_comes_after_the_look_says_nothing_new() {
        let mut tracker = SocketTracker::default();
        look(&mut tracker, &[connection(State::Established, 5)]);
        assert_eq!(look(&mut tracker, &[]).len(), 1);
        assert_eq!(tracker.notice(&connection(State::Closed, 5), || true, |_, _| None), None);
        for _ in 0..=LATE {
            look(&mut tracker, &[]);
        }
        assert!(tracker.departed.is_empty());
    }

    #[test]
    fn a_udp_socket_stays_itself_when_it_takes_a_peer() {
        let mut tracker = SocketTracker::default();
        let udp = |peer, state| InetRow { proto: Proto::Udp, ..row("127.0.0.1:1", peer, state, 5) };
        let (free, bound) = (State::Unconnected, State::Connected);
        look(&mut tracker, &[udp("0.0.0.0:0", free)]);
        let changed = [(Change::Changed, Some(free), Some(bound))];
        assert_eq!(look(&mut tracker, &[udp("127.0.0.1:2", bound)]), changed);
    }
}
