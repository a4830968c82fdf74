//! Names that a member may take as its nick. Pure.
//!
//! A nick precedes a member's lines on terminals that filter nothing, so it must not move the cursor, change the direction
//! of text, be invisible or look like an address.

use super::shapes::skeleton;
use crate::text::hidden::{is_control, is_invisible, turns_text};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_script::Script;
use unicode_security::mixed_script::AugmentedScriptSet;

/// The longest nick, in characters: a line still fits a terminal of 80 columns.
pub const MAX_CHARS: usize = 24;

/// The most combining marks on one letter: no language writes more, and a longer stack covers the lines above and below.
const MAX_MARKS: usize = 3;

/// Checks `name`; the error continues "that nick …".
pub fn check(name: &[u8]) -> Result<&str, &'static str> {
    let name = std::str::from_utf8(name).map_err(|_| "is not UTF-8")?;
    if name.is_empty() {
        return Err("is empty");
    }
    if name.chars().count() > MAX_CHARS {
        return Err("is too long: 24 characters at most");
    }
    // As typed, and as it looks: a full-width colon is a colon.
    for c in name.chars().chain(name.nfkc()) {
        refuse_char(c)?;
    }
    if most_marks(name) > MAX_MARKS {
        return Err("has too many marks on one letter");
    }
    if mixes_scripts(name) {
        return Err("mixes scripts whose letters look alike");
    }
    if looks_like_address(&fold(name)) {
        return Err("looks like an address");
    }
    if !name.chars().any(char::is_alphanumeric) {
        return Err("has neither a letter nor a digit");
    }
    Ok(name)
}

/// The folded form of a nick, in which letters of all scripts and digits stand for their shape ("skeleton", Unicode standard
/// 39, section 4): nicks that look the same share it.
#[must_use]
pub fn likeness(name: &str) -> String {
    skeleton(&fold(name)).to_lowercase()
}

/// A name in lower case and in compatibility form (NFKC, Unicode annex 15). Upper case in between folds letters that have two
/// lower-case forms.
fn fold(name: &str) -> String {
    name.nfkc().collect::<String>().to_uppercase().to_lowercase().nfkc().collect()
}

/// The most combining marks in a row.
fn most_marks(name: &str) -> usize {
    let mut row = 0;
    let rows = name.nfd().map(|c| {
        row = if is_combining_mark(c) { row + 1 } else { 0 };
        row
    });
    rows.max().unwrap_or_default()
}

fn refuse_char(c: char) -> Result<(), &'static str> {
    match c {
        c if turns_text(c) => Err("changes the direction of text"),
        c if is_invisible(c) || is_blank(c) => Err("contains a character that cannot be seen"),
        c if is_control(c) => Err("contains a control character"),
        c if c.is_whitespace() => Err("contains a space"),
        // They frame the address and the time in every line.
        '[' | ']' | '(' | ')' | ':' | '*' | '/' | ',' => Err("contains one of the characters []():*/,"),
        c if looks_like_colon(c) => Err("contains a character that looks like a colon"),
        _ => Ok(()),
    }
}

