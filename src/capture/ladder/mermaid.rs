//! A ladder as a Mermaid sequence diagram, which many wikis draw.

use super::{Conversation, FOLD, Ladder, Side, What, after};
use std::fmt::Write as _;

pub(super) fn mermaid(ladder: &Ladder) -> String {
    let mut out = String::from("sequenceDiagram\n");
    for conversation in &ladder.conversations {
        draw(conversation, ladder.conversations.len() > 1, &mut out);
    }
    for remark in ladder.remarks() {
        let _ = writeln!(out, "    %% {remark}");
    }
    out
}

fn draw(conversation: &Conversation, numbered: bool, out: &mut String) {
    let number = if numbered { conversation.conn.to_string() } else { String::new() };
    let name = |side| match side {
        Side::Left => format!("client{number}"),
        Side::Right => format!("server{number}"),
    };
    // Writing to a string does not fail.
    let _ = writeln!(out, "    participant {} as client {}", name(Side::Left), escaped(&conversation.client));
    let _ =
        writeln!(out, "    participant {} as server {}", name(Side::Right), escaped(&conversation.server));
    let mut last = 0;
    for step in &conversation.steps {
        if step.at - last > FOLD {
            let ends = [name(Side::Left), name(Side::Right)].join(",");
            let _ = writeln!(out, "    Note over {ends}: {} later", after(step.at - last));
        }
        last = step.at;
        let _ = match &step.what {
            What::Packet { from, words, note, lost, implied } => {
                let arrow = match (lost, implied) {
                    (true, _) => "-x",
                    (false, true) => "-->>",
                    (false, false) => "->>",
                };
                let note = note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
                writeln!(
                    out,
                    "    {}{arrow}{}: {}{}",
                    name(*from),
                    name(from.other()),
                    escaped(words),
                    escaped(&note)
                )
            }
            What::State { side: Side::Left, to, .. } => {
                writeln!(out, "    Note left of {}: {to}", name(Side::Left))
            }
            What::State { side: Side::Right, to, .. } => {
                writeln!(out, "    Note right of {}: {to}", name(Side::Right))
            }
        };
    }
    if conversation.left_out > 0 {
        let _ = writeln!(out, "    Note over {}: and {} more steps", name(Side::Left), conversation.left_out);
    }
}

/// Text without what Mermaid reads as its own.
fn escaped(text: &str) -> String {
    text.replace('#', "#35;").replace(';', "#59;").replace('\n', " ")
}
