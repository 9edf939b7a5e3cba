//! Interference: what the machine did with the run's CPUs besides the run.

use std::time::Duration;

use crate::sys::warning::Warning;

/// Less than this share of the run shows in no percentile up to the 99th.
const FELT_SHARE: f64 = 0.01;
/// A shorter run shows little but its start and its end.
const LONG_ENOUGH: Duration = Duration::from_millis(100);
/// How many threads a message names.
const NAMED: usize = 4;

/// What kept the threads of the data path from running.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interference {
    /// How long each thread could have run and waited for a CPU, with its name.
    pub(crate) run_delays: Vec<(String, Duration)>,
    /// The CPU from which the hypervisor took most, and how much.
    pub(crate) stolen: Option<(usize, Duration)>,
}

impl Interference {
    /// The warnings about a run that took this long.
    pub(super) fn warnings(&self, elapsed: Duration) -> impl Iterator<Item = Warning> {
        let share = |time: Duration| time.as_secs_f64() / elapsed.as_secs_f64().max(1e-9);
        let is_felt = |share: f64| elapsed >= LONG_ENOUGH && share >= FELT_SHARE;
        let delays = self.run_delays.iter();
        let felt: Vec<_> = delays
            .map(|(thread, delay)| (thread.as_str(), share(*delay)))
            .filter(|(_, share)| is_felt(*share))
            .collect();
        let stolen = self.stolen.map(|(cpu, time)| (cpu, share(time)));
        let stolen = stolen.filter(|(_, share)| is_felt(*share));
        let preempted = (!felt.is_empty()).then(|| preempted(&felt));
        preempted
            .into_iter()
            .chain(stolen.map(|(cpu, share)| stolen_from(cpu, share)))
    }
}

fn preempted(waited: &[(&str, f64)]) -> Warning {
    let named = waited.iter().take(NAMED);
    let named: Vec<_> = named
        .map(|(thread, share)| format!("{thread} {:.0} %", 100.0 * share))
        .collect();
    let more = match waited.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(", and {more} more"),
    };
    Warning::new(
        "preempted",
        format!(
            "the CPUs of this run were busy with other work: its threads waited for a CPU for this share of the run: \
             {}{more}",
            named.join(", ")
        ),
        "read its figures as those of a busy machine; stop the other work, or give the run CPUs of its own (--cores)",
    )
}

fn stolen_from(cpu: usize, share: f64) -> Warning {
    Warning::new(
        "stolen",
        format!(
            "the hypervisor took {:.0} % of the time of CPU {cpu} for something else (steal)",
            100.0 * share
        ),
        "read its figures as those of a shared host, or repeat the run on one that is not",
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Interference;
    use crate::sys::warning::Warning;

    /// The warnings about 10 s in which threads waited for so many milliseconds, and CPU 1 lost so many.
    fn warnings(waited_ms: &[u64], stolen_ms: u64) -> Vec<Warning> {
        let delays = waited_ms.iter().enumerate();
        let interference = Interference {
            run_delays: delays
                .map(|(n, ms)| (format!("t{n}"), Duration::from_millis(*ms)))
                .collect(),
            stolen: Some((1, Duration::from_millis(stolen_ms))),
        };
        interference.warnings(Duration::from_secs(10)).collect()
    }

    #[test]
    fn threads_that_waited_for_a_cpu_are_named_with_their_shares() {
        let warnings = warnings(&[5_100, 99, 100, 9_900, 200, 300, 400], 0);
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].code, "preempted");
        let message = &warnings[0].message;
        let shares = ": t0 51 %, t2 1 %, t3 99 %, t4 2 %, and 2 more";
        assert!(message.ends_with(shares), "{message}");
    }

    #[test]
    fn a_cpu_that_was_stolen_is_named_with_its_share() {
        let warnings = warnings(&[], 700);
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].code, "stolen");
        let message = &warnings[0].message;
        assert!(message.contains("7 % of the time of CPU 1 "), "{message}");
    }

    #[test]
    fn less_than_a_hundredth_of_the_run_is_not_worth_a_warning_and_neither_is_a_moment() {
        assert_eq!(warnings(&[99, 99], 99), []);
        let interference = Interference {
            run_delays: vec![("t".into(), Duration::from_millis(50))],
            stolen: Some((0, Duration::from_millis(50))),
        };
        assert_eq!(interference.warnings(Duration::from_millis(60)).count(), 0);
    }
}
