//! Placements on made-up machines, of pipelines that run beside others and of pipelines with several shards.

use std::time::Duration;

use super::{bare, machine, plan, plan_beside, shards, smt, workers};
use crate::sys::cpu::sharing::Holder;
use crate::sys::cpu::{Machine, Pin, Placement, Request, Role};

/// A pipeline that runs already: the CPUs of its producer and of its workers.
fn running(cpus: &[Option<usize>]) -> Holder {
    let role = |thread: usize| match thread.checked_sub(1) {
        None => Role::Producer { shard: 0 },
        Some(index) => Role::Worker { shard: 0, index },
    };
    let threads = cpus.iter().enumerate();
    Holder {
        threads: threads.map(|(thread, &cpu)| (role(thread), cpu)).collect(),
    }
}

fn pinned(cpus: &[usize]) -> Holder {
    let cpus: Vec<_> = cpus.iter().copied().map(Some).collect();
    running(&cpus)
}

fn asked(placement: &Placement) -> Vec<usize> {
    let threads = placement.threads.iter();
    threads.filter_map(|thread| thread.asked).collect()
}

fn whys(placement: &Placement) -> Vec<&str> {
    let threads = placement.threads.iter();
    threads.map(|thread| &*thread.why).collect()
}

fn warnings(placement: &Placement) -> Vec<String> {
    let warnings = placement.warnings.iter();
    warnings.map(ToString::to_string).collect()
}

#[test]
fn a_second_pipeline_takes_free_cores_then_its_own_siblings_then_those_of_others() {
    let others = [pinned(&[0, 1])];
    let second = plan_beside(&others, &smt(), &workers(5));
    assert_eq!(asked(&second), [2, 3, 7, 6, 4, 5]);
    assert_eq!(
        whys(&second)[2..],
        [
            "SMT sibling of cpu 3",
            "SMT sibling of cpu 2",
            "SMT sibling of cpu 0, which another pipeline uses",
            "SMT sibling of cpu 1, which another pipeline uses",
        ]
    );
    assert_eq!((second.spin_ns, second.warnings), (10_000, vec![]));
}

#[test]
fn a_pipeline_with_free_cpus_shares_them_among_its_own_threads_and_disturbs_nobody() {
    let others = [pinned(&[0, 1])];
    let second = plan_beside(&others, &bare(&[0, 1, 2, 3]), &workers(2));
    assert_eq!(asked(&second), [2, 3, 3]);
    let shares = "shares cpu 3: more threads than free CPUs";
    assert_eq!(whys(&second)[1..], [shares, shares]);
    assert_eq!(second.spin_ns, 0);
    let warning = "3 threads on 2 CPUs: those that share one wait for each other's turn; lower max_workers to 1, or \
                   allow this process more CPUs (taskset, the container's cpuset)";
    assert_eq!(warnings(&second), [warning]);
    let narrow = plan_beside(&others, &bare(&[0, 1, 2]), &workers(1));
    assert_eq!(asked(&narrow), [2, 2]);
}

#[test]
fn if_no_cpu_is_free_pipelines_share_do_not_spin_and_warn() {
    let two = bare(&[0, 1]);
    let second = plan_beside(&[pinned(&[0, 1])], &two, &workers(1));
    // The other producer is the last to be disturbed.
    assert_eq!(asked(&second), [1, 0]);
    assert_eq!(
        whys(&second)[0],
        "shares cpu 1 with another pipeline: no CPU is free"
    );
    assert_eq!(second.spin_ns, 0);
    assert!(second.spin_why.contains("with another pipeline"));
    let warning = "this pipeline shares CPUs 0-1 with another pipeline in this process (2 threads): their threads take \
                   turns; run one pipeline after the other, or allow this process more CPUs (taskset, the container's \
                   cpuset)";
    assert_eq!(warnings(&second), [warning]);
    assert_eq!(second.warnings[0].code, "shared_cpus");

    let others = [pinned(&[0, 1]), pinned(&[1, 0, 0])];
    let third = plan_beside(&others, &two, &workers(1));
    assert_eq!(asked(&third), [1, 0]);
    let expected = "with 2 other pipelines in this process (5 threads)";
    assert!(warnings(&third)[0].contains(expected), "{third:?}");
}

#[test]
fn workers_of_others_are_disturbed_before_their_producers() {
    let second = plan_beside(&[pinned(&[0, 1, 2, 3])], &bare(&[0, 1, 2, 3]), &workers(2));
    assert_eq!(asked(&second), [1, 2, 3]);
    assert!(
        warnings(&second)[0].contains("shares CPUs 1-3 with another pipeline"),
        "{second:?}"
    );
    assert!(
        second.warnings[0]
            .remedy
            .starts_with("run one pipeline after")
    );
}

#[test]
fn the_remedy_against_sharing_names_how_many_workers_would_fit() {
    let others = [pinned(&[0, 1])];
    let second = plan_beside(&others, &bare(&[0, 1, 2, 3]), &named(&[1, 2, 3], 3));
    let sharing = second.warnings.iter().find(|w| w.code == "shared_cpus");
    let remedy = &sharing.expect("CPU 1 is shared").remedy;
    assert!(
        remedy.starts_with("lower max_workers to 1, or run"),
        "{remedy}"
    );
}

