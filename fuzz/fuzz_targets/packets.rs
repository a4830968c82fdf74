//! Any bytes as packets of one connection: two bytes of protocol, one of length, and so many bytes, again and again.
#![no_main]

use soquete::capture::{Flow, Payload, decode};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let (mut rest, mut flow) = (data, Flow::default());
    while let [high, low, length, bytes @ ..] = rest {
        let (packet, next) = bytes.split_at(usize::from(*length).min(bytes.len()));
        let ether_type = u16::from_be_bytes([*high, *low]);
        for whole in [u32::from(*length), u32::MAX] {
            let decoded = decode(ether_type, packet, whole);
            if let Some(Payload::Tcp(segment)) = decoded.map(|packet| packet.payload) {
                flow.follow(usize::from(segment.source > segment.destination), &segment);
            }
        }
        rest = next;
    }
});
