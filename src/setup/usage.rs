//! What is printed where the command line is wrong, or asks for help.

use super::{complain, print};
use crate::advice;
use crate::event::{Fault, Kind};
use crate::exit::Exit;
use crate::output;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::ffi::OsString;

/// What the standard library says of a word that is not a number, and what is said instead.
const NUMBERS: [(&str, &str); 4] = [
    ("invalid digit found in string", "it is not a whole number"),
    ("cannot parse integer from empty string", "it is not a whole number"),
    ("number too large to fit in target type", "it is too large"),
    ("number too small to fit in target type", "it is too small"),
];

/// Prints help and version to standard output; a usage error is one line that says what to type.
pub(crate) fn explain(error: &clap::Error, args: &[OsString]) -> Exit {
    if !error.use_stderr() {
        return print(&error.render().to_string());
    }
    let text = error.render().to_string();
    let mut parts = text.lines().map(str::trim).filter(|l| !l.is_empty());
    let mut said = parts.next().unwrap_or_default().trim_start_matches("error: ").to_owned();
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        output::complain_raw(&text);
        return Exit::Usage;
    }
    let named = match args.iter().filter_map(|a| a.to_str()).find(|a| known(a)).unwrap_or_default() {
        "check" | "wait" => "connect",
        named => named,
    };
    let meant = misspelt(error).and_then(|(typed, named)| advice::spelled(args, typed, named));
    let meant = meant.or_else(|| advice::instead(args));
    let hint = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(flag)) if error.kind() == ErrorKind::UnknownArgument => {
            advice::hint(named, flag.split(' ').next().unwrap_or(flag))
        }
        _ => None,
    };
    if meant.is_none() && hint.is_none() {
        let said_of_use = |l: &&str| !l.starts_with("Usage:") && !l.starts_with("For more");
        // After `--` comes a command to run, but in udp-send.
        let misleads = |l: &&str| l.starts_with("tip: to pass") && named != "udp-send";
        // A conflict with one flag of a group is told with all of the group.
        let is_conflict = error.kind() == ErrorKind::ArgumentConflict && said.ends_with(':');
        let concerns = |l: &&str| !misleads(l) && (!is_conflict || is_typed(l, args));
        for part in parts.take_while(said_of_use).filter(concerns) {
            said.push_str(if said.ends_with(':') { " " } else { "; " });
            said.push_str(part);
        }
    }
    let said = NUMBERS.iter().fold(said, |said, (standard, ours)| said.replace(standard, ours));
    let said = match (meant, hint) {
        (Some(line), _) => format!("{}; did you mean `{line}`?", said.trim_end_matches(':')),
        (None, Some(hint)) => format!("{said}; {hint}"),
        (None, None) if named.is_empty() => format!("{said}; see `soquete --help`"),
        (None, None) => format!("{said}; see `soquete {named} --help`"),
    };
    let text = advice::without_passwords(&said, args);
    let fault = Fault { kind: Kind::Usage, op: None, errno: None, conn: None, peer: None, text };
    complain(args.iter().any(|a| a == "--json"), fault, Exit::Usage)
}

/// Whether the flag that `usage` begins with was typed. A short one may be any.
fn is_typed(usage: &str, args: &[OsString]) -> bool {
    let flag = usage.split([' ', '=', '[']).next().unwrap_or(usage);
    let is_it =
        |word: &str| word.strip_prefix(flag).is_some_and(|rest| rest.is_empty() || rest.starts_with('='));
    !flag.starts_with("--") || args.iter().filter_map(|word| word.to_str()).any(is_it)
}

/// A word that is no subcommand, and the subcommand that it resembles.
fn misspelt(error: &clap::Error) -> Option<(&str, &str)> {
    let Some(ContextValue::String(typed)) = error.get(ContextKind::InvalidSubcommand) else { return None };
    let Some(ContextValue::Strings(similar)) = error.get(ContextKind::SuggestedSubcommand) else {
        return None;
    };
    Some((typed, similar.last()?))
}

fn known(word: &str) -> bool {
    matches!(word, "check" | "wait") || crate::cli::command().get_subcommands().any(|c| c.get_name() == word)
}
