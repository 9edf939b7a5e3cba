//! Steal: the time in which a CPU of a virtual machine had work, and the hypervisor ran something else.

use std::time::Duration;

/// The steal of each CPU since boot. For one run, compare two readings.
#[derive(Clone, Debug, Default)]
pub(crate) struct Steal(Vec<(usize, Duration)>);

impl Steal {
    /// Reads it from Linux' `/proc/stat`, where it has a resolution of 10 ms; empty without that.
    pub(crate) fn read() -> Self {
        let stat = std::fs::read_to_string("/proc/stat").unwrap_or_default();
        Self::parse(&stat, rustix::param::clock_ticks_per_second())
    }

    /// Parses lines such as `cpu1 574105 831668 227375 1400690 4910 0 940 1190 0 0`: user, nice, system, idle, iowait,
    /// irq, softirq and steal, in ticks.
    fn parse(stat: &str, ticks_per_s: u64) -> Self {
        let cpu = |line: &str| {
            let mut columns = line.strip_prefix("cpu")?.split_ascii_whitespace();
            let cpu = columns.next()?.parse().ok()?;
            let ticks: u64 = columns.nth(7)?.parse().ok()?;
            let seconds = ticks as f64 / ticks_per_s.max(1) as f64;
            Some((cpu, Duration::try_from_secs_f64(seconds).ok()?))
        };
        // The first line has no number: it is the sum of all CPUs.
        let lines = stat.lines().filter(|line| !line.starts_with("cpu "));
        Self(lines.filter_map(cpu).collect())
    }

    /// The most that any of these CPUs lost since an earlier reading, and which it was.
    pub(crate) fn most_since(&self, before: &Self, cpus: &[usize]) -> Option<(usize, Duration)> {
        let lost = self.0.iter().filter(|(cpu, _)| cpus.contains(cpu));
        let lost = lost.filter_map(|(cpu, now)| {
            let (_, then) = before.0.iter().find(|(before, _)| before == cpu)?;
            Some((*cpu, now.saturating_sub(*then)))
        });
        lost.max_by_key(|(_, lost)| *lost)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Steal;

    #[test]
    fn the_cpu_that_lost_most_is_named() {
        let reading = |lost: [u64; 3]| {
            let [a, b, c] = lost;
            let stat = format!(
                "cpu  9 9 9 9 9 9 9 {}\ncpu0 1 2 3 4 5 6 7 {a} 0 0\ncpu1 1 2 3 4 5 6 7 {b}\n\
                 cpu10 1 2 3 4 5 6 7 {c} 9\nintr 1 2 3 4 5 6 7 8 9\ncpu11 1 2\n",
                a + b + c
            );
            Steal::parse(&stat, 100)
        };
        let (before, after) = (reading([5, 5, 5]), reading([9, 7, 1_000]));
        let most = |cpus: &[usize]| after.most_since(&before, cpus);
        assert_eq!(most(&[0, 1]), Some((0, Duration::from_millis(40))));
        assert_eq!(most(&[1, 10]), Some((10, Duration::from_millis(9_950))));
        assert_eq!(most(&[11]), None);
        assert_eq!(before.most_since(&after, &[0]), Some((0, Duration::ZERO)));
    }
}
