//! Standard input is shared with whoever reads it next, and may fail in the middle of a line.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Command;

use rustix::process::Signal;

use crate::support::{Folder, PROGRAM, SMALL};

/// The file `in`, and what the next reader of the same descriptor finds when this run has ended.
fn left_over(folder: &Folder, arguments: &str) -> String {
    let mut shared = File::open(folder.path("in")).unwrap();
    let stdin = shared.try_clone().unwrap();
    let live = folder.start_with(&format!("--source stdin {arguments} {SMALL}"), |command| {
        command.stdin(stdin);
    });
    live.end().delivers_everything();
    let mut rest = String::new();
    shared.read_to_string(&mut rest).unwrap();
    rest
}

#[test]
fn a_count_leaves_a_file_on_standard_input_at_the_next_line() {
    let folder = Folder::new();
    folder.write("in", "one\ntwo\nthree\nfour");
    assert_eq!(
        left_over(&folder, "--sink file:out --count 2"),
        "three\nfour"
    );
    assert_eq!(folder.read("out"), b"one\ntwo\n");
    // The newline that the last line lacks was never in the file.
    assert_eq!(left_over(&folder, "--count 3"), "four");
    assert_eq!(left_over(&folder, "--count 4"), "");
    assert_eq!(left_over(&folder, "--count 5"), "");
    assert_eq!(left_over(&folder, ""), "");
}

#[test]
fn a_file_on_standard_input_that_is_larger_than_what_is_read_at_once_is_left_at_the_next_line() {
    let folder = Folder::new();
    let lines: Vec<_> = (0..50_000).map(|n| format!("line {n}\n")).collect();
    folder.write("in", lines.concat());
    for count in [1, 257, 49_999] {
        let rest = left_over(&folder, &format!("--count {count}"));
        assert!(rest == lines[count..].concat(), "{count}");
    }
}

#[test]
fn commands_that_share_a_standard_input_see_each_line_once() {
    let folder = Folder::new();
    folder.write("in", "1\n2\n3\n4\n5\n6\n");
    let run =
        format!("{PROGRAM} run -q --source stdin --sink stdout --max-workers 1 {SMALL} --count");
    let mut shell = folder.command("sh");
    shell.args([
        "-c",
        &format!("{{ {run} 2; read line; echo \"read $line\"; {run} 2; cat; }} < in"),
    ]);
    let shell = shell.output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&shell.stdout),
        "1\n2\nread 3\n4\n5\n6\n"
    );
}

#[test]
fn a_stop_leaves_a_file_on_standard_input_at_the_next_line() {
    let folder = Folder::new();
    let lines: Vec<_> = (0..5_000).map(|n| format!("line {n}\n")).collect();
    folder.write("in", lines.concat());
    let mut shared = File::open(folder.path("in")).unwrap();
    let stdin = shared.try_clone().unwrap();
    let live = folder.start_with(
        &format!(
            "--source stdin --sink delay:2ms,file:out --batch-timeout 1ms --workers 1 {SMALL}"
        ),
        |command| {
            command.stdin(stdin);
        },
    );
    live.wait_until("some output", || folder.len("out") > 0);
    live.send(Signal::TERM);
    let ended = live.end().balances();
    let mut rest = String::new();
    shared.read_to_string(&mut rest).unwrap();
    let delivered = ended.figure("/ledger/delivered") as usize;
    assert_eq!(ended.figure("/ledger/produced") as usize, delivered);
    assert!(rest == lines[delivered..].concat(), "{delivered}");
}

#[test]
fn what_a_pipe_cannot_take_back_is_counted() {
    let folder = Folder::new();
    let ended = folder.pipe(
        b"one\ntwo\nthree\n",
        &format!("--source stdin --count 2 {SMALL}"),
    );
    ended.delivers_everything().says(
        "standard input: 6 bytes behind the last record were read and not delivered; what is not a file cannot take \
         them back",
    );
    let ended = folder.pipe(b"one\ntwo\n", &format!("--source stdin --count 2 {SMALL}"));
    assert!(
        !ended
            .delivers_everything()
            .stderr
            .contains("behind the last record")
    );
}

/// A connection, and its other end.
fn connection() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (here, listener.accept().unwrap().0)
}

#[test]
fn a_read_error_inside_a_line_delivers_what_was_read() {
    let folder = Folder::new();
    let (mut here, mut there) = connection();
    let stdin = OwnedFd::from(there.try_clone().unwrap());
    let live = folder.start_with(
        &format!("--source stdin --sink file:out --workers 1 --batch-timeout 1ms {SMALL}"),
        |command: &mut Command| {
            command.stdin(stdin);
        },
    );
    here.write_all(b"one\ntw").unwrap();
    live.wait_until("the first line", || folder.len("out") == 4);
    // Closed with unread bytes, a connection is reset.
    there.write_all(b"unread").unwrap();
    let mut arrived = [0];
    while here.peek(&mut arrived).unwrap() == 0 {}
    drop((here, there));
    let ended = live.end().exits(1).balances();
    let ended = ended.says("source: standard input: Connection reset by peer");
    assert_eq!(folder.read("out"), b"one\ntw\n");
    assert_eq!(ended.figure("/ledger/delivered"), 2);
}
