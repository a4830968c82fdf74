//! Buffers that are used again: memory that is freed and allocated for each read is cleared by the kernel each time, which
//! costs as much as the read.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The most buffers kept.
const KEPT: usize = 4;
/// What is worth keeping: less is cheap to allocate, and more was one long line.
const SIZES: std::ops::RangeInclusive<usize> = 32 << 10..=1 << 20;

/// Buffers kept for reuse by several threads. Cheap to clone.
#[derive(Clone, Default)]
pub struct Buffers(Arc<Mutex<Vec<Vec<u8>>>>);

impl Buffers {
    /// A buffer with what it held last, or an empty one.
    #[must_use]
    pub fn take(&self) -> Vec<u8> {
        self.lock().pop().unwrap_or_default()
    }

    /// Keeps a buffer that nobody needs any more.
    pub fn give(&self, buffer: Vec<u8>) {
        let mut kept = self.lock();
        if SIZES.contains(&buffer.capacity()) && kept.len() < KEPT {
            kept.push(buffer);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_buffers_of_moderate_size_are_kept() {
        let buffers = Buffers::default();
        for size in [1, 2 << 20, 64 << 10, 64 << 10, 64 << 10, 64 << 10, 64 << 10] {
            buffers.give(Vec::with_capacity(size));
        }
        let kept = std::iter::from_fn(|| Some(buffers.take().capacity()).filter(|size| *size > 0));
        assert_eq!(kept.collect::<Vec<_>>(), [64 << 10; KEPT]);
    }
}
