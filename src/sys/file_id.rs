//! Which file a path or a descriptor leads to, whatever its name.

use std::ffi::OsString;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use rustix::fs::{OFlags, fcntl_getfl};

/// The most links to follow one after the other; the kernel's own limit.
const LINKS_MAX: usize = 40;

/// A file's identity: two paths with the same one lead to the same file.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FileId {
    /// A file that exists: its device and inode.
    There { device: u64, inode: u64 },
    /// A file that would be made: the device and inode of its folder, and its name there.
    New {
        device: u64,
        inode: u64,
        name: OsString,
    },
}

impl FileId {
    pub(crate) fn of(file: &Metadata) -> Self {
        Self::There {
            device: file.dev(),
            inode: file.ino(),
        }
    }
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) id: FileId,
    /// Absolute, and without symbolic links if it leads to a regular file or to one that would be made, and not through
    /// a descriptor.
    pub(crate) path: PathBuf,
    /// It leads through a descriptor of this process, as `/dev/fd/3` does: what is behind may have no name, and whoever
    /// passed it on reads it there.
    pub(crate) is_descriptor: bool,
    /// What is there; `None` if nothing is.
    pub(crate) found: Option<Metadata>,
}

impl Place {
    /// Follows a path, also through links to a file that does not exist yet.
    ///
    /// # Errors
    ///
    /// When it leads to no file and none could be made there, because it is empty, ends in `/` or `..`, or its folder
    /// does not exist; when it cannot be followed.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        let mut path = path.to_owned();
        for _ in 0..LINKS_MAX {
            match fs::metadata(&path) {
                Ok(found) => return Self::existing(&path, found),
                Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
                Err(_) => match fs::read_link(&path) {
                    Ok(target) => path = folder(&path).join(target),
                    Err(_) => return Self::new(&path),
                },
            }
        }
        Err(io::Error::other("leads through too many symbolic links"))
    }

    fn existing(path: &Path, found: Metadata) -> io::Result<Self> {
        // Links of /proc, as of a pipe or of a deleted file, lead where no path does.
        let is_descriptor = leads_through_descriptor(path);
        let is_named = found.is_file() && !is_descriptor;
        let canonical = fs::canonicalize(path).ok().filter(|_| is_named);
        Ok(Self {
            is_descriptor,
            id: FileId::of(&found),
            path: canonical.map_or_else(|| std::path::absolute(path), Ok)?,
            found: Some(found),
        })
    }

    fn new(path: &Path) -> io::Result<Self> {
        if path.as_os_str().is_empty() {
            return Err(invalid("is empty: expected the path of a file"));
        }
        let is_folder = path.as_os_str().as_encoded_bytes().ends_with(b"/");
        let name = path.file_name().filter(|_| !is_folder);
        let name = name.ok_or_else(|| invalid("names a folder: expected the path of a file"))?;
        let folder = fs::canonicalize(folder(path))?;
        let found = fs::metadata(&folder)?;
        if !found.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self {
            id: FileId::New {
                device: found.dev(),
                inode: found.ino(),
                name: name.to_owned(),
            },
            path: folder.join(name),
            is_descriptor: false,
            found: None,
        })
    }
}

fn leads_through_descriptor(path: &Path) -> bool {
    let Ok(descriptors) = fs::canonicalize("/proc/self/fd") else {
        return false;
    };
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        if fs::canonicalize(folder(&path)).is_ok_and(|folder| folder == descriptors) {
            return true;
        }
        match fs::read_link(&path) {
            Ok(target) => path = folder(&path).join(target),
            Err(_) => return false,
        }
    }
    false
}

/// The folder that a path's last name is in.
pub(crate) fn folder(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, what)
}

/// The same path, absolute: it leads to the same file wherever the process goes.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// What is behind a descriptor.
pub(crate) fn behind(fd: impl AsFd) -> io::Result<Metadata> {
    File::from(fd.as_fd().try_clone_to_owned()?).metadata()
}

/// The direction in which a standard stream is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Input,
    Output,
}

/// A descriptor of its own for a standard stream, and what is behind it.
///
/// # Errors
///
/// When the stream is closed, or is open in the other direction only. Rust opens `/dev/null` for reading and writing in
/// the place of a stream that was closed when the process began. The same may be inherited, but so rarely that it is
/// taken for a closed one.
pub(crate) fn standard_stream(fd: impl AsFd, direction: Direction) -> io::Result<(File, Metadata)> {
    let file = File::from(fd.as_fd().try_clone_to_owned()?);
    let found = file.metadata()?;
    let access = fcntl_getfl(&file)? & OFlags::RWMODE;
    if access == OFlags::RDWR && is_null(&found) {
        return Err(io::Error::other(match direction {
            Direction::Input => "is closed: expected an open one (for no input, < /dev/null)",
            Direction::Output => {
                "is closed: expected an open one (to discard records, --sink null)"
            }
        }));
    }
    match direction {
        Direction::Input if access == OFlags::WRONLY => {
            Err(io::Error::other("is open for writing only"))
        }
        Direction::Output if access == OFlags::RDONLY => {
            Err(io::Error::other("is open for reading only"))
        }
        _ => Ok((file, found)),
    }
}

/// Whether it is the null device.
pub(crate) fn is_null(found: &Metadata) -> bool {
    found.file_type().is_char_device()
        && fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == found.rdev())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::Path;

    use super::{FileId, Place};

    fn id(path: &Path) -> Result<FileId, String> {
        Place::of(path)
            .map(|place| place.id)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn two_names_of_a_file_have_one_identity_whether_it_exists_or_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        fs::create_dir(at("x")).expect("a folder");
        symlink("x", at("link_to_folder")).expect("a link");
        symlink("link_to_folder/new", at("link_to_new")).expect("a link");
        let new = id(&at("x/new"));
        for name in ["link_to_folder/new", "x/../x/new", "x/./new", "link_to_new"] {
            assert_eq!(id(&at(name)), new, "{name}");
        }
        assert_ne!(id(&at("new")), new);
        fs::write(at("x/new"), "").expect("a file");
        fs::hard_link(at("x/new"), at("hard")).expect("a link");
        let there = id(&at("x/new"));
        assert_ne!(there, new);
        for name in ["link_to_new", "hard"] {
            assert_eq!(id(&at(name)), there, "{name}");
        }
    }

    #[test]
    fn a_path_at_which_no_file_can_be_made_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        symlink("nowhere/new", at("dangling")).expect("a link");
        symlink("loop", at("loop")).expect("a link");
        fs::write(at("file"), "").expect("a file");
        let refused = |path: &Path| id(path).expect_err("no place");
        assert!(refused(Path::new("")).contains("is empty"));
        assert!(refused(&at("new/")).contains("names a folder"));
        assert!(refused(&at("nowhere/new")).contains("No such file"));
        assert!(refused(&at("dangling")).contains("No such file"));
        assert!(refused(&at("loop")).contains("symbolic links"));
        assert!(refused(&at("file/new")).contains("Not a directory"));
    }
}
