//! The text of the event `tls`. Certificates and alerts come from peers: their text is made visible.

use super::DisplayOptions;
use super::subject::subject;
use super::units::latency;
use crate::event::{Event, TlsFields, TlsStep, Verified};
use crate::text::sanitize;
use std::io::{self, Write};

/// Appends the text; `None` if it is a detail that is not to be shown.
pub(super) fn tls(event: &Event, display: DisplayOptions, out: &mut Vec<u8>) -> Option<io::Result<()>> {
    let Event::Tls { socket, what, tls } = event else { return None };
    let (socket, style) = (subject(socket), display.style);
    let said = |field: &Option<String>| sanitize::line(field.as_deref().unwrap_or_default());
    Some(match what {
        TlsStep::Certificate => {
            write!(out, "{socket} certificate for this run: --tls-pin {}", said(&tls.fingerprint))
        }
        // The error or warning after an alert says the same.
        TlsStep::CloseNotify | TlsStep::Alert if !display.detail => return None,
        TlsStep::Handshake => handshake(&socket, tls, display, out),
        TlsStep::CloseNotify => write!(out, "{socket} close_notify received"),
        TlsStep::Alert => write!(out, "{socket} {} {}", style.bad("TLS failed:"), said(&tls.reason)),
        TlsStep::Truncated => {
            write!(out, "{socket} {} FIN without close_notify", style.warning("truncated:"))
        }
    })
}

fn handshake(socket: &str, tls: &TlsFields, display: DisplayOptions, out: &mut Vec<u8>) -> io::Result<()> {
    let said = |field: &Option<String>| sanitize::line(field.as_deref().unwrap_or_default());
    write!(
        out,
        "{socket} {} {}",
        display.style.good(format!("TLS {}", said(&tls.version))),
        said(&tls.cipher)
    )?;
    if let Some(alpn) = &tls.alpn {
        write!(out, ", {}", sanitize::line(alpn))?;
    }
    if tls.fingerprint.is_some() {
        let name = tls.subject.as_ref().or(tls.names.as_ref()).or(tls.fingerprint.as_ref());
        write!(out, ", {}", sanitize::line(name.map_or("", String::as_str)))?;
        match tls.verified {
            Some(Verified::None) | None => write!(out, ", {}", display.style.warning("not verified"))?,
            Some(by) => write!(out, ", verified by {}", by.name())?,
        }
    }
    if display.detail {
        let rest =
            [("group", &tls.group), ("sni", &tls.sni), ("issuer", &tls.issuer), ("until", &tls.not_after)];
        for (name, value) in rest.into_iter().filter(|(_, value)| value.is_some()) {
            write!(out, ", {name} {}", said(value))?;
        }
        write!(out, ", in {}", latency(tls.duration_us.unwrap_or_default()))?;
    }
    Ok(())
}
