//! A decision of the autoscaler, as it is reported.

use serde::{Deserialize, Serialize};

/// The target of the log messages about the autoscaler's decisions.
pub(crate) const SCALING: &str = "splashdam::scaling";

/// A decision of the autoscaler: a step, or a requested step that was suppressed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// Active workers after; the same number if the step was suppressed.
    pub to: usize,
    /// Why.
    pub reason: ScaleReason,
}

impl ScaleEvent {
    /// Whether the number of active workers changed.
    pub fn is_step(&self) -> bool {
        self.from != self.to
    }
}

/// Why the autoscaler decided as it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ScaleReason {
    /// Neither threshold is crossed. No event has this reason.
    Steady,
    /// A step up: usage is above `scale_up_threshold`, the producer was held back, or it dropped records for
    /// which no lane had room.
    QueueFull,
    /// A step down: usage is below `scale_down_threshold`, and fewer workers can carry the load.
    QueueEmpty,
    /// A step up was suppressed: `max_workers` are active.
    AtMax,
    /// A step down was suppressed: only `min_workers` are active.
    AtMin,
    /// A step was suppressed: not enough consecutive samples have requested it yet.
    NotYet,
    /// A step was suppressed: the last step the other way is too recent.
    Cooldown,
    /// A step down was suppressed: it would lead straight back up.
    WouldReturn,
    /// A reason that this version does not know, in the report of a newer one.
    #[serde(other)]
    Unknown,
}

impl ScaleReason {
    /// Its name in reports and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::QueueFull => "queue_full",
            Self::QueueEmpty => "queue_empty",
            Self::AtMax => "at_max",
            Self::AtMin => "at_min",
            Self::NotYet => "not_yet",
            Self::Cooldown => "cooldown",
            Self::WouldReturn => "would_return",
            Self::Unknown => "unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ScaleReason;

    #[test]
    fn a_reason_has_the_same_name_in_events_and_in_reports_and_one_from_the_future_is_unknown() {
        for reason in [
            ScaleReason::Steady,
            ScaleReason::QueueFull,
            ScaleReason::QueueEmpty,
            ScaleReason::AtMax,
            ScaleReason::AtMin,
            ScaleReason::NotYet,
            ScaleReason::Cooldown,
            ScaleReason::WouldReturn,
            ScaleReason::Unknown,
        ] {
            let name = json!(reason);
            assert_eq!(name, reason.name());
            let read: ScaleReason = serde_json::from_value(name).expect("a reason");
            assert_eq!(read, reason);
        }
        let read: ScaleReason = serde_json::from_value(json!("full_moon")).expect("any text");
        assert_eq!(read, ScaleReason::Unknown);
    }
}
