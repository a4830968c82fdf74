//! A prompt on the terminal that incoming text does not break: for the chat client and the operator of the chat server.
//!
//! Two pipes connect it with its user: typed lines come out of one, and text written into the other is shown above the
//! prompt. So its user works as it does without a terminal.

mod colors;
mod editor;
mod names;
mod printer;
mod prompt;
mod typed;

use super::{Context, Stdio};
use crate::event::Kind;
use crate::sys::blocking;
use crate::sys::poll::{Interest, wait};
use crate::sys::tty::{self, Mode, NO_PASTE_MARKS};
use crate::sys::{Error, Result, fd, signal};
use crate::text::line::LineFramer;
use colors::SenderColors;
use names::Names;
use printer::PromptPrinter;
use prompt::PromptState;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// Text without a line end is shown after this time: it is the prompt of some other server, not a line still arriving.
const UNFINISHED: Duration = Duration::from_millis(300);
/// Text without a line end is shown once it is this long, which bounds the memory.
const PIECE: usize = 64 << 10;
/// How long the end of the program waits for the terminal to take the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);

/// The terminal with its prompt. Dropping it restores the terminal.
pub struct Console {
    mode: Arc<Mode>,
    state: PromptState,
    shown: Receiver<()>,
    diverted: Vec<tty::Diverted>,
    /// The writing end of the events; the printer runs until it is closed.
    events: Option<OwnedFd>,
}

/// How the console looks.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The text before the line that is typed.
    pub prompt: &'static str,
    /// Whether more than events is written to standard error; it is shown above the prompt.
    pub shows_stderr: bool,
    /// Whether it is a member's: typed lines get the time, lines of others lose today's date, and `/help` is named once.
    pub stamps: bool,
}

/// Shown once, above the first prompt.
const HINT: &[u8] = b"* /help lists the commands of the room; Tab completes commands and nicknames\n";

/// The console's two pipes.
pub struct Ends {
    /// Lines as they are typed; ends with the input.
    pub typed: OwnedFd,
    /// Text written here is shown above the prompt.
    pub show: OwnedFd,
}

/// Whether the input is a terminal that this process may read.
pub fn is_interactive(stdio: &Stdio) -> bool {
    stdio.is_standard() && fd::is_terminal(fd::input()) && tty::in_foreground(fd::input())
}

/// Opens the console; `None` where input and output are not a terminal that can show a prompt.
pub fn open(config: &Config, stdio: &Stdio, context: &Context) -> Result<Option<(Console, Ends)>> {
    let input = fd::input();
    if !(is_interactive(stdio) && fd::is_terminal(fd::output())) {
        return Ok(None);
    }
    let failed = |e: io::Error| Error::new("open", "the terminal", e).about(Kind::File);
    let (state, names) = (PromptState::default(), Names::default());
    // A terminal that cannot move its cursor (TERM=dumb) is used as a pipe is.
    let Some((editor, printer)) = editor::open(&state, &names) else { return Ok(None) };
    let mode = Arc::new(Mode::of(input).map_err(failed)?);
    mode.remember();
    signal::mind_the_terminal().map_err(failed)?;
    context.echoed.settle();
    // While the console is open, keys typed between two prompts are keys, not echo, signals or ends of input.
    mode.pass_keys(input).map_err(failed)?;
    let (typed, type_into) = tty::pipe().map_err(failed)?;
    let (show_from, show) = tty::pipe().map_err(failed)?;
    let (events_from, events) = tty::pipe().map_err(failed)?;
    let colors = SenderColors::new((context.safe)(), context.colour, names, config.stamps);
    if config.stamps && context.events.enabled() {
        // A terminal that is gone needs no hint.
        let _ = blocking::write_all(fd::output(), HINT);
    }
    let (done, shown) = mpsc::channel();
    let printer = PromptPrinter { printer, state: state.clone() };
    let resumed = signal::resumed().map_err(failed)?;
    let keys = Arc::clone(&mode);
    start("print", move || {
        print(&[show_from, events_from], colors, printer, &Resume { continued: resumed, keys });
        let _ = done.send(());
    })?;
    // Before there is a prompt that they could break.
    let errors = fd::errors();
    let errors = (config.shows_stderr && fd::is_terminal(errors)).then(|| errors.as_raw_fd());
    let numbers = context.events_on_terminal.into_iter().chain(errors);
    let diverted = numbers.map(|number| tty::divert(number, &events)).collect::<io::Result<_>>();
    let diverted = diverted.map_err(failed)?;
    let before = Arc::clone(&mode);
    let its = state.clone();
    let config = *config;
    start("type", move || editor::edit(editor, config, &before, &its, type_into))?;
    let console = Console { mode, state, shown, diverted, events: Some(events) };
    Ok(Some((console, Ends { typed, show })))
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(run);
    thread.map(drop).map_err(|e| Error::new("start thread", name, e))
}

