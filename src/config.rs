//! The configuration of a pipeline: plain values, validated together, once, before anything starts.

use std::fmt;
use std::time::Duration;

use bytesize::ByteSize;

use crate::control::autoscale::Policy;
use crate::engine::dispatch::WhenFull;
use crate::engine::record::RecordHeader;
use crate::engine::route::Route;
use crate::engine::sink_error::OnSinkError;
use crate::engine::throttle::Throttle;
use crate::sys::clock::saturating_ns;
use crate::sys::cpu::{Pin, Request, SPIN_LONGEST, ShardRequest};
use crate::sys::rlimits::{Room, has_address_space};

/// What a pipeline can be told. [`Config::default`] is a sane one; change what matters.
///
/// ```
/// let mut config = splashdam::Config::default();
/// config.max_workers = 3;
/// config.batch_size = 100_000;
/// let refused = config.validate().unwrap_err();
/// assert!(refused.to_string().contains("batch_size 100000"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// Records that one worker's lane holds. Each takes 24 bytes of memory beside its payload, allocated at start.
    pub channel_size: usize,
    /// Payload bytes that one worker's lane holds; allocated at start. A lane beyond the size of a core's L2 cache
    /// costs throughput, because every record then travels through L3.
    pub lane_bytes: usize,
    /// The longest record, newline included. A longer one is dropped and counted.
    pub max_record_bytes: usize,
    /// A batch is handed to the sink when it has this many records. At most `channel_size`: a full lane then always
    /// holds a due batch, so a blocked producer never waits for a sleeping worker.
    pub batch_size: usize,
    /// Or when one more record would take it beyond this many bytes. With `max_record_bytes` at most `lane_bytes`,
    /// for the same reason.
    pub batch_bytes: usize,
    /// Or when its oldest record has been in the lane this long. 0: whatever is there is taken at once.
    pub batch_timeout: Duration,
    /// The fewest workers that stay active.
    pub min_workers: usize,
    /// The workers there are, each a pinned thread.
    pub max_workers: usize,
    /// Whether the number of active workers follows the load. If not, all of them are active.
    pub autoscale: bool,
    /// How often the number of active workers is reconsidered.
    pub autoscale_interval: Duration,
    /// The queue usage (0 to 1) above which a worker is added.
    pub scale_up_threshold: f64,
    /// The queue usage below which a worker is retired.
    pub scale_down_threshold: f64,
    /// How many samples in a row must ask for one more worker.
    pub scale_up_samples: u32,
    /// How many samples in a row must ask for one worker fewer.
    pub scale_down_samples: u32,
    /// How long after a step no step the other way is taken.
    pub scale_cooldown: Duration,
    /// Whether latency is recorded: costs a few per cent of the highest throughput.
    pub latency: bool,
    /// How a lane is chosen.
    pub route: Route,
    /// What happens when no lane has room.
    pub when_full: WhenFull,
    /// How long the producer pauses at which usage.
    pub throttle: Throttle,
    /// The CPUs of the workers, by id, in turn: the first worker has the first, and so on, and again from the start.
    /// None: a physical core for each thread as long as there are any, then SMT siblings, then shares. The process must
    /// be allowed to use them.
    pub cores: Option<Vec<usize>>,
    /// The CPU of the producer, by id. None: one that no worker has, if there is one.
    pub producer_core: Option<usize>,
    /// Whether threads are pinned, and what happens if one cannot be. A pinned thread keeps its caches, but can not
    /// move away from a CPU that something else uses. If off, `cores` and `producer_core` have no effect.
    pub pin: Pin,
    /// How long one wait may spin before it yields and sleeps, up to 100 ms: it saves the microseconds of a wake-up and
    /// costs as much CPU time. None: what a park and its unpark cost on this machine, measured for a few milliseconds
    /// at start; nothing if threads share a CPU or exceed the quota.
    pub spin: Option<Duration>,
    /// Stop after this many records.
    pub count: Option<u64>,
    /// Stop after this long.
    pub duration: Option<Duration>,
    /// What becomes of a failed write that trying again may mend.
    pub on_sink_error: OnSinkError,
    /// How long draining may take after a stop; what is not delivered by then is abandoned and counted.
    pub drain_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            channel_size: 16_384,
            lane_bytes: 4 << 20,
            max_record_bytes: 1 << 20,
            batch_size: 1_024,
            batch_bytes: 256 << 10,
            batch_timeout: Duration::from_millis(100),
            min_workers: 1,
            max_workers: 1,
            autoscale: true,
            autoscale_interval: Duration::from_secs(1),
            scale_up_threshold: 0.8,
            scale_down_threshold: 0.2,
            scale_up_samples: 1,
            scale_down_samples: 3,
            scale_cooldown: Duration::from_secs(1),
            latency: true,
            route: Route::default(),
            when_full: WhenFull::default(),
            throttle: Throttle::default(),
            cores: None,
            producer_core: None,
            pin: Pin::default(),
            spin: None,
            count: None,
            duration: None,
            on_sink_error: OnSinkError::default(),
            drain_timeout: Duration::from_secs(30),
        }
    }
}

