//! Numbers in sentences. Pure.

/// `1 line was`, `2 lines were`.
#[must_use]
pub fn were(count: u64, noun: &str) -> String {
    match count {
        1 => format!("1 {noun} was"),
        _ => format!("{count} {noun}s were"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_not_many() {
        assert_eq!([0, 1, 2].map(|n| were(n, "byte")), ["0 bytes were", "1 byte was", "2 bytes were"]);
    }
}
