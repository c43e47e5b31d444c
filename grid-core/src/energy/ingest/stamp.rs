//! Dates and times as files write them, before it is known which of two numbers is the month.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, DateTime, Time},
    tz::Offset,
};

/// Whether the day or the month comes first in dates like `03/04/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DateOrder {
    /// `31/12/2026`, as in Europe and Latin America.
    DayFirst,
    /// `12/31/2026`, as in the United States.
    MonthFirst,
}

/// A date with the numbers where they stood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WrittenDate {
    year: i16,
    first: i8,
    second: i8,
    /// The order, where the form of the text says it.
    known: Option<DateOrder>,
}

impl WrittenDate {
    /// The order that this date proves.
    pub(super) const fn proves(self) -> Option<DateOrder> {
        match (self.known, self.first > 12, self.second > 12) {
            (None, true, false) => Some(DateOrder::DayFirst),
            (None, false, true) => Some(DateOrder::MonthFirst),
            _ => None,
        }
    }

    /// Whether another order would make another date.
    pub(super) const fn is_open(self) -> bool {
        self.known.is_none() && self.first != self.second && self.first <= 12 && self.second <= 12
    }

    pub(super) fn date(self, order: DateOrder) -> Option<Date> {
        let (day, month) = match self.known.unwrap_or(order) {
            DateOrder::DayFirst => (self.first, self.second),
            DateOrder::MonthFirst => (self.second, self.first),
        };
        Date::new(self.year, month, day).ok()
    }
}

/// A point in time as it is written: with an offset, or on a local clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stamp {
    /// With an offset; the seconds since midnight are those of the text.
    At(Timestamp, u32),
    /// Without one; `86_400` seconds are 24:00.
    Local(WrittenDate, u32),
}

impl Stamp {
    /// The seconds since midnight that are written.
    pub(super) const fn seconds(self) -> u32 {
        match self {
            Self::At(_, seconds) | Self::Local(_, seconds) => seconds,
        }
    }

    /// Reads a whole stamp: a date and perhaps a time, perhaps with an offset, or a count of seconds since 1970.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Self::of_digits(text);
        }
        let (date, rest) = leading_date(text)?;
        let rest = rest.trim_start_matches([' ', 'T', 't', ',', '\u{a0}']);
        if rest.is_empty() { Some(Self::Local(date, 0)) } else { Self::with_time(date, rest) }
    }

    /// A date of its own and the time of another column.
    pub(super) fn with_time(date: WrittenDate, time: &str) -> Option<Self> {
        let (seconds, rest) = leading_time(time.trim())?;
        match rest.trim() {
            "" => Some(Self::Local(date, seconds)),
            zone => {
                let offset = offset(zone)?;
                // A date with an offset needs no order only where its form gives one.
                let civil = civil(date.date(date.known?)?, seconds)?;
                Some(Self::At(offset.to_timestamp(civil).ok()?, seconds))
            }
        }
    }

    fn of_digits(text: &str) -> Option<Self> {
        let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
        match text.len() {
            10 | 13 => {
                let count: i64 = text.parse().ok()?;
                let at = if text.len() == 10 {
                    Timestamp::from_second(count)
                } else {
                    Timestamp::from_millisecond(count)
                }
                .ok()?;
                let seconds = u32::try_from(at.as_second().rem_euclid(86_400)).ok()?;
                Some(Self::At(at, seconds))
            }
            8 | 12 | 14 => {
                let date = WrittenDate {
                    year: i16::try_from(number(0..4)?).ok()?,
                    second: i8::try_from(number(4..6)?).ok()?,
                    first: i8::try_from(number(6..8)?).ok()?,
                    known: Some(DateOrder::DayFirst),
                };
                date.date(DateOrder::DayFirst)?;
                let part = |at: usize| if text.len() > at { number(at..at + 2) } else { Some(0) };
                Some(Self::Local(date, of_clock(part(8)?, part(10)?, part(12)?)?))
            }
            _ => None,
        }
    }
}

/// Reads a date alone.
pub(super) fn parse_date(text: &str) -> Option<WrittenDate> {
    match Stamp::parse(text)? {
        Stamp::Local(date, 0) => Some(date),
        Stamp::Local(..) | Stamp::At(..) => None,
    }
}

