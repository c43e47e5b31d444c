//! Charts hold whatever comes in: well-formed, escaped, the same bytes twice, small, and honest about gaps.

use grid_core::{
    chart::{self, CyclePoint, EnergySlot, Error, ForecastPoint, Language, Options, Recorded, Svg, Theme},
    error::{Failure, Kind},
    quantity::Energy,
    series::Quality,
    time::{Calendar, Interval, Resolution},
};
use jiff::{Timestamp, ToSpan, civil::date};
use proptest::prelude::*;

const STRANGE: [f64; 9] =
    [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX, f64::MIN, f64::MIN_POSITIVE, -0.0, 1e-300, 1e99];

fn madrid() -> Calendar {
    Calendar::new("Europe/Madrid").unwrap()
}

fn kwh(value: f64) -> Option<Energy> {
    Energy::from_kwh_f64(value)
}

fn slot(interval: Interval, own: f64, import: f64, quality: Quality) -> EnergySlot {
    let known = quality != Quality::Missing;
    EnergySlot {
        interval,
        own_use: kwh(own).filter(|_| known),
        shared: Some(Energy::ZERO).filter(|_| known),
        import: kwh(import).filter(|_| known),
        generation: kwh(own * 2.0).filter(|_| known),
        quality,
    }
}

fn quarter_hours(day: jiff::civil::Date) -> Vec<EnergySlot> {
    let calendar = madrid();
    let slots = calendar.slots(calendar.day(day).unwrap(), Resolution::QUARTER_HOUR).unwrap();
    slots.into_iter().map(|interval| slot(interval, 0.2, 0.4, Quality::Measured)).collect()
}

fn hour(count: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH.checked_add((500_000 + count).hours()).unwrap()
}

fn certain(start: Timestamp, value: f64) -> ForecastPoint {
    ForecastPoint { start, mean: value, q10: value, q25: value, q50: value, q75: value, q90: value }
}

fn cycle(cycle: f64, capacity: f64) -> CyclePoint {
    CyclePoint {
        cycle,
        charge_capacity_ah: capacity,
        discharge_capacity_ah: capacity * 0.999,
        coulombic_efficiency: 0.999,
    }
}

/// Reads the document as XML as far as these documents use it: every element closed in its order, every attribute
/// quoted and named once, every `<` and `&` of text escaped. Gives the elements' names.
fn elements(svg: &Svg) -> Vec<String> {
    let mut rest = svg.svg();
    let (mut open, mut all): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    while let Some(at) = rest.find('<') {
        check_text(&rest[..at]);
        let end = at + rest[at..].find('>').unwrap();
        let tag = &rest[at + 1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "closed out of order");
            continue;
        }
        let (tag, closed) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
        let (name, mut attributes) = tag.split_once(' ').unwrap_or((tag, ""));
        assert!(name.chars().all(|c| c.is_ascii_alphabetic()), "element <{name}>");
        let mut names = Vec::new();
        while let Some((key, value)) = attributes.trim_start().split_once("=\"") {
            let (value, after) = value.split_once('"').unwrap();
            assert!(key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'), "attribute {key}");
            assert!(!names.contains(&key), "<{name}> has {key} twice");
            check_text(value);
            names.push(key);
            attributes = after;
        }
        assert_eq!(attributes.trim(), "");
        all.push(name.to_owned());
        if !closed {
            open.push(name.to_owned());
        }
    }
    assert!(open.is_empty() && rest.trim().is_empty());
    all
}

fn check_text(text: &str) {
    for part in text.split('&').skip(1) {
        let entity = part.split(';').next().unwrap_or_default();
        assert!(["lt", "gt", "amp", "quot", "apos"].contains(&entity), "&{entity};");
    }
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
}

