//! Where a file that a run writes about itself goes. It is found out before the start, so that nothing that could have
//! been known fails at the end.
//!
//! * A regular file is made beside the earlier one and renamed: a disk that is full leaves the earlier one as it was.
//!   It keeps that one's permissions. Links are followed to the file that they name.
//! * A device, a pipe without a name, and whatever standard output or standard error is, are written where they are.
//!   So is a file that is given as a descriptor (`/dev/fd/3`), cut to nothing first.
//! * A FIFO is refused: without a reader it would keep the program from ending.

use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustix::fs::{Access, AtFlags, CWD, OFlags, accessat, fcntl_getfl, fcntl_setfl};
use rustix::process::geteuid;
use tempfile::Builder as TemporaryFile;

use crate::report::hlog::LogFile;
use crate::sys::file_id::{FileId, Place, behind, folder};
use crate::sys::printed::Printable;

/// A file that is written at once, at the end.
#[derive(Debug)]
pub(super) struct Destination {
    /// As it was given, for messages.
    name: PathBuf,
    to: To,
}

#[derive(Debug)]
enum To {
    /// Absolute, and without links.
    Path(PathBuf),
    Open(File),
    /// A regular file behind a descriptor; it is cut when it is written.
    Descriptor(File),
}

/// Checks whether a file could be written there at the end, without making or changing anything.
pub(super) fn check_at_the_end(place: &Place) -> io::Result<()> {
    check_now(place)?;
    match &place.found {
        Some(found) if found.is_file() && !place.is_descriptor && inherited(place).is_none() => {
            check_replaceable(&place.path, found)
        }
        _ => Ok(()),
    }
}

/// Checks whether a file could be written there from now on, and waits for nobody.
pub(super) fn check_now(place: &Place) -> io::Result<()> {
    let is_fifo = |found: &Metadata| found.file_type().is_fifo();
    // A pipe without a name, such as a shell's >(...), has a reader from the beginning.
    let has_name = || fs::canonicalize(&place.path).is_ok();
    if place.found.as_ref().is_some_and(is_fifo) && has_name() && inherited(place).is_none() {
        return Err(io::Error::other(
            "is a FIFO, which may have no reader: expected a file or a device",
        ));
    }
    check_appendable(place)
}

/// Checks whether a file could be opened for writing there.
pub(super) fn check_appendable(place: &Place) -> io::Result<()> {
    let Some(found) = &place.found else {
        return may(folder(&place.path), Access::WRITE_OK | Access::EXEC_OK);
    };
    if found.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if inherited(place).is_some() {
        return Ok(());
    }
    if found.file_type().is_socket() {
        return Err(io::Error::other("is a socket: expected a file or a device"));
    }
    may(&place.path, Access::WRITE_OK)
}

/// Checks whether a file may be replaced by another one.
fn check_replaceable(path: &Path, found: &Metadata) -> io::Result<()> {
    let folder = folder(path);
    let replaces = may(folder, Access::WRITE_OK | Access::EXEC_OK).and_then(|()| {
        let (folder, user) = (fs::metadata(folder)?, geteuid());
        let theirs = |file: &Metadata| file.uid() != user.as_raw();
        let sticky = folder.mode() & 0o1000 != 0;
        if sticky && theirs(found) && theirs(&folder) && !user.is_root() {
            return Err(ErrorKind::PermissionDenied.into());
        }
        Ok(())
    });
    replaces.map_err(|e| {
        let text = format!("cannot be replaced in its folder: {e}");
        io::Error::new(e.kind(), text)
    })
}

fn may(path: &Path, access: Access) -> io::Result<()> {
    accessat(CWD, path, access, AtFlags::EACCESS).map_err(io::Error::from)
}

/// A descriptor of this process's output stream that the place leads to, if it is one.
fn inherited(place: &Place) -> Option<OwnedFd> {
    let own = |stream: BorrowedFd<'_>| {
        let is_it = FileId::of(&behind(stream).ok()?) == place.id;
        let writes = fcntl_getfl(stream).ok()? & OFlags::RWMODE != OFlags::RDONLY;
        (is_it && writes).then(|| stream.try_clone_to_owned().ok())?
    };
    own(io::stdout().as_fd()).or_else(|| own(io::stderr().as_fd()))
}

