//! A ladder as a picture (SVG 1.1): lifelines coloured by state, arrows sloped by time, light and dark.

use super::{Conversation, FOLD, Ladder, Side, What, after};
use crate::event::State;
use std::fmt::Write as _;

/// Pixels: the picture, the lifelines, and the time.
const WIDTH: i32 = 880;
const LEFT: i32 = 270;
const RIGHT: i32 = 650;
const TIME: i32 = 84;
/// Pixels that a step takes.
const PACKET: i32 = 38;
const STATE: i32 = 24;
const SILENCE: i32 = 40;
const HEAD: i32 = 76;
/// How far an arrow falls on its way.
const SLOPE: i32 = 14;

const STYLE: &str = "\
text{font-family:ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',sans-serif;font-size:13px;fill:#1f2328}\
.bg{fill:#fff}.dim{fill:#656d76;font-size:11px}.head{font-weight:600;font-size:15px}.state{font-weight:600;font-size:12px}\
.life{stroke:#d0d7de;stroke-width:2}.arrow{stroke:#424a53;stroke-width:1.4;fill:none}.tip{fill:#424a53}\
.implied{stroke-dasharray:5 4}.lost{stroke:#cf222e}.cross{stroke:#cf222e;stroke-width:2}.fold{stroke:#8c959f;stroke-dasharray:2 4}\
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.bg{fill:#0d1117}.dim{fill:#8d96a0}.life{stroke:#30363d}\
.arrow{stroke:#b6bec9}.tip{fill:#b6bec9}.fold{stroke:#6e7681}}";

pub(super) fn svg(ladder: &Ladder) -> String {
    let mut picture = Picture { body: String::new(), y: 20 };
    for conversation in &ladder.conversations {
        picture.conversation(conversation);
    }
    picture.legend(ladder);
    for remark in ladder.remarks() {
        picture.y += 20;
        picture.text(LEFT, "dim", "start", &remark);
    }
    let height = picture.y + 24;
    let title = ladder.conversations.first().map_or_else(String::new, |first| {
        format!("{} conversation of {} and {}", first.proto.name(), first.client, first.server)
    });
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\">\n<title>{}</title>\n<style>{STYLE}</style>\n<rect class=\"bg\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
        escaped(&title),
        picture.body
    )
}

struct Picture {
    body: String,
    y: i32,
}

/// A lifeline while it is drawn: its state, and where that began.
struct Life {
    state: Option<State>,
    since: i32,
}

impl Picture {
    fn conversation(&mut self, conversation: &Conversation) {
        let top = self.y;
        self.y = top + 18;
        self.text(LEFT, "head", "middle", "client");
        self.text(RIGHT, "head", "middle", "server");
        let middle = i32::midpoint(LEFT, RIGHT);
        self.text(
            middle,
            "dim",
            "middle",
            &format!("#{} {}", conversation.conn, conversation.proto.name().to_uppercase()),
        );
        self.y += 18;
        self.text(LEFT, "dim", "middle", &conversation.client);
        self.text(RIGHT, "dim", "middle", &conversation.server);
        self.y = top + HEAD;
        let begin = self.y - 22;
        let place = self.body.len();
        let mut lives = [Life { state: None, since: begin }, Life { state: None, since: begin }];
        let mut last = 0;
        for step in &conversation.steps {
            if step.at - last > FOLD {
                self.silence(step.at - last);
            }
            last = step.at;
            match &step.what {
                What::Packet { from, words, note, lost, implied } => {
                    self.packet(*from, words, note.as_deref(), *lost, *implied);
                    self.time(step.at);
                    self.y += PACKET;
                }
                What::State { side, from, to } => {
                    self.enter(&mut lives, *side, *from, *to);
                    self.y += STATE;
                }
            }
        }
        if conversation.left_out > 0 {
            self.text(middle, "dim", "middle", &format!("and {} more steps", conversation.left_out));
            self.y += STATE;
        }
        for (x, life) in [LEFT, RIGHT].into_iter().zip(&lives) {
            self.bar(x, life, self.y);
        }
        // The lifelines lie below everything else.
        let end = self.y + 6;
        let lifelines = [LEFT, RIGHT]
            .map(|x| format!("<line class=\"life\" x1=\"{x}\" y1=\"{begin}\" x2=\"{x}\" y2=\"{end}\"/>\n"))
            .concat();
        self.body.insert_str(place, &lifelines);
        self.y = end + 30;
    }

    /// An end enters a state: the bar of the one before ends, and the name stands beside the lifeline.
    fn enter(&mut self, lives: &mut [Life; 2], side: Side, from: State, to: State) {
        let (index, x, label, anchor) = match side {
            Side::Left => (0, LEFT, LEFT - 14, "end"),
            Side::Right => (1, RIGHT, RIGHT + 14, "start"),
        };
        let life = &mut lives[index];
        life.state.get_or_insert(from);
        let at = self.y - 4;
        let before = Life { state: life.state, since: life.since };
        self.bar(x, &before, at);
        *life = Life { state: Some(to), since: at };
        let _ = writeln!(
            self.body,
            "<circle cx=\"{x}\" cy=\"{at}\" r=\"5\" fill=\"{0}\"/><text class=\"state\" x=\"{label}\" y=\"{1}\" \
             text-anchor=\"{anchor}\" style=\"fill:{0}\">{to}</text>",
            colour(to),
            at + 4
        );
    }

