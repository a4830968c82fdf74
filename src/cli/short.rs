//! What `-h` shows: a page of the options that are used most, and examples; `--help` has all.

use clap::{Arg, Command};

/// Lines of examples that `-h` shows.
const EXAMPLES: usize = 5;

/// The options that `-h` shows of each subcommand, besides those of events.
const SHOWN: [(&str, &[&str]); 8] = [
    ("listen", &["public", "echo", "send", "keep_open", "prefix", "max_conns", "idle_timeout"]),
    ("connect", &["check", "timeout", "wait", "recv_only", "crlf", "exec", "idle_timeout"]),
    ("udp-serve", &["public", "echo", "upper", "respond", "join"]),
    ("udp-send", &["check", "whole", "size", "reply_wait", "replies", "repeat", "interval", "broadcast"]),
    ("chat-serve", &["public", "announce", "history", "max_clients", "slow", "raw"]),
    ("chat-join", &["nick", "timeout", "idle_timeout", "tls", "source", "only_v4", "only_v6"]),
    ("multi-connect", &["targets", "no_prefix", "ordered", "reconnect", "timeout", "idle_timeout", "tls"]),
    (
        "stat",
        &[
            "tcp",
            "udp",
            "unix",
            "listening",
            "state",
            "processes",
            "extended",
            "summary",
            "watch",
            "top",
            "wait",
        ],
    ),
];

/// Events for people and for scripts, which every page shows.
const EVENTS: [&str; 4] = ["json", "quiet", "brief", "verbose"];

/// The definition with a short `-h` for each subcommand that has many options.
pub(super) fn shorten(root: Command) -> Command {
    let root =
        root.mut_subcommands(|command| match SHOWN.iter().find(|(name, _)| command.get_name() == *name) {
            Some((_, shown)) => page(command, shown),
            None => command,
        });
    root.mut_args(|arg| {
        let shown = !arg.is_global_set() || EVENTS.contains(&arg.get_id().as_str());
        if shown { arg } else { hide(arg) }
    })
}

/// Manual pages are made of the long help where the short one is hidden.
fn hide(arg: Arg) -> Arg {
    let text = arg.get_long_help().or_else(|| arg.get_help()).cloned().unwrap_or_default();
    arg.long_help(text).hide_short_help(true)
}

fn page(command: Command, shown: &[&str]) -> Command {
    let whole = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let lines: Vec<&str> = whole.lines().take(1 + EXAMPLES).collect();
    let more = left_out(&command, shown).join(", ");
    let short = format!("See --help for more: {more}\n\n{}", lines.join("\n"));
    let command = command.after_help(short).after_long_help(whole);
    command.mut_args(|arg| {
        let shown = arg.is_positional() || shown.contains(&arg.get_id().as_str());
        if shown { arg } else { hide(arg) }
    })
}

/// The headings under which `-h` shows nothing.
fn left_out<'a>(command: &'a Command, shown: &[&str]) -> Vec<&'a str> {
    let is_shown = |arg: &&Arg| shown.contains(&arg.get_id().as_str());
    let seen: Vec<_> = command.get_arguments().filter(is_shown).filter_map(Arg::get_help_heading).collect();
    let mut out = Vec::new();
    for heading in command.get_arguments().filter_map(Arg::get_help_heading) {
        if !seen.contains(&heading) && !out.contains(&heading) {
            out.push(heading);
        }
    }
    out
}