/// The times of a cell: one, or a span like `00:00 - 00:15`.
pub(super) fn parse_times(text: &str) -> Option<(u32, Option<u32>)> {
    let (start, rest) = leading_time(text.trim())?;
    let rest = rest.trim();
    if rest.is_empty() {
        return Some((start, None));
    }
    let rest = ["-", "–", "—", "bis ", "to ", "a "].iter().find_map(|joint| rest.strip_prefix(joint))?;
    match leading_time(rest.trim())? {
        (0, "") => Some((start, Some(86_400))),
        (end, "") => Some((start, Some(end))),
        _ => None,
    }
}

/// The local date and time of a date and the seconds since its midnight.
pub(super) fn civil(date: Date, seconds: u32) -> Option<DateTime> {
    if seconds == 86_400 {
        return date.tomorrow().ok().map(|next| next.to_datetime(Time::midnight()));
    }
    date.to_datetime(Time::midnight()).checked_add(i64::from(seconds).seconds()).ok()
}

/// Digits at the start, at most `most` of them.
fn leading_number(text: &str, most: usize) -> Option<(u32, usize, &str)> {
    let length = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at_checked(length)?;
    if length == 0 || length > most { None } else { Some((number.parse().ok()?, length, rest)) }
}

fn leading_date(text: &str) -> Option<(WrittenDate, &str)> {
    let (first, first_length, rest) = leading_number(text, 4)?;
    let sign = rest.chars().next().filter(|c| matches!(c, '-' | '/' | '.'))?;
    let (second, second_length, rest) = leading_number(rest.strip_prefix(sign)?, 2)?;
    let (third, third_length, rest) = leading_number(rest.strip_prefix(sign)?, 4)?;
    let small = |number: u32| i8::try_from(number).ok();
    let year = |number: u32| i16::try_from(number).ok();
    let date = match (first_length, second_length, third_length) {
        (4, 1 | 2, 1 | 2) => WrittenDate {
            year: year(first)?,
            first: small(third)?,
            second: small(second)?,
            known: Some(DateOrder::DayFirst),
        },
        (1 | 2, 1 | 2, 4) => WrittenDate {
            year: year(third)?,
            first: small(first)?,
            second: small(second)?,
            // Points are written where the day comes first.
            known: (sign == '.').then_some(DateOrder::DayFirst),
        },
        (1 | 2, 1 | 2, 2) if sign == '.' => WrittenDate {
            year: year(2000 + third)?,
            first: small(first)?,
            second: small(second)?,
            known: Some(DateOrder::DayFirst),
        },
        _ => return None,
    };
    let possible = date.date(DateOrder::DayFirst).is_some() || date.date(DateOrder::MonthFirst).is_some();
    possible.then_some((date, rest))
}

fn leading_time(text: &str) -> Option<(u32, &str)> {
    let (hours, _, rest) = leading_number(text, 2)?;
    let rest = rest.strip_prefix([':', 'h', '.'])?;
    let (minutes, length, mut rest) = leading_number(rest, 2)?;
    if length != 2 {
        return None;
    }
    let mut seconds = 0;
    if let Some(more) = rest.strip_prefix([':', '.']) {
        (seconds, _, rest) = leading_number(more, 2)?;
        if let Some(fraction) = rest.strip_prefix(['.', ',']) {
            let zeros = fraction.bytes().take_while(|byte| *byte == b'0').count();
            rest = fraction.get(zeros..)?;
            if zeros == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
                return None;
            }
        }
    }
    let hours = match half_of_day(rest.trim_start()) {
        None => hours,
        Some((_, _)) if !(1..=12).contains(&hours) => return None,
        Some((afternoon, after)) => {
            rest = after;
            hours % 12 + if afternoon { 12 } else { 0 }
        }
    };
    Some((of_clock(hours, minutes, seconds)?, rest))
}

/// `AM` or `p.m.` at the start.
fn half_of_day(text: &str) -> Option<(bool, &str)> {
    ["am", "pm", "a.m.", "p.m.", "a. m.", "p. m."].iter().find_map(|mark| {
        let (head, rest) = text.split_at_checked(mark.len())?;
        head.eq_ignore_ascii_case(mark).then_some((mark.starts_with('p'), rest))
    })
}

fn of_clock(hours: u32, minutes: u32, seconds: u32) -> Option<u32> {
    match (hours, minutes, seconds) {
        (24, 0, 0) => Some(86_400),
        (0..=23, 0..=59, 0..=59) => Some(hours * 3600 + minutes * 60 + seconds),
        _ => None,
    }
}

