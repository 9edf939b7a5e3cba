//! The monitor: looks which worker does not move. It logs through the logger, so that neither a flood of other messages
//! nor a logger that is blocked keeps it from looking.

use std::io;
use std::time::Duration;

use super::logger::{Message, Messages};
use super::ticker::Ticker;
use crate::control::stall_detector::StallDetector;

/// How often the stall detectors run.
const INTERVAL: Duration = Duration::from_millis(500);

/// The handle of the monitor's thread.
pub(super) struct Monitor(Ticker<Watch>);

/// What that thread owns.
struct Watch {
    detectors: Vec<StallDetector>,
    messages: Messages,
}

impl Watch {
    fn look(&mut self) {
        for stall in self.detectors.iter_mut().flat_map(StallDetector::tick) {
            self.messages.send(Message::Stall(stall));
        }
    }
}

impl Monitor {
    pub(super) fn spawn(detectors: Vec<StallDetector>, messages: Messages) -> io::Result<Self> {
        let watch = Watch {
            detectors,
            messages,
        };
        Ticker::spawn("monitor", INTERVAL, watch, Watch::look).map(Self)
    }

    /// Looks for the last time, and ends the thread.
    pub(super) fn end(self) {
        if let Some(mut watch) = self.0.end() {
            watch.look();
        }
    }
}
