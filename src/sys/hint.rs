//! What to do about an error: one short advice where there is a usual one.

/// The advice for an operation that failed with `errno` on `on`.
pub(super) fn advice(op: &str, on: &str, errno: Option<i32>) -> Option<&'static str> {
    Some(match (op, errno?) {
        ("bind", libc::EACCES) if is_privileged(on) => {
            "ports below 1024 need root or CAP_NET_BIND_SERVICE; use a port from 1024 on"
        }
        ("socket for", libc::EPERM | libc::EACCES) if on == "packets" => {
            "capturing needs CAP_NET_RAW: setcap cap_net_raw+ep FILE, or --cap-add NET_RAW for a container; the demo needs no privileges"
        }
        ("bind", libc::EADDRINUSE) if on.starts_with("unix:") => "another socket uses that name",
        ("bind", libc::EADDRINUSE) => "another socket uses that port; choose another, or 0 for a free one",
        ("option", libc::EPROTONOSUPPORT | libc::ENOPROTOOPT) if on.starts_with("mptcp") => {
            "Multipath TCP needs internet addresses, a kernel that supports it, and net.mptcp.enabled = 1"
        }
        ("bind", libc::EADDRNOTAVAIL) if !on.starts_with("vsock:") => {
            "this machine has no such address; --freebind binds it anyway"
        }
        ("option", libc::EPERM | libc::EACCES) => "it needs root or a capability such as CAP_NET_ADMIN",
        ("option", libc::ENOENT) if on.starts_with("congestion") => {
            "/proc/sys/net/ipv4/tcp_available_congestion_control lists the algorithms"
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
        ("connect", libc::ENOENT | libc::ENOTDIR) if on.starts_with("unix:") => {
            "no socket listens at that path"
        }
        ("connect", libc::EPROTOTYPE) => "the socket at that path is of another type, such as datagrams",
        ("option" | "interface", libc::ENODEV) => "`ip link` lists the interfaces",
        ("option", libc::ENOPROTOOPT | libc::EOPNOTSUPP) => "this type of socket does not support the option",
        ("open" | "run", libc::ENOENT) => "check the path",
        ("user", libc::EPERM) => "only root may switch to another user",
        ("open", libc::EBADF) if on.starts_with("--") => {
            "no writable descriptor of that number was inherited; a shell passes one with 3>FILE"
        }
        (_, libc::EMFILE) => "raise the limit on open files (ulimit -n)",
        _ => return None,
    })
}

fn is_privileged(address: &str) -> bool {
    address.rsplit_once(':').and_then(|(_, port)| port.parse::<u16>().ok()).is_some_and(|port| port < 1024)
}
