//! Cells that hold a time: a duration such as `0d 00:00:05.05`, or a wall clock such as `23-Nov-23 3:56:11 PM`.

use super::number::{DecimalMark, leading, trim};

/// Which part of `03/04/2024` is the day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum DateOrder {
    /// Month first, as in the United States.
    #[default]
    MonthFirst,
    /// Day first, as in Europe.
    DayFirst,
}

impl DateOrder {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::MonthFirst => "month, day, year",
            Self::DayFirst => "day, month, year",
        }
    }
}

/// A reading of a wall clock, and its distance from UTC where the file says it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Clock {
    /// Whole seconds from 1970-01-01 00:00:00 as the clock shows them.
    pub(super) seconds: i64,
    /// What is left, in nanoseconds.
    pub(super) nanos: i32,
    /// Seconds that the clock is ahead of UTC.
    pub(super) ahead_s: i64,
    /// Whether there was a date beside the time.
    pub(super) dated: bool,
}

impl Clock {
    /// Seconds from `self` to `later`.
    pub(super) fn until(self, later: Self) -> f64 {
        let whole = (later.seconds - later.ahead_s) - (self.seconds - self.ahead_s);
        #[expect(
            clippy::as_conversions,
            clippy::cast_precision_loss,
            reason = "under 2^53 s for years 0 to 9999"
        )]
        let whole = whole as f64;
        whole + f64::from(later.nanos - self.nanos) * 1e-9
    }

    /// The date and time that the clock shows, if it shows a date.
    pub(super) fn civil(self) -> Option<jiff::civil::DateTime> {
        if !self.dated {
            return None;
        }
        let epoch = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
        let past = jiff::SignedDuration::new(self.seconds, self.nanos);
        epoch.checked_add(past).ok()
    }
}

/// Reads a duration in seconds: `12:34:56.7`, `144:02:18`, `0d 00:00:05.05`, `1:02:03:04`, `1.02:03:04`.
pub(super) fn duration(cell: &[u8]) -> Option<f64> {
    if let Some(seconds) = plain_duration(cell) {
        return Some(seconds);
    }
    let text = std::str::from_utf8(trim(cell)).ok()?;
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text),
    };
    let (days, clock) = match text.split_once(['d', 'D']) {
        Some((days, clock)) => {
            let clock = clock.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim();
            (whole(days.trim())?, clock.trim_start_matches(',').trim_start())
        }
        None => (0.0, text),
    };
    let parts: Vec<&str> = clock.split(':').collect();
    let (days, hours, minutes, seconds) = match parts.as_slice() {
        [hours, minutes, seconds] => match hours.split_once('.') {
            // .NET writes 1.02:03:04 for a day, two hours, three minutes and four seconds.
            Some((more, hours)) => (days + whole(more)?, hours, *minutes, *seconds),
            None => (days, *hours, *minutes, *seconds),
        },
        [more, hours, minutes, seconds] => (days + whole(more)?, *hours, *minutes, *seconds),
        _ => return None,
    };
    let (minutes, seconds) = (whole(minutes)?, fraction(seconds)?);
    if minutes >= 60.0 || seconds >= 61.0 {
        return None;
    }
    Some(sign * (days * 86_400.0 + whole(hours)? * 3600.0 + minutes * 60.0 + seconds))
}

/// The usual case, without days, sign and blanks: `144:02:18`, `0:00:10.000`.
fn plain_duration(cell: &[u8]) -> Option<f64> {
    let colon = cell.iter().take(8).position(|byte| *byte == b':')?;
    let (hours, rest) = cell.split_at_checked(colon)?;
    let [b':', tens, ones, b':', seconds @ ..] = rest else { return None };
    let digit = |byte: u8| Some(f64::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit <= 9.0);
    let minutes = digit(*tens)? * 10.0 + digit(*ones)?;
    let hours = hours.iter().try_fold(0.0, |sum, byte| Some(sum * 10.0 + digit(*byte)?))?;
    let (seconds, rest) = leading(seconds, DecimalMark::Point)?;
    let usual = colon > 0 && rest.is_empty() && minutes < 60.0 && (0.0..61.0).contains(&seconds);
    usual.then_some(hours * 3600.0 + minutes * 60.0 + seconds)
}

