//! What stands on the page, in words, before it is set: HTML and PDF show the same.

use super::{
    lines::groups,
    names,
    numbers::{Coin, JOINED, kilowatt_hours, percent, percent_sign},
    words::{self, Clock, pick},
};
use crate::{
    energy::settlement::{Amount, Comparison, Kind, Language, Statement},
    quantity::{Energy, Share, largest_remainder},
};

/// A statement in words.
#[derive(Clone, Debug)]
pub(super) struct Page {
    pub(super) language: Language,
    pub(super) title: &'static str,
    pub(super) period: String,
    pub(super) community: String,
    pub(super) member: String,
    pub(super) due: Labelled,
    pub(super) notice: Option<String>,
    pub(super) facts: Vec<Labelled>,
    pub(super) energy_heading: &'static str,
    pub(super) sides: Vec<Side>,
    pub(super) lines_heading: &'static str,
    /// The heads of the four columns: what, how much, at what price, which amount.
    pub(super) heads: [&'static str; 4],
    /// The head of a column of units, for those who hear the page.
    pub(super) unit_head: &'static str,
    pub(super) groups: Vec<Group>,
    pub(super) nothing: &'static str,
    pub(super) total: Labelled,
    pub(super) saving: Option<Saving>,
    pub(super) others: Vec<String>,
    pub(super) remarks_heading: &'static str,
    pub(super) remarks: Vec<String>,
    pub(super) proof_heading: &'static str,
    pub(super) proof: String,
    pub(super) id: String,
}

/// A value and what it is.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    pub(super) label: String,
    pub(super) value: String,
}

/// One side of a member's energy: what was used and where it came from, or what was made and where it went.
#[derive(Clone, Debug)]
pub(super) struct Side {
    pub(super) heading: &'static str,
    pub(super) sums: Vec<Labelled>,
    pub(super) parts_heading: &'static str,
    pub(super) parts: Vec<Part>,
}

/// A part of a side, by source or by use.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) tone: Tone,
    pub(super) label: &'static str,
    pub(super) value: String,
    /// Its percent of the side, of which all together are 100; none where the side is nothing or a difference.
    pub(super) percent: Option<u8>,
    pub(super) percent_text: String,
}

/// The colour of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tone {
    Own,
    Community,
    Grid,
}

/// Rows of the table that are added up.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) heading: &'static str,
    pub(super) rows: Vec<Row>,
    pub(super) sum: Labelled,
}

/// A line of the statement.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) detail: String,
    /// The number and its unit.
    pub(super) quantity: (String, String),
    /// The number and its unit.
    pub(super) price: (String, String),
    pub(super) amount: String,
}

/// What the community saved the member, or did not.
#[derive(Clone, Debug)]
pub(super) struct Saving {
    pub(super) headline: String,
    pub(super) sentence: String,
}

impl Page {
    /// The document's title, for the window and the list of files.
    pub(super) fn full_title(&self) -> String {
        format!("{} · {} · {}", self.title, self.period, self.member)
    }

    /// Puts a statement into words.
    pub(super) fn of(statement: &Statement, language: Language) -> Self {
        let clock = Clock::of(&statement.period, language);
        let coin = Coin::of(&statement.currency);
        let differences = statement.kind == Kind::Correction;
        let money = |amount| coin.amount(amount, language);
        let groups = groups(statement, &coin, language);
        let without = statement.comparisons.iter().find(|other| other.with == WITHOUT_COMMUNITY);
        Self {
            language,
            title: match statement.kind {
                Kind::Statement => pick(language, "Energy statement", "Liquidación de energía"),
                Kind::Correction => pick(language, "Correction of a statement", "Liquidación rectificativa"),
            },
            period: clock.period(&statement.period),
            community: statement.community.name.clone(),
            member: statement.member.name.clone(),
            due: due(statement.total, differences, &coin, language),
            notice: differences.then(|| notice(statement, language)),
            facts: facts(statement, &clock, language),
            energy_heading: pick(language, "Your energy", "Su energía"),
            sides: sides(statement, language),
            lines_heading: pick(language, "What it costs", "Lo que cuesta"),
            heads: [
                pick(language, "Item", "Concepto"),
                pick(language, "Quantity", "Cantidad"),
                pick(language, "Price", "Precio"),
                pick(language, "Amount", "Importe"),
            ],
            unit_head: pick(language, "Unit", "Unidad"),
            groups,
            nothing: pick(
                language,
                "Nothing is charged or credited.",
                "No hay ningún cargo ni abono.",
            ),
            total: labelled(
                if differences {
                    pick(language, "Total of the differences", "Total de las diferencias")
                } else {
                    "Total"
                },
                money(statement.total),
            ),
            saving: without.map(|other| saving(other, differences, &coin, language)),
            others: statement
                .comparisons
                .iter()
                .filter(|other| other.with != WITHOUT_COMMUNITY)
                .map(|other| other_key(other, differences, &coin, language))
                .collect(),
            remarks_heading: pick(language, "Remarks", "Observaciones"),
            remarks: remarks(statement, &clock, language),
            proof_heading: pick(language, "How to check this document", "Cómo comprobar este documento"),
            proof: pick(
                language,
                "Every statement that is issued is entered in a log to which entries are only ever added. The proof \
                 that this one stands there unchanged is at /api/v1/statements/{id}/proof, and can be checked by \
                 anybody, without a connection, with `grid-server verify`.",
                "Toda liquidación emitida se anota en un registro al que solo se añaden asientos. La prueba de que esta \
                 consta en él sin cambios está en /api/v1/statements/{id}/proof, y cualquiera puede comprobarla, sin \
                 conexión, con `grid-server verify`.",
            )
            .replace("{id}", &statement.id.to_string())
            .replace('`', ""),
            id: statement.id.to_string(),
        }
    }
}

