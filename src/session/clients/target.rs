//! One target's life: connecting, talking, and connecting again.

use super::config::ClientConfig;
use super::name::Name;
use crate::event::{Event, Fault, Kind, Outcome, Proto, Subject};
use crate::net::address::reachable;
use crate::net::backoff::Backoff;
use crate::net::connect::{Dial, timed_out};
use crate::net::stream::Stream;
use crate::relay::{OnEof, RelayEnd};
use crate::session::shared::{Incoming, Lost, Reader, Text, receive, relay_task};
use crate::sys::error::reason;
use crate::sys::{Error, Result};
use crate::text::number::counted;
use crate::text::tag::tag;
use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait between two attempts.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// An attempt that is to be repeated is not waited for longer: TCP itself would repeat a SYN after 1, 3 and 7 seconds
/// (RFC 6298), later ones so rarely that a server is back long before one reaches it.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(10);
/// How long an attempt may take that begins when a target's time is over: a round trip to anywhere, and none that begins
/// earlier has less.
const LAST_CHANCE: Duration = Duration::from_millis(250);
/// A connection that stood this long was a success: the next failure is a first one again.
const STABLE: Duration = Duration::from_secs(5);

/// One of the targets.
pub(super) struct Target {
    /// As the user named it.
    pub(super) title: String,
    pub(super) name: Rc<Name>,
    pub(super) port: u16,
    /// Its place among all.
    pub(super) seat: usize,
}

/// What became of a target.
#[derive(Debug)]
pub(super) enum TargetEnd {
    /// Its connection ended in order.
    Fine,
    /// A time limit ended its connection, for this reason.
    Late(String),
    /// It could not be connected, or the connection broke.
    Failed(Error),
    /// The program was asked to end.
    Stopped,
}

