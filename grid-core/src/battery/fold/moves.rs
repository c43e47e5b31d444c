//! Steps of a file that does not number them: rest, charge and discharge, by the current with hysteresis.

/// Above this share of the largest current so far a battery at rest starts to move.
pub(crate) const MOVES_ABOVE: f64 = 0.002;
/// Below this share of the largest current so far a battery that moves comes to rest.
const RESTS_BELOW: f64 = 0.001;

/// Which way the current flows; the battery rests until it is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Direction {
    #[default]
    Rest,
    Charge,
    Discharge,
}

/// The direction so far, the largest current and the last one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Moves {
    direction: Direction,
    largest: f64,
    last: f64,
}

impl Moves {
    /// Takes the current (or power) of the next row; whether a step starts with it.
    #[inline]
    pub(crate) fn push(&mut self, flow: f64) -> bool {
        let size = flow.abs();
        if size.is_nan() {
            return false;
        }
        if size > self.largest {
            self.largest = size;
            // Beside what flows now, what flowed until now was rest.
            if self.last <= MOVES_ABOVE * size {
                self.direction = Direction::Rest;
            }
        }
        self.last = size;
        let bound = if self.direction == Direction::Rest { MOVES_ABOVE } else { RESTS_BELOW };
        let direction = if size <= bound * self.largest {
            Direction::Rest
        } else if flow > 0.0 {
            Direction::Charge
        } else {
            Direction::Discharge
        };
        let starts = direction != self.direction;
        self.direction = direction;
        starts
    }
}
