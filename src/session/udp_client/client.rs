//! The socket datagrams are sent from.

use super::options;
use crate::cli::UdpSend;
use crate::event::{Dir, Event, Outcome, Proto, Role};
use crate::net::address::Endpoint;
use crate::sys::mmsg::{IcmpError, Inbox, Outbox, OutgoingDatagram};
use crate::sys::socket::{Socket, SocketFactory};
use crate::sys::{Error, Result};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

/// A socket towards one address.
///
/// It is connected, so that ICMP's answers find it and nobody else's datagrams do; towards a group or a broadcast
/// address it is not, because the answers come from others.
pub(super) struct UdpClient {
    pub(super) socket: Socket,
    pub(super) address: SocketAddr,
    connected: bool,
}

impl UdpClient {
    /// Opens a socket towards `address`.
    pub(super) fn open(args: &UdpSend, address: SocketAddr, sockets: &SocketFactory) -> Result<Self> {
        let options = options(args);
        let socket = sockets.open(Proto::Udp, Role::Client, address, &options)?;
        let connected = !address.ip().is_multicast() && !args.broadcast;
        let any = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        match args.client.source {
            Some(source) => {
                let local = source.for_peer(address).ok_or_else(|| {
                    let why = io::Error::other("the source address is of the other family");
                    Error::new("connect", address, why).about(crate::event::Kind::Address)
                })?;
                socket.bind(local)?;
            }
            None if !connected => drop(socket.bind(SocketAddr::new(any, 0))?),
            None => {}
        }
        socket.make_room(&options);
        if connected {
            socket.keep_returns()?;
            socket.start_connect(address)?;
        } else {
            socket.emit_options();
        }
        Ok(Self { socket, address, connected })
    }

    /// Sends the first of `payloads` that go out with one call, and tells of them; says how many.
    pub(super) fn send<'a>(
        &self,
        outbox: &mut Outbox,
        payloads: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<usize> {
        let to = (!self.connected).then_some(self.address);
        let datagrams: Vec<OutgoingDatagram<'_>> =
            payloads.map(|payload| OutgoingDatagram { payload, to, from: None }).collect();
        let count = match outbox.send(&self.socket, &datagrams) {
            // It may be news of a datagram sent before, which a narrower path did not take; then the next call works.
            Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => {
                outbox.send(&self.socket, &datagrams)?
            }
            answer => answer?,
        };
        let (local, peer) = (self.socket.local(), Some(self.address));
        self.socket
            .tell_datagrams(Dir::Out, datagrams[..count].iter().map(|l| (local, peer, l.payload.len())));
        Ok(count)
    }

    /// Receives what came back, and tells of it; says how many.
    pub(super) fn receive(&self, inbox: &mut Inbox, limit: usize) -> io::Result<usize> {
        let count = inbox.receive(&self.socket, limit)?;
        let local = self.socket.local();
        self.socket
            .tell_datagrams(Dir::In, inbox.datagrams().map(|d| (local, Some(d.peer), d.payload.len())));
        Ok(count)
    }

    /// What ICMP said of datagrams sent before: why they did not arrive.
    pub(super) fn icmp_errors(&self, inbox: &mut Inbox) -> Option<io::Error> {
        if !self.connected {
            return None;
        }
        let icmp_errors = inbox.receive_returned(&self.socket);
        // A datagram longer than the path takes is news for the kernel, which cuts the next one accordingly (ip(7)).
        icmp_errors
            .into_iter()
            .map(|IcmpError { why, .. }| why)
            .find(|e| e.raw_os_error() != Some(libc::EMSGSIZE))
    }

    /// Tells that this address was left for another one.
    pub(super) fn tell_left(&self, target: &Endpoint, text: String) {
        self.socket.emit(|socket| Event::Target {
            target: target.to_string(),
            conn: Some(socket.conn),
            proto: Proto::Udp,
            local: socket.local,
            peer: Some(self.address),
            outcome: Outcome::Refused,
            attempt: None,
            latency_us: None,
            text: Some(text),
        });
    }
}
