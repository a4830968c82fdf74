//! The kernel's answers to the questions of a relay's policy.

use super::terms::{Connection, Presence};
use crate::net::peer::presence;
use crate::sys::socket::Socket;
use std::time::Duration;

/// A connection, and a question about its input.
pub struct Facts<'a, F: Fn() -> bool> {
    /// The connection.
    pub socket: &'a Socket,
    /// Whether there is input that was not sent yet.
    pub has_input: F,
    /// Bytes unread are the session's, which is drained before a close.
    pub is_tls: bool,
}

impl<F: Fn() -> bool> Connection for Facts<'_, F> {
    fn moved(&self) -> u64 {
        let (received, sent) = self.socket.counters();
        received + sent
    }

    fn sent(&self) -> u64 {
        self.socket.counters().1
    }

    fn first_data_unacked(&self) -> bool {
        self.socket.first_data_unacked()
    }

    fn unacked(&self) -> u64 {
        self.socket.unacked()
    }

    fn fin_acked(&self) -> bool {
        self.socket.fin_acknowledged()
    }

    fn awaits_last_ack(&self) -> bool {
        self.socket.awaits_last_ack()
    }

    fn silence(&self) -> Duration {
        self.socket.silence()
    }

    fn is_closed(&self) -> bool {
        self.socket.is_over()
    }

    fn was_probed(&self) -> bool {
        self.socket.was_probed()
    }

    fn resets_on_close(&self) -> bool {
        !self.is_tls && self.socket.resets_on_close()
    }

    fn presence(&self) -> Presence {
        presence(self.socket)
    }

    fn has_input(&self) -> bool {
        (self.has_input)()
    }
}
