//! Whether what was printed is what a document shows, and what may differ from run to run.

use regex_lite::Regex;

/// Whether `text` is `pattern`, in which `…` stands for anything.
pub fn is_like(text: &str, pattern: &str) -> bool {
    let mut pieces = pattern.split('…');
    let Some(mut rest) = text.strip_prefix(pieces.next().unwrap_or_default()) else { return false };
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.ends_with(piece);
        }
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty()
}

/// What is different in each run, and what stands for it: dates, times, durations, process numbers, the ports, windows and
/// window scales that the kernel chose, whether a state was seen or had to be concluded, blanks that align columns.
const CHANGING: [(&str, &str); 8] = [
    (r"\d{4}-\d\d-\d\d", "DATE"),
    (r"\d\d:\d\d:\d\d(\.\d+)?", "TIME"),
    (r"\d+(\.\d+)? ?(µs|ms|s)\b", "DURATION"),
    (r"\(\d+\)", "(PID)"),
    (r"\b\d{5}\b", "NUMBER"),
    (r"\bws \d+", "ws NUMBER"),
    (", implied", ""),
    (" +", " "),
];

/// `text` with all that may differ replaced.
pub fn masked(text: &str) -> String {
    CHANGING.iter().fold(text.to_owned(), |text, (changing, fixed)| {
        Regex::new(changing).expect("an expression").replace_all(&text, *fixed).into_owned()
    })
}

#[test]
fn an_ellipsis_stands_for_anything() {
    for (text, pattern, like) in [
        ("ab", "ab", true),
        ("ab", "a", false),
        ("axxb", "a…b", true),
        ("abc", "a…b", false),
        ("b", "…b…", true),
    ] {
        assert_eq!(is_like(text, pattern), like, "{text} {pattern}");
    }
}

#[test]
fn only_what_changes_is_masked() {
    let text = "02:49:20.602    #3 ended cleanly: 22 B in, 24 B out, 876 ms, rtt 15 µs";
    assert_eq!(masked(text), "TIME #3 ended cleanly: 22 B in, 24 B out, DURATION, rtt DURATION");
    assert_eq!(masked("tcp  [::1]:4333  [::1]:40136  cat(812)"), "tcp [::1]:4333 [::1]:NUMBER cat(PID)");
}
