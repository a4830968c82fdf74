//! The statistics of a repeated check for people: a line for each target; on a terminal a histogram below it.

use super::Style;
use super::sparkline::bar;
use super::units::latency;
use crate::event::report::{Bin, StatisticsRow, TimesRow};
use crate::text::sanitize;
use std::io::Write;

/// Characters of the longest bar.
const BAR: usize = 40;

/// Writes statistics under one heading.
pub(super) struct Statistics {
    style: Style,
    terminal: bool,
    /// Whether the heading was written.
    headed: bool,
}

impl Statistics {
    pub(super) const fn new(style: Style, terminal: bool) -> Self {
        Self { style, terminal, headed: false }
    }

    // Writing to memory cannot fail.
    pub(super) fn row(&mut self, row: &StatisticsRow, out: &mut Vec<u8>) {
        if !self.headed {
            self.headed = true;
            let heading = format!(
                "{:<24} {:>9} {:>5} {:>9} {:>9} {:>9} {:>9}",
                "TARGET", "OPEN", "LOSS", "MIN", "MEDIAN", "P99", "MAX"
            );
            let _ = writeln!(out, "\n{}", self.style.dim(heading));
        }
        let place = target(&row.host, row.port);
        let open = format!("{}/{}", row.open, row.tries);
        let _ = write!(out, "{place:<24} {open:>9} {:>5}", percent(row.loss));
        let figures = row.times.map(|TimesRow { min_us, median_us, p99_us, max_us }| {
            [min_us, median_us, p99_us, max_us].map(latency)
        });
        for figure in figures.unwrap_or_else(|| std::array::from_fn(|_| "-".to_owned())) {
            let _ = write!(out, " {figure:>9}");
        }
        out.push(b'\n');
        if self.terminal {
            histogram(&row.histogram, out);
        }
    }
}

/// `host:port`, made visible.
pub(super) fn target(host: &str, port: Option<u16>) -> String {
    let host = sanitize::line(host);
    match port {
        Some(port) if host.contains(':') => format!("[{host}]:{port}"),
        Some(port) => format!("{host}:{port}"),
        None => host,
    }
}

/// `0%`, `12.5%`; what is neither nothing nor all is shown as neither.
fn percent(part: f64) -> String {
    let percent = part * 100.0;
    match percent {
        _ if part > 0.0 && percent < 0.1 => "<0.1%".into(),
        _ if part < 1.0 && percent > 99.9 => ">99%".into(),
        _ if (percent - percent.round()).abs() < 0.05 => format!("{percent:.0}%"),
        _ => format!("{percent:.1}%"),
    }
}

fn histogram(bins: &[Bin], out: &mut Vec<u8>) {
    let most = bins.iter().map(|bin| bin.count).max().unwrap_or(0);
    for bin in bins {
        let (from, to) = (latency(bin.from_us), latency(bin.to_us));
        let bar = bar(bin.count, most, BAR);
        let bar = bar.trim_end();
        let _ = writeln!(out, "  {from:>9} – {to:<9} {} {}", bar, bin.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_little_loss_is_not_none() {
        let shown = [0.0, 0.0001, 0.125, 0.25, 0.9999, 1.0].map(percent);
        assert_eq!(shown, ["0%", "<0.1%", "12.5%", "25%", ">99%", "100%"]);
    }
}
