//! The schema: what it says about itself, and what it promises to clients.

mod contract;
mod examples;

use apollo_compiler::{
    Node, Schema,
    ast::{DirectiveList, FieldDefinition, InputValueDefinition, Type},
    schema::ExtendedType,
    validation::Valid,
};

/// The schema of the code.
fn schema() -> Valid<Schema> {
    Schema::parse_and_validate(sojourn::schema::sdl(), "schema.graphql")
        .unwrap_or_else(|invalid| panic!("{}", invalid.errors))
}

/// The types that are not GraphQL's own.
fn types(schema: &Schema) -> impl Iterator<Item = (&str, &ExtendedType)> {
    let own = |(name, kind): &(&str, &ExtendedType)| !kind.is_built_in() && !name.starts_with("__");
    schema
        .types
        .iter()
        .map(|(name, kind)| (name.as_str(), kind))
        .filter(own)
}

/// The fields of an object type or interface.
fn fields(kind: &ExtendedType) -> Vec<Node<FieldDefinition>> {
    match kind {
        ExtendedType::Object(object) => object.fields.values().map(|field| field.node.clone()).collect(),
        ExtendedType::Interface(interface) => interface.fields.values().map(|field| field.node.clone()).collect(),
        _ => Vec::new(),
    }
}

/// The fields of an input type.
fn input_fields(kind: &ExtendedType) -> Vec<Node<InputValueDefinition>> {
    match kind {
        ExtendedType::InputObject(input) => input.fields.values().map(|field| field.node.clone()).collect(),
        _ => Vec::new(),
    }
}

/// The mutations, as fields.
fn mutations(schema: &Schema) -> Vec<Node<FieldDefinition>> {
    fields(&schema.types["Mutation"])
}

/// Whether the type, without list and non-null, is a scalar or an enum.
fn is_leaf(schema: &Schema, of: &Type) -> bool {
    schema.types[of.inner_named_type()].is_leaf()
}

fn is_connection(of: &Type) -> bool {
    of.inner_named_type().ends_with("Connection")
}

/// What a payload, a page or one row of a batch is made of.
fn is_envelope(name: &str) -> bool {
    ["Payload", "Connection", "Edge", "Result", "PageInfo"]
        .iter()
        .any(|end| name.ends_with(end))
}

