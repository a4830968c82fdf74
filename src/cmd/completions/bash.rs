//! Words for bash: a function around the generated one.

use super::words::{self, HOSTS, KNOWN_HOSTS, SERVICES, Words};
use clap::Command;

/// What follows the generated script.
pub(super) fn more(root: &Command) -> String {
    let join = |names: &[String]| names.join("|");
    let (places, interfaces) =
        (join(&words::options(root, Words::Places)), join(&words::options(root, Words::Interfaces)));
    let (valued, commands) = (join(&words::valued(root)), words::placed(root).join("|"));
    let all: Vec<&str> = root.get_subcommands().map(Command::get_name).collect();
    let all = all.join("|");
    format!(
        r#"
# Hosts, services and interfaces are those of the machine on which a word is completed.
_soquete_hosts() {{
    {{
        [[ -r ~/.ssh/known_hosts ]] && awk '{KNOWN_HOSTS}' ~/.ssh/known_hosts
        [[ -r /etc/hosts ]] && awk '{HOSTS}' /etc/hosts
    }} 2>/dev/null
}}

_soquete_services() {{
    [[ -r /etc/services ]] && awk '{SERVICES}' /etc/services 2>/dev/null
}}

_soquete_interfaces() {{
    # compgen expands its words.
    command ls /sys/class/net 2>/dev/null | grep -x '[A-Za-z0-9._:@-]*'
}}

_soquete_words() {{
    local cur="${{COMP_WORDS[COMP_CWORD]}}" prev="${{COMP_WORDS[COMP_CWORD-1]}}" command="" word services=""
    _soquete "$@"
    for word in "${{COMP_WORDS[@]:1:COMP_CWORD-1}}"; do
        [[ $word == -- ]] && return 0
        case "$word" in
            check|wait) [[ -z $command ]] && command=connect ;;
            {all}) [[ -z $command ]] && command=$word ;;
        esac
    done
    case "$prev" in
        {interfaces})
            COMPREPLY=($(compgen -W "$(_soquete_interfaces)" -- "$cur"))
            return 0
            ;;
        {places}) ;;
        {valued}) return 0 ;;
    esac
    case "$command" in
        {commands}) ;;
        *) return 0 ;;
    esac
    [[ $cur == -* ]] && return 0
    [[ -n $cur ]] && services="$(_soquete_services)"
    COMPREPLY=($(compgen -W "$(_soquete_hosts) $services" -- "$cur" | sort -u))
}}

complete -F _soquete_words -o bashdefault -o default soquete
"#
    )
}
