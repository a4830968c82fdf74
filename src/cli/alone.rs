//! The command line of one subcommand alone: building the definitions of all takes as long as a connection that is
//! refused, and a script pays it at every start.

use super::effect;
use super::{ChatJoin, ChatServe, Cli, Connect, Global, Listen, MultiConnect, Stat, UdpSend, UdpServe};
use clap::{Args, Command, FromArgMatches};
use std::ffi::OsString;
use std::mem::ManuallyDrop;

type Build = fn(Command) -> Command;

/// The subcommands that sockets are opened or listed by.
const BUILDS: [(&str, Build); 8] = [
    ("listen", Listen::augment_args),
    ("connect", Connect::augment_args),
    ("udp-serve", UdpServe::augment_args),
    ("udp-send", UdpSend::augment_args),
    ("chat-serve", ChatServe::augment_args),
    ("chat-join", ChatJoin::augment_args),
    ("multi-connect", MultiConnect::augment_args),
    ("stat", Stat::augment_args),
];

/// What `args` mean to the subcommand that is named first; `None` where that alone does not understand them, which
/// leaves help, mistakes and everything else to the whole definition.
pub(super) fn parse(args: &[OsString]) -> Option<Cli> {
    let build = |word: &OsString| BUILDS.iter().find(|(name, _)| word == name);
    let (name, build) = args.iter().skip(1).find_map(build)?;
    let whole = Global::augment_args(Command::new("soquete")).subcommand_required(true);
    // Taking the definition apart again would cost half of building it.
    let mut whole = ManuallyDrop::new(whole.subcommand(build(Command::new(*name))));
    let matches = whole.try_get_matches_from_mut(args).ok()?;
    let cli = Cli::from_arg_matches(&matches).ok()?;
    effect::check(&cli, &matches).ok()?;
    Some(cli)
}

#[cfg(test)]
mod tests {
    use super::{BUILDS, parse};
    use std::ffi::OsString;

    fn parsed(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        parse(&words).map(|cli| format!("{cli:?}"))
    }

    fn whole(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        crate::cli::whole(&words).ok().map(|cli| format!("{cli:?}"))
    }

    #[test]
    fn every_subcommand_with_flags_of_its_own_is_there() {
        let whole = crate::cli::command();
        let names = whole.get_subcommands().map(clap::Command::get_name);
        let mut missing = names.filter(|name| BUILDS.iter().all(|(n, _)| n != name));
        assert_eq!(missing.by_ref().collect::<Vec<_>>(), ["demo", "completions"]);
    }

    #[test]
    fn a_subcommand_alone_means_what_it_means_among_all() {
        for line in [
            "soquete connect localhost 80",
            "soquete --json -v connect --timeout 5s --nodelay localhost 80",
            "soquete connect --json localhost 80 --keepalive=5",
            "soquete listen -k 0 --echo -q",
            "soquete chat-serve",
            "soquete stat -tulp",
            "soquete udp-send localhost 5000 listen",
            "soquete connect --check db 5432 -- listen x",
        ] {
            assert!(parsed(line).is_some(), "{line}");
            assert_eq!(parsed(line), whole(line), "{line}");
        }
    }

    #[test]
    fn what_is_wrong_or_asks_for_help_is_left_to_the_whole() {
        for line in [
            "soquete",
            "soquete --help",
            "soquete connect --help",
            "soquete connect",
            "soquete listen --nonsense 80",
            "soquete listen --echo --prefix 80",
            "soquete connect --nodelay --nodelay localhost 80",
            "soquete --events listen connect localhost 80",
            "soquete demo",
        ] {
            assert_eq!(parsed(line), None, "{line}");
        }
    }
}
