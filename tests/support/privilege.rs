//! Rights that a test needs and its user may not have: the test is run once more by somebody who has them.
//!
//! ```ignore
//! #[test]
//! fn nobody_may_not() {
//!     as_root(|| ...); // called by the test itself: the closure's name says which test is run again
//! }
//! ```

use super::{is_root, skip};
use std::process::{Command, Stdio};

/// Set for a test that was started again.
const AGAIN: &str = "SOQUETE_TEST_AGAIN";

/// Runs a part of a test as the root of the machine: at once, or by `sudo -n`; skips loudly where neither goes.
pub fn as_root<F: FnOnce()>(run: F) {
    if is_root() && !in_user_namespace() {
        return run();
    }
    if started_again() || !works(Command::new("sudo").args(["-n", "true"])) {
        return skip("only root, or sudo without a password, may do that");
    }
    again::<F>(Command::new("sudo").args(["-n", "env"]).args(environment()));
}

/// Runs a part of a test with every right over the namespaces it makes: as root, in a user namespace, or by `sudo -n`;
/// skips loudly where none goes.
pub fn with_namespaces<F: FnOnce()>(run: F) {
    const UNSHARE: [&str; 3] = ["--user", "--map-root-user", "--"];
    let network = || works(Command::new("unshare").args(["--net", "true"]));
    if is_root() && network() {
        return run();
    }
    if started_again() {
        return skip("no network namespace can be made here");
    }
    if works(Command::new("unshare").arg("--net").args(UNSHARE).arg("true")) {
        return again::<F>(Command::new("unshare").args(UNSHARE));
    }
    if works(Command::new("sudo").args(["-n", "unshare", "--net", "true"])) {
        return again::<F>(Command::new("sudo").args(["-n", "env"]).args(environment()));
    }
    skip("no network namespace can be made: that takes root, user namespaces, or sudo without a password");
}

/// Whether root is one of a user namespace, who owns nothing of the machine (`user_namespaces(7)`).
pub fn in_user_namespace() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().ne(["0", "0", "4294967295"])
}

fn started_again() -> bool {
    std::env::var_os(AGAIN).is_some()
}

fn works(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// What sudo would leave away.
fn environment() -> Vec<String> {
    let kept = std::env::vars().filter(|(name, _)| name == "PATH" || name.starts_with("SOQUETE_"));
    kept.map(|(name, value)| format!("{name}={value}")).collect()
}

/// Runs the test that holds the closure `F` once more, behind the words of `before`.
fn again<F>(before: &mut Command) {
    let name = test_of(std::any::type_name::<F>());
    let output = before
        .arg("env")
        .arg(format!("{AGAIN}=1"))
        .arg(std::env::current_exe().expect("the test has a program"))
        .args([name, "--exact", "--nocapture", "--include-ignored"])
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap_or_else(|e| panic!("{name} again: {e}"));
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains(" 1 passed;"), "{name} with more rights: {told}");
}

/// The test in the name of a closure in it: `CRATE::MODULE::TEST::{{closure}}`, maybe an argument of another type.
fn test_of(closure: &str) -> &str {
    let path = closure.rsplit('<').next().unwrap_or(closure);
    let path = path.split_once("::").map_or(path, |(_, rest)| rest);
    path.split("::{{closure}}").next().unwrap_or(path)
}
