//! The summary as a fold over batches of rows: in one pass, with memory for cycles and steps but not for rows.
//!
//! Rows are cut into fragments, each of one step and in one cycle: where the vendor's numbers change, and where there
//! are none at the turns of the charge and where the current starts, stops or turns. Sums run over the rows of a
//! fragment in their order, and cycles and steps are sums over fragments, so that the figures do not depend on how the
//! rows were cut into batches, to the last bit.
//!
//! What is known only at the end of a file is kept in both readings until then ([`counter`]). Two things are not, as
//! they would cost more than a second pass over the few files that they concern: how long an interval of a home log
//! must be to be a gap, and whether a file that records a power has no current at all. They are taken from the first
//! batch, and [`Outcome::Again`] says when the whole file shows otherwise.

pub(super) mod counter;
mod integral;
pub(super) mod moves;
pub(super) mod part;
pub(super) mod range;
mod resolution;
pub(super) mod shape;
mod turns;
pub(super) mod whole;

#[cfg(test)]
mod tests;

use self::counter::Place;
use self::integral::Integrator;
use self::moves::Moves;
use self::part::{Fragment, Meters, Part};
use self::range::part;
use self::shape::Shape;
use self::turns::{Stands, Turns};
use self::whole::{Intervals, Whole};
use super::log::Format;
use super::rows::Rows;
use super::summary::Summary;

/// What the charge is counted by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flow {
    Current,
    Power,
}

/// What is taken to hold for the whole file; what is `None` is taken from the first batch.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Assumptions {
    format: Format,
    flow: Option<Flow>,
    /// The longest interval between rows, in s, that is not a gap.
    longest_s: Option<f64>,
}

/// What a fold comes to.
#[derive(Debug)]
pub(super) enum Outcome {
    Summary(Box<Summary>),
    /// These assumptions hold instead: push all rows again, to a fold [with](Fold::with) them, which will not ask again.
    Again(Assumptions),
}

/// All that a fold has gathered.
#[derive(Clone, Debug)]
pub(super) struct Gathered {
    pub(super) format: Format,
    pub(super) whole: Whole,
    pub(super) fragments: Vec<Fragment>,
    pub(super) meters: Meters,
    /// The first rows of the cycles after the first, where the file does not number them.
    pub(super) starts: Vec<usize>,
    /// The labels that the rows' places are of.
    pub(super) label_names: Vec<String>,
}

impl Gathered {
    /// The largest current in A, or power in W where only that was recorded.
    pub(super) fn largest_flow(&self) -> f64 {
        self.fragments.iter().map(|fragment| fragment.part.flow.largest()).fold(0.0, f64::max)
    }
}

/// Sums rows up as they come.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    assumptions: Assumptions,
    started: Option<Started>,
    intervals: Intervals,
    whole: Whole,
    label_names: Vec<String>,
}

impl Fold {
    /// A fold for a file of this format.
    pub(super) fn new(format: Format) -> Self {
        Self::with(Assumptions { format, flow: None, longest_s: None })
    }

    pub(super) fn with(assumptions: Assumptions) -> Self {
        Self {
            assumptions,
            started: None,
            intervals: Intervals::default(),
            whole: Whole::default(),
            label_names: Vec::new(),
        }
    }

    /// Adds the rows that follow.
    pub(super) fn push(&mut self, rows: &Rows<'_>) {
        if rows.time_s.is_empty() {
            return;
        }
        self.whole.push(rows);
        if rows.label_names.len() > self.label_names.len() {
            self.label_names = rows.label_names.to_vec();
        }
        if self.assumptions.format.is_home() {
            self.intervals.push(rows.time_s);
        }
        let (flow, longest_s) = (self.flow(), self.longest_s());
        let started = self.started.get_or_insert_with(|| {
            Started::new(
                self.assumptions.flow.unwrap_or(flow),
                self.assumptions.longest_s.unwrap_or(longest_s),
            )
        });
        started.push(rows);
    }

