//! What a summary says of how a run ended, and what also a quiet run says.

use crate::engine::extent::Extent;
use crate::outcome::Report;
use crate::sys::printed::{Grouped, Printable};
use crate::sys::text::signal_name;

/// Inputs that are named one by one; the others are counted.
const NAMED_AT_MOST: usize = 10;

/// A second signal that cut the run short, and the inputs that were not read to their end; a sentence each.
pub(crate) fn ending(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(signal) = report.stop.halted_by {
        let (name, ledger) = (signal_name(signal), &report.ledger);
        let spilled = match ledger.spilled {
            0 => String::new(),
            records => format!(", {} spilled", Grouped(records)),
        };
        let abandoned = Grouped(ledger.abandoned);
        lines.push(format!(
            "second {name}: leaving now, {abandoned} records abandoned{spilled}"
        ));
    }
    let unfinished = || report.inputs.iter().filter(|input| !input.finished);
    lines.extend(unfinished().take(NAMED_AT_MOST).map(said));
    let more = unfinished().skip(NAMED_AT_MOST).count();
    if more > 0 {
        lines.push(format!("{more} more inputs: unfinished"));
    }
    lines
}

fn said(input: &Extent) -> String {
    let (name, read, total) = (
        Printable(&input.name),
        Grouped(input.read_bytes),
        Grouped(input.total_bytes),
    );
    format!("input {name}: unfinished, {read} of {total} bytes were read")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::ending;
    use crate::outcome::report::sample;

    #[test]
    fn an_ending_names_the_second_signal_and_inputs_that_were_not_read_to_their_end() {
        let mut report = sample::json(1);
        report["stop"]["halted_by"] = 15.into();
        let unfinished = "input big: unfinished, 12,345 of 99,999 bytes were read";
        assert_eq!(
            ending(&sample::read(&report)),
            [
                "second SIGTERM: leaving now, 7 records abandoned, 60 spilled",
                unfinished
            ]
        );
        report["stop"]["halted_by"] = json!(null);
        report["inputs"][0]["finished"] = true.into();
        assert_eq!(ending(&sample::read(&report)), [""; 0]);
        report["inputs"] = json!(vec![
            json!({ "name": "a\u{1b}", "read_bytes": 0, "total_bytes": 1000, "finished": false });
            12
        ]);
        let lines = ending(&sample::read(&report));
        assert_eq!(lines.len(), 11);
        assert_eq!(
            lines[0],
            "input a\\u{1b}: unfinished, 0 of 1,000 bytes were read"
        );
        assert_eq!(lines[10], "2 more inputs: unfinished");
    }
}
