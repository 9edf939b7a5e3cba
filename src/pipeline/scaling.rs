//! The scaler's thread: decides each interval, and has its decisions logged.

use std::io;
use std::time::Duration;

use super::logger::{Message, Messages};
use super::ticker::Ticker;
use crate::control::ScaleEvent;
use crate::control::scaler::Scaler;

/// The handle of a shard's scaler.
pub(super) struct Scaling(Ticker<(Scaler, Messages)>);

impl Scaling {
    pub(super) fn spawn(
        interval: Duration,
        scaler: Scaler,
        messages: Messages,
    ) -> io::Result<Self> {
        let tick = |(scaler, messages): &mut (Scaler, Messages)| {
            if let Some(event) = scaler.tick() {
                messages.send(Message::Scaled(event));
            }
        };
        Ticker::spawn("scaler", interval, (scaler, messages), tick).map(Self)
    }

    /// Ends it, and returns its decisions.
    pub(super) fn end(self) -> Vec<ScaleEvent> {
        let ended = self.0.end();
        ended.map_or(Vec::new(), |(scaler, _)| scaler.into_events())
    }
}
