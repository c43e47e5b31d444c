//! What was forecast of users' weeks, kept as long as the readings that it was learnt from are the same.
//!
//! The service before this one learnt anew at every request; here a second request for the same day is answered from
//! what the first one made. Nothing is lost with it: another replica, or this one after a restart, learns once more.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use grid_core::{energy::Channel, forecast::WeekOutlook};
use jiff::civil::Date;
use uuid::Uuid;

/// How many are kept at most; some kilobytes each.
const MOST: usize = 4096;

/// Whose week, of which channel, from which day on.
pub(crate) type Asked = (Uuid, Channel, Date);

/// The weeks, each with the version of the readings that it was learnt from.
#[derive(Debug, Default)]
pub(crate) struct Outlooks(Mutex<HashMap<Asked, (u64, Arc<WeekOutlook>)>>);

impl Outlooks {
    /// What was made of this version of the readings.
    pub(crate) fn get(&self, asked: &Asked, version: u64) -> Option<Arc<WeekOutlook>> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(asked).filter(|(of, _)| *of == version).map(|(_, outlook)| Arc::clone(outlook))
    }

    /// Keeps what was made.
    pub(crate) fn keep(&self, asked: Asked, version: u64, outlook: &Arc<WeekOutlook>) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST && !kept.contains_key(&asked) {
            kept.clear();
        }
        kept.insert(asked, (version, Arc::clone(outlook)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outlook() -> Arc<WeekOutlook> {
        Arc::new(WeekOutlook {
            model: "auto",
            days: Vec::new(),
            hours: [0.0; 24],
            peak_hours: Vec::new(),
            change_percent: None,
        })
    }

    fn asked(number: u128) -> Asked {
        (Uuid::from_u128(number), Channel::Consumption, Date::constant(2026, 3, 8))
    }

    #[test]
    fn a_week_is_kept_until_its_readings_are_others() {
        let outlooks = Outlooks::default();
        assert!(outlooks.get(&asked(1), 7).is_none());
        let made = outlook();
        outlooks.keep(asked(1), 7, &made);
        assert!(outlooks.get(&asked(1), 7).is_some_and(|kept| Arc::ptr_eq(&kept, &made)));
        assert!(outlooks.get(&asked(1), 8).is_none());
        assert!(outlooks.get(&asked(2), 7).is_none());
    }

    #[test]
    fn no_more_are_kept_than_there_is_room_for() {
        let outlooks = Outlooks::default();
        let made = outlook();
        for number in 0..5000 {
            outlooks.keep(asked(number), 1, &made);
        }
        assert!(outlooks.0.lock().unwrap().len() <= MOST);
        assert!(outlooks.get(&asked(4999), 1).is_some());
    }
}
