//! Another user for the whole process: passwd(5), group(5), credentials(7).
#![allow(unsafe_code)]

use super::error::{Error, Result};
use crate::event::Kind;
use rustix::io::Errno;
use std::ffi::CString;
use std::fs;
use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// Most bytes an entry of passwd(5) or group(5) may take.
const LARGEST_ENTRY: usize = 1 << 20;

/// A user and a group that the process is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// As typed.
    name: String,
    uid: u32,
    gid: u32,
}

impl User {
    /// Looks `NAME[:GROUP]` up, each a name or a number. Without GROUP it is the user's own.
    ///
    /// Fails where there is no such user or group, and for a number without an entry where no group is named.
    pub fn lookup(typed: &str) -> Result<Self> {
        let failed = |e: io::Error| Error::new("user", typed, e).about(Kind::Permission);
        let unknown = |what: &str| failed(io::Error::other(what.to_owned()));
        let (user, group) = match typed.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (typed, None),
        };
        let found = user_named(user).map_err(failed)?;
        let (uid, own) = match (found, number(user)) {
            (Some((uid, gid)), _) => (uid, Some(gid)),
            (None, Some(uid)) => (uid, user_numbered(uid).map_err(failed)?),
            (None, None) => return Err(unknown("no such user")),
        };
        let gid = match group {
            Some(group) => match group_named(group).map_err(failed)? {
                Some(gid) => gid,
                None => number(group).ok_or_else(|| unknown("no such group"))?,
            },
            None => own.ok_or_else(|| unknown("this user ID has no passwd entry; add :GROUP"))?,
        };
        Ok(Self { name: typed.to_owned(), uid, gid })
    }

    /// As typed.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Gives every thread of the process this user and group and no supplementary group, for good; checks all of it.
    pub fn assume(&self) -> Result<()> {
        self.change()
            .and_then(|()| self.check())
            .map_err(|e| Error::new("user", &self.name, e).about(Kind::Permission))
    }

    fn change(&self) -> io::Result<()> {
        if !rustix::process::geteuid().is_root() {
            return Err(Errno::PERM.into());
        }
        let (uid, gid) = (self.uid, self.gid);
        // SAFETY: the calls take integers and an empty list. The C library makes each of them in every thread (setuid(2),
        // nptl(7)), which the system calls alone do not.
        unsafe {
            done(libc::setgroups(0, ptr::null()))?;
            done(libc::setresgid(gid, gid, gid))?;
            done(libc::setresuid(uid, uid, uid))
        }
    }

    fn check(&self) -> io::Result<()> {
        let kept = |what: &str| Err(io::Error::other(format!("{what} is kept")));
        if uids()? != [self.uid; 3] || gids()? != [self.gid; 3] {
            return kept("another user or group");
        }
        // SAFETY: a size of 0 asks for the number of groups and writes nothing.
        if unsafe { libc::getgroups(0, ptr::null_mut()) } != 0 {
            return kept("a supplementary group");
        }
        // SAFETY: the call takes an integer; it must fail.
        if self.uid != 0 && unsafe { libc::setuid(0) } == 0 {
            return kept("the way back to root");
        }
        // Without /proc the results of the C library are relied on.
        let threads = fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let mut statuses = threads.filter_map(|thread| fs::read_to_string(thread.path().join("status")).ok());
        statuses.find_map(|status| self.kept_by(&status)).map_or(Ok(()), kept)
    }

    /// What a thread with this `/proc/PID/status` still has that it should not.
    fn kept_by(&self, status: &str) -> Option<&'static str> {
        let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let all = |name: &str, id: u32| {
            let id = id.to_string();
            value(name).is_none_or(|ids| ids.split_whitespace().all(|one| one == id))
        };
        let none = |name: &str| value(name).is_none_or(|set| set.trim_start_matches('0').is_empty());
        if !all("Uid:", self.uid) || !all("Gid:", self.gid) {
            return Some("a thread has another user or group");
        }
        if !none("Groups:") {
            return Some("a thread has a supplementary group");
        }
        (self.uid != 0 && !(none("CapPrm:") && none("CapEff:"))).then_some("a thread has a capability")
    }
}

