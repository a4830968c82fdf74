//! Missed lines: requested again, sent again, or counted as lost. Pure.

use super::envelope::{Message, Subject};
use super::link::{Context, Link, LinkEvent, json};
use super::outbox::Batch;
use super::sequence::Missing;
use crate::text::number::counted;

impl Link {
    /// Asks every machine for what is missing of it.
    pub(super) fn ask_again(&mut self, context: &mut Context<'_>) {
        let missing: Vec<_> = self
            .peers
            .by_origin
            .iter_mut()
            .filter_map(|(origin, peer)| Some((origin.clone(), peer.sequence.missing(context.now.uptime)?)))
            .collect();
        for (origin, missing) in missing {
            self.act_on(&origin, missing, context);
        }
    }

    /// Asks one machine for what is missing of it.
    pub(super) fn ask_one_again(&mut self, origin: &str, context: &mut Context<'_>) {
        let peer = self.peers.by_origin.get_mut(origin);
        if let Some(missing) = peer.and_then(|peer| peer.sequence.missing(context.now.uptime)) {
            self.act_on(origin, missing, context);
        }
    }

    fn act_on(&mut self, origin: &str, missing: Missing, context: &mut Context<'_>) {
        match missing {
            Missing::Ask(first, count) => {
                let mut again = self.head("again");
                (again.first, again.count) = (first, count);
                let again = json(&again);
                self.send(Subject::Again(origin.to_owned()), again);
            }
            Missing::Lost(lines) => {
                self.tell_lost(origin, lines, context);
                self.say_held(origin, context);
            }
        }
    }

    /// Notifies all members that lines of a machine are lost.
    pub(super) fn tell_lost(&mut self, origin: &str, lines: u64, context: &mut Context<'_>) {
        let Some(peer) = self.peers.by_origin.get(origin).filter(|_| lines > 0) else { return };
        let machine = peer.machine.clone();
        let text = format!("{} from {machine} lost", counted(lines, "line", "lines"));
        let stamp = self.shown("", context.now);
        context.room.tell_all(&text, &stamp, true);
        (context.report)(LinkEvent::Lost { machine, lines });
    }

    /// Gives lines again, as many as one message holds. What is forgotten shows by the number of the first.
    pub(super) fn answer_again(&mut self, origin: &str, message: &Message<'_>) {
        let next = self.outbox.next();
        let batch = self.outbox.again(message.first, message.count);
        let batch = batch.unwrap_or(Batch { first: next, count: 0, body: String::new() });
        let payload = self.lines(&batch, next);
        if let Some(left) = self.answers.checked_sub(payload.len()) {
            self.answers = left;
            self.send(Subject::To(origin.to_owned()), payload);
        }
    }
}
