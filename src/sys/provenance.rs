//! Where and when figures were made: the machine, the system and the build. Without them figures cannot be compared.

use std::fs;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Deserializer, Serialize};

use crate::sys::cpu::Machine;

/// Where and when a run was made: what a reader must know to compare its figures with others. A field is `None` if the
/// system does not provide it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Provenance {
    /// The processor's name, from `/proc/cpuinfo`.
    #[serde(deserialize_with = "nullable")]
    pub cpu_model: Option<String>,
    /// CPUs that the process may use.
    pub cpus: usize,
    /// The system and its release, such as `Linux 6.12.0`.
    #[serde(deserialize_with = "nullable")]
    pub kernel: Option<String>,
    /// The frequency governor of the first CPU.
    #[serde(deserialize_with = "nullable")]
    pub governor: Option<String>,
    /// How many CPUs' worth of time the process's control group may use; `None` if nothing limits it.
    #[serde(deserialize_with = "nullable")]
    pub cgroup_cpu_quota: Option<f64>,
    /// What the kernel reads the time from: `tsc` takes some 25 ns, `hpet` or `acpi_pm` a microsecond.
    #[serde(deserialize_with = "nullable")]
    pub clocksource: Option<String>,
    /// The machine's memory, in bytes.
    #[serde(deserialize_with = "nullable")]
    pub memory_bytes: Option<u64>,
    /// The compiler that built the program.
    pub rustc: String,
    /// The commit that the program was built from; changes that were not committed do not show.
    pub git_commit: Option<String>,
    /// `release` or `debug`.
    pub profile: String,
    /// The process's command line, word by word.
    pub command_line: Vec<String>,
    /// When the run began, in seconds since 1970 (UTC).
    pub began_unix_s: f64,
}

impl Provenance {
    /// Reads it from the system, for a run that began at this time. Call it on a thread that is not pinned.
    pub(crate) fn read(began: SystemTime) -> Self {
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
            rustc: env!("SPLASHDAM_RUSTC").to_owned(),
            git_commit: option_env!("SPLASHDAM_COMMIT").map(str::to_owned),
            profile: if cfg!(debug_assertions) {
                "debug".to_owned()
            } else {
                "release".to_owned()
            },
            command_line: std::env::args_os()
                .map(|arg| arg.to_string_lossy().into_owned())
                .collect(),
            began_unix_s: began
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default()
                .as_secs_f64(),
        }
    }
}

/// Reads a key that may be null but must not be missing; without this a missing `Option` counts as null.
///
/// # Errors
///
/// When the value is neither null nor a `T`.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

/// The first line of a file; `None` if it is empty or cannot be read.
fn line(path: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().next()?.trim().to_owned();
    (!line.is_empty()).then_some(line)
}

/// The value after `key:` in a file of `/proc`.
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
    use std::time::{Duration, UNIX_EPOCH};

    use super::{Provenance, bytes};

    #[test]
    fn the_build_and_the_command_line_are_always_known() {
        let here = Provenance::read(UNIX_EPOCH + Duration::from_millis(1_500));
        assert!(here.rustc.starts_with("rustc 1."), "{}", here.rustc);
        assert!(!here.command_line.is_empty());
        assert_eq!(here.profile, "debug");
        assert!((here.began_unix_s - 1.5).abs() < 1e-9);
    }

    #[test]
    fn memory_is_told_in_bytes() {
        assert_eq!(bytes("24683640 kB"), Some(25_276_047_360));
        assert_eq!(bytes("24683640"), None);
    }
}
