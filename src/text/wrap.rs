//! Sentences in lines of limited width.

use super::shorten::columns;

/// The lines of a text, none wider than `limit` columns; a word that is wider is divided.
#[must_use]
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let limit = limit.max(1);
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let width = columns(word);
        if used > 0 && used + 1 + width > limit {
            lines.push(String::new());
            used = 0;
        }
        for (at, c) in word.chars().enumerate() {
            let wide = columns(c.encode_utf8(&mut [0; 4]));
            if at == 0 && used > 0 {
                push(&mut lines, ' ');
                used += 1;
            } else if used + wide > limit {
                lines.push(String::new());
                used = 0;
            }
            push(&mut lines, c);
            used += wide;
        }
    }
    lines
}

fn push(lines: &mut [String], c: char) {
    if let Some(line) = lines.last_mut() {
        line.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("a SYN arrived and was answered", 14), ["a SYN arrived", "and was", "answered"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("", 10), [""]);
    }

    proptest! {
        #[test]
        fn no_line_is_too_wide_and_no_word_is_lost(text in "[a-zé日 ]{0,80}", limit in 2usize..40) {
            let lines = wrap(&text, limit);
            prop_assert!(lines.iter().all(|line| columns(line) <= limit), "{lines:?}");
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            prop_assert_eq!(letters(&lines.concat()), letters(&text));
        }
    }
}
