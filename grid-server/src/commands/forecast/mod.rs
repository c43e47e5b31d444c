//! `grid-server forecast`: what comes after the series of a file, or the readings of a device, from the command line. A file
//! needs no server and no database.

mod following;
mod output;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use grid_core::{
    chart::{self, ForecastPoint, Options},
    energy::Channel,
    error::Failure,
    forecast::{
        Error, Evidence, Fit, Forecast as Forecasted, History, LEARNT_DAYS, LongSeries, Model, Predict,
        Stoppable, Watch, backtest, for_each, last_days, quantiles_of_levels, read_long,
    },
    time::Calendar,
};
use uuid::Uuid;

pub(crate) use self::following::Interrupted;
use self::{
    following::Followed,
    output::{Format, Output, Told},
};
use super::{Failed, file::NewFile, progress::Progress};
use crate::{
    cli,
    config::Config,
    forecasting::{Learnt, minutes},
    serve, telemetry,
};

/// How many days of the past a chart shows.
const SHOWN_DAYS: usize = 7;
/// How many times as many pixels a side a PNG has.
const SCALE: u32 = 2;
/// How many series are forecast before they are told: enough for all cores, and few to keep.
const BATCH: usize = 64;

/// Of what, how far, and how it is told.
#[derive(clap::Args, Clone, Debug)]
pub struct Forecast {
    /// A table with a header, as CSV: `ds` (the start of a slot, as an instant or on the local clock), `y` (its value, empty
    /// where it is missing), perhaps `unique_id`, and a column for each regressor, whose values may go on past the last `y`;
    /// `-` is standard input.
    #[arg(required_unless_present = "device", conflicts_with = "device", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// A device of the database, in place of a file.
    #[arg(long, value_name = "ID")]
    pub device: Option<Uuid>,
    /// The device's channel.
    #[arg(long, requires = "device", default_value = "consumption")]
    pub channel: Channel,
    /// How long a slot is, such as `15min` or `1h`; found out from a file's times, or `1h` of a device, where nothing is said.
    #[arg(long, value_parser = minutes)]
    pub frequency: Option<u32>,
    /// The IANA zone of the clock that people follow, and of times without an offset; the device's own for a device.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub time_zone: String,
    /// How many hours to look ahead.
    #[arg(long, value_name = "HOURS", default_value_t = 24)]
    pub horizon: u16,
    /// The intervals in percent, separated by commas.
    #[arg(long, value_delimiter = ',', default_values_t = [50, 80])]
    pub levels: Vec<u8>,
    /// The model; an unknown one is answered with the names of all.
    #[arg(long, default_value = "auto")]
    pub model: Model,
    /// How the forecast is printed.
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// A file for the forecasts in place of standard output; it is there once all are made, or stays as it was.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// A file for the chart of a single series: `.svg` or `.png`.
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
    /// Score the model too, by forecasts from the starts of that many last days with nothing but what was known then.
    #[arg(long, value_name = "DAYS")]
    pub backtest: Option<u32>,
}

/// Forecasts a series or many, on all cores, and tells them in their order.
pub(crate) fn run(config: &Config, wanted: &Forecast) -> Result<(), Failed> {
    let quantiles = quantiles_of_levels(&wanted.levels)?;
    let (calendar, all) = match (&wanted.file, wanted.device) {
        (Some(file), _) => {
            let calendar = Calendar::new(&wanted.time_zone)?;
            let all = read(file, &calendar, wanted.frequency)?;
            (calendar, all)
        }
        (None, Some(device)) => of_device(config, device, wanted)?,
        (None, None) => return Err("expected a file or --device".into()),
    };
    if wanted.chart.is_some() && all.len() > 1 {
        return Err(format!("expected one series to draw, got {}", all.len()).into());
    }
    let file = wanted.out.as_deref().map(NewFile::begin).transpose()?;
    let is_named = all.iter().any(|one| !one.name.is_empty());
    let mut output = Output::begin(wanted.format, &quantiles, is_named, file)?;
    let followed = Followed::begin()?;
    let mut progress = Progress::new();
    for (number, batch) in all.chunks(BATCH).enumerate() {
        let before = number * BATCH;
        let how_far = |done: usize| format!("forecast {} of {} series", before + done, all.len());
        let made = followed.run(&mut progress, how_far, |watch, count| {
            for_each(batch, watch, |one| {
                let made = forecast(&one.history, wanted, &quantiles, watch)?;
                count();
                Ok(made)
            })
        });
        let made = match made {
            Ok(made) => made,
            Err((_, Error::Cancelled)) => return Err(Interrupted { told: before, of: all.len() }.into()),
            Err((place, error)) => {
                let name = batch.get(place).map_or("", |one| one.name.as_str());
                return Err(named(name, &error));
            }
        };
        progress.clear();
        for (LongSeries { name, history }, (forecast, scores)) in batch.iter().zip(made) {
            let points = forecast.local_to_instants(calendar.zone());
            let points = points.map_err(|error| named(name, &error))?;
            let model = forecast.model;
            output.tell(&Told { name, history, model, points: &points, scores })?;
            if let Some(file) = &wanted.chart {
                draw(file, history, &forecast, &calendar)?;
                cli::say(&format!("wrote {}\n", file.display()));
            }
        }
    }
    output.end()
}

