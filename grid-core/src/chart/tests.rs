//! What must hold of the charts of energy and bills, whatever comes in: every text lies on the sheet and on no other
//! text, the same input gives the same bytes, and what is missing can be seen.

use jiff::{
    Timestamp, ToSpan,
    civil::{Date, date},
};
use proptest::prelude::*;

use super::{
    BandSlot, BillPart, CommunityDay, Error, Language, MemberSlot, Options, PartKind, Svg, Theme, bill_parts,
    community_month, load_by_band, member_day, sheet::TENTHS, text::text_width,
};
use crate::{
    error::{Failure, Kind},
    quantity::{Currency, Energy, Money},
    series::Quality,
    time::{Calendar, Interval, Resolution},
};

const SIZES: [(u32, u32); 9] = [
    (960, 480),
    (240, 160),
    (320, 240),
    (480, 300),
    (640, 400),
    (1600, 900),
    (240, 2000),
    (8192, 160),
    (8192, 8192),
];

fn madrid() -> Calendar {
    Calendar::new("Europe/Madrid").unwrap()
}

/// Every size in Spanish, which is the longer of the two, and the usual and the smallest in English.
fn sizes() -> impl Iterator<Item = Options> {
    let spanish = SIZES.into_iter().map(|size| (size, Language::Es));
    let english = SIZES.into_iter().take(2).map(|size| (size, Language::En));
    spanish.chain(english).map(|((width, height), language)| Options {
        width,
        height,
        language,
        theme: Theme::Light,
        ..Options::default()
    })
}

/// A text and the rectangle that it takes, in tenths of a pixel.
struct Written {
    text: String,
    left: i32,
    right: i32,
    top: i32,
    bottom: i32,
}

/// The texts of a chart. Their widths are those of [`text_width`], which is rather too wide than too narrow.
fn written(svg: &Svg) -> Vec<Written> {
    let attribute = |tag: &str, name: &str| -> String {
        let after = tag.split_once(&format!(" {name}=\"")).unwrap().1;
        after.split_once('"').unwrap().0.to_owned()
    };
    let plain = |text: &str| {
        let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
        text.replace("&apos;", "'").replace("&amp;", "&")
    };
    svg.svg()
        .split("<text")
        .skip(1)
        .map(|rest| {
            let (tag, rest) = rest.split_once('>').unwrap();
            let text = plain(rest.split_once("</text>").unwrap().0.trim());
            let number = |name: &str| attribute(tag, name).parse::<f64>().unwrap().round();
            #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "places on a sheet")]
            let (x, y, size) = (number("x") as i32, number("y") as i32, number("font-size") as i32);
            let width = text_width(&text, size);
            let left = match attribute(tag, "text-anchor").as_str() {
                "start" => x,
                "middle" => x - width / 2,
                _ => x - width,
            };
            Written { text, left, right: left + width, top: y - size * 2 / 5, bottom: y + size * 2 / 5 }
        })
        .collect()
}

/// Every text lies on the sheet, and on no other text; so does all that is drawn.
fn is_laid_out(svg: &Svg, options: &Options, what: &str) {
    let width = i32::try_from(options.width).unwrap() * TENTHS;
    let height = i32::try_from(options.height).unwrap() * TENTHS;
    let what = format!("{what}, {} x {}, {}", options.width, options.height, options.language);
    let texts = written(svg);
    for (place, one) in texts.iter().enumerate() {
        let inside = one.left >= 0 && one.right <= width && one.top >= 0 && one.bottom <= height;
        assert!(
            inside,
            "{what}: `{}` leaves the sheet: {}..{} of {width}, {}..{} of {height}",
            one.text, one.left, one.right, one.top, one.bottom
        );
        for other in &texts[place + 1..] {
            let apart = one.right <= other.left
                || other.right <= one.left
                || one.bottom <= other.top
                || other.bottom <= one.top;
            assert!(apart, "{what}: `{}` lies on `{}`", one.text, other.text);
        }
    }
    for points in svg.svg().split("points=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        for point in points.split_whitespace() {
            let (x, y) = point.split_once(',').unwrap();
            let (x, y): (i32, i32) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((-5..=width + 5).contains(&x) && (-5..=height + 5).contains(&y), "{what}: {point}");
        }
    }
    assert!(!svg.svg().contains("NaN") && !svg.svg().contains("inf"), "{what}");
    assert!(svg.svg().len() < 400_000, "{what}: {} bytes", svg.svg().len());
}

