//! Packets that etherparse builds, whole and cut, and bytes that are none.

use super::decode::decode;
use super::packet::{Packet, Payload};
use etherparse::{IpFragOffset, Ipv4Header, PacketBuilder, ip_number};
use proptest::prelude::*;

const IPV4: u16 = 0x0800;
const IPV6: u16 = 0x86dd;
const ARP: u16 = 0x0806;

fn whole(ether_type: u16, bytes: &[u8]) -> Packet {
    decode(ether_type, bytes, u32::try_from(bytes.len()).unwrap()).unwrap()
}

/// A segment of IPv4 or IPv6 with these numbers and this payload.
fn segment(v6: bool, (seq, ack): (u32, u32), window: u16, data: &[u8]) -> Vec<u8> {
    let builder = if v6 {
        PacketBuilder::ipv6([1; 16], [2; 16], 7)
    } else {
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 7)
    };
    let builder = builder.tcp(4000, 80, seq, window).ack(ack).psh().options_raw(&[2, 4, 5, 180]).unwrap();
    let mut bytes = Vec::new();
    builder.write(&mut bytes, data).unwrap();
    bytes
}

proptest! {
    #[test]
    fn a_segment_is_read_as_it_was_built(
        v6: bool, seq: u32, ack: u32, window: u16, data in prop::collection::vec(any::<u8>(), 0..2000), cut in 0..200_usize
    ) {
        let bytes = segment(v6, (seq, ack), window, &data);
        let ether_type = if v6 { IPV6 } else { IPV4 };
        let packet = whole(ether_type, &bytes);
        let Payload::Tcp(tcp) = packet.payload else { panic!("{packet:?}") };
        prop_assert_eq!((tcp.seq, tcp.ack, tcp.window, tcp.len as usize), (seq, ack, window, data.len()));
        prop_assert_eq!((tcp.source, tcp.destination, packet.ttl, tcp.options.mss), (4000, 80, 7, Some(1460)));
        prop_assert_eq!(tcp.flags.names().collect::<Vec<_>>(), ["PSH", "ACK"]);
        prop_assert_eq!(&bytes[packet.data_at..], &data[..]);
        // Of a packet that is cut the lengths are still those of the whole.
        let kept = cut.max(64).min(bytes.len());
        let packet = decode(ether_type, &bytes[..kept], u32::try_from(bytes.len()).unwrap()).unwrap();
        let Payload::Tcp(short) = packet.payload else { panic!("{packet:?}") };
        prop_assert_eq!(short, tcp);
    }

    #[test]
    fn a_datagram_is_read_as_it_was_built(data in prop::collection::vec(any::<u8>(), 0..2000)) {
        let mut bytes = Vec::new();
        PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 7).udp(1, 2).write(&mut bytes, &data).unwrap();
        let packet = whole(IPV4, &bytes);
        let len = u32::try_from(data.len()).unwrap();
        prop_assert_eq!(packet.payload, Payload::Udp { source: 1, destination: 2, len });
        prop_assert_eq!(&bytes[packet.data_at..], &data[..]);
    }

    #[test]
    fn any_bytes_and_any_cut_are_read(
        ether_type in prop::sample::select(vec![IPV4, IPV6, ARP, 0]),
        mut bytes in prop::collection::vec(any::<u8>(), 0..200),
        length: u32,
        version: bool,
        protocol in prop::sample::select(vec![1_u8, 6, 17, 58, 44, 0])
    ) {
        // Mostly something that looks like a header.
        if version && bytes.len() > 9 {
            (bytes[0], bytes[6], bytes[9]) = (if ether_type == IPV6 { 0x60 } else { 0x45 }, protocol, protocol);
        }
        for end in 0..=bytes.len() {
            let _ = decode(ether_type, &bytes[..end], length);
        }
    }
}

#[test]
fn an_error_names_the_packet_that_it_is_about() {
    let mut quoted = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 7).udp(5, 6).write(&mut quoted, b"x").unwrap();
    let mut bytes = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 2], [10, 0, 0, 1], 7)
        .icmpv4_raw(3, 3, [0; 4])
        .write(&mut bytes, &quoted)
        .unwrap();
    let ends = ("10.0.0.1:5".parse().unwrap(), "10.0.0.2:6".parse().unwrap());
    assert_eq!(whole(IPV4, &bytes).payload, Payload::Icmp("port unreachable".to_owned(), Some(ends)));
}

