//! The server's own member: the transcript, which goes to standard output, and the operator, who reads it.

use super::events;
use super::now::now;
use super::server::{ChatServer, Shared, collect, label};
use crate::chat::{RoomEvent, RoomEventKind};
use crate::event::{Kind, Subject};
use crate::session::stdout::Output;
use crate::sys::splice::Filter;
use crate::text::number::counted;
use std::io::{self, ErrorKind, IoSlice};
use std::rc::Rc;

/// Bytes of the transcript written at once.
const CHUNK: usize = 64 << 10;

/// Writes the transcript to standard output.
pub(super) struct Transcript {
    pub(super) server: Shared,
    /// Makes it safe for a terminal, where it goes to one.
    pub(super) visible: Option<Filter>,
    pub(super) output: Output,
}

impl Transcript {
    /// Writes what is said; never ends.
    pub(super) async fn run(&mut self) {
        let grown = Rc::clone(&self.server.borrow().transcript_grown);
        loop {
            self.put_all().await;
            grown.notified().await;
        }
    }

    /// Writes what was said so far.
    pub(super) async fn put_all(&mut self) {
        loop {
            let mut chunk = self.server.borrow_mut().take_transcript();
            if chunk.is_empty() {
                return;
            }
            if let Some(visible) = &mut self.visible {
                visible(&std::mem::take(&mut chunk), &mut chunk);
            }
            self.output.put(chunk).await;
        }
    }
}

impl ChatServer {
    /// Adds a transcript without an operator. `listener` is the first listener, by which events name it.
    pub(super) fn join_transcript(&mut self, listener: Option<Subject>) {
        let Some((address, listener)) = listener.and_then(|l| Some((l.local.clone()?, l))) else { return };
        self.transcript = Some((self.room.join_transcript(&label(&address)), listener));
    }

    /// Adds the operator, who reads its own lines in the transcript if `echo`.
    pub(super) fn join_operator(&mut self, listener: Option<Subject>, echo: bool) {
        let Some((address, listener)) = listener.and_then(|l| Some((l.local.clone()?, l))) else { return };
        self.transcript = Some((self.room.join_operator(&label(&address), echo), listener));
    }

    /// Adds a program whose lines go to the room and, with all others, to the transcript.
    pub(super) fn join_program(&mut self, listener: Option<Subject>) {
        let Some((address, listener)) = listener.and_then(|l| Some((l.local.clone()?, l))) else { return };
        self.transcript = Some((self.room.join_program(&label(&address)), listener));
    }

    /// Gives the room what the operator typed.
    pub(super) fn receive_from_operator(&mut self, mut bytes: &[u8]) {
        let Some((id, listener)) = self.transcript.clone() else { return };
        let stamp = self.clock.now();
        let (events, link, now) = (&self.events, &mut self.link, now(self.opened));
        let mut report = |event: RoomEvent<'_>| {
            if let Some(link) = link.as_mut() {
                link.happened(&event, now);
            }
            events::emit_of(events, &listener, &event);
        };
        while !bytes.is_empty() {
            self.room.receive(id, &mut bytes, &stamp, &mut report);
        }
        self.flush_all();
    }

    /// Ends what the operator says; the transcript goes on.
    pub(super) fn retire_operator(&mut self) {
        let Some((id, listener)) = self.transcript.clone() else { return };
        let stamp = self.clock.now();
        let (events, now) = (&self.events, now(self.opened));
        let was_present = self.room.present().any(|present| present.id == id);
        let address = self.room.label(id).unwrap_or_default().to_owned();
        let link = &mut self.link;
        let mut report = |event: RoomEvent<'_>| {
            if let Some(link) = link.as_mut() {
                link.happened(&event, now);
            }
            events::emit_of(events, &listener, &event);
        };
        self.room.retire_operator(&stamp, &mut report);
        if let Some(link) = link.as_mut().filter(|_| was_present) {
            link.left(id, &address, None, None, now);
        }
        self.request_flush();
    }

    /// The next chunk of the transcript; empty if there is none.
    fn take_transcript(&mut self) -> Vec<u8> {
        let mut chunk = Vec::new();
        let stamp = self.clock.now();
        self.flush_transcript(&stamp, |slices| {
            if chunk.len() >= CHUNK {
                Err(ErrorKind::WouldBlock.into())
            } else {
                Ok(collect(slices, &mut chunk))
            }
        });
        self.wake_senders();
        chunk
    }

    /// Lets the transcript skip if standard output takes too little, so that it holds no memory.
    pub(super) fn check_transcript(&mut self, stamp: &str) {
        self.flush_transcript(stamp, |_| Err(ErrorKind::WouldBlock.into()));
    }

    fn flush_transcript(&mut self, stamp: &str, write: impl FnMut(&[IoSlice<'_>]) -> io::Result<usize>) {
        let Some((id, _)) = self.transcript else { return };
        let events = &self.events;
        let mut report = |event: RoomEvent<'_>| {
            if let RoomEventKind::Skipped(lines) = event.kind {
                let text = format!(
                    "standard output is read too slowly: {} omitted",
                    counted(lines, "line was", "lines were")
                );
                events.warn(Kind::Data, "write", text);
            }
        };
        // `write` fails only with `WouldBlock`, which is no error of a flush.
        let _ = self.room.flush(id, stamp, &mut report, write);
    }
}
