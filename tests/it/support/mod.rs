//! What every test stands on: a folder of its own, the real program in it, and a patience that ends.
//!
//! Nothing here sleeps to let something happen: a test waits for what it can see - a line, a file that grows, an end -
//! and fails when its patience is over.

pub(crate) mod library;
pub(crate) mod live;

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) use live::{Ended, Live};
use serde_json::Value;
use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_splashdam");
/// How long anything may take before the test fails: a loaded machine is slow, a lost wake-up is for ever.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Lanes that take no time to make, with batches that fit.
pub(crate) const SMALL: &str =
    "--channel-size 512 --batch-size 64 --lane-bytes 128KiB --batch-bytes 32KiB";

/// A folder of its own; the program runs in it, so that every name of a file is short.
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

    /// How long a file is; 0 where there is none.
    pub(crate) fn len(&self, name: &str) -> u64 {
        fs::metadata(self.path(name)).map_or(0, |file| file.len())
    }

    /// Puts a new directory where a file stands, in one step; the file is called `name` from then on.
    pub(crate) fn exchange(&self, file: &str, name: &str) {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        fs::create_dir(self.path(name)).unwrap();
        let [file, name] = [file, name].map(|name| self.path(name));
        renameat_with(CWD, name, CWD, file, RenameFlags::EXCHANGE).unwrap();
    }

    /// The names of all the files there are, in order.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.collect();
        names.sort();
        names
    }

    /// `splashdam run` with these arguments, to its end.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &str) -> Ended {
        self.start(arguments).end()
    }

    /// A run in a new folder, with this configuration file and these flags.
    #[track_caller]
    pub(crate) fn configured(file: &str, flags: &str) -> (Self, Ended) {
        let folder = Self::new();
        folder.write("splashdam.toml", file);
        let ended = folder.run(&format!("--config splashdam.toml {flags}"));
        (folder, ended)
    }

    /// A run to its end, with standard input from a pipe that ends.
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

    /// Starts a run; `set` may put other files in the place of the standard ones.
    #[track_caller]
    pub(crate) fn start_with(&self, arguments: &str, set: impl FnOnce(&mut Command)) -> Live {
        let mut command = self.command(PROGRAM);
        command.args(run_arguments(arguments));
        set(&mut command);
        self.spawn(command)
    }

    /// A command in this folder, with empty input, whose outputs are kept.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.0.path());
        command.stdin(Stdio::null());
        // To put one together takes longer than a halt waits for anybody.
        command.env("RUST_BACKTRACE", "0");
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    #[track_caller]
    pub(crate) fn spawn(&self, command: Command) -> Live {
        Live::spawn(command, self.path("report.json"))
    }

    /// What `splashdam verify --json` says with these arguments.
    #[track_caller]
    pub(crate) fn verify(&self, arguments: &str) -> Value {
        let mut command = self.command(PROGRAM);
        command.args(["verify", "--json"]);
        command.args(arguments.split_whitespace());
        let ended = self.spawn(command).end();
        serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
    }

    /// Fails unless these files together hold exactly so many records, each once.
    #[track_caller]
    pub(crate) fn holds_whole(&self, files: &str, records: u64) {
        let verdict = self.verify(&format!("--expect {records} {files}"));
        assert_eq!(verdict["whole"], true, "{verdict}");
    }
}

/// Looks again and again until there is something to see; none when patience is over.
///
/// Time in which the whole machine stood still does not count: nobody could do anything then.
pub(crate) fn patiently<T>(mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let (mut waited, mut before) = (Duration::ZERO, Instant::now());
    while waited < PATIENCE {
        if let Some(seen) = look() {
            return Some(seen);
        }
        std::thread::sleep(Duration::from_millis(1)); // between two looks, not instead of one
        waited += before.elapsed().min(Duration::from_millis(50));
        before = Instant::now();
    }
    None
}

/// The arguments of a run that writes `report.json`, unless they name another report. `--workers N` stands for so many
/// workers that are always active, whatever the load.
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

/// Lines, newlines included, in ascending order: what may come in any order compares equal.
pub(crate) fn sorted_lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<_> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    lines.sort_unstable();
    lines
}

/// A number from the environment, such as how often to try something.
pub(crate) fn wanted(variable: &str, otherwise: u64) -> u64 {
    let text = std::env::var(variable).ok();
    text.map_or(otherwise, |text| text.parse().unwrap())
}

/// The seed of a test that plays with chance: printed, and taken from `SPLASHDAM_SEED` to play the same game again.
pub(crate) fn seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let seed = wanted("SPLASHDAM_SEED", now.as_nanos() as u64);
    println!("to replay: SPLASHDAM_SEED={seed}");
    seed
}

/// Chance that can be repeated (`SplitMix64`).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    /// A number from 0 to `end`, which is not one of them.
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
