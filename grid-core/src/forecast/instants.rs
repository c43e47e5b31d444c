//! Local slots at their instants.

use jiff::{
    Timestamp,
    civil::DateTime,
    tz::{AmbiguousOffset, TimeZone},
};

use super::Error;

/// The instants at which local slots start in `zone`, each with the place of its slot, in order of time.
///
/// A slot that the clock skips in spring has no instant and is left out; one that it repeats in autumn has two.
///
/// ```
/// use grid_core::forecast::slots_to_instants;
/// use jiff::{ToSpan, civil::date, tz::TimeZone};
///
/// let zone = TimeZone::get("Europe/Madrid").expect("jiff's own tzdb");
/// let day = |date: jiff::civil::Date| (0..24_i32).map(move |hour| date.at(0, 0, 0, 0) + hour.hours());
/// assert_eq!(slots_to_instants(day(date(2026, 3, 29)), &zone)?.len(), 23);
/// let long = slots_to_instants(day(date(2026, 10, 25)), &zone)?;
/// assert_eq!(long.iter().take(5).map(|(_, slot)| *slot).collect::<Vec<_>>(), [0, 1, 2, 2, 3]);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::OutOfRange`] where an instant lies outside the years -9999 to 9999.
pub fn slots_to_instants(
    starts: impl IntoIterator<Item = DateTime>,
    zone: &TimeZone,
) -> Result<Vec<(Timestamp, usize)>, Error> {
    let mut instants = Vec::new();
    for (slot, start) in starts.into_iter().enumerate() {
        let offsets = match zone.to_ambiguous_timestamp(start).offset() {
            AmbiguousOffset::Unambiguous { offset } => vec![offset],
            AmbiguousOffset::Gap { .. } => vec![],
            AmbiguousOffset::Fold { before, after } => vec![before, after],
        };
        for offset in offsets {
            instants.push((offset.to_timestamp(start).map_err(|_| Error::OutOfRange)?, slot));
        }
    }
    instants.sort_by_key(|(instant, _)| *instant);
    Ok(instants)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Forecast, Point};
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_forecast_has_the_instants_of_its_slots(day in 0..366_i32, hours in 1..99_i32) {
            let start = date(2026, 1, 1).at(0, 0, 0, 0) + day.days();
            let starts: Vec<DateTime> = (0..hours).map(|hour| start + hour.hours()).collect();
            let points = starts.iter().zip(0_u32..).map(|(start, place)| Point {
                start: *start, mean: f64::from(place), quantiles: vec![],
            });
            let forecast = Forecast { model: "ridge", quantile_levels: vec![], points: points.collect() };
            let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
            let expected: Vec<(Timestamp, f64)> =
                forecast.local_to_instants(&zone).unwrap().into_iter().map(|point| (point.start, point.mean)).collect();
            let got: Vec<(Timestamp, f64)> = slots_to_instants(starts, &zone).unwrap().into_iter()
                .map(|(at, slot)| (at, f64::from(u32::try_from(slot).unwrap()))).collect();
            prop_assert_eq!(got, expected);
        }
    }
}
