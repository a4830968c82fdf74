//! A sandbox that refuses `sock_diag`: the table is read from `/proc/net`, and the output says so.
#![allow(unsafe_code)]

use super::{rows, stat};
use crate::support::{Door, Peer};
use serde_json::Value;

/// Refuses socket(2) for netlink to this thread and to what it starts.
fn refuse_netlink() {
    let op = |code: u32, jt, jf, k| libc::sock_filter { code: code.try_into().unwrap(), jt, jf, k };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let mut program = [
        op(load, 0, 0, 0),
        op(equal, 0, 3, libc::SYS_socket.try_into().unwrap()),
        op(load, 0, 0, 16),
        op(equal, 0, 1, libc::AF_NETLINK.try_into().unwrap()),
        op(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ERRNO | 1), // EPERM
        op(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 6, filter: program.as_mut_ptr() };
    // SAFETY: both calls take integers and, the second, a program that outlives it.
    let answers = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program),
        ]
    };
    assert_eq!(answers, [0, 0], "{}", std::io::Error::last_os_error());
}

fn in_sandbox<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let run = || {
        refuse_netlink();
        run()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

#[test]
fn the_files_of_proc_show_the_same_sockets() {
    let door = Door::open_at("[::]:0".parse().unwrap());
    let client = Peer::connect((std::net::Ipv4Addr::LOCALHOST, door.port()).into());
    let server = door.accept();
    let words = format!("-tp {}", door.port());
    let run = in_sandbox(|| stat(&words).run());
    assert_eq!(run.code, 0, "{run}");
    let warning = run.event("warning");
    assert_eq!(warning["errno"], "EPERM", "{run}");
    assert!(warning.text("text").contains("/proc/net"), "{run}");
    let sorted = |mut rows: Vec<Value>| {
        rows.retain(|row| row["state"] != "TIME-WAIT");
        rows.sort_by_key(|row| row["local"].as_str().unwrap().to_owned() + &row["peer"].to_string());
        rows
    };
    let mut expected = sorted(rows(&words));
    for row in &mut expected {
        row["source"] = "/proc/net".into();
        if row["state"] == "LISTEN" {
            row["accept_max"] = Value::Null;
        }
    }
    assert_eq!(sorted(run.rows()), expected);
    drop((client, server));
}

#[test]
fn waiting_works_in_a_sandbox_too() {
    let port = crate::support::refusing_port();
    let condition = format!("listen {}", port.port());
    let running = in_sandbox(|| stat("--timeout 15s --wait").arg(condition).start());
    running.event("warning");
    let door = port.open();
    let run = running.finish();
    assert_eq!((run.code, &run.rows()[0]["local"]), (0, &door.address().to_string().into()), "{run}");
}
