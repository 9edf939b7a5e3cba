//! Files and descriptors: which ones are the same, which ones cannot be used, and what is left of earlier ones.

mod at_the_end;
mod fifo;
mod identity;
mod streams;

use std::process::Command;

use crate::support::{Ended, Folder, PROGRAM};

/// Runs a script in which `$S` is the program.
#[track_caller]
fn shell(folder: &Folder, script: &str) -> Ended {
    let mut command = folder.command("bash");
    command.args(["-c", script]).env("S", PROGRAM);
    folder.spawn(command).end()
}

#[track_caller]
fn make_fifo(folder: &Folder, name: &str) {
    let made = Command::new("mkfifo").arg(folder.path(name)).status();
    assert!(made.unwrap().success());
}