/// A whole number without a sign.
fn whole(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = !text.is_empty() && text.len() <= 9 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

/// Seconds with a fraction, with either decimal mark.
fn fraction(text: &str) -> Option<f64> {
    let text = text.trim();
    let well_formed = text.starts_with(|c: char| c.is_ascii_digit())
        && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.' || byte == b',');
    well_formed.then(|| text.replace(',', ".").parse().ok()).flatten()
}

/// Reads a wall clock in the layouts that cyclers and loggers write.
pub(super) fn clock(cell: &[u8], order: DateOrder) -> Option<Clock> {
    let cell = trim(cell);
    if cell.len() < 5 || cell.len() > 48 {
        return None;
    }
    let text = std::str::from_utf8(cell).ok()?;
    let (date_text, time_text) = parts(text);
    let date = match date_text {
        "" => None,
        text => Some(date(text, order)?),
    };
    let (seconds, nanos, ahead_s) = match time_text {
        "" if date.is_some() => (0, 0, 0),
        text => time_of_day(text)?,
    };
    let days = date.unwrap_or(0);
    Some(Clock { seconds: days * 86_400 + seconds, nanos, ahead_s, dated: date.is_some() })
}

/// Splits a date from the time of day that follows it.
fn parts(text: &str) -> (&str, &str) {
    let Some(colon) = text.find(':') else { return (text, "") };
    let before = text.get(..colon).unwrap_or_default();
    let digits = before.bytes().rev().take_while(u8::is_ascii_digit).count();
    let (date, time) = text.split_at(colon - digits.min(2));
    (date.trim_end_matches([' ', ',', 'T', '_', '\t']).trim(), time)
}

/// Days from 1970-01-01 to a date in the proleptic Gregorian calendar.
fn date(text: &str, order: DateOrder) -> Option<i64> {
    let pieces: Vec<&str> = text
        .split(['-', '/', '.', ' ', ',', '年', '月', '日'])
        .filter(|piece| !piece.is_empty() && !is_weekday(piece))
        .collect();
    let (year, month, day) = match pieces.as_slice() {
        [compact] if compact.len() == 8 => (compact.get(..4)?, compact.get(4..6)?, compact.get(6..)?),
        [year, month, day] if year.len() == 4 => (*year, *month, *day),
        [month, day, year] if month_name(month).is_some() => (*year, *month, *day),
        [day, month, year] if month_name(month).is_some() => (*year, *month, *day),
        [first, second, year] => match order {
            DateOrder::MonthFirst => (*year, *first, *second),
            DateOrder::DayFirst => (*year, *second, *first),
        },
        _ => return None,
    };
    let month = month_name(month).or_else(|| small(month))?;
    let day = small(day)?;
    let year = match (small(year)?, year.len()) {
        (year, 4) => year,
        (year, 2) => 2000 + year,
        _ => return None,
    };
    let real =
        jiff::civil::Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    real.ok().map(|_| days_from_civil(year, month, day))
}

fn small(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

fn is_weekday(text: &str) -> bool {
    ["mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo", "di", "mi", "do", "fr", "sa", "so"]
        .contains(&text.to_lowercase().get(..3).unwrap_or(text.to_lowercase().as_str()))
}

/// Month names as English, German, French, Spanish, Italian and Portuguese shorten them.
fn month_name(text: &str) -> Option<i64> {
    if !text.starts_with(|c: char| c.is_alphabetic()) {
        return None;
    }
    let lower = text.to_lowercase();
    let start: String = lower.chars().take(3).collect();
    Some(match start.as_str() {
        "jan" | "ene" | "gen" => 1,
        "feb" | "fév" | "fev" => 2,
        "mar" | "mär" | "mrz" => 3,
        "apr" | "avr" | "abr" => 4,
        "may" | "mai" | "mag" => 5,
        "jun" | "giu" | "jui" if !lower.starts_with("juil") => 6,
        "jul" | "jui" | "lug" => 7,
        "aug" | "aoû" | "aou" | "ago" => 8,
        "sep" | "set" => 9,
        "oct" | "okt" | "ott" | "out" => 10,
        "nov" => 11,
        "dec" | "dez" | "déc" | "dic" => 12,
        _ => return None,
    })
}

/// Days since 1970-01-01; the era arithmetic of H. Hinnant, "chrono-compatible low-level date algorithms".
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

/// Seconds of the day, nanoseconds and distance from UTC of `3:56:11 PM`, `11:38:41.707`, `10:00:00.000Z`.
fn time_of_day(text: &str) -> Option<(i64, i32, i64)> {
    let end =
        text.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(text.len());
    let (clock, tail) = text.split_at(end);
    let mut pieces = clock.trim_end_matches(',').split(':');
    let hours = small(pieces.next()?)?;
    let minutes = small(pieces.next()?)?;
    let (seconds, nanos) = match pieces.next() {
        None => (0, 0),
        Some(seconds) => match seconds.split_once(['.', ',']) {
            None => (small(seconds)?, pieces.next().map_or(Some(0), fraction_nanos)?),
            Some((seconds, fraction)) => (small(seconds)?, fraction_nanos(fraction)?),
        },
    };
    if pieces.next().is_some() || hours > 24 || minutes > 59 || seconds > 60 {
        return None;
    }
    let tail = tail.trim();
    let upper = tail.to_ascii_uppercase();
    let half = upper.get(..2).unwrap_or_default();
    let (hours, rest) = match half {
        "PM" | "P." => (if hours < 12 { hours + 12 } else { hours }, after_half(tail)),
        // Some exports write `13:05:00 AM`; the hour says what is meant.
        "AM" | "A." => (if hours == 12 { 0 } else { hours }, after_half(tail)),
        _ => (hours, tail),
    };
    Some((hours * 3600 + minutes * 60 + seconds, nanos, offset(rest.trim())?))
}

/// What follows `AM`, `p.m.` or, in Spanish, `a. m.`.
fn after_half(tail: &str) -> &str {
    let lower = tail.to_ascii_lowercase();
    let long =
        ["a. m.", "p. m.", "a.m.", "p.m.", "a.m", "p.m"].into_iter().find(|half| lower.starts_with(half));
    tail.get(long.map_or(2, str::len)..).unwrap_or_default()
}

/// Nanoseconds of the digits after the decimal mark.
fn fraction_nanos(digits: &str) -> Option<i32> {
    let digits = digits.get(..digits.len().min(9))?;
    if digits.is_empty() {
        return Some(0);
    }
    let value: i32 =
        digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok()).flatten()?;
    Some(value * 10_i32.pow(9 - u32::try_from(digits.len()).ok()?))
}

/// Seconds ahead of UTC of `Z`, `UTC`, `+02:00`, `-0700`, `GMT+1`, `CEST`; any other named zone counts as nothing said.
fn offset(text: &str) -> Option<i64> {
    let signed = text.trim_start_matches("GMT").trim_start_matches("UTC").trim_start();
    let (sign, digits) = match signed.as_bytes() {
        [b'+', ..] => (1, signed.get(1..)?),
        [b'-', ..] => (-1, signed.get(1..)?),
        _ => {
            return text.bytes().all(|byte| !byte.is_ascii_digit()).then(|| abbreviated(text).unwrap_or(0));
        }
    };
    let digits: String = digits.chars().filter(|c| *c != ':').take_while(char::is_ascii_digit).collect();
    let (hours, minutes) = match digits.len() {
        1 | 2 => (digits.as_str(), "0"),
        3 | 4 => digits.split_at(digits.len() - 2),
        _ => return None,
    };
    Some(sign * (small(hours)? * 3600 + small(minutes)? * 60))
}

/// Seconds ahead of UTC of a zone's abbreviation, where it has one meaning.
fn abbreviated(text: &str) -> Option<i64> {
    let hours = match text.trim() {
        "WEST" | "BST" | "CET" | "MEZ" => 1,
        "CEST" | "MESZ" | "EET" | "OEZ" => 2,
        "EEST" | "OESZ" => 3,
        "JST" => 9,
        "AEST" => 10,
        "AEDT" => 11,
        "EDT" => -4,
        "EST" | "CDT" => -5,
        "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        _ => return None,
    };
    Some(hours * 3600)
}

/// The zone that stands behind a clock, as it is written.
pub(super) fn zone(text: &str) -> Option<String> {
    let (_, time) = parts(text);
    let end =
        time.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.' | ','))).unwrap_or(time.len());
    let tail = time.get(end..)?.trim();
    let upper = tail.to_ascii_uppercase();
    let half_day = ["A.M.", "P.M.", "AM", "PM"].into_iter().find(|half| upper.starts_with(half));
    let zone = tail.get(half_day.map_or(0, str::len)..)?.trim();
    (!zone.is_empty()).then(|| zone.to_owned())
}

/// Whether a date starts with its year.
pub(super) fn is_year_first(text: &str) -> bool {
    text.trim().bytes().take_while(u8::is_ascii_digit).count() >= 4
}

/// Whether a date names its month.
pub(super) fn names_a_month(text: &str) -> bool {
    let (date, _) = parts(text);
    date.split(['-', '/', '.', ' ', ',']).any(|piece| month_name(piece).is_some())
}

/// A clock written as one number: Unix seconds or milliseconds, MATLAB or Excel days, told by its size.
pub(super) fn numeric_clock(value: f64) -> Option<Clock> {
    const EXCEL_TO_UNIX_DAYS: f64 = 25_569.0;
    const MATLAB_TO_UNIX_DAYS: f64 = 719_529.0;
    let seconds = match value.abs() {
        size if (1e8..1e10).contains(&size) => value,
        size if (1e11..1e13).contains(&size) => value / 1e3,
        size if (1e14..1e16).contains(&size) => value / 1e6,
        size if (1e17..1e19).contains(&size) => value / 1e9,
        size if (710_000.0..780_000.0).contains(&size) => (value - MATLAB_TO_UNIX_DAYS) * 86_400.0,
        size if (20_000.0..80_000.0).contains(&size) => (value - EXCEL_TO_UNIX_DAYS) * 86_400.0,
        _ => return None,
    };
    let whole = seconds.floor();
    #[expect(
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "below 1e10 by the match above; a fraction of a second in nanoseconds is below 2^31"
    )]
    let (seconds, nanos) = (whole as i64, ((seconds - whole) * 1e9) as i32);
    Some(Clock { seconds, nanos, ahead_s: 0, dated: true })
}

