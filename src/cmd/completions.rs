//! `completions`: the completion script of a shell, made from the command definition.

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
    String::from_utf8_lossy(&text).into_owned()
}
