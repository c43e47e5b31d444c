//! Errors of auth: one variant for each reason to refuse, each with a code that clients may rely on.

mod failure;

use jiff::Timestamp;

/// A password, a header, a token or a key was refused.
///
/// No message and no field holds a token or a password; what stood in a token's header or claims is quoted up to
/// a printable length.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no `Authorization` header.
    #[error("expected the header `Authorization: Bearer <token>`, got none")]
    HeaderMissing,
    /// The header is longer than any token.
    #[error("expected an `Authorization` header of at most {most} bytes, got {got}")]
    HeaderTooLong {
        /// The longest header, in bytes.
        most: usize,
        /// The length of the header, in bytes.
        got: usize,
    },
    /// The header has a character that no token has.
    #[error(
        "expected letters, digits and `-._~+/=` after `Bearer`, got another character at byte {position}"
    )]
    HeaderNotPlain {
        /// Where the character stands, counted from 1.
        position: usize,
    },
    /// The header has another scheme.
    #[error("expected the scheme `Bearer`, got {got}")]
    HeaderNotBearer {
        /// The scheme where it is a known one; the header's own text is not repeated, for it may be the token.
        got: &'static str,
    },
    /// The header has a scheme and no token.
    #[error("expected a token after `Bearer`, got nothing")]
    HeaderEmpty,
    /// The token is what a program writes where it has no value.
    #[error("expected a token after `Bearer`, got the word `{got}`")]
    HeaderPlaceholder {
        /// The word.
        got: &'static str,
    },
    /// More than one value follows the scheme.
    #[error("expected one token after `Bearer`, got {got} values")]
    HeaderManyValues {
        /// How many there are.
        got: usize,
    },

    /// The token is too long to be looked at.
    #[error("expected a token of at most {most} bytes, got {got}")]
    TokenTooLong {
        /// The longest token, in bytes.
        most: usize,
        /// The length of the token, in bytes.
        got: usize,
    },
    /// The token has not the three segments of RFC 7515 section 7.1.
    #[error("expected 3 segments separated by dots, got {segments}")]
    TokenMalformed {
        /// How many segments there are.
        segments: usize,
    },
    /// A segment is not base64url without padding.
    #[error(
        "expected the {segment} as base64url without padding, got something else at byte {position} of it"
    )]
    SegmentNotBase64 {
        /// Which segment: header, claims or signature.
        segment: &'static str,
        /// Where the fault is in the segment, counted from 1.
        position: usize,
    },
    /// A segment is not a JSON object.
    #[error("expected the {segment} as a JSON object, got something else at column {column}")]
    SegmentNotObject {
        /// Which segment: header or claims.
        segment: &'static str,
        /// Where the fault is in the decoded segment, counted from 1.
        column: usize,
    },
    /// A name stands twice in a segment, so that two readers could read two tokens.
    #[error("expected each name once in the {segment}, got `{name}` twice")]
    DuplicateName {
        /// Which segment: header or claims.
        segment: &'static str,
        /// The name.
        name: String,
    },
    /// The token is of another type, like a refresh or an identity token.
    #[error("expected a token of type `{expected}`, got {got}")]
    WrongType {
        /// The type of access tokens.
        expected: &'static str,
        /// What stands there.
        got: String,
    },
    /// The header has extensions that the reader must understand, and none is understood.
    #[error("expected no critical extensions in the header, got {got}")]
    CriticalExtension {
        /// What stands there.
        got: String,
    },
    /// The token claims another algorithm than the key's.
    #[error("expected the algorithm `{expected}` of the key, got {got}")]
    WrongAlgorithm {
        /// The algorithm of the keys.
        expected: &'static str,
        /// What stands there.
        got: String,
    },
    /// The token names no key.
    #[error("expected a key id (`kid`) in the header, got {got}")]
    KeyIdMissing {
        /// What stands there.
        got: String,
    },
    /// The token names a key that is not one of the verifier's.
    #[error("expected the key id of one of {keys} known keys, got {got}")]
    UnknownKey {
        /// How many keys are known.
        keys: usize,
        /// What stands there.
        got: String,
    },
    /// The signature was taken off.
    #[error("expected a signature after the second dot, got nothing")]
    SignatureMissing,
    /// The signature is not that of the key over the header and the claims.
    #[error("expected the signature of the key `{key_id}` over header and claims, got another")]
    BadSignature {
        /// The key that was tried.
        key_id: String,
    },
    /// A claim that every access token has is absent.
    #[error("expected the claim `{claim}`, got none")]
    ClaimMissing {
        /// The claim's name.
        claim: &'static str,
    },
    /// A claim is of another type or form.
    #[error("expected the claim `{claim}` to be {expected}, got {got}")]
    ClaimMalformed {
        /// The claim's name.
        claim: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What stands there.
        got: String,
    },
    /// The token comes from another issuer.
    #[error("expected the issuer `{expected}`, got {got}")]
    WrongIssuer {
        /// The verifier's issuer.
        expected: String,
        /// What stands there.
        got: String,
    },
    /// The token is meant for another service.
    #[error("expected the audience `{expected}`, got {got}")]
    WrongAudience {
        /// The verifier's audience.
        expected: String,
        /// What stands there.
        got: String,
    },
    /// The token's time is over.
    #[error("expected a token that is valid now, got one that expired at {expired_at}, {seconds_ago} s ago")]
    TokenExpired {
        /// The first instant at which it was no longer valid.
        expired_at: Timestamp,
        /// How long ago that was, in seconds.
        seconds_ago: i64,
    },
    /// The token's time has not come.
    #[error(
        "expected a token that is valid now, got one that is valid from {not_before}, in {seconds_left} s"
    )]
    TokenNotYetValid {
        /// The first instant at which it is valid.
        not_before: Timestamp,
        /// How long that is from now, in seconds.
        seconds_left: i64,
    },
    /// The token says that it was issued later than now.
    #[error("expected a token issued before now, got one issued at {issued_at}, in {seconds_left} s")]
    IssuedInFuture {
        /// When it says that it was issued.
        issued_at: Timestamp,
        /// How long that is from now, in seconds.
        seconds_left: i64,
    },
    /// The token lives longer than any that is issued.
    #[error("expected a token that lives at most {most} s, got one that lives {got} s")]
    LifetimeTooLong {
        /// The longest lifetime, in seconds.
        most: u64,
        /// The token's lifetime, in seconds.
        got: i64,
    },
    /// The token was revoked: its session ended, its user was disabled, or it was given up.
    #[error("expected a token that has not been revoked, got one that was revoked at {at}")]
    TokenRevoked {
        /// When that was.
        at: Timestamp,
    },

    /// A text is not a refresh token.
    #[error(
        "expected a refresh token like `gridrt_...` with its checksum, got {got} bytes of something else"
    )]
    RefreshMalformed {
        /// The length of the text, in bytes.
        got: usize,
    },
    /// A refresh token is of no session that is known.
    #[error("expected the refresh token of a session, got one of none that is known")]
    RefreshUnknown,
    /// A refresh token was used before; its session is over.
    #[error("expected a refresh token that has not been used, got an old one: its session is over")]
    RefreshReplayed,
    /// The session of a refresh token has ended or expired.
    #[error("expected the refresh token of a session that lasts, got one whose session is over")]
    SessionOver,

    /// A token cannot be issued for this long.
    #[error("expected a lifetime from 1 s to {most} s, got {got} s")]
    LifetimeOutOfRange {
        /// The longest lifetime, in seconds.
        most: u64,
        /// The lifetime that was asked for, in whole seconds.
        got: u64,
    },
    /// The subject's name and scopes do not fit in a token.
    #[error("expected a subject that fits in a token of {most} bytes, got one that needs {got}")]
    SubjectTooLong {
        /// The longest token, in bytes.
        most: usize,
        /// The length that it would have, in bytes.
        got: usize,
    },
    /// A text is not a scope of RFC 6749 section 3.3.
    #[error("expected a scope of printable ASCII without spaces, `\"` and `\\`, got `{got}`")]
    NotAScope {
        /// The text, cut to a printable length.
        got: String,
    },
    /// A public key is not the JWK of an Ed25519 key.
    #[error("expected `{member}` of the key to be {expected}, got {got}")]
    KeyMalformed {
        /// The member of the JWK, or of the set.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What stands there.
        got: String,
    },
    /// A signing key cannot be read.
    #[error("expected an Ed25519 key as PKCS#8, got {got} bytes of something else")]
    SigningKeyUnreadable {
        /// How many bytes there are.
        got: usize,
    },

    /// A secret is too short not to be guessed.
    #[error("expected a secret of at least {least} bytes, got {got}")]
    SecretTooShort {
        /// The shortest secret, in bytes.
        least: usize,
        /// The length of the secret, in bytes.
        got: usize,
    },
    /// What is stored was sealed by another key, or has been changed.
    #[error(
        "expected `{context}` as it was sealed by this key, got what another key sealed, or what was changed since"
    )]
    NotSealedByThisKey {
        /// What it is.
        context: String,
    },
    /// The machine could not encrypt.
    #[error("failed to seal a secret")]
    SealingFailed,
    /// There is no key that signs.
    #[error("expected at least one signing key, got none")]
    NoSigningKey,

    /// A text is not an API key.
    #[error("expected an API key of `gridkey_` and 38 letters and digits, got {got}")]
    ApiKeyMalformed {
        /// What is wrong with it; the text itself is not repeated.
        got: &'static str,
    },
    /// A text is not a setup token.
    #[error("expected a setup token of `gridsetup_` and 38 letters and digits, got {got}")]
    SetupTokenMalformed {
        /// What is wrong with it; the text itself is not repeated.
        got: &'static str,
    },
    /// A text is not a recovery code.
    #[error("expected a recovery code of 10 letters and digits, got {got}")]
    RecoveryCodeMalformed {
        /// What is wrong with it; the text itself is not repeated.
        got: &'static str,
    },
    /// The secret of a second factor cannot be read.
    #[error("expected a secret of {expected} bytes for the second factor, got {got}")]
    TotpSecretUnreadable {
        /// How many bytes a secret has.
        expected: usize,
        /// How many there are.
        got: usize,
    },
    /// A name cannot stand in the label of a second factor.
    #[error("expected an {part} without colons to label the second factor, got `{got}`")]
    TotpLabelMalformed {
        /// Which part of the label: issuer or account.
        part: &'static str,
        /// The name, cut to a printable length.
        got: String,
    },

    /// A password is too short to be safe.
    #[error("expected a password of at least {least} characters, got {got}")]
    PasswordTooShort {
        /// The fewest characters.
        least: usize,
        /// The number of characters.
        got: usize,
    },
    /// A password is too long to be hashed for a stranger.
    #[error("expected a password of at most {most} characters, got {got}")]
    PasswordTooLong {
        /// The most characters.
        most: usize,
        /// The number of characters.
        got: usize,
    },
    /// A new password is one that everybody tries first.
    #[error("expected a password that is not among the most common ones")]
    PasswordTooCommon,
    /// The cost of hashing is outside of what is sensible.
    #[error(
        "expected Argon2id with 8 KiB a lane up to {most_kib} KiB, 1 to {most_passes} passes and 1 to {most_lanes} \
         lanes, got {memory_kib} KiB, {passes} passes and {lanes} lanes"
    )]
    CostOutOfRange {
        /// The memory that was asked for, in KiB.
        memory_kib: u32,
        /// The passes that were asked for.
        passes: u32,
        /// The lanes that were asked for.
        lanes: u32,
        /// The most memory, in KiB.
        most_kib: u32,
        /// The most passes.
        most_passes: u32,
        /// The most lanes.
        most_lanes: u32,
    },
    /// A stored hash is not one that can be verified.
    #[error(
        "expected a stored password hash like `$argon2id$v=19$m=19456,t=2,p=1$salt$hash` or `$2b$12$salthash`, got {got}"
    )]
    HashMalformed {
        /// What is wrong with it; the hash itself is not repeated.
        got: &'static str,
    },
    /// A password could not be hashed, for want of memory.
    #[error("failed to hash a password with {memory_kib} KiB of memory")]
    HashingFailed {
        /// The memory that the hash needs, in KiB.
        memory_kib: u32,
    },
    /// The operating system gave no random bytes.
    #[error("failed to get random bytes from the operating system")]
    NoRandom,
    /// A token could not be signed.
    #[error("failed to sign a token with the key `{key_id}`")]
    SigningFailed {
        /// The key.
        key_id: String,
    },
}
