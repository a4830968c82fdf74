//! The addresses of a target: the one in use, those to try after it, and the ICMP errors of datagrams sent.

use super::Config;
use crate::event::{Address, Event, Events, Kind, Outcome};
use crate::net::udp::UdpClient;
use crate::session::datagrams::DatagramSource;
use crate::sys::error::reason;
use crate::sys::socket::SocketFactory;
use crate::sys::{self, Error};
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

/// An ICMP error within this time of the first datagram leads to the next address; a later one comes from an address that
/// accepted datagrams before.
const PROBATION: Duration = Duration::from_secs(1);
/// The most that is kept for another address, bytes.
const CAPACITY: usize = 1 << 20;
/// An ICMP error becomes a warning if the run goes on for this long; a shorter run ends with it as its error.
const GRACE: Duration = Duration::from_millis(50);

/// The socket towards the address in use, and what is needed to change it.
pub(super) struct AddressFailover<'a> {
    config: &'a Config,
    sockets: &'a SocketFactory,
    events: &'a Events,
    untried: VecDeque<Address>,
    pub(super) client: UdpClient,
    /// When the first datagram was sent to this address.
    since: Option<Instant>,
    /// The first ICMP error after which no other address was tried, and when it came.
    refusal: Option<(io::Error, Instant)>,
    /// Nothing was sent after the last ICMP error.
    pub(super) refused_last: bool,
    warned: bool,
}

impl<'a> AddressFailover<'a> {
    /// Opens a socket towards the first of `addresses` where that succeeds.
    pub(super) fn open(
        config: &'a Config,
        addresses: Vec<Address>,
        sockets: &'a SocketFactory,
        events: &'a Events,
    ) -> sys::Result<Self> {
        let mut untried = VecDeque::from(addresses);
        let client = open_next(config, &mut untried, sockets)?;
        let (since, refusal) = (None, None);
        Ok(Self {
            config,
            sockets,
            events,
            untried,
            client,
            since,
            refusal,
            refused_last: false,
            warned: false,
        })
    }

    /// Notes that datagrams were sent at `now`.
    pub(super) fn sent(&mut self, now: Instant, source: &mut DatagramSource) {
        self.refused_last = false;
        let since = *self.since.get_or_insert(now);
        if now > since + PROBATION || source.held() > CAPACITY {
            self.settle(source);
        }
    }

    /// Keeps this address: it is the last one, or it replied, or no ICMP error came for long enough.
    pub(super) fn settle(&mut self, source: &mut DatagramSource) {
        self.untried.clear();
        source.forget();
    }

    /// Whether there are other addresses to try.
    pub(super) fn is_open(&self) -> bool {
        !self.untried.is_empty()
    }

    /// Handles an ICMP error: changes to the next address and starts again there (`true`), or keeps the error for the end of
    /// the run.
    pub(super) fn refused(&mut self, why: io::Error, source: &mut DatagramSource) -> bool {
        let changed = self.fail_over(&why, source);
        self.refused_last = !changed;
        if !changed {
            self.refusal.get_or_insert((why, Instant::now()));
        }
        changed
    }

    /// Changes to the next address, unless datagrams have been sent to this one for longer than the probation.
    pub(super) fn fail_over(&mut self, why: &io::Error, source: &mut DatagramSource) -> bool {
        if self.since.is_some_and(|at| at.elapsed() > PROBATION) {
            self.settle(source);
        }
        let Ok(client) = open_next(self.config, &mut self.untried, self.sockets) else { return false };
        self.emit_left(why, &client.address);
        self.client = client;
        self.since = None;
        source.rewind();
        if self.untried.is_empty() {
            self.settle(source);
        }
        true
    }

    /// Emits that the address in use is given up for `next`.
    fn emit_left(&self, why: &io::Error, next: &Address) {
        let left = &self.client.address;
        self.client.socket.emit(|socket| Event::Target {
            target: self.config.target.to_string(),
            conn: Some(socket.conn),
            proto: socket.proto,
            local: socket.local,
            peer: Some(left.clone()),
            outcome: Outcome::Refused,
            attempt: None,
            latency_us: None,
            text: Some(format!("{left}: {}; trying {next}", reason(why))),
        });
    }

    /// When the warning about an ICMP error is due.
    pub(super) fn warning_due(&self) -> Option<Instant> {
        let (_, at) = self.refusal.as_ref().filter(|_| !self.warned)?;
        Some(*at + GRACE)
    }

    /// Emits the warning about an ICMP error if it is due, once.
    pub(super) fn warn_in_time(&mut self) {
        if self.warning_due().is_some_and(|due| Instant::now() >= due)
            && let Some(error) = self.error()
        {
            self.warned = true;
            let fault = self.client.socket.blame(error.fault());
            self.events.emit(Event::Warning { fault });
        }
    }

    /// The ICMP error as the error that the run ends with.
    pub(super) fn error(&self) -> Option<Error> {
        let (why, _) = self.refusal.as_ref()?;
        // EACCES here is a firewall's answer, not a lack of permission on this machine.
        let kind =
            if why.kind() == io::ErrorKind::ConnectionRefused { Kind::Refused } else { Kind::Unreachable };
        let copy =
            why.raw_os_error().map_or_else(|| io::ErrorKind::Other.into(), io::Error::from_raw_os_error);
        Some(Error::new("send", self.name(), copy).about(kind))
    }

    /// The target, with the address in use where they differ.
    pub(super) fn name(&self) -> String {
        let (target, address) = (self.config.target.to_string(), self.client.address.to_string());
        if target == address { target } else { format!("{target} ({address})") }
    }
}

/// Opens a socket towards the first of `untried` where that succeeds, and removes the addresses up to it.
fn open_next(
    config: &Config,
    untried: &mut VecDeque<Address>,
    sockets: &SocketFactory,
) -> sys::Result<UdpClient> {
    let mut first = None;
    while let Some(address) = untried.pop_front() {
        match UdpClient::open(&config.socket, address, sockets) {
            Ok(client) => return Ok(client),
            Err(error) if first.is_none() => first = Some(error),
            Err(_) => {}
        }
    }
    Err(first.unwrap_or_else(|| Error::new("connect", "", io::Error::other("no address is left"))))
}
