//! When a relay sends FIN, probes its peer, and ends. Pure: a driver reports events, the policy asks a [`Connection`] for
//! the facts of the kernel where they matter, and returns the next [`Step`].

use super::terms::{Connection, EndConfig, OnEof, OnPeerEof, OutputReader, Presence, RelayEnd, Step};
use std::time::{Duration, Instant};

/// The first look at a fact that no descriptor reports; later ones are a quarter of the time waited apart.
const FIRST_LOOK: Duration = Duration::from_micros(100);
/// The longest pause between two such looks; a peer on another machine is probed by the kernel, which is asked less often.
const LAST_LOOK: Duration = Duration::from_millis(100);
const PROBE_LOOK: Duration = Duration::from_secs(1);
/// The peer's ACK of a FIN behind which no data waits: one initial retransmission timeout (RFC 6298).
const FIN_ACK_TIMEOUT: Duration = Duration::from_secs(1);
/// A peer that sent FIN, has data to acknowledge and sends no segment for this long will not acknowledge it any more.
const SILENCE_LIMIT: Duration = Duration::from_mins(1);
/// How long a relay waits for nothing but an idle pipe before it warns.
const NOTICE_DELAY: Duration = Duration::from_secs(1);
/// Without a reader of the output, a pipe that is silent for this long has no more input: its writer is not about to end.
const SILENT_INPUT: Duration = Duration::from_millis(500);
/// Without a reader of the output, an input that may be endless is sent for this long.
const ENDLESS_INPUT: Duration = Duration::from_secs(3);
/// Without a reader of the output, a peer that acknowledges nothing is waited for this long.
const STALLED_PEER: Duration = Duration::from_secs(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fin {
    NotYet,
    Due,
    Sent,
}

/// Decides for one connection.
#[derive(Debug)]
pub struct RelayPolicy {
    config: EndConfig,
    has_input: bool,
    /// When the input ended, and when the peer's FIN arrived and all bytes before it were delivered.
    input_end: Option<Instant>,
    peer_end: Option<Instant>,
    fin: Fin,
    probing: bool,
    noticed: bool,
    /// The peer's own socket was in this machine's table.
    seen: bool,
    /// Bytes moved, and when that last changed.
    moved: (u64, Instant),
    reader: OutputReader,
    /// The input is a file, which has an end.
    is_finite: bool,
    /// Since when the output has no reader and that matters, and the bytes acknowledged and when that last changed.
    unread: Option<(Instant, u64, Instant)>,
}

impl RelayPolicy {
    /// The policy of a connection that begins now. Without an input no FIN is sent before the peer's.
    #[must_use]
    pub fn new(config: EndConfig, has_input: bool, now: Instant) -> Self {
        Self {
            config,
            has_input,
            input_end: (!has_input).then_some(now),
            peer_end: None,
            fin: Fin::NotYet,
            probing: false,
            noticed: false,
            seen: false,
            moved: (0, now),
            reader: OutputReader::Present,
            is_finite: false,
            unread: None,
        }
    }

    /// The policy for an input that is a file, or not.
    #[must_use]
    pub const fn of_file(mut self, is_file: bool) -> Self {
        self.is_finite = is_file;
        self
    }

    /// Reports what is known of the reader of the output.
    pub const fn output_read_by(&mut self, reader: OutputReader) {
        self.reader = reader;
    }

    /// Reports that the input ended and the kernel has all of it.
    pub fn input_ended(&mut self, now: Instant) {
        self.input_end = Some(now);
        if self.config.on_eof != OnEof::Keep && self.fin == Fin::NotYet {
            self.fin = Fin::Due;
        }
    }

    /// Reports that sending failed; bytes that the peer sent before are still received.
    pub fn sending_failed(&mut self, now: Instant) {
        self.input_end = Some(now);
    }

    /// Reports that the peer's FIN arrived and all bytes before it were delivered.
    pub fn peer_ended(&mut self, now: Instant) {
        self.peer_end = Some(now);
    }

    /// The step to perform now.
    pub fn step(&mut self, now: Instant, connection: &impl Connection) -> Step {
        if self.fin == Fin::Due && self.resets_instead(connection) {
            return Step::End(RelayEnd::Done);
        }
        // A FIN that overtakes the first data loses it where a server's queues are full (SYN cookies).
        if self.fin == Fin::Due && !connection.first_data_unacked() {
            self.fin = Fin::Sent;
            return Step::SendFin;
        }
        let unread = match self.reader {
            OutputReader::Present => false,
            OutputReader::Left => self.input_end.is_some(),
            OutputReader::Missed => true,
        };
        if unread {
            return self.finish_sending(now, connection);
        }
        match (self.input_end, self.peer_end) {
            (None, None) => self.go_on(now, connection, None),
            (Some(at), None) => self.await_peer(now, at, connection),
            (None, Some(at)) => self.await_input(now, at, connection),
            (Some(input), Some(peer)) => self.settle(now, input.max(peer), connection),
        }
    }

    /// `--on-eof close` with unread data or a linger time of 0 is a reset, which no FIN comes before.
    fn resets_instead(&self, connection: &impl Connection) -> bool {
        self.config.on_eof == OnEof::Close && self.peer_end.is_none() && connection.resets_on_close()
    }

    /// Nobody reads the output: the input is sent to its end, if it has one, and the peer's acknowledgement awaited, which a
    /// close may not overtake.
    fn finish_sending(&mut self, now: Instant, connection: &impl Connection) -> Step {
        let unacked = connection.unacked();
        let acked = connection.sent().saturating_sub(unacked);
        let (since, mut before, mut progress) = self.unread.unwrap_or((now, acked, now));
        if acked != before {
            (before, progress) = (acked, now);
        }
        self.unread = Some((since, before, progress));
        let quiet = now.saturating_duration_since(progress);
        let over = if self.input_end.is_some() || self.config.on_peer_eof == OnPeerEof::End {
            unacked == 0
        } else if self.is_finite {
            false
        } else {
            let is_silent = unacked == 0 && quiet >= SILENT_INPUT && !connection.has_input();
            is_silent || now >= since + ENDLESS_INPUT
        };
        if over {
            return Step::End(RelayEnd::OutputClosed);
        }
        if quiet >= STALLED_PEER && unacked > 0 {
            return Step::Unacked(unacked);
        }
        self.go_on(now, connection, Some(look(now, progress)))
    }

    /// The input ended: the peer may still send.
    fn await_peer(&mut self, now: Instant, since: Instant, connection: &impl Connection) -> Step {
        let closes = self.config.on_eof == OnEof::Close;
        if !closes && !self.config.send_only {
            return self.go_on(now, connection, self.fin_look(now, since));
        }
        if self.fin == Fin::Sent && connection.fin_acked() {
            return Step::End(RelayEnd::Done);
        }
        let waited = now.saturating_duration_since(since);
        if closes && self.fin == Fin::Sent && waited >= FIN_ACK_TIMEOUT {
            match connection.unacked() {
                0 => return Step::End(RelayEnd::Done),
                unacked if connection.silence() >= SILENCE_LIMIT => return Step::Unacked(unacked),
                _ => {}
            }
        }
        self.go_on(now, connection, Some(look(now, since)))
    }

    /// The peer's FIN arrived: there may still be data to send.
    fn await_input(&mut self, now: Instant, since: Instant, connection: &impl Connection) -> Step {
        match self.config.on_peer_eof {
            OnPeerEof::End => self.stop_input(now),
            _ if connection.is_closed() => self.closed_while_sending(connection),
            OnPeerEof::Keep => self.go_on(now, connection, Some(look(now, since))),
            OnPeerEof::KeepWhilePresent => self.look_for_peer(now, since, connection),
        }
    }

    fn look_for_peer(&mut self, now: Instant, since: Instant, connection: &impl Connection) -> Step {
        let idle = !connection.has_input();
        let gone = match connection.presence() {
            Presence::Here => {
                self.seen = true;
                false
            }
            Presence::Left => true,
            Presence::Unseen if self.seen => true,
            Presence::Unseen if !std::mem::replace(&mut self.probing, true) => return Step::ProbePeer,
            Presence::Unseen | Presence::Unknown => false,
        };
        // With more input the sender goes on, and fails as it should.
        if gone && idle && connection.unacked() == 0 {
            return self.stop_input(now);
        }
        if idle && now >= since + NOTICE_DELAY && !std::mem::replace(&mut self.noticed, true) {
            return Step::SayWaiting;
        }
        let longest = if self.seen { LAST_LOOK } else { PROBE_LOOK };
        self.go_on(now, connection, Some(look_within(now, since, longest)))
    }

    /// A peer that is gone for good answers a probe with RST; if it had acknowledged everything, nothing is lost.
    fn closed_while_sending(&mut self, connection: &impl Connection) -> Step {
        let had_all = connection.unacked() == 0 && !connection.has_input();
        if self.probing && connection.was_probed() && had_all { Step::Gone } else { Step::Broken }
    }

    fn stop_input(&mut self, now: Instant) -> Step {
        self.input_end = Some(now);
        self.fin = Fin::Due;
        Step::StopInput
    }

    /// Both directions ended: only an acknowledged FIN shows that the peer did not reset instead.
    fn settle(&mut self, now: Instant, since: Instant, connection: &impl Connection) -> Step {
        if connection.is_closed() {
            return Step::End(RelayEnd::Done);
        }
        match connection.unacked() {
            0 if now >= since + FIN_ACK_TIMEOUT => Step::End(RelayEnd::Done),
            0 if connection.awaits_last_ack() => Step::Wait(Some(look(now, since))),
            0 => Step::End(RelayEnd::Done),
            unacked if self.deadline(now, connection).is_some() => Step::Unacked(unacked),
            unacked if connection.silence() >= SILENCE_LIMIT => Step::Unacked(unacked),
            _ => self.go_on(now, connection, Some(look(now, since))),
        }
    }

    /// The next look for a FIN that waits for the acknowledgement of the first data.
    fn fin_look(&self, now: Instant, since: Instant) -> Option<Instant> {
        (self.fin == Fin::Due).then(|| look(now, since))
    }

    /// Waits for what happens next, until `until` at the latest, unless a deadline passed.
    fn go_on(&mut self, now: Instant, connection: &impl Connection, until: Option<Instant>) -> Step {
        if let Some(end) = self.deadline(now, connection) {
            return Step::End(end);
        }
        // Bytes that move postpone the end, so idleness is checked more often than it can come.
        let idle = self.config.idle.map(|limit| (self.moved.1 + limit).min(now + limit / 8));
        let eof = self.eof_deadline();
        Step::Wait([until, idle, eof].into_iter().flatten().min())
    }

    fn deadline(&mut self, now: Instant, connection: &impl Connection) -> Option<RelayEnd> {
        if self.eof_deadline().is_some_and(|deadline| now >= deadline) {
            return self.config.eof_wait.map(RelayEnd::EofWait);
        }
        let limit = self.config.idle?;
        let moved = connection.moved();
        if moved != self.moved.0 {
            self.moved = (moved, now);
        }
        (now >= self.moved.1 + limit).then_some(RelayEnd::Idle(limit))
    }

    fn eof_deadline(&self) -> Option<Instant> {
        let since = self.input_end.filter(|_| self.has_input)?;
        Some(since + self.config.eof_wait?)
    }
}

fn look(now: Instant, since: Instant) -> Instant {
    look_within(now, since, LAST_LOOK)
}

fn look_within(now: Instant, since: Instant, longest: Duration) -> Instant {
    now + (now.saturating_duration_since(since) / 4).clamp(FIRST_LOOK, longest)
}

#[cfg(test)]
#[path = "policy_test.rs"]
mod tests;
