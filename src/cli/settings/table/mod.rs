//! The rows, a file for each group, in the order of `--help`.

mod input;
mod lanes;
mod output;
mod placement;
mod stopping;
mod workers;

use crate::cli::settings::Setting;

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
