//! The messages of this machine to the others: numbered, kept for retransmission, bounded. Pure.
//!
//! One log holds it all, a JSON object a line. What the bus has not taken yet lies between the place of the last message and
//! the end; what lies before is history. Beyond the limit the oldest is forgotten, sent or not.

use super::envelope::{Entry, MAX_ENTRIES};
use crate::fanout::Log;
use memchr::memchr_iter;

/// Bytes of lines of one message, but for its last line. Small enough for any server, large enough that more gains nothing.
const BATCH: usize = 64 << 10;

/// See the module.
#[derive(Debug)]
pub struct Outbox {
    log: Log,
    /// Bytes it may hold.
    limit: u64,
    /// What is to be sent next.
    sent: Place,
    /// Lines forgotten before they were sent.
    unsent: u64,
    scratch: Vec<u8>,
}

/// The start of a line in the log, and how many lines lie before it.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    at: u64,
    lines: u64,
}

/// Lines for one message: JSON objects with commas between them.
#[derive(Debug, PartialEq, Eq)]
pub struct Batch {
    /// The number of the first.
    pub first: u64,
    /// How many.
    pub count: u64,
    /// The objects.
    pub body: String,
}

impl Outbox {
    /// An empty one.
    pub fn new(limit: u64) -> Self {
        let (log, sent) = (Log::default(), Place::default());
        Self { log, limit, sent, unsent: 0, scratch: Vec::new() }
    }

    /// Adds what happened.
    pub fn push(&mut self, entry: &Entry<'_>) {
        self.scratch.clear();
        // A value of numbers and texts is always JSON, and memory takes it.
        if serde_json::to_writer(&mut self.scratch, entry).is_ok() {
            self.log.append_line(&[&self.scratch]);
            self.trim();
        }
    }

    fn trim(&mut self) {
        self.log.release(self.log.end().saturating_sub(self.limit));
        if self.sent.at < self.log.start() {
            let first = self.oldest();
            self.unsent += first.lines - self.sent.lines;
            self.sent = first;
        }
    }

    /// The first whole line.
    fn oldest(&self) -> Place {
        let at = self.log.next_line_start(self.log.start());
        Place { at, lines: self.log.lines_before(at, (u64::MAX, 0)) }
    }

    /// The number of the next line that is to be sent.
    pub const fn next(&self) -> u64 {
        self.sent.lines + 1
    }

    /// Lines that were forgotten before they were sent, since the last call.
    pub fn take_unsent(&mut self) -> u64 {
        std::mem::take(&mut self.unsent)
    }

    /// The next lines to send; `None` if there are none.
    pub fn next_batch(&mut self) -> Option<Batch> {
        let (batch, end) = self.batch(self.sent, u64::MAX)?;
        self.sent = end;
        Some(batch)
    }

    /// The lines from number `first` on that were sent, as far as they are still there; at most `count`, and one message.
    pub fn again(&self, first: u64, count: u64) -> Option<Batch> {
        let mut place = self.oldest();
        let wanted = first.saturating_sub(1);
        let mut at = place.at;
        for slice in self.log.slices(place.at..self.sent.at) {
            if place.lines >= wanted {
                break;
            }
            for end in memchr_iter(b'\n', slice) {
                place = Place { at: at + end as u64 + 1, lines: place.lines + 1 };
                if place.lines == wanted {
                    break;
                }
            }
            at += slice.len() as u64;
        }
        let sent = self.sent.lines.saturating_sub(place.lines);
        self.batch(place, count.min(sent)).map(|(batch, _)| batch)
    }

    /// At most `most` lines from a place on, and the place after them.
    fn batch(&self, from: Place, most: u64) -> Option<(Batch, Place)> {
        let most = most.min(MAX_ENTRIES as u64);
        let (mut body, mut count, mut end) = (Vec::new(), 0, from);
        'lines: for slice in self.log.slices(from.at..self.log.end()) {
            let mut rest = slice;
            while count < most && !rest.is_empty() {
                let line_end = memchr::memchr(b'\n', rest);
                let (now, later) = rest.split_at(line_end.map_or(rest.len(), |at| at + 1));
                body.extend_from_slice(now);
                rest = later;
                if line_end.is_some() {
                    count += 1;
                    end = Place { at: from.at + body.len() as u64, lines: from.lines + count };
                    if let Some(last) = body.last_mut() {
                        *last = b',';
                    }
                    if body.len() >= BATCH {
                        break 'lines;
                    }
                }
            }
        }
        body.truncate(usize::try_from(end.at - from.at).unwrap_or(0).saturating_sub(1));
        let body = String::from_utf8(body).ok()?;
        (count > 0).then_some((Batch { first: from.lines + 1, count, body }, end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(outbox: &mut Outbox, text: &str) {
        outbox.push(&Entry { address: "a".into(), text: text.into(), ..Entry::default() });
    }

    fn texts(batch: &Batch) -> Vec<String> {
        let body = format!("[{}]", batch.body);
        let entries: Vec<Entry<'_>> = serde_json::from_str(&body).unwrap();
        assert_eq!(entries.len() as u64, batch.count);
        entries.iter().map(|entry| entry.text.clone().into_owned()).collect()
    }

    #[test]
    fn a_turn_is_one_message_and_can_be_had_again() {
        let mut outbox = Outbox::new(1 << 20);
        assert_eq!((outbox.next_batch(), outbox.next()), (None, 1));
        for text in ["one", "two\nlines", "\"three\""] {
            push(&mut outbox, text);
        }
        assert_eq!(outbox.again(1, 9), None, "not sent yet");
        let batch = outbox.next_batch().unwrap();
        assert_eq!(
            (batch.first, texts(&batch)),
            (1, vec!["one".into(), "two\nlines".into(), "\"three\"".into()])
        );
        assert_eq!((outbox.next_batch(), outbox.next()), (None, 4));
        push(&mut outbox, "four");
        let again = outbox.again(2, 2).unwrap();
        assert_eq!((again.first, texts(&again)), (2, vec!["two\nlines".into(), "\"three\"".into()]));
        assert_eq!(outbox.again(3, 9).unwrap().count, 1, "the fourth was not sent");
        assert_eq!(outbox.again(9, 9), None);
        assert_eq!(outbox.next_batch().unwrap().first, 4);
    }

    #[test]
    fn what_is_forgotten_unsent_is_counted() {
        let mut outbox = Outbox::new(400);
        for number in 1..=100 {
            push(&mut outbox, &format!("{number}"));
        }
        let unsent = outbox.take_unsent();
        let batch = outbox.next_batch().unwrap();
        assert_eq!((batch.first, batch.first + batch.count), (unsent + 1, 101));
        assert_eq!(texts(&batch).last().unwrap(), "100");
        assert!(unsent > 50 && outbox.take_unsent() == 0);
        let oldest = outbox.again(1, 1000).unwrap();
        assert_eq!(oldest.first, batch.first, "what is left begins with the oldest");
    }

    #[test]
    fn long_turns_are_several_messages() {
        let mut outbox = Outbox::new(8 << 20);
        for _ in 0..3000 {
            push(&mut outbox, &"x".repeat(50));
        }
        let mut next = 1;
        while let Some(batch) = outbox.next_batch() {
            assert_eq!(batch.first, next);
            assert!(batch.body.len() < BATCH + 100 && batch.count <= MAX_ENTRIES as u64);
            next += batch.count;
        }
        assert_eq!(next, 3001);
    }
}
