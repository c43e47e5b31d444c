//! Secret texts that a person or a program keeps: a prefix, 32 random characters and a checksum.

use aws_lc_rs::rand;
use zeroize::Zeroizing;

use super::{Error, checksum};

/// How many random characters follow the prefix: 190 bits.
pub(super) const RANDOM: usize = 32;
/// The largest multiple of 62 that a byte can count to: bytes from here on are thrown away, for with them the first
/// characters of the alphabet would come more often.
const FAIR: u8 = 248;

/// How long the whole text is.
const fn length(prefix: &str) -> usize {
    prefix.len() + RANDOM + checksum::LENGTH
}

/// Makes a text from the operating system's random bytes.
pub(super) fn generate(prefix: &str) -> Result<Zeroizing<String>, Error> {
    // As long as it will be, so that no copy of it stays behind where it grew.
    let mut text = Zeroizing::new(String::with_capacity(length(prefix)));
    text.push_str(prefix);
    let mut bytes = Zeroizing::new([0_u8; 2 * RANDOM]);
    let random = prefix.len() + RANDOM;
    while text.len() < random {
        rand::fill(bytes.as_mut()).map_err(|_| Error::NoRandom)?;
        let missing = random - text.len();
        let fair = bytes.iter().filter(|byte| **byte < FAIR).take(missing);
        text.extend(fair.map(|byte| char::from(checksum::base62(u32::from(byte % 62)))));
    }
    checksum::append(&mut text);
    Ok(text)
}

/// Takes a text that could have been made, or says what is wrong with it and repeats nothing of it.
pub(super) fn parse(prefix: &str, text: &str) -> Result<Zeroizing<String>, &'static str> {
    let Some(rest) = text.strip_prefix(prefix) else {
        return Err("another beginning");
    };
    if !rest.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err("another character");
    }
    if text.len() != length(prefix) {
        return Err("another length");
    }
    if checksum::strip(text).is_none() {
        return Err("a wrong checksum");
    }
    Ok(Zeroizing::new(text.to_owned()))
}
