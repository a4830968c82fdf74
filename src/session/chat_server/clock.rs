//! Local time as lines bear it, made once a second.

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// Makes stamps.
pub(super) struct Clock {
    zone: TimeZone,
    second: i64,
    stamp: Stamp,
}

/// `2026-11-21 23:24:25`.
#[derive(Clone, Copy)]
pub(super) struct Stamp([u8; 19]);

impl Clock {
    /// The clock of this machine, in its time zone.
    pub(super) fn new() -> Self {
        Self { zone: TimeZone::system(), second: i64::MIN, stamp: Stamp([b'-'; 19]) }
    }

    /// Now.
    pub(super) fn stamp(&mut self) -> Stamp {
        let now = Timestamp::now();
        if now.as_second() != self.second {
            self.second = now.as_second();
            let text = now.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
            // A year of five digits would not fit; the last good stamp stays.
            if let Ok(bytes) = text.as_bytes().try_into() {
                self.stamp = Stamp(bytes);
            }
        }
        self.stamp
    }
}

impl std::ops::Deref for Stamp {
    type Target = str;

    fn deref(&self) -> &str {
        str::from_utf8(&self.0).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_the_local_time() {
        let stamp = Clock::new().stamp();
        let read = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &*stamp).unwrap();
        let age = jiff::Zoned::now().datetime().duration_since(read);
        assert!(age.as_secs().abs() <= 1, "{age:?}");
    }
}
