//! Battery recordings over HTTP, and the levels of the old battery service.

mod anonymous;
mod charts;
mod levels;
mod recordings;
mod uploads;

/// One charge and one discharge of an hour each at 1 A: 1 Ah in, 1 Ah out.
const CYCLE: &str =
    "time,voltage,current\n0,3.6,1\n1800,3.8,1\n3600,4.0,1\n3601,3.9,-1\n5401,3.7,-1\n7201,3.5,-1\n";

/// A form with a file.
pub(crate) fn form(name: &str, content: &str) -> String {
    format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n--x--\r\n"
    )
}

/// The headers of such a form.
pub(crate) const FORM: [(&str, &[u8]); 1] = [("content-type", b"multipart/form-data; boundary=x")];
