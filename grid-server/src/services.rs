//! What the server has once its database could be reached: the store, the keys that sign tokens, and what it knows of
//! tokens that were revoked.
//!
//! Any number of servers work on one database. Each follows what the others do, by asking the database every other
//! second; whatever happens here is in force here at once.

use std::{
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use grid_core::{
    auth::{
        self, AccessToken, Issuer, JwkSet, KeyRing, PasswordHasher, Principal, RememberingVerifier,
        Revocation, SealingKey, SharedSecret, SigningKey, Subject, Verifier, VerifyingKey,
    },
    proof::PublicKey,
    store::{Budget, Store, StoredKey},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::{clock, config::Config, problem::Problem};

/// How often the server asks what others have done.
pub(crate) const FOLLOWS: Duration = Duration::from_secs(2);

/// How long the database may take to tell them.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(2);
/// After how long a request asks first, where the process was kept from asking, as on a platform that stops it between
/// requests.
const STALE: SignedDuration = SignedDuration::from_secs(4);
/// How soon after the others were asked they are asked again for a token with a key that is not known.
const PATIENCE: SignedDuration = SignedDuration::from_secs(1);
/// How many may wait to ask again: a token can be made up, and takes a place while it waits.
const ASK_AGAIN: usize = 32;
/// The longest that a token of the HS256 mode may still be good for, which other services make: revocations are remembered
/// for as long.
const LONGEST_SHARED: SignedDuration = SignedDuration::from_hours(31 * 24);
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
    /// The public half of the key of the log, once there is one; it stays the same for as long as the database lives.
    log_key: OnceLock<PublicKey>,
    /// When the others were last asked, in microseconds since 1970 ...
    asked_at: AtomicI64,
    /// ... and when they last answered.
    followed_at: AtomicI64,
    following: tokio::sync::Mutex<()>,
    /// Those who wait to ask for a key that is not known.
    unknown: tokio::sync::Semaphore,
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
        if let Some(sealing_key) = &sealing_key {
            store.seal_log_keys(sealing_key).await?;
        }
        if stored.is_empty() {
            add_key(&store, sealing_key.as_ref(), now).await?;
            stored = store.signing_keys().await?;
        }
        let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
        let lifetime = config.token_time();
        let ring = ring(&stored, sealing_key.as_ref())?;
        let keys = Keys::of(ring, &issuer, &audience, lifetime, now)?;
        let verifier = RememberingVerifier::new(
            keys.verifier(&issuer, &audience, lifetime),
            shared_secret.clone(),
            REMEMBERED,
        );
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
            log_key: OnceLock::new(),
            asked_at: AtomicI64::new(0),
            followed_at: AtomicI64::new(0),
            following: tokio::sync::Mutex::default(),
            unknown: tokio::sync::Semaphore::new(ASK_AGAIN),
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

    /// The public key of the log; `None` while none was made. The private one is opened for it once and not at each call,
    /// which anybody may make.
    pub(crate) async fn log_key(&self) -> Result<Option<PublicKey>, Problem> {
        if let Some(known) = self.log_key.get() {
            return Ok(Some(*known));
        }
        let key = self.store.log_key(self.sealing_key()).await?;
        Ok(key.map(|key| *self.log_key.get_or_init(|| key.public_key())))
    }

    /// The issuer's name, as tokens have it, and as the log is called where none has begun yet: one that has keeps its name.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The audience of the tokens.
    pub(crate) fn audience(&self) -> &str {
        &self.audience
    }

    /// When every token that is good now has expired.
    pub(crate) fn last_token(&self, now: Timestamp) -> Timestamp {
        let longest = match self.shared_secret {
            Some(_) => now.checked_add(LONGEST_SHARED),
            None => now.checked_add(self.lifetime),
        };
        longest.unwrap_or(Timestamp::MAX)
    }

    /// Whether a token is of the HS256 mode, which other services make as well: what it says of a session or of its user
    /// is then to be looked up.
    pub(crate) fn is_shared(&self, token: &str) -> bool {
        self.shared_secret.is_some() && SharedSecret::is_meant(token)
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
        if since(&self.followed_at, now) > STALE {
            self.catch_up(now, STALE).await;
        }
        match self.verifier.verify(token, now) {
            // Another server may have made a key since. Who just asked waits until it may ask again, a few at a time.
            Err(auth::Error::UnknownKey { .. }) => {
                let asked = since(&self.asked_at, now);
                if asked <= PATIENCE {
                    let Ok(_place) = self.unknown.try_acquire() else {
                        return Ok(self.verifier.verify(token, now)?);
                    };
                    let left = PATIENCE.saturating_sub(asked.max(SignedDuration::ZERO));
                    tokio::time::sleep(left.unsigned_abs() + Duration::from_millis(1)).await;
                }
                let now = clock::now();
                self.catch_up(now, PATIENCE).await;
                short_lived(self.verifier.verify(token, now)?, now)
            }
            Ok(principal) => short_lived(principal, now),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses from now on what a revocation concerns, here at once and on the other servers within seconds.
    pub(crate) async fn revoke(&self, revocation: Revocation) -> Result<(), Problem> {
        self.verifier.revoke(revocation);
        self.store.revoke(&revocation).await?;
        Ok(())
    }

    /// Refuses from now on what revocations concern that the store has already.
    pub(crate) fn revoked(&self, revocations: impl IntoIterator<Item = Revocation>) {
        for revocation in revocations {
            self.verifier.revoke(revocation);
        }
    }

    /// The public keys.
    pub(crate) fn jwks(&self) -> JwkSet {
        self.keys().public.iter().collect()
    }

    /// Takes in what other servers have done: sessions that ended, keys that came or went.
    pub(crate) async fn follow(&self, now: Timestamp) -> Result<(), Problem> {
        self.asked_at.store(now.as_microsecond(), Ordering::Relaxed);
        // Whoever has a token waits for this, so it must end also where the database says nothing.
        let asked = async {
            Ok::<_, Problem>((self.store.revocations(now).await?, self.store.signing_keys().await?))
        };
        let (revoked, stored) = tokio::time::timeout(FOLLOWED_WITHIN, asked)
            .await
            .map_err(|_| Problem::unavailable("the database does not answer", FOLLOWED_WITHIN))??;
        self.verifier.revoke_all(revoked, now);
        let ring = ring(&stored, self.sealing_key.as_ref())?;
        let fresh = Keys::of(ring, &self.issuer, &self.audience, self.lifetime, now)?;
        if fresh.names() != self.keys().names() {
            self.verifier.replace(fresh.verifier(&self.issuer, &self.audience, self.lifetime));
            *self.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(fresh);
        }
        // Only now is what others did in force here.
        self.followed_at.store(now.as_microsecond(), Ordering::Relaxed);
        Ok(())
    }

    /// What [`Self::follow`] does, while requests that would ask as well wait for the answer.
    pub(crate) async fn follow_alone(&self, now: Timestamp) -> Result<(), Problem> {
        let _one_at_a_time = self.following.lock().await;
        self.follow(now).await
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
        self.store.prune_requests(now).await?;
        self.store.prune_events(now).await?;
        Ok(())
    }

    /// Asks the others first; who comes meanwhile waits for the answer. Where the database does not answer, tokens are
    /// still verified, and it is asked again after as long.
    async fn catch_up(&self, now: Timestamp, age: SignedDuration) {
        let _one_at_a_time = match Budget::current() {
            Some(budget) => budget.spend(self.following.lock()).await,
            None => Ok(self.following.lock().await),
        };
        if since(&self.followed_at, now) > age
            && since(&self.asked_at, now) > age
            && let Err(problem) = self.follow(now).await
        {
            tracing::warn!("cannot ask which tokens were revoked elsewhere: {problem}");
        }
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whom a token is about that was found good, unless it is good for longer than revocations are remembered.
pub(crate) fn short_lived(principal: Arc<Principal>, now: Timestamp) -> Result<Arc<Principal>, Problem> {
    let left = principal.expires_at.duration_since(now);
    if left > LONGEST_SHARED {
        let (most, got) = (LONGEST_SHARED.as_secs().unsigned_abs(), left.as_secs());
        return Err(auth::Error::LifetimeTooLong { most, got }.into());
    }
    Ok(principal)
}

/// How long ago an instant was, which is kept in microseconds since 1970.
fn since(at: &AtomicI64, now: Timestamp) -> SignedDuration {
    SignedDuration::from_micros(now.as_microsecond().saturating_sub(at.load(Ordering::Relaxed)))
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

    /// No token is taken that lives longer than this server's own: revocations are remembered for as long as those.
    fn verifier(&self, issuer: &str, audience: &str, lifetime: Duration) -> Verifier {
        Verifier::new(self.public.iter().cloned(), issuer, audience).with_longest_lifetime(lifetime)
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
