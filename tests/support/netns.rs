//! Two machines: network namespaces of the test's own, joined by a cable (`network_namespaces(7)`, `veth(4)`).
//!
//! ```ignore
//! #[test]
//! fn a_peer_on_another_machine() {
//!     two_machines(|near, far| {
//!         let door = far.run(|| Door::open_at(far.at(0)));
//!         let client = near.run(|| soquete(&format!("connect {}", door.address())).start());
//!         let mut peer = door.accept();
//!         ...
//!     });
//! }
//! ```
//!
//! A socket made and a program started inside [`Machine::run`] belong to that machine for ever, wherever they are used
//! afterwards. Neither machine reaches anything but the other one, and the machine of the test is not reached by them.

use super::{peer, with_namespaces};
use rustix::thread::{LinkNameSpaceType, UnshareFlags, move_into_link_name_space, unshare_unsafe};
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsFd;
use std::process::Command;
use std::thread::scope;

/// A network namespace with a loopback of its own and one cable, on which it has an address of each family, and `fe80::1`
/// or `fe80::2`.
pub struct Machine {
    network: File,
    /// 10.77.0.1 or 10.77.0.2, of a /24.
    pub v4: Ipv4Addr,
    /// `fd77::1` or `fd77::2`, of a /64.
    pub v6: Ipv6Addr,
}

/// The name of the cable's plug in both machines.
pub const PLUG: &str = "cable";

/// Runs a test, as the last thing it does and called by the test itself, with two machines; skips loudly where none can
/// be made ([`with_namespaces`]).
pub fn two_machines(test: impl FnOnce(&Machine, &Machine)) {
    let Some(_) = peer("ip") else { return };
    with_namespaces(|| {
        let (near, far) = (Machine::new(1), Machine::new(2));
        far.run(|| {
            // Handed over by the name that the command has for the file it inherits.
            let network = near.network.try_clone().expect("a descriptor");
            let script = format!("ip link add {PLUG} type veth peer name {PLUG} netns /dev/fd/0");
            let status = Command::new("sh").args(["-c", &script]).stdin(network).status();
            assert!(status.is_ok_and(|s| s.success()), "{script}");
        });
        // Both ends of a cable, before either has addresses: without a carrier IPv6 is not configured.
        for machine in [&near, &far] {
            machine.sh(&format!(
                "ip link set lo up; ip link set {PLUG} addrgenmode none; ip link set {PLUG} up"
            ));
        }
        near.take_addresses();
        far.take_addresses();
        test(&near, &far);
    });
}

/// As [`two_machines`], with one that has nothing but its loopback.
pub fn one_machine(test: impl FnOnce(&Machine)) {
    let Some(_) = peer("ip") else { return };
    with_namespaces(|| {
        let machine = Machine::new(1);
        machine.sh("ip link set lo up");
        test(&machine);
    });
}

impl Machine {
    fn new(number: u8) -> Self {
        let unshare = || {
            #[allow(unsafe_code)]
            // SAFETY: a network namespace of its own leaves the thread's memory and descriptors shared.
            unsafe { unshare_unsafe(UnshareFlags::NEWNET) }.expect("a network namespace");
            File::open("/proc/thread-self/ns/net").expect("the namespace of a thread")
        };
        let network = scope(|scope| scope.spawn(unshare).join().expect("a network namespace"));
        let v4 = Ipv4Addr::new(10, 77, 0, number);
        let v6 = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, number.into());
        Self { network, v4, v6 }
    }

    fn take_addresses(&self) {
        let (v4, v6, number) = (self.v4, self.v6, self.v4.octets()[3]);
        // No address but these, and none that is tentative for a while (RFC 4862, 5.4).
        self.sh(&format!(
            "ip address add {v4}/24 dev {PLUG}
             ip address add {v6}/64 dev {PLUG} nodad
             ip address add fe80::{number}/64 dev {PLUG} nodad"
        ));
    }

    /// Runs `what` on this machine, in a thread: the sockets and the programs it starts belong to it.
    pub fn run<T: Send>(&self, what: impl FnOnce() -> T + Send) -> T {
        let inside = || {
            move_into_link_name_space(self.network.as_fd(), Some(LinkNameSpaceType::Network))
                .expect("a namespace of our own");
            what()
        };
        let answer = scope(|scope| scope.spawn(inside).join());
        answer.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Runs a shell script on this machine, for `ip`, `tc`, `nft`; gives what it printed, fails if it failed.
    pub fn sh(&self, script: &str) -> String {
        let output = self.run(|| Command::new("sh").args(["-ec", script]).output().expect("a shell"));
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        printed
    }

    /// Its IPv4 address with this port.
    pub fn at(&self, port: u16) -> SocketAddr {
        SocketAddr::new(IpAddr::V4(self.v4), port)
    }

    /// Its IPv6 address with this port.
    pub fn at_v6(&self, port: u16) -> SocketAddr {
        SocketAddr::new(IpAddr::V6(self.v6), port)
    }

    /// Pulls the cable on this side: this machine sees that it has no link, the other one hears nothing any more.
    pub fn pull_cable(&self) {
        self.sh(&format!("ip link set {PLUG} down"));
    }
}
