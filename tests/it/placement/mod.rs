//! Where threads run: `--cores`, `--producer-core`, `--pin`, `--spin` and `splashdam plan`, compared with the masks
//! that Linux reports.
#![cfg(target_os = "linux")]

mod several;

use std::collections::BTreeMap;
use std::fs;

use rustix::process::Signal;
use serde_json::Value;

use crate::support::{Folder, Live, skip};

/// The result of `plan --json` with these flags.
#[track_caller]
fn plan(flags: &[&str]) -> Value {
    plan_in(&Folder::new(), flags)
}

#[track_caller]
fn plan_in(folder: &Folder, flags: &[&str]) -> Value {
    let ended = folder.splashdam(&[&["plan", "--json"], flags].concat());
    let ended = ended.exits(0);
    serde_json::from_slice(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}"))
}

/// The CPUs that this process, and so its children, may use.
fn allowed() -> Vec<usize> {
    let cores = core_affinity::get_core_ids().unwrap();
    cores.into_iter().map(|core| core.id).collect()
}

fn field<'a>(status: &'a str, key: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.unwrap().trim()
}

fn mask(status: &str) -> &str {
    field(status, "Cpus_allowed_list:")
}

/// The mask of this thread, and so of the programs that it starts.
fn own_mask() -> String {
    mask(&fs::read_to_string("/proc/thread-self/status").unwrap()).to_owned()
}

/// The mask of each thread of a run, by the thread's name.
fn masks(run: &Live) -> BTreeMap<String, String> {
    let tasks = fs::read_dir(format!("/proc/{}/task", run.id())).unwrap();
    // A thread may have ended since the folder was read: the one that started another, for instance.
    tasks
        .filter_map(|task| fs::read_to_string(task.unwrap().path().join("status")).ok())
        .map(|status| (field(&status, "Name:").into(), mask(&status).into()))
        .collect()
}

/// The masks of a run that delivers records, then ends in order.
#[track_caller]
fn masks_of_a_run(flags: &str) -> BTreeMap<String, String> {
    let folder = Folder::new();
    let run = folder.start(&format!(
        "--producer-rate 1000/s --sink stdout --batch-timeout 0 {flags}"
    ));
    run.wait_until("a first record", || run.stdout_len() > 0);
    let masks = masks(&run);
    run.send(Signal::TERM);
    run.end().delivers_everything();
    masks
}

#[test]
fn data_threads_run_where_plan_says_and_control_threads_run_anywhere() {
    let flags = ["--max-workers", "2", "--autoscale-interval", "1h"];
    let placement = plan(&flags);
    let mut masks = masks_of_a_run(&flags.join(" "));
    for thread in placement["threads"].as_array().unwrap() {
        let name = thread["thread"].as_str().unwrap();
        assert_eq!(thread["got"], serde_json::json!([thread["asked"]]));
        assert_eq!(masks.remove(name), Some(thread["asked"].to_string()));
    }
    let names: Vec<_> = masks.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "control",
            "ctrl-c",
            "logger",
            "monitor",
            "observer",
            "reporter",
            "sampler",
            "scaler",
            "signals",
            "splashdam",
            "stderr"
        ]
    );
    for (name, theirs) in &masks {
        assert_eq!(*theirs, own_mask(), "{name}");
    }
}

#[test]
fn given_cores_are_used_in_turn() {
    let [first, second, ..] = allowed()[..] else {
        return skip("one CPU leaves no choice");
    };
    let (first, second) = (first.to_string(), second.to_string());
    let flags = ["--cores", &first, "--producer-core", &second];
    let placed = plan(&flags)["threads"].clone();
    assert_eq!(placed[0]["why"], "given by producer_core");
    assert_eq!(placed[1]["why"], "given by cores");
    let masks = masks_of_a_run(&flags.join(" "));
    assert_eq!(masks["producer"], second);
    assert_eq!(masks["worker-0"], first);

    let both = format!("{second},{first}");
    let placed = plan(&["--cores", &both, "--max-workers", "3"])["threads"].clone();
    let asked = [1, 2, 3].map(|thread: usize| placed[thread]["asked"].to_string());
    assert_eq!(asked, [&*second, &*first, &*second]);
}

#[test]
fn with_pin_off_no_thread_is_pinned() {
    let masks = masks_of_a_run("--pin off");
    assert!(masks.contains_key("producer") && masks.contains_key("worker-0"));
    assert!(
        masks.values().all(|theirs| *theirs == own_mask()),
        "{masks:?}"
    );
    let thread = &plan(&["--pin", "off"])["threads"][0];
    assert_eq!(thread["why"], "pin is off");
    assert_eq!(thread["got"], serde_json::json!(allowed()));
    assert!(thread["asked"].is_null() && thread["allowed"].is_null());
}

