//! `completions`: the completion script of a shell, made from the command definition.
//!
//! clap's scripts know subcommands, flags and the values of flags. For bash, zsh, fish and elvish ours add what is known only where a word
//! is completed: hosts, services and interfaces (elvish: hosts and services).

mod bash;
mod elvish;
mod fish;
mod words;
mod zsh;

use crate::cli::{Shell, command};
use clap_complete::{Shell as Clap, generate};

/// The script as text.
#[must_use]
pub fn script(shell: Shell) -> String {
    let (mut command, mut text) = (command(), Vec::new());
    let name = "soquete";
    match shell {
        Shell::Bash => generate(Clap::Bash, &mut command, name, &mut text),
        Shell::Zsh => generate(Clap::Zsh, &mut command, name, &mut text),
        Shell::Fish => generate(Clap::Fish, &mut command, name, &mut text),
        Shell::Elvish => generate(Clap::Elvish, &mut command, name, &mut text),
        Shell::PowerShell => generate(Clap::PowerShell, &mut command, name, &mut text),
        Shell::Nushell => generate(clap_complete_nushell::Nushell, &mut command, name, &mut text),
    }
    let text = String::from_utf8_lossy(&text).into_owned();
    // `generate` has built the command: its arguments are complete.
    match shell {
        Shell::Bash => text + &bash::more(&command),
        Shell::Zsh => zsh::with_words(&command, &text),
        Shell::Fish => text + &fish::more(&command),
        Shell::Elvish => elvish::with_words(&command, &text),
        Shell::PowerShell | Shell::Nushell => text,
    }
}
