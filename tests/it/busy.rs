//! A busy machine is said to be one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::support::{Folder, SMALL};

/// Keeps every CPU busy.
struct Busy(Arc<AtomicBool>, Vec<JoinHandle<()>>);

impl Busy {
    fn on_every_cpu() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let cpus = core_affinity::get_core_ids().unwrap();
        let spin_on = |cpu| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                core_affinity::set_for_current(cpu);
                while !over.load(Ordering::Relaxed) {
                    std::hint::spin_loop();
                }
            })
        };
        let threads = cpus.into_iter().map(spin_on).collect();
        Self(over, threads)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        for thread in self.1.drain(..) {
            let _ = thread.join();
        }
    }
}

#[test]
fn threads_that_waited_for_their_cpus_are_named_with_the_share_of_the_run() {
    let busy = Busy::on_every_cpu();
    let ended = Folder::new().run(&format!(
        "--duration 1s --min-workers 1 --max-workers 1 {SMALL}"
    ));
    drop(busy);
    let ended = ended
        .delivers_everything()
        .says("warning      the CPUs of this run were busy with other work");
    let validity = &ended.report["validity"];
    assert_eq!(validity["valid"], false);
    let warnings = validity["warnings"].as_array().unwrap();
    let preempted = warnings
        .iter()
        .find(|warning| warning["code"] == "preempted");
    let message = preempted.unwrap()["message"].as_str().unwrap();
    let waited_s = ended.measure("/threads/0/run_delay_s");
    let share = 100.0 * waited_s / ended.measure("/throughput/elapsed_s");
    assert!(share >= 1.0, "{validity}");
    assert!(
        message.contains(&format!("producer {share:.0} %")),
        "{message}, {share}"
    );
}
