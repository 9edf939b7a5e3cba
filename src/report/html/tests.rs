//! Pages of made-up reports: the text that they must not believe, the lengths they must bear, the values they may lack.

use serde_json::{Value, json};

use crate::report::html::page;

/// A report with a time series of so many intervals of a second, a step of the autoscaler in each of them.
fn report(intervals: u32) -> Value {
    let series = (1..=intervals).map(|at| {
        let wave = u64::from(at) % 997 * 1_000;
        json!({
            "t_s": f64::from(at) + 0.000_213, "duration_s": 1.0, "produced": 60_000_000 + wave, "processed": 59_000_000 + wave,
            "queue": wave % 16_384, "queue_capacity": 16_384, "workers": 1 + at % 2,
            "p50_ns": 1_000 + wave, "p99_ns": 90_000 + wave, "max_ns": 7_000_000 + wave, "cpu_s": 1.9,
        })
    });
    let steps = (1..=intervals).map(|at| {
        json!({
            "t_ns": u64::from(at) * 1_000_000_000, "usage": 0.9, "held": 0.5, "load": 0.97,
            "from": 1 + at % 2, "to": 2 - at % 2, "reason": "queue_full",
        })
    });
    let latency = json!({
        "count": 1, "overflow": 0, "min_ns": 100, "p50_ns": 1_234, "p90_ns": 2_000, "p99_ns": 45_678, "p99_9_ns": 100_000,
        "p99_99_ns": 200_000, "max_ns": 7_890_000, "mean_ns": 1_500.5, "stddev_ns": 99.9,
    });
    let curve = json!([
        [0.0, 100],
        [0.5, 1_234],
        [0.9, 2_000],
        [0.99, 45_678],
        [0.999, 100_000],
        [1.0, 7_890_000]
    ]);
    json!({
        "splashdam": "0.0.0",
        "ledger": {
            "produced": 1_234_567, "delivered": 1_234_000, "dropped": 500, "spilled": 60, "abandoned": 7, "balanced": true,
            "dropped_by_reason": { "full": 500, "too_long": 0 },
        },
        "throughput": { "records_per_s": 59.5e6, "bytes_per_s": 4.9e9, "elapsed_s": f64::from(intervals) },
        "latency": { "response": latency, "service": latency, "schedule_lag": latency, "queue_wait": latency, "sink_time": latency },
        "latency_percentiles": { "response": curve, "service": curve },
        "flushes": { "size": 900, "age": 90, "drain": 10 },
        "intervals": series.collect::<Vec<_>>(),
        "scaling": steps.collect::<Vec<_>>(),
        "workers": [{
            "worker": 0, "records": 1_234_000, "bytes": 100_000_000, "dropped": 500, "abandoned": 67,
            "batches": { "size": 900, "age": 90, "drain": 10 }, "parks": 12,
        }],
        "threads": [{ "thread": "worker-0", "cpu_s": 1.5 }],
        "machine": { "cpu_model": "A CPU", "cpus": 2, "command_line": ["splashdam", "run"], "began_unix_s": 1_790_000_000.5 },
        "validity": { "valid": true, "saturated": false, "generator_ceiling_records_per_s": 120e6, "warnings": [] },
        "stop": { "cause": "count reached", "failures": [] },
        "config": {
            "sink": { "value": "null", "origin": "default" },
            "scale_up_threshold": { "value": 0.8, "origin": "default" },
        },
    })
}

fn assert_holds(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "no {word:?} in the page");
    }
}

#[test]
fn a_page_shows_the_key_figures_with_their_units() {
    let page = page(&report(10));
    assert_holds(
        &page,
        &[
            "59.5 M records/s",
            "4.9 GB/s",
            "1,234,567",
            "1,234,000",
            "dropped as full: 500",
            "balanced",
            "45.7\u{a0}us",
            "120.0 M/s",
        ],
    );
    assert_holds(
        &page,
        &[
            "Latency by percentile",
            "99.9\u{a0}%",
            "scale up above 80 %",
            "\u{25b2}2",
            "\u{25bc}1",
            "A CPU",
        ],
    );
    assert!(
        !page.contains("class=\"warnings\""),
        "a run without warnings shows some"
    );
}

