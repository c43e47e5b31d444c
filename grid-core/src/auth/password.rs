//! Passwords and their hashes: Argon2id, stored as PHC strings.

use std::{fmt, str::FromStr};

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, Version,
    password_hash::{self, PasswordHasher as _, PasswordVerifier as _},
};
use passwords::analyzer::is_common_password;
use unicode_normalization::{UnicodeNormalization as _, is_nfc};
use zeroize::Zeroizing;

use super::{Error, old_hash};

/// A password within the policy: 8 to 128 characters, and no rule about which ones; for a new one also that it is not
/// among the most common.
///
/// It is taken in Unicode's normalisation form C, so that it is the same on every keyboard: some type `ñ` as one
/// character and some as two. Its bytes are overwritten when it is dropped, and `Debug` shows nothing of it.
///
/// ```
/// use grid_core::auth::Password;
/// assert!(Password::choose("noon on the roof").is_ok());
/// assert_eq!(Password::choose("Password1").unwrap_err().reason(), "password_too_common");
/// assert!(Password::parse("Password1").is_ok(), "whoever has it may still log in, and change it");
/// ```
///
/// # References
///
/// NIST SP 800-63B-4 section 3.1.1.2: length counts, composition rules do not help, new passwords are compared with
/// a list of common ones. (It asks for 15 characters where the password is the only factor; 8 is what it asks for beside
/// a second one, and what its third edition asked for.) RFC 8265 section 4.2: form C. Unicode Standard Annex 15.
#[derive(Clone)]
pub struct Password {
    /// In form C.
    text: Zeroizing<String>,
    /// As it was typed, where that differs.
    typed: Option<Zeroizing<String>>,
}

impl Password {
    /// The fewest characters.
    pub const LEAST: usize = 8;
    /// The most characters, so that nobody makes the server hash a novel.
    pub const MOST: usize = 128;

    /// Takes a text as a password that may have been chosen before, as at a login.
    ///
    /// # Errors
    ///
    /// [`Error::PasswordTooShort`] and [`Error::PasswordTooLong`], counted in characters (Unicode scalar values of
    /// form C).
    pub fn parse(text: &str) -> Result<Self, Error> {
        // Four characters become one at most, so that this is too long in form C, too; and the text is not copied.
        let typed = text.chars().count();
        if typed > 4 * Self::MOST {
            return Err(Error::PasswordTooLong { most: Self::MOST, got: typed });
        }
        let password = if is_nfc(text) {
            Self { text: Zeroizing::new(text.to_owned()), typed: None }
        } else {
            // As long as it can get, so that no copy of it stays behind where it grew.
            let mut normal = Zeroizing::new(String::with_capacity(3 * text.len()));
            normal.extend(text.nfc());
            Self { text: normal, typed: Some(Zeroizing::new(text.to_owned())) }
        };
        let got = password.text.chars().count();
        if got < Self::LEAST {
            return Err(Error::PasswordTooShort { least: Self::LEAST, got });
        }
        if got > Self::MOST {
            return Err(Error::PasswordTooLong { most: Self::MOST, got });
        }
        Ok(password)
    }

    /// Takes a text as a password that somebody chooses now: as [`Self::parse`], and refuses the most common ones,
    /// in any case.
    ///
    /// # Errors
    ///
    /// Those of [`Self::parse`], and [`Error::PasswordTooCommon`].
    pub fn choose(text: &str) -> Result<Self, Error> {
        let password = Self::parse(text)?;
        let lower = Zeroizing::new(password.text.to_lowercase());
        if is_common_password(password.text.as_str()) || is_common_password(lower.as_str()) {
            return Err(Error::PasswordTooCommon);
        }
        Ok(password)
    }
}

impl FromStr for Password {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Hashes and verifies passwords with Argon2id at a set cost.
///
/// A call takes tens of milliseconds and all of its memory: a server makes it on threads of its own, and a bounded
/// number at a time. Hashes of bcrypt, as older services made them, are verified and asked to be made again.
///
/// ```
/// use grid_core::auth::{Password, PasswordHasher};
/// let hasher = PasswordHasher::default();
/// let stored = hasher.hash(&Password::parse("correct horse battery")?)?;
/// assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
/// assert!(hasher.verify(&Password::parse("correct horse battery")?, &stored)?);
/// assert!(!hasher.verify(&Password::parse("Tr0ub4dor&3")?, &stored)?);
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
///
/// # References
///
/// RFC 9106 (Argon2), the OWASP Password Storage Cheat Sheet (m=19456 KiB, t=2, p=1), the PHC string format.
#[derive(Clone)]
pub struct PasswordHasher {
    params: Params,
    /// A hash of this cost that no password has.
    nobody: String,
}

/// What a stored hash may cost at most, so that a row that somebody changed cannot stop the machine.
const MOST_MEMORY_KIB: u32 = 2 * 1024 * 1024;
const MOST_PASSES: u32 = 64;
const MOST_LANES: u32 = 64;

/// Sixteen bytes and thirty-two of zero, as a PHC string has them.
const NO_SALT: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const NO_HASH: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl PasswordHasher {
    /// Makes a hasher of this cost: memory in KiB (at least 8 a lane), passes over it, and lanes.
    ///
    /// # Errors
    ///
    /// [`Error::CostOutOfRange`] outside of what Argon2 allows, above 2 GiB, 64 passes or 64 lanes.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, Error> {
        Params::new(memory_kib, passes, lanes, None).ok().filter(affordable).map(Self::of).ok_or(
            Error::CostOutOfRange {
                memory_kib,
                passes,
                lanes,
                most_kib: MOST_MEMORY_KIB,
                most_passes: MOST_PASSES,
                most_lanes: MOST_LANES,
            },
        )
    }

