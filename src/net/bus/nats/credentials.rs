//! A file of credentials (`.creds`): a user's JWT and nkey seed, each between two lines of dashes
//! (<https://docs.nats.io/using-nats/developer/connecting/creds>).

use async_nats::{AuthError, ConnectOptions};
use nkeys::KeyPair;
use std::future::ready;

/// A login with the credentials of this text; `None` if it holds none.
pub fn login(connect: ConnectOptions, text: &str) -> Option<ConnectOptions> {
    let (jwt, seed) = parse(text)?;
    let key = KeyPair::from_seed(seed).ok()?;
    let sign = move |nonce: Vec<u8>| ready(key.sign(&nonce).map_err(AuthError::new));
    Some(connect.jwt(jwt.to_owned(), sign))
}

/// The JWT and the seed.
fn parse(text: &str) -> Option<(&str, &str)> {
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let mut blocks = lines.windows(3).filter_map(|lines| match lines {
        [begin, value, end] if is_frame(begin) && is_token(value) && is_frame(end) => Some(*value),
        _ => None,
    });
    Some((blocks.next()?, blocks.next()?))
}

fn is_frame(line: &str) -> bool {
    line.starts_with("---") && line.ends_with("---")
}

fn is_token(line: &str) -> bool {
    !line.is_empty()
        && !is_frame(line)
        && line.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.=".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn two_framed_words_are_credentials() {
        let frame =
            |name: &str, word: &str| format!("-----BEGIN {name}-----\n{word}\n------END {name}------\n");
        let (jwt, seed) = (frame("NATS USER JWT", "ey.J_0-=.x"), frame("USER NKEY SEED", "SUAB"));
        let both = format!("{jwt}\n*** IMPORTANT ***\nKeep it secret.\n\n{seed}");
        assert_eq!(parse(&both), Some(("ey.J_0-=.x", "SUAB")));
        assert_eq!(parse(&both.replace('\n', "\r\n")), Some(("ey.J_0-=.x", "SUAB")));
        assert_eq!(parse(both.trim_end()), Some(("ey.J_0-=.x", "SUAB")));
        for half in [&*jwt, &*seed, "", "------\n\n------", &frame("A", "two words").repeat(2)] {
            assert_eq!(parse(half), None, "{half}");
        }
    }
}
