//! Numbers, money and shares in the manner of a language.
//!
//! # References
//!
//! Unicode CLDR, locales `en` and `es`: the decimal sign, the group sign, where the currency and the percent sign stand.
//! Groups are set from four digits on in both languages, as invoices do.

use std::iter::repeat_n;

use crate::{
    energy::settlement::{Amount, Language},
    quantity::{Currency, Energy, Rounding, Share, divide},
};

/// The minus of typography, as wide as a plus.
const MINUS: char = '\u{2212}';
/// A space at which no line breaks.
pub(super) const JOINED: char = '\u{a0}';

/// A decimal number as its digits, so that nothing is lost between the statement and the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    negative: bool,
    whole: String,
    fraction: String,
}

impl Decimal {
    /// Reads plain decimal text such as `-0.142300`; `None` for anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let known = !whole.is_empty() && plain(whole) && plain(fraction);
        known.then(|| Self::new(negative, whole, fraction))
    }

    fn new(negative: bool, whole: &str, fraction: &str) -> Self {
        let whole = whole.trim_start_matches('0');
        let fraction = fraction.trim_end_matches('0');
        Self {
            negative: negative && !(whole.is_empty() && fraction.is_empty()),
            whole: if whole.is_empty() { "0" } else { whole }.to_owned(),
            fraction: fraction.to_owned(),
        }
    }

    /// So many units of `10^-decimals`.
    pub(super) fn scaled(count: i128, decimals: usize) -> Self {
        let digits = format!("{:0>width$}", count.unsigned_abs(), width = decimals + 1);
        let (whole, fraction) = digits.split_at(digits.len().saturating_sub(decimals));
        Self::new(count < 0, whole, fraction)
    }

    /// How many decimals it needs.
    pub(super) fn decimals(&self) -> usize {
        self.fraction.len()
    }

    /// As text, with at least so many decimals; those that it has are all shown.
    pub(super) fn text(&self, least_decimals: usize, language: Language) -> String {
        let sign = if self.negative { String::from(MINUS) } else { String::new() };
        sign + &self.magnitude(least_decimals, language)
    }

    fn magnitude(&self, least_decimals: usize, language: Language) -> String {
        let (group, point) = match language {
            Language::English => (',', '.'),
            Language::Spanish => ('.', ','),
        };
        let mut out = String::with_capacity(self.whole.len() * 2 + self.fraction.len());
        for (place, digit) in self.whole.chars().enumerate() {
            if place > 0 && (self.whole.len() - place).is_multiple_of(3) {
                out.push(group);
            }
            out.push(digit);
        }
        if self.fraction.len().max(least_decimals) > 0 {
            out.push(point);
            out.push_str(&self.fraction);
            out.extend(repeat_n('0', least_decimals.saturating_sub(self.fraction.len())));
        }
        out
    }
}

/// The currency of a document: how it is written and how many decimals it has.
#[derive(Clone, Debug)]
pub(super) struct Coin {
    sign: String,
    /// Whether the sign is a symbol, and no code of letters.
    symbol: bool,
    decimals: usize,
}

impl Coin {
    /// The coin of a code; a code that is none in ISO 4217 is shown as it stands, with two decimals.
    ///
    /// Only the signs that mean one currency to everybody are used: `$` is a peso in one country and a dollar in another.
    pub(super) fn of(code: &str) -> Self {
        let sign = match code {
            "EUR" => "€",
            "GBP" => "£",
            _ => code,
        };
        let decimals = code
            .parse::<Currency>()
            .ok()
            .and_then(|currency| usize::try_from(currency.decimals()).ok())
            .unwrap_or(2);
        Self { sign: sign.to_owned(), symbol: sign != code, decimals }
    }

    /// An amount with its currency: `€1,234.56`, `1.234,56 €`.
    pub(super) fn amount(&self, amount: Amount, language: Language) -> String {
        let decimal = Decimal::scaled(i128::from(amount.as_micros()), 6);
        match language {
            Language::English => self.before(&decimal, self.decimals),
            Language::Spanish => {
                format!("{}{JOINED}{}", decimal.text(self.decimals, language), self.sign)
            }
        }
    }

