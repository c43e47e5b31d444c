//! Entries as Cloud Logging reads them from a container's output:
//! <https://cloud.google.com/logging/docs/structured-logging>. Other collectors take the same fields by their names.

use std::fmt;

use serde_json::{Map, Value};
use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, FormattedFields, format::Writer},
    registry::{LookupSpan, Scope},
};

use crate::clock;

/// The field by which Cloud Logging puts entries of one trace together.
const CLOUD_TRACE: &str = "logging.googleapis.com/trace";

/// Writes an event and the spans around it as one object.
#[derive(Debug)]
pub(super) struct Entries {
    /// The project that traces belong to, on Google Cloud.
    project: Option<String>,
}

impl Entries {
    pub(super) const fn of_project(project: Option<String>) -> Self {
        Self { project }
    }

    /// The entry of an event, before the fields of the event itself.
    fn entry(&self, level: Level, spans: &[Map<String, Value>]) -> Map<String, Value> {
        let mut entry = Map::new();
        entry.insert("severity".to_owned(), severity(level).into());
        entry.insert("time".to_owned(), clock::now().to_string().into());
        for (name, value) in spans.iter().flatten() {
            // The id of a request is that of an entry nowhere else.
            let name = if name == "id" { "request_id" } else { name };
            entry.insert(name.to_owned(), value.clone());
        }
        if let (Some(project), Some(Value::String(trace))) = (&self.project, entry.get("trace")) {
            let full = format!("projects/{project}/traces/{trace}");
            entry.insert(CLOUD_TRACE.to_owned(), full.into());
        }
        entry
    }
}

const fn severity(level: Level) -> &'static str {
    match level {
        Level::ERROR => "ERROR",
        Level::WARN => "WARNING",
        Level::INFO => "INFO",
        Level::DEBUG | Level::TRACE => "DEBUG",
    }
}

impl<S, N> FormatEvent<S, N> for Entries
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut spans = Vec::new();
        for span in context.event_scope().into_iter().flat_map(Scope::from_root) {
            let extensions = span.extensions();
            let fields = extensions.get::<FormattedFields<N>>().map(|fields| fields.fields.as_str());
            spans.extend(fields.and_then(|fields| serde_json::from_str(fields).ok()));
        }
        let mut entry = self.entry(*event.metadata().level(), &spans);
        event.record(&mut Fields(&mut entry));
        let text = serde_json::to_string(&entry).map_err(|_| fmt::Error)?;
        writeln!(writer, "{text}")
    }
}

/// Takes the fields of an event into its entry.
struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn insert(&mut self, field: &Field, value: Value) {
        self.0.insert(field.name().to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.insert(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.insert(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.insert(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.insert(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.insert(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::fmt::{MakeWriter, format::JsonFields};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    #[test]
    fn an_entry_is_one_line_that_names_its_severity_request_and_trace() {
        let kept = Kept::default();
        let log = tracing_subscriber::fmt()
            .with_writer(kept.clone())
            .fmt_fields(JsonFields::new())
            .event_format(Entries::of_project(Some("acacias".to_owned())))
            .finish();
        tracing::subscriber::with_default(log, || {
            let trace = Some("0af7651916cd43dd8448eb211c80319c");
            let span = tracing::info_span!("request", id = %"r-1", method = "GET", trace);
            span.in_scope(|| tracing::warn!(status = 503_u64, "two\nlines and a \"quote\""));
            tracing::info!("outside");
        });
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        let entries: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(entries.len(), 2, "{text}");
        let first = &entries[0];
        assert_eq!(first["severity"], "WARNING");
        assert_eq!(first["message"], "two\nlines and a \"quote\"");
        assert_eq!((&first["request_id"], &first["status"]), (&"r-1".into(), &503.into()));
        assert_eq!(first["trace"], "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(first[CLOUD_TRACE], "projects/acacias/traces/0af7651916cd43dd8448eb211c80319c");
        assert!(first["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
        assert_eq!((&entries[1]["severity"], &entries[1]["trace"]), (&"INFO".into(), &Value::Null));
    }
}
