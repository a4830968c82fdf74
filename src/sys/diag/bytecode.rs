//! A [`Filter`] as the program `inet_diag` runs over every socket (`linux/inet_diag.h`, "Bytecode"). Pure.
//! Used by `request`.
//!
//! Every operation jumps forward, by `yes` or by `no`; a socket passes when the jumps end exactly at the end. Each
//! piece compiled here ends there when it holds and four bytes further on when it does not, which is past the `JMP`
//! that stands between alternatives. The kernel checks that all `no` jumps land on the chain of `yes` jumps.

use super::filter::{End, Filter, Prefix};
use std::io;
use std::net::IpAddr;

const JMP: u8 = 1;
/// The operations upon one end: `INET_DIAG_BC_S_GE`, `_S_LE`, `_S_COND`, or those with `_D_`.
struct Side {
    at_least: u8,
    at_most: u8,
    condition: u8,
}
const LOCAL: Side = Side { at_least: 2, at_most: 3, condition: 7 };
const PEER: Side = Side { at_least: 4, at_most: 5, condition: 8 };
/// Length of `struct inet_diag_bc_op`, and how far past its end a piece jumps when it does not hold.
const OP: u16 = 4;
/// Length of `struct inet_diag_hostcond` without its address.
const CONDITION: u16 = 8;
/// A condition on the address alone.
const ANY_PORT: i32 = -1;

/// The longest program that fits an attribute: its length has 16 bits and includes a header of four bytes.
const LONGEST: usize = 0xffff - 7;

/// Compiles; an empty program lets every socket pass.
///
/// # Errors
/// `InvalidInput` when it is longer than the kernel takes (some 2,000 conditions).
pub(super) fn compile(filter: &Filter) -> io::Result<Vec<u8>> {
    piece(filter).and_then(|program| if program.len() > LONGEST { Err(too_long()) } else { Ok(program) })
}

fn piece(filter: &Filter) -> io::Result<Vec<u8>> {
    match filter {
        Filter::Local(end) => Ok(one_end(&LOCAL, *end)),
        Filter::Peer(end) => Ok(one_end(&PEER, *end)),
        Filter::LocalName(_) | Filter::PeerName(_) => Ok(never()),
        Filter::All(all) => all.iter().try_fold(Vec::new(), |program, each| both(program, piece(each)?)),
        Filter::Any(any) => any.iter().rev().try_fold(never(), |rest, each| {
            let mut program = piece(each)?;
            program.extend(op(JMP, OP, OP.checked_add(size(&rest)?).ok_or_else(too_long)?));
            program.extend(rest);
            Ok(program)
        }),
    }
}

/// A program that no socket passes.
fn never() -> Vec<u8> {
    op(JMP, OP, 2 * OP).to_vec()
}

/// Holds when both hold.
fn both(mut one: Vec<u8>, other: Vec<u8>) -> io::Result<Vec<u8>> {
    lengthen(&mut one, size(&other)?)?;
    one.extend(other);
    Ok(one)
}

fn one_end(side: &Side, end: End) -> Vec<u8> {
    match end.ports {
        None => condition(side, end.prefix, ANY_PORT),
        Some((low, high)) if low == high => condition(side, end.prefix, low.into()),
        Some((low, high)) => {
            // Each bound is an operation whose argument is a second one, with the port in the place of `no`.
            let rest = end.prefix.map_or_else(Vec::new, |prefix| condition(side, Some(prefix), ANY_PORT));
            let after = size_of(&rest);
            let mut bytes = op(side.at_least, 2 * OP, 4 * OP + after + OP).to_vec();
            bytes.extend(op(0, 0, low));
            bytes.extend(op(side.at_most, 2 * OP, 2 * OP + after + OP));
            bytes.extend(op(0, 0, high));
            bytes.extend(rest);
            bytes
        }
    }
}

fn condition(side: &Side, prefix: Option<Prefix>, port: i32) -> Vec<u8> {
    let (family, length, address) = match prefix.map(|p| (p.address(), p.length())) {
        None => (libc::AF_UNSPEC, 0, Vec::new()),
        Some((IpAddr::V4(ip), length)) => (libc::AF_INET, length, ip.octets().to_vec()),
        Some((IpAddr::V6(ip), length)) => (libc::AF_INET6, length, ip.octets().to_vec()),
    };
    let whole = OP + CONDITION + size_of(&address);
    let mut bytes = op(side.condition, whole, whole + OP).to_vec();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // 0, 2 or 10
    bytes.extend([family as u8, length, 0, 0]);
    bytes.extend(port.to_ne_bytes());
    bytes.extend(address);
    bytes
}

/// The size of one condition or address, 28 bytes at most.
#[allow(clippy::cast_possible_truncation)]
const fn size_of(bytes: &[u8]) -> u16 {
    bytes.len() as u16
}

#[allow(clippy::cast_possible_truncation)] // the longest operation has 28 bytes
fn op(code: u8, yes: u16, no: u16) -> [u8; 4] {
    let [low, high] = no.to_ne_bytes();
    [code, yes as u8, low, high]
}

