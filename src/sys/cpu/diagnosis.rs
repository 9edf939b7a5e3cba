//! What is wrong with an assignment: the warnings, and whether spinning would harm. Pure.

use crate::sys::cpu::assignment::Assignment;
use crate::sys::cpu::sharing::{Sharing, fewer_workers};
use crate::sys::cpu::{Pin, ShardRequest};
use crate::sys::warning::Warning;

impl Assignment<'_> {
    /// Why no thread may spin; `None` if spinning does no harm.
    pub(super) fn crowded(&self) -> Option<String> {
        if self.cpus_unknown() {
            Some("the CPUs this process may use are unknown".into())
        } else if self.shares_among_own() {
            Some(
                "threads share a CPU, where a spinner burns the time of the one it waits for"
                    .into(),
            )
        } else if self.sharing.is_some() {
            Some("threads share a CPU with another pipeline, whose time a spinner burns".into())
        } else {
            let (quota, threads) = (self.exceeded_quota()?, self.all_threads());
            Some(format!(
                "{threads} threads share a CPU quota of {quota}, and a spinner uses it up"
            ))
        }
    }

    fn own_threads(&self) -> usize {
        self.holder.threads.len()
    }

    /// This pipeline's threads and those of others: a quota is the process's, not a pipeline's.
    fn all_threads(&self) -> usize {
        self.own_threads() + self.foreign_threads
    }

    /// Whether threads have to float because the system does not say which CPUs there are.
    fn cpus_unknown(&self) -> bool {
        self.machine.cpus.is_empty() && self.holder.floats()
    }

    fn shares_among_own(&self) -> bool {
        let cpus = self.machine.cpus.len();
        let floating = self.request.pin == Pin::Off && cpus > 0 && self.own_threads() > cpus;
        floating || self.own.on_cpu.iter().any(|&threads| threads > 1)
    }

    /// The quota if the threads could use more.
    fn exceeded_quota(&self) -> Option<f64> {
        let threads = self.all_threads() as f64;
        self.machine.quota.filter(|quota| *quota < threads)
    }

    /// Everything that makes this assignment worse than it could be, each with its remedy.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.cpus_unknown() && self.request.pin != Pin::Off {
            warnings.push(Warning::new(
                "cpus_unknown",
                "threads are not pinned: the system does not say which CPUs this process may use",
                "name them with cores and producer_core, or set pin to off",
            ));
        } else if self.shares_among_own() {
            warnings.push(self.fewer_cpus_than_threads());
        }
        warnings.extend(self.sharing.as_ref().map(Sharing::warning));
        warnings.extend(self.quota_below_threads());
        warnings.extend(self.shared_with_neighbours());
        warnings.extend(self.harmful_spin());
        warnings
    }

    fn fewer_cpus_than_threads(&self) -> Warning {
        let cpus = match self.request.pin {
            Pin::Off => self.machine.cpus.len(),
            _ => self
                .own
                .on_cpu
                .iter()
                .filter(|&&threads| threads > 0)
                .count(),
        };
        let remedy = if self.request.cores.is_some() {
            "give cores more CPUs, none of them the producer's, or lower max_workers".into()
        } else {
            let shards = self.request.shards.len();
            let fewer = fewer_workers(cpus.checked_sub(shards).filter(|workers| *workers > 0));
            format!("{fewer}allow this process more CPUs (taskset, the container's cpuset)")
        };
        let plural = if cpus == 1 { "" } else { "s" };
        let threads = self.own_threads();
        let message = format!(
            "{threads} threads on {cpus} CPU{plural}: those that share one wait for each other's turn"
        );
        Warning::new("cpus_fewer_than_threads", message, remedy)
    }

    fn quota_below_threads(&self) -> Option<Warning> {
        let quota = self.exceeded_quota()?;
        let (threads, foreign) = (self.all_threads(), self.foreign_threads);
        let workers = self.request.workers();
        let unchanged = threads - workers;
        let fits = |workers: &usize| (unchanged + workers) as f64 <= quota;
        let fewer = fewer_workers((1..workers).rev().find(fits));
        let of_others = match foreign {
            0 => String::new(),
            _ => format!(" ({foreign} of them of other pipelines)"),
        };
        Some(Warning::new(
            "quota_below_threads",
            format!(
                "{threads} threads{of_others} on a CPU quota of {quota}: the kernel stops them for a part of each \
                 period"
            ),
            format!("{fewer}raise the quota (cpu.max)"),
        ))
    }

    /// Processes that are limited by a quota each, rather than by a set of CPUs, all see the same CPUs.
    fn shared_with_neighbours(&self) -> Option<Warning> {
        let named = |shard: &ShardRequest| shard.producer_core.is_some();
        let chosen = self.request.cores.is_some() || self.request.shards.iter().any(named);
        let cpus = self.machine.cpus.len();
        let quota = self.machine.quota.filter(|quota| *quota < cpus as f64)?;
        (self.request.pin == Pin::BestEffort && !chosen).then(|| {
            let message = format!(
                "a CPU quota of {quota} on {cpus} CPUs: neighbours that are limited alike pin themselves to the same \
                 CPUs"
            );
            let remedy = "give each its own with cores and producer_core, or set pin to off";
            Warning::new("cpus_shared_with_neighbours", message, remedy)
        })
    }

    fn harmful_spin(&self) -> Option<Warning> {
        let spin = self.request.spin.filter(|spin| !spin.is_zero())?;
        let crowded = self.crowded()?;
        let spin = humantime::format_duration(spin);
        let message = format!("spin is {spin}, but {crowded}");
        Some(Warning::new(
            "spin_on_shared_cpu",
            message,
            "set it to 0 or auto",
        ))
    }
}
