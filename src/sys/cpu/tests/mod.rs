//! Placements on made-up machines, of one pipeline by itself.

mod several;

use std::time::Duration;

use crate::sys::cpu::sharing::Holder;
use crate::sys::cpu::{Cpu, Machine, Pin, Placement, Request, ShardRequest};

/// CPUs as (id, physical core, package).
fn machine(cpus: &[(usize, usize, i64)]) -> Machine {
    let cpu = |&(id, core, package): &(usize, usize, i64)| Cpu {
        id,
        core: Some(core),
        package: Some(package),
    };
    Machine {
        cpus: cpus.iter().map(cpu).collect(),
        quota: None,
    }
}

/// CPUs of which nothing but the id is known.
fn bare(ids: &[usize]) -> Machine {
    let cpu = |&id: &usize| Cpu {
        id,
        core: None,
        package: None,
    };
    Machine {
        cpus: ids.iter().map(cpu).collect(),
        quota: None,
    }
}

/// Four physical cores of two siblings each, numbered as most machines do.
fn smt() -> Machine {
    machine(&[
        (0, 0, 0),
        (1, 1, 0),
        (2, 2, 0),
        (3, 3, 0),
        (4, 0, 0),
        (5, 1, 0),
        (6, 2, 0),
        (7, 3, 0),
    ])
}

fn workers(workers: usize) -> Request<'static> {
    shards(&[(None, workers)])
}

/// Shards as (the producer's CPU, workers).
fn shards(shards: &[(Option<usize>, usize)]) -> Request<'static> {
    let shard = |&(producer_core, workers): &(Option<usize>, usize)| ShardRequest {
        workers,
        producer_core,
    };
    Request {
        shards: shards.iter().map(shard).collect(),
        cores: None,
        pin: Pin::BestEffort,
        spin: None,
    }
}

fn plan(machine: &Machine, request: &Request<'_>) -> Placement {
    plan_beside(&[], machine, request)
}

fn plan_beside(others: &[Holder], machine: &Machine, request: &Request<'_>) -> Placement {
    let park_cost = Some(Duration::from_micros(10));
    Placement::plan(machine, request, others, |_| park_cost)
}

/// The CPUs of the producer and of the workers.
fn asked(machine: &Machine, request: &Request<'_>) -> Vec<usize> {
    let threads = plan(machine, request).threads;
    threads.into_iter().filter_map(|t| t.asked).collect()
}

fn whys(machine: &Machine, request: &Request<'_>) -> Vec<String> {
    let threads = plan(machine, request).threads;
    threads.into_iter().map(|thread| thread.why).collect()
}

#[test]
fn the_producer_has_its_cpu_for_itself_and_the_workers_take_turns_on_the_others() {
    let three = bare(&[2, 4, 7]);
    assert_eq!(asked(&three, &workers(2)), [2, 4, 7]);
    assert_eq!(asked(&three, &workers(5)), [2, 4, 7, 4, 7, 4]);
    let alone = "own CPU; its physical core is unknown";
    let shared = "shares cpu 4: more threads than CPUs";
    assert_eq!(whys(&three, &workers(3)), [alone, shared, alone, shared]);
}

#[test]
fn physical_cores_come_before_siblings_and_the_producers_sibling_last() {
    assert_eq!(asked(&smt(), &workers(3)), [0, 1, 2, 3]);
    assert_eq!(asked(&smt(), &workers(7)), [0, 1, 2, 3, 5, 6, 7, 4]);
    assert_eq!(asked(&smt(), &workers(9)), [0, 1, 2, 3, 5, 6, 7, 4, 1, 2]);
    let neighbours = machine(&[(0, 0, 0), (1, 0, 0), (2, 2, 0), (3, 2, 0)]);
    assert_eq!(asked(&neighbours, &workers(3)), [0, 2, 3, 1]);
    let whys = whys(&neighbours, &workers(2));
    let expected = [
        "own physical core",
        "SMT sibling of cpu 3",
        "SMT sibling of cpu 2",
    ];
    assert_eq!(whys, expected);
}

#[test]
fn workers_stay_in_the_producers_package_as_long_as_it_has_cores() {
    let two_packages = machine(&[
        (0, 0, 0),
        (1, 1, 1),
        (2, 2, 0),
        (3, 3, 1),
        (4, 0, 0),
        (5, 1, 1),
    ]);
    assert_eq!(asked(&two_packages, &workers(4)), [0, 2, 1, 3, 5]);
    let request = shards(&[(Some(3), 3)]);
    assert_eq!(asked(&two_packages, &request), [3, 1, 0, 2]);
}

#[test]
fn cpus_that_are_given_are_taken_in_turn_and_the_producer_keeps_out_of_their_way() {
    let request = |producer_core| Request {
        cores: Some(&[6, 0]),
        ..shards(&[(producer_core, 3)])
    };
    assert_eq!(asked(&smt(), &request(None)), [1, 6, 0, 6]);
    assert_eq!(asked(&smt(), &request(Some(4))), [4, 6, 0, 6]);
    let expected = [
        "given by producer_core; SMT sibling of cpu 0",
        "given by cores; shares cpu 6",
        "given by cores; SMT sibling of cpu 4",
        "given by cores; shares cpu 6",
    ];
    assert_eq!(whys(&smt(), &request(Some(4))), expected);
    // Named, but not used: the only worker has the first.
    let request = Request {
        cores: Some(&[0, 1]),
        ..workers(1)
    };
    assert_eq!(asked(&bare(&[0, 1]), &request), [1, 0]);
}

