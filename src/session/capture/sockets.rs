//! Which socket a packet belongs to, by what events said of the sockets. Pure.

use crate::event::{Address, Dir, Event, Proto, Role, State, Subject};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

/// Connections that are kept after their end; the oldest are forgotten.
const ENDED: usize = 4096;

/// The sockets that events told of.
#[derive(Default)]
pub(super) struct Sockets {
    /// By local and peer address.
    connected: HashMap<(Proto, SocketAddr, SocketAddr), Subject>,
    /// Listeners and sockets of datagrams, by local address.
    bound: HashMap<(Proto, SocketAddr), Subject>,
    /// Connections that ended, in that order.
    ended: std::collections::VecDeque<(Proto, SocketAddr, SocketAddr)>,
}

impl Sockets {
    /// Learns from an event.
    pub(super) fn learn(&mut self, event: &Event) {
        let Some(subject) = subject(event) else { return };
        let inet = |address: &Option<Address>| address.as_ref().and_then(Address::inet).map(canonical);
        match (inet(&subject.local), inet(&subject.peer)) {
            (Some(local), Some(peer)) => {
                let key = (subject.proto, local, peer);
                let known = self.connected.insert(key, subject.clone()).is_some();
                let over = matches!(event, Event::State { to: State::Closed | State::TimeWait, .. });
                if known && over {
                    self.ended.push_back(key);
                }
                if self.ended.len() > ENDED
                    && let Some(oldest) = self.ended.pop_front()
                {
                    self.connected.remove(&oldest);
                }
            }
            (Some(local), None) => drop(self.bound.insert((subject.proto, local), subject.clone())),
            (None, _) => {}
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
        let sent = self.connected.get(&(proto, source, destination));
        let received = self.connected.get(&(proto, destination, source));
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
        let bound = |local: SocketAddr| {
            let every = |ip: IpAddr| SocketAddr::new(ip, local.port());
            let v4: IpAddr = std::net::Ipv4Addr::UNSPECIFIED.into();
            let v6: IpAddr = std::net::Ipv6Addr::UNSPECIFIED.into();
            [local, every(v4), every(v6)].into_iter().find_map(|address| self.bound.get(&(proto, address)))
        };
        let (subject, dir, local, peer) = match (bound(destination), bound(source)) {
            (Some(subject), _) => (subject, Dir::In, destination, source),
            (None, Some(subject)) => (subject, Dir::Out, source, destination),
            (None, None) => return None,
        };
        Some((Subject { local: Some(local.into()), peer: Some(peer.into()), ..subject.clone() }, dir))
    }
}

/// An IPv4 address in its own form.
fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// The socket an event is about.
fn subject(event: &Event) -> Option<&Subject> {
    match event {
        Event::State { socket, .. }
        | Event::Option { socket, .. }
        | Event::Bind { socket }
        | Event::Listening { socket, .. }
        | Event::Accept { socket }
        | Event::Summary { socket, .. } => Some(socket),
        _ => None,
    }
}