    fn of(params: Params) -> Self {
        let (memory, passes, lanes) = (params.m_cost(), params.t_cost(), params.p_cost());
        let nobody = format!("$argon2id$v=19$m={memory},t={passes},p={lanes}${NO_SALT}${NO_HASH}");
        Self { params, nobody }
    }

    /// Hashes a password with a salt of its own, as a PHC string to be stored.
    ///
    /// # Errors
    ///
    /// [`Error::NoRandom`] when the operating system gives no salt, [`Error::HashingFailed`] without the memory.
    pub fn hash(&self, password: &Password) -> Result<String, Error> {
        let salt = password_hash::try_generate_salt().map_err(|_| Error::NoRandom)?;
        self.argon2()
            .hash_password_with_salt(password.text.as_bytes(), &salt)
            .map(|hash| hash.to_string())
            .map_err(|_| Error::HashingFailed { memory_kib: self.params.m_cost() })
    }

    /// Whether the password is the one that was hashed, at the cost that the hash names; the comparison takes the
    /// same time wherever the difference is.
    ///
    /// A hash of bcrypt is that of the first 72 bytes. The services that made them hashed what the user typed: where that
    /// is not in form C, it is tried, too.
    ///
    /// # Errors
    ///
    /// [`Error::HashMalformed`] when `phc` is neither an Argon2id hash nor one of bcrypt (`$2a$`, `$2b$`, `$2y$`, with
    /// a cost of 15 at most), [`Error::HashingFailed`] without the memory. A wrong password is not an error.
    pub fn verify(&self, password: &Password, phc: &str) -> Result<bool, Error> {
        if old_hash::is_bcrypt(phc) {
            return old_hash::verify([&password.text].into_iter().chain(&password.typed), phc);
        }
        let (hash, params) = read(phc)?;
        match self.argon2().verify_password(password.text.as_bytes(), &hash) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(Error::HashingFailed { memory_kib: params.m_cost() }),
        }
    }

    /// Whether a stored hash should be made again when its password is next at hand: it has another cost than this
    /// hasher's, another version, is one of bcrypt, or cannot be read.
    pub fn needs_rehash(&self, phc: &str) -> bool {
        let current = |(hash, params): (PasswordHash, Params)| {
            (params.m_cost(), params.t_cost(), params.p_cost())
                == (self.params.m_cost(), self.params.t_cost(), self.params.p_cost())
                && hash.version == Some(Version::V0x13.into())
                && hash.salt.is_some_and(|salt| salt.len() >= argon2::RECOMMENDED_SALT_LEN)
                && hash.hash.is_some_and(|output| output.len() >= Params::DEFAULT_OUTPUT_LEN)
        };
        !read(phc).is_ok_and(current)
    }

    /// Does what [`Self::verify`] does for a password of nobody, and always answers `false`: for a user who does not
    /// exist, so that the time of a refusal does not tell who does.
    ///
    /// # Errors
    ///
    /// As [`Self::verify`].
    pub fn verify_nobody(&self, password: &Password) -> Result<bool, Error> {
        self.verify(password, &self.nobody).map(|_| false)
    }

    fn argon2(&self) -> Argon2<'static> {
        Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone())
    }
}

impl Default for PasswordHasher {
    /// The cost that OWASP recommends: 19456 KiB, 2 passes, 1 lane.
    fn default() -> Self {
        Self::of(Params::DEFAULT)
    }
}

impl fmt::Debug for PasswordHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PasswordHasher")
            .field("memory_kib", &self.params.m_cost())
            .field("passes", &self.params.t_cost())
            .field("lanes", &self.params.p_cost())
            .finish_non_exhaustive()
    }
}

fn affordable(params: &Params) -> bool {
    params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_PASSES && params.p_cost() <= MOST_LANES
}

/// Reads a hash that has everything that it needs: what the parser tolerates is refused here, for a hash without salt
/// or output would otherwise pass as a wrong password.
fn read(phc: &str) -> Result<(PasswordHash, Params), Error> {
    let malformed = |got| Error::HashMalformed { got };
    let hash = PasswordHash::new(phc).map_err(|_| malformed("something else"))?;
    if hash.algorithm != Algorithm::Argon2id.ident() {
        return Err(malformed("another algorithm"));
    }
    if hash.version.is_none_or(|version| Version::try_from(version).is_err()) {
        return Err(malformed("no version of Argon2 that is known"));
    }
    if ["m", "t", "p"].into_iter().any(|name| hash.params.get(name).is_none()) {
        return Err(malformed("one without its cost"));
    }
    let params = Params::try_from(&hash).map_err(|_| malformed("a cost that Argon2 does not allow"))?;
    if !affordable(&params) {
        return Err(malformed("a cost above 2 GiB, 64 passes or 64 lanes"));
    }
    if hash.salt.is_none_or(|salt| salt.len() < argon2::MIN_SALT_LEN) {
        return Err(malformed("one without a salt of 8 bytes or more"));
    }
    if hash.hash.is_none_or(|output| output.len() < 16) {
        return Err(malformed("one without a hash of 16 bytes or more"));
    }
    Ok((hash, params))
}