impl Target {
    /// Lives the target's life; failures are told when they are final, and as warnings when they are not.
    pub(super) async fn run(&self, config: &ClientConfig, reader: Reader) -> TargetEnd {
        let mut backoff = Backoff::new(LONGEST_WAIT);
        let (mut down_since, mut first) = (Instant::now(), true);
        loop {
            let attempt = tokio::select! {
                attempt = self.connect(config, &reader, down_since, first) => attempt,
                () = config.halted() => return TargetEnd::Stopped,
            };
            let (end, subject) = match attempt {
                Ok((stream, latency)) => {
                    first = false;
                    let subject = stream.socket_ref().subject();
                    self.tell(config, Some(subject), Outcome::Connected, Some(latency), None);
                    let connected = Instant::now();
                    let end = self.run_session(config, &reader, stream).await;
                    self.tell(config, Some(subject), Outcome::Disconnected, None, end.words());
                    down_since = Instant::now();
                    if connected.elapsed() >= STABLE {
                        backoff.reset();
                    }
                    (end, Some(subject))
                }
                Err(error) => {
                    self.tell(config, None, outcome_of(&error), None, Some(reason(&error.source)));
                    (TargetEnd::Failed(error), None)
                }
            };
            config.printer.leave(self.seat);
            let left =
                config.timeout.map_or(Duration::MAX, |limit| limit.saturating_sub(down_since.elapsed()));
            if left.is_zero() || !Self::may_go_on(config, &reader, &end, first) {
                return self.finish(config, end, subject);
            }
            // The last attempt begins when the time is over, not a while before.
            let wait = Some(backoff.wait()).filter(|wait| *wait + LAST_CHANCE < left).unwrap_or(left);
            self.warn(config, &end, wait);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = reader.done(), if !first && config.terms.end.on_eof != OnEof::Keep => {
                    return self.finish(config, end, subject);
                }
                () = config.halted() => return TargetEnd::Stopped,
            }
        }
    }

    async fn connect(
        &self,
        config: &ClientConfig,
        reader: &Reader,
        since: Instant,
        first: bool,
    ) -> Result<(Stream, Duration)> {
        let now = Instant::now();
        let again = config.reconnect.then(|| now + ATTEMPT_LIMIT);
        let over = config.timeout.map(|limit| since + limit);
        let over = over.map(|over| if over <= now && config.reconnect { now + LAST_CHANCE } else { over });
        let deadline = [over, again].into_iter().flatten().min();
        let found = RefCell::new(Vec::new());
        let attempt = async {
            found.replace(self.name.addresses(config.lookup, self.port, first, &config.events).await?);
            let addresses = reachable(config.source, found.borrow().clone());
            let dial = Dial { sockets: &config.sockets, options: &config.options, source: config.source };
            let began = Instant::now();
            let stream = dial.race(&self.title, &addresses).await?;
            Ok((stream, began.elapsed()))
        };
        tokio::select! {
            biased;
            attempt = attempt => attempt,
            () = sleep_until(deadline) => Err(timed_out(&self.title, &found.borrow())),
            () = reader.evicted(), if !config.reconnect => {
                let why = std::io::Error::other("not there yet, and held the others up; let go");
                Err(Error::new("connect", &self.title, why).about(Kind::Data))
            }
        }
    }

    /// Talks until the connection is over, and closes it.
    async fn run_session(&self, config: &ClientConfig, reader: &Reader, stream: Stream) -> TargetEnd {
        if config.reconnect {
            self.tell_lost(config, reader.attach());
        }
        config.printer.enter(self.seat, || reader.lines());
        let incoming = RefCell::new(Incoming::lines((config.visible)(), self.tag(config)));
        let lines = || self.take(config, &incoming);
        let put = async || config.printer.put(self.seat, || reader.lines(), lines).await;
        let urgent = async || config.printer.turn(self.seat).await;
        let receiving = pin!(receive(&stream, reader, &config.buffer, &incoming, put, urgent));
        let end = tokio::select! {
            end = relay_task(&stream, reader, &config.terms, receiving) => match end {
                Ok(RelayEnd::Done) => TargetEnd::Fine,
                Ok(RelayEnd::EofWait(limit)) => {
                    TargetEnd::Late(format!("still open {limit:?} after the end of input (--eof-wait)"))
                }
                Ok(RelayEnd::Idle(limit)) => TargetEnd::Late(format!("idle timeout: nothing moved for {limit:?}")),
                Err(mut error) => {
                    error.on.clone_from(&self.title);
                    TargetEnd::Failed(error)
                }
            },
            () = config.halted() => TargetEnd::Stopped,
        };
        incoming.borrow_mut().finish();
        if incoming.borrow().is_ready() {
            config.printer.put(self.seat, || reader.lines(), lines).await;
        }
        if config.reconnect {
            reader.detach();
        }
        end
    }

    /// Takes what the target said, and tells where a line is in pieces.
    fn take(&self, config: &ClientConfig, incoming: &RefCell<Incoming>) -> Text {
        let text = incoming.borrow_mut().take();
        if let Some(split) = text.split {
            let text = format!("{}: {split}", self.title);
            config.events.emit(Event::Warning { fault: fault(Kind::Data, text) });
        }
        text
    }

    fn tag(&self, config: &ClientConfig) -> String {
        if !config.prefix {
            return String::new();
        }
        let tag = tag(&self.title);
        let Some(mut visible) = (config.visible)() else { return tag };
        let mut shown = Vec::new();
        visible(tag.as_bytes(), &mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Whether it makes sense to connect again.
    fn may_go_on(config: &ClientConfig, reader: &Reader, end: &TargetEnd, first: bool) -> bool {
        let hopeless = match end {
            TargetEnd::Stopped => true,
            TargetEnd::Fine | TargetEnd::Late(_) => false,
            TargetEnd::Failed(error) => match error.kind() {
                Kind::Option | Kind::Permission | Kind::Data => true,
                Kind::Address => config.source.is_some(),
                _ => false,
            },
        };
        let all_said = !first && reader.is_done() && config.terms.end.on_eof != OnEof::Keep;
        config.reconnect && !hopeless && !all_said
    }

    /// Tells a failure that is final.
    fn finish(&self, config: &ClientConfig, end: TargetEnd, subject: Option<Subject>) -> TargetEnd {
        let mut fault = match &end {
            TargetEnd::Fine | TargetEnd::Stopped => return end,
            // It ends the program, which tells it.
            TargetEnd::Failed(error) if error.kind() == Kind::Option => return end,
            TargetEnd::Failed(error) => error.fault(),
            TargetEnd::Late(text) => fault(Kind::Timeout, format!("{}: {text}", self.title)),
        };
        fault.conn = subject.map(|s| s.conn);
        fault.peer = subject.and_then(|s| s.peer);
        config.events.emit(Event::Error { fault });
        end
    }

    /// Tells a failure that is not final.
    fn warn(&self, config: &ClientConfig, end: &TargetEnd, wait: Duration) {
        let (kind, what) = match end {
            TargetEnd::Failed(error) => (error.kind(), error.to_string()),
            TargetEnd::Late(text) => (Kind::Timeout, format!("{}: {text}", self.title)),
            TargetEnd::Fine | TargetEnd::Stopped => {
                (Kind::Other, format!("{}: closed by the peer", self.title))
            }
        };
        let wait = Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let text = format!("{what}; connecting again in {wait:?}");
        config.events.emit(Event::Warning { fault: fault(kind, text) });
    }

    fn tell_lost(&self, config: &ClientConfig, lost: Lost) {
        if lost.bytes > 0 {
            let Lost { lines, bytes } = lost;
            let (lines, bytes) = (counted(lines, "line", "lines"), counted(bytes, "byte", "bytes"));
            let text = format!("{}: {lines} ({bytes}) dropped that came while it was down", self.title);
            config.events.emit(Event::Warning { fault: fault(Kind::Data, text) });
        }
    }

    fn tell(
        &self,
        config: &ClientConfig,
        subject: Option<Subject>,
        outcome: Outcome,
        latency: Option<Duration>,
        text: Option<String>,
    ) {
        config.events.emit(Event::Target {
            target: self.title.clone(),
            conn: subject.map(|s| s.conn),
            proto: Proto::Tcp,
            local: subject.and_then(|s| s.local),
            peer: subject.and_then(|s| s.peer),
            outcome,
            attempt: None,
            latency_us: latency.map(|t| u64::try_from(t.as_micros()).unwrap_or(u64::MAX)),
            text,
        });
    }
}

impl TargetEnd {
    /// Why the connection ended, where that needs a word.
    fn words(&self) -> Option<String> {
        match self {
            Self::Fine => None,
            Self::Late(text) => Some(text.clone()),
            Self::Failed(error) => Some(reason(&error.source)),
            Self::Stopped => Some("asked to end".into()),
        }
    }
}

fn fault(kind: Kind, text: String) -> Fault {
    Fault { kind, op: None, errno: None, conn: None, peer: None, text }
}

/// The words of a port check for a connection that did not come about.
fn outcome_of(error: &Error) -> Outcome {
    match error.kind() {
        Kind::Refused | Kind::Reset => Outcome::Closed,
        Kind::Unreachable | Kind::Timeout => Outcome::Filtered,
        Kind::Resolve => Outcome::Unresolved,
        _ => Outcome::Failed,
    }
}

async fn sleep_until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then).await,
        None => std::future::pending().await,
    }
}