/// Characters that only some terminals show: the blank of braille, private use.
const fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{e000}'..='\u{f8ff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Whether a name mixes scripts that share shapes of letters. Chinese, Japanese and Korean may mix the scripts they use, with
/// Latin beside them ("Highly Restrictive", Unicode standard 39, 5.2).
fn mixes_scripts(name: &str) -> bool {
    let (mut all, mut beside_latin) = (AugmentedScriptSet::default(), AugmentedScriptSet::default());
    for c in name.nfkc() {
        let scripts = AugmentedScriptSet::for_char(c);
        all.intersect_with(scripts);
        if !scripts.base.contains_script(Script::Latin) {
            beside_latin.intersect_with(scripts);
        }
    }
    all.is_empty() && !(beside_latin.hanb || beside_latin.jpan || beside_latin.kore)
}

/// Look-alikes of the colon that NFKC leaves alone: ratio, modifier letters, two dots, the ends of sentences in Armenian and Hebrew.
const fn looks_like_colon(c: char) -> bool {
    matches!(c, '\u{2236}' | '\u{a789}' | '\u{2d0}' | '\u{2f8}' | '\u{205a}' | '\u{589}' | '\u{5c3}')
}

/// Whether a folded name looks like an address. Colons are refused anyway, which leaves IPv4, in any of its notations
/// (inet(3)), alone or with something before or after it.
fn looks_like_address(name: &str) -> bool {
    name.chars().all(|c| c.is_numeric() || is_dot(c))
        || (is_hex(name) && name.chars().any(is_dot))
        || name.strip_prefix("0x").is_some_and(is_hex)
        || (name.chars().any(char::is_numeric) && holds_dotted_quad(name))
}

fn is_hex(name: &str) -> bool {
    name.chars().all(|c| c.is_ascii_hexdigit() || c.is_numeric() || is_dot(c))
}

/// Four numbers with dots between them, some of the digits perhaps letters that look like one.
fn holds_dotted_quad(name: &str) -> bool {
    let digit = |c: char| c.is_numeric() || matches!(c, 'o' | 'l' | 'i' | '|' | '\u{3bf}' | '\u{43e}');
    name.split(|c| !(digit(c) || is_dot(c))).any(|run| {
        let numbers: Vec<&str> = run.split(is_dot).collect();
        numbers.windows(4).any(|four| four.iter().all(|number| !number.is_empty()))
    })
}

/// Full stops of several scripts, those that NFKC leaves alone included.
const fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{6d4}' | '\u{701}' | '\u{702}' | '\u{a4f8}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_scripts_are_taken() {
        let names = [
            "ana",
            "Zoë",
            "Zoe\u{308}",
            "李雷",
            "नमस्ते",
            "Οδυσσέας",
            "Việt",
            "x_1",
            "d'Arc",
            "j.r.",
            "r2-d2",
            "李Lei",
            "ラーメンdog",
        ];
        for name in
            names.into_iter().chain(["🦀rust", "lol", "v1.2", "0xen", "lo.il.lo.ol", "beef", "ｚｏｅ"])
        {
            assert_eq!(check(name.as_bytes()), Ok(name));
        }
    }

    #[test]
    fn names_that_deceive_are_refused_with_a_reason() {
        for (name, reason) in [
            ("", "empty"),
            ("127.0.0.1:50000", "characters"),
            ("10.0.0.1", "address"),
            ("１０.0.0.1", "address"),
            ("4333", "address"),
            ("::1", "characters"),
            ("[::1]", "characters"),
            ("ana (10.0.0.1", "space"),
            ("a\u{1b}[31m", "control"),
            ("a\u{9b}", "control"),
            ("a\u{202e}b", "direction"),
            ("a\u{200b}b", "seen"),
            ("a\u{feff}", "seen"),
            ("a\tb", "control"),
            ("a\u{a0}b", "space"),
            ("*", "characters"),
            ("...", "address"),
            ("--", "letter"),
            ("aaaaaaaaaaaaaaaaaaaaaaaaa", "long"),
            ("127.0.0.1\u{ff1a}50000", "characters"),
            ("127.0.0.1\u{a789}50000", "colon"),
            ("x\u{2236}1", "colon"),
            ("0x7f000001", "address"),
            ("0X7F.1", "address"),
            ("127.1", "address"),
            ("127.0.0.1x", "address"),
            ("127.0.0.1-80", "address"),
            ("x127.0.0.1", "address"),
            ("l27.0.0.1", "address"),
            ("127.O.0.1", "address"),
            ("\u{661}.\u{660}.0.1", "address"),
            ("127\u{3002}0\u{3002}0\u{3002}1", "address"),
            ("\u{ff11}\u{ff12}7.0.0.1", "address"),
            ("dead.beef", "address"),
            ("a\u{301}\u{301}\u{301}\u{301}", "marks"),
            ("\u{ff3b}1", "characters"),
            ("\u{3bf}perator", "scripts"),
            ("p\u{430}ypal", "scripts"),
            ("\u{585}perator", "scripts"),
            ("a\u{fe0f}", "seen"),
            ("a\u{1d173}", "seen"),
        ] {
            let refused = check(name.as_bytes()).unwrap_err();
            assert!(refused.contains(reason), "{name:?}: {refused}");
        }
        assert_eq!(check(b"\xff"), Err("is not UTF-8"));
    }

    #[test]
    fn names_that_look_the_same_are_the_same() {
        for (one, other) in
            [("Ana", "aNA"), ("ana", "ａｎａ"), ("é", "e\u{301}"), ("Groß", "GROSS"), ("ς", "Σ")]
        {
            assert_eq!(likeness(one), likeness(other), "{one} and {other}");
        }
        for (one, other) in [("paco", "расо"), ("operator", "0perator"), ("lol", "1o1")] {
            assert_eq!(likeness(one), likeness(other), "{one} and {other}");
        }
        assert_ne!(likeness("ana"), likeness("anã"));
        assert_ne!(likeness("ana"), likeness("eva"));
    }
}
