//! What a column is, by the words of its header, in six languages.

use super::header_words::{
    BESIDE, CHANNEL, CHARGE, CONSUMPTION, DATE, DEVICE, DISCHARGE, END, ENERGY, EXPORT, GENERATION, IMPORT,
    IN_BRACKETS, OTHER_UNITS, QUALITY, STAMP, START, TIME, TOTAL,
};
use crate::{energy::Channel, series::Quality};

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A date and perhaps a time: the start of the interval.
    Start,
    /// A date and perhaps a time: the end of the interval.
    End,
    /// A date and perhaps a time; which end of the interval is not said.
    Stamp,
    /// A time of day.
    Time,
    /// The meter.
    Device,
    /// What the row's value counts.
    Channel,
    /// How the value came about.
    Quality,
    /// Energies.
    Energy(Energies),
    /// Known, and no reading of a meter: computed values, registers, prices, powers.
    Beside,
    /// Anything else.
    Other,
}

/// A column of energies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Energies {
    /// What they count, where the header says it.
    pub(super) channel: Option<Channel>,
    /// The power of ten of a milliwatt-hour that one unit is, where the header says the unit.
    pub(super) exponent: Option<i8>,
}

/// The words of a text: lower case, without accents, cut at signs and where `camelCase` cuts.
pub(super) fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word = String::new();
    let mut after_lower = false;
    for c in text.chars() {
        if !c.is_alphanumeric() {
            words.push(std::mem::take(&mut word));
            after_lower = false;
            continue;
        }
        if c.is_uppercase() && after_lower {
            words.push(std::mem::take(&mut word));
        }
        after_lower = c.is_lowercase();
        for lower in c.to_lowercase() {
            without_accent(lower, &mut word);
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    // `kWh` was cut in two.
    let mut joined: Vec<String> = Vec::with_capacity(words.len());
    for word in words {
        match joined.last_mut() {
            Some(before) if word == "wh" && matches!(before.as_str(), "k" | "m" | "g") => {
                before.push_str("wh");
            }
            Some(before) if word == "w" && before == "k" => before.push('w'),
            _ => joined.push(word),
        }
    }
    joined
}

fn without_accent(c: char, word: &mut String) {
    let plain = match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        'ß' => return word.push_str("ss"),
        other => other,
    };
    word.push(plain);
}

/// Whether any of the words is in the list.
pub(super) fn any(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| list.contains(&word.as_str()))
}

/// What a column is.
pub(super) fn role(header: &str) -> Role {
    let words = words(header);
    let has = |list: &[&str]| any(&words, list);
    let exponent = unit(&words);
    let (date, time) = (has(&DATE), has(&TIME));
    let is_time = date || time || has(&STAMP);
    if exponent.is_none() {
        if has(&QUALITY) {
            return Role::Quality;
        }
        if has(&DEVICE) && !has(&BESIDE) && !is_time {
            return Role::Device;
        }
        if has(&CHANNEL) && !is_time {
            return Role::Channel;
        }
        let lone = words.len() == 1;
        if has(&END) && (is_time || lone) {
            return Role::End;
        }
        if has(&START) && (is_time || lone) {
            return Role::Start;
        }
        if has(&STAMP) || date {
            return Role::Stamp;
        }
        if time {
            return Role::Time;
        }
    }
    let channel = channel_of(&words);
    let lower = header.to_lowercase();
    let is_other_quantity =
        exponent.is_none() && (has(&OTHER_UNITS) || IN_BRACKETS.iter().any(|unit| lower.contains(unit)));
    let is_sum = channel.is_none() && has(&TOTAL);
    if has(&BESIDE) || is_other_quantity || is_sum || header.contains(['€', '%', '°']) {
        return Role::Beside;
    }
    if channel.is_some() || has(&ENERGY) {
        return Role::Energy(Energies { channel, exponent });
    }
    Role::Other
}

/// The power of ten of a milliwatt-hour that the unit is.
fn unit(words: &[String]) -> Option<i8> {
    words.iter().find_map(|word| match word.as_str() {
        "wh" => Some(3),
        "kwh" => Some(6),
        "mwh" => Some(9),
        "gwh" => Some(12),
        _ => None,
    })
}

/// What words say that is counted.
fn channel_of(words: &[String]) -> Option<Channel> {
    let has = |list: &[&str]| any(words, list);
    // `Energy to grid`, `Energie vom Netz`, `energía de la red`.
    let names_grid = has(&["grid", "netz", "red", "rete", "rede", "reseau"]);
    if names_grid && has(&["to", "into", "ins", "hacia", "verso", "vers"]) {
        Some(Channel::Export)
    } else if names_grid && has(&["from", "vom", "aus", "desde", "dalla"]) {
        Some(Channel::Import)
    } else if has(&DISCHARGE) {
        Some(Channel::Discharge)
    } else if has(&CHARGE) {
        Some(Channel::Charge)
    } else if has(&EXPORT) {
        Some(Channel::Export)
    } else if has(&IMPORT) {
        Some(Channel::Import)
    } else if has(&CONSUMPTION) {
        Some(Channel::Consumption)
    } else if has(&GENERATION) {
        Some(Channel::Generation)
    } else {
        None
    }
}

