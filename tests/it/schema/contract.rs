//! What clients were promised by name.

use std::collections::{BTreeMap, BTreeSet};

use apollo_compiler::{Schema, schema::ExtendedType};
use serde_json::{Value, json};

use super::{fields, input_fields, mutations, no_faults, schema, types};
use crate::support::World;

fn contract() -> Schema {
    let text = include_str!("contract.graphql").replace("PAGE", "first: Int, after: String, last: Int, before: String");
    Schema::parse(text, "contract.graphql").unwrap_or_else(|invalid| panic!("{}", invalid.errors))
}

/// `field(argument: Type): Type` of every field, in any order of arguments.
fn shapes(kind: &ExtendedType) -> BTreeMap<String, String> {
    let outputs = fields(kind).into_iter().map(|field| {
        let arguments: BTreeSet<_> = field
            .arguments
            .iter()
            .map(|argument| format!("{}: {}", argument.name, argument.ty))
            .collect();
        (field.name.to_string(), format!("{arguments:?}: {}", field.ty))
    });
    let inputs = input_fields(kind).into_iter();
    let inputs = inputs.map(|field| (field.name.to_string(), field.ty.to_string()));
    outputs.chain(inputs).collect()
}

fn interfaces(kind: &ExtendedType) -> BTreeSet<String> {
    let names = match kind {
        ExtendedType::Object(object) => &object.implements_interfaces,
        ExtendedType::Interface(interface) => &interface.implements_interfaces,
        _ => return BTreeSet::new(),
    };
    names.iter().map(ToString::to_string).collect()
}

fn values(kind: &ExtendedType) -> BTreeSet<String> {
    match kind {
        ExtendedType::Enum(values) => values.values.keys().map(ToString::to_string).collect(),
        _ => BTreeSet::new(),
    }
}

#[test]
fn every_name_and_shape_of_the_contract_is_there() {
    let (schema, contract) = (schema(), contract());
    let mut faults = Vec::new();
    for (name, wanted) in types(&contract) {
        let Some(kind) = schema.types.get(name) else {
            faults.push(format!("there is no {name}"));
            continue;
        };
        if std::mem::discriminant(kind) != std::mem::discriminant(wanted) {
            faults.push(format!("{name} is of another kind"));
        }
        if interfaces(kind) != interfaces(wanted) {
            faults.push(format!("{name} implements {:?}", interfaces(kind)));
        }
        let missing: Vec<_> = values(wanted).difference(&values(kind)).cloned().collect();
        if !missing.is_empty() {
            faults.push(format!("{name} has no {missing:?}"));
        }
        let specified = |kind: &ExtendedType| kind.directives().get("specifiedBy").map(|by| by.node.to_string());
        if specified(kind) != specified(wanted) {
            faults.push(format!("{name} is specified by {:?}", specified(kind)));
        }
        let shapes = shapes(kind);
        for (field, wanted) in self::shapes(wanted) {
            if shapes.get(&field) != Some(&wanted) {
                faults.push(format!("{name}.{field} is {:?}, not {wanted}", shapes.get(&field)));
            }
        }
    }
    no_faults(&faults);
}

#[test]
fn what_an_input_has_beyond_the_contract_may_be_left_out() {
    let (schema, contract) = (schema(), contract());
    for (name, wanted) in types(&contract).filter(|(_, kind)| kind.is_input_object()) {
        let known = shapes(wanted);
        for field in input_fields(&schema.types[name]) {
            assert!(
                known.contains_key(field.name.as_str()) || !field.ty.is_non_null(),
                "{name}.{} must be given",
                field.name
            );
        }
    }
}

#[test]
fn every_object_with_an_id_is_a_node() {
    let schema = schema();
    for (name, kind) in types(&schema).filter(|(name, _)| *name != "Node") {
        let has_id = fields(kind).iter().any(|field| field.name == "id");
        assert_eq!(has_id, interfaces(kind).contains("Node"), "{name}");
    }
}

