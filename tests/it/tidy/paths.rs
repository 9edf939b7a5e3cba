//! The paths in a file's code: what it imports, and what it names by a path elsewhere.

use std::collections::HashSet;

use super::source::Source;

/// A path such as `crate::engine::lane::Gauge`; the last name of a glob import is `*`.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) line: usize,
    pub(super) names: Vec<String>,
    /// The name that an import gives it in this file; `None` outside `use`.
    pub(super) imported_as: Option<String>,
    /// It is a `pub use`, of any visibility, of a name that this file does not use.
    pub(super) only_reexported: bool,
}

impl Path {
    /// The names below the crate's root, if the path begins with `crate` or leads there by enough `super`.
    pub(super) fn below_root(&self, source: &Source) -> Option<&[String]> {
        if self.names[0] == "crate" {
            return Some(&self.names[1..]);
        }
        let up = self.names.iter().take_while(|name| *name == "super");
        let up = up.count();
        (up > 0 && up == source.modules().len()).then(|| &self.names[up..])
    }
}

/// All paths of two names and more, and all imports, except those of unit tests.
pub(super) fn paths(source: &Source) -> Vec<Path> {
    let mut parser = Parser {
        tokens: tokens(source),
        at: 0,
        found: Vec::new(),
        used: HashSet::new(),
    };
    while parser.at < parser.tokens.len() {
        parser.item();
    }
    for path in &mut parser.found {
        let name = path.imported_as.as_deref();
        path.only_reexported &= name.is_some_and(|name| !parser.used.contains(name));
    }
    parser.found
}

/// Words, `::`, and single characters of anything else, with their lines.
pub(super) fn tokens(source: &Source) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (number, line) in source.product() {
        let mut rest = line.code.trim_start();
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !is_of_word(c)).unwrap_or(rest.len());
            let length = match word {
                0 if rest.starts_with("::") => 2,
                0 => first.len_utf8(),
                _ => word,
            };
            tokens.push((number, &rest[..length]));
            rest = rest[length..].trim_start();
        }
    }
    tokens
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

struct Parser<'a> {
    tokens: Vec<(usize, &'a str)>,
    at: usize,
    found: Vec<Path>,
    /// The names outside imports.
    used: HashSet<&'a str>,
}

/// What a path is part of.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Import,
    Reexport,
    Code,
}

impl<'a> Parser<'a> {
    /// The token so far ahead; empty behind the end.
    fn token(&self, ahead: usize) -> &'a str {
        self.tokens
            .get(self.at + ahead)
            .map_or("", |(_, token)| token)
    }

    fn is_word(&self, ahead: usize) -> bool {
        self.token(ahead).starts_with(is_of_word)
    }

    fn item(&mut self) {
        let before = self.at.checked_sub(1).map_or("", |at| self.tokens[at].1);
        // `use<'_>` in a type is no import.
        if self.token(0) == "use" && self.token(1) != "<" {
            let public = ["pub", ")"].contains(&before);
            let kind = if public { Kind::Reexport } else { Kind::Import };
            self.at += 1;
            if self.token(0) == "::" {
                self.at += 1;
            }
            self.tree(&mut Vec::new(), kind);
            return;
        }
        self.used.insert(self.token(0));
        if self.is_word(0) && self.token(1) == "::" && !["::", "."].contains(&before) {
            self.tree(&mut Vec::new(), Kind::Code);
        } else {
            self.at += 1;
        }
    }

    /// A path, or the braces of a tree of paths, below the names in `above`.
    fn tree(&mut self, above: &mut Vec<String>, kind: Kind) {
        let import = kind != Kind::Code;
        if import && self.token(0) == "{" {
            self.at += 1;
            while !["}", ""].contains(&self.token(0)) {
                self.tree(above, kind);
                if self.token(0) == "," {
                    self.at += 1;
                }
            }
            self.at += 1;
            return;
        }
        let Some(&(line, name)) = self.tokens.get(self.at) else {
            return;
        };
        self.at += 1;
        above.push(name.to_owned());
        let more = self.is_word(1) || import && ["{", "*"].contains(&self.token(1));
        if self.token(0) == "::" && more {
            self.at += 1;
            self.tree(above, kind);
        } else {
            self.end(line, above, kind);
        }
        above.pop();
    }

    fn end(&mut self, line: usize, names: &[String], kind: Kind) {
        let mut names = names.to_vec();
        if names.len() > 1 && names.last().is_some_and(|name| name == "self") {
            names.pop(); // `cli::{self}` imports `cli`
        }
        let import = kind != Kind::Code;
        let mut imported_as = import.then(|| names[names.len() - 1].clone());
        if import && self.token(0) == "as" {
            imported_as = Some(self.token(1).to_owned());
            self.at += 2;
        }
        if import || names.len() > 1 {
            self.found.push(Path {
                line,
                names,
                imported_as,
                only_reexported: kind == Kind::Reexport,
            });
        }
    }
}
