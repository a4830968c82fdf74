//! The services of a TCP server.

use crate::event::Kind;
use crate::session::command::Children;
use crate::session::forward::Forward;
use crate::session::proxy_server::ProxyServer;
use crate::sys::{Error, Result};
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// What a client gets.
pub enum Service {
    /// Standard input; what it sends goes to standard output.
    Pipe,
    /// Its own bytes.
    Echo,
    /// Its own bytes in upper case.
    Upper,
    /// Nothing; what it sends is thrown away.
    Discard,
    /// These bytes, then FIN.
    Respond(Rc<[u8]>),
    /// This file, read anew for each client, then FIN.
    Send(PathBuf),
    /// What it asks for: a stream to another server, or the response of one.
    Proxy(Box<ProxyServer>),
    /// What is written into this pipe, then FIN.
    Stream(PathBuf),
    /// A command with the connection as its standard input and output.
    Command(Children),
    /// A connection of its own to a target.
    Forward(Box<Forward>),
}

impl Service {
    /// The contents of a file or pipe. A file is opened now, so that it fails before the first client.
    pub fn send(path: &Path) -> Result<Self> {
        if path.metadata().is_ok_and(|found| is_pipe(&found)) {
            return Ok(Self::Stream(path.to_owned()));
        }
        open(path)?;
        Ok(Self::Send(path.to_owned()))
    }
}

/// Opens a file, not a folder.
pub(super) fn open(path: &Path) -> Result<File> {
    let failed = |error| Error::new("open", path.display(), error).about(Kind::File);
    let file = File::open(path).map_err(failed)?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(failed(io::Error::from_raw_os_error(libc::EISDIR)));
    }
    Ok(file)
}

/// Whether reading may wait for a writer, and is possible only once.
pub fn is_pipe(found: &Metadata) -> bool {
    let kind = found.file_type();
    kind.is_fifo() || kind.is_char_device()
}
