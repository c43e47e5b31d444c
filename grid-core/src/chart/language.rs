//! The words and numbers of a chart, in English and Spanish.

use std::{fmt, str::FromStr};

use jiff::civil::{Date, Weekday};

use super::Error;
use crate::error::excerpt;

/// The language of a chart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl Language {
    /// The language's ISO 639-1 code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Es => "es",
        }
    }

    /// Chooses between the two texts.
    pub(super) const fn pick<'a>(self, english: &'a str, spanish: &'a str) -> &'a str {
        match self {
            Self::En => english,
            Self::Es => spanish,
        }
    }

    /// A number with so many decimals, the language's decimal sign, a true minus, and thin spaces from 10 000 on.
    pub(super) fn number(self, value: f64, decimals: usize) -> String {
        let text = format!("{:.*}", decimals.min(17), value.abs());
        self.decimal(&if value < 0.0 { format!("-{text}") } else { text })
    }

    /// The same for decimal text such as `-1234.50`, every digit of which stays.
    pub(super) fn decimal(self, text: &str) -> String {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut out = String::with_capacity(text.len() + 8);
        if digits.len() < text.len() && digits.bytes().any(|digit| (b'1'..=b'9').contains(&digit)) {
            out.push('\u{2212}');
        }
        for (place, digit) in whole.chars().enumerate() {
            let left = whole.len() - place;
            if whole.len() > 4 && place > 0 && left.is_multiple_of(3) {
                out.push('\u{2009}');
            }
            out.push(digit);
        }
        if !fraction.is_empty() {
            out.push(if self == Self::Es { ',' } else { '.' });
            out.push_str(fraction);
        }
        out
    }

    /// The month's short name, from 1 to 12.
    pub(super) fn month(self, month: i8) -> &'static str {
        const EN: [&str; 12] =
            ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
        const ES: [&str; 12] =
            ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"];
        let names = if self == Self::Es { ES } else { EN };
        usize::try_from(month - 1).ok().and_then(|place| names.get(place).copied()).unwrap_or_default()
    }

    /// The day of the week's short name.
    pub(super) const fn weekday(self, day: Weekday) -> &'static str {
        match day {
            Weekday::Monday => self.pick("Mon", "lun"),
            Weekday::Tuesday => self.pick("Tue", "mar"),
            Weekday::Wednesday => self.pick("Wed", "mié"),
            Weekday::Thursday => self.pick("Thu", "jue"),
            Weekday::Friday => self.pick("Fri", "vie"),
            Weekday::Saturday => self.pick("Sat", "sáb"),
            Weekday::Sunday => self.pick("Sun", "dom"),
        }
    }

    /// A date with its day of the week and no year, such as `Sun 29 Mar`.
    pub(super) fn day(self, date: Date) -> String {
        format!("{} {} {}", self.weekday(date.weekday()), date.day(), self.month(date.month()))
    }

    /// A date in full, such as `Sun 29 Mar 2026`.
    pub(super) fn date(self, date: Date) -> String {
        format!("{} {}", self.day(date), date.year())
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Language {
    type Err = Error;

    /// Reads a language tag such as `es` or `es-CO`, by its first part.
    fn from_str(text: &str) -> Result<Self, Error> {
        let first = text.trim().split(['-', '_']).next().unwrap_or_default();
        match first.to_ascii_lowercase().as_str() {
            "en" => Ok(Self::En),
            "es" => Ok(Self::Es),
            _ => Err(Error::NotALanguage { got: excerpt(text) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_follow_the_language() {
        assert_eq!(Language::En.number(-1.25, 2), "\u{2212}1.25");
        assert_eq!(Language::Es.number(1.25, 1), "1,2");
        assert_eq!(Language::En.number(9999.0, 0), "9999");
        assert_eq!(Language::En.number(1_234_567.5, 1), "1\u{2009}234\u{2009}567.5");
    }

    #[test]
    fn decimal_text_keeps_every_digit() {
        assert_eq!(
            Language::Es.decimal("-9223372036854.775807"),
            "\u{2212}9\u{2009}223\u{2009}372\u{2009}036\u{2009}854,775807"
        );
        assert_eq!(Language::En.decimal("0.50"), "0.50");
    }

    #[test]
    fn what_rounds_to_zero_has_no_sign() {
        assert_eq!(Language::En.number(-0.001, 2), "0.00");
        assert_eq!(Language::En.number(-0.0, 0), "0");
    }

    #[test]
    fn a_region_does_not_change_the_language() {
        assert_eq!("es-CO".parse::<Language>().unwrap(), Language::Es);
        assert_eq!("EN".parse::<Language>().unwrap(), Language::En);
        assert!("fr".parse::<Language>().is_err());
    }
}
