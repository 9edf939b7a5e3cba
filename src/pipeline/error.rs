//! Why a pipeline did not start.

use std::io;

use crate::config::ConfigErrors;

/// Why a pipeline did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The configuration contradicts itself, or names CPUs that the process may not use.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// A sink could not be made.
    #[error("{0}")]
    Sink(io::Error),
    /// A thread is not pinned, and the configuration's [`pin`](crate::Config::pin) is strict.
    #[error("pin is strict, and threads are {0}")]
    Placement(String),
    /// The system has no thread or descriptor left.
    #[error("cannot start the pipeline: {0}")]
    System(io::Error),
}
