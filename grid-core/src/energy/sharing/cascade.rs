//! One key after another.

use super::Key;
use crate::energy::Error;

/// A key, and another one for what the first leaves over.
///
/// The second key shares what the first did not hand out among what members still need. Each may be a cascade itself;
/// which of them were put together first makes no difference, so a cascade is the list of its [`steps`](Self::steps).
///
/// ```
/// use grid_core::energy::sharing::{Cascade, Key};
/// let equal_then_where_needed = Cascade::new(Key::Equal, Key::Proportional)?;
/// assert_eq!(equal_then_where_needed.steps(), [Key::Equal, Key::Proportional]);
/// # Ok::<(), grid_core::energy::Error>(())
/// ```
///
/// # References
///
/// ERSE Regulamento 815/2023 (Portugal) names combinations of ways to share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cascade {
    /// None of them a cascade.
    steps: Vec<Key>,
}

impl Cascade {
    /// The most keys that a cascade has.
    pub const MOST_STEPS: usize = 8;

    /// Makes a cascade of two keys.
    ///
    /// # Errors
    ///
    /// [`Error::TooManySteps`] past [`MOST_STEPS`](Self::MOST_STEPS).
    pub fn new(first: Key, then: Key) -> Result<Self, Error> {
        let mut steps = Vec::new();
        for key in [first, then] {
            match key {
                Key::Cascade(cascade) => steps.extend(cascade.steps),
                single => steps.push(single),
            }
        }
        if steps.len() > Self::MOST_STEPS {
            return Err(Error::TooManySteps { most: Self::MOST_STEPS, got: steps.len() });
        }
        Ok(Self { steps })
    }

    /// The keys, in the order in which they are used; none of them is a cascade.
    pub fn steps(&self) -> &[Key] {
        &self.steps
    }
}
