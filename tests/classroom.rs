//! The exercises go as docs/classroom.md and docs/aula.md show them: what is typed is typed into shells on terminals, on a
//! machine of their own, and what these show is compared. `UPDATE=1 cargo test --test classroom` writes the transcripts anew.

#[path = "documents/alike.rs"]
mod alike;
#[path = "documents/commands.rs"]
mod commands;
#[path = "documents/console.rs"]
mod console;
#[path = "documents/fenced.rs"]
mod fenced;
mod support;

use console::Console;
use fenced::{Block, blocks};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use support::{Machine, one_machine, peer};

fn path(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(path(name)).expect("the document is part of the tree")
}

/// The blocks of exercises, by the numbers that their titles begin with.
fn exercises(document: &str) -> BTreeMap<usize, Vec<Block>> {
    let mut exercises: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for block in blocks(document) {
        if let Some((number, _)) = block.chapter.split_once(". ") {
            exercises.entry(number.parse().expect("a number")).or_default().push(block);
        }
    }
    exercises
}

/// Goes through the blocks of an exercise in their order, each in its terminal.
fn go_through(document: &str, number: usize, machine: &Machine) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut consoles = BTreeMap::new();
    for block in &exercises(&read(document))[&number] {
        let terminal = block.language.strip_prefix("console ").expect("a block says which terminal it is of");
        let console =
            consoles.entry(terminal).or_insert_with(|| machine.run(|| Console::start(folder.path())));
        if std::env::var_os("UPDATE").is_some() {
            write(document, number, block, &console.record(&block.text));
        } else {
            console.play(&block.text);
        }
    }
}

/// Writes a transcript in the place of a block.
fn write(name: &str, number: usize, block: &Block, recorded: &str) {
    /// One at a time.
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    let document = read(name);
    let fenced = |text: &str| format!("```{}\n{text}```\n", block.language);
    let title = document.find(&format!("## {number}. ")).expect("the exercise has a title");
    let at = title + document[title..].find(&fenced(&block.text)).expect("the block is there");
    let rest = &document[at + fenced(&block.text).len()..];
    std::fs::write(path(name), format!("{}{}{rest}", &document[..at], fenced(recorded))).unwrap();
}

fn exercise(document: &str, number: usize, machine: &Machine) {
    if peer("bash").is_some() {
        go_through(document, number, machine);
    }
}

fn is_complete(name: &str, numbers: &[usize]) {
    let document = read(name);
    let exercises = exercises(&document);
    assert_eq!(exercises.keys().copied().collect::<Vec<_>>(), numbers);
    let count = |part: &str| document.matches(part).count();
    assert_eq!((count("<details>"), count("</details>")), (numbers.len(), numbers.len()));
    for words in exercises.values().flatten().flat_map(|block| commands::commands(&block.text)) {
        commands::accepted(&words).unwrap_or_else(|why| panic!("{why}"));
    }
}

/// A test for each exercise of a document, so that they run at the same time.
macro_rules! exercises {
    ($document:ident: $($test:ident $number:literal)*) => {
        mod $document {
            const DOCUMENT: &str = concat!("docs/", stringify!($document), ".md");

            $(
                #[test]
                fn $test() {
                    super::one_machine(|machine| super::exercise(DOCUMENT, $number, machine));
                }
            )*

            #[test]
            fn every_exercise_is_gone_through_and_has_answers() {
                super::is_complete(DOCUMENT, &[$($number),*]);
            }
        }
    };
}

/// Both documents have the same exercises.
macro_rules! documents {
    ($($document:ident)*) => {
        $(exercises! { $document:
            bind_and_listen 1
            a_handshake 2
            tcp_beside_udp 3
            the_port_of_the_client 4
            many_servers 5
            the_socket_table 6
            a_port_test 7
            the_chat 8
            the_capture 9
            half_close 10
            reset 11
            time_wait 12
            backlog 13
        })*
    };
}

documents! { classroom aula }
