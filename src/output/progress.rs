//! The progress bar of a transfer, on a terminal's standard error.

use crate::event::{Event, State};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws per second.
const RATE: u8 = 10;

/// The progress bar, shown from the beginning of a transfer to the end of the program.
#[derive(Default)]
pub(super) struct Progress(Option<Bar>);

impl Progress {
    /// Updates the bar from an event; true if the event is nothing but progress.
    pub(super) fn follow(&mut self, event: &Event) -> bool {
        match event {
            // Even the shortest transfer shows the bar.
            Event::State { to: State::Established, .. } => self.bar().show(0, None),
            Event::Summary { bytes_in, bytes_out, .. } => self.bar().show(bytes_in + bytes_out, None),
            Event::Progress { bytes_in, bytes_out, total, .. } => {
                self.bar().show(bytes_in + bytes_out, *total);
                return true;
            }
            _ => {}
        }
        false
    }

    fn bar(&mut self) -> &Bar {
        self.0.get_or_insert_with(Bar::new)
    }

    /// Runs `print`, which prints above the bar.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.0 {
            Some(Bar(bar)) => bar.suspend(print),
            None => print(),
        }
    }
}

/// A bar with the rate, and the remaining time where the size is known.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(RATE));
        bar.set_style(style("{spinner} {bytes} {bytes_per_sec} in {elapsed}"));
        Self(bar)
    }

    fn show(&self, bytes: u64, total: Option<u64>) {
        if let (Some(total), None) = (total, self.0.length()) {
            self.0.set_style(style("{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left"));
            self.0.set_length(total);
        }
        self.0.set_position(bytes);
        self.0.tick();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Drop for Bar {
    fn drop(&mut self) {
        // The summary has the same figures, and the shell prompt begins on a new line.
        self.0.finish_and_clear();
    }
}
