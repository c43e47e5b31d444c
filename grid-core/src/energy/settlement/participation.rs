//! Members who take part in several communities.

use super::Contract;
use crate::energy::{
    Community, Error, Reading,
    balance::{Account, MemberRegister},
};

/// The accounts of a community in which members' meters are divided among communities: of each reading the part that is
/// this community's, so that the parts of all add up to the reading, to the last milliwatt-hour.
///
/// # References
///
/// `ElWOG` (Austria) §16a and §16e, multiple participation: what a meter counted is divided by factors before it is shared.
pub(super) fn parts(
    accounts: &[Account],
    community: &Community,
    contract: &Contract,
) -> Result<Vec<Account>, Error> {
    let id = community.id.to_string();
    accounts
        .iter()
        .map(|account| {
            let Some(participation) = contract.participation(account.member) else {
                return Ok(account.clone());
            };
            let divide = |readings: &Vec<Reading>| -> Result<Vec<Reading>, Error> {
                let energies: Vec<_> = readings.iter().map(|r| r.energy().unwrap_or_default()).collect();
                let divided = participation.divide(&energies, contract.cells())?;
                // Who divides the meter among others alone has no part here.
                let part = divided.of(&id).unwrap_or_default();
                let of = |at: usize| part.get(at).copied().unwrap_or_default();
                readings
                    .iter()
                    .enumerate()
                    .map(|(at, reading)| {
                        Reading::new(reading.interval(), reading.energy().map(|_| of(at)), reading.quality())
                    })
                    .collect()
            };
            let registers = account
                .registers
                .iter()
                .map(|register| {
                    Ok(MemberRegister {
                        channel: register.channel,
                        readings: divide(&register.readings)?,
                        terms: register.terms.clone(),
                    })
                })
                .collect::<Result<_, Error>>()?;
            Ok(Account { member: account.member, name: account.name.clone(), registers })
        })
        .collect()
}
