//! The progress bar of a transfer, on a terminal's standard error.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws a second.
const RATE: u8 = 10;

/// A bar with rate, and remaining time where the size is known.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(RATE));
        bar.set_style(style("{spinner} {bytes} {bytes_per_sec} in {elapsed}"));
        Self(bar)
    }

    pub(super) fn show(&self, bytes: u64, total: Option<u64>) {
        if let (Some(total), None) = (total, self.0.length()) {
            self.0.set_style(style("{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"));
            self.0.set_length(total);
        }
        self.0.set_position(bytes);
        self.0.tick();
    }

    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        self.0.suspend(print)
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Drop for Bar {
    fn drop(&mut self) {
        // The summary before it says the same in words, and what is typed next begins on a line of its own.
        self.0.finish_and_clear();
    }
}
