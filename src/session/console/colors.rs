//! A chat as a terminal shows it: safe text, a colour for each sender, times without today's date.

use super::names::Names;
use crate::chat::{speaker, stamped};
use crate::sys::splice::Filter;
use crate::text::clock::Clock;
use anstyle::{AnsiColor, Style};
use std::collections::HashMap;

/// Distinguishable on dark and light backgrounds; the first senders of a session get one each.
const COLOURS: [AnsiColor; 10] = [
    AnsiColor::Cyan,
    AnsiColor::Green,
    AnsiColor::Magenta,
    AnsiColor::Yellow,
    AnsiColor::Blue,
    AnsiColor::Red,
    AnsiColor::BrightCyan,
    AnsiColor::BrightGreen,
    AnsiColor::BrightMagenta,
    AnsiColor::BrightBlue,
];
/// Senders remembered; after these the assignment starts again.
const SENDERS: usize = 10_000;

/// Makes text safe, and colours it.
pub(super) struct SenderColors {
    visible: Option<Filter>,
    coloured: bool,
    senders: HashMap<String, AnsiColor>,
    names: Names,
    /// For today's date, where it is left out.
    clock: Option<Clock>,
}

impl SenderColors {
    /// Passes bytes through `visible`; colours senders if `coloured`; adds nicknames to `names`; omits today's date from
    /// stamps if `short`.
    pub(super) fn new(visible: Option<Filter>, coloured: bool, names: Names, short: bool) -> Self {
        Self { visible, coloured, senders: HashMap::new(), names, clock: short.then(Clock::local) }
    }

    /// Appends `bytes`, whole lines but for the last, to `out`.
    pub(super) fn append(&mut self, bytes: &[u8], out: &mut String) {
        let mut shown = Vec::new();
        match &mut self.visible {
            Some(visible) => visible(bytes, &mut shown),
            None => shown.extend_from_slice(bytes),
        }
        for line in String::from_utf8_lossy(&shown).split_inclusive('\n') {
            let Some((stamp, said)) = stamped(line) else {
                out.push_str(line);
                continue;
            };
            self.names.learn(said);
            self.append_stamp(stamp, out);
            match speaker(line).filter(|_| self.coloured) {
                Some(speaker) => {
                    let style = self.style_of(speaker.label);
                    out.extend([&style.render().to_string(), speaker.name]);
                    out.extend([&style.render_reset().to_string(), speaker.rest]);
                }
                None => out.push_str(said),
            }
        }
    }

    fn append_stamp(&mut self, stamp: &str, out: &mut String) {
        let today = self.clock.as_mut().map(Clock::now);
        let is_today = |date: &str| today.is_some_and(|now| now.date() == date.as_bytes());
        match stamp[1..].split_once(' ') {
            Some((date, time)) if is_today(date) => out.extend(["[", time]),
            _ => out.push_str(stamp),
        }
    }

    fn style_of(&mut self, sender: &str) -> Style {
        if self.senders.len() >= SENDERS {
            self.senders.clear();
        }
        let next = COLOURS[self.senders.len() % COLOURS.len()];
        let colour = *self.senders.entry(sender.to_owned()).or_insert(next);
        Style::new().fg_color(Some(colour.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coloured_text(colors: &mut SenderColors, line: &str) -> String {
        let mut out = String::new();
        colors.append(line.as_bytes(), &mut out);
        out
    }

    #[test]
    fn a_sender_keeps_its_colour_and_others_have_another() {
        let mut colors = SenderColors::new(None, true, Names::default(), false);
        let ana = coloured_text(&mut colors, "[2026-11-21 23:24:25] 10.0.0.1:7: hi\n");
        let eva = coloured_text(&mut colors, "[2026-11-21 23:24:26] 10.0.0.1:8: hi\n");
        let again = coloured_text(&mut colors, "[2026-11-21 23:24:27] ana (10.0.0.1:7): hi\n");
        let colour = |text: &str| text[22..].split('m').next().unwrap().to_owned();
        assert_eq!(ana, "[2026-11-21 23:24:25] \u{1b}[36m10.0.0.1:7\u{1b}[0m: hi\n");
        assert_ne!(colour(&ana), colour(&eva));
        assert_eq!(colour(&ana), colour(&again));
    }

    #[test]
    fn text_without_a_sender_is_unchanged() {
        let mut colors = SenderColors::new(None, true, Names::default(), false);
        assert_eq!(coloured_text(&mut colors, "name? "), "name? ");
        let plain = "[2026-11-21 23:24:25] 1.1.1.1:7: x\n";
        assert_eq!(coloured_text(&mut SenderColors::new(None, false, Names::default(), false), plain), plain);
    }

    #[test]
    fn the_date_is_left_out_if_it_is_todays() {
        let mut colors = SenderColors::new(None, false, Names::default(), true);
        let now = Clock::local().now();
        let today = format!("[{}] * ana left\n", &*now);
        assert_eq!(coloured_text(&mut colors, &today), format!("[{}] * ana left\n", &now[11..]));
        let before = "[2020-11-21 23:24:25] * ana left\n";
        assert_eq!(coloured_text(&mut colors, before), before);
    }
}
