//! The sender of a line, read from its text. Pure; for clients that colour the senders.

/// The parts of a line of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speaker<'a> {
    /// The time, with its brackets and the space after them.
    pub stamp: &'a str,
    /// `NICK (LABEL)` or `LABEL`.
    pub name: &'a str,
    /// What stays the same when the sender takes another nick.
    pub label: &'a str,
    /// The colon and the text after it.
    pub rest: &'a str,
}

/// Reads `[TIME] NICK (LABEL): text` or `[TIME] LABEL: text`, where a label ends with a port; `None` for other lines.
#[must_use]
pub fn speaker(line: &str) -> Option<Speaker<'_>> {
    let (stamp, said) = stamped(line)?;
    // Neither nicks nor labels hold a colon and a space, so the first such pair ends the name.
    let (name, rest) = said.split_at(said.find(": ")?);
    let label = match name.strip_suffix(')') {
        Some(open) => open.split_once(" (")?.1,
        None => name,
    };
    label.rsplit_once(':')?.1.parse::<u16>().ok()?;
    Some(Speaker { stamp, name, label, rest })
}

/// Cuts `[2026-11-21 23:24:25] ` off a line of a room, with the space after it; `None` for other lines.
#[must_use]
pub fn stamped(line: &str) -> Option<(&str, &str)> {
    const FORM: &[u8] = b"[0000-00-00 00:00:00] ";
    let (stamp, said) = line.split_at_checked(FORM.len())?;
    let fits = |(byte, form): (u8, &u8)| if *form == b'0' { byte.is_ascii_digit() } else { byte == *form };
    stamp.bytes().zip(FORM).all(fits).then_some((stamp, said))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_read_from_a_line() {
        let line = "[2026-11-21 23:24:25] ana (127.0.0.1:50000): hi: there";
        let found = speaker(line).unwrap();
        assert_eq!((found.name, found.label), ("ana (127.0.0.1:50000)", "127.0.0.1:50000"));
        assert_eq!([found.stamp, found.name, found.rest].concat(), line);
        assert_eq!(speaker("[2026-11-21 23:24:25] [::1]:7: x").unwrap().label, "[::1]:7");
        assert_eq!(speaker("[2026-11-21 23:24:25] 10.0.0.1:7: ").unwrap().rest, ": ");
    }

    #[test]
    fn notices_and_other_text_have_no_sender() {
        for line in [
            "",
            "hello",
            "[2026-11-21 23:24:25] * 127.0.0.1:7 joined",
            "[2026-11-21 23:24:25] x: y",
            "ééééééééééééééééé",
        ] {
            assert_eq!(speaker(line), None, "{line}");
        }
    }
}
