//! `udp-send --check`: whether anything replies. Every address of the target is probed at once.

use super::{Config, Payload};
use crate::event::report::{CheckRow, Row};
use crate::event::{self, Event, Kind, Proto, Span};
use crate::exit::Exit;
use crate::net::address::Target;
use crate::net::datagram::longest;
use crate::net::udp::UdpClient;
use crate::session::check::question::excerpt;
use crate::session::datagrams::DatagramInput;
use crate::session::wait::wait;
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::error::reason;
use crate::sys::mmsg::{BATCH, BatchReceiver, BatchSender};
use crate::sys::poll::Interest;
use crate::sys::signal::Stop;
use crate::sys::socket::SocketFactory;
use crate::sys::{self, Error};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// One address and its answer.
struct Probe {
    client: UdpClient,
    /// When the last probe was sent.
    sent: Instant,
    /// The ICMP error, and how long after the probe it came.
    refusal: Option<(io::Error, Duration)>,
}

/// The result: an outcome, the number of the probe it is about, and how long the answer took.
struct Finding {
    outcome: event::Outcome,
    probe: Option<usize>,
    latency: Option<Duration>,
    reason: Option<String>,
}

impl Finding {
    /// No socket could be opened, because of `error`.
    fn without_probe(outcome: event::Outcome, error: &Error) -> Self {
        Self { outcome, probe: None, latency: None, reason: Some(reason(&error.source)) }
    }
}

/// Probes the target with the messages of `config`, at intervals as often as they are to be sent.
pub(super) fn run(config: &Config, context: &mut Context) -> Result {
    let answered = probe(config, config.reply_wait, &context.sockets, context)?;
    context.events.emit(answered.event.clone());
    answered.report(context)?;
    Ok(answered.outcome())
}

/// Probes the target once, each probe for `reply_wait`.
pub(super) fn probe(
    config: &Config,
    reply_wait: Duration,
    sockets: &SocketFactory,
    context: &Context,
) -> anyhow::Result<Answered> {
    let addresses = match super::addresses(config, context) {
        Ok(addresses) => addresses,
        Err(error) if context.stop.signal().is_some() => return Err(error.into()),
        Err(error) => {
            let finding = Finding::without_probe(event::Outcome::Unresolved, &error);
            return Ok(Answered::new(config, &finding, &[]));
        }
    };
    let Payload::Messages(messages) = &config.payload else {
        let why = io::Error::other("a check sends messages; omit standard input");
        return Err(Error::new("check", &config.target, why).about(Kind::Usage).into());
    };
    // Fails where one is too long.
    DatagramInput::messages(messages, longest(&addresses), 1, &config.target)?;
    // The report is what was asked for; packets stand between states.
    let observed = context.events.detailed() || sockets.is_captured();
    let sockets = if observed { sockets.clone() } else { sockets.silent() };
    let (mut probes, mut failed) = (Vec::new(), None);
    for address in addresses {
        match UdpClient::open(&config.socket, address, &sockets) {
            Ok(client) => probes.push(Probe { client, sent: Instant::now(), refusal: None }),
            Err(error) if failed.is_none() => failed = Some(error),
            Err(_) => {}
        }
    }
    if let Some(error) = failed.filter(|_| probes.is_empty()) {
        if !matches!(error.kind(), Kind::Unreachable | Kind::Refused) {
            return Err(error.into());
        }
        let finding = Finding::without_probe(event::Outcome::Refused, &error);
        return Ok(Answered::new(config, &finding, &[]));
    }
    let (receiver, sender) = (BatchReceiver::new(), BatchSender::new());
    let stop = &context.stop;
    let mut check = Check { config, reply_wait, stop, messages, probes, receiver, sender, unexpected: None };
    let finding = check.find()?;
    Ok(Answered::new(config, &finding, &check.probes))
}

struct Check<'a> {
    config: &'a Config,
    reply_wait: Duration,
    stop: &'a Stop,
    messages: &'a [Vec<u8>],
    probes: Vec<Probe>,
    receiver: BatchReceiver,
    sender: BatchSender,
    /// The last reply that did not match what is expected, and its probe.
    unexpected: Option<(usize, String)>,
}

