//! Values that are written as text: how a refusal is worded, and one spelling for each word of an enum.

use std::borrow::Cow;

/// A value that is not accepted. Its text names what is accepted instead.
///
/// Returned by the `FromStr` of all values that are written as text, and by constructors whose arguments have a range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}expected {accepted}", .reason.as_ref().map_or(String::new(), |reason| format!("{reason}: ")))]
pub struct ValueError {
    reason: Option<String>,
    accepted: Cow<'static, str>,
}

impl ValueError {
    pub(crate) fn expected(accepted: impl Into<Cow<'static, str>>) -> Self {
        Self {
            reason: None,
            accepted: accepted.into(),
        }
    }

    /// Adds which part of the value is wrong.
    pub(crate) fn because(self, reason: String) -> Self {
        let reason = Some(reason);
        Self { reason, ..self }
    }

    /// `expected a, b or c`.
    pub(crate) fn one_of(words: &[&str]) -> Self {
        Self::expected(either(words))
    }

    /// What is accepted, as it follows the word "expected".
    pub fn accepted(&self) -> &str {
        &self.accepted
    }
}

/// `a, b or c`.
pub(crate) fn either(words: &[impl AsRef<str>]) -> String {
    let words: Vec<_> = words.iter().map(AsRef::as_ref).collect();
    match &words[..] {
        [first @ .., last] if !first.is_empty() => format!("{} or {last}", first.join(", ")),
        few => few.concat(),
    }
}

/// The name of a stop signal, by its number.
pub(crate) fn signal_name(signal: i32) -> &'static str {
    match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        15 => "SIGTERM",
        _ => "a signal",
    }
}

/// Gives an enum its words, once: `FromStr` and `Display` use them.
macro_rules! spelled {
    ($type:ident: $($variant:ident = $word:literal),+ $(,)?) => {
        impl std::str::FromStr for $type {
            type Err = $crate::sys::text::ValueError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err($crate::sys::text::ValueError::one_of(&[$($word),+])),
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(match self {
                    $(Self::$variant => $word,)+
                })
            }
        }
    };
}
pub(crate) use spelled;

#[cfg(test)]
mod tests {
    use super::ValueError;

    #[derive(Debug, PartialEq)]
    enum Size {
        Small,
        Large,
    }
    spelled!(Size: Small = "small", Large = "large");

    #[test]
    fn an_enum_is_read_as_it_is_written() {
        for size in [Size::Small, Size::Large] {
            assert_eq!(size.to_string().parse(), Ok(size));
        }
        let refused = "huge".parse::<Size>().expect_err("no such size");
        assert_eq!(refused.to_string(), "expected small or large");
        assert_eq!(refused.accepted(), "small or large");
    }

    #[test]
    fn a_refusal_lists_what_is_accepted_and_names_the_wrong_part() {
        let three = ValueError::one_of(&["a", "b", "c"]);
        assert_eq!(three.to_string(), "expected a, b or c");
        assert_eq!(ValueError::one_of(&["a"]).to_string(), "expected a");
        let part = three.because("x is unknown".into());
        assert_eq!(part.to_string(), "x is unknown: expected a, b or c");
    }
}
