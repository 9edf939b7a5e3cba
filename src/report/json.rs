//! The report as JSON. The README's section on it is its documentation, key by key.

use std::time::UNIX_EPOCH;

use serde_json::{Map, Value, json};

use crate::metrics::{Ledger, Percentile};
use crate::outcome::{Interval, Outcome, WorkerReport};
use crate::sys::provenance::Provenance;

/// Rises when a key goes away or changes its meaning; a new key does not raise it.
pub(crate) const SCHEMA_VERSION: u64 = 1;

/// An outcome and the configuration it came from, for programs. Every count is a whole number of records, batches or
/// times; `_s` are seconds, `_ns` nanoseconds.
pub(crate) fn report(outcome: &Outcome, config: &Map<String, Value>) -> Value {
    let workers: Vec<Value> = outcome.workers.iter().map(worker).collect();
    let intervals: Vec<Value> = outcome.intervals.iter().map(interval).collect();
    let [size, age, drain] = outcome.flushes();
    json!({
        "schema_version": SCHEMA_VERSION,
        "splashdam": env!("CARGO_PKG_VERSION"),
        "machine": machine(outcome),
        "validity": outcome.validity,
        "ledger": ledger(&outcome.ledger),
        "throughput": {
            "records_per_s": outcome.records_per_s(),
            "bytes_per_s": outcome.bytes_per_s(),
            "elapsed_s": outcome.elapsed.as_secs_f64(),
        },
        "latency": outcome.latency,
        "latency_percentiles": outcome.percentiles.as_ref().map(|percentiles| json!({
            "response": pairs(&percentiles.response),
            "service": pairs(&percentiles.service),
        })),
        "backpressure": {
            "throttle_pauses": outcome.throttle_pauses,
            "throttle_s": outcome.throttle_time.as_secs_f64(),
            "full_waits": outcome.full_waits,
            "full_s": outcome.full_time.as_secs_f64(),
        },
        "flushes": { "size": size, "age": age, "drain": drain },
        "sinks": {
            "retries": outcome.retries(),
            "stalls": outcome.stalls(),
        },
        "workers": workers,
        "intervals": intervals,
        "intervals_omitted": outcome.intervals_omitted,
        "scaling": outcome.scaling,
        "threads": outcome.threads,
        "placement": outcome.placement,
        "wakes_per_million_records": outcome.wakes_per_million(),
        "stop": {
            "cause": outcome.cause.to_string(),
            "halted_by": outcome.halted_by,
            "deadline_passed": outcome.deadline_passed,
            "exit_code": outcome.exit_code(),
            "failures": outcome.failures,
        },
        "config": config,
    })
}

fn ledger(ledger: &Ledger) -> Value {
    json!({
        "produced": ledger.produced,
        "delivered": ledger.delivered,
        "dropped": ledger.dropped.total(),
        "dropped_by_reason": ledger.dropped,
        "spilled": ledger.spilled,
        "abandoned": ledger.abandoned,
        "balanced": ledger.balanced(),
    })
}

fn worker(worker: &WorkerReport) -> Value {
    json!({
        "worker": worker.worker,
        "records": worker.delivered,
        "bytes": worker.delivered_bytes,
        "dropped": worker.dropped.total(),
        "spilled": worker.spilled,
        "abandoned": worker.abandoned,
        "batches": {
            "size": worker.batches_by_size,
            "age": worker.batches_by_age,
            "drain": worker.batches_by_drain,
        },
        "parks": worker.parks,
        "retries": worker.retries,
        "stalls": worker.stalls,
        "stalled_s": worker.stalled_time.as_secs_f64(),
        "waited_records": worker.waited_records,
        "last_partial": worker.last_partial,
    })
}

fn pairs(percentiles: &[Percentile]) -> Vec<(f64, u64)> {
    percentiles
        .iter()
        .map(|row| (row.quantile, row.ns))
        .collect()
}

/// An entry of the time series.
pub(super) fn interval(interval: &Interval) -> Value {
    let response = interval.response;
    json!({
        "t_s": interval.end.as_secs_f64(),
        "duration_s": interval.duration.as_secs_f64(),
        "produced": interval.produced,
        "processed": interval.delivered,
        "queue": interval.queue,
        "queue_capacity": interval.queue_capacity,
        "workers": interval.workers,
        "p50_ns": response.map(|response| response.p50_ns),
        "p99_ns": response.map(|response| response.p99_ns),
        "max_ns": response.map(|response| response.max_ns),
        "cpu_s": interval.cpu.as_secs_f64(),
    })
}

/// Where and when it was made.
fn machine(outcome: &Outcome) -> Value {
    let mut machine = json!(Provenance::read());
    let began = outcome.began.duration_since(UNIX_EPOCH).unwrap_or_default();
    machine["began_unix_s"] = began.as_secs_f64().into();
    machine
}
