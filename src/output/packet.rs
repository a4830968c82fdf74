//! The text of the event `packet`: `→ SYN seq 0 win 64240 mss 1460 sack ts ws 7  handshake 1/3`.

use super::DisplayOptions;
use super::subject::address;
use super::units::Bytes;
use crate::event::{Address, Dir, PacketFields, PacketOptions};
use crate::text::sanitize;
use std::fmt::Write as _;
use std::io::{self, Write};

/// The width of the flags and of the numbers, characters.
const FLAGS: usize = 8;
const NUMBERS: usize = 14;

/// Appends the text; the peer is one of many.
pub(super) fn packet(
    packet: &PacketFields,
    display: DisplayOptions,
    peer: Option<&Address>,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    let arrow = if packet.dir == Some(Dir::In) { "←" } else { "→" };
    let style = display.style;
    let mut text = String::new();
    match &packet.flags {
        Some(flags) => segment(packet, flags, &mut text),
        None => datagram(packet, &mut text),
    }
    // Writing to a string does not fail.
    if let (Some(count), Some(size)) = (packet.segments, packet.segment_size) {
        let _ = write!(text, "  {count} segments of {size}");
    }
    if let Some(vlan) = packet.vlan {
        let _ = write!(text, "  vlan {vlan}");
    }
    if display.detail
        && let Some(ttl) = packet.ttl
    {
        let _ = write!(text, "  ttl {ttl}");
    }
    if let Some(interface) = &packet.interface {
        let _ = write!(text, "  {}", sanitize::line(interface));
    }
    if let Some(seq) = packet.seq_raw {
        let _ = write!(text, "  raw {seq}");
        if let Some(ack) = packet.ack_raw {
            let _ = write!(text, " ack {ack}");
        }
    }
    write!(out, "{arrow} {}", text.trim_end())?;
    if let Some(peer) = peer {
        out.extend_from_slice(b"  ");
        address(peer, out);
    }
    let said = packet.carries.as_deref().is_some_and(|carries| carries != "fragment");
    if let Some(note) = packet.note.as_ref().filter(|_| !said) {
        let note = sanitize::line(note);
        let step = note.starts_with("handshake") || note.starts_with("close") || note.starts_with("fragment");
        write!(
            out,
            "  {}",
            if step { style.dim(&note).to_string() } else { style.warning(&note).to_string() }
        )?;
    }
    if let Some(hex) = &packet.hex {
        hex_lines(hex, out)?;
    }
    Ok(())
}

fn segment(packet: &PacketFields, flags: &[&str], text: &mut String) {
    let (seq, len) = (packet.seq.unwrap_or_default(), packet.len.unwrap_or_default());
    let numbers = match (len, packet.ack) {
        (0, Some(ack)) if flags == ["ACK"] => format!("ack {ack}"),
        (0, Some(ack)) => format!("seq {seq} ack {ack}"),
        (0, None) => format!("seq {seq}"),
        (_, _) => format!("{seq}..{}", seq.wrapping_add(len)),
    };
    let _ = if flags.contains(&"SYN") {
        // Its options take the columns.
        write!(text, "{} {numbers}", flags.join(" "))
    } else {
        write!(text, "{:<FLAGS$} {numbers:<NUMBERS$}", flags.join(" "))
    };
    if len > 0 {
        let _ = write!(text, " {}", Bytes(len.into()));
    } else if let Some(win) = packet.win.filter(|_| !flags.contains(&"RST")) {
        let _ = write!(text, " win {win}");
    }
    if let Some(options) = &packet.options {
        text.push_str(&tcp_options(options, flags));
    }
}

/// The options in words; timestamps alone, which every segment has, are left out.
fn tcp_options(options: &PacketOptions, flags: &[&str]) -> String {
    let mut text = String::new();
    if flags.contains(&"SYN") {
        if let Some(mss) = options.mss {
            let _ = write!(text, " mss {mss}");
        }
        text.push_str(if options.sack_ok { " sack" } else { "" });
        text.push_str(if options.ts.is_some() { " ts" } else { "" });
        if let Some(scale) = options.ws {
            let _ = write!(text, " ws {scale}");
        }
    }
    if let Some((from, to)) = options.sack {
        let _ = write!(text, " sack {from}..{to}");
    }
    text
}

fn datagram(packet: &PacketFields, text: &mut String) {
    match (&packet.carries, &packet.note, packet.len) {
        (Some(carries), _, Some(len)) if carries == "fragment" => {
            let _ = write!(text, "{:<FLAGS$} {}", "FRAGMENT", Bytes(len.into()));
        }
        (Some(carries), Some(note), _) => {
            let _ = write!(text, "{:<FLAGS$} {}", carries.to_uppercase(), sanitize::line(note));
        }
        (Some(carries), None, _) => text.push_str(carries),
        (None, _, Some(len)) => {
            let _ = write!(text, "{:<FLAGS$} {}", "UDP", Bytes(len.into()));
        }
        (None, ..) => {}
    }
}

/// The bytes, sixteen a line.
fn hex_lines(hex: &str, out: &mut Vec<u8>) -> io::Result<()> {
    for (line, digits) in hex.as_bytes().chunks(32).enumerate() {
        write!(out, "\n    {:04x} ", line * 16)?;
        for pair in digits.chunks(2) {
            write!(out, " {}", String::from_utf8_lossy(pair))?;
        }
    }
    Ok(())
}
