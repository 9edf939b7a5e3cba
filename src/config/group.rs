//! Declares a group of settings once: its fields, their defaults, and how each is read and written by name.

/// Declares a struct whose fields are settings, then (`optional`) those that are `None` by default.
///
/// `as CODEC` names the module of [`crate::values`] that reads and writes the value.
macro_rules! group {
    (
        $(#[$about:meta])*
        $group:ident {
            $($(#[$doc:meta])* $name:ident: $type:ty = $default:expr, as $codec:ident;)*
        }
        optional {
            $($(#[$opt_doc:meta])* $opt_name:ident: $opt_type:ty, as $opt_codec:ident;)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $group {
            $($(#[$doc])* pub $name: $type,)*
            $($(#[$opt_doc])* pub $opt_name: Option<$opt_type>,)*
        }

        impl Default for $group {
            fn default() -> Self {
                Self {
                    $($name: $default,)*
                    $($opt_name: None,)*
                }
            }
        }

        impl $group {
            pub(super) const NAMES: &[&str] = &[$(stringify!($name),)* $(stringify!($opt_name),)*];

            /// The value of the setting with this name, `None` if it is unset or not in this group.
            pub(super) fn get(&self, name: &str) -> Option<crate::values::Value> {
                match name {
                    $(stringify!($name) => Some(crate::values::$codec::write(&self.$name)),)*
                    $(stringify!($opt_name) => {
                        self.$opt_name.as_ref().map(|value| crate::values::$opt_codec::write(value))
                    })*
                    _ => None,
                }
            }

            /// Sets the setting with this name; `None` if it is not in this group. The error names what is accepted.
            pub(super) fn set(
                &mut self,
                name: &str,
                value: &crate::values::Value,
            ) -> Option<Result<(), String>> {
                let set = match name {
                    $(stringify!($name) => crate::values::$codec::read(value).map(|value| self.$name = value),)*
                    $(stringify!($opt_name) => {
                        crate::values::$opt_codec::read(value).map(|value| self.$opt_name = Some(value))
                    })*
                    _ => return None,
                };
                Some(set)
            }
        }
    };
}
pub(super) use group;
