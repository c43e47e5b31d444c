//! Reads Rust source just far enough to say which paths it names: comments and literals aside, `use` trees unfolded.
#![expect(clippy::indexing_slicing, reason = "a lexer in a test: out of bounds is a failed test")]

/// What a lexer needs to keep for finding paths.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Colons,
    Mark(char),
}

/// A source file without its comments: its tokens, and the texts of its string literals.
#[derive(Debug)]
pub(crate) struct Source {
    tokens: Vec<(Token, usize)>,
    pub(crate) texts: Vec<(String, usize)>,
}

/// A path that a file names, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Its segments from the crate's root on; empty for the root itself.
    pub(crate) segments: Vec<String>,
    pub(crate) line: usize,
}

impl Source {
    pub(crate) fn new(text: &str) -> Self {
        let letters: Vec<char> = text.chars().collect();
        let mut source = Self { tokens: Vec::new(), texts: Vec::new() };
        let (mut at, mut line) = (0, 1);
        while at < letters.len() {
            let rest = &letters[at..];
            let length = match rest {
                ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
                ['/', '*', ..] => block_comment(rest),
                ['"', ..] => source.text(rest, 1, line),
                ['b' | 'c', '"', ..] => source.text(rest, 2, line),
                ['r', '"' | '#', ..] if raw_hashes(&rest[1..]).is_some() => source.raw(rest, 1, line),
                ['b' | 'c', 'r', '"' | '#', ..] if raw_hashes(&rest[2..]).is_some() => {
                    source.raw(rest, 2, line)
                }
                ['\'', '\\', ..] => 3 + rest[3..].iter().position(|&c| c == '\'').map_or(0, |end| end + 1),
                ['\'', _, '\'', ..] => 3,
                [':', ':', ..] => {
                    source.tokens.push((Token::Colons, line));
                    2
                }
                [c, ..] if c.is_alphabetic() || *c == '_' => {
                    let word: String =
                        rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').collect();
                    let length = word.chars().count();
                    source.tokens.push((Token::Word(word), line));
                    length
                }
                [c, ..] => {
                    if !c.is_whitespace() {
                        source.tokens.push((Token::Mark(*c), line));
                    }
                    1
                }
                [] => break,
            };
            let end = (at + length).min(letters.len());
            line += letters[at..end].iter().filter(|&&c| c == '\n').count();
            at = end;
        }
        source
    }

    /// Keeps the string literal at the start of `rest`, whose quote is letter `open` counted from 1; gives its length.
    fn text(&mut self, rest: &[char], open: usize, line: usize) -> usize {
        let mut end = open;
        while end < rest.len() && rest[end] != '"' {
            end += if rest[end] == '\\' { 2 } else { 1 };
        }
        let end = end.min(rest.len());
        self.texts.push((rest[open..end].iter().collect(), line));
        end + 1
    }

    fn raw(&mut self, rest: &[char], prefix: usize, line: usize) -> usize {
        let hashes = raw_hashes(&rest[prefix..]).unwrap_or(0);
        let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
        let open = prefix + hashes + 1;
        let inside = rest[open..].windows(close.len()).position(|w| w == close).unwrap_or(rest.len() - open);
        self.texts.push((rest[open..open + inside].iter().collect(), line));
        open + inside + close.len()
    }

    /// Whether the file has this word outside comments and literals.
    pub(crate) fn says(&self, word: &str) -> bool {
        self.tokens.iter().any(|(token, _)| matches!(token, Token::Word(w) if w == word))
    }

