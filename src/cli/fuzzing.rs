//! Entry points for the fuzz targets and the property tests, which have bytes instead of files. They are no part of the
//! interface and may change at any time.

use std::path::Path;

use crate::cli::commands::{run, verify};
use crate::cli::config_file::read_entries;
use crate::cli::resolve::merge;

/// Resolves a configuration file with these bytes, without flags.
///
/// # Errors
///
/// The errors that `run` would report.
pub fn config(bytes: &[u8]) -> Result<(), String> {
    let path = Path::new("bytes");
    let matches = run::command().get_matches_from(["run"]);
    let args = merge(Some((path, read_entries(path, bytes))), &matches);
    args.map(drop).map_err(|wrong| wrong.to_string())
}

/// The verdict of `verify` on a file with these bytes, as JSON and as text; `None` if `expect` is out of range.
pub fn verify(bytes: &[u8], expect: Option<u64>) -> Option<(String, String)> {
    verify::judge_bytes(bytes, expect)
}
