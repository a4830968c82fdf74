//! A build without one of the features `tls`, `capture` and `nats` says so where a flag needs it.

#![cfg(not(all(feature = "tls", feature = "capture", feature = "nats")))]

mod support;

use support::*;

/// Each of these command lines is refused with these words.
fn refused(lines: &[&str], why: &str) {
    for line in lines {
        let run = soquete(line).run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert!(run.error("usage").text("text").ends_with(why), "{line}: {run}");
    }
}

#[test]
#[cfg(not(feature = "tls"))]
fn every_way_to_ask_for_tls_is_refused() {
    let lines = [
        "connect --tls localhost 1",
        "check --tls localhost 1",
        "connect --proxy https://localhost:1 localhost 1",
        "multi-connect --tls localhost:1",
        "listen --tls localhost 0",
        "listen -k --forward tls:localhost:1 localhost 0",
        "chat-serve --tls localhost 0",
        "chat-join --tls localhost 1",
        "chat-serve --bus tls://localhost:1 --room tea localhost 0",
        "chat-serve --bus nats://localhost:1 --room tea --bus-ca x localhost 0",
    ];
    refused(&lines, "this build does not include TLS");
}

#[test]
#[cfg(not(feature = "capture"))]
fn every_way_to_ask_for_packets_is_refused() {
    let lines = [
        "connect --packets localhost 1",
        "listen -k --pcap - localhost 0",
        "udp-serve --diagram - localhost 0",
        "chat-serve --packets=hex localhost 0",
        "stat --packets 1",
    ];
    refused(&lines, "this build does not include packet capture");
}

#[test]
#[cfg(not(feature = "nats"))]
fn a_bus_is_refused() {
    refused(
        &["chat-serve --bus nats://localhost:1 --room tea localhost 0"],
        "this build does not include NATS",
    );
}
