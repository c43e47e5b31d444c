//! Days of a home battery, and how far their hours can be trusted.

use super::home_interval::HomeInterval;
use super::home_storage::HomeStorageOptions;
use super::log::Recording;
use super::numeric::at;
use crate::series::Quality;

/// Hours of a recording by how far they can be trusted, in the words of [`Quality`].
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct QualityHours {
    /// Rows at the usual interval.
    pub measured_h: f64,
    /// Longer intervals, or rows missing inside, bridged by a straight line.
    pub estimated_h: f64,
    /// Gaps beyond six usual intervals: not counted in any energy.
    pub missing_h: f64,
}

impl QualityHours {
    fn add(&mut self, interval: &HomeInterval) {
        *match interval.quality {
            Quality::Measured => &mut self.measured_h,
            Quality::Estimated | Quality::Substituted => &mut self.estimated_h,
            Quality::Missing => &mut self.missing_h,
        } += interval.hours;
    }

    /// The share of the hours that is known: measured or estimated.
    pub fn completeness(&self) -> f64 {
        let known = self.measured_h + self.estimated_h;
        known / (known + self.missing_h)
    }

    /// The worst quality among the hours: that of the whole.
    pub fn worst(&self) -> Quality {
        if self.missing_h > 0.0 {
            Quality::Missing
        } else if self.estimated_h > 0.0 {
            Quality::Estimated
        } else {
            Quality::Measured
        }
    }
}

/// One day of a home battery.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct HomeDay {
    /// The day from 0, the first row's own.
    pub day: i64,
    /// Its date by the recording's clock, as in `2024-03-31`; `None` where it has no clock.
    pub date: Option<String>,
    /// Charged, in Wh.
    pub charge_wh: f64,
    /// Discharged, in Wh.
    pub discharge_wh: f64,
    /// The share of its known hours in which the battery was full; `None` without a state of charge.
    pub full_share: Option<f64>,
    /// The share in which it was empty.
    pub empty_share: Option<f64>,
    /// How far its hours can be trusted.
    pub quality: QualityHours,
}

/// What adds up over a day.
#[derive(Clone, Copy, Default)]
pub(super) struct Day {
    pub(super) charge_wh: f64,
    pub(super) discharge_wh: f64,
    pub(super) soc_h: f64,
    pub(super) full_h: f64,
    pub(super) empty_h: f64,
    pub(super) quality: QualityHours,
}

impl Day {
    pub(super) fn add(&mut self, interval: &HomeInterval, options: HomeStorageOptions) {
        self.charge_wh += interval.charge_wh;
        self.discharge_wh += interval.discharge_wh;
        self.quality.add(interval);
        if let Some(soc) = interval.from_soc.or(interval.to_soc) {
            self.soc_h += interval.hours;
            self.full_h += if soc >= options.full_at { interval.hours } else { 0.0 };
            self.empty_h += if soc <= options.empty_at { interval.hours } else { 0.0 };
        }
    }

    pub(super) fn share(&self, hours: f64) -> Option<f64> {
        (self.soc_h > 0.0).then(|| hours / self.soc_h)
    }
}

const DAY_S: f64 = 86_400.0;

/// The days of a recording, by its own clock; without one, a day is 24 hours from the first row.
///
/// An interval belongs to the day in which it starts.
pub(super) fn days(
    recording: &Recording,
    intervals: &[HomeInterval],
    options: HomeStorageOptions,
) -> Vec<HomeDay> {
    let since_midnight = recording.started_at.map_or(0.0, |clock| {
        let time = clock.time();
        f64::from(time.hour()) * 3600.0 + f64::from(time.minute()) * 60.0 + f64::from(time.second())
    });
    let begin = at(&recording.time_s, 0) - since_midnight;
    let mut days: Vec<(i64, Day)> = Vec::new();
    for interval in intervals {
        #[expect(
            clippy::as_conversions,
            clippy::cast_possible_truncation,
            reason = "days of a recording, rounded down; a cast saturates"
        )]
        let day = ((interval.start_s - begin) / DAY_S).floor() as i64;
        match days.last_mut() {
            Some((last, sum)) if *last == day => sum.add(interval, options),
            _ => {
                let mut sum = Day::default();
                sum.add(interval, options);
                days.push((day, sum));
            }
        }
    }
    let date = |day: i64| {
        let start = recording.started_at?.date();
        Some(start.checked_add(jiff::Span::new().try_days(day).ok()?).ok()?.to_string())
    };
    days.into_iter()
        .map(|(day, sum)| HomeDay {
            day,
            date: date(day),
            charge_wh: sum.charge_wh,
            discharge_wh: sum.discharge_wh,
            full_share: sum.share(sum.full_h),
            empty_share: sum.share(sum.empty_h),
            quality: sum.quality,
        })
        .collect()
}
