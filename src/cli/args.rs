//! The arguments of a run, from the configuration file and the flags: data only. `resolve` makes them.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::config::Config;
use crate::control::signals::OnHangup;
use crate::engine::source::Source;
use crate::outcome::report::Origin;
use crate::report::format::Format;
use crate::sinks::spec::SinkSpec;
use crate::sinks::{Fsync, null};
use crate::sources::spec::{SourceOptions, SourceSpec};
use crate::sources::{Load, Rate, generator};

/// What `run` is to do.
#[derive(Clone, Debug)]
pub(super) struct RunArgs {
    pub(super) config: Config,
    /// One, or several files; never empty.
    pub(super) sources: Vec<Arc<dyn SourceSpec>>,
    pub(super) producer_rate: Rate,
    pub(super) load: Load,
    pub(super) record_bytes: Option<usize>,
    pub(super) seed: u64,
    pub(super) sink: Arc<dyn SinkSpec>,
    pub(super) fsync: Fsync,
    pub(super) report: Option<PathBuf>,
    pub(super) html: Option<PathBuf>,
    pub(super) hgrm: Option<PathBuf>,
    pub(super) hlog: Option<PathBuf>,
    pub(super) metrics_interval: Duration,
    pub(super) format: Format,
    pub(super) spill: Option<PathBuf>,
    pub(super) on_hangup: OnHangup,
    /// The configuration file that was read.
    pub(super) config_file: Option<PathBuf>,
    /// By the names of settings; one that is missing has its default.
    pub(super) origins: BTreeMap<&'static str, Origin>,
}

impl Default for RunArgs {
    fn default() -> Self {
        Self {
            config: Config::default(),
            sources: vec![generator::spec::generator()],
            producer_rate: Rate::Max,
            load: Load::default(),
            record_bytes: None,
            seed: 0,
            sink: null::spec::null(),
            fsync: Fsync::default(),
            report: None,
            html: None,
            hgrm: None,
            hlog: None,
            metrics_interval: Duration::from_secs(1),
            format: Format::default(),
            spill: None,
            on_hangup: OnHangup::default(),
            config_file: None,
            origins: BTreeMap::new(),
        }
    }
}

impl RunArgs {
    /// Opens the source.
    ///
    /// # Errors
    ///
    /// If it cannot be opened; the error names what failed.
    pub(super) fn open_source(&self) -> io::Result<Box<dyn Source>> {
        let options = SourceOptions {
            max_record_bytes: self.config.lanes.max_record_bytes,
            producer_rate: self.producer_rate,
            load: self.load,
            record_bytes: self.record_bytes,
            seed: self.seed,
        };
        self.sources[0].open(&self.sources, &options)
    }

    /// Whether the records are generated.
    pub(super) fn is_generated(&self) -> bool {
        matches!(&self.sources[..], [source] if source.is_generator())
    }

    /// Where the value of the setting with this name comes from.
    pub(super) fn origin(&self, name: &str) -> Origin {
        self.origins.get(name).copied().unwrap_or(Origin::Default)
    }

    /// Whether the file or a flag sets it.
    pub(super) fn is_given(&self, name: &str) -> bool {
        matches!(self.origin(name), Origin::File | Origin::Flag)
    }
}
