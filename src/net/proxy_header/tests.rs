//! Headers as they are written and read, and malformed ones.

use super::*;
use proptest::prelude::*;
use std::net::IpAddr;

fn addresses(source: &str, destination: &str) -> Addresses {
    Addresses { source: source.parse().unwrap(), destination: destination.parse().unwrap() }
}

fn header(bytes: &[u8]) -> Header {
    match parse(bytes) {
        Parsed::Whole(header, len) if len == bytes.len() => header,
        other => panic!("{other:?}"),
    }
}

#[test]
fn text_names_both_ends() {
    let found = header(b"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n");
    let expected = Some(addresses("192.168.0.1:56324", "192.168.0.11:443"));
    assert_eq!(found, Header { version: Version::V1, addresses: expected });
    let found = header(b"PROXY TCP6 fd00::1 ::1 1 65535\r\n");
    assert_eq!(found.addresses, Some(addresses("[fd00::1]:1", "[::1]:65535")));
}

#[test]
fn what_is_unknown_has_no_addresses() {
    for line in [&b"PROXY UNKNOWN\r\n"[..], b"PROXY UNKNOWN ffff:f...f:ffff fe80::1 65535 65535\r\n"] {
        assert_eq!(header(line).addresses, None);
    }
    let local = [&SIGNATURE[..], &[0x20, 0x00, 0, 3, 1, 2, 3]].concat();
    assert_eq!(header(&local), Header { version: Version::V2, addresses: None });
    let unix = [&SIGNATURE[..], &[0x21, 0x31, 0, 216], &[0; 216]].concat();
    assert_eq!(header(&unix).addresses, None);
}

#[test]
fn optional_fields_are_skipped() {
    let body = [10, 0, 0, 1, 10, 0, 0, 2, 0x1f, 0x90, 1, 187, 0x04, 0, 2, 9, 9];
    let whole = [&SIGNATURE[..], &[0x21, 0x11, 0, 17], &body].concat();
    assert_eq!(header(&whole).addresses, Some(addresses("10.0.0.1:8080", "10.0.0.2:443")));
}

#[test]
fn malformed_headers_are_refused() {
    let lines: [&[u8]; 11] = [
        b"GET / HTTP/1.1\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
        b"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4 ::1 ::1 1 2\r\n",
        b"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
        b"PROXY TCP4 1.2.3.4 1.2.3.4 +1 2\r\n",
        b"PROXY UDP4 1.2.3.4 1.2.3.4 1 2\r\n",
        b"PROXY \xff\r\n",
        b"PROXY!",
    ];
    for line in lines {
        assert!(matches!(parse(line), Parsed::Malformed(_)), "{}", line.escape_ascii());
    }
    assert!(matches!(parse(&[&b"PROXY UNKNOWN "[..], &[b'x'; 100]].concat()), Parsed::Malformed(_)));
    for (fixed, why) in [
        ([0x31, 0x11, 0, 12], "version"),
        ([0x22, 0x11, 0, 12], "command"),
        ([0x21, 0x41, 0, 12], "family"),
        ([0x21, 0x11, 0, 11], "short"),
        ([0x21, 0x21, 0, 35], "short"),
        ([0x21, 0x11, 255, 255], "long"),
    ] {
        let bytes = [&SIGNATURE[..], &fixed].concat();
        assert!(matches!(parse(&bytes), Parsed::Malformed(text) if text.contains(why)), "{fixed:x?}");
    }
}

#[test]
fn ends_of_two_families_become_ipv6() {
    let bytes = encode(Version::V1, Some(addresses("10.0.0.1:1", "[fd00::1]:2")));
    assert_eq!(bytes, b"PROXY TCP6 ::ffff:10.0.0.1 fd00::1 1 2\r\n");
    let bytes = encode(Version::V1, Some(addresses("[::ffff:10.0.0.1]:1", "10.0.0.2:2")));
    assert_eq!(bytes, b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n");
}

proptest! {
    #[test]
    fn what_is_written_is_read(source: (IpAddr, u16), destination: (IpAddr, u16), v2: bool, known: bool, rest: Vec<u8>) {
        let version = if v2 { Version::V2 } else { Version::V1 };
        let ends = known.then_some(Addresses { source: source.into(), destination: destination.into() });
        let bytes = encode(version, ends);
        for end in 0..bytes.len() {
            prop_assert_eq!(parse(&bytes[..end]), Parsed::Partial);
        }
        let Parsed::Whole(header, len) = parse(&[&bytes[..], &rest].concat()) else { panic!("not whole") };
        prop_assert_eq!((header.version, len), (version, bytes.len()));
        let canonical = |end: SocketAddr| (end.ip().to_canonical(), end.port());
        let both = |ends: Addresses| (canonical(ends.source), canonical(ends.destination));
        prop_assert_eq!(header.addresses.map(both), ends.map(both));
    }

    #[test]
    fn no_bytes_are_too_strange(start in 0..3_usize, rest: Vec<u8>) {
        let bytes = [[&b""[..], WORD, &SIGNATURE][start], &rest].concat();
        if let Parsed::Whole(_, len) = parse(&bytes) {
            prop_assert!(len <= bytes.len() && len <= LONGEST);
        }
    }
}
