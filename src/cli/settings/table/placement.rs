//! Which thread runs where, and how it waits.

use serde_json::Value;

use crate::cli::settings::Setting;
use crate::cli::settings::table::setting;
use crate::cli::settings::values::{cpus, duration, parse, text_of};
use crate::sys::cpu::CpuList;

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
                job.config
                    .placement
                    .cores
                    .get_or_insert_default()
                    .extend(named);
                Ok(())
            },
            |job| match &job.config.placement.cores {
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
                job.config.placement.producer_core = Some(cpu);
                Ok(())
            }
            _ => Err("expected one CPU".into()),
        },
        |job| job.config.placement.producer_core.into(),
    ),
    setting(
        GROUP,
        "pin",
        "HOW",
        "Whether threads stay on their CPU: strict (or the run does not start), best-effort (or it warns) or off",
        |job, text| parse(text, &mut job.config.placement.pin),
        |job| job.config.placement.pin.to_string().into(),
    ),
    setting(
        GROUP,
        "spin",
        "DURATION",
        "How long a wait spins before it sleeps (0 to 100ms), or auto: what a park costs here, measured at start, and 0 \
         where threads share a CPU or exceed the CPU quota",
        |job, text| {
            let spin = (text != "auto").then(|| duration(text)).transpose();
            job.config.placement.spin = spin.map_err(|expected| format!("{expected}, or auto"))?;
            Ok(())
        },
        |job| job.config.placement.spin.map_or("auto".into(), text_of),
    ),
];
