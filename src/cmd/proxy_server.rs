//! The flags of a proxy server as values: reads the file of its users, and looks up the names of its rules, once.

use super::Context;
use super::access::destination_rules;
use crate::cli::{Listen, ProxyKind, ProxyServerArgs};
use crate::event::Kind;
use crate::net::address::AddrError;
use crate::net::proxy::http::Verifier;
use crate::net::proxy::{Credentials, Users, user_lines};
use crate::net::resolve::Lookup;
use crate::session::proxy_server::ProxyServer;
use crate::sys::Error;

/// The proxy server of the flags. `-4` and `-6` limit the listeners, not the destinations.
pub(crate) fn proxy_service(args: &Listen, context: &Context) -> anyhow::Result<ProxyServer> {
    let kind = args.service.proxy_server.unwrap_or(ProxyKind::All);
    let lookup = Lookup { numeric: args.server.lookup.numeric, ..Lookup::default() };
    let ProxyServerArgs { allow_dest, deny_dest, auth, auth_file } = &args.proxy;
    let verifier = if auth.is_empty() && auth_file.is_none() {
        None
    } else {
        let verifier = Users::new(users(&args.proxy)?).and_then(Verifier::new);
        let none =
            || Error::new("getrandom", "", std::io::Error::other("the system provides no random numbers"));
        Some(verifier.ok_or_else(none)?)
    };
    Ok(ProxyServer {
        socks: kind != ProxyKind::Http,
        http: kind != ProxyKind::Socks,
        verifier,
        destinations: destination_rules(allow_dest, deny_dest, lookup, context)?,
        lookup,
        options: args.listener.socket.options(),
        idle: args.idle_timeout,
        sockets: context.sockets.clone(),
    })
}

/// Refuses flags of a proxy beside another service. The command line's own check is silent there: it takes a flag that is
/// missing for one that must be.
pub(crate) fn expect_proxy(args: &Listen) -> Result<(), AddrError> {
    let ProxyServerArgs { allow_dest, deny_dest, auth, auth_file } = &args.proxy;
    let has_rules = !allow_dest.is_empty() || !deny_dest.is_empty();
    if args.service.proxy_server.is_none() && (has_rules || !auth.is_empty() || auth_file.is_some()) {
        let text = "--auth, --auth-file, --allow-dest and --deny-dest need --proxy-server";
        return Err(AddrError(text.into()));
    }
    if args.service.forward.is_none() && args.forward.proxy.proxy.is_some() {
        return Err(AddrError("--proxy needs --forward".into()));
    }
    Ok(())
}

/// The users of the flags and of the file. An empty file admits no client.
fn users(args: &ProxyServerArgs) -> anyhow::Result<Vec<Credentials>> {
    let typed = args.auth.iter().map(|user| user.0.parse::<Credentials>());
    let mut users: Vec<_> =
        typed.collect::<Result<_, _>>().map_err(|why| AddrError(format!("--auth: {why}")))?;
    if let Some(path) = &args.auth_file {
        let text = std::fs::read_to_string(path)
            .map_err(|e| Error::new("open", path.display(), e).about(Kind::File))?;
        for (line, user) in user_lines(&text) {
            users.push(user.map_err(|why| AddrError(format!("{}:{line}: {why}", path.display())))?);
        }
    }
    Ok(users)
}
