//! Recovery codes: the way in for a user whose telephone is gone, each of them once.

use std::fmt;

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::{Error, sha256};

/// The 32 digits of Crockford: none of `I`, `L`, `O` and `U`.
const DIGITS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// How many digits a code has, and after how many stands the hyphen.
const LENGTH: usize = 10;
const HALF: usize = 5;

/// A code that stands in for the second factor once, like `4T9KD-X0B7M`: 50 bits, written in Crockford's base 32.
///
/// Its bytes are overwritten when it is dropped, and `Debug` shows nothing of it.
///
/// # References
///
/// D. Crockford, [Base 32](https://www.crockford.com/base32.html): letters that look like digits are read as those.
#[derive(Clone)]
pub struct RecoveryCode(Zeroizing<String>);

impl RecoveryCode {
    fn generate() -> Result<Self, Error> {
        let mut bytes = Zeroizing::new([0_u8; LENGTH]);
        rand::fill(bytes.as_mut()).map_err(|_| Error::NoRandom)?;
        // 256 is a multiple of 32: each digit is as likely as the next.
        Ok(Self::of(bytes.iter().map(|byte| byte % 32)))
    }

    /// Writes digits, given as numbers below 32.
    fn of(digits: impl Iterator<Item = u8>) -> Self {
        let mut text = Zeroizing::new(String::with_capacity(LENGTH + 1));
        for (at, digit) in digits.enumerate() {
            if at == HALF {
                text.push('-');
            }
            text.extend(DIGITS.get(usize::from(digit)).copied().map(char::from));
        }
        Self(text)
    }

    /// Takes what a user typed as a code: in any case, with spaces and hyphens anywhere, `O` for `0`, `I` and `L` for `1`.
    ///
    /// ```
    /// use grid_core::auth::RecoveryCode;
    /// let typed = RecoveryCode::parse(" 4t9kd xob7m")?;
    /// assert_eq!(typed.expose(), "4T9KD-X0B7M");
    /// # Ok::<(), grid_core::auth::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::RecoveryCodeMalformed`], which repeats nothing of the text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut digits = Zeroizing::new([0_u8; LENGTH]);
        let mut free = digits.iter_mut();
        for character in text.chars().filter(|character| !character.is_whitespace() && *character != '-') {
            let digit = digit(character).ok_or(Error::RecoveryCodeMalformed { got: "another character" })?;
            *free.next().ok_or(Error::RecoveryCodeMalformed { got: "more of them" })? = digit;
        }
        if free.next().is_some() {
            return Err(Error::RecoveryCodeMalformed { got: "fewer of them" });
        }
        Ok(Self::of(digits.iter().copied()))
    }

    /// The code itself, to be shown once to its user.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of the code: the SHA-256 of its text as [`Self::expose`] writes it.
    ///
    /// Whoever has stolen the hashes can try all 2⁵⁰ codes; what they find opens nothing without the password.
    pub fn hash(&self) -> [u8; 32] {
        sha256(self.0.as_bytes())
    }
}

impl fmt::Debug for RecoveryCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RecoveryCode(…)")
    }
}

/// The number that a character stands for.
fn digit(character: char) -> Option<u8> {
    let digit = match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    DIGITS.iter().position(|other| char::from(*other) == digit).and_then(|at| u8::try_from(at).ok())
}

/// The recovery codes of one user, made together and shown once.
///
/// ```
/// use grid_core::auth::{RecoveryCode, RecoveryCodes};
/// let codes = RecoveryCodes::generate()?;
/// let stored = codes.hashes();
/// for code in codes.iter() {
///     assert!(stored.contains(&RecoveryCode::parse(code.expose())?.hash()));
/// }
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecoveryCodes(Vec<RecoveryCode>);

impl RecoveryCodes {
    /// How many codes are made together.
    pub const COUNT: usize = 10;

    /// Makes ten codes from the operating system's random bytes.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives none.
    pub fn generate() -> Result<Self, Error> {
        (0..Self::COUNT).map(|_| RecoveryCode::generate()).collect::<Result<_, _>>().map(Self)
    }

    /// The codes, in the order in which they are shown.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &RecoveryCode> {
        self.0.iter()
    }

    /// What is stored of them, in the same order.
    pub fn hashes(&self) -> Vec<[u8; 32]> {
        self.iter().map(RecoveryCode::hash).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::error::{Failure as _, Kind};

    #[test]
    fn ten_codes_are_made_and_each_is_another() {
        let codes = RecoveryCodes::generate().unwrap();
        assert_eq!(codes.iter().len(), 10);
        assert_eq!(codes.hashes().into_iter().collect::<BTreeSet<_>>().len(), 10);
        for code in codes.iter() {
            let (left, right) = code.expose().split_once('-').unwrap();
            assert_eq!((left.len(), right.len()), (5, 5));
        }
        let shown = format!("{codes:?}");
        assert!(codes.iter().all(|code| !shown.contains(code.expose())), "{shown}");
    }

    #[test]
    fn a_code_is_stored_as_its_sha_256() {
        // printf %s 4T9KD-X0B7M | sha256sum
        let hash = RecoveryCode::parse("4T9KD-X0B7M").unwrap().hash();
        let hash = hash.iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
        assert_eq!(hash, "6bade43b312493755a917ad0482074151844175ea0e0813611c033a757c2bde8");
    }

    #[test]
    fn what_people_mistype_is_forgiven() {
        for typed in
            ["01101-VWXYZ", "oilo1-vwxyz", "OIl0lvwxyz", " 0 1 1 0 1 - - v w x y z ", "0110\u{a0}1VWXYZ"]
        {
            assert_eq!(RecoveryCode::parse(typed).unwrap().expose(), "01101-VWXYZ", "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for (typed, got) in [
            ("", "fewer of them"),
            ("01101-VWXY", "fewer of them"),
            ("01101-VWXYZ0", "more of them"),
            ("01101-VWXYU", "another character"),
            ("01101-VWXYé", "another character"),
            ("01101_VWXYZ", "another character"),
        ] {
            let refused = RecoveryCode::parse(typed).unwrap_err();
            assert_eq!(
                (refused.reason(), refused.kind()),
                ("recovery_code_malformed", Kind::Unauthenticated)
            );
            assert_eq!(
                refused.to_string(),
                format!("expected a recovery code of 10 letters and digits, got {got}")
            );
        }
    }

    proptest! {
        #[test]
        fn a_code_is_read_back_however_it_is_typed(
            code in "[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}",
            cases in prop::collection::vec(any::<bool>(), 11),
            gaps in prop::collection::vec("[ \t-]{0,2}", 11),
        ) {
            let typed: String = code
                .chars()
                .zip(cases)
                .map(|(character, lower)| if lower { character.to_ascii_lowercase() } else { character })
                .zip(gaps)
                .flat_map(|(character, gap)| std::iter::once(character).chain(gap.chars().collect::<Vec<_>>()))
                .collect();
            let read = RecoveryCode::parse(&typed).unwrap();
            prop_assert_eq!(read.expose(), code);
        }

        #[test]
        fn no_text_is_too_odd(text in any::<String>()) {
            if let Ok(code) = RecoveryCode::parse(&text) {
                prop_assert_eq!(code.expose().len(), 11);
            }
        }
    }
}
