//! The choice of a CPU for each thread, with the reason for it. Pure.

use crate::sys::cpu::cpulist::CPUS_MAX;
use crate::sys::cpu::request::Request;
use crate::sys::cpu::sharing::{Holder, Sharing};
use crate::sys::cpu::{Cpu, Machine, Pin, Role};

/// The threads of a pipeline, and the CPU that each will ask for.
pub(super) struct Assignment<'a> {
    pub(super) machine: &'a Machine,
    pub(super) request: &'a Request<'a>,
    /// This pipeline's threads: shard by shard, the producer first.
    pub(super) holder: Holder,
    /// What this pipeline shares with others of the process; `None` if nothing.
    pub(super) sharing: Option<Sharing>,
    /// How many threads the other pipelines have, pinned or not.
    pub(super) foreign_threads: usize,
    /// The physical core of each CPU, by id; the CPU itself if its core is unknown.
    core_of: Vec<usize>,
    /// The load that this pipeline puts on the CPUs.
    pub(super) own: Load,
    /// The load that the other pipelines put on them.
    others: Load,
}

/// How many pinned threads there are per CPU and per physical core, both by id.
pub(super) struct Load {
    pub(super) on_cpu: Vec<usize>,
    producers_on_cpu: Vec<usize>,
    on_core: Vec<usize>,
}

impl Load {
    fn none() -> Self {
        Self {
            on_cpu: vec![0; CPUS_MAX],
            producers_on_cpu: vec![0; CPUS_MAX],
            on_core: vec![0; CPUS_MAX],
        }
    }

    fn add(&mut self, role: Role, cpu: usize, core: usize) {
        self.on_cpu[cpu] += 1;
        self.on_core[core] += 1;
        self.producers_on_cpu[cpu] += usize::from(role.is_producer());
    }
}

impl<'a> Assignment<'a> {
    /// Chooses a CPU for each thread: a physical core of its own while any is free, then an SMT sibling, then a share
    /// of a CPU.
    ///
    /// CPUs that no other pipeline holds come first, and a pipeline with a CPU to itself shares that one among its own
    /// threads: others are disturbed only if they hold every CPU. A producer feeds all workers of its shard, so the
    /// CPUs of workers are shared before those of producers. CPUs that the request names are used in any case.
    pub(super) fn new(
        machine: &'a Machine,
        request: &'a Request<'a>,
        others: &'a [Holder],
    ) -> Self {
        let mut core_of: Vec<usize> = (0..CPUS_MAX).collect();
        for cpu in &machine.cpus {
            core_of[cpu.id] = cpu.core.unwrap_or(cpu.id);
        }
        let ids = machine.ids();
        let mut assignment = Self {
            machine,
            request,
            holder: Holder::unpinned(request.roles()),
            sharing: None,
            foreign_threads: others.iter().map(|other| other.threads.len()).sum(),
            core_of,
            own: Load::none(),
            others: Load::none(),
        };
        for (role, cpu) in others.iter().flat_map(Holder::pinned) {
            let core = assignment.core_of[cpu];
            assignment.others.add(role, cpu, core);
        }
        if request.pin != Pin::Off {
            assignment.assign_all();
        }
        assignment.sharing = Sharing::between(&assignment.holder, others, &ids);
        assignment
    }

    /// Threads whose CPU the request names come first, so that the others keep away from them.
    fn assign_all(&mut self) {
        let mut cores = self.request.cores.unwrap_or_default().iter().cycle();
        for thread in 0..self.holder.threads.len() {
            let named = match self.holder.threads[thread].0 {
                Role::Producer { shard } => self.request.shards[shard].producer_core,
                Role::Worker { .. } => cores.next().copied(),
            };
            self.assign(thread, named);
        }
        for producers in [true, false] {
            for thread in 0..self.holder.threads.len() {
                let (role, cpu) = self.holder.threads[thread];
                if role.is_producer() == producers && cpu.is_none() {
                    self.assign(thread, self.best_for(role));
                }
            }
        }
    }

    fn assign(&mut self, thread: usize, cpu: Option<usize>) {
        let (role, assigned) = &mut self.holder.threads[thread];
        *assigned = cpu;
        if let Some(cpu) = cpu {
            self.own.add(*role, cpu, self.core_of[cpu]);
        }
    }

