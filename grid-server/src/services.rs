//! What the server has once its database could be reached: the store, the keys that sign tokens, and what it knows of
//! tokens that were revoked.
//!
//! Any number of servers work on one database. Each follows what the others do, by asking the database every other
//! second; whatever happens here is in force here at once.

use std::{
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use grid_core::{
    auth::{
        self, AccessToken, Issuer, JwkSet, KeyRing, PasswordHasher, Principal, RememberingVerifier,
        Revocation, SealingKey, SharedSecret, SigningKey, Subject, Verifier, VerifyingKey,
    },
    store::{Store, StoredKey},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{clock, config::Config, problem::Problem};

/// How often the server asks what others have done.
pub(crate) const FOLLOWS: Duration = Duration::from_secs(2);
/// After how long a request asks first, where the process was kept from asking, as on a platform that stops it between
/// requests.
const STALE: SignedDuration = SignedDuration::from_secs(4);
/// How soon after the others were asked they are asked again for a token with a key that is not known.
const PATIENCE: SignedDuration = SignedDuration::from_secs(1);
/// How many verified tokens are remembered; some 400 bytes each.
const REMEMBERED: usize = 20_000;

/// The store, the keys and the revocations.
#[derive(Debug)]
pub(crate) struct Services {
    store: Store,
    issuer: String,
    audience: String,
    lifetime: Duration,
    hasher: PasswordHasher,
    sealing_key: Option<SealingKey>,
    shared_secret: Option<SharedSecret>,
    verifier: RememberingVerifier,
    keys: RwLock<Arc<Keys>>,
    /// When the others were last asked, in microseconds since 1970.
    followed_at: AtomicI64,
    following: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Keys {
    issuer: Issuer,
    ring: KeyRing,
    public: Vec<VerifyingKey>,
}

impl Services {
    /// Reads the signing keys of a migrated store; where there is none yet, or the newest is too old, one is made.
    pub(crate) async fn open(store: Store, config: &Config) -> Result<Self, Problem> {
        let setting = |error: crate::config::Error| Problem::internal(&crate::cli::chain(&error));
        let hasher = config.password_hasher().map_err(setting)?;
        let sealing_key = config.sealing_key().map_err(setting)?;
        let shared_secret = config.shared_secret().map_err(setting)?;
        let now = clock::now();
        let mut stored = store.signing_keys().await?;
        seal_what_is_open(&store, sealing_key.as_ref(), &mut stored).await?;
        if stored.is_empty() {
            add_key(&store, sealing_key.as_ref(), now).await?;
            stored = store.signing_keys().await?;
        }
        let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
        let lifetime = config.token_time();
        let ring = ring(&stored, sealing_key.as_ref())?;
        let keys = Keys::of(ring, &issuer, &audience, lifetime, now)?;
        let verifier =
            RememberingVerifier::new(keys.verifier(&issuer, &audience), shared_secret.clone(), REMEMBERED);
        let services = Self {
            store,
            issuer,
            audience,
            lifetime,
            hasher,
            sealing_key,
            shared_secret,
            verifier,
            keys: RwLock::new(Arc::new(keys)),
            followed_at: AtomicI64::new(0),
            following: tokio::sync::Mutex::default(),
        };
        services.keep_house(config, now).await?;
        services.follow(now).await?;
        Ok(services)
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// How passwords are hashed.
    pub(crate) const fn hasher(&self) -> &PasswordHasher {
        &self.hasher
    }

    /// What seals the secrets of second factors, where there is a key.
    pub(crate) const fn sealing_key(&self) -> Option<&SealingKey> {
        self.sealing_key.as_ref()
    }

    /// The issuer's name, as tokens have it.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience of the tokens.
    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    /// When a token that is issued now has expired.
    pub(crate) fn last_token(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.lifetime).unwrap_or(Timestamp::MAX)
    }

    /// Issues an access token: of the HS256 mode where that is set up.
    pub(crate) fn issue(&self, id: Uuid, subject: &Subject, now: Timestamp) -> Result<AccessToken, Problem> {
        Ok(match &self.shared_secret {
            Some(secret) => secret.issue_as(id, subject, self.lifetime, now)?,
            None => self.keys().issuer.issue_as(id, subject, now)?,
        })
    }

    /// Who a token says is asking.
    pub(crate) async fn verify(&self, token: &str) -> Result<Arc<Principal>, Problem> {
        let now = clock::now();
        if self.age(now) > STALE {
            self.catch_up(now, STALE).await;
        }
        match self.verifier.verify(token, now) {
            // Another server may have made a key since.
            Err(auth::Error::UnknownKey { .. }) if self.age(now) > PATIENCE => {
                self.catch_up(now, PATIENCE).await;
                Ok(self.verifier.verify(token, now)?)
            }
            verified => Ok(verified?),
        }
    }

    /// Refuses from now on what a revocation concerns, here at once and on the other servers within seconds.
    pub(crate) async fn revoke(&self, revocation: Revocation) -> Result<(), Problem> {
        self.verifier.revoke(revocation);
        self.store.revoke(&revocation).await?;
        Ok(())
    }

    /// Refuses from now on what a revocation concerns that the store has already.
    pub(crate) fn revoked(&self, revocation: Revocation) {
        self.verifier.revoke(revocation);
    }

    /// The public keys.
    pub(crate) fn jwks(&self) -> JwkSet {
        self.keys().public.iter().collect()
    }

    /// Takes in what other servers have done: sessions that ended, keys that came or went.
    pub(crate) async fn follow(&self, now: Timestamp) -> Result<(), Problem> {
        self.followed_at.store(now.as_microsecond(), Ordering::Relaxed);
        self.verifier.revoke_all(self.store.revocations(now).await?, now);
        let stored = self.store.signing_keys().await?;
        let ring = ring(&stored, self.sealing_key.as_ref())?;
        let fresh = Keys::of(ring, &self.issuer, &self.audience, self.lifetime, now)?;
        if fresh.names() != self.keys().names() {
            self.verifier.replace(fresh.verifier(&self.issuer, &self.audience));
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        }
        Ok(())
    }

    /// Makes a key where the newest is too old, and removes what has no use any more.
    pub(crate) async fn keep_house(&self, config: &Config, now: Timestamp) -> Result<(), Problem> {
        let ring = ring(&self.store.signing_keys().await?, self.sealing_key.as_ref())?;
        if ring.is_due(config.key_age(), now) {
            add_key(&self.store, self.sealing_key.as_ref(), now).await?;
            tracing::info!(
                "another key signs from now on; the one before it verifies until its last token is gone"
            );
        }
        for key in ring.spent(now) {
            self.store.remove_signing_key(key.as_str()).await?;
        }
        self.store.prune_auth(now).await?;
        Ok(())
    }

    /// How long ago the others were asked.
    fn age(&self, now: Timestamp) -> SignedDuration {
        SignedDuration::from_micros(
            now.as_microsecond().saturating_sub(self.followed_at.load(Ordering::Relaxed)),
        )
    }

    /// Asks the others first, one request at a time. Where the database does not answer, tokens are still verified.
    async fn catch_up(&self, now: Timestamp, age: SignedDuration) {
        let _one_at_a_time = self.following.lock().await;
        if self.age(now) > age
            && let Err(problem) = self.follow(now).await
        {
            tracing::warn!("cannot ask which tokens were revoked elsewhere: {problem}");
        }
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Keys {
    fn of(
        ring: KeyRing,
        issuer: &str,
        audience: &str,
        lifetime: Duration,
        now: Timestamp,
    ) -> Result<Self, Problem> {
        Ok(Self {
            issuer: Issuer::new(ring.signing_key().clone(), issuer, audience).with_lifetime(lifetime)?,
            public: ring.verifying_keys(now),
            ring,
        })
    }

    fn verifier(&self, issuer: &str, audience: &str) -> Verifier {
        Verifier::new(self.public.iter().cloned(), issuer, audience)
    }

    /// What tells one state of the keys from another.
    fn names(&self) -> (Vec<&str>, &str) {
        let public = self.public.iter().map(|key| key.key_id().as_str()).collect();
        (public, self.ring.signing_key().key_id().as_str())
    }
}

/// Makes a signing key and stores it, sealed where there is a key for that.
pub(crate) async fn add_key(
    store: &Store,
    sealing_key: Option<&SealingKey>,
    now: Timestamp,
) -> Result<SigningKey, Problem> {
    let key = SigningKey::generate()?;
    let name = key.key_id().as_str();
    match sealing_key {
        Some(sealing_key) => {
            let sealed = sealing_key.seal(key.as_pkcs8(), &context(name))?;
            store.add_signing_key(name, &sealed, true, now).await?;
        }
        None => store.add_signing_key(name, key.as_pkcs8(), false, now).await?,
    }
    Ok(key)
}

/// Seals the keys that were stored before there was a sealing key.
async fn seal_what_is_open(
    store: &Store,
    sealing_key: Option<&SealingKey>,
    stored: &mut [StoredKey],
) -> Result<(), Problem> {
    let Some(sealing_key) = sealing_key else { return Ok(()) };
    for key in stored.iter_mut().filter(|key| !key.sealed) {
        let sealed = sealing_key.seal(&key.pkcs8, &context(&key.kid))?;
        store.seal_signing_key(&key.kid, &sealed).await?;
        (key.pkcs8, key.sealed) = (sealed, true);
    }
    Ok(())
}

/// The stored keys as a ring.
pub(crate) fn ring(stored: &[StoredKey], sealing_key: Option<&SealingKey>) -> Result<KeyRing, Problem> {
    let mut keys = Vec::new();
    for key in stored {
        let signing = match (key.sealed, sealing_key) {
            (false, _) => SigningKey::from_pkcs8(&key.pkcs8)?,
            (true, Some(sealing_key)) => {
                SigningKey::from_pkcs8(&sealing_key.open(&key.pkcs8, &context(&key.kid))?)?
            }
            (true, None) => {
                return Err(Problem::internal(
                    "the signing keys in the database are sealed: set GRID_SEALING_KEY to the key that they were sealed with",
                ));
            }
        };
        keys.push((signing, key.created_at));
    }
    Ok(KeyRing::new(keys)?)
}

/// What a sealed signing key is bound to.
fn context(kid: &str) -> String {
    format!("signing key {kid}")
}
