//! The languages that sentences for people are in. Flags, JSON and errors are English.

/// A language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Portuguese, as it is written in Brazil.
    Portuguese,
}

/// A sentence, or a part of one, in every language: none can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phrase {
    /// English.
    pub en: &'static str,
    /// Portuguese.
    pub pt: &'static str,
}

impl Language {
    /// The language of a locale (`pt_BR.UTF-8`), English where there is no other.
    #[must_use]
    pub fn of_locale(locale: &str) -> Self {
        let name = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if name.eq_ignore_ascii_case("pt") { Self::Portuguese } else { Self::English }
    }

    /// The language of the environment, by the first of its variables that is set (locale(7)).
    #[must_use]
    pub fn of_environment() -> Self {
        let variables = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter();
        let mut set = variables.filter_map(std::env::var_os).filter(|value| !value.is_empty());
        set.next().map_or(Self::English, |value| Self::of_locale(&value.to_string_lossy()))
    }
}

impl Phrase {
    /// Both at once.
    #[must_use]
    pub const fn new(en: &'static str, pt: &'static str) -> Self {
        Self { en, pt }
    }

    /// In one language.
    #[must_use]
    pub const fn say(self, language: Language) -> &'static str {
        match language {
            Language::English => self.en,
            Language::Portuguese => self.pt,
        }
    }

    /// In one language, with a value in the place of `{}`.
    #[must_use]
    pub fn say_with(self, language: Language, value: impl std::fmt::Display) -> String {
        self.say(language).replacen("{}", &value.to_string(), 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_is_that_of_the_locale_whatever_the_country() {
        for locale in ["pt", "pt_BR", "pt_PT.UTF-8", "pt_BR@euro", "PT-br"] {
            assert_eq!(Language::of_locale(locale), Language::Portuguese, "{locale}");
        }
        for locale in ["", "C", "C.UTF-8", "POSIX", "en_US.UTF-8", "ptx_XX", "de_DE"] {
            assert_eq!(Language::of_locale(locale), Language::English, "{locale}");
        }
    }

    #[test]
    fn a_value_takes_its_place_in_both_languages() {
        let phrase = Phrase::new("port {} rests", "a porta {} descansa");
        assert_eq!(phrase.say_with(Language::English, 80), "port 80 rests");
        assert_eq!(phrase.say_with(Language::Portuguese, 80), "a porta 80 descansa");
    }
}
