//! Spain's coefficients and a community's fixed key: which supply point is which member's.
//!
//! The distributor knows consumers by the codes of their supply points (CUPS), a community knows them as members. A
//! community settles by fixed shares, so that only coefficients that are the same in each hour become its key.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
};

use jiff::{Timestamp, civil::Date};
use uuid::Uuid;

use super::{
    Error,
    spain_coefficients::{Coefficients, HourOfYear},
    spain_file::{is_supply_point, read_of},
};
use crate::{
    energy::{
        Device, DeviceKind, Member,
        sharing::{Key, SharingKey},
    },
    error::excerpt,
    quantity::Share,
    time::{self, Calendar, Interval},
};

const ONE_OF_THEM: &str = "a supply point (CUPS) by which a member, or one of its devices, is called";

/// Which supply point (CUPS) is which member's.
///
/// A member's is the one that it is called by itself, or else the one that its devices are called by, plants (`pv`) aside:
/// a distributor's file of readings, imported as it is, makes both of these names.
///
/// ```
/// use grid_core::energy::{Member, Name, Role, rules::spain_key::SupplyPoints};
/// let member = |id, name| Ok::<_, grid_core::energy::Error>(Member {
///     id: uuid::Uuid::from_u128(id), name: Name::new(name)?, user: None, role: Role::Member,
/// });
/// let members = [member(1, "ES1234000000000001JN0F")?, member(2, "ES1234000000000002JS0F")?];
/// let points = SupplyPoints::of(&members, &[]);
/// let file = "ES1234000000000001JN0F;0,135464\r\nES1234000000000002JS0F;0,864536\r\n";
/// let key = points.read(file.as_bytes(), "ES1234000000000001JN0FA001_2026.txt")?;
/// assert_eq!(key.members().len(), 2);
///
/// let mut again = Vec::new();
/// grid_core::energy::rules::spain_file::write(&points.coefficients(&key)?, &mut again)?;
/// assert_eq!(again, file.as_bytes());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SupplyPoints {
    /// The name and the codes of each member.
    members: BTreeMap<Uuid, (String, BTreeSet<String>)>,
    /// The members of each code.
    points: BTreeMap<String, BTreeSet<Uuid>>,
}

impl SupplyPoints {
    /// The supply points of a community's members and of the devices that count for them.
    pub fn of(members: &[Member], devices: &[(Device, Uuid)]) -> Self {
        let mut found = Self::default();
        for member in members {
            let own = member.name.as_str();
            let codes: BTreeSet<String> = if is_supply_point(own) {
                BTreeSet::from([own.to_owned()])
            } else {
                let theirs =
                    devices.iter().filter(|(device, of)| *of == member.id && device.kind != DeviceKind::Pv);
                let names = theirs.map(|(device, _)| device.name.as_str());
                names.filter(|name| is_supply_point(name)).map(str::to_owned).collect()
            };
            for code in &codes {
                found.points.entry(code.clone()).or_default().insert(member.id);
            }
            found.members.insert(member.id, (own.to_owned(), codes));
        }
        found
    }

    /// Reads a file of coefficients as the community's key.
    ///
    /// # Errors
    ///
    /// As [`read`](super::spain_file::read), and in the same form, with the line: for a supply point that is nobody's, or
    /// several members', and for one of a member who has a row already. [`Error::HoursDiffer`] where the coefficients are
    /// not the same in each hour.
    pub fn read(&self, source: impl Read, file: &str) -> Result<Key, Error> {
        let mut seen: BTreeMap<Uuid, String> = BTreeMap::new();
        let refuse = |point: &str| match self.member(point) {
            Err(expected) => Some(expected),
            Ok(member) => seen
                .insert(member, point.to_owned())
                .map(|first| format!("a member of its own for each supply point, as `{first}` has")),
        };
        self.key(&read_of(source, file, refuse)?)
    }

    /// The one member of a code, or what was expected.
    fn member(&self, point: &str) -> Result<Uuid, String> {
        let members = self.points.get(point);
        match members.and_then(|members| members.first().map(|first| (*first, members.len()))) {
            Some((member, 1)) => Ok(member),
            Some((_, many)) => Err(format!("a supply point of one member, and not of {many}")),
            None => Err(ONE_OF_THEM.to_owned()),
        }
    }

    /// The key that constant coefficients are.
    ///
    /// # Errors
    ///
    /// [`Error::HoursDiffer`]; [`Error::NobodysPoint`] for a supply point that is nobody's or several members';
    /// [`Error::Energy`] where two of them are one member's.
    ///
    /// # References
    ///
    /// RD 244/2019, Anexo I, point 1: `ENG_h,i = β_h,i · ENG_h`. With β the same in each hour that is a fixed share.
    pub fn key(&self, coefficients: &Coefficients) -> Result<Key, Error> {
        let first = HourOfYear::new(1)?;
        let differs = |hour: &HourOfYear| !coefficients.of_hour(*hour).eq(coefficients.of_hour(first));
        if coefficients.is_hourly()
            && let Some(hour) = HourOfYear::all().find(differs)
        {
            return Err(Error::HoursDiffer { hour: hour.number() });
        }
        let rows = coefficients.consumers().iter().zip(coefficients.of_hour(first));
        let shares = rows.map(|(point, share)| {
            let nobodys = |expected| Error::NobodysPoint { expected, got: excerpt(point) };
            Ok((self.member(point).map_err(nobodys)?.to_string(), share))
        });
        Ok(Key::Static(SharingKey::new(shares.collect::<Result<_, Error>>()?)?))
    }

