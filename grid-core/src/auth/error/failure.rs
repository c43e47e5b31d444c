//! What a refusal means to a client: its code, its kind, and what to do about it.

use super::Error;
use crate::error::{Failure, Kind};

impl Error {
    /// The code of the reason, one a variant; it stays the same when the message changes.
    ///
    /// ```
    /// use grid_core::auth::{Error, bearer};
    /// assert_eq!(bearer(None).unwrap_err().reason(), "header_missing");
    /// assert_eq!(bearer(Some(b"Bearer undefined")).unwrap_err().reason(), "header_placeholder");
    /// ```
    pub fn reason(&self) -> &'static str {
        match self {
            Self::HeaderMissing => "header_missing",
            Self::HeaderTooLong { .. } => "header_too_long",
            Self::HeaderNotPlain { .. } => "header_not_plain",
            Self::HeaderNotBearer { .. } => "header_not_bearer",
            Self::HeaderEmpty => "header_empty",
            Self::HeaderPlaceholder { .. } => "header_placeholder",
            Self::HeaderManyValues { .. } => "header_many_values",
            Self::TokenTooLong { .. } => "token_too_long",
            Self::TokenMalformed { .. } => "token_malformed",
            Self::SegmentNotBase64 { .. } => "segment_not_base64",
            Self::SegmentNotObject { .. } => "segment_not_object",
            Self::DuplicateName { .. } => "duplicate_name",
            Self::WrongType { .. } => "wrong_type",
            Self::CriticalExtension { .. } => "critical_extension",
            Self::WrongAlgorithm { .. } => "wrong_algorithm",
            Self::KeyIdMissing { .. } => "key_id_missing",
            Self::UnknownKey { .. } => "unknown_key",
            Self::SignatureMissing => "signature_missing",
            Self::BadSignature { .. } => "bad_signature",
            Self::ClaimMissing { .. } => "claim_missing",
            Self::ClaimMalformed { .. } => "claim_malformed",
            Self::WrongIssuer { .. } => "wrong_issuer",
            Self::WrongAudience { .. } => "wrong_audience",
            Self::TokenExpired { .. } => "token_expired",
            Self::TokenNotYetValid { .. } => "token_not_yet_valid",
            Self::IssuedInFuture { .. } => "issued_in_future",
            Self::LifetimeTooLong { .. } => "lifetime_too_long",
            Self::TokenRevoked { .. } => "token_revoked",
            Self::RefreshMalformed { .. } => "refresh_malformed",
            Self::RefreshUnknown => "refresh_unknown",
            Self::RefreshReplayed => "refresh_replayed",
            Self::SessionOver => "session_over",
            Self::LifetimeOutOfRange { .. } => "lifetime_out_of_range",
            Self::SubjectTooLong { .. } => "subject_too_long",
            Self::NotAScope { .. } => "not_a_scope",
            Self::KeyMalformed { .. } => "key_malformed",
            Self::SigningKeyUnreadable { .. } => "signing_key_unreadable",
            Self::SecretTooShort { .. } => "secret_too_short",
            Self::NotSealedByThisKey { .. } => "not_sealed_by_this_key",
            Self::SealingFailed => "sealing_failed",
            Self::NoSigningKey => "no_signing_key",
            Self::ApiKeyMalformed { .. } => "api_key_malformed",
            Self::SetupTokenMalformed { .. } => "setup_token_malformed",
            Self::RecoveryCodeMalformed { .. } => "recovery_code_malformed",
            Self::TotpSecretUnreadable { .. } => "totp_secret_unreadable",
            Self::TotpLabelMalformed { .. } => "totp_label_malformed",
            Self::PasswordTooShort { .. } => "password_too_short",
            Self::PasswordTooLong { .. } => "password_too_long",
            Self::PasswordTooCommon => "password_too_common",
            Self::CostOutOfRange { .. } => "cost_out_of_range",
            Self::HashMalformed { .. } => "hash_malformed",
            Self::HashingFailed { .. } => "hashing_failed",
            Self::NoRandom => "no_random",
            Self::SigningFailed { .. } => "signing_failed",
        }
    }
}

