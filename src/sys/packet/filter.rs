//! The filter of a packet socket: classic BPF (Linux `filter.txt`), which runs in the kernel on each packet.
//!
//! Loads are relative to the network header (`SKF_NET_OFF`), so that the filter does not depend on the link. It accepts TCP and
//! UDP of the ports of interest, fragments, every ICMP message, ARP, and IPv6 with extension headers, which the caller looks at
//! again.

use std::collections::BTreeSet;

/// The most ports a filter compares; with more it accepts every port, and the caller looks.
const MOST: usize = 48;

/// `struct sock_filter`.
pub(super) type Instruction = libc::sock_filter;

/// The ports of interest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ports {
    set: BTreeSet<u16>,
    every: bool,
}

impl Ports {
    /// Packets of every port.
    #[must_use]
    pub const fn every() -> Self {
        Self { set: BTreeSet::new(), every: true }
    }

    /// Adds a port; returns whether the filter changes by it.
    pub fn add(&mut self, port: u16) -> bool {
        let changes = !self.every && self.set.insert(port);
        self.every |= self.set.len() > MOST;
        changes
    }
}

const LOAD_BYTE: u32 = libc::BPF_LD | libc::BPF_B | libc::BPF_ABS;
const LOAD_HALF: u32 = libc::BPF_LD | libc::BPF_H | libc::BPF_ABS;
const LOAD_WORD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const LOAD_HALF_AT_X: u32 = libc::BPF_LD | libc::BPF_H | libc::BPF_IND;
const HEADER_LENGTH_TO_X: u32 = libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH;
const ZERO_TO_X: u32 = libc::BPF_LDX | libc::BPF_W | libc::BPF_IMM;
const JUMP_IF_EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const JUMP_IF_BIT: u32 = libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET | libc::BPF_K;

const TCP: u32 = libc::IPPROTO_TCP as u32;
const UDP: u32 = libc::IPPROTO_UDP as u32;
const ICMP: u32 = libc::IPPROTO_ICMP as u32;
const ICMP_V6: u32 = libc::IPPROTO_ICMPV6 as u32;
/// The interface number of loopback in every namespace.
const LOOPBACK: u32 = 1;
const OUTGOING: u32 = libc::PACKET_OUTGOING as u32;

/// Where a jump goes.
#[derive(Clone, Copy, PartialEq)]
enum Label {
    Next,
    Accept,
    Drop,
    Ports,
    FragmentV4,
    NotV4,
    NotLoopback,
    CheckArp,
}

