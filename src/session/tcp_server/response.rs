//! What `--respond` sends: read once, before anybody comes.

use crate::cli::Response;
use crate::event::{Event, Kind};
use crate::session::Context;
use crate::sys::detached::{Detached, run_detached};
use crate::sys::{self, Error, fd};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

/// The text, or the contents of the file. A pipe is waited for until the program is asked to end.
pub fn response(answer: &Response, context: &Context) -> sys::Result<Vec<u8>> {
    match answer {
        Response::Text { bytes, word } => {
            warn_of_file(word, context);
            Ok(bytes.clone())
        }
        Response::File(path) if path.as_os_str() == "-" => {
            let input = || {
                let mut bytes = Vec::new();
                File::from(fd::take_input()?).read_to_end(&mut bytes).map(|_| bytes)
            };
            wait_for(Path::new("standard input"), context, input)
        }
        Response::File(path) if path.metadata().is_ok_and(|found| is_pipe(&found)) => {
            let asked = path.clone();
            wait_for(path, context, move || fs::read(asked))
        }
        Response::File(path) => fs::read(path).map_err(|e| failed(path, e)),
    }
}

fn wait_for(
    path: &Path,
    context: &Context,
    read: impl FnOnce() -> io::Result<Vec<u8>> + Send + 'static,
) -> sys::Result<Vec<u8>> {
    match run_detached("input", None, &context.stop, read) {
        Ok(Detached::Done(read)) => read.map_err(|e| failed(path, e)),
        Ok(Detached::Late | Detached::Stopped) => Err(failed(path, io::ErrorKind::Interrupted.into())),
        Err(error) => Err(failed(path, error)),
    }
}

/// A text that is the name of a file may be meant as one.
fn warn_of_file(word: &OsStr, context: &Context) {
    if Path::new(word).is_file() {
        let word = word.display();
        let why = io::Error::other(format!("sent as text; type @{word} for what the file holds"));
        context
            .events
            .emit(Event::Warning { fault: Error::new("respond", word, why).about(Kind::Usage).fault() });
    }
}

/// Whether it has to be waited for, and can be read once.
pub(super) fn is_pipe(found: &Metadata) -> bool {
    let kind = found.file_type();
    kind.is_fifo() || kind.is_char_device()
}

pub(super) fn failed(path: &Path, error: io::Error) -> Error {
    Error::new("open", path.display(), error).about(Kind::File)
}