#[test]
fn on_one_cpu_everything_is_shared_and_nothing_spins() {
    let one = plan(&bare(&[3]), &workers(2));
    assert!(one.threads.iter().all(|thread| thread.asked == Some(3)));
    assert_eq!(one.spin_ns, 0);
    let warning = "3 threads on 1 CPU: those that share one wait for each other's turn; allow this process more CPUs \
                   (taskset, the container's cpuset)";
    let warnings: Vec<_> = one.warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, [warning]);
}

#[test]
fn threads_with_a_cpu_each_spin_as_long_as_a_park_takes() {
    let placement = plan(&smt(), &workers(7));
    assert_eq!((placement.spin_ns, placement.warnings), (10_000, vec![]));
    let placement = plan(&smt(), &workers(8));
    assert_eq!(placement.spin_ns, 0);
    assert!(
        placement.warnings[0]
            .to_string()
            .contains("lower max_workers to 7")
    );
}

#[test]
fn the_cost_of_a_park_is_measured_where_the_threads_are_to_run() {
    let mut measured = None;
    let request = Request {
        cores: Some(&[5]),
        ..workers(1)
    };
    Placement::plan(&smt(), &request, &[], |pair| {
        measured = Some(pair);
        None
    });
    assert_eq!(measured, Some([Some(0), Some(5)]));
}

#[test]
fn if_the_cpus_are_unknown_only_those_given_are_asked_for() {
    let placement = plan(&bare(&[]), &workers(1));
    assert!(placement.threads.iter().all(|t| t.asked.is_none()));
    assert_eq!(placement.spin_ns, 0);
    assert!(
        placement.warnings[0]
            .to_string()
            .starts_with("threads are not pinned: ")
    );
    let request = Request {
        cores: Some(&[1]),
        ..shards(&[(Some(0), 1)])
    };
    let placement = plan(&bare(&[]), &request);
    assert_eq!((placement.spin_ns, placement.warnings), (10_000, vec![]));
    assert!(placement.threads.iter().all(|t| t.allowed.is_none()));
}

#[test]
fn pin_off_asks_for_nothing_and_still_counts_the_cpus() {
    let off = |workers_wanted| Request {
        pin: Pin::Off,
        cores: Some(&[0]),
        ..workers(workers_wanted)
    };
    let placement = plan(&bare(&[0, 1]), &off(1));
    assert!(placement.threads.iter().all(|t| t.asked.is_none()));
    assert_eq!(placement.threads[0].why, "pin is off");
    assert_eq!((placement.spin_ns, placement.warnings), (10_000, vec![]));
    let crowded = plan(&bare(&[0, 1]), &off(2));
    assert_eq!((crowded.spin_ns, crowded.warnings.len()), (0, 1));
    let unknown = plan(&bare(&[]), &off(2));
    assert_eq!((unknown.spin_ns, unknown.warnings.len()), (0, 0));
}

#[test]
fn a_quota_below_the_threads_ends_spinning_and_one_below_the_cpus_is_reported() {
    let limited = |quota| Machine {
        quota: Some(quota),
        ..smt()
    };
    let placement = plan(&limited(2.5), &workers(4));
    assert_eq!(placement.spin_ns, 0);
    assert!(placement.spin_why.contains("quota of 2.5"));
    assert!(
        placement.warnings[0]
            .to_string()
            .contains("lower max_workers to 1, or raise the quota")
    );
    assert!(
        placement.warnings[1]
            .to_string()
            .starts_with("a CPU quota of 2.5 on 8 CPUs: neighbours")
    );

    let tight = plan(&limited(0.5), &workers(1));
    assert!(
        tight.warnings[0]
            .to_string()
            .ends_with("of each period; raise the quota (cpu.max)")
    );

    let strict = Request {
        pin: Pin::Strict,
        ..workers(1)
    };
    let placement = plan(&limited(2.0), &strict);
    assert_eq!((placement.spin_ns, placement.warnings), (10_000, vec![]));
}

#[test]
fn a_spin_that_is_set_stays_and_gets_a_warning_if_it_harms() {
    let request = |spin| Request {
        spin: Some(Duration::from_micros(spin)),
        ..workers(1)
    };
    assert_eq!(plan(&bare(&[0, 1]), &request(7)).spin_ns, 7_000);
    let crowded = plan(&bare(&[0]), &request(7));
    assert_eq!(crowded.spin_ns, 7_000);
    assert!(
        crowded.warnings[1]
            .to_string()
            .starts_with("spin is 7us, but threads share a CPU")
    );
    assert_eq!(plan(&bare(&[0]), &request(0)).warnings.len(), 1);
}

#[test]
fn cpus_that_do_not_exist_are_refused_all_at_once_with_what_is_accepted() {
    let mut wrong = Vec::new();
    let request = Request {
        cores: Some(&[4, 5]),
        ..shards(&[(Some(9), 1)])
    };
    request.check(&[2, 4], &mut wrong);
    let accepted = "expected ids out of 2,4 (taskset or the container's cpuset allows others)";
    let expected = [
        format!("cores 4-5 is not accepted: this process may not use CPU 5; {accepted}"),
        format!("producer_core 9 is not accepted: this process may not use CPU 9; {accepted}"),
    ];
    assert_eq!(wrong, expected);
    let mut unknown = Vec::new();
    request.check(&[], &mut unknown);
    assert_eq!(unknown, [""; 0]);
}