/// What is wrong with a series.
fn named(name: &str, error: &Error) -> Failed {
    let series = if name.is_empty() { String::new() } else { format!("series `{name}`: ") };
    let hint = error.hint().map(|hint| format!("\n  {hint}")).unwrap_or_default();
    Failed::from(format!("{series}{}{hint}", cli::chain(error)))
}

fn forecast(
    history: &History,
    wanted: &Forecast,
    quantiles: &[f64],
    watch: &Watch,
) -> Result<(Forecasted, Option<Evidence>), Error> {
    let model = Stoppable { model: &wanted.model, watch };
    let per_day = history.slots_per_day();
    let horizon = usize::from(wanted.horizon) * per_day / 24;
    let past = history.before(history.end(), LEARNT_DAYS);
    let forecast = model.fit(&past)?.predict(horizon, quantiles)?;
    let scores = match wanted.backtest {
        None => None,
        Some(days) => {
            let origins = last_days(history, days);
            Some(Evidence::from(&backtest(&model, history, &origins, per_day, quantiles, LEARNT_DAYS)?))
        }
    };
    Ok((forecast, scores))
}

fn read(path: &Path, calendar: &Calendar, frequency: Option<u32>) -> Result<Vec<LongSeries>, Failed> {
    let is_standard_input = path.as_os_str() == "-";
    let name = if is_standard_input { "standard input".to_owned() } else { path.display().to_string() };
    let source: Box<dyn Read> = if is_standard_input {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| format!("failed to open `{name}`: {error}"))?)
    };
    read_long(source, calendar.zone(), frequency).map_err(|error| {
        let hint = error.hint().map(|hint| format!("\n  {hint}")).unwrap_or_default();
        format!("{name}: {}{hint}", cli::chain(&error)).into()
    })
}

fn of_device(config: &Config, id: Uuid, wanted: &Forecast) -> Result<(Calendar, Vec<LongSeries>), Failed> {
    telemetry::start(config);
    let (channel, minutes) = (wanted.channel, wanted.frequency.unwrap_or(60));
    let learnt = serve::with_store(config, |store| async move {
        let device = store.device(id).await?;
        Ok(Learnt::of_device(&store, device, channel, minutes).await?)
    })?;
    let history = learnt.history()?;
    Ok((learnt.calendar, vec![LongSeries { name: String::new(), history }]))
}

fn draw(file: &Path, history: &History, forecast: &Forecasted, calendar: &Calendar) -> Result<(), Failed> {
    let ending = file.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    let is_picture = match ending.as_deref() {
        Some("svg") => false,
        Some("png") => true,
        _ => return Err(format!("expected a chart `.svg` or `.png`, got `{}`", file.display()).into()),
    };
    let recent = history.tail(SHOWN_DAYS * history.slots_per_day(), calendar.zone())?;
    let points = ForecastPoint::of_forecast(forecast, calendar)?;
    let drawn = chart::forecast(&recent, &points, calendar, &Options::default())?;
    let content = if is_picture { drawn.png(SCALE)? } else { drawn.svg().as_bytes().to_vec() };
    let mut new = NewFile::begin(file)?;
    new.write(&content)?;
    new.end()
}
