//! Base64, strict: one text for the same bytes.
//!
//! A decoder that overlooks padding or the bits beyond the last byte would let a changed text pass for the same bytes.

/// Which 64 characters, and whether the last group is filled up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alphabet {
    /// With `+` and `/`, padded (RFC 4648 section 4).
    Standard,
    /// With `-` and `_`, not padded (RFC 4648 section 5, as JWK and JWS have it).
    Url,
}

impl Alphabet {
    const fn last_two(self) -> [u8; 2] {
        match self {
            Self::Standard => *b"+/",
            Self::Url => *b"-_",
        }
    }

    fn character(self, bits: u32) -> char {
        let [plus, slash] = self.last_two();
        let low = u8::try_from(bits & 63).unwrap_or_default();
        char::from(match low {
            0..=25 => b'A' + low,
            26..=51 => b'a' + (low - 26),
            52..=61 => b'0' + (low - 52),
            62 => plus,
            _ => slash,
        })
    }

    fn bits(self, character: u8) -> Option<u32> {
        let [plus, slash] = self.last_two();
        Some(u32::from(match character {
            b'A'..=b'Z' => character - b'A',
            b'a'..=b'z' => character - b'a' + 26,
            b'0'..=b'9' => character - b'0' + 52,
            other if other == plus => 62,
            other if other == slash => 63,
            _ => return None,
        }))
    }
}

/// Writes bytes as text.
pub(super) fn encode(bytes: &[u8], alphabet: Alphabet) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let mut word = 0_u32;
        for position in 0..3 {
            word = word << 8 | u32::from(group.get(position).copied().unwrap_or_default());
        }
        for position in 0..4 {
            if position <= group.len() {
                text.push(alphabet.character(word >> (18 - 6 * position)));
            } else if alphabet == Alphabet::Standard {
                text.push('=');
            }
        }
    }
    text
}

/// Reads bytes from a text that [`encode`] could have written; any other is `None`.
pub(super) fn decode(text: &str, alphabet: Alphabet) -> Option<Vec<u8>> {
    let digits = match alphabet {
        Alphabet::Url => text,
        Alphabet::Standard if text.len().is_multiple_of(4) => text.trim_end_matches('='),
        Alphabet::Standard => return None,
    };
    if alphabet == Alphabet::Standard && text.len() - digits.len() != (4 - digits.len() % 4) % 4 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3 + 2);
    for group in digits.as_bytes().chunks(4) {
        let mut word = 0_u32;
        for position in 0..4 {
            let bits = match group.get(position) {
                Some(character) => alphabet.bits(*character)?,
                None => 0,
            };
            word = word << 6 | bits;
        }
        let [_, first, second, third] = word.to_be_bytes();
        let (whole, beyond): (&[u8], &[u8]) = match group.len() {
            4 => (&[first, second, third], &[]),
            3 => (&[first, second], &[third]),
            2 => (&[first], &[second, third]),
            _ => return None,
        };
        if beyond.iter().any(|byte| *byte != 0) {
            return None;
        }
        bytes.extend_from_slice(whole);
    }
    Some(bytes)
}

/// Reads exactly `N` bytes.
pub(super) fn decode_exactly<const N: usize>(text: &str, alphabet: Alphabet) -> Option<[u8; N]> {
    // Longer than any padding can make it: not worth reading.
    if text.len() > N * 4 / 3 + 4 {
        return None;
    }
    decode(text, alphabet)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_section_10_hold() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(bytes.as_bytes(), Alphabet::Standard), text);
            assert_eq!(decode(text, Alphabet::Standard).unwrap(), bytes.as_bytes());
            let bare = text.trim_end_matches('=');
            assert_eq!(encode(bytes.as_bytes(), Alphabet::Url), bare);
            assert_eq!(decode(bare, Alphabet::Url).unwrap(), bytes.as_bytes());
        }
        assert_eq!(encode(&[0xfb, 0xff], Alphabet::Standard), "+/8=");
        assert_eq!(encode(&[0xfb, 0xff], Alphabet::Url), "-_8");
    }

    #[test]
    fn a_second_text_for_the_same_bytes_is_refused() {
        for text in ["Zg", "Zg=", "Zg===", "Zh==", "Z===", "Zm9=", "Z g=", "Zg==\n", "=", "====", "Zg==Zg=="]
        {
            assert_eq!(decode(text, Alphabet::Standard), None, "{text:?}");
        }
        for text in ["Zg==", "Zh", "Z", "Zm9", "+/8", "é"] {
            assert_eq!(decode(text, Alphabet::Url), None, "{text:?}");
        }
        assert_eq!(decode_exactly::<2>("Zm9v", Alphabet::Url), None);
        assert_eq!(decode_exactly::<3>("Zm9v", Alphabet::Url), Some(*b"foo"));
    }

    proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            for alphabet in [Alphabet::Standard, Alphabet::Url] {
                prop_assert_eq!(decode(&encode(&bytes, alphabet), alphabet), Some(bytes.clone()));
            }
        }

        #[test]
        fn what_is_read_is_written_the_same(text in "[A-Za-z0-9+/_=-]{0,12}") {
            for alphabet in [Alphabet::Standard, Alphabet::Url] {
                if let Some(bytes) = decode(&text, alphabet) {
                    prop_assert_eq!(encode(&bytes, alphabet), text.clone());
                }
            }
        }
    }
}
