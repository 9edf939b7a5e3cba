//! A warning: what is not as it should be, and what can be done about it.

use std::fmt;

use serde::Serialize;

/// What makes a figure say less than it seems to, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Warning {
    /// Its name for programs, which does not change with the wording: `debug_build`, `saturated` and so on.
    pub code: &'static str,
    /// What is the case.
    pub message: String,
    /// What can be done about it.
    pub remedy: String,
}

impl Warning {
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.message, self.remedy)
    }
}
