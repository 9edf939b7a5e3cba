//! Limits of the system: a run beyond them is refused at the start with the sum and a remedy, or fails by name.

use std::fs;
use std::path::Path;

use crate::support::{Ended, Folder, PROGRAM, SMALL, run_arguments, skip};

/// A run in a shell that has set limits first.
#[track_caller]
fn limited(folder: &Folder, limits: &str, arguments: &str) -> Ended {
    let mut shell = folder.command("bash");
    shell.args(["-c", &format!("{limits} && exec \"$0\" \"$@\""), PROGRAM]);
    shell.args(run_arguments(arguments));
    folder.spawn(shell).end()
}

#[test]
fn lanes_that_exceed_any_memory_are_refused_with_the_sum() {
    let folder = Folder::new();
    let ended = folder.run("--workers 1024 --lane-bytes 64GiB --sink file:out");
    let ended = ended.exits(2).says(
        "not enough memory: max_workers 1024 x (lane_bytes 64.0 GiB + channel_size 16384 x 24 + 3.1 MiB of latency) + \
         9.0 MiB is 64.0 TiB, but",
    );
    ended.says("expected fewer workers, a smaller lane_bytes or channel_size, or a larger limit");
    assert!(folder.names().is_empty());
}

#[test]
fn lanes_beyond_the_address_space_are_refused_and_smaller_ones_run() {
    for limit in ["ulimit -v 500000", "ulimit -d 500000"] {
        let folder = Folder::new();
        let ended = limited(
            &folder,
            limit,
            "--workers 2 --lane-bytes 256MiB --sink file:out",
        );
        ended
            .exits(2)
            .says("the address space (ulimit -v, ulimit -d, overcommit) has less");
        assert!(folder.names().is_empty());
        let smaller = "--workers 2 --lane-bytes 16MiB --count 1000";
        limited(&folder, limit, smaller).delivers_everything();
    }
}

/// A new control group with this memory limit; `None` if this process may not create one.
fn memory_group(name: &str, bytes: u64) -> Option<String> {
    let told = fs::read_to_string("/proc/self/cgroup").ok()?;
    let of = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        let (root, file) = match controllers {
            "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
            "" => ("/sys/fs/cgroup", "memory.max"),
            _ => return None,
        };
        let group = format!("{root}{}/{name}", path.trim_end_matches('/'));
        fs::create_dir(&group).ok()?;
        let set = fs::write(Path::new(&group).join(file), bytes.to_string());
        if set.is_err() {
            fs::remove_dir(&group).ok()?;
        }
        set.ok().map(|()| group)
    };
    told.lines().find_map(of)
}

#[test]
fn lanes_beyond_the_control_groups_limit_are_refused_instead_of_killed() {
    let name = format!("splashdam-{}", std::process::id());
    let Some(group) = memory_group(&name, 128 << 20) else {
        return skip("this user may not create a control group");
    };
    let folder = Folder::new();
    let join = format!("echo $$ > {group}/cgroup.procs");
    let refused = limited(
        &folder,
        &join,
        "--workers 2 --lane-bytes 80MiB --sink file:out",
    );
    let made = folder.names();
    let runs = limited(
        &folder,
        &join,
        "--workers 2 --lane-bytes 20MiB --count 1000",
    );
    fs::remove_dir(group).unwrap();
    refused
        .exits(2)
        .says("the control group's memory limit leaves 1");
    assert!(made.is_empty());
    runs.delivers_everything();
}

#[test]
fn files_beyond_the_descriptors_are_refused_and_fewer_run() {
    let folder = Folder::new();
    let workers =
        |count| format!("--workers {count} --sink file:out-{{worker}} --count 100 {SMALL}");
    let ended = limited(&folder, "ulimit -n 32", &workers(40));
    let ended = ended
        .exits(2)
        .says("+ 40 for the sink + 8 for the rest are");
    ended.says("but the limit is 32; expected fewer workers, one file for all, or a larger limit (ulimit -n ");
    assert!(folder.names().is_empty());
    limited(&folder, "ulimit -n 32", &workers(10)).delivers_everything();
}

#[test]
fn a_file_beyond_its_size_limit_fails_the_sink_and_not_the_process() {
    let folder = Folder::new();
    // bash counts in KiB.
    let arguments =
        format!("--workers 2 --sink file:out --on-sink-error stop --count 100000 {SMALL}");
    let ended = limited(&folder, "ulimit -f 1000", &arguments)
        .exits(1)
        .balances();
    let ended = ended.says("sink: out: File too large");
    assert!(folder.len("out") <= 1000 << 10);
    let whole = folder.read("out");
    let lines = whole
        .split_inclusive(|b| *b == b'\n')
        .filter(|line| line.ends_with(b"\n"));
    assert_eq!(lines.count() as u64, ended.figure("/ledger/delivered"));
}

#[test]
fn a_file_at_its_size_limit_is_refused() {
    let folder = Folder::new();
    folder.write("out", [b'x'; 4096]);
    let ended = limited(
        &folder,
        "ulimit -f 4",
        "--sink file:out --count 1 --report /dev/null",
    );
    ended
        .exits(2)
        .says("sink out is 4,096 bytes long, and the limit is 4,096");
    assert_eq!(folder.len("out"), 4096);
}

#[test]
fn a_thread_that_cannot_be_spawned_is_an_error_that_names_it() {
    let folder = Folder::new();
    if !rustix::process::geteuid().is_root() {
        return skip("the threads of this user count as well: only root can use another one");
    }
    let mut command = folder.unprivileged_command("bash");
    command.args([
        "-c",
        "ulimit -u 5 && exec ./splashdam run --max-workers 8 --count 1",
    ]);
    let ended = folder.spawn(command).end();
    ended.exits(1).says("Resource temporarily unavailable");
}
