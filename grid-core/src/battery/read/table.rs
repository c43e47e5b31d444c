//! What is read of a file, and how: the columns by their names, and how their cells are written, from a sample of rows.

use std::collections::BTreeMap;

use super::super::label::CyclePurpose;
use super::super::log::Format;
use super::column_map::{Column, Role, is_another_phase};
use super::detect::Layout;
use super::marks::Marks;
use super::number::{Cell, DecimalMark, number, trim};
use super::slot::{Kind, Slot, state};
use super::text::{fields, lines, shown};
use super::time::{self, Clock, DateOrder};

/// How many rows are sampled to find out how a column is written.
const SAMPLED: usize = 200;

/// Which columns of a file are read, and how.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) layout: Layout,
    /// The byte that ends lines.
    pub(super) end: u8,
    /// The columns, without values.
    pub(super) slots: Vec<Slot>,
    /// Slots that share role and header with an earlier one, after it.
    pub(super) twins: Vec<(usize, usize)>,
    /// Slots that are added to an earlier one of the same role, after it.
    pub(super) sums: Vec<(usize, usize)>,
    /// Factor and offset into the unit of a recording, for roles whose header states a unit that needs them.
    pub(super) scales: Vec<(Role, f64, f64)>,
    pub(super) time: TimePlan,
    /// The field of a wall clock beside a time.
    pub(super) clock_field: Option<usize>,
    /// Whether the sample has a clock there.
    has_clock: bool,
}

/// Where the time comes from.
#[derive(Clone, Debug)]
pub(super) struct TimePlan {
    pub(super) role: Role,
    pub(super) kind: Kind,
    /// Whether the column is itself a wall clock.
    pub(super) from_clock: bool,
    pub(super) unit_stated: bool,
    /// How surely the name means a time.
    sure: u8,
}

/// Which columns are read: the surest of each role, and equals of it.
fn chosen(columns: &[Column]) -> BTreeMap<Role, Vec<usize>> {
    let mut best: BTreeMap<Role, (u8, Vec<usize>)> = BTreeMap::new();
    for (field, column) in columns.iter().enumerate() {
        let Some((role, sure)) = column.role else { continue };
        let entry = best.entry(role).or_default();
        if sure > entry.0 {
            *entry = (sure, vec![field]);
        } else if sure == entry.0
            && role != Role::Label
            && (adds_up(role)
                || same_header(columns, entry.1.first(), column)
                || first_of(columns, entry.1.first()).is_some_and(|first| is_another_phase(first, column)))
        {
            entry.1.push(field);
        }
    }
    let mut wanted: BTreeMap<Role, Vec<usize>> =
        best.into_iter().map(|(role, (_, fields))| (role, fields)).collect();
    let both = |wanted: &BTreeMap<Role, Vec<usize>>, a, b| wanted.contains_key(&a) && wanted.contains_key(&b);
    if both(&wanted, Role::ChargeCapacity, Role::DischargeCapacity) {
        wanted.remove(&Role::Capacity);
    }
    if both(&wanted, Role::ChargeEnergy, Role::DischargeEnergy) {
        wanted.remove(&Role::Energy);
    }
    if both(&wanted, Role::Voltage, Role::Current) {
        wanted.remove(&Role::Power);
    }
    let timed = wanted.contains_key(&Role::TestTime) || wanted.contains_key(&Role::Clock);
    if timed && !wanted.contains_key(&Role::Step) {
        wanted.remove(&Role::StepTime);
    }
    wanted
}

/// Roles of which a home log may have several that are to be added.
fn adds_up(role: Role) -> bool {
    matches!(role, Role::ChargeEnergy | Role::DischargeEnergy | Role::LoadEnergy | Role::ExportEnergy)
}

fn same_header(columns: &[Column], first: Option<&usize>, column: &Column) -> bool {
    first_of(columns, first).is_some_and(|first| first.header == column.header)
}

fn first_of<'a>(columns: &'a [Column], first: Option<&usize>) -> Option<&'a Column> {
    first.and_then(|field| columns.get(*field))
}

