//! Stored recordings given out in the Battery Data Format, and as JSON: written to a file first and sent from there, so
//! that neither the text nor its client is waited for in memory.

use std::io;

use axum::{
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use grid_core::battery::Recording;

use super::{kept::Kept, view::Binary};
use crate::{draft::Draft, problem::Problem, spool::no_room};

/// Gives a recording as CSV of the Battery Data Format.
#[utoipa::path(get, path = "/battery/recordings/{id}/export.csv", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_export_csv",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The recording", body = String, content_type = "text/csv"),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn csv(kept: Kept) -> Result<Response, Problem> {
    exported(kept, "text/csv; charset=utf-8", "csv", |recording, file| recording.write_bdf_csv(file)).await
}

/// Gives a recording as Parquet with the machine-readable names of the Battery Data Format.
#[utoipa::path(get, path = "/battery/recordings/{id}/export.parquet", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_export_parquet",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The recording", body = Binary, content_type = "application/vnd.apache.parquet"),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn parquet(kept: Kept) -> Result<Response, Problem> {
    exported(kept, "application/vnd.apache.parquet", "parquet", |recording, file| {
        recording.write_parquet(file)
    })
    .await
}

/// Gives a recording as JSON: each column as a list, with evidence and remarks.
#[utoipa::path(get, path = "/battery/recordings/{id}/export.json", tag = "battery", security(("bearerAuth" = [])),
    operation_id = "recordings_export_json",
    params(("id" = Uuid, Path)),
    responses(
        (status = 200, description = "The recording", body = Object, content_type = "application/json"),
        (status = 304, description = "The client has it already"),
    ))]
pub(crate) async fn json(kept: Kept) -> Result<Response, Problem> {
    exported(kept, "application/json", "json", |recording, file| recording.write_json(file)).await
}

async fn exported(
    kept: Kept,
    media_type: &'static str,
    ending: &'static str,
    write: impl FnOnce(&Recording, &mut Draft) -> io::Result<()> + Send + 'static,
) -> Result<Response, Problem> {
    let share = kept.app.user_exports().share(kept.stored.owner)?;
    let rooms = kept.app.rooms().clone();
    let written = kept.read(move |recording| {
        let mut draft = Draft::new(&rooms)?;
        write(recording, &mut draft)?;
        Ok::<_, io::Error>((draft, share))
    });
    let (draft, share) = written.await?.map_err(|error| no_room(&error))?;
    let body = draft.into_body(share).map_err(|error| no_room(&error))?;
    let disposition = format!("attachment; filename=\"{}.{ending}\"", plain_name(kept.stored.name.as_str()));
    let disposition = HeaderValue::from_str(&disposition).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    Ok(kept.answer((headers, body).into_response()))
}

/// A name that any system takes for a file: what it was called, without its ending and without anything odd.
fn plain_name(name: &str) -> String {
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' };
    let text: String = stem.chars().map(plain).collect();
    if text.trim_matches(['.', '_']).is_empty() { "recording".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::plain_name;

    #[test]
    fn a_name_cannot_break_out_of_its_header_or_its_folder() {
        assert_eq!(plain_name("cell 12.csv"), "cell_12");
        assert_eq!(plain_name("../\"x\"\r\n.csv"), ".._".to_owned() + "_x___");
        assert_eq!(plain_name("..."), "recording");
        assert_eq!(plain_name("célula"), "c_lula");
    }
}
