//! A server's check of `Proxy-Authorization`: Basic (RFC 7617) and Digest (RFC 7616).

use super::challenge::{self, Challenge};
use super::digest::{self, Algorithm};
use super::head::{Request, values};
use super::nonce::Nonces;
use crate::net::proxy::Users;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt::Write;
use std::time::Instant;

const REALM: &str = "soquete";

/// The users of a server, and the nonces that it gave out.
pub struct Verifier {
    users: Users,
    nonces: Nonces,
}

/// What a request's credentials are worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// A user's.
    Granted,
    /// There are none.
    Absent,
    /// Wrong ones.
    Denied,
    /// Right ones, for a nonce that is too old or already used.
    Stale,
}

impl Verifier {
    /// `None` if the system provides no random numbers.
    #[must_use]
    pub fn new(users: Users) -> Option<Self> {
        Some(Self { users, nonces: Nonces::new()? })
    }

    /// The users, for protocols with plain passwords.
    #[must_use]
    pub fn users(&self) -> &Users {
        &self.users
    }

    /// The fields that ask the client of `request` for credentials, the best way first. A program that speaks HTTP/1.0 is an old
    /// one: some know MD5 alone and look at the first challenge only, as ncat(1).
    #[must_use]
    pub fn challenge(&self, request: &Request, stale: bool, now: Instant) -> String {
        let mut fields = String::new();
        let stale = if stale { ", stale=true" } else { "" };
        let mut algorithms = Algorithm::ALL;
        if request.minor == 0 {
            algorithms.reverse();
        }
        for algorithm in algorithms {
            let Some(nonce) = self.nonces.issue(now) else { continue };
            // Writing to memory cannot fail.
            let _ = write!(
                fields,
                "Proxy-Authenticate: Digest realm=\"{REALM}\", qop=\"auth\", algorithm={}, nonce=\"{nonce}\"{stale}\r\n",
                algorithm.name()
            );
        }
        fields + "Proxy-Authenticate: Basic realm=\"" + REALM + "\", charset=\"UTF-8\"\r\n"
    }

    /// Checks the credentials of a request; `path` is its target as the server itself would see it.
    #[must_use]
    pub fn check(&self, request: &Request, path: Option<&str>, now: Instant) -> Verdict {
        let mut fields = values(&request.headers, "proxy-authorization");
        let (Some(value), None) = (fields.next(), fields.next()) else { return Verdict::Absent };
        let answers = challenge::parse(&String::from_utf8_lossy(value));
        let Some(answer) = answers.first() else { return Verdict::Absent };
        match answer.scheme.as_str() {
            "basic" if self.has_password(&answer.token) => Verdict::Granted,
            "digest" => self.check_digest(answer, request, path, now).unwrap_or(Verdict::Denied),
            _ => Verdict::Denied,
        }
    }

    fn has_password(&self, token: &str) -> bool {
        let plain = STANDARD.decode(token).unwrap_or_default();
        let colon = plain.iter().position(|byte| *byte == b':');
        colon.is_some_and(|at| self.users.find(&plain[..at], &plain[at + 1..]).is_some())
    }

    fn check_digest(
        &self,
        answer: &Challenge,
        request: &Request,
        path: Option<&str>,
        now: Instant,
    ) -> Option<Verdict> {
        let user = self.users.named(answer.get("username")?)?;
        let (uri, count, nonce) = (answer.get("uri")?, answer.get("nc")?, answer.get("nonce")?);
        let is_ours = answer.get("realm")? == REALM && answer.get("qop")? == "auth";
        // The target as it came, or as curl computes it, in the form of the server.
        if !is_ours || (uri != request.target && Some(uri) != path) || count.len() != 8 {
            return None;
        }
        let response = digest::Response {
            algorithm: Algorithm::parse(answer.get("algorithm"))?,
            user: &user.user,
            password: &user.password,
            realm: REALM,
            method: &request.method,
            uri,
            nonce,
            count,
            client_nonce: answer.get("cnonce")?,
        };
        if !self.users.same(response.compute().as_bytes(), answer.get("response")?.as_bytes()) {
            return None;
        }
        let number = u32::from_str_radix(count, 16).ok()?;
        Some(if self.nonces.accept(nonce, number, now) { Verdict::Granted } else { Verdict::Stale })
    }
}

#[cfg(test)]
mod tests {
    use super::super::head::{Header, parse_response};
    use super::super::login::{Login, best_challenge};
    use super::*;
    use crate::net::proxy::{Credentials, Parsed};

    fn verifier() -> Verifier {
        Verifier::new(Users::new(vec!["me:p\"w".parse().unwrap()]).unwrap()).unwrap()
    }

    fn login(verifier: &Verifier, but: &str) -> Login {
        let fields = verifier.challenge(&request(None), false, Instant::now());
        let fields: String = fields.split_inclusive('\n').filter(|field| !field.contains(but)).collect();
        let head = format!("HTTP/1.1 407 No\r\n{fields}\r\n");
        let Ok(Parsed::Whole(response, _)) = parse_response(head.as_bytes()) else { panic!("it is whole") };
        best_challenge(&response).unwrap()
    }

    fn request(value: Option<String>) -> Request {
        let headers = value.map(|v| Header { name: "Proxy-Authorization".into(), value: v.into() });
        Request {
            method: "CONNECT".into(),
            target: "h:1".into(),
            minor: 1,
            headers: headers.into_iter().collect(),
        }
    }

    #[test]
    fn our_own_client_is_accepted_in_every_way() {
        let verifier = verifier();
        let user: Credentials = "me:p\"w".parse().unwrap();
        let check = |request: &Request| verifier.check(request, None, Instant::now());
        for but in ["nothing", "SHA-256", "Digest"] {
            let mut login = login(&verifier, but);
            let answer = login.answer(&user, "CONNECT", "h:1");
            assert_eq!(check(&request(answer.clone())), Verdict::Granted, "{answer:?}");
            if but != "Digest" {
                assert_eq!(check(&request(answer.clone())), Verdict::Stale, "a replay");
                let mut other = request(answer);
                other.target = "h:2".into();
                assert_eq!(check(&other), Verdict::Denied);
            }
            let again = login.answer(&user, "CONNECT", "h:1");
            assert_eq!(check(&request(again)), Verdict::Granted);
            let wrong: Credentials = "me:other".parse().unwrap();
            assert_eq!(check(&request(login.answer(&wrong, "CONNECT", "h:1"))), Verdict::Denied);
        }
        assert_eq!(check(&request(None)), Verdict::Absent);
        for hostile in ["Basic", "Basic ====", "Digest", "Digest username=\"me\"", "Bearer x", ""] {
            assert_ne!(check(&request(Some(hostile.into()))), Verdict::Granted, "{hostile}");
        }
    }
}
