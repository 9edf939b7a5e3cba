//! Reports that are written and read back, and files that are none.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::outcome::report::{Origin, Report, sample};

/// The error of this JSON text, which is no report.
#[track_caller]
fn error(json: &str) -> String {
    match Report::from_json(json.as_bytes()) {
        Ok(report) => panic!("accepted: {report:?}"),
        Err(error) => error.to_string(),
    }
}

/// The error of the sample with one value changed.
#[track_caller]
fn error_with(pointer: &str, value: Value) -> String {
    let mut report = sample::json(2);
    *report.pointer_mut(pointer).expect("a key of the sample") = value;
    error(&report.to_string())
}

/// The error of the sample without one key.
#[track_caller]
fn error_without(pointer: &str) -> String {
    let mut report = sample::json(2);
    remove(&mut report, pointer);
    error(&report.to_string())
}

#[track_caller]
fn remove(report: &mut Value, pointer: &str) {
    let (holder, name) = pointer.rsplit_once('/').expect("a pointer");
    let holder = report.pointer_mut(holder).expect("a key of the sample");
    let removed = holder.as_object_mut().expect("an object").remove(name);
    assert!(removed.is_some(), "the sample has no {pointer}");
}

#[test]
fn a_report_is_written_with_the_keys_and_values_that_were_read() {
    let json = sample::json(3);
    assert_eq!(json!(sample::read(&json)), json);
}

#[test]
fn unknown_keys_reasons_and_origins_are_accepted() {
    let mut json = sample::json(1);
    json["new"] = json!({ "anything": [1, null] });
    json["ledger"]["new"] = (-1).into();
    json["workers"][0]["new"] = "x".into();
    json["scaling"][0]["reason"] = "full_moon".into();
    json["config"]["sink"]["origin"] = "environment".into();
    let report = sample::read(&json);
    assert_eq!(report.scaling[0].reason.name(), "unknown");
    assert_eq!(report.config["sink"].origin, Origin::Unknown);
}

#[test]
fn what_older_reports_lack_and_lists_that_were_cut_out_have_a_default() {
    let mut json = sample::json(1);
    for pointer in [
        "/sinks",
        "/latency_percentiles",
        "/ledger/spilled",
        "/ledger/dropped_by_reason/reader_closed",
        "/workers/0/spilled",
        "/workers/0/retries",
        "/workers/0/stalls",
        "/workers/0/stalled_s",
        "/workers/0/waited_records",
    ] {
        remove(&mut json, pointer);
    }
    let report = sample::read(&json);
    assert_eq!((report.sinks.retries, report.ledger.spilled), (0, 0));
    assert_eq!(report.latency_percentiles, None);
    for list in [
        "intervals",
        "intervals_omitted",
        "scaling",
        "threads",
        "placement",
        "workers",
    ] {
        remove(&mut json, &format!("/{list}"));
    }
    let report = sample::read(&json);
    assert!(report.intervals.is_empty() && report.workers.is_empty());
}

#[test]
fn another_version_is_refused_with_the_one_that_is_accepted_and_the_program_that_reads_it() {
    let mut json = sample::json(0);
    json["schema_version"] = 1.into();
    json["splashdam"] = "7.8.9".into();
    // Nothing else of another version can be relied on.
    json["ledger"] = "gone".into();
    assert_eq!(
        error(&json.to_string()),
        "the report: schema_version is 1, and this program reads 2: read it with the splashdam that wrote it (7.8.9)"
    );
    assert_eq!(
        error("{\"schema_version\": \"1\"}"),
        "the report: schema_version is \"1\", and should be a whole number: use the report as splashdam run wrote it"
    );
    for other in ["[]", "{}", "7", "null"] {
        assert_eq!(
            error(other),
            "the report has no schema_version: is it a report of splashdam run?"
        );
    }
}

#[test]
fn a_missing_key_is_named() {
    for pointer in [
        "/splashdam",
        "/machine/governor",
        "/latency",
        "/latency/response/p50_ns",
        "/ledger/balanced",
        "/workers/0/batches/age",
        "/config/sink/value",
    ] {
        let key = pointer[1..].replace('/', ".");
        let error = error_without(pointer);
        assert!(
            error.starts_with(&format!("the report has no {key}: ")),
            "{error}"
        );
    }
}

#[test]
fn a_value_of_the_wrong_type_is_named_with_what_was_expected() {
    for (pointer, value, expected) in [
        ("/splashdam", json!(1), "a text"),
        ("/machine", json!([]), "an object"),
        ("/machine/kernel", json!(6), "a text"),
        ("/machine/rustc", Value::Null, "a text"),
        ("/machine/command_line/1", json!(1), "a text"),
        ("/validity/valid", json!(1), "true or false"),
        ("/validity/warnings", json!({}), "a list"),
        ("/ledger/produced", json!(1.5), "a whole number from 0"),
        ("/ledger/produced", json!(-1), "a whole number from 0"),
        ("/throughput/bytes_per_s", json!("fast"), "a number from 0"),
        ("/throughput/bytes_per_s", json!(-0.5), "a number from 0"),
        ("/stop/exit_code", json!(256), "a whole number from 0"),
        ("/stop/halted_by", json!("INT"), "a whole number from 0"),
        (
            "/latency_percentiles/service/2/1",
            json!("x"),
            "a whole number from 0",
        ),
        ("/intervals/1/p99_ns", json!("x"), "a whole number from 0"),
        ("/scaling/0/reason", json!(1), "a text"),
        ("/config", Value::Null, "an object"),
        ("/config/sink", json!(3), "an object"),
    ] {
        let key = pointer[1..].replace('/', ".");
        let wanted = format!("the report: {key} is {value}, and should be {expected}: ");
        let error = error_with(pointer, value);
        assert!(error.starts_with(&wanted), "{error}");
    }
    let long = error_with("/ledger/produced", json!("x".repeat(1_000)));
    assert!(long.len() < 200, "{long}");
}

#[test]
fn a_report_that_was_cut_off_is_not_json() {
    let whole = sample::json(2).to_string();
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        let error = error(&whole[..length]);
        assert!(
            error.starts_with("the report is not JSON: EOF while parsing"),
            "{error}"
        );
    }
}

proptest! {
    /// The page of a kept report equals the run's own only if no figure changes on the way.
    #[test]
    fn figures_come_back_exactly(nanos in any::<u64>(), rate in 0.0..1e12_f64) {
        let mut json = sample::json(1);
        let seconds = Duration::from_nanos(nanos).as_secs_f64();
        json["intervals"][0]["t_s"] = seconds.into();
        json["throughput"]["records_per_s"] = rate.into();
        let report = sample::read(&json);
        prop_assert_eq!(report.intervals[0].t_s.to_bits(), seconds.to_bits());
        prop_assert_eq!(report.throughput.records_per_s.to_bits(), rate.to_bits());
    }
}