impl Check<'_> {
    /// Probes until one address replies, every one is refused, or no reply to the last probe came in time.
    fn find(&mut self) -> sys::Result<Finding> {
        let interval = self.config.interval.unwrap_or(self.reply_wait);
        let mut left = self.config.repeat;
        let mut due = Instant::now();
        loop {
            let now = Instant::now();
            if left > 0 && now >= due {
                self.send()?;
                left -= 1;
                due = Instant::now() + if left > 0 { interval } else { self.reply_wait };
            }
            for index in 0..self.probes.len() {
                if let Some(finding) = self.receive(index) {
                    return Ok(finding);
                }
            }
            let all_refused = self.probes.iter().all(|probe| probe.refusal.is_some());
            if all_refused && (left == 0 || self.config.interval.is_none()) {
                return Ok(self.refused());
            }
            if left == 0 && Instant::now() >= due {
                return Ok(self.no_answer());
            }
            let sockets = self.probes.iter().map(|probe| (probe.client.socket.as_fd(), Interest::Reading));
            wait(sockets.collect(), self.stop, Some(due))?;
        }
    }

    /// Sends the messages to every address.
    fn send(&mut self) -> sys::Result<()> {
        for probe in &mut self.probes {
            probe.refusal = None;
            probe.sent = Instant::now();
            let mut rest = self.messages;
            while !rest.is_empty() {
                match probe.client.send(&mut self.sender, rest.iter().map(Vec::as_slice).take(BATCH)) {
                    Ok(count) => rest = &rest[count..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => {
                        let why = probe.client.icmp_error(&mut self.receiver).unwrap_or(error);
                        let error = Error::new("send", &probe.client.address, why);
                        if !matches!(error.kind(), Kind::Refused | Kind::Unreachable) {
                            return Err(error);
                        }
                        probe.refusal = Some((error.source, probe.sent.elapsed()));
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Whether an address replied; an ICMP error is noted.
    fn receive(&mut self, index: usize) -> Option<Finding> {
        let probe = &mut self.probes[index];
        let received = self.receiver.receive(&probe.client.socket, BATCH);
        let latency = Some(probe.sent.elapsed());
        let failed = match received {
            Ok(_) => {
                let expect = self.config.expect.as_ref();
                let is_match = |payload: &[u8]| expect.is_none_or(|expect| expect.is_match(payload));
                let mut last = None;
                for datagram in self.receiver.datagrams() {
                    if is_match(datagram.payload) {
                        let outcome = event::Outcome::Replied;
                        return Some(Finding { outcome, probe: Some(index), latency, reason: None });
                    }
                    last = Some(datagram.payload);
                }
                if let Some(payload) = last {
                    self.unexpected = Some((index, excerpt(payload)));
                }
                return None;
            }
            Err(error) => Some(error).filter(|e| e.kind() != io::ErrorKind::WouldBlock),
        };
        if let Some(why) = probe.client.icmp_error(&mut self.receiver).or(failed) {
            probe.refusal = Some((why, probe.sent.elapsed()));
        }
        None
    }

    /// Every address is refused; the last one counts.
    fn refused(&self) -> Finding {
        let last = self.probes.len().checked_sub(1);
        let refusal = last.and_then(|i| self.probes[i].refusal.as_ref());
        Finding {
            outcome: event::Outcome::Refused,
            probe: last,
            latency: refusal.map(|(_, latency)| *latency),
            reason: refusal.map(|(why, _)| reason(why)),
        }
    }

    /// No reply came in time, or none that is expected; of several addresses the first that was not refused counts.
    fn no_answer(&self) -> Finding {
        if let Some((probe, excerpt)) = &self.unexpected {
            let reason = Some(format!("replied, but the answer did not match: {excerpt}"));
            return Finding { outcome: event::Outcome::NoMatch, probe: Some(*probe), latency: None, reason };
        }
        let probe = self.probes.iter().position(|probe| probe.refusal.is_none());
        let reason = Some(format!("no reply within {}", Span(self.reply_wait)));
        Finding { outcome: event::Outcome::NoAnswer, probe, latency: None, reason }
    }
}

/// The protocol of datagrams to a target.
pub(super) const fn proto(target: &Target) -> Proto {
    match target {
        Target::Host(_) => Proto::Udp,
        Target::Socket(_) => target.stream_proto(),
    }
}

/// A finding as a row and as an event.
pub(super) struct Answered {
    pub(super) row: CheckRow,
    pub(super) event: Event,
}

impl Answered {
    fn new(config: &Config, finding: &Finding, probes: &[Probe]) -> Self {
        let target = &config.target;
        let client = finding.probe.map(|i| &probes[i].client);
        let latency_us = finding.latency.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX));
        let (host, port) = match target {
            Target::Host(endpoint) => (endpoint.host.to_string(), Some(endpoint.port)),
            Target::Socket(address) => (address.to_string(), None),
        };
        let row = CheckRow {
            host,
            port,
            outcome: finding.outcome,
            address: client.map(|c| c.address.clone()),
            latency_us,
            reason: finding.reason.clone(),
            tls: None,
            repeated: None,
        };
        let event = Event::Target {
            target: target.to_string(),
            conn: client.map(|c| c.socket.conn()),
            proto: proto(target),
            local: client.and_then(|c| c.socket.local()),
            peer: client.map(|c| c.address.clone()),
            outcome: finding.outcome,
            attempt: None,
            latency_us,
            text: finding.reason.clone(),
        };
        Self { row, event }
    }

    /// Writes the row.
    pub(super) fn report(&self, context: &mut Context) -> sys::Result<()> {
        let row = Row::Check(self.row.clone());
        context.report.row(&row).and_then(|()| context.report.flush()).map_err(stdout::failure)
    }

    /// The outcome of a run that ends with it.
    pub(super) fn outcome(&self) -> Outcome {
        let exit = match self.row.outcome {
            event::Outcome::Replied => Exit::Done,
            event::Outcome::NoAnswer => Exit::Deadline,
            _ => Exit::Network,
        };
        Outcome::of(exit, self.row.outcome.name())
    }
}
