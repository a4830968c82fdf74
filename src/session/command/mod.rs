//! Commands that have a connection, or the datagrams of a peer, as their standard input and output (`--exec`, `--sh-exec`).
//!
//! A plain connection is handed over as the socket itself: nothing is copied, and this program only watches it. Where
//! something stands between the bytes and the socket (TLS, a tap) they pass through pipes.
//!
//! A connection lasts as long as its command: at the command's end its FIN is sent, even if another process that the
//! command left behind has the socket too. A connection that breaks hangs the command up (SIGHUP to its process group). At
//! our own end the groups get SIGTERM, and SIGKILL after [`GRACE`].

mod children;
pub mod client;
mod connection;
mod environment;
mod line;
mod pipes;

pub use children::Children;
pub(super) use environment::environment;
pub use line::CommandLine;
pub(super) use line::{exit_fields, start_fields};

use std::time::Duration;

/// Between SIGTERM and SIGKILL.
pub(super) const GRACE: Duration = Duration::from_secs(2);
