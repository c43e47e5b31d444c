//! Rows of a table in memory.

use super::{
    Batch, Fault, Layout, TableRow,
    batches::{Batches, Column, Moment, Row},
};
use crate::energy::Error;

pub(super) fn gather<'a>(
    rows: impl IntoIterator<Item = TableRow<'a>>,
    file: &str,
    layout: Layout,
) -> Result<Vec<Batch>, Error> {
    let place = |number: u64, column: Option<Column>| Fault {
        row: Some(number),
        header: column.map(|column| column.name().to_owned()),
        ..Fault::default()
    };
    let mut batches = Batches::new(file, layout);
    for (row, number) in rows.into_iter().zip(0..) {
        if batches.is_hopeless() {
            break;
        }
        let row = Row {
            device: row.device.trim(),
            member: row.member.trim(),
            channel: row.channel.trim(),
            start: Moment::At(row.start),
            end: Moment::At(row.end),
            energy_kwh: row.energy_kwh.trim(),
            quality: row.quality.trim(),
        };
        batches.take(row, number, |column| place(number, Some(column)));
    }
    batches.finish(|number| place(number, None))?.into_batches()
}
