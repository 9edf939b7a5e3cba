//! The rows, a file for each group, in the order of `--help`.

mod input;
mod lanes;
mod output;
mod placement;
mod stopping;
mod workers;

use serde_json::Value;

use crate::cli::settings::{Job, Setting};

/// Every setting.
pub(crate) fn settings() -> impl Iterator<Item = &'static Setting> + Clone {
    let groups = [
        input::ROWS,
        lanes::ROWS,
        workers::ROWS,
        placement::ROWS,
        output::ROWS,
        stopping::ROWS,
    ];
    groups.into_iter().flatten()
}

const fn setting(
    group: &'static str,
    name: &'static str,
    value: &'static str,
    help: &'static str,
    set: fn(&mut Job, &str) -> Result<(), String>,
    get: fn(&Job) -> Value,
) -> Setting {
    Setting {
        name,
        value,
        group,
        help,
        many: false,
        set,
        get,
    }
}
