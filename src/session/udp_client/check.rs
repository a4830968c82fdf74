//! `udp-send --check`: does anybody answer? Every address of the target is asked at once.

use super::client::UdpClient;
use crate::cli::UdpSend;
use crate::event::report::{CheckRow, Row};
use crate::event::{self, Event, Kind, Proto};
use crate::exit::Exit;
use crate::net::address::Endpoint;
use crate::net::datagram::longest;
use crate::net::resolve::Lookup;
use crate::session::datagram_source::DatagramSource;
use crate::session::{Context, Outcome, Result, stdout};
use crate::sys::error::reason;
use crate::sys::mmsg::{BATCH, Inbox, Outbox};
use crate::sys::poll::{Interest, wait};
use crate::sys::signal::Signal;
use crate::sys::{self, Error};
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::time::{Duration, Instant};

/// What one address was asked and said.
struct Asked {
    client: UdpClient,
    /// When the last probe went out.
    sent: Instant,
    refusal: Option<(io::Error, Duration)>,
}

/// What a check found: the row's outcome, the address it is about, and how long the answer took.
struct Finding {
    outcome: event::Outcome,
    asked: Option<usize>,
    latency: Option<Duration>,
    reason: Option<String>,
}

/// Runs `soquete udp-send --check`. Without messages it asks with an empty datagram.
pub(super) fn run(args: &UdpSend, target: &Endpoint, messages: &[OsString], context: &mut Context) -> Result {
    let lookup = Lookup::from(&args.client.lookup);
    let addresses = match crate::session::resolve::addresses(context, lookup, &target.host, target.port, None)
    {
        Ok(addresses) => addresses,
        Err(error) if context.stop.signal().is_some() => return Err(error.into()),
        Err(error) => {
            let reason = Some(reason(&error.source));
            let outcome = event::Outcome::Unresolved;
            let finding = Finding { outcome, asked: None, latency: None, reason };
            return conclude(target, &finding, &[], context);
        }
    };
    let probe =
        if messages.is_empty() { vec![&b""[..]] } else { messages.iter().map(|m| m.as_bytes()).collect() };
    let limit = longest(&addresses);
    // Only for its judgement of what is too long.
    DatagramSource::of(probe.iter().copied(), limit, 1).map_err(|e| super::refused(&e, target, limit))?;
    let (mut asked, mut failed) = (Vec::new(), None);
    for address in addresses {
        match UdpClient::open(args, address, &context.sockets) {
            Ok(client) => asked.push(Asked { client, sent: Instant::now(), refusal: None }),
            Err(error) if failed.is_none() => failed = Some(error),
            Err(_) => {}
        }
    }
    match failed {
        Some(error) if asked.is_empty() && error.kind() == Kind::Unreachable => {
            let (outcome, reason) = (event::Outcome::Refused, Some(reason(&error.source)));
            return conclude(target, &Finding { outcome, asked: None, latency: None, reason }, &[], context);
        }
        Some(error) if asked.is_empty() => return Err(error.into()),
        _ => {}
    }
    let mut check = Check { args, context, probe, asked, inbox: Inbox::new(), outbox: Outbox::new() };
    match check.find()? {
        Found::Answer(finding) => {
            let asked = check.asked;
            conclude(target, &finding, &asked, context)
        }
        Found::Stopped(signal) => Ok(Outcome::stopped(signal)),
    }
}

enum Found {
    Answer(Finding),
    Stopped(Signal),
}

struct Check<'a> {
    args: &'a UdpSend,
    context: &'a Context,
    probe: Vec<&'a [u8]>,
    asked: Vec<Asked>,
    inbox: Inbox,
    outbox: Outbox,
}

