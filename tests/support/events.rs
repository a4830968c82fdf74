//! The event stream as a script sees it: lines parsed, validated against the published schema, checked as a stream.

use jsonschema::Validator;
use serde_json::Value;
use std::fmt;
use std::net::SocketAddr;
use std::ops::Index;
use std::path::Path;
use std::sync::OnceLock;

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Event(pub Value);

impl Event {
    /// Reads and validates one line; panics on anything a reader of the documentation would not expect.
    pub fn read(line: &str) -> Self {
        let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("not JSON: {e}: {line:?}"));
        check_head(line, &value);
        let errors: Vec<String> =
            schema().iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{line}\nis not what the schema says: {errors:#?}");
        Self(value)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.text("event")
    }

    /// Whether it is of this name.
    pub fn is(&self, name: &str) -> bool {
        self.name() == name
    }

    /// A field that is text; empty if it is absent.
    pub fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_default()
    }

    /// A field that is a number.
    pub fn number(&self, field: &str) -> u64 {
        self.0[field].as_u64().unwrap_or_else(|| panic!("{field} is no number in {self}"))
    }

    /// A field that is an address, if it is there.
    pub fn address(&self, field: &str) -> Option<SocketAddr> {
        self.0[field]
            .as_str()
            .map(|a| a.parse().unwrap_or_else(|_| panic!("{field} is no address in {self}")))
    }

    /// Whether it is a `state` event into `to`.
    pub fn enters(&self, to: &str) -> bool {
        self.is("state") && self.text("to") == to
    }
}

impl Index<&str> for Event {
    type Output = Value;

    fn index(&self, field: &str) -> &Value {
        &self.0[field]
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Every whole line of a stream.
pub fn read_all(stream: &[u8]) -> Vec<Event> {
    whole_lines(stream).lines().map(Event::read).collect()
}

fn whole_lines(stream: &[u8]) -> &str {
    let end = stream.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    std::str::from_utf8(&stream[..end]).expect("events are UTF-8")
}

/// Checks what holds for the stream of a whole run that nobody was too slow to read: numbered without a gap, in the order of
/// its times, ended by one `exit` event whose code is the program's.
pub fn check_stream(events: &[Event], code: i32) {
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.number("seq"), index as u64 + 1, "a gap before {event}");
    }
    for pair in events.windows(2) {
        // Times of one length, so that their text has their order.
        assert!(pair[0].text("ts") <= pair[1].text("ts"), "the time goes back:\n{}\n{}", pair[0], pair[1]);
    }
    let exits = events.iter().filter(|e| e.is("exit")).count();
    assert_eq!(exits, 1, "one exit event in {events:#?}");
    let last = events.last().expect("an exit event was found");
    assert!(last.is("exit"), "the last event is {last}");
    assert_eq!(last["code"], code, "the exit event and the exit status differ");
}

/// `v`, `seq`, `ts` and `event` come first in every line; `ts` is RFC 3339, UTC, microseconds.
fn check_head(line: &str, value: &Value) {
    let text = |field: &str| value[field].as_str().unwrap_or_else(|| panic!("no {field} in {line}"));
    let head = format!(
        "{{\"v\":1,\"seq\":{},\"ts\":\"{}\",\"event\":\"{}\"",
        value["seq"],
        text("ts"),
        text("event")
    );
    assert!(line.starts_with(&head), "v, seq, ts and event do not come first in {line}");
    let shape: String = text("ts").chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "the time stamp of {line}");
}

/// The published schema of one event line.
fn schema() -> &'static Validator {
    static SCHEMA: OnceLock<Validator> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("man/soquete-events.schema.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let schema: Value = serde_json::from_str(&text).expect("the schema is JSON");
        jsonschema::validator_for(&schema).expect("the schema is a JSON Schema")
    })
}
