//! What a thread of the data path does.

use std::fmt;

/// A thread of the data path. A shard is one producer and the workers that it feeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The producer of a shard.
    Producer { shard: usize },
    /// A worker of a shard, by its number within the shard.
    Worker { shard: usize, index: usize },
}

impl Default for Role {
    fn default() -> Self {
        Self::Producer { shard: 0 }
    }
}

impl Role {
    pub(super) fn shard(self) -> usize {
        match self {
            Self::Producer { shard } | Self::Worker { shard, .. } => shard,
        }
    }

    pub(super) fn is_producer(self) -> bool {
        matches!(self, Self::Producer { .. })
    }
}

/// The name of the thread. The first shard's threads go without its number; Linux keeps 15 bytes of a name.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Producer { shard: 0 } => f.write_str("producer"),
            Self::Worker { shard: 0, index } => write!(f, "worker-{index}"),
            Self::Producer { shard } => write!(f, "s{shard}-producer"),
            Self::Worker { shard, index } => write!(f, "s{shard}-worker-{index}"),
        }
    }
}
