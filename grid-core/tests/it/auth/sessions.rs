//! The chain of a session under random histories: lost answers, repeats, thieves and time.

use std::time::Duration;

use grid_core::auth::{Chain, Ended, Error, RefreshToken, Refreshed, Scopes, Session, SessionLimits};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

const LIMITS: SessionLimits =
    SessionLimits { idle: Duration::from_hours(30 * 24), total: Duration::from_hours(180 * 24) };

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_774_746_000 + second).unwrap()
}

fn start(now: Timestamp) -> (Session, RefreshToken) {
    let id = Uuid::from_u128(7);
    let first = RefreshToken::first(id).unwrap();
    let chain: Chain = Session::start(&first, Uuid::from_u128(1));
    let session = Session {
        id,
        user_id: Uuid::from_u128(3),
        client_id: "grid".to_owned(),
        scopes: Scopes::default(),
        address: "127.0.0.1".to_owned(),
        user_agent: String::new(),
        created_at: now,
        used_at: now,
        expires_at: Session::expiry(now, LIMITS, now),
        ended: None,
        chain,
    };
    (session, first)
}

/// Somebody who holds a chain: the server's state, and all tokens that were ever handed out.
struct World {
    session: Session,
    issued: Vec<RefreshToken>,
    now: Timestamp,
    accesses: u128,
    revoked: Vec<Uuid>,
}

impl World {
    fn new() -> (Self, RefreshToken) {
        let (session, first) = start(at(0));
        let world =
            Self { session, issued: vec![first.clone()], now: at(0), accesses: 1, revoked: Vec::new() };
        (world, first)
    }

    fn present(&mut self, token: &RefreshToken) -> Result<RefreshToken, Error> {
        let next = token.next().unwrap();
        self.accesses += 1;
        let access = Uuid::from_u128(self.accesses);
        let (session, outcome) = self.session.refresh(token, &next, access, LIMITS, self.now);
        self.session = session;
        if let Refreshed::Again { lost } = outcome? {
            self.revoked.push(lost);
        }
        self.issued.push(next.clone());
        Ok(next)
    }

    /// The tokens that would be taken now, each asked of a copy of the state.
    fn taken(&self) -> Vec<(usize, Refreshed)> {
        let access = Uuid::from_u128(0);
        self.issued
            .iter()
            .enumerate()
            .filter_map(|(position, token)| {
                let next = token.next().unwrap();
                let (_, outcome) = self.session.refresh(token, &next, access, LIMITS, self.now);
                outcome.ok().map(|refreshed| (position, refreshed))
            })
            .collect()
    }
}

