//! The address in front of a line: whose it is. Pure. Used by `cmd`.

use std::fmt::Display;

/// `[127.0.0.1:50000] `; an IPv6 address has its brackets already: `[::1]:50000 `.
#[must_use]
pub fn tag(address: impl Display) -> String {
    let text = address.to_string();
    if text.starts_with('[') { format!("{text} ") } else { format!("[{text}] ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_are_not_doubled() {
        assert_eq!(
            ["localhost:80", "127.0.0.1:80", "[::1]:80"].map(tag),
            ["[localhost:80] ", "[127.0.0.1:80] ", "[::1]:80 "]
        );
    }
}
