//! A client's answers to the challenges of a proxy: Digest before Basic, SHA-256 before MD5.

use super::challenge::{self, Challenge, quoted};
use super::digest::{self, Algorithm, hex};
use super::head::{Response, values};
use crate::net::proxy::Credentials;
use crate::net::proxy::mac::random;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A challenge that can be answered, again and again.
pub struct Login {
    challenge: Offer,
    /// Answers so far; a nonce must not see the same count twice.
    count: u32,
}

enum Offer {
    Basic,
    Digest { algorithm: Algorithm, realm: String, nonce: String, opaque: Option<String> },
}

/// The best of a response's challenges.
#[must_use]
pub fn best_challenge(response: &Response) -> Option<Login> {
    let fields: Vec<_> = values(&response.headers, "proxy-authenticate")
        .flat_map(|value| challenge::parse(&String::from_utf8_lossy(value)))
        .collect();
    let best = fields.iter().filter_map(offer).max_by_key(|offer| match offer {
        Offer::Basic => None,
        Offer::Digest { algorithm, .. } => Some(*algorithm),
    });
    best.map(|challenge| Login { challenge, count: 0 })
}

fn offer(challenge: &Challenge) -> Option<Offer> {
    match challenge.scheme.as_str() {
        "basic" => Some(Offer::Basic),
        "digest" => {
            let mut ways = challenge.get("qop")?.split(',');
            ways.find(|way| way.trim().eq_ignore_ascii_case("auth"))?;
            Some(Offer::Digest {
                algorithm: Algorithm::parse(challenge.get("algorithm"))?,
                realm: challenge.get("realm")?.to_owned(),
                nonce: challenge.get("nonce")?.to_owned(),
                opaque: challenge.get("opaque").map(str::to_owned),
            })
        }
        _ => None,
    }
}

impl Login {
    /// The value of `Proxy-Authorization` for a request. `None` if the system provides no random numbers.
    pub fn answer(&mut self, credentials: &Credentials, method: &str, uri: &str) -> Option<String> {
        let Credentials { user, password } = credentials;
        let (algorithm, realm, nonce, opaque) = match &self.challenge {
            Offer::Basic => return Some(format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))),
            Offer::Digest { algorithm, realm, nonce, opaque } => (*algorithm, realm, nonce, opaque),
        };
        self.count += 1;
        let (count, client_nonce) = (format!("{:08x}", self.count), hex(&random::<16>()?));
        let response = digest::Response {
            algorithm,
            user,
            password,
            realm,
            method,
            uri,
            nonce,
            count: &count,
            client_nonce: &client_nonce,
        };
        let opaque = opaque.as_ref().map_or_else(String::new, |o| format!(", opaque={}", quoted(o)));
        Some(format!(
            "Digest username={}, realm={}, uri={}, algorithm={}, nonce={}, nc={count}, cnonce=\"{client_nonce}\", \
             qop=auth, response=\"{}\"{opaque}",
            quoted(user),
            quoted(realm),
            quoted(uri),
            algorithm.name(),
            quoted(nonce),
            response.compute(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::parse_response;
    use super::*;
    use crate::net::proxy::Parsed;

    fn best(fields: &str) -> Option<String> {
        let head = format!("HTTP/1.1 407 No\r\n{fields}\r\n");
        let Ok(Parsed::Whole(response, _)) = parse_response(head.as_bytes()) else { panic!("it is whole") };
        let credentials = Credentials { user: "me".into(), password: "pw".into() };
        best_challenge(&response)?.answer(&credentials, "CONNECT", "h:1")
    }

    #[test]
    fn the_strongest_challenge_is_answered() {
        let digest = "Proxy-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int, auth\"";
        assert_eq!(best("Proxy-Authenticate: Basic realm=x\r\n").as_deref(), Some("Basic bWU6cHc="));
        let both =
            format!("Proxy-Authenticate: Basic realm=x\r\n{digest}\r\n{digest}, algorithm=SHA-256\r\n");
        assert!(best(&both).unwrap().contains("algorithm=SHA-256, nonce=\"n\", nc=00000001,"));
        assert!(best(&format!("{digest}, opaque=\"o\"\r\n")).unwrap().ends_with(", opaque=\"o\""));
        for none in ["", "Proxy-Authenticate: NTLM\r\n", &format!("{digest}, algorithm=MD5-sess\r\n")] {
            assert_eq!(best(none), None, "{none}");
        }
        assert!(best("Proxy-Authenticate: NTLM, Digest realm=r, nonce=n, qop=auth\r\n").is_some());
    }
}
