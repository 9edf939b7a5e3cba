//! Which thread runs where, and how it waits.

use crate::cli::settings::Setting;

const GROUP: &str = "Placement";

pub(crate) static ROWS: &[Setting] = &[
    Setting::of_config(
        GROUP,
        "cores",
        "CPUS",
        "The CPUs of the workers, in turn (0,2,4-7), out of those the process may use. Default: a physical core \
         per thread as long as there are any, then SMT siblings, then shares",
    )
    .in_short("The CPUs of the workers (0,2,4-7)")
    .many(),
    Setting::of_config(
        GROUP,
        "producer_core",
        "CPU",
        "The CPU of the producer. Default: one that no worker has, if there is one",
    )
    .in_short("The CPU of the producer"),
    Setting::of_config(
        GROUP,
        "pin",
        "HOW",
        "Whether threads stay on their CPU: strict (or the run does not start), best-effort (or it warns) or off",
    )
    .in_short("How threads are pinned: strict, best-effort or off"),
    Setting::of_config(
        GROUP,
        "spin",
        "DURATION",
        "How long a wait spins before it sleeps (0 to 100ms), or auto: what a park costs on this machine, \
         measured at start, and 0 if threads share a CPU or exceed the CPU quota",
    )
    .in_short("How long a wait spins before it sleeps"),
];