    /// The coefficients that a fixed key is. Who has no share and no supply point, as the owner of a plant may, is left out.
    ///
    /// # Errors
    ///
    /// [`Error::NotFixed`] for a key of another kind, [`Error::NotOnePoint`] for a member who has a share and no supply
    /// point or several, [`Error::ConsumerTwice`] where a supply point is two members'.
    pub fn coefficients(&self, key: &Key) -> Result<Coefficients, Error> {
        let Key::Static(key) = key else { return Err(Error::NotFixed { kind: key.kind() }) };
        let mut shares = Vec::with_capacity(key.len());
        for (id, share) in key.shares() {
            let known = id.parse().ok().and_then(|id: Uuid| self.members.get(&id));
            let codes = known.map(|(_, codes)| codes);
            match codes.map_or(0, BTreeSet::len) {
                0 if *share == Share::NONE => {}
                1 => shares.extend(codes.into_iter().flatten().map(|code| (code.clone(), *share))),
                got => {
                    let member = known.map_or(id, |(name, _)| name);
                    return Err(Error::NotOnePoint { member: excerpt(member), got });
                }
            }
        }
        Coefficients::constant(shares)
    }
}

/// A local year: the time for which a file's coefficients are.
///
/// # Errors
///
/// [`Error::Time`] outside the calendar.
pub fn year(calendar: &Calendar, year: i16) -> Result<Interval, Error> {
    let first = |year: Option<i16>| {
        let date = year.and_then(|year| Date::new(year, 1, 1).ok()).ok_or(time::Error::OutOfRange)?;
        Ok::<Timestamp, time::Error>(calendar.day(date)?.start())
    };
    Ok(Interval::new(first(Some(year))?, first(year.checked_add(1))?)?)
}

