//! Values in events and their sentences: of a socket option, of a duration.

use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// A duration as users type it; none is `0s`.
#[derive(Clone, Copy, Debug)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() { f.write_str("0s") } else { fmt::Debug::fmt(&self.0, f) }
    }
}

/// The value of a socket option.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// On or off.
    Bool(bool),
    /// A count, bytes, seconds or milliseconds, depending on the option.
    Number(u64),
    /// A name.
    Text(String),
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(on) => f.write_str(if *on { "on" } else { "off" }),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_unit_that_users_type() {
        for (millis, shown) in [(0, "0s"), (250, "250ms"), (1500, "1.5s"), (90_000, "90s")] {
            assert_eq!(Span(Duration::from_millis(millis)).to_string(), shown);
        }
    }
}
