//! Charts of a community and its bills, from tables and statements.

use grid_core::{
    chart::{self, BandSlot, BillPart, CommunityDay, MemberSlot, PartKind},
    energy::settlement::{Language, LineKind},
    quantity::Money,
    series::Quality,
    time::Interval,
};
use jiff::civil::Date;
use pyo3::prelude::*;

use crate::{
    chart_options::{chart_function, drawn},
    chart_rows::{energies, intervals, qualities},
    columns::{Columns, same_length},
    error::{Error, no_choice, raise},
    lines,
    statement::PyStatement,
    time,
};

chart_function! {
    /// Draws a member's local day: own use, what the community gave and what came from the grid above the line, what was
    /// given and what was sold below it.
    ///
    /// ``data`` is a table with ``start``, ``end`` and any of ``self_consumed_kwh``, ``received_kwh``, ``import_kwh``,
    /// ``given_kwh``, ``export_kwh`` and ``quality``.
    #[signature(data, *, time_zone="UTC",)]
    fn chart_member_day(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        time_zone: &str,
    ) with options {
        let calendar = time::calendar(time_zone)?;
        let columns = Columns::of(data)?;
        let slots = intervals(&columns)?;
        let of = |name: &str| energies(&columns, name, slots.len());
        let (mut own_use, mut received) = (of("self_consumed_kwh")?, of("received_kwh")?);
        let (mut import, mut given) = (of("import_kwh")?, of("given_kwh")?);
        let (mut export, mut quality) = (of("export_kwh")?, qualities(&columns, slots.len())?);
        let slot = |interval: Interval| MemberSlot {
            interval,
            own_use: own_use.next().flatten(),
            received: received.next().flatten(),
            import: import.next().flatten(),
            given: given.next().flatten(),
            export: export.next().flatten(),
            quality: quality.next().unwrap_or(Quality::Measured),
        };
        let day: Vec<MemberSlot> = slots.into_iter().map(slot).collect();
        drawn(py, || chart::member_day(&day, &calendar, &options))
    }
}

chart_function! {
    /// Draws a community's month, day by day and by source.
    ///
    /// ``data`` is a table with ``date`` (local dates as text) and any of ``self_consumed_kwh``, ``shared_kwh``,
    /// ``import_kwh``, ``export_kwh`` and ``quality``. ``month`` is like ``2026-03``, that of the first row if it is left out.
    #[signature(data, *, month=None,)]
    fn chart_community_month(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        month: Option<&str>,
    ) with options {
        let columns = Columns::of(data)?;
        let dates = columns.texts("date")?;
        let dates =
            dates.into_iter().map(|date| date_of(&date.unwrap_or_default())).collect::<PyResult<Vec<_>>>()?;
        let rows = dates.len();
        let month = match (month, dates.first()) {
            (Some(month), _) => date_of(&format!("{month}-01"))?,
            (None, Some(first)) => *first,
            (None, None) => return Err(raise(Error::NoRows)),
        };
        let of = |name: &str| energies(&columns, name, rows);
        let (mut own_use, mut shared) = (of("self_consumed_kwh")?, of("shared_kwh")?);
        let (mut import, mut export) = (of("import_kwh")?, of("export_kwh")?);
        let mut quality = qualities(&columns, rows)?;
        let day = |date: Date| CommunityDay {
            date,
            own_use: own_use.next().flatten(),
            shared: shared.next().flatten(),
            import: import.next().flatten(),
            export: export.next().flatten(),
            quality: quality.next().unwrap_or(Quality::Measured),
        };
        let days: Vec<CommunityDay> = dates.into_iter().map(day).collect();
        drawn(py, || chart::community_month(month, &days, &options))
    }
}