fn named(cores: &'static [usize], count: usize) -> Request<'static> {
    Request {
        cores: Some(cores),
        ..workers(count)
    }
}

#[test]
fn cpus_that_are_given_are_used_even_if_another_pipeline_holds_them() {
    let four = bare(&[0, 1, 2, 3]);
    let second = plan_beside(&[pinned(&[0, 1])], &four, &named(&[1], 1));
    assert_eq!(asked(&second), [2, 1]);
    assert_eq!(
        whys(&second)[1],
        "given by cores; shares cpu 1 with another pipeline"
    );
    assert_eq!(second.spin_ns, 0);
    let warning = "this pipeline shares CPU 1 with another pipeline in this process (2 threads): their threads take \
                   turns; give each pipeline its own CPUs with cores and producer_core";
    assert_eq!(warnings(&second), [warning]);

    let apart = plan_beside(&[pinned(&[0, 1])], &four, &named(&[3], 1));
    assert_eq!((asked(&apart), apart.spin_ns), (vec![2, 3], 10_000));
    assert!(apart.warnings.is_empty());
}

#[test]
fn threads_that_are_not_pinned_share_only_if_there_are_fewer_cpus_than_threads() {
    let floating = [running(&[None, None])];
    let roomy = plan_beside(&floating, &bare(&[0, 1, 2, 3]), &workers(1));
    assert_eq!((asked(&roomy), roomy.spin_ns), (vec![0, 1], 10_000));
    assert!(roomy.warnings.is_empty());

    let warning = "this pipeline shares all 3 CPUs it may use with another pipeline in this process (2 threads): their \
                   threads take turns; run one pipeline after the other, or allow this process more CPUs (taskset, the \
                   container's cpuset)";
    let tight = plan_beside(&floating, &bare(&[0, 1, 2]), &workers(1));
    assert_eq!((tight.spin_ns, warnings(&tight)), (0, vec![warning.into()]));
    let off = Request {
        pin: Pin::Off,
        ..workers(1)
    };
    let off = plan_beside(&[pinned(&[0, 1])], &bare(&[0, 1, 2]), &off);
    assert_eq!((off.spin_ns, warnings(&off)), (0, vec![warning.into()]));
}

#[test]
fn pipelines_on_other_cpus_than_these_are_not_in_the_way() {
    let elsewhere = [pinned(&[4, 5])];
    let off = Request {
        pin: Pin::Off,
        ..workers(1)
    };
    let second = plan_beside(&elsewhere, &bare(&[0, 1]), &off);
    assert_eq!((second.spin_ns, second.warnings), (10_000, vec![]));
    let unknown = plan_beside(&[pinned(&[0, 1])], &bare(&[]), &workers(1));
    let codes: Vec<_> = unknown.warnings.iter().map(|w| w.code.clone()).collect();
    assert_eq!(codes, ["cpus_unknown"]);
}

#[test]
fn a_spin_that_is_set_gets_a_warning_beside_a_pipeline_on_the_same_cpu() {
    let request = Request {
        spin: Some(Duration::from_micros(7)),
        ..workers(1)
    };
    let second = plan_beside(&[pinned(&[0, 1])], &bare(&[0, 1]), &request);
    assert_eq!(second.spin_ns, 7_000);
    let codes: Vec<_> = second.warnings.iter().map(|w| w.code.clone()).collect();
    assert_eq!(codes, ["shared_cpus", "spin_on_shared_cpu"]);
}

#[test]
fn a_quota_counts_the_threads_of_all_pipelines() {
    let limited = Machine {
        quota: Some(4.5),
        ..smt()
    };
    let alone = plan(&limited, &named(&[2, 3], 2));
    assert_eq!((alone.spin_ns, alone.warnings), (10_000, vec![]));
    let second = plan_beside(&[pinned(&[0, 1])], &limited, &named(&[2, 3], 2));
    assert_eq!(second.spin_ns, 0);
    let warning = "5 threads (2 of them of other pipelines) on a CPU quota of 4.5: the kernel stops them for a part of \
                   each period; lower max_workers to 1, or raise the quota (cpu.max)";
    assert_eq!(warnings(&second), [warning]);
}

#[test]
fn each_shard_has_a_producer_whose_package_its_workers_prefer() {
    let two_packages = machine(&[
        (0, 0, 0),
        (1, 1, 1),
        (2, 2, 0),
        (3, 3, 1),
        (4, 4, 0),
        (5, 5, 1),
    ]);
    let placement = plan(&two_packages, &shards(&[(None, 2), (None, 2)]));
    let names: Vec<_> = placement.threads.iter().map(|t| &*t.thread).collect();
    assert_eq!(
        names,
        [
            "producer",
            "worker-0",
            "worker-1",
            "s1-producer",
            "s1-worker-0",
            "s1-worker-1",
        ]
    );
    assert_eq!(asked(&placement), [0, 2, 4, 1, 3, 5]);
    assert_eq!((placement.spin_ns, placement.warnings.len()), (10_000, 0));
}

#[test]
fn producers_of_all_shards_come_before_workers_and_cores_are_taken_in_turn_by_all_workers() {
    let placement = plan(&bare(&[0, 1, 2]), &shards(&[(None, 2), (None, 1)]));
    assert_eq!(asked(&placement), [0, 2, 2, 1, 2]);
    let request = Request {
        cores: Some(&[3, 5, 7]),
        ..shards(&[(None, 2), (Some(1), 2)])
    };
    assert_eq!(asked(&plan(&smt(), &request)), [0, 3, 5, 1, 7, 3]);
}
