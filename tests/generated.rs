//! Manual pages and completion scripts in the repository are those the command definition gives today.
//!
//! `UPDATE=1 cargo test --test generated` writes them anew.

#[path = "documents/manual.rs"]
mod manual;
#[path = "documents/statuses.rs"]
mod statuses;
mod support;

use soquete::cli::{Shell, command};
use soquete::cmd::completions::script;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Pages and files beside the generated ones.
const BY_HAND: [&str; 2] = ["soquete-events.7", "soquete-events.schema.json"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Compares a folder with what belongs there, or makes it so where `UPDATE=1` asks for it.
fn settle(folder: &Path, files: &[(String, String)], by_hand: &[&str]) {
    let update = std::env::var_os("UPDATE").is_some_and(|v| v == "1");
    if update {
        fs::create_dir_all(folder).expect("the folder can be made");
    }
    let found = fs::read_dir(folder).expect("the folder is there").map(|entry| {
        entry.expect("the folder can be read").file_name().into_string().expect("names are UTF-8")
    });
    let mut stale = Vec::new();
    for name in found {
        if by_hand.contains(&name.as_str()) || files.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if update {
            fs::remove_file(folder.join(&name)).expect("a stale file can be removed");
        } else {
            stale.push(name);
        }
    }
    for (name, text) in files {
        let path = folder.join(name);
        if update {
            fs::write(&path, text).expect("the file can be written");
        } else if fs::read(&path).ok().as_deref() != Some(text.as_bytes()) {
            stale.push(name.clone());
        }
    }
    let how = "type UPDATE=1 cargo test --test generated";
    assert!(stale.is_empty(), "stale in {}: {stale:?}; {how}", folder.display());
}

#[test]
fn manual_pages_are_current() {
    settle(&folder("man"), &manual::pages(command()), &BY_HAND);
}

#[test]
fn completions_are_current() {
    // The names under which packages install them.
    let files = [
        (Shell::Bash, "soquete.bash"),
        (Shell::Zsh, "_soquete"),
        (Shell::Fish, "soquete.fish"),
        (Shell::Elvish, "soquete.elv"),
        (Shell::PowerShell, "_soquete.ps1"),
        (Shell::Nushell, "soquete.nu"),
    ];
    settle(&folder("completions"), &files.map(|(shell, name)| (name.to_owned(), script(shell))), &[]);
}

#[test]
fn completions_complete() {
    let complete = |shell: &str, script: &str| {
        let mut shell = Command::new(support::peer(shell)?);
        let run = shell.args(["-c", script]).current_dir(folder("completions")).output();
        let run = run.expect("the shell runs");
        Some(String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr))
    };
    for (shell, script) in [
        (
            "bash",
            "source ./soquete.bash; COMP_WORDS=(soquete conn) COMP_CWORD=1; _soquete soquete conn soquete; echo ${COMPREPLY[@]}",
        ),
        ("fish", "source soquete.fish; complete --do-complete 'soquete conn'"),
        ("zsh", "zsh -n _soquete && echo connect"),
    ] {
        if let Some(said) = complete(shell, script) {
            assert!(said.starts_with("connect"), "{shell}: {said}");
        }
    }
}

#[test]
fn every_page_is_good_roff() {
    let Some(mandoc) = support::peer("mandoc") else { return };
    let mut pages: Vec<_> = manual::pages(command()).into_iter().map(|(name, _)| name).collect();
    pages.push(BY_HAND[0].to_owned());
    let run = Command::new(mandoc)
        .args(["-T", "lint", "-W", "warning"])
        .args(&pages)
        .current_dir(folder("man"))
        .output()
        .expect("mandoc runs");
    let said = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    // A date would be stale with every release.
    let faults: Vec<_> = said.lines().filter(|line| !line.contains("missing date")).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
