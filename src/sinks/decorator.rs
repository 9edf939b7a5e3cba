//! Shared parts of sinks that wrap another one.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use crate::engine::sink::{Sink, SinkFactory};
use crate::metrics::Ledger;
use crate::sinks::null::spec::null;
use crate::sinks::spec::SinkSpec;
use crate::sys::os_text;
use crate::values::{Fields, Kinds};

/// The most commas in such a text: each may begin another sink, which is read by recursion.
const COMMAS_MAX: usize = 1_000;

/// Splits `MINE[,SINK]`.
pub(super) fn split<'a>(
    text: Option<&'a OsStr>,
    kinds: &Kinds<dyn SinkSpec>,
) -> Result<(&'a str, Arc<dyn SinkSpec>), String> {
    let text = text.ok_or_else(|| kinds.expected())?;
    if memchr::memchr_iter(b',', text.as_bytes()).count() > COMMAS_MAX {
        return Err(format!(
            "expected at most {COMMAS_MAX} sinks around each other"
        ));
    }
    let (mine, sink) = match os_text::split_once(text, b',') {
        Some((mine, sink)) => (mine, kinds.parse(sink)?),
        None => (text, null()),
    };
    Ok((mine.to_str().ok_or_else(|| kinds.expected())?, sink))
}

/// The sink at the key `sink`.
pub(super) fn inner(fields: &mut Fields<'_>, kinds: &Kinds<dyn SinkSpec>) -> Arc<dyn SinkSpec> {
    kinds.field(fields, "sink").unwrap_or_else(null)
}

/// A factory that wraps each sink of another one, whose verdict it keeps.
pub(super) fn wrapped<S: Sink + 'static>(
    inner: Box<dyn SinkFactory>,
    wrap: impl FnMut(usize, Box<dyn Sink>) -> S + Send + 'static,
) -> Box<dyn SinkFactory> {
    Box::new(Wrapped { inner, wrap })
}

struct Wrapped<W> {
    inner: Box<dyn SinkFactory>,
    wrap: W,
}

impl<S: Sink + 'static, W: FnMut(usize, Box<dyn Sink>) -> S + Send> SinkFactory for Wrapped<W> {
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>> {
        let sink = self.inner.open(worker)?;
        Ok(Box::new((self.wrap)(worker, sink)))
    }

    fn verdict(&mut self, ledger: &Ledger) -> Result<(), String> {
        self.inner.verdict(ledger)
    }
}
