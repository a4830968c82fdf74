//! A prompt on the terminal that incoming text does not break: for `chat-join` and the operator of `chat-serve`.
//!
//! Two pipes stand between it and the rest: what is typed comes out of one, line by line, and what goes into the other
//! is shown above the prompt. So the rest works as it does without a terminal.

mod colors;
mod editor;
mod printer;
mod prompt;

use super::Context;
use crate::event::Kind;
use crate::sys::poll::{Interest, wait};
use crate::sys::tty::{self, Mode, NO_PASTE_MARKS};
use crate::sys::{Error, Result, fd, signal};
use colors::SenderColors;
use printer::PromptPrinter;
use prompt::PromptState;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

/// Text without a line end is shown after this long: a prompt of some other server, not a line still on its way.
const UNFINISHED: Duration = Duration::from_millis(300);
/// Text without a line end is shown once it is this long: a peer that never ends its line takes no more memory.
const PIECE: usize = 64 << 10;
/// How long the end of the program waits for the terminal to take the last lines.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(1);
/// The terminal while somebody types. Dropping it gives the terminal back as it was.
pub struct Console {
    mode: Arc<Mode>,
    state: PromptState,
    shown: Receiver<()>,
    diverted: Option<tty::Diverted>,
    /// Held until the end: while somebody may still write, the printer waits for it.
    notes: Option<OwnedFd>,
}

/// How the console looks.
#[derive(Clone, Copy, Debug)]
pub struct Config {
    /// The text before the line that is typed.
    pub prompt: &'static str,
}

/// The console's two pipes.
pub struct Ends {
    /// Lines as they are typed; ends when the person does.
    pub typed: OwnedFd,
    /// What is written here is shown above the prompt.
    pub show: OwnedFd,
}

/// Whether standard input is a terminal that this process may read.
pub fn is_interactive() -> bool {
    fd::is_terminal(fd::input()) && tty::in_foreground(fd::input())
}

/// Opens the console; `None` where standard input and output are not a terminal that can do it.
pub fn open(config: &Config, context: &Context) -> Result<Option<(Console, Ends)>> {
    let input = fd::input();
    if !(is_interactive() && fd::is_terminal(fd::output())) {
        return Ok(None);
    }
    let failed = |e: io::Error| Error::new("open", "the terminal", e).about(Kind::File);
    let state = PromptState::default();
    // A terminal that cannot move its cursor (TERM=dumb) is served as a pipe is.
    let Some((editor, printer)) = editor::open(&state) else { return Ok(None) };
    let mode = Arc::new(Mode::of(input).map_err(failed)?);
    mode.remember();
    signal::mind_the_terminal().map_err(failed)?;
    context.echoed.settle();
    // For as long as the console stands: keys typed between two prompts are keys, not echo, signals or ends of input.
    mode.pass_keys(input).map_err(failed)?;
    let (typed, type_into) = tty::pipe().map_err(failed)?;
    let (show_from, show) = tty::pipe().map_err(failed)?;
    let (notes_from, notes) = tty::pipe().map_err(failed)?;
    let brush = SenderColors::new((context.visible)(), context.colour);
    let (over, shown) = mpsc::channel();
    let printer = PromptPrinter { printer, state: state.clone() };
    let resumed = signal::resumed().map_err(failed)?;
    let keys = Arc::clone(&mode);
    start("print", move || {
        print(&[show_from, notes_from], brush, printer, &Resumption { bell: resumed, keys });
        let _ = over.send(());
    })?;
    let before = Arc::clone(&mode);
    let its = state.clone();
    let prompt = config.prompt;
    start("type", move || editor::edit(editor, prompt, &before, &its, type_into))?;
    let diverted = context.events_on_terminal.map(|number| tty::divert(number, &notes)).transpose();
    let console = Console { mode, state, shown, diverted: diverted.map_err(failed)?, notes: Some(notes) };
    Ok(Some((console, Ends { typed, show })))
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<()> {
    let thread = std::thread::Builder::new().name(name.into()).spawn(run);
    thread.map(drop).map_err(|e| Error::new("start thread", name, e))
}

/// Shows what comes out of the pipes until all are closed: first the room's text, then notes, which are fit to show.
fn print(
    pipes: &[OwnedFd; 2],
    mut brush: SenderColors,
    mut printer: PromptPrinter<impl rustyline::ExternalPrinter>,
    resumption: &Resumption,
) {
    let mut unfinished = [Vec::new(), Vec::new()];
    let mut open = [true, true];
    let mut buffer = vec![0; PIECE];
    while open.contains(&true) {
        let waiting: Vec<usize> = (0..2).filter(|&i| open[i]).collect();
        let bell = std::iter::once(&resumption.bell);
        let fds: Vec<_> =
            waiting.iter().map(|&i| &pipes[i]).chain(bell).map(|p| (p.as_fd(), Interest::Reading)).collect();
        let deadline = unfinished.iter().any(|u| !u.is_empty()).then(|| Instant::now() + UNFINISHED);
        let Ok(ready) = wait(&fds, deadline) else { return };
        if ready.last() == Some(&true) {
            resumption.answer(&mut printer, pipes[0].as_fd());
        }
        let late = !ready.contains(&true);
        let mut text = String::new();
        for (&i, ready) in waiting.iter().zip(ready) {
            let mut whole = 0;
            if ready {
                let len = fd::read(pipes[i].as_fd(), &mut buffer).unwrap_or(0);
                open[i] = len > 0;
                let line_end = memchr::memrchr(b'\n', &buffer[..len]);
                whole = line_end.map_or(0, |at| unfinished[i].len() + at + 1);
                unfinished[i].extend_from_slice(&buffer[..len]);
            }
            let all = late || !open[i] || unfinished[i].len() - whole >= PIECE;
            let end = if all { unfinished[i].len() } else { whole };
            let bytes: Vec<u8> = unfinished[i].drain(..end).collect();
            match i {
                0 => brush.paint(&bytes, &mut text),
                _ => text.push_str(&String::from_utf8_lossy(&bytes)),
            }
        }
        if !text.is_empty() {
            printer.show(&text, pipes[0].as_fd());
        }
    }
}

/// The program goes on after a stop (Ctrl-Z): the shell has set the terminal's mode, and has written to it.
struct Resumption {
    bell: OwnedFd,
    keys: Arc<Mode>,
}

impl Resumption {
    fn answer(&self, printer: &mut PromptPrinter<impl rustyline::ExternalPrinter>, pipe: BorrowedFd<'_>) {
        // As often as it went on since: once is enough.
        let _ = fd::read(self.bell.as_fd(), &mut [0; 64]);
        printer.state.renew(|| drop(self.keys.pass_keys(fd::input())));
        printer.redraw(pipe);
    }
}

impl Console {
    /// Whether the person may type still.
    pub fn is_open(&self) -> bool {
        !self.state.is_over()
    }

    /// Gives the terminal back and shows a last line of ours there.
    pub fn close(self, text: &str) {
        drop(self);
        // A terminal that is gone takes no words.
        let _ = fd::write_all(fd::output(), format!("* {text}\n").as_bytes());
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        self.diverted = None;
        self.notes = None;
        self.state.hurry();
        // A terminal that was stopped (Ctrl-S) may not take them; it gets its mode back all the same.
        let _ = self.shown.recv_timeout(FLUSH_TIMEOUT);
        let _ = self.mode.restore(fd::input());
        tty::forget();
        let _ = fd::write_all(fd::output(), NO_PASTE_MARKS);
        let _ = fd::write_all(fd::output(), b"\n");
    }
}
