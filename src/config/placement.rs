//! Which thread runs where, and how it waits.

use std::time::Duration;

use crate::config::error::{ConfigError, Ranges};
use crate::config::group::group;
use crate::sys::cpu::{Pin, Request, SPIN_LONGEST, ShardRequest};

group! {
    /// The CPUs of the pinned threads, and how long those spin before they sleep.
    Placing {
        /// Whether threads are pinned, and what happens if one cannot be. A pinned thread keeps its caches, but cannot
        /// move away from a CPU that something else uses. If off, `cores` and `producer_core` have no effect.
        pin: Pin = Pin::default(), as word;
        /// How long one wait may spin before it sleeps, up to 100 ms: it saves the microseconds of a wake-up
        /// and costs as much CPU time. `None`: what a park and its unpark cost on this machine, measured for a few
        /// milliseconds at start; nothing if threads share a CPU or exceed the quota.
        spin: Option<Duration> = None, as spin;
    }
    optional {
        /// The CPUs of the workers, by id, in turn: the first worker has the first, and so on, and again from the
        /// start. `None`: a physical core for each thread as long as there are any, then SMT siblings, then shares. The
        /// process must be allowed to use them.
        cores: Vec<usize>, as cpus;
        /// The CPU of the producer, by id. `None`: one that no worker has, if there is one.
        producer_core: usize, as cpu;
    }
}

impl Placing {
    /// What it asks for on behalf of one shard with so many workers.
    pub(crate) fn request(&self, workers: usize) -> Request<'_> {
        let shard = ShardRequest {
            workers,
            producer_core: self.producer_core,
        };
        Request {
            shards: vec![shard],
            cores: self.cores.as_deref(),
            pin: self.pin,
            spin: self.spin,
        }
    }

    /// `cpus` are those that the process may use; empty if that is not known.
    pub(super) fn check(&self, cpus: &[usize], wrong: &mut Vec<ConfigError>) {
        if let Some(spin) = self.spin.filter(|spin| *spin > SPIN_LONGEST) {
            let [spin, longest] = [spin, SPIN_LONGEST].map(humantime::format_duration);
            let expected = format_args!("0s to {longest}, or none at all");
            wrong.out_of_range("spin", spin, expected);
        }
        let mut refused = Vec::new();
        self.request(0).check(cpus, &mut refused);
        wrong.extend(refused.into_iter().map(ConfigError::Placement));
    }
}
