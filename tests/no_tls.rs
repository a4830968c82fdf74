//! A build without the feature `tls` says so.

#![cfg(not(feature = "tls"))]

mod support;

use support::*;

#[test]
fn every_way_to_ask_for_tls_is_refused() {
    for line in [
        "connect --tls localhost 1",
        "check --tls localhost 1",
        "connect --proxy https://localhost:1 localhost 1",
        "multi-connect --tls localhost:1",
        "listen --tls localhost 0",
        "listen -k --forward tls:localhost:1 localhost 0",
        "chat-serve --tls localhost 0",
        "chat-join --tls localhost 1",
    ] {
        let run = soquete(line).run();
        assert_eq!(run.code, 2, "{line}: {run}");
        assert!(run.error("usage").text("text").ends_with("this build has no TLS"), "{line}: {run}");
    }
}
