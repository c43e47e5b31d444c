//! No text makes the parser of API keys panic; what it takes is a key, and what is a key it takes.

#![no_main]

use grid_core::auth::ApiKey;
use libfuzzer_sys::fuzz_target;

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    check(&text);
    // The same with the checksum that it ought to have, which is hard to come by by chance.
    let with_checksum = format!("{text}{}", checksum(text.as_bytes()));
    check(&with_checksum);
    check(&format!("{}{with_checksum}", ApiKey::PREFIX));
});

fn check(text: &str) {
    match ApiKey::parse(text) {
        Ok(key) => {
            assert!(is_key(text), "{text:?} was taken for a key");
            assert_eq!(key.expose(), text);
            assert_eq!(key.hint(), format!("{}…", &text[..12]));
            assert_eq!(ApiKey::parse(key.expose()).unwrap().hash(), key.hash());
        }
        Err(refused) => {
            assert!(!is_key(text), "{text:?} was refused: {refused}");
            assert_eq!(refused.reason(), "api_key_malformed");
        }
    }
}

/// The rule, written a second time.
fn is_key(text: &str) -> bool {
    text.is_ascii() && text.len() == 46 && text.starts_with("gridkey_") && {
        let (body, end) = text.split_at(40);
        body[8..].bytes().all(|byte| DIGITS.contains(&byte)) && checksum(body.as_bytes()) == end
    }
}

/// The CRC-32 of ISO-HDLC, bit by bit, in six digits of base 62.
fn checksum(bytes: &[u8]) -> String {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    let mut left = !crc;
    let mut digits = [0; 6];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[left as usize % 62];
        left /= 62;
    }
    String::from_utf8(digits.to_vec()).unwrap()
}
