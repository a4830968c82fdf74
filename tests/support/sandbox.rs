//! A sandbox that refuses `sock_diag`, as some containers do.
#![allow(unsafe_code)]

/// Refuses socket(2) for netlink to this thread and to what it starts.
fn refuse_netlink() {
    let op = |code: u32, jt, jf, k| libc::sock_filter { code: code.try_into().unwrap(), jt, jf, k };
    let load = libc::BPF_LD | libc::BPF_W | libc::BPF_ABS;
    let equal = libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K;
    let mut program = [
        op(load, 0, 0, 0),
        op(equal, 0, 3, libc::SYS_socket.try_into().unwrap()),
        op(load, 0, 0, 16),
        op(equal, 0, 1, libc::AF_NETLINK.try_into().unwrap()),
        op(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ERRNO | 1), // EPERM
        op(libc::BPF_RET, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: 6, filter: program.as_mut_ptr() };
    // SAFETY: both calls take integers and, the second, a program that outlives it.
    let answers = unsafe {
        [
            libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0),
            libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program),
        ]
    };
    assert_eq!(answers, [0, 0], "{}", std::io::Error::last_os_error());
}

/// Runs something where the kernel's socket table cannot be asked.
pub fn in_sandbox<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    let run = || {
        refuse_netlink();
        run()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}
