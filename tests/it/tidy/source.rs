//! A source file as the rules see it: line by line, code and comments apart, without the insides of literals.

use std::path::Path;
use std::sync::LazyLock;

/// One line of a file.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub(super) text: String,
    /// The code, with the insides of literals left out.
    pub(super) code: String,
    pub(super) comment: String,
    /// Part of a module of unit tests.
    pub(super) in_tests: bool,
}

impl Line {
    fn is_only_comment(&self) -> bool {
        self.code.trim().is_empty() && !self.comment.is_empty()
    }
}

/// One file.
#[derive(Debug)]
pub(super) struct Source {
    /// From the project's folder: `src/engine/lane/gauge.rs`.
    pub(super) path: String,
    pub(super) lines: Vec<Line>,
}

/// What a character belongs to.
#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    LineComment,
    /// Nested that deep.
    BlockComment(u32),
    Text,
    /// Ends in a quote and that many hashes.
    RawText(usize),
}

impl Source {
    pub(super) fn new(path: &str, text: &str) -> Self {
        let mut source = Self {
            path: path.to_owned(),
            lines: split(text),
        };
        source.mark_tests();
        source
    }

    /// The project's own Rust files, read once.
    pub(super) fn all() -> &'static [Self] {
        static ALL: LazyLock<Vec<Source>> = LazyLock::new(|| {
            let root = Path::new(env!("CARGO_MANIFEST_DIR"));
            let mut files = Vec::new();
            for folder in ["src", "tests", "benches", "examples"] {
                collect(root, &root.join(folder), &mut files);
            }
            assert!(files.len() > 50, "where are the sources?");
            files
        });
        &ALL
    }

    /// Its module from the crate's root, name by name: `["engine", "lane", "gauge"]`.
    pub(super) fn modules(&self) -> Vec<&str> {
        let path = self.path.strip_prefix("src/").unwrap_or(&self.path);
        let path = path.strip_suffix(".rs").unwrap_or(path);
        path.split('/').filter(|name| *name != "mod").collect()
    }

    /// The modules that it declares as files, those of unit tests included.
    pub(super) fn declared_modules(&self) -> Vec<&str> {
        let lines = self.lines.iter().map(|line| line.code.trim());
        let modules = lines.filter_map(|code| {
            let declaration = code.strip_suffix(';')?;
            let (before, name) = declaration.rsplit_once("mod ")?;
            (before.is_empty() || before.ends_with(' ')).then_some(name)
        });
        modules.collect()
    }

    /// The lines that are not unit tests, with their numbers.
    pub(super) fn product(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.numbered().filter(|(_, line)| !line.in_tests)
    }

    pub(super) fn numbered(&self) -> impl Iterator<Item = (usize, &Line)> {
        (1..).zip(&self.lines)
    }

    /// The comment on a line, and any that ends within three lines above it, each from its beginning.
    pub(super) fn comments_near(&self, number: usize) -> String {
        let mut near = self.lines[number - 1].comment.clone();
        let mut index = number - 1;
        let mut reach = 3;
        while index > 0 && reach > 0 {
            index -= 1;
            if !self.lines[index].is_only_comment() {
                reach -= 1;
            }
            // A comment is read to its beginning, however long it is.
            near = format!("{} {near}", self.lines[index].comment);
        }
        near
    }

    /// Each function's first line and how many lines it has.
    pub(super) fn functions(&self) -> Vec<(usize, usize)> {
        let mut functions = Vec::new();
        for (number, line) in self.numbered() {
            let words = line.code.split(|c: char| !c.is_alphanumeric() && c != '_');
            let named = words
                .clone()
                .zip(words.skip(1))
                .any(|(a, b)| a == "fn" && !b.is_empty());
            if named && let Some(length) = self.braced_from(number) {
                functions.push((number, length));
            }
        }
        functions
    }

    /// The number of lines from this one to the end of the braces that open first; `None` if a semicolon comes before
    /// them.
    fn braced_from(&self, number: usize) -> Option<usize> {
        let (mut depth, mut brackets) = (0_u32, 0_u32);
        for (lines, line) in (1..).zip(&self.lines[number - 1..]) {
            for character in line.code.chars() {
                match character {
                    '(' | '[' => brackets += 1,
                    ')' | ']' => brackets = brackets.saturating_sub(1),
                    ';' if depth == 0 && brackets == 0 => return None,
                    '{' => depth += 1,
                    '}' if depth <= 1 => return Some(lines),
                    '}' => depth -= 1,
                    _ => {}
                }
            }
        }
        None
    }

    /// Marks `#[cfg(test)] mod ... { }`; a file called `tests` is nothing but tests, and one called `model` loom's.
    fn mark_tests(&mut self) {
        let modules = self.modules();
        let all = modules.contains(&"tests") || modules.contains(&"model");
        for index in 0..self.lines.len() {
            self.lines[index].in_tests |= all;
            let code = &self.lines[index].code;
            if code.contains("#[cfg(") && code.contains("test") && self.a_module_follows(index) {
                let length = self.braced_from(index + 1).unwrap_or(0);
                for line in &mut self.lines[index..index + length] {
                    line.in_tests = true;
                }
            }
        }
    }

    fn a_module_follows(&self, index: usize) -> bool {
        let mut items = self.lines[index + 1..].iter().map(|line| line.code.trim());
        let item = items.find(|code| !code.is_empty() && !code.starts_with("#["));
        item.is_some_and(|code| code.split(' ').any(|word| word == "mod"))
    }
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<Source>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return; // there may be no examples
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.push(Source::new(name, &std::fs::read_to_string(&path).unwrap()));
        }
    }
}

