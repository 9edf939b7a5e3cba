//! What is wrong with the arguments and the configuration file.

/// All that is wrong, a sentence each; as text, a line each.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.join("\n"))]
pub(super) struct Problems(pub(super) Vec<String>);
