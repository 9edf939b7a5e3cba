//! The settings of a run: from flags, from a file, and by default.

use serde_json::json;

use crate::support::Folder;

#[test]
fn a_file_with_all_nine_settings_is_obeyed() {
    let file = r#"
        producer_rate = "100us"
        channel_size = 1500
        batch_size = 50
        batch_timeout = "20ms"
        min_workers = 1
        max_workers = 2
        autoscale_interval = "1s"
        scale_up_threshold = 0.8
        scale_down_threshold = 0.2
    "#;
    let (_folder, ended) = Folder::configured(file, "--count 200");
    let config = &ended.delivers_everything().report["config"];
    for (name, value) in [
        ("producer_rate", json!("100us")),
        ("channel_size", json!(1500)),
        ("batch_size", json!(50)),
        ("batch_timeout", json!("20ms")),
        ("min_workers", json!(1)),
        ("max_workers", json!(2)),
        ("autoscale_interval", json!("1s")),
        ("scale_up_threshold", json!(0.8)),
        ("scale_down_threshold", json!(0.2)),
    ] {
        assert_eq!(
            config[name],
            json!({ "value": value, "origin": "file" }),
            "{name}"
        );
    }
}

#[test]
fn a_flag_wins_over_the_file_and_both_over_the_default() {
    let (_folder, ended) = Folder::configured(
        "channel_size = 300\ncount = 7\nsink = \"check\"\n",
        "--count 20",
    );
    let ended = ended.delivers_everything();
    assert_eq!(ended.figure("/ledger/produced"), 20);
    let config = &ended.report["config"];
    assert_eq!(config["count"], json!({ "value": 20, "origin": "flag" }));
    assert_eq!(
        config["sink"],
        json!({ "value": "check", "origin": "file" })
    );
    assert_eq!(
        config["channel_size"],
        json!({ "value": 300, "origin": "file" })
    );
    assert_eq!(
        config["route"],
        json!({ "value": "least-occupied", "origin": "default" })
    );
    // No setting asks for batches of 300; they follow from the lane.
    assert_eq!(
        config["batch_size"],
        json!({ "value": 300, "origin": "derived" })
    );
}

#[test]
fn files_to_read_may_be_listed_in_the_file() {
    let folder = Folder::new();
    folder.write("a", "1\n");
    folder.write("b", "2\n");
    folder.write(
        "c.toml",
        "source = [\"file:b\", \"file:a\"]\nsink = \"file:out\"\nmax_workers = 1\n",
    );
    folder.run("--config c.toml").delivers_everything();
    assert_eq!(folder.read("out"), b"2\n1\n");
}

#[test]
fn changing_one_setting_alone_contradicts_nothing() {
    for flags in [
        "--channel-size 1",
        "--channel-size 100",
        "--lane-bytes 64KiB",
        "--lane-bytes 200",
        "--max-record-bytes 8MiB",
        "--batch-bytes 8MiB",
        "--batch-size 20000",
        "--min-workers 3",
        "--max-workers 3",
        "--record-bytes 2MiB",
        "--scale-up-threshold 0.1",
        "--scale-down-threshold 0.9",
        "--batch-timeout 0",
        "--throttle off",
    ] {
        Folder::new()
            .run(&format!("--count 3 {flags}"))
            .delivers_everything();
    }
}

#[test]
fn source_files_in_flags_replace_those_in_the_file() {
    let folder = Folder::new();
    folder.write("a", "1\n");
    folder.write("b", "2\n");
    folder.write("c.toml", "source = \"file:a\"\nsink = \"file:out\"\n");
    let ended = folder.run("--config c.toml --source file:b");
    ended.delivers_everything();
    assert_eq!(folder.read("out"), b"2\n");
}

#[test]
fn numbers_may_have_underscores_and_sizes_units() {
    let ended = Folder::new()
        .run("--count 1_000 --channel-size 2_000 --lane-bytes 64KiB --batch-bytes 4096");
    let ended = ended.delivers_everything();
    assert_eq!(ended.figure("/ledger/produced"), 1_000);
    assert_eq!(ended.figure("/config/lane_bytes/value"), 65_536);
    assert_eq!(ended.figure("/config/channel_size/value"), 2_000);
}

#[test]
fn values_in_the_file_may_have_their_own_type() {
    let file = "autoscale = true\nlatency = false\nlane_bytes = 65536\nbatch_timeout = 0\n";
    let (_folder, ended) = Folder::configured(file, "--count 20");
    let config = &ended.delivers_everything().report["config"];
    for (name, value) in [
        ("autoscale", json!("on")),
        ("latency", json!("off")),
        ("lane_bytes", json!(65_536)),
        ("batch_timeout", json!("0s")),
    ] {
        assert_eq!(config[name], json!({ "value": value, "origin": "file" }));
    }
}

#[test]
fn sources_and_sinks_may_be_tables_and_settings_grouped() {
    let folder = Folder::new();
    folder.write("a", "1\n");
    folder.write("b", "2\n");
    folder.write(
        "c.toml",
        r#"
        latency = false

        [scaling]
        max_workers = 1

        [[source]]
        type = "file"
        path = "b"

        [[source]]
        type = "file"
        path = "a"

        [sink]
        type = "delay"
        delay = "1ms"

        [sink.sink]
        type = "fault"
        short = 0.5
        seed = 3
        sink = { type = "file", path = "out" }
        "#,
    );
    let ended = folder.run("--config c.toml");
    let config = &ended.delivers_everything().report["config"];
    assert_eq!(folder.read("out"), b"2\n1\n");
    assert_eq!(
        config["max_workers"],
        json!({ "value": 1, "origin": "file" })
    );
    assert_eq!(config["source"]["value"], json!(["file:b", "file:a"]));
    assert_eq!(
        config["sink"]["value"],
        "delay:1ms,fault:short=0.5+seed=3,file:out"
    );
}
