//! Fits the defaults to what was given, so that one setting changed alone contradicts nothing.

use crate::cli::args::RunArgs;
use crate::engine::dispatch::WhenFull;
use crate::engine::throttle::Throttle;
use crate::outcome::report::Origin;

/// The most workers by default: each brings a lane of 4.4 MiB.
const WORKERS_BY_DEFAULT: usize = 8;

/// What must hold, and which settings give way for it if they were not given, the first one first.
struct Constraint {
    holds: fn(&RunArgs) -> bool,
    give_way: &'static [(&'static str, GiveWay)],
}

/// Changes one setting.
type GiveWay = fn(&mut RunArgs);

static CONSTRAINTS: &[Constraint] = &[
    // The number of workers always follows the machine.
    Constraint {
        holds: |_| false,
        give_way: &[("max_workers", |args| {
            let by_default = workers_by_default(args.config.placement.cores.as_deref());
            let scaling = &mut args.config.scaling;
            scaling.max_workers = by_default.max(scaling.min_workers);
        })],
    },
    // A full lane drops only if no pause keeps it from filling up.
    Constraint {
        holds: |args| args.config.lanes.when_full == WhenFull::Block,
        give_way: &[("throttle", |args| {
            args.config.lanes.throttle = Some(Throttle::off());
        })],
    },
    // The producer's rest always follows the batches.
    Constraint {
        holds: |_| false,
        give_way: &[("pacing_rest", |args| {
            args.config.batch.pacing_rest = Some(args.config.batch.pacing_rest());
        })],
    },
    // A batch fits into its lane.
    Constraint {
        holds: |args| args.config.batch.batch_size <= args.config.lanes.channel_size,
        give_way: &[
            ("batch_size", |args| {
                args.config.batch.batch_size = args.config.lanes.channel_size.max(1);
            }),
            ("channel_size", |args| {
                args.config.lanes.channel_size = args.config.batch.batch_size;
            }),
        ],
    },
    // A worker is retired at less usage than one is added at.
    Constraint {
        holds: |args| {
            let scaling = &args.config.scaling;
            let (down, up) = (scaling.scale_down_threshold, scaling.scale_up_threshold);
            // A NaN is out of range, which is reported by itself.
            down < up || down.is_nan() || up.is_nan()
        },
        give_way: &[
            ("scale_down_threshold", |args| {
                let scaling = &mut args.config.scaling;
                scaling.scale_down_threshold = scaling.scale_up_threshold / 4.0;
            }),
            ("scale_up_threshold", |args| {
                let scaling = &mut args.config.scaling;
                scaling.scale_up_threshold = f64::midpoint(scaling.scale_down_threshold, 1.0);
            }),
        ],
    },
    // A generated record is not too long.
    Constraint {
        holds: |args| args.record_bytes.unwrap_or(0) <= args.config.lanes.max_record_bytes,
        give_way: &[("max_record_bytes", |args| {
            args.config.lanes.max_record_bytes = args.record_bytes.unwrap_or(0);
        })],
    },
    // A batch and the longest record fit into a lane together.
    Constraint {
        holds: |args| batch_and_record(args) <= args.config.lanes.lane_bytes,
        give_way: &[
            ("lane_bytes", |args| {
                args.config.lanes.lane_bytes = batch_and_record(args);
            }),
            ("max_record_bytes", |args| {
                let lanes = &mut args.config.lanes;
                lanes.max_record_bytes = lanes.max_record_bytes.min((lanes.lane_bytes / 2).max(1));
            }),
            ("batch_bytes", |args| {
                let lanes = &args.config.lanes;
                let left = lanes.lane_bytes.saturating_sub(lanes.max_record_bytes);
                args.config.batch.batch_bytes = args.config.batch.batch_bytes.min(left.max(1));
            }),
        ],
    },
];

