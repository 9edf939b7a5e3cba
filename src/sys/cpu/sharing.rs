//! What several pipelines of one process have in common: the CPUs that their threads share. Pure.

use crate::sys::cpu::Role;
use crate::sys::cpu::cpulist::CpuList;
use crate::sys::warning::Warning;

/// The threads of one pipeline, and the CPU of each; `None` for a thread that is not pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub(super) threads: Vec<(Role, Option<usize>)>,
}

impl Holder {
    pub(super) fn unpinned(roles: impl Iterator<Item = Role>) -> Self {
        Self {
            threads: roles.map(|role| (role, None)).collect(),
        }
    }

    pub(super) fn pinned(&self) -> impl Iterator<Item = (Role, usize)> {
        let pinned = |&(role, cpu): &(Role, Option<usize>)| Some((role, cpu?));
        self.threads.iter().filter_map(pinned)
    }

    /// Whether a thread is not pinned, and may run on any CPU.
    pub(super) fn floats(&self) -> bool {
        self.threads.iter().any(|(_, cpu)| cpu.is_none())
    }

    /// How many threads run on these CPUs, or may do so; all of them if `cpus` is empty, that is unknown.
    pub(super) fn threads_on(&self, cpus: &[usize]) -> usize {
        let known = |cpu: Option<usize>| cpu.filter(|_| !cpus.is_empty());
        let may_run = |cpu: &Option<usize>| known(*cpu).is_none_or(|cpu| cpus.contains(&cpu));
        let threads = self.threads.iter();
        threads.filter(|(_, cpu)| may_run(cpu)).count()
    }
}

/// Pipelines of this process whose threads take turns with those of one pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sharing {
    /// The CPUs that are shared, ascending; empty if threads are not pinned and there are just too many.
    cpus: Vec<usize>,
    /// How many CPUs the process may use; 0 if that is unknown.
    allowed: usize,
    /// How many other pipelines there are, and how many threads they have.
    pipelines: usize,
    threads: usize,
    /// Whether they started later than the pipeline that shares with them.
    later: bool,
    remedy: String,
}

impl Sharing {
    /// Finds the `others` that share a CPU with `own` threads, when the process may use the CPUs in `allowed` (empty if
    /// unknown). `None` if there are none.
    pub(super) fn between(own: &Holder, others: &[Holder], allowed: &[usize]) -> Option<Self> {
        let all = |holder: &Holder| holder.threads_on(allowed);
        let total = own.threads.len() + others.iter().map(all).sum::<usize>();
        let too_many = !allowed.is_empty() && total > allowed.len();
        let on_same = |other: &Holder| -> Vec<usize> {
            let taken = |cpu: &usize| other.pinned().any(|(_, theirs)| theirs == *cpu);
            own.pinned().map(|(_, cpu)| cpu).filter(taken).collect()
        };
        let competes = |other: &&Holder| {
            let floating = too_many && all(other) > 0 && (own.floats() || other.floats());
            floating || !on_same(other).is_empty()
        };
        let sharing: Vec<_> = others.iter().filter(competes).collect();
        if sharing.is_empty() {
            return None;
        }
        let mut cpus: Vec<_> = sharing.iter().flat_map(|other| on_same(other)).collect();
        cpus.sort_unstable();
        cpus.dedup();
        let remedy = if too_many {
            let workers = own.threads.iter().filter(|(role, _)| !role.is_producer());
            let workers = workers.count();
            let fits = |fewer: &usize| total - workers + fewer <= allowed.len();
            let fewer = fewer_workers((1..workers).rev().find(fits));
            format!(
                "{fewer}run one pipeline after the other, or allow this process more CPUs (taskset, the container's \
                 cpuset)"
            )
        } else {
            "give each pipeline its own CPUs with cores and producer_core".into()
        };
        Some(Self {
            cpus,
            allowed: allowed.len(),
            pipelines: sharing.len(),
            threads: sharing.iter().map(|other| other.threads.len()).sum(),
            later: false,
            remedy,
        })
    }

    /// The same, seen by the pipeline that was there first.
    pub(super) fn later(self) -> Self {
        Self {
            later: true,
            ..self
        }
    }

    /// Adds a pipeline that started after those.
    pub(super) fn add(&mut self, other: Self) {
        self.cpus.extend(other.cpus);
        self.cpus.sort_unstable();
        self.cpus.dedup();
        self.pipelines += other.pipelines;
        self.threads += other.threads;
        self.remedy = other.remedy;
    }

    pub(super) fn warning(&self) -> Warning {
        let (shares, take) = if self.later {
            ("shared", "took")
        } else {
            ("shares", "take")
        };
        let who = match (self.pipelines, self.later) {
            (1, false) => "another pipeline".into(),
            (1, true) => "a pipeline that started later".into(),
            (pipelines, false) => format!("{pipelines} other pipelines"),
            (pipelines, true) => format!("{pipelines} pipelines that started later"),
        };
        let cpus = match &self.cpus[..] {
            [] => format!("all {} CPUs it may use", self.allowed),
            [cpu] => format!("CPU {cpu}"),
            cpus => format!("CPUs {}", CpuList(cpus)),
        };
        let threads = self.threads;
        let message = format!(
            "this pipeline {shares} {cpus} with {who} in this process ({threads} threads): their threads {take} turns"
        );
        Warning::new("shared_cpus", message, self.remedy.clone())
    }
}

/// The start of a remedy if so few workers would do; empty if no number of them would.
pub(super) fn fewer_workers(fitting: Option<usize>) -> String {
    let remedy = |workers| format!("lower max_workers to {workers}, or ");
    fitting.map_or(String::new(), remedy)
}
