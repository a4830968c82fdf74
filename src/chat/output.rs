//! What is written to a member, and what happens to one that reads too slowly. Pure.

use super::member::MemberId;
use super::room::Room;
use super::rules::{Flushed, Report, RoomEventKind, SlowPolicy};
use crate::fanout::LagState;
use crate::text::number::counted;
use std::io::{self, ErrorKind, IoSlice};
use std::time::Duration;

/// Bytes the server's own member, the transcript or the operator, may be behind at least. It writes to a disk or a pipe,
/// whose pauses have nothing to do with what is fair to clients; the limit bounds the memory.
const TRANSCRIPT_LIMIT: u64 = 4 << 20;

impl Room {
    /// Writes what waits for `id`. An interrupted write is tried again; one that would block ends the flush.
    pub fn flush(
        &mut self,
        id: MemberId,
        stamp: &str,
        report: Report<'_>,
        mut write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<Flushed> {
        let Some(member) = self.members.get_mut(id) else { return Ok(Flushed::All) };
        while !member.cursor.is_empty(&self.log) {
            match member.cursor.write(&self.log, &mut write) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => member.written += written as u64,
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(self.check_lag(id, stamp, report)),
                Err(e) => return Err(e),
            }
        }
        self.backpressure.change(&mut member.lag, |lag| lag.note(0, 0));
        Ok(Flushed::All)
    }

    fn check_lag(&mut self, id: MemberId, stamp: &str, report: Report<'_>) -> Flushed {
        let (ours, limit) = (self.is_ours(id), self.limit(id));
        let Some(member) = self.members.get_mut(id) else { return Flushed::All };
        let lag = member.cursor.lag(&self.log);
        self.backpressure.change(&mut member.lag, |state| state.note(lag, limit));
        if lag <= limit || !member.lag.is_slow() {
            return Flushed::Blocked;
        }
        if self.rules.slow == SlowPolicy::Disconnect && !ours {
            return Flushed::TooSlow;
        }
        let lines = member.cursor.skip_to_end(&self.log);
        self.backpressure.change(&mut member.lag, LagState::skip);
        if !ours {
            member.missed += lines;
            let what = match member.missed {
                0 => "answers to your commands were omitted".to_owned(),
                // The sum, because the last such notice may be among what was left out.
                missed => format!("{} omitted so far", counted(missed, "line was", "lines were")),
            };
            self.notify(id, stamp, &format!("you read too slowly: {what}"));
        }
        self.report(id, RoomEventKind::Skipped(lines), report);
        Flushed::Blocked
    }

    /// Whether the senders are to wait for a reader that is far behind, see `fanout::lag`.
    #[must_use]
    pub const fn blocks_senders(&self) -> bool {
        self.backpressure.blocks_writers()
    }

    /// Whether a reader is far behind and not known to be slow; then call [`Self::measure_lag`] several times a second.
    #[must_use]
    pub const fn is_pressed(&self) -> bool {
        self.backpressure.is_pressed()
    }

    /// Whether the rate of a slow reader may change; then call [`Self::measure_lag`] now and then.
    #[must_use]
    pub const fn is_measured(&self) -> bool {
        self.backpressure.is_measured()
    }

    /// Measures how fast readers that are far behind take what was written to them. `now` counts from any origin;
    /// `taken` says how much a member has taken in all, of so many bytes written.
    pub fn measure_lag(&mut self, now: Duration, mut taken: impl FnMut(MemberId, u64) -> u64) {
        for (id, member) in self.members.iter_mut().filter(|(_, member)| member.lag.is_measured()) {
            let taken = taken(id, member.written);
            self.backpressure.change(&mut member.lag, |lag| lag.measure(now, taken));
        }
    }

    /// Frees what all members have read.
    pub fn trim(&mut self) {
        let begun = self.log.segments_begun();
        if begun == self.trimmed {
            return;
        }
        self.trimmed = begun;
        let history = self.recent.front().copied();
        let needed = self.members.iter().map(|(_, member)| member.cursor.place()).chain(history).min();
        self.log.release(needed.unwrap_or(self.log.end()));
    }

    /// Bytes of the log held in memory.
    #[cfg(test)]
    #[must_use]
    pub fn held(&self) -> u64 {
        self.log.end() - self.log.start()
    }

    /// Whether it is the server's own member: the transcript or the operator.
    fn is_ours(&self, id: MemberId) -> bool {
        self.operator == Some(id) || self.members.get(id).is_some_and(|member| member.hidden)
    }

    /// Bytes a member may be behind.
    pub(super) fn limit(&self, id: MemberId) -> u64 {
        if self.is_ours(id) { self.rules.slow_limit.max(TRANSCRIPT_LIMIT) } else { self.rules.slow_limit }
    }
}
