//! The flags of TLS as values.

use super::Context;
use crate::cli::{ForwardArgs, TlsArgs, TlsClientArgs, TlsServerArgs};
use crate::event::Kind;
use crate::net::address::Target;
use crate::net::tls::{Acceptor, ClientOptions, Connector, ServerOptions};
use crate::session::tls::{TlsClient, TlsServer};
use crate::sys::Error;
use std::path::PathBuf;

/// How a client speaks TLS to `targets`, where it is to. Reads every file that the flags name.
pub(crate) fn tls_client(
    args: &TlsClientArgs,
    targets: &[Target],
    context: &Context,
) -> Result<Option<TlsClient>, Error> {
    if !args.tls {
        return Ok(None);
    }
    let connector = Connector::new(&ClientOptions {
        insecure: args.tls_insecure,
        ca: args.tls_ca.clone(),
        pins: args.tls_pin.clone(),
        name: args.tls_name.clone(),
        cert: args.common.tls_cert.clone(),
        key: args.common.tls_key.clone(),
        alpn: args.common.alpn.clone(),
        min: args.common.tls_min,
        max: args.common.tls_max,
        keylog: keylog(&args.common),
    })?;
    if args.tls_insecure {
        let text = "--tls-insecure: the server's certificate is not verified";
        context.events.warn(Kind::Tls, "tls", text);
    }
    let tls = TlsClient { connector, allow_truncated: args.common.tls_allow_truncated };
    targets.iter().try_for_each(|target| tls.name(target).map(drop))?;
    Ok(Some(tls))
}

/// How a forwarding server speaks TLS to `target`. The flags that both sides have are the clients' where those speak TLS.
pub(crate) fn tls_to_target(
    args: &ForwardArgs,
    server: &TlsServerArgs,
    target: &Target,
    context: &Context,
) -> Result<Option<TlsClient>, Error> {
    let common = TlsArgs { tls_cert: None, tls_key: None, alpn: Vec::new(), ..server.common.clone() };
    let own = !server.tls;
    let args = TlsClientArgs {
        tls: true,
        tls_ca: args.tls_ca.clone(),
        tls_insecure: args.tls_insecure,
        tls_pin: if own { server.tls_pin.clone() } else { Vec::new() },
        tls_name: server.tls_name.clone().filter(|_| own),
        common: if own { server.common.clone() } else { common },
    };
    tls_client(&args, std::slice::from_ref(target), context)
}

/// How a server speaks TLS, where it is to.
pub(crate) fn tls_server(args: &TlsServerArgs) -> Result<Option<TlsServer>, Error> {
    if !args.tls {
        return Ok(None);
    }
    let acceptor = Acceptor::new(&ServerOptions {
        name: args.tls_name.clone(),
        cert: args.common.tls_cert.clone(),
        key: args.common.tls_key.clone(),
        client_ca: args.tls_client_ca.clone(),
        pins: args.tls_pin.clone(),
        alpn: args.common.alpn.clone(),
        min: args.common.tls_min,
        max: args.common.tls_max,
        keylog: keylog(&args.common),
    })?;
    Ok(Some(TlsServer { acceptor, allow_truncated: args.common.tls_allow_truncated }))
}

/// The key log that is asked for, by flag or by the environment.
pub(crate) fn keylog(args: &TlsArgs) -> Option<PathBuf> {
    let usual = || std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty()).map(PathBuf::from);
    args.tls_keylog.clone().or_else(usual)
}