chart_function! {
    /// Draws the parts of a bill, from the first line to what is due.
    ///
    /// ``data`` is a ``Statement``, or a table with ``name``, ``kind`` (``energy``, ``capacity``, ``fixed``, ``tax``,
    /// ``credit`` or ``excess``), ``amount`` as decimal text and ``currency``, such as ``Bill.lines``.
    #[signature(data, *,)]
    fn chart_bill_parts(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
    ) with options {
        let parts: Vec<(String, PartKind, Money)> = if let Ok(statement) = data.cast::<PyStatement>() {
            let statement = &statement.get().0;
            let (language, currency) =
                (options.language.code().parse::<Language>().map_err(raise)?, lines::currency(&statement.currency)?);
            let part = |line: &grid_core::energy::settlement::StatementLine| {
                let kind = match line.kind {
                    LineKind::Energy => PartKind::Energy,
                    LineKind::Capacity | LineKind::Fixed => PartKind::Fixed,
                    LineKind::Tax => PartKind::Tax,
                    LineKind::Credit | LineKind::Excess => PartKind::Credit,
                };
                (line.name(language).to_owned(), kind, line.amount.in_currency(currency))
            };
            statement.lines.iter().map(part).collect()
        } else {
            let columns = Columns::of(data)?;
            let (names, kinds) = (columns.texts("name")?, columns.texts("kind")?);
            let (amounts, currencies) = (columns.texts("amount")?, columns.texts("currency")?);
            for (column, length) in
                [("kind", kinds.len()), ("amount", amounts.len()), ("currency", currencies.len())]
            {
                same_length(column, names.len(), length)?;
            }
            let cells = names.into_iter().zip(kinds).zip(amounts.into_iter().zip(currencies));
            let mut parts = Vec::with_capacity(cells.len());
            for ((name, kind), (amount, currency)) in cells {
                let money = format!("{} {}", amount.unwrap_or_default(), currency.unwrap_or_default());
                let kind = kind_of(&kind.unwrap_or_default())?;
                parts.push((name.unwrap_or_default(), kind, money.parse().map_err(raise)?));
            }
            parts
        };
        let parts: Vec<BillPart<'_>> =
            parts.iter().map(|(name, kind, amount)| BillPart { name, kind: *kind, amount: *amount }).collect();
        drawn(py, || chart::bill_parts(&parts, &options))
    }
}

chart_function! {
    /// Draws how much was used in each band of the day, such as those of a tariff by time of use.
    ///
    /// ``data`` is a table with ``start``, ``end``, ``band`` and ``energy_kwh``. ``bands`` gives their order, that of their
    /// first rows if it is left out.
    #[signature(data, *, bands=None, time_zone="UTC",)]
    fn chart_load_by_band(
        py: Python<'_>,
        data: &Bound<'_, PyAny>,
        bands: Option<Vec<String>>,
        time_zone: &str,
    ) with options {
        let calendar = time::calendar(time_zone)?;
        let columns = Columns::of(data)?;
        let slots = intervals(&columns)?;
        let names = columns.texts("band")?;
        same_length("band", slots.len(), names.len())?;
        let stated = bands.is_some();
        let mut bands = bands.unwrap_or_default();
        let mut energy = energies(&columns, "energy_kwh", slots.len())?;
        let mut rows = Vec::with_capacity(slots.len());
        for (interval, name) in slots.into_iter().zip(names) {
            let name = name.unwrap_or_default();
            let known = bands.iter().position(|band| *band == name);
            if known.is_none() && !stated {
                bands.push(name);
            }
            // A band that was not stated has no place, and the chart refuses it.
            let band = known.unwrap_or(if stated { bands.len() } else { bands.len().saturating_sub(1) });
            rows.push(BandSlot { interval, band, energy: energy.next().flatten() });
        }
        let bands: Vec<&str> = bands.iter().map(String::as_str).collect();
        drawn(py, || chart::load_by_band(&rows, &bands, &calendar, &options))
    }
}

fn date_of(text: &str) -> PyResult<Date> {
    text.trim().parse().map_err(|_| no_choice("the date", "a local date like `2026-03-29`", text))
}

fn kind_of(word: &str) -> PyResult<PartKind> {
    Ok(match word {
        "energy" => PartKind::Energy,
        "capacity" | "fixed" => PartKind::Fixed,
        "tax" => PartKind::Tax,
        "credit" | "excess" => PartKind::Credit,
        _ => {
            let expected = "`energy`, `capacity`, `fixed`, `tax`, `credit` or `excess`";
            return Err(no_choice("the kind of a line", expected, word));
        }
    })
}
