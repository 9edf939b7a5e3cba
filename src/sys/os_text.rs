//! Text that may be anything but NUL, as the paths of files are.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

/// The text before and after the first `separator`, which is ASCII; `None` if there is none.
pub(crate) fn split_once(text: &OsStr, separator: u8) -> Option<(&OsStr, &OsStr)> {
    let bytes = text.as_bytes();
    let at = memchr::memchr(separator, bytes)?;
    Some((
        OsStr::from_bytes(&bytes[..at]),
        OsStr::from_bytes(&bytes[at + 1..]),
    ))
}

/// Whether `part` occurs in it.
pub(crate) fn contains(text: &OsStr, part: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), part.as_bytes()).is_some()
}

/// With `by` for every `part`.
pub(crate) fn replace(text: &OsStr, part: &str, by: &str) -> OsString {
    let bytes = text.as_bytes();
    let (mut replaced, mut from) = (Vec::with_capacity(bytes.len()), 0);
    for at in memchr::memmem::find_iter(bytes, part) {
        replaced.extend_from_slice(&bytes[from..at]);
        replaced.extend_from_slice(by.as_bytes());
        from = at + part.len();
    }
    replaced.extend_from_slice(&bytes[from..]);
    OsString::from_vec(replaced)
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use super::{contains, replace, split_once};

    #[test]
    fn text_that_is_not_utf_8_is_split_and_replaced_as_it_is() {
        let text = OsStr::from_bytes(b"\xff{n}:\xfe{n}:c");
        let parts = (
            OsStr::from_bytes(b"\xff{n}"),
            OsStr::from_bytes(b"\xfe{n}:c"),
        );
        assert_eq!(split_once(text, b':'), Some(parts));
        assert_eq!(split_once(text, b','), None);
        assert!(contains(text, "{n}") && !contains(text, "{m}"));
        assert_eq!(replace(text, "{n}", "12").as_bytes(), b"\xff12:\xfe12:c");
        assert_eq!(replace(text, "{m}", "12"), text);
    }
}
