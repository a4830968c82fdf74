//! The exit statuses as users read them.

use soquete::exit::Exit;
use soquete::sys::signal::Signal;

/// Every status with what it means; one left out does not compile.
pub fn statuses() -> Vec<(u8, &'static str)> {
    const _: fn(Exit) = |exit| match exit {
        Exit::Done
        | Exit::Network
        | Exit::Usage
        | Exit::Deadline
        | Exit::Partial
        | Exit::Local
        | Exit::Signalled(Signal::HangUp | Signal::Interrupt | Signal::Terminate)
        | Exit::Command(_) => (),
    };
    let meanings = [
        (Exit::Done, "Done; for checks, the condition holds."),
        (Exit::Network, "A network error: refused, reset, unreachable, name not found; stat: no match."),
        (Exit::Usage, "A wrong command line."),
        (Exit::Deadline, "A deadline passed."),
        (Exit::Partial, "Some of several targets failed."),
        (
            Exit::Local,
            "A local error: address in use, permission, out of descriptors, a file that cannot be opened or written.",
        ),
        (
            Exit::Signalled(Signal::HangUp),
            "Terminated by SIGHUP, as shells report it, after connections were closed in order; process 1 exits with this status.",
        ),
        (
            Exit::Signalled(Signal::Interrupt),
            "Terminated by SIGINT, as shells report it, after connections were closed in order; process 1 exits with this status.",
        ),
        (
            Exit::Signalled(Signal::Terminate),
            "Terminated by SIGTERM, as shells report it, after connections were closed in order; process 1 exits with this status.",
        ),
    ];
    meanings.map(|(exit, meaning)| (exit.code(), meaning)).to_vec()
}
