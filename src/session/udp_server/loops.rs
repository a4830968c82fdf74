//! Datagrams that must not be answered by themselves, because the answer would be answered, and so on for ever.

use crate::event::{Event, Events, Kind};
use crate::sys::socket::Socket;
use crate::sys::{Error, interface};
use std::io;
use std::net::SocketAddr;

/// Ports of services that answer every datagram: echo (RFC 862), daytime (RFC 867), quotd (RFC 865), chargen (RFC 864) and
/// time (RFC 868). Name servers keep away from such senders for the same reason.
const ANSWERING: [u16; 5] = [7, 13, 17, 19, 37];

/// Knows whose datagrams are not answered.
pub(super) struct LoopGuard {
    own: Vec<SocketAddr>,
    warned: [bool; 2],
}

/// Why a datagram is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspect {
    /// It says that it came from this very server.
    Itself,
    /// It says that it came from a service that answers everything.
    Service,
}

impl LoopGuard {
    pub(super) fn new(sockets: &[Socket]) -> Self {
        Self { own: sockets.iter().filter_map(Socket::local).collect(), warned: [false; 2] }
    }

    /// Whether `peer` is this server itself.
    pub(super) fn is_itself(&self, peer: SocketAddr) -> bool {
        self.own.iter().any(|own| own.port() == peer.port() && is_at(*own, peer))
    }

    /// Why `peer` gets no answer; `None` if it gets one.
    pub(super) fn suspect(&self, peer: SocketAddr) -> Option<Suspect> {
        if self.is_itself(peer) {
            return Some(Suspect::Itself);
        }
        ANSWERING.contains(&peer.port()).then_some(Suspect::Service)
    }

    /// Tells why `peer` gets no answer, once for each reason.
    pub(super) fn warn(&mut self, peer: SocketAddr, why: Suspect, socket: &Socket, events: &Events) {
        if std::mem::replace(&mut self.warned[why as usize], true) {
            return;
        }
        let text = match why {
            Suspect::Itself => "not answered: this is the server's own address (told once)",
            Suspect::Service => "not answered: this port's service may answer back for ever (told once)",
        };
        let mut fault =
            socket.blame(Error::new("send", peer, io::Error::other(text)).about(Kind::Data).fault());
        fault.peer = Some(peer);
        events.emit(Event::Warning { fault });
    }
}

/// Whether a socket bound to `own` may be reached at the address of `peer`.
fn is_at(own: SocketAddr, peer: SocketAddr) -> bool {
    let ip = peer.ip().to_canonical();
    let peer = if ip.is_ipv4() { SocketAddr::new(ip, 0) } else { peer };
    let hears_all = own.ip().is_unspecified() && (own.is_ipv6() || ip.is_ipv4());
    own.ip().to_canonical() == ip || (hears_all && interface::has_address(peer))
}
