//! The requests of HTTP clients, one a connection.

use super::incoming::Incoming;
use super::origin::Origin;
use super::response::answer;
use super::{Asked, ProxyServer, Rejected, Stop, Then};
use crate::event::Outcome;
use crate::net::proxy::http::{Body, Target, Verdict, parse_request};
use std::time::Instant;

const PROTOCOL: &str = "http";

impl ProxyServer {
    pub(super) async fn http(&self, incoming: &mut Incoming<'_>) -> Result<Asked, Stop> {
        let reject = |why: crate::net::proxy::Malformed| {
            Rejected::malformed(PROTOCOL, why, answer(status_of(why.0), why.0, ""))
        };
        let request = incoming.message(parse_request, reject).await?;
        let target = Target::parse(&request.method, &request.target);
        let path = match &target {
            Ok(Target::Origin { path, .. }) => Some(path.as_str()),
            _ => None,
        };
        if let Some(verifier) = &self.verifier {
            let now = Instant::now();
            let (is_stale, why) = match verifier.check(&request, path, now) {
                Verdict::Granted => (None, ""),
                Verdict::Absent => (Some(false), "no user name and password"),
                Verdict::Denied => (Some(false), "wrong user name or password"),
                Verdict::Stale => (Some(true), "the nonce is too old or already used"),
            };
            if let Some(stale) = is_stale {
                let answer = answer(
                    407,
                    "this proxy requires a user name and password",
                    &verifier.challenge(&request, stale, now),
                );
                let target = target.ok().map(|target| target.server().clone());
                let (outcome, why) = (Outcome::Refused, why.to_owned());
                return Err(Rejected { protocol: PROTOCOL, target, answer, outcome, why }.into());
            }
        }
        match target {
            Err((status, why)) => {
                let (answer, why) = (answer(status, why, ""), why.to_owned());
                Err(Rejected { protocol: PROTOCOL, target: None, answer, outcome: Outcome::Failed, why }
                    .into())
            }
            Ok(Target::Tunnel(target)) => {
                let answer = b"HTTP/1.1 200 Connection established\r\n\r\n".to_vec();
                Ok(Asked { protocol: PROTOCOL, target, then: Then::Tunnel(answer) })
            }
            Ok(Target::Origin { server, authority, path }) => {
                let body = Body::of_request(&request).map_err(reject)?;
                let origin = Origin::new(&request, &authority, &path, body);
                Ok(Asked { protocol: PROTOCOL, target: server, then: Then::Origin(origin) })
            }
        }
    }
}

/// The status of a head that is not understood.
fn status_of(why: &str) -> u16 {
    if why.contains("longer") { 431 } else { 400 }
}
