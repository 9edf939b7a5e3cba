//! The placement that a pipeline asks for, and whether it is possible.

use std::time::Duration;

use crate::sys::cpu::cpulist::{CpuList, check, expected};
use crate::sys::cpu::{Pin, Role};

/// What a pipeline asks for.
#[derive(Clone, Debug)]
pub(crate) struct Request<'a> {
    pub(crate) shards: Vec<ShardRequest>,
    /// The CPUs of the workers of all shards, in turn; `None` to have them chosen.
    pub(crate) cores: Option<&'a [usize]>,
    pub(crate) pin: Pin,
    /// How long a wait may spin; `None` to have it measured.
    pub(crate) spin: Option<Duration>,
}

/// What one shard asks for: a producer, and the workers that it feeds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShardRequest {
    pub(crate) workers: usize,
    /// The CPU of the producer; `None` to have it chosen.
    pub(crate) producer_core: Option<usize>,
}

impl Request<'_> {
    /// Adds a sentence to `wrong` for each setting that names CPUs which do not exist, or which the process may not
    /// use; `allowed` is empty if those are unknown.
    pub(crate) fn check(&self, allowed: &[usize], wrong: &mut Vec<String>) {
        let mut check_one = |name: &str, cpus: &[usize]| {
            if let Err(why) = check(cpus, allowed) {
                let (list, expected) = (CpuList(cpus), expected(allowed));
                wrong.push(format!("{name} {list} is not accepted: {why}; {expected}"));
            }
        };
        if let Some(cores) = self.cores {
            check_one("cores", cores);
        }
        for cpu in self.shards.iter().filter_map(|shard| shard.producer_core) {
            check_one("producer_core", &[cpu]);
        }
    }

    /// The threads, shard by shard, the producer of each first.
    pub(super) fn roles(&self) -> impl Iterator<Item = Role> {
        let shards = self.shards.iter().enumerate();
        shards.flat_map(|(shard, &ShardRequest { workers, .. })| {
            let worker = move |index| Role::Worker { shard, index };
            std::iter::once(Role::Producer { shard }).chain((0..workers).map(worker))
        })
    }

    /// How many workers there are in all shards.
    pub(super) fn workers(&self) -> usize {
        self.shards.iter().map(|shard| shard.workers).sum()
    }
}