#[tokio::test]
async fn node_finds_an_object_of_every_type() {
    let (world, cast) = World::with_cast().await;
    let thread = world.thread(&cast.teacher, &cast.during, "Bread").await;
    let comment = world.comment(&cast.stayer, &thread, None, "Dark bread!").await;
    let entry = world.entry(&cast.mobile, &cast.during, "First week", true).await;
    let input = json!({ "spaceId": cast.space, "organisationId": cast.foreigner.organisation });
    let invitation = world
        .done(&cast.coordinator, "spaceOrganisationInvite", input, "invitation { id }")
        .await;
    let data = world
        .ask(
            &cast.coordinator,
            "query($id: ID!) { node(id: $id) { ... on Thread { revisions(first: 1) { nodes { id } } } } }",
            json!({ "id": thread }),
        )
        .await;
    let hidden = world.thread(&cast.stayer, &cast.during, "Off").await;
    world.act(&cast.teacher, "Hide", &hidden).await;
    let decided = world
        .ask(
            &cast.coordinator,
            "query($id: ID!) { space(id: $id) { moderationLog { nodes { id } } auditLog { nodes { id } } } }",
            json!({ "id": cast.space }),
        )
        .await;
    let input = json!({ "membershipId": cast.stayer.member, "capability": "MODERATE" });
    let of_comment = json!({ "contributionId": comment, "reason": "UNKIND" });
    let reported = world
        .done(&cast.teacher, "contributionReport", of_comment, "report { id }")
        .await;
    let given = world
        .done(&cast.coordinator, "grantCreate", input, "grant { id }")
        .await;
    world.fan_out().await;
    let query = "{ viewer { notifications { nodes { id } } sessions { nodes { id } } } }";
    let told = world.ask(&cast.coordinator, query, json!({})).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let (round, assignment) = crate::review::reviewed_round(&world, &cast, &entry).await;
    let ids = [
        ("Account", cast.coordinator.account.clone()),
        ("Album", world.album(&cast.coordinator, &cast, &[]).await),
        ("AuditRecord", text(&decided["space"]["auditLog"]["nodes"][0]["id"])),
        ("Comment", comment),
        ("Grant", text(&given["grant"]["id"])),
        ("JournalEntry", entry),
        ("MediaItem", world.photo(&cast.coordinator, &cast, 1).await),
        ("Membership", cast.mobile.member.clone()),
        (
            "ModerationLogEntry",
            text(&decided["space"]["moderationLog"]["nodes"][0]["id"]),
        ),
        ("Notification", text(&told["viewer"]["notifications"]["nodes"][0]["id"])),
        ("Organisation", cast.partner.organisation.clone()),
        ("Phase", cast.during.clone()),
        ("Prompt", world.prompt(&cast.teacher, &cast.during, "What now?").await),
        ("Report", text(&reported["report"]["id"])),
        ("Review", assignment.replace("assignment_", "review_")),
        ("ReviewAssignment", assignment),
        ("ReviewRound", round),
        ("Revision", text(&data["node"]["revisions"]["nodes"][0]["id"])),
        ("Session", text(&told["viewer"]["sessions"]["nodes"][0]["id"])),
        ("Space", cast.space.clone()),
        ("SpaceInvitation", text(&invitation["invitation"]["id"])),
        ("Thread", thread),
    ];
    let nodes = &schema().implementers_map()["Node"].objects;
    let known: BTreeSet<_> = nodes.iter().map(ToString::to_string).collect();
    assert_eq!(known, ids.iter().map(|(name, _)| (*name).to_owned()).collect());
    for (name, id) in ids {
        let who = if name == "SpaceInvitation" {
            &cast.foreigner
        } else {
            &cast.coordinator
        };
        let query = "query($id: ID!) { node(id: $id) { __typename id } }";
        let data = world.ask(who, query, json!({ "id": id })).await;
        assert_eq!(data["node"], json!({ "__typename": name, "id": id }));
    }
}

