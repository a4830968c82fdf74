//! Help teaches: what each subcommand does, how it is called, nothing that does not work.

#[path = "documents/commands.rs"]
mod commands;

use soquete::cli::command;

/// The width help is wrapped to; wider lines come from text laid out by hand.
const WIDTH: usize = 100;

/// The whole and every subcommand, built, with its name.
fn all() -> Vec<clap::Command> {
    let mut root = command();
    root.build();
    let mut all: Vec<_> = root.get_subcommands().cloned().collect();
    all.push(root);
    all
}

#[test]
fn help_may_be_asked_for_as_a_subcommand() {
    let words = |line: &str| line.split(' ').map(std::ffi::OsString::from).collect::<Vec<_>>();
    for line in ["soquete help", "soquete help stat"] {
        let error = soquete::cli::parse(&words(line)).expect_err("help is no run");
        assert_eq!(error.kind(), clap::error::ErrorKind::DisplayHelp, "{line}");
    }
}

#[test]
fn every_example_is_accepted() {
    for command in all() {
        let examples = command.get_after_long_help().or(command.get_after_help()).map(ToString::to_string);
        let examples = examples.unwrap_or_default();
        let calls = commands::commands(&examples);
        assert!(!calls.is_empty(), "{} has no examples", command.get_name());
        for words in calls {
            commands::accepted(&words).unwrap_or_else(|why| panic!("help of {}: {why}", command.get_name()));
        }
    }
}

#[test]
fn every_subcommand_says_more_in_its_long_help() {
    for command in all() {
        let (name, about, long) = (command.get_name(), command.get_about(), command.get_long_about());
        let about = about.unwrap_or_else(|| panic!("{name} says nothing")).to_string();
        assert!(!about.ends_with('.') && about.starts_with(char::is_uppercase), "{name}: {about}");
        let long = long.unwrap_or_else(|| panic!("--help of {name} says no more than -h")).to_string();
        assert!(long.len() > about.len() + 20, "{name}: {long}");
    }
}

#[test]
fn every_argument_says_what_it_is_for() {
    for command in all() {
        for argument in command.get_arguments() {
            let of = format!("{} {}", command.get_name(), argument.get_id());
            let help = argument.get_help().unwrap_or_else(|| panic!("{of} has no help")).to_string();
            assert!(!help.ends_with('.') && !help.contains('`'), "{of}: {help}");
            assert!(help.starts_with(|c: char| c.is_uppercase()), "{of}: {help}");
        }
    }
}

#[test]
fn the_short_help_is_a_page() {
    for command in all() {
        let name = command.get_name().to_owned();
        let mut command = command.term_width(WIDTH);
        let (short, long) = (command.render_help().to_string(), command.render_long_help().to_string());
        let lines = short.lines().count();
        assert!(lines <= 40, "{name} -h has {lines} lines:\n{short}");
        let examples =
            short.split("Examples:\n").nth(1).unwrap_or_else(|| panic!("{name} -h has no examples"));
        let calls = commands::commands(examples);
        assert!(!calls.is_empty(), "{name} -h has no examples:\n{short}");
        for words in calls {
            commands::accepted(&words).unwrap_or_else(|why| panic!("-h of {name}: {why}"));
        }
        // What -h leaves out, it says where to find.
        let is_left_out = |arg: &clap::Arg| arg.is_hide_short_help_set() && !arg.is_global_set();
        assert!(short.contains("--help") || !command.get_arguments().any(is_left_out), "{name}: {short}");
        for arg in command.get_arguments().filter_map(clap::Arg::get_long) {
            assert!(long.contains(&format!("--{arg}")), "--help of {name} lacks --{arg}");
        }
    }
}

#[test]
fn help_fits_the_screen() {
    for mut command in all() {
        for text in [command.render_help(), command.render_long_help()] {
            let text = text.to_string();
            let wide: Vec<_> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
            assert!(wide.is_empty(), "{}: {wide:#?}", command.get_name());
        }
    }
}