/// The date order that a sample of cells allows; `None` when the sample cannot tell.
pub(super) fn date_order<'a>(cells: impl Iterator<Item = &'a [u8]>) -> Option<DateOrder> {
    for cell in cells {
        let Ok(text) = std::str::from_utf8(trim(cell)) else { continue };
        let (date, _) = parts(text);
        let pieces: Vec<i64> = date.split(['-', '/', '.', ' ']).filter_map(small).collect();
        if let [first, second, _] = pieces.as_slice() {
            if (13..=31).contains(first) {
                return Some(DateOrder::DayFirst);
            }
            if (13..=31).contains(second) && *first <= 12 {
                return Some(DateOrder::MonthFirst);
            }
        }
        if date.contains('.') {
            return Some(DateOrder::DayFirst);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, order: DateOrder) -> String {
        clock(text.as_bytes(), order).and_then(Clock::civil).map(|at| at.to_string()).unwrap_or_default()
    }

    #[test]
    fn durations_are_read_in_the_layouts_of_the_cyclers() {
        assert_eq!(duration(b"00:01:00"), Some(60.0));
        assert_eq!(duration(b"144:02:18"), Some(518_538.0));
        assert_eq!(duration(b"  0d 00:00:5.05"), Some(5.05));
        assert_eq!(duration(b"1d 01:00:00"), Some(90_000.0));
        assert_eq!(duration(b"\t1:33:21.000"), Some(5601.0));
        assert_eq!(duration(b"1.02:03:04"), Some(93_784.0));
        assert_eq!(duration(b"2024-01-01 00:00:00"), None);
        assert_eq!(duration(b"12"), None);
    }

    #[test]
    fn wall_clocks_are_read_in_the_layouts_of_the_cyclers() {
        use DateOrder::{DayFirst, MonthFirst};
        for (text, order, expected) in [
            ("\t09/20/2024 08:32:34.558", MonthFirst, "2024-09-20T08:32:34.558"),
            ("2010-08-17 14:31:06", MonthFirst, "2010-08-17T14:31:06"),
            ("23-Nov-23 3:56:11 PM", MonthFirst, "2023-11-23T15:56:11"),
            ("2022-04-12 4:24:08 AM", MonthFirst, "2022-04-12T04:24:08"),
            ("19.06.2023 17:56:53", DayFirst, "2023-06-19T17:56:53"),
            ("21 May 2026, 09:00:00 AM", MonthFirst, "2026-05-21T09:00:00"),
            ("5/11/2021 12:40:24 AM", MonthFirst, "2021-05-11T00:40:24"),
            ("2020-05-01T01:00:00-07:00", MonthFirst, "2020-05-01T01:00:00"),
            ("2026-04-24T10:00:02.113Z", MonthFirst, "2026-04-24T10:00:02.113"),
            ("01.07.2025", DayFirst, "2025-07-01T00:00:00"),
            ("2024年5月13日 11:19:51", MonthFirst, "2024-05-13T11:19:51"),
            ("2024/05/13 11:19:51", DayFirst, "2024-05-13T11:19:51"),
            ("13-mag-2024 11:19", DayFirst, "2024-05-13T11:19:00"),
            ("13/05/2024 11:19:51 p. m.", DayFirst, "2024-05-13T23:19:51"),
            ("20240513 111951", MonthFirst, ""),
        ] {
            assert_eq!(shown(text, order), expected, "{text}");
        }
        assert_eq!(clock(b"31/31/2024 10:00:00", MonthFirst), None);
        assert_eq!(clock(b"resting", MonthFirst), None);
    }

    #[test]
    fn the_distance_from_utc_counts() {
        let first = clock(b"2025-03-30T01:00:00+01:00", DateOrder::DayFirst).unwrap();
        let second = clock(b"2025-03-30T03:00:00+02:00", DateOrder::DayFirst).unwrap();
        assert!((first.until(second) - 3600.0).abs() < 1e-9);
    }

    #[test]
    fn a_named_zone_has_its_distance_from_utc() {
        let at = |text: &str| clock(text.as_bytes(), DateOrder::DayFirst).unwrap();
        // The hour that is there twice when summer time ends.
        let hour = at("27.10.2024 02:30:00 CEST").until(at("27.10.2024 02:30:00 CET"));
        assert!((hour - 3600.0).abs() < 1e-9, "{hour}");
        assert_eq!(at("2024-05-13 11:19:51 GMT+2").ahead_s, 7200);
        assert_eq!(at("2024-05-13T11:19:51+02:00[Europe/Berlin]").ahead_s, 7200);
        assert_eq!(at("2024-05-13 11:19:51 Europe/Berlin").ahead_s, 0);
        assert_eq!(zone("2024-05-13 11:19:51 PM CET"), Some("CET".to_owned()));
        assert_eq!(zone("2024-05-13T11:19:51Z"), Some("Z".to_owned()));
        assert_eq!(zone("2024-05-13 11:19:51"), None);
    }

    #[test]
    fn a_day_above_twelve_tells_the_date_order() {
        assert_eq!(date_order([b"05/13/2024 10:00".as_slice()].into_iter()), Some(DateOrder::MonthFirst));
        assert_eq!(date_order([b"13/05/2024 10:00".as_slice()].into_iter()), Some(DateOrder::DayFirst));
        assert_eq!(date_order([b"05/05/2024 10:00".as_slice()].into_iter()), None);
    }

    #[test]
    fn numbers_of_clocks_are_told_by_their_size() {
        // 2017-07-02 14:37:33 UTC; MATLAB and Excel count days from other origins.
        let unix = numeric_clock(1_499_006_253.0).unwrap();
        let excel = numeric_clock(42_918.609_409_722_22).unwrap();
        assert!(unix.until(excel).abs() < 0.01);
        let matlab = numeric_clock(736_878.609_409_722_2).unwrap();
        assert!(unix.until(matlab).abs() < 0.01);
        assert_eq!(numeric_clock(12.0), None);
    }
}
