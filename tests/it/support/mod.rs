//! Shared by all tests: a temporary folder for each, the real program running in it, and waiting with a timeout.
//!
//! No test sleeps to let something happen: it waits for what it can observe - a line, a file that grows, an exit - and
//! fails after a timeout.

pub(crate) mod library;
pub(crate) mod live;

use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) use live::{Ended, Live};
use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_splashdam");
/// How long anything may take before the test fails: long enough for a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Lanes that are quick to allocate, with batches that fit them.
pub(crate) const SMALL: &str =
    "--channel-size 512 --batch-size 64 --lane-bytes 128KiB --batch-bytes 32KiB";

/// A temporary folder; the program runs in it, so that file names are relative and short.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        fs::write(self.path(name), bytes).unwrap();
    }

    #[track_caller]
    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The length of a file in bytes; 0 if there is none.
    pub(crate) fn len(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).map_or(0, |file| file.len())
    }

    /// Replaces a file by a new directory, atomically; the file is called `name` from then on.
    pub(crate) fn exchange(&self, file: &str, name: &str) {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        fs::create_dir(self.path(name)).unwrap();
        let [file, name] = [file, name].map(|name| self.path(name));
        renameat_with(CWD, name, CWD, file, RenameFlags::EXCHANGE).unwrap();
    }

    /// The names of all files in the folder, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// Runs `splashdam run` with these arguments to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.start(arguments).end()
    }

    /// Runs in a new folder, with this configuration file and these flags.
    #[track_caller]
    pub(crate) fn configured(file: &str, flags: &str) -> (Self, Ended) {
        let folder = Self::new();
        folder.write("splashdam.toml", file);
        let ended = folder.run(&format!("--config splashdam.toml {flags}"));
        (folder, ended)
    }

    /// Runs to its end, with `input` from a pipe as standard input.
    #[track_caller]
    pub(crate) fn pipe(&self, input: &[u8], arguments: &str) -> Ended {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let input = input.to_vec();
        let feeder = std::thread::spawn(move || writer.write_all(&input));
        let live = self.start_with(arguments, |command| {
            command.stdin(reader);
        });
        let ended = live.end();
        // A program that stops before it has read everything closes the pipe, which is no failure.
        let _ = feeder.join().unwrap();
        ended
    }

    #[track_caller]
    pub(crate) fn start(&self, arguments: &str) -> Live {
        self.start_with(arguments, |_| ())
    }

    /// Starts a run; `set` may replace its standard streams.
    #[track_caller]
    pub(crate) fn start_with(&self, arguments: &str, set: impl FnOnce(&mut Command)) -> Live {
        let mut command = self.command(PROGRAM);
        command.args(run_arguments(arguments));
        set(&mut command);
        self.spawn(command)
    }

    /// A command in this folder, with empty input and captured output.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path());
        command.stdin(Stdio::null());
        // Capturing a backtrace takes longer than the 200 ms halt grace.
        command.env("RUST_BACKTRACE", "0");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program with exactly these arguments to its end.
    #[track_caller]
    pub(crate) fn splashdam(&self, arguments: &[&str]) -> Ended {
        let mut command = self.command(PROGRAM);
        command.args(arguments);
        self.spawn(command).end()
    }

    /// A command that runs `program`, found in this folder or the path, as a user other than root. The folder gets a
    /// copy of the program under test that such a user may run, `splashdam`.
    pub(crate) fn unprivileged_command(&self, program: &str) -> Command {
        fs::set_permissions(self.path("."), Permissions::from_mode(0o777)).unwrap();
        fs::copy(PROGRAM, self.path("splashdam")).unwrap();
        if !rustix::process::geteuid().is_root() {
            return self.command(program);
        }
        let mut command = self.command("setpriv");
        command.args(["--reuid", &user_of_its_own(), "--clear-groups", program]);
        command
    }

    #[track_caller]
    pub(crate) fn spawn(&self, command: Command) -> Live {
        Live::spawn(command, self.path("report.json"))
    }

    /// The verdict of `splashdam verify --json` with these arguments.
    #[track_caller]
    pub(crate) fn verify(&self, arguments: &str) -> Value {
        let arguments = ["verify", "--json"]
            .into_iter()
            .chain(arguments.split_whitespace());
        let ended = self.splashdam(&arguments.collect::<Vec<_>>());
        serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
    }

    /// Fails unless these files together hold exactly so many records, each once.
    #[track_caller]
    pub(crate) fn holds_whole(&self, files: &str, records: u64) {
        let verdict = self.verify(&format!("--expect {records} {files}"));
        assert_eq!(verdict["whole"], true, "{verdict}");
    }
}

/// A user that no other test has at this time: a limit on a user's threads counts all of them.
fn user_of_its_own() -> String {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let calls = CALLS.fetch_add(1, Ordering::Relaxed);
    let number = (std::process::id() as usize + 7_919 * calls) % 40_000;
    (20_000 + number).to_string()
}

/// Polls `look` until it returns something; `None` after [`PATIENCE`].
///
/// Time in which the whole machine stood still does not count.
pub(crate) fn patiently<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let (mut waited, mut before) = (Duration::ZERO, Instant::now());
    while waited < PATIENCE {
        if let Some(seen) = look() {
            return Some(seen);
        }
        std::thread::sleep(Duration::from_millis(1)); // between two polls, not instead of one
        waited += before.elapsed().min(Duration::from_millis(50));
        before = Instant::now();
    }
    None
}

/// The arguments of a run that writes `report.json`, unless they name another report. `--workers N` is short for N
/// workers that are always active.
pub(crate) fn run_arguments(arguments: &str) -> Vec<String> {
    let report = if arguments.contains("--report") {
        ""
    } else {
        "--report report.json"
    };
    let mut words = vec!["run".to_owned()];
    let mut given = arguments
        .split_whitespace()
        .chain(report.split_whitespace());
    while let Some(word) = given.next() {
        if word == "--workers" {
            let count = given.next().unwrap().to_owned();
            words.extend([
                "--min-workers".into(),
                count.clone(),
                "--max-workers".into(),
                count,
            ]);
        } else {
            words.push(word.to_owned());
        }
    }
    words
}

/// Lines, newlines included, sorted: two files with the same lines in any order compare equal.
pub(crate) fn sorted_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

/// Says on standard error, even if output is captured, why a test cannot run here; with `SPLASHDAM_STRICT=1` it fails.
#[track_caller]
pub(crate) fn skip(reason: &str) {
    let strict = std::env::var("SPLASHDAM_STRICT").is_ok_and(|strict| strict == "1");
    assert!(!strict, "not skipped, because SPLASHDAM_STRICT=1: {reason}");
    let test = std::thread::current();
    let test = test.name().unwrap_or("a test");
    let _ = writeln!(std::io::stderr(), "skipped: {test}: {reason}");
}

/// Calls `work` with each item, several at a time, and panics if any of the calls does.
#[track_caller]
pub(crate) fn for_each<T: Sync>(items: &[T], at_a_time: usize, work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..at_a_time {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(item);
                }
            });
        }
    });
}

/// A number from the environment, such as how often to repeat a test.
pub(crate) fn wanted(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().unwrap())
}

/// The seed of a random test: printed, and taken from `SPLASHDAM_SEED` to repeat the same cases.
pub(crate) fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = wanted("SPLASHDAM_SEED", now.as_nanos() as u64);
    println!("to repeat: SPLASHDAM_SEED={seed}");
    seed
}

/// A random number generator (`SplitMix64`) whose sequence depends only on its seed.
pub(crate) struct Rng(pub(crate) u64);

impl Rng {
    /// A number in `0..end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }
}
