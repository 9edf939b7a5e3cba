//! The choice of a CPU for each thread, and what is to be said about it.

use crate::sys::cpu::cpulist::CPUS_MAX;
use crate::sys::cpu::{Cpu, Machine, Pin, Request};
use crate::sys::warning::Warning;

/// The threads - the producer, then the workers - and the CPU that each is to have.
pub(super) struct Seats<'a> {
    machine: &'a Machine,
    request: &'a Request<'a>,
    asked: Vec<Option<usize>>,
    /// The physical core of each CPU, by id; itself where it is not known.
    core_of: Vec<usize>,
    /// How many threads are on each CPU, and on each physical core, by id.
    on_cpu: Vec<usize>,
    on_core: Vec<usize>,
}

impl<'a> Seats<'a> {
    /// Gives each thread a CPU: a physical core of its own as long as there are any, then an SMT sibling, then a
    /// share of a CPU. The producer feeds all workers, so theirs are shared before its is.
    pub(super) fn fill(machine: &'a Machine, request: &'a Request<'a>) -> Self {
        let mut core_of: Vec<usize> = (0..CPUS_MAX).collect();
        for cpu in &machine.cpus {
            core_of[cpu.id] = cpu.core.unwrap_or(cpu.id);
        }
        let mut seats = Self {
            machine,
            request,
            asked: vec![None; request.workers + 1],
            core_of,
            on_cpu: vec![0; CPUS_MAX],
            on_core: vec![0; CPUS_MAX],
        };
        if request.pin == Pin::Off {
            return seats;
        }
        // What is given goes first: whoever has the choice keeps out of its way.
        if let Some(cores) = request.cores {
            for (thread, &cpu) in (1..=request.workers).zip(cores.iter().cycle()) {
                seats.take(thread, Some(cpu));
            }
        }
        seats.take(0, request.producer_core.or_else(|| seats.best()));
        if request.cores.is_none() {
            for thread in 1..=request.workers {
                seats.take(thread, seats.best());
            }
        }
        seats
    }

    fn take(&mut self, thread: usize, cpu: Option<usize>) {
        self.asked[thread] = cpu;
        if let Some(cpu) = cpu {
            self.on_cpu[cpu] += 1;
            self.on_core[self.core_of[cpu]] += 1;
        }
    }

    /// The best CPU for one more thread: not the producer's; with the fewest threads on it, then on its physical core;
    /// then away from the producer's core, then in its package, within which caches are shared; then the first.
    fn best(&self) -> Option<usize> {
        let producer = self.asked[0];
        let core = producer.map(|cpu| self.core_of[cpu]);
        let package = producer
            .and_then(|cpu| self.cpu(cpu))
            .map(|cpu| cpu.package);
        let best = self.machine.cpus.iter().min_by_key(|cpu| {
            let own = self.core_of[cpu.id];
            (
                producer == Some(cpu.id),
                self.on_cpu[cpu.id],
                self.on_core[own],
                core == Some(own),
                package.is_some_and(|package| package != cpu.package),
            )
        });
        best.map(|cpu| cpu.id)
    }

    fn cpu(&self, id: usize) -> Option<&Cpu> {
        self.machine.cpus.iter().find(|cpu| cpu.id == id)
    }

    /// The CPU that each thread is to have.
    pub(super) fn asked(&self) -> &[Option<usize>] {
        &self.asked
    }

    /// The CPUs of the producer and the first worker; where they float, the first two they may be on.
    pub(super) fn pair(&self) -> [Option<usize>; 2] {
        [0, 1].map(|thread| self.asked[thread].or_else(|| Some(self.machine.cpus.get(thread)?.id)))
    }

    /// Why a thread is to have its CPU, or none.
    pub(super) fn why(&self, thread: usize) -> String {
        let Some(cpu) = self.asked[thread] else {
            return match self.request.pin {
                Pin::Off => "pin is off".into(),
                _ => "the CPUs this process may use are unknown".into(),
            };
        };
        let given = match thread {
            0 => self.request.producer_core.map(|_| "given by producer_core"),
            _ => self.request.cores.map(|_| "given by cores"),
        };
        let company = if self.on_cpu[cpu] > 1 {
            Some(format!("shares cpu {cpu}"))
        } else {
            let sibling = self.sibling(cpu);
            sibling.map(|sibling| format!("SMT sibling of cpu {sibling}"))
        };
        match (given, company) {
            (Some(given), None) => given.into(),
            (Some(given), Some(company)) => format!("{given}; {company}"),
            (None, Some(company)) if self.on_cpu[cpu] > 1 => {
                format!("{company}: more threads than CPUs")
            }
            (None, Some(company)) => company,
            (None, None) => match self.cpu(cpu).and_then(|cpu| cpu.core) {
                Some(_) => "own physical core".into(),
                None => "own CPU; its physical core is unknown".into(),
            },
        }
    }

