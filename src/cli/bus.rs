//! The flags of a bus.

use super::secret::Secret;
use super::values::duration;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

/// The bus of a room.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Several machines")]
pub struct BusArgs {
    /// Share the room with other machines through NATS: nats:// or tls://HOST[:PORT]. USER:PASSWORD@ or TOKEN@ may stand before HOST, but an argument is visible to everybody on this machine
    #[arg(long, value_name = "URL", requires = "room", conflicts_with = "raw")]
    pub bus: Option<Secret>,
    /// The name of the room on the bus: letters, digits, - and _
    #[arg(long, value_name = "NAME", requires = "bus")]
    pub room: Option<String>,
    /// Log in with a NATS credentials file
    #[arg(long, value_name = "FILE", requires = "bus", conflicts_with = "bus_auth_file")]
    pub bus_creds: Option<PathBuf>,
    /// Read USER:PASSWORD or TOKEN for the bus from the first line of FILE [default: SOQUETE_BUS_AUTH of the environment]
    #[arg(long, value_name = "FILE", requires = "bus")]
    pub bus_auth_file: Option<PathBuf>,
    /// Trust the roots in FILE instead of the system's, for a bus that speaks TLS
    #[arg(long, value_name = "FILE", requires = "bus")]
    pub bus_ca: Option<PathBuf>,
    /// Keep trying this long to reach the bus at the start
    #[arg(long, value_name = "DUR", value_parser = duration, requires = "bus")]
    pub bus_wait: Option<Duration>,
}
