//! Passwords, API keys, and access tokens with what signs them.

use std::time::Duration;

use grid_core::{
    auth::{
        self, ApiKey, DEFAULT_LIFETIME, Issuer, JwkSet, Password, PasswordHasher, Principal, SharedSecret,
        SigningKey, Subject, Verifier, VerifyingKey,
    },
    error::excerpt,
};
use jiff::Timestamp;
use pyo3::{
    exceptions::PyValueError,
    intern,
    prelude::*,
    pybacked::{PyBackedBytes, PyBackedStr},
    types::PyBytes,
};
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

/// A secret that services share, of at least 32 bytes, for the tokens of the old system (HS256).
///
/// Whoever can verify such a token can also make one: use a ``SigningKey`` for anything new. Text counts as its UTF-8.
///
/// >>> import grid_py as grid
/// >>> secret = grid.SharedSecret("thirty-two bytes that nobody guesses")
/// >>> token = grid.issue_token(secret, user_id="0198c0de-0000-7000-8000-000000000007", username="kat")
/// >>> grid.verify_token(token, secret).username
/// 'kat'
/// >>> secret
/// <SharedSecret ...>
#[pyclass(frozen, name = "SharedSecret", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PySharedSecret(SharedSecret);

#[pymethods]
impl PySharedSecret {
    #[new]
    fn new(secret: Secret) -> PyResult<Self> {
        let bytes = match &secret {
            Secret::Text(text) => text.as_bytes(),
            Secret::Bytes(bytes) => bytes,
        };
        SharedSecret::new(bytes).map(Self).map_err(raise)
    }

    #[expect(clippy::unused_self, reason = "Python asks the object")]
    fn __repr__(&self) -> &'static str {
        "<SharedSecret ...>"
    }
}

/// What a secret is written as.
#[derive(FromPyObject)]
enum Secret {
    #[pyo3(transparent, annotation = "str")]
    Text(PyBackedStr),
    #[pyo3(transparent, annotation = "bytes")]
    Bytes(PyBackedBytes),
}

/// A key of a device or a program: ``gridkey_``, 32 random characters and 6 of checksum.
///
/// ``expose()`` is shown once to whoever will use it; ``hash()`` is what is stored.
///
/// >>> import grid_py as grid
/// >>> key = grid.ApiKey.generate()
/// >>> grid.ApiKey.parse(key.expose()).hash() == key.hash()
/// True
/// >>> len(key.hint)
/// 13
#[pyclass(frozen, name = "ApiKey", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PyApiKey(ApiKey);

#[pymethods]
impl PyApiKey {
    /// Makes a key from the operating system's generator.
    #[staticmethod]
    fn generate() -> PyResult<Self> {
        ApiKey::generate().map(Self).map_err(raise)
    }

