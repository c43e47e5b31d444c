//! Passwords, and access tokens with the keys that sign them.

use std::time::Duration;

use grid_core::{
    auth::{
        self, DEFAULT_LIFETIME, Issuer, JwkSet, Password, PasswordHasher, Principal, SigningKey, Subject,
        Verifier, VerifyingKey,
    },
    error::excerpt,
};
use jiff::Timestamp;
use pyo3::{exceptions::PyValueError, intern, prelude::*, types::PyBytes};
use uuid::Uuid;

use crate::{
    error::{Error, raise},
    json,
    time::Instant,
};

/// An Ed25519 key that signs access tokens. Keep what ``to_pkcs8()`` gives secret.
///
/// >>> import grid_py as grid
/// >>> key = grid.generate_key()
/// >>> grid.SigningKey.from_pkcs8(key.to_pkcs8()).key_id == key.key_id
/// True
#[pyclass(frozen, name = "SigningKey", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PySigningKey(SigningKey);

#[pymethods]
impl PySigningKey {
    /// Reads a key in PKCS#8 (DER).
    #[staticmethod]
    fn from_pkcs8(pkcs8: &[u8]) -> PyResult<Self> {
        SigningKey::from_pkcs8(pkcs8).map(Self).map_err(raise)
    }

    /// The key in PKCS#8 (DER); a secret.
    fn to_pkcs8<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, self.0.as_pkcs8())
    }

    /// The key's name, its thumbprint (RFC 7638).
    #[getter]
    fn key_id(&self) -> &str {
        self.0.key_id().as_str()
    }

    /// The public key as a JSON Web Key Set (RFC 7517), which verifiers need.
    fn jwks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        json::to_python(py, &JwkSet { keys: vec![self.0.verifying_key().to_jwk()] })
    }

    fn __repr__(&self) -> String {
        format!("<SigningKey {}>", self.0.key_id().as_str())
    }
}

/// Who is asking, as a verified token says.
#[pyclass(frozen, eq, name = "Principal", module = "grid_py")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct PyPrincipal(Principal);

#[pymethods]
impl PyPrincipal {
    /// The user's id, a UUID.
    #[getter]
    fn user_id(&self) -> String {
        self.0.user_id.to_string()
    }

    /// The user's name when the token was issued.
    #[getter]
    fn username(&self) -> &str {
        &self.0.username
    }

    /// What the token allows, in the order of the alphabet.
    #[getter]
    fn scopes(&self) -> Vec<String> {
        self.0.scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
    }

    /// The token's own id, a UUID.
    #[getter]
    fn token_id(&self) -> String {
        self.0.token_id.to_string()
    }

    /// The first instant at which the token is no longer valid, in UTC.
    #[getter]
    fn expires_at(&self) -> Timestamp {
        self.0.expires_at
    }

    fn __repr__(&self) -> String {
        format!("<Principal {} ({})>", self.0.username, self.0.user_id)
    }
}

/// Makes a new Ed25519 key from the operating system's generator.
#[pyfunction]
pub(crate) fn generate_key() -> PyResult<PySigningKey> {
    SigningKey::generate().map(PySigningKey).map_err(raise)
}

/// Issues an access token (a JWT after RFC 9068, signed with Ed25519) and returns it as text.
///
/// ``scope`` are names separated by spaces; ``lifetime_s`` is in seconds, fifteen minutes if it is left out; ``now`` is
/// this machine's clock if it is left out.
///
/// >>> import grid_py as grid
/// >>> key = grid.generate_key()
/// >>> token = grid.issue_token(key, user_id="0198c0de-0000-7000-8000-000000000007", username="kat")
/// >>> grid.verify_token(token, key.jwks()).username
/// 'kat'
#[pyfunction]
#[pyo3(signature = (key, *, user_id, username, scope="", issuer="grid", audience="grid-api", lifetime_s=None, now=None))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn issue_token(
    py: Python<'_>,
    key: &PySigningKey,
    user_id: Id,
    username: String,
    scope: &str,
    issuer: &str,
    audience: &str,
    lifetime_s: Option<f64>,
    now: Option<Instant>,
) -> PyResult<String> {
    let lifetime = match lifetime_s {
        Some(seconds) => {
            Duration::try_from_secs_f64(seconds).map_err(|error| PyValueError::new_err(error.to_string()))?
        }
        None => DEFAULT_LIFETIME,
    };
    let now = instant_or_now(py, now)?;
    let issuer = Issuer::new(key.0.clone(), issuer, audience).with_lifetime(lifetime).map_err(raise)?;
    let subject =
        Subject { user_id: user_id.0, username, scope: scope.parse().map_err(raise)?, session_id: None };
    issuer.issue(&subject, now).map(|issued| issued.token).map_err(raise)
}

