//! Command lines of nc and ss as the program's own.

use crate::cli;

/// A word of nc's command line.
enum Item {
    Flag(char, Option<String>),
    Word(String),
}

/// What the program does, in its own name, and whether it waits for others.
#[derive(Clone, Copy)]
struct Mode {
    name: &'static str,
    serves: bool,
}

/// nc's flags that take a value, as far as the program has something for them.
const VALUED: &str = "pswiqmec";

/// A command line of nc; `None` if it holds something that has no counterpart.
pub(super) fn netcat(words: &[String]) -> Option<Vec<String>> {
    let subcommand = subcommand(words);
    let typed = subcommand.map(|at| words[at].as_str());
    let start = subcommand.map_or(1, |at| at + 1);
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let items = items(&short_exec(words.get(start..end)?));
    let has = |flag| items.iter().any(|item| matches!(item, Item::Flag(f, _) if *f == flag));
    let mode = mode(typed, has('l'), has('u'))?;
    let unix = has('U');
    let mut out = words[..start].to_vec();
    if subcommand.is_some() {
        out.pop();
    }
    out.push(mode.name.to_owned());
    let (mut last, mut command) = (Vec::new(), None);
    for item in items {
        match item {
            Item::Flag('e', line) if mode.name != "udp-send" && end == words.len() => {
                out.push("--exec".to_owned());
                command = Some(line?);
            }
            Item::Flag('U', _) => {}
            Item::Word(word) if unix => last.push(format!("unix:{word}")),
            Item::Word(word) => out.push(word),
            Item::Flag('p', port) if mode.serves => last.push(port?),
            Item::Flag(flag, value) => out.extend(ours(mode, flag, value.as_deref())?),
        }
    }
    out.extend(last);
    out.extend(words[end..].iter().cloned());
    if let Some(line) = command {
        out.push("--".to_owned());
        out.extend(line.split_whitespace().map(str::to_owned));
    }
    Some(out)
}

/// ncat's `--exec LINE` as `-e LINE`.
fn short_exec(words: &[String]) -> Vec<String> {
    let mut words = words.to_vec();
    for word in words.iter_mut().filter(|word| *word == "--exec") {
        "-e".clone_into(word);
    }
    words
}

fn subcommand(words: &[String]) -> Option<usize> {
    let root = cli::command();
    let known = |word: &String| root.get_subcommands().any(|c| c.get_name() == word);
    words.iter().position(known)
}

fn mode(typed: Option<&str>, listens: bool, datagrams: bool) -> Option<Mode> {
    let listens = listens || matches!(typed, Some("listen" | "udp-serve"));
    let datagrams = datagrams || matches!(typed, Some("udp-send" | "udp-serve"));
    let name = match (typed, listens, datagrams) {
        (None | Some("connect" | "listen" | "udp-send" | "udp-serve"), true, true) => "udp-serve",
        (None | Some("connect" | "listen" | "udp-send" | "udp-serve"), true, false) => "listen",
        (None | Some("connect" | "udp-send"), false, true) => "udp-send",
        (None | Some("connect"), false, false) => "connect",
        _ => return None,
    };
    Some(Mode { name, serves: listens })
}

/// Cuts clusters such as `-lvp8080` up.
fn items(words: &[String]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let Some(cluster) = word.strip_prefix('-').filter(|rest| !rest.is_empty() && !rest.starts_with('-'))
        else {
            items.push(Item::Word(word.clone()));
            continue;
        };
        for (at, flag) in cluster.char_indices() {
            if VALUED.contains(flag) {
                let rest = &cluster[at + flag.len_utf8()..];
                let value = if rest.is_empty() { words.next().cloned() } else { Some(rest.to_owned()) };
                items.push(Item::Flag(flag, value));
                break;
            }
            items.push(Item::Flag(flag, None));
        }
    }
    items
}

/// The program's words for a flag; `None` if it has none.
fn ours(Mode { name, serves }: Mode, flag: char, value: Option<&str>) -> Option<Vec<String>> {
    let is_tcp = matches!(name, "connect" | "listen");
    let words = |words: &[&str]| Some(words.iter().map(|word| (*word).to_owned()).collect());
    let with = |option: &str| Some(vec![option.to_owned(), value?.to_owned()]);
    match flag {
        'l' | 'u' | 'N' => words(&[]),
        'k' if name == "udp-serve" => words(&[]),
        'k' if serves => words(&["-k"]),
        '4' | '6' | 'n' | 'v' => words(&[&format!("-{flag}")]),
        'z' if name == "connect" => words(&["-z"]),
        'z' if name == "udp-send" => words(&["--check"]),
        'C' if is_tcp => words(&["-C"]),
        'd' if is_tcp => words(&["--recv-only"]),
        'p' if !serves => Some(vec!["--source".to_owned(), format!(":{}", value?)]),
        's' if !serves => with("--source"),
        'q' if is_tcp => with("--eof-wait"),
        'i' if name != "udp-send" => with("--idle-timeout"),
        'm' if name == "listen" => with("--max-conns"),
        'w' if name == "connect" => with("-w"),
        'w' if name == "listen" => with("--accept-timeout"),
        'w' if name == "udp-send" => with("--reply-wait"),
        'c' if name != "udp-send" => with("--sh-exec"),
        'w' => with("--idle-timeout"),
        _ => None,
    }
}

/// curl's options for a UNIX socket as the address of one.
pub(super) fn curl(words: &[String]) -> Option<Vec<String>> {
    let options = [("--unix-socket", "unix:"), ("--abstract-unix-socket", "unix:@")];
    let (at, prefix) = words.iter().enumerate().find_map(|(at, word)| {
        options.iter().find(|(option, _)| word == option).map(|(_, prefix)| (at, prefix))
    })?;
    let mut out = words.to_vec();
    let name = format!("{prefix}{}", words.get(at + 1)?);
    out.splice(at..at + 2, [name]);
    Some(out)
}

/// What is written to ss after `stat`.
pub(super) fn ss(words: &[String]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| word == "stat")?;
    let mut out = words[..=at].to_vec();
    let mut rest = words[at + 1..].iter().filter(|word| !matches!(word.as_str(), "=" | "==" | "eq"));
    while let Some(word) = rest.next() {
        let option = match word.as_str() {
            "state" => "--state",
            "sport" | "src" => "--local",
            "dport" | "dst" => "--peer",
            cluster if cluster.starts_with('-') && !cluster.starts_with("--") => {
                out.extend(cluster.chars().skip(1).map(ss_flag));
                continue;
            }
            _ => {
                out.push(word.clone());
                continue;
            }
        };
        out.extend([option.to_owned(), rest.next()?.clone()]);
    }
    Some(out)
}

fn ss_flag(flag: char) -> String {
    match flag {
        'o' | 'i' | 'm' => "-e".to_owned(),
        's' => "--summary".to_owned(),
        'c' => "--watch".to_owned(),
        other => format!("-{other}"),
    }
}
