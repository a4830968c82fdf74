//! soquete-events(7) names every event, field, word, option and exit status there is, and nothing else.

#[path = "documents/options.rs"]
mod options;
#[path = "documents/statuses.rs"]
mod statuses;

use soquete::event::Kind;
use soquete::event::samples::{Fill, samples, vocabulary};
use soquete::exit::Exit;
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = include_str!("../man/soquete-events.7");
const EVERYWHERE: [&str; 4] = ["v", "seq", "ts", "event"];
const OF_A_SOCKET: [&str; 5] = ["conn", "proto", "local", "peer", "role"];

type Names = BTreeSet<String>;

/// The page's source cut at its headings of a level (`.Sh` or `.Ss`): heading, and what follows.
fn cut<'a>(text: &'a str, level: &str) -> Vec<(&'a str, &'a str)> {
    let mark = format!("\n{level} ");
    let pieces = text.split(&mark).skip(1);
    pieces.map(|piece| piece.split_at(piece.find('\n').unwrap_or(piece.len()))).collect()
}

fn section(name: &str) -> &'static str {
    let found = cut(PAGE, ".Sh").into_iter().find(|(heading, _)| *heading == name);
    found.unwrap_or_else(|| panic!("the page has no section {name}")).1
}

/// The first word of each list item, and the rest of its line.
fn items<'a>(text: &'a str, mark: &str) -> Vec<(&'a str, &'a str)> {
    let start = format!(".It {mark}");
    let lines = text.lines().filter_map(|line| line.strip_prefix(&start));
    lines.map(|item| item.split_once(' ').unwrap_or((item, ""))).collect()
}

/// Each event of the page with its fields, and whether each may be absent.
fn documented() -> BTreeMap<&'static str, BTreeMap<String, bool>> {
    let optional = |(name, rest): (&str, &str)| (name.to_owned(), rest.contains("optional"));
    let common: BTreeMap<_, _> = items(section("COMMON FIELDS"), "Va ").into_iter().map(optional).collect();
    let base: Names = EVERYWHERE.iter().chain(&OF_A_SOCKET).map(ToString::to_string).collect();
    assert_eq!(common.keys().cloned().collect::<Names>(), base, "COMMON FIELDS");
    let events = cut(section("EVENTS"), ".Ss").into_iter().map(|(event, text)| {
        let mut fields: BTreeMap<_, _> = items(text, "Va ").into_iter().map(optional).collect();
        let with_socket = text.contains("socket fields");
        let shared = EVERYWHERE.iter().chain(OF_A_SOCKET.iter().filter(|_| with_socket));
        fields.extend(shared.map(|name| ((*name).to_owned(), common[*name])));
        (event, fields)
    });
    events.collect()
}

#[test]
fn events_and_fields_are_those_of_the_code() {
    let fields = |record| -> Names {
        let line = serde_json::to_value(record).expect("events are JSON");
        line.as_object().expect("events are objects").keys().cloned().collect()
    };
    let mut page = documented();
    for (whole, bare) in samples(Fill::Whole).into_iter().zip(samples(Fill::Bare)) {
        let name = serde_json::to_value(&whole).expect("events are JSON")["event"].clone();
        let name = name.as_str().expect("events are named");
        let here = page.remove(name).unwrap_or_else(|| panic!("the page does not name the event {name}"));
        assert_eq!(here.keys().cloned().collect::<Names>(), fields(whole), "fields of {name}");
        let always: Names = here.iter().filter(|(_, optional)| !**optional).map(|(f, _)| f.clone()).collect();
        assert_eq!(always, fields(bare), "fields of {name} that are not optional");
    }
    assert!(page.is_empty(), "the page names events that do not exist: {:?}", page.keys());
}

#[test]
fn every_field_says_its_type_and_when_it_is_absent() {
    for (heading, text) in cut(PAGE, ".Sh") {
        for entry in text.split("\n.It Va ").skip(1) {
            let entry = entry.split("\n.El").next().unwrap_or_default();
            let (line, says) = entry.split_once('\n').unwrap_or((entry, ""));
            let typed = ["integer", "string", "boolean"].iter().any(|t| line.contains(t));
            assert!(typed, "{heading}: {line} has no type");
            assert!(!says.trim().is_empty(), "{heading}: {line} says nothing");
            assert_eq!(line.contains("optional"), says.contains("absent"), "{heading}: {line}: {says}");
        }
    }
}

#[test]
fn words_are_those_of_the_code() {
    let mut page: BTreeMap<_, Names> = cut(section("WORDS"), ".Ss")
        .into_iter()
        .map(|(heading, text)| (heading, items(text, "Dv ").iter().map(|(w, _)| (*w).to_owned()).collect()))
        .collect();
    let mut known: BTreeMap<_, Names> =
        vocabulary().into_iter().map(|(field, words)| (field, words.into_iter().collect())).collect();
    let states = known.remove("from").expect("states");
    assert_eq!(Some(&states), known.remove("to").as_ref());
    known.insert("from and to", states);
    known.insert("name", options::names());
    for (field, words) in known {
        assert_eq!(page.remove(field), Some(words), "words of {field}");
    }
    assert!(page.is_empty(), "the page lists words of fields that have none: {:?}", page.keys());
}

#[test]
fn exit_statuses_are_those_of_the_code() {
    let known = statuses::statuses().into_iter().map(|(code, _)| code.to_string());
    let page: Names = items(section("EXIT STATUS"), "").iter().map(|(code, _)| (*code).to_owned()).collect();
    assert_eq!(page, known.collect());
}

/// Lists the variants; one left out does not compile.
macro_rules! kinds {
    ($($kind:ident)*) => {{
        const _: fn(Kind) = |kind| match kind { $(Kind::$kind => (),)* };
        [$(Kind::$kind),*]
    }};
}

#[test]
fn kinds_say_the_exit_status_they_end_with() {
    let kinds = kinds!(Usage Resolve Refused Reset Unacknowledged Unreachable Timeout Address Permission Resources Option File
        Data EventsLost Waiting Tls Proxy Other);
    let page =
        cut(section("WORDS"), ".Ss").into_iter().find(|(heading, _)| *heading == "kind").expect("kinds").1;
    for kind in kinds.into_iter().filter(|kind| !matches!(kind, Kind::EventsLost | Kind::Waiting)) {
        let word = serde_json::to_value(kind).expect("a word");
        let start = format!("\n.It Dv {}\n", word.as_str().expect("a word"));
        let says = page.split_once(&start).expect("the page lists it").1;
        let says = says.split("\n.It").next().unwrap_or_default();
        let status = format!("({}).", Exit::of_kind(kind).code());
        assert!(says.contains(&status), "{word}: {says:?} lacks {status}");
    }
}
