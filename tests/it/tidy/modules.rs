//! The library's modules: which file holds what, which file imports which, and which file is in no module.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Path, paths, tokens};
use super::source::Source;

/// So many re-exports may lie between an import and what it names.
const REEXPORTS: u32 = 8;

type Module<'a> = Vec<&'a str>;

/// The library's files by their modules; the root's name is empty.
pub(super) struct Modules<'a> {
    files: BTreeMap<Module<'a>, (&'a Source, Vec<Path>)>,
}

impl<'a> Modules<'a> {
    pub(super) fn new(sources: &'a [Source]) -> Self {
        let of_library = sources.iter().filter(|source| {
            let programs = ["src/main.rs", "src/build.rs"];
            source.path.starts_with("src/") && !programs.contains(&source.path.as_str())
        });
        let files = of_library.map(|source| {
            let mut module = source.modules();
            module.retain(|name| *name != "lib");
            (module, (source, paths(source)))
        });
        Self {
            files: files.collect(),
        }
    }

    /// Who imports whom, and the first line that does so.
    ///
    /// An import leads to the file in which the item is, past all re-exports. To declare a module, or to re-export what
    /// the file itself does not use, is no import.
    pub(super) fn imports(&self) -> BTreeMap<(&'a str, &'a str), usize> {
        let mut imports = BTreeMap::new();
        for (module, (source, paths)) in &self.files {
            for path in paths.iter().filter(|path| !path.only_reexported) {
                for target in self.absolute(module, &path.names, REEXPORTS) {
                    let home = self.home(&target, REEXPORTS);
                    if home != source.path {
                        imports
                            .entry((source.path.as_str(), home))
                            .or_insert(path.line);
                    }
                }
            }
        }
        imports
    }

    /// A path in a file of this module, from the crate's root; nothing if it leads to another crate.
    fn absolute(&self, module: &[&str], names: &[String], depth: u32) -> Vec<Vec<String>> {
        let below = |module: &[&str], rest: &[String]| {
            let module = module.iter().map(|name| (*name).to_owned());
            module.chain(rest.iter().cloned()).collect()
        };
        let up = names.iter().take_while(|name| *name == "super").count();
        match names[0].as_str() {
            "crate" => return vec![names[1..].to_vec()],
            "self" => return vec![below(module, &names[1..])],
            "super" if up <= module.len() => {
                return vec![below(&module[..module.len() - up], &names[up..])];
            }
            _ => {}
        }
        let child = [module, &[&names[0]]].concat();
        if self.files.contains_key(&child) {
            return vec![below(module, names)];
        }
        self.through_imports(module, &names[0], &names[1..], depth)
    }

    /// What a name that a module imports stands for, with the names behind it.
    fn through_imports(
        &self,
        module: &[&str],
        name: &str,
        rest: &[String],
        depth: u32,
    ) -> Vec<Vec<String>> {
        let paths = self.files.get(module).map(|(_, paths)| paths.iter());
        let Some(depth) = depth.checked_sub(1) else {
            return Vec::new();
        };
        let named = paths.into_iter().flatten().filter(|path| {
            // `use rand;` names another crate, not itself.
            path.imported_as.as_deref() == Some(name) && path.names[0] != name
        });
        let targets = named.flat_map(|path| self.absolute(module, &path.names, depth));
        targets.map(|target| [&target, rest].concat()).collect()
    }

    /// The file in which the item at this path from the root is.
    fn home(&self, names: &[String], depth: u32) -> &'a str {
        let mut module = Vec::new();
        for (index, name) in names.iter().enumerate() {
            module.push(name.as_str());
            if self.files.contains_key(&module) {
                continue;
            }
            module.pop();
            let rest = &names[index + 1..];
            let targets = self.through_imports(&module, name, rest, depth);
            if let (Some(target), Some(depth)) = (targets.first(), depth.checked_sub(1)) {
                return self.home(target, depth);
            }
            break;
        }
        &self.files[&module].0.path
    }
}

/// The circles among imports: sets of files in which each file reaches each other one.
pub(super) fn circles<'a>(
    imports: &BTreeMap<(&'a str, &'a str), usize>,
) -> BTreeSet<BTreeSet<&'a str>> {
    let mut next = BTreeMap::<_, Vec<_>>::new();
    for (from, to) in imports.keys() {
        next.entry(*from).or_default().push(*to);
    }
    let ahead_of = |start: &'a str| {
        let (mut reached, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(file) = open.pop() {
            for to in next.get(file).into_iter().flatten() {
                if reached.insert(*to) {
                    open.push(to);
                }
            }
        }
        reached
    };
    let ahead: BTreeMap<_, _> = next.keys().map(|file| (*file, ahead_of(file))).collect();
    let leads = |from: &str, to: &str| ahead.get(from).is_some_and(|all| all.contains(to));
    let on_circles = ahead.keys().filter(|file| leads(file, file));
    on_circles
        .map(|file| {
            let all = ahead[file].iter().copied();
            all.filter(|other| leads(other, file)).collect()
        })
        .collect()
}

/// The files below `folder` that no `mod` declaration leads to from any of these roots.
pub(super) fn dead(sources: &[Source], folder: &str, roots: &[&str]) -> Vec<String> {
    let files = sources.iter().map(|source| (source.path.as_str(), source));
    let files: BTreeMap<_, _> = files.filter(|(path, _)| path.starts_with(folder)).collect();
    let mut alive = BTreeSet::new();
    let mut open: Vec<_> = roots.iter().map(|root| (*root).to_owned()).collect();
    while let Some(path) = open.pop() {
        let Some(source) = files.get(path.as_str()) else {
            continue;
        };
        if alive.insert(source.path.as_str()) {
            // `a/mod.rs`, and the roots, have their modules beside them; those of `a/b.rs` are in `a/b/`.
            let beside = path.ends_with("/mod.rs") || roots.contains(&path.as_str());
            let stem = path.trim_end_matches(".rs");
            let parent = if beside {
                path.rsplit_once('/').unwrap().0
            } else {
                stem
            };
            for name in source.declared_modules() {
                open.push(format!("{parent}/{name}.rs"));
                open.push(format!("{parent}/{name}/mod.rs"));
            }
        }
    }
    let dead = files.keys().filter(|path| !alive.contains(*path));
    dead.map(|path| format!("{path} is in no module")).collect()
}

/// The modules that a file declares, in its own order, those of unit tests left out.
pub(super) fn declared_in_order(source: &Source) -> Vec<&str> {
    let tokens = tokens(source);
    let declared = tokens.windows(3).filter_map(|window| match window {
        [(_, "mod"), (_, name), (_, ";")] => Some(*name),
        _ => None,
    });
    declared.collect()
}
