//! Readings that have come since a model learnt, held against what it would have said of them.

use jiff::{ToSpan, tz::TimeZone};

use super::{
    Anomaly, AnomalyKind, Error, Fit, Fitted, Forecast, History, IntervalWatch, Model, Predict, Site,
    clear_sky, quantiles_of_levels, real, silent_panel, standby_changes,
};

/// The last days of what was learnt from, in which a watch sees how far readings stray: as many as twelve false alarms a
/// year take, and a week for gaps.
const WATCHED_DAYS: i32 = 68;

/// What to look for.
#[derive(Clone, Debug)]
pub struct AnomalySearch {
    /// The interval that readings are held against, in percent.
    pub level: u8,
    /// How many false alarms a year are borne: [`IntervalWatch`]. Below twelve takes a longer past than is looked at.
    pub false_alarms_per_year: f64,
    /// Where the panel is, if the readings are what one generates: [`silent_panel`].
    pub panel: Option<Site>,
    /// The zone of the local clock.
    pub zone: TimeZone,
}

impl AnomalySearch {
    /// Finds what is not as it should be in `later`, the readings that came after those that `fitted` has learnt from, in order
    /// of time.
    ///
    /// How far readings stray from their intervals is seen in the last 68 days before, which should be in order, or mostly: the
    /// `model` learns anew from what came before those days, and forecasts each of them. Then `fitted` forecasts the days
    /// of `later`, each with what was known at its start. Changes of the standby load are sought besides where there are
    /// nights enough, and silence of a panel.
    ///
    /// ```
    /// use grid_core::forecast::{AnomalyKind, AnomalySearch, Fit, History, Model};
    /// use jiff::{civil::date, tz::TimeZone};
    ///
    /// let noise = |hour: u32| f64::from(hour.wrapping_mul(hour).wrapping_mul(2_654_435_761) >> 16) / 65_536.0;
    /// let kwh = |hour: u32| 2.0 + f64::from(hour % 24 / 6) + noise(hour);
    /// let past = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, (0..24 * 90).map(kwh).collect())?;
    /// let mut values: Vec<f64> = (24 * 90..24 * 92).map(kwh).collect();
    /// values[30] = 40.0; // on the second day
    /// let later = History::new(past.end(), 60, values)?;
    /// let model = Model::SeasonalNaiveDay;
    /// let search = AnomalySearch { level: 80, false_alarms_per_year: 12.0, panel: None, zone: TimeZone::UTC };
    /// let found = search.run(&model, &model.fit(&past)?, &later)?;
    /// assert_eq!((found.len(), found[0].kind), (1, AnomalyKind::Above));
    /// assert_eq!(found[0].start, date(2026, 4, 2).at(6, 0, 0, 0));
    /// # Ok::<(), grid_core::forecast::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`History::extended_by`], of the model, and of [`IntervalWatch::learn`] where the past is too short: with 68 days and what
    /// the model needs before them it is not.
    pub fn run(&self, model: &Model, fitted: &Fitted, later: &History) -> Result<Vec<Anomaly>, Error> {
        let past = fitted.history();
        let since = past.end();
        let known = past.extended_by(later)?;
        let quantiles = quantiles_of_levels(&[self.level])?;

        if past.days() <= f64::from(WATCHED_DAYS) {
            let need = f64::from(WATCHED_DAYS) * real(past.slots_per_day()) + 1.0;
            return Err(Error::TooFewReadings { need, got: past.values().len() });
        }
        let from = since.checked_sub(WATCHED_DAYS.days()).map_err(|_| Error::OutOfRange)?;
        let earlier = model.fit(&past.before(from, u32::MAX))?;
        let said = day_by_day(earlier, past, &quantiles)?;
        let watch = IntervalWatch::learn(past, &said, self.level, self.false_alarms_per_year)?;

        let mut found = watch.anomalies(&known, &day_by_day(fitted.clone(), &known, &quantiles)?)?;
        match standby_changes(&known) {
            Ok(changes) => found.extend(changes),
            Err(Error::TooFewNights { .. }) => {}
            Err(error) => return Err(error),
        }
        if let Some(site) = self.panel {
            let slots = known.values().len();
            let sun = clear_sky(site, &self.zone, known.start(), known.step_minutes(), slots)?;
            found.extend(silent_panel(&known, &sun, &[])?);
        }
        found.retain(|anomaly| anomaly.end > since);
        found.sort_by_key(|anomaly| (anomaly.start, anomaly.end));
        Ok(found)
    }
}

