//! The second factor: codes that change every half minute (TOTP), from an app on the user's telephone.

use std::fmt;

use aws_lc_rs::rand;
use jiff::Timestamp;
use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use super::Error;

/// How long a code is shown, in seconds.
const STEP_SECONDS: i64 = 30;
/// How many steps the clocks may differ, in both directions.
const DRIFT_STEPS: i64 = 1;
/// How many bytes a secret has: as many as the output of SHA-1.
const LENGTH: usize = 20;

/// The secret that a user's authenticator app and the server share: 20 bytes, from which both compute the same six
/// digits for each half minute.
///
/// SHA-1, six digits and 30 seconds, since several apps compute these whatever they are told. The bytes are
/// overwritten when the secret is dropped, and `Debug` shows nothing of them.
///
/// ```
/// use grid_core::auth::TotpSecret;
/// let secret = TotpSecret::generate()?;
/// let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse().unwrap();
/// let shown = secret.code(now).unwrap();
///
/// let step = secret.verify(&shown, now, None);
/// assert!(step.is_some());
/// assert_eq!(secret.verify(&shown, now, step), None, "each code once");
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
///
/// # References
///
/// RFC 6238 (TOTP) on RFC 4226 (HOTP), whose section 4 recommends secrets of 160 bits; the
/// [key URI format](https://github.com/google/google-authenticator/wiki/Key-Uri-Format) of Google Authenticator.
#[derive(Clone)]
pub struct TotpSecret(Zeroizing<[u8; LENGTH]>);

impl TotpSecret {
    /// Makes a secret from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives none.
    pub fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0; LENGTH]);
        rand::fill(bytes.as_mut()).map_err(|_| Error::NoRandom)?;
        Ok(Self(bytes))
    }

    /// Takes the bytes of a secret that was stored.
    ///
    /// # Errors
    ///
    /// [`Error::TotpSecretUnreadable`] when they are not 20.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let unreadable = |_| Error::TotpSecretUnreadable { expected: LENGTH, got: bytes.len() };
        <[u8; LENGTH]>::try_from(bytes).map(|bytes| Self(Zeroizing::new(bytes))).map_err(unreadable)
    }

    /// The bytes, to be stored; whoever has them can log in, so they are sealed first.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }

    /// The secret as the user types it where the picture cannot be read: 32 letters and digits (RFC 4648 section 6).
    pub fn to_base32(&self) -> String {
        self.totp().secret().to_base32()
    }

    /// What stands in the picture that the user's app reads: `otpauth://totp/GRID:kat?secret=…&issuer=GRID`.
    ///
    /// ```
    /// let secret = grid_core::auth::TotpSecret::from_bytes(b"12345678901234567890")?;
    /// assert_eq!(
    ///     secret.uri("Comunidad Solar", "kat@example.org")?,
    ///     "otpauth://totp/Comunidad%20Solar:kat%40example.org\
    ///      ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Comunidad%20Solar",
    /// );
    /// # Ok::<(), grid_core::auth::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TotpLabelMalformed`] when the issuer or the account is empty or has a colon, with which the format
    /// separates them.
    pub fn uri(&self, issuer: &str, account: &str) -> Result<String, Error> {
        for (part, text) in [("issuer", issuer), ("account", account)] {
            if text.is_empty() || text.contains(':') {
                return Err(Error::TotpLabelMalformed { part, got: crate::error::excerpt(text) });
            }
        }
        let malformed = |_| Error::TotpLabelMalformed { part: "label", got: crate::error::excerpt(account) };
        let totp = self.builder().with_issuer(Some(issuer)).with_account_name(account);
        totp.build().and_then(|totp| totp.to_url()).map_err(malformed)
    }

    /// The code that an authenticator app shows at the time `now`; none before 1970.
    ///
    /// For programs that log in by themselves, and for tests.
    pub fn code(&self, now: Timestamp) -> Option<String> {
        let second = u64::try_from(now.as_second()).ok()?;
        Some(self.totp().generate(second).to_string())
    }

    /// The step (the count of half minutes since 1970) of a right code: the current one, or one before or after it for
    /// clocks that differ. `None` for a wrong code and for one whose step is not after `last_step`.
    ///
    /// Whoever stores the step and gives it as `last_step` the next time accepts each code once. A code has six digits,
    /// so the caller limits how often one may be tried (RFC 4226 section 7.3); spaces inside the code are passed over.
    ///
    /// # References
    ///
    /// RFC 6238 section 5.2: one step for delays, and no second use of a code.
    pub fn verify(&self, code: &str, now: Timestamp, last_step: Option<i64>) -> Option<i64> {
        let code: Zeroizing<String> =
            Zeroizing::new(code.chars().filter(|character| !character.is_whitespace()).collect());
        let current = now.as_second().div_euclid(STEP_SECONDS);
        let totp = self.totp();
        // The latest step first: where two steps have the same code by chance, it is then used up for both.
        (current - DRIFT_STEPS..=current + DRIFT_STEPS)
            .rev()
            .filter(|step| last_step.is_none_or(|last| *step > last))
            .find(|step| {
                let second = step.checked_mul(STEP_SECONDS).and_then(|second| u64::try_from(second).ok());
                second.is_some_and(|second| totp.check(&code, second).is_some())
            })
    }

    fn builder(&self) -> Builder {
        // No drift inside of the library: which step was right must be known here.
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(6)
            .with_step_duration(STEP_SECONDS.unsigned_abs())
            .with_skew(0)
            .with_secret(*self.0)
    }

    fn totp(&self) -> Totp {
        // What the compliant builder would check holds by construction.
        self.builder().build_noncompliant()
    }
}