/// The channel that a cell names, in any of the languages.
pub(super) fn channel(cell: &str) -> Option<Channel> {
    cell.parse().ok().or_else(|| channel_of(&words(cell)))
}

/// The quality that a cell names: `R` and `E` of Spain, `L1` to `L3` of Austria, and words.
pub(super) fn quality(cell: &str) -> Option<Quality> {
    let words = words(cell);
    let word = words.first()?;
    Some(match word.as_str() {
        "measured" | "real" | "r" | "reel" | "reelle" | "actual" | "a" | "l1" | "gemessen" | "medida"
        | "medido" | "leida" | "reale" | "misurata" | "valid" | "ok" | "wahr" | "w" => Quality::Measured,
        "estimated" | "e" | "est" | "estimada" | "estimado" | "estimee" | "l3" | "geschatzt" | "stimata"
        | "s" | "g" => Quality::Estimated,
        "substituted" | "substitute" | "l2" | "ersatzwert" | "sustituida" | "corrected" | "corrige" => {
            Quality::Substituted
        }
        "missing" | "l0" | "fehlend" | "ausente" | "manquante" => Quality::Missing,
        _ => return None,
    })
}

/// The text of a header without the words that only say what is counted and in which unit; the meter's name, in a
/// file with a column per meter.
pub(super) fn remainder(header: &str) -> String {
    let lists: [&[&str]; 7] = [&IMPORT, &EXPORT, &CONSUMPTION, &GENERATION, &CHARGE, &DISCHARGE, &ENERGY];
    let kept: Vec<&str> = header
        .split([' ', '[', ']', '(', ')', '|', ':', ';', ',', '/', '\t'])
        .filter(|piece| {
            let words = words(piece);
            !words.is_empty()
                && !words.iter().all(|word| lists.iter().any(|list| list.contains(&word.as_str())))
        })
        .collect();
    kept.join(" ")
}

/// Whether a header says that its times are those of UTC.
pub(super) fn is_utc(header: &str) -> bool {
    any(&words(header), &["utc", "gmt"])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn energy(channel: Option<Channel>, exponent: Option<i8>) -> Role {
        Role::Energy(Energies { channel, exponent })
    }

    #[test]
    fn words_are_cut_and_units_kept_whole() {
        assert_eq!(words("energiaVertida_kWh"), ["energia", "vertida", "kwh"]);
        assert_eq!(words("Zählpunkt-Bezeichnung"), ["zahlpunkt", "bezeichnung"]);
        assert_eq!(words("Début (MWh)"), ["debut", "mwh"]);
    }

    #[test]
    fn columns_are_known_in_six_languages() {
        use Channel::{Consumption, Export, Generation, Import};
        for (header, role_of_it) in [
            ("start", Role::Start),
            ("Fecha inicio", Role::Start),
            ("Zeit von", Role::Start),
            ("Date de début", Role::Start),
            ("Data fine", Role::End),
            ("bis", Role::End),
            ("Datum", Role::Stamp),
            ("Datum/Zeit", Role::Stamp),
            ("Fecha y hora", Role::Stamp),
            ("Messzeitpunkt", Role::Stamp),
            ("Horodate", Role::Stamp),
            ("Uhrzeit", Role::Time),
            ("Hora", Role::Time),
            ("Zählpunkt", Role::Device),
            ("Meter ID", Role::Device),
            ("CUPS", Role::Device),
            ("Qualität", Role::Quality),
            ("metodoObtencion", Role::Quality),
            ("Energy direction", Role::Channel),
            ("Verbrauch (kWh)", energy(Some(Consumption), Some(6))),
            ("Einspeisung [Wh]", energy(Some(Export), Some(3))),
            ("consumo_kWh", energy(Some(Consumption), Some(6))),
            ("Generación kWh", energy(Some(Generation), Some(6))),
            ("Energia immessa MWh", energy(Some(Export), Some(9))),
            ("Energia prelevata", energy(Some(Import), None)),
            ("Consommation (Wh)", energy(Some(Consumption), Some(3))),
            ("Energia injetada", energy(Some(Export), None)),
            ("value", energy(None, None)),
            ("Energy to grid (Wh)", energy(Some(Export), Some(3))),
            ("Energy from grid (Wh)", energy(Some(Import), Some(3))),
            ("energiaAutoconsumida_kWh", Role::Beside),
            ("Eigendeckung (kWh)", Role::Beside),
            ("Leistung [kW]", Role::Beside),
            ("Precio (€)", Role::Beside),
            ("casa 7", Role::Other),
        ] {
            assert_eq!(role(header), role_of_it, "{header}");
        }
    }

    #[test]
    fn a_meter_s_name_is_what_else_a_header_says() {
        assert_eq!(remainder("Haus 1 Verbrauch (kWh)"), "Haus 1");
        assert_eq!(remainder("AT0010 [kWh]"), "AT0010");
        assert_eq!(remainder("Consumo kWh"), "");
    }

    #[test]
    fn qualities_are_known() {
        for (cell, expected) in
            [("R", Quality::Measured), ("Estimada", Quality::Estimated), ("L2", Quality::Substituted)]
        {
            assert_eq!(quality(cell), Some(expected));
        }
        assert_eq!(quality("horse"), None);
    }
}