/// Which field of `viewerCan` answers for a mutation; none where there is no subject, or whoever sees it may do it.
const PERMISSIONS: &[(&str, &[&str])] = &[
    ("accountEmailChange", &["AccountViewerCan.accountEmailChange"]),
    ("accountErase", &[]),
    ("accountExport", &[]),
    ("accountLanguagesChange", &["AccountViewerCan.accountLanguagesChange"]),
    ("accountNameChange", &["AccountViewerCan.accountNameChange"]),
    ("accountPasswordChange", &[]),
    ("accountSecretsReset", &["OrganisationViewerCan.accountSecretsReset"]),
    (
        "commentCreate",
        &[
            "ThreadViewerCan.commentCreate",
            "JournalEntryViewerCan.commentCreate",
            "MediaItemViewerCan.commentCreate",
            "AlbumViewerCan.commentCreate",
        ],
    ),
    ("albumCreate", &["PhaseViewerCan.albumCreate"]),
    ("albumUpdate", &["AlbumViewerCan.albumUpdate"]),
    ("commentUpdate", &["CommentViewerCan.commentUpdate"]),
    ("contributionApprove", &["ContributionViewerCan.contributionApprove"]),
    ("contributionHide", &["ContributionViewerCan.contributionHide"]),
    ("contributionPublish", &["ContributionViewerCan.contributionPublish"]),
    ("contributionRemove", &["ContributionViewerCan.contributionRemove"]),
    ("contributionReport", &["ContributionViewerCan.contributionReport"]),
    ("contributionRestore", &["ContributionViewerCan.contributionRestore"]),
    ("contributionReturn", &["ContributionViewerCan.contributionReturn"]),
    ("contributionWithdraw", &["ContributionViewerCan.contributionWithdraw"]),
    ("contributionsApprove", &["ContributionViewerCan.contributionApprove"]),
    ("contributionsHide", &["ContributionViewerCan.contributionHide"]),
    ("contributionsReturn", &["ContributionViewerCan.contributionReturn"]),
    ("grantCreate", &["SpaceViewerCan.grantCreate"]),
    ("grantRevoke", &["SpaceViewerCan.grantRevoke"]),
    ("journalEntryConfirm", &["JournalEntryViewerCan.journalEntryConfirm"]),
    ("journalEntryCreate", &["PhaseViewerCan.journalEntryCreate"]),
    ("journalEntryUpdate", &["JournalEntryViewerCan.journalEntryUpdate"]),
    ("mediaItemUpdate", &["MediaItemViewerCan.mediaItemUpdate"]),
    ("mediaRetry", &["MediaItemViewerCan.mediaRetry"]),
    ("mediaUploadComplete", &["MediaItemViewerCan.mediaUploadComplete"]),
    ("mediaUploadParts", &["MediaItemViewerCan.mediaUploadParts"]),
    ("mediaUploadRequest", &["PhaseViewerCan.mediaUploadRequest"]),
    ("memberAdd", &["SpaceViewerCan.memberAdd"]),
    ("memberRemove", &["SpaceViewerCan.memberRemove"]),
    ("memberUpdate", &["SpaceViewerCan.memberUpdate"]),
    ("notificationPreferencesSet", &[]),
    ("notificationsMarkRead", &[]),
    ("organisationCreate", &[]),
    (
        "organisationNameChange",
        &["OrganisationViewerCan.organisationNameChange"],
    ),
    ("phaseClose", &["PhaseViewerCan.phaseClose"]),
    ("phaseMarkRead", &[]),
    ("phaseOpen", &["PhaseViewerCan.phaseOpen"]),
    ("phasePromptsUpdate", &["PhaseViewerCan.phasePromptsUpdate"]),
    ("phaseReopen", &["PhaseViewerCan.phaseReopen"]),
    ("phaseUpdate", &["PhaseViewerCan.phaseUpdate"]),
    ("presenceSet", &[]),
    ("pupilAccountsCreate", &["OrganisationViewerCan.pupilAccountsCreate"]),
    ("reactionAdd", &["ContributionViewerCan.reactionAdd"]),
    ("reactionRemove", &["ContributionViewerCan.reactionRemove"]),
    ("reportDecide", &["ReportViewerCan.reportDecide"]),
    ("reportEscalate", &["ReportViewerCan.reportEscalate"]),
    ("reviewDecline", &["ReviewAssignmentViewerCan.reviewDecline"]),
    ("reviewHold", &["ReviewViewerCan.reviewHold"]),
    ("reviewReact", &["ReviewViewerCan.reviewReact"]),
    ("reviewRelease", &["ReviewViewerCan.reviewRelease"]),
    ("reviewsRelease", &["ReviewViewerCan.reviewRelease"]),
    ("reviewRoundCancel", &["ReviewRoundViewerCan.reviewRoundCancel"]),
    ("reviewRoundClose", &["ReviewRoundViewerCan.reviewRoundClose"]),
    ("reviewRoundCreate", &["PhaseViewerCan.reviewRoundCreate"]),
    ("reviewRoundOpen", &["ReviewRoundViewerCan.reviewRoundOpen"]),
    ("reviewRoundReflect", &["ReviewRoundViewerCan.reviewRoundReflect"]),
    ("reviewRoundUpdate", &["ReviewRoundViewerCan.reviewRoundUpdate"]),
    ("reviewSave", &["ReviewAssignmentViewerCan.reviewSave"]),
    ("reviewSubmit", &["ReviewAssignmentViewerCan.reviewSubmit"]),
    ("reviewVoid", &["ReviewViewerCan.reviewVoid"]),
    ("sessionCreate", &[]),
    ("sessionRefresh", &[]),
    ("sessionRevoke", &[]),
    ("spaceArchive", &["SpaceViewerCan.spaceArchive"]),
    ("spaceClose", &["SpaceViewerCan.spaceClose"]),
    ("spaceCreate", &["OrganisationViewerCan.spaceCreate"]),
    ("spaceOrganisationAccept", &[]),
    ("spaceOrganisationDecline", &[]),
    ("spaceOrganisationInvite", &["SpaceViewerCan.spaceOrganisationInvite"]),
    ("spaceReopen", &["SpaceViewerCan.spaceReopen"]),
    ("spaceUpdate", &["SpaceViewerCan.spaceUpdate"]),
    ("staffAccountCreate", &["OrganisationViewerCan.staffAccountCreate"]),
    ("threadCreate", &["PhaseViewerCan.threadCreate"]),
    ("threadLock", &["ThreadViewerCan.threadLock"]),
    ("threadMarkRead", &[]),
    ("threadMove", &["ThreadViewerCan.threadMove"]),
    ("threadPin", &["ThreadViewerCan.threadPin"]),
    ("threadSubscriptionSet", &[]),
    ("threadUnlock", &["ThreadViewerCan.threadLock"]),
    ("threadUnpin", &["ThreadViewerCan.threadPin"]),
    ("threadUpdate", &["ThreadViewerCan.threadUpdate"]),
];

