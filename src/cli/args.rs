//! A job: everything `run` was told, from the configuration file and the flags, checked together.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::ArgMatches;
use serde_json::Value;

use crate::cli::limits::check_limits;
use crate::cli::problems::Problems;
use crate::cli::settings::settings;
use crate::cli::{artifacts, config_file};
use crate::components::{SinkSpec, SourceSpec};
use crate::config::Config;
use crate::outcome::report::Origin;
use crate::report::metrics_line::MetricsFormat;
use crate::report::progress::Goal;
use crate::sinks::Fsync;
use crate::sources::{Generator, Load, Rate};
use crate::sys::cpu::mask;

/// The most workers that are made unasked: each brings a lane of 4.4 MiB.
const WORKERS_UNASKED: usize = 8;

/// What `run` is to do.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) config: Config,
    /// As given; empty means the generator.
    pub(super) sources: Vec<SourceSpec>,
    pub(super) producer_rate: Rate,
    pub(super) load: Load,
    pub(super) record_bytes: Option<usize>,
    pub(super) seed: u64,
    pub(super) sink: SinkSpec,
    pub(super) fsync: Fsync,
    pub(super) report: Option<PathBuf>,
    pub(super) html: Option<PathBuf>,
    pub(super) hgrm: Option<String>,
    pub(super) hlog: Option<PathBuf>,
    pub(super) metrics_interval: Duration,
    pub(super) metrics_format: MetricsFormat,
    pub(super) spill: Option<PathBuf>,
    origins: BTreeMap<&'static str, Origin>,
}

impl Default for Job {
    fn default() -> Self {
        Self {
            config: Config::default(),
            sources: Vec::new(),
            producer_rate: Rate::Max,
            load: Load::default(),
            record_bytes: None,
            seed: 0,
            sink: SinkSpec::Null,
            fsync: Fsync::default(),
            report: None,
            html: None,
            hgrm: None,
            hlog: None,
            metrics_interval: Duration::from_secs(1),
            metrics_format: MetricsFormat::default(),
            spill: None,
            origins: BTreeMap::new(),
        }
    }
}

impl Job {
    /// Reads the configuration file, if one is named, then the flags, which win; fits what was left unsaid; checks
    /// everything.
    ///
    /// # Errors
    ///
    /// All that is wrong, in one message.
    pub(super) fn from(matches: &ArgMatches) -> Result<Self, Problems> {
        let path = matches.get_one::<PathBuf>("config");
        Self::merge(path.map(|path| (&**path, config_file::read(path))), matches)
    }

    /// The same with the file's entries, or why there are none.
    pub(super) fn merge(
        file: Option<(&Path, Result<toml::Table, String>)>,
        matches: &ArgMatches,
    ) -> Result<Self, Problems> {
        let mut job = Self::default();
        let mut wrong = Vec::new();
        let flags = matches.ids().map(clap::Id::as_str).collect::<Vec<_>>();
        match file {
            Some((path, Ok(entries))) => job.apply_file(path, &entries, &flags, &mut wrong),
            Some((_, Err(error))) => wrong.push(error),
            None => {}
        }
        for setting in settings() {
            let values = matches.get_many::<String>(setting.name);
            for text in values.into_iter().flatten() {
                let flag = setting.name.replace('_', "-");
                if let Err(expected) = (setting.set)(&mut job, text) {
                    wrong.push(format!("--{flag} {text:?} is not accepted: {expected}"));
                }
                job.origins.insert(setting.name, Origin::Flag);
            }
        }
        job.fit();
        job.check(&mut wrong);
        job.check_load(&mut wrong);
        if let Err(more) = job.config.validate_on(&mask()) {
            wrong.extend(more.iter().map(ToString::to_string));
        }
        if wrong.is_empty() {
            job.check_natural_length(&mut wrong);
            check_limits(&job, &mut wrong);
        }
        if wrong.is_empty() {
            Ok(job)
        } else {
            Err(Problems(wrong))
        }
    }

    /// The sources, with the one that is meant when none was named.
    pub(super) fn sources(&self) -> &[SourceSpec] {
        if self.sources.is_empty() {
            &[SourceSpec::Generator]
        } else {
            &self.sources
        }
    }

    /// What the run is to come to, if that is known: a count, a length of time, or the size of its files.
    pub(super) fn goal(&self) -> Option<Goal> {
        let (count, duration) = (self.config.stop.count, self.config.stop.duration);
        let goal = count.map(Goal::Records).or(duration.map(Goal::Time));
        goal.or_else(|| {
            let sizes = self.sources().iter().map(|source| match source {
                SourceSpec::File(path) => std::fs::metadata(path)
                    .ok()
                    .filter(std::fs::Metadata::is_file),
                SourceSpec::Generator | SourceSpec::Stdin => None,
            });
            let bytes: Option<u64> = sizes.map(|file| Some(file?.len())).sum();
            bytes.filter(|bytes| *bytes > 0).map(Goal::Bytes)
        })
    }

