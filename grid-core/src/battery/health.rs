//! State of health, equivalent full cycles and the fade of the capacity over the cycles.

use super::cycle::CycleSummary;
use super::label::CyclePurpose;
use super::numeric::{known, median};
use super::refusal::Refusal;
use super::step::Direction;

/// What a capacity is held against.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Reference {
    /// The capacity that the maker states.
    Nominal,
    /// That of the first full cycle.
    FirstFullCycle {
        /// Its number.
        cycle: i64,
    },
}

/// Why a cycle says nothing of the health.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum LeftOut {
    /// It has no charge or no discharge.
    Incomplete,
    /// The vendor calls it [formation](super::CyclePurpose::Formation), or it comes before the first cycle whose discharge
    /// is within 5 % of its charge.
    Formation,
    /// It moves less than 80 % of the most that a cycle nearby moves: partial, or at a higher rate.
    Partial,
    /// It moves more than 1.5 times what the cycles nearby move: the vendor's count has several charges in one.
    Several,
}

/// One cycle's part in the ageing.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct HealthRow {
    /// The cycle's number.
    pub cycle: i64,
    /// Capacity in the direction that counts, in Ah; `None` where nothing was measured.
    pub capacity_ah: Option<f64>,
    /// Capacity over the reference; `None` where the cycle is left out.
    pub state_of_health: Option<f64>,
    /// One less the state of health: negative where the capacity is above the reference.
    pub fade: Option<f64>,
    /// Charge and discharge up to the end of this cycle, over twice the reference.
    pub equivalent_full_cycles: f64,
    /// Why the cycle is left out, if it is.
    pub left_out: Option<LeftOut>,
}

/// The first cycle at which the health had fallen to a level.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct FadeLevel {
    /// The state of health.
    pub state_of_health: f64,
    /// The number of the first full cycle at or below it; `None` where it has not come to that.
    pub cycle: Option<i64>,
    /// Equivalent full cycles by then.
    pub equivalent_full_cycles: Option<f64>,
}

/// The health of a battery over its cycles.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Health {
    /// What the capacities are held against, in Ah.
    pub reference_ah: f64,
    /// Where that comes from.
    pub reference: Reference,
    /// Of the last cycle that counts.
    pub state_of_health: f64,
    /// All cycles together: charge and discharge over twice the reference.
    pub equivalent_full_cycles: f64,
    /// Each cycle.
    pub rows: Vec<HealthRow>,
    /// When 95, 90, 85, 80, 75 and 70 % were reached.
    pub levels: Vec<FadeLevel>,
}

/// The levels of the fade table.
const LEVELS: [f64; 6] = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7];
/// How many cycles before and after are nearby.
const NEARBY: usize = 5;
/// The share of what cycles nearby move that makes a full one.
const FULL_SHARE: f64 = 0.8;
/// The multiple of the middle of the cycles nearby beyond which a cycle is several.
const SEVERAL: f64 = 1.5;
/// How far discharge and charge of a cycle may be apart after formation.
const FORMED: f64 = 0.05;

/// The state of health of each full cycle by its discharge, against `nominal_ah` or else the first full cycle.
///
/// A cycle is full when it has a charge and a discharge, comes at or after the first one whose discharge is within 5 %
/// of its charge (what comes before is formation, and so is what the vendor calls so), and discharges at least 80 % of
/// the most that any of the five cycles before and after it does (a partial cycle, or a rate test, is less), and no
/// more than 1.5 times the middle of them (some vendors' cycles hold several). Cycles that are left out keep their row,
/// with the reason, and count in the throughput.
///
/// ```
/// use grid_core::battery::{health, read_bytes};
/// let mut file = String::from("time_s,voltage_V,current_A,cycle_index\n");
/// for cycle in 0..3 {
///     let start = cycle * 8000;
///     let half = 3600 - 360 * cycle; // a tenth less in each cycle
///     let end = 2 * half + 2;
///     for (time, current) in [(0, 0), (1, 1), (half + 1, 1), (half + 2, -1), (end, -1), (end + 1, 0)] {
///         file += &format!("{},3.7,{current},{}\n", start + time, cycle + 1);
///     }
/// }
/// let health = health(&read_bytes(file.as_bytes())?.cycles(), None)?;
/// assert!((health.state_of_health - 0.8).abs() < 0.01);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Returns [`Refusal::OutOfRange`] for a nominal capacity that is not above zero, and [`Refusal::TooFew`] where no
/// cycle is full.
///
/// # References
///
/// ISO 12405-4:2018 and IEC 62660-1:2018: capacity over rated capacity. Equivalent full cycles as in Schmalstieg et
/// al., "A holistic aging model for Li(NiMnCo)O2 based 18650 lithium-ion batteries", Journal of Power Sources 257,
/// 2014: charge throughput over twice the nominal capacity.
pub fn health(cycles: &[CycleSummary], nominal_ah: Option<f64>) -> Result<Health, Refusal> {
    health_by(cycles, nominal_ah, Direction::Discharge)
}