/// The forecast of each day from the end of what was learnt from to the end of `known`, with what was known at its start.
fn day_by_day(mut fitted: Fitted, known: &History, quantiles: &[f64]) -> Result<Vec<Forecast>, Error> {
    let mut forecasts = Vec::new();
    let mut origin = fitted.history().end();
    // Of what is known ahead, more is known now than when the model learnt.
    fitted.update(&known.before(origin, u32::MAX))?;
    loop {
        let left = known.values().len().saturating_sub(fitted.history().values().len());
        if left == 0 {
            return Ok(forecasts);
        }
        forecasts.push(fitted.predict(left.min(known.slots_per_day()), quantiles)?);
        origin = origin.checked_add(1.day()).map_err(|_| Error::OutOfRange)?;
        fitted.update(&known.before(origin, u32::MAX))?;
    }
}

impl AnomalyKind {
    /// Its name in tables and documents.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
            Self::StandbyChange => "standby_change",
            Self::PanelSilent => "panel_silent",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const MODEL: Model = Model::SeasonalNaiveDay;

    fn search() -> AnomalySearch {
        AnomalySearch { level: 80, false_alarms_per_year: 12.0, panel: None, zone: TimeZone::UTC }
    }

    fn hours(range: std::ops::Range<u32>, value: impl Fn(u32) -> f64) -> History {
        let start = date(2026, 4, 1).at(0, 0, 0, 0) + i64::from(range.start).hours();
        History::new(start, 60, range.map(value).collect()).unwrap()
    }

    fn usual(hour: u32) -> f64 {
        2.0 + f64::from(hour % 24 / 6)
            + f64::from(hour.wrapping_mul(hour).wrapping_mul(2_654_435_761) >> 16) / 65_536.0
    }

    #[test]
    fn usual_readings_are_in_order_and_those_before_are_not_looked_at() {
        // An outlier in what was learnt from is nobody's concern any more.
        for outlier in [None, Some(24 * 80)] {
            let past = hours(0..24 * 90, |hour| if Some(hour) == outlier { 40.0 } else { usual(hour) });
            let later = hours(24 * 90..24 * 95, usual);
            assert_eq!(search().run(&MODEL, &MODEL.fit(&past).unwrap(), &later).unwrap(), []);
        }
    }

    #[test]
    fn a_part_of_a_day_is_looked_at_too() {
        let past = hours(0..24 * 90, usual);
        let later = hours(24 * 90..24 * 90 + 7, |hour| if hour == 24 * 90 + 6 { 0.0 } else { usual(hour) });
        let found = search().run(&MODEL, &MODEL.fit(&past).unwrap(), &later).unwrap();
        assert_eq!(found.iter().map(|anomaly| anomaly.kind).collect::<Vec<_>>(), [AnomalyKind::Below]);
    }

    #[test]
    fn a_silent_panel_is_found_where_the_site_is_known() {
        let site = Site::new(40.4, -3.7).unwrap();
        let (start, zone) = (date(2026, 4, 1).at(0, 0, 0, 0), TimeZone::UTC);
        let sun = clear_sky(site, &zone, start, 60, 24 * 100).unwrap();
        let kwh = |hour: u32| 0.004 * sun[usize::try_from(hour).unwrap()];
        let past = hours(0..24 * 90, kwh);
        let later = hours(24 * 90..24 * 92, |hour| if hour < 24 * 91 { 0.0 } else { kwh(hour) });
        let with_panel = AnomalySearch { panel: Some(site), ..search() };
        let found = with_panel.run(&MODEL, &MODEL.fit(&past).unwrap(), &later).unwrap();
        let silent: Vec<_> =
            found.iter().filter(|anomaly| anomaly.kind == AnomalyKind::PanelSilent).collect();
        assert_eq!(silent.len(), 1);
        assert_eq!(silent[0].start.date(), date(2026, 6, 30));
    }

    #[test]
    fn a_past_too_short_to_know_what_is_usual_is_said() {
        let past = hours(0..24 * 40, usual);
        let refused = search().run(&MODEL, &MODEL.fit(&past).unwrap(), &hours(24 * 40..24 * 41, usual));
        assert!(matches!(refused, Err(Error::TooFewReadings { got: 960, .. })));
    }
}
