//! How much a statement carries: over a network no more than one write.

use super::bulk::DayRow;

/// How many bytes a statement carries over a network at most: what one record of TLS holds, so that it is one write. sqlx
/// leaves Nagle's algorithm on (<https://github.com/transact-rs/sqlx/issues/4335>), with which the kernel keeps a second
/// write back until the first one is acknowledged, and that takes the other side up to 40 ms.
#[cfg(any(feature = "mysql", feature = "postgres"))]
pub(super) const ONE_WRITE: usize = 15 << 10;

/// How many bytes a statement to SQLite carries at most.
#[cfg(feature = "sqlite")]
pub(super) const ONE_CALL: usize = 1 << 20;

/// How many rows stay below so many bytes.
pub(super) fn fit<T>(rows: &[T], most_bytes: usize, bytes: impl Fn(&T) -> usize) -> usize {
    let mut total = 0_usize;
    let fit = rows.iter().take_while(|row| {
        total = total.saturating_add(bytes(row));
        total <= most_bytes
    });
    fit.count()
}

/// How many of the rows the next statement takes: a fixed size that fits.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) fn chunk<T>(rows: &[T], most_bytes: usize, bytes: impl Fn(&T) -> usize) -> usize {
    let fit = fit(rows, most_bytes, bytes);
    [256, 32, 4].into_iter().find(|&size| size <= fit).unwrap_or(1)
}

/// The bytes of a day in a statement, at most: a number is 12 of an array of PostgreSQL's, and a device 20.
pub(super) fn bytes_of_day(day: &DayRow) -> usize {
    day.packed.len().saturating_add(20 + 5 * 12 + 4)
}

#[cfg(all(test, feature = "postgres"))]
mod tests {
    use sqlx::{Encode, Postgres, postgres::PgArgumentBuffer};
    use uuid::Uuid;

    use super::*;

    /// The bytes of an array in a statement.
    fn bytes<'a, T>(rows: &[DayRow], of: impl Fn(&DayRow) -> T) -> usize
    where
        Vec<T>: Encode<'a, Postgres>,
    {
        let mut buffer = PgArgumentBuffer::default();
        let encoded = rows.iter().map(of).collect::<Vec<_>>().encode(&mut buffer);
        if encoded.is_ok() { buffer.len() } else { usize::MAX }
    }

    #[test]
    fn as_many_days_as_fit_are_one_record_of_tls() {
        for length in [0, 3, 195, 4000] {
            let day = || DayRow {
                device: Uuid::from_u128(7),
                channel: 1,
                day: 20_000,
                energy: i64::MAX,
                readings: 96,
                quality: 1,
                packed: vec![7; length],
            };
            let mut days: Vec<DayRow> = std::iter::repeat_with(day).take(1000).collect();
            days.truncate(fit(&days, ONE_WRITE, bytes_of_day));
            let numbers = bytes(&days, |day| day.channel).saturating_mul(5);
            let sent = bytes(&days, |day| day.device.as_bytes().to_vec())
                + bytes(&days, |day| day.packed.clone())
                + numbers;
            // Less what is said beside the arrays; and no smaller than it has to be.
            assert!(
                (8_000..16_384 - 512).contains(&sent),
                "{} days of {length} bytes are {sent}",
                days.len()
            );
        }
    }
}