    /// Every setting's value, and where it came from.
    pub(super) fn settings(&self) -> impl Iterator<Item = (&'static str, Value, Origin)> + '_ {
        settings().map(|setting| {
            let origin = self.origins.get(setting.name).copied();
            let origin = origin.unwrap_or(Origin::Default);
            (setting.name, (setting.get)(self), origin)
        })
    }

    /// Applies the entries of a configuration file, except those that a flag will override.
    fn apply_file(
        &mut self,
        path: &Path,
        entries: &toml::Table,
        flags: &[&str],
        wrong: &mut Vec<String>,
    ) {
        for (key, value) in entries {
            let Some(setting) = settings().find(|s| s.name == key) else {
                wrong.push(config_file::unknown(path, key));
                continue;
            };
            for text in config_file::texts(setting, value) {
                // A value is checked even where a flag overrides it: the file is wrong either way.
                let mut scratch = self.clone();
                let overridden = flags.contains(&setting.name);
                let target = if overridden { &mut scratch } else { &mut *self };
                if let Err(expected) = text.and_then(|text| (setting.set)(target, &text)) {
                    let file = path.display();
                    let line = toml::Table::from_iter([(key.clone(), value.clone())]);
                    let line = toml::to_string(&line).unwrap_or_default();
                    wrong.push(format!(
                        "{file}: {} is not accepted: {expected}",
                        line.trim()
                    ));
                }
            }
            self.origins.insert(setting.name, Origin::File);
        }
    }

    /// Looks for a load that has no rate to vary, and for one under which a run would wait for ever.
    fn check_load(&self, wrong: &mut Vec<String>) {
        let load = self.load;
        if load == Load::default() || self.sources() != [SourceSpec::Generator] {
            return;
        }
        let Rate::Paced(schedule) = self.producer_rate else {
            wrong.push(format!(
                "load {load} needs a producer_rate other than max: give one (--producer-rate 50000/s), or leave load out"
            ));
            return;
        };
        let (Load::Shaped(shape), Some(count)) = (load, self.config.stop.count) else {
            return;
        };
        let due = schedule.shaped(shape).due_by(u64::MAX - 1);
        if due < count && self.config.stop.duration.is_none() {
            wrong.push(format!(
                "count {count} is never reached: under load {load} no more than {due} records fall due; expected at most \
                 that, or a duration"
            ));
        }
    }

    fn given(&self, name: &str) -> bool {
        self.origins.contains_key(name)
    }

    /// Fits the defaults to what was given, so that one setting changed alone contradicts nothing.
    fn fit(&mut self) {
        let mut fitted = Vec::new();
        if !self.given("max_workers") {
            let unasked = unasked_workers(self.config.placement.cores.as_deref());
            self.config.scaling.max_workers = unasked.max(self.config.scaling.min_workers);
            fitted.push("max_workers");
        }
        if self.config.batch.batch_size > self.config.lanes.channel_size {
            if !self.given("batch_size") {
                self.config.batch.batch_size = self.config.lanes.channel_size.max(1);
                fitted.push("batch_size");
            } else if !self.given("channel_size") {
                self.config.lanes.channel_size = self.config.batch.batch_size;
                fitted.push("channel_size");
            }
        }
        if self.config.scaling.scale_down_threshold >= self.config.scaling.scale_up_threshold {
            if !self.given("scale_down_threshold") {
                self.config.scaling.scale_down_threshold =
                    self.config.scaling.scale_up_threshold / 4.0;
                fitted.push("scale_down_threshold");
            } else if !self.given("scale_up_threshold") {
                self.config.scaling.scale_up_threshold =
                    f64::midpoint(self.config.scaling.scale_down_threshold, 1.0);
                fitted.push("scale_up_threshold");
            }
        }
        let record_bytes = self.record_bytes.unwrap_or(0);
        if record_bytes > self.config.lanes.max_record_bytes && !self.given("max_record_bytes") {
            self.config.lanes.max_record_bytes = record_bytes;
            fitted.push("max_record_bytes");
        }
        let needed = self
            .config
            .batch
            .batch_bytes
            .saturating_add(self.config.lanes.max_record_bytes);
        if needed > self.config.lanes.lane_bytes {
            if self.given("lane_bytes") {
                let lane_bytes = self.config.lanes.lane_bytes;
                if !self.given("max_record_bytes") {
                    let fit = (lane_bytes / 2).max(1);
                    self.config.lanes.max_record_bytes =
                        self.config.lanes.max_record_bytes.min(fit);
                    fitted.push("max_record_bytes");
                }
                if !self.given("batch_bytes") {
                    let left = lane_bytes
                        .saturating_sub(self.config.lanes.max_record_bytes)
                        .max(1);
                    self.config.batch.batch_bytes = self.config.batch.batch_bytes.min(left);
                    fitted.push("batch_bytes");
                }
            } else {
                self.config.lanes.lane_bytes = needed;
                fitted.push("lane_bytes");
            }
        }
        for name in fitted {
            self.origins.insert(name, Origin::Derived);
        }
    }

    /// Small lanes derive a small `max_record_bytes`, and every generated line would be dropped without a word.
    fn check_natural_length(&self, wrong: &mut Vec<String>) {
        let (max, natural) = (
            self.config.lanes.max_record_bytes,
            Generator::RECORD_BYTES_NATURAL,
        );
        let natural_length =
            self.record_bytes.is_none() && self.sources() == [SourceSpec::Generator];
        if natural_length && max < natural {
            wrong.push(format!(
                "max_record_bytes {max} is less than a generated line may take: expected {natural} or more, a larger \
                 lane_bytes, or a record_bytes that fits"
            ));
        }
    }

    /// No file may be read and written, or written twice over.
    fn check_files(&self, wrong: &mut Vec<String>) {
        let read = self.sources.iter().filter_map(|source| match source {
            SourceSpec::File(path) => Some(("source", path.clone())),
            SourceSpec::Generator | SourceSpec::Stdin => None,
        });
        let mut named: Vec<_> = read.collect();
        let sink = self.sink.file().map(|path| ("sink", path.to_owned()));
        let hlog = self.hlog.clone().map(|path| ("hlog", path));
        let spill = self.spill.clone().map(|path| ("spill", path));
        let written = sink
            .into_iter()
            .chain(artifacts::at_the_end(self))
            .chain(hlog)
            .chain(spill);
        for (name, path) in written {
            if let Some((other, _)) = named.iter().find(|(_, p)| identity(p) == identity(&path)) {
                wrong.push(format!(
                    "{name} {} is the {other} too: give each a file of its own",
                    path.display()
                ));
            }
            named.push((name, path));
        }
    }

    /// Looks for contradictions between the source, the sink and what was said about them.
    fn check(&self, wrong: &mut Vec<String>) {
        let sources = self.sources();
        if sources.len() > 1 && !sources.iter().all(|s| matches!(s, SourceSpec::File(_))) {
            wrong.push("only files can be read one after the other: give one --source, or file:PATH several times".into());
        }
        if sources != [SourceSpec::Generator] {
            for name in ["producer_rate", "load", "record_bytes", "seed"] {
                if self.given(name) {
                    wrong.push(format!(
                        "{name} is for the generator, but the source is {}: leave it out, or use --source generator",
                        sources[0]
                    ));
                }
            }
        }
        self.check_files(wrong);
        for (name, given) in [("hgrm", self.hgrm.is_some()), ("hlog", self.hlog.is_some())] {
            if given && !self.config.latency {
                wrong.push(format!(
                    "{name} holds latencies, but latency is off: leave one of the two out"
                ));
            }
        }
        if let Some(bytes) = self.record_bytes {
            let (min, max) = (Generator::RECORD_BYTES_MIN, Generator::RECORD_BYTES_MAX);
            if !(min..=max).contains(&bytes) {
                wrong.push(format!(
                    "record_bytes {bytes} is out of range: expected {min} to {max}"
                ));
            } else if bytes > self.config.lanes.max_record_bytes {
                wrong.push(format!(
                    "record_bytes {bytes} is more than max_record_bytes {}: every record would be dropped; \
                     expected at most that, or a larger max_record_bytes",
                    self.config.lanes.max_record_bytes
                ));
            }
        }
        if self.given("fsync") && self.sink.file().is_none() {
            wrong.push(format!(
                "fsync is for file sinks, but the sink is {}: leave it out, or use --sink file:PATH",
                self.sink
            ));
        }
    }
}

/// What a path leads to: the file where there is one, the path itself where there is none.
fn identity(path: &Path) -> (Option<(u64, u64)>, Option<PathBuf>) {
    let file = std::fs::metadata(path)
        .ok()
        .filter(std::fs::Metadata::is_file);
    match file {
        Some(file) => (Some((file.dev(), file.ino())), None),
        None => (None, std::path::absolute(path).ok()),
    }
}

/// A worker for each CPU of `cores`, or else for each but the producer's, as far as the quota goes.
fn unasked_workers(cores: Option<&[usize]>) -> usize {
    let workers = cores.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from) - 1,
        <[_]>::len,
    );
    workers.clamp(1, WORKERS_UNASKED)
}
