//! The files of a run: none may be read and written, or written twice over, and each must be writable. A file is known
//! by its identity, not by its name.

use std::collections::HashMap;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::cli::args::RunArgs;
use crate::cli::artifacts;
use crate::cli::destination::{check_appendable, check_at_the_end, check_now, naming};
use crate::sinks::Fsync;
use crate::sys::file_id::{FileId, Place, behind};
use crate::sys::printed::Printable;

/// What a run does with a file.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Reads it as the program does: a FIFO may be named twice.
    Source,
    /// Reads all of it before the start.
    Config,
    /// Writes it as the run goes on, and may wait for a FIFO's reader.
    Append,
    /// Writes it as the run goes on, and must not wait.
    Log,
    /// Replaces it at the end.
    Artifact,
    /// Standard error.
    Messages,
}

/// A file that a run uses.
struct Used {
    /// Such as `sink out`.
    name: String,
    /// Such as `the sink`.
    role: String,
    usage: Use,
    /// What is there; `None` if it would be made.
    found: Option<Metadata>,
}

/// Files by identity, in the order in which the run names them.
#[derive(Default)]
struct Files {
    used: HashMap<FileId, Vec<Used>>,
    wrong: Vec<String>,
}

/// Adds a sentence for each file that cannot be what the run needs.
pub(super) fn check_files(args: &RunArgs, wrong: &mut Vec<String>) {
    let mut files = Files::default();
    files.add_read(args);
    if args.sink.is_stdout() {
        files.add_stream("standard output", Use::Append, behind(io::stdout()));
    }
    for (role, path) in sink_paths(args) {
        files.add_written("sink", role, &path, Use::Append);
    }
    let spill = args.spill.as_ref().map(|path| ("spill", path.clone()));
    let hlog = args.hlog.as_ref().map(|path| ("hlog", path.clone()));
    let written = spill.into_iter().map(|spill| (spill, Use::Append));
    let written = written.chain(artifacts::at_the_end(args).map(|file| (file, Use::Artifact)));
    for ((setting, path), usage) in written.chain(hlog.into_iter().map(|log| (log, Use::Log))) {
        files.add_written(setting, format!("the {setting}"), &path, usage);
    }
    files.add_stream("standard error", Use::Messages, behind(io::stderr()));
    wrong.append(&mut files.wrong);
}

/// The paths of the sink's files, with their roles: one, or one for each worker.
fn sink_paths(args: &RunArgs) -> Vec<(String, PathBuf)> {
    let files = args.sink.files(args.config.scaling.max_workers);
    let role = |worker: usize| {
        if args.sink.is_per_worker() {
            format!("the sink of worker {worker}")
        } else {
            "the sink".to_owned()
        }
    };
    let files = files.into_iter().enumerate();
    files.map(|(worker, path)| (role(worker), path)).collect()
}

impl Files {
    fn add_read(&mut self, args: &RunArgs) {
        if let Some(path) = &args.config_file {
            self.add_input("config", path, Use::Config);
        }
        for source in &args.sources {
            match source.file() {
                Some(path) => self.add_input("source", path, Use::Source),
                None if source.is_stdin() => {
                    self.add_stream("standard input", Use::Source, behind(io::stdin()));
                }
                None => {}
            }
        }
    }

    /// A file that is missing is reported by whoever opens it.
    fn add_input(&mut self, setting: &str, path: &Path, usage: Use) {
        if let Ok(place) = Place::of(path) {
            let name = format!("{setting} {}", Printable(path.display()));
            self.add(place, name, format!("the {setting}"), usage);
        }
    }

    /// A stream that is closed is reported by whoever opens it.
    fn add_stream(&mut self, role: &str, usage: Use, found: io::Result<Metadata>) {
        if let Ok(found) = found {
            let place = Place {
                id: FileId::of(&found),
                path: PathBuf::new(),
                is_descriptor: false,
                found: Some(found),
            };
            self.add(place, role.into(), role.into(), usage);
        }
    }

    fn add_written(&mut self, setting: &str, role: String, path: &Path, usage: Use) {
        let placed = Place::of(path).and_then(|place| {
            match usage {
                Use::Artifact => check_at_the_end(&place),
                Use::Log => check_now(&place),
                _ => check_appendable(&place),
            }?;
            Ok(place)
        });
        match placed {
            Ok(place) => self.add(
                place,
                format!("{setting} {}", Printable(path.display())),
                role,
                usage,
            ),
            Err(e) => self.wrong.push(format!("{setting}: {}", naming(path, &e))),
        }
    }

    /// Adds a file; it is wrong if it is used already in a way that excludes this one.
    fn add(&mut self, place: Place, name: String, role: String, usage: Use) {
        let new = Used {
            name,
            role,
            usage,
            found: place.found,
        };
        let used = self.used.entry(place.id).or_default();
        if let Some(other) = used.iter().find(|other| exclude_each_other(other, &new)) {
            let Used { name, .. } = &new;
            self.wrong.push(format!(
                "{name} is {} too: give each a file of its own",
                other.role
            ));
        }
        used.push(new);
    }
}

/// Whether two uses of one file contradict each other.
fn exclude_each_other(one: &Used, other: &Used) -> bool {
    let reads = |used: &Used| matches!(used.usage, Use::Source | Use::Config);
    let is = |usage| one.usage == usage || other.usage == usage;
    let kind = one.found.as_ref().map(Metadata::file_type);
    let is_fifo = kind.is_some_and(|kind| kind.is_fifo());
    if kind.is_some_and(|kind| kind.is_char_device() || kind.is_socket()) {
        return false; // a device may serve twice; a socket has two directions
    }
    if reads(one) && reads(other) {
        // A FIFO's bytes go to one reader only. A source may read it again until its next writer has left.
        return is_fifo && is(Use::Config);
    }
    // Under a supervisor all output often goes to one pipe.
    !(is_fifo && is(Use::Messages) && !reads(one))
}

/// What is written to a FIFO or a device cannot be forced to a disk.
pub(super) fn check_fsync(args: &RunArgs, wrong: &mut Vec<String>) {
    if args.fsync == Fsync::Never {
        return;
    }
    let spill = args.spill.clone().map(|path| ("the spill".into(), path));
    for (role, path) in sink_paths(args).into_iter().chain(spill) {
        let Ok(Place {
            found: Some(found), ..
        }) = Place::of(&path)
        else {
            continue;
        };
        let kind = found.file_type();
        let what = if kind.is_fifo() {
            "a FIFO"
        } else if kind.is_char_device() {
            "a device"
        } else {
            continue;
        };
        wrong.push(format!(
            "fsync batch cannot force records to a disk: {role} {} is {what}; leave fsync out, or give a regular file",
            Printable(path.display())
        ));
    }
}
