//! A terminal with a shell that types what a document shows, and looks at the screen.

use super::alike::{is_like, masked};
use super::support::{Terminal, pause};
use std::path::Path;
use std::time::Duration;

/// A shell on a terminal, and how far its screen was looked at.
pub struct Console {
    terminal: Terminal,
    /// Lines of the screen that are behind us.
    seen: usize,
}

/// Ends a line that is typed.
const ENTER: char = '⏎';

/// What is typed where a line begins with `$ `, ends with `⏎` or is a key with Ctrl; `None` for what is printed.
fn typed(line: &str) -> Option<String> {
    match line {
        "^C" => return Some("\x03".to_owned()),
        "^D" => return Some("\x04".to_owned()),
        _ => {}
    }
    if let Some(command) = line.strip_prefix("$ ") {
        return Some(format!("{command}\n"));
    }
    let text = line.strip_suffix(ENTER)?;
    // Behind the prompt of a program.
    Some(format!("{}\n", text.rsplit_once("> ").map_or(text, |(_, typed)| typed)))
}

/// Lines as they are compared: keys with Ctrl may or may not be echoed, and stand before a new line or not. What is printed
/// by different parts of the program may come in another order: states when they are seen, packets and other events, data.
fn comparable(lines: &[&str]) -> String {
    let text = lines.join("\n").replace(ENTER, "").replace("^C", "").replace("^D", "");
    let mut lines: Vec<_> =
        text.lines().map(|line| masked(line.trim())).filter(|line| !line.is_empty()).collect();
    lines.sort_by_key(|line| match line.strip_prefix("TIME ").map(|event| event.split_once(' ')) {
        Some(Some((number, state))) if number.starts_with('#') && state.starts_with(char::is_uppercase) => 0,
        Some(_) => 1,
        None => 2,
    });
    lines.join("\n")
}

fn is_prompt(line: &str) -> bool {
    matches!(line.trim(), "$" | "" | ">") || line.trim_end().ends_with("] >")
}

/// The lines of a screen but for a prompt at its end.
fn lines_of(screen: &str) -> Vec<String> {
    let mut lines: Vec<_> = screen.lines().map(|line| line.trim_end().to_owned()).collect();
    while lines.last().is_some_and(|line| is_prompt(line)) {
        lines.pop();
    }
    lines
}

impl Console {
    /// A shell in this folder that finds the program of the test.
    pub fn start(folder: &Path) -> Self {
        let program = Path::new(env!("CARGO_BIN_EXE_soquete")).parent().expect("it is in a folder");
        let path = format!("PATH={}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
        let folder = format!("--chdir={}", folder.display());
        let shell = ["bash", "--norc", "--noprofile", "--noediting", "-i"];
        let words =
            [&[folder.as_str(), path.as_str(), "NO_COLOR=1", "TZ=UTC", "PS1=$ "][..], &shell].concat();
        let terminal = Terminal::start_program("env", &words);
        terminal.resize(400, 80);
        terminal.wait("a prompt", |screen| screen.contents().trim_end() == "$");
        Self { terminal, seen: 0 }
    }

    fn wait_until_like(&self, lines: &[&str]) {
        let wanted = comparable(lines);
        let like = |screen: &vt100::Screen| {
            let shown = lines_of(&screen.contents());
            let shown: Vec<_> = shown.iter().skip(self.seen).map(String::as_str).collect();
            is_like(&comparable(&shown), &wanted)
        };
        self.terminal.wait(&lines.join("\n"), like);
    }

    /// Types and compares a block.
    pub fn play(&mut self, block: &str) {
        let lines: Vec<_> = block.lines().collect();
        for (at, line) in lines.iter().enumerate() {
            if let Some(keys) = typed(line) {
                self.wait_until_like(&lines[..at]);
                if line.starts_with("$ ") {
                    let at_prompt = |screen: &vt100::Screen| screen.contents().trim_end().ends_with("\n$");
                    let is_first = self.seen == 0 && at == 0;
                    self.terminal.wait("a prompt", |screen| is_first || at_prompt(screen));
                }
                self.terminal.keys(keys);
            }
        }
        self.wait_until_like(&lines);
        if lines.last().is_some_and(|line| line.starts_with("$ ")) {
            // Nothing on the screen shows that it is ready.
            self.terminal.wait_asleep("soquete");
        }
        self.seen = lines_of(&self.terminal.screen().contents()).len();
    }

    /// Types a block; gives it as it should be shown. A block that ends with `…` is cut behind the line before that.
    pub fn record(&mut self, block: &str) -> String {
        let mut recorded = self.typed_and_shown(block);
        if let Some(last) = block.strip_suffix("\n…\n").and_then(|shown| shown.lines().last()) {
            let end = recorded.iter().rposition(|line| masked(line) == masked(last));
            recorded.truncate(end.expect("the line before the cut is shown") + 1);
            recorded.push("…".to_owned());
        }
        recorded.iter().fold(String::new(), |text, line| text + line + "\n")
    }

    fn typed_and_shown(&mut self, block: &str) -> Vec<String> {
        let mut recorded = Vec::new();
        for line in block.lines() {
            let Some(keys) = typed(line) else { continue };
            recorded.extend(self.news());
            let is_key = line.starts_with('^');
            self.terminal.keys(keys);
            recorded.push(line.to_owned());
            self.seen += usize::from(!is_key);
        }
        recorded.extend(self.news());
        recorded
    }

    /// What is new on the screen once nothing more comes.
    fn news(&mut self) -> Vec<String> {
        let mut shown = usize::MAX;
        while std::mem::replace(&mut shown, self.terminal.bytes().len()) != shown {
            pause(Duration::from_millis(1500));
        }
        let lines = lines_of(&self.terminal.screen().contents());
        let news = lines.get(self.seen..).unwrap_or_default();
        let news = news.iter().map(|line| line.replace("^C", "")).skip_while(String::is_empty).collect();
        self.seen = self.seen.max(lines.len());
        news
    }
}
