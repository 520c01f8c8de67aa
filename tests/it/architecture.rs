//! The rules of the code base, by search over its text.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

/// Features, each of which uses only those before it; those of one row don't know each other.
const ORDER: &[&[&str]] = &[
    &["account"],
    &["organisation"],
    &["space"],
    &["audit"],
    &["contribution"],
    &["forum", "grant", "journal", "media", "report"],
    &["review"],
    &["live"],
    &["notice", "presence"],
    &["privacy"],
];

/// Layers of a feature, each of which uses only those before it.
const LAYERS: &[&str] = &["rules", "store", "service", "job", "graphql"];

/// What may stand at the top of `src`.
const TOP: &[&str] = &[
    "app", "bench", "cli", "config", "demo", "event", "features", "lib", "main", "platform", "policy", "schema",
];

/// A `graphql.rs` or `service.rs` with more lines is due to become a folder.
const LINES: usize = 300;
/// Those that are longer and still one file. The list only shrinks.
const STILL_ONE_FILE: &[&str] = &["features/organisation/graphql.rs"];

/// Services that still fill in rows of their tables, which is their store's work. The list only shrinks.
const STILL_NAME_ENTITIES: &[&str] = &[
    "features/account/service/mod.rs",
    "features/contribution/service/author.rs",
    "features/contribution/service/create.rs",
    "features/contribution/service/media.rs",
    "features/contribution/service/mod.rs",
    "features/media/service/process.rs",
    "features/media/service/upload.rs",
    "features/organisation/service.rs",
    "features/space/service/members.rs",
    "features/space/service/organisations.rs",
    "features/space/service/phases.rs",
    "features/space/service/spaces.rs",
];

/// A source file without comments and unit tests.
struct Source {
    /// Below `src`.
    path: String,
    text: String,
    lines: usize,
}

impl Source {
    /// The feature that it belongs to, and its layer.
    fn place(&self) -> Option<(&str, &str)> {
        let (feature, rest) = self.path.strip_prefix("features/")?.split_once('/')?;
        let layer = rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs");
        Some((feature, layer))
    }

    fn is_graphql(&self) -> bool {
        self.place().is_some_and(|(_, layer)| layer == "graphql")
    }

    /// What follows each `prefix`: `a::b` for `prefix::a::b` and for `prefix::{c, a::{b}}` alike.
    fn paths(&self, prefix: &str) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for (at, _) in self.text.match_indices(prefix) {
            let before = self.text[..at].chars().next_back().unwrap_or(' ');
            if !(before.is_alphanumeric() || before == '_') {
                expand("", &self.text[at + prefix.len()..], &mut found);
            }
        }
        found
    }
}

/// Writes out a path with groups, and returns what stands behind it.
fn expand<'a>(before: &str, text: &'a str, found: &mut BTreeSet<String>) -> &'a str {
    let mut text = text.trim_start();
    if let Some(group) = text.strip_prefix('{') {
        text = group.trim_start();
        while !text.is_empty() && !text.starts_with('}') {
            text = expand(before, text, found).trim_start();
            text = text.strip_prefix(',').unwrap_or(text).trim_start();
        }
        return text.strip_prefix('}').unwrap_or(text);
    }
    let end = text
        .find(|sign: char| !(sign.is_alphanumeric() || sign == '_'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let path = format!("{before}{name}");
    match rest.strip_prefix("::") {
        Some(rest) if rest.starts_with(|sign: char| sign.is_alphabetic() || sign == '_' || sign == '{') => {
            expand(&format!("{path}::"), rest, found)
        }
        _ => {
            found.insert(path);
            // Something that is no path ends here, so that groups always come to an end.
            if end == 0 {
                &rest[rest.len().min(1)..]
            } else {
                skip_name(rest)
            }
        }
    }
}

/// What stands behind ` as Name`.
fn skip_name(text: &str) -> &str {
    let Some(name) = text.strip_prefix(" as ") else {
        return text;
    };
    name.trim_start_matches(|sign: char| sign.is_alphanumeric() || sign == '_')
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                let raw = fs::read_to_string(&path).unwrap();
                let own = raw.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let is_code = |line: &&str| !line.trim_start().starts_with("//");
                let text = own.lines().filter(is_code).collect::<Vec<_>>().join("\n");
                let path = path
                    .strip_prefix(&root)
                    .unwrap()
                    .display()
                    .to_string()
                    .replace('\\', "/");
                sources.push(Source {
                    path,
                    text,
                    lines: raw.lines().count(),
                });
            }
        }
    }
    sources.sort_by(|one, two| one.path.cmp(&two.path));
    assert!(sources.len() > 50, "the source code is where it was");
    sources
}

