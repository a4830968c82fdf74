//! The flags of proxies: of clients that connect through one, and of a server that is one.

use super::secret::Secret;
use crate::net::acl::AccessSpec;
use clap::builder::ArgPredicate;
use clap::{Arg, Args, ValueEnum};
use std::path::PathBuf;

/// The proxy of a client.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Proxy")]
pub struct ProxyArgs {
    /// Connect through a proxy: socks4, socks4a, socks5, socks5h, http or https://HOST[:PORT]. The proxy resolves names, except with socks4 and socks5. USER:PASSWORD@ may precede HOST, but every user of this machine can see arguments
    #[arg(long, value_name = "URL", group = "speaks_tls")]
    pub proxy: Option<Secret>,
    /// Read USER:PASSWORD for the proxy from the first line of FILE [default: SOQUETE_PROXY_AUTH of the environment]
    #[arg(long, value_name = "FILE", requires = "proxy")]
    pub proxy_auth_file: Option<PathBuf>,
}

/// What a proxy server serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ProxyKind {
    /// SOCKS4, SOCKS4a, SOCKS5 and HTTP
    All,
    /// HTTP: CONNECT, and requests with an absolute URI
    Http,
    /// SOCKS4, SOCKS4a and SOCKS5
    Socks,
}

/// Who may use a proxy server, and for what.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Proxy server")]
pub struct ProxyServerArgs {
    /// Serve this user only; repeatable. Every user of this machine can see arguments: prefer --auth-file
    #[arg(long, value_name = "USER:PASSWORD", requires = "proxy_server")]
    pub auth: Vec<Secret>,
    /// Serve the users in FILE only, USER:PASSWORD a line, # begins a comment
    #[arg(long, value_name = "FILE", requires = "proxy_server")]
    pub auth_file: Option<PathBuf>,
    /// Connect to these addresses only: an address, a block, a range or a host name; repeatable
    #[arg(long, value_name = "SPEC", requires = "proxy_server")]
    pub allow_dest: Vec<AccessSpec>,
    /// Do not connect to these addresses, even if allowed; repeatable
    #[arg(long, value_name = "SPEC", requires = "proxy_server")]
    pub deny_dest: Vec<AccessSpec>,
}

/// A server connects to nothing but the target that it forwards to.
pub(super) fn only_to_forward(proxy: Arg) -> Arg {
    proxy.requires("forward")
}

/// Through a proxy the connection is kept when standard input ends: common proxies drop everything at a FIN.
pub(super) fn keep_through_proxy(on_eof: Arg) -> Arg {
    on_eof
        .default_value_if("proxy", ArgPredicate::IsPresent, "keep")
        .help("Action when standard input ends [through a proxy: keep, because common proxies drop the connection at a FIN]")
}