/// What must be true of every chart.
fn sound(svg: &Svg) {
    let names = elements(svg);
    assert_eq!(names[..3], ["svg", "title", "desc"]);
    assert!(names.iter().all(|name| {
        let known = ["svg", "title", "desc", "style", "defs", "pattern", "path", "g", "rect"];
        known.contains(&name.as_str())
            || ["circle", "line", "polygon", "polyline", "text"].contains(&name.as_str())
    }));
    let text = svg.svg();
    assert!(text.contains("role=\"img\"") && text.contains("aria-labelledby="));
    for never in ["NaN", "inf\"", "inf ", "inf,", "#FF00", "<script", "href"] {
        assert!(!text.contains(never), "{never}");
    }
    assert!(text.len() < 300_000, "{} bytes", text.len());
    // A coordinate far outside the sheet is one that overflowed.
    for points in text.split("points=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        for number in points.split([' ', ',']).filter(|number| !number.is_empty()) {
            assert!((-1000..100_000).contains(&number.parse::<i64>().unwrap()), "{number}");
        }
    }
}

fn all_themes() -> impl Iterator<Item = Options> {
    [Theme::Light, Theme::Dark, Theme::Auto].into_iter().flat_map(|theme| {
        [Language::En, Language::Es].map(|language| Options { theme, language, ..Options::default() })
    })
}

#[test]
fn nothing_to_draw_gives_a_chart_that_says_so() {
    for options in all_themes() {
        let charts = [
            chart::energy_day(&[], &madrid(), &options).unwrap(),
            chart::voltage_current(
                Recorded { time_s: &[], voltage_v: &[], current_a: &[], temperature_c: None },
                &options,
            )
            .unwrap(),
            chart::capacity_over_cycles::<CyclePoint>(&[], &options).unwrap(),
            chart::forecast(&[], &[], &madrid(), &options).unwrap(),
        ];
        for svg in charts {
            sound(&svg);
            let said = if options.language == Language::Es { "Sin datos" } else { "No data" };
            assert!(svg.svg().contains(said), "{said}");
        }
    }
}

#[test]
fn axes_say_their_units() {
    let options = Options::default();
    let day = chart::energy_day(&quarter_hours(date(2026, 3, 30)), &madrid(), &options).unwrap();
    assert!(day.svg().contains("kWh per 15 min") && day.svg().contains("Europe/Madrid"));
    let recording = Recorded {
        time_s: &[0.0, 7200.0, 20_000.0],
        voltage_v: &[3.0; 3],
        current_a: &[1.0; 3],
        temperature_c: None,
    };
    let battery = chart::voltage_current(recording, &options).unwrap();
    assert!(battery.svg().contains("\nV\n") && battery.svg().contains("\nA\n"));
    assert!(battery.svg().contains("Time since the start (h)"));
    let cycles = chart::capacity_over_cycles(&[cycle(1.0, 2.5), cycle(2.0, 2.4)], &options).unwrap();
    assert!(cycles.svg().contains("Ah · capacity") && cycles.svg().contains("% · coulombic efficiency"));
    let in_kilowatts = Options { unit: Some("kW".to_owned()), ..options };
    let forecast = chart::forecast(&[(hour(0), 1.0)], &[], &madrid(), &in_kilowatts).unwrap();
    assert!(forecast.svg().contains("\nkW\n"));
}

#[test]
fn days_of_92_and_100_quarter_hours_show_the_change_of_the_clock() {
    for (day, slots, said) in [
        (date(2026, 3, 29), 92, Some("02:00 → 03:00")),
        (date(2026, 10, 25), 100, Some("03:00 → 02:00")),
        (date(2026, 3, 30), 96, None),
    ] {
        let rows = quarter_hours(day);
        assert_eq!(rows.len(), slots);
        let svg = chart::energy_day(&rows, &madrid(), &Options::default()).unwrap();
        sound(&svg);
        assert_eq!(svg.svg().contains(" → "), said.is_some());
        assert!(svg.svg().contains(said.unwrap_or_default()));
        // One tooltip a slot.
        assert_eq!(svg.svg().matches("<title>").count(), slots);
    }
}