fn no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

fn rank(feature: &str) -> usize {
    ORDER
        .iter()
        .position(|row| row.contains(&feature))
        .unwrap_or_else(|| panic!("{feature} has no place in the order of features"))
}

#[test]
fn the_top_of_the_source_tree_holds_what_the_map_names() {
    for source in sources() {
        let top = source
            .path
            .split('/')
            .next()
            .unwrap_or_default()
            .trim_end_matches(".rs");
        assert!(TOP.contains(&top), "{}", source.path);
    }
}

#[test]
fn every_feature_is_made_of_the_same_files() {
    let mut faults = Vec::new();
    for source in sources() {
        match source.place() {
            Some((feature, layer)) => {
                rank(feature);
                if layer != "mod" && !LAYERS.contains(&layer) {
                    faults.push(source.path);
                }
            }
            None => assert!(!source.path.starts_with("features/") || source.path == "features/mod.rs"),
        }
    }
    no_faults(&faults);
}

#[test]
fn no_file_is_named_after_nothing() {
    for source in sources() {
        let is_vague = |part: &str| ["utils", "util", "helpers", "helper", "common", "manager", "misc"].contains(&part);
        assert!(
            !source.path.trim_end_matches(".rs").split('/').any(is_vague),
            "{}",
            source.path
        );
    }
}

