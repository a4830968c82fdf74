//! The time zone of this machine, for times shown to people.

use jiff::tz::TimeZone;
use std::sync::OnceLock;

/// `TZ`, or else /etc/localtime. Asking for that by its name would walk the whole zone database at every start.
pub(super) fn local() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| {
        if std::env::var_os("TZ").is_some() {
            return TimeZone::system();
        }
        let local = std::fs::read("/etc/localtime").ok();
        local.and_then(|data| TimeZone::tzif("local", &data).ok()).unwrap_or(TimeZone::UTC)
    })
}
