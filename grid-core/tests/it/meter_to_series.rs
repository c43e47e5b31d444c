//! From a register to a full series on a year of real homes: what is cut out comes back, marked, and adds up.
//!
//! The homes are those of `citylearn`; their yearly totals are another program's.

use std::collections::BTreeMap;

use grid_core::{
    energy::{
        Channel, Reading,
        ingest::{Layout, read_csv},
        meter::{Event, Read, Register},
        substitute::{self, substitute},
        validate::{Expectation, Finding, Raw, Rule, Rules, validate},
    },
    quantity::Energy,
    series::{Piece, Quality, Series},
    time::{Calendar, Interval, Resolution},
};

use crate::citylearn::{self, CityLearn, ZONE};

/// The readings of each home's channel.
fn homes(files: &CityLearn, channel: Channel) -> BTreeMap<String, Vec<Reading>> {
    read_csv(files.csv.as_bytes(), "citylearn.csv", Layout::Community)
        .unwrap()
        .into_iter()
        .filter(|batch| batch.channel == channel)
        .map(|batch| (batch.device.unwrap(), batch.readings))
        .collect()
}

fn findings(calendar: &Calendar, period: Interval, readings: &[Reading]) -> Vec<Finding> {
    let rows: Vec<Raw> = readings.iter().copied().map(Raw::from).collect();
    let expectation = Expectation {
        calendar,
        resolution: Resolution::HOUR,
        period: Some(period),
        rated_power: None,
        now: period.end(),
    };
    validate(&rows, &expectation, &Rules::default()).unwrap()
}

/// The longest stretch of hours at zero.
fn longest_zeros(readings: &[Reading]) -> usize {
    let is_zero = |reading: &Reading| reading.energy() == Some(Energy::ZERO);
    let runs = readings.chunk_by(|left, right| is_zero(left) == is_zero(right));
    runs.filter(|run| is_zero(&run[0])).map(<[Reading]>::len).max().unwrap_or(0)
}

/// On how many days of the year there is nothing at noon.
fn zero_noons(calendar: &Calendar, readings: &[Reading]) -> usize {
    let at_noon =
        |reading: &&Reading| calendar.zone().to_datetime(reading.interval().start()).time().hour() == 12;
    readings.iter().filter(at_noon).filter(|reading| reading.energy() == Some(Energy::ZERO)).count()
}

#[test]
fn a_year_of_real_homes_has_the_one_outage_that_the_files_show() {
    let Some(files) = citylearn::load() else { return };
    let calendar = Calendar::new(ZONE).unwrap();
    for (home, readings) in homes(&files, Channel::Consumption) {
        assert_eq!(findings(&calendar, files.interval, &readings), [], "{home}");
    }
    let mut outages = Vec::new();
    for (home, readings) in homes(&files, Channel::Generation) {
        let found = findings(&calendar, files.interval, &readings);
        let rules: Vec<(Rule, usize)> = found.iter().map(|finding| (finding.rule, finding.rows)).collect();
        // No night lasts two days: a plant with so many zeros stands still. Of one that stands still at nine noons in
        // ten nobody can say that zeros are unusual.
        let (longest, noons) = (longest_zeros(&readings), zero_noons(&calendar, &readings));
        if longest > 48 && noons < 36 {
            assert_eq!(rules, [(Rule::ZeroRun, longest)], "{home}");
            outages.push(home);
        } else {
            assert_eq!(rules, [], "{home}");
        }
    }
    assert_eq!(outages, ["b07"]);
}

