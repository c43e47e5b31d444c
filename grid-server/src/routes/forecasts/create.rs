//! A forecast is made, and kept unless that is not wanted.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use grid_core::{
    forecast::{self, Explanation, Fit, Forecast, History, Member, Predict},
    store::{StoredForecast, new_id},
};

use super::{
    request::{Asked, ForecastRequest, StoreQuery, Subject},
    view::{Evidence, ExplanationView, ForecastView, Inputs, MemberView, PointView, Value, Version, finite},
};
use crate::{
    app::App,
    caller::{Bearer, Caller},
    clock,
    extract::{Json, Query},
    forecasting::Learnt,
    problem::Problem,
};

/// How many of the last values go with the answer, so that it can be drawn.
const RECENT: usize = 96;

/// How a combination weighs its members.
const WEIGHED_BY: &str = "with these weights the combination would have had the least absolute error in the last 28 days; \
                          a day of two weeks ago counts for half, and the regression answers for each day as if it had \
                          been left out";

/// Forecasts a device's channel or a series, and keeps the forecast unless `store=false`.
///
/// A series that is not stored needs no database: while that cannot be reached, a token whose signature and expiry hold
/// is enough.
#[utoipa::path(post, path = "/forecasts", tag = "forecasts", operation_id = "forecasts_create", security(("bearerAuth" = [])), params(StoreQuery), responses(
    (status = 200, description = "The forecast, which is not stored", body = ForecastView),
    (status = 201, description = "The forecast; `Location` is its path", body = ForecastView),
    (status = 404, description = "The caller has no such device", body = crate::problem::Body, content_type = "application/problem+json"),
))]
pub(crate) async fn create(
    State(app): State<App>,
    bearer: Bearer,
    Query(query): Query<StoreQuery>,
    Json(body): Json<ForecastRequest>,
) -> Result<Response, Problem> {
    let (asked, user) = (body.asked()?, bearer.user);
    let keep = query.store.unwrap_or(true);
    let (learnt, caller) = match &asked.subject {
        Subject::Device(id, channel) => {
            let caller = bearer.caller()?;
            let device = caller.device(&app, *id).await?;
            let store = app.services()?.store();
            (Learnt::of_device(store, device, *channel, asked.minutes).await?, Some(caller).filter(|_| keep))
        }
        Subject::Series(series) => {
            let learnt = series.learnt(asked.minutes)?;
            let without = "with `?store=false` a series is forecast without the database";
            let caller =
                keep.then(|| bearer.caller().map_err(|problem| problem.hint(without))).transpose()?;
            (learnt, caller)
        }
    };
    let mut learnt = learnt;
    learnt.holidays.clone_from(&asked.holidays);
    let view = app.forecast(user, move || Made::of(&learnt, &asked)?.view(learnt, &asked)).await??;
    match caller {
        Some(caller) => kept(&app, &caller, body, view).await,
        None => Ok(Json(view).into_response()),
    }
}

/// What was computed.
struct Made {
    history: History,
    forecast: Forecast,
    members: Vec<Member>,
    explanations: Option<Vec<Explanation>>,
    evidence: Option<forecast::Evidence>,
}

impl Made {
    fn of(learnt: &Learnt, asked: &Asked) -> Result<Self, forecast::Error> {
        let history = learnt.history()?;
        let fitted = asked.model.fit(&history)?;
        let forecast = fitted.predict(asked.horizon, &asked.quantiles)?;
        let first_day = asked.horizon.min(history.slots_per_day());
        let explanations = asked.explain.then(|| fitted.explain(first_day)).transpose()?;
        let evidence = forecast::evidence(&asked.model, &history, &asked.quantiles)?;
        Ok(Self { members: fitted.members(), history, forecast, explanations, evidence })
    }

    fn view(self, learnt: Learnt, asked: &Asked) -> Result<ForecastView, forecast::Error> {
        let levels = &self.forecast.quantile_levels;
        let points = self.forecast.local_to_instants(learnt.calendar.zone())?;
        let inputs = Inputs {
            from: learnt.points.first().map(|(start, _)| *start),
            until: learnt.points.last().map(|(start, _)| *start),
            resolution_minutes: asked.minutes,
            slots: self.history.values().len(),
            missing: self.history.missing(),
            horizon_hours: asked.horizon_hours,
            levels: asked.levels.clone(),
            model: asked.model.to_string(),
        };
        let (device, channel) = match &asked.subject {
            Subject::Device(id, channel) => (Some(*id), Some(channel.to_string())),
            Subject::Series(_) => (None, None),
        };
        let starts = self.forecast.points.iter().map(|point| point.start);
        let explained = |all: Vec<Explanation>| {
            starts.zip(all).map(|(start, one)| ExplanationView::of(start, one)).collect()
        };
        let skip = learnt.points.len().saturating_sub(RECENT);
        let recent = learnt.points.into_iter().skip(skip);
        Ok(ForecastView {
            id: None,
            device,
            channel,
            model: self.forecast.model.to_owned(),
            version: Some(Version::own()),
            inputs: Some(inputs),
            weighed_by: (self.members.len() > 1).then(|| WEIGHED_BY.to_owned()),
            members: self.members.into_iter().map(MemberView::from).collect(),
            explanation: self.explanations.map(explained),
            time_zone: learnt.calendar.name().to_owned(),
            points: points.into_iter().map(|point| PointView::of(point, levels)).collect(),
            evidence: self.evidence.map(Evidence::from),
            recent: recent.map(|(start, value)| Value { start, value: value.and_then(finite) }).collect(),
            created_at: clock::now(),
        })
    }
}

async fn kept(
    app: &App,
    caller: &Caller,
    body: ForecastRequest,
    mut view: ForecastView,
) -> Result<Response, Problem> {
    let id = new_id(view.created_at);
    view.id = Some(id);
    let text = |json: serde_json::Result<String>| json.map_err(|error| Problem::internal(&error.to_string()));
    let stored = StoredForecast {
        id,
        owner: caller.id,
        device: view.device,
        // The values of an inline series are the client's own; only the question is kept.
        request: text(serde_json::to_string(&ForecastRequest { series: None, ..body }))?,
        result: text(serde_json::to_string(&view))?,
        created_at: view.created_at,
    };
    app.services()?.store().save_forecast(&stored).await?;
    let location = (header::LOCATION, format!("/api/v1/forecasts/{id}"));
    Ok((StatusCode::CREATED, [location], Json(view)).into_response())
}
