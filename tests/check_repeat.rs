//! `connect --check --repeat` and `--interval`: a row each try, and the statistics of each target.

mod support;

use rustix::process::Signal;
use serde_json::Value;
use std::time::{Duration, Instant};
use support::sockets::SilentPort;
use support::*;

fn repeated(words: &str) -> Soquete {
    soquete(&format!("connect --check --interval 5ms {words}"))
}

/// The rows of tries, and those of statistics.
fn rows(run: &Run) -> (Vec<Value>, Vec<Value>) {
    run.rows().into_iter().partition(|row| row["type"] == "try")
}

#[test]
fn every_try_is_a_row_and_each_target_has_statistics() {
    let (door, port) = (Door::open(), refusing_port());
    let run = repeated(&format!("--repeat 20 127.0.0.1 {},{}", door.port(), port.port())).run();
    assert_eq!(run.code, 4, "{run}");
    let (tries, statistics) = rows(&run);
    let numbers: Vec<u64> = tries.iter().filter_map(|row| row["try"].as_u64()).collect();
    assert_eq!(numbers, (1..=20).flat_map(|n| [n, n]).collect::<Vec<_>>(), "{run}");
    assert_eq!(statistics.len(), 2, "{run}");
    let [open, closed] = [&statistics[0], &statistics[1]];
    assert!(statistics.iter().all(|row| row["type"] == "statistics" && row["tries"] == 20), "{run}");
    assert_eq!((&open["port"], &open["open"], &open["loss"]), (&door.port().into(), &20.into(), &0.0.into()));
    assert_eq!((&closed["open"], &closed["loss"]), (&0.into(), &1.0.into()), "{run}");
    assert!(closed.get("min_us").is_none() && closed["histogram"] == serde_json::json!([]), "{run}");
    let times: Vec<u64> = tries.iter().filter_map(|row| row["latency_us"].as_u64()).collect();
    let mut sorted: Vec<u64> = tries
        .iter()
        .filter(|row| row["outcome"] == "open")
        .filter_map(|row| row["latency_us"].as_u64())
        .collect();
    sorted.sort_unstable();
    assert!(times.len() >= 20, "{run}");
    // The figures are those of the rows: three digits exactly, the ends wholly.
    assert_eq!((&open["min_us"], &open["max_us"]), (&sorted[0].into(), &sorted[19].into()), "{run}");
    for (name, at) in [("median_us", 9), ("p99_us", 19)] {
        let (found, exact) = (open[name].as_u64().expect("a time"), sorted[at]);
        assert!(found.abs_diff(exact) <= exact / 100 + 1, "{name} {found}, not {exact}: {run}");
    }
    let counted: u64 =
        open["histogram"].as_array().expect("bins").iter().filter_map(|bin| bin["count"].as_u64()).sum();
    assert_eq!(counted, 20, "{run}");
}

#[test]
fn the_status_is_that_of_all_tries_of_all_targets() {
    let door = Door::open();
    let run = repeated(&format!("--repeat 3 {} -- echo ran", door.address())).run();
    assert_eq!(run.code, 0, "{run}");
    assert!(run.text().ends_with("ran\n"), "{run}");
    let run = repeated(&format!("--repeat 2 {}", refusing_port().address())).run();
    assert_eq!(run.code, 1, "{run}");
    // A target that goes away half-way.
    let run = soquete(&format!("check --repeat 100 --interval 10ms {}", door.address())).start();
    run.wait_stdout("\"try\":2}");
    drop(door);
    let run = run.finish();
    assert_eq!(run.code, 4, "{run}");
    let (tries, statistics) = rows(&run);
    let open = tries.iter().filter(|row| row["outcome"] == "open").count();
    assert_eq!(
        (statistics[0]["tries"].as_u64(), statistics[0]["open"].as_u64()),
        (Some(100), Some(open as u64))
    );
    assert!((2..100).contains(&open), "{run}");
    let run = repeated("--repeat 2 --source 1.2.3.4 127.0.0.1 9").run();
    assert_eq!(run.code, 5, "{run}");
}

