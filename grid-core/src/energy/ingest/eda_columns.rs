//! The columns of the Austrian sheet: the lines above its rows, and the cells under them.

use std::collections::HashSet;

use super::{
    Fault,
    gather::{Gather, Spot},
    generic_csv::column,
    header,
    metering_code::{EnergyDirection, MeteringCode},
    table::{Line, shown},
    written::{Cell, Marks, Written},
};
use crate::{error::excerpt, series::Quality};

/// Where a column stands.
pub(super) struct Place {
    pub(super) field: usize,
    quality: Option<usize>,
    pub(super) metering_point: String,
    pub(super) name: String,
    pub(super) direction: EnergyDirection,
    pub(super) code: MeteringCode,
}

/// The lines above the rows, by what their first cell says.
#[derive(Default)]
pub(super) struct Above {
    ids: Vec<String>,
    names: Vec<String>,
    directions: Vec<String>,
    codes: Vec<String>,
}

fn label(cell: &str) -> String {
    header::words(cell).concat()
}

/// Whether a line is the one with the metering points or with their codes.
pub(super) fn is_header(first: &str) -> bool {
    matches!(label(first).as_str(), "meteringpointid" | "metercode" | "energydirection")
}

impl Above {
    pub(super) fn take(&mut self, line: &Line<'_>) {
        match label(&line.cell(0)).as_str() {
            "meteringpointid" | "zahlpunkt" | "zahlpunktid" | "zahlpunktnummer" => self.ids = line.cells(),
            "name" => self.names = line.cells(),
            "energydirection" | "energierichtung" => self.directions = line.cells(),
            "metercode" | "messcode" => self.codes = line.cells(),
            _ => {}
        }
    }

    pub(super) fn columns(&self, line: u64, evidence: &mut Vec<String>) -> Result<Vec<Place>, Fault> {
        let fault = |field: Option<usize>, expected: &str, got: String| Fault {
            line: Some(line),
            column: field.map(column),
            expected: expected.to_owned(),
            got,
            ..Fault::default()
        };
        if self.ids.len() < 2 {
            return Err(fault(None, "a line `MeteringpointID` above the rows", "none".to_owned()));
        }
        if self.codes.len() < 2 {
            return Err(fault(None, "a line `Metercode` above the rows", "none".to_owned()));
        }
        let cell = |cells: &[String], field: usize| cells.get(field).cloned().unwrap_or_default();
        let mut places: Vec<Place> = Vec::new();
        let mut left_out: Vec<String> = Vec::new();
        let mut seen: HashSet<(String, MeteringCode, EnergyDirection)> = HashSet::new();
        for field in 1..self.ids.len().max(self.codes.len()) {
            let (id, code) = (cell(&self.ids, field), cell(&self.codes, field));
            if id.eq_ignore_ascii_case("mm")
                || (id.is_empty() && code.is_empty())
                || code.eq_ignore_ascii_case("mm")
            {
                // A quality belongs to the column just before it.
                if let Some(place) = places.last_mut().filter(|place| place.field + 1 == field) {
                    place.quality = Some(field);
                }
                continue;
            }
            if id.eq_ignore_ascii_case("total") {
                left_out.push(format!("TOTAL {}", excerpt(&code)));
                continue;
            }
            if id.is_empty() {
                return Err(fault(Some(field), "a metering point above the code", shown(&code)));
            }
            let Some(code) = MeteringCode::of(&code) else {
                left_out.push(format!("{} {}", excerpt(&id), excerpt(&code)));
                continue;
            };
            let direction = cell(&self.directions, field);
            let Ok(direction) = direction.parse() else {
                return Err(fault(
                    Some(field),
                    "an energy direction `CONSUMPTION` or `GENERATION`",
                    shown(&direction),
                ));
            };
            if !seen.insert((id.clone(), code, direction)) {
                return Err(fault(
                    Some(field),
                    "each code of a metering point once",
                    format!("`{code}` of `{}` twice", excerpt(&id)),
                ));
            }
            let name = cell(&self.names, field);
            places.push(Place { field, quality: None, metering_point: id, name, direction, code });
        }
        if places.is_empty() {
            return Err(fault(None, "a column with a metering code such as `G.01`", "none".to_owned()));
        }
        if !left_out.is_empty() {
            left_out.truncate(20);
            evidence.push(format!("left out, as sums or unknown codes: {}", left_out.join(", ")));
        }
        Ok(places)
    }
}

impl Place {
    pub(super) fn cell(
        &self,
        line: &Line<'_>,
        marks: &mut Marks,
        faults: &mut Gather<'_>,
    ) -> (Option<Written>, Quality) {
        let spot = |field| Spot { line: line.number, column: column(field) };
        let quality = match self.quality.map(|field| (field, line.cell(field))) {
            Some((field, cell)) if !cell.is_empty() => header::quality(&cell).unwrap_or_else(|| {
                faults.fault(spot(field), "", "a quality `L1`, `L2` or `L3`", shown(&cell));
                Quality::Measured
            }),
            _ => Quality::Measured,
        };
        let cell = line.cell(self.field);
        match Cell::of(&cell) {
            Cell::Number(number) => {
                marks.see(number, line.number, column(self.field), &cell);
                (Some(number), quality)
            }
            Cell::Missing => (None, Quality::Missing),
            Cell::Bad => {
                faults.fault(
                    spot(self.field),
                    self.code.as_str(),
                    "a number, or an empty cell",
                    shown(&cell),
                );
                (None, Quality::Missing)
            }
        }
    }
}
