//! What the progress bar counts towards.

use crate::cli::args::RunArgs;
use crate::report::progress::Goal;

/// What ends the run, if that is known: a count, a length of time, or the size of its files.
pub(super) fn goal(args: &RunArgs) -> Option<Goal> {
    let (count, duration) = (args.config.stop.count, args.config.stop.duration);
    let goal = count.map(Goal::Records).or(duration.map(Goal::Time));
    goal.or_else(|| {
        let sizes = args.sources.iter().map(|source| {
            let file = std::fs::metadata(source.file()?).ok();
            file.filter(std::fs::Metadata::is_file)
        });
        let bytes: Option<u64> = sizes.map(|file| Some(file?.len())).sum();
        bytes.filter(|bytes| *bytes > 0).map(Goal::Bytes)
    })
}
