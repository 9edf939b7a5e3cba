//! `stdout` and `file:PATH`, as text and as tables.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::sink::SinkFactory;
use crate::sinks::spec::{Files, SinkSpec, WORKER};
use crate::sinks::{FileSink, Fsync};
use crate::sys::os_text;
use crate::values::{Kind, path};

pub(crate) const STDOUT: Kind<dyn SinkSpec> = Kind {
    name: "stdout",
    form: "stdout",
    example: "",
    help: "",
    table: r#"type = "stdout""#,
    from_text: |rest, kinds| match rest {
        None => Ok(Arc::new(Stdout)),
        Some(_) => Err(kinds.expected()),
    },
    from_table: |_, _| Some(Arc::new(Stdout)),
};

pub(crate) const FILE: Kind<dyn SinkSpec> = Kind {
    name: "file",
    form: "file:PATH",
    example: "",
    help: "appends; waits for a FIFO's reader; {worker} in the path makes one file per worker",
    table: r#"type = "file", path = "out.ndjson""#,
    from_text: |rest, kinds| match rest {
        Some(path) if !path.is_empty() => Ok(Arc::new(File(path.into()))),
        _ => Err(kinds.expected()),
    },
    from_table: |fields, _| Some(Arc::new(File(fields.required("path", path::read)?))),
};

#[derive(Debug)]
struct Stdout;

impl Display for Stdout {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("stdout")
    }
}

impl SinkSpec for Stdout {
    fn open(&self, _fsync: Fsync) -> io::Result<Box<dyn SinkFactory>> {
        Ok(Box::new(shared(FileSink::stdout()?)))
    }

    fn open_files(&self, _fsync: Fsync) -> Option<io::Result<Files>> {
        Some(FileSink::stdout().map(shared))
    }

    fn is_stdout(&self) -> bool {
        true
    }
}

#[derive(Debug)]
struct File(PathBuf);

impl Display for File {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "file:{}", self.0.display())
    }
}

impl File {
    fn files(&self, fsync: Fsync) -> io::Result<Files> {
        let path = self.0.clone();
        if !os_text::contains(path.as_os_str(), WORKER) {
            return Ok(shared(FileSink::append(&path, fsync)?));
        }
        Ok(Box::new(move |worker: usize| {
            let path = os_text::replace(path.as_os_str(), WORKER, &worker.to_string());
            FileSink::append(path.as_ref(), fsync)
        }))
    }
}

impl SinkSpec for File {
    fn open(&self, fsync: Fsync) -> io::Result<Box<dyn SinkFactory>> {
        Ok(Box::new(self.files(fsync)?))
    }

    fn open_files(&self, fsync: Fsync) -> Option<io::Result<Files>> {
        Some(self.files(fsync))
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.0)
    }
}

/// All workers share the file.
fn shared(sink: FileSink) -> Files {
    Box::new(move |_: usize| Ok(sink.clone()))
}
