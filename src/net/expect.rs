//! The answer that a check expects: a regular expression over bytes.
//!
//! The expressions are those of regex-lite, which reads text. Each byte of an answer is given to it as the character of the same
//! number (Latin-1), and so is each byte of the expression: what is matched are bytes, whatever their encoding.

use regex_lite::Regex;
use std::str::FromStr;

/// A regular expression over bytes.
#[derive(Clone, Debug)]
pub struct Expect(Regex);

impl FromStr for Expect {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        if word.is_empty() {
            return Err("the expression is empty; type . for any answer".into());
        }
        let expression = Regex::new(&characters(word.as_bytes()));
        expression.map(Self).map_err(|error| format!("{word:?} is not a regular expression: {error}"))
    }
}

impl Expect {
    /// Whether it matches anywhere in `answer`.
    #[must_use]
    pub fn is_match(&self, answer: &[u8]) -> bool {
        self.0.is_match(&characters(answer))
    }
}

fn characters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(word: &str, answer: &[u8]) -> bool {
        word.parse::<Expect>().unwrap().is_match(answer)
    }

    #[test]
    fn bytes_are_matched() {
        assert!(matches("^220 ", b"220 mail ready\r\n") && !matches("^220 ", b"1220 \r\n"));
        assert!(matches(r"^\x00\xff$", b"\0\xff") && !matches(r"\xff", b"\xfe"));
        assert!(matches("(?i)ok", b"\xff OK") && matches(r"HTTP/1\.[01] 200", b"HTTP/1.1 200 OK\r\n"));
        assert!(matches("(?m)^PONG\r?$", b"\r\n+x\r\nPONG\r\n"));
    }

    #[test]
    fn text_beyond_ascii_is_its_bytes() {
        assert!(matches("olá", "olá!".as_bytes()) && !matches("olá", b"ol\xe1"));
        assert!(matches("^....$", "olá".as_bytes()), "a point is a byte");
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for word in ["", "(", "[a", "*", r"\q"] {
            assert!(word.parse::<Expect>().is_err(), "{word}");
        }
        let error = "(".parse::<Expect>().unwrap_err();
        assert!(!error.contains('\n'), "{error}");
    }
}
