//! The TCP echo of `demo`.

use super::blocks::{accept, close_both, connect, listen, receive, send, show, step};
use crate::cmd::Context;
use crate::net::connect::ConnectError;
use crate::session::table::show_port;

const GREETING: &[u8] = b"Hello, world\n";

/// An echo server and its client: the client sends, receives the echo, and closes first. The socket table is shown at the
/// end.
pub(super) fn echo(context: &mut Context) -> Result<(), ConnectError> {
    let (listener, address) = listen(context)?;
    step(context)?;
    let client = connect(context, address)?;
    step(context)?;
    let server = accept(&listener, address)?;
    step(context)?;
    send(&client, GREETING)?;
    let heard = receive(&server)?;
    send(&server, &heard)?;
    show(&receive(&client)?)?;
    step(context)?;
    close_both(context, client, server)?;
    show_port(address.port(), context)?;
    drop(listener);
    step(context)
}
