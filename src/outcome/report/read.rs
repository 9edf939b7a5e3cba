//! A report that was kept, read back: every error names the key that does not fit.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

use serde::Deserialize;
use serde_json::Value;

use crate::outcome::report::Report;
use crate::outcome::report::located::{Located, Misfit, Problem, excerpt};

/// Why a report cannot be read.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReportError {
    /// It is not JSON: damaged, or some other file.
    NotJson(serde_json::Error),
    /// Its shape is that of another version of the program.
    Version {
        /// The `schema_version` found; [`Report::SCHEMA_VERSION`] is accepted.
        found: u64,
        /// The version of the program that wrote it, if the report names it.
        written_by: Option<String>,
    },
    /// It lacks a key.
    Missing {
        /// The key, with dots between its parts: `latency.response.p50_ns`.
        key: String,
    },
    /// A key has a value that it cannot have.
    Wrong {
        /// The key, with dots between its parts.
        key: String,
        /// The value found, shortened.
        found: String,
        /// What is accepted.
        expected: String,
    },
}

impl ReportError {
    /// The error as a sentence about this report.
    pub(crate) fn about(&self, report: &str) -> String {
        match self {
            Self::NotJson(error) => {
                format!("{report} is not JSON: {error}: is it a report of splashdam run?")
            }
            Self::Version { found, written_by } => {
                let accepted = Report::SCHEMA_VERSION;
                let version = written_by.as_ref();
                let version = version.map_or(String::new(), |version| format!(" ({version})"));
                format!(
                    "{report}: schema_version is {found}, and this program reads {accepted}: read it with the \
                     splashdam that wrote it{version}"
                )
            }
            Self::Missing { key } => {
                format!("{report} has no {key}: is it a report of splashdam run?")
            }
            Self::Wrong {
                key,
                found,
                expected,
            } => format!(
                "{report}: {key} is {found}, and should be {expected}: use the report as splashdam run wrote it"
            ),
        }
    }
}

impl Display for ReportError {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.about("the report"))
    }
}

impl Error for ReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::NotJson(error) => Some(error),
            Self::Version { .. } | Self::Missing { .. } | Self::Wrong { .. } => None,
        }
    }
}

impl Report {
    /// Reads a report that `splashdam run --report` or serde wrote as JSON. Unknown keys are ignored. Figures come back
    /// exactly as they were written.
    ///
    /// # Errors
    ///
    /// If it is not JSON, has another `schema_version`, lacks a key, or has a value of the wrong type or below 0.
    pub fn from_json(json: &[u8]) -> Result<Self, ReportError> {
        let value: Value = serde_json::from_slice(json).map_err(ReportError::NotJson)?;
        check_version(&value)?;
        Self::deserialize(Located(&value)).map_err(ReportError::from)
    }
}

fn check_version(report: &Value) -> Result<(), ReportError> {
    let key = || "schema_version".to_owned();
    let version = report.get("schema_version");
    let version = version.ok_or_else(|| ReportError::Missing { key: key() })?;
    match version.as_u64() {
        Some(Report::SCHEMA_VERSION) => Ok(()),
        Some(found) => {
            let written_by = report.get("splashdam").and_then(Value::as_str);
            Err(ReportError::Version {
                found,
                written_by: written_by.map(str::to_owned),
            })
        }
        None => Err(ReportError::Wrong {
            key: key(),
            found: excerpt(version),
            expected: "a whole number".into(),
        }),
    }
}

impl From<Misfit> for ReportError {
    fn from(misfit: Misfit) -> Self {
        let key = misfit.key();
        match misfit.problem {
            Problem::Missing => Self::Missing { key },
            Problem::Wrong { found, expected } => Self::Wrong {
                key,
                found,
                expected,
            },
        }
    }
}
