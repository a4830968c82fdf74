//! The command lines of the program in text for people: help, README.

/// Words that may stand before a call.
const BEFORE: [&str; 6] = ["$", "sudo", "time", "if", "while", "until"];

/// The words of each `soquete …` in lines of shell, however it is piped, redirected or commented.
pub fn commands(text: &str) -> Vec<Vec<String>> {
    let called = |words: Vec<String>| {
        let at = words.iter().position(|word| word == "soquete")?;
        words[..at].iter().all(|word| BEFORE.contains(&word.as_str())).then(|| words[at..].to_vec())
    };
    text.lines().flat_map(Line::cut).filter_map(called).collect()
}

/// Whether the program takes a command line, addresses included; `--help` and `--version` count as taken.
pub fn accepted(words: &[String]) -> Result<(), String> {
    let args: Vec<std::ffi::OsString> = words.iter().map(Into::into).collect();
    match soquete::cli::parse(&args) {
        Err(error) if error.use_stderr() => Err(format!("{}: {error}", words.join(" "))),
        Ok(_) if !soquete::advice::is_right(words) => Err(format!("the address of: {}", words.join(" "))),
        _ => Ok(()),
    }
}

/// A line of shell being cut into commands and words, as far as examples need it.
#[derive(Default)]
struct Line {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    /// The next word is where a redirection goes.
    redirected: bool,
}

impl Line {
    fn cut(line: &str) -> Vec<Vec<String>> {
        let mut cut = Self::default();
        // Help sets what an example does apart by two blanks.
        let line = line.trim().split("  ").next().unwrap_or_default();
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                ' ' => cut.end_word(),
                '#' if cut.word.is_none() => break,
                '\'' | '"' => {
                    let quoted: String = chars.by_ref().take_while(|q| *q != c).collect();
                    cut.word.get_or_insert_default().push_str(&quoted);
                }
                '\\' => cut.word.get_or_insert_default().extend(chars.next()),
                '<' | '>' => {
                    // The number before it is a descriptor's.
                    cut.word.take_if(|word| word.chars().all(|d| d.is_ascii_digit()));
                    cut.end_word();
                    while chars.next_if(|n| matches!(n, '>' | '&' | ' ')).is_some() {}
                    cut.redirected = true;
                }
                '|' | ';' | '&' => cut.end_command(),
                c => cut.word.get_or_insert_default().push(c),
            }
        }
        cut.end_command();
        cut.commands
    }

    fn end_word(&mut self) {
        if let Some(word) = self.word.take()
            && !std::mem::take(&mut self.redirected)
        {
            self.words.push(word);
        }
    }

    fn end_command(&mut self) {
        self.end_word();
        self.commands.push(std::mem::take(&mut self.words));
    }
}

#[test]
fn calls_are_found_in_shell_lines() {
    for (line, calls) in [
        ("soquete connect a 1 < file", vec!["soquete connect a 1"]),
        ("  $ printf 'a | b' | soquete connect a 1 >out 2>&1 | tar x", vec!["soquete connect a 1"]),
        (
            "soquete listen 1 & soquete connect 1; soquete demo",
            vec!["soquete listen 1", "soquete connect 1", "soquete demo"],
        ),
        ("  soquete listen 4333       talk to soquete", vec!["soquete listen 4333"]),
        ("soquete connect 'a b' # soquete demo", vec!["soquete connect a b"]),
        ("soquete connect db 1 -- ./start soquete", vec!["soquete connect db 1 -- ./start soquete"]),
        ("soquete: connect: refused", vec![]),
        ("cargo run -- soquete", vec![]),
    ] {
        let found: Vec<_> = commands(line).iter().map(|words| words.join(" ")).collect();
        assert_eq!(found, calls, "{line}");
    }
}
