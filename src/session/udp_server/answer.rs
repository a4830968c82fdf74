//! The answers of a datagram server.

use crate::event::{AddressRef, Kind};
use crate::net::datagram::family;
use crate::sys::mmsg::{BatchReceiver, Datagram, OutgoingDatagram};
use crate::sys::{Error, Result};
use crate::text::upper::Upper;
use std::io;
use std::ops::Range;

/// What each datagram is answered with.
pub enum Answer {
    /// No answer.
    Nothing,
    /// The payload received.
    Echo,
    /// The payload received, in upper case.
    Upper,
    /// These bytes.
    Respond(Vec<u8>),
}

impl Answer {
    /// Fails if the answer is longer than `limit`, the most a datagram holds.
    pub(super) fn expect_to_fit(&self, limit: usize) -> Result<()> {
        match self {
            Self::Respond(bytes) if bytes.len() > limit => {
                let (length, family) = (bytes.len(), family(limit));
                let why = format!("{length} bytes; over {family} a datagram holds {limit} at most");
                Err(Error::new("send", "the answer", io::Error::other(why)).about(Kind::Data))
            }
            _ => Ok(()),
        }
    }

    /// The answers to a batch, each to the sender and from the address the datagram was sent to; none to senders that
    /// `may_answer` refuses.
    pub(super) fn datagrams<'a>(
        &'a self,
        received: &'a BatchReceiver,
        upper: &'a mut UpperBatch,
        mut may_answer: impl FnMut(AddressRef<'a>) -> bool,
    ) -> Vec<OutgoingDatagram<'a>> {
        if matches!(self, Self::Upper) {
            upper.fill(received);
        }
        let upper = &*upper;
        let answer = |(i, datagram): (usize, Datagram<'a>)| {
            let peer = datagram.peer.filter(|peer| may_answer(*peer))?;
            let payload = match self {
                Self::Nothing => return None,
                Self::Echo => datagram.payload,
                Self::Upper => upper.payload(i),
                Self::Respond(bytes) => bytes,
            };
            Some(OutgoingDatagram { payload, to: Some(peer), from: datagram.origin })
        };
        received.datagrams().enumerate().filter_map(answer).collect()
    }
}

/// The payloads of a batch in upper case.
#[derive(Default)]
pub(super) struct UpperBatch {
    bytes: Vec<u8>,
    parts: Vec<Range<usize>>,
}

impl UpperBatch {
    /// Replaces the contents by the payloads of a batch, each converted on its own.
    fn fill(&mut self, received: &BatchReceiver) {
        self.bytes.clear();
        self.parts.clear();
        for datagram in received.datagrams() {
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