/// A program that gives `snap` bytes of each packet that it accepts.
pub(super) fn program(ports: &Ports, snap: u32) -> Vec<Instruction> {
    let net = libc::SKF_NET_OFF;
    let ancillary = |which: i32| libc::SKF_AD_OFF + which;
    let mut program = Program::default();
    // Loopback shows each packet twice: the copy on its way out is dropped.
    program.load(LOAD_WORD, ancillary(libc::SKF_AD_PKTTYPE));
    program.jump(JUMP_IF_EQUAL, OUTGOING, Label::Next, Label::NotLoopback);
    program.load(LOAD_WORD, ancillary(libc::SKF_AD_IFINDEX));
    program.jump(JUMP_IF_EQUAL, LOOPBACK, Label::Drop, Label::NotLoopback);
    program.label(Label::NotLoopback);
    program.load(LOAD_WORD, ancillary(libc::SKF_AD_PROTOCOL));
    program.jump(JUMP_IF_EQUAL, libc::ETH_P_IP as u32, Label::Next, Label::NotV4);
    program.load(LOAD_BYTE, net + 9);
    program.jump(JUMP_IF_EQUAL, ICMP, Label::Accept, Label::Next);
    program.jump(JUMP_IF_EQUAL, TCP, Label::FragmentV4, Label::Next);
    program.jump(JUMP_IF_EQUAL, UDP, Label::FragmentV4, Label::Drop);
    program.label(Label::FragmentV4);
    // A later fragment has no ports; of the others the ports decide.
    program.load(LOAD_HALF, net + 6);
    program.jump(JUMP_IF_BIT, 0x1fff, Label::Accept, Label::Next);
    program.load(HEADER_LENGTH_TO_X, net);
    program.jump(JUMP_IF_BIT, 0, Label::Ports, Label::Ports); // always
    program.label(Label::NotV4);
    program.jump(JUMP_IF_EQUAL, libc::ETH_P_IPV6 as u32, Label::Next, Label::CheckArp);
    program.load(LOAD_BYTE, net + 6);
    program.jump(JUMP_IF_EQUAL, ICMP_V6, Label::Accept, Label::Next);
    for extension in [0, 43, 44, 60, 51] {
        program.jump(JUMP_IF_EQUAL, extension, Label::Accept, Label::Next);
    }
    program.load(ZERO_TO_X, 40);
    program.jump(JUMP_IF_EQUAL, TCP, Label::Ports, Label::Next);
    program.jump(JUMP_IF_EQUAL, UDP, Label::Ports, Label::Drop);
    program.label(Label::CheckArp);
    program.jump(JUMP_IF_EQUAL, libc::ETH_P_ARP as u32, Label::Accept, Label::Drop);
    program.label(Label::Ports);
    if !ports.every {
        for offset in [0, 2] {
            program.load(LOAD_HALF_AT_X, net + offset);
            for port in &ports.set {
                program.jump(JUMP_IF_EQUAL, u32::from(*port), Label::Accept, Label::Next);
            }
        }
        program.give(0);
    }
    program.label(Label::Accept);
    program.give(snap);
    program.label(Label::Drop);
    program.give(0);
    program.assemble()
}

/// Instructions whose jumps name labels.
#[derive(Default)]
struct Program {
    code: Vec<(u32, u32, Label, Label)>,
    labels: Vec<(Label, usize)>,
}

impl Program {
    #[allow(clippy::cast_sign_loss)] // the kernel reads the same bits as a signed offset
    fn load(&mut self, code: u32, from: i32) {
        self.code.push((code, from as u32, Label::Next, Label::Next));
    }

    fn jump(&mut self, code: u32, value: u32, then: Label, otherwise: Label) {
        self.code.push((code, value, then, otherwise));
    }

    fn give(&mut self, bytes: u32) {
        self.code.push((RETURN, bytes, Label::Next, Label::Next));
    }

    fn label(&mut self, label: Label) {
        self.labels.push((label, self.code.len()));
    }

    fn assemble(self) -> Vec<Instruction> {
        let place = |label: Label, from: usize| match label {
            Label::Next => 0,
            label => {
                let to =
                    self.labels.iter().find(|(known, _)| *known == label).map_or(from + 1, |(_, at)| *at);
                // Programs are shorter than 255 instructions: MOST ports twice, and about forty.
                u8::try_from(to - from - 1).unwrap_or(u8::MAX)
            }
        };
        let one = |(at, (code, k, then, otherwise)): (usize, &(u32, u32, Label, Label))| Instruction {
            code: u16::try_from(*code).unwrap_or_default(),
            jt: place(*then, at),
            jf: place(*otherwise, at),
            k: *k,
        };
        self.code.iter().enumerate().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jumps_stay_within_the_program_and_go_forward() {
        let mut ports = Ports::default();
        for port in 1..=u16::try_from(MOST).unwrap() {
            assert!(ports.add(port));
        }
        let program = program(&ports, 160);
        for (at, instruction) in program.iter().enumerate() {
            let longest = usize::from(instruction.jt.max(instruction.jf));
            assert!(at + 1 + longest < program.len() || instruction.code == u16::try_from(RETURN).unwrap());
            assert!(longest < 255);
        }
    }

    #[test]
    fn too_many_ports_are_every_port() {
        let mut ports = Ports::default();
        for port in 0..100 {
            ports.add(port);
        }
        assert!(ports.every && !ports.add(7000));
    }
}
