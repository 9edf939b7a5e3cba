//! Lists of CPUs as Linux writes them: `0,2,4-7`.

use std::fmt;

/// One more than the highest id that a thread can be pinned to: the size of glibc's `cpu_set_t`, beyond which
/// `core_affinity` aborts the process.
pub(crate) const CPUS_MAX: usize = 1_024;

/// Parses a list and keeps its order.
///
/// # Errors
///
/// The first thing that is wrong: not a number, out of bounds, or a range that runs backwards.
pub(crate) fn parse(text: &str) -> Result<Vec<usize>, String> {
    let (mut cpus, text) = (Vec::new(), text.trim());
    if text.is_empty() {
        return Ok(cpus);
    }
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last) = (id(first)?, id(last)?);
        if first > last {
            return Err(format!("{part} runs backwards (was {last}-{first} meant?)"));
        }
        cpus.extend(first..=last);
    }
    Ok(cpus)
}

fn id(text: &str) -> Result<usize, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits {
        return Err(format!("{text:?} is not the id of a CPU"));
    }
    // A number too large for usize is out of bounds as well.
    let cpu = text.parse().unwrap_or(usize::MAX);
    if cpu < CPUS_MAX {
        Ok(cpu)
    } else {
        Err(out_of_bounds(text))
    }
}

fn out_of_bounds(cpu: impl fmt::Display) -> String {
    format!("CPU {cpu} is beyond {}", CPUS_MAX - 1)
}

/// Checks that threads can be pinned to these CPUs and that none is named twice. `allowed` are the CPUs that the
/// process may use; empty if they are unknown.
///
/// # Errors
///
/// What is wrong with the first CPU that fails.
pub(crate) fn check(cpus: &[usize], allowed: &[usize]) -> Result<(), String> {
    if cpus.is_empty() {
        return Err("no CPU is named".into());
    }
    for (index, cpu) in cpus.iter().enumerate() {
        if *cpu >= CPUS_MAX {
            return Err(out_of_bounds(cpu));
        }
        if cpus[..index].contains(cpu) {
            return Err(format!("CPU {cpu} is named twice"));
        }
        if !allowed.is_empty() && !allowed.contains(cpu) {
            return Err(format!("this process may not use CPU {cpu}"));
        }
    }
    Ok(())
}

/// Names the accepted CPUs, for the end of an error message.
pub(crate) fn expected(allowed: &[usize]) -> String {
    if allowed.is_empty() {
        format!("expected ids from 0 to {}", CPUS_MAX - 1)
    } else {
        format!(
            "expected ids out of {} (taskset or the container's cpuset allows others)",
            CpuList(allowed)
        )
    }
}

/// Prints ids as a list, in their order, with ascending neighbours as a range.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CpuList<'a>(pub(crate) &'a [usize]);

impl fmt::Display for CpuList<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let runs = self.0.chunk_by(|a, b| a + 1 == *b);
        for (index, run) in runs.enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match run {
                [first, .., last] => write!(f, "{comma}{first}-{last}")?,
                one => one.iter().try_for_each(|cpu| write!(f, "{comma}{cpu}"))?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{CpuList, check, parse};

    #[test]
    fn a_list_is_read_in_its_order_and_printed_as_it_was_written() {
        for (text, cpus) in [
            ("0", vec![0]),
            ("0,2,4-7", vec![0, 2, 4, 5, 6, 7]),
            ("7,0-1", vec![7, 0, 1]),
            ("1023", vec![1_023]),
            ("", vec![]),
        ] {
            assert_eq!(parse(text).as_ref(), Ok(&cpus));
            assert_eq!(CpuList(&cpus).to_string(), text);
        }
        assert_eq!(parse("3-3\n"), Ok(vec![3]));
    }

    #[test]
    fn what_is_not_a_list_is_refused_with_its_reason() {
        for (text, reason) in [
            ("x", r#""x" is not the id of a CPU"#),
            ("1,,2", r#""" is not the id of a CPU"#),
            ("-1", r#""" is not the id of a CPU"#),
            ("+1", r#""+1" is not the id of a CPU"#),
            ("1-2-3", r#""2-3" is not the id of a CPU"#),
            ("7-4", "7-4 runs backwards (was 4-7 meant?)"),
            ("1024", "CPU 1024 is beyond 1023"),
            ("0-4000000000", "CPU 4000000000 is beyond 1023"),
            (
                "99999999999999999999",
                "CPU 99999999999999999999 is beyond 1023",
            ),
        ] {
            assert_eq!(parse(text), Err(reason.to_owned()), "{text:?}");
        }
    }

    #[test]
    fn only_cpus_that_the_process_may_use_pass_and_each_once() {
        let refused =
            |cpus: &[usize], allowed: &[usize]| check(cpus, allowed).expect_err("refused");
        assert_eq!(check(&[6, 2], &[2, 4, 6]), Ok(()));
        assert_eq!(check(&[6, 2], &[]), Ok(()));
        assert_eq!(refused(&[], &[2]), "no CPU is named");
        assert_eq!(refused(&[2, 2], &[2]), "CPU 2 is named twice");
        assert_eq!(refused(&[2, 3], &[2]), "this process may not use CPU 3");
        assert_eq!(refused(&[1_024], &[]), "CPU 1024 is beyond 1023");
    }
}
