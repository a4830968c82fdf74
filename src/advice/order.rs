//! Words in the wrong place: host and port exchanged, a command without `--`, a value without `=`.

use super::is_right;

/// Options whose value is optional, and therefore follows `=`.
const OPTIONAL_VALUE: [&str; 9] = [
    "--freebind",
    "--keepalive",
    "--nodelay",
    "--ordered",
    "--proxy-server",
    "--reuseaddr",
    "--reuseport",
    "--v6only",
    "--watch",
];

/// Each way to put one thing right.
pub(super) fn candidates(words: &[String]) -> Vec<Vec<String>> {
    let fixes = [joined, exchanged, without_dashes, as_check, with_command, without_limit, quoted];
    fixes.iter().filter_map(|fix| fix(words)).collect()
}

fn edited(words: &[String], edit: impl FnOnce(&mut Vec<String>)) -> Vec<String> {
    let mut words = words.to_vec();
    edit(&mut words);
    words
}

/// `--keepalive 30` as `--keepalive=30`.
fn joined(words: &[String]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| OPTIONAL_VALUE.contains(&word.as_str()))?;
    let value = words.get(at + 1).filter(|value| !value.starts_with('-'))?;
    let pair = format!("{}={value}", words[at]);
    Some(edited(words, |words| drop(words.splice(at..at + 2, [pair]))))
}

/// `80 localhost` as `localhost 80`.
fn exchanged(words: &[String]) -> Option<Vec<String>> {
    let is_port = |word: &String| word.bytes().all(|b| b.is_ascii_digit());
    let is_host = |word: &String| !is_port(word) && !word.starts_with('-') && !word.contains(':');
    let at = words.windows(2).position(|pair| is_port(&pair[0]) && is_host(&pair[1]))?;
    Some(edited(words, |words| words.swap(at, at + 1)))
}

/// `connect -- localhost 80` without the dashes.
fn without_dashes(words: &[String]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| word == "--")?;
    Some(edited(words, |words| drop(words.remove(at))))
}

/// `connect localhost 80,81` as a check, which takes many ports.
fn as_check(words: &[String]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| word == "connect")?;
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    let ports = |word: &String| {
        let ports = word.rsplit_once(':').map_or(word.as_str(), |(_, ports)| ports);
        ports.contains([',', '-']) && ports.bytes().all(|b| b.is_ascii_digit() || matches!(b, b',' | b'-'))
    };
    words.get(at + 1..end)?.iter().any(ports).then_some(())?;
    Some(edited(words, |words| words.insert(at + 1, "--check".to_owned())))
}

/// `connect localhost 80 echo hi` with `--` before the command.
fn with_command(words: &[String]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| word == "connect")?;
    if words.iter().any(|word| word == "--") {
        return None;
    }
    let split = |at: usize| edited(words, |words| words.insert(at, "--".to_owned()));
    (at + 2..words.len()).filter(|&at| is_command(&words[at])).map(split).find(|words| is_right(words))
}

/// Whether a word names a program that is there.
fn is_command(word: &str) -> bool {
    if word.contains('/') {
        return std::path::Path::new(word).is_file();
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let starts_right = word.starts_with(|c: char| c.is_ascii_alphabetic());
    starts_right && std::env::split_paths(&path).any(|folder| folder.join(word).is_file())
}

/// `--wait localhost 80` without a limit.
fn without_limit(words: &[String]) -> Option<Vec<String>> {
    let at =
        words.iter().position(|word| word == "--wait").filter(|_| words.iter().any(|w| w == "connect"))?;
    Some(edited(words, |words| words.insert(at + 1, "forever".to_owned())))
}

/// `stat --wait listen 80`, whose condition is one word to the shell.
fn quoted(words: &[String]) -> Option<Vec<String>> {
    let at = words.iter().position(|word| word == "--wait").filter(|_| words.iter().any(|w| w == "stat"))?;
    let end = words[at + 1..].iter().position(|word| word.starts_with('-'));
    let end = end.map_or(words.len(), |length| at + 1 + length);
    let condition = words[at + 1..end].join(" ");
    Some(edited(words, |words| drop(words.splice(at + 1..end, [condition]))))
}
