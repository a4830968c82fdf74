//! Passwords on a command line, which advice does not repeat.

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
    #[test]
    fn passwords_are_replaced() {
        let words =
            "soquete listen --auth me:pw --auth=a:b --proxy=http://me:p@w@h:1 --proxy socks5://h:2 80";
        let shown = super::without_secrets(words.split(' ').map(str::to_owned).collect()).join(" ");
        let meant = "soquete listen --auth USER:PASSWORD --auth=USER:PASSWORD --proxy=http://USER:PASSWORD@h:1 \
            --proxy socks5://h:2 80";
        assert_eq!(shown, meant);
    }
}
