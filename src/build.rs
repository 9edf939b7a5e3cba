//! Run by cargo before the build: notes the compiler and the commit, which reports name.

use std::env;
use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    println!("cargo::rerun-if-env-changed=RUSTC");
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = output(&rustc, &["--version"]).unwrap_or_else(|| "unknown".into());
    println!("cargo::rustc-env=SPLASHDAM_RUSTC={version}");
    // None in a package from a registry, or without git. A package inside somebody else's repository has a commit too,
    // but not its own.
    let ours =
        output("git", &["rev-parse", "--show-prefix"]).is_none_or(|prefix| prefix.is_empty());
    if let (true, Some(commit)) = (ours, output("git", &["rev-parse", "--short=12", "HEAD"])) {
        println!("cargo::rustc-env=SPLASHDAM_COMMIT={commit}");
        // Each commit and checkout adds a line to it.
        if let Some(log) = output("git", &["rev-parse", "--git-path", "logs/HEAD"])
            && Path::new(&log).exists()
        {
            println!("cargo::rerun-if-changed={log}");
        }
    }
}

/// What a command prints; `None` if it fails.
fn output(command: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(command).args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
