//! The wall clock: local time as text, formatted once a second.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use std::sync::OnceLock;

/// The time zone of this machine: `TZ`, or else /etc/localtime. A look-up of that by its name would walk the whole zone
/// database at every start.
pub fn local_zone() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| {
        if std::env::var_os("TZ").is_some() {
            return TimeZone::system();
        }
        let local = std::fs::read("/etc/localtime").ok();
        local.and_then(|data| TimeZone::tzif("local", &data).ok()).unwrap_or(TimeZone::UTC)
    })
}

/// Formats times of one zone, and keeps the text of the last second.
pub struct Clock {
    zone: TimeZone,
    second: i64,
    stamp: Stamp,
}

/// A second: `2026-11-21 23:24:25`.
#[derive(Clone, Copy, Debug)]
pub struct Stamp([u8; 19]);

impl Clock {
    /// A clock that shows the time of `zone`.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, second: i64::MIN, stamp: Stamp([b'-'; 19]) }
    }

    /// A clock that shows local time.
    pub fn local() -> Self {
        Self::new(local_zone().clone())
    }

    /// The second it is now.
    pub fn now(&mut self) -> Stamp {
        self.stamp(Timestamp::now())
    }

    /// The second `ts` is in.
    pub fn stamp(&mut self, ts: Timestamp) -> Stamp {
        if ts.as_second() != self.second {
            self.second = ts.as_second();
            let text = ts.to_zoned(self.zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string();
            // A year of five digits would not fit; the last good stamp stays.
            if let Ok(bytes) = text.as_bytes().try_into() {
                self.stamp = Stamp(bytes);
            }
        }
        self.stamp
    }
}

impl Stamp {
    /// `2026-11-21`.
    pub fn date(&self) -> &[u8] {
        &self.0[..10]
    }

    /// `23:24:25`.
    pub fn time(&self) -> &[u8] {
        &self.0[11..]
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
        let stamp = Clock::local().now();
        let read = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &*stamp).unwrap();
        let age = jiff::Zoned::now().datetime().duration_since(read);
        assert!(age.as_secs().abs() <= 1, "{age:?}");
        assert_eq!([stamp.date(), b" ", stamp.time()].concat(), stamp.as_bytes());
    }
}