#[test]
fn fragments_say_which_part_they_are() {
    let mut datagram = Vec::new();
    PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 7).udp(5, 6).write(&mut datagram, &[7; 3000]).unwrap();
    let part = |from: usize, to: usize, more: bool| {
        let payload = &datagram[20 + from..20 + to];
        let length = u16::try_from(payload.len()).unwrap();
        let mut header = Ipv4Header::new(length, 7, ip_number::UDP, [10, 0, 0, 1], [10, 0, 0, 2]).unwrap();
        header.identification = 99;
        header.more_fragments = more;
        header.fragment_offset = IpFragOffset::try_new(u16::try_from(from / 8).unwrap()).unwrap();
        [&header.to_bytes()[..], payload].concat()
    };
    let first = whole(IPV4, &part(0, 1480, true));
    assert_eq!(first.payload, Payload::Udp { source: 5, destination: 6, len: 3000 });
    let said = first.fragment.unwrap();
    assert_eq!((said.id, said.offset, said.len, said.more), (99, 0, 1480, true));
    let last = whole(IPV4, &part(1480, 3008, false));
    let said = last.fragment.unwrap();
    assert_eq!((last.payload, said.id, said.offset, said.more), (Payload::Fragment, 99, 1480, false));
}

#[test]
fn extension_headers_are_passed() {
    let mut bytes = Vec::new();
    PacketBuilder::ipv6([1; 16], [2; 16], 7).udp(5, 6).write(&mut bytes, b"abc").unwrap();
    // A hop-by-hop header of 8 bytes, padded by one option (RFC 8200 4.3).
    bytes.splice(40..40, [17, 0, 1, 4, 0, 0, 0, 0]);
    (bytes[6], bytes[5]) = (0, bytes[5] + 8);
    let packet = whole(IPV6, &bytes);
    assert_eq!(packet.payload, Payload::Udp { source: 5, destination: 6, len: 3 });
    assert_eq!(&bytes[packet.data_at..], b"abc");
}

#[test]
fn extensions_that_are_named_but_missing_are_not_read() {
    // Each names the next one; the last is not there, or cut.
    for named in [0, 43, 44, 51, 60] {
        let mut bytes = Vec::new();
        PacketBuilder::ipv6([1; 16], [2; 16], 7).udp(5, 6).write(&mut bytes, b"").unwrap();
        bytes.truncate(40);
        bytes[6] = 60;
        bytes.extend([named, 0, 1, 4, 0, 0, 0, 0]);
        bytes.extend([17, 0xff, 0, 1, 0, 0, 0]);
        for end in 40..=bytes.len() {
            bytes[5] = u8::try_from(end - 40).unwrap();
            let packet = decode(IPV6, &bytes[..end], u32::try_from(end).unwrap());
            assert_eq!(packet.and_then(|packet| packet.fragment), None, "{named} at {end}");
        }
    }
}

/// Packets of a kernel (Linux 6.18, on loopback), as `--packets=hex` shows them.
#[test]
fn packets_of_a_kernel_are_read() {
    let syn_v4 = "4500003c9f6d400040069d4c7f0000017f000001ebe40009a559695800000000a002ffd7fe3000000204ffd70402080a1538d204000000000103030a";
    let syn_v6 = "600628bd002806400000000000000000000000000000000100000000000000000000000000000001df0c0009879be09600000000a002ffc4003000000204ffc40402080a6d1c934b000000000103030a";
    for (ether_type, hex, (mss, time)) in
        [(IPV4, syn_v4, (65495, 356_045_316)), (IPV6, syn_v6, (65476, 1_830_589_259))]
    {
        let Payload::Tcp(syn) = whole(ether_type, &bytes(hex)).payload else { panic!("{hex}") };
        assert_eq!(syn.flags.names().collect::<Vec<_>>(), ["SYN"]);
        let options =
            (syn.options.mss, syn.options.window_scale, syn.options.sack_permitted, syn.options.timestamps);
        assert_eq!(options, (Some(mss), Some(10), true, Some((time, 0))));
        assert_eq!((syn.destination, syn.len), (9, 0));
    }
    let error_v4 = "45c00038d4ef00004001a7137f0000017f00000103036e01000000004500001c42df40004011f9ef7f0000017f00000190ce00090008fe1b";
    let error_v6 = "600ee4bd00383a4000000000000000000000000000000001000000000000000000000000000000010104ee9200000000600af880000811400000000000000000000000000000000100000000000000000000000000000001a5f300090008001b";
    for (ether_type, hex, from, to) in
        [(IPV4, error_v4, "127.0.0.1:37070", "127.0.0.1:9"), (IPV6, error_v6, "[::1]:42483", "[::1]:9")]
    {
        let ends = Some((from.parse().unwrap(), to.parse().unwrap()));
        assert_eq!(
            whole(ether_type, &bytes(hex)).payload,
            Payload::Icmp("port unreachable".to_owned(), ends)
        );
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.as_bytes()
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
