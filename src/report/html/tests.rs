//! Pages of made-up reports: text that must not become markup, long series, values that are missing.

use serde_json::{Value, json};

use crate::outcome::report::sample;
use crate::report::html;

/// The page of the report that this JSON stands for.
#[track_caller]
fn page(report: &Value) -> String {
    html::page(&sample::read(report))
}

fn assert_holds(page: &str, words: &[&str]) {
    for word in words {
        assert!(page.contains(word), "no {word:?} in the page");
    }
}

#[test]
fn a_page_shows_the_key_figures_with_their_units() {
    let page = page(&sample::json(10));
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
    let mut report = sample::json(2);
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
    report["stop"]["cause"] = attack.into();
    report["stop"]["failures"] = json!([attack]);
    report["scaling"][0]["reason"] = attack.into();
    report["ledger"]["dropped_by_reason"][attack] = 1.into();
    report["splashdam"] = attack.into();
    report["threads"][0]["thread"] = attack.into();
    report["placement"]["threads"][0]["why"] = attack.into();
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
    let mut report = sample::json(2);
    report["validity"]["valid"] = false.into();
    report["validity"]["saturated"] = true.into();
    report["validity"]["warnings"] = json!([
        { "code": "debug_build", "message": "this is a debug build", "remedy": "build with --release" },
    ]);
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
    let page = page(&sample::json(86_400));
    assert!(page.len() < 1_000_000, "{} bytes", page.len());
    assert!(page.contains("20\u{a0}h"), "time in hours");
}

#[test]
fn a_report_without_latency_intervals_or_workers_still_makes_a_page() {
    let mut report = sample::json(3);
    report["latency"] = Value::Null;
    report["latency_percentiles"] = Value::Null;
    for interval in report["intervals"].as_array_mut().expect("intervals") {
        for name in ["p50_ns", "p99_ns", "max_ns"] {
            interval[name] = Value::Null;
        }
        interval["duration_s"] = 0.into();
        interval["queue_capacity"] = 0.into();
    }
    let page_of_nulls = page(&report);
    assert_holds(&page_of_nulls, &["Not recorded in this run", "</html>"]);
    for list in ["intervals", "scaling", "workers", "threads"] {
        report[list] = json!([]);
    }
    report["throughput"]["elapsed_s"] = 0.into();
    report["config"] = json!({});
    let page_of_nothing = page(&report);
    assert_holds(
        &page_of_nothing,
        &["The report holds no time series", "A run"],
    );
    for page in [page_of_nulls, page_of_nothing] {
        for nonsense in ["NaN", "inf\"", "inf ", "Some("] {
            assert!(!page.contains(nonsense), "{nonsense}");
        }
    }
}

#[test]
fn a_report_of_absurd_figures_makes_a_page() {
    let mut report = sample::json(3);
    let most = json!(u64::MAX);
    report["machine"]["began_unix_s"] = 1e300.into();
    report["throughput"] =
        json!({ "records_per_s": 1e300, "bytes_per_s": 1e300, "elapsed_s": 1e300 });
    for key in ["produced", "delivered", "dropped", "spilled", "abandoned"] {
        report["ledger"][key] = most.clone();
    }
    report["flushes"] = json!({ "size": most, "age": most, "drain": most });
    report["backpressure"]["throttle_pauses"] = most.clone();
    report["intervals"][0] = json!({
        "t_s": 1e300, "duration_s": 1e-300, "produced": most, "processed": most, "queue": most, "queue_capacity": 1,
        "workers": most, "p50_ns": 0, "p99_ns": most, "max_ns": most, "cpu_s": 1e300,
    });
    assert_holds(&page(&report), &["</html>"]);
}

#[test]
fn a_page_asks_nothing_of_the_network() {
    let page = page(&sample::json(5));
    for reference in ["http:", "https:", "url(", "src=", "href=", "@import"] {
        assert!(!page.contains(reference), "{reference}");
    }
    assert!(page.contains("default-src 'none'"));
}

