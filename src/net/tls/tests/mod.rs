//! Handshakes in memory between a client and a server.

use super::error::ErrorKind;
use super::failure::Direction;
use super::*;
use pki::Pki;
use std::future::poll_fn;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream};

mod files;
mod handshake;
#[path = "../../../../tests/support/pki.rs"]
mod pki;
mod stream;
mod verify;

const DEADLINE: Duration = Duration::from_secs(20);

fn serving(pki: &Pki, cert: &str) -> ServerOptions {
    ServerOptions { cert: Some(pki.path(cert)), ..ServerOptions::default() }
}

fn trusting(pki: &Pki) -> ClientOptions {
    ClientOptions { ca: Some(pki.path("ca.pem")), ..ClientOptions::default() }
}

type End<S> = Result<(Stream<S>, Handshake), Failure>;

/// A handshake in memory between a client and a server of these options.
async fn shake(
    client: &ClientOptions,
    server: &ServerOptions,
    host: &str,
) -> (End<DuplexStream>, End<DuplexStream>) {
    let acceptor = Acceptor::new(server).unwrap();
    let connector = Connector::new(client).unwrap();
    let (near, far) = tokio::io::duplex(64 * 1024);
    both(&connector, near, &acceptor, far, host).await
}

async fn both<S: AsyncRead + AsyncWrite + Unpin>(
    connector: &Connector,
    near: S,
    acceptor: &Acceptor,
    far: S,
    host: &str,
) -> (End<S>, End<S>) {
    let name = connector.name(Some(host)).unwrap();
    let ends = async { tokio::join!(connector.connect(name, near), acceptor.accept(far)) };
    tokio::time::timeout(DEADLINE, ends).await.expect("the handshake ends")
}
