//! How many workers there are, and how many of them are active.

use std::time::Duration;

use crate::config::error::{ConfigError, Ranges};
use crate::config::group::group;
use crate::control::autoscale::Policy;
use crate::sys::clock::saturating_ns;

/// The most workers: each is a thread with a lane of its own.
const WORKERS_MAX: usize = 1_024;
/// The most samples that a step may need.
const SAMPLES_MAX: usize = 1_000_000;

group! {
    /// The workers, and how the number of active ones follows the load.
    Scaling {
        /// The fewest workers that stay active, 1 to `max_workers`.
        min_workers: usize = 1, as number;
        /// The number of workers, 1 to 1,024; each is a pinned thread.
        max_workers: usize = 1, as number;
        /// Whether the number of active workers follows the load. If not, all of them are active.
        autoscale: bool = true, as on_off;
        /// How often the number of active workers is reconsidered; 1 ms or more.
        autoscale_interval: Duration = Duration::from_secs(1), as seconds;
        /// The queue usage (0 to 1) above which a worker is added.
        scale_up_threshold: f64 = 0.8, as share;
        /// The queue usage (0 to 1) below which a worker is retired; less than `scale_up_threshold`.
        scale_down_threshold: f64 = 0.2, as share;
        /// How many samples in a row must ask for one more worker, 1 to 1,000,000.
        scale_up_samples: u32 = 1, as number;
        /// How many samples in a row must ask for one worker fewer, 1 to 1,000,000.
        scale_down_samples: u32 = 3, as number;
        /// How long after a step no step the other way is taken.
        scale_cooldown: Duration = Duration::from_secs(1), as seconds;
    }
    optional {}
}

impl Scaling {
    /// The autoscaler's policy; `None` if all workers are always active.
    pub(crate) fn policy(&self) -> Option<Policy> {
        let scales = self.autoscale && self.min_workers < self.max_workers;
        scales.then(|| Policy {
            min_workers: self.min_workers,
            max_workers: self.max_workers,
            scale_up_threshold: self.scale_up_threshold,
            scale_down_threshold: self.scale_down_threshold,
            scale_up_samples: self.scale_up_samples,
            scale_down_samples: self.scale_down_samples,
            scale_cooldown_ns: saturating_ns(self.scale_cooldown),
        })
    }

    pub(super) fn check(&self, wrong: &mut Vec<ConfigError>) {
        let millisecond = Duration::from_millis(1);
        let [up, down] =
            [self.scale_up_samples, self.scale_down_samples].map(|samples| samples as usize);
        wrong.size("min_workers", self.min_workers, WORKERS_MAX);
        wrong.size("max_workers", self.max_workers, WORKERS_MAX);
        wrong.time("autoscale_interval", self.autoscale_interval, millisecond);
        wrong.share("scale_up_threshold", self.scale_up_threshold);
        wrong.share("scale_down_threshold", self.scale_down_threshold);
        wrong.size("scale_up_samples", up, SAMPLES_MAX);
        wrong.size("scale_down_samples", down, SAMPLES_MAX);
        wrong.time("scale_cooldown", self.scale_cooldown, Duration::ZERO);
    }
}
