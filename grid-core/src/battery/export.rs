//! Recordings written: as CSV and Parquet in the Battery Data Format, and as JSON.
//!
//! The Battery Data Format (BDF, of the Battery Data Alliance at LF Energy) asks for `Test Time / s`, `Voltage / V` and
//! `Current / A` with charging positive, and names the rest; its counts of charge and energy never restart. What is
//! missing is an empty cell (a null in Parquet), never a zero. Numbers are written with as many digits as it takes to
//! read the same number back.

use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::error::Error;
use super::log::{Recording, Remark};

/// The values of an exported column.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values<'a> {
    /// Numbers; NaN where nothing was measured.
    Floats(Cow<'a, [f64]>),
    /// Whole numbers.
    Integers(&'a [i64]),
}

/// One column of the Battery Data Format.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column<'a> {
    /// The preferred label, such as `Test Time / s`.
    pub(super) label: &'static str,
    /// The machine-readable name, such as `test_time_second`.
    pub(super) name: &'static str,
    pub(super) values: Values<'a>,
}

/// The columns that a recording has, in the order of the format: required, recommended, optional.
pub(super) fn columns(recording: &Recording) -> Vec<Column<'_>> {
    let mut columns = vec![
        floats("Test Time / s", "test_time_second", &recording.time_s),
        floats("Voltage / V", "voltage_volt", &recording.voltage_v),
        floats("Current / A", "current_ampere", &recording.current_a),
    ];
    if let Some(cycles) = &recording.cycle_index {
        columns.push(Column {
            label: "Cycle Count / 1",
            name: "cycle_count",
            values: Values::Integers(cycles),
        });
    }
    if let Some(steps) = &recording.step_index {
        columns.push(Column { label: "Step Index / 1", name: "step_index", values: Values::Integers(steps) });
    }
    let optional = [
        ("Step Time / s", "step_time_second", &recording.step_time_s),
        ("Power / W", "power_watt", &recording.power_w),
        ("Temperature T1 / degC", "temperature_t1_celsius", &recording.temperature_c),
    ];
    for (label, name, values) in optional {
        columns.extend(values.as_deref().map(|values| floats(label, name, values)));
    }
    let counted = [
        ("Charging Capacity / Ah", "charging_capacity_ah", &recording.charge_capacity_ah),
        ("Discharging Capacity / Ah", "discharging_capacity_ah", &recording.discharge_capacity_ah),
        ("Charging Energy / Wh", "charging_energy_wh", &recording.charge_energy_wh),
        ("Discharging Energy / Wh", "discharging_energy_wh", &recording.discharge_energy_wh),
    ];
    for (label, name, values) in counted {
        columns.extend(values.as_deref().map(|values| Column {
            label,
            name,
            values: Values::Floats(running(values)),
        }));
    }
    columns
}

fn floats<'a>(label: &'static str, name: &'static str, values: &'a [f64]) -> Column<'a> {
    Column { label, name, values: Values::Floats(Cow::Borrowed(values)) }
}

/// A count that restarts made one that never does: a count that falls below half of what it was started again.
fn running(values: &[f64]) -> Cow<'_, [f64]> {
    let restarts = |before: f64, now: f64| now < 0.5 * before;
    let mut known = values.iter().copied().filter(|value| !value.is_nan());
    let mut before = known.next().unwrap_or(f64::NAN);
    let runs_on = known.all(|now| {
        let fine = !restarts(before, now);
        before = now;
        fine
    });
    if runs_on {
        return Cow::Borrowed(values);
    }
    let (mut base, mut before) = (0.0, f64::NAN);
    let sums = values.iter().map(|&now| {
        if now.is_nan() {
            return now;
        }
        if restarts(before, now) {
            base += before;
        }
        before = now;
        base + now
    });
    Cow::Owned(sums.collect())
}

impl Recording {
    /// Writes the recording as CSV of the Battery Data Format, with its preferred labels.
    ///
    /// Counts of charge and energy that the vendor restarts run on, as the format asks. The state of charge and the
    /// further columns of a home log have no place in the format; [`write_json`](Self::write_json) has them.
    ///
    /// ```
    /// let recording = grid_core::battery::read_bytes(b"Zeit [min];U [V];I [mA]\n0;3,7;100\n1;3,71;\n")?;
    /// let mut csv = Vec::new();
    /// recording.write_bdf_csv(&mut csv)?;
    /// assert_eq!(String::from_utf8(csv)?, "Test Time / s,Voltage / V,Current / A\n0,3.7,0.1\n60,3.71,\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// Whatever the writer says.
    pub fn write_bdf_csv(&self, writer: impl Write) -> io::Result<()> {
        let mut writer = BufWriter::new(writer);
        let columns = columns(self);
        for (place, column) in columns.iter().enumerate() {
            write!(writer, "{}{}", if place > 0 { "," } else { "" }, column.label)?;
        }
        writeln!(writer)?;
        for row in 0..self.len() {
            for (place, column) in columns.iter().enumerate() {
                if place > 0 {
                    write!(writer, ",")?;
                }
                match &column.values {
                    Values::Floats(values) => match values.get(row) {
                        Some(value) if !value.is_nan() => write!(writer, "{value}")?,
                        _ => {}
                    },
                    Values::Integers(values) => {
                        if let Some(value) = values.get(row) {
                            write!(writer, "{value}")?;
                        }
                    }
                }
            }
            writeln!(writer)?;
        }
        writer.flush()
    }

