//! The tables: what each worker did, what made batches due, latencies, scaling, the machine, the configuration.

use serde_json::Value;

use crate::report::html::format::{
    NOTHING, count, escape, grouped, list, number, plain, spelled, string, time, whole,
};
use crate::report::html::section;
use crate::report::summary::scaled;

/// Rows of a long table that are shown at each of its ends.
const ENDS: usize = 100;

/// A table that scrolls by itself where the page is narrow. Cells are escaped here; of many rows only both ends are
/// made.
fn table<T>(caption: &str, heads: &[&str], of: &[T], cells: impl Fn(&T) -> Vec<String>) -> String {
    let heads = heads
        .iter()
        .map(|head| format!("<th scope=\"col\">{}</th>", escape(head)));
    let heads = heads.collect::<Vec<_>>().concat();
    let row = |of: &T| {
        let cells = cells(of)
            .into_iter()
            .enumerate()
            .map(|(at, cell)| match at {
                0 => format!("<th scope=\"row\">{}</th>", escape(&cell)),
                _ => format!("<td>{}</td>", escape(&cell)),
            });
        format!("<tr>{}</tr>\n", cells.collect::<Vec<_>>().concat())
    };
    let rows = |of: &[T]| of.iter().map(row).collect::<Vec<_>>().concat();
    let left_out = of.len().saturating_sub(2 * ENDS);
    let body = if left_out == 0 {
        rows(of)
    } else {
        let note = format!(
            "{} rows left out; the JSON report has them",
            grouped(left_out as u64)
        );
        let between = format!("<tr><td colspan=\"99\">{note}</td></tr>\n");
        rows(&of[..ENDS]) + &between + &rows(&of[of.len() - ENDS..])
    };
    format!(
        "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\n\
         <caption>{caption}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )
}

/// Names beside their values.
fn facts(rows: &[(&str, String)]) -> String {
    let rows = rows.iter().map(|(name, value)| {
        format!(
            "<div><dt>{}</dt><dd>{}</dd></div>\n",
            escape(name),
            escape(value)
        )
    });
    format!(
        "<dl class=\"facts\">\n{}</dl>\n",
        rows.collect::<Vec<_>>().concat()
    )
}

pub(super) fn latency(report: &Value) -> String {
    let named = [
        ("response", "response (due to delivered)"),
        ("service", "service (published to delivered)"),
        ("schedule_lag", "schedule lag (due to published)"),
        ("queue_wait", "queue wait (published to taken)"),
        ("sink_time", "sink time (taken to delivered)"),
    ];
    let columns = [
        "min", "mean", "p50", "p90", "p99", "p99_9", "p99_99", "max", "stddev",
    ];
    let there: Vec<_> = named
        .iter()
        .filter(|(key, _)| report["latency"][key].is_object())
        .collect();
    let heads = [
        "", "min", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max", "stddev", "records",
    ];
    table("Latency and its parts", &heads, &there, |(key, name)| {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(columns.map(|column| time(report, &format!("/latency/{key}/{column}_ns"))));
        cells.push(whole(report, &format!("/latency/{key}/count")));
        cells
    })
}

pub(super) fn workers(report: &Value) -> String {
    let elapsed = number(report, "/throughput/elapsed_s").unwrap_or_default();
    let cells = |worker: &Value| {
        let name = format!("worker-{}", whole(worker, "/worker"));
        let thread = list(report, "/threads")
            .iter()
            .find(|thread| thread["thread"] == name.as_str());
        let cpu_s = thread.and_then(|thread| number(thread, "/cpu_s"));
        let cpu = cpu_s.map_or(NOTHING.into(), |cpu_s| {
            format!("{:.0} %", cpu_s / elapsed.max(1e-9) * 100.0)
        });
        let bytes = number(worker, "/bytes").map_or(NOTHING.into(), |bytes| scaled(bytes) + "B");
        vec![
            name,
            whole(worker, "/records"),
            bytes,
            whole(worker, "/batches/size"),
            whole(worker, "/batches/age"),
            whole(worker, "/batches/drain"),
            whole(worker, "/parks"),
            whole(worker, "/dropped"),
            whole(worker, "/abandoned"),
            cpu,
        ]
    };
    let caption = "What each worker delivered, and what made its batches due";
    let heads = [
        "",
        "records",
        "bytes",
        "by size",
        "by age",
        "by drain",
        "parks",
        "dropped",
        "abandoned",
        "CPU",
    ];
    section(
        "Workers",
        &table(caption, &heads, list(report, "/workers"), cells),
    )
}

/// What made batches due, over all workers.
pub(super) fn flushes(report: &Value) -> String {
    let causes = [
        ("size", "size: it was full"),
        ("age", "age: its oldest record had waited long enough"),
        ("drain", "drain: the lane was closing"),
    ];
    let of = |cause: &str| count(report, &format!("/flushes/{cause}")).unwrap_or(0);
    let all: u64 = causes.iter().map(|(cause, _)| of(cause)).sum();
    let rows = causes.iter().map(|(cause, name)| {
        let share = of(cause) as f64 / all.max(1) as f64 * 100.0;
        let name = escape(name);
        format!(
            "<tr><th scope=\"row\">{name}</th><td>{}</td><td>{share:.1} %</td>\
             <td class=\"bar\"><div style=\"width:{share:.1}%\"></div></td></tr>\n",
            grouped(of(cause))
        )
    });
    let rows = rows.collect::<Vec<_>>().concat();
    let body = format!(
        "<div class=\"scroll\"><table class=\"flushes\">\n<caption>Batches by what made them due</caption>\n<thead><tr><th \
         scope=\"col\"></th><th scope=\"col\">batches</th><th scope=\"col\">share</th><th scope=\"col\"></th></tr></thead>\n\
         <tbody>\n{rows}</tbody></table></div>\n"
    );
    section("Flush causes", &body)
}

pub(super) fn scaling(report: &Value) -> String {
    let events = list(report, "/scaling");
    if events.is_empty() {
        return String::new();
    }
    let cells = |event: &Value| {
        let share = |path: &str| {
            number(event, path).map_or(NOTHING.into(), |share| format!("{:.0} %", share * 100.0))
        };
        let (from, to) = (whole(event, "/from"), whole(event, "/to"));
        let workers = if from == to {
            format!("{from}, suppressed")
        } else {
            format!("{from} to {to}")
        };
        vec![
            number(event, "/t_ns").map_or(NOTHING.into(), |ns| format!("{:.3} s", ns / 1e9)),
            workers,
            string(event, "/reason").to_owned(),
            share("/usage"),
            share("/held"),
            number(event, "/load").map_or(NOTHING.into(), |load| format!("{load:.2}")),
        ]
    };
    let heads = [
        "at",
        "workers",
        "reason",
        "queue usage",
        "producer held",
        "load, in workers",
    ];
    let table = table("Decisions of the autoscaler", &heads, events, cells);
    let count = grouped(events.len() as u64);
    format!("<details>\n<summary><h2>Scaling decisions</h2> {count}</summary>\n{table}</details>\n")
}

pub(super) fn machine(report: &Value) -> String {
    let machine = &report["machine"];
    if !machine.is_object() {
        return String::new();
    }
    let text = |name: &str| spelled(&machine[name]);
    let memory = number(machine, "/memory_bytes").map_or(NOTHING.into(), |bytes| {
        format!("{:.1} GiB", bytes / 1_073_741_824.0)
    });
    let quota = number(machine, "/cgroup_cpu_quota")
        .map_or("none".into(), |cpus| format!("{} CPUs", plain(cpus)));
    let rows = [
        ("CPU", text("cpu_model")),
        ("CPUs", text("cpus")),
        ("Memory", memory),
        ("Kernel", text("kernel")),
        ("Frequency governor", text("governor")),
        ("CPU quota", quota),
        ("Clock source", text("clocksource")),
        (
            "Compiler",
            format!("{}, {}", text("rustc"), text("profile")),
        ),
        (
            "Version",
            format!(
                "splashdam {}, commit {}",
                string(report, "/splashdam"),
                text("git_commit")
            ),
        ),
    ];
    section("Machine", &facts(&rows))
}

pub(super) fn configuration(report: &Value) -> String {
    let settings = report["config"].as_object();
    let settings: Vec<_> = settings.into_iter().flatten().collect();
    let caption = "Every setting, its value, and where it came from";
    let heads = ["setting", "value", "origin"];
    let table = table(caption, &heads, &settings, |(name, setting)| {
        vec![
            (*name).clone(),
            spelled(&setting["value"]),
            spelled(&setting["origin"]),
        ]
    });
    let given = settings
        .iter()
        .filter(|(_, setting)| setting["origin"] == "flag" || setting["origin"] == "file");
    let (given, all) = (given.count(), settings.len());
    format!(
        "<details class=\"config\">\n<summary><h2>Configuration</h2> {given} of {all} settings given</summary>\n\
         {table}</details>\n"
    )
}