    /// Another CPU of the same physical core that has threads.
    fn sibling(&self, cpu: usize) -> Option<usize> {
        let mut ids = self.machine.cpus.iter().map(|cpu| cpu.id);
        ids.find(|&id| id != cpu && self.on_cpu[id] > 0 && self.core_of[id] == self.core_of[cpu])
    }

    /// Why no thread may spin, if that is so.
    pub(super) fn crowded(&self) -> Option<String> {
        if self.unknown() {
            Some("the CPUs this process may use are unknown".into())
        } else if self.shared() {
            Some(
                "threads share a CPU, where a spinner burns the time of the one it waits for"
                    .into(),
            )
        } else {
            let (quota, threads) = (self.exceeded()?, self.asked.len());
            Some(format!(
                "{threads} threads share a CPU quota of {quota}, and a spinner uses it up"
            ))
        }
    }

    /// Nobody knows how many CPUs there are for threads that have none given.
    fn unknown(&self) -> bool {
        self.machine.cpus.is_empty() && self.asked.contains(&None)
    }

    fn shared(&self) -> bool {
        let (threads, cpus) = (self.asked.len(), self.machine.cpus.len());
        let floating = self.request.pin == Pin::Off && cpus > 0 && threads > cpus;
        floating || self.on_cpu.iter().any(|&threads| threads > 1)
    }

    /// The quota, if it is less than the threads could use.
    fn exceeded(&self) -> Option<f64> {
        let threads = self.asked.len() as f64;
        self.machine.quota.filter(|quota| *quota < threads)
    }

    /// What is not as it should be, with its remedy.
    pub(super) fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        if self.unknown() && self.request.pin != Pin::Off {
            warnings.push(Warning::new(
                "cpus_unknown",
                "threads are not pinned: the system does not say which CPUs this process may use",
                "name them with cores and producer_core, or set pin to off",
            ));
        } else if self.shared() {
            warnings.push(self.sharing());
        }
        if let Some(quota) = self.exceeded() {
            let fits = |workers: &usize| (workers + 1) as f64 <= quota;
            let fewer = fewer_workers((1..self.request.workers).rev().find(fits));
            let threads = self.asked.len();
            warnings.push(Warning::new(
                "quota_below_threads",
                format!(
                    "{threads} threads on a CPU quota of {quota}: the kernel stops them for a part of each period"
                ),
                format!("{fewer}raise the quota (cpu.max)"),
            ));
        }
        warnings.extend(self.neighbours());
        if let (Some(spin), Some(crowded)) = (self.request.spin, self.crowded())
            && !spin.is_zero()
        {
            let spin = humantime::format_duration(spin);
            let message = format!("spin is {spin}, but {crowded}");
            warnings.push(Warning::new(
                "spin_on_shared_cpu",
                message,
                "set it to 0 or auto",
            ));
        }
        warnings
    }

    fn sharing(&self) -> Warning {
        let cpus = match self.request.pin {
            Pin::Off => self.machine.cpus.len(),
            _ => self.on_cpu.iter().filter(|&&threads| threads > 0).count(),
        };
        let remedy = if self.request.cores.is_some() {
            "give cores more CPUs, none of them the producer's, or lower max_workers".into()
        } else {
            let fewer = fewer_workers(Some(cpus - 1).filter(|workers| *workers > 0));
            format!("{fewer}allow this process more CPUs (taskset, the container's cpuset)")
        };
        let plural = if cpus == 1 { "" } else { "s" };
        let threads = self.asked.len();
        let message = format!(
            "{threads} threads on {cpus} CPU{plural}: those that share one wait for each other's turn"
        );
        Warning::new("cpus_fewer_than_threads", message, remedy)
    }

    /// Processes that are limited by a quota each, and not by a set of CPUs, all see the same CPUs.
    fn neighbours(&self) -> Option<Warning> {
        let Request {
            pin,
            cores,
            producer_core,
            ..
        } = *self.request;
        let chosen = cores.is_some() || producer_core.is_some();
        let cpus = self.machine.cpus.len();
        let quota = self.machine.quota.filter(|quota| *quota < cpus as f64)?;
        (pin == Pin::BestEffort && !chosen).then(|| {
            let message = format!(
                "a CPU quota of {quota} on {cpus} CPUs: neighbours that are limited alike pin themselves to the same CPUs"
            );
            let remedy = "give each its own with cores and producer_core, or set pin to off";
            Warning::new("cpus_shared_with_neighbours", message, remedy)
        })
    }
}

/// A remedy, where so few workers would do.
fn fewer_workers(fitting: Option<usize>) -> String {
    let remedy = |workers| format!("lower max_workers to {workers}, or ");
    fitting.map_or(String::new(), remedy)
}
