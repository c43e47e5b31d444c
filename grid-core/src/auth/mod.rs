//! Who is asking: passwords, access tokens and the keys that sign them.
//!
//! Usable without a server: an [`Issuer`] makes tokens, a [`Verifier`] checks them with public keys alone, a
//! [`PasswordHasher`] keeps passwords, [`bearer()`] takes a token out of a header. Nothing here reads a clock, a file or
//! a database.
//!
//! An access token is a JWT after RFC 9068, signed with Ed25519. The signature comes from `jsonwebtoken`; every check
//! is made by [`Verifier::verify`], because a library that is asked nicely accepts an absent audience, an unknown
//! critical extension, any type and the second of expiry. [`inspect`] says which check fails and believes nothing.
//!
//! ```
//! use grid_core::auth::{Issuer, Scopes, SigningKey, Subject, Verifier};
//! let kat = Subject { user_id: uuid::Uuid::from_u128(7), username: "kat".into(), scope: Scopes::default(), session_id: None };
//! let now: jiff::Timestamp = "2026-03-29T01:00:00Z".parse()?;
//!
//! let key = SigningKey::generate()?;
//! let public = key.verifying_key();
//! let issued = Issuer::new(key, "https://grid.example", "grid-api").issue(&kat, now)?;
//! let caller = Verifier::new([public], "https://grid.example", "grid-api").verify(&issued.token, now)?;
//! assert_eq!(caller.username, "kat");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod api_key;
mod bearer;
mod checksum;
mod claims;
mod error;
mod idempotency;
mod inspection;
mod issuer;
mod key;
mod key_ring;
mod old_hash;
mod password;
mod recovery_code;
mod refresh;
mod remembering;
mod revocation;
mod scope;
mod seal;
mod secret_text;
mod session;
mod setup_token;
mod shared_secret;
mod throttle;
mod token;
mod totp;
mod verifier;

pub use api_key::ApiKey;
pub use bearer::bearer;
pub use claims::{Claims, Principal, Subject};
pub use error::Error;
pub use idempotency::{Fingerprint, IdempotencyKey};
pub use inspection::{Check, Inspection, Outcome, inspect, inspect_shared};
pub use issuer::{AccessToken, DEFAULT_LIFETIME, Issuer, LONGEST_LIFETIME, new_token_id};
pub use key::{Jwk, JwkSet, KeyId, SigningKey, VerifyingKey};
pub use key_ring::KeyRing;
pub use password::{Password, PasswordHasher};
pub use recovery_code::{RecoveryCode, RecoveryCodes};
pub use refresh::{RefreshToken, sha256};
pub use remembering::RememberingVerifier;
pub use revocation::{Revocation, Revocations, Revoked};
pub use scope::{Scope, Scopes};
pub use seal::SealingKey;
pub use session::{Chain, Ended, Refreshed, Session, SessionLimits};
pub use setup_token::SetupToken;
pub use shared_secret::SharedSecret;
pub use throttle::{Decision, Throttle};
pub use token::LONGEST_TOKEN;
pub use totp::TotpSecret;
pub use verifier::{LEEWAY_SECONDS, Verifier};
