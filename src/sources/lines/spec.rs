//! `stdin` and `file:PATH`, as text and as tables.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::engine::source::Source;
use crate::sources::Lines;
use crate::sources::spec::{SourceOptions, SourceSpec};
use crate::values::{Kind, path};

pub(crate) const STDIN: Kind<dyn SourceSpec> = Kind {
    name: "stdin",
    form: "stdin",
    example: "",
    help: "",
    table: r#"type = "stdin""#,
    from_text: |rest, kinds| match rest {
        None => Ok(Arc::new(Stdin)),
        Some(_) => Err(kinds.expected()),
    },
    from_table: |_, _| Some(Arc::new(Stdin)),
};

pub(crate) const FILE: Kind<dyn SourceSpec> = Kind {
    name: "file",
    form: "file:PATH",
    example: "",
    help: "",
    table: r#"type = "file", path = "in.ndjson""#,
    from_text: |rest, kinds| match rest {
        Some(path) if !path.is_empty() => Ok(Arc::new(File(path.into()))),
        _ => Err(kinds.expected()),
    },
    from_table: |fields, _| Some(Arc::new(File(fields.required("path", path::read)?))),
};

#[derive(Debug)]
struct Stdin;

impl Display for Stdin {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("stdin")
    }
}

impl SourceSpec for Stdin {
    fn open(
        &self,
        _all: &[Arc<dyn SourceSpec>],
        options: &SourceOptions,
    ) -> io::Result<Box<dyn Source>> {
        Ok(Box::new(Lines::stdin(options.max_record_bytes)?))
    }

    fn is_stdin(&self) -> bool {
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

impl SourceSpec for File {
    fn open(
        &self,
        all: &[Arc<dyn SourceSpec>],
        options: &SourceOptions,
    ) -> io::Result<Box<dyn Source>> {
        let paths = all.iter().filter_map(|source| source.file());
        Ok(Box::new(Lines::files(paths, options.max_record_bytes)?))
    }

    fn file(&self) -> Option<&Path> {
        Some(&self.0)
    }
}