/// Finds out which columns are read and how; `None` where there is no time among them.
///
/// `head` is the start of the file's text, in whole lines.
pub(super) fn plan(head: &[u8], end: u8, layout: Layout) -> Option<Plan> {
    let data = head.get(layout.data_start..).unwrap_or_default();
    let sample: Vec<Vec<&[u8]>> = lines(data, end, 0, layout.data_line)
        .filter(|line| !line.is_blank())
        .take(SAMPLED)
        .map(|line| fields(if layout.wrapped { trim(line.bytes) } else { line.bytes }, layout.delimiter))
        .filter(|row| layout.nesting.is_none() || row.iter().take(2).all(|cell| trim(cell).is_empty()))
        .collect();
    let mut wanted = chosen(&layout.columns);
    let clock_field = wanted.get(&Role::Clock).and_then(|fields| fields.first().copied());
    let timed = wanted.get(&Role::TestTime).and_then(|fields| fields.first()).is_some_and(|field| {
        sample.iter().filter_map(|row| row.get(*field)).any(|cell| {
            matches!(number(cell, DecimalMark::Point), Cell::Number(_))
                || time::duration(cell).is_some()
                || clock_of(cell).is_some()
        })
    });
    // `Time` may restart at each step; the clock beside it then says when the steps started.
    let may_restart = wanted
        .get(&Role::TestTime)
        .and_then(|fields| layout.columns.get(*fields.first()?)?.role)
        .is_some_and(|(_, sure)| sure <= 5);
    if timed {
        if !may_restart {
            wanted.remove(&Role::Clock);
        }
    } else {
        wanted.remove(&Role::TestTime);
    }
    let mut slots = Vec::new();
    for (role, fields) in &wanted {
        for field in fields {
            let cells = || sample.iter().filter_map(|row| row.get(*field).copied());
            if let Some(kind) = kind(*role, &layout.marks, cells) {
                let header =
                    layout.columns.get(*field).map(|column| column.header.clone()).unwrap_or_default();
                slots.push(Slot::new(*role, *field, header, kind));
            } else if *role == Role::State
                && !wanted.contains_key(&Role::Label)
                && cells().any(|cell| CyclePurpose::of(&shown(trim(cell))).is_some())
            {
                // The names of steps may say what they are for instead of which way the current flows.
                let header =
                    layout.columns.get(*field).map(|column| column.header.clone()).unwrap_or_default();
                slots.push(Slot::new(Role::Label, *field, header, Kind::Label));
            }
        }
    }
    if layout.nesting.is_some() {
        for role in [Role::Cycle, Role::Step, Role::State] {
            slots.retain(|slot| slot.role != role);
            let kind = if role == Role::State { Kind::State } else { Kind::Number(DecimalMark::Point) };
            slots.push(Slot::new(role, usize::MAX, format!("{role:?} row"), kind));
        }
    }
    let time_slot = [Role::TestTime, Role::Clock, Role::StepTime]
        .into_iter()
        .find_map(|role| slots.iter().find(|slot| slot.role == role))?;
    let column = layout.columns.get(time_slot.field);
    let time = TimePlan {
        role: time_slot.role,
        from_clock: matches!(time_slot.kind, Kind::Clock { .. } | Kind::NumericClock),
        kind: time_slot.kind.clone(),
        unit_stated: column.is_some_and(|column| column.unit.is_some()),
        sure: column.and_then(|column| column.role).map_or(0, |(_, sure)| sure),
    };
    let clock_field = clock_field.filter(|_| timed);
    let has_clock = clock_field.is_some_and(|field| {
        sample.iter().filter_map(|row| row.get(field)).any(|cell| clock_of(cell).is_some())
    });
    let (mut twins, mut sums, mut scales) = (Vec::new(), Vec::new(), Vec::new());
    for (index, slot) in slots.iter().enumerate() {
        match slots.iter().position(|first| first.role == slot.role).filter(|first| *first < index) {
            Some(first) if slots.get(first).is_some_and(|first| first.header == slot.header) => {
                twins.push((first, index));
            }
            Some(first) => sums.push((first, index)),
            None => {
                let unit = layout.columns.get(slot.field).and_then(|column| column.unit);
                if let Some(unit) = unit.filter(|unit| unit.changes()) {
                    scales.push((slot.role, unit.scale, unit.offset));
                }
            }
        }
    }
    Some(Plan { layout, end, slots, twins, sums, scales, time, clock_field, has_clock })
}

impl Plan {
    /// The format of the file.
    pub(super) fn format(&self) -> Format {
        self.layout.vendor.format
    }

