//! Setup tokens: what makes the first administrator of a new service.

use std::fmt;

use zeroize::Zeroizing;

use super::{Error, secret_text, sha256};

/// A token that is good once, for the first administrator of a service: `gridsetup_`, 32 random characters and 6 of
/// checksum, made like an [`ApiKey`](super::ApiKey).
///
/// Whoever starts the service reads it where the service writes, so that there is no password by default. Its bytes are
/// overwritten when it is dropped, and `Debug` shows nothing of it.
///
/// ```
/// use grid_core::auth::SetupToken;
/// let token = SetupToken::generate()?;
/// assert!(token.expose().starts_with("gridsetup_"));
/// assert_eq!(SetupToken::parse(token.expose())?.hash(), token.hash());
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
///
/// # References
///
/// OWASP Application Security Verification Standard 5.0, requirement 6.3.2: no default accounts.
#[derive(Clone)]
pub struct SetupToken(Zeroizing<String>);

impl SetupToken {
    /// What every setup token begins with.
    pub const PREFIX: &str = "gridsetup_";

    /// Makes a token from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives none.
    pub fn generate() -> Result<Self, Error> {
        secret_text::generate(Self::PREFIX).map(Self)
    }

    /// Takes a text as a token; whether it is good is for whoever knows its hash to say.
    ///
    /// # Errors
    ///
    /// [`Error::SetupTokenMalformed`], which says what is wrong and repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        secret_text::parse(Self::PREFIX, text).map(Self).map_err(|got| Error::SetupTokenMalformed { got })
    }

    /// The token itself, to be shown once to whoever starts the service.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of the token: the SHA-256 of its text.
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for SetupToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SetupToken(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::{Failure as _, Kind};

    /// The SHA-256 (by `sha256sum`) and the CRC-32 (by Python's `zlib.crc32`, written in base 62 by a script) come from
    /// outside.
    const TOKEN: &str = "gridsetup_0123456789ABCDEFGHIJKLMNOPQRSTUV2gV48t";
    const HASH: &str = "0fc76b46bcb9e876c4a69fa97bbd95b091c6959f14ace86467a43804052bd166";

    #[test]
    fn a_known_token_has_its_known_hash_and_is_not_shown() {
        let token = SetupToken::parse(TOKEN).unwrap();
        let hash = token.hash().iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
        assert_eq!(hash, HASH);
        assert_eq!(format!("{token:?}"), "SetupToken(…)");
    }

    #[test]
    fn an_api_key_and_a_link_that_was_cut_are_no_tokens() {
        let key = super::super::ApiKey::generate().unwrap();
        let cut = TOKEN.split_at(TOKEN.len() - 1).0;
        for (text, got) in [
            (key.expose(), "another beginning"),
            (cut, "another length"),
            (&*TOKEN.replace('5', "6"), "a wrong checksum"),
        ] {
            let error = SetupToken::parse(text).unwrap_err();
            assert_eq!((error.reason(), error.kind()), ("setup_token_malformed", Kind::Invalid));
            assert!(error.to_string().ends_with(&format!("got {got}")) && !error.to_string().contains(text));
        }
    }

    #[test]
    fn a_generated_token_is_read_again() {
        let token = SetupToken::generate().unwrap();
        assert_eq!(token.expose().len(), 48);
        assert_eq!(SetupToken::parse(token.expose()).unwrap().expose(), token.expose());
        assert_ne!(SetupToken::generate().unwrap().hash(), token.hash());
    }
}