#[test]
fn no_text_of_a_report_becomes_a_part_of_the_page() {
    let attack = "</title></script><script>alert(1)</script>'\"onload=x&lt;";
    let mut report = report(2);
    report["machine"]["command_line"] = json!(["splashdam", attack]);
    for name in [
        "cpu_model",
        "kernel",
        "governor",
        "clocksource",
        "rustc",
        "git_commit",
        "profile",
    ] {
        report["machine"][name] = attack.into();
    }
    report["config"]["source"] = json!({ "value": [attack], "origin": attack });
    report["config"][attack] = json!({ "value": attack, "origin": "flag" });
    report["config"]["sink"]["value"] = attack.into();
    report["validity"]["warnings"] =
        json!([{ "code": attack, "message": attack, "remedy": attack }]);
    report["stop"] = json!({ "cause": attack, "failures": [attack] });
    report["scaling"][0]["reason"] = attack.into();
    report["scaling"][0]["to"] = attack.into();
    report["ledger"]["dropped_by_reason"][attack] = 1.into();
    report["splashdam"] = attack.into();
    report["workers"][0]["worker"] = attack.into();
    let page = page(&report);
    let harmless = "&lt;/title&gt;&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&quot;onload=x&amp;lt;";
    assert!(
        page.matches(harmless).count() >= 15,
        "{}",
        page.matches(harmless).count()
    );
    assert!(!page.contains("alert(1)</script>"));
    assert_eq!(
        page.matches("<script").count(),
        1,
        "the page's own script only"
    );
    assert!(!page.contains("'\"onload"));
}

#[test]
fn warnings_stand_before_the_figures_with_their_remedies() {
    let mut report = report(2);
    report["validity"] = json!({
        "valid": false, "saturated": true,
        "warnings": [{ "code": "debug_build", "message": "this is a debug build", "remedy": "build with --release" }],
    });
    report["stop"]["failures"] = json!(["the sink fell over"]);
    let page = page(&report);
    let at = |words: &str| page.find(words).unwrap_or_else(|| panic!("no {words}"));
    assert!(at("the sink fell over") < at("this is a debug build"));
    assert!(at("this is a debug build") < at("Remedy: build with --release"));
    assert!(at("Remedy: build with --release") < at("class=\"tiles\""));
    assert!(page.contains("saturated: behind the schedule"));
}

#[test]
fn a_day_of_intervals_makes_a_page_below_a_megabyte() {
    let page = page(&report(86_400));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("20\u{a0}h"), "time in hours");
}

#[test]
fn a_report_that_lacks_anything_still_makes_a_page() {
    let whole = report(3);
    for name in whole.as_object().expect("a report").keys() {
        let mut lacking = whole.clone();
        lacking.as_object_mut().expect("a report").remove(name);
        assert_holds(&page(&lacking), &["</html>", "Ledger"]);
    }
    let mut empty = whole;
    empty["latency"] = Value::Null;
    empty["latency_percentiles"] = Value::Null;
    for interval in empty["intervals"].as_array_mut().expect("intervals") {
        for name in ["p50_ns", "p99_ns", "max_ns"] {
            interval[name] = Value::Null;
        }
        interval["duration_s"] = 0.into();
        interval["queue_capacity"] = 0.into();
    }
    let page_of_nulls = page(&empty);
    assert_holds(&page_of_nulls, &["Not recorded in this run", "</html>"]);
    empty["intervals"] = json!([]);
    empty["scaling"] = json!([]);
    for page in [page_of_nulls, page(&empty), page(&Value::Null)] {
        for nonsense in ["NaN", "inf\"", "inf ", "Some("] {
            assert!(!page.contains(nonsense), "{nonsense}");
        }
    }
}

#[test]
fn a_page_asks_nothing_of_the_network() {
    let page = page(&report(5));
    for reference in ["http:", "https:", "url(", "src=", "href=", "@import"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(page.contains("default-src 'none'"));
}
