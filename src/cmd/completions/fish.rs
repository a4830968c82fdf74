//! Words for fish: lines after the generated ones.

use super::words::{self, HOSTS, KNOWN_HOSTS, SERVICES, Words};
use clap::Command;
use std::fmt::Write as _;

/// What follows the generated script.
pub(super) fn more(root: &Command) -> String {
    let mut text = format!(
        r"
# Hosts, services and interfaces are those of the machine on which a word is completed.
function __soquete_places
    test -r ~/.ssh/known_hosts
    and awk '{KNOWN_HOSTS}' ~/.ssh/known_hosts 2>/dev/null
    test -r /etc/hosts
    and awk '{HOSTS}' /etc/hosts 2>/dev/null
    test -r /etc/services
    and awk '{SERVICES}' /etc/services 2>/dev/null
end

function __soquete_interfaces
    command ls /sys/class/net 2>/dev/null
end

"
    );
    for command in root.get_subcommands() {
        let name = command.get_name();
        // With its other names.
        let names = if name == "connect" { "connect check wait" } else { name };
        let condition = format!("__fish_soquete_using_subcommand {names}");
        for arg in command.get_arguments() {
            let source = match words::of(arg) {
                Some(Words::Places) => "(__soquete_places)",
                Some(Words::Interfaces) => "(__soquete_interfaces)",
                None => continue,
            };
            let option = arg.get_long().map_or_else(String::new, |long| format!(" -l {long} -x"));
            // Writing to memory cannot fail.
            let _ = writeln!(text, "complete -c soquete -n \"{condition}\"{option} -a \"{source}\"");
        }
    }
    text
}
