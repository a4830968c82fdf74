//! The memory of a socket: `SK_MEMINFO` (`linux/sock_diag.h`). Pure. Used by its siblings.

use crate::event::table::MemoryFields;

/// `SK_MEMINFO`: an array that grew from kernel to kernel; a missing number is 0.
pub(super) fn memory(value: &[u8]) -> MemoryFields {
    let mut numbers = value.chunks_exact(4).map(|c| u32::from_ne_bytes([c[0], c[1], c[2], c[3]]));
    let mut next = || numbers.next().unwrap_or(0);
    MemoryFields {
        recv_memory: next(),
        recv_buffer: next(),
        send_memory: next(),
        send_buffer: next(),
        forward_memory: next(),
        queued_memory: next(),
        option_memory: next(),
        backlog_memory: next(),
        drops: next(),
    }
}