/// Verifies an access token with public keys alone, and returns who is asking.
///
/// ``keys`` is a JSON Web Key Set as ``/.well-known/jwks.json`` has it (text or ``dict``), or a ``SigningKey``; ``now`` is
/// this machine's clock if it is left out. A token that fails any check raises ``UnauthenticatedError``.
#[pyfunction]
#[pyo3(signature = (token, keys, now=None, *, issuer="grid", audience="grid-api"))]
pub(crate) fn verify_token(
    py: Python<'_>,
    token: &str,
    keys: &Bound<'_, PyAny>,
    now: Option<Instant>,
    issuer: &str,
    audience: &str,
) -> PyResult<PyPrincipal> {
    let verifier = Verifier::new(keys_of(keys)?, issuer, audience);
    verifier.verify(token, instant_or_now(py, now)?).map(PyPrincipal).map_err(raise)
}

/// Explains a token check by check; nothing in the answer is to be believed unless ``valid`` is ``True``.
///
/// Without ``keys``, the checks of key, signature, issuer and audience are skipped. Returns a ``dict`` with ``valid``,
/// ``checks`` (each with ``name``, ``outcome``, and ``reason`` and ``message`` where it failed) and, where they can be
/// read, ``reason``, ``seconds_left``, ``header`` and ``claims``.
///
/// >>> import grid_py as grid
/// >>> grid.inspect_token("not-a-token")["reason"]
/// 'token_malformed'
#[pyfunction]
#[pyo3(signature = (token, keys=None, now=None, *, issuer="grid", audience="grid-api"))]
pub(crate) fn inspect_token<'py>(
    py: Python<'py>,
    token: &str,
    keys: Option<&Bound<'py, PyAny>>,
    now: Option<Instant>,
    issuer: &str,
    audience: &str,
) -> PyResult<Bound<'py, PyAny>> {
    let verifier =
        keys.map(|keys| Ok::<_, PyErr>(Verifier::new(keys_of(keys)?, issuer, audience))).transpose()?;
    json::to_python(py, &auth::inspect(token, verifier.as_ref(), instant_or_now(py, now)?))
}

/// Hashes a password of 8 to 128 characters with Argon2id at the cost that OWASP recommends, as a PHC string.
///
/// It hashes what it is given: that a new password is not among the most common ones is checked where a user is made.
///
/// >>> import grid_py as grid
/// >>> grid.verify_password("correct horse", grid.hash_password("correct horse"))
/// True
#[pyfunction]
pub(crate) fn hash_password(py: Python<'_>, password: &str) -> PyResult<String> {
    let password = Password::parse(password).map_err(raise)?;
    py.detach(|| PasswordHasher::default().hash(&password)).map_err(raise)
}

/// Whether a password is the one that was hashed, at the cost that the hash names.
#[pyfunction]
pub(crate) fn verify_password(py: Python<'_>, password: &str, hash: &str) -> PyResult<bool> {
    // A text that no password can be was never hashed.
    let Ok(password) = Password::parse(password) else { return Ok(false) };
    py.detach(|| PasswordHasher::default().verify(&password, hash)).map_err(raise)
}

/// An id: a UUID as text or as `uuid.UUID`.
pub(crate) struct Id(pub(crate) Uuid);

impl<'py> FromPyObject<'_, 'py> for Id {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let text: String = value.str()?.extract()?;
        text.parse().map(Self).map_err(|_| raise(Error::NotAnId { got: excerpt(&text) }))
    }
}

fn keys_of(keys: &Bound<'_, PyAny>) -> PyResult<Vec<VerifyingKey>> {
    if let Ok(key) = keys.cast::<PySigningKey>() {
        return Ok(vec![key.get().0.verifying_key()]);
    }
    let set = JwkSet::parse(&json::to_text(keys)?).map_err(raise)?;
    set.to_verifying_keys().map_err(raise)
}

/// The instant that was given, or what Python's clock says.
pub(crate) fn instant_or_now(py: Python<'_>, instant: Option<Instant>) -> PyResult<Timestamp> {
    if let Some(instant) = instant {
        return Ok(instant.0);
    }
    let nanoseconds: i128 = py.import(intern!(py, "time"))?.call_method0("time_ns")?.extract()?;
    Timestamp::from_nanosecond(nanoseconds).map_err(|_| raise(grid_core::time::Error::OutOfRange))
}
