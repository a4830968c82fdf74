//! The container files say what they are meant to say, and every command line in them is one the program takes. No
//! engine is asked: what an engine would refuse beyond that is not seen here.

#[path = "documents/commands.rs"]
mod commands;
mod support;

use std::path::Path;
use support::{Peer, Soquete, soquete, two_machines};
use yaml_rust2::{Yaml, YamlLoader};

const PORT: &str = "4333";

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
        .expect("the file is part of the tree")
}

/// The instructions of the Dockerfile: name and the rest of the line, continued lines joined, comments left out.
fn instructions() -> Vec<(String, String)> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let cut = |line: &str| line.split_once(' ').map(|(name, rest)| (name.to_owned(), rest.trim().to_owned()));
    lines
        .map(|line| cut(line).unwrap_or_else(|| panic!("an instruction without arguments: {line}")))
        .collect()
}

fn only(instructions: &[(String, String)], name: &str) -> String {
    let found: Vec<_> = instructions.iter().filter(|(n, _)| n == name).collect();
    assert_eq!(found.len(), 1, "{name}: {found:?}");
    found[0].1.clone()
}

/// The words of an instruction in exec form.
fn words(list: &str) -> Vec<String> {
    serde_json::from_str(list).unwrap_or_else(|e| panic!("not a list of words: {e}: {list}"))
}

fn compose(name: &str) -> Yaml {
    YamlLoader::load_from_str(&read(name)).expect("YAML").remove(0)
}

fn strings(list: &Yaml) -> Vec<String> {
    let items = list.as_vec().unwrap_or_else(|| panic!("not a list: {list:?}"));
    items.iter().map(|item| item.as_str().expect("a list of words").to_owned()).collect()
}

#[test]
fn the_image_serves_the_room_as_nobody_and_checks_itself() {
    let file = instructions();
    assert_eq!(only(&file, "EXPOSE"), PORT);
    let user = only(&file, "USER");
    assert!(user.split(':').all(|id| id.parse::<u32>().is_ok_and(|id| id > 0)), "USER {user}");
    let stages: Vec<_> = file.iter().filter(|(name, _)| name == "FROM").collect();
    assert_eq!(stages.len(), 2, "built in one stage, run in another");
    let last = stages[1].1.as_str();
    assert!(last == "scratch" || last.ends_with("-slim"), "FROM {last}");

    let check = only(&file, "HEALTHCHECK");
    let check = words(check.split_once("CMD ").expect("a health check is a command").1);
    commands::accepted(&check).unwrap();

    let entry = words(&only(&file, "ENTRYPOINT"));
    let served = [entry, words(&only(&file, "CMD"))].concat();
    commands::accepted(&served).unwrap();
    assert_eq!((served[1].as_str(), served.last().unwrap().as_str()), ("chat-serve", PORT));
}

/// An instruction's words after `soquete`, as the program with its events in JSON.
fn program(words: &[String]) -> Soquete {
    assert_eq!(words[0], "soquete");
    words[1..].iter().fold(soquete(""), Soquete::arg)
}

#[test]
fn the_health_check_sees_the_room_and_is_no_guest_of_it() {
    two_machines(|near, far| {
        let file = instructions();
        let check = only(&file, "HEALTHCHECK");
        let check = words(check.split_once("CMD ").unwrap().1);
        let health = || near.run(|| program(&check).human().run());
        let run = health();
        assert_eq!((run.code, run.stdout.as_slice()), (1, b"".as_slice()), "there is no room yet: {run}");

        let served = [words(&only(&file, "ENTRYPOINT")), words(&only(&file, "CMD"))].concat();
        let room = near.run(|| program(&served).arg("--announce").start());
        let address = near.at(room.port());
        let run = health();
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run}");

        let mut guest = far.run(|| Peer::connect(address));
        room.event("member");
        assert_eq!(health().code, 0);
        guest.half_close();
        assert_eq!(guest.receive_all(), b"", "a health check was announced");
        room.wait_for("the guest leaves", |e| e.is("member") && e.text("what") == "leave");
        let run = room.terminate();
        assert_eq!(run.named("accept").count(), 1, "{run}");
    });
}

#[test]
fn the_toolchain_of_the_image_can_build_the_program() {
    let file = instructions();
    let build = &file.iter().find(|(name, _)| name == "FROM").unwrap().1;
    let version = env!("CARGO_PKG_RUST_VERSION");
    assert!(build.starts_with(&format!("rust:{version}")), "FROM {build}, rust-version {version}");
}

#[test]
fn compose_runs_the_room_and_a_capture_of_its_traffic() {
    let services = &compose("compose.yaml")["services"];
    let chat = &services["chat"];
    let entry = words(&only(&instructions(), "ENTRYPOINT"));
    let served = [entry, strings(&chat["command"])].concat();
    commands::accepted(&served).unwrap();
    assert_eq!((served[1].as_str(), served.last().unwrap().as_str()), ("chat-serve", PORT));
    assert!(strings(&chat["ports"]).iter().all(|p| p.ends_with(&format!(":{PORT}"))));

    let capture = &services["capture"];
    assert_eq!(capture["image"], chat["image"], "it needs no second image");
    assert_eq!(capture["network_mode"].as_str(), Some("service:chat"));
    assert_eq!(
        (strings(&capture["cap_drop"]), strings(&capture["cap_add"])),
        (vec!["ALL".into()], vec!["NET_RAW".into()])
    );
    assert_eq!(capture["user"].as_str(), Some("0:0"), "a capability of another user is not effective");
    let command = [vec!["soquete".to_owned()], strings(&capture["command"])].concat();
    commands::accepted(&command).unwrap();
    assert_eq!(command, ["soquete", "stat", "--packets", PORT]);
}

#[test]
fn compose_runs_one_room_on_two_machines() {
    let services = &compose("compose.bus.yaml")["services"];
    let entry = words(&only(&instructions(), "ENTRYPOINT"));
    let one = strings(&services["one"]["command"]);
    let served = [entry, one.clone()].concat();
    commands::accepted(&served).unwrap();
    let after = |flag: &str| one.iter().skip_while(|word| *word != flag).nth(1).expect("a value").clone();
    assert_eq!((after("--room"), one.last().unwrap().as_str()), ("tea".to_owned(), PORT));
    let host = after("--bus").strip_prefix("nats://").unwrap().split(':').next().unwrap().to_owned();
    assert!(!services[host.as_str()].is_badvalue(), "the bus is a service");
    assert!(
        strings(&services[host.as_str()]["command"]).contains(&"--jetstream".to_owned()),
        "history needs it"
    );
    let ports = |name: &str| strings(&services[name]["ports"]);
    assert_ne!(ports("one"), ports("two"));
    assert!(ports("two").iter().chain(&ports("one")).all(|port| port.ends_with(&format!(":{PORT}"))));
}

#[test]
fn commands_in_the_comments_work_too() {
    for name in ["Dockerfile", "compose.yaml", "compose.bus.yaml"] {
        let comments: String = read(name)
            .lines()
            .filter_map(|line| line.trim().strip_prefix('#'))
            .collect::<Vec<_>>()
            .join("\n");
        for words in commands::commands(&comments.replace(',', " ;")) {
            commands::accepted(&words).unwrap_or_else(|why| panic!("{name}: {why}"));
        }
    }
}
