//! What the server counts of itself: requests by route, work that waits, readings, forecasts.
//!
//! A request costs a look into a table that grows only with the routes, and a few additions; what belongs to the database
//! or the process is asked when somebody looks.

mod exposition;
mod histogram;
mod process;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
};
use grid_core::store::Ingested;
use jiff::Timestamp;

use self::{exposition::Page, histogram::Histogram};
use crate::{app::App, clock};

pub(crate) use self::exposition::MEDIA_TYPE;

/// The route of what no route answers, and of what is refused before one is looked for.
const NO_ROUTE: &str = "none";
/// The methods that are told apart; any other is `other`, so that a client cannot make new series.
const METHODS: [(&str, Method); 7] = [
    ("GET", Method::GET),
    ("HEAD", Method::HEAD),
    ("POST", Method::POST),
    ("PUT", Method::PUT),
    ("PATCH", Method::PATCH),
    ("DELETE", Method::DELETE),
    ("OPTIONS", Method::OPTIONS),
];

/// The counters of one server.
#[derive(Debug)]
pub(crate) struct Metrics {
    started: Timestamp,
    in_flight: AtomicI64,
    routes: RwLock<HashMap<Box<str>, Arc<Route>>>,
    readings: [(&'static str, AtomicU64); 3],
    forecasts: Histogram,
}

/// The requests of one route, by method; the last place is for every other method.
#[derive(Debug, Default)]
struct Route([OnceLock<Counted>; METHODS.len() + 1]);

/// The requests of one route and method.
#[derive(Debug, Default)]
struct Counted {
    seconds: Histogram,
    statuses: Mutex<BTreeMap<u16, u64>>,
}

/// Where the router writes down which route a request has taken.
#[derive(Clone, Debug, Default)]
pub(crate) struct TakenRoute(Arc<OnceLock<MatchedPath>>);

impl TakenRoute {
    /// The route, where there is one.
    pub(crate) fn path(&self) -> Option<&str> {
        self.0.get().map(MatchedPath::as_str)
    }
}

/// A request that is being answered; it is not any more when this is dropped, also where its client has gone away.
#[derive(Debug)]
pub(crate) struct InFlight<'a>(&'a AtomicI64);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Counters that begin now.
    pub(crate) fn new() -> Self {
        Self {
            started: clock::now(),
            in_flight: AtomicI64::new(0),
            routes: RwLock::default(),
            readings: ["inserted", "unchanged", "superseded"].map(|outcome| (outcome, AtomicU64::new(0))),
            forecasts: Histogram::default(),
        }
    }

