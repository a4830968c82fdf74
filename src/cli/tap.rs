//! Flags of taps: copies of a stream, a limit of its rate, a pause between lines.

use super::values::{duration, size};
use crate::net::tap::DumpTarget;
use clap::{ArgGroup, Args};
use std::num::NonZero;
use std::path::PathBuf;
use std::time::Duration;

/// What watches or slows a stream.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Taps", group(ArgGroup::new("tap_files").args(["output", "hex_dump"]).multiple(true)))]
pub struct TapArgs {
    /// Also write received bytes to FILE, unchanged and without tags; several connections share the file
    #[arg(long, value_name = "FILE", value_parser = file)]
    pub output: Option<PathBuf>,
    /// Also write sent bytes to the file of --output
    #[arg(long, requires = "output")]
    pub both: bool,
    /// Write received and sent bytes to FILE as a hex dump; - is standard error
    #[arg(long, value_name = "FILE", value_parser = dump)]
    pub hex_dump: Option<DumpTarget>,
    /// Append to the files of --output and --hex-dump instead of truncating them
    #[arg(long, requires = "tap_files")]
    pub append_output: bool,
    /// Limit each connection to SIZE bytes a second, each way
    #[arg(long, value_name = "SIZE", value_parser = rate)]
    pub rate: Option<NonZero<u64>>,
    /// Pause for this long after each line that is sent
    #[arg(long, value_name = "DUR", value_parser = duration)]
    pub delay: Option<Duration>,
}

fn file(word: &str) -> Result<PathBuf, String> {
    match word {
        "" => Err("the name is empty".into()),
        "-" => Err("standard output receives the bytes already; for a file of that name type ./-".into()),
        path => Ok(path.into()),
    }
}

fn dump(word: &str) -> Result<DumpTarget, String> {
    match word {
        "" => Err("the name is empty".into()),
        "-" => Ok(DumpTarget::Stderr),
        path => Ok(DumpTarget::File(path.into())),
    }
}

fn rate(word: &str) -> Result<NonZero<u64>, String> {
    NonZero::new(size(word)? as u64).ok_or_else(|| "the rate must be at least 1".into())
}
