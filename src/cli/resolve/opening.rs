//! Whether what a run opens could be opened, without making, changing or waiting for anything.

use std::io::{self, ErrorKind};
use std::path::Path;

use rustix::fs::{Access, access};

use crate::cli::args::RunArgs;
use crate::cli::artifacts;

/// Adds a sentence for each input or output that could not be opened.
pub(super) fn check_opening(args: &RunArgs, wrong: &mut Vec<String>) {
    let mut check = |setting: &str, tried: io::Result<()>| {
        wrong.extend(tried.err().map(|error| format!("{setting}: {error}")));
    };
    // Other inputs are open already, or have nothing to open.
    if args.sources.iter().all(|source| source.file().is_some()) {
        check("source", args.open_source().map(drop));
    }
    for (setting, path) in artifacts::at_the_end(args) {
        check(setting, artifacts::could_write(&path));
    }
    let files = args.sink.files(args.config.scaling.max_workers);
    // Where one worker's file cannot be made, that of another hardly can.
    let refused = files.iter().find_map(|path| could_append(path).err());
    check("sink", refused.map_or(Ok(()), Err));
    for (setting, path) in [("spill", &args.spill), ("hlog", &args.hlog)] {
        if let Some(path) = path {
            check(setting, could_append(path));
        }
    }
}

/// Opening for writing is no way to find out: at a named pipe it waits for a reader.
fn could_append(path: &Path) -> io::Result<()> {
    let tried = match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Ok(_) => access(path, Access::WRITE_OK).map_err(io::Error::from),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            access(folder, Access::WRITE_OK).map_err(io::Error::from)
        }
        Err(error) => Err(error),
    };
    tried.map_err(|error| artifacts::naming(path, &error))
}
