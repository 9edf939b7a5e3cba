//! `splashdam verify`, on files and on standard input.

use std::fs;
use std::path::PathBuf;

use assert_cmd::Command;
use assert_cmd::assert::Assert;
use tempfile::TempDir;

/// A folder of files to verify.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a temporary folder"))
    }

    fn file(&self, name: &str, text: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("a file in a temporary folder");
        path
    }

    /// Runs `verify` inside the folder, so that reports name files as the test does.
    fn verify(&self, arguments: &[&str]) -> Assert {
        verify().current_dir(&self.0).args(arguments).assert()
    }

    fn report(&self, arguments: &[&str], code: i32) -> String {
        text(&self.verify(arguments).code(code).get_output().stdout)
    }

    /// The message when there is nothing to report on.
    fn refusal(&self, arguments: &[&str]) -> String {
        let assert = self.verify(arguments).code(2).stdout("");
        text(&assert.get_output().stderr)
    }
}

fn verify() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_splashdam"));
    command.arg("verify");
    command
}

/// Runs `verify` on standard input.
fn piped(input: impl Into<Vec<u8>>, arguments: &[&str]) -> Assert {
    verify().args(arguments).write_stdin(input).assert()
}

fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

#[track_caller]
fn says(report: &str, part: &str) {
    assert!(report.contains(part), "not said: {part}\n{report}");
}

