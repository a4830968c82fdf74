//! Service names: what the system's `/etc/services` lists, and a few well-known ones if it is absent.

/// Names that work on a machine without `/etc/services` (RFC 6335's registry).
const WELL_KNOWN: [(&str, u16); 20] = [
    ("echo", 7),
    ("discard", 9),
    ("daytime", 13),
    ("ftp", 21),
    ("ssh", 22),
    ("telnet", 23),
    ("smtp", 25),
    ("domain", 53),
    ("http", 80),
    ("pop3", 110),
    ("ntp", 123),
    ("imap2", 143),
    ("snmp", 161),
    ("ldap", 389),
    ("https", 443),
    ("submission", 587),
    ("ldaps", 636),
    ("imaps", 993),
    ("mysql", 3306),
    ("postgresql", 5432),
];

/// The port of a service by its name or alias.
#[must_use]
pub fn port(name: &str) -> Option<u16> {
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let from_system = std::fs::read_to_string("/etc/services").ok().and_then(|text| find(&text, name));
    from_system.or_else(|| WELL_KNOWN.iter().find(|(known, _)| *known == name).map(|(_, port)| *port))
}

/// Looks a name up in text of services(5).
fn find(text: &str, name: &str) -> Option<u16> {
    text.lines().find_map(|line| {
        let line = line.split('#').next()?;
        let mut words = line.split_whitespace();
        let official = words.next()?;
        let port = words.next()?.split('/').next()?.parse().ok()?;
        (official == name || words.any(|alias| alias == name)).then_some(port)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_found() {
        let text = "# c\nhttp\t80/tcp www # web\nntp 123/udp\n";
        assert_eq!(find(text, "www"), Some(80));
        assert_eq!(find(text, "ntp"), Some(123));
        assert_eq!(find(text, "web"), None);
        assert_eq!(port("https"), Some(443));
        assert_eq!(port("443"), None);
    }
}
