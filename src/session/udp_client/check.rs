//! `udp-send --check`: whether anything replies. Every address of the target is probed at once.

use super::{Config, Payload};
use crate::event::report::{CheckRow, Row};
use crate::event::{self, Event, Kind, Proto};
use crate::exit::Exit;
use crate::net::address::Target;
use crate::net::datagram::longest;
use crate::net::udp::UdpClient;
use crate::session::datagrams::DatagramInput;
use crate::session::wait::wait;
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::error::reason;
use crate::sys::mmsg::{BATCH, BatchReceiver, BatchSender};
use crate::sys::poll::Interest;
use crate::sys::signal::Stop;
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
pub fn check(config: &Config, context: &mut Context) -> Result {
    let addresses = match super::addresses(config, context) {
        Ok(addresses) => addresses,
        Err(error) if context.stop.signal().is_some() => return Err(error.into()),
        Err(error) => {
            return conclude(
                config,
                &Finding::without_probe(event::Outcome::Unresolved, &error),
                &[],
                context,
            );
        }
    };
    let Payload::Messages(messages) = &config.payload else { return Ok(Outcome::done()) };
    // Fails where one is too long.
    DatagramInput::messages(messages, longest(&addresses), 1, &config.target)?;
    // The report is what was asked for; packets stand between states.
    let observed = context.events.detailed() || context.sockets.is_captured();
    let sockets = if observed { context.sockets.clone() } else { context.sockets.silent() };
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
        return conclude(config, &Finding::without_probe(event::Outcome::Refused, &error), &[], context);
    }
    let (receiver, sender) = (BatchReceiver::new(), BatchSender::new());
    let mut check = Check { config, stop: &context.stop, messages, probes, receiver, sender };
    let finding = check.find()?;
    let probes = check.probes;
    conclude(config, &finding, &probes, context)
}

struct Check<'a> {
    config: &'a Config,
    stop: &'a Stop,
    messages: &'a [Vec<u8>],
    probes: Vec<Probe>,
    receiver: BatchReceiver,
    sender: BatchSender,
}

impl Check<'_> {
    /// Probes until one address replies, every one is refused, or no reply to the last probe came in time.
    fn find(&mut self) -> sys::Result<Finding> {
        let interval = self.config.interval.unwrap_or(self.config.reply_wait);
        let mut left = self.config.repeat;
        let mut due = Instant::now();
        loop {
            let now = Instant::now();
            if left > 0 && now >= due {
                self.send()?;
                left -= 1;
                due = Instant::now() + if left > 0 { interval } else { self.config.reply_wait };
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
                let outcome = event::Outcome::Replied;
                return Some(Finding { outcome, probe: Some(index), latency, reason: None });
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

    /// No reply came in time; the first address that was not refused counts.
    fn no_answer(&self) -> Finding {
        let probe = self.probes.iter().position(|probe| probe.refusal.is_none());
        let reason = Some(format!("no reply within {:?}", self.config.reply_wait));
        Finding { outcome: event::Outcome::NoAnswer, probe, latency: None, reason }
    }
}

/// Reports a finding as a row and as an event.
fn conclude(config: &Config, finding: &Finding, probes: &[Probe], context: &mut Context) -> Result {
    let target = &config.target;
    let client = finding.probe.map(|i| &probes[i].client);
    let latency_us = finding.latency.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX));
    let (host, port, proto) = match target {
        Target::Host(endpoint) => (endpoint.host.to_string(), Some(endpoint.port), Proto::Udp),
        Target::Socket(address) => (address.to_string(), None, target.stream_proto()),
    };
    let row = CheckRow {
        host,
        port,
        outcome: finding.outcome,
        address: client.map(|c| c.address.clone()),
        latency_us,
        reason: finding.reason.clone(),
        tls: None,
    };
    context.events.emit(Event::Target {
        target: target.to_string(),
        conn: client.map(|c| c.socket.conn()),
        proto,
        local: client.and_then(|c| c.socket.local()),
        peer: client.map(|c| c.address.clone()),
        outcome: finding.outcome,
        attempt: None,
        latency_us,
        text: finding.reason.clone(),
    });
    context.report.row(&Row::Check(row)).and_then(|()| context.report.flush()).map_err(stdout::failure)?;
    let exit = match finding.outcome {
        event::Outcome::Replied => Exit::Done,
        event::Outcome::NoAnswer => Exit::Deadline,
        _ => Exit::Network,
    };
    Ok(Outcome::of(exit, finding.outcome.name()))
}