fn hatched(svg: &Svg, ink: &str) -> usize {
    svg.svg().matches(&format!("fill=\"url(#{ink}")).count()
}

fn bars_of(svg: &Svg, colour: &str) -> usize {
    svg.svg().matches(&format!("fill=\"{colour}\"")).count()
}

// A member's day.

fn member(day: Date, energy: impl Fn(usize) -> Option<Energy>) -> Vec<MemberSlot> {
    let calendar = madrid();
    let slots = calendar.slots(calendar.day(day).unwrap(), Resolution::QUARTER_HOUR).unwrap();
    let of = |(place, interval)| {
        let [own_use, received, import, given, export] = [0, 1, 2, 3, 4].map(|part| energy(place * 5 + part));
        MemberSlot { interval, own_use, received, import, given, export, quality: Quality::Measured }
    };
    slots.into_iter().enumerate().map(of).collect()
}

fn some(mwh: i64) -> impl Fn(usize) -> Option<Energy> {
    move |_| Some(Energy::from_mwh(mwh))
}

#[test]
fn a_members_day_has_its_place_for_every_text() {
    for day in [date(2026, 3, 29), date(2026, 10, 25)] {
        let some_missing = |place: usize| {
            (!place.is_multiple_of(7)).then(|| Energy::from_mwh(i64::try_from(place).unwrap() * 977))
        };
        let cases = [
            ("plain", member(day, some(200_000))),
            ("zero", member(day, some(0))),
            ("missing", member(day, |_| None)),
            ("huge", member(day, some(i64::MAX))),
            ("tiny", member(day, some(1))),
            ("some missing", member(day, some_missing)),
            ("one slot", member(day, some(123_456)).into_iter().take(1).collect()),
            ("none", Vec::new()),
        ];
        for (what, rows) in &cases {
            for options in sizes() {
                let svg = member_day(rows, &madrid(), &options).unwrap();
                is_laid_out(&svg, &options, what);
            }
        }
    }
}

#[test]
fn a_members_day_tells_each_slot_and_the_change_of_the_clock() {
    for (day, count, said) in
        [(date(2026, 3, 29), 92, "02:00 → 03:00"), (date(2026, 10, 25), 100, "03:00 → 02:00")]
    {
        let rows = member(day, some(100_000));
        let svg = member_day(&rows, &madrid(), &Options::default()).unwrap();
        assert_eq!(svg.svg().matches("<title>").count(), count);
        assert!(svg.svg().contains(said));
    }
}

#[test]
fn what_a_member_gives_lies_as_deep_as_what_it_uses_is_high() {
    let rows = member(date(2026, 3, 30), some(100_000));
    let svg = member_day(&rows, &madrid(), &Options::default()).unwrap();
    // Three layers above of 0.1 kWh each and two below: the axis runs from 0.2 below to 0.3 above, without signs.
    let labels: Vec<String> = written(&svg).into_iter().map(|text| text.text).collect();
    assert!(labels.contains(&"0.3".to_owned()) && labels.contains(&"0.2".to_owned()));
    assert!(!labels.iter().any(|label| label.starts_with('\u{2212}')));
}

#[test]
fn what_is_not_known_of_a_member_is_marked() {
    let options = Options { theme: Theme::Light, ..Options::default() };
    let mut rows = member(date(2026, 3, 30), some(100_000));
    let draw = |rows: &[MemberSlot]| member_day(rows, &madrid(), &options).unwrap();
    assert_eq!((hatched(&draw(&rows), "missing"), hatched(&draw(&rows), "estimated")), (0, 0));
    // A part of a slot: it is hatched, and the legend says what that is.
    rows[10].given = None;
    assert_eq!((hatched(&draw(&rows), "missing"), hatched(&draw(&rows), "estimated")), (0, 2));
    // Slots that never came, and an entry of the legend.
    rows.drain(20..24);
    assert_eq!(hatched(&draw(&rows), "missing"), 2);
    // Slots that say so, and all the day.
    assert_eq!(hatched(&draw(&member(date(2026, 3, 30), |_| None)), "missing"), 2);
}

