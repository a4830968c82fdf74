//! Words that a script completes when it runs: hosts, services, interfaces. Which arguments take them is read from the command
//! definition.

use clap::{Arg, Command};

/// Prints the hosts of `known_hosts` that are not hashed. An awk program without quotes and backslashes, which shells treat
/// differently; only names are printed that no shell expands.
pub(super) const KNOWN_HOSTS: &str = "{ place = ($1 ~ /^@/) ? $2 : $1; count = split(place, names, \",\"); \
     for (i = 1; i <= count; i++) { name = names[i]; sub(/^[[]/, \"\", name); sub(/[]](:[0-9]+)?$/, \"\", name); \
     if (name ~ /^[A-Za-z0-9][A-Za-z0-9.:_-]*$/) print name } }";
/// Prints the names of `/etc/hosts`.
pub(super) const HOSTS: &str = "{ sub(/#.*/, \"\"); \
     for (i = 2; i <= NF; i++) if ($i ~ /^[A-Za-z0-9][A-Za-z0-9._-]*$/) print $i }";
/// Prints the names of `/etc/services`.
pub(super) const SERVICES: &str = "$1 ~ /^[A-Za-z][A-Za-z0-9_-]*$/ { print $1 }";

/// What an argument takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Words {
    /// A host or a port.
    Places,
    /// A network interface.
    Interfaces,
}

/// The words that an argument takes, if they are of a kind that is known here.
pub(super) fn of(arg: &Arg) -> Option<Words> {
    let names = arg.get_value_names().unwrap_or_default();
    let is_place = |name: &str| name.contains("HOST") || matches!(name, "TARGET" | "FILTER");
    match arg.get_id().as_str() {
        "device" => Some(Words::Interfaces),
        _ if !arg.is_global_set() && names.iter().any(|name| is_place(name)) => Some(Words::Places),
        _ => None,
    }
}

/// The subcommands with an operand that is a place.
pub(super) fn placed(root: &Command) -> Vec<&str> {
    let takes = |command: &&Command| command.get_positionals().any(|arg| of(arg) == Some(Words::Places));
    root.get_subcommands().filter(takes).map(Command::get_name).collect()
}

/// The options of these words, `--name`, sorted.
pub(super) fn options(root: &Command, words: Words) -> Vec<String> {
    long(root, |arg| of(arg) == Some(words))
}

/// The options whose value is the next word of the command line, `--name` and `-n`, sorted.
pub(super) fn valued(root: &Command) -> Vec<String> {
    let takes = |arg: &Arg| {
        let at_least = arg.get_num_args().map_or(0, |range| range.min_values());
        at_least > 0 && !arg.is_require_equals_set()
    };
    let mut names = long(root, takes);
    let short = options_of(root).filter(|arg| takes(arg)).filter_map(Arg::get_short);
    names.extend(short.map(|short| format!("-{short}")));
    names.sort();
    names.dedup();
    names
}

fn long(root: &Command, wanted: impl Fn(&Arg) -> bool) -> Vec<String> {
    let mut names: Vec<String> = options_of(root)
        .filter(|arg| wanted(arg))
        .filter_map(|arg| arg.get_long().map(|long| format!("--{long}")))
        .collect();
    names.sort();
    names.dedup();
    names
}

fn options_of(root: &Command) -> impl Iterator<Item = &Arg> {
    std::iter::once(root).chain(root.get_subcommands()).flat_map(Command::get_opts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::command;

    #[test]
    fn arguments_are_told_by_their_definition() {
        let mut root = command();
        root.build();
        for name in ["connect", "listen", "stat", "multi-connect", "udp-send", "chat-join"] {
            assert!(placed(&root).contains(&name), "{name}");
        }
        assert!(!placed(&root).contains(&"demo"));
        assert_eq!(options(&root, Words::Interfaces), ["--device"]);
        assert_eq!(options(&root, Words::Places), ["--forward", "--local", "--peer"]);
        let valued = valued(&root);
        assert!(
            ["--wait", "-w", "--events"].iter().all(|name| valued.iter().any(|v| v == name)),
            "{valued:?}"
        );
        assert!(
            !valued.iter().any(|name| matches!(name.as_str(), "--watch" | "--check" | "-k")),
            "{valued:?}"
        );
    }
}
