//! Forecasts as a table for people, as CSV, or as JSON, one line a series.

use std::{collections::BTreeMap, fmt::Write as _};

use clap::ValueEnum;
use grid_core::forecast::{Evidence, History, PointInTime, quantile_name};
use jiff::Timestamp;
use serde::Serialize;

use super::super::{Failed, file::NewFile};
use crate::cli;

/// How forecasts are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A table for people.
    Table,
    /// CSV with a header: `unique_id` where the series have names, `ds`, `mean`, and a column for each quantile.
    Csv,
    /// One object a line for each series.
    Json,
}

/// What is told of a series.
pub(super) struct Told<'a> {
    pub(super) name: &'a str,
    pub(super) history: &'a History,
    pub(super) model: &'static str,
    pub(super) points: &'a [PointInTime],
    pub(super) scores: Option<Evidence>,
}

/// Prints series as they come, or writes them to a file.
pub(super) struct Output {
    file: Option<NewFile>,
    format: Format,
    names: Vec<String>,
    is_named: bool,
    is_first: bool,
}

/// A series as JSON.
#[derive(Serialize)]
struct Series<'a> {
    unique_id: &'a str,
    model: &'static str,
    points: Vec<Point<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    backtest: Option<&'a Evidence>,
}

#[derive(Serialize)]
struct Point<'a> {
    start: Timestamp,
    mean: f64,
    #[serde(flatten)]
    quantiles: BTreeMap<&'a str, f64>,
}

impl Output {
    pub(super) fn begin(
        format: Format,
        quantiles: &[f64],
        is_named: bool,
        file: Option<NewFile>,
    ) -> Result<Self, Failed> {
        let names: Vec<String> = quantiles.iter().map(|level| quantile_name(*level)).collect();
        let head = if is_named { "unique_id,ds,mean," } else { "ds,mean," };
        let head = format!("{head}{}\n", names.join(","));
        let mut output = Self { file, format, names, is_named, is_first: true };
        if format == Format::Csv {
            output.put(&head)?;
        }
        Ok(output)
    }

    /// Ends what was written to a file, and so puts it into its place.
    pub(super) fn end(self) -> Result<(), Failed> {
        self.file.map_or(Ok(()), NewFile::end)
    }

    fn put(&mut self, text: &str) -> Result<(), Failed> {
        match &mut self.file {
            Some(file) => file.write(text.as_bytes()),
            None => cli::print(text),
        }
    }

    pub(super) fn tell(&mut self, told: &Told<'_>) -> Result<(), Failed> {
        let text = match self.format {
            Format::Table => self.table(told),
            Format::Csv => self.csv(told),
            Format::Json => self.json(told)?,
        };
        self.is_first = false;
        self.put(&text)
    }

    fn table(&self, told: &Told<'_>) -> String {
        let mut text = String::new();
        if !self.is_first {
            text.push('\n');
        }
        if self.is_named {
            let _ = writeln!(text, "{}", told.name);
        }
        let history = told.history;
        let _ = writeln!(text, "  model     {}", told.model);
        let _ = writeln!(
            text,
            "  history   {} to {}: {} slots of {} min, {} missing",
            history.start(),
            history.end(),
            history.values().len(),
            history.step_minutes(),
            history.missing()
        );
        if let Some(scores) = &told.scores {
            let score =
                |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |value| format!("{value:.4}"));
            let _ = writeln!(
                text,
                "  backtest  {} forecasts, {} slots scored: MAE {}, MASE {}, WQL {}",
                scores.origins,
                scores.scored,
                score(scores.mae),
                score(scores.mase),
                score(scores.wql)
            );
            for covered in &scores.coverage {
                let share =
                    covered.share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0));
                let _ = writeln!(
                    text,
                    "            {share} of the values within the interval of {} %",
                    covered.level
                );
            }
        }
        let _ = write!(text, "\n  {:<25} {:>12}", "start (UTC)", "mean");
        for name in &self.names {
            let _ = write!(text, " {name:>12}");
        }
        text.push('\n');
        for point in told.points {
            let _ = write!(text, "  {:<25} {:>12.4}", point.start, point.mean);
            for value in &point.quantiles {
                let _ = write!(text, " {value:>12.4}");
            }
            text.push('\n');
        }
        text
    }

    fn csv(&self, told: &Told<'_>) -> String {
        let mut text = String::new();
        for point in told.points {
            if self.is_named {
                let _ = write!(text, "{},", quoted(told.name));
            }
            let _ = write!(text, "{},{}", point.start, point.mean);
            for value in &point.quantiles {
                let _ = write!(text, ",{value}");
            }
            text.push('\n');
        }
        text
    }

    fn json(&self, told: &Told<'_>) -> Result<String, Failed> {
        let points = told.points.iter().map(|point| Point {
            start: point.start,
            mean: point.mean,
            quantiles: self.names.iter().map(String::as_str).zip(point.quantiles.iter().copied()).collect(),
        });
        let series = Series {
            unique_id: told.name,
            model: told.model,
            points: points.collect(),
            backtest: told.scores.as_ref(),
        };
        Ok(format!("{}\n", serde_json::to_string(&series)?))
    }
}

/// A field of CSV (RFC 4180).
fn quoted(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_with_a_comma_or_a_quote_stays_one_field() {
        assert_eq!(["a", "a,b", "a\"b"].map(quoted), ["a", "\"a,b\"", "\"a\"\"b\""]);
    }
}
