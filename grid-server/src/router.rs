//! All routes, and what surrounds them.

use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    middleware::{Next, from_fn, from_fn_with_state},
    response::Response,
};
use tower::Layer;
use tower_http::normalize_path::NormalizePathLayer;
use utoipa_axum::router::OpenApiRouter;

use crate::{app::App, conditional, config::Config, idempotency, layers, metrics, openapi, routes};

/// The routes that the API's description has.
pub(crate) fn described(config: &Config) -> OpenApiRouter<App> {
    let plain = routes::plain()
        .layer(DefaultBodyLimit::max(config.max_body()))
        .layer(from_fn_with_state(config.request_time(), layers::limit_time));
    let uploads = routes::uploads()
        .layer(DefaultBodyLimit::max(config.max_upload()))
        .layer(from_fn_with_state(config.upload_time(), layers::limit_time));
    let root_uploads = routes::root_uploads()
        .layer(DefaultBodyLimit::max(config.max_upload()))
        .layer(from_fn_with_state(config.upload_time(), layers::limit_time));
    OpenApiRouter::with_openapi(openapi::frame())
        .nest("/api/v1", plain.merge(uploads))
        .merge(
            routes::root()
                .layer(DefaultBodyLimit::max(config.max_body()))
                .layer(from_fn_with_state(config.request_time(), layers::limit_time)),
        )
        .merge(root_uploads)
}

/// What each route has around it, since it is about which one that is.
async fn taken(State(app): State<App>, request: Request, next: Next) -> Response {
    metrics::note_route(&request);
    idempotency::once(app, request, next).await
}

/// The whole service.
pub fn router(app: App) -> Router {
    let config = app.config().clone();
    let (routes, mut document) = described(&config).split_for_parts();
    openapi::complete(&mut document);
    let pages = routes::docs::router(&document).merge(routes::setup::router());
    let routes = routes.merge(pages).fallback(routes::nothing).layer(from_fn_with_state(app.clone(), taken));
    let routes = routes.with_state(app.clone());
    // A path with a slash at its end is the same path: answered, never redirected, because a client that is redirected
    // may drop its `Authorization` header.
    let routes = NormalizePathLayer::trim_trailing_slash().layer(routes);
    // Around all of them and not around each, so that what a change is about can be read first.
    let routes = Router::new().fallback_service(routes).layer(from_fn(conditional::compare));
    layers::wrap(routes, app)
}