/// A report with these intervals: when each ended, its length in seconds, and the records that it delivered.
fn intervals(of: &[(f64, f64, u64)]) -> Value {
    let mut report = sample::json(0);
    let interval = |(t_s, duration_s, records): &(f64, f64, u64)| {
        let delivers = *records > 0;
        json!({
            "t_s": t_s, "duration_s": duration_s, "produced": records, "processed": records, "queue": 9,
            "queue_capacity": 100, "workers": 3, "cpu_s": 0.1, "oldest_ns": 2_000_000_000_u64,
            "p50_ns": delivers.then_some(1_000), "p99_ns": delivers.then_some(2_000),
            "max_ns": delivers.then_some(3_000),
        })
    };
    report["intervals"] = of.iter().map(interval).collect();
    report["throughput"]["elapsed_s"] = of.last().map(|(t_s, ..)| *t_s).into();
    report
}

/// The path of a chart's line.
#[track_caller]
fn line<'a>(page: &'a str, class: &str) -> &'a str {
    let (_, path) = page
        .split_once(&format!("<path class=\"line {class}\" d=\"M0 "))
        .unwrap_or_else(|| {
            let at = page
                .find(&format!("<path class=\"line {class}\" d=\""))
                .unwrap_or_else(|| panic!("no {class}"));
            panic!("{}", &page[at..at + 100])
        });
    path.split_once('"').expect("its end").0
}

#[test]
fn the_last_interval_is_as_wide_as_it_is_and_its_peak_squashes_no_other() {
    // 1,000/s for two seconds, and in the last 10 ms a batch of 500.
    let page = page(&intervals(&[
        (1.0, 1.0, 1_000),
        (2.0, 1.0, 1_000),
        (2.01, 0.01, 500),
    ]));
    let path = line(&page, "processed");
    let places: Vec<f64> = path
        .split(['L', ' ', 'h'])
        .filter_map(|place| place.parse().ok())
        .collect();
    // x of the last interval's two ends, and y of the first: most of the chart is not empty.
    let (last, before) = (places[places.len() - 2], places[places.len() - 4]);
    assert!((4.5..5.5).contains(&(last - before)), "{path}");
    assert!(places[0] < 500.0, "{path}");
    assert!(
        page.contains("2 s (a part of an interval, 10.0\u{a0}ms): produced 50.0 k/s"),
        "{page}"
    );
}

#[test]
fn an_interval_without_deliveries_shows_what_waits_and_the_one_after_it_is_drawn_whole() {
    let page = page(&intervals(&[(1.0, 1.0, 10), (2.0, 1.0, 0), (3.0, 1.0, 10)]));
    assert!(
        page.contains("p50 none, p99 none, max none, oldest waiting 2.00\u{a0}s"),
        "{page}"
    );
    let path = line(&page, "p50");
    assert_eq!(path.matches('M').count(), 1, "a gap: {path}");
    let (_, after) = path.split_once('M').expect("a second part");
    assert!(
        after.starts_with("666.7 ") && after.contains("L1000 "),
        "{path}"
    );
}

#[test]
fn the_line_of_workers_begins_with_those_that_were_active_at_the_start() {
    let mut report = intervals(&[(1.0, 1.0, 10), (2.0, 1.0, 10)]);
    let step = |t_ns: u64, from: u64| {
        json!({
            "t_ns": t_ns, "usage": 0.9, "held": 0.5, "load": 0.9, "from": from, "to": from + 1,
            "reason": "queue_full",
        })
    };
    report["scaling"] = json!([step(250_000_000, 1), step(500_000_000, 2)]);
    let drawn = page(&report);
    let path = line(&drawn, "workers");
    let y = |path: &str| -> f64 {
        let end = path.find('h').unwrap_or(path.len());
        path[..end].parse().expect("a place")
    };
    // Three workers at most: the scale ends at 3.75.
    assert!(
        (y(path) - 1_000.0 * (1.0 - 1.0 / 3.75)).abs() < 1.0,
        "{path}"
    );
    report["scaling"] = json!([]);
    let drawn = page(&report);
    let path = line(&drawn, "workers");
    assert!(
        (y(path) - 1_000.0 * (1.0 - 3.0 / 3.75)).abs() < 1.0,
        "{path}"
    );
}
