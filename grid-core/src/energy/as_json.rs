//! How times look in the JSON of findings and reports: RFC 3339 text, intervals as `{"start", "end"}`.

pub(super) mod instant {
    use jiff::Timestamp;
    use serde::Serializer;

    pub(in crate::energy) fn serialize<S: Serializer>(at: &Timestamp, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(at)
    }
}

pub(super) mod interval {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::time::Interval;

    #[derive(Serialize, Deserialize)]
    struct Ends {
        start: String,
        end: String,
    }

    pub(in crate::energy) fn serialize<S: Serializer>(interval: &Interval, to: S) -> Result<S::Ok, S::Error> {
        Ends { start: interval.start().to_string(), end: interval.end().to_string() }.serialize(to)
    }

    pub(in crate::energy) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Interval, D::Error> {
        let ends = Ends::deserialize(from)?;
        Interval::parse(&ends.start, &ends.end).map_err(D::Error::custom)
    }
}

pub(super) mod intervals {
    use serde::{Serialize, Serializer};

    use crate::time::Interval;

    #[derive(Serialize)]
    struct One<'a>(#[serde(with = "super::interval")] &'a Interval);

    pub(in crate::energy) fn serialize<S: Serializer>(
        intervals: &[Interval],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.collect_seq(intervals.iter().map(One))
    }
}