/// Opens what is written where it is; `None` for a regular file.
fn open_in_place(place: &Place) -> io::Result<Option<File>> {
    if let Some(stream) = inherited(place) {
        return Ok(Some(stream.into()));
    }
    if place.found.as_ref().is_none_or(Metadata::is_file) {
        return Ok(None);
    }
    let mut options = OpenOptions::new();
    options.custom_flags((OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed());
    let device = options.write(true).open(&place.path)?;
    fcntl_setfl(&device, OFlags::empty())?;
    Ok(Some(device))
}

impl Destination {
    /// # Errors
    ///
    /// When no file could be written there; the error names it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let opened = Place::of(path).and_then(|place| {
            check_at_the_end(&place)?;
            Ok(match open_in_place(&place)? {
                Some(file) => To::Open(file),
                None if place.is_descriptor => {
                    To::Descriptor(OpenOptions::new().write(true).open(&place.path)?)
                }
                None => To::Path(place.path),
            })
        });
        Ok(Self {
            to: opened.map_err(|e| naming(path, &e))?,
            name: path.to_owned(),
        })
    }

    /// Writes the file, whole or not at all.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the error names it.
    pub(super) fn write(
        &self,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let written = match &self.to {
            To::Open(file) => fill(file, content),
            To::Descriptor(file) => file.set_len(0).and_then(|()| fill(file, content)),
            To::Path(path) => replace(path, content),
        };
        written.map_err(|e| naming(&self.name, &e))
    }

    /// Removes an earlier file, if there is one.
    ///
    /// # Errors
    ///
    /// When it cannot be removed; the error names it.
    pub(super) fn remove(&self) -> io::Result<()> {
        let removed = match &self.to {
            To::Open(_) => Ok(()),
            To::Descriptor(file) => file.set_len(0),
            To::Path(path) => fs::remove_file(path),
        };
        match removed {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(naming(&self.name, &e)),
            _ => Ok(()),
        }
    }
}

fn fill(file: &File, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    content(&mut writer)?;
    writer.flush()
}

/// Makes a file beside the path and renames it.
fn replace(path: &Path, content: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut new = TemporaryFile::new();
    new.prefix(".splashdam-");
    let new = new.permissions(Permissions::from_mode(0o666)); // less the umask, as for any new file
    let new = new.tempfile_in(folder(path)).map_err(|e| {
        // The temporary name says nothing.
        io::Error::from(e.kind())
    })?;
    fill(new.as_file(), content)?;
    if let Ok(earlier) = fs::metadata(path) {
        // Only root may give files away.
        let _ = fchown(new.as_file(), Some(earlier.uid()), Some(earlier.gid()));
        new.as_file().set_permissions(earlier.permissions())?;
    }
    match new.persist(path) {
        Ok(_) => Ok(()),
        // A file that is mounted by itself, as into a container, cannot be replaced.
        Err(failed) if failed.error.kind() == ErrorKind::ResourceBusy => {
            io::copy(&mut failed.file.reopen()?, &mut File::create(path)?).map(drop)
        }
        Err(failed) => Err(failed.error),
    }
}

/// The same error, with the file's name in front.
pub(super) fn naming(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(
        error.kind(),
        format!("{}: {error}", Printable(path.display())),
    )
}

/// A log that is written as the run goes on. An earlier one stays as it is until the run has started.
#[derive(Debug)]
pub(super) struct Log {
    file: LogFile,
    started: Arc<OnceLock<()>>,
    /// What was written before the start, and whether it was flushed.
    held: Vec<u8>,
    held_is_flushed: bool,
    /// The earlier log was cut, or there is none to be cut.
    is_cut: bool,
}

impl Log {
    /// Opens a log that is cut and written once `started` is set.
    ///
    /// # Errors
    ///
    /// When it cannot be written; the error names it.
    pub(super) fn open(path: &Path, started: Arc<OnceLock<()>>) -> io::Result<Self> {
        let opened = Place::of(path).and_then(|place| {
            check_now(&place)?;
            let in_place = open_in_place(&place)?;
            let is_cut = in_place.is_some();
            let mut options = OpenOptions::new();
            options.write(true).create(true).truncate(false);
            let file = in_place.map_or_else(|| options.open(&place.path), Ok)?;
            Ok((LogFile::over(place.path, file), is_cut))
        });
        let (file, is_cut) = opened.map_err(|e| naming(path, &e))?;
        Ok(Self {
            file,
            started,
            held: Vec::new(),
            held_is_flushed: false,
            is_cut,
        })
    }

    /// Cuts the earlier log, and writes what was held.
    fn begin(&mut self) -> io::Result<()> {
        if !self.is_cut {
            self.file.cut()?;
            self.is_cut = true;
        }
        self.file.write_all(&self.held)?;
        self.held = Vec::new();
        if std::mem::take(&mut self.held_is_flushed) {
            self.file.flush()?;
        }
        Ok(())
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.started.get().is_none() {
            self.held.extend_from_slice(bytes);
            return Ok(bytes.len());
        }
        if !self.is_cut || !self.held.is_empty() {
            self.begin()?;
        }
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        if !self.held.is_empty() || self.started.get().is_none() {
            self.held_is_flushed = true;
            return Ok(());
        }
        self.file.flush()
    }
}
