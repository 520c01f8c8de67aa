//! Documents that are as much work to judge as the limits let them be.

use std::time::{Duration, Instant};

use super::{Document, Limits, condition, presence, validate::validate};
use crate::platform::{
    error::{Error, Result},
    http::types::Types,
};

/// What it took to parse and judge a document.
#[derive(Clone, Copy, Debug)]
pub struct Judged {
    /// What is hard about it.
    pub kind: &'static str,
    /// Bytes of its text.
    pub bytes: usize,
    /// Comparisons of fields, values and types.
    pub steps: usize,
    /// The time, the median of several.
    pub time: Duration,
}

/// Judges each of the documents several times, by the schema that is served.
///
/// # Errors
/// It is no schema, or a document is beyond the limits.
pub fn judge(sdl: &str, times: usize) -> Result<Vec<Judged>> {
    let types = Types::read(sdl)?;
    let one = |(kind, text): (&'static str, String)| {
        let (mut steps, mut taken) = (0, Vec::new());
        for _ in 0..times.max(1) {
            let start = Instant::now();
            let mut document =
                Document::read(&text, &Limits::default()).map_err(|error| Error::internal(error.message))?;
            steps = 0;
            if validate(&types, &document, &mut steps).is_empty() {
                condition::add(&types, &mut document.parsed);
                presence::add(&types, &mut document.parsed);
            }
            taken.push(start.elapsed());
        }
        taken.sort_unstable();
        Ok(Judged {
            kind,
            bytes: text.len(),
            steps,
            time: taken[taken.len() / 2],
        })
    };
    texts().into_iter().map(one).collect()
}

/// Each fragment spreads the next one several times.
pub(super) fn fan(fragments: usize, spreads: usize, leaf: &str) -> String {
    let fragment = |number| {
        let next = format!("...f{} ", number + 1).repeat(spreads);
        format!("fragment f{number} on Query {{ {next} }}")
    };
    let all: String = (0..fragments).map(fragment).collect();
    format!("{{ ...f0 }} {all} fragment f{fragments} on Query {{ {leaf} }}")
}

/// The documents, each with what is hard about it.
pub(super) fn texts() -> Vec<(&'static str, String)> {
    let kinds = [
        "Space",
        "Thread",
        "Phase",
        "Album",
        "Comment",
        "JournalEntry",
        "MediaItem",
        "Membership",
    ];
    let each = |inner: &str| kinds.map(|kind| format!("... on {kind} {{ {inner} }}")).concat();
    let chain = |depth: usize| {
        let inner = |_| "... on Contribution { space { id } ... on Thread { phase { space { id } } } } ";
        (0..depth).map(inner).collect::<String>()
    };
    let variables: String = (0..300).map(|number| format!("$v{number}: ID! ")).collect();
    let uses: String = (0..300).map(|number| format!("$v{number} ")).collect();
    let operations = |body: &str| {
        (0..20)
            .map(|number| format!("query q{number} {body} "))
            .collect::<String>()
    };
    vec![
        (
            "fields repeated in fragments for eight types",
            format!("{{ node(id: 1) {{ {} }} }}", each(&"id ".repeat(120))),
        ),
        (
            "objects repeated in fragments for eight types",
            format!(
                "{{ node(id: 1) {{ {} }} }}",
                each(&"space { id phases { space { id } } } ".repeat(20))
            ),
        ),
        (
            "fragments inside fragments, ninety times",
            format!("{{ node(id: 1) {{ {} }} }}", chain(90)),
        ),
        (
            "one field four hundred times",
            format!("{{ {} }}", "node(id: 1) { id } ".repeat(400)),
        ),
        (
            "four hundred fields that differ in an argument",
            format!(
                "{{ {} }}",
                (0..400)
                    .map(|id| format!("node(id: {id}) {{ id }} "))
                    .collect::<String>()
            ),
        ),
        (
            "connections in fragments for eight types",
            format!(
                "{{ node(id: 1) {{ {} }} }}",
                each("space { threads(first: 1) { nodes { id } } } ").repeat(20)
            ),
        ),
        (
            "4,900 ids in a list",
            format!("{{ nodes(ids: [{}]) {{ id }} }}", "1 ".repeat(4_900)),
        ),
        (
            "300 variables, used five times each",
            format!("query({variables}) {{ nodes(ids: [{}]) {{ id }} }}", uses.repeat(5)),
        ),
        (
            "20 operations with a variable in a fragment",
            format!(
                "{} fragment f on Query {{ {} }}",
                operations("($v: ID!) { ...f }"),
                "nodes(ids: [$v $v $v $v]) { id } ".repeat(24)
            ),
        ),
        (
            "900 fields that are nearly known",
            format!(
                "{{ {} }}",
                (0..900).map(|number| format!("viewre{number} ")).collect::<String>()
            ),
        ),
        (
            "1,600 fields of an input that are nearly known",
            format!(
                "{{ space(id: 1) {{ journalEntries(filter: {{ {} }}) {{ nodes {{ id }} }} }} }}",
                (0..1_600).map(|number| format!("week{number}: 1 ")).collect::<String>()
            ),
        ),
        (
            "fragments that spread the next one nine times",
            fan(2, 9, "viewer { account { id login } }"),
        ),
        (
            "a hundred fragments in a row",
            fan(100, 1, &"viewer { account { id } } ".repeat(200)),
        ),
        (
            "a long id that is compared",
            format!(
                "{{ node(id: 1) {{ id }} node(id: \"{}\") {{ id }} }}",
                "x".repeat(60_000)
            ),
        ),
        (
            "a long id in a fragment that is spread 162 times",
            format!(
                "{} fragment g on Query {{ node(id: \"{}\") {{ id }} }}",
                fan(2, 9, "...g ...g"),
                "x".repeat(60_000)
            ),
        ),
    ]
}
