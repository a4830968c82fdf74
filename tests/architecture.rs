//! The layers look down only, `unsafe` stays in `sys`, files are small and say what lives in them.

#[path = "architecture/paths.rs"]
mod paths;

use paths::{identifiers, module, own_paths};
use proc_macro2::TokenStream;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What each layer may use beside itself: whole layers, or single modules and types of one.
const MAY_USE: [(&str, &[&str]); 16] = [
    ("event", &[]),
    ("sys", &["event"]),
    ("net", &["event", "sys", "text"]),
    ("scan", &["event::Outcome", "event::report", "net::address", "net::ports", "net::targets"]),
    ("text", &[]),
    ("capture", &["event", "text"]),
    ("fanout", &[]),
    ("chat", &["fanout", "text"]),
    // Values a user can type, never what makes a socket or prints.
    (
        "cli",
        &[
            "chat",
            "event::State",
            "net::acl::AccessSpec",
            "net::address",
            "net::condition",
            "net::datagram::LONGEST_V4",
            "net::datagram::LONGEST_V6",
            "net::expect::Expect",
            "net::pattern",
            "net::ports",
            "relay::OnEof",
            "relay::OnPeerEof",
            "net::resolve",
            "net::tap::DumpTarget",
            "net::tls::Pin",
            "net::tls::Version",
            "net::source",
            "sys::options",
        ],
    ),
    ("advice", &["cli", "net::address", "net::service", "net::targets"]),
    // A ladder that grows line by line is one more drawing of conversations.
    (
        "output",
        &[
            "event",
            "text",
            "capture::Side",
            "capture::arrow",
            "capture::implied_segment",
            "capture::packet_words",
        ],
    ),
    ("exit", &["event", "net::address", "sys"]),
    ("relay", &["event", "net", "sys"]),
    ("session", &["capture", "chat", "event", "exit", "fanout", "net", "relay", "scan", "sys", "text"]),
    ("cmd", &["chat", "cli", "event", "exit", "net", "relay", "scan", "session", "sys", "text"]),
    // Where commands and printers meet.
    ("setup", &["advice", "cli", "cmd", "event", "exit", "output", "session", "sys", "text"]),
];

/// Lines a file may have before its unit tests.
const LONGEST: usize = 300;

/// Marks of work not done, or of a search for a fault.
const UNFINISHED: [&str; 3] = ["todo", "unimplemented", "dbg"];

