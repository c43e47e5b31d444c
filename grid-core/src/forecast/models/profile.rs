//! What to expect of a meter of which hardly anything is known.

use serde::{Deserialize, Serialize};

use crate::forecast::{
    Error, Fit, Fitted, History,
    features::Past,
    learnt::{Learnt, Outlook},
    limits::Limits,
    normal::normal_quantile,
    real,
    state::State,
};

const NAME: &str = "profile";
/// Half a day of hours: as many readings count as much as the guess that a reading is off by its level.
const GUESSED_READINGS: f64 = 12.0;

/// A daily profile at the level of what is known, for the first hours of a meter.
///
/// Without a shape, a time of day is expected to be as it was, and, where it was never seen, at the mean of all that was.
/// With one, such as a supplier's standard profile, the shape is scaled to what is known. Either way the time of day's own
/// readings count beside one reading of the profile.
///
/// The intervals say how little is known: they are normal, and start from the guess that a reading is off by as much as the
/// level itself (hourly loads of homes are), which counts as much as twelve readings.
///
/// ```
/// use grid_core::forecast::{Fit, History, Predict, Profile};
/// use jiff::civil::date;
///
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, vec![1.0, 3.0])?; // two hours
/// let forecast = Profile::default().fit(&history)?.predict(24, &[0.1, 0.9])?;
/// assert_eq!((forecast.points[0].mean, forecast.points[22].mean), (2.0, 1.5)); // at two, at midnight
/// assert!(forecast.points[0].quantiles[1] > 4.0);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    shape: Option<Vec<f64>>,
}

/// The shape of the day, and how far readings lie from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ProfileState {
    limits: Limits,
    /// One factor per slot of the day from midnight on.
    shape: Vec<f64>,
    deviation: f64,
}

impl Profile {
    /// Gives the day a shape, from local midnight on: of any number of equal parts (24 for hours), in any unit.
    ///
    /// A shape with a part below zero or not finite, or with none above zero, counts as none.
    #[must_use]
    pub fn shaped(parts: Vec<f64>) -> Self {
        let sound = parts.iter().all(|part| part.is_finite() && *part >= 0.0);
        Self { shape: (sound && parts.iter().any(|part| *part > 0.0)).then_some(parts) }
    }
}

impl Fit for Profile {
    type Fitted = Fitted;

    fn fit(&self, history: &History) -> Result<Fitted, Error> {
        Fitted::of(history, NAME, 0, |past| Ok(State::Profile(self.learn(past))))
    }
}

impl Profile {
    pub(crate) fn learn(&self, past: &Past) -> ProfileState {
        let length = past.slots_per_day();
        let part = |slot: usize| {
            let shape = self.shape.as_ref()?;
            let greatest = shape.iter().copied().fold(0.0, f64::max);
            shape.get(slot * shape.len() / length).map(|part| part / greatest)
        };
        let shape = (0..length).map(|slot| part(slot).unwrap_or(1.0)).collect();
        let mut state = ProfileState { limits: Limits::of(past), shape, deviation: 0.0 };
        state.deviation = state.deviation(past);
        state
    }
}

impl ProfileState {
    /// The same shape, at the level of a past.
    pub(crate) fn anew(&self, past: &Past) -> Self {
        Profile::shaped(self.shape.clone()).learn(past)
    }

