//! The sinks of a run that has ended.

use std::any::Any;
use std::fmt;

use crate::engine::sink::Sink;
use crate::sys::panics::caught;

/// The sinks that workers returned, by worker; without those of workers that were abandoned or panicked.
#[derive(Default)]
pub struct Sinks(Vec<(usize, Box<dyn Sink>)>);

impl Sinks {
    pub(crate) fn add(&mut self, worker: usize, sink: Box<dyn Sink>) {
        self.0.push((worker, sink));
        self.0.sort_by_key(|(worker, _)| *worker);
    }

    /// The number of sinks.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no sinks.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Those of one type, as the factory made them, by worker.
    pub fn of<S: Sink>(&self) -> impl Iterator<Item = &S> {
        let any = self.0.iter().map(|(_, sink)| {
            let sink: &dyn Any = &**sink;
            sink
        });
        any.filter_map(|sink| sink.downcast_ref())
    }

    /// Takes those of one type out, by worker; drops the others.
    pub fn take<S: Sink>(&mut self) -> Vec<S> {
        let sinks = std::mem::take(&mut self.0).into_iter();
        let any = sinks.map(|(_, sink)| -> Box<dyn Any> { sink });
        any.filter_map(|sink| sink.downcast().ok().map(|sink| *sink))
            .collect()
    }
}

impl Drop for Sinks {
    /// A sink may panic when it is dropped; the panic must not reach the owner of the outcome.
    fn drop(&mut self) {
        for (_, sink) in self.0.drain(..) {
            let _ = caught(|| drop(sink));
        }
    }
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks")
            .field(
                "workers",
                &self.0.iter().map(|(worker, _)| worker).collect::<Vec<_>>(),
            )
            .finish_non_exhaustive()
    }
}