#[test]
fn inside_a_feature_a_layer_uses_only_lower_ones() {
    let mut faults = Vec::new();
    let sources = sources();
    for source in &sources {
        let Some((feature, layer)) = source.place().filter(|(_, layer)| *layer != "mod") else {
            continue;
        };
        let own = LAYERS.iter().position(|name| *name == layer);
        let mut used = source.paths("super::");
        used.extend(source.paths(&format!("features::{feature}::")));
        for path in used {
            let name = path.split("::").find(|step| *step != "super").unwrap_or_default();
            if LAYERS.iter().position(|layer| *layer == name) > own {
                faults.push(format!("{} uses {path}", source.path));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn a_store_uses_nothing_of_its_rules_but_values() {
    // Rules know no store, so this makes no circle: a store writes and reads the values that rules are about.
    for source in sources() {
        if source.place().is_some_and(|(_, layer)| layer == "store") {
            for path in source.paths("super::") {
                if let Some((_, name)) = path.split_once("rules::") {
                    assert!(name.starts_with(char::is_uppercase), "{} uses {path}", source.path);
                }
            }
        }
    }
}

#[test]
fn rules_are_about_values_alone() {
    // Besides entity types and the error: checked scalars, texts and types of files of the platform, and the policy, which are
    // pure as well.
    let known = [
        "platform::error",
        "platform::media",
        "platform::scalar",
        "platform::text",
        "platform::unicode",
        "policy",
    ];
    let mut faults = Vec::new();
    for source in sources() {
        if source.place().is_none_or(|(_, layer)| layer != "rules") {
            continue;
        }
        for path in source.paths("crate::") {
            if !known
                .iter()
                .any(|known| path == *known || path.starts_with(&format!("{known}::")))
            {
                faults.push(format!("{} uses crate::{path}", source.path));
            }
        }
        for word in [
            "async ",
            ".await",
            "sea_orm",
            "async_graphql",
            "tokio",
            "Utc::now",
            "rand::",
        ] {
            if source.text.contains(word) {
                faults.push(format!("{} says {word}", source.path));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn a_feature_uses_only_earlier_ones_and_the_graph_knows_all() {
    let mut faults = Vec::new();
    for source in sources() {
        let Some((feature, _)) = source.place() else { continue };
        if source.text.contains("super::super::super::") {
            faults.push(format!("{} climbs out of its feature", source.path));
        }
        for path in source.paths("features::") {
            let (other, what) = path.split_once("::").unwrap_or((&path, ""));
            if other == feature || (source.is_graphql() && what.split("::").next() == Some("graphql")) {
                continue;
            }
            // `graphql` needs values of later features too, such as the list that a space shows of contributions.
            let is_early = source.is_graphql() || rank(other) < rank(feature);
            if !is_early || what.starts_with("graphql") || what == "*" {
                faults.push(format!("{} uses features::{path}", source.path));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn the_platform_the_policy_and_the_events_know_no_feature() {
    let mut faults = Vec::new();
    for source in sources() {
        let is_below =
            source.path.starts_with("platform/") || ["policy.rs", "event.rs"].contains(&source.path.as_str());
        for path in source.paths("crate::").into_iter().filter(|_| is_below) {
            let first = path.split("::").next().unwrap_or_default();
            // Macros name the file that they are in.
            if first != "platform" && format!("{first}.rs") != source.path {
                faults.push(format!("{} uses crate::{path}", source.path));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn what_measures_the_server_is_a_client_of_it() {
    for source in sources().iter().filter(|source| source.path.starts_with("bench/")) {
        let used = source.paths("crate::");
        // Two are about rules, and ask no server.
        let rules: &[&str] = match &*source.path {
            "bench/allocation.rs" => &["features::review::allocation::"],
            "bench/documents.rs" => &["platform::http::worst", "schema"],
            _ => &[],
        };
        // The accounts that the demo writes into a file.
        let is_known = |path: &String| path == "demo::DemoAccount" || rules.iter().any(|rule| path.starts_with(rule));
        assert!(used.iter().all(is_known), "{} uses {used:?}", source.path);
    }
}

#[test]
fn only_the_system_reads_without_a_viewer() {
    let mut faults = Vec::new();
    for source in sources() {
        for (at, _) in source.text.match_indices("Entity::find") {
            let function = source.text[..at].rsplit("fn ").next().unwrap_or_default();
            if !function.starts_with("system_") || source.place().is_none_or(|(_, layer)| layer != "store") {
                faults.push(format!(
                    "{}: {}",
                    source.path,
                    function.lines().next().unwrap_or_default()
                ));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn system_functions_are_called_by_no_resolver() {
    for source in sources() {
        assert!(
            !source.is_graphql() || !source.text.contains("system_"),
            "{}",
            source.path
        );
    }
}

/// Tables that the platform itself keeps.
const PLATFORM_TABLES: &[&str] = &["audit_head", "audit_record", "event", "idempotency", "job", "stream"];
/// Values that are part of a row, and no table.
const VALUES: &[&str] = &[
    "enums",
    "revision::Answer",
    "revision::Detail",
    "account::Languages",
    "media_file::Variant",
    "media_file::Variants",
    "review_value",
];

#[test]
fn tables_are_named_only_in_stores() {
    let mut named = BTreeMap::<String, BTreeSet<String>>::new();
    for source in sources() {
        let is_store = source.place().is_some_and(|(_, layer)| layer == "store");
        for path in source.paths("entity::").into_iter().filter(|_| !is_store) {
            let is_value = VALUES
                .iter()
                .any(|value| path == *value || path.starts_with(&format!("{value}::")));
            let table = path.split("::").next().unwrap_or_default();
            let is_own = source.path.starts_with("platform/") && PLATFORM_TABLES.contains(&table);
            if !is_value && !is_own {
                named.entry(source.path.clone()).or_default().insert(path);
            }
        }
    }
    let known: BTreeSet<_> = STILL_NAME_ENTITIES.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(named.keys().cloned().collect::<BTreeSet<_>>(), known, "{named:#?}");
}

#[test]
fn statements_name_the_columns_that_they_read() {
    // The next release may add one while this one serves.
    for source in sources() {
        for (at, _) in source.text.match_indices('*') {
            let before = source.text[..at].trim_end().to_uppercase();
            let is_all = before.ends_with("RETURNING")
                || before.ends_with("SELECT") && !source.text[at + 1..].trim_start().starts_with("FROM (");
            assert!(
                !is_all,
                "{} reads {}",
                source.path,
                &source.text[at..].lines().next().unwrap_or_default()
            );
        }
    }
}

#[test]
fn a_long_graphql_or_service_is_a_folder() {
    let sources = sources();
    let is_one_file = |source: &&Source| source.path.ends_with("/graphql.rs") || source.path.ends_with("/service.rs");
    let long: BTreeSet<_> = sources
        .iter()
        .filter(|source| is_one_file(source) && source.lines > LINES)
        .map(|source| source.path.as_str())
        .collect();
    assert_eq!(long, STILL_ONE_FILE.iter().copied().collect());
}

#[test]
fn nothing_is_left_open_silenced_or_printed() {
    let mut faults = Vec::new();
    for source in sources() {
        for word in ["#[allow", "#![allow", "todo!", "unimplemented!", "dbg!"] {
            if source.text.contains(word) {
                faults.push(format!("{} says {word}", source.path));
            }
        }
        let prints = ["println!", "print!", "io::stdout"].iter().any(|word| {
            let uses = source.text.match_indices(word).map(|(at, _)| at);
            // `eprintln!` goes to the log of an operator.
            uses.into_iter().any(|at| !source.text[..at].ends_with('e'))
        });
        if prints && source.path != "cli.rs" {
            faults.push(format!("{} prints", source.path));
        }
    }
    no_faults(&faults);
}
