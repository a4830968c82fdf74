//! The flags of taps as values.

use super::Context;
use crate::cli::TapArgs;
use crate::event::Kind;
use crate::net::tap::{DumpTarget, TapConfig, Taps};
use crate::sys::Error;
use std::rc::Rc;

/// The taps of a run, where there are any. Opens their files.
pub(crate) fn open_taps(args: &TapArgs, context: &Context) -> Result<Option<Rc<Taps>>, Error> {
    let dump_file = match &args.hex_dump {
        Some(DumpTarget::File(path)) => Some(path),
        _ => None,
    };
    if let Some(path) = dump_file.filter(|path| args.output.as_ref() == Some(*path)) {
        let why = std::io::Error::other("--output and --hex-dump need a file each");
        return Err(Error::new("open", path.display(), why).about(Kind::Usage));
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
