//! The report as JSON.

use serde_json::{Map, Value, json};

use crate::measure::Outcome;

/// An outcome and the configuration it came from, for programs. Every count is a whole number of records, batches or
/// times; `_s` are seconds.
pub(crate) fn report(outcome: &Outcome, config: &Map<String, Value>) -> Value {
    let ledger = &outcome.ledger;
    let workers = outcome.workers.iter().map(|worker| {
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
    });
    let workers: Vec<Value> = workers.collect();
    json!({
        "splashdam": env!("CARGO_PKG_VERSION"),
        "ledger": {
            "produced": ledger.produced,
            "delivered": ledger.delivered,
            "dropped": ledger.dropped.total(),
            "dropped_by_reason": ledger.dropped,
            "spilled": ledger.spilled,
            "abandoned": ledger.abandoned,
            "balanced": ledger.balanced(),
        },
        "throughput": {
            "records_per_s": outcome.records_per_s(),
            "bytes_per_s": outcome.bytes_per_s(),
            "elapsed_s": outcome.elapsed.as_secs_f64(),
        },
        "latency": outcome.latency,
        "backpressure": {
            "throttle_pauses": outcome.throttle_pauses,
            "throttle_s": outcome.throttle_time.as_secs_f64(),
            "full_waits": outcome.full_waits,
            "full_s": outcome.full_time.as_secs_f64(),
        },
        "sinks": {
            "retries": outcome.retries(),
            "stalls": outcome.stalls(),
        },
        "workers": workers,
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
