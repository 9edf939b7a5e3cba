//! Lengths, printing, purpose, language.

use super::source::Source;
use super::{containing, fault, finds, holds, is_in, words};

#[test]
fn only_the_command_line_and_the_report_print() {
    fn rule(source: &Source) -> Vec<String> {
        if is_in(
            source,
            &[
                "src/cli/",
                "src/report/",
                "src/main.rs",
                "src/build.rs", // cargo reads its output
                "tests/",
                "benches/",
                "examples/",
            ],
        ) {
            return Vec::new();
        }
        containing(
            source,
            &["print!", "println!"],
            "nothing prints outside cli and report",
        ) // and so for eprint! and eprintln!
    }
    holds(rule);
    finds(rule, "src/engine/worker.rs", "eprintln!(\"worker\");", 1);
    finds(rule, "src/engine/worker.rs", "print!(\"worker\");", 1);
    finds(
        rule,
        "src/engine/worker.rs",
        "/// println!(\"an example\");",
        0,
    );
}

#[test]
fn no_file_is_longer_than_400_lines() {
    fn rule(source: &Source) -> Vec<String> {
        let lines = source.lines.len();
        let long = (lines > 400).then(|| fault(source, lines, "longer than 400 lines"));
        long.into_iter().collect()
    }
    holds(rule);
    finds(rule, "src/long.rs", &"\n".repeat(400), 0);
    finds(rule, "src/long.rs", &"\n".repeat(401), 1);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    fn rule(source: &Source) -> Vec<String> {
        let functions = source
            .functions()
            .into_iter()
            .filter(|(_, lines)| *lines > 70);
        let long =
            functions.map(|(at, lines)| fault(source, at, &format!("a function of {lines} lines")));
        long.collect()
    }
    holds(rule);
    let function = |lines: usize| format!("pub fn f(x: [u8; 2]) {{{}}}\n", "\n".repeat(lines - 1));
    finds(rule, "src/long.rs", &function(70), 0);
    finds(rule, "src/long.rs", &function(71), 1);
    let declared = "trait T {\n    fn f();\n".to_owned() + &"\n".repeat(80) + "}";
    finds(rule, "src/long.rs", &declared, 0);
}

#[test]
fn nothing_is_unsafe_ignored_or_left_to_do() {
    fn rule(source: &Source) -> Vec<String> {
        let mut faults = Vec::new();
        for (number, line) in source.numbered() {
            if words(&line.code).any(|word| word == "unsafe") {
                faults.push(fault(source, number, "unsafe"));
            }
            for word in ["#[ignore", "todo!", "unimplemented!", "dbg!"] {
                if line.code.contains(word) {
                    faults.push(fault(source, number, word));
                }
            }
        }
        faults
    }
    holds(rule);
    finds(
        rule,
        "src/lib.rs",
        "unsafe { f() }\n#![forbid(unsafe_code)] // unsafe",
        1,
    );
    finds(
        rule,
        "tests/it/x.rs",
        "#[test]\n#[ignore = \"slow\"]\nfn f() { todo!() }",
        2,
    );
    let manifest = include_str!("../../../Cargo.toml");
    assert!(manifest.contains("unsafe_code = \"forbid\""));
}

#[test]
fn every_file_begins_with_its_purpose() {
    fn rule(source: &Source) -> Vec<String> {
        let first = source.lines.iter().map(|line| line.comment.as_str());
        let said = first
            .clone()
            .next()
            .is_some_and(|comment| comment.starts_with("//!"));
        (!said)
            .then(|| fault(source, 1, "begins without //!"))
            .into_iter()
            .collect()
    }
    holds(rule);
    finds(rule, "src/x.rs", "//! X.\nfn x() {}", 0);
    finds(rule, "src/x.rs", "fn x() {}", 1);
}

#[test]
fn no_line_is_longer_than_120_columns() {
    /// Text in a literal does not count: it cannot always be broken.
    fn rule(source: &Source) -> Vec<String> {
        let long = source.numbered().filter(|(_, line)| {
            let counted = line.code.chars().count() + line.comment.chars().count();
            line.text.chars().count() > 120 && counted > 120
        });
        long.map(|(number, line)| {
            fault(
                source,
                number,
                &format!("{} columns", line.text.chars().count()),
            )
        })
        .collect()
    }
    holds(rule);
    let long = "x".repeat(117);
    finds(rule, "src/long.rs", &format!("// {long}"), 0);
    finds(rule, "src/long.rs", &format!("// {long}x"), 1);
    finds(
        rule,
        "src/long.rs",
        &format!("//! {}", "\u{e9}".repeat(116)),
        0,
    );
    finds(rule, "src/long.rs", &format!("f(\"{long}\");"), 0);
    finds(rule, "src/long.rs", &format!("f({long});"), 1);
}

/// Phrases that a reader has to learn, and plain words for them.
const DIALECT: [(&str, &str); 17] = [
    ("comes to", "results in"),
    ("is told", "receives"),
    ("none where", "`None` if"),
    ("what becomes of", "the result of"),
    ("are told", "receive"),
    ("be told", "be reported"),
    ("came to", "resulted in"),
    ("come of", "result from"),
    ("give out", "fail"),
    ("gives out", "fails"),
    ("is the case", "is true"),
    ("means no good", "is hostile"),
    ("mend", "fix, or recover"),
    ("mends", "recovers"),
    ("the bell", "the waker"),
    ("was told", "received"),
    ("what came of", "the result of"),
];

/// Where a phrase stands in lower-case text, as whole words.
fn has_phrase(text: &str, phrase: &str) -> bool {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + phrase.len()..]);
        !before.ends_with(is_of_word) && !after.starts_with(is_of_word)
    })
}

#[test]
fn comments_messages_and_the_readme_are_in_plain_english() {
    fn rule(source: &Source) -> Vec<String> {
        if is_in(source, &["tests/it/tidy/"]) {
            return Vec::new(); // the phrases are listed there
        }
        let mut faults = Vec::new();
        // A phrase may continue in the next line.
        let mut before = String::new();
        for (number, line) in source.numbered() {
            let text = line.text.trim().trim_start_matches(['/', '!', '*']);
            let text = text.trim().to_lowercase();
            let both = format!("{before} {text}");
            for (phrase, plain) in &DIALECT {
                let ends_here = has_phrase(&both, phrase) && !has_phrase(&before, phrase);
                if ends_here || has_phrase(&text, phrase) {
                    faults.push(fault(source, number, &format!("\"{phrase}\": say {plain}")));
                }
            }
            before = text;
        }
        faults
    }
    holds(rule);
    for (path, text) in [
        ("README.md", include_str!("../../../README.md")),
        ("CHANGELOG.md", include_str!("../../../CHANGELOG.md")),
        (
            "src/reference/settings.md",
            include_str!("../../../src/reference/settings.md"),
        ),
        (
            "src/reference/report.md",
            include_str!("../../../src/reference/report.md"),
        ),
        (
            "src/reference/compare.md",
            include_str!("../../../src/reference/compare.md"),
        ),
    ] {
        assert_eq!(rule(&Source::new(path, text)), Vec::<String>::new());
    }

    let path = "src/x.rs";
    finds(rule, path, "/// Input that means no good.", 1);
    finds(
        rule,
        path,
        "//! Input that means\n//! no good.\n//! It is bad.",
        1,
    );
    finds(rule, path, "warn!(\"these are told\");\n// Are told.", 2);
    finds(rule, path, "fn give_out() {} // mornings are toldered", 0);
    finds(rule, path, "// none where there is none", 1);
}