/// Shows what comes out of the pipes until all are closed: the chat's text, and events, which are safe already.
fn print(
    pipes: &[OwnedFd; 2],
    mut colors: SenderColors,
    mut printer: PromptPrinter<impl rustyline::ExternalPrinter>,
    resume: &Resume,
) {
    let mut framers = [LineFramer::default(), LineFramer::default()];
    let mut open = [true, true];
    let mut buffer = vec![0; PIECE];
    while open.contains(&true) {
        let waiting: Vec<usize> = (0..2).filter(|&i| open[i]).collect();
        let continued = std::iter::once(&resume.continued);
        let fds: Vec<_> = waiting
            .iter()
            .map(|&i| &pipes[i])
            .chain(continued)
            .map(|p| (p.as_fd(), Interest::Reading))
            .collect();
        let deadline = framers.iter().any(|f| f.held() > 0).then(|| Instant::now() + UNFINISHED);
        let Ok(ready) = wait(&fds, deadline) else { return };
        if ready.last() == Some(&true) {
            resume.run(&mut printer, pipes[0].as_fd());
        }
        let late = !ready.contains(&true);
        let mut text = String::new();
        for (&i, ready) in waiting.iter().zip(ready) {
            let mut len = 0;
            if ready {
                len = blocking::read(pipes[i].as_fd(), &mut buffer).unwrap_or(0);
                open[i] = len > 0;
            }
            let mut bytes = framers[i].whole_lines(&buffer[..len]);
            if late || !open[i] || framers[i].held() >= PIECE {
                bytes.to_mut().append(&mut framers[i].take_rest());
            }
            match i {
                0 => colors.append(&bytes, &mut text),
                _ => text.push_str(&String::from_utf8_lossy(&bytes)),
            }
        }
        if !text.is_empty() {
            printer.show(&text, pipes[0].as_fd());
        }
    }
}

/// Restores the prompt when the program continues after a stop (Ctrl-Z): the shell has set the terminal's mode, and has
/// written to it.
struct Resume {
    continued: OwnedFd,
    keys: Arc<Mode>,
}

impl Resume {
    fn run(&self, printer: &mut PromptPrinter<impl rustyline::ExternalPrinter>, pipe: BorrowedFd<'_>) {
        // One byte for each time it continued; one redraw is enough.
        let _ = blocking::read(self.continued.as_fd(), &mut [0; 64]);
        printer.state.change_mode(|| drop(self.keys.pass_keys(fd::input())));
        printer.redraw(pipe);
    }
}

impl Console {
    /// Whether keys are still read.
    pub fn is_open(&self) -> bool {
        !self.state.is_ended()
    }

    /// Restores the terminal and shows a last line.
    pub fn close(self, text: &str) {
        drop(self);
        // A terminal that is gone takes no text.
        let _ = blocking::write_all(fd::output(), format!("* {text}\n").as_bytes());
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.diverted.clear();
        self.events = None;
        self.state.close();
        // A terminal that was stopped (Ctrl-S) may not take the last text; its mode is restored all the same.
        let _ = self.shown.recv_timeout(FLUSH_TIMEOUT);
        let _ = self.mode.restore(fd::input());
        tty::forget();
        let _ = blocking::write_all(fd::output(), NO_PASTE_MARKS);
        let _ = blocking::write_all(fd::output(), b"\n");
    }
}
