//! The log of what was issued: its key, and the checks that a stranger makes.

use grid_core::proof::{self, Bundle, CanonicalJson, Digest, LogKey, PublicKey, Receipt, SignedHead};
use pyo3::{
    exceptions::PyTypeError,
    prelude::*,
    types::{PyBytes, PyDict},
};

use crate::{
    error::{Error, raise, shown},
    json,
    statement::PyStatement,
};

/// An Ed25519 key that signs the heads of a log of statements. Keep what ``to_pkcs8()`` gives secret.
///
/// There is one key for as long as a log lives: whoever has the public key can verify every statement of it.
///
/// >>> import grid_py as grid
/// >>> key = grid.LogKey.generate()
/// >>> grid.LogKey.from_pkcs8(key.to_pkcs8()).public_key == key.public_key
/// True
/// >>> key.public_key[:8]
/// 'ed25519:'
#[pyclass(frozen, name = "LogKey", module = "grid_py")]
#[derive(Debug)]
pub(crate) struct PyLogKey(pub(crate) LogKey);

#[pymethods]
impl PyLogKey {
    /// Makes a new key from the operating system's generator.
    #[staticmethod]
    fn generate() -> PyResult<Self> {
        LogKey::generate().map(Self).map_err(raise)
    }

    /// Reads a key from the PEM that ``openssl genpkey -algorithm ed25519`` writes.
    #[staticmethod]
    fn from_pem(text: &str) -> PyResult<Self> {
        LogKey::from_pem(text).map(Self).map_err(raise)
    }

    /// Reads a key in PKCS#8 (DER).
    #[staticmethod]
    fn from_pkcs8(pkcs8: &[u8]) -> PyResult<Self> {
        LogKey::from_pkcs8(pkcs8).map(Self).map_err(raise)
    }

    /// The key in PKCS#8 (DER); a secret.
    fn to_pkcs8<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.0.to_pkcs8().map_err(raise)?))
    }

    /// The public half, with which anybody verifies: ``ed25519:`` and 43 characters of base64url.
    #[getter]
    fn public_key(&self) -> String {
        self.0.public_key().to_string()
    }

    /// The public half as PEM (RFC 8410), for other programs.
    #[getter]
    fn public_pem(&self) -> String {
        self.0.public_key().to_pem()
    }

    /// The key's id, which heads name: 16 hexadecimal digits.
    #[getter]
    fn key_id(&self) -> String {
        self.0.key_id().to_string()
    }

    fn __repr__(&self) -> String {
        format!("<LogKey {}>", self.0.key_id())
    }
}

/// Verifies that a statement is unchanged and in the log, with the public key alone and without a network.
///
/// ``statement`` is a ``Statement``, its JSON as text, ``bytes`` or a dictionary, with its ``proof`` beside it; or a
/// bundle ``{"statement": ..., "proof": ...}``, as ``Store.statement_proof`` and the HTTP API give it, which has its proof
/// in it. ``public_key`` is that of the log: text (``ed25519:...``, PEM, or a JSON Web Key) or a ``LogKey``. Prefer text
/// to dictionaries where it matters which bytes arrived: a dictionary cannot show that a name came twice.
///
/// Returns ``True``, or raises ``InvalidError``, which says what is wrong: another statement than the proof is for, a path
/// that leads elsewhere, another key, or a head that was changed after it was signed.
#[pyfunction]
#[pyo3(signature = (statement, public_key, proof=None))]
pub(crate) fn verify_statement(
    py: Python<'_>,
    statement: &Bound<'_, PyAny>,
    public_key: &Bound<'_, PyAny>,
    proof: Option<&Bound<'_, PyAny>>,
) -> PyResult<bool> {
    let key = key_of(public_key)?;
    let text = text_of(statement)?;
    let Some(proof) = proof else {
        py.detach(|| Bundle::parse(&text)?.verify(&key)).map_err(raise)?;
        return Ok(true);
    };
    let proof = text_of(proof)?;
    let check = || {
        // The proof may come as it is downloaded, with the statement that it is for.
        let is_bundle = proof::parse_json(&proof)?.get("proof").is_some();
        let receipt =
            if is_bundle { Bundle::parse(&proof)?.receipt().clone() } else { Receipt::parse(&proof)? };
        proof::verify_statement(CanonicalJson::parse(&text)?, &receipt, &key)
    };
    py.detach(check).map_err(raise)?;
    Ok(true)
}

/// Verifies that a log only grew from one signed head to another, and that nothing in it was rewritten.
///
/// ``old_head`` and ``new_head`` are heads as ``Store.log_head`` and the HTTP API give them, as dictionaries or JSON text;
/// ``path`` is the list of hashes that ``Store.log_consistency`` gives for their sizes. Returns ``True``, or raises
/// ``InvalidError``.
#[pyfunction]
pub(crate) fn verify_consistency(
    old_head: &Bound<'_, PyAny>,
    new_head: &Bound<'_, PyAny>,
    path: Vec<String>,
    public_key: &Bound<'_, PyAny>,
) -> PyResult<bool> {
    let head = |head: &Bound<'_, PyAny>| SignedHead::parse(&text_of(head)?).map_err(raise);
    let path = path.iter().map(|hash| hash.parse().map_err(raise)).collect::<PyResult<Vec<Digest>>>()?;
    let key = key_of(public_key)?;
    proof::verify_consistency(&head(old_head)?, &head(new_head)?, &path, &key).map_err(raise)?;
    Ok(true)
}

/// JSON text, from text, bytes, a dictionary or a statement.
fn text_of(value: &Bound<'_, PyAny>) -> PyResult<String> {
    if let Ok(statement) = value.cast::<PyStatement>() {
        return statement.get().canonical();
    }
    if let Ok(bytes) = value.cast::<PyBytes>() {
        let text = std::str::from_utf8(bytes.as_bytes());
        return text.map(str::to_owned).map_err(|error| raise(Error::NotText { at: error.valid_up_to() }));
    }
    json::to_text(value)
}

fn key_of(key: &Bound<'_, PyAny>) -> PyResult<PublicKey> {
    if let Ok(key) = key.cast::<PyLogKey>() {
        return Ok(key.get().0.public_key());
    }
    if key.cast::<PyDict>().is_ok() || key.extract::<&str>().is_ok() {
        return json::to_text(key)?.parse().map_err(raise);
    }
    Err(PyTypeError::new_err(format!("expected a public key as text or a `LogKey`, got {}", shown(key))))
}
