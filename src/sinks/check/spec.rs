//! `check`, as text and as a table.

use std::fmt::{self, Display, Formatter};
use std::io;
use std::sync::Arc;

use crate::engine::sink::SinkFactory;
use crate::sinks::spec::SinkSpec;
use crate::sinks::{Check, Fsync};
use crate::values::Kind;

pub(crate) const KIND: Kind<dyn SinkSpec> = Kind {
    name: "check",
    form: "check",
    example: "",
    help: "reads every byte; proves framing, order and completeness",
    table: r#"type = "check""#,
    from_text: |rest, kinds| match rest {
        None => Ok(Arc::new(Spec)),
        Some(_) => Err(kinds.expected()),
    },
    from_table: |_, _| Some(Arc::new(Spec)),
};

#[derive(Debug)]
struct Spec;

impl Display for Spec {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str("check")
    }
}

impl SinkSpec for Spec {
    fn open(&self, _fsync: Fsync) -> io::Result<Box<dyn SinkFactory>> {
        Ok(Box::new(Check::default()))
    }
}
