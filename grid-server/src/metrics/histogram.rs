//! How often something took how long.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::exposition::Page;

/// The upper ends of the buckets: as they are written, and in microseconds.
const BOUNDS: [(&str, u64); 13] = [
    ("0.001", 1_000),
    ("0.0025", 2_500),
    ("0.005", 5_000),
    ("0.01", 10_000),
    ("0.025", 25_000),
    ("0.05", 50_000),
    ("0.1", 100_000),
    ("0.25", 250_000),
    ("0.5", 500_000),
    ("1", 1_000_000),
    ("2.5", 2_500_000),
    ("5", 5_000_000),
    ("10", 10_000_000),
];

/// Durations, counted by how long they are.
#[derive(Debug, Default)]
pub(super) struct Histogram {
    /// The last place is for what took longer than all bounds.
    counts: [AtomicU64; BOUNDS.len() + 1],
    microseconds: AtomicU64,
}

impl Histogram {
    /// Counts a duration.
    pub(super) fn record(&self, took: Duration) {
        // Rounded up, so that what lies above a bound is never counted below it.
        let microseconds = u64::try_from(took.as_nanos().div_ceil(1_000)).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|(_, bound)| microseconds <= *bound).unwrap_or(BOUNDS.len());
        if let Some(count) = self.counts.get(place) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.microseconds.fetch_add(microseconds, Ordering::Relaxed);
    }

    /// Writes the cumulative buckets, the sum and the count.
    pub(super) fn write(&self, page: &mut Page, name: &str, labels: &[(&str, &str)]) {
        let bounds = BOUNDS.iter().map(|(bound, _)| *bound).chain(["+Inf"]);
        let mut all = 0;
        for (bound, count) in bounds.zip(&self.counts) {
            all += count.load(Ordering::Relaxed);
            page.count(&format!("{name}_bucket"), &[labels, &[("le", bound)]].concat(), all);
        }
        page.seconds(&format!("{name}_sum"), labels, self.microseconds.load(Ordering::Relaxed));
        page.count(&format!("{name}_count"), labels, all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_counts_what_took_at_most_as_long() {
        let histogram = Histogram::default();
        for took in [1_000, 1_001, 99_999, 100_000, 20_000_000] {
            histogram.record(Duration::from_micros(took));
        }
        histogram.record(Duration::from_nanos(1_000_001));
        let mut page = Page::default();
        histogram.write(&mut page, "t", &[("route", "/")]);
        let text = page.into_text();
        for line in [
            "t_bucket{route=\"/\",le=\"0.001\"} 1",
            "t_bucket{route=\"/\",le=\"0.0025\"} 3",
            "t_bucket{route=\"/\",le=\"0.1\"} 5",
            "t_bucket{route=\"/\",le=\"10\"} 5",
            "t_bucket{route=\"/\",le=\"+Inf\"} 6",
            "t_sum{route=\"/\"} 20.203001",
            "t_count{route=\"/\"} 6",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
        }
    }
}
