//! Where figures were made: the machine, the system and the build. A figure without them compares with nothing.

use std::fs;

use serde::Serialize;

use crate::sys::cpu::Machine;

/// What a reader must know of the machine to compare a figure with another. What the system does not tell is null.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Provenance {
    cpu_model: Option<String>,
    /// CPUs that the process may use.
    cpus: usize,
    kernel: Option<String>,
    /// The frequency governor of the first CPU.
    governor: Option<String>,
    cgroup_cpu_quota: Option<f64>,
    /// What the kernel reads the time from: `tsc` takes some 25 ns, `hpet` or `acpi_pm` a microsecond.
    clocksource: Option<String>,
    memory_bytes: Option<u64>,
    rustc: &'static str,
    git_commit: Option<&'static str>,
    profile: &'static str,
    command_line: Vec<String>,
}

impl Provenance {
    /// Reads it. Call it on a thread that is not pinned.
    pub(crate) fn read() -> Self {
        let machine = Machine::read();
        Self {
            cpu_model: entry("/proc/cpuinfo", "model name")
                .or_else(|| entry("/proc/cpuinfo", "Model")),
            cpus: machine.cpus.len(),
            kernel: line("/proc/sys/kernel/osrelease").map(|release| format!("Linux {release}")),
            governor: line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            cgroup_cpu_quota: machine.quota,
            clocksource: line("/sys/devices/system/clocksource/clocksource0/current_clocksource"),
            memory_bytes: entry("/proc/meminfo", "MemTotal").and_then(|text| bytes(&text)),
            rustc: env!("SPLASHDAM_RUSTC"),
            git_commit: option_env!("SPLASHDAM_COMMIT"),
            profile: if cfg!(debug_assertions) {
                "debug"
            } else {
                "release"
            },
            command_line: std::env::args_os()
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect(),
        }
    }
}

/// The first line of a file; none where it is empty, or cannot be read.
fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// The value behind `key:` in a file of `/proc`.
fn entry(path: &str, key: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let mut entries = text.lines().filter_map(|line| line.split_once(':'));
    entries.find_map(|(name, value)| (name.trim() == key).then(|| value.trim().to_owned()))
}

/// `24683640 kB`, in bytes.
fn bytes(text: &str) -> Option<u64> {
    let kib: u64 = text.strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::{Provenance, bytes};

    #[test]
    fn the_build_and_the_command_line_are_always_known() {
        let here = Provenance::read();
        assert!(here.rustc.starts_with("rustc 1."), "{}", here.rustc);
        assert!(!here.command_line.is_empty());
        assert_eq!(here.profile, "debug");
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(bytes("24683640 kB"), Some(25_276_047_360));
        assert_eq!(bytes("24683640"), None);
    }
}
