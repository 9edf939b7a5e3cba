//! The HTML page of a run: it agrees with the report, and a browser renders it.

use std::fs::File;
use std::io::BufReader;
use std::process::Command;

use crate::support::{Folder, SMALL, skip};

/// Slow workers and more load than one of them can take: the autoscaler has to add some.
const AUTOSCALED: &str = "--producer-rate 20000/s --count 30000 --sink delay:5ms --batch-size 50 --channel-size 1500 \
     --max-workers 3 --autoscale-interval 50ms --metrics-interval 50ms --html page.html";
const STYLE: &str = include_str!("../../src/report/html/style.css");

#[test]
fn the_page_and_the_report_agree() {
    let folder = Folder::new();
    let ended = folder
        .run(&format!("{SMALL} --count 12345 --html page.html"))
        .delivers_everything();
    let page = String::from_utf8(folder.read("page.html")).unwrap();
    for words in [
        "12,345",
        "balanced",
        "worker-0",
        "--count</span> <span>12345</span>",
        "</html>",
    ] {
        assert!(page.contains(words), "no {words}");
    }
    let kernel = ended.report["machine"]["kernel"].as_str().unwrap();
    assert!(page.contains(kernel), "{kernel}");
    let failing = folder.run("--source file:nowhere --html none.html");
    failing.exits(2);
    assert_eq!(
        folder.names(),
        ["page.html", "report.json"],
        "a refused run leaves no page"
    );
}

#[test]
fn a_page_that_cannot_be_written_is_refused_before_the_run() {
    let folder = Folder::new();
    let nowhere = folder.run("--count 1 --html nowhere/page.html");
    nowhere.exits(2).says("html: nowhere/page.html");
    let same = folder.run("--count 1 --html report.json");
    same.exits(2).says("html report.json is the report too");
}

#[test]
fn a_browser_shows_the_lines_and_the_figures_of_an_autoscaled_run() {
    let Some(browser) = browser() else {
        return skip("no chromium, chromium-browser or google-chrome is installed");
    };
    let folder = Folder::new();
    let ended = folder.run(AUTOSCALED).delivers_everything();
    let steps = ended.report["scaling"].as_array().unwrap().iter();
    assert!(
        steps.clone().any(|step| step["to"] == 2),
        "{}",
        ended.report["scaling"]
    );
    for (scheme, preferred) in [("light", 1), ("dark", 0)] {
        let name = format!("{scheme}.png");
        let scheme_flag = format!("--blink-settings=preferredColorScheme={preferred}");
        let shot = format!("--screenshot={name}");
        browse(
            &folder,
            browser,
            &[&shot, "--window-size=1000,2400", &scheme_flag],
        );
        let picture = Picture::read(&folder, &name);
        assert_eq!((picture.width, picture.height), (1000, 2400), "{scheme}");
        let blank = picture.near(colour(scheme, "card")) + picture.near(colour(scheme, "ground"));
        assert!(
            blank * 2 > 1000 * 2400,
            "{scheme}: most of the page is its ground"
        );
        for series in ["blue", "orange", "green", "purple"] {
            // More than in the legend.
            let pixels = picture.near(colour(scheme, series));
            assert!(pixels > 400, "{scheme}: {pixels} pixels of {series}");
        }
    }
    let dom = String::from_utf8(browse(&folder, browser, &["--dump-dom"])).unwrap();
    for words in ["30,000", "balanced", "records/s", "\u{25b2}2", "page.html"] {
        assert!(dom.contains(words), "no {words} in the document");
    }
    let lines = dom.matches("class=\"line ").count();
    assert!(lines >= 16, "{lines} lines, with those of the legends");
}

/// The first of these browsers that starts.
fn browser() -> Option<&'static str> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    let starts = |name: &&str| Command::new(name).arg("--version").output().is_ok();
    names.into_iter().find(starts)
}

/// Opens the page in a headless browser and returns what that prints. The browser is killed after the timeout.
#[track_caller]
fn browse(folder: &Folder, browser: &str, arguments: &[&str]) -> Vec<u8> {
    let mut command = folder.command(browser);
    command.env("HOME", folder.path("."));
    command.args("--headless --no-sandbox --disable-gpu --disable-quic --no-first-run".split(' '));
    command.args("--disable-background-networking --disable-component-update".split(' '));
    command.args(["--disable-sync", "--hide-scrollbars"]);
    command.arg(format!(
        "--user-data-dir={}",
        folder.path("profile").display()
    ));
    command.args(arguments);
    command.arg(format!("file://{}", folder.path("page.html").display()));
    folder.spawn(command).end().exits(0).stdout
}

/// Red, green and blue.
type Colour = [u8; 3];

/// A colour of the page's style: the second definition is the dark one.
fn colour(scheme: &str, name: &str) -> Colour {
    let key = format!("--{name}: #");
    let mut definitions = STYLE.match_indices(&key);
    let light = definitions.next();
    let definition = if scheme == "dark" {
        definitions.next()
    } else {
        light
    };
    let at = definition.unwrap().0 + key.len();
    let hex = u32::from_str_radix(&STYLE[at..at + 6], 16)
        .unwrap()
        .to_be_bytes();
    [hex[1], hex[2], hex[3]]
}

struct Picture {
    width: u32,
    height: u32,
    pixels: Vec<Colour>,
}

impl Picture {
    #[track_caller]
    fn read(folder: &Folder, name: &str) -> Self {
        let file = BufReader::new(File::open(folder.path(name)).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut bytes).unwrap();
        assert_eq!(info.bit_depth, png::BitDepth::Eight);
        let pixels = bytes[..info.buffer_size()].chunks_exact(info.color_type.samples());
        Self {
            width: info.width,
            height: info.height,
            pixels: pixels.map(|pixel| [pixel[0], pixel[1], pixel[2]]).collect(),
        }
    }

    /// The number of pixels of about this colour: edges are smoothed.
    fn near(&self, colour: Colour) -> usize {
        let near = |pixel: &&Colour| pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) <= 16);
        self.pixels.iter().filter(near).count()
    }
}
