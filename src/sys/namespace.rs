//! A network of this program's own: a network namespace with nothing but loopback (`network_namespaces(7)`).
#![allow(unsafe_code)]

use super::error::{Error, Result};
use crate::event::Kind;
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::{Pid, WaitOptions, waitpid};
use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::io;
use std::os::fd::AsRawFd;

/// The name of the loopback interface, as `struct ifreq` has it.
const LOOPBACK: [u8; 3] = *b"lo\0";

/// Moves the program into a network namespace of its own, and brings loopback up there. An ordinary user gets a user namespace
/// as well, in which it may do that and capture packets (`user_namespaces(7)`); nothing is mapped into it.
///
/// Must be called before any thread starts. An error of kind `Permission` leaves the program in the network that it was in.
pub fn enter_own_network() -> Result<()> {
    let failed = |errno: Errno| Error::new("unshare", "network", io::Error::from(errno));
    // Some systems permit the namespace and nothing in it, and there is no way back.
    try_in_child().map_err(|errno| failed(errno).about(Kind::Permission))?;
    enter().map_err(failed)
}

/// Tries in a child process whether the network works.
fn try_in_child() -> rustix::io::Result<()> {
    // SAFETY: there is no other thread, and the child makes system calls alone until it ends.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let errno = enter().err().map_or(0, Errno::raw_os_error);
        // SAFETY: it takes a number and does not come back; nothing of the parent's is written twice.
        unsafe { libc::_exit(errno) }
    }
    let child = Pid::from_raw(child).filter(|_| child > 0).ok_or(Errno::AGAIN)?;
    let status = loop {
        match waitpid(Some(child), WaitOptions::empty()) {
            Err(Errno::INTR) => {}
            ended => break ended?.and_then(|(_, status)| status.exit_status()),
        }
    };
    match status {
        Some(0) => Ok(()),
        Some(errno) => Err(Errno::from_raw_os_error(errno)),
        // A system that kills for the attempt forbids it.
        None => Err(Errno::PERM),
    }
}

fn enter() -> rustix::io::Result<()> {
    unshare(UnshareFlags::NEWNET).or_else(|_| unshare(UnshareFlags::NEWUSER | UnshareFlags::NEWNET))?;
    loopback_up()
}

fn unshare(what: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: memory, descriptors and the file system are not shared, as before: the flags name namespaces only.
    unsafe { unshare_unsafe(what) }
}

/// Brings loopback up (netdevice(7)), if it is not.
fn loopback_up() -> rustix::io::Result<()> {
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
    // SAFETY: all zeroes are a valid `struct ifreq`.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (to, from) in request.ifr_name.iter_mut().zip(LOOPBACK) {
        *to = from.cast_signed();
    }
    let last = || Errno::from_io_error(&io::Error::last_os_error()).unwrap_or(Errno::PERM);
    // SAFETY: SIOCGIFFLAGS and SIOCSIFFLAGS read the name and read or write the flags of the request, which lives through both
    // calls; the first one has filled in the flags that are read between them.
    let answer = unsafe {
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS, &raw mut request) < 0 {
            return Err(last());
        }
        if request.ifr_ifru.ifru_flags & UP != 0 {
            return Ok(());
        }
        request.ifr_ifru.ifru_flags |= UP;
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS, &raw const request)
    };
    if answer < 0 { Err(last()) } else { Ok(()) }
}

#[allow(clippy::cast_possible_truncation)] // a bit of a `short`
const UP: libc::c_short = libc::IFF_UP as libc::c_short;