    /// The first slot of a role.
    pub(super) fn slot(&self, role: Role) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.role == role)
    }

    /// Whether the times are a wall clock's, or one stands beside them.
    pub(super) fn has_wall_clock(&self) -> bool {
        self.time.from_clock || self.has_clock
    }

    /// The slot that a role's column is taken from: the first, or its twin where that is decided.
    pub(super) fn kept(&self, role: Role, instead: &[bool]) -> Option<usize> {
        let first = self.slots.iter().position(|slot| slot.role == role)?;
        let twin = self.twins.iter().find(|(one, other)| *one == first && instead.get(*other) == Some(&true));
        Some(twin.map_or(first, |(_, other)| *other))
    }

    /// The slot before a slot that has the same header.
    pub(super) fn twin(&self, slot: usize) -> Option<usize> {
        self.twins.iter().find(|(_, other)| *other == slot).map(|(first, _)| *first)
    }

    /// The header of a slot.
    pub(super) fn header(&self, slot: usize) -> &str {
        self.slots.get(slot).map_or("", |slot| slot.header.as_str())
    }

    fn column(&self, role: Role) -> Option<&Column> {
        self.layout.columns.get(self.slot(role)?.field)
    }

    /// Whether the time may restart at the steps: a step's own, or one whose name does not say that it runs on beside
    /// a clock or steps that would show it.
    pub(super) fn may_accumulate(&self, stepped: bool) -> bool {
        self.time.role == Role::StepTime || (self.time.sure <= 5 && (self.has_clock || stepped))
    }

    /// Whether current and counts are in A and Ah by their headers, or say nothing.
    pub(super) fn counts_ampere_hours(&self) -> bool {
        [Role::Current, Role::ChargeCapacity, Role::DischargeCapacity]
            .into_iter()
            .all(|role| !self.scales.iter().any(|(other, ..)| *other == role))
    }

    /// Whether the powers of solar plant, grid and load are all there, so that their balance shows the battery's
    /// direction.
    pub(super) fn balances(&self) -> bool {
        [Role::SolarPower, Role::LoadPower, Role::GridPower].into_iter().all(|role| self.slot(role).is_some())
    }

    /// Whether the state of charge is taken: by a sure name, or any in the log of a home battery.
    pub(super) fn takes_charge(&self) -> bool {
        let sure =
            self.column(Role::StateOfCharge).and_then(|column| column.role).map_or(0, |(_, sure)| sure);
        sure >= 5 || self.format().is_home()
    }

    /// What makes a share of the state of charge: the unit, or its size.
    pub(super) fn charge_factor(&self, largest: f64) -> f64 {
        let unit = self.column(Role::StateOfCharge).and_then(|column| column.unit);
        unit.map_or(if largest > 1.5 { 0.01 } else { 1.0 }, |unit| unit.scale)
    }

    /// A cell of a column of temperatures in degrees Celsius.
    pub(super) fn in_celsius(&self, slot: &Slot, value: f64) -> f64 {
        let scale = self.scales.iter().find(|(role, ..)| *role == slot.role);
        scale.map_or(value, |(_, scale, offset)| value * scale + offset)
    }
}

/// A cell as a clock in either date order, or as the number of one.
pub(super) fn clock_of(cell: &[u8]) -> Option<Clock> {
    clock_in(cell, DateOrder::DayFirst).or_else(|| clock_in(cell, DateOrder::MonthFirst))
}

/// A cell as a clock, or as the number of one.
pub(super) fn clock_in(cell: &[u8], order: DateOrder) -> Option<Clock> {
    match number(cell, DecimalMark::Point) {
        Cell::Number(value) => time::numeric_clock(value),
        Cell::Missing | Cell::Bad => time::clock(cell, order),
    }
}

/// How the cells of a column are written, from a sample of them; `None` for a state column without states.
fn kind<'a, I: Iterator<Item = &'a [u8]>>(role: Role, marks: &Marks, cells: impl Fn() -> I) -> Option<Kind> {
    match role {
        Role::State => {
            let states = cells().filter(|cell| state(cell).is_some()).count();
            let filled = cells().filter(|cell| !trim(cell).is_empty()).count();
            (states > 0 && states * 2 >= filled).then_some(Kind::State)
        }
        Role::Label => {
            let numbers =
                cells().filter(|cell| matches!(number(cell, DecimalMark::Point), Cell::Number(_))).count();
            let texts = cells().filter(|cell| matches!(number(cell, DecimalMark::Point), Cell::Bad)).count();
            (texts > 0 || numbers == 0).then_some(Kind::Label)
        }
        Role::TestTime | Role::Clock | Role::StepTime => {
            let first = cells().find(|cell| !matches!(number(cell, DecimalMark::Point), Cell::Missing))?;
            if time::duration(first).is_some() {
                return Some(Kind::Duration);
            }
            if let Cell::Number(value) = number(first, marks.decimal_mark(cells())) {
                let is_clock = role == Role::Clock && time::numeric_clock(value).is_some();
                return Some(if is_clock {
                    Kind::NumericClock
                } else {
                    Kind::Number(marks.decimal_mark(cells()))
                });
            }
            Some(Kind::Clock { order: DateOrder::MonthFirst })
        }
        _ => Some(Kind::Number(marks.decimal_mark(cells()))),
    }
}

/// The date order of a column: by a number above twelve, else by which order lets the clock run evenly; where that
/// cannot tell either, month first, which is then an assumption: `false`.
pub(super) fn date_order(cells: &[&[u8]]) -> (DateOrder, bool) {
    if let Some(order) = time::date_order(cells.iter().copied()) {
        return (order, true);
    }
    // The longest step in either direction; the wrong order turns midnight into a month.
    let longest = |order: DateOrder| -> f64 {
        let clocks: Vec<Clock> = cells.iter().filter_map(|cell| time::clock(cell, order)).collect();
        let steps = clocks
            .windows(2)
            .map(|pair| if let [before, now] = pair { before.until(*now).abs() } else { 0.0 });
        steps.fold(0.0, f64::max)
    };
    let (month_first, day_first) = (longest(DateOrder::MonthFirst), longest(DateOrder::DayFirst));
    if month_first < day_first {
        return (DateOrder::MonthFirst, true);
    }
    if day_first < month_first {
        return (DateOrder::DayFirst, true);
    }
    let one = |order: DateOrder| cells.first().and_then(|cell| time::clock(cell, order));
    (DateOrder::MonthFirst, one(DateOrder::MonthFirst) == one(DateOrder::DayFirst))
}
