//! Events of the library - scaling steps, warnings - and panics, as lines on standard error.

use std::fmt::{Debug, Write};
use std::panic::PanicHookInfo;

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::report::format::Kind;
use crate::report::say_as;

/// How much a run says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    /// Errors.
    Errors,
    /// Also warnings and the end, and nothing that says only how it goes on.
    NoProgress,
    /// Everything.
    All,
}

/// Prints events and panics from now on.
pub(crate) fn print_events(verbosity: Verbosity) {
    let level = match verbosity {
        Verbosity::Errors => LevelFilter::ERROR,
        Verbosity::NoProgress | Verbosity::All => LevelFilter::INFO,
    };
    let subscriber = tracing_subscriber::registry().with(level);
    // Fails only if the process already has a subscriber, which then prints.
    let _ = subscriber.with(Lines(verbosity)).try_init();
    std::panic::set_hook(Box::new(print_panic));
}

/// As the standard library prints it, but without waiting for standard error.
fn print_panic(panic: &PanicHookInfo<'_>) {
    let thread = std::thread::current();
    let name = thread.name().unwrap_or("<unnamed>");
    say_as(Kind::Error, format_args!("thread '{name}' {panic}"));
}

/// The message alone: the fields are for subscribers that keep them.
struct Lines(Verbosity);

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if self.0 < Verbosity::All && metadata.target() == crate::control::SCALING {
            return;
        }
        let kind = match *metadata.level() {
            Level::ERROR => Kind::Error,
            Level::WARN => Kind::Warning,
            _ => Kind::Info,
        };
        let mut message = Message(String::new());
        event.record(&mut message);
        say_as(kind, message.0);
    }
}

struct Message(String);

impl Visit for Message {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            // Writing to a string does not fail.
            let _ = write!(self.0, "{value:?}");
        }
    }
}
