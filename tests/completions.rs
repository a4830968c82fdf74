//! What completion scripts complete in the real shells: hosts, services, states, interfaces of the machine.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use support::{Terminal, peer, soquete};
use tempfile::TempDir;

/// A home with hosts that ssh knows: one plain, one with a port, one hashed, a pattern, an attack, a marker.
const KNOWN_HOSTS: &str = "\
known-one.example,192.0.2.7 ssh-ed25519 AAAA
[known-two.example]:2222 ssh-ed25519 AAAA
|1|aGFzaA==|aGFzaGVk= ssh-ed25519 AAAA
*.pattern.example ssh-ed25519 AAAA
known-$(touch${IFS}attacked).example ssh-ed25519 AAAA
@cert-authority known-three.example ssh-ed25519 AAAA
# known-comment.example
";

struct Home(TempDir);

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().expect("a temporary folder");
        fs::create_dir(home.path().join(".ssh")).expect("a folder");
        fs::write(home.path().join(".ssh/known_hosts"), KNOWN_HOSTS).expect("a file");
        Self(home)
    }

    /// What `shell`, where it is there, prints when it runs `script` after the completion script of its name; a word each.
    fn words(&self, shell: &str, before: &str, script: &str) -> Option<BTreeSet<String>> {
        let program = peer(shell)?;
        let run = soquete(&format!("completions {shell}")).human().run();
        let path = self.0.path().join("script");
        fs::write(&path, format!("{before}\n{}\n{script}\n", run.text())).expect("a file");
        let run = Command::new("timeout")
            .arg("20")
            .arg(program)
            .arg(&path)
            .current_dir(self.0.path())
            .env("HOME", self.0.path())
            .env("XDG_CONFIG_HOME", self.0.path())
            .output()
            .expect("the shell runs");
        assert!(run.status.success(), "{shell}: {run:?}");
        assert!(!self.0.path().join("attacked").exists(), "{shell} ran what known_hosts says");
        let said = String::from_utf8_lossy(&run.stdout).into_owned();
        Some(said.split_whitespace().map(str::to_owned).collect())
    }

    /// What each shell completes after these words, the last of which may be unfinished.
    fn complete(&self, line: &[&str]) -> Vec<(&'static str, BTreeSet<String>)> {
        let last = line.len() - 1;
        let (words, part) = (line.join(" "), line[last]);
        let quoted = format!(" '{}'", line.join("' '"));
        let bash = format!(
            "COMP_WORDS=({quoted}) COMP_CWORD={last}; _soquete_words soquete '{part}' '{}'; echo \"${{COMPREPLY[@]}}\"",
            line[last - 1]
        );
        let fish = format!("complete --do-complete '{words}'");
        let elvish = format!("$edit:completion:arg-completer[soquete]{quoted}");
        let asked = [("bash", "", bash), ("fish", "", fish), ("elvish", ELVISH, elvish)];
        asked
            .into_iter()
            .filter_map(|(shell, before, script)| Some((shell, self.words(shell, before, &script)?)))
            .collect()
    }
}

/// What elvish has in its editor alone.
const ELVISH: &str = r"
var edit: = (ns [&completion:=(ns [&arg-completer=[&]]) &complex-candidate~={|text &display=''| print $text' '}])
";

/// Whether a file names a word of its own.
fn names(path: &str, word: &str) -> bool {
    fs::read_to_string(path).is_ok_and(|text| {
        text.lines()
            .any(|line| line.split('#').next().unwrap_or_default().split_whitespace().any(|w| w == word))
    })
}

#[test]
fn hosts_and_services_are_completed() {
    let home = Home::new();
    for line in [
        &["soquete", "connect", "known"][..],
        &["soquete", "multi-connect", "known"],
        &["soquete", "stat", "known"],
    ] {
        for (shell, words) in home.complete(line) {
            for host in ["known-one.example", "known-two.example", "known-three.example"] {
                assert!(words.contains(host), "{shell}: {words:?}");
            }
            let hidden = |word: &String| {
                word.contains("hash") || word.contains("comment") || word.contains(['*', '$', '|'])
            };
            assert!(!words.iter().any(hidden), "{shell}: {words:?}");
        }
    }
    for (file, line, word) in [
        ("/etc/hosts", ["soquete", "connect", "local"], "localhost"),
        ("/etc/services", ["soquete", "connect", "htt"], "http"),
    ] {
        if !names(file, word) {
            support::note(&format!("left out: {file} does not name {word}"));
            continue;
        }
        for (shell, words) in home.complete(&line) {
            assert!(words.contains(word), "{shell}: {words:?}");
        }
    }
}

#[test]
fn states_and_interfaces_are_completed() {
    let home = Home::new();
    for (line, word) in [
        (["soquete", "stat", "--state", "EST"], "ESTABLISHED"),
        (["soquete", "connect", "--device", "l"], "lo"),
    ] {
        for (shell, words) in home.complete(&line) {
            // The generated script of elvish completes no values of flags.
            assert!(shell == "elvish" || words.contains(word), "{shell}: {words:?}");
        }
    }
}

#[test]
fn zsh_completes_on_its_own_terminal() {
    if peer("zsh").is_none() {
        return;
    }
    let home = Home::new();
    let script = soquete("completions zsh").human().run();
    fs::write(home.0.path().join("_soquete"), script.text()).expect("a file");
    let variable = format!("HOME={}", home.0.path().display());
    let zsh = Terminal::start_program("env", &[&variable, "zsh", "-f", "-i"]);
    zsh.keys("fpath=($HOME $fpath); autoload -Uz compinit; compinit -u -D; echo rea''dy\r");
    zsh.wait_text("ready");
    for (typed, word) in [
        ("soquete connect known-o", "known-one.example"),
        ("soquete stat --local known-two", "known-two.example"),
        ("soquete stat --state EST", "ESTABLISHED"),
        ("soquete connect --device l", "--device lo"),
    ] {
        zsh.keys(format!("{typed}\t"));
        zsh.wait_text(word);
        zsh.keys("\u{15}"); // Ctrl-U takes the line back
    }
    zsh.keys("exit\r");
    assert_eq!(zsh.finish(), 0);
}
