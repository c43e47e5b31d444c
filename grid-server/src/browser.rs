//! Sessions of browsers: the refresh token in a cookie that no script reads and no other site sends.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header, request::Parts},
};
use grid_core::auth::{RefreshToken, SessionLimits};

use crate::{app::App, problem::Problem};

/// `__Host-`: only over TLS or on this machine, for this host alone and all of its paths (RFC 6265bis section 4.1.3.2).
const NAME: &str = "__Host-grid_refresh";
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The refresh token of a browser's cookie. It is only there for a request that a page of this site made.
#[derive(Debug)]
pub(crate) struct BrowserToken(pub(crate) Option<String>);

impl FromRequestParts<App> for BrowserToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let cookies = parts.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let token = cookies
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(name, value)| (name == NAME).then(|| value.to_owned()));
        if token.is_some() {
            only_this_site(&parts.headers, &app.config().cors_origins)?;
        }
        Ok(Self(token))
    }
}

/// Refuses what concerns a browser's cookie unless a page of this site, or of a listed origin, asks.
pub(crate) fn only_this_site(headers: &HeaderMap, listed: &[String]) -> Result<(), Problem> {
    if is_from_this_site(headers, listed) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::FORBIDDEN, "a page of another site cannot use the session of this one")
        .hint("call from a page of this site; a program keeps its `refresh_token` and sends it in the body"))
}

/// Whether a browser says that a page of this site, or of a listed origin, made the request. Browsers that say nothing
/// of the site name the origin of a POST, at least (OWASP, Cross-Site Request Forgery Prevention).
fn is_from_this_site(headers: &HeaderMap, listed: &[String]) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let origin = text(&header::ORIGIN);
    if origin.is_some_and(|origin| !origin.is_empty() && listed.iter().any(|listed| listed == origin)) {
        return true;
    }
    if let Some(site) = text(&SEC_FETCH_SITE) {
        return site == "same-origin";
    }
    let host = origin.and_then(|origin| origin.parse::<Uri>().ok()?.authority().map(ToString::to_string));
    host.is_some() && host.as_deref() == text(&header::HOST)
}

/// `Set-Cookie` for a browser to keep its refresh token.
pub(crate) fn keep(token: &RefreshToken, limits: SessionLimits) -> Option<HeaderValue> {
    let seconds = limits.idle.as_secs();
    let mut value = HeaderValue::from_str(&format!(
        "{NAME}={}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict",
        token.expose()
    ))
    .ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `Set-Cookie` for a browser to forget it.
pub(crate) fn forget() -> HeaderValue {
    HeaderValue::from_static("__Host-grid_refresh=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(pairs: &[(&'static str, &'static str)]) -> bool {
        let headers = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_from_this_site(&headers.collect(), &["https://app.example".to_owned()])
    }

    #[test]
    fn only_a_page_of_this_site_or_of_a_listed_origin_is_believed() {
        assert!(from(&[("sec-fetch-site", "same-origin")]));
        for site in ["cross-site", "same-site", "none", ""] {
            assert!(!from(&[
                ("sec-fetch-site", site),
                ("origin", "https://grid.example"),
                ("host", "grid.example")
            ]));
        }
        assert!(from(&[("origin", "https://grid.example"), ("host", "grid.example")]));
        assert!(from(&[("origin", "http://127.0.0.1:8080"), ("host", "127.0.0.1:8080")]));
        assert!(!from(&[("origin", "https://evil.example"), ("host", "grid.example")]));
        assert!(!from(&[("origin", "null"), ("host", "grid.example")]));
        assert!(!from(&[("host", "grid.example")]), "who says nothing is not believed");
        assert!(from(&[("sec-fetch-site", "same-site"), ("origin", "https://app.example")]));
    }

    #[test]
    fn the_cookie_is_for_this_host_and_no_script() {
        let token = RefreshToken::first(uuid::Uuid::nil()).unwrap();
        let cookie = keep(&token, SessionLimits::default()).unwrap();
        let text = cookie.to_str().unwrap();
        for word in ["__Host-", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "Max-Age=2592000"]
        {
            assert!(text.contains(word), "{text}");
        }
        assert!(!text.contains("Domain") && cookie.is_sensitive());
    }
}
