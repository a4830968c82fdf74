//! Sandboxes that refuse system calls, as those of containers do: the programs started in one are in it too.
#![allow(unsafe_code)]

use libc::sock_filter;

/// Runs something where the kernel's socket table cannot be asked: socket(2) for netlink is EPERM.
pub fn in_sandbox<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    without_argument(libc::SYS_socket, 0, libc::AF_NETLINK.into(), run)
}

/// Runs something where a system call with this argument, by its position, is EPERM.
pub fn without_argument<T: Send>(
    call: libc::c_long,
    position: i64,
    argument: i64,
    run: impl FnOnce() -> T + Send,
) -> T {
    let program = [
        op(LOAD, 0, 0, 0),
        op(EQUAL, 0, 3, call),
        op(LOAD, 0, 0, 16 + 8 * position),
        op(EQUAL, 0, 1, argument),
        refuse(libc::EPERM),
        op(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW.into()),
    ];
    behind(&program, run)
}

/// Runs something where these system calls are refused with `errno`.
pub fn without_calls<T: Send>(calls: &[libc::c_long], errno: i32, run: impl FnOnce() -> T + Send) -> T {
    let mut program = vec![op(LOAD, 0, 0, 0)];
    for &call in calls {
        program.extend([op(EQUAL, 0, 1, call), refuse(errno)]);
    }
    program.push(op(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW.into()));
    behind(&program, run)
}

const LOAD: u32 = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
const EQUAL: u32 = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
const RETURN: u32 = libc::BPF_RET;

fn op(code: u32, jt: u8, jf: u8, k: i64) -> sock_filter {
    sock_filter { code: code.try_into().unwrap(), jt, jf, k: k.try_into().unwrap() }
}

fn refuse(errno: i32) -> sock_filter {
    op(RETURN, 0, 0, i64::from(libc::SECCOMP_RET_ERRNO) | i64::from(errno))
}

/// Runs something in a thread of its own under this seccomp(2) filter.
fn behind<T: Send>(program: &[sock_filter], run: impl FnOnce() -> T + Send) -> T {
    let run = || {
        confine(&mut program.to_vec());
        run()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

fn confine(program: &mut [sock_filter]) {
    let len = program.len().try_into().unwrap();
    let program = libc::sock_fprog { len, filter: program.as_mut_ptr() };
    // SAFETY: both calls take integers and, the second, a program that outlives it.
    let answers = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program),
        ]
    };
    assert_eq!(answers, [0, 0], "{}", std::io::Error::last_os_error());
}