fn no_faults(faults: &[String]) {
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

#[test]
fn the_committed_schema_is_that_of_the_code() {
    let committed = include_str!("../../../schema.graphql");
    assert!(
        committed == sojourn::schema::sdl(),
        "schema.graphql is stale; write it anew with:\n\n    cargo run -- schema --output schema.graphql\n"
    );
}

#[test]
fn the_schema_is_valid() {
    assert!(types(&schema()).count() > 100);
}

#[test]
fn everything_has_a_description() {
    let schema = schema();
    let mut faults = Vec::new();
    let mut check = |name: String, description: Option<&Node<str>>| {
        if description.is_none_or(|text| text.trim().len() < 4) {
            faults.push(name);
        }
    };
    for (name, kind) in types(&schema) {
        check(name.to_owned(), kind.description());
        for field in fields(kind) {
            check(format!("{name}.{}", field.name), field.description.as_ref());
            for argument in &field.arguments {
                check(
                    format!("{name}.{}({})", field.name, argument.name),
                    argument.description.as_ref(),
                );
            }
        }
        for field in input_fields(kind) {
            check(format!("{name}.{}", field.name), field.description.as_ref());
        }
        if let ExtendedType::Enum(values) = kind {
            for value in values.values.values() {
                check(format!("{name}.{}", value.value), value.description.as_ref());
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn a_custom_scalar_names_its_specification() {
    let schema = schema();
    for (name, kind) in types(&schema).filter(|(_, kind)| kind.is_scalar()) {
        let url = kind
            .directives()
            .get("specifiedBy")
            .and_then(|by| by.specified_argument_by_name("url"));
        let url = url.and_then(|url| url.as_str()).unwrap_or_default();
        assert!(url.starts_with("https://"), "{name}");
    }
}

#[test]
fn a_deprecated_name_says_since_when_and_what_replaces_it() {
    let schema = schema();
    let mut faults = Vec::new();
    let mut check = |name: String, directives: &DirectiveList| {
        if let Some(deprecated) = directives.get("deprecated") {
            let reason = deprecated.specified_argument_by_name("reason");
            let reason = reason.and_then(|reason| reason.as_str()).unwrap_or_default();
            let has_date = reason.split(' ').any(|word| word.split('-').count() == 3);
            if !has_date || !reason.contains('`') {
                faults.push(name);
            }
        }
    };
    for (name, kind) in types(&schema) {
        for field in fields(kind) {
            check(format!("{name}.{}", field.name), &field.directives);
        }
        for field in input_fields(kind) {
            check(format!("{name}.{}", field.name), &field.directives);
        }
        if let ExtendedType::Enum(values) = kind {
            for value in values.values.values() {
                check(format!("{name}.{}", value.value), &value.directives);
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn a_mutation_takes_one_input_and_answers_with_a_nullable_payload() {
    let schema = schema();
    for mutation in mutations(&schema) {
        let name = format!("{}{}", mutation.name[..1].to_uppercase(), &mutation.name[1..]);
        let arguments: Vec<_> = mutation.arguments.iter().map(ToString::to_string).collect();
        assert_eq!(mutation.arguments.len(), 1, "{name}: {arguments:?}");
        assert_eq!(mutation.arguments[0].name, "input");
        assert_eq!(mutation.arguments[0].ty.to_string(), format!("{name}Input!"));
        assert_eq!(mutation.ty.to_string(), format!("{name}Payload"));
    }
}

#[test]
fn a_payload_is_nullable_throughout_but_for_its_user_errors() {
    let schema = schema();
    let mut faults = Vec::new();
    for mutation in mutations(&schema) {
        let payload = mutation.ty.inner_named_type();
        let fields = fields(&schema.types[payload]);
        let errors = fields.iter().find(|field| field.name == "userErrors");
        if errors.is_none_or(|errors| errors.ty.to_string() != "[UserError!]!") {
            faults.push(format!("{payload} has no userErrors"));
        }
        for field in fields {
            let may_not_be_null = ["userErrors", "results", "isReplay"].contains(&field.name.as_str());
            if field.ty.is_non_null() != may_not_be_null {
                faults.push(format!("{payload}.{}: {}", field.name, field.ty));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn a_create_takes_an_idempotency_key() {
    let schema = schema();
    for mutation in mutations(&schema) {
        let makes = mutation.name.ends_with("Create") && mutation.name != "sessionCreate";
        if makes || mutation.name == "memberAdd" {
            let input = input_fields(&schema.types[mutation.arguments[0].ty.inner_named_type()]);
            let key = input.iter().find(|field| field.name == "idempotencyKey");
            assert_eq!(
                key.map(|key| key.ty.to_string()).as_deref(),
                Some("String"),
                "{}",
                mutation.name
            );
        }
    }
}

#[test]
fn update_publish_approve_and_return_ask_for_the_version_that_was_seen() {
    let schema = schema();
    for mutation in mutations(&schema) {
        let ends = ["Update", "Publish", "Approve", "Return"];
        if ends.iter().any(|end| mutation.name.ends_with(end)) {
            let mut input = input_fields(&schema.types[mutation.arguments[0].ty.inner_named_type()]);
            // Of many, each row has its own.
            if let Some(rows) = input.iter().find(|field| field.name == "rows") {
                input = input_fields(&schema.types[rows.ty.inner_named_type()]);
            }
            let version = input.iter().find(|field| field.name == "expectedVersion");
            let version = version.map(|version| version.ty.to_string());
            assert_eq!(version.as_deref(), Some("Int!"), "{}", mutation.name);
        }
    }
}

#[test]
fn a_connection_pages_both_ways_and_counts() {
    let schema = schema();
    let mut faults = Vec::new();
    for (name, kind) in types(&schema) {
        for field in fields(kind).iter().filter(|field| is_connection(&field.ty)) {
            let argument = |name: &str| field.arguments.iter().find(|argument| argument.name == name);
            for (argument, wanted) in [
                ("first", "Int"),
                ("after", "String"),
                ("last", "Int"),
                ("before", "String"),
            ]
            .map(|(name, wanted)| (argument(name), wanted))
            {
                if argument.is_none_or(|argument| argument.ty.to_string() != wanted) {
                    faults.push(format!("{name}.{} has not all four page arguments", field.name));
                }
            }
        }
        let Some(node) = name.strip_suffix("Connection") else {
            continue;
        };
        let mut shape: Vec<_> = fields(kind)
            .iter()
            .map(|field| format!("{}: {}", field.name, field.ty))
            .collect();
        shape.sort();
        let wanted = [
            format!("edges: [{node}Edge!]!"),
            format!("nodes: [{node}!]!"),
            "pageInfo: PageInfo!".to_owned(),
            "totalCount: Int!".to_owned(),
        ];
        assert_eq!(shape, wanted, "{name}");
        let mut edge: Vec<_> = fields(&schema.types[format!("{node}Edge").as_str()])
            .iter()
            .map(|field| format!("{}: {}", field.name, field.ty))
            .collect();
        edge.sort();
        assert_eq!(edge, ["cursor: String!".to_owned(), format!("node: {node}!")], "{name}");
    }
    no_faults(&faults);
}

/// "exactly four", "at most 200".
fn names_a_number(description: &str) -> bool {
    let words: Vec<String> = description
        .split_whitespace()
        .map(|word| word.trim_matches(|sign: char| !sign.is_alphanumeric()).to_lowercase())
        .collect();
    let is_number =
        |word: &str| word.starts_with(|sign: char| sign.is_ascii_digit()) || ["one", "two", "four"].contains(&word);
    words.windows(3).any(|three| match three {
        [at, most, number] if at == "at" && most == "most" => is_number(number),
        [exactly, number, _] if exactly == "exactly" => is_number(number),
        _ => false,
    }) || matches!(words.as_slice(), [.., at, most, number] if at == "at" && most == "most" && is_number(number))
}

#[test]
fn a_plain_list_says_how_long_it_may_be() {
    let schema = schema();
    let mut faults = Vec::new();
    let mut check = |name: String, of: &Type, description: Option<&Node<str>>| {
        if of.is_list() && !names_a_number(description.map_or("", |text| text.as_str())) {
            faults.push(format!("{name}: {of}"));
        }
    };
    for (name, kind) in types(&schema).filter(|(name, _)| !name.ends_with("Connection")) {
        for field in fields(kind).iter().filter(|field| field.name != "userErrors") {
            check(format!("{name}.{}", field.name), &field.ty, field.description.as_ref());
            for argument in &field.arguments {
                let name = format!("{name}.{}({})", field.name, argument.name);
                check(name, &argument.ty, argument.description.as_ref());
            }
        }
        for field in input_fields(kind) {
            check(format!("{name}.{}", field.name), &field.ty, field.description.as_ref());
        }
    }
    no_faults(&faults);
}

/// Scalars and enums that may be null: what has not happened, was not said, or is not for this viewer.
const MAY_BE_NULL: &[(&str, &[&str])] = &[
    ("Account", &["emailChangedAt"]),
    ("AccountBundle", &["endCursor"]),
    ("ActionPermission", &["reason"]),
    ("AuditRecord", &["before", "after", "previousHash"]),
    ("Byline", &["name", "number"]),
    ("CoAuthor", &["confirmedAt", "confirmedVersion"]),
    ("Comment", CONTENT),
    ("Contribution", CONTENT),
    ("Grant", &["endsAt"]),
    ("JournalEntry", CONTENT),
    ("JournalEntry", &["title", "week", "mood"]),
    (
        "MediaFile",
        &[
            "failureReason",
            "fileName",
            "width",
            "height",
            "durationMs",
            "blurhash",
            "url",
            "srcset",
            "urlsExpireAt",
        ],
    ),
    ("MediaItem", CONTENT),
    ("Album", CONTENT),
    ("Album", &["title", "description"]),
    ("MediaItem", &["caption", "altText", "licence", "attribution", "source"]),
    ("MediaUpload", &["partSize"]),
    ("UploadRequest", &["partNumber"]),
    ("UploadPart", &["sha256"]),
    ("Membership", &["mobilityStatus", "preModeratedUntil", "leftAt"]),
    ("MemberDistinction", &["login"]),
    ("ModerationDecision", &["reason", "note"]),
    ("Notification", &["readAt", "goneAt"]),
    ("Phase", &["startsAt", "endsAt", "reopenReason"]),
    ("Report", &["note", "title", "action", "decisionNote", "decidedAt"]),
    ("Revision", &["title", "body", "bodyHtml", "prompt"]),
    ("Thread", CONTENT),
    ("Thread", &["title", "prompt"]),
    ("UserError", &["reason", "field"]),
    ("PreviewTarget", &["cause"]),
    ("RefusedPair", &["barrier"]),
    (
        "Review",
        &["reaction", "reactionNote", "releasedAt", "staffNote", "submittedAt"],
    ),
    ("ReviewAnswer", &["checked", "level", "value"]),
    (
        "ReviewAssignment",
        &["excuse", "declineNote", "declineReason", "startedAt", "submittedAt"],
    ),
    ("ReviewPairReason", &["language"]),
    ("ReviewRound", &["anonymityLimit", "endedAt", "openedAt", "reflectedAt"]),
    ("ReviewTargetFilter", &["fromWeek", "toWeek"]),
    ("ReviewedText", &["language", "title"]),
];
const CONTENT: &[&str] = &[
    "language",
    "body",
    "bodyHtml",
    "excerpt",
    "idempotencyKey",
    "publishedAt",
    "editedAt",
];

/// Objects that never vanish for whoever sees what they belong to; all others may be null.
const NEVER_NULL: &[(&str, &[&str])] = &[
    ("Album", &["space", "phase", "byline", "mentions", "reactions", "items"]),
    (
        "Comment",
        &["space", "phase", "byline", "mentions", "reactions", "attachments"],
    ),
    ("Contribution", &["space", "phase", "byline", "mentions", "reactions"]),
    (
        "JournalEntry",
        &[
            "space",
            "phase",
            "byline",
            "mentions",
            "reactions",
            "answers",
            "attachments",
            "coAuthors",
        ],
    ),
    ("JournalWeek", &["entries"]),
    (
        "MediaItem",
        &["space", "phase", "byline", "mentions", "reactions", "file"],
    ),
    ("MediaUpload", &["requests", "arrived"]),
    ("MemberDistinction", &["organisation"]),
    ("UploadRequest", &["headers"]),
    ("MemberPresence", &["member"]),
    ("Membership", &["organisation", "space", "grants"]),
    ("Phase", &["space", "prompts"]),
    ("PresenceUpdate", &["present"]),
    ("PromptSet", &["prompts"]),
    ("Revision", &["answers", "attachments"]),
    ("Space", &["phases", "phase", "moderationCounts", "mediaUsage"]),
    ("SpaceInvitation", &["invitedBy", "organisation"]),
    ("Subscription", &["spaceEvents", "viewerEvents", "presence"]),
    ("Query", &["nodes", "promptSets", "reviewTemplates"]),
    (
        "Thread",
        &["space", "phase", "byline", "mentions", "reactions", "attachments"],
    ),
    ("Viewer", &["account", "notificationPreferences"]),
    ("PreviewReviewer", &["reasons", "reviewer"]),
    ("PreviewTarget", &["barred", "reviewers"]),
    ("Review", &["answers", "byline"]),
    ("ReviewAnswer", &["criterion"]),
    ("ReviewAssignment", &["answers", "reasons"]),
    ("ReviewCriterion", &["levels", "starters"]),
    ("ReviewPair", &["reviewer"]),
    ("ReviewPlan", &["pairs", "targets"]),
    ("ReviewRound", &["criteria", "phase", "space"]),
    ("ReviewRoundOverview", &["reviewers", "spread", "targets"]),
    ("ReviewRoundPreview", &["refusedPairs", "round", "targets"]),
    ("ReviewTemplate", &["criteria"]),
    ("ReviewTemplateCriterion", &["levels", "starters"]),
    ("ReviewedText", &["answers", "attachments", "byline"]),
];

fn is_listed(table: &[(&str, &[&str])], name: &str, field: &str) -> bool {
    table
        .iter()
        .any(|(listed, fields)| *listed == name && fields.contains(&field))
}

#[test]
fn only_what_may_vanish_may_be_null() {
    let schema = schema();
    let mut faults = Vec::new();
    for (name, kind) in types(&schema).filter(|(name, _)| !is_envelope(name) && *name != "Mutation") {
        for field in fields(kind) {
            let of = &field.ty;
            let may_be_null = if is_leaf(&schema, of) {
                is_listed(MAY_BE_NULL, name, &field.name)
            } else {
                let is_permission = ["ActionPermission", "ViewerCan"]
                    .iter()
                    .any(|end| of.inner_named_type().ends_with(end));
                !(is_connection(of) || is_permission || is_listed(NEVER_NULL, name, &field.name))
            };
            if of.is_non_null() == may_be_null {
                faults.push(format!("{name}.{}: {of}", field.name));
            }
        }
    }
    no_faults(&faults);
}