    /// Every path that starts at `crate`, `self` or `super`, from the crate's root on. `module` is the file's own path.
    pub(crate) fn paths(&self, module: &[String]) -> Vec<Named> {
        let mut found = Vec::new();
        // One entry per open brace: the name of the module that it opens, if it is one.
        let mut open: Vec<Option<String>> = Vec::new();
        let mut at = 0;
        while let Some((token, line)) = self.tokens.get(at) {
            match token {
                Token::Mark('{') => {
                    let name = match at.checked_sub(2).map(|start| &self.tokens[start..at]) {
                        Some([(Token::Word(keyword), _), (Token::Word(name), _)]) if keyword == "mod" => {
                            Some(name.clone())
                        }
                        _ => None,
                    };
                    open.push(name);
                    at += 1;
                }
                Token::Mark('}') => {
                    open.pop();
                    at += 1;
                }
                Token::Word(word) if word == "use" => {
                    let here: Vec<String> =
                        module.iter().cloned().chain(open.iter().flatten().cloned()).collect();
                    at = self.tree(at + 1, &here, None, &mut found);
                }
                Token::Word(word) if ["crate", "self", "super"].contains(&word.as_str()) => {
                    let here: Vec<String> =
                        module.iter().cloned().chain(open.iter().flatten().cloned()).collect();
                    let continues = matches!(self.tokens.get(at + 1), Some((Token::Colons, _)));
                    let (path, next) = self.path(at, &here, None);
                    if let (true, Some(segments)) = (continues, path) {
                        found.push(Named { segments, line: *line });
                    }
                    at = next.max(at + 1);
                }
                _ => at += 1,
            }
        }
        found
    }

    /// Reads one path from `at`, continuing `prefix`; gives it from the root on (`None` where it starts at no known
    /// place, such as another crate) and what follows it.
    fn path(&self, at: usize, here: &[String], prefix: Option<&[String]>) -> (Option<Vec<String>>, usize) {
        let start = at;
        let mut at = at;
        let mut path: Option<Vec<String>> = prefix.map(<[String]>::to_vec);
        while let Some((Token::Word(word), _)) = self.tokens.get(at) {
            let first = at == start && prefix.is_none();
            match word.as_str() {
                "crate" => path = Some(Vec::new()),
                "self" if first => path = Some(here.to_vec()),
                "self" => {}
                "super" => {
                    let mut base = if first { here.to_vec() } else { path.unwrap_or_default() };
                    base.pop();
                    path = Some(base);
                }
                name => {
                    if let Some(path) = &mut path {
                        path.push(name.to_owned());
                    }
                }
            }
            at += 1;
            if !matches!(self.tokens.get(at), Some((Token::Colons, _))) {
                break;
            }
            at += 1;
        }
        (path, at)
    }

    /// Unfolds one `use` tree from `at` under `prefix`; gives what follows it.
    fn tree(&self, at: usize, here: &[String], prefix: Option<&[String]>, found: &mut Vec<Named>) -> usize {
        let line = self.tokens.get(at).map_or(0, |(_, line)| *line);
        let (path, mut next) = self.path(at, here, prefix);
        match self.tokens.get(next) {
            Some((Token::Mark('{'), _)) => {
                // `{` first of all opens a group of whole paths; after another crate's name, a group that is not ours.
                let whole = next == at && prefix.is_none();
                let mut inside = Vec::new();
                next += 1;
                while !matches!(self.tokens.get(next), None | Some((Token::Mark('}'), _))) {
                    let under = if whole { None } else { Some(path.as_deref().unwrap_or_default()) };
                    let before = next;
                    next = self.tree(next, here, under, &mut inside).max(before + 1);
                    if matches!(self.tokens.get(next), Some((Token::Mark(','), _))) {
                        next += 1;
                    }
                }
                if whole || path.is_some() {
                    found.append(&mut inside);
                }
                next + 1
            }
            Some((Token::Mark('*'), _)) => {
                found.extend(path.map(|segments| Named { segments: with_glob(segments), line }));
                next + 1
            }
            after => {
                let renames = matches!(after, Some((Token::Word(word), _)) if word == "as");
                found.extend(path.map(|segments| Named { segments, line }));
                next + if renames { 2 } else { 0 }
            }
        }
    }
}

fn with_glob(mut segments: Vec<String>) -> Vec<String> {
    segments.push("*".to_owned());
    segments
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => {
                depth += 1;
                at += 2;
            }
            ['*', '/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    rest.len()
}

/// How many hashes stand before the quote of a raw string, if one starts here.
fn raw_hashes(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().take_while(|&&c| c == '#').count();
    (rest.get(hashes) == Some(&'"')).then_some(hashes)
}