/// The instant from which the coefficients of a year's file count: the one that is told, or else the year's first.
///
/// ```
/// use grid_core::{energy::rules::spain_key::start, time::Calendar};
/// let madrid = Calendar::new("Europe/Madrid")?;
/// assert_eq!(start(&madrid, 2026, None)?.to_string(), "2025-12-31T23:00:00Z");
/// assert!(start(&madrid, 2026, Some("2027-01-01T00:00:00+01:00".parse()?)).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error::OutsideYear`] for an instant that is not in the year, [`Error::Time`] outside the calendar.
pub fn start(calendar: &Calendar, in_year: i16, told: Option<Timestamp>) -> Result<Timestamp, Error> {
    let whole = year(calendar, in_year)?;
    match told {
        None => Ok(whole.start()),
        Some(told) if whole.start() <= told && told < whole.end() => Ok(told),
        Some(got) => Err(Error::OutsideYear { year: in_year, got }),
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;
    use crate::{
        energy::{Name, Role, rules::spain_file::write},
        error::Failure as _,
    };

    const ANA: &str = "ES1234000000000001JN0F";
    const BEN: &str = "ES1234000000000002JS0F";
    const EVA: &str = "ES1234000000000003JZ0F";

    fn member(id: u128, name: &str) -> Member {
        Member { id: Uuid::from_u128(id), name: Name::new(name).unwrap(), user: None, role: Role::Member }
    }

    fn device(member: u128, name: &str, kind: DeviceKind) -> (Device, Uuid) {
        let device = Device {
            id: Uuid::from_u128(member * 100),
            owner: Uuid::nil(),
            name: Name::new(name).unwrap(),
            kind,
            calendar: Calendar::utc(),
            rated_power: None,
        };
        (device, Uuid::from_u128(member))
    }

    /// Ana is called by her code, Ben's meter by his; Eva has a roof besides, and the plant is nobody's home.
    fn points() -> SupplyPoints {
        let members = [member(1, ANA), member(2, "Ben"), member(3, "Eva"), member(4, "plant")];
        let devices = [
            device(2, BEN, DeviceKind::Load),
            device(3, EVA, DeviceKind::Meter),
            device(3, "ES1234000000000009JA0F", DeviceKind::Pv),
            device(4, "ES1234000000000008JB0F", DeviceKind::Pv),
        ];
        SupplyPoints::of(&members, &devices)
    }

    fn fixed(shares: &[(u128, u32)]) -> Key {
        let share =
            |(id, ppm): &(u128, u32)| (Uuid::from_u128(*id).to_string(), Share::from_ppm(*ppm).unwrap());
        Key::Static(SharingKey::new(shares.iter().map(share).collect()).unwrap())
    }

    fn lines(error: &Error) -> Vec<(Option<u64>, String)> {
        error.places().into_iter().map(|place| (place.line, place.got)).collect()
    }

    #[test]
    fn a_member_is_found_by_its_name_or_its_meters() {
        let key = points().read(format!("{BEN};0,3\n{EVA};0,2\n{ANA};0,5").as_bytes(), "f.txt").unwrap();
        assert_eq!(key, fixed(&[(1, 500_000), (2, 300_000), (3, 200_000)]));
    }

    #[test]
    fn whoever_is_not_known_is_named_with_the_line_and_once() {
        let stranger = "ES1234000000000007JC0F";
        let mut file = format!("{ANA};1;0,5\n");
        for hour in 1..=3 {
            writeln!(file, "{stranger};{hour};0,5").unwrap();
        }
        let refused = points().read(file.as_bytes(), "f.txt").unwrap_err();
        assert_eq!(lines(&refused), [(Some(2), stranger.to_owned())]);
        assert_eq!(refused.places()[0].expected, ONE_OF_THEM);
        // The plant's own code is no consumer's.
        let plant = "ES1234000000000008JB0F";
        let refused = points().read(format!("{plant};1").as_bytes(), "f.txt").unwrap_err();
        assert_eq!(lines(&refused), [(Some(1), plant.to_owned())]);
    }

    #[test]
    fn two_supply_points_of_one_member_are_not_added_up() {
        // min(share of the sum, sum of the demands) is not the sum of the minima.
        let two = [device(2, BEN, DeviceKind::Load), device(2, EVA, DeviceKind::Load)];
        let both = SupplyPoints::of(&[member(2, "Ben")], &two);
        let refused = both.read(format!("{BEN};0,5\n{EVA};0,5").as_bytes(), "f.txt").unwrap_err();
        assert_eq!(lines(&refused), [(Some(2), EVA.to_owned())]);
        let refused = both.coefficients(&fixed(&[(2, 1_000_000)])).unwrap_err();
        assert_eq!(refused, Error::NotOnePoint { member: "Ben".to_owned(), got: 2 });
        let shared = [device(1, BEN, DeviceKind::Load), device(2, BEN, DeviceKind::Load)];
        let shared = SupplyPoints::of(&[member(1, "Ana"), member(2, "Ben")], &shared);
        let refused = shared.read(format!("{BEN};1").as_bytes(), "f.txt").unwrap_err();
        assert!(refused.to_string().contains("not of 2"), "{refused}");
    }

    #[test]
    fn hours_that_are_all_alike_are_a_key_and_others_are_not() {
        let file = |odd: u16| {
            let mut file = String::new();
            for hour in HourOfYear::all().map(HourOfYear::number) {
                let ana = if hour == odd { 600_000 } else { 500_000 };
                writeln!(file, "{ANA};{hour};0,{ana:06}\n{BEN};{hour};0,{:06}", 1_000_000 - ana).unwrap();
            }
            file
        };
        assert_eq!(points().read(file(0).as_bytes(), "f").unwrap(), fixed(&[(1, 500_000), (2, 500_000)]));
        assert_eq!(points().read(file(523).as_bytes(), "f"), Err(Error::HoursDiffer { hour: 523 }));
        // The first hour is the odd one: the second is the first that differs from it.
        assert_eq!(points().read(file(1).as_bytes(), "f"), Err(Error::HoursDiffer { hour: 2 }));
    }

    #[test]
    fn only_a_fixed_key_of_members_with_a_supply_point_is_written() {
        let refused = points().coefficients(&Key::Equal).unwrap_err();
        assert_eq!(refused, Error::NotFixed { kind: "equal" });
        let refused = points().coefficients(&fixed(&[(1, 900_000), (4, 100_000)])).unwrap_err();
        assert_eq!(refused, Error::NotOnePoint { member: "plant".to_owned(), got: 0 });
        // The plant has no share.
        let written = points().coefficients(&fixed(&[(1, 900_000), (2, 100_000), (4, 0)])).unwrap();
        assert_eq!(written.consumers(), [ANA, BEN]);
    }

    #[test]
    fn a_year_is_that_of_the_local_calendar() {
        let canary = Calendar::new("Atlantic/Canary").unwrap();
        let whole = year(&canary, 2028).unwrap();
        assert_eq!(whole.to_string(), "2028-01-01T00:00:00Z/2029-01-01T00:00:00Z");
        assert!(year(&canary, 9999).is_err() && year(&canary, i16::MAX).is_err());
        let last = whole.end() - jiff::SignedDuration::from_micros(1);
        assert_eq!(start(&canary, 2028, Some(last)), Ok(last));
        let got = whole.end();
        assert_eq!(start(&canary, 2028, Some(got)), Err(Error::OutsideYear { year: 2028, got }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_as_the_same_key(a in 0..=1_000_000_u32, b in 0..=1_000_000_u32) {
            let (low, high) = (a.min(b), a.max(b));
            let key = fixed(&[(1, low), (2, high - low), (3, 1_000_000 - high)]);
            let mut file = Vec::new();
            write(&points().coefficients(&key).unwrap(), &mut file).unwrap();
            prop_assert_eq!(points().read(file.as_slice(), "f.txt"), Ok(key));
        }
    }
}
