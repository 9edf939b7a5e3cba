//! Which module may import, name and use what.

use super::paths::paths;
use super::source::Source;
use super::{containing, fault, finds, holds, holds_except, is_in, words};

/// The floors, from the ground up. Modules on the same floor do not import each other.
const FLOORS: [(&str, u8); 21] = [
    ("sys", 0),
    ("metrics", 1),
    ("framing", 1),
    ("verify", 1),
    ("values", 1),
    ("engine", 2),
    ("sources", 3),
    ("sinks", 3),
    ("control", 3),
    ("components", 4),
    ("config", 4),
    ("outcome", 4),
    ("report", 5),
    ("pipeline", 6),
    ("bench_support", 7),
    ("reference", 0),
    ("guide", 9),
    ("cli", 8),
    ("main", 9),
    ("build", 9),
    ("lib", 9),
];

fn floor(module: &str) -> Option<u8> {
    let found = FLOORS.iter().find(|(name, _)| *name == module);
    found.map(|(_, floor)| *floor)
}

fn may_import(from: &str, to: &str) -> bool {
    from == to || floor(to) < floor(from)
}

/// Imports point to a lower floor. The crate's root, which re-exports from every floor, and the build script are on
/// none.
fn downward(source: &Source) -> Vec<String> {
    let modules = source.modules();
    if !source.path.starts_with("src/") || modules == ["lib"] || modules == ["build"] {
        return Vec::new();
    }
    if floor(modules[0]).is_none() {
        return vec![fault(source, 1, "a module without a floor")];
    }
    let mut faults = Vec::new();
    for (line, names) in from_root(source) {
        let to = home(&names[0]);
        if floor(&to).is_none() {
            faults.push(fault(source, line, &format!("{to} has no floor")));
        } else if !may_import(modules[0], &to) {
            faults.push(fault(source, line, &format!("{} imports {to}", modules[0])));
        }
    }
    faults
}

/// The paths from the crate's root, with their lines.
fn from_root(source: &Source) -> Vec<(usize, Vec<String>)> {
    let paths = paths(source).into_iter();
    let from_root = paths.filter_map(|path| Some((path.line, path.below_root(source)?.to_vec())));
    from_root.filter(|(_, names)| !names.is_empty()).collect()
}

/// The top module of a name at the crate's root: the name itself, or the module from which the root re-exports it.
fn home(name: &str) -> String {
    if floor(name).is_some() {
        return name.to_owned();
    }
    let root = Source::new("src/lib.rs", include_str!("../../../src/lib.rs"));
    let exported = paths(&root).into_iter();
    let mut exported = exported.filter(|path| path.imported_as.as_deref() == Some(name));
    let home = exported.next().map(|path| path.names[0].clone());
    home.unwrap_or_else(|| name.to_owned())
}

#[test]
fn imports_run_downward_only() {
    holds(downward);
    let path = "src/engine/worker.rs";
    finds(downward, path, "use crate::sys::clock::Clock;", 0);
    finds(downward, path, "use super::batch::Batch;", 0);
    finds(downward, path, "use crate::pipeline::Pipeline;", 1);
    finds(
        downward,
        path,
        "use crate::{sys::clock, cli::{self, run}, report};",
        3,
    );
    finds(downward, path, "use super::super::control::stop;", 1);
    finds(downward, path, "fn f() -> crate::Ledger {", 0);
    finds(downward, path, "fn f() -> crate::Pipeline {", 1);
    finds(
        downward,
        "src/report/metrics_line.rs",
        "use crate::pipeline::Running;",
        1,
    );
    finds(
        downward,
        "src/control/stop.rs",
        "use crate::report::metrics_line;",
        1,
    );
    finds(
        downward,
        "src/pipeline/mod.rs",
        "use crate::config::Config;",
        0,
    );
    finds(
        downward,
        "src/config.rs",
        "use crate::pipeline::Pipeline;",
        1,
    );
    finds(downward, "src/new.rs", "use crate::sys::clock;", 1);
    let test = "#[cfg(test)]\nmod tests {\n    use crate::pipeline::Pipeline;\n}\nuse crate::cli;";
    finds(downward, path, test, 1);
}