/// Every source file: its path below `src`, and its text.
fn sources() -> Vec<(String, String)> {
    fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() {
                collect(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    let read = |path: PathBuf| {
        let name = path.strip_prefix(&root).expect("files are below src").to_string_lossy().into_owned();
        (name, fs::read_to_string(&path).expect("sources are text"))
    };
    files.into_iter().map(read).collect()
}

/// What is wrong with one file, a line each; empty if nothing is.
fn faults(file: &str, text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if !text.starts_with("//! ") {
        faults.push("does not open by saying what lives in it".to_owned());
    }
    let code = text.lines().take_while(|line| *line != "#[cfg(test)]").count();
    let is_tests = file.ends_with("_test.rs") || file.ends_with("tests.rs");
    if code > LONGEST && !is_tests {
        faults.push(format!("has {code} lines before its tests, more than {LONGEST}"));
    }
    let tokens: TokenStream = text.parse().expect("sources are Rust");
    let mut words = Vec::new();
    identifiers(tokens.clone(), &mut words);
    if words.iter().any(|word| word == "unsafe") {
        if !file.starts_with("sys/") {
            faults.push("has unsafe code outside sys".to_owned());
        } else if !text.contains("\n#![allow(unsafe_code)]\n") {
            faults.push("has unsafe code without allowing it at its top".to_owned());
        }
    }
    faults.extend(words.iter().filter(|w| UNFINISHED.iter().any(|u| *w == u)).map(|w| format!("has a {w}!")));
    faults.extend(crossings(file, tokens));
    faults
}

/// The paths of a file that lead where its layer may not look.
fn crossings(file: &str, tokens: TokenStream) -> Vec<String> {
    let module = module(file);
    let Some(layer) = module.first() else {
        return Vec::new(); // lib.rs and main.rs may see everything
    };
    let Some((_, allowed)) = MAY_USE.iter().find(|(name, _)| name == layer) else {
        return vec![format!("is of the layer {layer}, which the table does not know")];
    };
    let may = |path: &[String]| path.first() == Some(layer) || allowed.iter().any(|a| is_within(path, a));
    let strays = own_paths(tokens, &module).into_iter().filter(|path| !path.is_empty() && !may(path));
    strays.map(|path| format!("uses {}, which {layer} may not", path.join("::"))).collect()
}

/// Whether a path is the module or type `place`, or inside it.
fn is_within(path: &[String], place: &str) -> bool {
    let mut path = path.iter();
    place.split("::").all(|segment| path.next().is_some_and(|own| own == segment))
}

#[test]
fn every_file_keeps_the_rules() {
    let found: Vec<_> = sources()
        .iter()
        .flat_map(|(file, text)| {
            faults(file, text).into_iter().map(move |fault| format!("src/{file} {fault}"))
        })
        .collect();
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_crate_documentation_shows_the_layers_there_are() {
    let sources = sources();
    let of_files: BTreeSet<_> =
        sources.iter().filter_map(|(file, _)| module(file).first().cloned()).collect();
    let library = &sources.iter().find(|(file, _)| file == "lib.rs").expect("there is a library").1;
    let rows = library.lines().filter_map(|line| {
        line.strip_prefix("//! | ")?.trim_start_matches('[').strip_prefix('`')?.split('`').next()
    });
    let mut shown: BTreeSet<_> = rows.map(str::to_owned).collect();
    shown.extend(["exit".to_owned(), "setup".to_owned()]); // single files, described by themselves
    assert_eq!(shown, of_files);
}

/// A file that keeps every rule but the one that `code` breaks.
fn planted(file: &str, code: &str) -> Vec<String> {
    faults(file, &format!("//! A file.\n\n{code}\n"))
}

#[test]
fn a_layer_that_looks_up_is_found() {
    for (file, code, stray) in [
        ("event/state.rs", "use crate::sys::wait;", "sys::wait"),
        ("event/mod.rs", "use super::output::text;", "output::text"),
        ("sys/error.rs", "fn f() { crate::net::addr::parse() }", "net::addr::parse"),
        ("net/address.rs", "use crate::{event::Kind, cli::{self}};", "cli"),
        ("cmd/serve/mod.rs", "use super::super::output;", "output"),
        ("cmd/listen.rs", "fn f() { write!(out, \"{}\", crate::output::text(x)); }", "output::text"),
        ("cmd/listen.rs", "use crate::setup::fault;", "setup::fault"),
        ("output/json.rs", "use crate::{event::*, cmd::*};", "cmd"),
        ("cli/mod.rs", "use crate::sys::socket::Tracked;", "sys::socket::Tracked"),
        ("cli/mod.rs", "use crate::net;", "net"),
        ("scan/mod.rs", "mod inner { use super::super::net::dial; }", "net::dial"),
    ] {
        let layer = file.split('/').next().unwrap_or_default();
        assert_eq!(planted(file, code), [format!("uses {stray}, which {layer} may not")], "{code}");
    }
    assert_eq!(planted("extra/mod.rs", "").len(), 1, "a layer the table does not know");
}

#[test]
fn what_is_allowed_is_not_found() {
    for (file, code) in [
        ("event/queue.rs", "use super::Event; use crate::event::Kind;"),
        ("net/dial.rs", "use crate::sys::{self, socket::Tracked}; use crate::event::*;"),
        ("cli/socket.rs", "use crate::sys::options::SocketOption; use crate::relay::OnEof;"),
        ("lib.rs", "use crate::output; use crate::cmd;"),
        ("event/mod.rs", "/// [`crate::output`]\nfn f() { \"crate::output\"; } // crate::output\n"),
        ("event/mod.rs", "#[cfg(test)]\nmod tests { use crate::output; }\nfn f() {}"),
        ("event/mod.rs", "pub(crate) fn f() {} pub(super) fn g() {}"),
    ] {
        assert_eq!(planted(file, code), [""; 0], "{code}");
    }
    assert!(!planted("event/mod.rs", "#[cfg(test)]\nmod tests {}\nuse crate::cmd;").is_empty());
}

#[test]
fn other_broken_rules_are_found() {
    assert_eq!(faults("net/address.rs", "use std::io;\n").len(), 1, "no header");
    assert_eq!(planted("net/address.rs", "fn f() { unsafe {} }").len(), 1, "unsafe outside sys");
    assert_eq!(planted("sys/mod.rs", "fn f() { unsafe {} }").len(), 1, "unsafe not allowed at the top");
    assert_eq!(planted("sys/mod.rs", "#![allow(unsafe_code)]\nfn f() { unsafe {} }"), [""; 0]);
    assert_eq!(planted("net/address.rs", "fn f() { todo!() }"), ["has a todo!"]);
    assert_eq!(planted("net/address.rs", "fn f() { dbg!(1); unimplemented!() }").len(), 2);
    assert_eq!(planted("net/address.rs", &"\n".repeat(LONGEST)).len(), 1, "too long");
    assert_eq!(planted("net/address.rs", &format!("#[cfg(test)]\n{}", "\n".repeat(LONGEST))), [""; 0]);
}

/// Which file of `sources` a path names: the longest module that is a file.
fn file_of<'a>(sources: &'a [(String, String)], path: &[String]) -> Option<&'a str> {
    let files = sources.iter().map(|(file, _)| (file.as_str(), module(file)));
    let named = files.filter(|(file, module)| *file != "lib.rs" && path.starts_with(module));
    named.max_by_key(|(_, module)| module.len()).map(|(file, _)| file)
}

/// The files that each file of `sources` names, itself and its own folder left out.
fn imports(sources: &[(String, String)]) -> BTreeMap<&str, BTreeSet<&str>> {
    let of = |file: &str, text: &str| -> BTreeSet<&str> {
        let tokens: TokenStream = text.parse().expect("sources are Rust");
        let folder =
            |other: &str| other.strip_suffix("/mod.rs").is_some_and(|folder| file.starts_with(folder));
        let paths = own_paths(tokens, &module(file));
        let files = paths.iter().filter_map(|path| file_of(sources, path));
        files.filter(|other| *other != file && !folder(other)).collect()
    };
    sources.iter().map(|(file, text)| (file.as_str(), of(file, text))).collect()
}

/// The files from which `file` can be reached again, a circle each.
fn circles<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<&'a str> {
    let reaches_itself = |start: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(file) = open.pop() {
            for &next in imports.get(file).into_iter().flatten() {
                if next == start {
                    return true;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    };
    imports.keys().copied().filter(|file| reaches_itself(file)).collect()
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let sources = sources();
    assert_eq!(circles(&imports(&sources)), Vec::<&str>::new());
    let planted: Vec<(String, String)> = [
        ("net/a.rs", "use super::b::B;"),
        ("net/b.rs", "use crate::net::c;"),
        ("net/c.rs", "fn f() { super::a::a() }"),
        ("net/d.rs", "use super::a;"),
    ]
    .map(|(file, text)| (file.to_owned(), text.to_owned()))
    .to_vec();
    assert_eq!(circles(&imports(&planted)), ["net/a.rs", "net/b.rs", "net/c.rs"]);
}

#[test]
fn no_command_imports_another() {
    let command = |file: &str| Some(file.strip_prefix("cmd/")?.split(['/', '.']).next()?.to_owned());
    // What several commands need to read their arguments is no command.
    let shared = ["mod", "access", "bus", "response"].map(str::to_owned);
    let sources = sources();
    let mut found = Vec::new();
    for (file, others) in imports(&sources) {
        let Some(own) = command(file) else { continue };
        let strays = others.into_iter().filter_map(command).filter(|c| *c != own && !shared.contains(c));
        found.extend(strays.map(|stray| format!("{file} uses {stray}")));
    }
    assert_eq!(found, Vec::<String>::new());
}
