//! A real disk that is full for a while: 8 MiB of tmpfs, which takes the right to mount. A limit on the file's size,
//! which everyone may set, has the same effect.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::{Folder, Live, PROGRAM, SMALL, run_arguments, skip};

/// A mounted tmpfs, unmounted when dropped.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn mount(at: &'a Path) -> Option<Self> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=8m", "tmpfs"])
            .arg(at);
        let status = mount.stderr(Stdio::null()).status();
        status.is_ok_and(|s| s.success()).then_some(Self(at))
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

/// Waits until the run is held up, and has been for two metrics lines.
fn wait_until_it_is_held_up(live: &Live) {
    live.wait_for_words("trying again");
    let lines = live.lines("[METRICS]");
    live.wait_until("two more lines", || live.lines("[METRICS]") >= lines + 2);
}

#[test]
fn a_full_disk_holds_a_run_up_only_until_it_is_cleared() {
    let folder = Folder::new();
    let at = folder.path("disk");
    fs::create_dir(&at).unwrap();
    let Some(_disk) = Disk::mount(&at) else {
        return skip("this user may not mount a tmpfs");
    };
    // 6 MB of records beside 3 MiB of another file.
    folder.write("disk/ballast", vec![0; 3 << 20]);
    let live = folder.start(&format!(
        "--sink file:disk/out --record-bytes 100 --count 60000 --workers 3 --metrics-interval 100ms {SMALL}"
    ));
    wait_until_it_is_held_up(&live);
    fs::remove_file(folder.path("disk/ballast")).unwrap();
    let ended = live.end().delivers_everything();
    let ended =
        ended.says("No space left on device (os error 28); trying again, its records wait\n");
    assert!(ended.figure("/sinks/retries") > 0);
    folder.holds_whole("disk/out", 60_000);
}

#[test]
fn deleting_the_output_on_a_full_disk_lets_the_run_go_on_in_a_new_file() {
    let folder = Folder::new();
    let at = folder.path("disk");
    fs::create_dir(&at).unwrap();
    let Some(_disk) = Disk::mount(&at) else {
        return skip("this user may not mount a tmpfs");
    };
    // 12 MB of records on a disk of 8 MiB: only the last of them are not in the deleted file.
    let live = folder.start(&format!(
        "--sink file:disk/out --record-bytes 101 --count 120000 --workers 2 --metrics-interval 100ms {SMALL}"
    ));
    wait_until_it_is_held_up(&live);
    fs::remove_file(folder.path("disk/out")).unwrap();
    live.end().delivers_everything();
    let found = folder.verify("disk/out");
    assert_eq!(found["torn"]["count"], 0, "{found}");
    assert!(found["records"].as_u64().unwrap() > 20_000, "{found}");
}

#[test]
fn a_file_at_its_size_limit_holds_a_run_up_until_the_limit_is_lifted() {
    let folder = Folder::new();
    let mut command = folder.command("sh");
    // A write beyond the limit fails instead of killing the process.
    command.args([
        "-c",
        "trap '' XFSZ; ulimit -S -f 4096; exec \"$0\" \"$@\"",
        PROGRAM,
    ]);
    command.args(run_arguments(&format!(
        "--sink file:out --record-bytes 100 --count 60000 --workers 3 --metrics-interval 100ms {SMALL}"
    )));
    let live = folder.spawn(command);
    wait_until_it_is_held_up(&live);
    assert!(folder.len("out") < 6_000_000);
    live.limit_file_size(None);
    let ended = live.end().delivers_everything();
    assert!(ended.figure("/sinks/retries") > 0);
    folder.holds_whole("out", 60_000);
}
