//! Properties of any bytes: the program never panics and always answers correctly.

mod harness;

use std::fs;
use std::path::Path;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config as Cases, RngSeed, TestRunner};

use crate::support::{Folder, PROGRAM, seed, wanted};

/// Runs a test on that many generated cases, or on `SPLASHDAM_CASES`; the seed makes them repeatable.
#[track_caller]
fn run_cases<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value)) {
    let mut runner = TestRunner::new(Cases {
        cases: wanted("SPLASHDAM_CASES", cases.into()) as u32,
        rng_seed: RngSeed::Fixed(seed()),
        failure_persistence: None,
        ..Cases::default()
    });
    let result = runner.run(strategy, |value| {
        test(value);
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}

/// Bytes with many newlines among them.
fn bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(prop_oneof![Just(b'\n'), Just(b'x'), any::<u8>()], 0..length)
}

#[test]
fn any_bytes_in_any_chunks_are_cut_into_their_lines() {
    let steps = vec(prop_oneof![0..4_u8, any::<u8>()], 0..12);
    let case = (bytes(150), steps, 1..40_usize, 1..9_usize);
    run_cases(400, &case, |(input, steps, limit, records)| {
        harness::lines(&input, &steps, limit, records);
    });
}

/// A TOML value, sensible or not.
fn value() -> impl Strategy<Value = String> {
    const WORDS: &[&str] = &[
        "true",
        "[]",
        "{}",
        "1e400",
        "nan",
        "-0",
        "''",
        "'1h'",
        "'-1s'",
        "'64GiB'",
        "'1/s'",
        "'max'",
        "'file:'",
        "'file:out'",
        "{ type = 'file', path = 'out' }",
        "{ type = 'delay', delay = '1ms', sink = { type = 'check' } }",
        "[{ type = 'file', path = 'a' }, { type = 5 }]",
        "'delay:1ms,null'",
        "'0-3,1'",
        "'square:1s,0.5'",
        "'0.5:1ms'",
        "[['a']]",
        "'stdin'",
        "1979-05-27",
    ];
    prop_oneof![
        proptest::sample::select(WORDS).prop_map(str::to_owned),
        any::<i64>().prop_map(|n| n.to_string()),
        (0..2_000_i64).prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:?}")),
        any::<String>().prop_map(|text| toml::Value::String(text).to_string()),
    ]
}

/// The names of all settings, from `run --help`.
fn names() -> Vec<String> {
    let help = std::process::Command::new(PROGRAM)
        .args(["run", "--help"])
        .output()
        .unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let flags = help
        .lines()
        .filter_map(|line| line.trim_start().strip_prefix("--"));
    let names = flags.filter_map(|flag| flag.split([' ', ',']).next());
    let names: Vec<_> = names.map(|flag| flag.replace('-', "_")).collect();
    assert!(names.iter().any(|name| name == "lane_bytes"), "{help}");
    names
}

#[test]
fn any_configuration_file_is_accepted_or_refused_with_a_reason() {
    run_cases(150, &vec(any::<u8>(), 0..200), |bytes| {
        harness::config(&bytes);
    });
    let entries = vec((proptest::sample::select(names()), value()), 0..4);
    let accepted = std::cell::Cell::new(0);
    run_cases(300, &entries, |entries| {
        let lines = entries
            .iter()
            .map(|(name, value)| format!("{name} = {value}\n"));
        let fine = harness::config(lines.collect::<String>().as_bytes());
        accepted.set(accepted.get() + u32::from(fine));
    });
    assert!(accepted.get() > 0, "no configuration was accepted");
}