#[test]
fn confined_to_one_cpu_a_run_shares_it_does_not_spin_and_delivers() {
    let cpu = *allowed().last().unwrap();
    // A process has the mask of the thread that started it, which is what `taskset -c` does.
    let confined = std::thread::spawn(move || {
        assert!(core_affinity::set_for_current(core_affinity::CoreId {
            id: cpu
        }));
        Folder::new().run("--count 100000 --sink check")
    });
    let ended = confined.join().unwrap().delivers_everything();
    let ended = ended.says("2 threads on 1 CPU: those that share one wait for each other's turn");
    let placement = &ended.report["placement"];
    assert_eq!(placement["cpus"], serde_json::json!([cpu]));
    assert_eq!(placement["spin_ns"], 0);
    for thread in 0..2 {
        assert_eq!(placement["threads"][thread]["cpu"], cpu);
    }
}

#[test]
fn impossible_cpus_are_refused_along_with_every_other_error() {
    let beyond = (allowed().last().unwrap() + 1).to_string();
    let twice = format!("{0},{0}", allowed()[0]);
    for (cores, reason) in [
        ("x", "is not the id of a CPU"),
        ("", "no CPU is named"),
        ("3-1", "3-1 runs backwards"),
        ("1024", "CPU 1024 is beyond 1023"),
        ("0-99999999999", "CPU 99999999999 is beyond 1023"),
        (&*twice, "is named twice"),
        (&*beyond, "this process may not use CPU"),
    ] {
        for command in ["run", "plan"] {
            let wrong = [command, "--batch-size", "0", "--producer-core", "5000"];
            let ended = Folder::new().splashdam(&[&wrong[..], &["--cores", cores]].concat());
            let ended = ended.exits(2).says(reason);
            let ended = ended.says("CPU 5000 is beyond 1023").says("batch_size 0");
            assert!(ended.stdout.is_empty());
            let remedies = ended.stderr.matches("; expected ids out of ").count();
            assert_eq!(remedies, 2, "{ended:?}");
        }
    }
}

#[test]
fn a_configuration_file_may_list_cores() {
    let folder = Folder::new();
    let cpu = allowed()[0];
    folder.write("run.toml", format!("cores = [{cpu}]\nspin = \"3us\"\n"));
    let placement = plan_in(&folder, &["--config", "run.toml"]);
    assert_eq!(placement["threads"][1]["asked"], cpu);
    assert_eq!(placement["spin_ns"], 3_000);
    folder.write("run.toml", format!("cores = [{cpu}, \"7-0\"]\n"));
    let ended = folder.splashdam(&["plan", "--config", "run.toml"]);
    ended.exits(2).says("7-0 runs backwards (was 0-7 meant?)");
}

#[test]
fn spin_may_be_set_or_zero_and_has_a_maximum() {
    assert_eq!(plan(&["--spin", "0"])["spin_ns"], 0);
    assert_eq!(plan(&["--spin", "7us"])["spin_ns"], 7_000);
    assert_eq!(plan(&["--spin", "7us"])["spin_why"], "as set by spin");
    let spin_ns = plan(&["--spin", "auto"])["spin_ns"].as_u64().unwrap();
    assert!(
        spin_ns == 0 || (2_000..=100_000).contains(&spin_ns),
        "{spin_ns}"
    );
    let ended = Folder::new().run("--count 1 --spin 1s");
    ended
        .exits(2)
        .says("spin 1s is out of range: expected 0s to 100ms");
}

#[test]
fn plan_takes_the_flags_of_a_run_and_prints_a_row_per_thread() {
    let flags = "-q --pin strict --max-workers 3 --sink check --count 9 --latency off";
    let flags: Vec<_> = flags.split(' ').collect();
    let ended = Folder::new().splashdam(&[&["plan"], &flags[..]].concat());
    let said = String::from_utf8(ended.exits(0).stdout).unwrap();
    let first_words: Vec<_> = said
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    let (table, rest) = first_words.split_at(5);
    assert_eq!(
        table,
        ["thread", "producer", "worker-0", "worker-1", "worker-2"]
    );
    assert_eq!(rest[..3], ["spin", "cpus", "quota"], "{said}");
    assert!(said.lines().next().unwrap().ends_with("why"));
}

#[test]
fn plan_json_equals_the_placement_in_the_report() {
    let folder = Folder::new();
    let planned = plan_in(&folder, &["--spin", "1us", "--report", "report.json"]);
    let ended = folder.run("--count 1 --spin 1us").exits(0);
    assert_eq!(ended.report["placement"], planned);
    let names = |value: &Value| -> Vec<String> {
        let object = value.as_object().unwrap();
        object.keys().cloned().collect()
    };
    let mut expected = [
        "threads", "spin_ns", "spin_why", "cpus", "quota", "warnings",
    ];
    expected.sort_unstable();
    assert_eq!(names(&planned), expected);
    let mut expected = ["thread", "cpu", "why", "asked", "allowed", "got"];
    expected.sort_unstable();
    assert_eq!(names(&planned["threads"][0]), expected);
}
