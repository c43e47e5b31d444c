//! The signing keys of a service over time: the newest signs, the ones before it verify until their last token is gone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::{Error, KeyId, LONGEST_LIFETIME, SigningKey, VerifyingKey};

/// How long another replica may go on signing with the key before the newest one.
const LAG: SignedDuration = SignedDuration::from_mins(1);

/// The keys of one service, each with the time since which it is there.
///
/// ```
/// use grid_core::auth::{KeyRing, SigningKey};
/// let day = |day: i64| jiff::Timestamp::from_second(day * 86_400);
/// let (old, new) = (SigningKey::generate()?, SigningKey::generate()?);
/// let ring = KeyRing::new([(old.clone(), day(0)?), (new.clone(), day(90)?)])?;
/// assert_eq!(ring.signing_key().key_id(), new.key_id());
/// assert_eq!(ring.verifying_keys(day(90)?).len(), 2);
/// assert_eq!(ring.verifying_keys(day(92)?), [new.verifying_key()]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct KeyRing {
    /// From the oldest to the newest; at least one.
    keys: Vec<(SigningKey, Timestamp)>,
    newest: SigningKey,
}

impl KeyRing {
    /// Makes a ring of keys and the times since which they are there, in any order.
    ///
    /// # Errors
    ///
    /// [`Error::NoSigningKey`] without a key.
    pub fn new(keys: impl IntoIterator<Item = (SigningKey, Timestamp)>) -> Result<Self, Error> {
        let mut keys: Vec<_> = keys.into_iter().collect();
        keys.sort_by(|(one, since), (other, other_since)| {
            since.cmp(other_since).then_with(|| one.key_id().cmp(other.key_id()))
        });
        let newest = keys.last().map(|(key, _)| key.clone()).ok_or(Error::NoSigningKey)?;
        Ok(Self { keys, newest })
    }

    /// The key that signs: the newest.
    pub fn signing_key(&self) -> &SigningKey {
        &self.newest
    }

    /// All keys from the oldest to the newest, each with the time since which it is there and the time at which the last
    /// token that it signed has expired; none for the newest, which still signs.
    pub fn keys(&self) -> impl Iterator<Item = (&SigningKey, Timestamp, Option<Timestamp>)> {
        let followers = self.keys.iter().skip(1).map(|(_, since)| Some(*since)).chain([None]);
        self.keys
            .iter()
            .zip(followers)
            .map(|((key, since), follower)| (key, *since, follower.map(last_token)))
    }

    /// The public halves of the keys of which a token may still be valid, the newest last.
    pub fn verifying_keys(&self, now: Timestamp) -> Vec<VerifyingKey> {
        let verifies = |until: Option<Timestamp>| until.is_none_or(|until| now < until);
        self.keys().filter(|(_, _, until)| verifies(*until)).map(|(key, ..)| key.verifying_key()).collect()
    }

    /// The names of the keys of which every token has expired.
    pub fn spent(&self, now: Timestamp) -> Vec<KeyId> {
        let is_spent = |until: Option<Timestamp>| until.is_some_and(|until| until <= now);
        self.keys().filter(|(_, _, until)| is_spent(*until)).map(|(key, ..)| key.key_id().clone()).collect()
    }

    /// Whether the key that signs is as old as `age`, and another should follow it.
    pub fn is_due(&self, age: Duration, now: Timestamp) -> bool {
        let since = self.keys.last().map_or(now, |(_, since)| *since);
        SignedDuration::try_from(age).is_ok_and(|age| now.duration_since(since) >= age)
    }
}

/// When the last token has expired that a key signed which was followed at `follower`. Tokens of any lifetime that is
/// allowed count, for the setting may have been changed since.
fn last_token(follower: Timestamp) -> Timestamp {
    let longest = SignedDuration::try_from(LONGEST_LIFETIME).unwrap_or(SignedDuration::MAX);
    follower.checked_add(longest).and_then(|until| until.checked_add(LAG)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> Timestamp {
        Timestamp::from_second(hours * 3600).unwrap()
    }

    fn names(keys: &[VerifyingKey]) -> Vec<KeyId> {
        keys.iter().map(|key| key.key_id().clone()).collect()
    }

    #[test]
    fn a_ring_has_a_key() {
        assert_eq!(KeyRing::new([]).unwrap_err(), Error::NoSigningKey);
    }

    #[test]
    fn a_key_verifies_until_the_last_token_that_it_may_have_signed_is_gone() {
        let [a, b, c] = std::array::from_fn(|_| SigningKey::generate().unwrap());
        let ring = KeyRing::new([(c.clone(), at(200)), (a.clone(), at(0)), (b.clone(), at(100))]).unwrap();
        assert_eq!(ring.signing_key().key_id(), c.key_id());
        let ids = |keys: &[&SigningKey]| keys.iter().map(|key| key.key_id().clone()).collect::<Vec<_>>();
        assert_eq!(names(&ring.verifying_keys(at(124))), ids(&[&a, &b, &c]));
        assert_eq!(names(&ring.verifying_keys(at(125))), ids(&[&b, &c]));
        assert_eq!(ring.spent(at(125)), ids(&[&a]));
        assert_eq!(names(&ring.verifying_keys(at(225))), ids(&[&c]));
        assert_eq!(ring.spent(at(10_000)), ids(&[&a, &b]));
    }

    #[test]
    fn a_key_is_due_at_its_age() {
        let ring = KeyRing::new([(SigningKey::generate().unwrap(), at(10))]).unwrap();
        assert!(!ring.is_due(Duration::from_hours(90), at(99)));
        assert!(ring.is_due(Duration::from_hours(90), at(100)));
        assert!(!ring.is_due(Duration::from_hours(90), at(0)), "a clock that is behind is no reason");
    }
}
