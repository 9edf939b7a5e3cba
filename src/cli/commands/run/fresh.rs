//! The files that a run is about to make: a run that does not start takes them away again.

use std::fs;
use std::path::PathBuf;

use crate::cli::args::RunArgs;
use crate::sys::file_id::Place;

/// The files of a run that were not there before it.
pub(super) struct Fresh(Vec<PathBuf>);

impl Fresh {
    /// Looks which files there are not.
    pub(super) fn before(args: &RunArgs) -> Self {
        let sinks = args.sink.files(args.config.scaling.max_workers).into_iter();
        let paths = sinks.chain(args.spill.clone()).chain(args.hlog.clone());
        let places = paths.filter_map(|path| Place::of(&path).ok());
        let new = places.filter(|place| place.found.is_none());
        Self(new.map(|place| place.path).collect())
    }

    /// Removes those that are there now, and empty.
    pub(super) fn remove(self) {
        for path in self.0 {
            if fs::metadata(&path).is_ok_and(|file| file.is_file() && file.len() == 0) {
                let _ = fs::remove_file(path); // it was said why the run did not start
            }
        }
    }
}
