//! The sampler: looks at a scheduled run ten times a second, so that its load can be judged from beginning to end.

use std::time::Duration;

use super::ticker::Ticker;
use crate::engine::shard::ShardHandle;
use crate::outcome::saturation::{Load, LoadWatch, Look};
use crate::sys::sync::Arc;

/// Between two looks: short enough for a step of a second, and no load to speak of.
const INTERVAL: Duration = Duration::from_millis(100);

/// What the sampler's thread owns.
struct Looks {
    shards: Vec<Arc<ShardHandle>>,
    watch: LoadWatch,
}

/// The sampler's handle.
pub(super) struct Sampler(Ticker<Looks>);

impl std::fmt::Debug for Sampler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sampler").finish_non_exhaustive()
    }
}

impl Sampler {
    /// Starts the thread; `None` if there is none left, and only the end of the run is judged then.
    pub(super) fn spawn(shards: Vec<Arc<ShardHandle>>) -> Option<Self> {
        let looks = Looks {
            shards,
            watch: LoadWatch::new(),
        };
        let ticker = Ticker::spawn("sampler", INTERVAL, looks, Looks::look);
        ticker.ok().map(Self)
    }

    pub(super) fn end(self) -> Load {
        let looks = self.0.end();
        looks.map_or_else(Load::default, |looks| looks.watch.end())
    }
}

impl Looks {
    /// Once the run stops, nothing falls due any more.
    fn look(&mut self) {
        if self.shards.iter().any(|shard| shard.control.is_quiescing()) {
            return;
        }
        self.watch.look(look(&self.shards));
    }
}

fn look(shards: &[Arc<ShardHandle>]) -> Look {
    let producers = || shards.iter().map(|shard| &shard.counters.producer);
    let active = shards
        .iter()
        .flat_map(|shard| &shard.lanes[..shard.active()]);
    let usages = active.map(|lane| lane.gauge.usage());
    let oldest_ns = shards.iter().filter_map(|shard| shard.oldest_ns());
    Look {
        at_ns: shards.first().map_or(0, |shard| shard.clock.now_ns()),
        late_bursts: producers().map(|producer| producer.late_bursts.get()).sum(),
        latest_ns: producers()
            .map(|producer| producer.latest_ns.get())
            .max()
            .unwrap_or(0),
        lag_ns: producers()
            .map(|producer| producer.schedule_lag_ns.get())
            .max()
            .unwrap_or(0),
        held_ns: producers()
            .map(|producer| producer.throttle_ns.get() + producer.full_ns.get())
            .sum(),
        usage: usages.min_by(f64::total_cmp).unwrap_or(0.0),
        oldest_ns: oldest_ns.max().unwrap_or(0),
    }
}
