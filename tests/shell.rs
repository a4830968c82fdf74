//! What shells and their users see: completions each shell can read, help with examples everywhere.

mod support;

use std::process::Command;
use support::*;

/// Each shell with the arguments that make it read a script without running it.
const SHELLS: [(&str, &str, &[&str]); 5] = [
    ("bash", "bash", &["-n"]),
    ("zsh", "zsh", &["-n"]),
    ("fish", "fish", &["--no-execute"]),
    ("elvish", "elvish", &[]),
    ("nushell", "nu", &["--ide-check", "10"]),
];

/// What elvish has in its editor alone, where completions live; then the script is run, and asked.
const ELVISH_EDITOR: &str = r"
var edit: = (ns [&completion:=(ns [&arg-completer=[&]]) &complex-candidate~={|text &display=''| print $text' '}])
";
const ELVISH_QUESTION: &str = "\n$edit:completion:arg-completer[soquete] soquete connect ''";

#[test]
fn each_shell_reads_its_completions() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (shell, program, check) in SHELLS {
        let run = soquete(&format!("completions {shell}")).human().run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");
        let path = folder.path().join(shell);
        let script = match shell {
            "elvish" => format!("{ELVISH_EDITOR}{}{ELVISH_QUESTION}", run.text()),
            _ => run.text().to_owned(),
        };
        std::fs::write(&path, script).expect("a file");
        let Some(program) = optional(program) else { continue };
        let read = Command::new(program).args(check).arg(&path).output().expect("the shell runs");
        let said =
            String::from_utf8_lossy(&read.stdout).into_owned() + &String::from_utf8_lossy(&read.stderr);
        assert!(read.status.success() && !said.contains("rror"), "{shell}: {said}");
        assert!(shell != "elvish" || said.contains("--check "), "{said}");
    }
}

/// A shell that few have: said, never demanded.
fn optional(program: &str) -> Option<std::path::PathBuf> {
    if program == "nu" {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let found = std::env::split_paths(&path).map(|f| f.join(program)).find(|f| f.is_file());
        if found.is_none() {
            note(&format!("left out: {program} is in no package of Debian, and not on PATH"));
        }
        return found;
    }
    peer(program)
}

#[test]
fn powershell_gets_a_script_that_registers_itself() {
    let run = soquete("completions powershell").human().run();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().contains("Register-ArgumentCompleter"), "{run}");
}

#[test]
fn a_shell_that_is_not_known_is_usage_and_the_known_ones_are_named() {
    let run = soquete("completions tcsh").human().run();
    assert_eq!(run.code, 2, "{run}");
    assert!(run.stderr.contains("bash") && run.stderr.contains("nushell"), "{run}");
}

#[test]
fn help_of_everything_goes_to_standard_output_and_has_examples() {
    for line in [
        "--help",
        "-h",
        "listen --help",
        "listen -h",
        "connect --help",
        "connect -h",
        "demo --help",
        "completions --help",
    ] {
        let run = soquete(line).human().run();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{line}: {run}");
        assert!(run.text().contains("Examples:"), "{line}: {run}");
        assert!(!run.text().contains('\x1b'), "no colour in a pipe: {line}: {run}");
    }
}

#[test]
fn the_version_is_that_of_the_package() {
    for flag in ["--version", "-V"] {
        let run = soquete(flag).human().run();
        assert_eq!(
            (run.code, run.text().trim()),
            (0, concat!("soquete ", env!("CARGO_PKG_VERSION"))),
            "{run}"
        );
    }
}

#[test]
fn help_lists_the_exit_codes() {
    let run = soquete("--help").human().run();
    let section = run.text().split("Exit status:\n").nth(1).expect("a section");
    let words = section.split(|c: char| c.is_whitespace() || c == ',');
    let listed: Vec<u8> = words.filter_map(|word| word.parse().ok()).collect();
    assert_eq!(listed, [0, 1, 2, 3, 4, 5, 129, 130, 143], "{run}");
}
