//! What letters look like: those of all scripts stand for one shape ("skeleton", Unicode standard 39, section 4).
//!
//! The table is made at build time from the one of the crate `unicode-security`, whose 6000 pointers the dynamic loader
//! would relocate at every start of the program.

use crate::text::hidden::is_invisible;
use unicode_normalization::UnicodeNormalization;

/// `LETTERS`, in ascending order; `ENDS`, where the shape of each ends in `SHAPES`.
mod table {
    include!(concat!(env!("OUT_DIR"), "/shapes.rs"));
}
use table::{ENDS, LETTERS, SHAPES};

/// The shapes of a text: texts that look the same share them.
pub(super) fn skeleton(text: &str) -> String {
    let mut shapes = String::new();
    for letter in text.nfd().filter(|c| !is_invisible(*c)) {
        match LETTERS.binary_search(&letter) {
            Ok(at) => {
                let begin = at.checked_sub(1).map_or(0, |before| ENDS[before]);
                shapes.push_str(&SHAPES[usize::from(begin)..usize::from(ENDS[at])]);
            }
            Err(_) => shapes.push(letter),
        }
    }
    shapes.nfd().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_letter_has_the_shape_of_the_standard() {
        for letter in ('\0'..=char::MAX).filter(|c| !is_invisible(*c)) {
            let text = letter.to_string();
            assert_eq!(skeleton(&text), unicode_security::skeleton(&text).collect::<String>(), "{letter:?}");
        }
    }

    proptest! {
        #[test]
        fn so_has_every_text(text in "\\PC{0,20}") {
            let text: String = text.chars().filter(|c| !is_invisible(*c)).collect();
            prop_assert_eq!(skeleton(&text), unicode_security::skeleton(&text).collect::<String>());
        }
    }
}
