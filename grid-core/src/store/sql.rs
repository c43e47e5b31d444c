//! SQL texts: written once with `?`, and translated to `$1`, `$2`, … for PostgreSQL while compiling.

/// One statement for every database that takes the same words.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sql {
    /// With `?` for each parameter.
    pub(super) plain: &'static str,
    /// With `$n` for each parameter.
    pub(super) numbered: &'static str,
}

/// How a database writes the parameters of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(feature = "postgres", any(feature = "sqlite", feature = "mysql"))),
    expect(dead_code, reason = "each database has one notation")
)]
pub(super) enum Notation {
    /// `?`
    Plain,
    /// `$n`
    Numbered,
}

impl Sql {
    /// The statement in a notation.
    pub(super) const fn text(self, notation: Notation) -> &'static str {
        match notation {
            Notation::Plain => self.plain,
            Notation::Numbered => self.numbered,
        }
    }
}

/// The text of a statement for the driver `Db` that [`on!`](super::backend::on) has put in scope.
macro_rules! sql {
    ($text:expr) => {{
        const TEXT: &str = $text;
        const BYTES: [u8; $crate::store::sql::numbered_length(TEXT)] = $crate::store::sql::numbered(TEXT);
        const SQL: $crate::store::sql::Sql =
            $crate::store::sql::Sql { plain: TEXT, numbered: $crate::store::sql::as_text(&BYTES) };
        SQL.text(<Db as $crate::store::backend::Driver>::NOTATION)
    }};
}
pub(super) use sql;

/// A statement with one group of parameters repeated: `head`, then `group` as many times as told with `between` between them,
/// then `tail`.
#[cfg(any(feature = "sqlite", feature = "mysql"))]
macro_rules! repeated {
    ($head:expr, $group:expr, $between:expr, $times:expr, $tail:expr) => {{
        const BYTES: [u8; $crate::store::sql::repeated_length($head, $group, $between, $times, $tail)] =
            $crate::store::sql::repeat($head, $group, $between, $times, $tail);
        const TEXT: &str = $crate::store::sql::as_text(&BYTES);
        TEXT
    }};
}
#[cfg(any(feature = "sqlite", feature = "mysql"))]
pub(super) use repeated;

/// How long a text becomes when each `?` is numbered.
pub(super) const fn numbered_length(text: &str) -> usize {
    let mut bytes = text.as_bytes();
    let mut length = 0;
    let mut parameter = 0;
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        length += 1;
        if *byte == b'?' {
            parameter += 1;
            length += digits(parameter);
        }
    }
    length
}

/// The text with each `?` numbered from `$1`. No statement of the store has a `?` in a literal.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where an index out of range is an error")]
pub(super) const fn numbered<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let mut bytes = text.as_bytes();
    let mut out = [b' '; LENGTH];
    let mut at = 0;
    let mut parameter = 0;
    while let [byte, rest @ ..] = bytes {
        bytes = rest;
        if *byte == b'?' {
            parameter += 1;
            out[at] = b'$';
            let mut left = parameter;
            let mut digit = digits(parameter);
            at += digit;
            let mut place = at;
            while digit > 0 {
                out[place] = DIGITS[left % 10];
                left /= 10;
                place -= 1;
                digit -= 1;
            }
        } else {
            out[at] = *byte;
        }
        at += 1;
    }
    out
}

const DIGITS: [u8; 10] = *b"0123456789";

const fn digits(number: usize) -> usize {
    let mut count = 1;
    let mut left = number / 10;
    while left > 0 {
        count += 1;
        left /= 10;
    }
    count
}

/// The bytes of a statement as text; they came from text.
#[expect(clippy::panic, reason = "runs in the compiler, where a panic is an error")]
pub(super) const fn as_text(bytes: &'static [u8]) -> &'static str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("a statement is UTF-8"),
    }
}

/// How long [`repeat`] gets.
pub(super) const fn repeated_length(
    head: &str,
    group: &str,
    between: &str,
    times: usize,
    tail: &str,
) -> usize {
    head.len() + times * group.len() + times.saturating_sub(1) * between.len() + tail.len()
}

/// `head`, then `group` as many times as told with `between` between them, then `tail`.
#[expect(clippy::indexing_slicing, reason = "runs in the compiler, where an index out of range is an error")]
pub(super) const fn repeat<const LENGTH: usize>(
    head: &str,
    group: &str,
    between: &str,
    times: usize,
    tail: &str,
) -> [u8; LENGTH] {
    let mut out = [b' '; LENGTH];
    let mut at = 0;
    // Head, group, between, group, …, tail.
    let pieces = 2 * times + 1;
    let mut piece = 0;
    while piece < pieces {
        let mut bytes = if piece == 0 {
            head.as_bytes()
        } else if piece + 1 == pieces {
            tail.as_bytes()
        } else if piece % 2 == 1 {
            group.as_bytes()
        } else {
            between.as_bytes()
        };
        while let [byte, rest @ ..] = bytes {
            bytes = rest;
            out[at] = *byte;
            at += 1;
        }
        piece += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn question_marks_are_numbered_in_order() {
        const TEXT: &str = "a = ? AND b = ?";
        const BYTES: [u8; numbered_length(TEXT)] = numbered(TEXT);
        assert_eq!(as_text(&BYTES), "a = $1 AND b = $2");
    }

    #[test]
    fn two_digits_fit() {
        const TEXT: &str = "?,?,?,?,?,?,?,?,?,?,?";
        const BYTES: [u8; numbered_length(TEXT)] = numbered(TEXT);
        assert_eq!(as_text(&BYTES), "$1,$2,$3,$4,$5,$6,$7,$8,$9,$10,$11");
    }

    #[cfg(any(feature = "sqlite", feature = "mysql"))]
    #[test]
    fn groups_are_repeated_with_something_between() {
        assert_eq!(repeated!("VALUES ", "(?, ?)", ", ", 3, " END"), "VALUES (?, ?), (?, ?), (?, ?) END");
        assert_eq!(repeated!("VALUES ", "(?)", ", ", 1, ""), "VALUES (?)");
    }
}