    /// Counts a request that begins.
    pub(crate) fn begin(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    /// Counts a request that was answered.
    pub(crate) fn answered(&self, route: &TakenRoute, method: &Method, status: u16, took: Duration) {
        let route = self.route(route.path().unwrap_or(NO_ROUTE));
        let place = METHODS.iter().position(|(_, listed)| listed == method).unwrap_or(METHODS.len());
        let Some(counted) = route.0.get(place) else { return };
        let counted = counted.get_or_init(Counted::default);
        counted.seconds.record(took);
        let mut statuses = counted.statuses.lock().unwrap_or_else(PoisonError::into_inner);
        *statuses.entry(status).or_default() += 1;
    }

    fn route(&self, path: &str) -> Arc<Route> {
        if let Some(route) = self.routes.read().unwrap_or_else(PoisonError::into_inner).get(path) {
            return Arc::clone(route);
        }
        let mut routes = self.routes.write().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(routes.entry(path.into()).or_default())
    }

    /// Counts readings that were stored.
    pub(crate) fn ingested(&self, stored: Ingested) {
        let Ingested { inserted, unchanged, superseded } = stored;
        for ((_, counter), count) in self.readings.iter().zip([inserted, unchanged, superseded]) {
            counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
        }
    }

    /// Counts a forecast, and how long it took to compute.
    pub(crate) fn forecast(&self, took: Duration) {
        self.forecasts.record(took);
    }

    fn write_requests(&self, page: &mut Page) {
        let routes: BTreeMap<String, Arc<Route>> = {
            let routes = self.routes.read().unwrap_or_else(PoisonError::into_inner);
            routes.iter().map(|(path, route)| (path.to_string(), Arc::clone(route))).collect()
        };
        let names = METHODS.iter().map(|(name, _)| *name).chain(["other"]);
        let counted: Vec<_> = routes
            .iter()
            .flat_map(|(path, route)| {
                names
                    .clone()
                    .zip(&route.0)
                    .filter_map(move |(method, counted)| Some((path, method, counted.get()?)))
            })
            .collect();
        page.family("grid_http_requests_total", "counter", "Requests that were answered.");
        for (route, method, counted) in &counted {
            let statuses = counted.statuses.lock().unwrap_or_else(PoisonError::into_inner);
            for (status, count) in &*statuses {
                let status = status.to_string();
                let labels = [("route", route.as_str()), ("method", *method), ("status", status.as_str())];
                page.count("grid_http_requests_total", &labels, *count);
            }
        }
        page.family("grid_http_request_duration_seconds", "histogram", "Seconds until the answer began.");
        for (route, method, counted) in counted {
            let labels = [("route", route.as_str()), ("method", method)];
            counted.seconds.write(page, "grid_http_request_duration_seconds", &labels);
        }
        let in_flight = u64::try_from(self.in_flight.load(Ordering::Relaxed)).unwrap_or(0);
        page.gauge("grid_http_requests_in_flight", "Requests that are being answered.", in_flight);
    }

    fn write_work(&self, page: &mut Page) {
        page.family(
            "grid_readings_ingested_total",
            "counter",
            "Readings that were sent, by what came of them.",
        );
        for (outcome, counter) in &self.readings {
            let count = counter.load(Ordering::Relaxed);
            page.count("grid_readings_ingested_total", &[("outcome", outcome)], count);
        }
        page.family("grid_forecast_duration_seconds", "histogram", "Seconds that computing a forecast took.");
        self.forecasts.write(page, "grid_forecast_duration_seconds", &[]);
    }
}

/// Everything, in the text format of Prometheus.
pub(crate) async fn exposed(app: &App) -> String {
    let mut page = Page::default();
    let metrics = app.metrics();
    metrics.write_requests(&mut page);
    metrics.write_work(&mut page);
    page.family(
        "grid_work_running",
        "gauge",
        "Places for work that keeps a core busy, those that are taken.",
    );
    for (work, figures) in app.queues() {
        page.count("grid_work_running", &[("work", work)], figures.running);
    }
    page.family("grid_work_waiting", "gauge", "Requests that wait for such a place.");
    for (work, figures) in app.queues() {
        page.count("grid_work_waiting", &[("work", work)], figures.waiting);
    }
    let (mut up, mut pool) = (false, grid_core::store::Connections::default());
    if let Ok(services) = app.services() {
        let store = services.store();
        up = tokio::time::timeout(Duration::from_secs(1), store.ping()).await.is_ok_and(|ping| ping.is_ok());
        pool = store.connections();
    }
    page.gauge("grid_database_up", "1 where the database answers, 0 where it does not.", u64::from(up));
    page.family("grid_database_connections", "gauge", "Connections to the database, by what they do.");
    page.count("grid_database_connections", &[("state", "idle")], u64::from(pool.idle));
    page.count("grid_database_connections", &[("state", "in_use")], u64::from(pool.open - pool.idle));
    page.gauge("grid_database_connections_max", "Connections that may be open.", u64::from(pool.most));
    process::write(&mut page, metrics.started);
    page.into_text()
}

/// Writes down which route a request has taken, for whoever counts it outside of the router.
pub(crate) fn note_route(request: &Request) {
    if let (Some(taken), Some(path)) =
        (request.extensions().get::<TakenRoute>(), request.extensions().get::<MatchedPath>())
    {
        let _ = taken.0.set(path.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_cannot_make_new_series() {
        let metrics = Metrics::new();
        for method in ["BREW", "WHEN", "GET"] {
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let status = 404;
            metrics.answered(&TakenRoute::default(), &method, status, Duration::from_millis(3));
        }
        let mut page = Page::default();
        metrics.write_requests(&mut page);
        let text = page.into_text();
        let count = |line: &str| text.lines().filter(|found| *found == line).count();
        assert_eq!(
            count("grid_http_requests_total{route=\"none\",method=\"other\",status=\"404\"} 2"),
            1,
            "{text}"
        );
        assert_eq!(
            count("grid_http_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1"),
            1,
            "{text}"
        );
        assert!(!text.contains("BREW"), "{text}");
    }

    #[test]
    fn a_request_whose_client_goes_away_is_in_flight_no_more() {
        let metrics = Metrics::new();
        let (first, second) = (metrics.begin(), metrics.begin());
        assert_eq!(metrics.in_flight.load(Ordering::Relaxed), 2);
        drop(first);
        drop(second);
        assert_eq!(metrics.in_flight.load(Ordering::Relaxed), 0);
    }
}
