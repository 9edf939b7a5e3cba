//! How much CPU time the control groups grant. This is independent of the set of CPUs: a container limited to 1.5 CPUs
//! still sees all of them.

use std::path::Path;
use std::time::Duration;

use crate::sys::cgroup::{read_hierarchy, text};

/// Returns the tightest quota of this process's control groups and their ancestors, in CPUs; `None` if there is none,
/// or none that can be read.
///
/// `of_process` is the text of `/proc/self/cgroup`, and `mount` the folder where the hierarchies are mounted, which is
/// `/sys/fs/cgroup`. See Linux' `Documentation/scheduler/sched-bwc.rst`.
pub(super) fn read(of_process: &str, mount: &Path) -> Option<f64> {
    let v2 = |group: &Path| parse_v2(&text(&group.join("cpu.max"))?);
    let v1 = |group: &Path| {
        let quota = text(&group.join("cpu.cfs_quota_us"))?;
        parse_v1(&quota, &text(&group.join("cpu.cfs_period_us"))?)
    };
    let quotas = read_hierarchy(of_process, mount, "cpu", v2, v1);
    quotas.into_iter().min_by(f64::total_cmp)
}

/// Returns how long the same groups have been kept from running so far because a quota was used up: the longest time of
/// any of them.
pub(super) fn throttled(of_process: &str, mount: &Path) -> Duration {
    let figure = |group: &Path, key: &str| {
        let stat = text(&group.join("cpu.stat"))?;
        let mut entries = stat.lines().filter_map(|line| line.split_once(' '));
        entries.find_map(|(name, n)| (name == key).then(|| n.trim().parse().ok())?)
    };
    let v2 = |group: &Path| figure(group, "throttled_usec").map(Duration::from_micros);
    let v1 = |group: &Path| figure(group, "throttled_time").map(Duration::from_nanos);
    let times = read_hierarchy(of_process, mount, "cpu", v2, v1);
    times.into_iter().max().unwrap_or_default()
}

/// Parses `cpu.max`: `max 100000`, or microseconds of CPU time and the period they are granted for, `150000 100000`.
fn parse_v2(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    ratio(quota, period)
}

/// Parses `cpu.cfs_quota_us`, which is -1 without a quota, and `cpu.cfs_period_us`.
fn parse_v1(quota: &str, period: &str) -> Option<f64> {
    ratio(quota.trim(), period.trim())
}

fn ratio(quota: &str, period: &str) -> Option<f64> {
    let (quota, period): (u32, u32) = (quota.parse().ok()?, period.parse().ok()?);
    (quota > 0 && period > 0).then(|| f64::from(quota) / f64::from(period))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use tempfile::TempDir;

    use super::{parse_v1, parse_v2, read, throttled};

    fn tree(files: &[(&str, &str)]) -> TempDir {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = root.path().join(path);
            let folder = path.parent().expect("below the root");
            fs::create_dir_all(folder).expect("a folder in a temporary one");
            fs::write(path, format!("{text}\n")).expect("a file in a temporary folder");
        }
        root
    }

    #[test]
    fn a_quota_is_time_over_period_and_no_quota_is_none() {
        assert_eq!(parse_v2("150000 100000\n"), Some(1.5));
        assert_eq!(parse_v1("50000\n", "100000\n"), Some(0.5));
        for none in ["max 100000", "", "max", "0 100000", "1 0", "a b"] {
            assert_eq!(parse_v2(none), None, "{none:?}");
        }
        assert_eq!(parse_v1("-1", "100000"), None);
    }

    #[test]
    fn the_tightest_ancestor_counts() {
        let root = tree(&[
            ("cpu.max", "max 100000"),
            ("a/cpu.max", "200000 100000"),
            ("a/b/cpu.max", "400000 100000"),
        ]);
        assert_eq!(read("0::/a/b\n", root.path()), Some(2.0));
        assert_eq!(read("0::/a\n", root.path()), Some(2.0));
        assert_eq!(read("0::/\n", root.path()), None);
        // A group that is not mounted here.
        assert_eq!(read("0::/a/b/elsewhere\n", root.path()), Some(2.0));
    }

    #[test]
    fn a_container_whose_path_is_the_hosts_sees_its_own_quota_at_the_top() {
        let root = tree(&[
            ("cpu,cpuacct/cpu.cfs_quota_us", "150000"),
            ("cpu,cpuacct/cpu.cfs_period_us", "100000"),
        ]);
        let groups = "5:memory:/docker/f00\n4:cpu,cpuacct:/docker/f00\n0::/docker/f00\n";
        assert_eq!(read(groups, root.path()), Some(1.5));
        let root = tree(&[("x/cpu.max", "1 1"), ("cpu.max", "30000 10000")]);
        assert_eq!(read("0::/../x\n", root.path()), Some(3.0));
    }

    #[test]
    fn both_versions_may_be_there_at_once() {
        let root = tree(&[
            ("cpu/job/cpu.cfs_quota_us", "-1"),
            ("cpu/job/cpu.cfs_period_us", "100000"),
            ("unified/job/cpu.max", "70000 100000"),
        ]);
        let groups = "2:cpu:/job\n1:cpuset:/job\n0::/job\n";
        assert_eq!(read(groups, root.path()), Some(0.7));
    }

    #[test]
    fn nonsense_and_absence_are_no_quota() {
        let root = tree(&[]);
        for groups in ["", "\n", "0", "a:b", "0::", ":::", "0::/x\n1:cpu:/y"] {
            assert_eq!(read(groups, root.path()), None, "{groups:?}");
        }
    }

    #[test]
    fn the_longest_time_that_any_ancestor_was_stopped_for_counts() {
        let v2 = "usage_usec 9\nnr_throttled 3\nthrottled_usec 2500";
        let root = tree(&[("a/cpu.stat", v2), ("cpu.stat", "throttled_usec 40")]);
        assert_eq!(throttled("0::/a/b\n", root.path()).as_micros(), 2_500);
        let root = tree(&[("cpu/job/cpu.stat", "nr_throttled 3\nthrottled_time 7000")]);
        assert_eq!(throttled("2:cpu:/job\n", root.path()).as_micros(), 7);
        let root = tree(&[("cpu.stat", "usage_usec 1\nthrottled_usec x")]);
        assert_eq!(throttled("0::/\n", root.path()), Duration::ZERO);
    }
}
