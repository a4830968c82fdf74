//! Which of this program's sockets a packet belongs to, by what events said of them. Pure.

use super::recent::Recent;
use crate::event::{Address, Dir, Event, Proto, Role, State, Subject};
use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Sockets that are kept after their end; the oldest are forgotten.
const ENDED: usize = 4096;
/// Peers whose neighbour discovery is shown.
const PEERS: usize = 4096;

/// A socket by its addresses; without a peer a listener or a datagram socket.
type Key = (Proto, SocketAddr, Option<SocketAddr>);

/// The sockets known from events.
pub(super) struct Sockets {
    known: HashMap<Key, Subject>,
    /// Sockets that ended, in that order, with their numbers.
    ended: VecDeque<(Key, u32)>,
    /// The last socket of each peer.
    peers: Recent<IpAddr, Option<Subject>>,
}

impl Default for Sockets {
    fn default() -> Self {
        Self { known: HashMap::new(), ended: VecDeque::new(), peers: Recent::new(PEERS) }
    }
}

impl Sockets {
    /// Learns from an event.
    pub(super) fn learn(&mut self, event: &Event) {
        let Some(subject) = subject(event) else { return };
        let inet = |address: &Option<Address>| address.as_ref().and_then(Address::inet).map(canonical);
        let Some(local) = inet(&subject.local) else { return };
        let peer = inet(&subject.peer);
        let key = (subject.proto, local, peer);
        let known = self.known.insert(key, subject.clone());
        if let Some(peer) = peer.filter(|_| known.is_none()) {
            *self.peers.entry(&peer.ip()) = Some(subject.clone());
        }
        if matches!(event, Event::State { to: State::Closed | State::TimeWait, .. }) {
            self.ended.push_back((key, subject.conn));
        }
        if self.ended.len() > ENDED
            && let Some((oldest, conn)) = self.ended.pop_front()
            && self.known.get(&oldest).is_some_and(|subject| subject.conn == conn)
        {
            self.known.remove(&oldest);
        }
    }

    /// The socket of a packet between two addresses, with both ends of the packet, and its direction. Where both ends are ours
    /// it is the client's.
    pub(super) fn of(
        &self,
        proto: Proto,
        source: SocketAddr,
        destination: SocketAddr,
    ) -> Option<(Subject, Dir)> {
        let (source, destination) = (canonical(source), canonical(destination));
        let sent = self.known.get(&(proto, source, Some(destination)));
        let received = self.known.get(&(proto, destination, Some(source)));
        let found = match (sent, received) {
            (Some(sent), Some(received)) if received.role == Role::Client && sent.role != Role::Client => {
                Some((received, Dir::In))
            }
            (Some(sent), _) => Some((sent, Dir::Out)),
            (None, Some(received)) => Some((received, Dir::In)),
            (None, None) => None,
        };
        if let Some((subject, dir)) = found {
            return Some((subject.clone(), dir));
        }
        let (subject, dir, local, peer) = match (self.bound(proto, destination), self.bound(proto, source)) {
            (Some(subject), _) => (subject, Dir::In, destination, source),
            (None, Some(subject)) => (subject, Dir::Out, source, destination),
            (None, None) => return None,
        };
        Some((Subject { local: Some(local.into()), peer: Some(peer.into()), ..subject.clone() }, dir))
    }

    /// The socket without a peer that has this address, or every address.
    fn bound(&self, proto: Proto, local: SocketAddr) -> Option<&Subject> {
        let every = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        let addresses = every.map(|ip: IpAddr| SocketAddr::new(ip, local.port()));
        let mut addresses = std::iter::once(local).chain(addresses);
        addresses.find_map(|address| self.known.get(&(proto, address, None)))
    }

    /// The last socket whose peer has one of these addresses.
    pub(super) fn of_peer(&self, addresses: impl IntoIterator<Item = IpAddr>) -> Option<Subject> {
        addresses.into_iter().find_map(|ip| self.peers.find(&ip.to_canonical()).cloned().flatten())
    }
}

