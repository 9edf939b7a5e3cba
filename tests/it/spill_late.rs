//! A producer that comes back from its source late, after a halt, spills what it was lent.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};

use splashdam::sinks::{FileSink, Fsync};
use splashdam::{
    Batch, BurstBuffer, Demand, Lent, Pending, Pipeline, Sink, SinkError, Source, Wrote,
};

use crate::support::library::{self, config};
use crate::support::{Folder, PATIENCE, patiently};

/// Lends eight records, then hangs in a call until the workers leave, and lends eight more.
struct Late {
    buffer: BurstBuffer,
    calls: usize,
    left: Receiver<()>,
}

impl Source for Late {
    fn lend(&mut self, demand: Demand) -> io::Result<Lent<'_>> {
        self.calls += 1;
        if self.calls == 2 {
            self.left
                .recv_timeout(PATIENCE)
                .expect("workers that leave");
        }
        self.buffer.clear();
        for record in 0..8 {
            let seq = (self.calls - 1) * 8 + record;
            let line = format!("{{\"seq\":{seq}}}");
            self.buffer.push(demand.now_ns, line.as_bytes());
        }
        Ok(Lent::Burst(self.buffer.burst()))
    }
}

/// Accepts nothing, and tells when its worker closes it.
struct Closed(Sender<()>);

impl Sink for Closed {
    fn write(&mut self, _: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        Ok(Wrote::Part {
            records: 0,
            pending: Pending::woken(),
        })
    }

    fn close(&mut self) {
        let _ = self.0.send(()); // more workers than the source waits for
    }
}

#[test]
fn a_healthy_spill_file_means_that_nothing_is_abandoned_also_when_the_producer_comes_back_late() {
    for workers in [1, 2] {
        let folder = Folder::new();
        let rest = folder.path("rest");
        let (tell, left) = mpsc::channel();
        let source = Late {
            buffer: BurstBuffer::default(),
            calls: 0,
            left,
        };
        let sinks = move |_: usize| Ok(Closed(tell.clone()));
        let config = config(|c| {
            c.scaling.max_workers = workers;
            c.batch.batch_timeout = std::time::Duration::ZERO;
        });
        let pipeline = Pipeline::new(source, sinks).config(config);
        let pipeline = pipeline.spill(FileSink::append(&rest, Fsync::Never).unwrap());
        let running = pipeline.start().unwrap();
        patiently(|| (running.snapshot().produced == 8).then_some(())).expect("a burst");
        running.halt();
        let outcome = library::join(running);
        let ledger = outcome.ledger;
        assert!(ledger.balanced(), "{ledger:?}");
        assert_eq!((ledger.produced, ledger.spilled), (16, 16), "{ledger:?}");
        folder.holds_whole("rest", 16);
    }
}
