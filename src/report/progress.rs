//! The progress bar: how far a run of known length has come, on a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::outcome::Snapshot;

/// When a run is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    /// So many records delivered.
    Records(u64),
    /// So many bytes read.
    Bytes(u64),
    /// So much time.
    Time(Duration),
}

impl Goal {
    fn length(self) -> u64 {
        match self {
            Self::Records(n) | Self::Bytes(n) => n,
            Self::Time(time) => millis(time),
        }
    }

    fn reached(self, now: &Snapshot) -> u64 {
        match self {
            Self::Records(_) => now.delivered + now.dropped.total(),
            Self::Bytes(_) => now.produced_bytes,
            Self::Time(_) => millis(now.elapsed),
        }
    }

    fn template(self) -> &'static str {
        match self {
            Self::Records(_) => "{wide_bar} {percent:>3} % of {human_len} records, {eta} left",
            Self::Bytes(_) => "{wide_bar} {percent:>3} % of {binary_total_bytes}, {eta} left",
            Self::Time(_) => "{wide_bar} {percent:>3} % of the time",
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The bar at the foot of the terminal; messages are printed above it. All of its methods write to standard error.
pub(super) struct Bar {
    bar: ProgressBar,
    goal: Goal,
}

impl Bar {
    /// Draws the bar.
    pub(super) fn begin(goal: Goal) -> Self {
        let style = ProgressStyle::with_template(goal.template());
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some(goal.length()), target).with_style(style);
        bar.tick();
        Self { bar, goal }
    }

    /// Shows how far the run has come.
    pub(super) fn show(&self, now: &Snapshot) {
        let reached = self.goal.reached(now).min(self.goal.length());
        self.bar.set_position(reached);
    }

    /// Removes the bar.
    pub(super) fn end(self) {
        self.bar.finish_and_clear();
    }

    /// Hides the bar while `print` writes to the terminal.
    pub(super) fn above<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use indicatif::ProgressStyle;

    use super::Goal;

    #[test]
    fn every_goal_has_a_template_that_can_be_drawn() {
        for goal in [
            Goal::Records(3),
            Goal::Bytes(3),
            Goal::Time(Duration::from_millis(3)),
        ] {
            assert!(
                ProgressStyle::with_template(goal.template()).is_ok(),
                "{goal:?}"
            );
            assert_eq!(goal.length(), 3);
        }
    }
}