/// `Z`, `+01:00`, `+0100`, `+01`, or the abbreviation of a zone of western and central Europe.
fn offset(text: &str) -> Option<Offset> {
    let hours = match text.to_ascii_uppercase().as_str() {
        "Z" | "UTC" | "GMT" | "WET" => 0,
        "CET" | "MEZ" | "WEST" | "BST" => 1,
        "CEST" | "MESZ" => 2,
        _ => {
            let (sign, digits) = match text.as_bytes().first()? {
                b'+' => (1, text.get(1..)?),
                b'-' => (-1, text.get(1..)?),
                _ => return None,
            };
            let (hours, length, rest) = leading_number(digits, 4)?;
            let (hours, minutes) = match (length, rest) {
                (1 | 2, "") => (hours, 0),
                (4, "") => (hours / 100, hours % 100),
                (2, rest) => {
                    let (minutes, 2, "") = leading_number(rest.strip_prefix(':')?, 2)? else { return None };
                    (hours, minutes)
                }
                _ => return None,
            };
            if minutes > 59 {
                return None;
            }
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            return Offset::from_seconds(sign * seconds).ok();
        }
    };
    Offset::from_hours(hours).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn local(text: &str, order: DateOrder) -> Option<String> {
        match Stamp::parse(text)? {
            Stamp::Local(date, seconds) => civil(date.date(order)?, seconds).map(|civil| civil.to_string()),
            Stamp::At(at, _) => Some(at.to_string()),
        }
    }

    #[test]
    fn the_usual_forms_are_read() {
        for (text, expected) in [
            ("2026-03-29", "2026-03-29T00:00:00"),
            ("2026/03/29 00:15", "2026-03-29T00:15:00"),
            ("29.03.2026 00:15:00", "2026-03-29T00:15:00"),
            ("29.3.26 0:15", "2026-03-29T00:15:00"),
            ("29/03/2026T24:00", "2026-03-30T00:00:00"),
            ("20260329", "2026-03-29T00:00:00"),
            ("202603290015", "2026-03-29T00:15:00"),
            ("2026-03-29T00:15:00Z", "2026-03-29T00:15:00Z"),
            ("2026-03-29 00:15:00.000 +0100", "2026-03-28T23:15:00Z"),
            ("29.03.2026 01:15 MEZ", "2026-03-29T00:15:00Z"),
            ("1774742400", "2026-03-29T00:00:00Z"),
        ] {
            assert_eq!(local(text, DateOrder::DayFirst).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(
            local("03/29/2026 12:05 AM", DateOrder::MonthFirst).as_deref(),
            Some("2026-03-29T00:05:00")
        );
        assert_eq!(local("3/9/2026 1:05 pm", DateOrder::MonthFirst).as_deref(), Some("2026-03-09T13:05:00"));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-13-01",
            "32.01.2026",
            "29.03.2026 25:00",
            "2026-03-29 24:15",
            "29/03/26",
            "2026-03-29 13:00 PM",
            "1",
            "2026-02-30",
        ] {
            assert_eq!(Stamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn spans_of_time_are_read() {
        assert_eq!(parse_times("00:00 - 00:15"), Some((0, Some(900))));
        assert_eq!(parse_times("23:00-00:00"), Some((82_800, Some(86_400))));
        assert_eq!(parse_times("01:00"), Some((3600, None)));
        assert_eq!(parse_times("hour 1"), None);
    }

    #[test]
    fn a_date_proves_its_order_only_past_twelve() {
        let proves = |text| parse_date(text).unwrap().proves();
        assert_eq!(proves("13/01/2026"), Some(DateOrder::DayFirst));
        assert_eq!(proves("01/13/2026"), Some(DateOrder::MonthFirst));
        assert_eq!(proves("01/12/2026"), None);
        assert!(parse_date("01/12/2026").unwrap().is_open() && !parse_date("01/01/2026").unwrap().is_open());
        assert!(!parse_date("01.12.2026").unwrap().is_open());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_not(text in "\\PC{0,40}") {
            let _ = Stamp::parse(&text);
            let _ = parse_times(&text);
        }

        #[test]
        fn times_that_look_like_times_do_not_panic(text in "[0-9]{0,5}[-/.:T ]?[0-9]{0,4}[-/.:T ]?[0-9]{0,5}[-+:.,ZapmAPM 0-9]{0,12}") {
            let _ = Stamp::parse(&text);
            let _ = parse_times(&text);
        }
    }
}
