//! The control groups of this process and their ancestors, and their files.

use std::fs;
use std::path::{Path, PathBuf};

/// Where the hierarchies are mounted.
pub(crate) const MOUNT: &str = "/sys/fs/cgroup";

/// The groups of this process, as Linux lists them.
pub(crate) fn of_this_process() -> String {
    fs::read_to_string("/proc/self/cgroup").unwrap_or_default()
}

/// Reads a value from the groups of a process and their ancestors, in any order: `v2` and `v1` read it from a group's
/// folder, `v1` from those of the `controller`.
///
/// `of_process` is the text of `/proc/self/cgroup`. See Linux' `Documentation/admin-guide/cgroup-v2.rst`.
pub(crate) fn read_hierarchy<T>(
    of_process: &str,
    mount: &Path,
    controller: &str,
    v2: impl Fn(&Path) -> Option<T>,
    v1: impl Fn(&Path) -> Option<T>,
) -> Vec<T> {
    let mut said = Vec::new();
    for (controllers, path) in of_process.lines().filter_map(parse_line) {
        if controllers.is_empty() {
            // Version 2; where both versions are mounted, systemd puts it in a folder of its own.
            for root in [mount.to_owned(), mount.join("unified")] {
                said.extend(upward(&root, path).filter_map(|group| v2(&group)));
            }
        } else if controllers.split(',').any(|name| name == controller) {
            let mut roots = vec![mount.join(controllers), mount.join(controller)];
            roots.dedup();
            for root in roots {
                said.extend(upward(&root, path).filter_map(|group| v1(&group)));
            }
        }
    }
    said
}

/// A file of a group.
pub(crate) fn text(path: &Path) -> Option<String> {
    fs::read_to_string(path).ok()
}

/// The controllers and the path of one line: `4:cpu,cpuacct:/a/b`, or `0::/a/b` for version 2.
fn parse_line(line: &str) -> Option<(&str, &str)> {
    let (_, line) = line.split_once(':')?;
    line.split_once(':')
}

/// A group and its ancestors. Inside a container the path may be the host's, of which only the top is mounted, or lead
/// out of what is (`/..`).
fn upward(root: &Path, path: &str) -> impl Iterator<Item = PathBuf> {
    let path = if path.contains("..") { "" } else { path };
    let groups = Path::new(path.trim_start_matches('/')).ancestors();
    groups.map(|group| root.join(group))
}