    /// Writes the recording to a file by the end of its name: `.csv` and `.parquet` in the Battery Data Format, `.json`
    /// with everything.
    ///
    /// The file is written beside its place under another name and then put there, so that a failure leaves what was
    /// there before.
    ///
    /// # Errors
    ///
    /// [`Error::NotAnExport`] for another ending, [`Error::Unwritable`] where the file cannot be written.
    pub fn write_path(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        let write: fn(&Self, &File) -> io::Result<()> = match ending.to_ascii_lowercase().as_str() {
            "csv" => |recording, file| recording.write_bdf_csv(file),
            "json" => |recording, file| recording.write_json(file),
            #[cfg(feature = "parquet")]
            "parquet" => |recording, file| recording.write_parquet(file),
            _ => return Err(Error::NotAnExport { path: path.to_owned() }),
        };
        let unwritable = |source: io::Error| Error::Unwritable { path: path.to_owned(), source };
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(".part");
        let part = path.with_file_name(name);
        let written = File::create(&part)
            .and_then(|file| write(self, &file).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&part, path));
        written.map_err(|source| {
            // What could not be finished is of no use; that it could not be removed either is not the first trouble.
            let _ = fs::remove_file(&part);
            unwritable(source)
        })
    }

    /// Writes the recording as one JSON object: `format`, `evidence`, `remarks`, `started_at`, and each column by its
    /// name with its unit as a list, `null` where nothing was measured.
    ///
    /// # Errors
    ///
    /// Whatever the writer says.
    pub fn write_json(&self, writer: impl Write) -> io::Result<()> {
        let mut writer = BufWriter::new(writer);
        serde_json::to_writer(&mut writer, &AsJson(self)).map_err(io::Error::from)?;
        writer.flush()
    }
}

/// A recording as [`Recording::write_json`] writes it.
struct AsJson<'a>(&'a Recording);

impl Serialize for AsJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let recording = self.0;
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("format", recording.format.as_str())?;
        object.serialize_entry("evidence", &recording.evidence)?;
        object.serialize_entry::<str, Vec<Remark>>("remarks", &recording.remarks)?;
        object.serialize_entry("started_at", &recording.started_at.map(|start| start.to_string()))?;
        object.serialize_entry("time_s", &recording.time_s)?;
        object.serialize_entry("voltage_v", &recording.voltage_v)?;
        object.serialize_entry("current_a", &recording.current_a)?;
        let optional = [
            ("power_w", &recording.power_w),
            ("temperature_c", &recording.temperature_c),
            ("state_of_charge", &recording.state_of_charge),
            ("charge_capacity_ah", &recording.charge_capacity_ah),
            ("discharge_capacity_ah", &recording.discharge_capacity_ah),
            ("capacity_ah", &recording.capacity_ah),
            ("charge_energy_wh", &recording.charge_energy_wh),
            ("discharge_energy_wh", &recording.discharge_energy_wh),
            ("energy_wh", &recording.energy_wh),
            ("step_time_s", &recording.step_time_s),
        ];
        for (name, values) in optional {
            if let Some(values) = values {
                object.serialize_entry(name, values)?;
            }
        }
        for (name, values) in [("cycle_index", &recording.cycle_index), ("step_index", &recording.step_index)]
        {
            if let Some(values) = values {
                object.serialize_entry(name, values)?;
            }
        }
        for channel in &recording.channels {
            object.serialize_entry(channel.name, &channel.values)?;
        }
        object.end()
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::super::read_bytes;
    use super::*;

    #[test]
    fn a_count_that_restarts_runs_on() {
        assert_eq!(running(&[0.0, 1.0, f64::NAN, 2.0]).len(), 4);
        assert!(matches!(running(&[0.0, 1.0, 0.9, 2.0]), Cow::Borrowed(_)));
        assert_eq!(running(&[0.0, 1.0, 2.0, 0.0, 0.5, 0.1]).as_ref(), [0.0, 1.0, 2.0, 2.0, 2.5, 2.6]);
    }

    #[test]
    fn json_has_null_where_nothing_was_measured() {
        let recording = read_bytes(b"t/s,U/V,I/A\n0,3.7,1\n1,,1\n").unwrap();
        let mut json = Vec::new();
        recording.write_json(&mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!(json["voltage_v"], serde_json::json!([3.7, null]));
        assert_eq!(json["format"], "generic");
        assert!(json.get("temperature_c").is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back_to_the_bit(
            rows in prop::collection::vec((2.0..4.5_f64, -5.0..5.0_f64, -20.0..60.0_f64, 0..3_i64), 3..60),
        ) {
            let mut text = String::from("Test Time / s,Voltage / V,Current / A,Cycle Count / 1,Temperature T1 / degC\n");
            let mut cycle = 1;
            for (row, (volt, ampere, celsius, more)) in rows.iter().enumerate() {
                cycle += more / 2;
                writeln!(text, "{row},{volt},{ampere},{cycle},{celsius}").unwrap();
            }
            let recording = read_bytes(text.as_bytes()).unwrap();
            let mut csv = Vec::new();
            recording.write_bdf_csv(&mut csv).unwrap();
            let again = read_bytes(&csv).unwrap();
            prop_assert_eq!(&again.time_s, &recording.time_s);
            prop_assert_eq!(&again.voltage_v, &recording.voltage_v);
            prop_assert_eq!(&again.current_a, &recording.current_a);
            prop_assert_eq!(&again.temperature_c, &recording.temperature_c);
            prop_assert_eq!(&again.cycle_index, &recording.cycle_index);
            prop_assert!(recording.temperature_c.is_some() && recording.cycle_index.is_some());
        }
    }
}
