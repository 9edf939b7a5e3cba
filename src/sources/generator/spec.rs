//! `generator`, as text and as a table.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::sync::Arc;

use crate::engine::source::Source;
use crate::sources::Generator;
use crate::sources::spec::{SourceOptions, SourceSpec};
use crate::values::Kind;

pub(crate) const KIND: Kind<dyn SourceSpec> = Kind {
    name: "generator",
    form: "generator",
    example: "",
    help: "",
    table: r#"type = "generator""#,
    from_text: |rest, kinds| match rest {
        None => Ok(Arc::new(Spec)),
        Some(_) => Err(kinds.expected()),
    },
    from_table: |_, _| Some(Arc::new(Spec)),
};

/// The source if none is named.
pub(crate) fn generator() -> Arc<dyn SourceSpec> {
    Arc::new(Spec)
}

#[derive(Debug)]
struct Spec;

impl Display for Spec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("generator")
    }
}

impl SourceSpec for Spec {
    fn open(
        &self,
        _all: &[Arc<dyn SourceSpec>],
        options: &SourceOptions,
    ) -> io::Result<Box<dyn Source>> {
        let generator = Generator::new(options.producer_rate, options.record_bytes, options.seed);
        Ok(Box::new(generator.load(options.load)))
    }

    fn is_generator(&self) -> bool {
        true
    }
}