fn line(seq: u64) -> String {
    let ts = 1_700_000_000_000_000 + seq;
    format!(r#"{{"msg":"hello from producer","level":"INFO","ts":{ts},"seq":{seq}}}"#)
}

fn lines(seqs: impl IntoIterator<Item = u64>) -> String {
    seqs.into_iter().map(|seq| line(seq) + "\n").collect()
}

#[test]
fn a_whole_file_is_whole() {
    let folder = Folder::new();
    folder.file("out", lines(0..1000));
    let report = "whole: 1,000 records, seq 0-999, none missing, none duplicated, none torn\n";
    folder.verify(&["out"]).code(0).stdout(report).stderr("");
    folder
        .verify(&["out", "--expect", "1000"])
        .code(0)
        .stdout(report);
}

#[test]
fn a_missing_number_is_named() {
    let folder = Folder::new();
    folder.file(
        "out",
        lines((0..2000).filter(|n| !matches!(n, 17..=20 | 77 | 1000..=1006))),
    );
    folder.verify(&["out"]).code(1).stdout(
        "not whole: 1,988 lines hold 1,988 different records, seq 0-1999\n\
         missing     12: 17-20, 77, 1000-1006\n",
    );
}

#[test]
fn a_missing_end_is_noticed_when_the_number_of_records_is_known() {
    let folder = Folder::new();
    folder.file("out", lines(0..90));
    folder.verify(&["out"]).code(0);
    folder.verify(&["out", "--expect", "100"]).code(1).stdout(
        "not whole: 90 lines hold 90 different records, seq 0-89 (expected: 0-99)\n\
         missing     10: 90-99\n",
    );
}

#[test]
fn a_duplicated_number_is_named_whichever_files_it_is_in() {
    let folder = Folder::new();
    folder.file("a", lines((0..13).chain([3])));
    folder.file("b", lines(9..20));
    folder.verify(&["a", "b"]).code(1).stdout(
        "not whole: 25 lines hold 20 different records, seq 0-19\n\
         duplicated   5: 3, 9-12\n",
    );
}

#[test]
fn a_torn_line_is_named_with_its_file_and_line() {
    let folder = Folder::new();
    folder.file("a", lines(0..5));
    folder.file("b", lines(5..8) + "{\"msg\":\"hello fr\n" + &lines(8..10));
    folder.verify(&["a", "b"]).code(1).stdout(
        "not whole: 11 lines hold 10 different records, seq 0-9\n\
         torn         1: b:4: `{\"msg\":\"hello fr` (EOF while parsing a string, column 16)\n",
    );
}

#[test]
fn two_records_on_one_line_are_torn() {
    let folder = Folder::new();
    folder.file("out", lines(0..3) + &line(3) + &lines([4]));
    let report = folder.report(&["out", "--expect", "5"], 1);
    says(&report, "missing      2: 3-4\n");
    says(&report, "torn         1: out:4: `{");
}

#[test]
fn blank_lines_arrays_and_other_numbers_are_torn() {
    let folder = Folder::new();
    folder.file(
        "out",
        "\n[0]\n{\"seq\":-1}\n{\"seq\":1.0}\n{\"n\":1}\n{\"seq\":0}\n",
    );
    let report = folder.report(&["out"], 1);
    says(&report, "torn         5: out:1: `` (blank)\n");
    for number in 2..=5 {
        says(&report, &format!(" out:{number}: `"));
    }
}

#[test]
fn strings_and_names_of_members_need_not_be_utf_8() {
    let folder = Folder::new();
    folder.file(
        "out",
        b"{\"seq\":0,\"caf\xe9\":\"\xff\"}\n{\"\xfe\":{\"\xff\":0},\"seq\":1}\n{\"caf\xe9\":0,\"seq\":2",
    );
    let report = folder.report(&["out"], 1);
    says(&report, "3 lines hold 2 different records, seq 0-1\n");
    says(&report, "torn         1: out:3: `");
    says(&report, "(EOF while parsing an object, column 17)\n");
}

#[test]
fn a_last_line_without_a_newline_counts_if_it_is_a_record() {
    let folder = Folder::new();
    folder.file("out", lines(0..5) + &line(5));
    folder.verify(&["out", "--expect", "6"]).code(0).stdout(
        "whole: 6 records, seq 0-5, none missing, none duplicated, none torn\n\
         note: the last line of out has no newline; it is a record, and counted\n",
    );
    let record = line(5);
    folder.file("cut", lines(0..5) + &record[..record.len() - 1]);
    let report = folder.report(&["cut"], 1);
    says(&report, "torn         1: cut:6: ");
}

#[test]
fn several_files_are_one_set_in_any_order() {
    let folder = Folder::new();
    folder.file("a", lines((0..30_000).filter(|n| n % 3 == 0)));
    folder.file("b", lines((0..30_000).filter(|n| n % 3 == 1)));
    folder.file("c", lines((0..30_000).rev().filter(|n| n % 3 == 2)));
    let report = "whole: 30,000 records, seq 0-29999, none missing, none duplicated, none torn\n";
    for files in [["a", "b", "c"], ["c", "b", "a"]] {
        folder.verify(&files).code(0).stdout(report);
    }
    folder.verify(&["a", "b"]).code(1);
}

#[test]
fn more_files_than_are_read_at_once_are_all_read() {
    let folder = Folder::new();
    let names: Vec<_> = (0..100).map(|n| format!("out-{n:02}")).collect();
    for (name, start) in names.iter().zip(0..) {
        folder.file(name, lines((start..10_000).step_by(100)));
    }
    let names: Vec<_> = names.iter().map(String::as_str).collect();
    folder
        .verify(&[&names[..], &["--expect", "10000"]].concat())
        .code(0);
}

#[test]
fn standard_input_is_read_when_no_file_is_named_or_a_dash() {
    let report = "whole: 10 records, seq 0-9, none missing, none duplicated, none torn\n";
    piped(lines(0..10), &[]).code(0).stdout(report);
    piped(lines(0..10), &["-"]).code(0).stdout(report);
    let folder = Folder::new();
    let more = folder.file("more", lines(10..20));
    let more = more.to_str().expect("a plain name");
    piped(lines(0..10), &["-", more, "--expect", "20"]).code(0);
}

#[test]
fn numbers_outside_of_from_and_expect_are_unexpected() {
    let folder = Folder::new();
    folder.file("out", lines(5..16));
    folder.verify(&["out", "--from", "5"]).code(0);
    folder
        .verify(&["out", "--from", "6", "--expect", "9"])
        .code(1)
        .stdout(
            "not whole: 11 lines hold 11 different records, seq 5-15 (expected: 6-14)\n\
             unexpected   2: 5, 15\n",
        );
}

#[test]
fn the_highest_number_there_is_can_be_verified() {
    let text = format!("{{\"seq\":{}}}\n{{\"seq\":{}}}\n", u64::MAX, u64::MAX - 1);
    let from = (u64::MAX - 1).to_string();
    piped(text, &["--from", &from, "--expect", "2"]).code(0);
    piped("", &["--from", &from, "--expect", "3"]).code(2);
}

#[test]
fn no_records_fail_unless_none_were_expected() {
    piped("", &[]).code(1).stdout("not whole: no records\n");
    piped("", &["--expect", "0"]).code(0);
}

#[test]
fn long_lists_are_cut_and_say_so() {
    let input = lines((0..100).map(|n| 2 * n)) + &"torn\n".repeat(50);
    let run = |limit: &str| {
        let assert = piped(input.as_str(), &["--limit", limit]).code(1);
        text(&assert.get_output().stdout)
    };
    let cut = run("3");
    says(
        &cut,
        "missing     99: 1, 3, 5 ... and 96 more ranges (--limit 0 lists all)\n",
    );
    says(&cut, " ... and 47 more lines (--limit 0 lists all)\n");
    let all = run("0");
    says(&all, ", 195, 197\n");
    assert_eq!(all.matches("`torn`").count(), 50);
}

#[test]
fn json_and_text_agree() {
    let folder = Folder::new();
    folder.file("out", lines([0, 1, 1, 1, 4, 9]) + "x\n" + &line(5));
    folder
        .verify(&["out", "--json", "--expect", "6"])
        .code(1)
        .stdout(concat!(
            r#"{"whole":false,"lines":8,"records":5,"seq":[0,9],"wanted":[0,5],"#,
            r#""missing":{"count":2,"ranges":[[2,3]],"more_ranges":0},"#,
            r#""unexpected":{"count":1,"ranges":[[9,9]],"more_ranges":0},"#,
            r#""duplicated":{"count":1,"ranges":[[1,1]],"more_ranges":0,"surplus_lines":2},"#,
            r#""torn":{"count":1,"lines":[{"file":"out","line":7,"excerpt":"x","#,
            r#""why":"expected value, column 1"}],"more_lines":0},"#,
            r#""unended":["out"]}"#,
            "\n"
        ));
    folder.file("whole", lines(0..3));
    let report = folder.report(&["whole", "--json"], 0);
    assert!(report.starts_with(r#"{"whole":true,"lines":3,"records":3,"seq":[0,2],"#));
}

#[test]
fn a_line_over_16_mib_is_torn_and_the_next_is_read() {
    let folder = Folder::new();
    let long = |bytes: usize| format!("{{\"msg\":\"{}\",\"seq\":1}}\n", "x".repeat(bytes));
    folder.file("fits", lines([0]) + &long(15 << 20) + &lines([2]));
    folder.verify(&["fits"]).code(0);
    folder.file("long", lines([0]) + &long(17 << 20) + &lines([2]));
    let report = folder.report(&["long"], 1);
    says(&report, "missing      1: 1\n");
    says(&report, "torn         1: long:2: `{\"msg\":\"xxx");
    assert!(report.ends_with("...` (longer than 16 MiB)\n"), "{report}");
}

#[test]
fn an_unreadable_file_is_an_error_without_a_report() {
    let folder = Folder::new();
    folder.file("out", lines(0..10));
    let message = folder.refusal(&["out", "absent", "out"]);
    says(&message, "splashdam verify: cannot read absent: ");
    assert_eq!(message.lines().count(), 1);
    let message = folder.refusal(&["."]);
    says(&message, "splashdam verify: cannot read .: ");
}

#[test]
fn bad_usage_exits_with_2() {
    for arguments in [
        ["--expect", "many"],
        ["--expect", "-1"],
        ["--limit", "all"],
        ["--strict", "out"],
    ] {
        piped("", &arguments).code(2).stdout("");
    }
}
