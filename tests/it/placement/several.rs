//! Several pipelines in one process.

use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};
use splashdam::sinks::Null;
use splashdam::{Batch, Outcome, Pipeline, Placement, Running, Sink, SinkError, Wrote};

use super::allowed;
use crate::support::library::{self, Order, Told, config, told};
use crate::support::patiently;

/// Runs `body` in a process in which no other test has pipelines, on two CPUs. `test` is the calling test, which that
/// process runs too.
#[track_caller]
fn alone_on_two_cpus(test: &str, body: impl FnOnce([usize; 2])) {
    const ALONE: &str = "SPLASHDAM_TEST_ALONE";
    let [first, second, ..] = allowed()[..] else {
        return; // with one CPU there is nothing to share out
    };
    if std::env::var_os(ALONE).is_some() {
        let mut two = CpuSet::new();
        two.set(first);
        two.set(second);
        sched_setaffinity(None, &two).expect("a subset of what is allowed");
        return body([first, second]);
    }
    let module = module_path!().split_once("::").expect("below the crate").1;
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", &format!("{module}::{test}"), "--nocapture"])
        .env(ALONE, "1")
        .output()
        .expect("this program runs");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{output:?}");
    assert!(
        printed.contains("1 passed"),
        "no test called {test}: {printed}"
    );
}

fn start(source: Told) -> Running {
    let pipeline = Pipeline::new(source, |_: usize| Ok(Null)).config(config(|_| ()));
    pipeline.start().expect("a sane configuration")
}

/// A pipeline that ends at once, when others run or have run.
fn short_run() -> Outcome {
    let (_, source) = told();
    library::join(start(source))
}

fn cpus(placement: &Placement) -> Vec<Option<usize>> {
    placement.threads.iter().map(|thread| thread.cpu).collect()
}

/// The warnings that a pipeline shares CPUs with others.
fn shared(outcome: &Outcome) -> Vec<String> {
    let all = outcome.validity.warnings.iter();
    let shared = all.filter(|warning| warning.code == "shared_cpus");
    shared.map(ToString::to_string).collect()
}

#[test]
fn two_pipelines_in_one_process_warn_that_they_share_cpus_and_the_second_does_not_spin() {
    let test =
        "two_pipelines_in_one_process_warn_that_they_share_cpus_and_the_second_does_not_spin";
    alone_on_two_cpus(test, |[first_cpu, second_cpu]| {
        let (orders, source) = told();
        let running = start(source);
        let second = short_run();
        drop(orders);
        let first = library::join(running);

        assert_eq!(cpus(&first.placement), [Some(first_cpu), Some(second_cpu)]);
        let enough_time = first.placement.quota.is_none_or(|quota| quota >= 2.0);
        assert_eq!(
            first.placement.spin_ns > 0,
            enough_time,
            "{:?}",
            first.placement
        );
        assert_eq!(cpus(&second.placement), [Some(second_cpu), Some(first_cpu)]);
        assert_eq!(second.placement.spin_ns, 0);
        let both = if first_cpu + 1 == second_cpu {
            format!("{first_cpu}-{second_cpu}")
        } else {
            format!("{first_cpu},{second_cpu}")
        };
        let remedy = "run one pipeline after the other, or allow this process more CPUs (taskset, the container's \
                      cpuset)";
        let warning = |shares: &str, with: &str, take: &str| {
            format!(
                "this pipeline {shares} CPUs {both} with {with} in this process (2 threads): their threads {take} \
                 turns; {remedy}"
            )
        };
        let expected = warning("shares", "another pipeline", "take");
        assert_eq!(shared(&second), [expected]);
        let expected = warning("shared", "a pipeline that started later", "took");
        assert_eq!(shared(&first), [expected]);

        // One after the other: both CPUs are free again.
        let third = short_run();
        assert_eq!(cpus(&third.placement), cpus(&first.placement));
        assert_eq!(shared(&third), [""; 0]);
    });
}

#[test]
fn pipelines_that_are_given_different_cpus_share_none() {
    let test = "pipelines_that_are_given_different_cpus_share_none";
    alone_on_two_cpus(test, |[first_cpu, second_cpu]| {
        let on = |cpu: usize, source: Told| {
            let config = config(|c| {
                (c.placement.cores, c.placement.producer_core) = (Some(vec![cpu]), Some(cpu));
            });
            let pipeline = Pipeline::new(source, |_: usize| Ok(Null)).config(config);
            pipeline.start().expect("a sane configuration")
        };
        let (orders, source) = told();
        let running = on(first_cpu, source);
        let second = {
            let (_, source) = told();
            library::join(on(second_cpu, source))
        };
        drop(orders);
        let first = library::join(running);
        for (outcome, cpu) in [(&first, first_cpu), (&second, second_cpu)] {
            assert_eq!(cpus(&outcome.placement), [Some(cpu), Some(cpu)]);
            assert_eq!(shared(outcome), [""; 0]);
        }
    });
}

/// A sink that reports that it was reached and hangs until it is let go.
struct Hangs(Sender<()>, Receiver<()>);

impl Sink for Hangs {
    fn write(&mut self, _batch: &Batch<'_>) -> Result<Wrote<'_>, SinkError> {
        let _ = self.0.send(());
        let _ = self.1.recv();
        Ok(Wrote::All)
    }
}

/// A pipeline whose worker hangs in its sink until what is returned beside it is dropped.
fn start_hanging() -> (Running, Sender<()>) {
    let (reached, is_reached) = mpsc::channel();
    let (let_go, waits) = mpsc::channel();
    let mut sink = Some(Hangs(reached, waits));
    let (orders, source) = told();
    orders.send(Order::Lend(64)).expect("the source listens");
    let config = config(|c| c.stop.drain_timeout = Duration::from_millis(1));
    let running = Pipeline::new(source, move |_: usize| Ok(sink.take().expect("one worker")))
        .config(config)
        .start()
        .expect("a sane configuration");
    patiently(|| is_reached.try_recv().ok()).expect("the sink is reached");
    (running, let_go)
}

#[test]
fn a_pipeline_that_nobody_joins_holds_its_cpus_until_its_threads_have_ended() {
    let test = "a_pipeline_that_nobody_joins_holds_its_cpus_until_its_threads_have_ended";
    alone_on_two_cpus(test, |_| {
        let (running, let_go) = start_hanging();
        drop(running);
        assert_eq!(shared(&short_run()).len(), 1);
        drop(let_go);
        patiently(|| shared(&short_run()).is_empty().then_some(())).expect("free CPUs");
    });
}

#[test]
fn a_join_frees_the_cpus_even_of_threads_that_it_leaves_behind() {
    let test = "a_join_frees_the_cpus_even_of_threads_that_it_leaves_behind";
    alone_on_two_cpus(test, |_| {
        let (running, let_go) = start_hanging();
        let outcome = library::join(running);
        assert!(outcome.deadline_passed, "{outcome:?}");
        assert_eq!(shared(&short_run()), [""; 0]);
        drop(let_go);
    });
}
