//! `splashdam compare`: how sure a comparison is, and how many runs it takes.

use serde_json::Value;

use crate::compare::{Reports, says};

#[test]
fn the_interval_of_the_factor_contains_1_where_the_verdict_is_open() {
    let reports = Reports::new();
    let sides = reports.sides(
        &[50e6, 52e6, 51e6, 49e6, 53e6],
        &[51e6, 54e6, 50.5e6, 55e6, 52.5e6],
    );
    let compared = reports.json(&sides);
    let row = &compared["rows"][0];
    assert_eq!(row["verdict"], "inconclusive", "{row}");
    let bound = |at: usize| row["ratio_interval"][at].as_f64().unwrap();
    assert!(bound(0) < 1.0 && 1.0 < bound(1), "{row}");
    assert!(bound(0) < row["ratio"].as_f64().unwrap() && row["ratio"].as_f64().unwrap() < bound(1));
    // B is above A in 18.5 of 25 pairs, which is 0.24 more than half: 7.849 / 6 / 0.24^2.
    assert_eq!(row["runs_to_tell"], 23, "{row}");
    let (table, _) = reports.compare(&sides, 0);
    says(&table, "as they do: records/s about 23.\n");
    // Three runs a side allow no interval.
    let few = reports.sides(&[60e6, 61e6, 62e6], &[50e6, 51e6, 52e6]);
    let row = &reports.json(&few)["rows"][0];
    assert!(row["ratio_interval"].is_null(), "{row}");
    assert_eq!(row["runs_to_tell"], 6, "{row}");
}

#[test]
fn a_run_on_both_sides_is_refused() {
    let reports = Reports::new();
    for (file, began) in [("a.json", 1.0), ("b.json", 2.0), ("copy.json", 1.0)] {
        reports.write(file, began, "", Value::Null);
    }
    for (arguments, said) in [
        (
            "a.json a.json",
            "a.json of A and a.json of B are the same run",
        ),
        (
            "a.json copy.json",
            "a.json of A and copy.json of B are the same run",
        ),
        (
            "b.json a.json --with copy.json",
            "a.json of A and copy.json of B are the same run",
        ),
    ] {
        says(&reports.refusal(arguments), said);
    }
}
