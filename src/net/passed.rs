//! Where the clients of a server come from: listeners, bound here or passed on by another program, or one connection that
//! was passed on.

use super::bind::{BindTarget, ListenConfig};
use crate::event::Role;
use crate::sys::error::Result;
use crate::sys::options::SocketOption;
use crate::sys::passed::{PassedSocket, refusal};
use crate::sys::signal::Stop;
use crate::sys::socket::{Passed, Socket, SocketType};

/// Where the clients of a server come from.
pub enum Entry {
    /// From these listeners.
    Listeners(Vec<Socket>),
    /// The only one is connected already.
    Connection(Socket),
}

impl Entry {
    /// Every socket there is.
    #[must_use]
    pub fn sockets(&self) -> &[Socket] {
        match self {
            Self::Listeners(listeners) => listeners,
            Self::Connection(client) => std::slice::from_ref(client),
        }
    }
}

impl From<Vec<Socket>> for Entry {
    fn from(listeners: Vec<Socket>) -> Self {
        Self::Listeners(listeners)
    }
}

impl ListenConfig<'_> {
    /// Sockets for `target`, or those that were `passed` on where there is none.
    ///
    /// # Errors
    /// A descriptor that is no listener, or no datagram socket.
    pub fn open_or_adopt(
        &self,
        target: Option<&BindTarget>,
        passed: Vec<PassedSocket>,
        stop: &Stop,
    ) -> Result<Vec<Socket>> {
        match (target, self.kind) {
            (Some(target), _) => self.open_target(target, stop),
            (None, SocketType::Stream) => self.adopt_all(passed, Passed::Listener, "a listening socket"),
            (None, SocketType::Datagram) => self.adopt_all(passed, Passed::Datagrams, "a datagram socket"),
        }
    }

    /// As [`Self::open_or_adopt`] for streams, where one connection may have been passed on as well.
    pub fn entry(
        &self,
        target: Option<&BindTarget>,
        mut passed: Vec<PassedSocket>,
        stop: &Stop,
    ) -> Result<Entry> {
        const WORDS: &str = "a listening socket, or a single connection";
        let is_connection = match (target, &passed[..]) {
            (None, [only]) => {
                only.expect(&[Passed::Listener, Passed::Connection], WORDS)? == Passed::Connection
            }
            _ => false,
        };
        match if is_connection { passed.pop() } else { None } {
            Some(only) => self.adopt(only).map(Entry::Connection),
            None => self.open_or_adopt(target, passed, stop).map(Entry::Listeners),
        }
    }

    fn adopt_all(&self, passed: Vec<PassedSocket>, wanted: Passed, words: &str) -> Result<Vec<Socket>> {
        // All are looked at before one is touched.
        for socket in &passed {
            socket.expect(&[wanted], words)?;
        }
        if passed.is_empty() {
            return Err(refusal("sockets", "none was passed"));
        }
        let sockets: Vec<Socket> =
            passed.into_iter().map(|socket| self.adopt(socket)).collect::<Result<_>>()?;
        if wanted == Passed::Listener {
            sockets.iter().for_each(Socket::emit_adopted);
        }
        Ok(sockets)
    }

    fn adopt(&self, passed: PassedSocket) -> Result<Socket> {
        let socket = self.sockets.adopt(passed, Role::Server)?;
        for option in self.options.iter().filter(|option| !is_of_bind(option)) {
            socket.set(option)?;
        }
        self.defaults.iter().for_each(|option| socket.prefer(option));
        Ok(socket)
    }
}

/// Whether an option has a meaning only before bind(2), which another program called.
const fn is_of_bind(option: &SocketOption) -> bool {
    use SocketOption::{FreeBind, ReuseAddr, ReusePort, V6Only};
    matches!(option, ReuseAddr(_) | ReusePort(_) | V6Only(_) | FreeBind(_))
}
