//! Reads a hex dump back into bytes.

use std::collections::BTreeMap;

/// What a dump holds.
#[derive(Default)]
pub struct Dumped {
    /// The bytes of each connection and direction, `>` or `<`.
    pub streams: BTreeMap<(u64, char), Vec<u8>>,
    /// How many pieces they passed in.
    pub pieces: usize,
}

/// Reads a dump; every header, offset, length and text column must be right.
pub fn dumped(dump: &str) -> Dumped {
    let mut all = Dumped::default();
    let mut lines = dump.lines();
    while let Some(header) = lines.next() {
        let words: Vec<&str> = header.split(' ').collect();
        let [way, conn, date, time, .., count, noun] = words[..] else { panic!("no header: {header}") };
        let way = way.chars().next().expect("a sign");
        assert!(way == '>' || way == '<', "{header}");
        assert_eq!((date.len(), time.len()), (10, 15), "{header}");
        let conn: u64 = conn.strip_prefix('#').and_then(|n| n.parse().ok()).expect("a number");
        let count: usize = count.parse().expect("a number of bytes");
        assert_eq!(noun, if count == 1 { "byte" } else { "bytes" });
        let stream = all.streams.entry((conn, way)).or_default();
        let end = stream.len() + count;
        while stream.len() < end {
            let line = lines.next().unwrap_or_else(|| panic!("a line is missing after {header}"));
            assert_eq!(usize::from_str_radix(&line[..8], 16), Ok(stream.len()), "{line}");
            let bytes: Vec<u8> =
                line[9..58].split_whitespace().map(|hex| u8::from_str_radix(hex, 16).expect("hex")).collect();
            let shown: String =
                bytes.iter().map(|b| if (32..127).contains(b) { char::from(*b) } else { '.' }).collect();
            assert_eq!(&line[60..], format!("|{shown}|"));
            stream.extend(bytes);
        }
        assert_eq!(stream.len(), end, "{header}");
        all.pieces += 1;
    }
    all
}
