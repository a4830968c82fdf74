//! The progress bar of a transfer, on a terminal's standard error.

use super::throughput::Throughput;
use crate::event::{Event, State};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Instant;

/// Redraws per second.
const RATE: u8 = 10;

/// The progress bar, shown from the beginning of a transfer to the end of the program.
#[derive(Default)]
pub(super) struct Progress {
    bar: Option<Bar>,
    /// Whether the throughput of the last seconds is drawn too.
    detail: bool,
}

impl Progress {
    pub(super) const fn new(detail: bool) -> Self {
        Self { bar: None, detail }
    }

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

    fn bar(&mut self) -> &mut Bar {
        self.bar.get_or_insert_with(|| Bar::new(self.detail))
    }

    /// Runs `print`, which prints above the bar.
    pub(super) fn suspend<R>(&self, print: impl FnOnce() -> R) -> R {
        match &self.bar {
            Some(Bar { bar, .. }) => bar.suspend(print),
            None => print(),
        }
    }
}

/// A bar with the rate, and the remaining time where the size is known.
struct Bar {
    bar: ProgressBar,
    throughput: Option<Throughput>,
}

impl Bar {
    fn new(detail: bool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(RATE));
        bar.set_style(style("{spinner} {bytes} {bytes_per_sec} in {elapsed}", detail));
        Self { bar, throughput: detail.then(|| Throughput::new(Instant::now())) }
    }

    fn show(&mut self, bytes: u64, total: Option<u64>) {
        if let (Some(total), None) = (total, self.bar.length()) {
            let template = "{wide_bar} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left";
            self.bar.set_style(style(template, self.throughput.is_some()));
            self.bar.set_length(total);
        }
        if let Some(throughput) = &mut self.throughput {
            throughput.add(bytes, Instant::now());
            self.bar.set_message(throughput.line());
        }
        self.bar.set_position(bytes);
        self.bar.tick();
    }
}

fn style(template: &str, detail: bool) -> ProgressStyle {
    let line = if detail { " {msg}" } else { "" };
    let style = ProgressStyle::with_template(&format!("{template}{line}"));
    style.unwrap_or_else(|_| ProgressStyle::default_bar())
}

impl Drop for Bar {
    fn drop(&mut self) {
        // The summary has the same figures, and the shell prompt begins on a new line.
        self.bar.finish_and_clear();
    }
}
