//! The time of the rows: units, restarts with the steps, and what the wall clock beside it says.

use super::super::error::Error;
use super::super::log::Remark;
use super::assemble::multiply;
use super::column_map::Role;
use super::detect::Layout;
use super::slot::Kind;
use super::table::Table;
use super::time::{self, Clock, DateOrder};

/// The time of each row in seconds, and the wall clock of the first.
pub(super) fn times(
    table: &mut Table,
    layout: &Layout,
    steps: Option<&[i64]>,
    remarks: &mut Vec<Remark>,
) -> Result<(Vec<f64>, Option<Clock>, bool), Error> {
    let role =
        [Role::TestTime, Role::Clock, Role::StepTime].into_iter().find(|role| table.slot(*role).is_some());
    let Some((role, slot)) = role.and_then(|role| table.slot(role).map(|slot| (role, slot))) else {
        return Err(Error::NotARecording {
            lines: layout.header_line,
            line: Some(layout.header_line),
            found: "no time in the rows".to_owned(),
        });
    };
    let kind = slot.kind.clone();
    let column = layout.columns.get(slot.field);
    let unit = column.and_then(|column| column.unit);
    let sure = column.and_then(|column| column.role).map_or(0, |(_, sure)| sure);
    let mut time_s = table.take(role).unwrap_or_default();
    let clock = match kind {
        Kind::Clock { first, .. } | Kind::NumericClock { first } => {
            remarks.push(Remark::new(
                "time_from_clock",
                "seconds were counted from the wall clock of the first row",
            ));
            return Ok((time_s, first, false));
        }
        Kind::Number(_) => {
            if let Some(unit) = unit {
                multiply(&mut time_s, unit.scale);
            }
            table.clock
        }
        Kind::Duration | Kind::State => table.clock,
    };
    if role == Role::StepTime || (sure <= 5 && (table.clock.is_some() || steps.is_some())) {
        let clocks = if role == Role::Clock { None } else { table.take(Role::Clock) };
        unwrap(&mut time_s, clocks.as_deref(), steps, role == Role::StepTime, remarks);
    }
    if let Some((first, last)) = clock {
        by_clock(&mut time_s, first, last, unit.is_some(), remarks);
    }
    Ok((time_s, clock.map(|(first, _)| first), role == Role::StepTime))
}

/// Makes a time that restarts at each step run on; the wall clock says when each step started, where there is one.
fn unwrap(
    time_s: &mut [f64],
    clocks: Option<&[f64]>,
    steps: Option<&[i64]>,
    expected: bool,
    remarks: &mut Vec<Remark>,
) {
    let step = |row: usize| steps.and_then(|steps| steps.get(row));
    let mut restarts = 0_usize;
    let mut elsewhere = 0_usize;
    for (row, pair) in time_s.windows(2).enumerate() {
        if let [before, now] = pair
            && now < before
        {
            restarts += 1;
            elsewhere += usize::from(steps.is_some() && step(row) == step(row + 1));
        }
    }
    if restarts == 0 || (elsewhere * 2 > restarts && !expected) {
        return;
    }
    let mut base = 0.0;
    let mut before = f64::NAN;
    for (row, value) in time_s.iter_mut().enumerate() {
        let own = *value;
        if own < before {
            base += before;
            let started = clocks.and_then(|clocks| clocks.get(row)).map_or(f64::NAN, |clock| clock - own);
            // A clock of whole seconds may lag behind by one.
            if started > base + 1.0 {
                base = started;
            }
        }
        if !own.is_nan() {
            before = own;
        }
        *value = own + base;
    }
    remarks.push(Remark::new(
        "step_time_accumulated",
        format!("the time restarts {restarts} times, with the steps; it was made to run on"),
    ));
}

/// Sets the time's unit right by the wall clock: minutes without a name, or milliseconds said to be seconds.
fn by_clock(time_s: &mut [f64], first: Clock, last: Clock, stated: bool, remarks: &mut Vec<Remark>) {
    const UNITS: [(f64, &str); 5] = [
        (60.0, "minutes"),
        (3600.0, "hours"),
        (86_400.0, "days"),
        (1e-3, "milliseconds"),
        (1e-6, "microseconds"),
    ];
    const SHORTEST_S: f64 = 5.0;
    let said = match (time_s.iter().find(|time| !time.is_nan()), time_s.iter().rfind(|time| !time.is_nan())) {
        (Some(start), Some(stop)) => stop - start,
        _ => return,
    };
    let shown = first.until(last);
    if !(shown >= SHORTEST_S && said > 0.0) {
        return;
    }
    // A clock that shows whole seconds is off by one at most.
    let bound = 0.01 + 1.0 / shown;
    let Some((factor, unit)) =
        UNITS.into_iter().find(|(factor, _)| (said * factor / shown - 1.0).abs() < bound)
    else {
        return;
    };
    multiply(time_s, factor);
    let message = if stated {
        format!(
            "the header states another unit, but beside the wall clock the time is in {unit}; it was taken so"
        )
    } else {
        format!("the header states no unit; beside the wall clock the time is in {unit}")
    };
    remarks.push(Remark::new("time_unit_by_clock", message));
}

/// The start of the test where only the preamble says it.
pub(super) fn stated_start(preamble: &str) -> Option<jiff::civil::DateTime> {
    preamble.lines().find_map(|line| {
        let lower = line.to_lowercase();
        let says =
            ["start of test", "started", "acquisition started", "date of test", "start time", "testbeginn"]
                .iter()
                .any(|words| lower.contains(words));
        if !says {
            return None;
        }
        let after = line.split_once([':', '\t', ',']).map(|(_, after)| after)?;
        let value = after.trim_matches([' ', '\t', '\r', ':', ',', ';', '"']);
        let order = time::date_order(std::iter::once(value.as_bytes())).unwrap_or(DateOrder::MonthFirst);
        time::clock(value.as_bytes(), order).and_then(Clock::civil)
    })
}

/// Says where time stands still or runs backward.
pub(super) fn time_remarks(time_s: &[f64], remarks: &mut Vec<Remark>) {
    let mut backward = 0_usize;
    let mut first = None;
    for (row, pair) in time_s.windows(2).enumerate() {
        if let [before, now] = pair
            && now < before
        {
            backward += 1;
            first.get_or_insert((row + 1, *before, *now));
        }
    }
    if let Some((row, before, now)) = first {
        remarks.push(Remark::new(
            "time_backward",
            format!("the time jumps back {backward} times, first at row {row} from {before} s to {now} s"),
        ));
    }
    let missing = time_s.iter().filter(|time| time.is_nan()).count();
    if missing > 0 {
        remarks.push(Remark::new("time_missing", format!("{missing} rows have no time")));
    }
}
