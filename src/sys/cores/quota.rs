//! How much CPU time the control groups grant, beside which CPUs: a container limited to 1.5 CPUs still sees them all.

use std::fs;
use std::path::Path;

/// The tightest quota on the way up from this process's control groups, in CPUs; none where there is none, or none can
/// be read.
///
/// `of_process` is the text of `/proc/self/cgroup`, `mount` where the hierarchies are mounted: `/sys/fs/cgroup`. See
/// Linux' `Documentation/admin-guide/cgroup-v2.rst` and `Documentation/scheduler/sched-bwc.rst`.
pub(super) fn read(of_process: &str, mount: &Path) -> Option<f64> {
    let mut quotas = Vec::new();
    for (controllers, path) in of_process.lines().filter_map(parse_line) {
        if controllers.is_empty() {
            // Version 2; where both versions are mounted, systemd puts it in a folder of its own.
            for root in [mount.to_owned(), mount.join("unified")] {
                quotas.extend(upward(&root, path, |group| {
                    parse_v2(&text(&group.join("cpu.max"))?)
                }));
            }
        } else if controllers.split(',').any(|name| name == "cpu") {
            for root in [mount.join(controllers), mount.join("cpu")] {
                quotas.extend(upward(&root, path, |group| {
                    let quota = text(&group.join("cpu.cfs_quota_us"))?;
                    parse_v1(&quota, &text(&group.join("cpu.cfs_period_us"))?)
                }));
            }
        }
    }
    quotas.into_iter().min_by(f64::total_cmp)
}

/// The controllers and the path of one line: `4:cpu,cpuacct:/a/b`, or `0::/a/b` for version 2.
fn parse_line(line: &str) -> Option<(&str, &str)> {
    let (_, line) = line.split_once(':')?;
    line.split_once(':')
}

/// The quotas of a group and its ancestors. Inside a container the path may be the host's, of which only the top is
/// mounted, or lead out of what is (`/..`).
fn upward(root: &Path, path: &str, quota: impl Fn(&Path) -> Option<f64>) -> Vec<f64> {
    let path = if path.contains("..") { "" } else { path };
    let groups = Path::new(path.trim_start_matches('/')).ancestors();
    groups
        .filter_map(|group| quota(&root.join(group)))
        .collect()
}

fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// `cpu.max`: `max 100000`, or microseconds of CPU time and the period they are granted for, `150000 100000`.
fn parse_v2(text: &str) -> Option<f64> {
    let (quota, period) = text.trim().split_once(' ')?;
    ratio(quota, period)
}

/// `cpu.cfs_quota_us`, -1 for none, and `cpu.cfs_period_us`.
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

    use tempfile::TempDir;

    use super::{parse_v1, parse_v2, read};

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
        // A path of which nothing is mounted here.
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
}
