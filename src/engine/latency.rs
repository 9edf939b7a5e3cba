//! The latencies of delivered records.

use crate::engine::record::RecordHeader;
use crate::metrics::latency::Latencies;

/// Records the latencies of delivered records; those with the same timestamps are recorded together.
///
/// Records published together share that timestamp; at full speed they share their due time too. Comparing the headers'
/// encoded fields finds a run of them; decoding the timestamp of each record took four times as long.
#[inline]
pub(crate) fn record_delivered(
    latencies: &mut Latencies,
    headers: [&[RecordHeader]; 2],
    taken_ns: u64,
    delivered_ns: u64,
) {
    let (mut published_ns, mut n) = (0, 0);
    let runs = headers
        .into_iter()
        .flat_map(|part| part.chunk_by(RecordHeader::shares_stamps));
    for run in runs {
        let (first, len) = (run[0], run.len() as u64);
        if first.published_ns() != published_ns {
            if n > 0 {
                latencies.record_published(published_ns, taken_ns, delivered_ns, n);
            }
            (published_ns, n) = (first.published_ns(), 0);
        }
        if first.is_paced() {
            latencies.record_paced(first.due_ns, published_ns, delivered_ns, len);
        } else {
            latencies.record_due(first.due_ns, published_ns, delivered_ns, len);
        }
        n += len;
    }
    if n > 0 {
        latencies.record_published(published_ns, taken_ns, delivered_ns, n);
    }
}
