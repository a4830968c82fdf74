//! Bytes and text: framed, decoded, made visible, tagged. No sockets, nothing of ours; pure but for `clock`. Every layer
//! that handles lines or a peer's bytes uses it.
//!
//! - `line`: bytes into lines. `utf8`: bytes into characters. Both take a stream in chunks of any size.
//! - `sanitize`: text a terminal may show, by the table in `hidden`. `shorten`: the same, of limited width.
//! - `upper`, `crlf`: filters of a stream. `tag`: the address before each line. `hexdump`: bytes in hexadecimal.
//! - `clock`: local time as text. `number`: numbers in sentences. `language`: sentences in the languages there are.
//! - `wrap`: sentences in lines of limited width.

pub mod clock;
pub mod crlf;
pub mod hexdump;
pub mod hidden;
pub mod language;
pub mod line;
pub mod number;
pub mod sanitize;
pub mod shorten;
pub mod tag;
pub mod upper;
mod utf8;
pub mod wrap;

pub use sanitize::Visible;
