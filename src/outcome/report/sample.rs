//! A made-up report, for tests.

use serde_json::{Value, json};

use crate::outcome::Report;

/// The JSON of a report with a time series of so many intervals of a second, and a step of the autoscaler in each.
pub(crate) fn json(intervals: u32) -> Value {
    let series = (1..=intervals).map(|at| {
        let wave = u64::from(at) % 997 * 1_000;
        json!({
            "t_s": f64::from(at) + 0.000_213, "duration_s": 1.0, "produced": 60_000_000 + wave,
            "processed": 59_000_000 + wave, "queue": wave % 16_384, "queue_capacity": 16_384, "workers": 1 + at % 2,
            "p50_ns": 1_000 + wave, "p99_ns": 90_000 + wave, "max_ns": 7_000_000 + wave, "cpu_s": 1.9,
            "oldest_ns": 3_000_000 + wave,
        })
    });
    let steps = (1..=intervals).map(|at| {
        json!({
            "t_ns": u64::from(at) * 1_000_000_000, "usage": 0.9, "held": 0.5, "load": 0.97,
            "from": 1 + at % 2, "to": 2 - at % 2, "reason": "queue_full",
        })
    });
    json!({
        "schema_version": 2,
        "splashdam": "0.0.0",
        "machine": {
            "cpu_model": "A CPU", "cpus": 2, "kernel": "Linux 6.1", "governor": null, "cgroup_cpu_quota": 1.5,
            "clocksource": "tsc", "memory_bytes": 8_589_934_592_u64, "rustc": "rustc 1.88.0", "git_commit": null,
            "profile": "release", "command_line": ["splashdam", "run"], "began_unix_s": 1_790_000_000.5,
        },
        "validity": {
            "valid": true, "saturated": false, "generator_ceiling_records_per_s": 120e6,
            "schedule_lag_p99_ns": 45_678, "warnings": [],
            "saturated_stretches": [],
        },
        "ledger": {
            "produced": 1_234_567, "delivered": 1_234_000, "dropped": 500, "spilled": 60, "abandoned": 7,
            "balanced": true, "dropped_by_reason": { "full": 500, "too_long": 0, "reader_closed": 0 },
        },
        "throughput": { "records_per_s": 59.5e6, "bytes_per_s": 4.9e9, "elapsed_s": f64::from(intervals) },
        "latency": latency(),
        "latency_percentiles": { "response": curve(), "service": curve() },
        "backpressure": { "throttle_pauses": 3, "throttle_s": 0.25, "full_waits": 1, "full_s": 0.000_5 },
        "flushes": { "size": 900, "age": 90, "drain": 10 },
        "inputs": [{ "name": "big", "read_bytes": 12_345, "total_bytes": 99_999, "finished": false }],
        "sinks": { "retries": 2, "stalls": 1 },
        "workers": [{
            "worker": 0, "records": 1_234_000, "bytes": 100_000_000, "dropped": 500, "spilled": 60, "abandoned": 7,
            "batches": { "size": 900, "age": 90, "drain": 10 }, "parks": 12, "retries": 2, "stalls": 1,
            "stalled_s": 6.5, "waited_records": 77, "last_partial": 5,
        }],
        "intervals": series.collect::<Vec<_>>(),
        "intervals_omitted": 0,
        "scaling": steps.collect::<Vec<_>>(),
        "threads": [{
            "thread": "worker-0", "cpu_s": 1.5, "run_delay_s": 0.5, "voluntary_switches": 1,
            "involuntary_switches": 2,
        }],
        "placement": {
            "threads": [{
                "thread": "producer", "cpu": 0, "why": "it was asked for", "asked": 0, "allowed": true, "got": [0],
            }],
            "spin_ns": 0, "spin_why": "no reason", "cpus": [0, 1], "quota": null, "warnings": [],
        },
        "wakes_per_million_records": 0.1,
        "stop": {
            "cause": "count reached", "halted_by": null, "deadline_passed": false, "halted": false, "exit_code": 3, "failures": [],
        },
        "config": {
            "sink": { "value": "null", "origin": "default" },
            "scale_up_threshold": { "value": 0.8, "origin": "default" },
        },
    })
}

fn latency() -> Value {
    let part = json!({
        "count": 1, "overflow": 0, "min_ns": 100, "p50_ns": 1_234, "p90_ns": 2_000, "p99_ns": 45_678,
        "p99_9_ns": 100_000, "p99_99_ns": 200_000, "max_ns": 7_890_000, "mean_ns": 1_500.5, "stddev_ns": 99.9,
    });
    json!({ "response": part, "service": part, "pacing": part, "schedule_lag": part, "queue_wait": part, "sink_time": part })
}

fn curve() -> Value {
    json!([
        [0.0, 100],
        [0.5, 1_234],
        [0.9, 2_000],
        [0.99, 45_678],
        [0.999, 100_000],
        [1.0, 7_890_000]
    ])
}

/// The report that this JSON stands for.
#[track_caller]
pub(crate) fn read(json: &Value) -> Report {
    let report = Report::from_json(json.to_string().as_bytes());
    report.unwrap_or_else(|error| panic!("{error}"))
}
