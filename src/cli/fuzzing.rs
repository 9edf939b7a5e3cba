//! What the fuzz targets and the property tests reach in by: bytes instead of files. No part of the interface; it may
//! change at any time.

use std::path::Path;

use crate::cli::commands::{run, verify};
use crate::cli::config_file::read_entries;
use crate::cli::resolve::merge;

/// What becomes of a configuration file with these bytes, without flags.
///
/// # Errors
///
/// What `run` would say is wrong.
pub fn config(bytes: &[u8]) -> Result<(), String> {
    let path = Path::new("bytes");
    let matches = run::command().get_matches_from(["run"]);
    let args = merge(Some((path, read_entries(path, bytes))), &matches);
    args.map(drop).map_err(|wrong| wrong.to_string())
}

/// What `verify` says of a file with these bytes, as JSON and in words; none where `expect` is out of range.
pub fn verify(bytes: &[u8], expect: Option<u64>) -> Option<(String, String)> {
    verify::judge_bytes(bytes, expect)
}
