//! A source as configured, before it is opened.

use std::fmt::{Debug, Display};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::engine::source::Source;
use crate::sources::{Load, Rate};

/// A source as configured. Its text is the short form, as it is written after `--source`.
pub(crate) trait SourceSpec: Debug + Display + Send + Sync {
    /// Opens it, the first of `all`, and appends the others.
    ///
    /// # Errors
    ///
    /// If it cannot be opened; the error names what failed.
    fn open(
        &self,
        all: &[Arc<dyn SourceSpec>],
        options: &SourceOptions,
    ) -> io::Result<Box<dyn Source>>;

    /// The file that it reads, if it does. Only such sources may follow one another.
    fn file(&self) -> Option<&Path> {
        None
    }

    /// Whether it reads standard input.
    fn is_stdin(&self) -> bool {
        false
    }

    /// Whether rate, load, length and seed of generated records apply.
    fn is_generator(&self) -> bool {
        false
    }
}

/// The settings that sources share.
#[derive(Clone, Debug)]
pub(crate) struct SourceOptions {
    pub(crate) max_record_bytes: usize,
    pub(crate) producer_rate: Rate,
    pub(crate) load: Load,
    pub(crate) record_bytes: Option<usize>,
    pub(crate) seed: u64,
}
