//! A wrong command line is one line that says what to type, and that works when it is typed.

mod support;

use support::*;

/// The command line that an error advises, without the program's name.
fn advised(run: &Run) -> String {
    let (_, rest) =
        run.stderr.split_once("did you mean `soquete ").unwrap_or_else(|| panic!("no advice: {run}"));
    rest.split('`').next().unwrap_or_default().to_owned()
}

fn refused(line: &str) -> Run {
    let run = soquete(line).human().run();
    assert_eq!((run.code, run.stderr.lines().count()), (2, 1), "{line}: {run}");
    assert!(run.stderr.starts_with("soquete: "), "{line}: {run}");
    run
}

#[test]
fn what_is_advised_works() {
    let door = Door::open();
    let port = door.port();
    for line in [
        format!("connect --recv-only http://127.0.0.1:{port}/"),
        format!("connect --recv-only tcp://127.0.0.1:{port}"),
        format!("connect --recv-only tcp:127.0.0.1:{port}"),
        format!("connect --recv-only 127.0.0.1:{port}/"),
        format!("connect --recv-only 127.0.0.1.{port}"),
        format!("connect --recv-only me@127.0.0.1:{port}"),
        format!("connect --recv-only {port} localhost"),
        format!("connect --recv-only -N 127.0.0.1 {port}"),
        format!("connect --recv-only --nodelay true 127.0.0.1 {port}"),
        format!("connect -d -p 0 127.0.0.1 {port}"),
        format!("chat-join http://127.0.0.1:{port}/"),
    ] {
        let meant = advised(&refused(&line));
        let run = soquete(&meant).start();
        drop(door.accept());
        let run = run.finish();
        assert_eq!(run.code, 0, "{line}: {meant}: {run}");
    }
    for line in [format!("-zv 127.0.0.1 {port}"), format!("connect --check http://127.0.0.1:{port}/")] {
        let meant = advised(&refused(&line));
        assert_eq!(soquete(&meant).run().code, 0, "{line}: {meant}");
    }
    let meant = advised(&refused(&format!("connect --wait 5 127.0.0.1 {port} echo hi")));
    assert_eq!(meant, format!("connect --wait 5 127.0.0.1 {port} -- echo hi"));
    let run = soquete(&meant).run();
    assert!(run.code == 0 && run.text().ends_with("hi\n"), "{run}");
}

#[test]
fn an_ipv6_address_with_a_port_lacks_brackets() {
    let server = soquete("listen -k ::1 0 --echo").start();
    let port = server.port();
    for subcommand in ["connect", "chat-join", "multi-connect", "connect --check", "udp-send"] {
        let meant = advised(&refused(&format!("{subcommand} ::1:{port}")));
        assert_eq!(meant, format!("{subcommand} ::1 {port}"));
        assert_eq!(soquete(&meant).run().code, 0, "{meant}");
    }
}

#[test]
fn servers_of_other_programs_are_understood() {
    for line in ["-l 0", "-lvp 0", "listen -l -p 0", "listen TCP-LISTEN:0,fork", "listen http://127.0.0.1:0/"]
    {
        let meant = advised(&refused(line));
        let server = soquete(&meant).start();
        drop(Peer::connect(server.address()));
        server.close_and_finish();
    }
    for line in ["-l 0 -e /bin/cat", "listen 0 --exec /bin/cat", "-l 0 -c cat"] {
        let meant = advised(&refused(line));
        let server = soquete(&meant).start();
        let mut peer = Peer::connect(server.address());
        peer.send("hi");
        peer.half_close();
        assert_eq!(peer.receive_all(), b"hi", "{meant}");
        assert_eq!(server.finish().code, 0);
    }
}

#[test]
fn version_is_a_word_too() {
    let (word, flag) = (soquete("version").human().run(), soquete("--version").human().run());
    assert_eq!((word.code, word.text()), (0, flag.text()), "{word}");
    assert!(word.text().starts_with("soquete "), "{word}");
}

#[test]
fn flags_of_nc_at_the_top_level_name_the_command() {
    for (line, meant) in [
        ("-l 4333", "listen 4333"),
        ("-v -l 4333", "listen -v 4333"),
        ("-u localhost 53", "udp-send localhost 53"),
        ("-lu 5000", "udp-serve 5000"),
        ("-z localhost 80", "connect -z localhost 80"),
    ] {
        assert_eq!(advised(&refused(line)), meant, "{line}");
    }
    for (line, named) in [
        ("-l", "`soquete listen PORT` waits for clients"),
        ("-u", "`soquete udp-send` sends datagrams, `soquete udp-serve` receives them"),
        ("-z", "`soquete connect --check HOST PORTS` tests ports"),
    ] {
        let run = refused(line);
        assert!(run.stderr.contains(named), "{line}: {run}");
    }
}

