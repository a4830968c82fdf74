//! What the sections fill in and `main` prints: one row for one piece of work beside one peer.

use std::fmt::Write as _;

/// What a row is held against.
#[derive(Clone, Copy)]
pub enum Goal {
    /// The ratio is to reach this.
    AtLeast(f64),
    /// The ratio is not to pass this.
    AtMost(f64),
}

/// Our figure over the peer's, over all pairs of a run.
#[derive(Clone, Copy)]
pub struct Ratio {
    median: f64,
    low: f64,
    high: f64,
}

impl Ratio {
    /// From pairs (ours, peer's) measured one after the other; `None` without pairs.
    pub fn of(pairs: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        let mut ratios: Vec<f64> = pairs.into_iter().map(|(ours, peer)| ours / peer).collect();
        ratios.sort_by(f64::total_cmp);
        let (low, high) = (*ratios.first()?, *ratios.last()?);
        Some(Self { median: median(&ratios)?, low, high })
    }
}

/// The middle value, or the mean of the two in the middle; `None` of nothing.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    let lower = sorted[(sorted.len() - 1) / 2];
    Some(f64::midpoint(lower, upper))
}

/// The rows of a run, in the order they were measured.
#[derive(Default)]
pub struct Table {
    rows: Vec<[String; 6]>,
}

impl Table {
    /// A measured row: both figures as text, and how they compare.
    pub fn compare(&mut self, work: &str, ours: String, peer: String, ratio: Option<Ratio>, goal: Goal) {
        let shown =
            ratio.map_or_else(String::new, |r| format!("{:.2} ({:.2}–{:.2})", r.median, r.low, r.high));
        let (wanted, met) = match goal {
            Goal::AtLeast(bound) => (format!("≥ {bound}"), ratio.map(|r| r.median >= bound)),
            Goal::AtMost(bound) => (format!("≤ {bound}"), ratio.map(|r| r.median <= bound)),
        };
        let verdict = match met {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        };
        self.rows.push([work.to_owned(), ours, peer, shown, wanted, verdict.to_owned()]);
    }

    /// A row that could not be measured, and why.
    pub fn skip(&mut self, work: &str, why: &str) {
        self.rows.push([
            work.to_owned(),
            String::new(),
            format!("skipped: {why}"),
            String::new(),
            String::new(),
            String::new(),
        ]);
    }

    /// A row whose measurement went wrong, and how.
    pub fn fail(&mut self, work: &str, error: &anyhow::Error) {
        self.rows.push([
            work.to_owned(),
            format!("failed: {error:#}"),
            String::new(),
            String::new(),
            String::new(),
            "NO".to_owned(),
        ]);
    }

    /// The whole as an aligned Markdown table.
    pub fn render(&self) -> String {
        let head =
            ["work", "ours", "peer", "ratio (median of pairs, range)", "goal", "met?"].map(str::to_owned);
        let mut widths = head.clone().map(|title| title.chars().count());
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        let rule = widths.map(|width| "-".repeat(width));
        let mut text = String::new();
        for row in [&head, &rule].into_iter().chain(&self.rows) {
            for (cell, width) in row.iter().zip(widths) {
                let _ = write!(text, "| {cell:width$} ");
            }
            text.push_str("|\n");
        }
        text
    }
}