    /// A price in two parts that stand in two columns, the number and its unit: `€0.1423` and `/kWh`, `0,1423` and
    /// `€/kWh`.
    pub(super) fn price(
        &self,
        price: &Decimal,
        least_decimals: usize,
        per: &str,
        language: Language,
    ) -> (String, String) {
        let per = if per.is_empty() { String::new() } else { format!("/{per}") };
        match language {
            Language::English => (self.before(price, least_decimals), per),
            Language::Spanish => (price.text(least_decimals, language), format!("{}{per}", self.sign)),
        }
    }

    /// The currency sign.
    pub(super) fn sign(&self) -> &str {
        &self.sign
    }

    /// How many decimals it has at least.
    pub(super) fn decimals(&self) -> usize {
        self.decimals
    }

    fn before(&self, decimal: &Decimal, least_decimals: usize) -> String {
        let number = decimal.magnitude(least_decimals, Language::English);
        let minus = if decimal.negative { String::from(MINUS) } else { String::new() };
        if self.symbol {
            format!("{minus}{}{number}", self.sign)
        } else {
            format!("{}{JOINED}{minus}{number}", self.sign)
        }
    }
}

/// An energy in kWh with three decimals, half up, without its unit.
pub(super) fn kilowatt_hours(energy: Energy, language: Language) -> String {
    let watt_hours = divide(i128::from(energy.as_mwh()), 1000, Rounding::HalfUp).unwrap_or_default();
    Decimal::scaled(watt_hours, 3).text(3, language)
}

/// A share in percent, rounded down to a tenth, so that only all of it is 100.
pub(super) fn percent(share: Share, language: Language) -> String {
    let tenths = divide(i128::from(share.as_ppm()), 1000, Rounding::Down).unwrap_or_default();
    percent_sign(&Decimal::scaled(tenths, 1).text(0, language), language)
}

/// A number with its percent sign: `21%`, `21 %`.
pub(super) fn percent_sign(number: &str, language: Language) -> String {
    match language {
        Language::English => format!("{number}%"),
        Language::Spanish => format!("{number}{JOINED}%"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    // Unicode CLDR, `en` and `es`; groups from four digits on.
    #[test]
    fn money_stands_in_the_manner_of_the_language() {
        for (micros, code, english, spanish) in [
            (1_234_560_000, "EUR", "€1,234.56", "1.234,56 €"),
            (-3_500_000, "EUR", "\u{2212}€3.50", "\u{2212}3,50 €"),
            (0, "EUR", "€0.00", "0,00 €"),
            (12_345_000_000, "JPY", "JPY 12,345", "12.345 JPY"),
            (-1_234_567_800_000, "COP", "COP \u{2212}1,234,567.80", "\u{2212}1.234.567,80 COP"),
            (1_234_567, "EUR", "€1.234567", "1,234567 €"),
        ] {
            let (coin, amount) = (Coin::of(code), Amount::from_micros(micros));
            let plain = |text: String| text.replace(JOINED, " ");
            assert_eq!(plain(coin.amount(amount, Language::English)), english);
            assert_eq!(plain(coin.amount(amount, Language::Spanish)), spanish);
        }
    }

    #[test]
    fn almost_all_is_not_all() {
        assert_eq!(percent(Share::from_ppm(999_999).unwrap(), Language::English), "99.9%");
        assert_eq!(percent(Share::WHOLE, Language::English), "100%");
    }

    #[test]
    fn an_energy_that_rounds_to_nothing_has_no_sign() {
        assert_eq!(kilowatt_hours(Energy::from_mwh(-400), Language::English), "0.000");
        assert_eq!(kilowatt_hours(Energy::from_mwh(1_234_567_500), Language::Spanish), "1.234,568");
    }

    proptest! {
        #[test]
        fn what_is_shown_is_the_amount(micros in any::<i64>()) {
            for language in [Language::English, Language::Spanish] {
                let shown = Decimal::scaled(i128::from(micros), 6).text(2, language);
                let (group, point) = if language == Language::English { (',', '.') } else { ('.', ',') };
                let plain = shown.replace(group, "").replace(point, ".").replace(MINUS, "-");
                prop_assert_eq!(plain.parse::<Amount>().unwrap(), Amount::from_micros(micros));
            }
        }
    }
}
