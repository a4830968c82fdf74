//! Words for elvish: the generated script calls our function in the subcommands with an operand that is a place. Its values of flags
//! are not completed at all.

use super::words::{self, HOSTS, KNOWN_HOSTS, SERVICES};
use clap::Command;
use std::fmt::Write as _;

/// The generated script with our function.
pub(super) fn with_words(root: &Command, script: &str) -> String {
    let placed: Vec<String> =
        words::placed(root).iter().map(|name| format!("&'soquete;{name}'= {{")).collect();
    let mut out = String::with_capacity(script.len() + 2048);
    for line in script.lines() {
        if line.trim_start().starts_with("var command = ") {
            out.push_str(&functions());
        }
        // Writing to memory cannot fail.
        let _ = writeln!(out, "{line}");
        if placed.iter().any(|start| line.trim() == start) {
            out.push_str("            places\n");
        }
    }
    out
}

fn functions() -> String {
    format!(
        r"    fn words {{|program file|
        try {{ e:awk $program $file 2>/dev/null | each {{|word| put $word }} }} catch _ {{ }}
    }}
    fn places {{
        each {{|word| cand $word '' }} [
            (words '{KNOWN_HOSTS}' ~/.ssh/known_hosts)
            (words '{HOSTS}' /etc/hosts)
            (words '{SERVICES}' /etc/services)
        ]
    }}
"
    )
}
