//! The file of an interval log, which follows log rotation.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

/// A file that begins with a header: what is written before the first flush. Where the path names another file after a
/// flush, or none, it is opened again, and made if it does not exist; the new file gets the header, too.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    header: Vec<u8>,
    header_is_whole: bool,
    /// Nothing was written since the last flush.
    is_at_border: bool,
}

impl LogFile {
    /// A log that was opened at an absolute path.
    pub(crate) fn over(path: PathBuf, file: File) -> Self {
        Self {
            path,
            file,
            header: Vec::new(),
            header_is_whole: false,
            is_at_border: false,
        }
    }

    /// Cuts a regular file to nothing.
    ///
    /// # Errors
    ///
    /// When it cannot be cut.
    pub(crate) fn cut(&self) -> io::Result<()> {
        self.file.set_len(0)
    }

    fn follow_rotation(&mut self) -> io::Result<()> {
        let Some(mut file) = self.opened_again() else {
            return Ok(());
        };
        file.write_all(&self.header)?;
        self.file = file;
        Ok(())
    }

    /// The file that the path names now, if that is another one. Where it cannot be opened the old one stays in use.
    fn opened_again(&self) -> Option<File> {
        let ours = self.file.metadata().ok().filter(Metadata::is_file)?;
        let is_ours = |file: &Metadata| (file.dev(), file.ino()) == (ours.dev(), ours.ino());
        if fs::metadata(&self.path).is_ok_and(|file| is_ours(&file) || !file.is_file()) {
            return None;
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true).open(&self.path).ok()
    }
}

impl Write for LogFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if std::mem::take(&mut self.is_at_border) {
            self.follow_rotation()?;
        }
        let written = self.file.write(bytes)?;
        if !self.header_is_whole {
            self.header.extend_from_slice(&bytes[..written]);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        (self.header_is_whole, self.is_at_border) = (true, true);
        self.file.flush()
    }
}
