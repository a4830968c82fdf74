//! The columns of a ladder: a state, a lifeline, the space between, a lifeline, a state. Where the terminal is too narrow for
//! that there are no lifelines, and each row says whose it is.

use super::super::style::{Painted, Style, of_state};
use crate::capture::{Side, arrow};
use crate::event::State;
use crate::text::shorten::{columns, shorten};
use crate::text::wrap::wrap;
use anstyle::{AnsiColor, Style as Ansi};
use std::io::{self, Write};

/// The longest name of a state.
const STATE: usize = 12;
/// Columns beside the space between the lifelines: a blank, two states, a blank before each lifeline, the lifelines.
const BESIDE: usize = 1 + 2 * STATE + 2 + 2;
/// The least space between the lifelines that holds a label.
const LEAST: usize = 24;

/// The lanes as they are at one moment.
pub(super) struct Lanes {
    pub(super) width: usize,
    pub(super) style: Style,
    /// What both ends are called.
    pub(super) names: (&'static str, &'static str),
    /// The states of both ends, as far as they are known.
    pub(super) left: Option<State>,
    pub(super) right: Option<State>,
}

/// What an arrow is coloured for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Opens,
    Carries,
    Acknowledges,
    Closes,
    Breaks,
}

impl Lanes {
    /// Columns between the lifelines; `None` where there is no room for any.
    pub(super) fn between(&self) -> Option<usize> {
        // The last column stays free: some terminals wrap a line that fills it.
        Some(self.width.saturating_sub(BESIDE + 1)).filter(|between| *between >= LEAST)
    }

    /// The roles and addresses of both ends.
    pub(super) fn heading(
        &self,
        (left_address, right_address): (&str, &str),
        out: &mut impl Write,
    ) -> io::Result<()> {
        let (left, right) = self.names;
        let (left, right) = (format!("{left} {left_address}"), format!("{right} {right_address}"));
        let (left, right) = (left.trim_end(), right.trim_end());
        let style = self.style;
        writeln!(out)?;
        if self.between().is_none() {
            let fitting = |text| style.heading(shorten(text, self.width - 2));
            return writeln!(out, " {}\n {}", fitting(left), fitting(right));
        }
        let gap = self.width.saturating_sub(2 + columns(left) + columns(right)).max(1);
        writeln!(out, " {}{:gap$}{}", style.heading(left), "", style.heading(right))
    }

    /// The states in which both ends begin.
    pub(super) fn both(
        &self,
        left: Option<State>,
        right: Option<State>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Some(between) = self.between() else { return Ok(()) };
        self.row(left, &" ".repeat(between), right, out)
    }

    /// A state that one end is in now, or none, and a text beside it.
    pub(super) fn state(
        &self,
        side: Side,
        state: Option<State>,
        text: &str,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let style = self.style;
        let Some(between) = self.between() else {
            let name = if side == Side::Left { self.names.0 } else { self.names.1 };
            if let Some(state) = state {
                writeln!(out, " {} {}", style.dim(name), style.state(state))?;
            }
            let lines = wrap(text, self.width.saturating_sub(4));
            return lines
                .iter()
                .filter(|line| !line.is_empty())
                .try_for_each(|line| writeln!(out, "   {line}"));
        };
        let lines = wrap(text, between - 2);
        let widest = lines.iter().map(|line| columns(line)).max().unwrap_or_default();
        let before = if side == Side::Left { 1 } else { between - 1 - widest };
        for (row, line) in lines.iter().enumerate() {
            let label = state.filter(|_| row == 0);
            let behind = between - before - columns(line);
            let middle = format!("{:before$}{line}{:behind$}", "", "");
            let (left, right) = if side == Side::Left { (label, None) } else { (None, label) };
            self.row(left, &middle, right, out)?;
        }
        Ok(())
    }

    /// A segment or datagram that crosses.
    pub(super) fn arrow(
        &self,
        from: Side,
        label: &str,
        kind: Kind,
        implied: bool,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let Some(between) = self.between() else {
            let head = match (from, implied) {
                (Side::Left, false) => "──▶",
                (Side::Left, true) => "╌╌▶",
                (Side::Right, false) => "◀──",
                (Side::Right, true) => "◀╌╌",
            };
            let label = shorten(label, self.width.saturating_sub(6));
            return writeln!(out, " {}", self.style.segment(kind, &format!("{head} {label}")));
        };
        let arrow = arrow(from, label, between, false, implied);
        self.row(None, &self.style.segment(kind, &arrow).to_string(), None, out)
    }

    /// A text in the middle, in lines of its own.
    pub(super) fn middle(&self, text: &str, kind: Kind, out: &mut impl Write) -> io::Result<()> {
        let Some(between) = self.between() else {
            return wrap(text, self.width.saturating_sub(6))
                .iter()
                .try_for_each(|line| writeln!(out, "     {}", self.style.segment(kind, line)));
        };
        for line in wrap(text, between - 4) {
            let before = (between - columns(&line)) / 2;
            let behind = between - before - columns(&line);
            let middle = format!("{:before$}{}{:behind$}", "", self.style.segment(kind, &line), "");
            self.row(None, &middle, None, out)?;
        }
        Ok(())
    }

    fn row(
        &self,
        left: Option<State>,
        middle: &str,
        right: Option<State>,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let style = self.style;
        match left {
            Some(state) => write!(out, " {:>STATE$} {}", style.state(state), style.lifeline('┤', self.left))?,
            None => write!(out, " {:STATE$} {}", "", style.lifeline('│', self.left))?,
        }
        match right {
            Some(state) => {
                writeln!(out, "{middle}{} {}", style.lifeline('├', self.right), style.state(state))
            }
            None => writeln!(out, "{middle}{}", style.lifeline('│', self.right)),
        }
    }
}

impl Style {
    /// A lifeline in the colour of the state of its end.
    fn lifeline(self, line: char, state: Option<State>) -> String {
        self.paint(line, state.map_or(Ansi::new().dimmed(), of_state)).to_string()
    }

    /// A segment in the colour of what it is for.
    fn segment(self, kind: Kind, text: &str) -> Painted<&str> {
        match kind {
            Kind::Opens => self.coloured(text, AnsiColor::Cyan),
            Kind::Carries => self.coloured(text, AnsiColor::Green),
            Kind::Acknowledges => self.dim(text),
            Kind::Closes => self.coloured(text, AnsiColor::Yellow),
            Kind::Breaks => self.coloured(text, AnsiColor::Red),
        }
    }
}
