//! One setting: what people read about it, and how its value is set and read.

use crate::cli::args::RunArgs;
use crate::values::{Refused, Value};

/// One setting. Its name, with hyphens for underscores, is its flag.
pub(crate) struct Setting {
    pub(crate) name: &'static str,
    /// What a value is called in help, such as `N`.
    pub(crate) value: &'static str,
    pub(crate) group: &'static str,
    help: &'static str,
    /// What `-h` says, which has only those settings that are often used; `--help` has all.
    pub(crate) short_help: Option<&'static str>,
    /// The default in help, if it is not one value.
    pub(crate) default: Option<&'static str>,
    /// The flag may be given more than once, and the file may have a list.
    pub(crate) many: bool,
    /// The name that it had before, which is still accepted.
    pub(crate) formerly: Option<&'static str>,
    /// Whether two runs that differ in it do different work.
    pub(crate) affects_work: bool,
    access: Access,
}

/// Where a setting's value is kept.
enum Access {
    /// In the pipeline's configuration, by its name.
    Config,
    /// Beside it.
    Run {
        set: fn(&mut RunArgs, &Value) -> Result<(), String>,
        get: fn(&RunArgs) -> Option<Value>,
    },
    /// Beside it, and it may be a table.
    Component {
        set: SetComponent,
        get: fn(&RunArgs) -> Value,
        /// The kinds there are, for help.
        kinds: fn() -> String,
    },
}

type SetComponent = fn(&mut RunArgs, &Value) -> Result<(), Vec<Refused>>;

impl Setting {
    /// A setting of the pipeline's configuration.
    pub(super) const fn of_config(
        group: &'static str,
        name: &'static str,
        value: &'static str,
        help: &'static str,
    ) -> Self {
        Self {
            name,
            value,
            group,
            help,
            short_help: None,
            default: None,
            many: false,
            formerly: None,
            affects_work: true,
            access: Access::Config,
        }
    }

    /// A setting of the run, with how it is set and read.
    pub(super) const fn of_run(
        group: &'static str,
        name: &'static str,
        value: &'static str,
        help: &'static str,
        set: fn(&mut RunArgs, &Value) -> Result<(), String>,
        get: fn(&RunArgs) -> Option<Value>,
    ) -> Self {
        Self {
            access: Access::Run { set, get },
            ..Self::of_config(group, name, value, help)
        }
    }

    /// A source or sink; `{kinds}` in `help` stands for the kinds there are.
    pub(super) const fn of_component(
        group: &'static str,
        name: &'static str,
        value: &'static str,
        help: &'static str,
        kinds: fn() -> String,
        set: SetComponent,
        get: fn(&RunArgs) -> Value,
    ) -> Self {
        Self {
            access: Access::Component { set, get, kinds },
            ..Self::of_config(group, name, value, help)
        }
    }

    pub(super) const fn in_short(self, help: &'static str) -> Self {
        Self {
            short_help: Some(help),
            ..self
        }
    }

    pub(super) const fn many(self) -> Self {
        Self { many: true, ..self }
    }

    pub(super) const fn formerly(self, name: &'static str) -> Self {
        Self {
            formerly: Some(name),
            ..self
        }
    }

    pub(super) const fn default_is(self, default: &'static str) -> Self {
        Self {
            default: Some(default),
            ..self
        }
    }

    pub(super) const fn apart_from_work(self) -> Self {
        Self {
            affects_work: false,
            ..self
        }
    }

    /// `--its-name`.
    pub(crate) fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// Whether the configuration file may call it so.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || self.formerly == Some(name)
    }

    /// What people read about it.
    pub(crate) fn help(&self) -> String {
        match self.access {
            Access::Component { kinds, .. } => self.help.replace("{kinds}", &kinds()),
            Access::Config | Access::Run { .. } => self.help.to_owned(),
        }
    }

    /// Sets its value.
    ///
    /// # Errors
    ///
    /// All that is wrong with it.
    pub(crate) fn set(&self, args: &mut RunArgs, value: &Value) -> Result<(), Vec<Refused>> {
        let set = match self.access {
            Access::Config => args
                .config
                .set(self.name, value)
                .unwrap_or_else(|| unreachable!("{} is no setting of Config", self.name)),
            Access::Run { set, .. } => set(args, value),
            Access::Component { set, .. } => return set(args, value),
        };
        set.map_err(|expected| vec![Refused::value(value, expected)])
    }

    /// The value in force as people read it; `None` if it is unset.
    pub(crate) fn get(&self, args: &RunArgs) -> Option<Value> {
        let value = match self.access {
            Access::Config => args.config.get(self.name),
            Access::Run { get, .. } => get(args),
            Access::Component { get, .. } => Some(get(args)),
        };
        match value? {
            Value::Bool(true) => Some("on".into()),
            Value::Bool(false) => Some("off".into()),
            value => Some(value),
        }
    }

    /// The default as a person would write it; `None` if nothing is set by default.
    pub(crate) fn default_text(&self) -> Option<String> {
        if let Some(text) = self.default {
            return Some(text.to_owned());
        }
        match self.get(&RunArgs::default())? {
            Value::List(values) => Some(values.iter().filter_map(Value::plain).collect()),
            Value::Integer(bytes) if self.value == "SIZE" => {
                let (count, unit) = if bytes % (1 << 20) == 0 {
                    (bytes >> 20, "MiB")
                } else {
                    (bytes >> 10, "KiB")
                };
                Some(format!("{count}{unit}"))
            }
            scalar => scalar.plain(),
        }
    }
}
