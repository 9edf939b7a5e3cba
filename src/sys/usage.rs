//! CPU time, waits for a CPU and context switches of the calling thread and of the process.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// What one thread used, and what it waited for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadUsage {
    pub(crate) cpu: Duration,
    /// How long the thread could have run and waited for a CPU: Linux' run delay.
    pub(crate) run_delay: Duration,
    /// The thread gave its CPU up: it slept or waited.
    pub(crate) voluntary_switches: u64,
    /// The scheduler gave the thread's CPU to another one.
    pub(crate) involuntary_switches: u64,
}

impl ThreadUsage {
    /// The calling thread's, since it began. Without Linux' `/proc` only the CPU time is known, and the rest is 0.
    pub(crate) fn of_this_thread() -> Self {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let count = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|count| count.trim().parse().ok())
                .unwrap_or(0)
        };
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        let schedstat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        Self {
            cpu: Duration::try_from(cpu).unwrap_or_default(),
            run_delay: run_delay(&schedstat).unwrap_or_default(),
            voluntary_switches: count("voluntary_ctxt_switches:"),
            involuntary_switches: count("nonvoluntary_ctxt_switches:"),
        }
    }

    /// What it used since an earlier reading.
    pub(crate) fn since(self, before: Self) -> Self {
        let switches = |now: u64, before| now.saturating_sub(before);
        Self {
            cpu: self.cpu.saturating_sub(before.cpu),
            run_delay: self.run_delay.saturating_sub(before.run_delay),
            voluntary_switches: switches(self.voluntary_switches, before.voluntary_switches),
            involuntary_switches: switches(self.involuntary_switches, before.involuntary_switches),
        }
    }
}

/// The second of the three numbers in `/proc/PID/schedstat`: time on a CPU and time waiting for one, in nanoseconds,
/// and the number of time slices. See Linux' `Documentation/scheduler/sched-stats.rst`.
fn run_delay(schedstat: &str) -> Option<Duration> {
    let ns = schedstat.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(ns))
}

/// CPU time of all threads of this process, since it began.
pub(crate) fn process_cpu() -> Duration {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(cpu).unwrap_or_default()
}
