//! Many models in one file: a line that says what they are, and a line each.

use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{Error, Fitted};

/// The version of the format that [`save_all`] writes.
const VERSION: u32 = 1;
const FORMAT: &str = "grid forecast models";

#[derive(Serialize, Deserialize)]
struct Header<D> {
    format: String,
    version: u32,
    description: D,
    names: Vec<String>,
}

/// What every version of the first line has.
#[derive(Deserialize)]
struct Kind {
    format: String,
    version: u32,
}

/// Writes models by name, and what else the reader must know of them, as lines of JSON.
///
/// ```
/// use grid_core::forecast::{Fit, History, Model, load_all, save_all};
/// use jiff::civil::date;
///
/// let history = History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, (0..72).map(f64::from).collect())?;
/// let series = vec![("ana".to_owned(), Model::SeasonalNaiveDay.fit(&history)?)];
/// let mut file = Vec::new();
/// save_all(&"kWh", &series, &mut file)?;
/// let (unit, again): (String, _) = load_all(&file[..])?;
/// assert_eq!((unit.as_str(), again[0].0.as_str()), ("kWh", "ana"));
/// assert_eq!(again[0].1.history(), &history);
/// # Ok::<(), grid_core::forecast::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Unsaved`] where they cannot be written.
pub fn save_all(
    description: &impl Serialize,
    series: &[(String, Fitted)],
    mut into: impl Write,
) -> Result<(), Error> {
    let names = series.iter().map(|(name, _)| name.clone()).collect();
    let header = Header { format: FORMAT.to_owned(), version: VERSION, description, names };
    serde_json::to_writer(&mut into, &header)
        .map_err(|source| Error::Unsaved { source: Box::new(source) })?;
    let end_line = |into: &mut dyn Write| {
        into.write_all(b"\n").map_err(|source| Error::Unsaved { source: Box::new(source) })
    };
    end_line(&mut into)?;
    for (_, fitted) in series {
        fitted.save(&mut into)?;
        end_line(&mut into)?;
    }
    into.flush().map_err(|source| Error::Unsaved { source: Box::new(source) })
}

/// Reads what [`save_all`] wrote, in this version of the format or an older one.
///
/// # Errors
///
/// [`Error::NotSaved`] for what is no such file, or not all of it; [`Error::SavedLater`] for one of a newer version.
pub fn load_all<D: DeserializeOwned>(from: impl BufRead) -> Result<(D, Vec<(String, Fitted)>), Error> {
    let mut lines = from.lines();
    let mut line = || match lines.next() {
        Some(line) => line.map_err(|source| Error::NotSaved { source: Some(Box::new(source)) }),
        None => Err(Error::NotSaved { source: None }),
    };
    let not_saved = |source: serde_json::Error| Error::NotSaved { source: Some(Box::new(source)) };
    let first = line()?;
    let kind: Kind = serde_json::from_str(&first).map_err(not_saved)?;
    if kind.format != FORMAT {
        return Err(Error::NotSaved { source: None });
    }
    if kind.version > VERSION {
        return Err(Error::SavedLater { newest: VERSION, got: kind.version });
    }
    let header: Header<D> = serde_json::from_str(&first).map_err(not_saved)?;
    let series = header.names.into_iter().map(|name| Ok((name, Fitted::load(line()?.as_bytes())?)));
    Ok((header.description, series.collect::<Result<_, Error>>()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forecast::{Fit, History, Model, Predict};
    use jiff::civil::date;

    fn file() -> (Vec<(String, Fitted)>, Vec<u8>) {
        let history = |factor: f64| {
            let values = (0..24 * 40).map(|hour| factor * f64::from(hour * 7919 % 24)).collect();
            History::new(date(2026, 1, 1).at(0, 0, 0, 0), 60, values).unwrap()
        };
        let fitted = |factor: f64| Model::Auto.fit(&history(factor)).unwrap();
        let series = vec![("a\nb".to_owned(), fitted(1.0)), ("c".to_owned(), fitted(2.0))];
        let mut file = Vec::new();
        save_all(&[1, 2], &series, &mut file).unwrap();
        (series, file)
    }

    #[test]
    fn what_was_saved_forecasts_the_same() {
        let (series, file) = file();
        let (description, again): (Vec<u8>, _) = load_all(&file[..]).unwrap();
        assert_eq!((description, again.len()), (vec![1, 2], 2));
        for ((name, fitted), (name_again, fitted_again)) in series.iter().zip(&again) {
            assert_eq!(name, name_again);
            assert_eq!(fitted.predict(24, &[0.5]).unwrap(), fitted_again.predict(24, &[0.5]).unwrap());
        }
    }

    #[test]
    fn a_file_that_is_cut_off_or_of_another_kind_is_refused() {
        let (_, file) = file();
        let lines = file.split(|byte| *byte == b'\n').count() - 1;
        assert_eq!(lines, 3);
        let cut = &file[..file.len() / 2];
        for text in [cut, b"", b"{}", b"\xff", br#"{"format":"grid forecast model","version":1}"#] {
            assert!(matches!(load_all::<Vec<u8>>(text), Err(Error::NotSaved { .. })));
        }
        let later = br#"{"format":"grid forecast models","version":2}"#;
        assert!(matches!(load_all::<Vec<u8>>(&later[..]), Err(Error::SavedLater { newest: 1, got: 2 })));
    }
}
