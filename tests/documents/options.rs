//! The names socket options bear in events.

use soquete::sys::options::SocketOption;
use std::collections::BTreeSet;
use std::time::Duration;

/// Lists one of each option; one left out does not compile.
macro_rules! one_of_each {
    ($($option:ident($value:expr))*) => {{
        const _: fn(&SocketOption) = |one| match one { $(SocketOption::$option(_) => (),)* };
        [$(SocketOption::$option($value)),*]
    }};
}

/// Every name; `backlog` is listen(2)'s argument and no option to the kernel.
pub fn names() -> BTreeSet<String> {
    let options = one_of_each! {
        ReuseAddr(true) ReusePort(true) V6Only(true) NoDelay(true) Keepalive(true) FreeBind(true) Broadcast(true)
        Multipath(true)
        KeepIdle(Duration::ZERO) KeepInterval(Duration::ZERO) UserTimeout(Duration::ZERO)
        KeepCount(0) Linger(0) SendBuffer(0) ReceiveBuffer(0) Ttl(0) Tos(0) Mss(0) Mark(0) UnsentLow(0) MulticastTtl(0)
        Congestion(String::new()) Device(String::new())
    };
    options.iter().map(|o| o.name().to_owned()).chain(["backlog".to_owned()]).collect()
}
