//! What is to be said of a device so that it is added, moved or removed, where something may stand already.

use jiff::Timestamp;
use uuid::Uuid;

use crate::energy::{Placement, Stretch};

/// Why a device cannot be placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Misplaced {
    /// It counts for another member then.
    ForAnother,
    /// It does not count then, nor later.
    NotThere,
}

/// What is said of the time from one instant to another, which may be the first and the last that there are.
fn said(member: Option<Uuid>, from: Timestamp, until: Timestamp, now: Timestamp) -> Placement {
    Placement {
        member,
        from: Some(from).filter(|from| *from > Timestamp::MIN),
        until: Some(until).filter(|until| *until < Timestamp::MAX),
        recorded_at: now,
    }
}

/// What is to be said so that a device counts for a member from an instant on; `None` where that stands already.
///
/// Without an instant it counts from the beginning where it never did, and from now on where it did and was removed.
/// Where it counts for the member from another instant on, that is corrected.
pub(super) fn added(
    standing: &[Stretch],
    member: Uuid,
    from: Option<Timestamp>,
    now: Timestamp,
) -> Result<Option<Placement>, Misplaced> {
    let last = standing.last();
    let open = last.filter(|stretch| stretch.until().is_none());
    let from = match (from, open, last) {
        (Some(from), _, _) => from,
        (None, Some(open), _) => open.during.start(),
        (None, None, Some(ended)) => now.max(ended.during.end()),
        (None, None, None) => Timestamp::MIN,
    };
    if standing.iter().any(|stretch| stretch.member != member && stretch.during.end() > from) {
        return Err(Misplaced::ForAnother);
    }
    let (whose, start, end) = match open.map(|open| open.during.start()) {
        Some(began) if began == from => return Ok(None),
        Some(began) if began < from => (None, began, from),
        Some(began) => (Some(member), from, began),
        None => (Some(member), from, Timestamp::MAX),
    };
    Ok(Some(said(whose, start, end, now)))
}

/// What is to be said so that a device counts for nobody from an instant on; `None` where that stands already.
pub(super) fn removed(standing: &[Stretch], until: Timestamp, now: Timestamp) -> Option<Placement> {
    let counts = standing.iter().any(|stretch| stretch.during.end() > until);
    counts.then(|| said(None, until, Timestamp::MAX, now))
}

/// What is to be said so that a device counts for another member from an instant on; `None` where that stands already.
pub(super) fn moved(
    standing: &[Stretch],
    member: Uuid,
    from: Timestamp,
    now: Timestamp,
) -> Result<Option<Placement>, Misplaced> {
    let mut later = standing.iter().filter(|stretch| stretch.during.end() > from);
    let first = later.next().ok_or(Misplaced::NotThere)?;
    let is_theirs = first.member == member && first.during.start() <= from && first.until().is_none();
    Ok((!is_theirs).then(|| said(Some(member), from, Timestamp::MAX, now)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::energy::standing;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn who(number: u8) -> Uuid {
        Uuid::from_u128(number.into())
    }

    /// Follows calls as a store does: each is said at its place in the list.
    fn follow(calls: &[(char, u8, Option<i64>)]) -> Vec<(Uuid, Option<Timestamp>, Option<Timestamp>)> {
        let mut all = Vec::new();
        for (&(call, member, when), now) in calls.iter().zip(1000..) {
            let stand = standing(&all, None);
            let instant = when.map_or(Timestamp::MIN, at);
            all.extend(match call {
                '+' => added(&stand, who(member), when.map(at), at(now)).unwrap(),
                '-' => removed(&stand, instant, at(now)),
                _ => moved(&stand, who(member), instant, at(now)).unwrap(),
            });
        }
        standing(&all, None).iter().map(|stretch| (stretch.member, stretch.from(), stretch.until())).collect()
    }

    #[test]
    fn a_device_is_added_moved_removed_and_added_again() {
        let (one, two) = (who(1), who(2));
        assert_eq!(follow(&[('+', 1, None)]), [(one, None, None)]);
        assert_eq!(follow(&[('+', 1, None), ('+', 1, None)]), [(one, None, None)]);
        let moved = [('+', 1, None), ('>', 2, Some(50))];
        assert_eq!(follow(&moved), [(one, None, Some(at(50))), (two, Some(at(50)), None)]);
        let gone = [('+', 1, Some(10)), ('-', 0, Some(50)), ('-', 0, Some(60))];
        assert_eq!(follow(&gone), [(one, Some(at(10)), Some(at(50)))]);
        // Once it was removed, it comes back from now on and takes nothing that was settled.
        let back = [('+', 1, None), ('-', 0, Some(50)), ('+', 2, None)];
        assert_eq!(follow(&back), [(one, None, Some(at(50))), (two, Some(at(1002)), None)]);
        // A removal from before it came takes all of it back.
        assert_eq!(follow(&[('+', 1, Some(10)), ('-', 0, Some(5)), ('+', 2, None)]), [(two, None, None)]);
    }

    #[test]
    fn since_when_is_corrected_by_saying_it_again() {
        for (first, again) in [(None, 20), (Some(10), 20), (Some(30), 20), (Some(20), 20)] {
            assert_eq!(follow(&[('+', 1, first), ('+', 1, Some(again))]), [(who(1), Some(at(20)), None)]);
        }
    }

    #[test]
    fn a_device_is_not_taken_from_another_unasked() {
        let stand = standing(&[said(Some(who(1)), Timestamp::MIN, at(50), at(1))], None);
        for from in [Some(at(49)), Some(Timestamp::MIN)] {
            assert_eq!(added(&stand, who(2), from, at(9)), Err(Misplaced::ForAnother));
        }
        assert!(added(&stand, who(2), Some(at(50)), at(9)).is_ok());
        assert_eq!(moved(&stand, who(2), at(50), at(9)), Err(Misplaced::NotThere));
        let open = standing(&[said(Some(who(1)), Timestamp::MIN, Timestamp::MAX, at(1))], None);
        assert_eq!(added(&open, who(2), None, at(9)), Err(Misplaced::ForAnother));
    }
}
