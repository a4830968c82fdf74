//! How a connection is closed without a reset, which would throw away what the peer has not read yet.
//!
//! The kernel answers a close with bytes unread by RST. Session tickets, late data and the peer's `close_notify` are such
//! bytes; so they are read before.

use super::wire::Wire;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::{Instant, timeout_at};

/// The longest wait for the peer to read the alert that refuses it.
const LINGER: Duration = Duration::from_millis(500);
/// The most that is read from a refused peer.
const LINGER_BYTES: usize = 256 * 1024;

/// Lets the peer of a failed handshake read the alert: FIN, then its own end is waited for, with bounds.
pub(crate) async fn linger<S: AsyncRead + AsyncWrite + Unpin>(wire: &mut Wire<S>) {
    let deadline = Instant::now() + LINGER;
    if !matches!(timeout_at(deadline, wire.shutdown()).await, Ok(Ok(()))) {
        return;
    }
    let mut discarded = [0; 1024];
    let mut left = LINGER_BYTES;
    while let Ok(Ok(len @ 1..)) = timeout_at(deadline, wire.read(&mut discarded)).await {
        left = left.saturating_sub(len);
        if left == 0 {
            return;
        }
    }
}
