//! The data of one connection on its way to the shared output: made visible for a terminal, framed into tagged lines.

use super::budget::OWN;
use super::lines::Lines;
use super::text::Text;
use crate::sys::splice::Filter;
use crate::text::tag::Tagger;

/// The data of one connection.
pub(in crate::session) struct Incoming {
    visible: Option<Filter>,
    lines: Option<Lines>,
    shown: Vec<u8>,
    text: Text,
}

/// A filter for an output that one connection has for itself: tags each line at once, whole or not, after `visible` made
/// it safe to show.
pub fn tagging(tag: String, mut visible: Option<Filter>) -> Filter {
    let (mut tagger, mut shown) = (Tagger::new(tag), Vec::new());
    Box::new(move |bytes, out| match &mut visible {
        Some(visible) => {
            shown.clear();
            visible(bytes, &mut shown);
            tagger.push(&shown, out);
        }
        None => tagger.push(bytes, out),
    })
}

impl Incoming {
    /// Bytes as they arrive, but for `visible`.
    pub(in crate::session) fn bytes(visible: Option<Filter>) -> Self {
        Self { visible, lines: None, shown: Vec::new(), text: Text::default() }
    }

    /// Whole lines that begin with `tag`.
    pub(in crate::session) fn lines(visible: Option<Filter>, tag: String) -> Self {
        Self { lines: Some(Lines::new(tag)), ..Self::bytes(visible) }
    }

    /// Adds received bytes.
    pub(in crate::session) fn push(&mut self, bytes: &[u8]) {
        match &mut self.visible {
            Some(filter) => {
                let mut shown = std::mem::take(&mut self.shown);
                shown.clear();
                filter(bytes, &mut shown);
                self.add(&shown);
                self.shown = shown;
            }
            None => self.add(bytes),
        }
    }

    /// As [`Self::push`]; an unfinished line that is longer than a connection may hold is passed on in pieces.
    pub(in crate::session) fn push_bounded(&mut self, bytes: &[u8]) {
        self.push(bytes);
        if self.held() >= OWN {
            self.give_way();
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        match &mut self.lines {
            Some(lines) => lines.push(bytes, &mut self.text),
            None => self.text.bytes.extend_from_slice(bytes),
        }
    }

    /// Ends the data: an incomplete character is shown as bytes, a last line without line feed gets one.
    pub(in crate::session) fn finish(&mut self) {
        if let Some(filter) = &mut self.visible {
            // The filter gives up an incomplete character once something else follows.
            let mut shown = Vec::new();
            filter(b"\n", &mut shown);
            shown.pop();
            self.add(&shown);
        }
        if let Some(lines) = &mut self.lines {
            lines.finish(&mut self.text);
        }
    }

    /// Bytes held of an unfinished line.
    pub(super) fn held(&self) -> usize {
        self.lines.as_ref().map_or(0, Lines::held)
    }

    /// Passes the unfinished line on in pieces.
    pub(super) fn give_way(&mut self) {
        if let Some(lines) = &mut self.lines {
            lines.give_way(&mut self.text);
        }
    }

    /// Whether there is something to print.
    pub(in crate::session) fn is_ready(&self) -> bool {
        !self.text.bytes.is_empty()
    }

    /// Takes what can be printed.
    pub(in crate::session) fn take(&mut self) -> Text {
        self.take_into(Vec::new())
    }

    /// As [`Self::take`]; what follows is collected in the memory of `spare`, which is empty.
    pub(super) fn take_into(&mut self, spare: Vec<u8>) -> Text {
        std::mem::replace(&mut self.text, Text::in_memory_of(spare))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Holds a byte of 0xc3 back until the next one, as a filter of UTF-8 does.
    fn holding() -> Filter {
        let mut held = false;
        Box::new(move |bytes, out| {
            for &byte in bytes {
                if std::mem::take(&mut held) {
                    out.push(b'?');
                }
                if byte == 0xc3 {
                    held = true;
                } else {
                    out.push(byte);
                }
            }
        })
    }

    #[test]
    fn an_incomplete_character_is_shown_at_the_end() {
        let mut incoming = Incoming::lines(Some(holding()), "[a] ".into());
        incoming.push(b"one\ntwo\xc3");
        assert_eq!(incoming.take().bytes, b"[a] one\n");
        incoming.finish();
        incoming.finish();
        assert_eq!(incoming.take().bytes, b"[a] two?\n");
        let mut incoming = Incoming::bytes(Some(holding()));
        incoming.push(b"two\xc3");
        incoming.finish();
        assert_eq!(incoming.take().bytes, b"two?");
    }
}
