//! A checksum at the end of a secret text, so that a typing error or rubbish is refused before anybody asks a database.
//!
//! Six characters of base 62 hold the CRC-32 of all that stands before them. It is no protection against forgery: the
//! secret in the text is.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// 62⁶ is more than 2³².
pub(super) const LENGTH: usize = 6;

/// Writes the checksum of a text to its end.
pub(super) fn append(text: &mut String) {
    let mut digits = [0_u8; LENGTH];
    let mut left = crc32fast::hash(text.as_bytes());
    for digit in digits.iter_mut().rev() {
        *digit = base62(left % 62);
        left /= 62;
    }
    text.extend(digits.iter().copied().map(char::from));
}

/// The text before the checksum, where the checksum is right.
pub(super) fn strip(text: &str) -> Option<&str> {
    let body = text.get(..text.len().checked_sub(LENGTH)?)?;
    let mut again = body.to_owned();
    append(&mut again);
    (again == text).then_some(body)
}

/// The digit of a number below 62.
pub(super) fn base62(number: u32) -> u8 {
    usize::try_from(number).ok().and_then(|at| DIGITS.get(at)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_checksum_is_the_crc_32_of_the_standard() {
        // ISO-HDLC's check value for `123456789` is CBF43926, which is 3421780262 in base 10.
        let mut text = "123456789".to_owned();
        append(&mut text);
        let value = text.bytes().skip(9).fold(0_u64, |value, byte| {
            value * 62 + u64::try_from(DIGITS.iter().position(|digit| *digit == byte).unwrap()).unwrap()
        });
        assert_eq!(value, 0xCBF4_3926);
    }

    proptest! {
        #[test]
        fn what_was_appended_is_stripped_and_one_changed_character_is_seen(
            body in "[a-zA-Z0-9_]{1,90}",
            at in any::<prop::sample::Index>(),
            other in "[a-zA-Z0-9_]",
        ) {
            let mut text = body.clone();
            append(&mut text);
            prop_assert_eq!(strip(&text), Some(&*body));
            let at = at.index(text.len());
            let mut changed = text.clone();
            changed.replace_range(at..=at, &other);
            prop_assert_eq!(strip(&changed).is_some(), changed == text);
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,20}") {
            let _ = strip(&text);
        }
    }
}
