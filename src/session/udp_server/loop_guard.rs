//! Senders that a service does not answer, because the answer would be answered too, without end.

use super::sender::name;
use crate::event::{Address, AddressRef, Event, Events, Kind};
use crate::sys::socket::Socket;
use crate::sys::{Error, interface};
use std::io;
use std::net::SocketAddr;

/// Ports of services that answer every datagram: echo (RFC 862), daytime (RFC 867), quotd (RFC 865), chargen (RFC 864) and
/// time (RFC 868). Name servers ignore these senders for the same reason.
const ANSWERING: [u16; 5] = [7, 13, 17, 19, 37];

/// Recognizes the senders that are not answered.
pub(super) struct LoopGuard {
    own: Vec<Address>,
    /// The reasons a warning was emitted for.
    warned: [bool; 3],
}

/// Why a sender is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suspect {
    /// The source address is the server itself.
    Itself,
    /// The source port is that of a service that answers everything.
    Service,
    /// The peer is a UNIX socket that nothing can be sent to.
    Unnamed,
}

impl LoopGuard {
    pub(super) fn new(sockets: &[Socket]) -> Self {
        Self { own: sockets.iter().filter_map(Socket::local).collect(), warned: [false; 3] }
    }

    /// Whether `peer` is the server itself.
    pub(super) fn is_itself(&self, peer: AddressRef<'_>) -> bool {
        self.own.iter().map(AddressRef::from).any(|own| match (own, peer) {
            (AddressRef::Inet(own), AddressRef::Inet(peer)) => own.port() == peer.port() && is_at(own, peer),
            _ => own == peer,
        })
    }

    /// Why `peer` is not answered; `None` if it is.
    pub(super) fn suspect(&self, peer: AddressRef<'_>) -> Option<Suspect> {
        if self.is_itself(peer) {
            return Some(Suspect::Itself);
        }
        peer.inet().filter(|peer| ANSWERING.contains(&peer.port())).map(|_| Suspect::Service)
    }

    /// Emits a warning that `peer` is not answered, once for each reason.
    pub(super) fn warn(&mut self, peer: Option<Address>, why: Suspect, socket: &Socket, events: &Events) {
        if std::mem::replace(&mut self.warned[why as usize], true) {
            return;
        }
        let text = match why {
            Suspect::Itself => "not answered: this is the server's own address (reported once)",
            Suspect::Unnamed => "not answered: the peer's socket has no address (reported once)",
            Suspect::Service => {
                "not answered: the service on this port may cause an endless exchange (reported once)"
            }
        };
        let mut fault = socket.blame(
            Error::new("send", name(peer.clone().or(socket.local())), io::Error::other(text))
                .about(Kind::Data)
                .fault(),
        );
        fault.peer = peer;
        events.emit(Event::Warning { fault });
    }
}

/// Whether a socket bound to `own` receives what is sent to the address of `peer`.
fn is_at(own: SocketAddr, peer: SocketAddr) -> bool {
    let ip = peer.ip().to_canonical();
    let peer = if ip.is_ipv4() { SocketAddr::new(ip, 0) } else { peer };
    let takes_all = own.ip().is_unspecified() && (own.is_ipv6() || ip.is_ipv4());
    own.ip().to_canonical() == ip || (takes_all && interface::has_address(peer))
}
