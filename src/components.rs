//! The kinds of sources and sinks that can be asked for, as text (`--sink file:out`) or as a table of the configuration
//! file (`[sink]` with `type = "file"` and `path = "out"`). To add a component is to add a line here.

use std::sync::Arc;

use crate::sinks::spec::SinkSpec;
use crate::sinks::{check, delay, fault, file, null};
use crate::sources::spec::SourceSpec;
use crate::sources::{generator, lines};
use crate::values::{Kinds, Refused, Value};

pub(crate) static SOURCES: Kinds<dyn SourceSpec> =
    Kinds(&[generator::spec::KIND, lines::spec::STDIN, lines::spec::FILE]);

pub(crate) static SINKS: Kinds<dyn SinkSpec> = Kinds(&[
    null::spec::KIND,
    check::spec::KIND,
    file::spec::STDOUT,
    file::spec::FILE,
    delay::spec::KIND,
    fault::spec::KIND,
]);

/// The sources of a value: one, or a list of them.
///
/// # Errors
///
/// All that is wrong with them.
pub(crate) fn sources(value: &Value) -> Result<Vec<Arc<dyn SourceSpec>>, Vec<Refused>> {
    let Value::List(values) = value else {
        return Ok(vec![SOURCES.read(value, "")?]);
    };
    let (mut sources, mut wrong) = (Vec::new(), Vec::new());
    for (index, value) in values.iter().enumerate() {
        match SOURCES.read(value, &format!("[{index}]")) {
            Ok(source) => sources.push(source),
            Err(refused) => wrong.extend(refused),
        }
    }
    if sources.is_empty() && wrong.is_empty() {
        let expected = "expected at least one source".to_owned();
        wrong.push(Refused::value(value, expected));
    }
    if wrong.is_empty() {
        Ok(sources)
    } else {
        Err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::{SINKS, SOURCES, Value, sources};
    use crate::values::{Refused, Why};

    /// As a configuration file has it.
    fn value(toml: &str) -> Value {
        let table: toml::Table = format!("value = {toml}").parse().expect("TOML");
        serde::Deserialize::deserialize(table["value"].clone()).expect("no date")
    }

    #[test]
    fn a_component_is_the_same_as_text_and_as_a_table() {
        for (text, table) in [
            ("null", r#"{ type = "null" }"#),
            ("check", r#"{ type = "check" }"#),
            ("stdout", r#"{ type = "stdout" }"#),
            ("file:a:b,c", r#"{ type = "file", path = "a:b,c" }"#),
            (
                "delay:20ms,file:out",
                r#"{ type = "delay", delay = "20ms", sink = { type = "file", path = "out" } }"#,
            ),
            (
                "delay:20ms,delay:1s,check",
                r#"{ type = "delay", delay = "20ms", sink = "delay:1s,check" }"#,
            ),
            ("delay:20ms,null", r#"{ type = "delay", delay = "20ms" }"#),
            (
                "fault:retry=0.5+final-after=7+full-after=1024:3+seed=9,check",
                r#"{ type = "fault", retry = 0.5, final_after = 7, full_after = "1KiB:3", seed = 9, sink = "check" }"#,
            ),
        ] {
            let from_text = SINKS.parse(text).expect(text).to_string();
            let from_table = SINKS.read(&value(table), "").expect(table).to_string();
            assert_eq!(from_text, text);
            assert_eq!(from_table, text);
        }
        for (text, table) in [
            ("generator", r#"{ type = "generator" }"#),
            ("stdin", r#"{ type = "stdin" }"#),
            ("file:in", r#"{ type = "file", path = "in" }"#),
        ] {
            assert_eq!(SOURCES.parse(text).expect(text).to_string(), text);
            let from_table = SOURCES.read(&value(table), "").expect(table);
            assert_eq!(from_table.to_string(), text);
        }
    }

    #[test]
    fn every_kind_shows_a_table_that_it_reads() {
        for table in SINKS.0.iter().map(|kind| kind.table) {
            SINKS
                .read(&value(&format!("{{ {table} }}")), "")
                .expect(table);
        }
        for table in SOURCES.0.iter().map(|kind| kind.table) {
            SOURCES
                .read(&value(&format!("{{ {table} }}")), "")
                .expect(table);
        }
    }

    #[test]
    fn sinks_around_each_other_without_end_are_refused() {
        let nested = |depth: usize| "delay:1ms,".repeat(depth) + "check";
        assert!(SINKS.parse(nested(1_000)).is_ok());
        let refused = SINKS.parse(nested(100_000)).expect_err("too many");
        assert_eq!(refused, "expected at most 1000 sinks around each other");
    }

    #[test]
    fn everything_that_is_wrong_with_a_table_is_found_with_its_place() {
        let wrong = |toml: &str| SINKS.read(&value(toml), "").expect_err(toml);
        let places = |wrong: &[Refused]| wrong.iter().map(|w| w.at.clone()).collect::<Vec<_>>();

        let refused = wrong(
            r#"{ type = "delay", delay = 5, dely = "1s", sink = { type = "fault", retry = 2, short = "0.1+final=1" } }"#,
        );
        assert_eq!(
            places(&refused),
            [".delay", ".sink.retry", ".sink.short", ".sink.retry", ""]
        );
        let Why::UnknownKey { key, known } = &refused[4].why else {
            panic!("{refused:?}");
        };
        assert_eq!(
            (key.as_str(), &known[..]),
            ("dely", &["type", "delay", "sink"][..])
        );

        let refused = wrong(r#"{ path = "out" }"#);
        assert_eq!(places(&refused), [".type"]);
        let refused = wrong(r#"{ type = "paper", path = "out" }"#);
        let Why::Value { expected, .. } = &refused[0].why else {
            panic!("{refused:?}");
        };
        assert_eq!(
            expected,
            "expected null, check, stdout, file, delay or fault"
        );
        assert_eq!(places(&wrong(r#"{ type = "file" }"#)), [".path"]);
        assert_eq!(places(&wrong("true")), [""]);

        let several = value(r#"["stdin", { type = "file", path = 5 }, "tape"]"#);
        let refused = sources(&several).expect_err("two are wrong");
        assert_eq!(places(&refused), ["[1].path", "[2]"]);
        assert!(sources(&value("[]")).is_err());
    }
}
