//! What the server has once its database could be reached: the store, and the keys that sign tokens.

use std::{
    sync::{Arc, RwLock},
    time::Duration,
};

use grid_core::{
    auth::{self, AccessToken, Issuer, JwkSet, Principal, SigningKey, Subject, Verifier, VerifyingKey},
    store::Store,
};
use jiff::{SignedDuration, Timestamp};

use crate::{clock, config::Config, problem::Problem};

/// How soon after the keys were read they are read again for a token with a key that is not known.
const PATIENCE: SignedDuration = SignedDuration::from_secs(10);

/// The store and the keys.
#[derive(Debug)]
pub(crate) struct Services {
    store: Store,
    issuer: String,
    audience: String,
    lifetime: Duration,
    keys: RwLock<Arc<Keys>>,
}

#[derive(Debug)]
struct Keys {
    issuer: Issuer,
    verifier: Verifier,
    public: Vec<VerifyingKey>,
    read_at: Timestamp,
}

impl Services {
    /// Reads the signing keys of a migrated store; where there is none yet, one is made and kept.
    pub(crate) async fn open(store: Store, config: &Config) -> Result<Self, Problem> {
        if store.signing_keys().await?.is_empty() {
            let key = SigningKey::generate()?;
            store.add_signing_key(key.key_id().as_str(), key.as_pkcs8(), false, clock::now()).await?;
        }
        let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
        let lifetime = config.token_time();
        let keys = read_keys(&store, &issuer, &audience, lifetime).await?;
        Ok(Self { store, issuer, audience, lifetime, keys: RwLock::new(Arc::new(keys)) })
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Issues an access token.
    pub(crate) fn issue(&self, subject: &Subject, now: Timestamp) -> Result<AccessToken, Problem> {
        Ok(self.keys()?.issuer.issue(subject, now)?)
    }

    /// Who a token says is asking.
    pub(crate) async fn verify(&self, token: &str) -> Result<Principal, Problem> {
        let now = clock::now();
        let keys = self.keys()?;
        match keys.verifier.verify(token, now) {
            // Another replica may have made a key since.
            Err(auth::Error::UnknownKey { .. }) if now.duration_since(keys.read_at) > PATIENCE => {
                let fresh = read_keys(&self.store, &self.issuer, &self.audience, self.lifetime).await?;
                let fresh = Arc::new(fresh);
                if let Ok(mut keys) = self.keys.write() {
                    *keys = Arc::clone(&fresh);
                }
                Ok(fresh.verifier.verify(token, now)?)
            }
            verified => Ok(verified?),
        }
    }

    /// The public keys.
    pub(crate) fn jwks(&self) -> Result<JwkSet, Problem> {
        Ok(JwkSet { keys: self.keys()?.public.iter().map(VerifyingKey::to_jwk).collect() })
    }

    fn keys(&self) -> Result<Arc<Keys>, Problem> {
        self.keys
            .read()
            .map(|keys| Arc::clone(&keys))
            .map_err(|_| Problem::internal("a thread panicked while it changed the signing keys"))
    }
}

/// The newest key signs, all of them verify.
async fn read_keys(store: &Store, issuer: &str, audience: &str, lifetime: Duration) -> Result<Keys, Problem> {
    let mut keys = Vec::new();
    for stored in store.signing_keys().await? {
        keys.push(SigningKey::from_pkcs8(&stored.pkcs8)?);
    }
    let public: Vec<_> = keys.iter().map(SigningKey::verifying_key).collect();
    let newest = keys.pop().ok_or_else(|| Problem::internal("the store has no signing key"))?;
    Ok(Keys {
        verifier: Verifier::new(public.iter().cloned(), issuer, audience).with_longest_lifetime(lifetime),
        issuer: Issuer::new(newest, issuer, audience).with_lifetime(lifetime)?,
        public,
        read_at: clock::now(),
    })
}
