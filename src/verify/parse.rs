//! Finds the `seq` of a record.

use std::fmt;

use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// Returns the `seq` of a line that is one JSON object and nothing else.
///
/// The whole line is parsed, so a line cut short or two records glued together cannot pass. Only the text inside
/// strings, names of members included, is not examined: it need not be valid UTF-8.
///
/// # Errors
///
/// What makes the line torn, and at which column (in bytes, from 1).
pub(crate) fn parse_seq(line: &[u8]) -> Result<u64, String> {
    let mut parsed = serde_json::from_slice(line);
    if parsed.is_err() && !line.is_ascii() {
        parsed = serde_json::from_slice(&ascii(line));
    }
    match parsed {
        Ok(Record { seq }) => Ok(seq),
        Err(_) if line.trim_ascii().is_empty() => Err("blank".to_owned()),
        // The line within the line is always the first.
        Err(error) => Err(error.to_string().replace(" at line 1 column ", ", column ")),
    }
}

/// The line with each byte that is not ASCII replaced.
///
/// The parser takes the names of members for valid UTF-8 or none. Outside strings either byte is an error; inside, no
/// such text becomes the name `seq`; and columns stay where they are.
fn ascii(line: &[u8]) -> Vec<u8> {
    let replaced = line
        .iter()
        .map(|byte| if byte.is_ascii() { *byte } else { b'?' });
    replaced.collect()
}

struct Record {
    seq: u64,
}

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "lowercase")]
enum Member {
    Seq,
    #[serde(other)]
    Other,
}

// By hand, because a derived one also takes an array, `[17]`, for a record.
impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Record;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with a whole unsigned `seq`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Record, A::Error> {
        let mut seq = None;
        while let Some(member) = members.next_key()? {
            match member {
                Member::Seq => {
                    if seq.replace(members.next_value()?).is_some() {
                        return Err(A::Error::duplicate_field("seq"));
                    }
                }
                Member::Other => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        seq.map(|seq| Record { seq })
            .ok_or_else(|| A::Error::missing_field("seq"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str =
        r#"{"msg":"hello from producer","level":"INFO","ts":1700000000000000,"seq":17}"#;

    #[test]
    fn a_record_is_an_object_with_a_seq_wherever_it_stands() {
        assert_eq!(parse_seq(LINE.as_bytes()), Ok(17));
        for line in [
            r#"{"seq":17}"#,
            r#" { "a":[{"seq":1}], "seq" : 17 , "b":{"seq":"x"} } "#,
            r#"{"s\u0065q":17,"":null}"#,
            "{\"seq\":17}\r",
        ] {
            assert_eq!(parse_seq(line.as_bytes()), Ok(17), "{line}");
        }
        assert_eq!(parse_seq(br#"{"seq":18446744073709551615}"#), Ok(u64::MAX));
    }

    #[test]
    fn strings_need_not_be_utf_8() {
        for line in [
            &b"{\"msg\":\"\xff\xfe\",\"seq\":17}"[..],
            b"{\"caf\xe9\":1,\"seq\":17}",
            b"{\"seq\":17,\"\xff\xfe\":{\"\xc3\":\"\xff\"}}",
            "{\"caf\u{e9}\":\"\u{e9}\",\"seq\":17}".as_bytes(),
        ] {
            assert_eq!(parse_seq(line), Ok(17), "{}", line.escape_ascii());
        }
    }

    #[test]
    fn bytes_that_are_no_utf_8_excuse_no_other_fault() {
        for (line, why) in [
            (
                &b"{\"caf\xe9\":1,\"seq\":17"[..],
                "EOF while parsing an object, column 18",
            ),
            (
                b"{\"caf\xe9\":1,\"seq\":17}\xff",
                "trailing characters, column 20",
            ),
            (b"{\"caf\xe9\":1}", "missing field `seq`, column 10"),
            (
                b"{\"caf\xe9\":1,\"seq\":17,\"seq\":17}",
                "duplicate field `seq`, column 28",
            ),
            (b"{\"se\xffq\":17}", "missing field `seq`, column 11"),
            (b"{\"\xe9\n\":1,\"seq\":17}", "control character"),
            (b"\xff", "expected value, column 1"),
        ] {
            let error = parse_seq(line).expect_err("torn");
            assert!(error.contains(why), "{}: {error}", line.escape_ascii());
        }
    }

    #[test]
    fn every_line_cut_short_is_torn() {
        for end in 0..LINE.len() {
            assert!(
                parse_seq(&LINE.as_bytes()[..end]).is_err(),
                "{}",
                &LINE[..end]
            );
        }
        for start in 1..LINE.len() {
            assert!(
                parse_seq(&LINE.as_bytes()[start..]).is_err(),
                "{}",
                &LINE[start..]
            );
        }
    }

    #[test]
    fn every_record_that_starts_inside_another_is_torn() {
        for cut in 0..=LINE.len() {
            let glued = format!("{}{LINE}", &LINE[..cut]);
            assert_eq!(parse_seq(glued.as_bytes()).is_ok(), cut == 0, "{glued}");
            let spliced = format!("{}{LINE}{}", &LINE[..cut], &LINE[cut..]);
            assert!(parse_seq(spliced.as_bytes()).is_err(), "{spliced}");
        }
    }

    #[test]
    fn what_is_not_a_whole_unsigned_seq_is_torn() {
        for line in [
            "",
            "   ",
            "17",
            "[17]",
            "null",
            "{}",
            r#"{"seq":-1}"#,
            r#"{"seq":-0}"#,
            r#"{"seq":17.0}"#,
            r#"{"seq":1e3}"#,
            r#"{"seq":"17"}"#,
            r#"{"seq":null}"#,
            r#"{"seq":017}"#,
            r#"{"seq":18446744073709551616}"#,
            r#"{"seq":1,"seq":1}"#,
            r#"{"Seq":1}"#,
            r#"{"seq":17,}"#,
            r#"{"seq":17} {"seq":18}"#,
            r#"{"seq":17}x"#,
            "{\"seq\":17}\0",
            "{\"msg\":\"a\0b\",\"seq\":17}",
            "{\"msg\":\"a\tb\",\"seq\":17}",
            r#"{"msg":"\x","seq":17}"#,
            r#"{"msg":01,"seq":17}"#,
            r#"{"msg":nul,"seq":17}"#,
            r#"{"msg":[1,,2],"seq":17}"#,
            "\u{feff}{\"seq\":17}",
        ] {
            assert!(parse_seq(line.as_bytes()).is_err(), "{line}");
        }
    }

    #[test]
    fn the_reason_names_the_column() {
        assert_eq!(
            parse_seq(br#"{"msg":"hello fr"#),
            Err("EOF while parsing a string, column 16".to_owned())
        );
        assert_eq!(parse_seq(b" \r"), Err("blank".to_owned()));
    }
}
