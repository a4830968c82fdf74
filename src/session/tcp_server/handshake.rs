//! What comes between accepting a client and serving it: its PROXY header, and the handshake of TLS.

use crate::event::{Event, Events, Kind};
use crate::net::acl::AccessRules;
use crate::net::proxy_header::Addresses;
use crate::net::stream::ByteStream;
use crate::net::tap::Taps;
use crate::session::proxy_header;
use crate::session::tls::TlsServer;
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use std::io;
use std::rc::Rc;

/// The handshakes with each client.
pub(super) struct Handshakes {
    /// Speaks TLS.
    pub(super) tls: Option<TlsServer>,
    /// The rules for the clients that PROXY headers name, where connections begin with one.
    pub(super) headers: Option<AccessRules>,
    /// Watches or slows the streams that come of it.
    pub(super) taps: Option<Rc<Taps>>,
    pub(super) events: Events,
}

impl Handshakes {
    /// Takes a client into the runtime, after its PROXY header and the handshake of TLS where there are such; warns if those
    /// fail.
    pub(super) async fn open(&self, socket: Socket) -> Result<(ByteStream, Option<Addresses>)> {
        socket.emit_options();
        let stream = ByteStream::new(socket)?;
        if !self.are_any() {
            return Ok((stream.tapped(self.taps.as_deref()), None));
        }
        let subject = stream.socket_ref().subject();
        let opened = async {
            let named = match &self.headers {
                Some(access) => receive_header(&stream, access).await?,
                None => None,
            };
            let stream = match &self.tls {
                Some(tls) => tls.secure(stream).await?,
                None => stream,
            };
            Ok((stream.tapped(self.taps.as_deref()), named))
        };
        opened.await.inspect_err(|error: &Error| {
            // A refusal has its event.
            if error.kind() != Kind::Permission {
                let mut fault = error.fault();
                (fault.conn, fault.peer) = (Some(subject.conn), subject.peer);
                self.events.emit(Event::Warning { fault });
            }
        })
    }

    /// Whether something comes between accepting a client and serving it.
    pub(super) fn are_any(&self) -> bool {
        self.tls.is_some() || self.headers.is_some()
    }
}

/// Receives a client's PROXY header, and applies the access rules to the client that it names.
async fn receive_header(stream: &ByteStream, access: &AccessRules) -> Result<Option<Addresses>> {
    let named = proxy_header::receive(stream).await?.addresses;
    if let Some(Err(denial)) = named.map(|named| access.check(named.source)) {
        stream.socket_ref().emit(|socket| Event::Refuse { socket, reason: denial.to_string() });
        // If it fails the client sees an orderly ending instead, and the event still says what happened.
        let _ = stream.socket_ref().reset_on_close();
        let why = io::Error::from_raw_os_error(libc::EACCES);
        return Err(Error::new("proxy header", stream.socket_ref().on(), why));
    }
    Ok(named)
}
