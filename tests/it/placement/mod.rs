//! Where threads run: `--cores`, `--producer-core`, `--pin`, `--spin` and `splashdam plan`. Linux shows what a thread's
//! mask really is.
#![cfg(target_os = "linux")]

mod several;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;

fn splashdam(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_splashdam"));
    command.args(arguments);
    command
}

fn output(arguments: &[&str]) -> Output {
    splashdam(arguments).output().expect("splashdam runs")
}

/// Returns what `plan --json` prints for these flags.
fn plan(flags: &[&str]) -> Value {
    let output = output(&[&["plan", "--json"], flags].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("one JSON object")
}

/// The CPUs that this process, and so its children, may use.
fn allowed() -> Vec<usize> {
    let cores = core_affinity::get_core_ids().expect("Linux has masks");
    cores.into_iter().map(|core| core.id).collect()
}

fn mask(status: &str) -> &str {
    field(status, "Cpus_allowed_list:")
}

fn field<'a>(status: &'a str, key: &str) -> &'a str {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    line.expect("Linux has it").trim()
}

/// A run on a schedule whose first records have been seen.
struct Paced(Child);

impl Paced {
    fn start(flags: &[&str]) -> Self {
        let run = ["run", "--producer-rate", "1000/s", "--sink", "stdout"];
        let at_once = ["--batch-timeout", "0"];
        let mut child = splashdam(&[&run, &at_once[..], flags].concat())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("splashdam runs");
        let stdout = child.stdout.as_mut().expect("piped");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("text");
        assert!(
            line.ends_with('\n'),
            "the run ended before its first record"
        );
        Self(child)
    }

    /// The mask of each thread, by name, as in `/proc`.
    fn masks(&self) -> BTreeMap<String, String> {
        let tasks = format!("/proc/{}/task", self.0.id());
        let tasks = fs::read_dir(tasks).expect("it runs");
        let status = |task: std::io::Result<fs::DirEntry>| {
            fs::read_to_string(task.expect("a thread").path().join("status"))
        };
        // A thread may have ended since the folder was read: the one that started another, for instance.
        tasks
            .filter_map(|task| status(task).ok())
            .map(|status| (field(&status, "Name:").into(), mask(&status).into()))
            .collect()
    }

    /// Closes the run's output, which ends it in order.
    fn end(mut self) {
        drop(self.0.stdout.take());
        assert!(self.0.wait().expect("it was started").success());
    }
}

#[test]
fn every_thread_of_the_path_runs_where_plan_says_and_control_threads_run_anywhere() {
    let flags = ["--max-workers", "2", "--autoscale-interval", "1h"];
    let placement = plan(&flags);
    let run = Paced::start(&flags);
    let mut masks = run.masks();
    run.end();
    for thread in placement["threads"].as_array().expect("a list") {
        let name = thread["thread"].as_str().expect("a name");
        assert_eq!(thread["got"], serde_json::json!([thread["asked"]]));
        assert_eq!(masks.remove(name), Some(thread["asked"].to_string()));
    }
    let own = fs::read_to_string("/proc/thread-self/status").expect("Linux has it");
    let names: Vec<_> = masks.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["ctrl-c", "reporter", "scaler", "splashdam", "watch"]
    );
    for (name, theirs) in &masks {
        assert_eq!(theirs, mask(&own), "{name}");
    }
}

#[test]
fn cores_that_are_given_are_used_in_turn() {
    let [first, second, ..] = allowed()[..] else {
        return; // one CPU leaves no choice
    };
    let (first, second) = (first.to_string(), second.to_string());
    let flags = ["--cores", &first, "--producer-core", &second];
    let placed = plan(&flags)["threads"].clone();
    assert_eq!(placed[0]["why"], "given by producer_core");
    assert_eq!(placed[1]["why"], "given by cores");
    let run = Paced::start(&flags);
    let masks = run.masks();
    run.end();
    assert_eq!(masks["producer"], second);
    assert_eq!(masks["worker-0"], first);

    let both = format!("{second},{first}");
    let placed = plan(&["--cores", &both, "--max-workers", "3"])["threads"].clone();
    let asked = [1, 2, 3].map(|thread: usize| placed[thread]["asked"].to_string());
    assert_eq!(asked, [&*second, &*first, &*second]);
}

#[test]
fn with_pin_off_no_thread_is_pinned() {
    let run = Paced::start(&["--pin", "off"]);
    let masks = run.masks();
    run.end();
    let own = fs::read_to_string("/proc/thread-self/status").expect("Linux has it");
    assert!(masks.contains_key("producer") && masks.contains_key("worker-0"));
    assert!(
        masks.values().all(|theirs| theirs == mask(&own)),
        "{masks:?}"
    );
    let thread = &plan(&["--pin", "off"])["threads"][0];
    assert_eq!(thread["why"], "pin is off");
    assert_eq!(thread["got"], serde_json::json!(allowed()));
    assert!(thread["asked"].is_null() && thread["allowed"].is_null());
}

