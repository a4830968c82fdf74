//! The bytes of `--respond`: read once, before the first client.

use super::Context;
use crate::cli::Response;
use crate::event::{Event, Kind};
use crate::session::tcp_server::is_pipe;
use crate::sys::detached::{Detached, run_detached};
use crate::sys::passed::refusal;
use crate::sys::{Error, Result, fd};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// The text, or the contents of the file. A pipe is read until it ends or the program is asked to end.
pub(crate) fn response(answer: &Response, context: &Context) -> Result<Vec<u8>> {
    match answer {
        Response::Text { bytes, word } => {
            warn_of_file(word, context);
            Ok(bytes.clone())
        }
        Response::File(path) if path.as_os_str() == "-" => {
            if let Some(socket) = context.passed.iter().find(|socket| socket.was_input) {
                let why = "it is the socket; --respond @- cannot read it";
                return Err(refusal(&socket.name, why).about(Kind::Usage));
            }
            let input = || {
                let mut bytes = Vec::new();
                File::from(fd::take_input()?).read_to_end(&mut bytes).map(|_| bytes)
            };
            wait_for(Path::new("standard input"), context, input)
        }
        Response::File(path) if path.metadata().is_ok_and(|found| is_pipe(&found)) => {
            let pipe = path.clone();
            wait_for(path, context, move || fs::read(pipe))
        }
        Response::File(path) => fs::read(path).map_err(|e| failed(path, e)),
    }
}

fn wait_for(
    path: &Path,
    context: &Context,
    read: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> Result<Vec<u8>> {
    match run_detached("input", None, &context.stop, read) {
        Ok(Detached::Done(read)) => read.map_err(|e| failed(path, e)),
        Ok(Detached::Late | Detached::Stopped) => Err(failed(path, io::ErrorKind::Interrupted.into())),
        Err(error) => Err(failed(path, error)),
    }
}

/// Warns of a text that is the name of a file, which may be meant.
fn warn_of_file(word: &OsStr, context: &Context) {
    if Path::new(word).is_file() {
        let word = word.display();
        let why = io::Error::other(format!("sent as text; type @{word} to send the contents of the file"));
        let fault = Error::new("respond", word, why).about(Kind::Usage).fault();
        context.events.emit(Event::Warning { fault });
    }
}

fn failed(path: &Path, error: io::Error) -> Error {
    Error::new("open", path.display(), error).about(Kind::File)
}
