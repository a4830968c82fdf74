//! Numbers in sentences.

/// `1 reply`, `2 replies`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|n| counted(n, "reply", "replies")), ["0 replies", "1 reply", "2 replies"]);
    }
}
