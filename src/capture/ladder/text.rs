//! A ladder as text of 80 columns: the time, the client's state, the arrows, the server's state.

use super::arrow::arrow;
use super::{Conversation, FOLD, Ladder, Side, What, after};
use std::fmt::Write as _;

/// Columns: of the time, of a state on either side, and between the lifelines.
const TIME: usize = 9;
const STATE: usize = 12;
const BETWEEN: usize = 42;

pub(super) fn text(ladder: &Ladder) -> String {
    let mut out = String::new();
    for (i, conversation) in ladder.conversations.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        draw(conversation, &mut out);
    }
    for remark in ladder.remarks() {
        let _ = writeln!(out, "\n{remark}");
    }
    out
}

fn draw(conversation: &Conversation, out: &mut String) {
    let Conversation { conn, client, server, .. } = conversation;
    let between = format!("#{conn} {}", conversation.proto.name().to_uppercase());
    // Writing to a string does not fail.
    let _ = writeln!(out, "{:TIME$} {:>STATE$} {between:^width$} server", "", "client", width = BETWEEN + 2);
    let width = STATE + BETWEEN + 10 + 4;
    let gap = width.saturating_sub(client.chars().count() + server.chars().count()).max(2);
    let _ = writeln!(out, "{:TIME$} {client}{:gap$}{server}", "", "");
    let mut last = 0;
    for step in &conversation.steps {
        if step.at - last > FOLD {
            let silence = format!("… {} …", after(step.at - last));
            let _ = writeln!(out, "{:TIME$} {:STATE$} ┊{silence:^BETWEEN$}┊", "", "");
        }
        last = step.at;
        let time = after(step.at);
        match &step.what {
            What::Packet { from, words, note, lost, implied } => {
                let label = note.as_ref().map_or_else(|| words.clone(), |note| format!("{words} ({note})"));
                let arrow = arrow(*from, &label, BETWEEN, *lost, *implied);
                let _ = writeln!(out, "{time:>TIME$} {:STATE$} │{arrow}│", "");
            }
            What::State { side, to, .. } => {
                let state = to.name();
                let _ = match side {
                    Side::Left => writeln!(out, "{:TIME$} {state:>STATE$} ┤{:BETWEEN$}│", "", ""),
                    Side::Right => writeln!(out, "{:TIME$} {:STATE$} │{:BETWEEN$}├ {state}", "", "", ""),
                };
            }
        }
    }
    if conversation.left_out > 0 {
        let _ = writeln!(out, "{:TIME$} and {} more steps", "", conversation.left_out);
    }
}
