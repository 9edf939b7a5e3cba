//! What a generated line is, and when.

use crate::sources::generator::*;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    msg: String,
    level: String,
    ts: u64,
    seq: u64,
}

fn lines(generator: &mut Generator, demand: Demand) -> Vec<(RecordHeader, Line)> {
    let Ok(Lent::Burst(burst)) = generator.lend(demand) else {
        panic!("no burst");
    };
    let mut rest = burst.bytes;
    let mut lines = Vec::new();
    for header in &*burst.headers {
        let (line, behind) = rest.split_at(header.len as usize);
        assert_eq!(line.last(), Some(&b'\n'));
        lines.push((*header, serde_json::from_slice(line).expect("valid JSON")));
        rest = behind;
    }
    assert!(rest.is_empty());
    lines
}

impl Generator {
    fn start_at(&mut self, seq: u64) {
        self.seq = seq;
        self.seq_text = SeqText::of(seq);
        self.make_templates();
    }
}

const DEMAND: Demand = Demand {
    now_ns: 5_000_000,
    records: 256,
    bytes: 64 << 10,
};

#[test]
fn every_line_parses_back_to_what_was_meant() {
    let mut generator = Generator::new(Rate::Max, None, 7);
    let mut levels = std::collections::BTreeMap::<String, usize>::new();
    let mut next = 0;
    while next < 12_000 {
        for (header, line) in lines(&mut generator, DEMAND) {
            assert_eq!((line.seq, header.position), (next, next));
            assert_eq!(line.ts, generator.clock.unix_us(header.due_ns));
            assert_eq!(line.msg, "hello from producer");
            *levels.entry(line.level).or_default() += 1;
            next += 1;
        }
    }
    assert!(levels["INFO"] > 9_000 && levels["ERROR"] > 200 && levels.len() == 4);
}

#[test]
fn lines_stay_right_when_their_number_grows_and_bursts_change_size() {
    for start in [0, 97, 9_990, 99_999_700, 999_999_999_500, u64::MAX - 2_000] {
        let mut generator = Generator::new(Rate::Max, None, 3);
        generator.start_at(start);
        let mut next = start;
        for (burst, records) in [256, 256, 7, 249, 256, 256].into_iter().enumerate() {
            let demand = Demand {
                now_ns: 1_000_000 * burst as u64,
                records,
                ..DEMAND
            };
            let lines = lines(&mut generator, demand);
            assert_eq!(lines.len(), records);
            for (header, line) in lines {
                assert_eq!((line.seq, header.position), (next, next));
                assert_eq!(line.ts, generator.clock.unix_us(header.due_ns));
                next += 1;
            }
        }
    }
}

#[test]
fn a_padded_line_has_the_length_asked_for_whatever_its_level_and_number() {
    for record_bytes in [76, 86, 96, 97, 200, 4096] {
        let mut generator = Generator::new(Rate::Max, Some(record_bytes), 0);
        for _ in 0..8 {
            for (header, line) in lines(&mut generator, DEMAND) {
                assert_eq!(header.len as usize, record_bytes);
                assert!("hello from producer".starts_with(line.msg.trim_end_matches('.')));
            }
        }
        assert!(generator.seq > 100);
    }
}

#[test]
fn a_paced_line_carries_its_due_time_and_none_comes_early() {
    let rate = "1ms".parse().expect("a rate");
    let mut generator = Generator::new(rate, None, 0);
    let due: Vec<_> = lines(&mut generator, DEMAND)
        .iter()
        .map(|(header, _)| header.due_ns)
        .collect();
    assert_eq!(
        due,
        [0, 1_000_000, 2_000_000, 3_000_000, 4_000_000, 5_000_000]
    );
    let next = generator.lend(DEMAND);
    assert!(matches!(next, Ok(Lent::Pending(pending)) if pending.until_ns() == Some(6_000_000)));
}

#[test]
fn a_load_decides_when_lines_are_due_however_many_are_asked_for_at_once() {
    let rate: Rate = "1000/s".parse().expect("a rate");
    for load in ["square:4ms,0.5", "poisson"] {
        let load: Load = load.parse().expect("a load");
        let due = |records| {
            let mut generator = Generator::new(rate, None, 7).load(load);
            let demand = Demand {
                now_ns: 1_000_000_000,
                records,
                ..DEMAND
            };
            let bursts = std::iter::repeat_with(|| lines(&mut generator, demand));
            let due = bursts.flatten().map(|(header, _)| header.due_ns);
            due.take(700).collect::<Vec<_>>()
        };
        assert_eq!(due(256), due(7));
        assert!(due(256).is_sorted());
    }
    let mut generator = Generator::new(rate, None, 7).load(Load::Poisson);
    let next = generator.lend(Demand {
        now_ns: 0,
        ..DEMAND
    });
    assert!(matches!(next, Ok(Lent::Pending(pending)) if pending.until_ns() > Some(0)));
}

#[test]
#[should_panic(expected = "a load without a rate")]
fn a_load_needs_a_rate() {
    let _ = Generator::new(Rate::Max, None, 0).load(Load::Poisson);
}

#[test]
fn the_seed_alone_decides_the_order_of_levels() {
    assert_eq!(shuffled_mix(1), shuffled_mix(1));
    assert_ne!(shuffled_mix(1), shuffled_mix(2));
}

/// How many lines a generator of 1000/s lends after a stop, having been asked at these times (in ms) before.
fn lent_after_a_stop(asked_ms: &[u64], records: usize, stop_ms: u64) -> usize {
    let rate: Rate = "1000/s".parse().expect("a rate");
    let mut generator = Generator::new(rate, None, 0);
    let demand = |now_ms: u64, records| Demand {
        now_ns: now_ms * 1_000_000,
        records,
        bytes: 64 << 10,
    };
    for now_ms in asked_ms {
        let _ = generator
            .lend(demand(*now_ms, records))
            .expect("no failure");
    }
    let mut lent = 0;
    while let Ok(Lent::Burst(burst)) = generator.lend_buffered(demand(stop_ms, 256)) {
        lent += burst.headers.len();
    }
    lent
}

#[test]
fn after_a_stop_a_generator_lends_what_fell_due_while_nobody_asked_but_no_backlog() {
    // Records 0 to 10 are lent at 10 ms, and then there is none.
    let asked = [10, 10];
    assert_eq!(lent_after_a_stop(&asked, 256, 10), 0);
    assert_eq!(lent_after_a_stop(&asked, 256, 15), 5);
    assert_eq!(lent_after_a_stop(&asked, 256, 4_010), 4_000);
    // It is asked too rarely, or for too little, to be ever without a line that is due.
    let too_slow: Vec<_> = (10..200).collect();
    assert_eq!(lent_after_a_stop(&too_slow, 1, 200), 0);
    // Not for long yet.
    assert_eq!(lent_after_a_stop(&too_slow[..50], 1, 60), 11);
    let mut unpaced = Generator::new(Rate::Max, None, 0);
    assert!(matches!(unpaced.lend_buffered(DEMAND), Ok(Lent::End)));
}
