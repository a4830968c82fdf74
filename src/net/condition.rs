//! Conditions on the socket table, as users type them: `listen PORT`, `gone PORT`, `established HOST:PORT`, `count OP N FILTER`.

use super::pattern::Pattern;
use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

/// A condition on the socket table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// What must hold.
    pub what: What,
    /// The sockets it is about.
    pub of: Vec<Pattern>,
    typed: String,
}

/// What must hold of the sockets meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// One of them listens, or is a datagram socket without a peer.
    Listen,
    /// None is left but in TIME-WAIT.
    Gone,
    /// One of them is ESTABLISHED.
    Established,
    /// Their number compares so.
    Count(Comparison, u64),
}

/// How a number compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `=`, `==`
    Equal,
    /// `!=`
    Other,
    /// `>=`
    AtLeast,
    /// `>`
    Above,
}

impl Comparison {
    /// Whether `left` compares so to `right`.
    #[must_use]
    pub fn holds(self, left: u64, right: u64) -> bool {
        let order = left.cmp(&right);
        match self {
            Self::Below => order == Ordering::Less,
            Self::AtMost => order != Ordering::Greater,
            Self::Equal => order == Ordering::Equal,
            Self::Other => order != Ordering::Equal,
            Self::AtLeast => order != Ordering::Less,
            Self::Above => order == Ordering::Greater,
        }
    }
}

impl FromStr for Comparison {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Ok(match word {
            "<" => Self::Below,
            "<=" => Self::AtMost,
            "=" | "==" => Self::Equal,
            "!=" => Self::Other,
            ">=" => Self::AtLeast,
            ">" => Self::Above,
            _ => return Err(format!("{word:?} is not a comparison; type <, <=, =, !=, >= or >")),
        })
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usage = "type `listen PORT`, `gone PORT`, `established HOST:PORT` or `count OP N FILTER`";
        let spaced = spaced(text);
        let mut words = spaced.split_whitespace();
        let what = match words.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "listen" => What::Listen,
            "gone" => What::Gone,
            "established" => What::Established,
            "count" => {
                let (Some(comparison), Some(number)) = (words.next(), words.next()) else {
                    return Err(format!("a count needs a comparison and a number; {usage}"));
                };
                let number = number.parse().map_err(|_| format!("{number:?} is not a number; {usage}"))?;
                What::Count(comparison.parse()?, number)
            }
            other => return Err(format!("{other:?} is not a condition; {usage}")),
        };
        let of = words.map(|word| word.parse::<Pattern>().map_err(|e| e.to_string()));
        let of = of.collect::<Result<Vec<_>, _>>()?;
        if of.is_empty() && !matches!(what, What::Count(..)) {
            return Err(format!("the port or address is missing; {usage}"));
        }
        Ok(Self { what, of, typed: text.to_owned() })
    }
}

/// `count>=3 80` as `count >= 3 80`.
fn spaced(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    let is_comparison = |c: char| matches!(c, '<' | '=' | '>' | '!');
    let mut last = ' ';
    for c in text.chars() {
        if is_comparison(c) != is_comparison(last) {
            out.push(' ');
        }
        out.push(c);
        last = c;
    }
    out
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_are_read() {
        let read = |text: &str| text.parse::<Condition>().map(|c| (c.what, c.of.len()));
        assert_eq!(read("listen 65432"), Ok((What::Listen, 1)));
        assert_eq!(read(" gone  65432 "), Ok((What::Gone, 1)));
        assert_eq!(read("established localhost:80"), Ok((What::Established, 1)));
        assert_eq!(read("established localhost 80"), Ok((What::Established, 2)));
        assert_eq!(read("count >= 3 80"), Ok((What::Count(Comparison::AtLeast, 3), 1)));
        assert_eq!(read("count>=3 80"), Ok((What::Count(Comparison::AtLeast, 3), 1)));
        assert_eq!(read("LISTEN 80"), Ok((What::Listen, 1)));
        assert_eq!(read("count == 0"), Ok((What::Count(Comparison::Equal, 0), 0)));
    }

    #[test]
    fn a_wrong_condition_says_what_to_type() {
        for (text, part) in [
            ("", "type `listen PORT`"),
            ("open 80", "\"open\" is not a condition"),
            ("listen", "the port or address is missing"),
            ("count", "a comparison and a number"),
            ("count ~ 3 80", "type <, <="),
            ("count > x 80", "not a number"),
            ("listen 70000", "out of range"),
        ] {
            let error = text.parse::<Condition>().unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }

    #[test]
    fn numbers_compare() {
        for (op, below, equal, above) in [
            ("<", true, false, false),
            ("<=", true, true, false),
            ("=", false, true, false),
            ("!=", true, false, true),
            (">=", false, true, true),
            (">", false, false, true),
        ] {
            let op: Comparison = op.parse().unwrap();
            assert_eq!((op.holds(1, 2), op.holds(2, 2), op.holds(3, 2)), (below, equal, above), "{op:?}");
        }
    }
}
