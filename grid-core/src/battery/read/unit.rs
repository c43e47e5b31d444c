//! Units as column headers write them, and what turns them into A, V, s, Ah, Wh, W and degrees Celsius.

/// What a unit measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dimension {
    Time,
    Current,
    Voltage,
    Charge,
    Energy,
    Power,
    Temperature,
    /// Per cent or a plain number.
    Ratio,
    /// Known to be none of the above, or not known.
    Other,
}

/// A unit: `value * scale + offset` is in the unit that [`Recording`](crate::battery::Recording) uses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Unit {
    pub(super) dimension: Dimension,
    pub(super) scale: f64,
    pub(super) offset: f64,
}

impl Unit {
    const fn new(dimension: Dimension, scale: f64) -> Self {
        Self { dimension, scale, offset: 0.0 }
    }

    /// Whether a value in this unit must be changed at all.
    pub(super) fn changes(self) -> bool {
        (self.scale - 1.0).abs() > 0.0 || self.offset.abs() > 0.0
    }
}

/// Reads the text of a unit: `mA`, `µA`, `A.h`, `Sec`, `degC`, `h:min:s.ms`.
pub(super) fn parse(text: &str) -> Option<Unit> {
    use Dimension::{Charge, Current, Energy, Other, Power, Ratio, Temperature, Time, Voltage};
    let text = text.trim().trim_matches(['[', ']', '(', ')', '"']).trim();
    if text.is_empty() || text.len() > 32 {
        return None;
    }
    let exact = match text {
        "C" | "°C" | "\u{fffd}C" | "?C" | "ºC" | "˚C" | "℃" | "�" | "?" => {
            Some(Unit::new(Temperature, 1.0))
        }
        "K" => Some(Unit { dimension: Temperature, scale: 1.0, offset: -273.15 }),
        "F" | "°F" => Some(Unit { dimension: Temperature, scale: 5.0 / 9.0, offset: -160.0 / 9.0 }),
        "%" => Some(Unit::new(Ratio, 0.01)),
        "1" => Some(Unit::new(Ratio, 1.0)),
        "MW" => Some(Unit::new(Power, 1e6)),
        "MWh" => Some(Unit::new(Energy, 1e6)),
        "m" => Some(Unit::new(Other, 1.0)),
        _ => None,
    };
    if exact.is_some() {
        return exact;
    }
    let lower = text.to_lowercase();
    if lower.contains("h:m") || lower.contains("hh:") || lower.contains(":ss") || lower.contains(":s") {
        return Some(Unit::new(Time, 1.0));
    }
    let squeezed: String = lower
        .chars()
        .filter(|c| !matches!(c, '.' | '·' | '*' | '-' | ' ' | '_' | '⋅'))
        .map(|c| if matches!(c, 'µ' | 'μ' | '\u{fffd}') { 'u' } else { c })
        .collect();
    if let Some(unit) = base(&squeezed) {
        return Some(unit);
    }
    let (scale, rest) = prefix(&squeezed)?;
    let unit = base(rest)?;
    let prefixable = match unit.dimension {
        Current | Voltage | Charge | Energy | Power => true,
        Time => unit.scale <= 1.0 && (rest == "s" || rest == "sec" || rest == "second" || rest == "seconds"),
        Temperature | Ratio | Other => false,
    };
    // Exact constants rather than a product, so that mA is one rounding away from A.
    prefixable.then(|| Unit { scale: scaled(unit.scale, scale), ..unit })
}

/// The product of two scales; a thousandth of a 3600th is one division by 3.6 million.
fn scaled(base: f64, prefix: f64) -> f64 {
    if base < 1.0 && prefix < 1.0 {
        1.0 / ((1.0 / base).round() * (1.0 / prefix).round())
    } else {
        base * prefix
    }
}

fn prefix(text: &str) -> Option<(f64, &str)> {
    for (name, scale) in [("milli", 1e-3), ("micro", 1e-6), ("nano", 1e-9), ("kilo", 1e3), ("mega", 1e6)] {
        if let Some(rest) = text.strip_prefix(name) {
            return Some((scale, rest));
        }
    }
    let mut chars = text.chars();
    let scale = match chars.next()? {
        'm' => 1e-3,
        'u' => 1e-6,
        'n' => 1e-9,
        'k' => 1e3,
        _ => return None,
    };
    Some((scale, chars.as_str()))
}

