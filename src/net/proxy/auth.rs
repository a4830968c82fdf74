//! User names and passwords. They are shown nowhere: `Debug` leaves both out.

use super::mac::Key;
use crate::net::address::AddrError;
use std::fmt;
use std::str::FromStr;

/// A user name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user; has no colon in Basic (RFC 7617 2).
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

impl FromStr for Credentials {
    type Err = AddrError;

    /// Reads `USER:PASSWORD`; the error does not repeat them.
    fn from_str(word: &str) -> Result<Self, AddrError> {
        let wrong = |why: &str| Err(AddrError(format!("{why}; type USER:PASSWORD")));
        match word.split_once(':') {
            None => wrong("no colon between user name and password"),
            Some(("", _)) => wrong("the user name is empty"),
            Some(_) if word.contains(char::is_control) => wrong("a control character"),
            Some((user, password)) => Ok(Self { user: user.to_owned(), password: password.to_owned() }),
        }
    }
}

/// The users of a server.
pub struct Users {
    users: Vec<Credentials>,
    /// Passwords are compared by their codes under it: in a time that does not depend on what they have in common.
    key: Key,
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Users(..)")
    }
}

impl Users {
    /// These users. `None` if the system provides no random numbers.
    #[must_use]
    pub fn new(users: Vec<Credentials>) -> Option<Self> {
        Some(Self { users, key: Key::random()? })
    }

    /// The user with this password, if there is one. Looks at all.
    #[must_use]
    pub fn find(&self, user: &[u8], password: &[u8]) -> Option<&Credentials> {
        let same = |credentials: &&Credentials| {
            let name = self.same(credentials.user.as_bytes(), user);
            self.same(credentials.password.as_bytes(), password) & name
        };
        self.users.iter().fold(None, |found, user| if same(&user) { Some(user) } else { found })
    }

    /// The user of this name.
    #[must_use]
    pub fn named(&self, user: &str) -> Option<&Credentials> {
        self.users.iter().find(|credentials| credentials.user == user)
    }

    /// Whether two secrets are the same, in constant time.
    #[must_use]
    pub fn same(&self, ours: &[u8], theirs: &[u8]) -> bool {
        self.key.same(ours, theirs)
    }
}

/// The users of a file, `USER:PASSWORD` a line; lines that are empty or begin with `#` are none. Each with the number of
/// its line, from 1.
pub fn lines(text: &str) -> impl Iterator<Item = (usize, Result<Credentials, AddrError>)> {
    let users = text.lines().map(|line| line.strip_suffix('\r').unwrap_or(line)).enumerate();
    users
        .filter(|(_, line)| !line.is_empty() && !line.starts_with('#'))
        .map(|(at, line)| (at + 1, line.parse()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_read_and_never_shown() {
        let credentials: Credentials = "me:a:b c".parse().unwrap();
        assert_eq!((credentials.user.as_str(), credentials.password.as_str()), ("me", "a:b c"));
        assert_eq!(format!("{credentials:?}"), "Credentials(..)");
        for word in ["secret", ":secret", "secret:secret\n"] {
            let error = word.parse::<Credentials>().unwrap_err().to_string();
            assert!(error.contains("USER:PASSWORD") && !error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn users_are_found_by_both() {
        let text = "# office\nme:one\n\nyou:#two\r\nbroken\n";
        let read: Vec<_> = lines(text).collect();
        assert_eq!(
            read.iter().map(|(line, user)| (*line, user.is_ok())).collect::<Vec<_>>(),
            [(2, true), (4, true), (5, false)]
        );
        let users = Users::new(read.into_iter().filter_map(|(_, user)| user.ok()).collect()).unwrap();
        assert!(users.find(b"me", b"one").is_some() && users.find(b"you", b"#two").is_some());
        assert!(users.find(b"me", b"#two").is_none() && users.find(b"me", b"").is_none());
        assert!(users.named("you").is_some() && users.named("").is_none());
    }
}
