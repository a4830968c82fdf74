//! What a program prints, collected by a thread while a test waits for parts of it.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The bytes of one stream so far.
#[derive(Clone, Default)]
pub struct Collected(Arc<Shared>);

#[derive(Default)]
struct Shared {
    so_far: Mutex<SoFar>,
    grew: Condvar,
}

#[derive(Default)]
struct SoFar {
    bytes: Vec<u8>,
    over: bool,
}

/// Why waiting for a stream ended without what was waited for.
#[derive(Debug)]
pub enum Missing {
    /// The stream ended.
    End,
    /// The deadline passed.
    Late,
}

impl Collected {
    /// A stream that has nothing and ended.
    pub fn nothing() -> Self {
        let collected = Self::default();
        collected.lock().over = true;
        collected
    }

    /// Reads `from` to its end, in a thread.
    pub fn start(mut from: impl Read + Send + 'static) -> Self {
        let collected = Self::default();
        let shared = collected.clone();
        std::thread::spawn(move || {
            let mut buffer = vec![0; 1 << 16];
            // A terminal whose other side is gone answers EIO: an end as well.
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                shared.lock().bytes.extend_from_slice(&buffer[..n]);
                shared.0.grew.notify_all();
            }
            shared.lock().over = true;
            shared.0.grew.notify_all();
        });
        collected
    }

    /// Everything so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// Waits until `found` finds something in what has come so far.
    pub fn wait<T>(
        &self,
        deadline: Instant,
        mut found: impl FnMut(&[u8]) -> Option<T>,
    ) -> Result<T, Missing> {
        let mut so_far = self.lock();
        loop {
            if let Some(it) = found(&so_far.bytes) {
                return Ok(it);
            }
            if so_far.over {
                return Err(Missing::End);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(Missing::Late);
            }
            so_far = self.0.grew.wait_timeout(so_far, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits for the end of the stream.
    pub fn wait_end(&self, deadline: Instant) -> Result<Vec<u8>, Missing> {
        match self.wait(deadline, |_| None::<()>) {
            Err(Missing::Late) => Err(Missing::Late),
            _ => Ok(self.bytes()),
        }
    }

    fn lock(&self) -> MutexGuard<'_, SoFar> {
        self.0.so_far.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