    pub(super) fn finish(self) -> Outcome {
        let (flow, longest_s) = (self.flow(), self.longest_s());
        let format = self.assumptions.format;
        let mut started = self.started.unwrap_or_else(|| Started::new(flow, longest_s));
        let holds = started.meters.integrator.holds_for(longest_s) && started.flow == flow;
        if !holds {
            return Outcome::Again(Assumptions { format, flow: Some(flow), longest_s: Some(longest_s) });
        }
        started.close();
        Outcome::Summary(Box::new(Summary::of(&Gathered {
            format,
            whole: self.whole,
            fragments: started.fragments,
            meters: started.meters,
            starts: started.turns.starts(),
            label_names: self.label_names,
        })))
    }

    /// What the rows so far show: the power only where there is no current.
    fn flow(&self) -> Flow {
        if self.whole.has_power && !self.whole.has_current() { Flow::Power } else { Flow::Current }
    }

    /// The longest interval that is no gap, in s.
    fn longest_s(&self) -> f64 {
        self.intervals.longest(self.assumptions.format)
    }
}

/// A fold under way, under assumptions that do not change.
#[derive(Clone, Debug)]
struct Started {
    flow: Flow,
    meters: Meters,
    turns: Turns,
    moves: Moves,
    /// The vendor's numbers of cycle and step.
    numbers: Option<(Option<i64>, Option<i64>)>,
    place: Place,
    /// Rows in all.
    rows: usize,
    /// Rows of the step up to the farthest one of the excursion, and those behind it.
    ahead: Part,
    behind: Part,
    stands: Stands,
    shape: Shape,
    /// Whether the step has fragments already.
    continues: bool,
    fragments: Vec<Fragment>,
}

impl Started {
    fn new(flow: Flow, longest_s: f64) -> Self {
        Self {
            flow,
            meters: Meters {
                integrator: Integrator::new(longest_s),
                capacity: counter::Counter::default(),
                energy: counter::Counter::default(),
            },
            turns: Turns::default(),
            moves: Moves::default(),
            numbers: None,
            place: Place::default(),
            rows: 0,
            ahead: Part::default(),
            behind: Part::default(),
            stands: Stands::Ahead,
            shape: Shape::default(),
            continues: false,
            fragments: Vec::new(),
        }
    }

    fn push(&mut self, rows: &Rows<'_>) {
        let mut start = 0;
        while start < rows.time_s.len() {
            let stop = same(rows.cycle_index, start).min(same(rows.step_index, start)).min(rows.time_s.len());
            let at = |column: Option<&[i64]>| column.and_then(|numbers| numbers.get(start)).copied();
            self.enter((at(rows.cycle_index), at(rows.step_index)));
            let run = rows.part(start, stop);
            if run.cycle_index.is_some() && run.step_index.is_some() {
                self.add(&run);
            } else {
                self.cut(&run);
            }
            start = stop;
        }
    }

    /// Starts a step where the vendor's numbers change.
    fn enter(&mut self, numbers: (Option<i64>, Option<i64>)) {
        if let Some(before) = self.numbers
            && before != numbers
        {
            self.close();
            self.place.block += 1;
            self.place.step += u64::from(before.1 != numbers.1);
        }
        self.numbers = Some(numbers);
    }

    /// Adds rows of one step and cycle of the vendor's, cut where the file has no number of its own.
    fn cut(&mut self, rows: &Rows<'_>) {
        let flow = self.flow_of(rows);
        let mut start = 0;
        for (row, (time_s, flow)) in rows.time_s.iter().zip(flow).enumerate() {
            let moved = rows.step_index.is_none() && self.moves.push(*flow);
            let stands =
                if rows.cycle_index.is_none() { self.turns.push(*time_s, *flow) } else { Stands::Ahead };
            if stands == self.stands && !moved {
                continue;
            }
            self.add(&rows.part(start, row));
            start = row;
            self.stand(stands);
            if moved {
                self.close();
            }
        }
        self.add(&rows.part(start, rows.time_s.len()));
    }

