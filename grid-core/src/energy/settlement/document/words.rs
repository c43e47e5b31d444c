//! The words of a statement in each language, and its dates.

use jiff::{
    Timestamp, ToSpan, Zoned,
    civil::{Date, Time},
    tz::TimeZone,
};

use crate::{
    energy::settlement::{Language, Period},
    series::Quality,
};

/// Chooses between the two texts.
pub(super) const fn pick<'a>(language: Language, english: &'a str, spanish: &'a str) -> &'a str {
    match language {
        Language::English => english,
        Language::Spanish => spanish,
    }
}

/// The month's name, from 1 to 12.
fn month(number: i8, language: Language) -> &'static str {
    const ENGLISH: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    const SPANISH: [&str; 12] = [
        "enero",
        "febrero",
        "marzo",
        "abril",
        "mayo",
        "junio",
        "julio",
        "agosto",
        "septiembre",
        "octubre",
        "noviembre",
        "diciembre",
    ];
    let names = match language {
        Language::English => ENGLISH,
        Language::Spanish => SPANISH,
    };
    usize::try_from(number - 1).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
}

/// A date in full: `2 April 2026`, `2 de abril de 2026`.
pub(super) fn date(date: Date, language: Language) -> String {
    let (day, month, year) = (date.day(), month(date.month(), language), date.year());
    match language {
        Language::English => format!("{day} {month} {year}"),
        Language::Spanish => format!("{day} de {month} de {year}"),
    }
}

/// The days and hours of a statement's zone.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    zone: TimeZone,
    name: String,
    language: Language,
}

impl Clock {
    /// The clock of a period's zone; of UTC, and it says so, where the zone is not known.
    pub(super) fn of(period: &Period, language: Language) -> Self {
        match TimeZone::get(&period.time_zone) {
            Ok(zone) => Self { zone, name: period.time_zone.clone(), language },
            Err(_) => Self { zone: TimeZone::UTC, name: "UTC".to_owned(), language },
        }
    }

    /// The zone's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    fn local(&self, instant: Timestamp) -> Zoned {
        instant.to_zoned(self.zone.clone())
    }

    /// The local date of an instant.
    pub(super) fn date(&self, instant: Timestamp) -> String {
        date(self.local(instant).date(), self.language)
    }

    /// The local date and minute of an instant.
    pub(super) fn minute(&self, instant: Timestamp) -> String {
        let local = self.local(instant);
        format!("{}, {:02}:{:02}", date(local.date(), self.language), local.hour(), local.minute())
    }

    /// The period in words: a month by its name, whole days by the first and the last, anything else by its instants.
    pub(super) fn period(&self, period: &Period) -> String {
        let (start, end) = (self.local(period.start), self.local(period.end));
        let whole_days = start.time() == Time::midnight() && end.time() == Time::midnight();
        let last = end.date().checked_sub(1.day()).unwrap_or(end.date());
        if period.end <= period.start || !whole_days || last < start.date() {
            return format!("{} – {}", self.minute(period.start), self.minute(period.end));
        }
        let first = start.date();
        if first.day() == 1 && last == first.last_of_month() {
            let name = month(first.month(), self.language);
            return match self.language {
                Language::English => format!("{name} {}", first.year()),
                Language::Spanish => format!("{name} de {}", first.year()),
            };
        }
        if first == last {
            return date(first, self.language);
        }
        format!("{} – {}", date(first, self.language), date(last, self.language))
    }
}

/// What is to be said of readings that are not all measured.
pub(super) const fn quality(quality: Quality, language: Language) -> Option<&'static str> {
    match quality {
        Quality::Measured => None,
        Quality::Estimated => Some(pick(
            language,
            "Some of the readings behind this statement are estimates of the meter operator.",
            "Algunas de las lecturas de esta liquidación son estimaciones del encargado de la lectura.",
        )),
        Quality::Substituted => Some(pick(
            language,
            "Some readings were missing, and values computed by a stated rule stand in for them.",
            "Faltaban algunas lecturas; en su lugar figuran valores calculados según una regla establecida.",
        )),
        Quality::Missing => Some(pick(
            language,
            "Some readings are missing, and what was used or made in that time is not counted here.",
            "Faltan algunas lecturas; lo consumido o generado en ese tiempo no está contado aquí.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(start: &str, end: &str, zone: &str) -> Period {
        Period { start: start.parse().unwrap(), end: end.parse().unwrap(), time_zone: zone.to_owned() }
    }

    fn said(period: &Period, language: Language) -> String {
        Clock::of(period, language).period(period)
    }

    #[test]
    fn a_local_month_has_its_name() {
        let march = period("2026-02-28T23:00:00Z", "2026-03-31T22:00:00Z", "Europe/Madrid");
        assert_eq!(said(&march, Language::English), "March 2026");
        assert_eq!(said(&march, Language::Spanish), "marzo de 2026");
    }

    #[test]
    fn other_days_are_the_first_and_the_last() {
        let days = period("2026-03-09T05:00:00Z", "2026-04-11T05:00:00Z", "America/Bogota");
        assert_eq!(said(&days, Language::English), "9 March 2026 – 10 April 2026");
        assert_eq!(said(&days, Language::Spanish), "9 de marzo de 2026 – 10 de abril de 2026");
    }

    #[test]
    fn what_is_no_whole_day_is_told_to_the_minute() {
        let hours = period("2026-03-09T05:00:00Z", "2026-03-09T07:30:00Z", "UTC");
        assert_eq!(said(&hours, Language::English), "9 March 2026, 05:00 – 9 March 2026, 07:30");
    }

    #[test]
    fn an_unknown_zone_is_utc_and_says_so() {
        let period = period("2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z", "Moon/Copernicus");
        assert_eq!(Clock::of(&period, Language::English).name(), "UTC");
        assert_eq!(said(&period, Language::English), "March 2026");
    }
}
