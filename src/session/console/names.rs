//! What Tab completes: commands, and the nicknames seen so far. For the console alone.

use crate::chat::check_nick;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The commands of a room, as they are typed.
const COMMANDS: [&str; 4] = ["/nick ", "/who", "/quit", "/help"];
/// Nicknames remembered, the last seen first.
const MOST: usize = 500;

/// The nicknames seen, shared by the thread that shows text and the one that reads keys.
#[derive(Clone, Default)]
pub(super) struct Names(Arc<Mutex<VecDeque<String>>>);

impl Names {
    fn known(&self) -> MutexGuard<'_, VecDeque<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Remembers the member named in `said`, a line after its stamp: `NICK (LABEL): text`, `* NICK (LABEL) joined`,
    /// `* NAME is now NICK (LABEL)`; forgets those that left or have another nick.
    pub(super) fn learn(&self, said: &str) {
        let Some(notice) = said.strip_prefix("* ") else { return self.see(said) };
        if let Some((before, after)) = notice.split_once(" is now ") {
            self.forget(before);
            self.see(after);
        } else if notice.contains(") left") {
            self.forget(notice);
        } else if !notice.trim_end().ends_with(", you") {
            self.see(notice);
        }
    }

    fn see(&self, name: &str) {
        // Other notices, such as "you are now ana (…)", have more than a nick before the address.
        let Some(nick) = nick_of(name).filter(|nick| check_nick(nick.as_bytes()).is_ok()) else { return };
        self.forget(name);
        let mut known = self.known();
        known.push_front(nick.to_owned());
        known.truncate(MOST);
    }

    fn forget(&self, name: &str) {
        if let Some(nick) = nick_of(name) {
            self.known().retain(|known| known != nick);
        }
    }

    /// What the word before the cursor may become, best first, and where that word begins in `before`.
    pub(super) fn candidates(&self, before: &str) -> (usize, Vec<String>) {
        if before.starts_with('/') && !before.contains(' ') {
            let fitting = COMMANDS.iter().filter(|command| command.starts_with(before));
            return (0, fitting.map(|&command| command.to_owned()).collect());
        }
        let start = before.rfind(' ').map_or(0, |space| space + 1);
        let word = before[start..].to_lowercase();
        let end = if start == 0 { ": " } else { " " };
        let known = self.known();
        let fitting = known.iter().filter(|nick| !word.is_empty() && nick.to_lowercase().starts_with(&word));
        (start, fitting.map(|nick| format!("{nick}{end}")).collect())
    }
}

/// The nick of `NICK (LABEL)`; members without one are named by their label.
fn nick_of(name: &str) -> Option<&str> {
    name.split_once(" (").map(|(nick, _)| nick)
}

/// The completion that is on the line: Tab again replaces it by the next candidate.
#[derive(Default)]
pub(super) struct Completion {
    /// The line up to the cursor, as the last Tab left it.
    line: String,
    start: usize,
    candidates: Vec<String>,
    shown: usize,
}

impl Completion {
    /// Where in `before`, the line up to the cursor, the next candidate begins, and the candidate.
    pub(super) fn next(&mut self, before: &str, names: &Names) -> Option<(usize, String)> {
        if self.candidates.is_empty() || self.line != before {
            (self.start, self.candidates) = names.candidates(before);
            self.shown = 0;
        } else {
            self.shown = (self.shown + 1) % self.candidates.len();
        }
        let candidate = self.candidates.get(self.shown)?;
        self.line = format!("{}{candidate}", &before[..self.start]);
        Some((self.start, candidate.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(said: &[&str]) -> Names {
        let names = Names::default();
        for said in said {
            names.learn(said);
        }
        names
    }

    #[test]
    fn commands_and_nicks_are_completed() {
        let names =
            names(&["ana (10.0.0.1:7): hi (all)\n", "* Eva (10.0.0.1:8) joined\n", "10.0.0.1:9: x\n"]);
        for (before, start, candidates) in [
            ("/n", 0, &["/nick "][..]),
            ("/", 0, &COMMANDS[..]),
            ("/x", 0, &[]),
            ("e", 0, &["Eva: "]),
            ("hello an", 6, &["ana "]),
            ("", 0, &[]),
            ("hello ", 6, &[]),
        ] {
            let candidates = candidates.iter().map(|&c| c.to_owned()).collect();
            assert_eq!(names.candidates(before), (start, candidates), "{before:?}");
        }
    }

    #[test]
    fn nicks_that_are_given_up_and_ones_own_are_not_completed() {
        let names = names(&[
            "* you are now me (10.0.0.1:1)\n",
            "* me (10.0.0.1:1), you\n",
            "* ana (10.0.0.1:7)\n",
            "* bob (10.0.0.1:8)\n",
            "* bob (10.0.0.1:8) left\n",
            "* ana (10.0.0.1:7) is now anna (10.0.0.1:7)\n",
            "* 10.0.0.1:6 is now eva (10.0.0.1:6)\n",
            "\u{1b}[2J (10.0.0.1:9): x\n",
        ]);
        assert_eq!(*names.known(), ["eva", "anna"]);
    }

    #[test]
    fn tab_again_is_the_next_candidate() {
        let names = names(&["ana (10.0.0.1:7): x", "anton (10.0.0.1:8): x"]);
        let mut completion = Completion::default();
        assert_eq!(completion.next("an", &names), Some((0, "anton: ".into())));
        assert_eq!(completion.next("anton: ", &names), Some((0, "ana: ".into())));
        assert_eq!(completion.next("ana: ", &names), Some((0, "anton: ".into())));
        assert_eq!(completion.next("anton: see an", &names), Some((11, "anton ".into())));
        assert_eq!(completion.next("", &names), None);
    }
}