fn done(answer: libc::c_int) -> io::Result<()> {
    if answer == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Real, effective and saved.
fn uids() -> io::Result<[u32; 3]> {
    let [mut real, mut effective, mut saved] = [0; 3];
    // SAFETY: each pointer is to an integer of ours.
    done(unsafe { libc::getresuid(&raw mut real, &raw mut effective, &raw mut saved) })?;
    Ok([real, effective, saved])
}

fn gids() -> io::Result<[u32; 3]> {
    let [mut real, mut effective, mut saved] = [0; 3];
    // SAFETY: as above.
    done(unsafe { libc::getresgid(&raw mut real, &raw mut effective, &raw mut saved) })?;
    Ok([real, effective, saved])
}

/// A number as an id. The largest means "unchanged" to the kernel (setresuid(2)).
fn number(word: &str) -> Option<u32> {
    word.parse().ok().filter(|id| *id != u32::MAX)
}

fn user_named(name: &str) -> io::Result<Option<(u32, u32)>> {
    let name = CString::new(name)?;
    // SAFETY: getpwnam_r(3): the name ends with 0, the entry and the buffer are ours and as long as said.
    let entry = entry(|entry, buffer, found| unsafe {
        libc::getpwnam_r(name.as_ptr(), entry, buffer.as_mut_ptr(), buffer.len(), found)
    })?;
    Ok(entry.map(|entry: libc::passwd| (entry.pw_uid, entry.pw_gid)))
}

/// The group of a user.
fn user_numbered(uid: u32) -> io::Result<Option<u32>> {
    // SAFETY: as above.
    let entry = entry(|entry, buffer, found| unsafe {
        libc::getpwuid_r(uid, entry, buffer.as_mut_ptr(), buffer.len(), found)
    })?;
    Ok(entry.map(|entry: libc::passwd| entry.pw_gid))
}

fn group_named(name: &str) -> io::Result<Option<u32>> {
    let name = CString::new(name)?;
    // SAFETY: as above.
    let entry = entry(|entry, buffer, found| unsafe {
        libc::getgrnam_r(name.as_ptr(), entry, buffer.as_mut_ptr(), buffer.len(), found)
    })?;
    Ok(entry.map(|entry: libc::group| entry.gr_gid))
}

/// Asks with a buffer that grows until the entry fits. The numbers in the entry stay valid, its texts do not.
fn entry<T: Copy>(
    ask: impl Fn(*mut T, &mut [libc::c_char], *mut *mut T) -> libc::c_int,
) -> io::Result<Option<T>> {
    let mut buffer: Vec<libc::c_char> = vec![0; 1024];
    loop {
        let mut entry = MaybeUninit::<T>::uninit();
        let mut found = ptr::null_mut();
        match ask(entry.as_mut_ptr(), &mut buffer, &raw mut found) {
            // Some sources of names say so that there is none (getpwnam(3)).
            0 | libc::ENOENT | libc::ESRCH if found.is_null() => return Ok(None),
            // SAFETY: the call filled the entry, to which it points `found`.
            0 => return Ok(Some(unsafe { *found })),
            libc::EINTR => {}
            libc::ERANGE if buffer.len() < LARGEST_ENTRY => buffer.resize(buffer.len() * 2, 0),
            errno => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_and_groups_are_names_or_numbers() {
        let ids =
            |typed: &str| User::lookup(typed).map(|user| (user.uid, user.gid)).map_err(|e| e.to_string());
        assert_eq!(ids("root"), Ok((0, 0)));
        assert_eq!(ids("0"), Ok((0, 0)));
        assert_eq!(ids("root:12345"), Ok((0, 12345)));
        assert_eq!(ids("4000000000:0"), Ok((4_000_000_000, 0)));
        assert_eq!(ids("no-such-user"), Err("user no-such-user: no such user".to_owned()));
        assert_eq!(ids("root:no-such-group"), Err("user root:no-such-group: no such group".to_owned()));
        assert!(ids("4000000000").unwrap_err().contains("add :GROUP"));
        assert!(ids("4294967295:0").is_err(), "-1 changes nothing");
    }

    #[test]
    fn what_a_thread_keeps_is_seen() {
        let user = User { name: "x".to_owned(), uid: 7, gid: 8 };
        let status = "Name:\tx\nUid:\t7\t7\t7\t7\nGid:\t8\t8\t8\t8\nGroups:\t \nCapPrm:\t0000000000000000\nCapEff:\t00\n";
        assert_eq!(user.kept_by(status), None);
        for (from, to) in [
            ("Uid:\t7\t7", "Uid:\t0\t7"),
            ("Gid:\t8\t8", "Gid:\t0\t8"),
            ("Groups:\t", "Groups:\t27"),
            ("CapEff:\t00", "CapEff:\t01"),
        ] {
            assert!(user.kept_by(&status.replace(from, to)).is_some(), "{to}");
        }
    }
}
