//! The text format of Prometheus, version 0.0.4: <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::fmt::Write as _;

/// What the format is called in `Content-Type`.
pub(crate) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A page that is being written.
#[derive(Debug, Default)]
pub(super) struct Page(String);

impl Page {
    /// Begins a family of series; all of its samples follow at once.
    pub(super) fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Writes a sample that is a whole number.
    pub(super) fn count(&mut self, name: &str, labels: &[(&str, &str)], value: u64) {
        self.sample(name, labels, &value.to_string());
    }

    /// Writes a sample of seconds.
    pub(super) fn seconds(&mut self, name: &str, labels: &[(&str, &str)], microseconds: u64) {
        let (whole, part) = (microseconds / 1_000_000, microseconds % 1_000_000);
        self.sample(name, labels, &format!("{whole}.{part:06}"));
    }

    /// Writes a family that is one number.
    pub(super) fn gauge(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "gauge", help);
        self.count(name, &[], value);
    }

    /// The page.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: &str) {
        self.0.push_str(name);
        for (place, (label, text)) in labels.iter().enumerate() {
            let before = if place == 0 { '{' } else { ',' };
            let _ = write!(self.0, "{before}{label}=\"{}\"", escaped(text));
        }
        let after = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.0, "{after} {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut page = Page::default();
        page.count("a", &[("b", "x\"\\\ny")], 1);
        page.gauge("c", "What it is.", 2);
        page.seconds("d", &[], 1_000_002);
        assert_eq!(
            page.into_text(),
            "a{b=\"x\\\"\\\\\\ny\"} 1\n# HELP c What it is.\n# TYPE c gauge\nc 2\nd 1.000002\n"
        );
    }
}
