//! Which names a member may take. Pure; the room asks.
//!
//! A nick is printed in front of what others say to each other, on terminals that filter nothing, so it may not move
//! the cursor, turn the text around, hide, or pass for an address.

use std::net::IpAddr;

/// The longest nick, in characters: a line still fits a terminal of 80 columns.
pub const MAX_CHARS: usize = 24;

/// Checks `name`; what is wrong with it otherwise, to be read after "that nick …".
pub fn check(name: &[u8]) -> Result<&str, &'static str> {
    let name = std::str::from_utf8(name).map_err(|_| "is not UTF-8")?;
    if name.is_empty() {
        return Err("is empty");
    }
    if name.chars().count() > MAX_CHARS {
        return Err("is too long: 24 characters at most");
    }
    for c in name.chars() {
        refuse_char(c)?;
    }
    if looks_like_address(name) {
        return Err("looks like an address");
    }
    if !name.chars().any(char::is_alphanumeric) {
        return Err("has neither a letter nor a digit");
    }
    Ok(name)
}

/// What two nicks that count as the same have in common.
#[must_use]
pub fn fold(name: &str) -> String {
    name.to_lowercase()
}

fn refuse_char(c: char) -> Result<(), &'static str> {
    match c {
        c if turns_text(c) => Err("turns the direction of text"),
        c if is_invisible(c) => Err("holds a character that cannot be seen"),
        c if c.is_control() => Err("holds a control character"),
        c if c.is_whitespace() => Err("holds a space: one word, please"),
        // They frame the address and the time in every line.
        '[' | ']' | '(' | ')' | ':' | '*' | '/' | ',' => Err("holds one of the characters []():*/,"),
        _ => Ok(()),
    }
}

/// Bidirectional formatting, Unicode annex 9, table 2.
const fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `Default_Ignorable_Code_Point` of the Unicode character database, and what is drawn as nothing: line and paragraph
/// separators, interlinear annotation, the blank of braille, private use.
const fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200d}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}'
        | '\u{e000}'..='\u{f8ff}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
        | '\u{f0000}'..='\u{10ffff}')
}

/// Colons are refused anyway, so what is left are IPv4 addresses: dots between digits, of whatever script.
fn looks_like_address(name: &str) -> bool {
    let dotted =
        |c: char| c.is_numeric() || matches!(c, '.' | '\u{3002}' | '\u{ff0e}' | '\u{ff61}' | '\u{2024}');
    name.parse::<IpAddr>().is_ok()
        || (name.chars().all(dotted) && name.chars().any(|c| !c.is_numeric()))
        || name.chars().all(char::is_numeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_many_scripts_are_taken() {
        for name in ["ana", "Zoë", "李雷", "नमस्ते", "Οδυσσέας", "x_1", "d'Arc", "j.r.", "r2-d2", "🦀rust"]
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
        ] {
            let refused = check(name.as_bytes()).unwrap_err();
            assert!(refused.contains(reason), "{name:?}: {refused}");
        }
        assert_eq!(check(b"\xff"), Err("is not UTF-8"));
    }

    #[test]
    fn case_makes_no_other_name() {
        assert_eq!(fold("Ana"), fold("aNA"));
    }
}