#[test]
fn a_member_cannot_use_less_than_nothing() {
    let mut rows = member(date(2026, 3, 30), some(100_000));
    rows[7].received = Some(Energy::from_mwh(-1));
    let error = member_day(&rows, &madrid(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Negative { index: 7, column: "received", .. }), "{error}");
    assert_eq!(error.kind(), Kind::Invalid);
    let mut rows = member(date(2026, 3, 30), some(100_000));
    rows.swap(3, 4);
    let error = member_day(&rows, &madrid(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Unordered { index: 4, .. }), "{error}");
}

// A community's month.

const APRIL: Date = date(2026, 4, 1);

fn community(month: Date, mwh: Option<i64>) -> Vec<CommunityDay> {
    let energy = mwh.map(Energy::from_mwh);
    (0..i64::from(month.days_in_month()))
        .map(|number| CommunityDay {
            date: month.checked_add(number.days()).unwrap(),
            own_use: energy,
            shared: energy,
            import: energy,
            export: energy,
            quality: if energy.is_some() { Quality::Measured } else { Quality::Missing },
        })
        .collect()
}

#[test]
fn a_communitys_month_has_its_place_for_every_text() {
    for month in [date(2026, 2, 1), date(2026, 10, 1)] {
        let mut half = community(month, Some(17_000_000));
        half.retain(|day| day.date.day() % 3 != 0);
        let cases = [
            ("plain", community(month, Some(45_000_000))),
            ("zero", community(month, Some(0))),
            ("missing", community(month, None)),
            ("huge", community(month, Some(i64::MAX))),
            ("tiny", community(month, Some(1))),
            ("days missing", half),
            ("none", Vec::new()),
        ];
        for (what, days) in &cases {
            for options in sizes() {
                is_laid_out(&community_month(month, days, &options).unwrap(), &options, what);
            }
        }
    }
}

#[test]
fn days_that_did_not_come_are_missing_and_not_zero() {
    let options = Options { theme: Theme::Light, ..Options::default() };
    let draw = |days: &[CommunityDay]| community_month(APRIL, days, &options).unwrap();
    let mut days = community(APRIL, Some(45_000_000));
    assert_eq!(hatched(&draw(&days), "missing"), 0);
    // Two runs of days, and an entry of the legend.
    days.drain(20..22);
    days.remove(3);
    assert_eq!(hatched(&draw(&days), "missing"), 3);
    // Nothing was used on them: no mark, and no bar.
    let zeros = community(APRIL, Some(0));
    assert_eq!(hatched(&draw(&zeros), "missing"), 0);
    assert_eq!(bars_of(&draw(&zeros), "#174F8F"), 1);
    // A part of a day is not known.
    let mut days = community(APRIL, Some(45_000_000));
    days[4].export = None;
    assert_eq!((hatched(&draw(&days), "missing"), hatched(&draw(&days), "estimated")), (0, 2));
}

#[test]
fn a_day_outside_the_month_or_twice_is_refused() {
    let days = community(APRIL, Some(1));
    for wrong in [
        vec![CommunityDay { date: date(2026, 5, 1), ..days[0] }],
        vec![days[0], days[0]],
        vec![days[1], days[0]],
    ] {
        let error = community_month(APRIL, &wrong, &Options::default()).unwrap_err();
        assert!(matches!(error, Error::WrongDate { .. }), "{error}");
    }
    // Any day names its month.
    let options = Options::default();
    assert_eq!(
        community_month(APRIL, &days, &options).unwrap(),
        community_month(date(2026, 4, 30), &days, &options).unwrap()
    );
}

// A bill's parts.

const KINDS: [PartKind; 4] = [PartKind::Energy, PartKind::Fixed, PartKind::Tax, PartKind::Credit];

fn bill<'a>(name: &'a str, amounts: &[i64], currency: Currency) -> Vec<BillPart<'a>> {
    let kinds = KINDS.into_iter().cycle();
    amounts
        .iter()
        .zip(kinds)
        .map(|(micros, kind)| BillPart { name, kind, amount: Money::from_micros(*micros, currency) })
        .collect()
}