/// The same by the capacity of the charge or of the discharge.
///
/// # Errors
///
/// As [`health`].
pub fn health_by(
    cycles: &[CycleSummary],
    nominal_ah: Option<f64>,
    direction: Direction,
) -> Result<Health, Refusal> {
    if let Some(got) = nominal_ah
        && (!got.is_finite() || got <= 0.0)
    {
        return Err(Refusal::OutOfRange { what: "a nominal capacity in Ah", expected: "above 0", got });
    }
    let capacities: Vec<Option<f64>> = cycles
        .iter()
        .map(|cycle| {
            known(match direction {
                Direction::Charge => cycle.charge_capacity_ah,
                Direction::Discharge => cycle.discharge_capacity_ah,
            })
        })
        .collect();
    let left_out = left_out(cycles, &capacities);
    let first = capacities.iter().zip(&left_out).zip(cycles).find_map(|((capacity, left_out), cycle)| {
        Some((left_out.is_none().then_some((*capacity)?)?, cycle.cycle))
    });
    let (first_ah, cycle) =
        first.ok_or(Refusal::TooFew { what: "full cycles (charge and discharge)", least: 1, got: 0 })?;
    let (reference_ah, reference) = nominal_ah
        .map_or((first_ah, Reference::FirstFullCycle { cycle }), |nominal| (nominal, Reference::Nominal));
    let mut moved = 0.0;
    let rows: Vec<HealthRow> = cycles
        .iter()
        .zip(capacities)
        .zip(left_out)
        .map(|((cycle, capacity_ah), left_out)| {
            moved += known(cycle.charge_capacity_ah).unwrap_or(0.0);
            moved += known(cycle.discharge_capacity_ah).unwrap_or(0.0);
            let state_of_health = capacity_ah.filter(|_| left_out.is_none()).map(|ah| ah / reference_ah);
            HealthRow {
                cycle: cycle.cycle,
                capacity_ah,
                state_of_health,
                fade: state_of_health.map(|health| 1.0 - health),
                equivalent_full_cycles: moved / (2.0 * reference_ah),
                left_out,
            }
        })
        .collect();
    Ok(Health {
        reference_ah,
        reference,
        state_of_health: rows.iter().rev().find_map(|row| row.state_of_health).unwrap_or(f64::NAN),
        equivalent_full_cycles: moved / (2.0 * reference_ah),
        levels: LEVELS.into_iter().map(|level| first_at(&rows, level)).collect(),
        rows,
    })
}

impl Health {
    /// The cycle numbers and healths of the cycles that count: what [`knee`](super::knee) and
    /// [`remaining_life`](super::remaining_life) take.
    pub fn series(&self) -> (Vec<f64>, Vec<f64>) {
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "a cycle number, far below 2^53"
        )]
        self.rows.iter().filter_map(|row| Some((row.cycle as f64, row.state_of_health?))).unzip()
    }
}

/// Whether the vendor says that a cycle is formation.
fn named_formation(cycle: &CycleSummary) -> bool {
    cycle.purpose == Some(CyclePurpose::Formation)
}

fn left_out(cycles: &[CycleSummary], capacities: &[Option<f64>]) -> Vec<Option<LeftOut>> {
    // A count of one direction has no efficiency, and no formation to see.
    let formed = cycles
        .iter()
        .position(|cycle| {
            !named_formation(cycle)
                && cycle.coulombic_efficiency.is_some_and(|share| (share - 1.0).abs() <= FORMED)
        })
        .unwrap_or(0);
    // What forms a cell is no measure for the cycles beside it.
    let measures: Vec<Option<f64>> = cycles
        .iter()
        .zip(capacities)
        .map(|(cycle, capacity)| capacity.filter(|_| !named_formation(cycle)))
        .collect();
    let nearby = |place: usize| {
        let from = place.saturating_sub(NEARBY).max(formed);
        measures.get(from..measures.len().min(place + NEARBY + 1)).unwrap_or_default().iter().copied()
    };
    let several = |place: usize, capacity: f64| {
        median(nearby(place).flatten()).is_some_and(|middle| capacity > SEVERAL * middle)
    };
    let several: Vec<bool> = capacities
        .iter()
        .enumerate()
        .map(|(place, capacity)| capacity.is_some_and(|capacity| several(place, capacity)))
        .collect();
    let most_nearby = |place: usize| {
        let from = place.saturating_sub(NEARBY).max(formed);
        nearby(place)
            .zip(several.iter().skip(from))
            .filter(|(_, several)| !**several)
            .filter_map(|(capacity, _)| capacity)
            .fold(0.0, f64::max)
    };
    cycles
        .iter()
        .zip(capacities)
        .enumerate()
        .map(|(place, (cycle, capacity))| match capacity {
            _ if named_formation(cycle) => Some(LeftOut::Formation),
            Some(capacity) if *capacity > 0.0 && cycle.coulombic_efficiency.is_some() => {
                if place < formed {
                    Some(LeftOut::Formation)
                } else if several.get(place) == Some(&true) {
                    Some(LeftOut::Several)
                } else {
                    (*capacity < FULL_SHARE * most_nearby(place)).then_some(LeftOut::Partial)
                }
            }
            _ => Some(LeftOut::Incomplete),
        })
        .collect()
}

