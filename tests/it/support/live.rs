//! A running program, and its outcome.

use std::cell::Cell;
use std::fs;
use std::io::{PipeReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;

use super::patiently;

/// A running program; killed when dropped, as by a failing test.
pub(crate) struct Live {
    child: Child,
    name: String,
    stdout: Kept,
    stderr: Kept,
    report: PathBuf,
    unread: Cell<Option<PipeReader>>,
}

/// Everything read from a stream so far.
#[derive(Default)]
struct Kept {
    bytes: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Kept {
    fn of(stream: Option<impl Read + Send + 'static>) -> Self {
        let Some(mut stream) = stream else {
            return Self::default(); // the test has that stream itself
        };
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&bytes);
        let reader = std::thread::spawn(move || {
            let mut chunk = vec![0; 64 << 10];
            while let Ok(n @ 1..) = stream.read(&mut chunk) {
                kept.lock().unwrap().extend_from_slice(&chunk[..n]);
            }
        });
        Self {
            bytes,
            reader: Some(reader),
        }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    /// All output, to the end of the stream: the program has ended.
    fn all(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        std::mem::take(&mut self.bytes.lock().unwrap())
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Live {
    #[track_caller]
    pub(super) fn spawn(mut command: Command, report: PathBuf) -> Self {
        let mut child = command.spawn().unwrap();
        Self {
            stdout: Kept::of(child.stdout.take()),
            stderr: Kept::of(child.stderr.take()),
            child,
            name: format!("{command:?}"),
            report,
            unread: Cell::new(None),
        }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Holds the other end of its standard output without reading, so that the pipe is soon full.
    pub(crate) fn keep(&self, reader: PipeReader) {
        self.unread.set(Some(reader));
    }

    /// Reads the pipe that it holds, and waits for the end.
    #[track_caller]
    pub(crate) fn end_reading(mut self) -> Ended {
        self.stdout = Kept::of(self.unread.take());
        self.end()
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends a signal.
    ///
    /// Tests that run under `nohup` or in the background of a shell may ignore some signals, and so do their children.
    #[track_caller]
    pub(crate) fn send(&self, signal: Signal) {
        let ours = status_mask("self", "SigIgn");
        let ignored = ours >> (signal.as_raw() - 1) & 1 == 1;
        // Rust's runtime ignores SIGPIPE here, but not in children.
        let passed_on = ignored && signal != Signal::PIPE;
        assert!(!passed_on, "{signal:?} is ignored in this shell");
        kill_process(self.pid(), signal).unwrap();
    }

    /// Limits the size of the files that it may write, or lifts that limit.
    #[track_caller]
    pub(crate) fn limit_file_size(&self, bytes: Option<u64>) {
        let limit = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(self.pid()), Resource::Fsize, limit).unwrap();
    }

    /// Waits until the program handles the stop signals: an earlier one would kill it.
    #[track_caller]
    pub(crate) fn wait_until_it_listens(&self) {
        self.wait_until_it_catches(&[Signal::HUP, Signal::INT, Signal::TERM, Signal::XFSZ]);
    }

    /// Waits until the program handles these signals.
    #[track_caller]
    pub(crate) fn wait_until_it_catches(&self, signals: &[Signal]) {
        let pid = self.pid().to_string();
        let wanted: u64 = signals.iter().map(|s| 1 << (s.as_raw() - 1)).sum();
        self.wait_until("takes the signals over", || {
            status_mask(&pid, "SigCgt") & wanted == wanted
        });
    }

    /// Waits until these words are on standard error.
    #[track_caller]
    pub(crate) fn wait_for_words(&self, words: &str) {
        self.wait_until(words, || self.says(words));
    }

    /// Whether these words are on standard error.
    pub(crate) fn says(&self, words: &str) -> bool {
        self.stderr.so_far().contains(words)
    }

    /// The length of standard output so far.
    pub(crate) fn stdout_len(&self) -> u64 {
        self.stdout.bytes.lock().unwrap().len() as u64
    }

    /// Waits until it has used that many hundredths of a second of CPU time, or has ended.
    #[track_caller]
    pub(crate) fn wait_until_it_has_used(&self, ticks: u64) {
        let path = format!("/proc/{}/stat", self.pid());
        self.wait_until("it works", || {
            let stat = fs::read_to_string(&path).unwrap_or_default();
            let fields = stat.rsplit(')').next().unwrap_or_default();
            let fields: Vec<_> = fields.split_whitespace().collect();
            let used = |n: usize| fields.get(n).and_then(|f| f.parse::<u64>().ok());
            let used = used(11).zip(used(12)).map(|(user, system)| user + system);
            fields.first() == Some(&"Z") || used.is_none_or(|used| used >= ticks)
        });
    }

    /// The number of lines on standard error that begin so.
    pub(crate) fn lines(&self, beginning: &str) -> usize {
        let stderr = self.stderr.so_far();
        stderr.lines().filter(|l| l.starts_with(beginning)).count()
    }

    /// Waits until `seen` returns true.
    #[track_caller]
    pub(crate) fn wait_until(&self, what: &str, mut seen: impl FnMut() -> bool) {
        if patiently(|| seen().then_some(())).is_none() {
            self.give_up(&format!("never seen: {what}"));
        }
    }

    #[track_caller]
    fn give_up(&self, why: &str) -> ! {
        panic!("{why}\n{}\n{}", self.name, self.stderr.so_far());
    }

    /// Sends a signal again and again until `seen` returns true, as an impatient person does: the first ones may come
    /// too early to count.
    #[track_caller]
    pub(crate) fn insist(&self, signal: Signal, what: &str, mut seen: impl FnMut() -> bool) {
        self.wait_until(what, || {
            self.send(signal);
            seen()
        });
    }

    /// Sends a signal again and again until it has ended.
    #[track_caller]
    pub(crate) fn end_insisting(mut self, signal: Signal) -> Ended {
        let ended = patiently(|| {
            self.send(signal);
            self.child.try_wait().unwrap()
        });
        self.ended(ended)
    }

    /// Waits for its end.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let ended = patiently(|| self.child.try_wait().unwrap());
        self.ended(ended)
    }

    #[track_caller]
    fn ended(mut self, status: Option<ExitStatus>) -> Ended {
        let Some(status) = status else {
            self.give_up("it did not end");
        };
        let report = fs::read(&self.report).unwrap_or_default();
        Ended {
            name: self.name.clone(),
            code: status.code(),
            stdout: self.stdout.all(),
            stderr: String::from_utf8_lossy(&self.stderr.all()).into_owned(),
            report: serde_json::from_slice(&report).unwrap_or_default(),
        }
    }
}

/// A signal mask of a process, from `/proc`; bit 0 is signal 1.
fn status_mask(process: &str, mask: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let mut lines = status.lines().filter_map(|line| line.split_once(":\t"));
    let hex = lines.find_map(|(name, hex)| (name == mask).then_some(hex));
    hex.map_or(0, |hex| u64::from_str_radix(hex, 16).unwrap())
}

/// The outcome of a program.
#[derive(Debug)]
pub(crate) struct Ended {
    name: String,
    /// `None` if a signal killed it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
    /// The report; null if none was written.
    pub(crate) report: Value,
}

impl Ended {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.name, self.stderr);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &str) -> Self {
        let Self { name, stderr, .. } = &self;
        assert!(
            stderr.contains(words),
            "not said: {words}\n{name}\n{stderr}"
        );
        self
    }

    /// A figure of the report, by its path (`/ledger/produced`).
    #[track_caller]
    pub(crate) fn figure(&self, path: &str) -> u64 {
        let Self { report, stderr, .. } = self;
        let figure = report.pointer(path).and_then(Value::as_u64);
        figure.unwrap_or_else(|| panic!("no {path} in {report}\n{stderr}"))
    }

    /// A figure of the report that may have a fraction.
    #[track_caller]
    pub(crate) fn measure(&self, path: &str) -> f64 {
        let measure = self.report.pointer(path).and_then(Value::as_f64);
        measure.unwrap_or_else(|| panic!("no {path} in {}", self.report))
    }

    /// A figure of each worker's entry.
    #[track_caller]
    pub(crate) fn of_workers(&self, path: &str) -> Vec<u64> {
        let workers = self.report["workers"].as_array().unwrap().iter();
        let figures = workers.map(|worker| worker.pointer(path).and_then(Value::as_u64));
        figures
            .collect::<Option<_>>()
            .unwrap_or_else(|| panic!("no {path} in {}", self.report))
    }

    /// Checks the sums of the ledger, in total and over the workers.
    #[track_caller]
    pub(crate) fn balances(self) -> Self {
        let of = |name: &str| self.figure(&format!("/ledger/{name}"));
        let reasons = self.report["ledger"]["dropped_by_reason"].as_object();
        let by_reason = reasons.unwrap().values().map(|n| n.as_u64().unwrap());
        let (produced, delivered, dropped) = (of("produced"), of("delivered"), of("dropped"));
        let report = &self.report;
        assert_eq!(report["ledger"]["balanced"], true, "{report}");
        assert_eq!(
            produced,
            delivered + dropped + of("spilled") + of("abandoned"),
            "{report}"
        );
        assert_eq!(by_reason.sum::<u64>(), dropped, "{report}");
        assert_eq!(
            self.of_workers("/records").iter().sum::<u64>(),
            delivered,
            "{report}"
        );
        self
    }

    /// Checks that everything produced was delivered, with exit code 0.
    #[track_caller]
    pub(crate) fn delivers_everything(self) -> Self {
        let ended = self.exits(0).balances();
        let ledger = &ended.report["ledger"];
        assert_eq!(ledger["produced"], ledger["delivered"], "{ledger}");
        ended
    }
}
