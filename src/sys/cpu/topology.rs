//! Which CPUs share a physical core, and which cores share a package, read from sysfs.

use std::fs;
use std::path::Path;
use std::str::FromStr;

use crate::sys::cpu::cpulist;

/// A CPU: what the scheduler can put a thread on, a physical core or one of its SMT siblings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cpu {
    pub(crate) id: usize,
    /// Its physical core, identified by the lowest CPU id on it; `None` if the system does not say.
    pub(crate) core: Option<usize>,
    /// Its package (socket); all CPUs whose package is unknown count as one.
    pub(crate) package: Option<i64>,
}

/// Looks each of these CPUs up in `sysfs`, which is `/sys/devices/system/cpu` or a tree like it. See Linux'
/// `Documentation/admin-guide/cputopology.rst`.
pub(super) fn read(sysfs: &Path, ids: &[usize]) -> Vec<Cpu> {
    let mut seen = Vec::new();
    ids.iter()
        .map(|&id| {
            let folder = sysfs.join(format!("cpu{id}")).join("topology");
            let package = number(&folder.join("physical_package_id"));
            let core_id = number::<i64>(&folder.join("core_id"));
            let core = siblings(&folder).or_else(|| {
                // core_id is unique within a package only.
                let key = (package, core_id?);
                let first = seen.iter().find(|(other, _)| *other == key);
                let first = first.map_or(id, |(_, first)| *first);
                seen.push((key, first));
                Some(first)
            });
            Cpu { id, core, package }
        })
        .collect()
}

fn siblings(topology: &Path) -> Option<usize> {
    let list = fs::read_to_string(topology.join("thread_siblings_list")).ok()?;
    cpulist::parse(&list).ok()?.into_iter().min()
}

fn number<T: FromStr>(path: &Path) -> Option<T> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::{Cpu, read};

    /// A tree of `(cpu, file, text)`.
    fn tree(files: &[(usize, &str, &str)]) -> TempDir {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (cpu, file, text) in files {
            let folder = root.path().join(format!("cpu{cpu}/topology"));
            fs::create_dir_all(&folder).expect("a folder in a temporary one");
            let text = format!("{text}\n");
            fs::write(folder.join(file), text).expect("a file in a temporary folder");
        }
        root
    }

    fn cores(root: &TempDir, ids: &[usize]) -> Vec<Option<usize>> {
        let cpus = read(root.path(), ids).into_iter();
        cpus.map(|cpu| cpu.core).collect()
    }

    #[test]
    fn siblings_share_a_core_and_cores_a_package() {
        let root = tree(&[
            (0, "thread_siblings_list", "0,2"),
            (0, "physical_package_id", "0"),
            (2, "thread_siblings_list", "0,2"),
            (2, "physical_package_id", "0"),
            (5, "thread_siblings_list", "5"),
            (5, "physical_package_id", "1"),
        ]);
        let cpu = |id, core, package| Cpu {
            id,
            core: Some(core),
            package: Some(package),
        };
        let cpus = [cpu(0, 0, 0), cpu(2, 0, 0), cpu(5, 5, 1)];
        assert_eq!(read(root.path(), &[0, 2, 5]), cpus);
        // The sibling that names the core need not be one that the process may use.
        assert_eq!(read(root.path(), &[2]), [cpu(2, 0, 0)]);
    }

    #[test]
    fn without_lists_of_siblings_the_core_and_package_ids_count() {
        let root = tree(&[
            (1, "core_id", "0"),
            (1, "physical_package_id", "0"),
            (3, "core_id", "0"),
            (3, "physical_package_id", "1"),
            (4, "core_id", "0"),
            (4, "physical_package_id", "0"),
            (6, "core_id", "-1"),
        ]);
        let expected = [Some(1), Some(3), Some(1), Some(6)];
        assert_eq!(cores(&root, &[1, 3, 4, 6]), expected);
    }

    #[test]
    fn what_cannot_be_read_is_unknown() {
        let root = tree(&[
            (0, "thread_siblings_list", "what?"),
            (1, "thread_siblings_list", ""),
        ]);
        assert_eq!(cores(&root, &[0, 1, 2]), [None, None, None]);
        assert_eq!(cores(&root, &[]), []);
    }
}
