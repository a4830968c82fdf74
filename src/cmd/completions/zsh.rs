//! Words for zsh: the generated script calls our functions where it called its default.

use super::words::{self, HOSTS, KNOWN_HOSTS, SERVICES, Words};
use clap::{Arg, Command};
use std::fmt::Write as _;

/// The generated script with our functions.
pub(super) fn with_words(root: &Command, script: &str) -> String {
    let arguments = || root.get_subcommands().flat_map(Command::get_arguments);
    let starts: Vec<(String, Words)> =
        arguments().filter_map(|arg| Some((start(arg)?, words::of(arg)?))).collect();
    let mut out = String::with_capacity(script.len() + 2048);
    for line in script.lines() {
        let call = |words| match words {
            Words::Places => ":_soquete_places' \\",
            Words::Interfaces => ":_soquete_interfaces' \\",
        };
        let found = starts.iter().find(|(start, _)| line.contains(start.as_str()));
        let ours = found.and_then(|(_, words)| {
            let head = line.strip_suffix(":_default' \\")?;
            Some(format!("{head}{}", call(*words)))
        });
        if line.starts_with("if [ \"$funcstack[1]\"") {
            out.push_str(&functions());
        }
        // Writing to memory cannot fail.
        let _ = writeln!(out, "{}", ours.as_deref().unwrap_or(line));
    }
    out
}

/// How the line of an argument begins.
fn start(arg: &Arg) -> Option<String> {
    match arg.get_long() {
        Some(long) => Some(format!("--{long}=[")),
        None if arg.is_positional() => Some(format!(":{} -- ", arg.get_id())),
        None => None,
    }
}

fn functions() -> String {
    format!(
        r#"# Hosts, services and interfaces are those of the machine on which a word is completed.
_soquete_places() {{
    local -aU hosts services
    [[ -r ~/.ssh/known_hosts ]] && hosts+=(${{(f)"$(awk '{KNOWN_HOSTS}' ~/.ssh/known_hosts 2>/dev/null)"}})
    [[ -r /etc/hosts ]] && hosts+=(${{(f)"$(awk '{HOSTS}' /etc/hosts 2>/dev/null)"}})
    [[ -r /etc/services ]] && services=(${{(f)"$(awk '{SERVICES}' /etc/services 2>/dev/null)"}})
    _alternative 'hosts:host:compadd -a hosts' 'services:service:compadd -a services'
}}

_soquete_interfaces() {{
    local -a interfaces
    interfaces=(/sys/class/net/*(N:t))
    compadd -a interfaces
}}

"#
    )
}
