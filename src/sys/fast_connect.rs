//! Fast tests of many ports without the states of each socket: a socket that was refused is used again.
//!
//! A second connect(2) on a socket whose first one is under way answers how that went, and after a refusal leaves the
//! socket as new: on loopback a closed port costs two system calls.

use super::error::{Error, Result};
use super::options::SocketOption;
use super::socket::{Socket, SocketFactory, SocketType};
use crate::event::Role;
use rustix::io::Errno;
use rustix::net::connect;
use std::net::SocketAddr;

/// Makes connection attempts; keeps one socket of each family at hand.
pub struct FastConnector {
    sockets: SocketFactory,
    options: Vec<SocketOption>,
    spare_v4: Option<Socket>,
    spare_v6: Option<Socket>,
}

/// What is known right after an attempt was begun.
pub enum FastConnect {
    /// The connection stands.
    Open(Socket),
    /// No answer yet.
    Pending(Socket),
}

impl FastConnector {
    /// Attempts with sockets of `sockets`, which emit no events, with `options` set.
    #[must_use]
    pub fn new(sockets: &SocketFactory, options: &[SocketOption]) -> Self {
        Self { sockets: sockets.silent(), options: options.to_vec(), spare_v4: None, spare_v6: None }
    }

    /// Begins to connect to `address`. The error is the answer if it is there already.
    pub fn try_connect(&mut self, address: SocketAddr) -> Result<FastConnect> {
        let spare = if address.is_ipv4() { &mut self.spare_v4 } else { &mut self.spare_v6 };
        let socket = match spare.take() {
            Some(socket) => socket,
            None => self.sockets.open(SocketType::Stream, Role::Client, &address.into(), &self.options)?,
        };
        let answer = match connect(&socket, &address) {
            Err(Errno::INPROGRESS) => connect(&socket, &address),
            answer => answer,
        };
        match answer {
            Ok(()) | Err(Errno::ISCONN) => {
                socket.refuse_itself(address)?;
                socket.aim(address);
                Ok(FastConnect::Open(socket))
            }
            Err(Errno::ALREADY | Errno::INPROGRESS) => {
                socket.aim(address);
                Ok(FastConnect::Pending(socket))
            }
            Err(errno) => {
                if errno == Errno::CONNREFUSED {
                    *spare = Some(socket);
                }
                Err(Error::new("connect", address, errno))
            }
        }
    }
}
