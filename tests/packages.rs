//! What packages are made of: every file named is there, versions agree, the units start a room. Nothing is built for it.
#![allow(clippy::disallowed_methods)] // the service manager's socket

#[path = "documents/commands.rs"]
mod commands;
mod support;

use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;
use support::{Peer, peer, soquete};
use yaml_rust2::YamlLoader;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");
const PORT: &str = "4333";

fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The package as cargo reads it from Cargo.toml.
fn package() -> Value {
    let run = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1", "--manifest-path"])
        .arg(Path::new(ROOT).join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let metadata: Value = serde_json::from_slice(&run.stdout).expect("JSON");
    metadata["packages"][0].clone()
}

/// The files that a pattern with `*` before its suffix stands for.
fn files(pattern: &str) -> Vec<String> {
    let Some((folder, suffix)) = pattern.split_once('*') else { return vec![pattern.to_owned()] };
    let entries = fs::read_dir(Path::new(ROOT).join(folder)).expect("a folder");
    let names = entries.map(|entry| entry.expect("a file").file_name().into_string().expect("a plain name"));
    names.filter(|name| name.ends_with(suffix)).map(|name| format!("{folder}{name}")).collect()
}

#[test]
fn every_file_of_the_debian_package_is_there() {
    let package = package();
    let deb = &package["metadata"]["deb"];
    let assets = deb["assets"].as_array().expect("a list");
    let sources: Vec<_> = assets.iter().map(|asset| asset[0].as_str().expect("a path")).collect();
    let mut shipped: Vec<_> = sources.iter().flat_map(|source| files(source)).collect();
    shipped.retain(|file| *file != "target/release/soquete");
    assert_eq!(sources.iter().filter(|source| **source == "target/release/soquete").count(), 1);
    shipped.push(deb["changelog"].as_str().expect("a path").to_owned());
    shipped.push(deb["license-file"][0].as_str().expect("a path").to_owned());
    for file in &shipped {
        assert!(Path::new(ROOT).join(file).is_file(), "{file}");
    }
    for file in files("man/*.1").iter().chain(&files("man/*.7")).chain(&files("packaging/systemd/*")) {
        assert!(shipped.contains(file), "{file} is not in the package");
    }
}

#[test]
fn the_changelog_of_debian_has_the_version() {
    let version = package()["version"].as_str().expect("a version").to_owned();
    let first = read("packaging/debian/changelog");
    assert!(first.starts_with(&format!("soquete ({version}-")), "{first}");
    assert!(read("CHANGELOG.md").contains(&format!("\n## [{version}]")));
}

#[test]
fn archives_are_named_alike_where_they_are_made_and_where_they_are_fetched() {
    let package = package();
    let fetched = package["metadata"]["binstall"]["pkg-url"].as_str().expect("an address");
    let name = fetched.rsplit('/').next().unwrap_or_default().trim_end_matches(".tar.gz");
    assert_eq!(package["metadata"]["binstall"]["bin-dir"], format!("{name}/{{ bin }}"));
    let made = name
        .replace("{ name }", "soquete")
        .replace("{ version }", "${GITHUB_REF_NAME#v}")
        .replace("{ target }", "${{ matrix.target }}");
    let workflow = read(".github/workflows/release.yml");
    assert!(workflow.contains(&format!("name=\"{made}\"")), "{made}");

    let yaml = &YamlLoader::load_from_str(&workflow).expect("YAML")[0];
    let builds = yaml["jobs"]["build"]["strategy"]["matrix"]["include"].as_vec().expect("a list");
    let may_be = read("deny.toml");
    for build in builds {
        let target = build["target"].as_str().expect("a target");
        assert!(may_be.contains(&format!("\"{target}\"")), "{target} is not in deny.toml");
    }
    assert_eq!(builds.len(), 4);
    let rust = package["rust_version"].as_str().expect("a version");
    assert!(workflow.contains(&format!("rustup default {rust}\n")), "the compiler of Cargo.toml");
}

#[test]
fn a_crate_has_all_that_is_built_and_installed() {
    let list = Command::new(env!("CARGO"))
        .args(["package", "--list", "--allow-dirty", "--offline", "--manifest-path"])
        .arg(Path::new(ROOT).join("Cargo.toml"))
        .output()
        .expect("cargo runs");
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let lines: Vec<_> = list.lines().collect();
    for file in [
        "Cargo.lock",
        "src/main.rs",
        "man/soquete.1",
        "completions/_soquete",
        "LICENSE-MIT",
        "docs/recipes.md",
    ] {
        assert!(lines.contains(&file), "{file}: {list}");
    }
    for folder in ["tests/", "fuzz/", "benches/", ".ci/", ".github/"] {
        assert!(!lines.iter().any(|line| line.starts_with(folder)), "{folder}");
    }
}

/// A unit of the room on `PORT`, whose program is the one under test.
fn unit(suffix: &str) -> String {
    read(&format!("packaging/systemd/soquete-chat@.{suffix}"))
        .replace("/usr/bin/soquete", env!("CARGO_BIN_EXE_soquete"))
}

#[test]
fn units_are_right_and_expose_little() {
    let Some(analyze) = peer("systemd-analyze") else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let files = ["socket", "service"].map(|suffix| {
        fs::write(folder.path().join(format!("soquete-chat@.{suffix}")), unit(suffix)).unwrap();
        let file = folder.path().join(format!("soquete-chat@{PORT}.{suffix}"));
        fs::write(&file, unit(suffix)).unwrap();
        file
    });
    let verify = Command::new(&analyze).args(["verify", "--man=no"]).args(&files).output().expect("it runs");
    let said = String::from_utf8_lossy(&verify.stderr);
    assert!(verify.status.success() && said.is_empty(), "{said}");
    let security = Command::new(&analyze)
        .args(["security", "--offline=true", "--no-pager", "--threshold=15"])
        .arg(&files[1])
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&security.stdout);
    assert!(security.status.success(), "more exposed than 1.5: {said}");
}

#[test]
fn the_service_serves_the_room_on_a_socket_that_is_passed_to_it() {
    let unit = unit("service");
    let value =
        |key: &str| unit.lines().find_map(|line| line.strip_prefix(key)).expect("it is set").to_owned();
    let options = value("Environment=\"OPTIONS=").trim_end_matches('"').to_owned();
    let start = value("ExecStart=").replace("$OPTIONS", &options);
    let words = commands::commands(&start.replace(env!("CARGO_BIN_EXE_soquete"), "soquete")).remove(0);
    commands::accepted(&words).unwrap();
    assert!(value("Type=") == "notify" && words.contains(&"--activation".to_owned()));

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let pass = r#"exec 3<&0 </dev/null; export LISTEN_PID=$$ LISTEN_FDS=1; exec "$@""#;
    let room = words[1..].iter().filter(|word| *word != "--brief").fold(soquete(""), support::Soquete::arg);
    let room = room.shell(pass).stdin(std::os::fd::OwnedFd::from(listener)).start();
    let (mut ana, mut eva) = (Peer::connect(address), Peer::connect(address));
    room.wait_for_many("members", 2, |e| e.is("member") && e["what"] == "join");
    ana.send("hello\n");
    assert!(eva.receive_line().ends_with(": hello\n"));
    room.terminate();
}
