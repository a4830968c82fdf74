//! What a listener's clients get.

use super::response::{failed, is_pipe, response};
use crate::cli::Listen;
use crate::session::Context;
use crate::sys;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// One of the services of `listen`.
pub enum Service {
    /// Standard input to all, what they send to standard output.
    Pipe,
    /// What comes goes back.
    Echo,
    /// What comes goes back in upper case.
    Upper,
    /// What comes is thrown away.
    Discard,
    /// Everybody gets these bytes, then FIN.
    Respond(Rc<[u8]>),
    /// Everybody gets this file, read anew, then FIN.
    Send(PathBuf),
    /// Whoever comes gets what is written into this pipe, then FIN.
    Stream(PathBuf),
}

impl Service {
    /// The service asked for; files are tried now rather than at the first client.
    pub fn of(args: &Listen, context: &Context) -> sys::Result<Self> {
        let service = &args.service;
        Ok(match (&service.respond, &service.send) {
            _ if service.echo => Self::Echo,
            _ if service.upper => Self::Upper,
            _ if service.discard => Self::Discard,
            (Some(answer), _) => Self::Respond(response(answer, context)?.into()),
            (None, Some(path)) if path.metadata().is_ok_and(|found| is_pipe(&found)) => {
                Self::Stream(path.clone())
            }
            (None, Some(path)) => {
                open(path)?;
                Self::Send(path.clone())
            }
            (None, None) => Self::Pipe,
        })
    }
}

pub fn open(path: &Path) -> sys::Result<File> {
    let file = File::open(path).map_err(|e| failed(path, e))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(failed(path, std::io::Error::from_raw_os_error(libc::EISDIR)));
    }
    Ok(file)
}
