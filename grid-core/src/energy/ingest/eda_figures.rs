//! What an Austrian operator computed, as tables that a computation of one's own can be set against.

use std::collections::BTreeSet;

use super::{EdaTable, EnergyDirection, MeteringCode};
use crate::{energy::sharing::Figures, quantity::Energy, time::Interval};

/// The operator's figures of a community: one row an interval, one column a metering point, in the order of their ids.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperatorFigures {
    /// The interval of each row.
    pub intervals: Vec<Interval>,
    /// The metering points that consume.
    pub members: Vec<String>,
    /// The metering points that generate.
    pub plants: Vec<String>,
    generation: Vec<Option<Energy>>,
    demand: Vec<Option<Energy>>,
    allocated: Vec<Option<Energy>>,
    surplus: Vec<Option<Energy>>,
}

impl EdaTable {
    /// The figures that [`reconcile`](crate::energy::sharing::reconcile) checks: of each consumer what it used (`G.01T`,
    /// else `G.01`) and what it was given (`G.03`), of each plant what it made (`G.01T`, else `G.01`) and what was left
    /// of that (`P.01T`, else `P.01`). A column that the sheet lacks is missing, and not zero.
    pub fn figures(&self) -> OperatorFigures {
        let mut consumers: BTreeSet<&str> = BTreeSet::new();
        let mut plants: BTreeSet<&str> = BTreeSet::new();
        for column in &self.columns {
            match column.direction {
                EnergyDirection::Consumption => consumers.insert(&column.metering_point),
                EnergyDirection::Generation => plants.insert(&column.metering_point),
            };
        }
        let rows = self.intervals.len();
        let table = |points: &BTreeSet<&str>, direction: EnergyDirection, codes: &[MeteringCode]| {
            let columns: Vec<Option<&[Option<Energy>]>> = points
                .iter()
                .map(|point| {
                    codes.iter().find_map(|code| {
                        self.columns
                            .iter()
                            .find(|column| {
                                column.metering_point == *point
                                    && column.direction == direction
                                    && column.code == *code
                            })
                            .map(|column| column.energies.as_slice())
                    })
                })
                .collect();
            (0..rows)
                .flat_map(|row| {
                    columns
                        .iter()
                        .map(move |column| column.and_then(|column| column.get(row)).copied().flatten())
                })
                .collect::<Vec<_>>()
        };
        let metered = [MeteringCode::G01T, MeteringCode::G01];
        OperatorFigures {
            generation: table(&plants, EnergyDirection::Generation, &metered),
            surplus: table(&plants, EnergyDirection::Generation, &[MeteringCode::P01T, MeteringCode::P01]),
            demand: table(&consumers, EnergyDirection::Consumption, &metered),
            allocated: table(&consumers, EnergyDirection::Consumption, &[MeteringCode::G03]),
            members: consumers.into_iter().map(str::to_owned).collect(),
            plants: plants.into_iter().map(str::to_owned).collect(),
            intervals: self.intervals.clone(),
        }
    }
}

impl OperatorFigures {
    /// The tables, for [`reconcile`](crate::energy::sharing::reconcile).
    pub fn as_figures(&self) -> Figures<'_> {
        Figures {
            intervals: &self.intervals,
            members: self.members.len(),
            plants: self.plants.len(),
            generation: &self.generation,
            demand: &self.demand,
            allocated: &self.allocated,
            surplus: &self.surplus,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        energy::{
            ingest::{Layout, Options, read_eda},
            sharing::{Key, Strictness, reconcile},
        },
        time::Calendar,
    };

    /// A sheet of two homes and a plant: the second quarter-hour does not add up.
    const SHEET: &str = "MeteringpointID;AT01;AT01;AT02;AT02;AT09;AT09\n\
        Name;Ana;Ana;Ben;Ben;Roof;Roof\n\
        Energy direction;CONSUMPTION;CONSUMPTION;CONSUMPTION;CONSUMPTION;GENERATION;GENERATION\n\
        Metercode;G.01;G.03;G.01;G.03;G.01;P.01\n\
        01.03.2026 00:00:00;1,000000;0,500000;1,000000;0,500000;1,000000;0,000000\n\
        01.03.2026 00:15:00;1,000000;0,500000;1,000000;0,400000;1,000000;0,000000\n\
        01.03.2026 00:30:00;1,000000;0,500000;1,000000;;1,000000;0,000000\n";

    #[test]
    fn an_operators_sheet_is_set_against_the_key() {
        let mut options = Options::new(Layout::Community);
        options.calendar = Some(Calendar::new("Europe/Vienna").unwrap());
        let sheet = read_eda(SHEET.as_bytes(), "sheet.csv", &options).unwrap();
        let figures = sheet.figures();
        assert_eq!(
            (figures.members.as_slice(), figures.plants.as_slice()),
            (&["AT01".to_owned(), "AT02".to_owned()][..], &["AT09".to_owned()][..])
        );
        let found = reconcile(&figures.as_figures(), &Key::Proportional, Strictness::default()).unwrap();
        // 1 kWh was made and 0.9 kWh given, with nothing left: a tenth is in nobody's account.
        assert_eq!(found.unaccounted_kwh, Energy::from_mwh(100_000));
        assert_eq!(found.does_not_add_up.intervals, 1);
        // Of the third quarter-hour a figure is missing, and it is not taken for zero.
        assert!(found.completeness.as_ppm() < 1_000_000);
    }
}
