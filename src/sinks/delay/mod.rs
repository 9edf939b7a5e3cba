//! The delay sink: an artificial I/O latency that makes backpressure visible.

#[cfg(feature = "cli")]
pub(crate) mod spec;

use std::time::Duration;

use crate::engine::batch::Batch;
use crate::engine::context::Context;
use crate::engine::sink::{Sink, Wrote};
use crate::engine::sink_error::SinkError;
use crate::sys::clock::{Clock, saturating_ns};
use crate::sys::wait::Pending;

/// Delays each batch of another sink by a fixed time.
///
/// It does not block: its worker waits, and notices a halt meanwhile.
#[derive(Debug)]
pub struct Delay<S> {
    each_ns: u64,
    sink: S,
    clock: Option<Clock>,
    /// When the current batch is passed on to the sink.
    until_ns: Option<u64>,
}

impl<S: Sink> Delay<S> {
    /// Waits `delay` before each batch that goes to `sink`.
    pub fn new(delay: Duration, sink: S) -> Self {
        Self {
            each_ns: saturating_ns(delay),
            sink,
            clock: None,
            until_ns: None,
        }
    }
}

impl<S: Sink> Sink for Delay<S> {
    fn start(&mut self, context: Context) {
        self.clock = Some(context.clock());
        self.sink.start(context);
    }

    fn write(&mut self, batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let now_ns = self.clock.get_or_insert_with(Clock::start).now_ns();
        let each_ns = self.each_ns;
        let until_ns = *self
            .until_ns
            .get_or_insert_with(|| now_ns.saturating_add(each_ns));
        if now_ns < until_ns {
            return Ok(Wrote::Part {
                records: 0,
                pending: Pending::until(until_ns),
            });
        }
        self.until_ns = None;
        self.sink.write(batch)
    }

    fn flush(&mut self) -> Result<Wrote<'_>, SinkError> {
        self.sink.flush()
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        self.sink.reopen()
    }

    fn close(&mut self) {
        self.sink.close();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Delay;
    use crate::engine::batch::Batch;
    use crate::engine::context::Context;
    use crate::engine::record::RecordHeader;
    use crate::engine::sink::{Sink, Wrote};
    use crate::sinks::Null;
    use crate::sys::clock::Clock;

    #[test]
    fn each_batch_waits_once_for_the_delay() {
        let (clock, hand) = Clock::manual();
        let mut sink = Delay::new(Duration::from_nanos(100), Null);
        sink.start(Context::standalone(clock));
        let headers = [RecordHeader::new(0, 0, 1)];
        let batch = Batch::new((&headers, &[]), (b"\n", &[]));
        for start_ns in [0, 1_000] {
            hand.set(start_ns);
            for at_ns in [start_ns, start_ns + 99] {
                hand.set(at_ns);
                let wrote = sink.write(&batch).expect("no failure");
                let Wrote::Part {
                    records: 0,
                    pending,
                } = wrote
                else {
                    panic!("{wrote:?} at {at_ns}");
                };
                assert_eq!(pending.until_ns(), Some(start_ns + 100));
            }
            hand.set(start_ns + 100);
            assert!(matches!(sink.write(&batch), Ok(Wrote::All)));
        }
    }
}