/// The comparison that says what the community is worth.
const WITHOUT_COMMUNITY: &str = "without_community";

pub(super) fn labelled(label: impl Into<String>, value: impl Into<String>) -> Labelled {
    Labelled { label: label.into(), value: value.into() }
}

/// The amount without its sign.
fn magnitude(amount: Amount) -> Amount {
    Amount::from_micros(amount.as_micros().saturating_abs())
}

fn due(total: Amount, differences: bool, coin: &Coin, language: Language) -> Labelled {
    let label = match (total < Amount::ZERO, differences) {
        (false, false) => pick(language, "To pay", "A pagar"),
        (true, false) => pick(language, "In your favour", "A su favor"),
        (false, true) => pick(language, "Difference to pay", "Diferencia a pagar"),
        (true, true) => pick(language, "Difference in your favour", "Diferencia a su favor"),
    };
    labelled(label, coin.amount(magnitude(total), language))
}

fn notice(statement: &Statement, language: Language) -> String {
    let which = statement.corrects.map_or_else(|| "—".to_owned(), |id| id.to_string());
    match language {
        Language::English => format!(
            "This document corrects statement {which}, which stays as it was issued. All energies and amounts below \
             are differences: what is to be added to that statement, or, with a minus, taken from it."
        ),
        Language::Spanish => format!(
            "Este documento rectifica la liquidación {which}, que se conserva tal como se emitió. Todas las energías y \
             los importes son diferencias: lo que se suma a aquella liquidación o, con signo menos, se le resta."
        ),
    }
}

fn facts(statement: &Statement, clock: &Clock, language: Language) -> Vec<Labelled> {
    let sharing = &statement.sharing;
    let keys: Vec<String> = sharing.keys.iter().map(|code| names::key(code, language)).collect();
    let mut shared = vec![names::resolution(&sharing.resolution)];
    if !keys.is_empty() {
        shared.insert(0, keys.join(", "));
    }
    if let Some(law) = &sharing.law {
        shared.push(names::law(law, language));
    }
    vec![
        labelled(pick(language, "Member", "Miembro"), statement.member.name.as_str()),
        labelled(
            pick(language, "Period", "Período"),
            format!("{} ({})", clock.period(&statement.period), clock.name()),
        ),
        labelled(pick(language, "Issued", "Emitida"), clock.date(statement.issued_at)),
        labelled(pick(language, "Number", "Número"), statement.id.to_string()),
        labelled(pick(language, "Tariff", "Tarifa"), statement.tariff.name(language)),
        labelled(pick(language, "Sharing", "Reparto"), shared.join(", ")),
    ]
}

/// Both sides of the energy; the second only where anything was made.
fn sides(statement: &Statement, language: Language) -> Vec<Side> {
    let energy = &statement.energy;
    let differences = statement.kind == Kind::Correction;
    let sum = |label: &'static str, value| labelled(label, kwh(value, language));
    let own = (Tone::Own, pick(language, "Own use", "Autoconsumo"), energy.self_consumed_kwh);
    let mut used = vec![sum(pick(language, "Consumption", "Consumo"), energy.consumption_kwh)];
    if energy.charge_kwh != Energy::ZERO {
        used.push(sum(pick(language, "Battery charging", "Carga de batería"), energy.charge_kwh));
    }
    let mut made = vec![sum(pick(language, "Generation", "Generación"), energy.generation_kwh)];
    if energy.discharge_kwh != Energy::ZERO {
        made.push(sum(pick(language, "Battery discharging", "Descarga de batería"), energy.discharge_kwh));
    }
    let mut sides = vec![Side {
        heading: pick(language, "Used", "Consumida"),
        sums: used,
        parts_heading: pick(language, "Where it came from", "De dónde vino"),
        parts: parts(
            [
                own,
                (
                    Tone::Community,
                    pick(language, "From the community", "De la comunidad"),
                    energy.received_kwh,
                ),
                (Tone::Grid, pick(language, "From the grid", "De la red"), energy.import_kwh),
            ],
            differences,
            language,
        ),
    }];
    let outgoing = [
        energy.generation_kwh,
        energy.discharge_kwh,
        energy.given_kwh,
        energy.export_kwh,
        energy.self_consumed_kwh,
    ];
    if outgoing.iter().any(|energy| *energy != Energy::ZERO) {
        sides.push(Side {
            heading: pick(language, "Made", "Generada"),
            sums: made,
            parts_heading: pick(language, "Where it went", "Adónde fue"),
            parts: parts(
                [
                    own,
                    (Tone::Community, pick(language, "To the community", "A la comunidad"), energy.given_kwh),
                    (Tone::Grid, pick(language, "To the grid", "A la red"), energy.export_kwh),
                ],
                differences,
                language,
            ),
        });
    }
    sides
}

