//! A decision of the autoscaler, as it is reported.

/// A decision of the autoscaler.
#[derive(Clone, Debug, serde::Serialize)]
#[non_exhaustive]
pub struct ScaleEvent {
    /// When, in nanoseconds since the run began.
    pub t_ns: u64,
    /// Usage of the active lanes, 0 to 1.
    pub usage: f64,
    /// Share of the interval for which the producer was held back, 0 to 1.
    pub held: f64,
    /// The workers' busy time over the interval, as a number of workers.
    pub load: f64,
    /// Active workers before.
    pub from: usize,
    /// Active workers after; as many where a step that was asked for was suppressed.
    pub to: usize,
    /// Why: `queue_full` and `queue_empty` for steps; `at_max`, `at_min`, `not_yet`, `cooldown` and `would_return` (a
    /// step down that would lead straight back up) for suppressed ones.
    pub reason: &'static str,
}
