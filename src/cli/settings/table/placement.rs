//! Which thread runs where, and how it waits.

use serde_json::Value;

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{cpus, duration, text_of};
use crate::sys::cpu::{CpuList, Pin};

const GROUP: &str = "Placement";

pub(crate) static ROWS: &[Setting] = &[
    Setting {
        many: true,
        ..setting(
            GROUP,
            "cores",
            "CPUS",
            "The CPUs of the workers, in turn (0,2,4-7), out of those the process may use. Unset: a physical core per \
             thread as long as there are any, then SMT siblings, then shares",
            |job, text| {
                let named = cpus(text)?;
                job.config.cores.get_or_insert_default().extend(named);
                Ok(())
            },
            |job| match &job.config.cores {
                Some(cores) => CpuList(cores).to_string().into(),
                None => Value::Null,
            },
        )
    },
    setting(
        GROUP,
        "producer_core",
        "CPU",
        "The CPU of the producer. Unset: one that no worker has, if there is one",
        |job, text| match cpus(text)?[..] {
            [cpu] => {
                job.config.producer_core = Some(cpu);
                Ok(())
            }
            _ => Err("expected one CPU".into()),
        },
        |job| job.config.producer_core.into(),
    ),
    setting(
        GROUP,
        "pin",
        "HOW",
        "Whether threads stay on their CPU: strict (or the run does not start), best-effort (or it warns) or off",
        |job, text| {
            job.config.pin = match text {
                "strict" => Pin::Strict,
                "best-effort" => Pin::BestEffort,
                "off" => Pin::Off,
                _ => return Err("expected strict, best-effort or off".into()),
            };
            Ok(())
        },
        |job| match job.config.pin {
            Pin::Strict => "strict".into(),
            Pin::BestEffort => "best-effort".into(),
            Pin::Off => "off".into(),
        },
    ),
    setting(
        GROUP,
        "spin",
        "DURATION",
        "How long a wait spins before it sleeps (0 to 100ms), or auto: what a park costs here, measured at start, and 0 \
         where threads share a CPU or exceed the CPU quota",
        |job, text| {
            let spin = (text != "auto").then(|| duration(text)).transpose();
            job.config.spin = spin.map_err(|expected| format!("{expected}, or auto"))?;
            Ok(())
        },
        |job| job.config.spin.map_or("auto".into(), text_of),
    ),
];