#[test]
fn a_bill_has_its_place_for_every_text() {
    let long = "Término de potencia contratada en el periodo 1, según el contrato y sus anexos ".repeat(20);
    let many: Vec<i64> = (0..40).map(|at| (at - 8) * 1_234_567).collect();
    let yen = "JPY".parse().unwrap();
    for name in ["", "日本語の長い名前\"><script>&\u{0}\u{1b}", long.as_str()] {
        let cases = [
            ("one", bill(name, &[12_340_000], Currency::EUR)),
            ("forty", bill(name, &many, Currency::COP)),
            ("huge", bill(name, &[i64::MAX, 0, 0, -i64::MAX, 5], Currency::COP)),
            ("tiny", bill(name, &[1, 1, 1, -1], Currency::EUR)),
            ("huge and tiny", bill(name, &[i64::MAX / 2, 1], yen)),
            ("zero", bill(name, &[0, 0, 0], Currency::EUR)),
            ("credits", bill(name, &[-5_000_000, -7_000_000], Currency::EUR)),
            ("none", Vec::new()),
        ];
        for (what, parts) in &cases {
            for options in sizes() {
                is_laid_out(&bill_parts(parts, &options).unwrap(), &options, what);
            }
        }
    }
}

#[test]
fn a_bill_says_every_amount_and_the_total_exactly() {
    let parts = bill("Part", &[18_420_000, 8_365_000, 2_790_000, -11_300_000], Currency::EUR);
    let options = Options { language: Language::Es, ..Options::default() };
    let svg = bill_parts(&parts, &options).unwrap();
    let texts: Vec<String> = written(&svg).into_iter().map(|text| text.text).collect();
    // 18.42 + 8.365 + 2.79 - 11.30
    for amount in ["18,42", "8,365", "2,79", "\u{2212}11,30", "18,275", "EUR"] {
        assert!(texts.iter().any(|text| text == amount), "{amount}: {texts:?}");
    }
}

#[test]
fn parts_in_two_currencies_are_refused() {
    let mut parts = bill("Part", &[1, 2], Currency::EUR);
    parts.extend(bill("Part", &[3], Currency::COP));
    let error = bill_parts(&parts, &Options::default()).unwrap_err();
    assert!(matches!(error, Error::Total { index: 2, .. }), "{error}");
    let error = bill_parts(&bill("Part", &[i64::MAX, 1], Currency::EUR), &Options::default()).unwrap_err();
    assert_eq!(error.kind(), Kind::Invalid);
}

// Load by band.

const BANDS: [&str; 6] = ["P1", "P2", "P3", "P4", "P5", "P6"];

fn load(day: Date, resolution: Resolution, bands: usize, mwh: Option<i64>) -> Vec<BandSlot> {
    let calendar = madrid();
    let slots = calendar.slots(calendar.day(day).unwrap(), resolution).unwrap();
    let energy = mwh.map(Energy::from_mwh);
    let slot = |(place, interval)| BandSlot { interval, band: place % bands, energy };
    slots.into_iter().enumerate().map(slot).collect()
}

#[test]
fn load_by_band_has_its_place_for_every_text() {
    let long = "Periodo de punta de los días laborables de temporada alta ".repeat(9);
    let day = date(2026, 10, 25);
    let cases = [
        ("plain", load(day, Resolution::QUARTER_HOUR, 6, Some(250_000))),
        ("one band", load(day, Resolution::HOUR, 1, Some(250_000))),
        ("zero", load(day, Resolution::HOUR, 3, Some(0))),
        ("missing", load(day, Resolution::HOUR, 3, None)),
        ("huge", load(day, Resolution::QUARTER_HOUR, 6, Some(i64::MAX))),
        ("tiny", load(day, Resolution::Seconds(60), 2, Some(1))),
        ("a day", load(day, Resolution::Day, 1, Some(9_000_000))),
        ("none", Vec::new()),
    ];
    for names in [BANDS, [long.as_str(); 6], [""; 6]] {
        for (what, slots) in &cases {
            for options in sizes() {
                let svg = load_by_band(slots, &names, &madrid(), &options).unwrap();
                is_laid_out(&svg, &options, what);
            }
        }
    }
}

#[test]
fn load_by_band_says_energy_and_share() {
    // 24 hours of 250 Wh in turns over three bands: 2 kWh and a third each; the shares add up to 100 %.
    let slots = load(date(2026, 3, 30), Resolution::HOUR, 3, Some(250_000));
    let svg = load_by_band(&slots, &BANDS[..3], &madrid(), &Options::default()).unwrap();
    let texts: Vec<String> = written(&svg).into_iter().map(|text| text.text).collect();
    assert!(texts.contains(&"2.000 · 33.4 %".to_owned()), "{texts:?}");
    assert_eq!(texts.iter().filter(|text| *text == "2.000 · 33.3 %").count(), 2, "{texts:?}");
}

