//! Received text on a terminal with colours, distinguished from typed text.

use crate::text::Visible;

/// Magenta, which can be read on light and dark backgrounds and is no colour of a state.
const START: &[u8] = b"\x1b[35m";
const END: &[u8] = b"\x1b[0m";

/// Received bytes, made visible and coloured.
#[derive(Default)]
pub struct Received {
    visible: Visible,
    shown: Vec<u8>,
}

impl Received {
    /// Appends bytes as a terminal may have them.
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.shown.clear();
        self.visible.push(bytes, &mut self.shown);
        tint(&self.shown, out);
    }
}

/// Appends text whose every line begins and ends its colour: what is printed between two lines is not coloured.
pub(super) fn tint(text: &[u8], out: &mut Vec<u8>) {
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let content = line.trim_ascii_end();
        let (content, end) = if content.is_empty() { (&[][..], line) } else { line.split_at(content.len()) };
        if !content.is_empty() {
            out.extend_from_slice(START);
            out.extend_from_slice(content);
            out.extend_from_slice(END);
        }
        out.extend_from_slice(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(chunks: &[&[u8]]) -> String {
        let (mut received, mut out) = (Received::default(), Vec::new());
        for chunk in chunks {
            received.push(chunk, &mut out);
        }
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_line_has_the_colour_for_itself() {
        assert_eq!(shown(&[b"one\ntwo"]), "\x1b[35mone\x1b[0m\n\x1b[35mtwo\x1b[0m");
        assert_eq!(shown(&[b"\n\n", b"a ", b"b"]), "\n\n\x1b[35ma\x1b[0m \x1b[35mb\x1b[0m");
    }

    #[test]
    fn a_peer_has_no_colours_of_its_own() {
        assert_eq!(shown(&[b"\x1b[31mred\x1b[0m"]), "\x1b[35m\u{241b}[31mred\u{241b}[0m\x1b[0m");
    }
}
