//! Reference: every setting of `splashdam run`, every key of its report, and the rules of `splashdam compare`.
//!
//! Documentation only. Tests compare the tables with the program.

#![allow(
    clippy::doc_markdown,
    rustdoc::broken_intra_doc_links,
    reason = "the settings' texts are those of --help: neither names of items nor links"
)]

#[doc = include_str!("settings.md")]
pub mod settings {}

#[doc = include_str!("report.md")]
pub mod report {}

#[doc = include_str!("compare.md")]
pub mod compare {}
