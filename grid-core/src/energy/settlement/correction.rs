//! What a later reading changes about a statement that was issued.

use std::collections::BTreeMap;

use super::{
    Amount, Comparison, Kind, Quantities, Statement, StatementLine,
    statement::{LineKey, difference},
};
use crate::energy::Error;

/// The difference between what stands and what should: a correction of the last of `issued`, or nothing where they are
/// the same.
///
/// `issued` is what a member was told about a period until now, oldest first: a statement and its corrections, whose sum
/// is what stands. `now` is the statement as it would be issued today. What was issued never changes; the sum of all of it
/// and the correction is `now`, line by line, to the last millionth.
///
/// # Errors
///
/// [`Error::NothingToCorrect`] where nothing was issued, [`Error::NotTheSameBill`] where the documents are about different
/// members, periods or currencies, or the first is no statement; [`Error::Quantity`] where a difference does not fit.
pub fn correct(issued: &[Statement], now: &Statement) -> Result<Option<Statement>, Error> {
    let Some(last) = issued.last() else {
        return Err(Error::NothingToCorrect { member: now.member.id });
    };
    if let Some(first) = issued.first().filter(|first| first.kind != Kind::Statement) {
        return Err(Error::NotTheSameBill { field: "kind", other: first.id });
    }
    for document in issued {
        if let Some(field) = document.differs(now) {
            return Err(Error::NotTheSameBill { field, other: document.id });
        }
    }
    let mut energy = now.energy;
    let mut lines: Vec<(LineKey, StatementLine)> = Vec::with_capacity(now.lines.len());
    for line in &now.lines {
        let key = line.key();
        // A bill that a new tariff cuts may have a line twice, one of each part; what was issued is set against both.
        match lines.iter_mut().find(|(other, _)| *other == key) {
            Some((_, standing)) => standing.add(line)?,
            None => lines.push((key, line.clone())),
        }
    }
    let (mut net, mut taxes, mut total) = (now.net, now.taxes, now.total);
    let mut comparisons: BTreeMap<&str, (Amount, Amount)> =
        now.comparisons.iter().map(|other| (other.with.as_str(), (other.total, other.saved))).collect();
    for document in issued {
        energy = energy.checked_sub(&document.energy)?;
        for line in &document.lines {
            let key = line.key();
            if let Some((_, standing)) = lines.iter_mut().find(|(other, _)| *other == key) {
                standing.subtract(line)?;
            } else {
                let mut gone = line.zero();
                gone.subtract(line)?;
                lines.push((key, gone));
            }
        }
        net = difference(net, document.net)?;
        taxes = difference(taxes, document.taxes)?;
        total = difference(total, document.total)?;
        for other in &document.comparisons {
            // What is not compared any more is no difference.
            if let Some(standing) = comparisons.get_mut(other.with.as_str()) {
                *standing = (difference(standing.0, other.total)?, difference(standing.1, other.saved)?);
            }
        }
    }
    let lines: Vec<StatementLine> =
        lines.into_iter().map(|(_, line)| line).filter(|line| !line.is_nothing()).collect();
    if lines.is_empty() && energy == Quantities::default() && total == Amount::ZERO {
        return Ok(None);
    }
    let comparisons = comparisons
        .into_iter()
        .filter(|(_, amounts)| *amounts != (Amount::ZERO, Amount::ZERO))
        .map(|(with, (total, saved))| Comparison { with: with.to_owned(), total, saved })
        .collect();
    let correction = Statement {
        kind: Kind::Correction,
        corrects: Some(last.id),
        energy,
        lines,
        net,
        taxes,
        total,
        comparisons,
        ..now.clone()
    };
    Ok(Some(correction.with_id()))
}
