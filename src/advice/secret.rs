//! Passwords on a command line, which neither advice nor errors repeat.

use std::ffi::OsString;

/// What is said of the command line `args`, with a placeholder for `USER:PASSWORD` of an address in it.
#[must_use]
pub fn without_passwords(said: &str, args: &[OsString]) -> String {
    args.iter()
        .filter_map(|arg| user_of(arg.to_str()?))
        .fold(said.to_owned(), |said, user| said.replace(&format!("{user}@"), "USER:PASSWORD@"))
}

/// `user:password` of `http://user:password@host` and `user:password@host`.
fn user_of(word: &str) -> Option<&str> {
    let (before, _) = word.rsplit_once('@')?;
    let user = before.split_once("://").map_or(before, |(_, user)| user);
    let (name, password) = user.split_once(':')?;
    (name != "unix" && !password.is_empty()).then_some(user)
}

/// The same words with a placeholder for each password.
pub(super) fn without_secrets(mut words: Vec<String>) -> Vec<String> {
    let mut flag = String::new();
    for word in &mut words {
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_secret(name)) {
            *word = format!("{name}={}", hidden(name, value));
        } else if is_secret(&flag) {
            *word = hidden(&flag, word);
        }
        flag.clone_from(word);
    }
    words
}

fn is_secret(flag: &str) -> bool {
    matches!(flag, "--auth" | "--proxy")
}

fn hidden(flag: &str, value: &str) -> String {
    match (flag, value.split_once("://"), value.rsplit_once('@')) {
        ("--proxy", Some((scheme, _)), Some((_, host))) => format!("{scheme}://USER:PASSWORD@{host}"),
        ("--proxy", _, Some((_, host))) => format!("USER:PASSWORD@{host}"),
        ("--proxy", _, None) => value.to_owned(),
        _ => "USER:PASSWORD".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_do_not_repeat_passwords() {
        for (said, arg, shown) in [
            ("\"me:p@w@h\" is no host", "me:p@w@h", "\"USER:PASSWORD@h\" is no host"),
            ("http://me:pw@h is a URL", "http://me:pw@h:1", "http://USER:PASSWORD@h is a URL"),
            ("unix:@x is in use", "unix:@x", "unix:@x is in use"),
            ("unix:/a@b is in use", "unix:/a@b", "unix:/a@b is in use"),
            ("me@h is no host", "me@h", "me@h is no host"),
        ] {
            assert_eq!(without_passwords(said, &[arg.into()]), shown);
        }
    }

    #[test]
    fn passwords_are_replaced() {
        let words =
            "soquete listen --auth me:pw --auth=a:b --proxy=http://me:p@w@h:1 --proxy socks5://h:2 80";
        let shown = without_secrets(words.split(' ').map(str::to_owned).collect()).join(" ");
        let meant = "soquete listen --auth USER:PASSWORD --auth=USER:PASSWORD --proxy=http://USER:PASSWORD@h:1 \
            --proxy socks5://h:2 80";
        assert_eq!(shown, meant);
    }
}