/// Has defaults give way until each constraint holds, or all that may give way have.
pub(super) fn fit(args: &mut RunArgs) {
    for constraint in CONSTRAINTS {
        for (name, give_way) in constraint.give_way {
            if (constraint.holds)(args) {
                break;
            }
            if !args.is_given(name) {
                give_way(args);
                args.origins.insert(name, Origin::Derived);
            }
        }
    }
    let lanes = &mut args.config.lanes;
    lanes.throttle.get_or_insert_with(Throttle::default); // so that the report shows what is in force
}

fn batch_and_record(args: &RunArgs) -> usize {
    let (batch, record) = (
        args.config.batch.batch_bytes,
        args.config.lanes.max_record_bytes,
    );
    batch.saturating_add(record)
}

/// A worker for each CPU of `cores`, or else for each but the producer's, as far as the quota goes.
fn workers_by_default(cores: Option<&[usize]>) -> usize {
    let workers = cores.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from) - 1,
        <[_]>::len,
    );
    workers.clamp(1, WORKERS_BY_DEFAULT)
}

#[cfg(test)]
mod tests {
    use super::fit;
    use crate::cli::args::RunArgs;
    use crate::engine::dispatch::WhenFull;
    use crate::engine::throttle::Throttle;
    use crate::outcome::report::Origin;

    /// Arguments with these settings given.
    fn given(set: impl FnOnce(&mut RunArgs), names: &[&'static str]) -> RunArgs {
        let mut args = RunArgs::default();
        set(&mut args);
        for name in names {
            args.origins.insert(name, Origin::Flag);
        }
        fit(&mut args);
        args
    }

    #[test]
    fn whoever_was_not_given_gives_way() {
        let args = given(
            |args| args.config.lanes.channel_size = 100,
            &["channel_size"],
        );
        assert_eq!(args.config.batch.batch_size, 100);
        assert_eq!(args.origin("batch_size"), Origin::Derived);
        assert_eq!(args.origin("lane_bytes"), Origin::Default);

        let args = given(
            |args| args.config.batch.batch_size = 20_000,
            &["batch_size"],
        );
        assert_eq!(args.config.lanes.channel_size, 20_000);

        let args = given(|args| args.record_bytes = Some(2 << 20), &["record_bytes"]);
        assert_eq!(args.config.lanes.max_record_bytes, 2 << 20);
        assert!(args.config.validate().is_ok());

        let args = given(|args| args.config.lanes.lane_bytes = 200, &["lane_bytes"]);
        assert_eq!(args.config.lanes.max_record_bytes, 100);
        assert_eq!(args.config.batch.batch_bytes, 100);
    }

    #[test]
    fn a_policy_that_drops_has_no_throttle_unless_one_is_given() {
        let drops = |args: &mut RunArgs| args.config.lanes.when_full = WhenFull::DropNewest;
        let args = given(drops, &["when_full"]);
        assert_eq!(args.config.lanes.throttle(), Throttle::off());
        assert_eq!(args.origin("throttle"), Origin::Derived);

        let wanted = || Some(Throttle::default());
        let args = given(
            |args| {
                drops(args);
                args.config.lanes.throttle = wanted();
            },
            &["when_full", "throttle"],
        );
        assert_eq!(args.config.lanes.throttle, wanted());
        assert_eq!(args.origin("throttle"), Origin::Flag);

        let args = given(|_| {}, &[]);
        assert_eq!(args.config.lanes.throttle(), Throttle::default());
        assert_eq!(args.origin("throttle"), Origin::Default);
    }

    #[test]
    fn what_was_given_stays_even_if_it_contradicts() {
        let names = ["batch_size", "channel_size", "max_workers"];
        let args = given(
            |args| {
                args.config.batch.batch_size = 9;
                args.config.lanes.channel_size = 8;
                args.config.scaling.max_workers = 77;
            },
            &names,
        );
        assert_eq!(args.config.batch.batch_size, 9);
        assert_eq!(args.config.lanes.channel_size, 8);
        assert_eq!(args.config.scaling.max_workers, 77);
        assert!(args.config.validate().is_err());
    }
}
