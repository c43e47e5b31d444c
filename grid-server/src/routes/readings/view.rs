//! A reading as clients see it, and a page of them.

use std::fmt::Write as _;

use axum::{
    http::header,
    response::{IntoResponse, Response},
};
use grid_core::{
    energy::{Channel, ledger::Recorded},
    quantity::{Energy, Share},
    series::{Quality, Slot},
};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    page::{Listed, LongLimit},
    problem::Problem,
};

/// A reading, or the sum of a slot.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reading)]
pub(crate) struct ReadingView {
    #[schema(value_type = String, example = "import")]
    channel: Channel,
    #[schema(value_type = String, format = DateTime)]
    start: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    end: Timestamp,
    /// `null` where nothing is known: missing is never zero.
    #[schema(value_type = Option<String>, example = "1.250000")]
    energy_kwh: Option<Energy>,
    /// The worst quality of the parts: `measured`, `estimated`, `substituted` or `missing`.
    #[schema(value_type = String, example = "measured")]
    quality: Quality,
    /// The part of the slot's time that is known, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, example = "1.000000")]
    completeness: Option<Share>,
    /// When the reading was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>, format = DateTime)]
    recorded_at: Option<Timestamp>,
}

impl ReadingView {
    pub(super) fn raw(channel: Channel, recorded: &Recorded) -> Self {
        let reading = recorded.reading;
        Self {
            channel,
            start: reading.interval().start(),
            end: reading.interval().end(),
            energy_kwh: reading.energy(),
            quality: reading.quality(),
            completeness: None,
            recorded_at: Some(recorded.at),
        }
    }

    pub(super) fn slot(channel: Channel, slot: &Slot) -> Self {
        Self {
            channel,
            start: slot.interval.start(),
            end: slot.interval.end(),
            energy_kwh: slot.energy,
            quality: slot.quality,
            completeness: Some(slot.completeness),
            recorded_at: None,
        }
    }

    /// What names an item in a cursor.
    fn cursor(&self) -> String {
        format!("{}@{}", self.channel, self.start)
    }
}

/// A page of readings, which is written in about a third of the time that serde takes for it: a day of them is what is asked
/// for most, and nothing in it has to be escaped.
pub(crate) struct Readings(Listed<ReadingView>);

impl Readings {
    pub(super) fn none() -> Self {
        Self(Listed::whole(Vec::new()))
    }

    /// The items that were found, one of which may be over.
    pub(super) fn cut(mut items: Vec<ReadingView>, limit: usize) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(ReadingView::cursor);
        Self(Listed { items, next })
    }

    /// A page of a whole list.
    pub(super) fn page(
        items: Vec<ReadingView>,
        after: Option<&str>,
        limit: LongLimit,
    ) -> Result<Self, Problem> {
        Listed::cut(items, after, limit.items(), ReadingView::cursor).map(Self)
    }

    fn json(&self) -> String {
        /// What the longest item takes, or nearly so.
        const ITEM: usize = 200;
        let Listed { items, next } = &self.0;
        let mut page = String::with_capacity(items.len().saturating_mul(ITEM).saturating_add(ITEM));
        let (mut end, mut recorded) = (Written::default(), Written::default());
        page.push_str(r#"{"items":["#);
        for (number, item) in items.iter().enumerate() {
            if number > 0 {
                page.push(',');
            }
            page.push_str(r#"{"channel":""#);
            page.push_str(item.channel.as_str());
            page.push_str(r#"","start":""#);
            // One reading mostly begins where the one before ends.
            page.push_str(end.text(item.start));
            page.push_str(r#"","end":""#);
            page.push_str(end.text(item.end));
            page.push_str(r#"","energy_kwh":"#);
            match item.energy_kwh {
                None => page.push_str("null"),
                Some(energy) => {
                    page.push('"');
                    page.push_str(&energy.to_kwh_string());
                    page.push('"');
                }
            }
            page.push_str(r#","quality":""#);
            page.push_str(item.quality.as_str());
            if let Some(completeness) = item.completeness {
                // Writing to a string cannot fail.
                let _ = write!(page, r#"","completeness":"{completeness}"#);
            }
            if let Some(at) = item.recorded_at {
                page.push_str(r#"","recorded_at":""#);
                page.push_str(recorded.text(at));
            }
            page.push_str(r#""}"#);
        }
        page.push_str(r#"],"next":"#);
        match next {
            None => page.push_str("null"),
            // A channel, `@` and an instant.
            Some(next) => page.extend(["\"", next, "\""]),
        }
        page.push('}');
        page
    }
}

impl IntoResponse for Readings {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.json()).into_response()
    }
}

/// The text of an instant, which is mostly asked for more than once.
#[derive(Default)]
struct Written {
    at: Option<Timestamp>,
    text: String,
}

impl Written {
    fn text(&mut self, at: Timestamp) -> &str {
        if self.at != Some(at) {
            self.at = Some(at);
            self.text.clear();
            let _ = write!(self.text, "{at}");
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn instant() -> impl Strategy<Value = Timestamp> {
        prop_oneof![
            (-4_i64..4).prop_map(|quarter| Timestamp::from_second(1_700_000_100 + 900 * quarter).unwrap()),
            (Timestamp::MIN.as_microsecond()..Timestamp::MAX.as_microsecond())
                .prop_map(|microsecond| Timestamp::from_microsecond(microsecond).unwrap()),
        ]
    }

    prop_compose! {
        fn item()(
            channel in prop::sample::select(Channel::ALL.to_vec()),
            start in instant(),
            end in instant(),
            energy in prop::option::of(any::<i64>()),
            quality in prop::sample::select(Quality::ALL.to_vec()),
            completeness in prop::option::of(0..=1_000_000_u32),
            recorded_at in prop::option::of(instant()),
        ) -> ReadingView {
            ReadingView {
                channel, start, end, energy_kwh: energy.map(Energy::from_mwh), quality,
                completeness: completeness.map(|ppm| Share::from_ppm(ppm).unwrap()), recorded_at,
            }
        }
    }

    proptest! {
        #[test]
        fn a_page_is_what_serde_makes_of_it(items in prop::collection::vec(item(), 0..8), limit in 0..8_usize) {
            let page = Readings::cut(items, limit);
            prop_assert_eq!(page.json(), serde_json::to_string(&page.0).unwrap());
        }
    }
}