    /// The best CPU for one more thread. Caches are shared within a package, so that of the shard's producer is better
    /// than another one; among equals the first CPU wins.
    fn best_for(&self, role: Role) -> Option<usize> {
        let producer = self.cpu_of(Role::Producer {
            shard: role.shard(),
        });
        let producer_core = producer.map(|cpu| self.core_of[cpu]);
        let package = producer
            .and_then(|cpu| self.cpu(cpu))
            .map(|cpu| cpu.package);
        let (own, others) = (&self.own, &self.others);
        let best = self.machine.cpus.iter().min_by_key(|cpu| {
            let (id, core) = (cpu.id, self.core_of[cpu.id]);
            (
                others.on_cpu[id] > 0,
                own.producers_on_cpu[id] > 0,
                others.producers_on_cpu[id] > 0,
                own.on_cpu[id] + others.on_cpu[id],
                others.on_core[core],
                own.on_core[core],
                producer_core == Some(core),
                package.is_some_and(|package| package != cpu.package),
            )
        });
        best.map(|cpu| cpu.id)
    }

    fn cpu(&self, id: usize) -> Option<&Cpu> {
        self.machine.cpus.iter().find(|cpu| cpu.id == id)
    }

    fn cpu_of(&self, role: Role) -> Option<usize> {
        let mut threads = self.holder.threads.iter();
        threads.find(|(other, _)| *other == role)?.1
    }

    /// The CPUs of the first shard's producer and of its first worker; for threads that are not pinned, the first CPUs
    /// that they may run on.
    pub(super) fn pair(&self) -> [Option<usize>; 2] {
        [0, 1].map(|thread| {
            let (_, cpu) = *self.holder.threads.get(thread)?;
            cpu.or_else(|| Some(self.machine.cpus.get(thread)?.id))
        })
    }

    /// Why a thread got its CPU, or why it got none.
    pub(super) fn why(&self, role: Role, cpu: Option<usize>) -> String {
        let Some(cpu) = cpu else {
            return match self.request.pin {
                Pin::Off => "pin is off".into(),
                _ => "the CPUs this process may use are unknown".into(),
            };
        };
        let named = match role {
            Role::Producer { shard } => self.request.shards[shard]
                .producer_core
                .map(|_| "given by producer_core"),
            Role::Worker { .. } => self.request.cores.map(|_| "given by cores"),
        };
        let Some(named) = named else {
            return self.why_chosen(cpu);
        };
        let company = self.shares(cpu).or_else(|| self.sibling_of(cpu));
        company.map_or(named.into(), |company| format!("{named}; {company}"))
    }

    fn why_chosen(&self, cpu: usize) -> String {
        if let Some(shares) = self.shares(cpu) {
            let reason = match (self.others.on_cpu[cpu], self.foreign_threads) {
                (0, 0) => "more threads than CPUs",
                (0, _) => "more threads than free CPUs",
                _ => "no CPU is free",
            };
            return format!("{shares}: {reason}");
        }
        self.sibling_of(cpu).unwrap_or_else(|| {
            let core = self.cpu(cpu).and_then(|cpu| cpu.core);
            match core {
                Some(_) => "own physical core".into(),
                None => "own CPU; its physical core is unknown".into(),
            }
        })
    }

    fn shares(&self, cpu: usize) -> Option<String> {
        match (self.own.on_cpu[cpu], self.others.on_cpu[cpu]) {
            (..=1, 0) => None,
            (_, 0) => Some(format!("shares cpu {cpu}")),
            _ => Some(format!("shares cpu {cpu} with another pipeline")),
        }
    }

    /// Names a busy CPU on the same physical core, one of this pipeline rather than one of another.
    fn sibling_of(&self, cpu: usize) -> Option<String> {
        let busy_in = |load: &Load| {
            let mut ids = self.machine.cpus.iter().map(|cpu| cpu.id);
            let same_core = |id| self.core_of[id] == self.core_of[cpu];
            ids.find(|&id| id != cpu && load.on_cpu[id] > 0 && same_core(id))
        };
        let own = busy_in(&self.own).map(|id| format!("SMT sibling of cpu {id}"));
        own.or_else(|| {
            let id = busy_in(&self.others)?;
            Some(format!(
                "SMT sibling of cpu {id}, which another pipeline uses"
            ))
        })
    }
}