/// Separates code, comments and literals.
fn split(text: &str) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut state = State::Code;
    for text in text.lines() {
        let mut line = Line::default();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let (taken, next) = step(state, rest);
            let kept = &rest[..taken.max(first.len_utf8()).min(rest.len())];
            match (state, next) {
                (State::LineComment | State::BlockComment(_), _)
                | (State::Code, State::LineComment | State::BlockComment(_)) => {
                    line.comment += kept;
                }
                (State::Code, State::Code) if kept.starts_with('\'') => line.code += "' '",
                (State::Code, State::Code) => line.code += kept,
                (State::Code, _) | (_, State::Code) => line.code.push('"'),
                _ => {}
            }
            state = next;
            rest = &rest[kept.len()..];
        }
        if state == State::LineComment {
            state = State::Code;
        }
        text.clone_into(&mut line.text);
        lines.push(line);
    }
    lines
}

/// The number of bytes to take at once, and the state after them.
fn step(state: State, rest: &str) -> (usize, State) {
    match state {
        State::Code => step_in_code(rest),
        State::LineComment => (rest.len(), State::LineComment),
        State::BlockComment(depth) if rest.starts_with("/*") => (2, State::BlockComment(depth + 1)),
        State::BlockComment(1) if rest.starts_with("*/") => (2, State::Code),
        State::BlockComment(depth) if rest.starts_with("*/") => (2, State::BlockComment(depth - 1)),
        State::Text if rest.starts_with('\\') => {
            let escaped = rest.chars().nth(1).map_or(0, char::len_utf8);
            (1 + escaped, state)
        }
        State::Text if rest.starts_with('"') => (1, State::Code),
        State::RawText(hashes)
            if rest.starts_with('"') && rest[1..].starts_with(&"#".repeat(hashes)) =>
        {
            (1 + hashes, State::Code)
        }
        _ => (1, state),
    }
}

fn step_in_code(rest: &str) -> (usize, State) {
    if rest.starts_with("//") {
        return (rest.len(), State::LineComment);
    }
    if rest.starts_with("/*") {
        return (2, State::BlockComment(1));
    }
    if rest.starts_with('"') {
        return (1, State::Text);
    }
    for prefix in ["br", "r"] {
        if let Some(raw) = rest.strip_prefix(prefix) {
            let hashes = raw.len() - raw.trim_start_matches('#').len();
            if raw[hashes..].starts_with('"') {
                return (prefix.len() + hashes + 1, State::RawText(hashes));
            }
        }
    }
    if let Some(text) = rest.strip_prefix('\'') {
        return (
            character_literal(text).map_or(1, |bytes| bytes + 2),
            State::Code,
        );
    }
    // A word is taken whole, so that the r at the end of `for` begins no raw text.
    let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
    (word.unwrap_or(rest.len()).max(1), State::Code)
}

/// The length of a character literal's inside; `None` if the quote begins a lifetime.
fn character_literal(text: &str) -> Option<usize> {
    if text.starts_with('\\') {
        return text[2..].find('\'').map(|at| at + 2);
    }
    let first = text.chars().next()?.len_utf8();
    text[first..].starts_with('\'').then_some(first)
}
