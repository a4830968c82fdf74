//! Challenges and their answers: a scheme with parameters (RFC 9110 11.3 to 11.6).

/// One challenge, or the answer to one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Challenge {
    /// In lower case.
    pub(super) scheme: String,
    /// What stands alone behind the scheme, as in Basic.
    pub(super) token: String,
    /// Names in lower case, values without quotes.
    params: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

/// Reads the challenges of one field.
pub(super) fn parse(value: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    for element in elements(value) {
        let (first, rest) = element.split_once([' ', '\t']).unwrap_or((element, ""));
        let rest = rest.trim();
        if !first.contains('=') && !rest.starts_with('=') {
            challenges.push(Challenge { scheme: first.to_ascii_lowercase(), ..Challenge::default() });
            if let Some(challenge) = challenges.last_mut().filter(|_| !rest.is_empty()) {
                challenge.add(rest);
            }
        } else if let Some(challenge) = challenges.last_mut() {
            challenge.add(element);
        }
    }
    challenges
}

impl Challenge {
    fn add(&mut self, element: &str) {
        let param = element.split_once('=').map(|(name, value)| (name.trim(), value.trim()));
        match param {
            // The padding of base64 is no parameter.
            Some((name, value)) if !value.is_empty() && !value.starts_with('=') => {
                self.params.push((name.to_ascii_lowercase(), unquoted(value)));
            }
            _ => element.clone_into(&mut self.token),
        }
    }
}

/// The elements of a list, which commas part outside of quotes; empty ones are left out.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = list.split(move |c| {
        let is_escaped = std::mem::take(&mut escaped);
        match c {
            '\\' if quoted && !is_escaped => escaped = true,
            '"' if !is_escaped => quoted = !quoted,
            _ => {}
        }
        c == ',' && !quoted
    });
    parts.map(str::trim).filter(|element| !element.is_empty())
}

/// A token, or the text of a quoted string.
fn unquoted(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"') else { return value.to_owned() };
    let (mut text, mut characters) = (String::new(), inside.chars());
    while let Some(c) = characters.next().filter(|c| *c != '"') {
        text.extend(if c == '\\' { characters.next() } else { Some(c) });
    }
    text
}

/// A text as a quoted string.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read_from_one_field() {
        let read = parse(
            "Digest realm = \"a, \\\"b\\\"\", qop=\"auth,auth-int\",stale=FALSE , Basic realm=x,, NTLM",
        );
        assert_eq!(read.iter().map(|c| c.scheme.as_str()).collect::<Vec<_>>(), ["digest", "basic", "ntlm"]);
        assert_eq!(read[0].get("realm"), Some("a, \"b\""));
        assert_eq!((read[0].get("qop"), read[0].get("stale")), (Some("auth,auth-int"), Some("FALSE")));
        assert_eq!((read[1].get("realm"), read[2].get("realm")), (Some("x"), None));
        assert_eq!(quoted("a\"\\"), "\"a\\\"\\\\\"");
    }

    #[test]
    fn answers_are_read() {
        assert_eq!(parse("Basic bWU6cHc=")[0].token, "bWU6cHc=");
        assert_eq!(parse("Basic bWU6cA==")[0].token, "bWU6cA==");
        assert_eq!(
            parse("BASIC  bWU6cHdk")[0],
            Challenge { scheme: "basic".into(), token: "bWU6cHdk".into(), params: Vec::new() }
        );
        for hostile in ["", ",,,", "=", "a=", "\"", "Digest \"", "Digest realm=\"\\", "Basic ="] {
            let _ = parse(hostile);
        }
    }
}
