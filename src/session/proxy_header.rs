//! The PROXY protocol's header on connections of the engines, and its events.

use crate::event::{Dir, Event, Kind};
use crate::net::proxy_header::{Addresses, Header, LONGEST, Parsed, Version, encode, parse};
use crate::net::stream::ByteStream;
use crate::sys::{Error, Result};
use std::future::poll_fn;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// How long a peer may take for its header.
const LIMIT: Duration = Duration::from_secs(10);

/// Receives the header of a connection, and nothing after it. A connection without one is to be reset.
pub async fn receive(stream: &ByteStream) -> Result<Header> {
    let received = match tokio::time::timeout(LIMIT, receive_any_time(stream)).await {
        Ok(received) => received,
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no PROXY header before the deadline")),
    };
    match received {
        Ok(header) => {
            emit(stream, Dir::In, header.version, header.addresses);
            Ok(header)
        }
        Err(error) => {
            // It fails only where the connection is over already.
            let _ = stream.socket_ref().reset_on_close();
            let is_ours = error.raw_os_error().is_none() && error.kind() != io::ErrorKind::TimedOut;
            let error = Error::new("proxy header", stream.socket_ref().on(), error);
            Err(if is_ours { error.about(Kind::Data) } else { error })
        }
    }
}

async fn receive_any_time(stream: &ByteStream) -> io::Result<Header> {
    let mut seen = vec![0; LONGEST];
    let mut known = 0;
    loop {
        let count = poll_fn(|cx| stream.poll_peek(cx, &mut seen, known)).await?;
        match parse(&seen[..count]) {
            Parsed::Whole(header, length) => {
                // The bytes wait in the queue: one call takes them all.
                poll_fn(|cx| stream.poll_read(cx, &mut seen[..length])).await?;
                return Ok(header);
            }
            Parsed::Malformed(why) => return Err(io::Error::other(why)),
            Parsed::Partial if count <= known => {
                return Err(io::Error::other("truncated PROXY header"));
            }
            Parsed::Partial => known = count,
        }
    }
}

/// Sends the header for a client with these ends, before anything else.
pub async fn send(mut stream: &ByteStream, version: Version, ends: Option<Addresses>) -> Result<()> {
    let sent = stream.write_all(&encode(version, ends)).await;
    sent.map_err(|e| stream.failed("send", e))?;
    emit(stream, Dir::Out, version, ends);
    Ok(())
}

/// The ends of a connection that a header can name.
#[must_use]
pub fn ends(stream: &ByteStream) -> Option<Addresses> {
    let socket = stream.socket_ref();
    Some(Addresses { source: socket.peer_inet()?, destination: socket.local_inet()? })
}

fn emit(stream: &ByteStream, dir: Dir, version: Version, ends: Option<Addresses>) {
    let (source, destination) = (ends.map(|e| e.source), ends.map(|e| e.destination));
    stream.socket_ref().emit(|socket| Event::ProxyHeader {
        socket,
        dir,
        version: version.number(),
        source,
        destination,
    });
}