#[test]
fn what_is_broken_in_a_real_home_is_named_and_nothing_else() {
    let Some(files) = citylearn::load() else { return };
    let calendar = Calendar::new(ZONE).unwrap();
    for (home, mut readings) in homes(&files, Channel::Consumption) {
        let most = readings.iter().filter_map(|reading| reading.energy()).max().unwrap();
        let change = |reading: &mut Reading, energy: Energy| {
            *reading = Reading::new(reading.interval(), Some(energy), Quality::Measured).unwrap();
        };
        change(&mut readings[4000], Energy::from_mwh(most.as_mwh() * 5));
        for reading in &mut readings[6000..6030] {
            change(reading, Energy::from_mwh(123_456));
        }
        readings.drain(2000..2003);
        let found = findings(&calendar, files.interval, &readings);
        let rules: Vec<(Rule, usize)> = found.iter().map(|finding| (finding.rule, finding.rows)).collect();
        assert_eq!(rules, [(Rule::Gap, 3), (Rule::Spike, 1), (Rule::Stuck, 30)], "{home}");
    }
}

/// Whether an hour of the year is cut out: every thirteenth day as a whole, two hours of every fifth.
fn is_cut(hour: usize) -> bool {
    let (day, of_day) = (hour / 24, hour % 24);
    day % 13 == 12 || (day % 5 == 4 && (17..19).contains(&of_day))
}

#[test]
fn what_is_cut_out_of_real_homes_comes_back_and_adds_up() {
    let Some(files) = citylearn::load() else { return };
    let calendar = Calendar::new(ZONE).unwrap();
    let (mut wrong, mut wrong_flat) = (0_i64, 0_i64);
    for (home, readings) in homes(&files, Channel::Consumption) {
        // A register of four digits that rolls over, in a meter that is exchanged in spring, read every 24 hours.
        let modulus = 10_000_000_000_i64;
        let mut counter = modulus - 250_000_000;
        let (mut reads, mut events) = (Vec::new(), Vec::new());
        for (hour, reading) in readings.iter().enumerate() {
            let at = reading.interval().start();
            if hour % 24 == 0 {
                reads.push(Read::measured(at, Energy::from_mwh(counter)));
            }
            if hour == 5000 {
                let (last, first) = (Energy::from_mwh(counter), Energy::from_mwh(3_000_000));
                events.push(Event::Exchange { at, last, first, register: None });
                counter = 3_000_000;
            }
            counter += reading.energy().unwrap().as_mwh();
            if counter >= modulus {
                counter -= modulus;
                events.push(Event::Rollover { at: reading.interval().end() });
            }
        }
        reads.push(Read::measured(files.interval.end(), Energy::from_mwh(counter)));
        reads.reverse();
        let advances = Register::new().with_digits(4).unwrap().advances(&reads, &events);
        assert_eq!(advances.faults, [], "{home}");
        let total = Energy::from_mwh(files.expected["load_mwh"][&home].as_i64().unwrap());
        assert_eq!(advances.sum().unwrap(), total, "{home}");

        let known = readings.iter().enumerate().filter(|(hour, _)| !is_cut(*hour));
        let pieces = known.map(|(_, &reading)| Piece::from(reading));
        let series = Series::from_pieces(calendar.clone(), files.interval, Resolution::HOUR, pieces).unwrap();
        let rules = substitute::Rules::default();
        let found = substitute(&series, files.interval, &advances.readings, &rules).unwrap();
        assert_eq!(found.remarks, [], "{home}");
        let filled = found.series.sum().unwrap();
        assert_eq!((filled.energy, filled.quality), (Some(total), Quality::Substituted), "{home}");
        for (hour, (slot, reading)) in found.series.slots().iter().zip(&readings).enumerate() {
            if is_cut(hour) {
                assert_eq!(slot.quality, Quality::Substituted);
            } else {
                assert_eq!((slot.energy, slot.quality), (reading.energy(), Quality::Measured));
            }
        }
        for fill in &found.fills {
            let truth = |hour: usize| readings[hour].energy().unwrap().as_mwh();
            let day = fill.slot / 24 * 24;
            let mean = (day..day + 24).map(truth).sum::<i64>() / 24;
            wrong += (fill.energy.as_mwh() - truth(fill.slot)).abs();
            wrong_flat += (mean - truth(fill.slot)).abs();
        }
    }
    // The pattern is worth its while: better by a third than a day's energy spread evenly over its hours.
    assert!(wrong * 3 < wrong_flat * 2, "{wrong} {wrong_flat}");
}
