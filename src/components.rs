//! What a source and a sink may look like on the command line.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;
use std::{fmt, io};

use crate::engine::sink::{Sink, SinkFactory};
use crate::sinks::{Check, Delay, Fault, Faults, FileSink, Fsync, Null};
use crate::sys::text::ValueError;

/// Where records come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SourceSpec {
    Generator,
    Stdin,
    File(PathBuf),
}

impl SourceSpec {
    pub(super) const RANGE: &str = "generator, stdin or file:PATH";
}

impl FromStr for SourceSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "generator" => Ok(Self::Generator),
            None if text == "stdin" => Ok(Self::Stdin),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            _ => Err(format!("expected {}", Self::RANGE)),
        }
    }
}

impl fmt::Display for SourceSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Generator => f.write_str("generator"),
            Self::Stdin => f.write_str("stdin"),
            Self::File(path) => write!(f, "file:{}", path.display()),
        }
    }
}

/// Where records go.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum SinkSpec {
    Null,
    Check,
    Stdout,
    File(String),
    Delay(Duration, Box<SinkSpec>),
    Fault(Faults, Box<SinkSpec>),
}

/// What stands for the worker's number in a file sink's path.
const WORKER: &str = "{worker}";

impl SinkSpec {
    pub(super) const RANGE: &str = "null, check, stdout, file:PATH, delay:DURATION[,SINK] (delay:20ms,file:out.ndjson) or fault:FAULTS[,SINK] (fault:retry=0.1,file:out.ndjson)";

    /// Whether it ends in standard output.
    pub(super) fn is_stdout(&self) -> bool {
        match self {
            Self::Stdout => true,
            Self::Delay(_, sink) | Self::Fault(_, sink) => sink.is_stdout(),
            Self::Null | Self::Check | Self::File(_) => false,
        }
    }

    /// The file it ends in, if it does.
    pub(super) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(Path::new(path)),
            Self::Delay(_, sink) | Self::Fault(_, sink) => sink.file(),
            Self::Null | Self::Check | Self::Stdout => None,
        }
    }

    /// Whether each worker has a file of its own.
    pub(super) fn is_per_worker(&self) -> bool {
        let path = self.file().and_then(Path::to_str);
        path.is_some_and(|path| path.contains(WORKER))
    }

    /// Makes the factory; a file or standard output that all workers share is opened here, once.
    pub(super) fn factory(&self, fsync: Fsync) -> io::Result<Box<dyn SinkFactory>> {
        Ok(match self {
            Self::Null => Box::new(|_: usize| Ok(Null)),
            Self::Check => Box::new(Check::default()),
            Self::Stdout => shared(FileSink::stdout()?),
            Self::File(path) if path.contains(WORKER) => {
                let path = path.clone();
                Box::new(move |worker: usize| {
                    let path = path.replace(WORKER, &worker.to_string());
                    FileSink::append(path.as_ref(), fsync)
                })
            }
            Self::File(path) => shared(FileSink::append(path.as_ref(), fsync)?),
            Self::Delay(delay, sink) => {
                let delay = *delay;
                around(sink.factory(fsync)?, move |_, sink| Delay::new(delay, sink))
            }
            Self::Fault(faults, sink) => {
                let faults = faults.clone();
                let shared = match &**sink {
                    Self::Stdout => Some(FileSink::stdout()?),
                    Self::File(path) if !path.contains(WORKER) => {
                        Some(FileSink::append(path.as_ref(), fsync)?)
                    }
                    _ => None,
                };
                if let Some(file) = shared {
                    return Ok(Box::new(move |worker: usize| {
                        Ok(Fault::of_file(faults.clone(), worker, file.clone()))
                    }));
                }
                if let Self::File(path) = &**sink {
                    let path = path.clone();
                    return Ok(Box::new(move |worker: usize| {
                        let path = path.replace(WORKER, &worker.to_string());
                        let file = FileSink::append(path.as_ref(), fsync)?;
                        Ok(Fault::of_file(faults.clone(), worker, file))
                    }));
                }
                around(sink.factory(fsync)?, move |worker, sink| {
                    Fault::new(faults.clone(), worker, sink)
                })
            }
        })
    }
}

fn shared(sink: FileSink) -> Box<dyn SinkFactory> {
    Box::new(move |_: usize| Ok(sink.clone()))
}

/// Splits what stands before another sink from that sink, which is null where there is none.
fn inner(text: &str) -> Result<(&str, SinkSpec), String> {
    Ok(match text.split_once(',') {
        Some((before, sink)) => (before, sink.parse()?),
        None => (text, SinkSpec::Null),
    })
}

impl FromStr for SinkSpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let refusal = || format!("expected {}", Self::RANGE);
        match text.split_once(':') {
            None => match text {
                "null" => Ok(Self::Null),
                "check" => Ok(Self::Check),
                "stdout" => Ok(Self::Stdout),
                _ => Err(refusal()),
            },
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            Some(("fault", rest)) => {
                let (faults, sink) = inner(rest)?;
                Ok(Self::Fault(
                    faults
                        .parse()
                        .map_err(|refusal: ValueError| refusal.to_string())?,
                    Box::new(sink),
                ))
            }
            Some(("delay", rest)) => {
                let (delay, sink) = inner(rest)?;
                let delay = humantime::parse_duration(delay).map_err(|_| refusal())?;
                Ok(Self::Delay(delay, Box::new(sink)))
            }
            Some(_) => Err(refusal()),
        }
    }
}

impl fmt::Display for SinkSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Check => f.write_str("check"),
            Self::Stdout => f.write_str("stdout"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Delay(delay, sink) => {
                write!(f, "delay:{},{sink}", humantime::format_duration(*delay))
            }
            Self::Fault(faults, sink) => write!(f, "fault:{faults},{sink}"),
        }
    }
}

/// Puts a sink around each one that another factory makes; the verdict stays that factory's.
struct Around<W> {
    inner: Box<dyn SinkFactory>,
    wrap: W,
}

fn around<S: Sink + 'static>(
    inner: Box<dyn SinkFactory>,
    wrap: impl FnMut(usize, Box<dyn Sink>) -> S + Send + 'static,
) -> Box<dyn SinkFactory> {
    Box::new(Around { inner, wrap })
}

impl<S: Sink + 'static, W: FnMut(usize, Box<dyn Sink>) -> S + Send> SinkFactory for Around<W> {
    fn open(&mut self, worker: usize) -> io::Result<Box<dyn Sink>> {
        let sink = self.inner.open(worker)?;
        Ok(Box::new((self.wrap)(worker, sink)))
    }

    fn verdict(&mut self, ledger: &crate::Ledger) -> Result<(), String> {
        self.inner.verdict(ledger)
    }
}
