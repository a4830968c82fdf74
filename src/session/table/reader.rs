//! Passes over the socket table, with one warning about what is wrong with the rows.

use crate::event::{Event, Events, Fault, Kind};
use crate::sys::diag::{Dumped, Query, Row, Source, Tables};
use crate::sys::{self, Error};
use std::io;
use std::ops::ControlFlow;

/// Reads the table for a command.
#[derive(Default)]
pub(super) struct TableReader {
    tables: Tables,
    warned: bool,
}

impl TableReader {
    /// Gives every row that answers, and its source, to `visit`.
    pub fn read(
        &mut self,
        query: &Query,
        events: &Events,
        visit: &mut dyn FnMut(&Row<'_>, Source) -> ControlFlow<()>,
    ) -> sys::Result<()> {
        let dumped = self.tables.dump(query, visit).map_err(|e| Error::new("read", "the socket table", e))?;
        if let Some(fault) = warning(&dumped).filter(|_| !self.warned) {
            self.warned = true;
            events.emit(Event::Warning { fault });
        }
        Ok(())
    }
}

/// What is wrong with the rows of a pass.
pub(super) fn warning(dumped: &Dumped) -> Option<Fault> {
    let (kind, text) = match &dumped.refused {
        Some(error) => (
            Kind::Permission,
            format!(
                "sock_diag failed ({}); reading /proc/net, which lacks backlogs and the details of -e",
                sys::error::reason(error)
            ),
        ),
        None if dumped.interrupted => {
            (Kind::Data, "the table changed while it was read; rows may be missing".into())
        }
        None => return None,
    };
    let errno = dumped.refused.as_ref().and_then(io::Error::raw_os_error).map(sys::error::errno_name);
    Some(Fault { kind, op: Some("sock_diag".into()), errno, conn: None, peer: None, text })
}