/// Lengthens the jumps that leave `program`, to which `by` bytes are going to be appended.
fn lengthen(program: &mut [u8], by: u16) -> io::Result<()> {
    let outside = program.len() + usize::from(OP);
    let mut at = 0;
    while let Some(op) = program.get_mut(at..at + usize::from(OP)) {
        let no = u16::from_ne_bytes([op[2], op[3]]);
        if at + usize::from(no) == outside {
            op[2..].copy_from_slice(&no.checked_add(by).ok_or_else(too_long)?.to_ne_bytes());
        }
        at += usize::from(op[1]);
    }
    Ok(())
}

fn size(program: &[u8]) -> io::Result<u16> {
    u16::try_from(program.len()).map_err(|_| too_long())
}

fn too_long() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "the filter is too long for the kernel")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::SocketAddr;

    /// `inet_diag_bc_run` and the checks of `inet_diag_bc_audit`, as they read in the kernel.
    fn run(program: &[u8], local: SocketAddr, peer: SocketAddr) -> bool {
        let chain = chain(program);
        let (mut at, end) = (0, program.len());
        while at < end {
            let (code, yes) = (program[at], usize::from(program[at + 1]));
            let no = usize::from(u16::from_ne_bytes([program[at + 2], program[at + 3]]));
            assert!(no >= 4 && no % 4 == 0 && yes >= 4 && yes % 4 == 0, "jumps are whole operations");
            assert!(at + no <= end + 4, "a jump leaves the program");
            assert!(at + no >= end || chain.contains(&(at + no)), "a jump lands inside an operation");
            let holds = match code {
                JMP => false,
                7 => holds(&program[at + 4..at + yes], local),
                8 => holds(&program[at + 4..at + yes], peer),
                2..=5 => {
                    let port = if code < 4 { local.port() } else { peer.port() };
                    let bound = u16::from_ne_bytes([program[at + 6], program[at + 7]]);
                    if code % 2 == 0 { port >= bound } else { port <= bound }
                }
                other => panic!("operation {other}"),
            };
            at += if holds { yes } else { no };
        }
        at == end
    }

    fn chain(program: &[u8]) -> Vec<usize> {
        let mut places = vec![0];
        while let Some(yes) = program.get(places[places.len() - 1] + 1) {
            places.push(places[places.len() - 1] + usize::from(*yes));
        }
        assert_eq!(places[places.len() - 1], program.len(), "the chain of yes ends at the end");
        places
    }

    fn holds(condition: &[u8], end: SocketAddr) -> bool {
        let port = i32::from_ne_bytes(condition[4..8].try_into().unwrap());
        let (family, length, wanted) = (i32::from(condition[0]), condition[1], &condition[8..]);
        let bits =
            |a: &[u8]| (0..usize::from(length)).all(|i| (a[i / 8] ^ wanted[i / 8]) & (128 >> (i % 8)) == 0);
        (port == ANY_PORT || port == i32::from(end.port()))
            && match (family, end.ip()) {
                (libc::AF_UNSPEC, _) => true,
                (libc::AF_INET, IpAddr::V4(ip)) => bits(&ip.octets()),
                (libc::AF_INET, IpAddr::V6(ip)) => {
                    ip.octets()[..12] == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
                        && bits(&ip.octets()[12..])
                }
                (libc::AF_INET6, IpAddr::V6(ip)) => bits(&ip.octets()),
                _ => false,
            }
    }

    /// Few bits that differ, so that ranges often hold the addresses drawn.
    fn ip() -> impl Strategy<Value = IpAddr> {
        (0_u8..3, 0_u8..4, 0_u8..4).prop_map(|(form, a, b)| match form {
            0 => IpAddr::from([10, a, 0, b]),
            1 => std::net::Ipv4Addr::new(10, a, 0, b).to_ipv6_mapped().into(),
            _ => IpAddr::from([0xfd00, a.into(), 0, 0, 0, 0, 0, b.into()]),
        })
    }

    fn end() -> impl Strategy<Value = End> {
        let prefix = (ip(), 0_u8..=128).prop_filter_map("too long", |(ip, length)| Prefix::new(ip, length));
        (proptest::option::of(prefix), proptest::option::of((1_u16..5, 1_u16..5)))
            .prop_map(|(prefix, ports)| End { prefix, ports })
    }

    fn filter() -> impl Strategy<Value = Filter> {
        let leaf = prop_oneof![end().prop_map(Filter::Local), end().prop_map(Filter::Peer)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Filter::All),
                proptest::collection::vec(inner, 0..4).prop_map(Filter::Any),
            ]
        })
    }

    fn address() -> impl Strategy<Value = SocketAddr> {
        (ip(), 1_u16..5).prop_map(SocketAddr::from)
    }

    proptest! {
        #[test]
        fn the_program_says_what_the_filter_says(filter in filter(), local in address(), peer in address()) {
            prop_assert_eq!(run(&compile(&filter).unwrap(), local, peer), filter.matches(local, peer));
        }
    }

    #[test]
    fn a_filter_out_of_reach_is_an_error() {
        let many = vec![Filter::Local(End::port(1)); 6_000];
        assert!(compile(&Filter::Any(many.clone())).is_err());
        assert!(compile(&Filter::All(many)).is_err());
    }
}
