//! The one table of deceptive characters: those that control a terminal, reverse text, or are invisible. Everything that
//! writes to a terminal uses it, and the chat for the nicks it accepts.
//!
//! Its sources are the Unicode character database (`Default_Ignorable_Code_Point`, `Bidi_Control`, general category Cc,
//! noncharacters) and Unicode annex 9. A test compares it with the ranges of Unicode 17.
//!
//! **Variation selectors.** `U+FE0F` after a heart is the usual form of a red heart, so one emoji selector (`U+FE0E`,
//! `U+FE0F`) directly after a symbol that has both forms passes ([`selects_form`]): its effect is visible, and a second one
//! does not pass. After letters and digits selectors are made visible, since they hide a difference there. So are the
//! other variation selectors, and joiners (`U+200C`, `U+200D`) everywhere: few terminals draw the joined form, and all of
//! them draw two different texts alike.

/// Whether this character must not reach a terminal: controls (line ends and tabs too), bidirectional formatting, invisible
/// characters.
#[must_use]
pub const fn is_hidden(c: char) -> bool {
    is_control(c) || is_invisible(c)
}

/// Whether it acts on the terminal instead of being shown: C0, DEL and C1 controls, line and paragraph
/// separators, bidirectional formatting.
#[must_use]
pub const fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{2028}' | '\u{2029}') || turns_text(c)
}

/// `Bidi_Control`: it changes the direction of text (Unicode annex 9, table 2).
#[must_use]
pub const fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// `Default_Ignorable_Code_Point`, interlinear annotation, noncharacters: drawn as nothing.
#[must_use]
pub const fn is_invisible(c: char) -> bool {
    let ignorable = matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fff8}'
        | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}');
    let noncharacter = matches!(c, '\u{fdd0}'..='\u{fdef}') || c as u32 & 0xfffe == 0xfffe;
    ignorable || noncharacter || matches!(c, '\u{fff9}'..='\u{fffb}')
}

/// Whether `c`, directly after `before`, is an emoji selector with a visible effect: it chooses between the two forms of a symbol (the blocks of `emoji-variation-sequences.txt` without letters and digits).
#[must_use]
pub const fn selects_form(before: char, c: char) -> bool {
    let symbol = matches!(before,
        '\u{a9}' | '\u{ae}' | '\u{203c}' | '\u{2049}' | '\u{2122}' | '\u{2139}' | '\u{2190}'..='\u{21ff}'
        | '\u{2300}'..='\u{23ff}' | '\u{24c2}' | '\u{25a0}'..='\u{27bf}' | '\u{2934}' | '\u{2935}'
        | '\u{2b00}'..='\u{2bff}' | '\u{3030}' | '\u{303d}' | '\u{3297}' | '\u{3299}' | '\u{1f000}'..='\u{1faff}');
    symbol && matches!(c, '\u{fe0e}' | '\u{fe0f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `DerivedCoreProperties.txt` of Unicode 17.0, `Default_Ignorable_Code_Point`.
    const IGNORABLE: [(u32, u32); 17] = [
        (0xad, 0xad),
        (0x34f, 0x34f),
        (0x61c, 0x61c),
        (0x115f, 0x1160),
        (0x17b4, 0x17b5),
        (0x180b, 0x180f),
        (0x200b, 0x200f),
        (0x202a, 0x202e),
        (0x2060, 0x206f),
        (0x3164, 0x3164),
        (0xfe00, 0xfe0f),
        (0xfeff, 0xfeff),
        (0xffa0, 0xffa0),
        (0xfff0, 0xfff8),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0000, 0xe0fff),
    ];

    #[test]
    fn the_table_is_that_of_unicode_and_what_else_is_drawn_as_nothing() {
        for c in '\0'..=char::MAX {
            let point = c as u32;
            let ignorable = IGNORABLE.iter().any(|(first, last)| (first..=last).contains(&&point));
            let nothing = (0xfdd0..=0xfdef).contains(&point) || point & 0xfffe == 0xfffe;
            let separates = matches!(point, 0x2028 | 0x2029 | 0xfff9..=0xfffb);
            assert_eq!(is_hidden(c), c.is_control() || ignorable || nothing || separates, "{point:x}");
        }
    }

    #[test]
    fn what_people_write_is_shown() {
        for c in "aé日本नमस्ते🦀 \u{a0}\u{301}\u{e000}\u{2800}".chars() {
            assert!(!is_hidden(c), "{c:?}");
        }
        assert!(selects_form('\u{2764}', '\u{fe0f}') && selects_form('\u{1f441}', '\u{fe0e}'));
        assert!(!selects_form('1', '\u{fe0f}') && !selects_form('\u{fe0f}', '\u{fe0f}'));
        assert!(!selects_form('\u{2764}', '\u{fe00}') && !selects_form('\u{2764}', '\u{200d}'));
    }
}