impl Failure for Error {
    fn kind(&self) -> Kind {
        match self {
            Self::HeaderMissing
            | Self::HeaderTooLong { .. }
            | Self::HeaderNotPlain { .. }
            | Self::HeaderNotBearer { .. }
            | Self::HeaderEmpty
            | Self::HeaderPlaceholder { .. }
            | Self::HeaderManyValues { .. }
            | Self::TokenTooLong { .. }
            | Self::TokenMalformed { .. }
            | Self::SegmentNotBase64 { .. }
            | Self::SegmentNotObject { .. }
            | Self::DuplicateName { .. }
            | Self::WrongType { .. }
            | Self::CriticalExtension { .. }
            | Self::WrongAlgorithm { .. }
            | Self::KeyIdMissing { .. }
            | Self::UnknownKey { .. }
            | Self::SignatureMissing
            | Self::BadSignature { .. }
            | Self::ClaimMissing { .. }
            | Self::ClaimMalformed { .. }
            | Self::WrongIssuer { .. }
            | Self::WrongAudience { .. }
            | Self::TokenExpired { .. }
            | Self::TokenNotYetValid { .. }
            | Self::IssuedInFuture { .. }
            | Self::LifetimeTooLong { .. }
            | Self::TokenRevoked { .. }
            | Self::RefreshMalformed { .. }
            | Self::RefreshUnknown
            | Self::RefreshReplayed
            | Self::SessionOver
            | Self::ApiKeyMalformed { .. }
            | Self::RecoveryCodeMalformed { .. } => Kind::Unauthenticated,
            Self::LifetimeOutOfRange { .. }
            | Self::SubjectTooLong { .. }
            | Self::NotAScope { .. }
            | Self::KeyMalformed { .. }
            | Self::SecretTooShort { .. }
            | Self::TotpLabelMalformed { .. }
            | Self::SetupTokenMalformed { .. }
            | Self::PasswordTooShort { .. }
            | Self::PasswordTooLong { .. }
            | Self::PasswordTooCommon
            | Self::CostOutOfRange { .. } => Kind::Invalid,
            Self::HashingFailed { .. } => Kind::Unavailable,
            Self::SigningKeyUnreadable { .. }
            | Self::NotSealedByThisKey { .. }
            | Self::SealingFailed
            | Self::NoSigningKey
            | Self::TotpSecretUnreadable { .. }
            | Self::HashMalformed { .. }
            | Self::NoRandom
            | Self::SigningFailed { .. } => Kind::Internal,
        }
    }

    fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::HeaderMissing => {
                "log in, and send the `access_token` as `Authorization: Bearer <access_token>`"
            }
            Self::HeaderNotBearer { .. } => "write `Bearer`, a space and the token",
            Self::HeaderPlaceholder { .. } => {
                "the client stored no token: read `access_token` from the answer to the login"
            }
            Self::HeaderManyValues { .. } => "send `Bearer` once, and one token after it",
            Self::HeaderNotPlain { .. } => "send the token without quotes",
            Self::TokenRevoked { .. } | Self::RefreshReplayed | Self::SessionOver => "log in again",
            Self::SecretTooShort { .. } => "make one with `openssl rand -base64 32`",
            Self::NotSealedByThisKey { .. } => "give the key that it was sealed with",
            Self::TokenExpired { .. } => "refresh the token or log in again",
            Self::TokenNotYetValid { .. } | Self::IssuedInFuture { .. } => {
                "compare the clocks of the issuer and the verifier"
            }
            Self::TokenMalformed { .. } => "send the whole access token, as the login answered it",
            Self::PasswordTooCommon => "take several words that do not belong together",
            Self::ApiKeyMalformed { .. } => "send the whole key, as it was shown when it was made",
            Self::SetupTokenMalformed { .. } => {
                "open the whole link, as the server printed it when it started"
            }
            _ => return None,
        };
        Some(hint.to_owned())
    }
}