    fn bar(&mut self, x: i32, life: &Life, to: i32) {
        if let Some(state) = life.state {
            let _ = writeln!(
                self.body,
                "<line x1=\"{x}\" y1=\"{}\" x2=\"{x}\" y2=\"{to}\" stroke=\"{}\" stroke-width=\"5\"/>",
                life.since,
                colour(state)
            );
        }
    }

    fn packet(&mut self, from: Side, words: &str, note: Option<&str>, lost: bool, implied: bool) {
        let (start, end, lean) = match from {
            Side::Left => (LEFT + 6, RIGHT - 6, 1),
            Side::Right => (RIGHT - 6, LEFT + 6, -1),
        };
        let middle = i32::midpoint(start, end);
        let (y, fall) = (self.y, if lost { SLOPE / 2 } else { SLOPE });
        let reached = if lost { middle } else { end };
        let classes =
            format!("arrow{}{}", if implied { " implied" } else { "" }, if lost { " lost" } else { "" });
        let _ = writeln!(
            self.body,
            "<line class=\"{classes}\" x1=\"{start}\" y1=\"{y}\" x2=\"{reached}\" y2=\"{}\"/>",
            y + fall
        );
        if lost {
            let (x, y) = (middle, y + fall);
            let _ =
                writeln!(self.body, "<path class=\"cross\" d=\"M{} {}l10 10m0 -10l-10 10\"/>", x - 5, y - 5);
        } else {
            let (tip, base) = (end, end - 9 * lean);
            let y = y + SLOPE;
            let _ = writeln!(
                self.body,
                "<path class=\"tip\" d=\"M{tip} {y}L{base} {}L{base} {}Z\"/>",
                y - 4,
                y + 4
            );
        }
        let label_y = y + SLOPE / 2 - 5;
        let note = note.map_or_else(String::new, |note| {
            format!("<tspan class=\"dim\" dx=\"8\">{}</tspan>", escaped(note))
        });
        let _ = writeln!(
            self.body,
            "<text x=\"{middle}\" y=\"{label_y}\" text-anchor=\"middle\" transform=\"rotate({} {middle} {label_y})\">{}{note}</text>",
            f64::from(lean) * 2.1,
            escaped(words)
        );
    }

    fn time(&mut self, at: i64) {
        let y = self.y + 4;
        let _ = writeln!(
            self.body,
            "<text class=\"dim\" x=\"{TIME}\" y=\"{y}\" text-anchor=\"end\">{}</text>",
            after(at)
        );
    }

    /// A long silence, folded.
    fn silence(&mut self, micros: i64) {
        let y = self.y + 2;
        let _ =
            writeln!(self.body, "<line class=\"fold\" x1=\"{LEFT}\" y1=\"{y}\" x2=\"{RIGHT}\" y2=\"{y}\"/>");
        self.y = y - 6;
        self.text(i32::midpoint(LEFT, RIGHT), "dim", "middle", &format!("{} of silence", after(micros)));
        self.y = y + SILENCE - 8;
    }

    /// The colours that were used.
    fn legend(&mut self, ladder: &Ladder) {
        let entered = |state: &State| {
            let steps = ladder.conversations.iter().flat_map(|conversation| &conversation.steps);
            steps.clone().any(|step| matches!(step.what, What::State { to, .. } if to == *state))
        };
        let mut x = 40;
        for state in State::ALL.into_iter().filter(entered) {
            let width = 30 + i32::try_from(state.name().len()).unwrap_or_default() * 8;
            if x + width > WIDTH - 20 {
                (x, self.y) = (40, self.y + 20);
            }
            let y = self.y;
            let _ = writeln!(
                self.body,
                "<rect x=\"{x}\" y=\"{}\" width=\"12\" height=\"12\" rx=\"2\" fill=\"{}\"/><text class=\"dim\" x=\"{}\" y=\"{y}\">{state}</text>",
                y - 10,
                colour(state),
                x + 18
            );
            x += width;
        }
    }

    fn text(&mut self, x: i32, class: &str, anchor: &str, text: &str) {
        let (y, text) = (self.y, escaped(text));
        let _ = writeln!(
            self.body,
            "<text class=\"{class}\" x=\"{x}\" y=\"{y}\" text-anchor=\"{anchor}\">{text}</text>"
        );
    }
}

/// A colour of middle lightness for each state, readable on white and on black.
const fn colour(state: State) -> &'static str {
    match state {
        State::Closed => "#848d97",
        State::Listen | State::Unconnected => "#4c8bdb",
        State::SynSent | State::SynReceived => "#c69026",
        State::Established | State::Connected => "#2da44e",
        State::FinWait1 => "#a371f7",
        State::FinWait2 => "#8250df",
        State::CloseWait => "#e0823d",
        State::Closing => "#bf4b8a",
        State::LastAck => "#e5534b",
        State::TimeWait => "#6e7f95",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
