//! The README shows nothing that does not work.

#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/statuses.rs"]
mod statuses;

use commands::{accepted, commands};
use std::collections::BTreeSet;

const README: &str = include_str!("../README.md");

/// The text of each fenced block.
fn blocks() -> Vec<&'static str> {
    let pieces = README.split("```\n").skip(1).step_by(2);
    pieces.collect()
}

/// What stands in backticks outside of fenced blocks.
fn code_spans() -> impl Iterator<Item = String> {
    let prose = README.split("```\n").step_by(2);
    // A pipe in a table is written `\|`.
    prose.flat_map(|text| text.split('`').skip(1).step_by(2)).map(|span| span.replace("\\|", "|"))
}

#[test]
fn every_command_is_accepted() {
    let shown: Vec<_> = blocks().into_iter().flat_map(commands).collect();
    assert!(shown.len() > 10, "{} command lines", shown.len());
    let named: Vec<_> =
        code_spans().flat_map(|span| commands(&span)).filter(|words| words.len() > 1).collect();
    assert!(named.len() > 10, "{} command lines in the text", named.len());
    for words in shown.iter().chain(&named) {
        accepted(words).unwrap_or_else(|why| panic!("{why}"));
    }
}

#[test]
fn the_first_two_commands_are_the_demo_and_the_tests() {
    assert_eq!(blocks()[..2], ["cargo run --release -- demo\n", "cargo test\n"]);
    accepted(&["soquete".to_owned(), "demo".to_owned()]).expect("there is a demo");
}

#[test]
fn every_subcommand_is_shown() {
    let text = blocks().concat() + &code_spans().collect::<String>();
    let shown: BTreeSet<_> = commands(&text).into_iter().filter_map(|words| words.get(1).cloned()).collect();
    for command in soquete::cli::command().get_subcommands().filter(|c| !c.is_hide_set()) {
        assert!(shown.contains(command.get_name()), "{} is not shown", command.get_name());
    }
}

#[test]
fn exit_statuses_are_those_of_the_code() {
    let table =
        README.split("## Exit status\n").nth(1).expect("a section").split("\n## ").next().unwrap_or_default();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok());
    let listed: BTreeSet<u8> = rows.collect();
    assert_eq!(listed, statuses::statuses().into_iter().map(|(code, _)| code).collect());
}

#[test]
fn files_that_are_named_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let links = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let paths = code_spans().filter(|span| span.starts_with("man/") || span.starts_with("src/"));
    for name in links.map(str::to_owned).chain(paths).filter(|name| !name.starts_with("http")) {
        assert!(root.join(&name).exists(), "{name}");
    }
}