/// Units without a prefix, lower case and without points, strokes and blanks.
fn base(text: &str) -> Option<Unit> {
    use Dimension::{Charge, Current, Energy, Other, Power, Ratio, Temperature, Time, Voltage};
    Some(match text {
        "s" | "sec" | "secs" | "second" | "seconds" | "sek" | "sekunden" | "segundos" | "secondes"
        | "secondi" | "秒" => Unit::new(Time, 1.0),
        "min" | "mins" | "minute" | "minutes" | "minuten" | "minutos" | "minuti" | "分" | "分钟" => {
            Unit::new(Time, 60.0)
        }
        "h" | "hr" | "hrs" | "hour" | "hours" | "std" | "stunden" | "horas" | "heures" | "ore" | "小时"
        | "时" => Unit::new(Time, 3600.0),
        "d" | "day" | "days" | "tage" | "tag" | "dias" | "días" | "jours" | "giorni" | "天" => {
            Unit::new(Time, 86_400.0)
        }
        "a" | "amp" | "amps" | "ampere" | "amperes" | "amperios" | "安" | "安培" => {
            Unit::new(Current, 1.0)
        }
        "v" | "volt" | "volts" | "voltios" | "伏" | "伏特" => Unit::new(Voltage, 1.0),
        "ah" | "amphr" | "amphour" | "amphours" | "amperehour" | "amperehours" | "amph" | "ahr" => {
            Unit::new(Charge, 1.0)
        }
        "as" | "coulomb" | "coulombs" => Unit::new(Charge, 1.0 / 3600.0),
        "wh" | "watthr" | "watthour" | "watthours" | "whr" => Unit::new(Energy, 1.0),
        "ws" | "j" | "joule" | "joules" => Unit::new(Energy, 1.0 / 3600.0),
        "w" | "watt" | "watts" | "vatios" | "瓦" => Unit::new(Power, 1.0),
        "°c" | "degc" | "celsius" | "deg" | "degreesc" | "degreec" | "degreescelsius" | "grad" => {
            Unit::new(Temperature, 1.0)
        }
        "degf" | "fahrenheit" | "degreesf" => {
            Unit { dimension: Temperature, scale: 5.0 / 9.0, offset: -160.0 / 9.0 }
        }
        "kelvin" | "degk" => Unit { dimension: Temperature, scale: 1.0, offset: -273.15 },
        "percent" | "pct" | "prozent" | "porcentaje" | "pourcent" | "percento" => Unit::new(Ratio, 0.01),
        "ohm" | "ohms" | "mohm" | "mo" | "o" | "hz" | "f" | "deg/s" | "bar" | "psi" => Unit::new(Other, 1.0),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_of_the_vendors_are_known() {
        use Dimension::{Charge, Current, Energy, Power, Temperature, Time, Voltage};
        for (text, dimension, scale) in [
            ("mA", Current, 1e-3),
            ("µA", Current, 1e-6),
            ("Amps", Current, 1.0),
            ("mAmps", Current, 1e-3),
            ("mV", Voltage, 1e-3),
            ("VOLT", Voltage, 1.0),
            ("mA.h", Charge, 1e-3),
            ("mAs", Charge, 1.0 / 3_600_000.0),
            ("AH", Charge, 1.0),
            ("Amp-hr", Charge, 1.0),
            ("mWs", Energy, 1.0 / 3_600_000.0),
            ("kWh", Energy, 1e3),
            ("W.h", Energy, 1.0),
            ("kW", Power, 1e3),
            ("°C", Temperature, 1.0),
            ("degC", Temperature, 1.0),
            ("Sec", Time, 1.0),
            ("Min", Time, 60.0),
            ("h:min:s.ms", Time, 1.0),
            ("ms", Time, 1e-3),
            ("h", Time, 3600.0),
        ] {
            let unit = parse(text).unwrap();
            assert_eq!((unit.dimension, unit.scale), (dimension, scale), "{text}");
        }
        assert_eq!(parse("degF").map(|unit| 212.0_f64.mul_add(unit.scale, unit.offset).round()), Some(100.0));
        assert_eq!(parse("K").map(|unit| 298.15 * unit.scale + unit.offset), Some(25.0));
        assert_eq!(parse("mAh/g"), None);
        assert_eq!(parse("V/s"), None);
    }
}