#[test]
fn confined_to_one_cpu_a_run_shares_it_does_not_spin_and_delivers() {
    let cpu = *allowed().last().expect("at least one CPU");
    let folder = tempfile::tempdir().expect("a temporary folder");
    let report = folder.path().join("report.json");
    let path = report.to_str().expect("text").to_owned();
    // A process inherits the mask of the thread that started it, as with `taskset -c`.
    let confined = std::thread::spawn(move || {
        assert!(core_affinity::set_for_current(core_affinity::CoreId {
            id: cpu
        }));
        let run = ["run", "--count", "100000", "--sink", "check", "--report"];
        output(&[&run[..], &[&path]].concat())
    });
    let output = confined.join().expect("it ran");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let warning = "2 threads on 1 CPU: those that share one wait for each other's turn";
    assert!(said.contains(warning), "{said}");
    let report = fs::read(report).expect("a report");
    let report: Value = serde_json::from_slice(&report).expect("JSON");
    let placement = &report["placement"];
    assert_eq!(placement["cpus"], serde_json::json!([cpu]));
    assert_eq!(placement["spin_ns"], 0);
    for thread in 0..2 {
        assert_eq!(placement["threads"][thread]["cpu"], cpu);
    }
}

#[test]
fn cpus_that_cannot_be_are_refused_together_with_all_else_that_is_wrong() {
    let beyond = (allowed().last().expect("at least one CPU") + 1).to_string();
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
            let output = output(&[&wrong[..], &["--cores", cores]].concat());
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{cores:?}: {said}");
            assert!(output.stdout.is_empty());
            for part in [reason, "CPU 5000 is beyond 1023", "batch_size 0"] {
                assert!(said.contains(part), "{cores:?}, not said: {part}\n{said}");
            }
            assert_eq!(said.matches("; expected ids out of ").count(), 2, "{said}");
        }
    }
}

#[test]
fn a_configuration_file_may_list_cores() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("run.toml");
    let cpu = allowed()[0];
    fs::write(&file, format!("cores = [{cpu}]\nspin = \"3us\"\n")).expect("a file");
    let placement = plan(&["--config", file.to_str().expect("text")]);
    assert_eq!(placement["threads"][1]["asked"], cpu);
    assert_eq!(placement["spin_ns"], 3_000);
    fs::write(&file, format!("cores = [{cpu}, \"7-0\"]\n")).expect("a file");
    let output = output(&["plan", "--config", file.to_str().expect("text")]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("7-0 runs backwards (was 0-7 meant?)"),
        "{said}"
    );
}

#[test]
fn a_spin_may_be_set_or_none_and_not_beyond_what_a_halt_can_wait_for() {
    assert_eq!(plan(&["--spin", "0"])["spin_ns"], 0);
    assert_eq!(plan(&["--spin", "7us"])["spin_ns"], 7_000);
    assert_eq!(plan(&["--spin", "7us"])["spin_why"], "as set by spin");
    let spin_ns = plan(&["--spin", "auto"])["spin_ns"]
        .as_u64()
        .expect("a number");
    assert!(
        spin_ns == 0 || (2_000..=100_000).contains(&spin_ns),
        "{spin_ns}"
    );
    let output = output(&["run", "--count", "1", "--spin", "1s"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        said.contains("spin 1s is out of range: expected 0s to 100ms"),
        "{said}"
    );
}

#[test]
fn plan_takes_the_flags_of_a_run_and_prints_a_row_per_thread() {
    let flags = "-q --pin strict --max-workers 3 --sink check --count 9 --latency off";
    let flags: Vec<_> = flags.split(' ').collect();
    let output = output(&[&["plan"], &flags[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = String::from_utf8_lossy(&output.stdout);
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
    assert!(said.lines().next().expect("a heading").ends_with("why"));
}

#[test]
fn what_plan_says_as_json_is_what_a_report_says_of_its_run() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("report.json");
    let flags = ["--spin", "1us", "--report", path.to_str().expect("text")];
    let planned = plan(&flags);
    let run = output(&[&["run", "--count", "1"], &flags[..]].concat());
    assert_eq!(run.status.code(), Some(0), "{run:?}");
    let report: Value = serde_json::from_slice(&fs::read(&path).expect("a report")).expect("JSON");
    assert_eq!(report["placement"], planned);
    let names = |value: &Value| -> Vec<String> {
        let object = value.as_object().expect("an object");
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
