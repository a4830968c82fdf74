//! Telling whoever waits for it that a server is ready: a file, or a descriptor it inherited.

use crate::cli::ReadyArgs;
use crate::event::Kind;
use crate::sys::socket::Tracked;
use crate::sys::{self, stdio};
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;

/// Writes the addresses of `sockets`, one a line, to where the user wants them.
pub(super) fn announce(args: &ReadyArgs, sockets: &[Tracked]) -> sys::Result<()> {
    let mut text = String::new();
    for address in sockets.iter().filter_map(Tracked::local) {
        let _ = writeln!(text, "{address}");
    }
    if let Some(path) = &args.ready_file {
        write_whole(path, &text)
            .map_err(|e| sys::Error::new("write", path.display(), e).about(Kind::File))?;
    }
    if let Some(number) = args.ready_fd {
        let told = stdio::take_inherited(number).and_then(|fd| fs::File::from(fd).write_all(text.as_bytes()));
        told.map_err(|e| sys::Error::new("write", format_args!("--ready-fd {number}"), e).about(Kind::File))?;
    }
    Ok(())
}

/// Writes a file that is seen whole or not at all.
fn write_whole(path: &Path, text: &str) -> std::io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}", std::process::id()));
    let unfinished = path.with_file_name(name);
    fs::write(&unfinished, text)?;
    fs::rename(&unfinished, path).inspect_err(|_| drop(fs::remove_file(&unfinished)))
}
