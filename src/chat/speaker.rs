//! Who said a line, as a member reads it off the line. Pure; for clients that show senders apart.

/// The sender's place in a line of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Speaker<'a> {
    /// The time, brackets and the space after them included.
    pub stamp: &'a str,
    /// `NAME (ADDRESS)` or `ADDRESS`.
    pub label: &'a str,
    /// What stays the same when the sender takes another nick.
    pub address: &'a str,
    /// The colon and all after it.
    pub rest: &'a str,
}

/// Reads `[TIME] NAME (ADDRESS): text` or `[TIME] ADDRESS: text`; `None` for lines that are nobody's.
#[must_use]
pub fn speaker(line: &str) -> Option<Speaker<'_>> {
    let stamp = line.get(.."[2026-11-21 23:24:25] ".len())?;
    if !(stamp.starts_with('[') && stamp.ends_with("] ")) {
        return None;
    }
    let said = &line[stamp.len()..];
    // Neither nicks nor addresses hold a colon and a space, so the first such pair ends the label.
    let (label, rest) = said.split_at(said.find(": ")?);
    let address = match label.strip_suffix(')') {
        Some(open) => open.split_once(" (")?.1,
        None => label,
    };
    let colon = address.rfind(':')?;
    address[colon + 1..].parse::<u16>().ok()?;
    Some(Speaker { stamp, label, address, rest })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sender_is_read_off_a_line() {
        let line = "[2026-11-21 23:24:25] ana (127.0.0.1:50000): hi: there";
        let found = speaker(line).unwrap();
        assert_eq!((found.label, found.address), ("ana (127.0.0.1:50000)", "127.0.0.1:50000"));
        assert_eq!([found.stamp, found.label, found.rest].concat(), line);
        assert_eq!(speaker("[2026-11-21 23:24:25] [::1]:7: x").unwrap().address, "[::1]:7");
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
