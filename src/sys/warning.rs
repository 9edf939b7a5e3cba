//! A warning: what makes a figure less reliable than it looks, and what to do about it.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// What makes a figure less reliable than it looks, and the remedy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Warning {
    /// Its name for programs, such as `debug_build` or `saturated`; it does not change with the wording.
    pub code: Cow<'static, str>,
    /// What is wrong, without a capital or a full stop.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Warning {
    pub(crate) fn new(
        code: &'static str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            code: Cow::Borrowed(code),
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