#[test]
fn bands_without_room_for_a_row_are_gathered() {
    let slots = load(date(2026, 3, 30), Resolution::HOUR, 6, Some(250_000));
    let options = Options { width: 240, height: 160, ..Options::default() };
    let svg = load_by_band(&slots, &BANDS, &madrid(), &options).unwrap();
    let texts: Vec<String> = written(&svg).into_iter().map(|text| text.text).collect();
    // Each of the six has 1 kWh and a sixth; those that are gathered add up to the rest of 100 %.
    assert!(texts.contains(&"1.000 · 16.7 %".to_owned()), "{texts:?}");
    assert!(texts.contains(&"4.000 · 66.6 %".to_owned()), "{texts:?}");
}

#[test]
fn what_is_missing_of_a_load_is_told_and_counts_nowhere() {
    let mut slots = load(date(2026, 3, 30), Resolution::HOUR, 2, Some(1_000_000));
    slots[5].energy = None;
    let options = Options { theme: Theme::Light, ..Options::default() };
    let svg = load_by_band(&slots, &BANDS[..2], &madrid(), &options).unwrap();
    assert!(svg.svg().contains("Missing, not counted: 1 of 24 slots"));
    // The hour of the average day, and the entry of the legend.
    assert_eq!(hatched(&svg, "missing"), 2);
    assert!(svg.svg().contains("12.0 · 52.2 %") && svg.svg().contains("11.0 · 47.8 %"));
}

#[test]
fn a_band_without_a_name_or_a_colour_is_refused() {
    let slots = load(date(2026, 3, 30), Resolution::HOUR, 3, Some(1));
    let error = load_by_band(&slots, &BANDS[..2], &madrid(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::UnknownBand { index: 2, bands: 2, got: 2 }), "{error}");
    let error = load_by_band(&slots, &["band"; 7], &madrid(), &Options::default()).unwrap_err();
    assert!(matches!(error, Error::TooManyBands { bands: 7, .. }), "{error}");
    assert_eq!(error.kind(), Kind::TooLarge);
}

fn maybe_energy() -> impl Strategy<Value = Option<Energy>> {
    prop::option::of((0..=i64::MAX, 0..63_u32).prop_map(|(mwh, small)| Energy::from_mwh(mwh >> small)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn any_input_is_laid_out_and_gives_the_same_bytes_twice(
        energies in prop::collection::vec((prop::array::uniform5(maybe_energy()), prop::sample::select(Quality::ALL.to_vec())), 1..30),
        amounts in prop::collection::vec((any::<i32>(), 0..40_u32), 0..45),
        names in prop::array::uniform3(".{0,60}"),
        width in 240..1400_u32,
        height in 160..900_u32,
        language in prop::sample::select(vec![Language::En, Language::Es]),
    ) {
        let options = Options { width, height, language, theme: Theme::Auto, ..Options::default() };
        let start: Timestamp = "2026-10-24T22:00:00Z".parse().unwrap();
        let at = |place: usize| start.checked_add((i64::try_from(place).unwrap() * 15).minutes()).unwrap();
        let interval = |place: usize| Interval::new(at(place), at(place + 1)).unwrap();
        let rows = || energies.iter().enumerate();
        let day: Vec<_> = rows().map(|(place, (e, quality))| MemberSlot { interval: interval(place), own_use: e[0], received: e[1], import: e[2], given: e[3], export: e[4], quality: *quality }).collect();
        let days: Vec<_> = rows().map(|(place, (e, quality))| CommunityDay { date: APRIL.checked_add(i64::try_from(place).unwrap().days()).unwrap(), own_use: e[0], shared: e[1], import: e[2], export: e[3], quality: *quality }).collect();
        let load: Vec<_> = rows().map(|(place, (e, _))| BandSlot { interval: interval(place), band: place % 3, energy: e[0] }).collect();
        let parts: Vec<_> = amounts.iter().enumerate().map(|(place, (amount, shift))| BillPart { name: &names[place % 3], kind: KINDS[place % 4], amount: Money::from_micros(i64::from(*amount) << (shift / 2), Currency::COP) }).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let draw = || [
            member_day(&day, &madrid(), &options).unwrap(),
            community_month(APRIL, &days, &options).unwrap(),
            bill_parts(&parts, &options).unwrap(),
            load_by_band(&load, &names, &madrid(), &options).unwrap(),
        ];
        let charts = draw();
        for svg in &charts {
            is_laid_out(svg, &options, "any");
        }
        prop_assert_eq!(charts, draw());
    }
}
