//! The community's account of a settled period: what all statements come to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Amount, LineKind, Party, Period, Quantities, Sharing, Statement, statement::MEMBER};
use crate::{
    energy::Error,
    quantity::{self, Energy, Share},
    series::Quality,
};

/// What the statements of a community's members come to over a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommunityAccount {
    /// The community.
    pub community: Party,
    /// What it is about.
    pub period: Period,
    /// The readings count as they were recorded by then.
    #[serde(with = "crate::time::rfc3339")]
    pub as_of: Timestamp,
    /// When it was made.
    #[serde(with = "crate::time::rfc3339")]
    pub issued_at: Timestamp,
    /// How the energy was shared.
    pub sharing: Sharing,
    /// The currency of all amounts.
    pub currency: String,
    /// How many members have a statement.
    pub statements: usize,
    /// The sums of the members' energies.
    pub energy: Quantities,
    /// The worst quality of any reading behind it.
    pub quality: Quality,
    /// The mean of the statements' completeness.
    pub completeness: Share,
    /// The sums of the lines, by component in the order in which they first stand on a statement.
    pub lines: Vec<AccountLine>,
    /// The sum of the statements' net amounts.
    pub net: Amount,
    /// The sum of the statements' taxes.
    pub taxes: Amount,
    /// The sum of the statements' totals.
    pub total: Amount,
}

/// The sum of all lines of one component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AccountLine {
    /// The tariff's component, by its id.
    pub component: String,
    /// What it is about.
    pub kind: LineKind,
    /// What people call it, by language.
    pub names: BTreeMap<String, String>,
    /// How much energy, where it is about energy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub energy_kwh: Option<Energy>,
    /// What is charged; below zero, what is credited.
    pub amount: Amount,
}

impl CommunityAccount {
    /// Adds statements of one period up.
    ///
    /// # Errors
    ///
    /// [`Error::NobodyToSettle`] without statements, [`Error::NotTheSameBill`] where they are about different
    /// communities, periods or currencies, [`Error::Quantity`] where a sum does not fit.
    pub fn of(statements: &[Statement], as_of: Timestamp, issued_at: Timestamp) -> Result<Self, Error> {
        let first = statements.first().ok_or(Error::NobodyToSettle)?;
        let mut account = Self {
            community: first.community.clone(),
            period: first.period.clone(),
            as_of,
            issued_at,
            sharing: first.sharing.clone(),
            currency: first.currency.clone(),
            statements: statements.len(),
            energy: Quantities::default(),
            quality: Quality::Measured,
            completeness: Share::NONE,
            lines: Vec::new(),
            net: Amount::ZERO,
            taxes: Amount::ZERO,
            total: Amount::ZERO,
        };
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut complete = 0_u64;
        for statement in statements {
            if let Some(field) = first.differs(statement).filter(|field| *field != MEMBER) {
                return Err(Error::NotTheSameBill { field, other: statement.id });
            }
            account.energy = account.energy.checked_add(&statement.energy)?;
            account.quality = account.quality.worst(statement.quality);
            complete += u64::from(statement.completeness.as_ppm());
            account.net = add(account.net, statement.net)?;
            account.taxes = add(account.taxes, statement.taxes)?;
            account.total = add(account.total, statement.total)?;
            for line in &statement.lines {
                let place = *places.entry(&line.component).or_insert(account.lines.len());
                if place == account.lines.len() {
                    account.lines.push(AccountLine {
                        component: line.component.clone(),
                        kind: line.kind,
                        names: line.names.clone(),
                        energy_kwh: None,
                        amount: Amount::ZERO,
                    });
                }
                let Some(sum) = account.lines.get_mut(place) else { continue };
                sum.amount = add(sum.amount, line.amount)?;
                if let Some(energy) = line.energy_kwh {
                    sum.energy_kwh = Some(Energy::checked_sum([sum.energy_kwh.unwrap_or_default(), energy])?);
                }
            }
        }
        let all = u64::try_from(statements.len()).unwrap_or(u64::MAX);
        account.completeness = Share::of(complete, all.saturating_mul(1_000_000));
        Ok(account)
    }
}

fn add(left: Amount, right: Amount) -> Result<Amount, Error> {
    let out_of_range = quantity::Error::OutOfRange {
        quantity: "a sum of amounts",
        unit: "millionths of the currency's unit",
    };
    left.checked_add(right).ok_or(Error::Quantity(out_of_range))
}
