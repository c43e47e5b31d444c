//! The chart of how deep a battery is cycled: a histogram of depths of discharge.

use super::{
    Error, Options, Svg,
    axis::{Axis, Ends, Zero, extent},
    sheet::{Foot, Mark, draw},
    theme::Ink,
};

/// How many cycles were of one range of depths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DepthBin {
    /// Where the range begins, from 0 to 1.
    pub from: f64,
    /// Where it ends.
    pub to: f64,
    /// How many cycles; half cycles count half.
    pub cycles: f64,
}

/// Draws a histogram of depths of discharge.
///
/// ```
/// use grid_core::chart::{DepthBin, Options, depth_of_discharge};
/// let bins = [DepthBin { from: 0.0, to: 0.1, cycles: 12.5 }, DepthBin { from: 0.1, to: 0.2, cycles: 3.0 }];
/// let chart = depth_of_discharge(&bins, &Options::default())?;
/// assert!(chart.svg().contains("Depth of discharge"));
/// # Ok::<(), grid_core::chart::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::Size`].
pub fn depth_of_discharge(bins: &[DepthBin], options: &Options) -> Result<Svg, Error> {
    let language = options.language;
    let known: Vec<DepthBin> = bins
        .iter()
        .copied()
        .filter(|bin| bin.cycles.is_finite() && bin.cycles >= 0.0 && bin.from < bin.to)
        .collect();
    let most = extent(known.iter().map(|bin| bin.cycles)).filter(|(_, most)| *most > 0.0);
    let title = language.pick("Depth of discharge", "Profundidad de descarga");
    let description = describe(&known, options);
    draw(options, title, &description, |sheet| {
        let about = usize::try_from(options.height / 70).unwrap_or(5).clamp(2, 8);
        let y = Axis::linear(most, Zero::Shown, Ends::OnTicks, about, language);
        let label = language.pick("Cycles", "Ciclos");
        let place = sheet.legend(&[(Mark::Block(Ink::Blue), label)], &[&y], 480)?;
        if most.is_none() {
            sheet.panel(place, &Axis::blank(), &y, label, Foot::Bare)?;
            return sheet.message(place, language.pick("No cycles", "Sin ciclos"));
        }
        let reach = extent(known.iter().flat_map(|bin| [bin.from * 100.0, bin.to * 100.0]).chain([0.0]));
        let x = Axis::linear(reach, Zero::Shown, Ends::OnValues, sheet.ticks_across(), language);
        let foot = format!("{title} (%)");
        let plot = sheet.panel(place, &x, &y, label, Foot::Labels(&foot))?;
        for bin in &known {
            let (from, to) = (bin.from * 100.0, bin.to * 100.0);
            // A little room, so that neighbours are told apart.
            let room = (to - from) * 0.04;
            if bin.cycles > 0.0 {
                plot.block((from + room, to - room), (0.0, bin.cycles), Ink::Blue)?;
            }
            let range = format!("{}–{} %", language.number(from, 0), language.number(to, 0));
            sheet.tooltip(&plot, from, to, format!("{range}: {}", language.number(bin.cycles, 1)));
        }
        Ok(())
    })
}

fn describe(bins: &[DepthBin], options: &Options) -> String {
    let language = options.language;
    let total: f64 = bins.iter().map(|bin| bin.cycles).sum();
    let most = bins.iter().max_by(|a, b| a.cycles.total_cmp(&b.cycles));
    let deepest = bins.iter().rfind(|bin| bin.cycles > 0.0);
    let (Some(most), Some(deepest)) = (most.filter(|bin| bin.cycles > 0.0), deepest) else {
        return language.pick("There are no cycles to show.", "No hay ciclos que mostrar.").to_owned();
    };
    let range = |bin: &DepthBin| {
        format!("{}–{} %", language.number(bin.from * 100.0, 0), language.number(bin.to * 100.0, 0))
    };
    format!(
        "{} {}. {}: {} ({}). {}: {}.",
        language.number(total, 1),
        language.pick("cycles in all", "ciclos en total"),
        language.pick("Most", "La mayoría"),
        range(most),
        language.number(most.cycles, 1),
        language.pick("Deepest", "La más profunda"),
        range(deepest),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_with_cycles_has_a_bar_and_its_number() {
        let bins = [
            DepthBin { from: 0.0, to: 0.2, cycles: 5.5 },
            DepthBin { from: 0.2, to: 0.4, cycles: 0.0 },
            DepthBin { from: 0.4, to: 0.6, cycles: 2.0 },
        ];
        let chart = depth_of_discharge(&bins, &Options::default()).unwrap();
        assert!(chart.svg().contains("7.5 cycles in all. Most: 0–20 % (5.5). Deepest: 40–60 %."), "{chart}");
        assert!(chart.svg().contains("20–40 %: 0.0"));
    }

    #[test]
    fn no_cycles_are_no_error() {
        let nothing = DepthBin { from: 0.0, to: 0.2, cycles: 0.0 };
        let odd = DepthBin { cycles: f64::NAN, ..nothing };
        for bins in [vec![], vec![nothing], vec![odd]] {
            assert!(depth_of_discharge(&bins, &Options::default()).unwrap().svg().contains("No cycles"));
        }
    }
}
