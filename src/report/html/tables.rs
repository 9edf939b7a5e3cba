//! The tables: what each worker did, what made batches due, latencies, scaling, the machine, the configuration.

use crate::control::ScaleEvent;
use crate::metrics::LatencyReport;
use crate::outcome::Report;
use crate::outcome::report::{Origin, Setting, Worker};
use crate::report::html::format::{
    escape, grouped, or_nothing, plain, section, short, spelled, time,
};
use crate::report::human_number::scaled_bytes;

/// Rows of a long table that are shown at each of its ends.
const ENDS: usize = 100;

/// A table that scrolls on its own if the page is narrow. Escapes the cells; of many rows it shows both ends only.
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
fn definitions(rows: &[(&str, String)]) -> String {
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

pub(super) fn latency(latency: &LatencyReport) -> String {
    let rows = [
        ("response (due to delivered)", latency.response),
        ("service (published to delivered)", latency.service),
        (
            "pacing (due to published, while the producer rested)",
            latency.pacing,
        ),
        (
            "schedule lag (due to published, otherwise)",
            latency.schedule_lag,
        ),
        ("queue wait (published to taken)", latency.queue_wait),
        ("sink time (taken to delivered)", latency.sink_time),
    ];
    let heads = [
        "", "min", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max", "stddev", "records",
    ];
    table("Latency and its parts", &heads, &rows, |(name, row)| {
        vec![
            (*name).to_owned(),
            time(row.min_ns),
            short(row.mean_ns),
            time(row.p50_ns),
            time(row.p90_ns),
            time(row.p99_ns),
            time(row.p99_9_ns),
            time(row.p99_99_ns),
            time(row.max_ns),
            short(row.stddev_ns),
            grouped(row.count),
        ]
    })
}

pub(super) fn workers(report: &Report) -> String {
    let elapsed = report.throughput.elapsed_s.max(1e-9);
    let cells = |worker: &Worker| {
        let name = format!("worker-{}", worker.worker);
        let thread = report.threads.iter().find(|thread| thread.thread == name);
        let cpu = or_nothing(thread, |thread| {
            format!("{:.0} %", thread.cpu_s / elapsed * 100.0)
        });
        vec![
            name,
            grouped(worker.records),
            scaled_bytes(worker.bytes as f64),
            grouped(worker.batches.size),
            grouped(worker.batches.age),
            grouped(worker.batches.drain),
            grouped(worker.parks),
            grouped(worker.dropped),
            grouped(worker.abandoned),
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
    section("Workers", &table(caption, &heads, &report.workers, cells))
}

/// What made batches due, over all workers.
pub(super) fn flushes(report: &Report) -> String {
    let flushes = report.flushes;
    let causes = [
        (flushes.size, "size: it was full"),
        (flushes.age, "age: its oldest record had waited long enough"),
        (flushes.drain, "drain: the lane was closing"),
    ];
    let all: f64 = causes.iter().map(|(batches, _)| *batches as f64).sum();
    let rows = causes.map(|(batches, name)| {
        let share = batches as f64 / all.max(1.0) * 100.0;
        let name = escape(name);
        format!(
            "<tr><th scope=\"row\">{name}</th><td>{}</td><td>{share:.1} %</td>\
             <td class=\"bar\"><div style=\"width:{share:.1}%\"></div></td></tr>\n",
            grouped(batches)
        )
    });
    let rows = rows.concat();
    let body = format!(
        "<div class=\"scroll\"><table class=\"flushes\">\n<caption>Batches by what made them due</caption>\n\
         <thead><tr><th scope=\"col\"></th><th scope=\"col\">batches</th><th scope=\"col\">share</th>\
         <th scope=\"col\"></th></tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n"
    );
    section("Flush causes", &body)
}

pub(super) fn scaling(report: &Report) -> String {
    let events = &report.scaling;
    if events.is_empty() {
        return String::new();
    }
    let cells = |event: &ScaleEvent| {
        let (from, to) = (grouped(event.from as u64), grouped(event.to as u64));
        let workers = if event.is_step() {
            format!("{from} to {to}")
        } else {
            format!("{from}, suppressed")
        };
        vec![
            format!("{:.3} s", event.t_ns as f64 / 1e9),
            workers,
            event.reason.name().to_owned(),
            format!("{:.0} %", event.usage * 100.0),
            format!("{:.0} %", event.held * 100.0),
            format!("{:.2}", event.load),
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

pub(super) fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let text = |text: &Option<String>| or_nothing(text.clone(), |text| text);
    let memory = or_nothing(machine.memory_bytes, |bytes| {
        format!("{:.1} GiB", bytes as f64 / 1_073_741_824.0)
    });
    let quota = machine.cgroup_cpu_quota;
    let quota = quota.map_or("none".into(), |cpus| format!("{} CPUs", plain(cpus)));
    let rows = [
        ("CPU", text(&machine.cpu_model)),
        ("CPUs", machine.cpus.to_string()),
        ("Memory", memory),
        ("Kernel", text(&machine.kernel)),
        ("Frequency governor", text(&machine.governor)),
        ("CPU quota", quota),
        ("Clock source", text(&machine.clocksource)),
        (
            "Compiler",
            format!("{}, {}", machine.rustc, machine.profile),
        ),
        (
            "Version",
            format!(
                "splashdam {}, commit {}",
                report.splashdam,
                text(&machine.git_commit)
            ),
        ),
    ];
    section("Machine", &definitions(&rows))
}

pub(super) fn configuration(report: &Report) -> String {
    let settings: Vec<_> = report.config.iter().collect();
    let caption = "Every setting, its value, and where it came from";
    let heads = ["setting", "value", "origin"];
    let table = table(caption, &heads, &settings, |(name, setting)| {
        vec![
            (*name).clone(),
            spelled(&setting.value),
            setting.origin.name().to_owned(),
        ]
    });
    let is_given = |setting: &&Setting| matches!(setting.origin, Origin::Flag | Origin::File);
    let given = report.config.values().filter(is_given).count();
    let all = settings.len();
    format!(
        "<details class=\"config\">\n<summary><h2>Configuration</h2> {given} of {all} settings given</summary>\n\
         {table}</details>\n"
    )
}