fn kwh(energy: Energy, language: Language) -> String {
    format!("{}{JOINED}kWh", kilowatt_hours(energy, language))
}

fn parts(parts: [(Tone, &'static str, Energy); 3], differences: bool, language: Language) -> Vec<Part> {
    let weights: Option<Vec<u64>> =
        parts.iter().map(|(_, _, energy)| u64::try_from(energy.as_mwh()).ok()).collect();
    let percents = match weights {
        Some(weights) if !differences && weights.iter().any(|weight| *weight > 0) => {
            largest_remainder(100, &weights).unwrap_or_default()
        }
        _ => Vec::new(),
    };
    parts
        .into_iter()
        .enumerate()
        .map(|(place, (tone, label, energy))| {
            let percent = percents.get(place).and_then(|percent| u8::try_from(*percent).ok());
            Part {
                tone,
                label,
                value: kwh(energy, language),
                percent,
                percent_text: percent
                    .map(|percent| percent_sign(&percent.to_string(), language))
                    .unwrap_or_default(),
            }
        })
        .collect()
}

fn saving(other: &Comparison, differences: bool, coin: &Coin, language: Language) -> Saving {
    let (saved, total) = (coin.amount(magnitude(other.saved), language), coin.amount(other.total, language));
    if differences {
        let change = coin.amount(other.saved, language);
        return Saving {
            headline: match language {
                Language::English => format!("What the community saved you changes by {change}"),
                Language::Spanish => format!("Su ahorro gracias a la comunidad varía en {change}"),
            },
            sentence: match language {
                Language::English => {
                    format!("Without the community, the difference would have been {total}.")
                }
                Language::Spanish => format!("Sin la comunidad, la diferencia habría sido de {total}."),
            },
        };
    }
    Saving {
        headline: match (language, other.saved >= Amount::ZERO) {
            (Language::English, true) => format!("You saved {saved}"),
            (Language::English, false) => format!("You paid {saved} more"),
            (Language::Spanish, true) => format!("Ha ahorrado {saved}"),
            (Language::Spanish, false) => format!("Ha pagado {saved} más"),
        },
        sentence: match language {
            Language::English => format!("Without the community, this period would have cost you {total}."),
            Language::Spanish => format!("Sin la comunidad, este período le habría costado {total}."),
        },
    }
}

/// What another sharing key would have meant.
fn other_key(other: &Comparison, differences: bool, coin: &Coin, language: Language) -> String {
    let key = names::key(&other.with, language);
    let total = coin.amount(other.total, language);
    if differences {
        return match language {
            Language::English => {
                format!("Shared by another key ({key}), the difference would have been {total}.")
            }
            Language::Spanish => format!("Con otro reparto ({key}), la diferencia habría sido de {total}."),
        };
    }
    let by = coin.amount(magnitude(other.saved), language);
    match (language, other.saved >= Amount::ZERO) {
        (Language::English, true) => {
            format!("Shared by another key ({key}), it would have cost {total}, which is {by} more.")
        }
        (Language::English, false) => {
            format!("Shared by another key ({key}), it would have cost {total}, which is {by} less.")
        }
        (Language::Spanish, true) => {
            format!("Con otro reparto ({key}), habría costado {total}, es decir, {by} más.")
        }
        (Language::Spanish, false) => {
            format!("Con otro reparto ({key}), habría costado {total}, es decir, {by} menos.")
        }
    }
}

fn remarks(statement: &Statement, clock: &Clock, language: Language) -> Vec<String> {
    let mut remarks = Vec::new();
    remarks.extend(words::quality(statement.quality, language).map(str::to_owned));
    if statement.completeness != Share::WHOLE {
        let known = percent(statement.completeness, language);
        remarks.push(match language {
            Language::English => format!("Readings are known for {known} of the time."),
            Language::Spanish => format!("Se conocen las lecturas del {known} del tiempo."),
        });
    }
    let (as_of, zone) = (clock.minute(statement.as_of), clock.name());
    remarks.push(match language {
        Language::English => format!(
            "Readings count as recorded by {as_of} ({zone}). Energies are shown to the watt-hour; amounts are \
             computed from the exact ones."
        ),
        Language::Spanish => format!(
            "Se tienen en cuenta las lecturas registradas hasta el {as_of} ({zone}). Las energías se muestran al \
             vatio hora; los importes se calculan con las exactas."
        ),
    });
    remarks
}
