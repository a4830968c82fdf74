//! Sockets that another program made and passed on: by number, as standard input, or by the protocol of
//! `sd_listen_fds(3)`.
#![allow(unsafe_code)]

use super::error::{Error, Result};
use super::{fd, inherited};
use crate::event::Kind;
use rustix::fs::{FileType, Mode, OFlags, fstat};
use rustix::io::Errno;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd};

/// The first number of `LISTEN_FDS`.
const FIRST: RawFd = 3;
/// More than a service manager passes; a mistyped number must not be counted through.
const MOST: RawFd = 4096;
/// The variables of `sd_listen_fds(3)`; the last one is that of systemd 258.
const VARIABLES: [&str; 4] = ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "LISTEN_PIDFDID"];

/// A descriptor that another program passed on, meant to be a socket.
#[derive(Debug)]
pub struct PassedSocket {
    /// The descriptor, inherited by no command.
    pub fd: OwnedFd,
    /// The number it was passed on by.
    pub number: RawFd,
    /// What errors call it: `descriptor 3 (web)`, `standard input`.
    pub name: String,
    /// Whether standard input was the same socket.
    pub was_input: bool,
    /// Whether standard output was the same socket. It is the null device now, as the other standard streams are that were.
    pub was_output: bool,
}

/// Takes the descriptor of this number over; standard input is left to the null device.
///
/// To be called before anything is opened, at most once for each number.
pub fn take(number: RawFd) -> Result<PassedSocket> {
    named(number, name(number, None))
}

/// Takes every descriptor of `LISTEN_FDS` over, and removes its variables. As [`take`], and while there is one thread alone.
pub fn take_activation() -> Result<Vec<PassedSocket>> {
    let values = VARIABLES.map(env::var_os);
    for variable in VARIABLES {
        // SAFETY: no other thread exists yet that could read the environment.
        unsafe { env::remove_var(variable) };
    }
    let [count, pid, names, _] = values;
    let count =
        number_of_sockets(count, pid, std::process::id()).map_err(|why| refusal("--activation", why))?;
    let names = names.map(|names| names.to_string_lossy().into_owned()).unwrap_or_default();
    let mut names = names.split(':');
    (FIRST..FIRST + count).map(|number| named(number, name(number, names.next()))).collect()
}

/// Leaves standard error to the null device where it is the socket that standard input is: nothing but data goes there.
pub fn keep_errors_off_socket() {
    if is_same_socket(fd::input(), fd::errors()) {
        leave_to_null(2);
    }
}

fn named(number: RawFd, name: String) -> Result<PassedSocket> {
    let fd = take_over(number).map_err(|e| Error::new("inherit", &name, e).about(Kind::File))?;
    let (mut was_input, mut was_output) = (false, false);
    for standard in [0, 1, 2] {
        let same = match standard {
            0 => is_same_socket(fd.as_fd(), fd::input()),
            1 => is_same_socket(fd.as_fd(), fd::output()),
            _ => is_same_socket(fd.as_fd(), fd::errors()),
        };
        if same {
            was_input |= standard == 0;
            was_output |= standard == 1;
            leave_to_null(standard);
        }
    }
    Ok(PassedSocket { fd, number, name, was_input, was_output })
}

fn take_over(number: RawFd) -> io::Result<OwnedFd> {
    if number < FIRST {
        return if fd::was_given(number) { fd::duplicate_of(number) } else { Err(Errno::BADF.into()) };
    }
    inherited::take_over(number)
}

fn name(number: RawFd, name: Option<&str>) -> String {
    match (number, name) {
        (0, _) => "standard input".to_owned(),
        (number, None | Some("" | "unknown")) => format!("descriptor {number}"),
        (number, Some(name)) => format!("descriptor {number} ({})", name.escape_debug()),
    }
}

/// How many sockets these values of `LISTEN_FDS` and `LISTEN_PID` pass on to process `own`, or why there is none.
fn number_of_sockets(
    count: Option<OsString>,
    pid: Option<OsString>,
    own: u32,
) -> std::result::Result<RawFd, String> {
    let (Some(count), Some(pid)) = (count, pid) else {
        return Err("no sockets were passed: LISTEN_FDS or LISTEN_PID is not set".to_owned());
    };
    let (count, pid) = (count.to_string_lossy(), pid.to_string_lossy());
    if pid.parse() != Ok(own) {
        let pid = pid.escape_debug();
        return Err(format!("the sockets belong to another process: LISTEN_PID is {pid}, this is {own}"));
    }
    match count.parse() {
        Ok(count) if (1..=MOST).contains(&count) => Ok(count),
        Ok(0) => Err("no sockets were passed: LISTEN_FDS is 0".to_owned()),
        _ => Err(format!("LISTEN_FDS is not a number of sockets: {}", count.escape_debug())),
    }
}

/// The error of a socket that was passed on and cannot be used.
pub fn refusal(name: impl fmt::Display, why: impl fmt::Display) -> Error {
    Error::new("inherit", name, io::Error::other(why.to_string())).about(Kind::File)
}

fn is_same_socket(one: BorrowedFd<'_>, other: BorrowedFd<'_>) -> bool {
    let (Ok(one), Ok(other)) = (fstat(one), fstat(other)) else { return false };
    FileType::from_raw_mode(one.st_mode) == FileType::Socket
        && (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
}

/// Puts the null device in place of a standard stream.
fn leave_to_null(number: RawFd) {
    let Ok(null) = rustix::fs::open("/dev/null", OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()) else {
        return;
    };
    // Each fails only where the number is closed already.
    let _ = match number {
        0 => rustix::stdio::dup2_stdin(null),
        1 => rustix::stdio::dup2_stdout(null),
        _ => rustix::stdio::dup2_stderr(null),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(count: Option<&str>, pid: Option<&str>) -> std::result::Result<RawFd, String> {
        number_of_sockets(count.map(OsString::from), pid.map(OsString::from), 7)
    }

    #[test]
    fn sockets_are_counted_for_this_process_alone() {
        assert_eq!(count(Some("2"), Some("7")), Ok(2));
        for (fds, pid, why) in [
            (None, None, "not set"),
            (None, Some("7"), "not set"),
            (Some("1"), None, "not set"),
            (Some("1"), Some("8"), "LISTEN_PID is 8, this is 7"),
            (Some("1"), Some("x"), "another process"),
            (Some("0"), Some("7"), "LISTEN_FDS is 0"),
            (Some("-1"), Some("7"), "not a number"),
            (Some("x\n"), Some("7"), r"not a number of sockets: x\n"),
            (Some("5000000"), Some("7"), "not a number"),
        ] {
            let error = count(fds, pid).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_descriptor_has_the_name_that_was_passed_with_it() {
        assert_eq!(name(3, Some("web")), "descriptor 3 (web)");
        assert_eq!(name(4, Some("unknown")), "descriptor 4");
        assert_eq!(name(4, None), "descriptor 4");
        assert_eq!(name(0, None), "standard input");
    }
}
