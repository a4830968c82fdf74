//! What to do about an error: one short advice where there is a usual one.

/// The advice for an operation that failed with `errno` on `on`.
pub(super) fn advice(op: &str, on: &str, errno: Option<i32>) -> Option<&'static str> {
    Some(match (op, errno?) {
        ("bind", libc::EACCES) if is_privileged(on) => {
            "ports below 1024 need root or CAP_NET_BIND_SERVICE; take one from 1024 on"
        }
        ("socket for", libc::EPERM | libc::EACCES) if on == "packets" => {
            "it needs CAP_NET_RAW: setcap cap_net_raw+ep FILE, --cap-add NET_RAW for a container, or the demo, which needs nothing"
        }
        ("bind", libc::EADDRINUSE) if on.starts_with("unix:") => "another socket has that name",
        ("bind", libc::EADDRINUSE) => "another socket has that port; take another, or 0 for a free one",
        ("option", libc::EPROTONOSUPPORT | libc::ENOPROTOOPT) if on.starts_with("mptcp") => {
            "Multipath TCP is of internet addresses, a kernel that has it, and net.mptcp.enabled = 1"
        }
        ("bind", libc::EADDRNOTAVAIL) if !on.starts_with("vsock:") => {
            "this machine has no such address; --freebind takes it all the same"
        }
        ("option", libc::EPERM | libc::EACCES) => "it needs root or a capability such as CAP_NET_ADMIN",
        ("option", libc::ENOENT) if on.starts_with("congestion") => {
            "/proc/sys/net/ipv4/tcp_available_congestion_control lists what there is"
        }
        ("join", libc::ENODEV) => "no route leads to it; name an interface: GROUP%IFACE",
        ("connect", libc::EACCES) if on.starts_with("unix:") => {
            "connecting needs write permission for the socket, and search permission for its directories"
        }
        ("connect" | "send", libc::EACCES) => {
            "a route or policy of this machine forbids it; datagrams to a broadcast address need --broadcast"
        }
        ("bind", libc::ENOENT) if on.starts_with("unix:") => "its directory does not exist",
        ("bind" | "connect", libc::ENAMETOOLONG) => "a path has 107 bytes at most (unix(7))",
        ("connect", libc::ENOENT | libc::ENOTDIR) if on.starts_with("unix:") => "nobody listens at that path",
        ("connect", libc::EPROTOTYPE) => "the socket there is of another type, such as one of datagrams",
        ("option" | "interface", libc::ENODEV) => "`ip link` lists the interfaces",
        ("option", libc::ENOPROTOOPT | libc::EOPNOTSUPP) => "this kind of socket has no such option",
        ("open" | "run", libc::ENOENT) => "check the path",
        ("user", libc::EPERM) => "only root may become another user",
        ("open", libc::EBADF) if on.starts_with("--") => {
            "nothing to be written to was passed on by that number; a shell does it so: 3>FILE"
        }
        (_, libc::EMFILE) => "raise the limit on open files (ulimit -n)",
        _ => return None,
    })
}

fn is_privileged(address: &str) -> bool {
    address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).is_some_and(|port| port < 1024)
}
