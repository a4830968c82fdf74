//! What is decoded of one test vector, which may be any bytes: the first says which table the rest comes from. Shared
//! by the test over the corpus and by the fuzzer.

use soquete::event::Proto;
use soquete::sys::diag::{Query, Row, States, file_rows, rows};
use std::ops::ControlFlow;

/// Decodes; the rows as text and how it ended.
pub fn decode(vector: &[u8]) -> String {
    let Some((kind, bytes)) = vector.split_first() else { return String::new() };
    let mut text = String::new();
    let mut visit = |row: &Row<'_>| {
        text.push_str(&show(row));
        text.push('\n');
        ControlFlow::Continue(())
    };
    let proto = match kind % 3 {
        0 => Proto::Tcp,
        1 => Proto::Udp,
        _ => Proto::Unix,
    };
    let end = if kind % 6 < 3 {
        format!("{:?}", rows(proto, bytes, &mut visit))
    } else {
        let query = Query { states: States::EVERY, ..Query::all(proto) };
        format!("{:?}", file_rows(&query, bytes, &mut visit))
    };
    text + &end + "\n"
}

/// A row in full; of `TCP_INFO`, whose length differs from kernel to kernel, what it means.
fn show(row: &Row<'_>) -> String {
    match row {
        Row::Unix(row) => format!("{row:?}"),
        Row::Inet(row) => {
            let mut row = *row;
            let info = row.extended.tcp_info().map(|info| info.fields());
            let length = row.extended.info.take().map(<[u8]>::len);
            let congestion = row.extended.congestion.take().map(String::from_utf8_lossy);
            match length {
                None => format!("{row:?}"),
                Some(length) => format!("{row:?} {congestion:?} TCP_INFO of {length} bytes: {info:?}"),
            }
        }
    }
}
