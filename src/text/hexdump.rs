//! Bytes in hexadecimal, 16 a line, as `hexdump -C` prints them (hexdump(1)). The text beside them is ASCII: every other
//! byte is a dot.

use std::io::Write;

/// Bytes of one line.
const COLUMNS: usize = 16;
/// Where the text of a line begins, counted from the end of the offset.
const TEXT: usize = 2 + 3 * COLUMNS + 3;

/// Appends `bytes` as lines to `out`; the first byte is number `offset` of its stream.
///
/// `00000010  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a           |Hello, world.|`; an offset has 8 digits or more.
pub fn append(mut offset: u64, bytes: &[u8], out: &mut Vec<u8>) {
    for bytes in bytes.chunks(COLUMNS) {
        // Memory takes everything.
        let _ = write!(out, "{offset:08x}");
        let mut line = [b' '; TEXT + COLUMNS + 2];
        line[TEXT - 1] = b'|';
        for (at, &byte) in bytes.iter().enumerate() {
            let hex = 2 + 3 * at + at / 8;
            (line[hex], line[hex + 1]) = (digit(byte >> 4), digit(byte & 15));
            line[TEXT + at] = if matches!(byte, b' '..=b'~') { byte } else { b'.' };
        }
        let end = TEXT + bytes.len();
        (line[end], line[end + 1]) = (b'|', b'\n');
        out.extend_from_slice(&line[..end + 2]);
        offset += bytes.len() as u64;
    }
}

fn digit(value: u8) -> u8 {
    b"0123456789abcdef"[usize::from(value)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dump(offset: u64, bytes: &[u8]) -> String {
        let mut out = Vec::new();
        append(offset, bytes, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_are_those_of_hexdump() {
        assert_eq!(
            dump(0, b"Hello, world\r\n\x1b[31m\x80~"),
            "00000000  48 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0d 0a 1b 5b  |Hello, world...[|\n\
             00000010  33 31 6d 80 7e                                    |31m.~|\n"
        );
        assert_eq!(dump(7, b""), "");
    }

    #[test]
    fn offsets_go_on_and_grow() {
        assert!(dump(24, b"x").starts_with("00000018  78 "));
        assert!(dump(u64::from(u32::MAX) + 1, b"x").starts_with("100000000  78 "));
    }
}
