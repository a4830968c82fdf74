//! The flags of taps as values.

use super::Context;
use crate::cli::TapArgs;
use crate::event::Kind;
use crate::net::tap::{DumpTarget, TapConfig, Taps};
use crate::sys::Error;
use std::rc::Rc;

/// The taps of a run, where there are any. Opens their files.
pub(crate) fn taps(args: &TapArgs, context: &Context) -> Result<Option<Rc<Taps>>, Error> {
    let dump_file = match &args.hex_dump {
        Some(DumpTarget::File(path)) => Some(path),
        _ => None,
    };
    let has_file = args.output.is_some() || args.hex_dump.is_some();
    if args.append_output && !has_file {
        return Err(usage("--append-output needs --output or --hex-dump"));
    }
    if dump_file.is_some() && dump_file == args.output.as_ref() {
        return Err(usage("--output and --hex-dump need a file each"));
    }
    let config = TapConfig {
        output: args.output.clone(),
        both: args.both,
        hex_dump: args.hex_dump.clone(),
        append: args.append_output,
        rate: args.rate,
        delay: args.delay.filter(|delay| !delay.is_zero()),
    };
    Ok(Taps::open(&config, &context.events)?.map(Rc::new))
}

fn usage(text: &str) -> Error {
    Error::new("read", "the command line", std::io::Error::other(text)).about(Kind::Usage)
}
