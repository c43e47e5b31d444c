//! Hashes that an older service made: bcrypt, which is verified here and never made.

use bcrypt::HashParts;
use zeroize::Zeroizing;

use super::Error;

/// What a stored hash may cost at most, as a power of two: so that a row that somebody changed cannot stop the machine.
const MOST_COST: u32 = 15;

/// Whether a stored hash is one of bcrypt's: the variants that differ in nothing for a text in UTF-8. Not `$2x$`,
/// which names a broken implementation, and not `$2$`, which ends the text differently.
pub(super) fn is_bcrypt(hash: &str) -> bool {
    ["$2a$", "$2b$", "$2y$"].iter().any(|variant| hash.starts_with(variant))
}

/// Whether one of the texts is the one that was hashed.
///
/// # Errors
///
/// [`Error::HashMalformed`] when the hash cannot be read or costs too much.
///
/// # References
///
/// N. Provos, D. Mazières, *A Future-Adaptable Password Scheme*, USENIX 1999.
pub(super) fn verify<'a>(
    mut texts: impl Iterator<Item = &'a Zeroizing<String>>,
    hash: &str,
) -> Result<bool, Error> {
    let malformed = |got| Error::HashMalformed { got };
    let parts: HashParts = hash.parse().map_err(|_| malformed("a broken one of bcrypt"))?;
    if !hash.bytes().skip(4).take(2).all(|byte| byte.is_ascii_digit()) {
        return Err(malformed("a broken one of bcrypt"));
    }
    if parts.get_cost() > MOST_COST {
        return Err(malformed("one of bcrypt with a cost above 15"));
    }
    texts.try_fold(false, |right, text| {
        // bcrypt ends a text at its first NUL: with one inside, no text was ever hashed whole. Of the rest it reads
        // the first 72 bytes.
        if right || text.contains('\0') {
            return Ok(right);
        }
        bcrypt::verify(text.as_bytes(), hash).map_err(|_| malformed("a broken one of bcrypt"))
    })
}
