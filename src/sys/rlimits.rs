//! The limits of this process: memory, descriptors and file lengths.

use std::path::Path;

use rustix::process::{Resource, getrlimit};

use crate::sys::cgroup;

/// The memory that a limit leaves to this process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) bytes: u64,
    pub(crate) limit: &'static str,
}

/// The memory that each limit leaves; empty if the system reports no limit. What the kernel would free on demand -
/// clean pages in its cache - counts as left.
pub(crate) fn memory() -> Vec<Room> {
    let mut rooms = in_groups(&cgroup::of_this_process(), Path::new(cgroup::MOUNT));
    let meminfo = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    rooms.extend(in_machine(&meminfo));
    rooms
}

/// Whether an allocation of this size succeeds; frees it untouched. So `ulimit -v`, `ulimit -d` and the kernel's
/// overcommit policy are all checked.
pub(crate) fn has_address_space(bytes: u64) -> bool {
    let mut piece = Vec::<u8>::new();
    let reserved = usize::try_from(bytes).is_ok_and(|n| piece.try_reserve_exact(n).is_ok());
    // Keep the optimiser from removing the unused allocation.
    std::hint::black_box(&mut piece);
    reserved
}

/// How many descriptors this process has open, and may have; `None` if the system does not report them or sets no
/// limit.
pub(crate) fn descriptors() -> Option<(u64, u64)> {
    let limit = getrlimit(Resource::Nofile).current?;
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count() as u64 - 1; // the folder itself
    Some((open, limit))
}

/// The largest length of a file in bytes; `None` if there is no limit.
pub(crate) fn file_bytes() -> Option<u64> {
    getrlimit(Resource::Fsize).current
}

fn in_groups(of_process: &str, mount: &Path) -> Vec<Room> {
    let number = |group: &Path, file: &str| cgroup::text(&group.join(file))?.trim().parse().ok();
    let room = |group: &Path, most: &str, used: &str, prefix: &str| {
        let (most, used): (u64, u64) = (number(group, most)?, number(group, used)?);
        let stat = cgroup::text(&group.join("memory.stat")).unwrap_or_default();
        let cached = ["inactive_file ", "active_file "].map(|of| {
            let lines = stat.lines().filter_map(|line| line.strip_prefix(prefix));
            let mut found = lines.filter_map(|line| line.strip_prefix(of));
            found.find_map(|n| n.parse::<u64>().ok()).unwrap_or(0)
        });
        let used = used.saturating_sub(cached.iter().sum());
        Some(Room {
            bytes: most.saturating_sub(used),
            limit: "the control group's memory limit",
        })
    };
    cgroup::read_hierarchy(
        of_process,
        mount,
        "memory",
        |group| room(group, "memory.max", "memory.current", ""),
        |group| {
            room(
                group,
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_",
            )
        },
    )
}

/// From the text of `/proc/meminfo`.
fn in_machine(meminfo: &str) -> Option<Room> {
    let kib = |of: &str| {
        let value = meminfo.lines().find_map(|line| line.strip_prefix(of))?;
        value.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    let available = kib("MemAvailable:")? + kib("SwapFree:").unwrap_or(0);
    Some(Room {
        bytes: available << 10,
        limit: "the machine's free memory",
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Room, has_address_space, in_groups, in_machine};

    fn rooms(files: &[(&str, &str)], groups: &str) -> Vec<u64> {
        let root = tempfile::tempdir().expect("a temporary folder");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
            fs::write(path, format!("{text}\n")).expect("a file");
        }
        let rooms = in_groups(groups, root.path());
        rooms.into_iter().map(|room| room.bytes).collect()
    }

    #[test]
    fn a_group_leaves_its_limit_less_what_is_used_and_cannot_be_dropped() {
        let files = [
            ("a/memory.max", "1000"),
            ("a/memory.current", "700"),
            (
                "a/memory.stat",
                "anon 300\nfile 400\ninactive_file 150\nactive_file 50\nshmem 200",
            ),
            ("memory.max", "max"),
            ("memory.current", "5000"),
        ];
        assert_eq!(rooms(&files, "0::/a\n"), [500]);
        let files = [
            ("memory/a/memory.limit_in_bytes", "1000"),
            ("memory/a/memory.usage_in_bytes", "900"),
            (
                "memory/a/memory.stat",
                "inactive_file 1\ntotal_inactive_file 100\ntotal_active_file 0",
            ),
            ("memory/memory.limit_in_bytes", "9223372036854771712"),
            ("memory/memory.usage_in_bytes", "712"),
        ];
        assert_eq!(
            rooms(&files, "4:memory:/a\n"),
            [200, 9_223_372_036_854_771_000]
        );
    }

    #[test]
    fn a_group_that_is_over_its_limit_leaves_nothing_and_one_that_says_nothing_is_none() {
        let files = [("memory.max", "1000"), ("memory.current", "1001")];
        assert_eq!(rooms(&files, "0::/\n"), [0]);
        for groups in ["", "0::/\n", "4:memory:/x\n", "a:b"] {
            assert_eq!(rooms(&[("memory.max", "1000")], groups), [0_u64; 0]);
        }
    }

    #[test]
    fn the_machine_has_what_is_available_and_its_swap() {
        let meminfo = "MemTotal: 9 kB\nMemAvailable:      3 kB\nSwapFree:   2 kB\n";
        let room = Room {
            bytes: 5 << 10,
            limit: "the machine's free memory",
        };
        assert_eq!(in_machine(meminfo), Some(room));
        assert_eq!(in_machine("MemTotal: 9 kB\n"), None);
    }

    #[test]
    fn address_space_has_an_end() {
        assert!(has_address_space(1 << 20));
        assert!(!has_address_space(1 << 60));
        assert!(!has_address_space(u64::MAX));
    }
}