#[test]
fn the_program_plans_or_refuses_any_configuration_file() {
    let entry = (proptest::sample::select(names()), value());
    run_cases(25, &vec(entry, 0..3), |entries| {
        let lines = entries
            .iter()
            .map(|(name, value)| format!("{name} = {value}\n"));
        let text: String = lines.collect();
        let folder = Folder::new();
        folder.write("file.toml", &text);
        let mut command = folder.command(PROGRAM);
        command.args(["plan", "--config", "file.toml"]);
        let ended = folder.spawn(command).end();
        assert!(
            [Some(0), Some(2)].contains(&ended.code),
            "{text}\n{ended:?}"
        );
        // The program looks at the files that are named, too.
        let is_about_files = |line: &str| {
            let setting = line
                .strip_prefix("error: ")
                .and_then(|line| line.split_once(": "));
            let files = ["source", "sink", "spill", "report", "html", "hgrm", "hlog"];
            setting.is_none_or(|(setting, _)| files.contains(&setting))
        };
        let fine = harness::config(text.as_bytes());
        assert!(
            fine == (ended.code == Some(0)) || fine && ended.stderr.lines().all(is_about_files),
            "{text}\n{ended:?}"
        );
        assert_eq!(
            ended.stderr.contains("error: "),
            ended.code == Some(2),
            "{ended:?}"
        );
    });
}

/// A line that may be a record.
fn record() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        5 => (0..30_u64).prop_map(|n| format!("{{\"seq\":{n}}}\n").into_bytes()),
        1 => any::<u64>().prop_map(|n| format!("{{\"a\":[1],\"seq\":{n}}}\n").into_bytes()),
        1 => bytes(20),
        1 => Just(b"{\"seq\":1,\"seq\":2}\n".to_vec()),
        1 => Just(b"{\"seq\":18446744073709551616}\n".to_vec()),
    ]
}

#[test]
fn the_verdict_on_any_bytes_adds_up() {
    let case = (
        vec(record(), 0..40),
        prop_oneof![
            Just(None),
            (0..40_u64).prop_map(Some),
            any::<u64>().prop_map(Some)
        ],
    );
    run_cases(300, &case, |(lines, expect)| {
        harness::verify(&lines.concat(), expect);
    });
}

#[test]
fn damage_of_each_kind_is_found_wherever_it_is() {
    let case = (
        2..60_usize,
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
    );
    run_cases(100, &case, |(count, at, cut)| {
        let record = |n: usize| format!("{{\"seq\":{n},\"msg\":\"m{n}\"}}\n").into_bytes();
        let whole: Vec<_> = (0..count).map(record).collect();
        let at = at.index(count);
        let judge =
            |lines: &[Vec<u8>]| harness::verify(&lines.concat(), Some(count as u64)).unwrap();
        assert_eq!(judge(&whole)["whole"], true);

        let mut lost = whole.clone();
        lost.remove(at);
        assert_eq!(
            judge(&lost)["missing"]["ranges"],
            serde_json::json!([[at, at]])
        );

        let mut doubled = whole.clone();
        doubled.insert(cut.index(count), record(at));
        assert_eq!(
            judge(&doubled)["duplicated"]["ranges"],
            serde_json::json!([[at, at]])
        );

        let mut torn = whole.clone();
        let end = torn[at].len() - 1;
        torn[at].drain(cut.index(end)..end);
        let verdict = judge(&torn);
        assert_eq!(verdict["torn"]["count"], 1, "{verdict}");
        assert_eq!(verdict["missing"]["count"], 1, "{verdict}");

        let mut glued = whole.clone();
        glued[at].pop();
        let verdict = judge(&glued);
        let is_end = at == count - 1; // nothing follows that it could be glued to
        assert_eq!(verdict["torn"]["count"], u8::from(!is_end), "{verdict}");
        assert_eq!(
            verdict["missing"]["count"],
            if is_end { 0 } else { 2 },
            "{verdict}"
        );

        let mut more = whole;
        more.push(record(count));
        assert_eq!(judge(&more)["unexpected"]["count"], 1);
    });
}

/// Tests one file of the corpus.
type Harness = fn(&[u8]);

#[test]
fn every_file_of_the_fuzz_corpus_passes() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
    let harnesses: [(&str, Harness); 3] = [
        ("lines", harness::lines_of),
        ("config", |data| {
            harness::config(data);
        }),
        ("verify", harness::verify_of),
    ];
    for (name, harness) in harnesses {
        let files = fs::read_dir(corpus.join(name)).unwrap();
        let files: Vec<_> = files.map(|file| file.unwrap().path()).collect();
        assert!(files.len() > 2, "{name}");
        for file in files {
            println!("{}", file.display());
            harness(&fs::read(file).unwrap());
        }
    }
}