#[test]
fn every_mutation_on_a_subject_has_its_permission() {
    let schema = schema();
    let known: BTreeSet<_> = mutations(&schema)
        .iter()
        .map(|mutation| mutation.name.to_string())
        .collect();
    let listed: BTreeSet<_> = PERMISSIONS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(known, listed, "the table names every mutation");
    let mut answered = BTreeSet::from(["SpaceViewerCan.moderate".to_owned()]);
    for permission in PERMISSIONS.iter().flat_map(|(_, permissions)| *permissions) {
        let (name, field) = permission.split_once('.').unwrap();
        let kinds = match schema.implementers_map().get(name) {
            Some(implementers) => implementers.objects.iter().map(ToString::to_string).collect(),
            None => vec![name.to_owned()],
        };
        for name in kinds.iter().map(String::as_str).chain([name]) {
            let shape = shapes(&schema.types[name]).remove(field);
            assert_eq!(shape.as_deref(), Some("{}: ActionPermission!"), "{name}.{field}");
            answered.insert(format!("{name}.{field}"));
        }
    }
    let given: BTreeSet<_> = types(&schema)
        .filter(|(name, _)| name.ends_with("ViewerCan"))
        .flat_map(|(name, kind)| {
            fields(kind)
                .iter()
                .map(|field| format!("{name}.{}", field.name))
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(given, answered, "a permission without a mutation");
}

#[test]
fn every_subject_says_what_the_viewer_may_do_with_it() {
    let schema = schema();
    for name in [
        "Account",
        "Organisation",
        "Space",
        "Phase",
        "Thread",
        "Comment",
        "JournalEntry",
        "MediaItem",
        "Album",
        "Contribution",
    ] {
        let shape = shapes(&schema.types[name]).remove("viewerCan");
        assert_eq!(shape, Some(format!("{{}}: {name}ViewerCan!")));
    }
}
