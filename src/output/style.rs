//! Colours, and whether to use them.

use crate::event::State;
use anstyle::{AnsiColor, Color, Style as Ansi};
use std::fmt;

/// Whether lines are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Plain text.
    Plain,
    /// ANSI colours.
    Coloured,
}

impl Style {
    /// `text` in the colour of its state: green while data may flow, cyan before, yellow while closing.
    pub(super) fn state(self, state: State) -> Painted<State> {
        self.paint(state, of_state(state))
    }

    pub(super) fn dim<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, Ansi::new().dimmed())
    }

    pub(super) fn good<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, Ansi::new().fg_color(Some(Color::Ansi(AnsiColor::Green))))
    }

    pub(super) fn warning<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, Ansi::new().fg_color(Some(Color::Ansi(AnsiColor::Yellow))))
    }

    pub(super) fn bad<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, Ansi::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Red))))
    }

    /// A title of a page.
    pub(super) fn title<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, Ansi::new().bold().underline())
    }

    /// What stands above a part.
    pub(super) fn heading<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, Ansi::new().bold())
    }

    /// What a reader may type.
    pub(super) fn command<T: fmt::Display>(self, text: T) -> Painted<T> {
        self.paint(text, Ansi::new().bold().fg_color(Some(Color::Ansi(AnsiColor::Cyan))))
    }

    /// `text` in this colour.
    pub(super) fn coloured<T: fmt::Display>(self, text: T, colour: AnsiColor) -> Painted<T> {
        self.paint(text, Ansi::new().fg_color(Some(Color::Ansi(colour))))
    }

    pub(super) fn paint<T: fmt::Display>(self, text: T, ansi: Ansi) -> Painted<T> {
        Painted { text, ansi: (self == Self::Coloured).then_some(ansi) }
    }
}

/// The looks of a state.
pub(super) const fn of_state(state: State) -> Ansi {
    let colour = match state {
        State::Established | State::Connected => AnsiColor::Green,
        State::Listen | State::SynSent | State::SynReceived | State::Unconnected => AnsiColor::Cyan,
        // Bright black is the background of some terminals.
        State::Closed => return Ansi::new().dimmed(),
        _ => AnsiColor::Yellow,
    };
    Ansi::new().fg_color(Some(Color::Ansi(colour)))
}

/// Text with its colour, if any; width applies to the text alone.
pub(super) struct Painted<T> {
    text: T,
    ansi: Option<Ansi>,
}

impl<T: fmt::Display> fmt::Display for Painted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ansi {
            Some(ansi) => {
                ansi.fmt(f)?;
                self.text.fmt(f)?;
                write!(f, "{ansi:#}")
            }
            None => self.text.fmt(f),
        }
    }
}