    /// Takes a text as a key; one with another form or a wrong checksum raises ``UnauthenticatedError``.
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        ApiKey::parse(text).map(Self).map_err(raise)
    }

    /// The key itself; a secret.
    fn expose(&self) -> &str {
        self.0.expose()
    }

    /// The SHA-256 of the key, 32 bytes, by which it is known again.
    fn hash<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.0.hash())
    }

    /// The beginning of the key, by which its owner knows it again.
    #[getter]
    fn hint(&self) -> String {
        self.0.hint()
    }

    fn __repr__(&self) -> String {
        format!("<ApiKey {}>", self.0.hint())
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

    /// The id of the session that the token belongs to, a UUID; ``None`` where it names none.
    #[getter]
    fn session_id(&self) -> Option<String> {
        self.0.session_id.map(|session| session.to_string())
    }

    /// When the token was issued, in UTC; ``None`` where it does not say so, as the old system's do not.
    #[getter]
    fn issued_at(&self) -> Option<Timestamp> {
        self.0.issued_at
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

/// Issues an access token (a JWT) and returns it as text.
///
/// With a ``SigningKey`` it is one after RFC 9068, signed with Ed25519; with a ``SharedSecret`` one of the old system
/// (HS256), which names no issuer and no audience. ``session_id`` names the session that it belongs to, if there is one.
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
#[pyo3(signature = (key, *, user_id, username, scope="", session_id=None, issuer="grid", audience="grid-api", lifetime_s=None, now=None))]
#[expect(clippy::too_many_arguments, reason = "Python's keyword arguments")]
pub(crate) fn issue_token(
    py: Python<'_>,
    key: Signer<'_>,
    user_id: Id,
    username: String,
    scope: &str,
    session_id: Option<Id>,
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
    let subject = Subject {
        user_id: user_id.0,
        username,
        scope: scope.parse().map_err(raise)?,
        session_id: session_id.map(|id| id.0),
    };
    let issued = match key {
        Signer::Key(key) => Issuer::new(key.get().0.clone(), issuer, audience)
            .with_lifetime(lifetime)
            .and_then(|issuer| issuer.issue(&subject, now)),
        Signer::Secret(secret) => secret.get().0.issue(&subject, lifetime, now),
    };
    issued.map(|issued| issued.token).map_err(raise)
}

/// Verifies an access token and returns who is asking; public keys are enough.
///
/// ``keys`` is a JSON Web Key Set as ``/.well-known/jwks.json`` has it (text or ``dict``), or a ``SigningKey``. With a
/// ``SharedSecret`` instead, tokens of the old system (HS256) are taken and no others, and ``issuer`` and ``audience``,
/// which they do not name, are not looked at. ``now`` is this machine's clock if it is left out. A token that fails any
/// check raises ``UnauthenticatedError``.
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
    let now = instant_or_now(py, now)?;
    let verified = match Keys::of(keys)? {
        Keys::Public(keys) => Verifier::new(keys, issuer, audience).verify(token, now),
        Keys::Shared(secret) => secret.get().0.verify(token, now),
    };
    verified.map(PyPrincipal).map_err(raise)
}

/// Explains a token check by check; nothing in the answer is to be believed unless ``valid`` is ``True``.
///
/// ``keys`` as for ``verify_token``; without them, the checks of key, signature, issuer and audience are skipped. Returns a ``dict`` with ``valid``,
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
    let now = instant_or_now(py, now)?;
    let inspection = match keys.map(Keys::of).transpose()? {
        None => auth::inspect(token, None, now),
        Some(Keys::Public(keys)) => auth::inspect(token, Some(&Verifier::new(keys, issuer, audience)), now),
        Some(Keys::Shared(secret)) => auth::inspect_shared(token, &secret.get().0, now),
    };
    json::to_python(py, &inspection)
}

/// Hashes a password of 8 to 128 characters with Argon2id, as a PHC string.
///
/// The cost is what OWASP recommends, if nothing else is said: memory in KiB, passes over it, and lanes.
///
/// It hashes what it is given: that a new password is not among the most common ones is checked where a user is made.
///
/// >>> import grid_py as grid
/// >>> grid.verify_password("noon on the roof", grid.hash_password("noon on the roof"))
/// True
#[pyfunction]
#[pyo3(signature = (password, *, memory_kib=19456, passes=2, lanes=1))]
pub(crate) fn hash_password(
    py: Python<'_>,
    password: &str,
    memory_kib: u32,
    passes: u32,
    lanes: u32,
) -> PyResult<String> {
    let hasher = PasswordHasher::new(memory_kib, passes, lanes).map_err(raise)?;
    let password = Password::parse(password).map_err(raise)?;
    py.detach(|| hasher.hash(&password)).map_err(raise)
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

/// What signs a token.
#[derive(FromPyObject)]
pub(crate) enum Signer<'py> {
    #[pyo3(transparent, annotation = "SigningKey")]
    Key(Bound<'py, PySigningKey>),
    #[pyo3(transparent, annotation = "SharedSecret")]
    Secret(Bound<'py, PySharedSecret>),
}

/// What verifies a token: one or the other, for no verifier takes both kinds.
enum Keys<'py> {
    Public(Vec<VerifyingKey>),
    Shared(Bound<'py, PySharedSecret>),
}

impl<'py> Keys<'py> {
    fn of(keys: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(secret) = keys.cast::<PySharedSecret>() {
            return Ok(Self::Shared(secret.clone()));
        }
        if let Ok(key) = keys.cast::<PySigningKey>() {
            return Ok(Self::Public(vec![key.get().0.verifying_key()]));
        }
        let set = JwkSet::parse(&json::to_text(keys)?).map_err(raise)?;
        set.to_verifying_keys().map(Self::Public).map_err(raise)
    }
}

/// The instant that was given, or what Python's clock says.
pub(crate) fn instant_or_now(py: Python<'_>, instant: Option<Instant>) -> PyResult<Timestamp> {
    if let Some(instant) = instant {
        return Ok(instant.0);
    }
    let nanoseconds: i128 = py.import(intern!(py, "time"))?.call_method0("time_ns")?.extract()?;
    Timestamp::from_nanosecond(nanoseconds).map_err(|_| raise(grid_core::time::Error::OutOfRange))
}