    /// Says where the rows to come stand to the excursion.
    fn stand(&mut self, stands: Stands) {
        match stands {
            Stands::Ahead => self.ahead.merge(&std::mem::take(&mut self.behind)),
            Stands::Behind => {}
            Stands::Turned => {
                let ahead = std::mem::replace(&mut self.ahead, std::mem::take(&mut self.behind));
                self.keep(ahead, self.ahead.rows);
            }
        }
        self.stands = if stands == Stands::Behind { Stands::Behind } else { Stands::Ahead };
    }

    /// Adds rows of one step.
    fn add(&mut self, rows: &Rows<'_>) {
        if rows.time_s.is_empty() {
            return;
        }
        let flow = self.flow_of(rows);
        let into = if self.stands == Stands::Behind { &mut self.behind } else { &mut self.ahead };
        let before = self.fragments.last_mut().map(|fragment| &mut fragment.part.integral);
        into.push(rows, flow, self.place, &mut self.meters, before);
        self.shape.push(flow, rows.voltage_v);
        self.rows += rows.time_s.len();
    }

    /// Ends the step.
    fn close(&mut self) {
        let (ahead, behind) = (std::mem::take(&mut self.ahead), std::mem::take(&mut self.behind));
        let after = behind.rows;
        self.keep(ahead, after);
        self.keep(behind, 0);
        self.continues = false;
        self.shape = Shape::default();
    }

    /// Keeps a part of the step that `after` further rows followed.
    fn keep(&mut self, part: Part, after: usize) {
        if part.rows == 0 {
            return;
        }
        let (cycle, step) = self.numbers.unwrap_or_default();
        let first_row = self.rows - after - part.rows;
        self.fragments.push(Fragment {
            first_row,
            cycle,
            step,
            continues: self.continues,
            form: self.shape.form(),
            flow: self.shape.flow,
            part,
        });
        self.continues = true;
    }

    fn flow_of<'a>(&self, rows: &Rows<'a>) -> &'a [f64] {
        match (self.flow, rows.power_w) {
            (Flow::Power, Some(power)) => power,
            _ => rows.current_a,
        }
    }
}

/// Where the run of equal numbers ends that starts at `start`.
fn same(numbers: Option<&[i64]>, start: usize) -> usize {
    let Some(numbers) = numbers else { return usize::MAX };
    let rest = numbers.get(start..).unwrap_or_default();
    let first = rest.first();
    start + rest.iter().position(|number| Some(number) != first).unwrap_or(rest.len())
}

impl<'a> Rows<'a> {
    /// The rows from `start` up to `stop`.
    fn part(&self, start: usize, stop: usize) -> Self {
        let column = |column: Option<&'a [f64]>| column.map(|column| part(column, start..stop));
        let numbers = |column: Option<&'a [i64]>| column.map(|column| part(column, start..stop));
        Self {
            time_s: part(self.time_s, start..stop),
            voltage_v: part(self.voltage_v, start..stop),
            current_a: part(self.current_a, start..stop),
            power_w: column(self.power_w),
            temperature_c: column(self.temperature_c),
            state_of_charge: column(self.state_of_charge),
            charge_capacity_ah: column(self.charge_capacity_ah),
            discharge_capacity_ah: column(self.discharge_capacity_ah),
            capacity_ah: column(self.capacity_ah),
            charge_energy_wh: column(self.charge_energy_wh),
            discharge_energy_wh: column(self.discharge_energy_wh),
            energy_wh: column(self.energy_wh),
            cycle_index: numbers(self.cycle_index),
            step_index: numbers(self.step_index),
            step_time_s: column(self.step_time_s),
            labels: self.labels.map(|places| part(places, start..stop)),
            label_names: self.label_names,
        }
    }
}