#[test]
fn estimated_and_missing_slots_are_marked_and_measured_ones_not() {
    let mut rows = quarter_hours(date(2026, 3, 30));
    let hatches = |rows: &[EnergySlot]| {
        let svg = chart::energy_day(rows, &madrid(), &Options::default()).unwrap();
        sound(&svg);
        let count = |name: &str| svg.svg().matches(&format!("fill=\"url(#{name}")).count();
        (count("estimated"), count("missing"))
    };
    assert_eq!(hatches(&rows), (0, 0));
    rows[10] = slot(rows[10].interval, 0.1, 0.1, Quality::Estimated);
    rows[20] = slot(rows[20].interval, 0.1, 0.1, Quality::Substituted);
    rows[30] = slot(rows[30].interval, 0.0, 0.0, Quality::Missing);
    rows[31] = slot(rows[31].interval, 0.0, 0.0, Quality::Missing);
    // Two estimated slots and one run of missing ones, and each has a place in the legend.
    assert_eq!(hatches(&rows), (3, 2));
    // Slots that never came are as missing as those that say so.
    rows.truncate(40);
    assert_eq!(hatches(&rows), (3, 3));
    rows.drain(30..32);
    assert_eq!(hatches(&rows), (3, 3));
    // A day that is still running: what is to come is marked, and the legend says as what.
    rows.truncate(5);
    assert_eq!(hatches(&rows), (0, 2));
}

#[test]
fn a_gap_in_a_recording_parts_the_line() {
    let time_s: Vec<f64> = (0..1000).map(f64::from).collect();
    let mut voltage_v = vec![3.7; 1000];
    let lines = |voltage_v: &[f64]| {
        let recording = Recorded { time_s: &time_s, voltage_v, current_a: &[1.0; 1000], temperature_c: None };
        let options = Options { theme: Theme::Light, ..Options::default() };
        chart::voltage_current(recording, &options).unwrap().svg().matches("stroke-width=\"15\"").count()
    };
    assert_eq!(lines(&voltage_v), 2);
    voltage_v[400..500].fill(f64::NAN);
    assert_eq!(lines(&voltage_v), 3);
}

