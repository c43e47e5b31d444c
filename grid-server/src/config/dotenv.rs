//! The file `.env`: one `NAME=value` a line, taken as it stands.
//!
//! Nothing is put in for `$NAME`, and nothing reaches the environment of the process: a password with a dollar sign is
//! that password.

use std::path::PathBuf;

/// One line of a `.env` file.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Line {
    /// The number of the line, from 1.
    pub(super) number: usize,
    /// The name.
    pub(super) name: String,
    /// The value, without its quotation marks.
    pub(super) value: String,
}

/// Without the value, which may be a secret.
impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("number", &self.number).field("name", &self.name).finish_non_exhaustive()
    }
}

/// A line that cannot be read. The line itself is not told: it may hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{}`, line {line}: expected {expected}", path.display())]
pub struct Unreadable {
    /// The file.
    pub path: PathBuf,
    /// The number of the line, from 1.
    pub line: usize,
    /// What should stand there.
    pub expected: &'static str,
}

/// Reads the lines of a `.env` file; the error is a line's number, and what should stand there.
pub(super) fn read(text: &str) -> Result<Vec<Line>, (usize, &'static str)> {
    let mut lines: Vec<Line> = Vec::new();
    for (text, number) in text.trim_start_matches('\u{feff}').lines().zip(1..) {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let text = text.strip_prefix("export ").unwrap_or(text);
        let (name, value) = text.split_once('=').ok_or((number, "`NAME=value`, a comment or nothing"))?;
        let name = name.trim();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if !name.bytes().all(plain) || name.bytes().next().is_none_or(|first| first.is_ascii_digit()) {
            return Err((number, "a name of letters, digits and underscores before the `=`"));
        }
        if lines.iter().any(|line| line.name == name) {
            return Err((number, "each name once"));
        }
        let value = unquoted(value.trim()).map_err(|expected| (number, expected))?;
        lines.push(Line { number, name: name.to_owned(), value });
    }
    Ok(lines)
}

/// A value without its quotation marks, or without the comment behind it.
fn unquoted(value: &str) -> Result<String, &'static str> {
    if let Some(rest) = value.strip_prefix('\'') {
        let (text, after) = rest.split_once('\'').ok_or("a second `'` on the same line")?;
        return alone(after).map(|()| text.to_owned());
    }
    let Some(rest) = value.strip_prefix('"') else {
        let end = value.match_indices('#').map(|(at, _)| at).find(|at| {
            // `a#b` is a value, `a #b` one with a comment.
            value.get(..*at).is_some_and(|before| before.is_empty() || before.ends_with([' ', '\t']))
        });
        return Ok(value.get(..end.unwrap_or(value.len())).unwrap_or(value).trim_end().to_owned());
    };
    let mut text = String::new();
    let mut letters = rest.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return alone(letters.as_str()).map(|()| text),
            '\\' => text.push(match letters.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some(letter @ ('"' | '\\' | '$')) => letter,
                _ => return Err("`\\n`, `\\r`, `\\t`, `\\\"`, `\\\\` or `\\$`; within `'` a `\\` is a `\\`"),
            }),
            letter => text.push(letter),
        }
    }
    Err("a second `\"` on the same line")
}

/// Checks that nothing but a comment follows a quoted value.
fn alone(after: &str) -> Result<(), &'static str> {
    let after = after.trim();
    if after.is_empty() || after.starts_with('#') {
        Ok(())
    } else {
        Err("nothing after the closing quotation mark")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_taken_as_they_stand() {
        let text = "\u{feff}# a comment\r\n\nA=1\n  B = two words # said\nexport C='it''s'\n";
        assert_eq!(read(text).unwrap_err(), (5, "nothing after the closing quotation mark"));
        for (line, value) in [
            ("A=p$HOME${X}w", "p$HOME${X}w"),
            ("A='p$w#d \\n' # said", "p$w#d \\n"),
            ("A=\"a\\nb \\\"c\\\" \\$d\\\\\"", "a\nb \"c\" $d\\"),
            ("A=a#b", "a#b"),
            ("A=a=b==", "a=b=="),
            ("A=", ""),
            ("A= # nothing", ""),
            ("A=#", ""),
            ("A=contraseña", "contraseña"),
        ] {
            let lines = read(line).unwrap();
            assert_eq!((lines.len(), lines[0].value.as_str()), (1, value), "{line}");
        }
    }

    #[test]
    fn a_line_that_is_none_is_told_by_its_number() {
        for (text, number) in [
            ("A=1\nnonsense", 2),
            ("A B=1", 1),
            ("1A=1", 1),
            ("=1", 1),
            ("A=1\n\nA=2", 3),
            ("A=\"open", 1),
            ("A='open", 1),
            ("A=\"\\q\"", 1),
        ] {
            assert_eq!(read(text).unwrap_err().0, number, "{text}");
        }
    }
}
