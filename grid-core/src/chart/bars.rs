//! Horizontal bars: a name on the left, a bar, and its amount on the right.

use super::{
    Error,
    axis::{Axis, Ends, Tick, Zero, extent},
    sheet::{Foot, Place, Sheet},
    text::{SMALL, cut, text_width},
    theme::Ink,
};

/// The least height of a row, in tenths of a pixel: that of its text and a little air.
const LEAST_ROW: i32 = 140;
/// The greatest height of a bar, in tenths of a pixel.
const THICKEST: f64 = 300.0;

/// One row.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    /// What stands at the right.
    pub(super) amount: String,
    /// From where to where the bar reaches; `None` where that is not known.
    pub(super) reach: Option<(f64, f64)>,
    pub(super) ink: Ink,
    /// What is told where the pointer rests.
    pub(super) told: String,
}

/// How the bars stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Steps {
    /// Each starts from zero.
    FromZero,
    /// Each starts where the one before it ended; the last one, below a line, is what they come to.
    Waterfall,
}

/// What stands around the bars.
pub(super) struct Heads<'a> {
    /// Over the bars.
    pub(super) bars: &'a str,
    /// Over the amounts.
    pub(super) amounts: &'a str,
    /// Under the axis: its unit.
    pub(super) unit: &'a str,
}

/// How many rows a place has room for.
pub(super) fn rows_in(place: Place) -> usize {
    usize::try_from((place.bottom - place.top) / LEAST_ROW).unwrap_or(0).max(1)
}

/// Draws rows from top to bottom into a place, which is to hold names and amounts as well.
pub(super) fn bars(
    sheet: &Sheet<'_>,
    place: Place,
    rows: &[Row],
    steps: Steps,
    heads: &Heads<'_>,
) -> Result<(), Error> {
    let wide = place.right - place.left;
    let widest =
        |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text_width(text, SMALL)).max().unwrap_or(0);
    let amounts = widest(&mut rows.iter().map(|row| row.amount.as_str()).chain([heads.amounts]));
    // The amounts are what a reader came for; names take what is left, up to a third, and bars the rest.
    let most = (wide - amounts - 500).min(wide / 3).max(0);
    let names = widest(&mut rows.iter().map(|row| row.name.as_str())).min(most);
    let left = place.left + names + 70;
    let right = (place.right - amounts.max(200) - 100).max(left + 200);

    let count = f64::from(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    let middles = || (0_u32..).map(|row| count - f64::from(row) - 0.5);
    let mut ticks: Vec<Tick> = rows
        .iter()
        .zip(middles())
        .map(|(row, at)| Tick { at, label: cut(&row.name, SMALL, names), below: None })
        .collect();
    // As on every axis, from the lowest upwards.
    ticks.reverse();
    let y = Axis { low: 0.0, high: count.max(1.0), ticks, factor: String::new() };
    let reach = rows.iter().filter_map(|row| row.reach).flat_map(|(from, to)| [from, to]);
    let about = usize::try_from((right - left) / 800).unwrap_or(0).clamp(1, 8);
    let x = match extent(reach) {
        Some(reach) => Axis::linear(Some(reach), Zero::Shown, Ends::OnTicks, about, sheet.language),
        None => Axis::blank(),
    };
    let plot = sheet.panel(Place { left, right, ..place }, &x, &y, heads.bars, Foot::Labels(heads.unit))?;
    let head = (place.right, place.top - 120);
    if text_width(heads.bars, SMALL) + 60 < right - left {
        sheet.amount(heads.amounts, head, Ink::Quiet)?;
    }
    for tick in &x.ticks {
        plot.line(&[(tick.at, y.low), (tick.at, y.high)], Ink::Rule, 10)?;
    }

    let height = f64::from(place.bottom - place.top) / count.max(1.0);
    let half = (THICKEST / height / 2.0).min(0.36);
    // A bar that is there shows, however small it is.
    let least = (x.high - x.low) / f64::from((right - left).max(1)) * 12.0;
    let mut ended: Option<(f64, f64)> = None;
    for (row, middle) in rows.iter().zip(middles()) {
        match row.reach {
            Some((from, to)) if from < to || to < from => {
                let (low, high) = (from.min(to), from.max(to));
                let grown = if high - low < least { (low, low + least) } else { (low, high) };
                plot.block(grown, (middle - half, middle + half), row.ink)?;
            }
            Some(_) => {}
            None => plot.block((x.low, x.high), (middle - half, middle + half), Ink::Missing)?,
        }
        if steps == Steps::Waterfall
            && let Some((before, to)) = ended
        {
            plot.line(&[(to, before - half), (to, middle + half)], Ink::Axis, 10)?;
        }
        ended = row.reach.map(|(_, to)| (middle, to)).or(ended);
        let at = (place.right, plot.at(x.low, middle).1);
        sheet.amount(&row.amount, at, Ink::Text)?;
    }
    if x.low <= 0.0 && x.high > 0.0 {
        plot.line(&[(0.0, y.low), (0.0, y.high)], Ink::Axis, 12)?;
    }
    if steps == Steps::Waterfall && rows.len() > 1 {
        sheet.rule((place.left, place.right), plot.at(x.low, 1.0).1)?;
    }
    for (row, middle) in rows.iter().zip(middles()) {
        let (_, top) = plot.at(x.low, middle + 0.5);
        let (_, bottom) = plot.at(x.low, middle - 0.5);
        sheet.told(Place { top, bottom, ..place }, row.told.clone());
    }
    Ok(())
}