/// The most workers: each is a thread with a lane of its own.
pub(crate) const WORKERS_MAX: usize = 1_024;
/// The most samples that a step may need.
const SAMPLES_MAX: usize = 1_000_000;
/// The most records in a lane (24 bytes each: 1.5 GiB).
pub(crate) const CHANNEL_SIZE_MAX: usize = 1 << 26;
/// The most payload in a lane, 64 GiB.
pub(crate) const LANE_BYTES_MAX: usize = 1 << 36;
/// The longest record that can be allowed, 1 GiB.
pub(crate) const RECORD_BYTES_MAX: usize = 1 << 30;
/// The longest time that any setting takes: ten years, which no sum of times overflows.
pub(crate) const TIME_MAX: Duration = Duration::from_secs(10 * 365 * 86_400);

/// What a header takes in a lane.
const HEADER_BYTES: u64 = size_of::<RecordHeader>() as u64;
/// What a worker's latencies take, about: two recorders of five histograms of 264 KiB.
const LATENCY_BYTES: u64 = 10 * (264 << 10);
/// Everything else there is, about: code, buffers, the report's histograms.
const REST_BYTES: u64 = 8 << 20;
/// The address space of a thread's stack.
const STACK_BYTES: u64 = 2 << 20;

/// Everything that is wrong with a configuration, one sentence each.
#[derive(Debug, thiserror::Error)]
pub struct ConfigErrors(pub Vec<String>);

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl Config {
    /// The autoscaler's part of it; none where all workers are always active.
    pub(crate) fn autoscale_policy(&self) -> Option<Policy> {
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

    /// Looks for impossible values and contradictions, all of them. Whether this process may use the CPUs that are
    /// named, [`Pipeline::start`](crate::Pipeline::start) looks.
    ///
    /// # Errors
    ///
    /// One sentence per problem, with the value, the accepted range and the remedy.
    pub fn validate(&self) -> Result<(), ConfigErrors> {
        self.validate_on(&[])
    }

    /// The same for a process that may use these CPUs; none if that is not known.
    pub(crate) fn validate_on(&self, cpus: &[usize]) -> Result<(), ConfigErrors> {
        let mut wrong = Vec::new();
        self.check_ranges(&mut wrong);
        self.request().check(cpus, &mut wrong);
        if wrong.is_empty() {
            self.check_relations(&mut wrong);
        }
        if wrong.is_empty() {
            Ok(())
        } else {
            Err(ConfigErrors(wrong))
        }
    }

    /// Looks whether the memory that the lanes take, all of it touched at start, fits into every room there is. Better
    /// refused now than killed for it later.
    pub(crate) fn check_memory(&self, rooms: &[Room]) -> Result<(), ConfigErrors> {
        let (workers, channel_size) = (self.max_workers as u64, self.channel_size as u64);
        let lane = self.lane_bytes as u64 + channel_size * HEADER_BYTES;
        let latency = if self.latency { LATENCY_BYTES } else { 0 };
        let longest = self.max_record_bytes as u64; // what a source may hold of a line
        let needed = workers * (lane + latency) + longest + REST_BYTES;
        let short = rooms.iter().filter(|room| room.bytes < needed);
        let mut leaves = short.min_by_key(|room| room.bytes).map(|room| {
            let left = ByteSize(room.bytes).display().iec();
            format!("{} leaves {left}", room.limit)
        });
        if leaves.is_none() && !has_address_space(needed + (workers + 3) * STACK_BYTES) {
            leaves = Some("the address space (ulimit -v, ulimit -d, overcommit) has less".into());
        }
        let Some(leaves) = leaves else { return Ok(()) };
        let [lane_bytes, latency, rest, needed] = [
            self.lane_bytes as u64,
            latency,
            longest + REST_BYTES,
            needed,
        ]
        .map(|bytes| ByteSize(bytes).display().iec());
        Err(ConfigErrors(vec![format!(
            "not enough memory: max_workers {workers} x (lane_bytes {lane_bytes} + channel_size {channel_size} x \
             {HEADER_BYTES} + {latency} of latency) + {rest} is {needed}, but {leaves}; expected fewer workers, a \
             smaller lane_bytes or channel_size, or a larger limit"
        )]))
    }

    /// What it says about placement.
    pub(crate) fn request(&self) -> Request<'_> {
        let shard = ShardRequest {
            workers: self.max_workers,
            producer_core: self.producer_core,
        };
        Request {
            shards: vec![shard],
            cores: self.cores.as_deref(),
            pin: self.pin,
            spin: self.spin,
        }
    }

    fn check_ranges(&self, wrong: &mut Vec<String>) {
        let mut size = |name: &str, value: usize, max: usize| {
            if !(1..=max).contains(&value) {
                wrong.push(format!(
                    "{name} {value} is out of range: expected 1 to {max}"
                ));
            }
        };
        size("channel_size", self.channel_size, CHANNEL_SIZE_MAX);
        size("lane_bytes", self.lane_bytes, LANE_BYTES_MAX);
        size("max_record_bytes", self.max_record_bytes, RECORD_BYTES_MAX);
        size("batch_size", self.batch_size, CHANNEL_SIZE_MAX);
        size("batch_bytes", self.batch_bytes, LANE_BYTES_MAX);
        size("min_workers", self.min_workers, WORKERS_MAX);
        size("max_workers", self.max_workers, WORKERS_MAX);
        size(
            "scale_up_samples",
            self.scale_up_samples as usize,
            SAMPLES_MAX,
        );
        size(
            "scale_down_samples",
            self.scale_down_samples as usize,
            SAMPLES_MAX,
        );
        let mut share = |name: &str, value: f64| {
            if !(0.0..=1.0).contains(&value) {
                wrong.push(format!("{name} {value} is out of range: expected 0 to 1"));
            }
        };
        share("scale_up_threshold", self.scale_up_threshold);
        share("scale_down_threshold", self.scale_down_threshold);
        let mut time = |name: &str, value: Duration, min: Duration| {
            if !(min..=TIME_MAX).contains(&value) {
                let [value, min] = [value, min].map(humantime::format_duration);
                wrong.push(format!(
                    "{name} {value} is out of range: expected {min} to 10years"
                ));
            }
        };
        let millisecond = Duration::from_millis(1);
        time("batch_timeout", self.batch_timeout, Duration::ZERO);
        time("autoscale_interval", self.autoscale_interval, millisecond);
        time("scale_cooldown", self.scale_cooldown, Duration::ZERO);
        time("drain_timeout", self.drain_timeout, Duration::ZERO);
        if let Some(duration) = self.duration {
            time("duration", duration, millisecond);
        }
        if let Some(spin) = self.spin.filter(|spin| *spin > SPIN_LONGEST) {
            let [spin, longest] = [spin, SPIN_LONGEST].map(humantime::format_duration);
            wrong.push(format!(
                "spin {spin} is out of range: expected 0s to {longest}, or none at all"
            ));
        }
        if self.count == Some(0) {
            wrong.push("count 0 is out of range: expected 1 or more, or no count at all".into());
        }
    }

    fn check_relations(&self, wrong: &mut Vec<String>) {
        let Self {
            batch_size,
            channel_size,
            batch_bytes,
            max_record_bytes,
            lane_bytes,
            min_workers,
            max_workers,
            scale_up_threshold: up,
            scale_down_threshold: down,
            ..
        } = self;
        if batch_size > channel_size {
            wrong.push(format!(
                "batch_size {batch_size} is more than channel_size {channel_size}: no batch could ever fill; \
                 expected 1 to {channel_size}, or a larger channel_size"
            ));
        }
        if batch_bytes + max_record_bytes > *lane_bytes {
            wrong.push(format!(
                "batch_bytes {batch_bytes} and max_record_bytes {max_record_bytes} together are more than lane_bytes \
                 {lane_bytes}: a long record could wait for ever; expected a sum of at most {lane_bytes}, or a larger \
                 lane_bytes"
            ));
        }
        if min_workers > max_workers {
            wrong.push(format!(
                "min_workers {min_workers} is more than max_workers {max_workers}: expected 1 to {max_workers}, or a \
                 larger max_workers"
            ));
        }
        if down >= up {
            wrong.push(format!(
                "scale_down_threshold {down} is not below scale_up_threshold {up}: workers would be added and retired \
                 in turn; expected less than {up}"
            ));
        }
    }
}