impl fmt::Debug for TotpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TotpSecret(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::error::{Failure as _, Kind};

    /// RFC 6238 appendix B: the secret, and the rows of SHA-1. They have eight digits; ours are the last six of them,
    /// since both are the same number modulo a power of ten (RFC 4226 section 5.3).
    const SECRET: &[u8] = b"12345678901234567890";
    const ROWS: [(i64, &str); 6] = [
        (59, "94287082"),
        (1_111_111_109, "07081804"),
        (1_111_111_111, "14050471"),
        (1_234_567_890, "89005924"),
        (2_000_000_000, "69279037"),
        (20_000_000_000, "65353130"),
    ];

    fn secret() -> TotpSecret {
        TotpSecret::from_bytes(SECRET).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_codes_of_rfc_6238_are_right_within_one_step_and_no_further() {
        for (second, digits) in ROWS {
            let code = &digits[2..];
            let step = second / 30;
            assert_eq!(secret().code(at(second)).as_deref(), Some(code));
            for (now, verified) in [
                (step * 30, Some(step)),
                (second, Some(step)),
                ((step - 1) * 30, Some(step)),
                ((step + 2) * 30 - 1, Some(step)),
                ((step - 1) * 30 - 1, None),
                ((step + 2) * 30, None),
            ] {
                assert_eq!(secret().verify(code, at(now), None), verified, "{digits} at {now}");
            }
        }
    }

    #[test]
    fn a_code_is_written_with_spaces_or_not_at_all() {
        let (now, code) = (at(1_111_111_109), "081804");
        for right in [code, "081 804", " 08 18 04\n", "081\u{a0}804"] {
            assert!(secret().verify(right, now, None).is_some(), "{right:?}");
        }
        for wrong in
            ["", "81804", "0081804", "+81804", "-81804", "081804x", "081-804", "07081804", "٠٨١٨٠٤", "081805"]
        {
            assert_eq!(secret().verify(wrong, now, None), None, "{wrong:?}");
        }
    }

    #[test]
    fn each_step_is_accepted_once_and_never_an_earlier_one() {
        let now = at(1_111_111_111);
        let step = 1_111_111_111 / 30;
        let before = secret().code(at((step - 1) * 30)).unwrap();
        let after = secret().code(at((step + 1) * 30)).unwrap();
        assert_eq!(secret().verify("050471", now, Some(step - 1)), Some(step));
        assert_eq!(secret().verify("050471", now, Some(step)), None);
        assert_eq!(secret().verify(&before, now, Some(step)), None);
        assert_eq!(secret().verify(&after, now, Some(step)), Some(step + 1));
        assert_eq!(secret().verify(&after, now, Some(i64::MAX)), None);
    }

    #[test]
    fn the_ends_of_time_have_no_code_and_no_panic() {
        for now in [Timestamp::MIN, at(-1), Timestamp::MAX] {
            assert_eq!(secret().verify("000000", now, Some(i64::MIN)).and(secret().code(now)), None);
        }
        assert_eq!(secret().code(at(-1)), None);
    }

    #[test]
    fn the_secret_is_written_as_base_32() {
        // Python: base64.b32encode(b"12345678901234567890").
        assert_eq!(secret().to_base32(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert_eq!(format!("{:?}", secret()), "TotpSecret(…)");
    }

    #[test]
    fn labels_that_apps_would_misread_are_refused() {
        for (issuer, account, message) in [
            ("GRID", "", "expected an account without colons to label the second factor, got ``"),
            ("", "kat", "expected an issuer without colons to label the second factor, got ``"),
            ("a:b", "kat", "expected an issuer without colons to label the second factor, got `a:b`"),
            ("GRID", "a:b", "expected an account without colons to label the second factor, got `a:b`"),
        ] {
            let refused = secret().uri(issuer, account).unwrap_err();
            assert_eq!((refused.reason(), refused.kind()), ("totp_label_malformed", Kind::Invalid));
            assert_eq!(refused.to_string(), message);
        }
        let uri = secret().uri("Energía & Sol/2", "kat?#%+ñ").unwrap();
        // Python: urllib.parse.quote(text, safe="").
        let label = "otpauth://totp/Energ%C3%ADa%20%26%20Sol%2F2:kat%3F%23%25%2B%C3%B1?secret=";
        assert!(uri.starts_with(label), "{uri}");
        assert!(uri.ends_with("&issuer=Energ%C3%ADa%20%26%20Sol%2F2"), "{uri}");
    }

    #[test]
    fn bytes_of_another_length_are_no_secret() {
        for bytes in [&b""[..], &SECRET[1..], &[0; 21]] {
            let refused = TotpSecret::from_bytes(bytes).unwrap_err();
            assert_eq!(refused, Error::TotpSecretUnreadable { expected: 20, got: bytes.len() });
            assert_eq!(refused.kind(), Kind::Internal);
        }
    }

    proptest! {
        #[test]
        fn a_code_is_accepted_once_in_its_window(
            bytes in any::<[u8; 20]>(), second in 60..250_000_000_000_i64, late in -30..=30_i64,
        ) {
            let secret = TotpSecret::from_bytes(&bytes).unwrap();
            prop_assert_eq!(secret.as_bytes(), bytes);
            let code = secret.code(at(second)).unwrap();
            let step = secret.verify(&code, at(second + late), None);
            prop_assert!(step.is_some_and(|step| (step - second / 30).abs() <= 2));
            prop_assert_eq!(secret.verify(&code, at(second + late), step), None);
        }

        #[test]
        fn no_text_as_a_code_is_too_odd(text in any::<String>(), second in any::<i32>()) {
            let verified = secret().verify(&text, at(second.into()), None);
            let digits = text.chars().filter(char::is_ascii_digit).count();
            prop_assert!(verified.is_none() || digits == 6);
        }
    }
}
