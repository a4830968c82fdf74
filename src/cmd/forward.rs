//! The flags of forwarding as values.

use super::{Context, proxy_client, tls_to_target};
use crate::cli::{ForwardTarget, HeaderVersion, Listen, TlsClientArgs};
use crate::net::address::AddrError;
use crate::net::proxy_header::Version;
use crate::net::resolve::Lookup;
use crate::session::forward::Forward;
use crate::session::opening::Opening;

/// How the clients of a TCP server are forwarded to `target`.
pub(crate) fn forward_to(
    target: &ForwardTarget,
    args: &Listen,
    context: &Context,
) -> anyhow::Result<Forward> {
    let ForwardTarget { target, tls } = target;
    let flags = &args.forward;
    let trust = TlsClientArgs {
        tls: *tls,
        tls_ca: flags.tls_ca.clone(),
        tls_insecure: flags.tls_insecure,
        ..TlsClientArgs::default()
    };
    let proxy = proxy_client(&flags.proxy, &trust)?;
    if !tls
        && proxy.is_none()
        && (flags.tls_insecure || flags.tls_ca.is_some() || (!args.tls.tls && args.tls.tls_name.is_some()))
    {
        let text = format!("--tls-ca, --tls-insecure and --tls-name need TLS; type --forward tls:{target}");
        return Err(AddrError(text).into());
    }
    let tls = if *tls { tls_to_target(flags, &args.tls, target, context)? } else { None };
    let opening = Opening {
        options: args.listener.socket.options(),
        source: None,
        // -4 and -6 say where clients come in.
        lookup: Lookup { numeric: args.server.lookup.numeric, ..Lookup::default() },
        proxy,
        tls,
        taps: None,
    };
    let send_header = flags.send_proxy_header.map(|version| match version {
        HeaderVersion::V1 => Version::V1,
        HeaderVersion::V2 => Version::V2,
    });
    let (idle, sockets) = (args.idle_timeout, context.sockets.clone());
    Ok(Forward { target: target.clone(), opening, send_header, idle, sockets })
}
