//! The requests of SOCKS clients.

use super::incoming::Incoming;
use super::{Asked, ProxyServer, Rejected, Stop, Then, send};
use crate::event::Outcome;
use crate::net::address::{Endpoint, Host};
use crate::net::proxy::socks5::{Method, Reply};
use crate::net::proxy::{socks4, socks5};

impl ProxyServer {
    pub(super) async fn socks4(&self, incoming: &mut Incoming<'_>) -> Result<Asked, Stop> {
        let rejection = || socks4::reply(socks4::REJECTED).to_vec();
        let reject = |why| Rejected::malformed("socks4", why, rejection());
        let request = incoming.message(socks4::parse_request, reject).await?;
        let protocol = if is_name(&request.target) { "socks4a" } else { "socks4" };
        let refuse = |why: &str| refused(protocol, Some(&request.target), rejection(), why);
        if self.verifier.is_some() {
            return Err(refuse("SOCKS4 has no passwords").into());
        }
        if !request.is_connect || request.target.port == 0 {
            return Err(refuse("only CONNECT to a port is supported").into());
        }
        let answer = socks4::reply(socks4::GRANTED).to_vec();
        Ok(Asked { protocol, target: request.target, then: Then::Tunnel(answer) })
    }

    pub(super) async fn socks5(&self, incoming: &mut Incoming<'_>) -> Result<Asked, Stop> {
        self.log_in(incoming).await?;
        let reject = |why| Rejected::malformed("socks5", why, reply(Reply::Failure));
        let request = incoming.message(socks5::parse_request, reject).await?;
        let protocol = if is_name(&request.target) { "socks5h" } else { "socks5" };
        if !request.is_connect || request.target.port == 0 {
            let answer = reply(Reply::CommandNotSupported);
            let why = "only CONNECT to a port is supported";
            return Err(refused(protocol, Some(&request.target), answer, why).into());
        }
        Ok(Asked { protocol, target: request.target, then: Then::Tunnel(reply(Reply::Succeeded)) })
    }

    /// Settles who the client is.
    async fn log_in(&self, incoming: &mut Incoming<'_>) -> Result<(), Stop> {
        let client = incoming.stream();
        let reject = |why| Rejected::malformed("socks5", why, Vec::new());
        let offered = incoming.message(socks5::parse_greeting, reject).await?;
        let method = if self.verifier.is_some() { Method::Password } else { Method::None };
        if !offered.contains(&method) {
            let answer = socks5::choice(Method::Unacceptable).to_vec();
            return Err(refused(
                "socks5",
                None,
                answer,
                "the client offers no acceptable authentication method",
            )
            .into());
        }
        send(client, &socks5::choice(method)).await?;
        let Some(verifier) = &self.verifier else { return Ok(()) };
        let (user, password) = incoming.message(socks5::parse_password, reject).await?;
        if verifier.users().find(&user, &password).is_none() {
            return Err(refused(
                "socks5",
                None,
                socks5::verdict(false).to_vec(),
                "wrong user name or password",
            )
            .into());
        }
        send(client, &socks5::verdict(true)).await?;
        Ok(())
    }
}

fn reply(reply: Reply) -> Vec<u8> {
    socks5::reply(reply).to_vec()
}

fn is_name(target: &Endpoint) -> bool {
    !matches!(target.host, Host::Ip(_))
}

fn refused(protocol: &'static str, target: Option<&Endpoint>, answer: Vec<u8>, why: &str) -> Rejected {
    Rejected { protocol, target: target.cloned(), answer, outcome: Outcome::Refused, why: why.to_owned() }
}