fn first_at(rows: &[HealthRow], level: f64) -> FadeLevel {
    let row = rows.iter().find(|row| row.state_of_health.is_some_and(|health| health <= level));
    FadeLevel {
        state_of_health: level,
        cycle: row.map(|row| row.cycle),
        equivalent_full_cycles: row.map(|row| row.equivalent_full_cycles),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::efficiency::discharge_over_charge;
    use super::super::{Method, read_bytes};
    use super::*;

    fn cycle(number: i64, charge: f64, discharge: f64) -> CycleSummary {
        // As a reader gives it, so that a summary may grow further figures.
        let mut cycle =
            read_bytes(b"time_s,voltage_V,current_A\n0,3.7,1\n1,3.7,1\n").unwrap().cycles().remove(0);
        cycle.cycle = number;
        cycle.charge_capacity_ah = charge;
        cycle.discharge_capacity_ah = discharge;
        cycle.coulombic_efficiency = discharge_over_charge(charge, discharge);
        cycle.method = Method::Integral;
        cycle
    }

    #[test]
    fn formation_and_partial_cycles_say_nothing_of_the_health() {
        let cycles = [
            cycle(1, 2.6, 2.2),
            cycle(2, 2.02, 2.0),
            cycle(3, 1.0, 0.99),
            cycle(4, 1.91, 1.9),
            cycle(5, 1.0, 0.0),
        ];
        let health = health(&cycles, None).unwrap();
        let left: Vec<_> = health.rows.iter().map(|row| row.left_out).collect();
        assert_eq!(
            left,
            [Some(LeftOut::Formation), None, Some(LeftOut::Partial), None, Some(LeftOut::Incomplete)]
        );
        assert_eq!(health.reference, Reference::FirstFullCycle { cycle: 2 });
        assert!((health.state_of_health - 0.95).abs() < 1e-12);
        assert_eq!(health.levels[0].cycle, Some(4));
        assert_eq!(health.levels[1].cycle, None);
        // 2.6 + 2.2 + 2.02 + 2.0 + 1.0 + 0.99 + 1.91 + 1.9 + 1.0 over twice 2.0.
        assert!((health.equivalent_full_cycles - 15.62 / 4.0).abs() < 1e-12);
    }

    #[test]
    fn what_the_vendor_calls_formation_is_left_out_wherever_it_stands() {
        let named = |cycle: CycleSummary| CycleSummary { purpose: Some(CyclePurpose::Formation), ..cycle };
        let diagnostic =
            |cycle: CycleSummary| CycleSummary { purpose: Some(CyclePurpose::Diagnostic), ..cycle };
        // Formation at a low rate gives more than half as much again, and would make all others partial.
        let cycles = [
            named(cycle(1, 3.0, 3.0)),
            diagnostic(cycle(2, 2.0, 2.0)),
            cycle(3, 1.9, 1.9),
            named(cycle(4, 3.0, f64::NAN)),
        ];
        let health = health(&cycles, None).unwrap();
        let left: Vec<_> = health.rows.iter().map(|row| row.left_out).collect();
        assert_eq!(left, [Some(LeftOut::Formation), None, None, Some(LeftOut::Formation)]);
        assert_eq!(health.reference, Reference::FirstFullCycle { cycle: 2 });
        assert!((health.state_of_health - 0.95).abs() < 1e-12);
        let refused = super::health(&[named(cycle(1, 2.0, 2.0))], None);
        assert!(matches!(refused, Err(Refusal::TooFew { .. })));
    }

    #[test]
    fn a_vendors_cycle_of_two_charges_is_no_full_one() {
        let cycles = [cycle(1, 2.0, 2.0), cycle(2, 4.0, 4.0), cycle(3, 1.99, 1.98), cycle(4, 1.97, 1.96)];
        let health = health(&cycles, None).unwrap();
        let left: Vec<_> = health.rows.iter().map(|row| row.left_out).collect();
        assert_eq!(left, [None, Some(LeftOut::Several), None, None]);
        assert!((health.state_of_health - 0.98).abs() < 1e-12);
    }

    #[test]
    fn a_nominal_capacity_of_nothing_and_no_cycle_are_refused() {
        assert!(matches!(health(&[cycle(1, 1.0, 1.0)], Some(0.0)), Err(Refusal::OutOfRange { .. })));
        assert!(matches!(health(&[], None), Err(Refusal::TooFew { .. })));
        assert!(matches!(health(&[cycle(1, 1.0, f64::NAN)], None), Err(Refusal::TooFew { .. })));
    }

    proptest! {
        #[test]
        fn a_repeated_cycle_has_the_health_of_one(capacity in 0.01..100.0_f64, count in 1_i64..40) {
            let cycles: Vec<CycleSummary> = (1..=count).map(|number| cycle(number, capacity, capacity)).collect();
            let health = health(&cycles, None).unwrap();
            prop_assert!(health.rows.iter().all(|row| row.state_of_health == Some(1.0)));
            let full = f64::from(i32::try_from(count).unwrap());
            prop_assert!((health.equivalent_full_cycles - full).abs() < 1e-9 * full);
        }
    }
}
