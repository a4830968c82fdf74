//! Other names of subcommands, spelled out before the command line is read: `help`, `version`, `check`, `wait`.

use super::values::duration;
use std::ffi::{OsStr, OsString};

/// Global flags whose value is the word after them.
const VALUED: [&str; 2] = ["--events", "--color"];

/// Global flags without a value, which may stand between `wait` and its duration.
const SWITCHES: [&str; 7] = ["-q", "--quiet", "-b", "--brief", "-v", "--verbose", "--json"];

/// `help X` as `X --help`, `version` as `--version`, `check` as `connect --check`, `wait DUR` as `connect --check --wait DUR`.
pub(super) fn spelled_out(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    let Some(at) = place(&args) else { return args };
    match args[at].to_str() {
        Some("help") if at == 1 => {
            args.remove(at);
            args.push("--help".into());
            if place(&args) == Some(at) { spelled_out(&args) } else { args }
        }
        Some("version") if args.len() == at + 1 => {
            args[at] = "--version".into();
            args
        }
        Some("check") => {
            args.splice(at..=at, ["connect", "--check"].map(OsString::from));
            args
        }
        Some("wait") => {
            // A bare number that stands alone is a port.
            let first = at + 1 + args[at + 1..].iter().take_while(|word| is_global_switch(word)).count();
            let is_limit = args.get(first).is_some_and(|word| is_duration(word)) && args.len() > first + 1;
            let limit = if is_limit { args.remove(first) } else { "forever".into() };
            args.splice(
                at..=at,
                ["connect", "--check", "--wait"].map(OsString::from).into_iter().chain([limit]),
            );
            args
        }
        _ => args,
    }
}

fn is_duration(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| duration(word).is_ok())
}

fn is_global_switch(word: &OsStr) -> bool {
    word.to_str().is_some_and(|word| SWITCHES.contains(&word))
}

/// Where the subcommand stands.
fn place(args: &[OsString]) -> Option<usize> {
    let mut at = 1;
    loop {
        let word = args.get(at)?.to_str()?;
        match word {
            _ if VALUED.contains(&word) => at += 2,
            _ if word.starts_with('-') => at += 1,
            _ => return Some(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_names_mean_what_is_spelled_out() {
        for (line, meant) in [
            ("help", "--help"),
            ("help stat", "stat --help"),
            ("version", "--version"),
            ("--json version", "--json --version"),
            ("version 80", "version 80"),
            ("connect version 80", "connect version 80"),
            ("help wait", "connect --check --wait forever --help"),
            ("check db 5432", "connect --check db 5432"),
            ("--json check db 22,80", "--json connect --check db 22,80"),
            ("--events check wait 5s db 1", "--events check connect --check --wait 5s db 1"),
            ("wait 30s db 5432 -- ./start", "connect --check --wait 30s db 5432 -- ./start"),
            ("wait 30 db 5432", "connect --check --wait 30 db 5432"),
            ("wait db 5432", "connect --check --wait forever db 5432"),
            ("wait -q --json 30s db 5432", "connect --check --wait 30s -q --json db 5432"),
            ("wait --timeout 5s db 5432", "connect --check --wait forever --timeout 5s db 5432"),
            ("wait 5432", "connect --check --wait forever 5432"),
            ("wait --help", "connect --check --wait forever --help"),
            ("connect wait 80", "connect wait 80"),
            ("udp-send check 80", "udp-send check 80"),
        ] {
            let words = |line: &str| -> Vec<OsString> {
                ["soquete"].into_iter().chain(line.split(' ')).map(OsString::from).collect()
            };
            assert_eq!(spelled_out(&words(line)), words(meant), "{line}");
        }
    }
}
