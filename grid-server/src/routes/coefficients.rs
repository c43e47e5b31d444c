//! A community's fixed key as the file that Spain's distributors take and send: `<CAU>_<YYYY>.txt`.

use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::energy::rules::{
    spain_file::{self, FileName},
    spain_key,
};
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::sharing::KeyView;
use crate::{
    app::App,
    caller::Caller,
    clock,
    extract::{Json, Path, Query},
    period::{field, instant},
    problem::Problem,
    upload::{self, Sender},
};

/// Which file.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileOfYearQuery {
    /// The year for which the coefficients are.
    #[param(example = 2026)]
    year: i16,
    /// The code of the self-consumption (CAU), which the file is named by.
    #[param(example = "ES1234000000000001JN0FA001")]
    cau: String,
}

/// From when on a file counts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct YearQuery {
    /// The year for which the coefficients are: that of the file's name.
    #[param(example = 2026)]
    year: i16,
    /// From when on, a local date or an instant of that year; its first day where nothing is said.
    #[param(example = "2026-05-01")]
    valid_from: Option<String>,
}

/// The community's fixed shares of a year as a file for the distributor (RD 244/2019). Only for operators.
///
/// It has the shares of the last key that begins in the year or before it. A member is known by the code of its supply
/// point (CUPS), which it or one of its devices is called by.
#[utoipa::path(get, path = "/communities/{id}/keys/coefficients.txt", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "coefficients",
    params(("id" = Uuid, Path), FileOfYearQuery),
    responses(
        (status = 200, description = "The file, `<CAU>_<YYYY>.txt`", body = String, content_type = "text/plain",
            example = "ES1234000000000001JN0F;0,135464\r\nES1234000000000002JS0F;0,864536\r\n"),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 409, description = "The key is not of fixed shares, or a member has no supply point", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn show(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<FileOfYearQuery>,
) -> Result<Response, Problem> {
    caller.operated(&app, id).await?;
    let name = field("cau", FileName::new(&query.cau, query.year))?;
    let coefficients = app.services()?.store().coefficients(id, name.year()).await?;
    let mut file = Vec::new();
    spain_file::write(&coefficients, &mut file)?;
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, file).into_response())
}

/// Sets the key by which a community shares from a year's file of coefficients (RD 244/2019). Only for operators.
///
/// The coefficients become fixed shares, so that they must be the same in each hour of the year; each supply point (CUPS)
/// must be that of one member. What is wrong is named with its line and column, and nothing is stored.
#[utoipa::path(post, path = "/communities/{id}/keys/coefficients.txt", tag = "communities", security(("bearerAuth" = [])),
    operation_id = "set_coefficients",
    params(("id" = Uuid, Path), YearQuery),
    request_body(content = String, content_type = "text/plain",
        example = "ES1234000000000001JN0F;0,135464\r\nES1234000000000002JS0F;0,864536\r\n"),
    responses(
        (status = 201, description = "Set", body = KeyView),
        (status = 403, description = "The caller is no operator", body = crate::problem::Body, content_type = "application/problem+json"),
        (status = 422, description = "The file cannot be this community's key; the lines are told", body = crate::problem::Body, content_type = "application/problem+json"),
    ))]
pub(crate) async fn set(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<Uuid>,
    Query(query): Query<YearQuery>,
    request: Request,
) -> Result<(StatusCode, Json<KeyView>), Problem> {
    let community = caller.operated(&app, id).await?;
    let told = query.valid_from.as_deref().map(|text| instant("valid_from", text, &community.calendar));
    let told = told.transpose()?;
    let pointer = if told.is_some() { "valid_from" } else { "year" };
    let valid_from = field(pointer, spain_key::start(&community.calendar, query.year, told))?;
    let store = app.services()?.store();
    let points = store.supply_points(id).await?;
    let key =
        upload::stream(&app, request, Sender::User(caller.id), move |source| points.read(source, "body"))
            .await??;
    store.set_key(id, &key, valid_from, clock::now()).await?;
    Ok((StatusCode::CREATED, Json(KeyView { valid_from, key })))
}
