//! What a model would have scored on a series.

use std::{
    ops::ControlFlow,
    sync::{Arc, OnceLock},
    time::Duration,
};

use axum::{extract::State, http::StatusCode};
use grid_core::forecast::{self, Backtest, EVIDENCE_DAYS, LEARNT_DAYS, Protocol, last_days};
use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

use super::{
    request::{ForecastRequest, Subject},
    view::{Coverage, finite},
};
use crate::{
    app::App, caller::Bearer, extract::Json, forecasting::Learnt, period::instant, problem::Problem,
};

/// How many origins there may be.
const MOST_ORIGINS: usize = 400;

/// What to score, and from when.
#[derive(Deserialize, ToSchema)]
pub(crate) struct BacktestRequest {
    /// The series, the model, how far, and the levels, as for a forecast; there is no `device` here.
    #[serde(flatten)]
    forecast: ForecastRequest,
    /// The ends of what is known to each forecast: instants, or local dates for their midnights; 400 at most. The last seven
    /// days where nothing is said.
    #[schema(example = json!(["2026-02-01", "2026-02-02"]))]
    origins: Option<Vec<String>>,
}

/// What a model would have scored.
#[derive(Serialize, ToSchema)]
pub(crate) struct BacktestView {
    /// The model.
    #[schema(example = "auto")]
    model: String,
    /// Mean absolute error of the median, in the unit of the values.
    mae: Option<f64>,
    /// Root of the mean squared error of the mean.
    rmse: Option<f64>,
    /// The mean absolute error over the mean absolute value.
    wape: Option<f64>,
    /// The mean absolute error over the one of repeating yesterday before the first origin; below 1 is better.
    mase: Option<f64>,
    /// Weighted quantile loss.
    wql: Option<f64>,
    /// 1 for a perfect forecast, 0 for one as good as repeating yesterday on the same slots, less for a worse one.
    skill: Option<f64>,
    /// The share of the values that fell into each interval.
    coverage: Vec<Coverage>,
    /// How many forecasts were made.
    origins: usize,
    /// How many slots were scored.
    scored: usize,
}

impl BacktestView {
    fn of(model: String, report: &Backtest) -> Self {
        let covered = |&(level, share): &(u8, f64)| forecast::Coverage { level, share: finite(share) }.into();
        Self {
            model,
            mae: finite(report.mae),
            rmse: finite(report.rmse),
            wape: finite(report.wape),
            mase: finite(report.mase),
            wql: finite(report.wql),
            skill: finite(report.skill),
            coverage: report.coverage.iter().map(covered).collect(),
            origins: report.origins,
            scored: report.scored,
        }
    }
}

/// Scores a model on a series that is sent: at each origin it learns from what was known then, and nothing else.
#[utoipa::path(post, path = "/forecasts/backtest", tag = "forecasts", security(("bearerAuth" = [])),
    operation_id = "forecasts_backtest",
    responses((status = 200, description = "The scores; nothing is stored", body = BacktestView)))]
pub(crate) async fn backtest(
    State(app): State<App>,
    bearer: Bearer,
    Json(body): Json<BacktestRequest>,
) -> Result<Json<BacktestView>, Problem> {
    let asked = body.forecast.asked()?;
    let Subject::Series(series) = &asked.subject else {
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "expected a `series`, got a `device`")
            .hint("the answer of a forecast has the scores of the last days as its `evidence`"));
    };
    let learnt = Learnt { holidays: asked.holidays.clone(), ..series.learnt(asked.minutes)? };
    let origins = body.origins.as_deref().map(|texts| origins(&learnt, texts)).transpose()?;
    // Who asked is answered that it took too long a while later, and what goes on would keep a place for nobody.
    let patience = app.config().request_time().mul_f64(0.8);
    let asked_at = Instant::now();
    let waited = Arc::new(OnceLock::new());
    let began = Arc::clone(&waited);
    let wanted = origins.as_ref().map_or(usize::try_from(EVIDENCE_DAYS).unwrap_or(usize::MAX), Vec::len);
    let work = move || {
        // It is set once.
        let _ = began.set(asked_at.elapsed());
        let history = learnt.history()?;
        let origins = origins.unwrap_or_else(|| last_days(&history, EVIDENCE_DAYS));
        let protocol = Protocol {
            horizon: asked.horizon,
            issued_before: 0,
            quantiles: asked.quantiles,
            at_most_days: LEARNT_DAYS,
        };
        let watch = |_| {
            if asked_at.elapsed() > patience { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        match forecast::backtest_with(&asked.model, &history, &origins, &protocol, watch) {
            Ok(report) => Ok(Some(BacktestView::of(asked.model.to_string(), &report))),
            Err(forecast::Error::Cancelled) => Ok(None),
            Err(error) => Err(error),
        }
    };
    // It looks at the clock between two forecasts, of which one may take long on a machine that has much to do.
    let scored = match timeout(patience, app.analyses(bearer.user).run(work)).await {
        Ok(scored) => scored??,
        Err(_) => None,
    };
    scored.map(Json).ok_or_else(|| {
        let waited = waited.get().copied().unwrap_or(patience);
        given_up(wanted, patience, waited)
    })
}

/// Why there are no scores: the server had others to compute for, or what is asked for is too much for one request.
fn given_up(origins: usize, patience: Duration, waited: Duration) -> Problem {
    if waited > patience / 2 {
        return Problem::unavailable("the server has too much to compute", Duration::from_secs(2));
    }
    let seconds = patience.as_secs_f64();
    let text = format!("expected forecasts that are made within {seconds} s, got {origins} that take longer");
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text)
        .hint("score fewer origins at a time, longer slots, or a quicker model such as `ridge`")
}

/// Origins on the local clock.
fn origins(learnt: &Learnt, texts: &[String]) -> Result<Vec<DateTime>, Problem> {
    if texts.len() > MOST_ORIGINS {
        let text = format!("expected at most {MOST_ORIGINS} origins, got {}", texts.len());
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, text));
    }
    let zone = learnt.calendar.zone();
    texts.iter().map(|text| Ok(zone.to_datetime(instant("/origins", text, &learnt.calendar)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_for_a_core_is_told_to_come_again_and_who_asks_for_too_much_is_not() {
        let patience = Duration::from_secs(24);
        let busy = given_up(7, patience, Duration::from_secs(20));
        assert_eq!(busy.status(), StatusCode::SERVICE_UNAVAILABLE);
        let much = given_up(400, patience, Duration::from_secs(1));
        assert_eq!(much.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert!(much.to_string().contains("within 24 s, got 400"), "{much}");
    }
}
