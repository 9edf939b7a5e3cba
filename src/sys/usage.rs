//! CPU time and context switches of the calling thread and of the process.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// CPU time and context switches of one thread.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ThreadUsage {
    pub(crate) cpu: Duration,
    /// The thread gave its CPU up: it slept or waited.
    pub(crate) voluntary_switches: u64,
    /// The scheduler gave the thread's CPU to another one.
    pub(crate) involuntary_switches: u64,
}

impl ThreadUsage {
    /// The calling thread's, since it began. Switches are 0 without Linux' `/proc`.
    pub(crate) fn of_this_thread() -> Self {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        let count = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key));
            line.and_then(|count| count.trim().parse().ok())
                .unwrap_or(0)
        };
        let cpu = clock_gettime(ClockId::ThreadCPUTime);
        Self {
            cpu: Duration::try_from(cpu).unwrap_or_default(),
            voluntary_switches: count("voluntary_ctxt_switches:"),
            involuntary_switches: count("nonvoluntary_ctxt_switches:"),
        }
    }
}

/// CPU time of all threads of this process, since it began.
pub(crate) fn process_cpu() -> Duration {
    let cpu = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(cpu).unwrap_or_default()
}
