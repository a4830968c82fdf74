//! Nonces of a server: they expire, and an answer that was seen does not count again (RFC 7616 5.4, 5.5).
//!
//! A nonce carries its time and a code over it, so nothing is kept for one that is never answered; of those that were
//! answered by a user, the last few are.

use super::digest::hex;
use crate::net::proxy::mac::{Key, random};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long a nonce may be used.
const LIFETIME: Duration = Duration::from_mins(5);
/// How many nonces that were answered are remembered; older ones then count as expired.
const MOST: usize = 1024;
/// Hexadecimal digits of the time, the random part and the code.
const TIME: usize = 16;
const RANDOM: usize = 16;

/// The nonces of one server.
pub(super) struct Nonces {
    key: Key,
    start: Instant,
    used: RefCell<Used>,
}

#[derive(Default)]
struct Used {
    /// The oldest first.
    nonces: VecDeque<(String, Counts)>,
    /// Nonces issued up to this time are not valid unless they are remembered.
    forgotten: u64,
}

/// The counts that a nonce was used with: the highest, and those of the 64 below it.
struct Counts {
    highest: u32,
    below: u64,
}

impl Nonces {
    /// `None` if the system provides no random numbers.
    pub(super) fn new() -> Option<Self> {
        Some(Self { key: Key::random()?, start: Instant::now(), used: RefCell::default() })
    }

    /// A new nonce.
    pub(super) fn issue(&self, now: Instant) -> Option<String> {
        let front = format!("{:016x}{}", self.time(now), hex(&random::<{ RANDOM / 2 }>()?));
        let code = self.code(&front);
        Some(front + &code)
    }

    /// Whether a nonce is ours, is not expired and was not used with this count before; from now on it was.
    pub(super) fn accept(&self, nonce: &str, count: u32, now: Instant) -> bool {
        let Some((front, code)) = nonce.split_at_checked(TIME + RANDOM) else { return false };
        if self.code(front) != code {
            return false;
        }
        let Some(issued) = front.get(..TIME).and_then(|time| u64::from_str_radix(time, 16).ok()) else {
            return false;
        };
        let age = Duration::from_nanos(self.time(now).saturating_sub(issued));
        age <= LIFETIME && self.used.borrow_mut().add(nonce, issued, count)
    }

    fn time(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.start).as_nanos()).unwrap_or(u64::MAX)
    }

    fn code(&self, front: &str) -> String {
        hex(&self.key.code(front.as_bytes()))
    }
}

impl Used {
    fn add(&mut self, nonce: &str, issued: u64, count: u32) -> bool {
        if let Some((_, counts)) = self.nonces.iter_mut().find(|(own, _)| own == nonce) {
            return counts.add(count);
        }
        if issued < self.forgotten {
            return false;
        }
        if self.nonces.len() == MOST
            && let Some((oldest, _)) = self.nonces.pop_front()
        {
            let time = oldest.get(..TIME).and_then(|time| u64::from_str_radix(time, 16).ok());
            self.forgotten = self.forgotten.max(time.unwrap_or(0) + 1);
        }
        self.nonces.push_back((nonce.to_owned(), Counts { highest: count, below: 0 }));
        true
    }
}

impl Counts {
    /// Whether the count is new. Clients with several connections may use counts out of order.
    fn add(&mut self, count: u32) -> bool {
        if let Some(ahead) = count.checked_sub(self.highest).filter(|ahead| *ahead > 0) {
            // The one that was the highest is one of those below now.
            self.below = (self.below << 1 | 1).checked_shl(ahead - 1).unwrap_or(0);
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        let bit = behind.checked_sub(1).and_then(|place| 1_u64.checked_shl(place));
        let is_new = bit.is_some_and(|bit| self.below & bit == 0);
        self.below |= bit.unwrap_or(0);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_accepted_once() {
        let nonces = Nonces::new().unwrap();
        let now = Instant::now();
        let nonce = nonces.issue(now).unwrap();
        for (count, new) in [
            (2, true),
            (2, false),
            (1, true),
            (1, false),
            (5, true),
            (3, true),
            (3, false),
            (70, true),
            (5, false),
            (6, true),
            (7, true),
            (2, false),
            (69, true),
        ] {
            assert_eq!(nonces.accept(&nonce, count, now), new, "{count}");
        }
    }

    #[test]
    fn a_nonce_expires_and_is_bound_to_its_server() {
        let nonces = Nonces::new().unwrap();
        let now = Instant::now();
        let nonce = nonces.issue(now).unwrap();
        assert!(!nonces.accept(&nonce, 1, now + LIFETIME + Duration::from_secs(1)));
        assert!(!Nonces::new().unwrap().accept(&nonce, 1, now));
        for foreign in ["", "x", "é".repeat(40).as_str(), &nonce[1..], &format!("f{}", &nonce[1..])] {
            assert!(!nonces.accept(foreign, 1, now), "{foreign}");
        }
        assert!(nonces.accept(&nonce, 1, now));
    }

    #[test]
    fn what_is_forgotten_cannot_be_used_again() {
        let nonces = Nonces::new().unwrap();
        let now = Instant::now();
        let first = nonces.issue(now).unwrap();
        assert!(nonces.accept(&first, 1, now));
        for at in 1..=MOST as u64 {
            let later = now + Duration::from_micros(at);
            assert!(nonces.accept(&nonces.issue(later).unwrap(), 1, later));
        }
        assert_eq!(nonces.used.borrow().nonces.len(), MOST);
        assert!(!nonces.accept(&first, 1, now) && !nonces.accept(&first, 2, now));
    }
}