impl Check<'_> {
    /// Asks, again after each interval, until one address answers, all refuse, or the last question is old enough.
    fn find(&mut self) -> sys::Result<Found> {
        let interval = self.args.interval.unwrap_or(self.args.reply_wait);
        let mut left = self.args.repeat;
        let mut due = Instant::now();
        loop {
            let now = Instant::now();
            if left > 0 && now >= due {
                self.ask()?;
                left -= 1;
                due = Instant::now() + if left > 0 { interval } else { self.args.reply_wait };
            }
            for index in 0..self.asked.len() {
                if let Some(finding) = self.listen(index) {
                    return Ok(Found::Answer(finding));
                }
            }
            if self.asked.iter().all(|a| a.refusal.is_some()) && (left == 0 || self.args.interval.is_none()) {
                return Ok(Found::Answer(self.refused()));
            }
            if left == 0 && Instant::now() >= due {
                return Ok(Found::Answer(self.silent()));
            }
            let mut fds = vec![(self.context.stop.as_fd(), Interest::Reading)];
            fds.extend(self.asked.iter().map(|a| (a.client.socket.as_fd(), Interest::Reading)));
            wait(&fds, Some(due)).map_err(|e| Error::new("poll", "", e))?;
            if let Some(signal) = self.context.stop.signal() {
                return Ok(Found::Stopped(signal));
            }
        }
    }

    fn ask(&mut self) -> sys::Result<()> {
        for asked in &mut self.asked {
            asked.refusal = None;
            asked.sent = Instant::now();
            let mut rest = &self.probe[..];
            while !rest.is_empty() {
                match asked.client.send(&mut self.outbox, rest.iter().copied().take(BATCH)) {
                    Ok(count) => rest = &rest[count..],
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    Err(error) => {
                        let why = asked.client.icmp_errors(&mut self.inbox).unwrap_or(error);
                        let error = Error::new("send", asked.client.address, why);
                        if !matches!(error.kind(), Kind::Refused | Kind::Unreachable) {
                            return Err(error);
                        }
                        asked.refusal = Some((error.source, asked.sent.elapsed()));
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// Looks whether an address answered; remembers it if it refused.
    fn listen(&mut self, index: usize) -> Option<Finding> {
        let asked = &mut self.asked[index];
        let received = asked.client.receive(&mut self.inbox, BATCH);
        let latency = Some(asked.sent.elapsed());
        let failed = match received {
            Ok(_) => {
                let outcome = event::Outcome::Replied;
                return Some(Finding { outcome, asked: Some(index), latency, reason: None });
            }
            Err(error) => Some(error).filter(|e| e.kind() != io::ErrorKind::WouldBlock),
        };
        if let Some(why) = asked.client.icmp_errors(&mut self.inbox).or(failed) {
            asked.refusal = Some((why, asked.sent.elapsed()));
        }
        None
    }

    fn refused(&self) -> Finding {
        let last = self.asked.len().checked_sub(1);
        let refusal = last.and_then(|i| self.asked[i].refusal.as_ref());
        Finding {
            outcome: event::Outcome::Refused,
            asked: last,
            latency: refusal.map(|(_, latency)| *latency),
            reason: refusal.map(|(why, _)| reason(why)),
        }
    }

    fn silent(&self) -> Finding {
        let asked = self.asked.iter().position(|a| a.refusal.is_none());
        let reason = Some(format!("nothing came back within {:?}", self.args.reply_wait));
        Finding { outcome: event::Outcome::NoAnswer, asked, latency: None, reason }
    }
}

/// Tells what was found, as a row and as an event, the same whatever else is shown.
fn conclude(target: &Endpoint, finding: &Finding, asked: &[Asked], context: &mut Context) -> Result {
    let client = finding.asked.map(|i| &asked[i].client);
    let latency_us = finding.latency.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX));
    let row = CheckRow {
        host: target.host.to_string(),
        port: target.port,
        outcome: finding.outcome,
        address: client.map(|d| d.address),
        latency_us,
        reason: finding.reason.clone(),
    };
    context.events.emit(Event::Target {
        target: target.to_string(),
        conn: client.map(|d| d.socket.conn()),
        proto: Proto::Udp,
        local: client.and_then(|d| d.socket.local()),
        peer: client.map(|d| d.address),
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
