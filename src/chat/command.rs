//! Commands: lines that start with `/`. Pure.

/// The answer to `/help`, a line each.
pub const HELP: [&str; 5] = [
    "/nick NAME  set your nickname",
    "/who        list the members",
    "/quit       leave the room",
    "/help       list the commands",
    "//text      send a line that starts with /",
];

/// The answer to the operator's `/quit`.
pub const OPERATOR_QUIT: &str =
    "/quit is a command for clients: Ctrl-C stops the server, Ctrl-D ends only your input";

/// A member's line.
#[derive(Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// Text to say.
    Say(&'a [u8]),
    /// `/nick NAME`; empty without a name.
    Nick(&'a [u8]),
    /// `/who`.
    Who,
    /// `/quit`.
    Quit,
    /// `/help`.
    Help,
    /// A slash and another word.
    Unknown(&'a [u8]),
}

impl<'a> Command<'a> {
    /// Reads one line. Spaces separate the words; words after a command that takes none are ignored.
    #[must_use]
    pub fn parse(line: &'a [u8]) -> Self {
        let Some(rest) = line.strip_prefix(b"/") else { return Self::Say(line) };
        if rest.starts_with(b"/") {
            return Self::Say(rest);
        }
        let end = rest.iter().position(u8::is_ascii_whitespace).unwrap_or(rest.len());
        let (word, argument) = rest.split_at(end);
        match word {
            b"nick" => Self::Nick(argument.trim_ascii()),
            b"who" => Self::Who,
            b"quit" => Self::Quit,
            b"help" | b"?" => Self::Help,
            _ => Self::Unknown(word),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_commands_are_distinguished() {
        for (line, command) in [
            (&b"hello /who"[..], Command::Say(b"hello /who")),
            (b"", Command::Say(b"")),
            (b"//etc/passwd", Command::Say(b"/etc/passwd")),
            (b"/nick  ana ", Command::Nick(b"ana")),
            (b"/nick", Command::Nick(b"")),
            (b"/nick a b", Command::Nick(b"a b")),
            (b"/who", Command::Who),
            (b"/quit bye", Command::Quit),
            (b"/help", Command::Help),
            (b"/etc/passwd", Command::Unknown(b"etc/passwd")),
            (b"/", Command::Unknown(b"")),
        ] {
            assert_eq!(Command::parse(line), command);
        }
    }
}
