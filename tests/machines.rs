//! Conversations between two machines: another kernel's table knows the peer.

mod support;

use support::*;

#[test]
fn two_machines_talk_over_a_cable_in_both_families() {
    two_machines(|near, far| {
        for here in [near.at(0), near.at_v6(0)] {
            let server = near.run(|| soquete(&format!("listen {here}")).input("from near\n").start());
            let address = server.address();
            assert_eq!(address.ip(), here.ip());
            let client = far.run(|| soquete(&format!("connect {address}")).input("from far\n").run());
            assert_eq!((client.code, client.stdout.as_slice()), (0, b"from near\n".as_slice()), "{client}");
            let server = server.finish();
            assert_eq!((server.code, server.stdout.as_slice()), (0, b"from far\n".as_slice()), "{server}");
            let their_end = server.event("accept").address("peer").expect("a client has an address");
            assert_eq!(client.event("summary").address("local"), Some(their_end), "{client}");
        }
    });
}

#[test]
fn a_machine_reaches_nothing_but_the_other_one() {
    let door = Door::open();
    let outside = door.address();
    two_machines(|near, far| {
        for machine in [near, far] {
            let run = machine.run(|| soquete(&format!("connect {outside}")).run());
            assert_eq!((run.code, run.event("error")["errno"].as_str()), (1, Some("ECONNREFUSED")), "{run}");
        }
    });
}
