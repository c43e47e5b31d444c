//! What a statement calls by a code, in words; a code that is not known is shown as it stands.

use super::words::pick;
use crate::energy::settlement::Language;

/// A price's unit after the currency, such as `kWh` or `kW day`.
pub(super) fn unit(code: &str, language: Language) -> String {
    if language == Language::English {
        return code.replace('_', " ");
    }
    let words = code.replace('_', " ");
    let translated: Vec<&str> = words
        .split(' ')
        .map(|word| match word {
            "day" => "día",
            "month" => "mes",
            "year" => "año",
            "period" => "período",
            other => other,
        })
        .collect();
    translated.join(" ")
}

/// So many days.
pub(super) fn days(count: i64, language: Language) -> &'static str {
    match (count, language) {
        (1 | -1, Language::English) => "day",
        (_, Language::English) => "days",
        (1 | -1, Language::Spanish) => "día",
        (_, Language::Spanish) => "días",
    }
}

/// The energy that a line prices.
pub(super) fn quantity(code: &str, language: Language) -> String {
    let known = match code {
        "consumption" => pick(language, "consumption", "consumo"),
        "generation" => pick(language, "generation", "generación"),
        "self_consumed" => pick(language, "own use", "autoconsumo"),
        "received" => pick(language, "from the community", "de la comunidad"),
        "given" => pick(language, "to the community", "a la comunidad"),
        "import" => pick(language, "from the grid", "de la red"),
        "export" => pick(language, "to the grid", "a la red"),
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// The kind of a sharing key.
pub(super) fn key(code: &str, language: Language) -> String {
    let known = match code {
        "static" => pick(language, "fixed shares", "coeficientes fijos"),
        "equal" => pick(language, "equal shares", "partes iguales"),
        "proportional" => pick(language, "in proportion to use", "en proporción al consumo"),
        "priority" => pick(language, "by priority", "por prioridad"),
        "cascade" => pick(language, "in several rounds", "en varias rondas"),
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// The law by whose rules was shared.
pub(super) fn law(code: &str, language: Language) -> String {
    let known = match code {
        "spain" => pick(language, "law of Spain", "normativa de España"),
        "colombia" => pick(language, "law of Colombia", "normativa de Colombia"),
        "austria" => pick(language, "law of Austria", "normativa de Austria"),
        "italy" => pick(language, "law of Italy", "normativa de Italia"),
        "france" => pick(language, "law of France", "normativa de Francia"),
        "germany" => pick(language, "law of Germany", "normativa de Alemania"),
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// A resolution with a space between the number and the unit.
pub(super) fn resolution(code: &str) -> String {
    let digits = code.bytes().take_while(u8::is_ascii_digit).count();
    match code.split_at_checked(digits) {
        Some((count, unit)) if !count.is_empty() && !unit.is_empty() => format!("{count}\u{a0}{unit}"),
        _ => code.to_owned(),
    }
}