/// An IPv4 address in its own form; without the zone of a link-local one, which packets do not have.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The socket an event is about.
const fn subject(event: &Event) -> Option<&Subject> {
    match event {
        Event::State { socket, .. }
        | Event::Option { socket, .. }
        | Event::Bind { socket }
        | Event::Listening { socket, .. }
        | Event::Accept { socket, .. }
        | Event::Datagram { socket, .. }
        | Event::Summary { socket, .. } => Some(socket),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Op, Via};

    fn of(conn: u32, local: &str, peer: &str, role: Role) -> Subject {
        let address = |text: &str| text.parse::<SocketAddr>().ok().map(Address::from);
        Subject { conn, proto: Proto::Tcp, local: address(local), peer: address(peer), role }
    }

    fn state(socket: Subject, to: State) -> Event {
        Event::State { socket, from: State::Established, to, op: Op::Connect, via: Via::Kernel }
    }

    #[test]
    fn a_packet_belongs_to_its_connection_or_else_to_the_listener() {
        let mut sockets = Sockets::default();
        sockets.learn(&Event::Bind { socket: of(1, "[::]:80", "", Role::Listener) });
        sockets.learn(&Event::Accept {
            socket: of(2, "[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:7", Role::Server),
            pid: None,
            uid: None,
        });
        let find = |from: &str, to: &str| {
            let found = sockets.of(Proto::Tcp, from.parse().unwrap(), to.parse().unwrap());
            found.map(|(socket, dir)| (socket.conn, dir))
        };
        assert_eq!(find("10.0.0.2:7", "10.0.0.1:80"), Some((2, Dir::In)));
        assert_eq!(find("10.0.0.1:80", "10.0.0.2:7"), Some((2, Dir::Out)));
        assert_eq!(find("10.0.0.3:7", "10.0.0.1:80"), Some((1, Dir::In)), "not accepted yet");
        assert_eq!(find("10.0.0.3:7", "10.0.0.1:81"), None);
        assert_eq!(sockets.of_peer(["10.0.0.2".parse().unwrap()]).map(|s| s.conn), Some(2));
        assert_eq!(sockets.of_peer(["10.0.0.9".parse().unwrap()]).map(|s| s.conn), None);
    }

    #[test]
    fn where_both_ends_are_ours_a_packet_is_the_clients() {
        let mut sockets = Sockets::default();
        sockets.learn(&state(of(1, "127.0.0.1:7", "127.0.0.1:80", Role::Client), State::Established));
        sockets.learn(&state(of(2, "127.0.0.1:80", "127.0.0.1:7", Role::Server), State::Established));
        let find = |from: &str, to: &str| {
            sockets.of(Proto::Tcp, from.parse().unwrap(), to.parse().unwrap()).map(|(s, dir)| (s.conn, dir))
        };
        assert_eq!(find("127.0.0.1:7", "127.0.0.1:80"), Some((1, Dir::Out)));
        assert_eq!(find("127.0.0.1:80", "127.0.0.1:7"), Some((1, Dir::In)));
    }

    #[test]
    fn connections_that_ended_are_forgotten_and_one_that_took_their_place_is_not() {
        let mut sockets = Sockets::default();
        let address = |n: u32| format!("10.0.{}.{}:7", n / 256 % 256, n % 256);
        for conn in 1..=3 * u32::try_from(ENDED).unwrap() {
            sockets.learn(&state(of(conn, "10.9.9.9:80", &address(conn), Role::Server), State::Closed));
            // The first one is repeated, and still exists.
            sockets.learn(&state(of(conn + 1, "10.9.9.9:80", &address(1), Role::Server), State::Established));
        }
        assert!(sockets.known.len() <= ENDED + 2, "{}", sockets.known.len());
        let found = sockets.of(Proto::Tcp, address(1).parse().unwrap(), "10.9.9.9:80".parse().unwrap());
        assert!(found.is_some());
    }
}