#[test]
fn known_delays_are_found_in_the_percentiles() {
    const DELAYS: [u64; 25] = {
        let mut delays = [0; 25];
        delays[7] = 200;
        delays
    };
    let door = Door::open();
    let words = format!("--repeat 25 -w 10s {} --send ? --expect ok", door.address());
    let run = repeated(&words).start();
    for delay in DELAYS {
        let mut peer = door.accept();
        peer.receive(1);
        pause(Duration::from_millis(delay));
        peer.send("ok");
    }
    let run = run.finish();
    assert_eq!(run.code, 0, "{run}");
    let (_, statistics) = rows(&run);
    let time = |name: &str| statistics[0][name].as_u64().expect("a time");
    assert!((200_000..1_000_000).contains(&time("max_us")), "{run}");
    assert_eq!(time("p99_us"), time("max_us"), "of 25 tries the 99th percentile is the longest: {run}");
    assert!(time("median_us") < 100_000 && time("min_us") <= time("median_us"), "{run}");
    let bins = statistics[0]["histogram"].as_array().expect("bins");
    assert!(bins.last().expect("a bin")["count"].as_u64() >= Some(1), "{run}");
}

#[test]
fn the_interval_is_from_start_to_start_and_alone_has_no_end() {
    let door = Door::open();
    let began = Instant::now();
    let run = soquete(&format!("check --interval 100ms --repeat 4 {}", door.address())).run();
    assert_eq!(run.code, 0, "{run}");
    assert!(began.elapsed() >= Duration::from_millis(300), "{:?}", began.elapsed());
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let run = repeated(&door.address().to_string()).start();
        run.wait_stdout("\"try\":3}");
        run.signal(signal);
        let run = run.finish();
        assert_eq!(run.code, code, "{run}");
        assert!(run.signal.is_some(), "{run}");
        let (tries, statistics) = rows(&run);
        assert_eq!(statistics[0]["tries"], tries.len(), "{run}");
    }
}

#[test]
fn a_signal_during_a_try_still_reports_those_before_it() {
    let silent = SilentPort::open();
    let run = repeated(&format!("-v -w 15s {}", silent.address())).start();
    run.wait_for("a SYN", |e| e.enters("SYN-SENT"));
    run.signal(Signal::INT);
    let run = run.finish();
    assert_eq!((run.code, run.text()), (130, ""), "no try was answered: {run}");
}

#[test]
fn people_get_one_table_and_a_histogram_on_a_terminal() {
    let door = Door::open();
    let words = format!("--repeat 5 {}", door.address());
    let run = repeated(&words).human().run();
    let lines: Vec<&str> = run.text().lines().collect();
    assert_eq!(lines.len(), 8, "{run}");
    assert_eq!(lines[5], "", "{run}");
    let titles: Vec<&str> = lines[6].split_whitespace().collect();
    assert_eq!(titles, ["TARGET", "OPEN", "LOSS", "MIN", "MEDIAN", "P99", "MAX"], "{run}");
    let figures: Vec<&str> = lines[7].split_whitespace().collect();
    assert_eq!(figures[..3], [door.address().to_string().as_str(), "5/5", "0%"], "{run}");
    assert!(lines.iter().all(|line| line.chars().count() <= 80), "{run}");
    let terminal = Terminal::start(&format!("connect --check --interval 5ms {words}"), &[]);
    let mut shown = String::new();
    let code = terminal.finish_with_screen(|screen| shown = screen.to_owned());
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("TARGET") && shown.contains('█') && shown.contains(" – "), "{shown}");
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
}

#[test]
fn what_makes_no_sense_together_is_usage() {
    for words in [
        "connect --check --repeat 2 --wait 1s 127.0.0.1 9",
        "connect --check --repeat 2 --until-closed 127.0.0.1 9",
        "connect --check --interval 1s --wait 1s 127.0.0.1 9",
        "connect --repeat 2 127.0.0.1 9",
        "connect --check --repeat 0 127.0.0.1 9",
        "connect --check --repeat 2 127.0.0.1 1-2000",
        "wait 5s --repeat 2 127.0.0.1 9",
    ] {
        let run = soquete(words).run();
        assert_eq!(run.code, 2, "{words}: {run}");
        run.error("usage");
    }
}
