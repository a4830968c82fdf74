//! The exercises go as docs/classroom.md shows them: what is typed is typed into shells on terminals, on a machine of their
//! own, and what these show is compared. `UPDATE=1 cargo test --test classroom` writes the transcripts anew.

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
use std::sync::Mutex;
use support::{Machine, one_machine, peer};

const DOCUMENT: &str = "docs/classroom.md";

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

/// One at a time.
static WRITING: Mutex<()> = Mutex::new(());

/// Goes through the blocks in their order, each in its terminal.
fn go_through(number: usize, machine: &Machine) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut consoles = BTreeMap::new();
    for block in &exercises(&read(DOCUMENT))[&number] {
        let terminal = block.language.strip_prefix("console ").expect("a block says which terminal it is of");
        let console =
            consoles.entry(terminal).or_insert_with(|| machine.run(|| Console::start(folder.path())));
        if std::env::var_os("UPDATE").is_none() {
            console.play(&block.text);
            continue;
        }
        let recorded = console.record(&block.text);
        let fenced = |text: &str| format!("```{}\n{text}```\n", block.language);
        let _writing = WRITING.lock().unwrap();
        let document = read(DOCUMENT);
        let title = document.find(&format!("## {number}. ")).expect("the exercise has a title");
        let at = title + document[title..].find(&fenced(&block.text)).expect("the block is there");
        let rest = &document[at + fenced(&block.text).len()..];
        std::fs::write(path(DOCUMENT), format!("{}{}{rest}", &document[..at], fenced(&recorded))).unwrap();
    }
}

fn exercise(number: usize, machine: &Machine) {
    if peer("bash").is_some() {
        go_through(number, machine);
    }
}

/// A test for each exercise, so that they run at the same time.
macro_rules! exercises {
    ($($test:ident $number:literal)*) => {
        $(#[test] fn $test() { one_machine(|machine| exercise($number, machine)); })*
        const NUMBERS: &[usize] = &[$($number),*];
    };
}

exercises! {
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
}

#[test]
fn every_exercise_is_gone_through_and_has_answers() {
    let document = read(DOCUMENT);
    let exercises = exercises(&document);
    assert_eq!(exercises.keys().copied().collect::<Vec<_>>(), NUMBERS);
    let count = |part: &str| document.matches(part).count();
    assert_eq!((count("<details>"), count("</details>")), (NUMBERS.len(), NUMBERS.len()));
    for words in exercises.values().flatten().flat_map(|block| commands::commands(&block.text)) {
        commands::accepted(&words).unwrap_or_else(|why| panic!("{why}"));
    }
}