#[test]
fn a_title_cannot_run_a_script() {
    let title = "\"><script>alert(1)</script>&\u{0}\u{1b}\u{ffff}\n]]>'";
    for options in all_themes() {
        let options =
            Options { title: Some(title.to_owned()), unit: Some("<b onload='x'>".to_owned()), ..options };
        let svg = chart::forecast(&[(hour(0), 1.0)], &[certain(hour(1), 2.0)], &madrid(), &options).unwrap();
        sound(&svg);
        assert!(svg.svg().contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;"));
    }
}

#[test]
fn a_title_of_any_length_stays_on_the_sheet() {
    let options = Options { title: Some("Comunidad ".repeat(1000)), ..Options::default() };
    let svg = chart::energy_day(&[], &madrid(), &options).unwrap();
    sound(&svg);
    assert!(svg.svg().contains('…'));
    let blank = Options { title: Some("  ".to_owned()), ..Options::default() };
    assert!(chart::energy_day(&[], &madrid(), &blank).unwrap().svg().contains(">Energy of a day</title>"));
}

#[test]
fn a_million_rows_fit_into_a_small_file() {
    let time_s: Vec<f64> = (0..1_000_000).map(f64::from).collect();
    let noise = |x: f64| (x * 12.9898).sin() * 43_758.545_3 % 1.0;
    let voltage_v: Vec<f64> = time_s.iter().map(|x| 3.6 + noise(*x)).collect();
    // A gap at every third row, which nothing can show.
    let current_a: Vec<f64> =
        time_s.iter().map(|x| if x % 3.0 == 0.0 { f64::NAN } else { noise(*x + 0.5) }).collect();
    let recording =
        Recorded { time_s: &time_s, voltage_v: &voltage_v, current_a: &current_a, temperature_c: None };
    for (width, height) in [(960, 480), (8192, 8192)] {
        let options = Options { width, height, ..Options::default() };
        sound(&chart::voltage_current(recording, &options).unwrap());
    }
    let history: Vec<_> =
        (0..100_000_i32).map(|at| (hour(i64::from(at) - 200_000), noise(f64::from(at)))).collect();
    sound(&chart::forecast(&history, &[], &madrid(), &Options::default()).unwrap());
    let cycles: Vec<_> = (0..100_000).map(|at| cycle(f64::from(at), 2.0 + noise(f64::from(at)))).collect();
    sound(&chart::capacity_over_cycles(&cycles, &Options::default()).unwrap());
}

#[test]
fn one_point_and_constants_are_drawn() {
    for value in [0.0, 5.0, -5.0, 1e-12, 1e15] {
        for options in all_themes() {
            let one =
                Recorded { time_s: &[3.0], voltage_v: &[value], current_a: &[value], temperature_c: None };
            let charts = [
                chart::voltage_current(one, &options).unwrap(),
                chart::capacity_over_cycles(&[cycle(1.0, value)], &options).unwrap(),
                chart::forecast(&[(hour(0), value)], &[], &madrid(), &options).unwrap(),
                chart::forecast(&[], &[certain(hour(0), value)], &madrid(), &options).unwrap(),
                chart::energy_day(
                    &[slot(
                        Interval::new(hour(0), hour(1)).unwrap(),
                        value.min(1e9),
                        -value.min(1e9),
                        Quality::Measured,
                    )],
                    &madrid(),
                    &options,
                )
                .unwrap(),
            ];
            for svg in charts {
                sound(&svg);
                assert!(!svg.svg().contains("No data") && !svg.svg().contains("Sin datos"));
            }
        }
    }
}

#[test]
fn rows_are_drawn_in_the_order_of_their_time() {
    let options = Options::default();
    let sorted = Recorded {
        time_s: &[0.0, 1.0, 2.0],
        voltage_v: &[3.0, 3.1, 3.2],
        current_a: &[0.0, 1.0, 2.0],
        temperature_c: None,
    };
    let mixed = Recorded {
        time_s: &[2.0, 0.0, 1.0],
        voltage_v: &[3.2, 3.0, 3.1],
        current_a: &[2.0, 0.0, 1.0],
        temperature_c: None,
    };
    assert_eq!(
        chart::voltage_current(sorted, &options).unwrap(),
        chart::voltage_current(mixed, &options).unwrap()
    );
}

#[test]
fn what_cannot_be_drawn_is_refused_with_the_reason() {
    let options = Options::default();
    let size = chart::energy_day(&[], &madrid(), &Options { width: 10, ..options.clone() }).unwrap_err();
    assert!(size.to_string().ends_with("got 10 x 480"), "{size}");
    let uneven =
        Recorded { time_s: &[0.0, 1.0], voltage_v: &[3.0, 3.1], current_a: &[1.0], temperature_c: None };
    let uneven = chart::voltage_current(uneven, &options).unwrap_err();
    assert!(matches!(uneven, Error::UnequalLengths { column: "current_a", expected: 2, got: 1 }));
    let mut rows = quarter_hours(date(2026, 3, 30));
    rows.swap(3, 4);
    let unordered = chart::energy_day(&rows, &madrid(), &options).unwrap_err();
    assert!(matches!(unordered, Error::Unordered { index: 4, .. }), "{unordered}");
    let twice = chart::forecast(&[(hour(0), 1.0), (hour(0), 1.0)], &[], &madrid(), &options).unwrap_err();
    assert!(matches!(twice, Error::Unordered { index: 1, .. }), "{twice}");
    assert_eq!(twice.kind(), Kind::Invalid);
    let many: Vec<_> = (0..1501)
        .map(|at| slot(Interval::new(hour(at), hour(at + 1)).unwrap(), 1.0, 1.0, Quality::Measured))
        .collect();
    let many = chart::energy_day(&many, &madrid(), &options).unwrap_err();
    assert_eq!(many.kind(), Kind::TooLarge);
}

#[test]
fn the_smallest_and_the_largest_chart_are_sound() {
    let rows = quarter_hours(date(2026, 3, 29));
    for (width, height) in [(240, 160), (8192, 8192), (240, 8192), (8192, 160)] {
        let options = Options { width, height, ..Options::default() };
        sound(&chart::energy_day(&rows, &madrid(), &options).unwrap());
        sound(&chart::capacity_over_cycles(&[cycle(1.0, 2.0), cycle(2.0, 1.9)], &options).unwrap());
    }
}

fn any_value() -> impl Strategy<Value = f64> {
    prop_oneof![4 => -10.0..10.0_f64, 1 => any::<f64>(), 1 => prop::sample::select(STRANGE.to_vec())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_numbers_give_a_sound_chart_and_the_same_bytes_twice(
        values in prop::collection::vec((any_value(), any_value(), any_value()), 0..200),
        title in prop::option::of(".*"),
    ) {
        let options = Options { title, ..Options::default() };
        let column = |of: fn(&(f64, f64, f64)) -> f64| values.iter().map(of).collect::<Vec<f64>>();
        let (x, y, z) = (column(|v| v.0), column(|v| v.1), column(|v| v.2));
        let cycles: Vec<_> = values.iter().map(|v| CyclePoint { cycle: v.0, charge_capacity_ah: v.1, discharge_capacity_ah: v.2, coulombic_efficiency: v.1 }).collect();
        let starts: Vec<_> = (0..values.len()).map(|at| hour(i64::try_from(at).unwrap())).collect();
        let history: Vec<_> = starts.iter().copied().zip(y.iter().copied()).collect();
        let points: Vec<_> = starts.iter().zip(&values).map(|(start, v)| ForecastPoint { start: *start, mean: v.0, q10: v.1, q25: v.2, q50: v.0, q75: v.1, q90: v.2 }).collect();
        let draw = || [
            chart::voltage_current(Recorded { time_s: &x, voltage_v: &y, current_a: &z, temperature_c: None }, &options).unwrap(),
            chart::capacity_over_cycles(&cycles, &options).unwrap(),
            chart::forecast(&history, &points, &madrid(), &options).unwrap(),
        ];
        let charts = draw();
        charts.iter().for_each(sound);
        prop_assert_eq!(charts, draw());
    }

    #[test]
    fn any_day_gives_a_sound_chart(
        values in prop::collection::vec((any::<i64>(), any::<i64>(), prop::sample::select(Quality::ALL.to_vec())), 0..100),
        small in 0..44_u32,
    ) {
        let rows: Vec<_> = quarter_hours(date(2026, 10, 25)).into_iter().zip(values).map(|(row, (own, import, quality))| EnergySlot {
            own_use: Some(Energy::from_mwh(own >> small)).filter(|_| quality != Quality::Missing),
            import: Some(Energy::from_mwh(import >> small)),
            quality,
            ..row
        }).collect();
        sound(&chart::energy_day(&rows, &madrid(), &Options::default()).unwrap());
    }
}

#[test]
fn recordings_of_real_cyclers_are_drawn() {
    let Some(folder) = crate::shared_data::folder("battery") else { return };
    // Thousands of rows and several cycles each, of three vendors.
    for file in [
        "cellpy/neware_uio.csv",
        "beep/xTESLADIAG_000038con_head4000.078",
        "beep/PredictionDiagnostics_000109_tztest.010",
    ] {
        let recording = grid_core::battery::read_path(folder.join(file)).unwrap();
        let cycles = recording.cycles();
        assert!(recording.len() > 2000 && cycles.len() > 2);
        let over_time = chart::voltage_current(&recording, &Options::default()).unwrap();
        let over_cycles = chart::capacity_over_cycles(&cycles, &Options::default()).unwrap();
        for svg in [over_time, over_cycles] {
            sound(&svg);
            assert!(!svg.svg().contains("No data"), "{file}");
        }
    }
}
