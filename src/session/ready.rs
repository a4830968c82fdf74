//! A server whose sockets are there: it becomes another user, and announces that it is ready: its addresses in a file, on a
//! descriptor it inherited, a word to the service manager that started it.

use super::Context;
use crate::event::{Event, Kind};
use crate::sys;
use crate::sys::socket::Socket;
use crate::sys::user::User;
use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::fd::RawFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Names tried for the unfinished file, where others are in the way.
const TRIES: u32 = 8;

/// Where a server reports that it is ready, and what it does before.
#[derive(Clone, Debug, Default)]
pub struct Ready {
    /// The user to switch to first.
    pub user: Option<User>,
    /// A file to write.
    pub file: Option<PathBuf>,
    /// The number of an inherited descriptor, [`Context::ready_fd`].
    pub fd: Option<RawFd>,
}

/// Switches to another user if requested, then writes the addresses of `sockets`, one a line, to where the user requested
/// them, and notifies the service manager.
pub fn announce(ready: &Ready, sockets: &[Socket], context: &mut Context) -> sys::Result<()> {
    if let Some(user) = &ready.user {
        user.assume()?;
        sockets.iter().filter(|socket| socket.leaves_file()).for_each(|socket| {
            let why = format!(
                "user {} has no permission to remove this file; it remains when the program ends",
                user.name()
            );
            let error = sys::Error::new("unlink", socket.on(), io::Error::other(why)).about(Kind::File);
            context.events.emit(Event::Warning { fault: socket.blame(error.fault()) });
        });
    }
    let mut text = String::new();
    for address in sockets.iter().filter_map(Socket::local) {
        let _ = writeln!(text, "{address}");
    }
    if let Some(path) = &ready.file {
        write_whole(path, &text)
            .map_err(|e| sys::Error::new("write", path.display(), e).about(Kind::File))?;
    }
    if let (Some(number), Some(fd)) = (ready.fd, context.ready_fd.take()) {
        let told = File::from(fd).write_all(text.as_bytes());
        told.map_err(|e| sys::Error::new("write", format_args!("--ready-fd {number}"), e).about(Kind::File))?;
    }
    if let Some(service) = &context.service
        && let Err(error) = service.notify("READY=1")
    {
        let on = format_args!("NOTIFY_SOCKET {}", service.path.display()).to_string();
        let fault = sys::Error::new("notify", on, error).about(Kind::File).fault();
        context.events.emit(Event::Warning { fault });
    }
    Ok(())
}

/// Writes a file that is seen whole or not at all: under another name first, through no link, gone again if it fails.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    // Renaming over a device or a pipe would replace it for all programs.
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::other("exists and is not a regular file"));
    }
    let (mut file, unfinished) = create_beside(path)?;
    file.write_all(text.as_bytes())
        .and_then(|()| fs::rename(&unfinished, path))
        .inspect_err(|_| drop(fs::remove_file(&unfinished)))
}

/// A new file in the same folder, and its name.
fn create_beside(path: &Path) -> io::Result<(File, PathBuf)> {
    let mut tries = 0..TRIES;
    loop {
        let mut name = path.file_name().ok_or(io::ErrorKind::IsADirectory)?.to_owned();
        let number = tries.next();
        name.push(format!(".{}.{}", std::process::id(), number.unwrap_or(TRIES)));
        let unfinished = path.with_file_name(name);
        // O_EXCL, which follows no link in the last part of a name (open(2)).
        match OpenOptions::new().write(true).create_new(true).custom_flags(libc::O_NOFOLLOW).open(&unfinished)
        {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && number.is_some() => {}
            answer => return answer.map(|file| (file, unfinished)),
        }
    }
}
