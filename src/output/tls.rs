//! The text of the event `tls`. Certificates and alerts come from peers: their text is made visible.

use super::DisplayOptions;
use super::units::latency;
use crate::event::report::TlsRow;
use crate::event::{Event, TlsFields, TlsStep, Verified};
use crate::text::number::counted;
use crate::text::sanitize;
use crate::text::shorten::{columns, shorten, some_of};
use std::io::{self, Write};

/// Appends the text, of `room` columns without details; `None` if it is a detail that is not to be shown.
pub(super) fn tls(
    event: &Event,
    display: DisplayOptions,
    room: usize,
    out: &mut Vec<u8>,
) -> Option<io::Result<()>> {
    let Event::Tls { what, tls, .. } = event else { return None };
    let style = display.style;
    let said = |field: &Option<String>| sanitize::line(field.as_deref().unwrap_or_default());
    Some(match what {
        TlsStep::Certificate => {
            let pin = said(&tls.fingerprint);
            let digits = pin.strip_prefix("sha256:").unwrap_or(&pin);
            write!(out, "certificate for this run; clients verify it with\n    --tls-pin {digits}")
        }
        // The error or warning after an alert says the same.
        TlsStep::CloseNotify | TlsStep::Alert if !display.detail => return None,
        TlsStep::Handshake => handshake(tls, display, room, out),
        TlsStep::CloseNotify => write!(out, "close_notify received"),
        TlsStep::Alert => write!(out, "{} {}", style.bad("TLS failed:"), said(&tls.reason)),
        TlsStep::Truncated => {
            write!(out, "{} FIN without close_notify", style.warning("truncated:"))
        }
    })
}

/// `TLS 1.3 AES_256_GCM_SHA384, CN=example.org, verified by system`: one line, whatever the certificate holds.
fn handshake(tls: &TlsFields, display: DisplayOptions, room: usize, out: &mut Vec<u8>) -> io::Result<()> {
    let style = display.style;
    let said = |field: &Option<String>| shorten(field.as_deref().unwrap_or_default(), 60);
    let version = format!("TLS {}", said(&tls.version));
    // What stands before it is of the key exchange, as in TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256.
    let cipher = tls.cipher.as_deref().unwrap_or_default();
    let cipher = cipher.split_once("_WITH_").map_or(cipher.trim_start_matches("TLS_"), |(_, cipher)| cipher);
    let verdict = match tls.verified {
        _ if tls.fingerprint.is_none() => String::new(),
        Some(Verified::None) | None => "not verified".to_owned(),
        Some(by) => format!("verified by {}", by.name()),
    };
    let cipher = shorten(cipher, 24);
    write!(out, "{} {cipher}", style.good(&version))?;
    if !verdict.is_empty() {
        let taken = format!("{version} {cipher}, , {verdict}");
        let left = room.saturating_sub(columns(&taken));
        let name = tls.subject.as_ref().or(tls.names.first()).or(tls.fingerprint.as_ref());
        let name = shorten(name.map_or("", String::as_str), left.max(4));
        let is_verified = verdict.starts_with("verified");
        let verdict = if is_verified { verdict } else { style.warning(verdict).to_string() };
        write!(out, ", {name}, {verdict}")?;
    }
    if display.detail {
        let names = (!tls.names.is_empty()).then(|| some_of(&tls.names));
        let rest = [
            ("alpn", &tls.alpn),
            ("group", &tls.group),
            ("sni", &tls.sni),
            ("issuer", &tls.issuer),
            ("for", &names),
            ("until", &tls.not_after),
        ];
        for (name, value) in rest.into_iter().filter(|(_, value)| value.is_some()) {
            write!(out, ", {name} {}", said(value))?;
        }
        write!(out, ", in {}", latency(tls.duration_us.unwrap_or_default()))?;
    }
    Ok(())
}

/// Appends what a check found of TLS, as indented lines of at most 80 columns.
pub(super) fn tls_details(row: &TlsRow, out: &mut Vec<u8>) -> io::Result<()> {
    let tls = &row.fields;
    if let (Some(version), Some(cipher)) = (&tls.version, &tls.cipher) {
        let by = tls.verified.filter(|by| *by != Verified::None);
        let verdict = by.map_or_else(|| "not verified".to_owned(), |by| format!("verified by {}", by.name()));
        writeln!(out, "  tls      {version} {}, {verdict}", shorten(cipher, 44))?;
    }
    let until = tls.not_after.as_ref().map(|until| match row.days_left {
        Some(days @ ..=-1) => format!("{until}, expired {} ago", counted(days.unsigned_abs(), "day", "days")),
        Some(days @ 0..) => format!("{until}, {} left", counted(days.unsigned_abs(), "day", "days")),
        None => until.clone(),
    });
    let names = (!tls.names.is_empty()).then(|| some_of(&tls.names));
    let lines = [("subject", &tls.subject), ("issuer", &tls.issuer), ("names", &names), ("until", &until)];
    for (name, value) in lines.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?))) {
        writeln!(out, "  {name:<8} {}", shorten(value, 69))?;
    }
    match &tls.fingerprint {
        Some(pin) => writeln!(out, "  {}", shorten(pin, 78)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Style;
    use super::*;
    use crate::text::hidden::is_control;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_handshake_is_one_visible_line_that_fits(
            subject: Option<String>,
            names in prop::collection::vec(".*", 0..3),
            alpn: Option<String>,
            fingerprint: Option<String>,
            at in 0usize..3,
        ) {
            let ciphers =
                ["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", &"X".repeat(99)];
            let tls = TlsFields {
                version: Some("1.3".to_owned()),
                cipher: Some(ciphers[at].to_owned()),
                verified: Some(Verified::System),
                subject, names, alpn, fingerprint,
                ..TlsFields::default()
            };
            for detail in [false, true] {
                let display = DisplayOptions { detail, ..DisplayOptions::usual(Style::Plain) };
                let mut out = Vec::new();
                handshake(&tls, display, 61, &mut out).unwrap();
                let line = String::from_utf8(out).unwrap();
                prop_assert!(!line.chars().any(is_control), "{line:?}");
                prop_assert!(detail || columns(&line) <= 61, "{line:?}");
            }
        }
    }
}
