//! A sandbox that refuses `sock_diag`: the table is read from `/proc/net`, and the output says so.

use super::{rows, stat};
use crate::support::sandbox::in_sandbox;
use crate::support::{Door, Peer};
use serde_json::Value;

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
        for row in &mut rows {
            // What other tests start is a copy of this process for a moment, with all it holds.
            row["processes"].as_array_mut().unwrap().retain(|process| process["pid"] == std::process::id());
        }
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