#[derive(Clone, Copy, Debug)]
enum Event {
    /// The client refreshes with the newest token that reached it; the answer arrives, or is lost.
    Client { arrives: bool },
    /// A thief copies what the client holds.
    Theft,
    /// The thief refreshes with what it has.
    Thief,
    /// Somebody presents a token of the past.
    Old(prop::sample::Index),
    /// Seconds go by.
    Wait(i64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let event = prop_oneof![
        5 => any::<bool>().prop_map(|arrives| Event::Client { arrives }),
        1 => Just(Event::Theft),
        2 => Just(Event::Thief),
        1 => any::<prop::sample::Index>().prop_map(Event::Old),
        3 => prop_oneof![0_i64..130, 0_i64..3_000_000].prop_map(Event::Wait),
    ];
    prop::collection::vec(event, 1..40)
}

proptest! {
    /// Of all tokens ever issued, one carries the chain on, and the one before it may repeat: never a second branch.
    #[test]
    fn there_are_never_two_live_branches(events in events()) {
        let (mut world, mut client) = World::new();
        let mut thief = None;
        for event in events {
            match event {
                Event::Client { arrives } => {
                    if let (Ok(next), true) = (world.present(&client), arrives) {
                        client = next;
                    }
                }
                Event::Theft => thief = Some(client.clone()),
                Event::Thief => {
                    if let Some(Ok(next)) = thief.as_ref().map(|token| world.present(token)) {
                        thief = Some(next);
                    }
                }
                Event::Old(which) => {
                    let token = which.get(&world.issued).clone();
                    let _ = world.present(&token);
                }
                Event::Wait(seconds) => world.now += SignedDuration::from_secs(seconds),
            }
            let taken = world.taken();
            let carrying = taken.iter().filter(|(_, refreshed)| *refreshed == Refreshed::Next).count();
            let repeating = taken.len() - carrying;
            prop_assert!(carrying <= 1 && repeating <= 1, "{taken:?}");
            prop_assert_eq!(carrying == 1, world.session.is_live(world.now));
            if let Some((ended_at, _)) = world.session.ended {
                prop_assert!(ended_at <= world.now && taken.is_empty());
            }
        }
    }

    /// Whoever repeats makes the pair that was lost worthless, whichever of the two it is that reaches somebody.
    #[test]
    fn a_repeat_takes_the_place_of_what_was_lost(repeats in 1_usize..6, seconds in 0_i64..=60) {
        let (mut world, first) = World::new();
        world.present(&first).unwrap();
        for repeat in 1..=repeats {
            world.now = at(seconds * i64::try_from(repeat).unwrap() / i64::try_from(repeats).unwrap());
            let lost = world.issued.last().unwrap().clone();
            let access = world.session.chain.access_token;
            world.present(&first).unwrap();
            prop_assert_eq!(world.revoked.last(), Some(&access));
            // Asked of a copy: the lost one would end the session, the new one goes on.
            let next = lost.next().unwrap();
            let (copy, refused) = world.session.refresh(&lost, &next, Uuid::nil(), LIMITS, world.now);
            prop_assert_eq!(refused, Err(Error::RefreshReplayed));
            prop_assert_eq!(copy.ended, Some((world.now, Ended::Replayed)));
        }
        let last = world.issued.last().unwrap().clone();
        prop_assert!(world.present(&last).is_ok());
    }

    /// A client that asks again within a minute never loses its session, however many answers were lost.
    #[test]
    fn a_lost_answer_never_costs_the_session(
        steps in prop::collection::vec((0_i64..2_000_000, prop::collection::vec(0_i64..20, 0..=2)), 1..12)
    ) {
        let (mut world, mut client) = World::new();
        for (pause, losses) in steps {
            world.now += SignedDuration::from_secs(pause);
            if !world.session.is_live(world.now) {
                break;
            }
            for seconds in losses {
                prop_assert!(world.present(&client).is_ok());
                world.now += SignedDuration::from_secs(seconds);
            }
            client = world.present(&client).unwrap();
            prop_assert!(world.session.is_live(world.now));
        }
    }

    /// A thief and a client cannot both go on: as soon as both have refreshed with what was stolen and one of them comes
    /// back, the session is over.
    #[test]
    fn a_theft_is_noticed_when_the_second_of_the_two_comes_back(
        before in 0_usize..4, seconds in 0_i64..=60, steps in 0_usize..3
    ) {
        let (mut world, mut client) = World::new();
        for _ in 0..before {
            client = world.present(&client).unwrap();
        }
        let stolen = client.clone();
        let early = world.present(&stolen).unwrap();
        world.now += SignedDuration::from_secs(seconds);
        let mut late = world.present(&stolen).unwrap();
        for _ in 0..steps {
            late = world.present(&late).unwrap();
        }
        // Whichever of the two holds the early branch, the thief or the client: it ends both.
        prop_assert_eq!(world.present(&early).unwrap_err(), Error::RefreshReplayed);
        prop_assert_eq!(world.present(&late).unwrap_err(), Error::SessionOver);
        prop_assert!(world.taken().is_empty());
    }

    /// Nobody without a token of the session can end it or learn of it.
    #[test]
    fn a_made_up_token_changes_nothing(seed in any::<u128>()) {
        let (mut world, client) = World::new();
        let before = world.session.clone();
        let of_the_same_id = RefreshToken::first(before.id).unwrap();
        let of_another = RefreshToken::first(Uuid::from_u128(seed)).unwrap();
        for token in [of_the_same_id, of_another] {
            prop_assert_eq!(world.present(&token).unwrap_err(), Error::RefreshUnknown);
            prop_assert_eq!(&world.session, &before);
        }
        prop_assert!(world.present(&client).is_ok());
    }
}

#[test]
fn a_repeat_is_taken_for_a_minute_and_not_longer() {
    let (mut world, first) = World::new();
    world.present(&first).unwrap();
    world.now = at(60);
    assert!(world.present(&first).is_ok());
    // Counted from the first use, not from the repeat.
    world.now = at(61);
    assert_eq!(world.present(&first).unwrap_err(), Error::RefreshReplayed);
    assert_eq!(world.session.ended, Some((at(61), Ended::Replayed)));
}

#[test]
fn a_repeat_is_not_taken_once_its_answer_was_used() {
    let (mut world, first) = World::new();
    let second = world.present(&first).unwrap();
    world.present(&second).unwrap();
    assert_eq!(world.present(&first).unwrap_err(), Error::RefreshReplayed);
}

#[test]
fn a_session_ends_when_it_is_idle_or_old() {
    let day = 86_400;
    let (mut world, mut client) = World::new();
    for days in (0..180).step_by(29) {
        world.now = at(days * day);
        client = world.present(&client).unwrap();
    }
    assert_eq!(world.session.expires_at, at(180 * day));
    world.now = at(180 * day - 1);
    client = world.present(&client).unwrap();
    world.now = at(180 * day);
    assert_eq!(world.present(&client).unwrap_err(), Error::SessionOver);

    let (mut world, client) = World::new();
    world.now = at(30 * day - 1);
    let client = world.present(&client).unwrap();
    world.now = at(60 * day);
    assert_eq!(world.present(&client).unwrap_err(), Error::SessionOver);
}

#[test]
fn a_session_that_was_ended_stays_ended_for_its_first_reason() {
    let (mut world, client) = World::new();
    world.session.end(Ended::LoggedOut, at(5));
    world.session.end(Ended::Revoked, at(6));
    assert_eq!(world.session.ended, Some((at(5), Ended::LoggedOut)));
    assert_eq!(world.present(&client).unwrap_err(), Error::SessionOver);
}
