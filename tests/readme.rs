//! The README shows nothing that does not work, in each language.

#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/statuses.rs"]
mod statuses;

use commands::{accepted, commands};
use std::collections::BTreeSet;

/// A README.
struct Document {
    name: &'static str,
    text: &'static str,
}

const ENGLISH: Document = Document { name: "README.md", text: include_str!("../README.md") };
const PORTUGUESE: Document = Document { name: "README.pt-BR.md", text: include_str!("../README.pt-BR.md") };
const DOCUMENTS: [&Document; 2] = [&ENGLISH, &PORTUGUESE];

/// The command whose output is in the language of the reader, as each document calls it.
const DEMO: [&str; 2] = ["$ soquete demo\n", "$ soquete demo --lang pt\n"];

impl Document {
    /// The text of each fenced block.
    fn blocks(&self) -> Vec<&'static str> {
        let pieces = self.text.split("```\n").skip(1).step_by(2);
        pieces.collect()
    }

    /// What stands outside of fenced blocks.
    fn prose(&self) -> impl Iterator<Item = &'static str> {
        self.text.split("```\n").step_by(2)
    }

    /// What stands in backticks outside of fenced blocks.
    fn code_spans(&self) -> impl Iterator<Item = String> {
        self.prose().flat_map(code_spans)
    }

    /// What stands in backticks in each row of a table.
    fn rows(&self) -> Vec<Vec<String>> {
        let rows = self.prose().flat_map(str::lines).filter(|line| line.starts_with("| "));
        rows.map(|row| code_spans(row).collect()).collect()
    }

    fn headings(&self) -> Vec<&'static str> {
        let lines = self.prose().flat_map(str::lines);
        lines.filter(|line| line.starts_with('#')).collect()
    }
}

fn code_spans(text: &str) -> impl Iterator<Item = String> {
    // A pipe in a table is written `\|`.
    text.split('`').skip(1).step_by(2).map(|span| span.replace("\\|", "|"))
}

#[test]
fn every_command_is_accepted() {
    for document in DOCUMENTS {
        let name = document.name;
        let shown: Vec<_> = document.blocks().into_iter().flat_map(commands).collect();
        assert!(shown.len() > 10, "{name}: {} command lines", shown.len());
        let spans = document.code_spans().flat_map(|span| commands(&span));
        let named: Vec<_> = spans.filter(|words| words.len() > 1).collect();
        assert!(named.len() > 10, "{name}: {} command lines in the text", named.len());
        for words in shown.iter().chain(&named) {
            accepted(words).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
}

#[test]
fn the_first_two_commands_are_the_demo_and_the_tests() {
    assert_eq!(ENGLISH.blocks()[..2], ["cargo run --release -- demo\n", "cargo test\n"]);
    accepted(&["soquete".to_owned(), "demo".to_owned()]).expect("there is a demo");
}

#[test]
fn every_subcommand_is_shown() {
    for document in DOCUMENTS {
        let text = document.blocks().concat() + &document.code_spans().collect::<String>();
        let shown: BTreeSet<_> =
            commands(&text).into_iter().filter_map(|words| words.get(1).cloned()).collect();
        for command in soquete::cli::command().get_subcommands().filter(|c| !c.is_hide_set()) {
            let command = command.get_name();
            assert!(shown.contains(command), "{command} is not shown in {}", document.name);
        }
    }
}

#[test]
fn exit_statuses_are_those_of_the_code() {
    let expected: BTreeSet<u8> = statuses::statuses().into_iter().map(|(code, _)| code).collect();
    for document in DOCUMENTS {
        let rows = document.prose().flat_map(str::lines);
        let codes = rows.filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok());
        assert_eq!(codes.collect::<BTreeSet<u8>>(), expected, "{}", document.name);
    }
}

#[test]
fn files_that_are_named_exist() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in DOCUMENTS {
        let links = document.text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let paths = document.code_spans().filter(|span| span.starts_with("man/") || span.starts_with("src/"));
        for name in links.map(str::to_owned).chain(paths).filter(|name| !name.starts_with("http")) {
            assert!(root.join(&name).exists(), "{}: {name}", document.name);
        }
    }
}

#[test]
fn each_language_leads_to_the_other() {
    for (document, other) in [(&ENGLISH, &PORTUGUESE), (&PORTUGUESE, &ENGLISH)] {
        let begin: String = document.text.lines().take(5).collect();
        assert!(begin.contains(&format!("]({})", other.name)), "{}: {begin}", document.name);
    }
}

/// What the translation must have of the original: its blocks, all but the output of the demo, the commands of its tables, and as
/// many sections.
#[test]
fn the_translation_shows_the_same_commands() {
    let name = PORTUGUESE.name;
    let [mut original, translated] = [ENGLISH.blocks(), PORTUGUESE.blocks()];
    let ladder = original.iter_mut().find(|block| block.starts_with(DEMO[0])).expect("the demo is shown");
    let same = translated.iter().find(|block| block.starts_with(DEMO[1]));
    *ladder = same.unwrap_or_else(|| panic!("{name} lacks the block of {}", DEMO[1]));
    same_in_order("block", &lines(&original), &lines(&translated));
    same_in_order("row of tables", &ENGLISH.rows(), &PORTUGUESE.rows());
    let [original, translated] = [ENGLISH.headings(), PORTUGUESE.headings()];
    assert_eq!(original.len(), translated.len(), "{name} has other sections: {original:?} {translated:?}");
}

fn lines<'a>(blocks: &[&'a str]) -> Vec<Vec<&'a str>> {
    blocks.iter().map(|block| block.lines().collect()).collect()
}

/// Fails at the first part that differs, by its number.
fn same_in_order<T: PartialEq + std::fmt::Debug>(what: &str, original: &[T], translated: &[T]) {
    let longer = original.len().max(translated.len());
    for at in 0..longer {
        let (expected, found) = (original.get(at), translated.get(at));
        assert!(
            expected == found,
            "{what} {} of {} differs from that of {}:\n{found:#?}\ninstead of\n{expected:#?}",
            at + 1,
            PORTUGUESE.name,
            ENGLISH.name
        );
    }
}
