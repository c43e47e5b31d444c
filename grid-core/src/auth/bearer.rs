//! The token in an `Authorization` header (RFC 6750 section 2.1).

use super::{Error, token::LONGEST_TOKEN};

/// Words that programs write where they have no value.
const PLACEHOLDERS: [&str; 4] = ["undefined", "null", "None", "NaN"];

/// Schemes that can be named without repeating what may be a secret.
const SCHEMES: [&str; 7] = ["Basic", "Digest", "Token", "JWT", "ApiKey", "Negotiate", "DPoP"];

/// Takes the token out of the value of an `Authorization` header.
///
/// The scheme is read in any case, and spaces around the parts are tolerated. The bytes are those of the request: any
/// bytes at all give an error with a reason, never a panic. A server that receives the header more than once should
/// join the values with a comma (RFC 9110 section 5.3), which is then refused here.
///
/// # Errors
///
/// All of kind `Unauthenticated`: the header is missing, longer than 8 KiB, of another scheme, without a token, with
/// more than one, with a word like `undefined` in its place, or with a character that RFC 6750 does not allow.
///
/// ```
/// # use grid_core::auth::bearer;
/// assert_eq!(bearer(Some(b"bearer  abc.def.ghi "))?, "abc.def.ghi");
/// assert_eq!(
///     bearer(Some(b"Basic a2F0OnNlY3JldA==")).unwrap_err().to_string(),
///     "expected the scheme `Bearer`, got `Basic`",
/// );
/// # Ok::<(), grid_core::auth::Error>(())
/// ```
///
/// # References
///
/// RFC 6750 section 2.1 (`b64token`); RFC 9110 section 11.1 (the scheme is case-insensitive).
pub fn bearer(header: Option<&[u8]>) -> Result<&str, Error> {
    let bytes = header.ok_or(Error::HeaderMissing)?;
    if bytes.len() > LONGEST_TOKEN {
        return Err(Error::HeaderTooLong { most: LONGEST_TOKEN, got: bytes.len() });
    }
    let header = std::str::from_utf8(bytes)
        .map_err(|fault| Error::HeaderNotPlain { position: fault.valid_up_to().saturating_add(1) })?;
    let spaces = [' ', '\t'];
    let header = header.trim_matches(spaces);
    let (scheme, rest) = header.split_once(spaces).unwrap_or((header, ""));
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(Error::HeaderNotBearer { got: name_of(scheme) });
    }
    let token = rest.trim_matches(spaces);
    if token.is_empty() {
        return Err(Error::HeaderEmpty);
    }
    if let Some(offset) = stranger(token) {
        let values = token.split([' ', '\t', ',']).filter(|value| !value.is_empty()).count();
        return Err(if values > 1 || token.contains(',') {
            Error::HeaderManyValues { got: values }
        } else {
            // The token ends the trimmed header, and what was trimmed before it is part of the position.
            let before = bytes.iter().position(|byte| *byte != b' ' && *byte != b'\t').unwrap_or_default();
            let start = before.saturating_add(header.len().saturating_sub(token.len()));
            Error::HeaderNotPlain { position: start.saturating_add(offset).saturating_add(1) }
        });
    }
    match PLACEHOLDERS.into_iter().find(|word| *word == token) {
        Some(got) => Err(Error::HeaderPlaceholder { got }),
        None => Ok(token),
    }
}

/// Where the first character stands that a `b64token` has not; `=` is only for its end.
fn stranger(token: &str) -> Option<usize> {
    let body = token.trim_end_matches('=');
    if body.is_empty() {
        return Some(0);
    }
    body.bytes().position(|byte| {
        !matches!(byte, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    })
}

fn name_of(scheme: &str) -> &'static str {
    match SCHEMES.into_iter().find(|known| known.eq_ignore_ascii_case(scheme)) {
        Some("Basic") => "`Basic`",
        Some("Digest") => "`Digest`",
        Some("Token") => "`Token`",
        Some("JWT") => "`JWT`",
        Some("ApiKey") => "`ApiKey`",
        Some("Negotiate") => "`Negotiate`",
        Some("DPoP") => "`DPoP`",
        _ if scheme.is_empty() => "an empty header",
        _ if scheme.matches('.').count() == 2 => "a token without a scheme",
        _ => "another word",
    }
}