#[test]
fn nothing_is_advised_that_would_do_something_else() {
    let run = refused("connect localhost 80 -p");
    assert!(!run.stderr.contains("-- -p") && run.stderr.contains("--source :PORT"), "{run}");
    let run = refused("udp-send -e /bin/sh localhost 80");
    assert!(!run.stderr.contains("mean"), "{run}");
    let run = refused("connect localhost 80 81");
    assert!(run.stderr.contains("unexpected \"") && !run.stderr.contains("mean"), "{run}");
    let run = refused("udp-send localhost 80 -x");
    assert!(run.stderr.contains("-- -x"), "a message may begin with a dash: {run}");
}

#[test]
fn port_0_is_no_target() {
    for subcommand in
        ["connect", "chat-join", "udp-send", "multi-connect", "connect --check", "connect --wait 1s"]
    {
        let run = refused(&format!("{subcommand} 127.0.0.1:0"));
        assert!(run.stderr.contains("port 0 cannot be a target"), "{subcommand}: {run}");
    }
}

#[test]
fn words_of_ss_are_told_from_hosts() {
    let run = soquete("stat state listening").human().run();
    assert_eq!((run.code, advised(&run).as_str()), (1, "stat --state listening"), "{run}");
}

#[test]
fn a_source_that_is_not_here_is_called_so() {
    // TEST-NET-1 is on no machine (RFC 5737); the bind fails, nothing is sent.
    for words in
        ["connect", "connect --wait 1s", "connect --check --json", "udp-send", "multi-connect", "chat-join"]
    {
        let run = soquete(&format!("{words} --source 192.0.2.9 localhost 9")).human().input("x").run();
        assert_eq!(run.code, 5, "{run}");
        let said = if words.contains("--check") { run.text() } else { &run.stderr };
        assert!(said.contains("Cannot assign requested address") && !said.contains("IPv6"), "{run}");
    }
    let run = soquete("connect --source 127.0.0.1 ::1 9").human().run();
    assert_eq!(run.code, 5, "{run}");
    assert!(run.stderr.contains("127.0.0.1 is IPv4, the target IPv6"), "{run}");
}

#[test]
fn check_and_wait_are_names_too() {
    let door = Door::open();
    let run = soquete(&format!("check {}", door.address())).run();
    assert_eq!((run.code, run.rows().len()), (0, 1), "{run}");
    let port = refusing_port();
    let run = soquete(&format!("wait 300ms {}", port.address())).run();
    assert_eq!(run.code, 3, "{run}");
    let run = soquete(&format!("wait {} -- echo up", port.address())).start();
    run.wait_for("a try that failed", |e| e.is("target"));
    let _door = port.open();
    let run = run.finish();
    assert!(run.code == 0 && run.text().ends_with("up\n"), "{run}");
}

#[test]
fn no_error_repeats_a_password() {
    for line in [
        "connect http://user:secret@localhost:1/",
        "connect user:secret@localhost 80",
        "connect --source http://user:secret@h 1",
        "connect --proxy http://user:secret 1",
        "listen 0 --forward http://user:secret@localhost:1",
        "udp-serve 0 --forward http://user:secret@localhost:1",
        "multi-connect http://user:secret@localhost:1",
        "stat http://user:secret@localhost:1",
    ] {
        let run = refused(line);
        assert!(!run.stderr.contains("secret"), "{line}: {run}");
    }
}

#[test]
fn a_misspelt_subcommand_is_no_host() {
    for (typed, meant) in [
        ("lisen --echo 80", "listen --echo 80"),
        ("conect localhost 80", "connect localhost 80"),
        ("stats -t", "stat -t"),
        ("localhost 80", "connect localhost 80"),
        ("web.example 80", "connect web.example 80"),
    ] {
        assert_eq!(advised(&refused(typed)), meant, "{typed}");
    }
}

#[test]
fn what_is_no_number_is_said_in_plain_words() {
    let run = refused("listen --backlog ten 0");
    assert!(run.stderr.contains("'ten'") && run.stderr.contains("not a whole number"), "{run}");
}

#[test]
fn a_flag_of_something_that_is_not_there_is_refused() {
    for line in [
        "listen --tls-insecure --echo 0",
        "listen --tls-ca ca.pem --discard 0",
        "listen --send-proxy-header 1 --recv-only 0",
        "listen --send-proxy-header 2 --sh-exec true 0",
        "stat --timeout 1s --watch",
        "stat --timeout 1s --summary",
        "stat --timeout 1s",
    ] {
        refused(line);
    }
}
