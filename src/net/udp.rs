//! A client's datagram socket towards one address: connected where only that address answers.

use super::source::Source;
use crate::event::{Address, AddressRef, Kind, Role};
use crate::sys::mmsg::{BatchReceiver, BatchSender, IcmpError, OutgoingDatagram};
use crate::sys::options::SocketOption;
use crate::sys::socket::{Socket, SocketFactory, SocketType};
use crate::sys::{Error, Result};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

/// The pause after `ENOBUFS`: the queue of a network device is full, which poll(2) does not wait for.
pub const BACKOFF: Duration = Duration::from_millis(1);

/// How the socket of a client is made.
#[derive(Clone, Debug, Default)]
pub struct UdpClientConfig {
    /// The local end; the kernel chooses if absent.
    pub source: Option<Source>,
    /// Set before bind and connect.
    pub options: Vec<SocketOption>,
    /// Replies come from any address.
    pub broadcast: bool,
}

/// A socket towards one address.
///
/// It is connected, so that it receives ICMP errors and the datagrams of that address alone; towards a group or a broadcast
/// address it is not, because the replies have other senders.
pub struct UdpClient {
    /// The socket.
    pub socket: Socket,
    /// The address it sends to.
    pub address: Address,
    connected: bool,
}

impl UdpClient {
    /// Opens a socket towards `address`.
    pub fn open(config: &UdpClientConfig, address: Address, sockets: &SocketFactory) -> Result<Self> {
        let socket = sockets.open(SocketType::Datagram, Role::Client, &address, &config.options)?;
        match address.inet() {
            Some(inet) => Self::open_inet(config, socket, inet),
            None if config.source.is_some() => {
                let why = io::Error::other("--source applies to internet addresses only; omit it");
                Err(Error::new("connect", address, why).about(Kind::Usage))
            }
            None => {
                // Without a name it could not be answered.
                socket.autobind()?;
                socket.start_connect(&address)?;
                Ok(Self { socket, address, connected: true })
            }
        }
    }

    fn open_inet(config: &UdpClientConfig, socket: Socket, address: SocketAddr) -> Result<Self> {
        let connected = !address.ip().is_multicast() && !config.broadcast;
        let any = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        match config.source {
            Some(source) => {
                let local = source.for_peer(address).ok_or_else(|| {
                    let why = io::Error::other("the source address and the target are of different families");
                    Error::new("connect", address, why).about(Kind::Address)
                })?;
                socket.bind(&local.into())?;
            }
            None if !connected => drop(socket.bind(&SocketAddr::new(any, 0).into())?),
            None => {}
        }
        socket.enlarge_receive_buffer(&config.options);
        if connected {
            socket.receive_icmp_errors()?;
            socket.start_connect(&address.into())?;
        } else {
            socket.emit_options();
        }
        Ok(Self { socket, address: address.into(), connected })
    }

    /// Sends the first of `payloads` with one call; returns how many.
    pub fn send<'a>(
        &self,
        sender: &mut BatchSender,
        payloads: impl Iterator<Item = &'a [u8]>,
    ) -> io::Result<usize> {
        let to = (!self.connected).then(|| AddressRef::from(&self.address));
        let datagrams: Vec<OutgoingDatagram<'_>> =
            payloads.map(|payload| OutgoingDatagram { payload, to, from: None }).collect();
        match sender.send(&self.socket, &datagrams) {
            // The error of an earlier datagram that was too long for the path is reported once.
            Err(error) if error.raw_os_error() == Some(libc::EMSGSIZE) => {
                sender.send(&self.socket, &datagrams)
            }
            answer => answer,
        }
    }

    /// Empties the error queue; returns the first error, because of which a datagram was not delivered.
    pub fn icmp_error(&self, receiver: &mut BatchReceiver) -> Option<io::Error> {
        if !self.connected {
            return None;
        }
        let errors = receiver.receive_icmp_errors(&self.socket).into_iter().map(|IcmpError { why, .. }| why);
        // Of a datagram too long for the path the kernel notes the path's MTU, and fragments the next one (ip(7)).
        errors.into_iter().find(|e| e.raw_os_error() != Some(libc::EMSGSIZE))
    }
}