    /// The profile of the day, one value per slot from midnight on, from what is known before `origin`.
    fn day(&self, past: &Past, origin: usize) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); self.shape.len()];
        let (mut value_sum, mut shape_sum) = (0.0, 0.0);
        for slot in 0..origin {
            let place = past.history().slot_of_day(slot);
            if let (Some(value), Some(sum), Some(shape)) =
                (self.limits.known(past, slot), sums.get_mut(place), self.shape.get(place))
            {
                *sum = (sum.0 + value, sum.1 + 1.0);
                value_sum += value;
                shape_sum += shape;
            }
        }
        let mean_shape = self.shape.iter().sum::<f64>() / real(self.shape.len());
        // What is known may all lie at night, where the shape has nothing.
        let scale = if shape_sum > 0.0 { value_sum / shape_sum } else { self.limits.level / mean_shape };
        sums.iter()
            .zip(&self.shape)
            .map(|((sum, count), shape)| (sum + scale * shape) / (count + 1.0))
            .collect()
    }

    fn deviation(&self, past: &Past) -> f64 {
        let day = self.day(past, past.len());
        let (mut square, mut level, mut count) = (0.0, 0.0, 0.0);
        for slot in 0..past.len() {
            let expected = day.get(past.history().slot_of_day(slot));
            if let (Some(value), Some(expected)) = (self.limits.known(past, slot), expected) {
                square += (value - expected) * (value - expected);
                level += value.abs();
                count += 1.0;
            }
        }
        let level = if count > 0.0 { level / count } else { self.limits.level.abs() };
        ((GUESSED_READINGS * level * level + square) / (GUESSED_READINGS + count)).sqrt()
    }
}

impl Learnt for ProfileState {
    fn name(&self) -> &'static str {
        NAME
    }

    fn means(&self, past: &Past, origins: &[usize], slots: usize) -> Result<Vec<Vec<f64>>, Error> {
        let row = |origin: usize| {
            let day = self.day(past, origin);
            let mean = |slot| day.get(past.history().slot_of_day(origin + slot)).copied();
            (0..slots).map(|slot| mean(slot).unwrap_or(self.limits.level)).collect()
        };
        Ok(origins.iter().map(|origin| row(*origin)).collect())
    }

    fn outlook(&self, past: &Past, slots: usize, levels: &[f64]) -> Result<Vec<Outlook>, Error> {
        let means = self.means(past, &[past.len()], slots)?.pop().unwrap_or_default();
        let outlook = |mean: f64| Outlook {
            mean,
            quantiles: levels.iter().map(|level| mean + self.deviation * normal_quantile(*level)).collect(),
        };
        Ok(means.into_iter().map(outlook).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::Predict;
    use jiff::civil::date;

    fn from_six(values: Vec<f64>) -> History {
        History::new(date(2026, 1, 5).at(6, 0, 0, 0), 360, values).unwrap()
    }

    #[test]
    fn a_time_of_day_never_seen_is_at_the_mean_and_one_seen_half_way_to_it() {
        let means =
            Profile::default().fit(&from_six(vec![2.0, 4.0])).unwrap().predict(4, &[]).unwrap().means();
        assert_eq!(means, [3.0, 3.0, 2.5, 3.5]); // at 18, at midnight, at 6, at noon
    }

    #[test]
    fn a_shape_is_scaled_to_what_is_known() {
        // Of the shape 1, 2, 3, 2 from midnight on, the parts of 6 and of 12 were seen, at twice its size.
        let shaped = Profile::shaped(vec![1.0, 2.0, 3.0, 2.0]).fit(&from_six(vec![4.0, 6.0])).unwrap();
        for (mean, expected) in shaped.predict(4, &[]).unwrap().means().iter().zip([4.0, 2.0, 4.0, 6.0]) {
            assert!((mean - expected).abs() < 1e-12);
        }
        assert_eq!(Profile::shaped(vec![0.0, 0.0]), Profile::default());
        assert_eq!(Profile::shaped(vec![1.0, f64::NAN]), Profile::default());
    }

    #[test]
    fn one_reading_leaves_much_doubt_and_many_that_agree_leave_little() {
        let width = |count: usize| {
            let fitted = Profile::default().fit(&from_six(vec![2.0; count])).unwrap();
            let point = fitted.predict(1, &[0.5, 0.9]).unwrap().points.remove(0);
            point.quantiles[1] - point.quantiles[0]
        };
        // The guess of 2 counts as 12 readings beside one without error; 1.2816 is the normal quantile of 0.9.
        assert!((width(1) - 1.281_551_565_5 * (12.0 * 4.0 / 13.0_f64).sqrt()).abs() < 1e-6);
        assert!(width(1000) < 0.3);
    }
}
