//! ESPI feeds.

use super::*;

const READING_TYPE: &str = "<entry><link rel='self' href='https://utility.example/espi/1_1/resource/ReadingType/07'/>\
    <content><ReadingType><accumulationBehaviour>4</accumulationBehaviour><commodity>1</commodity><flowDirection>1</flowDirection>\
    <intervalLength>900</intervalLength><powerOfTenMultiplier>-3</powerOfTenMultiplier><uom>72</uom></ReadingType></content></entry>";

fn meter(point: &str, meter: &str, kind: &str) -> String {
    format!(
        "<entry><link rel='self' href='RetailCustomer/9/UsagePoint/{point}'/><content><UsagePoint/></content></entry>\n\
        <entry><link rel='self' href='RetailCustomer/9/UsagePoint/{point}/MeterReading/{meter}'/>\n\
        <link rel='related' href='ReadingType/{kind}'/><content><MeterReading/></content></entry>\n"
    )
}

fn block(point: &str, meter: &str, readings: &str) -> String {
    format!(
        "<entry><link rel='up' href='RetailCustomer/9/UsagePoint/{point}/MeterReading/{meter}/IntervalBlock'/>\n\
        <content><IntervalBlock><interval><duration>86400</duration><start>1767225600</start></interval>\n{readings}</IntervalBlock></content></entry>\n"
    )
}

fn reading(start: i64, value: &str, more: &str) -> String {
    format!(
        "<IntervalReading>{more}<timePeriod><duration>900</duration><start>{start}</start></timePeriod><value>{value}</value></IntervalReading>\n"
    )
}

fn feed(entries: &[&str]) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:espi=\"http://naesb.org/espi\">\n{}</feed>\n",
        entries.concat()
    )
}

#[test]
fn links_are_followed_in_any_order_with_any_prefix() {
    let readings = reading(1_767_225_600, "250000", "<ReadingQuality><quality>8</quality></ReadingQuality>")
        + &reading(1_767_226_500, "1", "");
    let (meters, block) = (meter("01", "1", "07"), block("01", "1", &readings));
    let forward = feed(&[READING_TYPE, &meters, &block]);
    let backward = feed(&[&block, &meters, READING_TYPE]);
    let mut prefixed = backward.clone();
    for name in [
        "IntervalBlock",
        "IntervalReading",
        "timePeriod",
        "start",
        "duration",
        "value",
        "ReadingType",
        "uom",
        "ReadingQuality",
        "quality",
    ] {
        prefixed = prefixed
            .replace(&format!("<{name}>"), &format!("<espi:{name}>"))
            .replace(&format!("</{name}>"), &format!("</espi:{name}>"));
    }
    let found = read(&forward, &Options::new(Layout::Community));
    assert_eq!(found.format, Format::GreenButton);
    let batch = &found.batches[0];
    assert_eq!((batch.device.as_deref(), batch.channel), (Some("01"), Channel::Import));
    // 250000 · 10^-3 Wh; 2026-01-01T00:00:00Z is 1767225600 (`date -u -d 2026-01-01 +%s`).
    assert_eq!(
        values(batch),
        [("2026-01-01T00:00:00Z".to_owned(), Some(250_000)), ("2026-01-01T00:15:00Z".to_owned(), Some(1))]
    );
    assert_eq!(batch.readings[0].quality(), Quality::Estimated);
    for other in [backward, prefixed] {
        assert_eq!(read(&other, &Options::new(Layout::Community)).batches, found.batches);
    }
}

#[test]
fn several_meters_and_channels_are_kept_apart_and_other_units_left_out() {
    let received = READING_TYPE
        .replace("/07", "/08")
        .replace("<flowDirection>1<", "<flowDirection>19<")
        .replace("-3", "0");
    let gas =
        READING_TYPE.replace("/07", "/09").replace("<commodity>1<", "<commodity>7<").replace("72", "169");
    let row = reading(1_767_225_600, "5", "");
    let text = feed(&[
        &block("01", "1", &row),
        &block("01", "2", &row),
        &block("02", "3", &row),
        &block("02", "4", &row),
        &meter("01", "1", "07"),
        &meter("01", "2", "08"),
        &meter("02", "3", "08"),
        &meter("02", "4", "09"),
        READING_TYPE,
        &received,
        &gas,
    ]);
    let found = read(&text, &Options::new(Layout::Community));
    let all: Vec<_> =
        found.batches.iter().map(|b| (b.device.as_deref().unwrap(), b.channel, values(b)[0].1)).collect();
    assert_eq!(
        all,
        [
            ("01", Channel::Import, Some(5)),
            ("01", Channel::Export, Some(5000)),
            ("02", Channel::Export, Some(5000))
        ]
    );
    said(&found, "commodity 7");
}

#[test]
fn an_empty_value_is_missing_and_a_missing_duration_is_that_of_the_type() {
    let row = "<IntervalReading><timePeriod><start>1767225600</start></timePeriod></IntervalReading>";
    let found = read(feed(&[READING_TYPE, &meter("01", "1", "07"), &block("01", "1", row)]), &options());
    let reading = found.batches[0].readings[0];
    assert_eq!((reading.quality(), reading.interval().duration().as_secs()), (Quality::Missing, 900));
}

#[test]
fn entities_registers_and_broken_feeds_are_refused() {
    let whole =
        feed(&[READING_TYPE, &meter("01", "1", "07"), &block("01", "1", &reading(1_767_225_600, "5", ""))]);
    assert_eq!(read(&whole, &options()).batches.len(), 1);
    let bomb = whole.replace("<feed", "<!DOCTYPE feed [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>\n<feed");
    assert!(refused(&bomb, &options()).2.contains("DOCTYPE"));
    assert!(refused(whole.replace("<value>5", "<value>&b;"), &options()).2.contains("entities"));
    assert!(refused(whole.replace("<uom>72", "<uom>38"), &options()).2.contains("watt-hours are 72"));
    assert!(refused(whole.replace("Behaviour>4<", "Behaviour>3<"), &options()).2.contains("counts on"));
    assert!(
        refused(whole.replace("Direction>1<", "Direction>4<"), &options()).2.contains("flow direction 4")
    );
    let (line, _, message) = refused(whole.replace("<value>5", "<value>five"), &options());
    assert_eq!(
        line,
        Some(
            whole
                .lines()
                .position(|line| line.contains("<value>"))
                .and_then(|at| u64::try_from(at + 1).ok())
                .unwrap()
        ),
        "{message}"
    );
    assert!(refused(whole.replace("<value>5", "<value>-5"), &options()).2.contains("zero or more"));
    let astray =
        whole.replace("ReadingType/07'/><content><MeterReading", "ReadingType/99'/><content><MeterReading");
    let two_types = astray.replace("</feed>", &format!("{}</feed>", READING_TYPE.replace("/07", "/08")));
    assert!(refused(two_types, &options()).2.contains("leads to a reading type"));
    let cut = &whole[..whole.len() - 60];
    assert!(refused(cut, &options()).0.is_some());
    let nested = format!("<feed>{}<IntervalBlock/>", "<a>".repeat(100));
    assert!(refused(nested, &options()).2.contains("deep"));
    let long = format!("<feed><IntervalBlock>{}", "x".repeat(1 << 20));
    assert!(refused(long, &options()).2.contains("brackets"));
}
