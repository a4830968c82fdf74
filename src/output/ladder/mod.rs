//! A conversation as a ladder that grows line by line: the client left, the server right, each segment an arrow between the
//! states that it leaves and causes.

mod events;
#[cfg(test)]
mod ladder_test;
mod lanes;

use super::Style;
use crate::capture::Side;
use crate::event::ladder::Ladder;
use crate::event::{Address, Event, State, Subject};
use crate::text::language::{Language, Phrase};
use crate::text::shorten::columns;
use crate::text::wrap::wrap;
use events::quoted;
use lanes::Lanes;
use std::collections::{HashMap, HashSet};
use std::io::{self, BufWriter, Write};

/// How a ladder is drawn.
pub struct LadderOptions {
    /// The language of its sentences.
    pub language: Language,
    /// Colours.
    pub style: Style,
    /// A sentence beside each state.
    pub sentences: bool,
    /// Windows and options of segments.
    pub detail: bool,
    /// The columns of the terminal at this moment.
    pub width: Box<dyn Fn() -> usize + Send>,
}

/// The widest that a ladder gets, columns.
const WIDEST: usize = 80;
/// The smallest width that differs visibly from none.
const NARROWEST: usize = 24;

/// Columns of most commands.
const COMMANDS: usize = 45;

const CLIENT: Phrase = Phrase::new("client", "cliente");
const SERVER: Phrase = Phrase::new("server", "servidor");
const RECEIVED: Phrase = Phrase::new("the client received", "o cliente recebeu");

/// The addresses of the client and of the server, as far as they are known.
type Ends = (Option<Address>, Option<Address>);

/// Draws on an output.
pub(super) struct Drawing<W: Write> {
    out: BufWriter<W>,
    options: LadderOptions,
    /// No packets are captured.
    implied: bool,
    /// The conversation that is drawn.
    ends: Ends,
    /// The states of both sides of each conversation, and of listeners.
    states: HashMap<(Side, Ends), State>,
    /// The sentences that this lesson said, each once a side.
    said: HashSet<(Side, String)>,
}

/// A ladder on `to`.
#[must_use]
pub fn ladder(options: LadderOptions, to: Box<dyn Write + Send>) -> Box<dyn Ladder> {
    Box::new(Drawing::new(options, to))
}

impl<W: Write> Drawing<W> {
    fn new(options: LadderOptions, to: W) -> Self {
        Self {
            out: BufWriter::new(to),
            options,
            implied: false,
            ends: (None, None),
            states: HashMap::new(),
            said: HashSet::new(),
        }
    }

    fn width(&self) -> usize {
        (self.options.width)().clamp(NARROWEST, WIDEST)
    }

    fn say(&self, phrase: Phrase) -> &'static str {
        phrase.say(self.options.language)
    }

    /// The lanes of the conversation, with the states that both ends are in.
    fn lanes(&self) -> Lanes {
        let (client, server) = &self.ends;
        let state = |side, ends: Ends| self.states.get(&(side, ends)).copied();
        let right = state(Side::Right, self.ends.clone());
        Lanes {
            width: self.width(),
            style: self.options.style,
            names: (self.say(CLIENT), self.say(SERVER)),
            left: state(Side::Left, self.ends.clone()).or_else(|| state(Side::Left, (client.clone(), None))),
            right: right.or_else(|| state(Side::Right, (None, server.clone()))),
        }
    }

    /// Goes on with the conversation of a socket; its addresses stand above it where another one was drawn.
    fn turn_to(&mut self, socket: &Subject, from: Option<State>) -> io::Result<()> {
        let ends = ends(socket);
        let known =
            (ends.0.is_none() || self.ends.0 == ends.0) && (ends.1.is_none() || self.ends.1 == ends.1);
        if known && (ends.0.is_some() || ends.1.is_some()) {
            return Ok(());
        }
        self.ends = ends;
        let address =
            |address: &Option<Address>| address.as_ref().map_or_else(String::new, ToString::to_string);
        let (left, right) = (address(&self.ends.0), address(&self.ends.1));
        self.lanes().heading((&left, &right), &mut self.out)?;
        let lanes = self.lanes();
        match (side(socket), from.filter(|from| *from == State::Closed)) {
            (Side::Left, Some(from)) => lanes.both(Some(from), lanes.right, &mut self.out),
            (Side::Right, Some(from)) => lanes.both(None, Some(from), &mut self.out),
            (_, None) => Ok(()),
        }
    }

    /// Leaves the lanes: they begin again with a heading.
    fn leave(&mut self) -> io::Result<()> {
        self.ends = (None, None);
        writeln!(self.out)
    }

    /// A text across the whole width, each line of it by `paint`.
    fn text(
        &mut self,
        text: &str,
        indent: usize,
        paint: impl Fn(Style, &str) -> String,
    ) -> io::Result<usize> {
        for line in wrap(text, self.width().saturating_sub(indent + 1)) {
            writeln!(self.out, "{:indent$}{}", "", paint(self.options.style, &line))?;
        }
        self.out.flush()?;
        Ok(columns(text))
    }
}

/// The side that a socket stands on.
const fn side(socket: &Subject) -> Side {
    if matches!(socket.role, crate::event::Role::Client) { Side::Left } else { Side::Right }
}

/// The addresses of both ends, the client's first.
fn ends(socket: &Subject) -> Ends {
    let (local, peer) = (socket.local.clone(), socket.peer.clone());
    if side(socket) == Side::Left { (local, peer) } else { (peer, local) }
}

impl<W: Write + Send> Ladder for Drawing<W> {
    fn begin(&mut self, title: &str, implied: bool) -> io::Result<usize> {
        (self.implied, self.ends) = (implied, (None, None));
        self.states.clear();
        self.said.clear();
        writeln!(self.out)?;
        self.text(title, 1, |style, line| style.title(line).to_string())
    }

    fn event(&mut self, event: &Event) -> io::Result<usize> {
        let shown = self.draw(event)?;
        self.out.flush()?;
        Ok(shown)
    }

    fn remark(&mut self, text: &str) -> io::Result<usize> {
        self.leave()?;
        self.text(text, 1, |_, line| line.to_owned())
    }

    fn received(&mut self, text: &[u8]) -> io::Result<usize> {
        let lines = quoted(text).map(|quoted| format!("{}: {quoted}", self.say(RECEIVED)));
        let text = lines.unwrap_or_default();
        self.lanes().middle(&text, lanes::Kind::Carries, &mut self.out)?;
        self.out.flush()?;
        Ok(columns(&text))
    }

    fn blank(&mut self) -> io::Result<()> {
        self.leave()?;
        self.out.flush()
    }

    fn command(&mut self, command: &str, text: &str) -> io::Result<usize> {
        let style = self.options.style;
        if 5 + columns(command) + 3 + columns(text) < self.width() {
            let room = self.width() - (4 + columns(command) + columns(text));
            let gap = COMMANDS.saturating_sub(columns(command)).clamp(2, room.max(2));
            writeln!(self.out, "   {}{:gap$}{}", style.command(command), "", style.dim(text))?;
            self.out.flush()?;
            return Ok(columns(text));
        }
        self.text(command, 3, |style, line| style.command(line).to_string())?;
        self.text(text, 5, |style, line| style.dim(line).to_string())
    }

    fn hint(&mut self, text: &str) -> io::Result<usize> {
        self.leave()?;
        self.text(text, 1, |style, line| style.dim(line).to_string())
    }
}
