//! API keys: what a device or a program shows instead of a password.

use std::fmt;

use zeroize::Zeroizing;

use super::{Error, secret_text, sha256};

/// A key of a device or a program: `gridkey_`, 32 random characters and 6 of checksum, 46 in all.
///
/// The prefix lets people and scanners of leaked secrets recognise it, the checksum lets rubbish be refused before
/// anybody asks a database. The 32 characters of base 62 hold 190 bits from the operating system's generator, so that
/// a plain SHA-256 is enough to keep it at rest: there is nothing to guess. Its bytes are overwritten when it is
/// dropped, and `Debug` shows nothing of it.
///
/// ```
/// use grid_core::auth::ApiKey;
/// let key = ApiKey::generate()?;
/// let shown_once = key.expose().to_owned();
/// let stored = key.hash();
/// assert_eq!(ApiKey::parse(&shown_once)?.hash(), stored);
/// assert_eq!(ApiKey::parse("hunter2").unwrap_err().reason(), "api_key_malformed");
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
///
/// # References
///
/// GitHub, *Behind GitHub's new authentication token formats* (2021): a prefix, base 62, and a CRC-32 at the end. NIST
/// SP 800-63B-4 section 3.1.2.2: a secret of at least 112 bits may be stored by an approved one-way function
/// without salt or cost (FIPS 180-4).
#[derive(Clone)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// What every key begins with.
    pub const PREFIX: &str = "gridkey_";

    /// Makes a key from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives none.
    pub fn generate() -> Result<Self, Error> {
        secret_text::generate(Self::PREFIX).map(Self)
    }

    /// Takes a text as a key; whether it is anybody's is for whoever knows the hashes to say.
    ///
    /// # Errors
    ///
    /// [`Error::ApiKeyMalformed`], which says what is wrong and repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        secret_text::parse(Self::PREFIX, text).map(Self).map_err(|got| Error::ApiKeyMalformed { got })
    }

    /// The key itself, to be shown once to whoever will use it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of the key: the SHA-256 of its text.
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }

    /// What may be shown of the key later, so that its owner knows which one it is: `gridkey_Ab12…`.
    pub fn hint(&self) -> String {
        let shown = self.0.get(..Self::PREFIX.len() + 4).unwrap_or(Self::PREFIX);
        format!("{shown}…")
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{
        auth::secret_text::RANDOM,
        error::{Failure as _, Kind},
    };

    /// The SHA-256 (by `sha256sum`) and the CRC-32 (by Python's `zlib.crc32`, written in base 62 by hand) come from
    /// outside.
    const KEY: &str = "gridkey_0123456789ABCDEFGHIJKLMNOPQRSTUV0DRHml";
    const HASH: &str = "11d91e01836d00a4af84b55a18d49f0a0b35aff5dd6f58728aecafb6f5c94d4c";

    fn refused(text: &str) -> String {
        let error = ApiKey::parse(text).unwrap_err();
        assert_eq!((error.reason(), error.kind()), ("api_key_malformed", Kind::Unauthenticated));
        error.to_string()
    }

    #[test]
    fn a_known_key_has_its_known_hash_and_hint() {
        let key = ApiKey::parse(KEY).unwrap();
        let hash = key.hash().iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
        assert_eq!(hash, HASH);
        assert_eq!(key.hint(), "gridkey_0123…");
        assert_eq!(format!("{key:?}"), "ApiKey(…)");
    }

    #[test]
    fn what_is_no_key_is_refused_and_never_repeated() {
        let expected = "expected an API key of `gridkey_` and 38 letters and digits, got";
        for (text, got) in [
            (String::new(), "another beginning"),
            (KEY.replace("gridkey_", "GRIDKEY_"), "another beginning"),
            (format!(" {KEY}"), "another beginning"),
            (KEY.replace('5', "é"), "another character"),
            (format!("{KEY}\n"), "another character"),
            (KEY.replace('5', ""), "another length"),
            (format!("{KEY}0"), "another length"),
            (ApiKey::PREFIX.to_owned(), "another length"),
            (KEY.replace('5', "6"), "a wrong checksum"),
        ] {
            assert_eq!(refused(&text), format!("{expected} {got}"), "{text}");
        }
    }

    #[test]
    fn every_character_comes_equally_often() {
        const KEYS: u32 = 4_000;
        let mut counts = std::collections::BTreeMap::<char, u32>::new();
        for _ in 0..KEYS {
            let key = ApiKey::generate().unwrap();
            for character in key.expose().chars().skip(ApiKey::PREFIX.len()).take(RANDOM) {
                *counts.entry(character).or_default() += 1;
            }
        }
        // Pearson's test with 61 degrees of freedom: fair keys are above 144.5 once in a hundred million runs (the
        // 1 - 1e-8 quantile, by SciPy's `chi2.isf`); taking every byte modulo 62 would be near 905.
        let expected = f64::from(KEYS * u32::try_from(RANDOM).unwrap()) / 62.0;
        let chi_squared: f64 =
            counts.values().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        assert_eq!(counts.len(), 62);
        assert!(chi_squared < 144.5, "{chi_squared}");
    }

    proptest! {
        #[test]
        fn a_generated_key_is_read_again(_ in 0..1_u8) {
            let key = ApiKey::generate().unwrap();
            prop_assert_eq!(key.expose().len(), 46);
            let read = ApiKey::parse(key.expose()).unwrap();
            prop_assert_eq!(read.expose(), key.expose());
            prop_assert_eq!(read.hash(), key.hash());
            prop_assert_ne!(ApiKey::generate().unwrap().hash(), key.hash());
        }

        #[test]
        fn one_changed_character_is_refused(at in any::<prop::sample::Index>(), other in "\\PC") {
            let at = at.index(KEY.len());
            let mut changed = KEY.to_owned();
            changed.replace_range(at..=at, &other);
            prop_assert_eq!(ApiKey::parse(&changed).is_ok(), changed == KEY);
        }

        #[test]
        fn two_characters_that_changed_places_are_refused(
            one in any::<prop::sample::Index>(), two in any::<prop::sample::Index>(),
        ) {
            let mut bytes = KEY.as_bytes().to_vec();
            bytes.swap(one.index(KEY.len()), two.index(KEY.len()));
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(ApiKey::parse(&changed).is_ok(), changed == KEY);
        }

        #[test]
        fn any_text_is_refused_without_being_repeated(text in "(gridkey_)?[ -~é]{8,60}") {
            let message = refused(&text);
            let secret = text.strip_prefix(ApiKey::PREFIX).unwrap_or(&text);
            prop_assert!(secret.trim().len() < 8 || !message.contains(secret));
        }
    }
}
