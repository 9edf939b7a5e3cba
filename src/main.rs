//! The `splashdam` command: parse, run, exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    splashdam::cli_main()
}