#[test]
fn control_sees_the_data_path_only_by_its_shards_handle() {
    fn rule(source: &Source) -> Vec<String> {
        if !is_in(source, &["src/control/"]) {
            return Vec::new();
        }
        let paths = from_root(source).into_iter();
        let of_engine = paths.filter(|(_, names)| names[0] == "engine");
        let others = of_engine.filter(|(_, names)| {
            let names: Vec<_> = names.iter().skip(1).map(String::as_str).collect();
            !matches!(names[..], ["shard", ..])
        });
        others
            .map(|(line, names)| fault(source, line, &format!("control sees {}", names.join("::"))))
            .collect()
    }
    holds(rule);
    let path = "src/control/stop.rs";
    finds(rule, path, "use crate::engine::shard::ShardHandle;", 0);
    finds(rule, path, "use crate::engine::lane::Gauge;", 1);
    finds(rule, path, "use crate::engine::lane::LaneReader;", 1);
    finds(
        rule,
        path,
        "use crate::engine::{shard, record, lane::{Gauge, Extent}};",
        3,
    );
    finds(
        rule,
        "src/pipeline/mod.rs",
        "use crate::engine::lane::LaneReader;",
        0,
    );
}

#[test]
fn the_engine_knows_no_component() {
    fn rule(source: &Source) -> Vec<String> {
        if !is_in(source, &["src/engine/"]) {
            return Vec::new();
        }
        let mut faults = Vec::new();
        for path in paths(source) {
            let names: Vec<_> = path.names.iter().map(String::as_str).collect();
            let device = matches!(
                names[..],
                ["std", "fs" | "net", ..] | ["std", "os", "unix", "net", ..]
            );
            if device || names[0] == "serde_json" {
                faults.push(fault(source, path.line, &names.join("::")));
            }
        }
        for (line, names) in from_root(source) {
            if !["engine", "metrics", "sys"].contains(&&*home(&names[0])) {
                faults.push(fault(source, line, &names.join("::")));
            }
        }
        let devices = [
            "File",
            "TcpListener",
            "TcpStream",
            "UdpSocket",
            "UnixListener",
            "UnixStream",
        ];
        for (number, line) in source.product() {
            let named = words(&line.code).filter(|word| devices.contains(word));
            faults.extend(named.map(|word| fault(source, number, word)));
        }
        faults
    }
    holds(rule);
    let path = "src/engine/spill.rs";
    finds(
        rule,
        path,
        "use std::io;\nuse crate::metrics::counters::Counters;",
        0,
    );
    finds(rule, path, "use crate::sinks::FileSink;", 1);
    finds(rule, path, "use crate::framing::newline;", 1);
    finds(rule, path, "use std::{fs, io, net::SocketAddr};", 2);
    finds(rule, path, "let text = serde_json::to_string(&x);", 1);
    finds(rule, path, "fn f(file: &File) {}", 1);
    finds(
        rule,
        path,
        "// a File\n#[cfg(test)]\nmod tests {\n    use std::fs::File;\n}",
        0,
    );
    finds(rule, "src/sinks/file.rs", "use std::fs::File;", 0);
}

#[test]
fn nothing_below_the_pipeline_logs() {
    fn rule(source: &Source) -> Vec<String> {
        if !is_in(source, &["src/"])
            || is_in(
                source,
                &["src/pipeline/", "src/report/", "src/cli/", "src/main.rs"],
            )
        {
            return Vec::new();
        }
        containing(source, &["tracing::"], "logs: leave that to the pipeline")
    }
    holds_except(rule, &LOGGING);
    finds(rule, "src/engine/retry.rs", "tracing::warn!(\"again\");", 1);
    finds(rule, "src/sources/lines/mod.rs", "use tracing::warn;", 1);
    finds(rule, "src/config.rs", "// tracing::warn!", 0);
    finds(
        rule,
        "src/pipeline/monitor.rs",
        "tracing::warn!(\"again\");",
        0,
    );
}

/// The files that still log below the pipeline.
const LOGGING: [&str; 0] = [];
