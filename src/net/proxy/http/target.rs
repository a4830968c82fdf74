//! The target of a request to a proxy: an authority or an absolute URI (RFC 9112 3.2).

use crate::net::address::{Endpoint, Host};

/// Where a request goes.
#[derive(Debug, PartialEq, Eq)]
pub enum Target {
    /// CONNECT: a stream to it.
    Tunnel(Endpoint),
    /// A request to be passed on.
    Origin {
        /// To this server.
        server: Endpoint,
        /// Its value of `Host`.
        authority: String,
        /// The path and query, as they came; `*` for OPTIONS of the server itself.
        path: String,
    },
}

impl Target {
    /// The server.
    #[must_use]
    pub const fn server(&self) -> &Endpoint {
        match self {
            Self::Tunnel(server) | Self::Origin { server, .. } => server,
        }
    }
}

/// The status of a request that has no usable target, and the reason.
pub type Refusal = (u16, &'static str);

/// Methods that are passed on to the server.
const METHODS: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

impl Target {
    /// Reads the target of a request with this method.
    pub fn parse(method: &str, target: &str) -> Result<Self, Refusal> {
        if method == "CONNECT" {
            return endpoint(target, None).map(Self::Tunnel).ok_or((400, "CONNECT needs HOST:PORT"));
        }
        if !METHODS.contains(&method) {
            return Err((405, "the proxy does not support this method"));
        }
        let Some((scheme, rest)) = target.split_once("://") else {
            return Err((400, "this is a proxy: the request needs an absolute URI"));
        };
        if !scheme.eq_ignore_ascii_case("http") {
            return Err((501, "the proxy forwards http:// URLs only; use CONNECT for others"));
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split('#').next().unwrap_or_default();
        // The server itself (RFC 9112 3.2.4), or its root (RFC 9110 4.2.3).
        let path = match path {
            "" if method == "OPTIONS" => "*".to_owned(),
            "" => "/".to_owned(),
            query if query.starts_with('?') => format!("/{query}"),
            path => path.to_owned(),
        };
        match endpoint(authority, Some(80)) {
            Some(server) => Ok(Self::Origin { server, authority: authority.to_owned(), path }),
            None => Err((400, "the URI has no valid host and port")),
        }
    }
}

/// A host and port; user names are refused (RFC 9110 4.2.4).
fn endpoint(authority: &str, usual: Option<u16>) -> Option<Endpoint> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, ""),
    };
    let port = if port.is_empty() { usual? } else { port.parse().ok().filter(|port| *port != 0)? };
    if host.is_empty() || (host.contains(':') && !host.starts_with('[')) {
        return None;
    }
    Some(Endpoint { host: Host::parse(host).ok()?, port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_an_authority_or_a_uri() {
        for (method, target, meant) in [
            ("CONNECT", "h:443", Ok("h:443")),
            ("CONNECT", "[::1]:443", Ok("[::1]:443")),
            ("GET", "http://h", Ok("h:80 h /")),
            ("GET", "HTTP://h:81/a?b#c", Ok("h:81 h:81 /a?b")),
            ("GET", "http://h:/a", Ok("h:80 h: /a")),
            ("GET", "http://[::1]?q", Ok("[::1]:80 [::1] /?q")),
            ("OPTIONS", "http://h", Ok("h:80 h *")),
            ("CONNECT", "h", Err(400)),
            ("CONNECT", "h:0", Err(400)),
            ("CONNECT", "::1:80", Err(400)),
            ("CONNECT", "http://h:80", Err(400)),
            ("GET", "/", Err(400)),
            ("GET", "http://me@h/", Err(400)),
            ("GET", "http://:80/", Err(400)),
            ("GET", "http://h:x/", Err(400)),
            ("GET", "https://h/", Err(501)),
            ("BREW", "http://h/", Err(405)),
        ] {
            let read = Target::parse(method, target).map(|target| match target {
                Target::Tunnel(endpoint) => endpoint.to_string(),
                Target::Origin { server, authority, path } => format!("{server} {authority} {path}"),
            });
            assert_eq!(read.as_deref().map_err(|refusal| refusal.0), meant, "{method} {target}");
        }
    }
}
