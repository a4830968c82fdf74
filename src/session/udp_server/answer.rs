//! What a datagram server answers.

use crate::cli::AnswerArgs;
use crate::cmd::response;
use crate::event::Kind;
use crate::net::datagram::{LONGEST_V4, LONGEST_V6};
use crate::session::Context;
use crate::sys::mmsg::{Datagram, OutgoingDatagram};
use crate::sys::socket::Socket;
use crate::sys::{Error, Result};
use crate::text::upper::Upper;
use std::io;
use std::net::SocketAddr;
use std::ops::Range;

/// One of the services of `udp-serve`.
pub(super) enum Answer {
    /// None: standard output gets what came.
    Nothing,
    /// What came.
    Echo,
    /// What came, in upper case.
    Upper,
    /// Always these bytes.
    Respond(Vec<u8>),
}

impl Answer {
    /// The answer asked for; a file is read now rather than at the first datagram.
    pub(super) fn of(args: &AnswerArgs, context: &Context) -> Result<Self> {
        Ok(match &args.respond {
            _ if args.echo => Self::Echo,
            _ if args.upper => Self::Upper,
            Some(answer) => Self::Respond(response(answer, context)?),
            None => Self::Nothing,
        })
    }

    /// Refuses an answer that is too long for a datagram over one of `sockets`.
    pub(super) fn expect_to_fit(&self, sockets: &[Socket]) -> Result<()> {
        let over_v4 = sockets.iter().any(|s| s.local().is_none_or(|a| a.is_ipv4()));
        let (limit, family) = if over_v4 { (LONGEST_V4, "IPv4") } else { (LONGEST_V6, "IPv6") };
        match self {
            Self::Respond(bytes) if bytes.len() > limit => {
                let why = format!("{} bytes; over {family} a datagram holds {limit} at most", bytes.len());
                Err(Error::new("send", "the answer", io::Error::other(why)).about(Kind::Data))
            }
            _ => Ok(()),
        }
    }

    /// A letter for each of `datagrams` whose sender `may` be answered, to who sent it, from the address it was sent to.
    pub(super) fn letters<'a>(
        &'a self,
        datagrams: impl Iterator<Item = Datagram<'a>>,
        raised: &'a Raised,
        mut may: impl FnMut(SocketAddr) -> bool,
    ) -> Vec<OutgoingDatagram<'a>> {
        let letter = |(i, datagram): (usize, Datagram<'a>)| {
            if !may(datagram.peer) {
                return None;
            }
            let payload = match self {
                Self::Nothing => return None,
                Self::Echo => datagram.payload,
                Self::Upper => raised.payload(i),
                Self::Respond(bytes) => bytes,
            };
            Some(OutgoingDatagram { payload, to: Some(datagram.peer), from: datagram.origin })
        };
        datagrams.enumerate().filter_map(letter).collect()
    }
}

/// A batch of payloads in upper case.
#[derive(Default)]
pub(super) struct Raised {
    bytes: Vec<u8>,
    parts: Vec<Range<usize>>,
}

impl Raised {
    /// Replaces what was held by these payloads, each in upper case for itself.
    pub(super) fn fill<'a>(&mut self, datagrams: impl Iterator<Item = Datagram<'a>>) {
        self.bytes.clear();
        self.parts.clear();
        for datagram in datagrams {
            let start = self.bytes.len();
            let mut upper = Upper::default();
            upper.push(datagram.payload, &mut self.bytes);
            upper.finish(&mut self.bytes);
            self.parts.push(start..self.bytes.len());
        }
    }

    fn payload(&self, i: usize) -> &[u8] {
        &self.bytes[self.parts[i].clone()]
    }
}
