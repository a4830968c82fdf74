//! The addresses of a target: the one in use, those still to be tried, and what ICMP said about datagrams sent.

use super::client::UdpClient;
use crate::cli::UdpSend;
use crate::event::{Event, Events, Kind};
use crate::net::address::Endpoint;
use crate::session::datagram_source::DatagramSource;
use crate::sys::error::reason;
use crate::sys::mmsg::Inbox;
use crate::sys::socket::SocketFactory;
use crate::sys::{self, Error};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// ICMP answers within this time of the first datagram may send everything to the next address of a name; what is
/// refused later was once taken.
const PROBATION: Duration = Duration::from_secs(1);
/// More than this is not kept for another address.
const KEPT: usize = 1 << 20;
/// A refusal is told as a warning if the run goes on for longer than this; a shorter one ends with the error.
const GRACE: Duration = Duration::from_millis(50);

/// The way to a target.
pub(super) struct AddressFailover<'a> {
    args: &'a UdpSend,
    sockets: &'a SocketFactory,
    events: &'a Events,
    target: &'a Endpoint,
    untried: VecDeque<SocketAddr>,
    pub(super) client: UdpClient,
    /// When the first datagram went to this address.
    since: Option<Instant>,
    /// The first refusal that no other address made good, and when it came.
    refusal: Option<(io::Error, Instant)>,
    /// Nothing went out after the last refusal.
    pub(super) refused_last: bool,
    warned: bool,
}

impl<'a> AddressFailover<'a> {
    /// Opens a socket towards the first of `addresses` that allows it.
    pub(super) fn open(
        args: &'a UdpSend,
        target: &'a Endpoint,
        addresses: Vec<SocketAddr>,
        sockets: &'a SocketFactory,
        events: &'a Events,
    ) -> sys::Result<Self> {
        let mut untried = VecDeque::from(addresses);
        let client = open_next(args, &mut untried, sockets)?;
        let (since, refusal) = (None, None);
        Ok(Self {
            args,
            sockets,
            events,
            target,
            untried,
            client,
            since,
            refusal,
            refused_last: false,
            warned: false,
        })
    }

    /// Whether ICMP said that a datagram did not arrive; asking forgets it.
    pub(super) fn icmp_errors(&self, inbox: &mut Inbox) -> Option<io::Error> {
        self.client.icmp_errors(inbox)
    }

    /// Datagrams went out at `now`.
    pub(super) fn sent(&mut self, now: Instant, source: &mut DatagramSource) {
        self.refused_last = false;
        let since = *self.since.get_or_insert(now);
        if now > since + PROBATION || source.held() > KEPT {
            self.settle(source);
        }
    }

    /// Decides for this address: the last one, or one that answered, or was not refused for long enough.
    pub(super) fn settle(&mut self, source: &mut DatagramSource) {
        self.untried.clear();
        source.forget();
    }

    /// Whether other addresses may still take what was sent.
    pub(super) fn is_open(&self) -> bool {
        !self.untried.is_empty()
    }

    /// Something sent before did not arrive. Goes over to the next address and begins anew there (`true`), or remembers
    /// it to the end.
    pub(super) fn refused(&mut self, why: io::Error, source: &mut DatagramSource) -> bool {
        let next = self.fail_over(&why, source);
        self.refused_last = !next;
        if !next {
            self.refusal.get_or_insert((why, Instant::now()));
        }
        next
    }

    /// Goes over to the next address, as long as this one has shown no sign of life.
    pub(super) fn fail_over(&mut self, why: &io::Error, source: &mut DatagramSource) -> bool {
        if self.since.is_some_and(|at| at.elapsed() > PROBATION) {
            self.settle(source);
        }
        let from = self.client.address;
        let Ok(client) = open_next(self.args, &mut self.untried, self.sockets) else { return false };
        self.client.tell_left(self.target, format!("{from}: {}; trying {}", reason(why), client.address));
        self.client = client;
        self.since = None;
        source.rewind();
        if self.untried.is_empty() {
            self.settle(source);
        }
        true
    }

    /// When somebody who may not see the end for long is to hear of a refusal.
    pub(super) fn warning_due(&self) -> Option<Instant> {
        let (_, at) = self.refusal.as_ref().filter(|_| !self.warned)?;
        Some(*at + GRACE)
    }

    /// Tells of a refusal that is old enough, once.
    pub(super) fn warn_in_time(&mut self) {
        if self.warning_due().is_some_and(|due| Instant::now() >= due)
            && let Some(error) = self.error()
        {
            self.warned = true;
            let fault = self.client.socket.blame(error.fault());
            self.events.emit(Event::Warning { fault });
        }
    }

    /// The refusal as the error the run ends with.
    pub(super) fn error(&self) -> Option<Error> {
        let (why, _) = self.refusal.as_ref()?;
        // What a firewall forbids is the network's no, not this machine's.
        let kind =
            if why.kind() == io::ErrorKind::ConnectionRefused { Kind::Refused } else { Kind::Unreachable };
        let again =
            why.raw_os_error().map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error);
        Some(Error::new("send", self.name(), again).about(kind))
    }

    /// The target, and its address where that is not the same.
    pub(super) fn name(&self) -> String {
        let (target, address) = (self.target.to_string(), self.client.address.to_string());
        if target == address { target } else { format!("{target} ({address})") }
    }
}

/// A socket towards the first of `untried` that allows one; the others stay untried.
fn open_next(
    args: &UdpSend,
    untried: &mut VecDeque<SocketAddr>,
    sockets: &SocketFactory,
) -> sys::Result<UdpClient> {
    let mut first = None;
    while let Some(address) = untried.pop_front() {
        match UdpClient::open(args, address, sockets) {
            Ok(client) => return Ok(client),
            Err(error) if first.is_none() => first = Some(error),
            Err(_) => {}
        }
    }
    Err(first.unwrap_or_else(|| Error::new("connect", "", io::Error::other("no address is left"))))
}
