//! The README's table of causes: each row is the outcome of a run.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rustix::process::Signal;

use crate::support::{Ended, Folder, Live, for_each};

/// How much of what was produced: none, some or all.
fn share(ended: &Ended, of: &str) -> &'static str {
    match (ended.figure(of), ended.figure("/ledger/produced")) {
        (0, _) => "none",
        (n, all) if n == all => "all",
        _ => "some",
    }
}

/// A cause, and a run that has it.
struct Cause {
    what: &'static str,
    arguments: &'static str,
    stop: fn(&Live, &Folder),
}

fn by_itself(_: &Live, _: &Folder) {}

fn twice(live: &Live, folder: &Folder) {
    live.wait_until("some output", || folder.len("out") > 1_000);
    live.wait_for_words("| Queue=512/512 |");
    live.send(Signal::TERM);
    live.wait_for_words("Shutdown signal received!");
    live.insist(Signal::INT, "the end", || live.says("Program finished"));
}

const CAUSES: [Cause; 12] = [
    Cause {
        what: "count, duration or input at its end",
        arguments: "--sink file:out --count 2000",
        stop: by_itself,
    },
    Cause {
        what: "one signal",
        arguments: "--sink file:out --producer-rate 20000/s --batch-timeout 1ms",
        stop: |live, folder| {
            live.wait_until("some output", || folder.len("out") > 1_000);
            live.send(Signal::TERM);
        },
    },
    Cause {
        what: "one signal, or a duration, before the end of a file",
        arguments: "--source file:in --sink delay:5ms,file:out",
        stop: |live, folder| {
            live.wait_until("some output", || folder.len("out") > 1_000);
            live.send(Signal::TERM);
        },
    },
    Cause {
        what: "a sink that fails for a while",
        arguments: "--sink fault:retry=0.3+short=0.3,file:out --count 2000",
        stop: by_itself,
    },
    Cause {
        what: "the reader of stdout closed it",
        arguments: "--sink stdout --batch-timeout 1ms",
        stop: by_itself, // see run_of
    },
    Cause {
        what: "a policy drops: too long, or full",
        arguments: "--sink delay:1ms,file:out --count 5000 --when-full drop-newest",
        stop: by_itself,
    },
    Cause {
        what: "the drain timeout, over a slow sink",
        arguments: "--sink delay:20ms,file:out --count 1500 --drain-timeout 50ms",
        stop: by_itself,
    },
    Cause {
        what: "the drain timeout, over a sink that fails for now",
        arguments: "--sink fault:full-after=30KiB,file:out --count 700 --drain-timeout 50ms",
        stop: by_itself,
    },
    Cause {
        what: "a final failure of a sink",
        arguments: "--sink fault:final-after=300,file:out --count 2000",
        stop: by_itself,
    },
    Cause {
        what: "a panic in a sink",
        arguments: "--sink fault:panic-after=300,file:out --count 2000",
        stop: by_itself,
    },
    Cause {
        what: "a second signal, number n",
        arguments: "--sink delay:300ms,file:out --throttle off --metrics-interval 50ms",
        stop: twice,
    },
    Cause {
        what: "the drain timeout, over a sink that hangs",
        arguments: "--sink fault:stall-after=300:1h,file:out --count 500 --drain-timeout 50ms",
        stop: by_itself,
    },
];

const HEADING: &str = "\
| cause | exit code | delivered | dropped | spilled, with `--spill` | abandoned, with it | abandoned, without |
|---|---|---|---|---|---|---|
";

fn run_of(cause: &Cause, spill: &str) -> Ended {
    let folder = Folder::new();
    let arguments = format!(
        "{} --workers 1 --channel-size 512 --batch-size 50 --lane-bytes 128KiB --batch-bytes 32KiB {spill}",
        cause.arguments
    );
    if cause.arguments.contains("file:in") {
        folder.write("in", "a line of a file\n".repeat(200_000));
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    let live = folder.start_with(&arguments, |command| {
        if cause.arguments.contains("stdout") {
            command.stdout(writer);
        }
    });
    if cause.arguments.contains("stdout") {
        std::io::Read::read_exact(&mut reader, &mut [0; 100]).unwrap();
    }
    drop(reader);
    (cause.stop)(&live, &folder);
    live.end().balances()
}

fn row(cause: &Cause) -> String {
    let [with, without] = ["--spill rest", ""].map(|spill| run_of(cause, spill));
    assert_eq!(with.code, without.code, "{}", cause.what);
    assert_eq!(without.figure("/ledger/spilled"), 0);
    let code = match with.code {
        Some(code) if code > 128 => "128 + n".to_owned(),
        code => code.unwrap().to_string(),
    };
    let [delivered, dropped, spilled, left] = ["delivered", "dropped", "spilled", "abandoned"]
        .map(|name| share(&with, &format!("/ledger/{name}")));
    for name in ["delivered", "dropped"] {
        let path = format!("/ledger/{name}");
        assert_eq!(
            share(&with, &path),
            share(&without, &path),
            "{}",
            cause.what
        );
    }
    let abandoned = share(&without, "/ledger/abandoned");
    let what = cause.what;
    format!("| {what} | {code} | {delivered} | {dropped} | {spilled} | {left} | {abandoned} |\n")
}

#[test]
fn the_readme_documents_the_result_of_each_cause() {
    let rows = Mutex::new(BTreeMap::new());
    let causes: Vec<_> = CAUSES.iter().enumerate().collect();
    for_each(&causes, 4, |(place, cause)| {
        let row = row(cause);
        rows.lock().unwrap().insert(*place, row);
    });
    let rows = rows.into_inner().unwrap();
    let table = HEADING.to_owned() + &rows.into_values().collect::<String>();
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(&table),
        "the README's table of causes should be:\n{table}"
    );
}
