//! The fluent form of a configuration: a method per setting.

use std::time::Duration;

use crate::config::Config;
use crate::engine::dispatch::WhenFull;
use crate::engine::route::Route;
use crate::engine::sink_error::OnSinkError;
use crate::engine::throttle::Throttle;
use crate::sys::cpu::Pin;

/// `? name: type` is a setting that is `None` if nothing sets it.
macro_rules! setters {
    ($($group:ident { $($plain:ident: $type:ty,)* $(? $optional:ident: $inner:ty,)* })*) => {
        impl Config {
            $(
                $(
                    #[doc = concat!("Sets `", stringify!($group), ".", stringify!($plain), "`.")]
                    #[must_use]
                    pub fn $plain(mut self, $plain: $type) -> Self {
                        self.$group.$plain = $plain;
                        self
                    }
                )*
                $(
                    #[doc = concat!("Sets `", stringify!($group), ".", stringify!($optional), "`.")]
                    #[must_use]
                    pub fn $optional(mut self, $optional: $inner) -> Self {
                        self.$group.$optional = Some($optional);
                        self
                    }
                )*
            )*

            /// Sets `latency`.
            #[must_use]
            pub fn latency(mut self, latency: bool) -> Self {
                self.latency = latency;
                self
            }
        }

        #[cfg(test)]
        const SETTERS: &[&str] = &[$($(stringify!($plain),)* $(stringify!($optional),)*)* "latency"];
    };
}

setters! {
    lanes {
        channel_size: usize,
        lane_bytes: usize,
        max_record_bytes: usize,
        route: Route,
        when_full: WhenFull,
        ? throttle: Throttle,
    }
    batch {
        batch_size: usize,
        batch_bytes: usize,
        batch_timeout: Duration,
        ? pacing_rest: Duration,
    }
    scaling {
        min_workers: usize,
        max_workers: usize,
        autoscale: bool,
        autoscale_interval: Duration,
        scale_up_threshold: f64,
        scale_down_threshold: f64,
        scale_up_samples: u32,
        scale_down_samples: u32,
        scale_cooldown: Duration,
    }
    placement {
        pin: Pin,
        ? spin: Duration,
        ? cores: Vec<usize>,
        ? producer_core: usize,
    }
    stop {
        on_sink_error: OnSinkError,
        drain_timeout: Duration,
        ? count: u64,
        ? duration: Duration,
    }
}

#[cfg(test)]
mod tests {
    use super::{Config, SETTERS};

    #[test]
    fn every_setting_has_a_method() {
        let names: Vec<_> = Config::names().collect();
        assert_eq!(SETTERS, names);
    }
}
