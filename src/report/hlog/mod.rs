//! `.hlog`: the latencies of each interval, as an interval log that the readers of `HdrHistogram` accept.

#[cfg(feature = "cli")]
mod file;
#[cfg(feature = "hlog")]
mod log;
#[cfg(not(feature = "hlog"))]
mod none;

#[cfg(feature = "cli")]
pub(crate) use file::LogFile;
#[cfg(feature = "hlog")]
pub(crate) use log::IntervalLog;
#[cfg(not(feature = "hlog"))]
pub(crate) use none::IntervalLog;
