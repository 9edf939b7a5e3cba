//! Standard error. During a run one thread writes to it, from a bounded queue, because it may be a pipe that nobody
//! reads, or a terminal that Ctrl-S has stopped: nothing else waits for it.
//!
//! ```text
//!   say, events, panics, metrics, summary --post--> queue --Writer--> standard error, above the progress bar
//! ```
//!
//! Invariants:
//! * What does not fit into the queue is counted, and said when there is room again. Half of the queue is kept from
//!   metrics; the summary, and errors that decide the exit code, always fit.
//! * At the end the writer gets time as long as it makes progress, but not for ever.
//! * Before the writer begins, and in commands other than `run`, lines are written at once.

mod flow;
mod writer;

use std::fmt::Display;
use std::io::{self, Write};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use flow::Flow;
use serde_json::{Map, Value, json};
use writer::Entry;
pub(crate) use writer::Writer;

use crate::outcome::report::Interval;
use crate::outcome::{Report, Snapshot};
use crate::report::format::{Format, Kind, style};
use crate::report::metrics_line::metrics_line;
use crate::report::progress::Goal;
use crate::report::summary::Summary;
use crate::sys::mailbox::Mailbox;

/// How many messages may wait to be written.
const MESSAGES_MAX: usize = 256;

/// Set as long as there is a writer.
static CONSOLE: RwLock<Option<Console>> = RwLock::new(None);

/// The queue to the writer, and how far the writer has come.
#[derive(Clone, Debug)]
struct Console {
    queue: Mailbox<Entry>,
    flow: Arc<Flow>,
}

impl Console {
    fn new() -> Self {
        Self {
            queue: Mailbox::holding(MESSAGES_MAX),
            flow: Arc::default(),
        }
    }
}

/// Queues what is said from now on, for a writer that the caller runs on a thread of its own.
pub(crate) fn begin() -> Writer {
    let Console { queue, flow } = Console::new();
    let writer = Writer::new(queue.clone(), Arc::clone(&flow));
    *CONSOLE.write().unwrap_or_else(PoisonError::into_inner) = Some(Console { queue, flow });
    writer
}

fn console() -> Option<Console> {
    let console = CONSOLE.read().unwrap_or_else(PoisonError::into_inner);
    console.clone()
}

/// Gives the writer up, which has no thread: lines are written at once.
pub(crate) fn write_at_once() {
    *CONSOLE.write().unwrap_or_else(PoisonError::into_inner) = None;
}

/// Lets the writer write what is queued, and waits for it as long as it makes progress, but not for ever. Nothing more
/// is said after that.
pub(crate) fn finish() {
    if let Some(Console { queue, flow }) = console() {
        queue.close();
        flow.wait_for_the_end();
    }
}

/// Queues a line of information for standard error. Never waits, and cannot fail.
pub(crate) fn say(line: impl Display) {
    say_as(Kind::Info, line);
}

/// Queues a line: see [`say`].
pub(crate) fn say_as(kind: Kind, line: impl Display) {
    let line = style().message(kind, &line.to_string(), SystemTime::now());
    post(Entry::Message(line), Mailbox::post);
}

/// Queues an error that must not be lost: why a run did not start, or how it ended.
pub(crate) fn say_error(line: impl Display) {
    let line = style().message(Kind::Error, &line.to_string(), SystemTime::now());
    post(Entry::Message(line), Mailbox::post_anyway);
}

/// Queues the line of the interval that ends with this snapshot, and moves the progress bar.
pub(crate) fn show_interval(now: &Snapshot) {
    let (style, at) = (style(), SystemTime::now());
    let line = match style.format {
        Format::Text => style.message(Kind::Metrics, &metrics_line(now), at),
        Format::Json => style.object(
            Kind::Metrics,
            object(json!(Interval::from(&now.interval))),
            at,
        ),
    };
    post(
        Entry::Interval(line, Box::new(*now)),
        Mailbox::post_to_first_half,
    );
}

/// Removes the progress bar and queues the summary of a run, with its exit code.
pub(crate) fn show_summary(report: &Report, exit_code: u8) {
    let (style, at) = (style(), SystemTime::now());
    let line = match style.format {
        Format::Text => {
            let summary = format!("Program finished\n{}", Summary(report));
            style.message(Kind::Summary, &summary, at)
        }
        Format::Json => style.object(Kind::Summary, figures(report, exit_code), at),
    };
    post(Entry::EndBar, Mailbox::post_anyway);
    post(Entry::Message(line), Mailbox::post_anyway);
}

/// Draws a progress bar on standard error, which the caller knows to be a terminal.
pub(crate) fn begin_bar(goal: Goal) {
    post(Entry::BeginBar(goal), Mailbox::post_anyway);
}

/// The figures of a run in one line: the parts of the report that do not grow with the run.
fn figures(report: &Report, exit_code: u8) -> Map<String, Value> {
    const PARTS: [&str; 8] = [
        "stop",
        "throughput",
        "latency",
        "backpressure",
        "sinks",
        "ledger",
        "validity",
        "flushes",
    ];
    let mut figures = object(json!(report));
    figures.retain(|key, _| PARTS.contains(&key.as_str()));
    figures.insert("exit_code".into(), exit_code.into());
    figures
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => Map::from_iter([("value".to_owned(), other)]),
    }
}

fn post(entry: Entry, how: fn(&Mailbox<Entry>, Entry)) {
    match (console(), entry) {
        (Some(console), entry) => how(&console.queue, entry),
        // A failure is ignored: there is no place left to report it.
        (None, Entry::Message(line) | Entry::Interval(line, _)) => {
            let _ = io::stderr().write_all(line.as_bytes());
        }
        (None, _) => {}
    }
}
