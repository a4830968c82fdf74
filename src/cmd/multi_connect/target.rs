//! One target's life: connecting, talking, and connecting again.

use super::hall::Hall;
use super::name::Name;
use crate::cmd::many::{Incoming, Lost, Reader, Text, receive, talk};
use crate::event::number::counted;
use crate::event::{Event, Fault, Kind, Outcome, Proto, Subject};
use crate::net::addr::reachable;
use crate::net::backoff::Backoff;
use crate::net::dial::{Dial, timed_out};
use crate::net::relay::{OnEof, RelayEnd};
use crate::net::stream::Stream;
use crate::net::tag::tag;
use crate::sys::error::reason;
use crate::sys::{Error, Result};
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
pub(super) enum Fate {
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
    pub(super) async fn attend(&self, hall: &Hall, reader: Reader) -> Fate {
        let mut backoff = Backoff::new(LONGEST_WAIT);
        let (mut down_since, mut first) = (Instant::now(), true);
        loop {
            let attempt = tokio::select! {
                attempt = self.connect(hall, &reader, down_since, first) => attempt,
                () = hall.halted() => return Fate::Stopped,
            };
            let (fate, subject) = match attempt {
                Ok((stream, latency)) => {
                    first = false;
                    let subject = stream.tracked().subject();
                    self.tell(hall, Some(subject), Outcome::Connected, Some(latency), None);
                    let connected = Instant::now();
                    let fate = self.converse(hall, &reader, stream).await;
                    self.tell(hall, Some(subject), Outcome::Disconnected, None, fate.words());
                    down_since = Instant::now();
                    if connected.elapsed() >= STABLE {
                        backoff.reset();
                    }
                    (fate, Some(subject))
                }
                Err(error) => {
                    self.tell(hall, None, outcome_of(&error), None, Some(reason(&error.source)));
                    (Fate::Failed(error), None)
                }
            };
            hall.printer.leave(self.seat);
            let left = hall.timeout.map_or(Duration::MAX, |limit| limit.saturating_sub(down_since.elapsed()));
            if left.is_zero() || !Self::may_go_on(hall, &reader, &fate, first) {
                return self.conclude(hall, fate, subject);
            }
            // The last attempt begins when the time is over, not a while before.
            let wait = Some(backoff.wait()).filter(|wait| *wait + LAST_CHANCE < left).unwrap_or(left);
            self.warn(hall, &fate, wait);
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = reader.done(), if !first && hall.terms.end.on_eof != OnEof::Keep => {
                    return self.conclude(hall, fate, subject);
                }
                () = hall.halted() => return Fate::Stopped,
            }
        }
    }

    async fn connect(
        &self,
        hall: &Hall,
        reader: &Reader,
        since: Instant,
        first: bool,
    ) -> Result<(Stream, Duration)> {
        let now = Instant::now();
        let again = hall.reconnect.then(|| now + ATTEMPT_LIMIT);
        let over = hall.timeout.map(|limit| since + limit);
        let over = over.map(|over| if over <= now && hall.reconnect { now + LAST_CHANCE } else { over });
        let deadline = [over, again].into_iter().flatten().min();
        let found = RefCell::new(Vec::new());
        let attempt = async {
            found.replace(self.name.addresses(hall.lookup, self.port, first, &hall.events).await?);
            let addresses = reachable(hall.source, found.borrow().clone());
            let dial = Dial { sockets: &hall.sockets, options: &hall.options, source: hall.source };
            let began = Instant::now();
            let stream = dial.race(&self.title, &addresses).await?;
            Ok((stream, began.elapsed()))
        };
        tokio::select! {
            biased;
            attempt = attempt => attempt,
            () = sleep_until(deadline) => Err(timed_out(&self.title, &found.borrow())),
            () = reader.dismissal(), if !hall.reconnect => {
                let why = std::io::Error::other("not there yet, and held the others up; let go");
                Err(Error::new("connect", &self.title, why).about(Kind::Data))
            }
        }
    }

    /// Talks until the connection is over, and closes it.
    async fn converse(&self, hall: &Hall, reader: &Reader, stream: Stream) -> Fate {
        if hall.reconnect {
            self.tell_lost(hall, reader.step_back());
        }
        hall.printer.enter(self.seat, || reader.lines());
        let incoming = RefCell::new(Incoming::lines((hall.visible)(), self.tag(hall)));
        let lines = || self.take(hall, &incoming);
        let put = async || hall.printer.put(self.seat, || reader.lines(), lines).await;
        let urgent = async || hall.printer.turn(self.seat).await;
        let receiving = pin!(receive(&stream, reader, &hall.buffer, &incoming, put, urgent));
        let fate = tokio::select! {
            end = talk(&stream, reader, &hall.terms, receiving) => match end {
                Ok(RelayEnd::Done) => Fate::Fine,
                Ok(RelayEnd::EofWait(limit)) => {
                    Fate::Late(format!("still open {limit:?} after the end of input (--eof-wait)"))
                }
                Ok(RelayEnd::Idle(limit)) => Fate::Late(format!("idle timeout: nothing moved for {limit:?}")),
                Err(mut error) => {
                    error.on.clone_from(&self.title);
                    Fate::Failed(error)
                }
            },
            () = hall.halted() => Fate::Stopped,
        };
        incoming.borrow_mut().finish();
        if incoming.borrow().is_ready() {
            hall.printer.put(self.seat, || reader.lines(), lines).await;
        }
        if hall.reconnect {
            reader.step_aside();
        }
        fate
    }

    /// Takes what the target said, and tells where a line is in pieces.
    fn take(&self, hall: &Hall, incoming: &RefCell<Incoming>) -> Text {
        let text = incoming.borrow_mut().take();
        if let Some(torn) = text.torn {
            let text = format!("{}: {torn}", self.title);
            hall.events.emit(Event::Warning { fault: fault(Kind::Data, text) });
        }
        text
    }

    fn tag(&self, hall: &Hall) -> String {
        if !hall.prefix {
            return String::new();
        }
        let tag = tag(&self.title);
        let Some(mut visible) = (hall.visible)() else { return tag };
        let mut shown = Vec::new();
        visible(tag.as_bytes(), &mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Whether it makes sense to connect again.
    fn may_go_on(hall: &Hall, reader: &Reader, fate: &Fate, first: bool) -> bool {
        let hopeless = match fate {
            Fate::Stopped => true,
            Fate::Fine | Fate::Late(_) => false,
            Fate::Failed(error) => match error.kind() {
                Kind::Option | Kind::Permission | Kind::Data => true,
                Kind::Address => hall.source.is_some(),
                _ => false,
            },
        };
        let all_said = !first && reader.is_done() && hall.terms.end.on_eof != OnEof::Keep;
        hall.reconnect && !hopeless && !all_said
    }

    /// Tells a failure that is final.
    fn conclude(&self, hall: &Hall, fate: Fate, subject: Option<Subject>) -> Fate {
        let mut fault = match &fate {
            Fate::Fine | Fate::Stopped => return fate,
            // It ends the program, which tells it.
            Fate::Failed(error) if error.kind() == Kind::Option => return fate,
            Fate::Failed(error) => error.fault(),
            Fate::Late(text) => fault(Kind::Timeout, format!("{}: {text}", self.title)),
        };
        fault.conn = subject.map(|s| s.conn);
        fault.peer = subject.and_then(|s| s.peer);
        hall.events.emit(Event::Error { fault });
        fate
    }

    /// Tells a failure that is not final.
    fn warn(&self, hall: &Hall, fate: &Fate, wait: Duration) {
        let (kind, what) = match fate {
            Fate::Failed(error) => (error.kind(), error.to_string()),
            Fate::Late(text) => (Kind::Timeout, format!("{}: {text}", self.title)),
            Fate::Fine | Fate::Stopped => (Kind::Other, format!("{}: closed by the peer", self.title)),
        };
        let wait = Duration::from_millis(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        let text = format!("{what}; connecting again in {wait:?}");
        hall.events.emit(Event::Warning { fault: fault(kind, text) });
    }

    fn tell_lost(&self, hall: &Hall, lost: Lost) {
        if lost.bytes > 0 {
            let Lost { lines, bytes } = lost;
            let (lines, bytes) = (counted(lines, "line", "lines"), counted(bytes, "byte", "bytes"));
            let text = format!("{}: {lines} ({bytes}) dropped that came while it was down", self.title);
            hall.events.emit(Event::Warning { fault: fault(Kind::Data, text) });
        }
    }

    fn tell(
        &self,
        hall: &Hall,
        subject: Option<Subject>,
        outcome: Outcome,
        latency: Option<Duration>,
        text: Option<String>,
    ) {
        hall.events.emit(Event::Target {
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

impl Fate {
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
