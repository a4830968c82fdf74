//! The hall's own seat: the transcript that goes to standard output, and the operator who may talk.

use super::events;
use super::server::{ChatServer, collect};
use crate::chat::{RoomEvent, What};
use crate::event::{Kind, Subject};
use crate::text::number::counted;
use std::io::{ErrorKind, IoSlice};
use std::rc::Rc;
use tokio::sync::Notify;

/// Bytes of the transcript handed over at once.
const CHUNK: usize = 64 << 10;

impl ChatServer {
    /// Takes the seat of a transcript nobody talks beside. `front` is the first listener.
    pub(super) fn listen_in(&mut self, front: Option<Subject>) {
        let Some((front, address)) = front.and_then(|f| Some((f, f.local?))) else { return };
        self.transcript = Some((self.room.listen_in(address), front));
    }

    /// Takes the operator's seat, who reads its own lines in the transcript if it `hears_itself`.
    pub(super) fn seat_operator(&mut self, front: Option<Subject>, hears_itself: bool) {
        let Some((front, address)) = front.and_then(|f| Some((f, f.local?))) else { return };
        self.transcript = Some((self.room.join_operator(address, hears_itself), front));
    }

    /// The operator typed `bytes`.
    pub(super) fn operator_says(&mut self, mut bytes: &[u8]) {
        let Some((id, front)) = self.transcript else { return };
        let stamp = self.clock.now();
        let events = &self.events;
        while !bytes.is_empty() {
            self.room.receive(id, &mut bytes, &stamp, &mut |what| events::tell_of(events, front, &what));
        }
        self.flush_all();
    }

    /// The operator will say no more, but reads on.
    pub(super) fn operator_leaves(&mut self) {
        let stamp = self.clock.now();
        self.room.retire_operator(&stamp);
        self.want_pass();
    }

    /// Rings when the transcript may have grown.
    pub(super) fn said(&self) -> Rc<Notify> {
        Rc::clone(&self.said)
    }

    /// The next piece of the transcript; empty when there is none.
    pub(super) fn transcript(&mut self) -> Vec<u8> {
        let mut chunk = Vec::new();
        let stamp = self.clock.now();
        self.flush_voice(&stamp, |parts| {
            if chunk.len() >= CHUNK {
                Err(ErrorKind::WouldBlock.into())
            } else {
                Ok(collect(parts, &mut chunk))
            }
        });
        self.release_talkers();
        chunk
    }

    /// Lets a transcript that nobody takes skip, so that it holds no memory.
    pub(super) fn watch_transcript(&mut self, stamp: &str) {
        self.flush_voice(stamp, |_| Err(ErrorKind::WouldBlock.into()));
    }

    /// Tells everybody what was said last.
    pub(super) fn say_last(&mut self) {
        self.flush_all();
    }

    fn flush_voice(&mut self, stamp: &str, write: impl FnMut(&[IoSlice<'_>]) -> std::io::Result<usize>) {
        let Some((id, _)) = self.transcript else { return };
        let events = &self.events;
        let mut tell = |event: RoomEvent<'_>| {
            if let What::Skipped(lines) = event.what {
                let text = format!(
                    "standard output takes too little: {} left out",
                    counted(lines as u64, "line was", "lines were")
                );
                events.warn(Kind::Data, "write", text);
            }
        };
        // The only error is that it would block, which is no error.
        let _ = self.room.flush(id, stamp, &mut tell, write);
    }
}
