//! A copy of all that is kept about a person.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use entity::{
    enums::{AuditAct, ContributionKind},
    review_value::{Answers, Criteria, CriterionAnswer},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::super::{
    rules,
    store::{self, MOST_ROWS, Scope, VersionRow},
};
use crate::{
    app::App,
    features::account,
    platform::{
        auth::Actor,
        db::Reader,
        error::{Error, Reason, Result},
        id::{self, Kind},
    },
};

/// What a copy doesn't hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Gap {
    /// What the author alone sees.
    AuthorOnly,
    /// What the person alone sees of what is kept about them.
    PersonOnly,
    /// Spaces in which who asks is no staff.
    OtherSpaces,
    /// Rows of lists that are longer than a copy holds.
    LongLists,
}

/// A part of a copy.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// For machines.
    pub json: String,
    /// For people.
    pub markdown: String,
    /// What is missing.
    pub left_out: Vec<Gap>,
    /// Where the next part begins, if there is one.
    pub next: Option<String>,
}

/// A copy of all that a person made and that is kept about them; or, for staff of the same organisation, of what they see of that as
/// staff of a space. It comes in parts of a bounded size: texts with all their versions one after another, everything else with
/// the first part. That it was taken is on record. Always the same number of statements.
///
/// # Errors
/// `NOT_FOUND`; `INVALID`/`MALFORMED` for a faulty `after`.
pub async fn export(app: &App, actor: &Actor, id: Uuid, after: Option<&str>) -> Result<Bundle> {
    let place = after.map(decode).transpose()?;
    app.db
        .write(None, |tx| {
            Box::pin(async move {
                let subject = account::subject(tx, actor, id).await?;
                if subject.erased_at.is_some() {
                    return Err(Error::not_found().at(&["accountId"]));
                }
                if place.is_none() {
                    account::audit(tx, AuditAct::AccountExported, actor.account_id, &[id], None).await?;
                }
                Ok(())
            })
        })
        .await?;
    let reader = Reader::new(&app.db, Some(actor.clone()));
    let of = Scope {
        account: id,
        staff: (id != actor.account_id).then_some(actor.account_id),
    };
    let mut left_out = match of.staff {
        Some(_) => vec![Gap::AuthorOnly, Gap::PersonOnly, Gap::OtherSpaces],
        None => Vec::new(),
    };
    let mut copy = json!({ "format": "sojourn-account", "formatVersion": 1, "takenAt": app.clock.now() });
    if place.is_none() {
        about(&reader, of, &mut copy).await?;
        let is_long = |value: &Value| value.as_array().is_some_and(|rows| rows.len() >= MOST_ROWS);
        if copy.as_object().is_some_and(|lists| lists.values().any(is_long)) {
            left_out.push(Gap::LongLists);
        }
    }
    let versions = store::versions(&reader, of, place).await?;
    reader.release().await;
    let is_last = versions.first().is_none_or(|first| first.rest <= versions.len() as i64);
    let next = versions
        .last()
        .filter(|_| !is_last)
        .map(|last| encode(last.id, last.version));
    copy["contributions"] = contributions(&versions);
    copy["leftOut"] = json!(left_out);
    Ok(Bundle {
        json: serde_json::to_string_pretty(&copy).map_err(Error::internal)?,
        markdown: rules::markdown(&copy),
        left_out,
        next,
    })
}

/// Everything but texts.
async fn about(reader: &Reader, of: Scope, copy: &mut Value) -> Result<()> {
    let account = store::account(reader, of).await?.ok_or_else(Error::not_found)?;
    copy["account"] = json!({
        "id": public(Kind::Account, of.account), "kind": account.kind, "login": account.login,
        "displayName": account.display_name, "languages": account.languages.0, "birthYear": account.birth_year,
        "createdAt": account.created_at, "loginChangedAt": account.login_changed_at, "organisation": account.organisation,
        "organisationId": account.organisation_id.map(|id| public(Kind::Organisation, id)),
    });
    let members = store::members(reader, of).await?.into_iter().map(|row| {
        json!({
            "id": public(Kind::Membership, row.id), "spaceId": public(Kind::Space, row.space_id), "space": row.title,
            "role": row.role, "mobilityStatus": row.mobility_status, "preModeratedUntil": row.pre_moderated_until,
            "createdAt": row.created_at, "leftAt": row.left_at,
        })
    });
    copy["memberships"] = members.collect();
    let decisions = store::decisions(reader, of).await?.into_iter().map(|row| {
        json!({
            "contributionId": contribution(row.contribution_kind, row.contribution_id), "kind": row.kind,
            "reason": row.reason, "note": row.note, "version": row.version, "decidedAt": row.decided_at,
        })
    });
    copy["decisions"] = decisions.collect();
    let confirmations = store::confirmations(reader, of).await?.into_iter().map(|row| {
        json!({
            "journalEntryId": public(Kind::JournalEntry, row.contribution_id),
            "confirmedVersion": row.confirmed_version, "confirmedAt": row.confirmed_at,
        })
    });
    copy["coAuthorships"] = confirmations.collect();
    let reviews = store::reviews(reader, of).await?.into_iter().map(|row| {
        json!({
            "id": public(Kind::Review, row.id), "roundId": public(Kind::ReviewRound, row.round_id), "round": row.round,
            "spaceId": public(Kind::Space, row.space_id), "state": row.state, "assignedAt": row.assigned_at,
            "submittedAt": row.submitted_at, "declineReason": row.decline_reason, "declineNote": row.decline_note,
            "staffNote": row.staff_note, "answers": said(&row.criteria, &row.answers),
        })
    });
    copy["reviews"] = reviews.collect();
    let received = store::received(reader, of).await?.into_iter().map(|row| {
        json!({
            "id": public(Kind::Review, row.id), "roundId": public(Kind::ReviewRound, row.round_id), "round": row.round,
            "spaceId": public(Kind::Space, row.space_id),
            "contributionId": contribution(row.contribution_kind, row.contribution_id), "version": row.version,
            "answers": said(&row.criteria, &row.answers), "reaction": row.reaction, "reactionNote": row.reaction_note,
            "changeVersion": row.change_version,
        })
    });
    copy["reviewsReceived"] = received.collect();
    if of.staff.is_some() {
        return Ok(());
    }
    let reactions = store::reactions(reader, of.account).await?.into_iter().map(|row| {
        let id = contribution(row.contribution_kind, row.contribution_id);
        json!({ "contributionId": id, "kind": row.kind, "createdAt": row.created_at })
    });
    copy["reactions"] = reactions.collect();
    let subscriptions = store::subscriptions(reader, of.account).await?.into_iter();
    let subscription =
        |row: store::SubscriptionRow| json!({ "threadId": public(Kind::Thread, row.thread_id), "level": row.level });
    copy["subscriptions"] = subscriptions.map(subscription).collect();
    let reads = store::reads(reader, of.account).await?.into_iter().map(|row| {
        let comment = public(Kind::Comment, row.comment_id);
        json!({ "threadId": public(Kind::Thread, row.thread_id), "upToCommentId": comment })
    });
    copy["threadsRead"] = reads.collect();
    let notifications = store::notifications(reader, of.account).await?.into_iter().map(|row| {
        json!({
            "id": public(Kind::Notification, row.id), "spaceId": public(Kind::Space, row.space_id), "kind": row.kind,
            "occurredAt": row.occurred_at, "readAt": row.read_at,
        })
    });
    copy["notifications"] = notifications.collect();
    let muted = store::muted_kinds(reader, of.account).await?.into_iter();
    copy["unwantedNotifications"] = muted.map(|row| json!({ "kind": row.kind })).collect();
    let reports = store::reports(reader, of.account).await?.into_iter().map(|row| {
        json!({
            "id": public(Kind::Report, row.id), "contributionId": contribution(row.contribution_kind, row.contribution_id),
            "version": row.version, "reason": row.reason, "note": row.note, "state": row.state,
            "submittedAt": row.submitted_at,
        })
    });
    copy["reports"] = reports.collect();
    let grants = store::grants(reader, of.account).await?.into_iter().map(|row| {
        json!({
            "id": public(Kind::Grant, row.id), "spaceId": public(Kind::Space, row.space_id), "capability": row.capability,
            "phaseId": row.phase_id.map(|id| public(Kind::Phase, id)),
            "threadId": row.thread_id.map(|id| public(Kind::Thread, id)), "createdAt": row.created_at, "endsAt": row.ends_at,
        })
    });
    copy["grants"] = grants.collect();
    let sessions = store::sessions(reader, of.account).await?.into_iter().map(|row| {
        json!({
            "createdAt": row.created_at, "refreshedAt": row.rotated_at, "expiresAt": row.expires_at,
            "endedAt": row.ended_at,
        })
    });
    copy["sessions"] = sessions.collect();
    let networks = store::networks(reader, of.account).await?.into_iter();
    copy["networks"] = networks.map(|row| json!({ "signedInAt": row.seen_at })).collect();
    let records = store::records(reader, of.account).await?.into_iter().map(|row| {
        json!({
            "act": row.act, "occurredAt": row.occurred_at, "before": row.state_before, "after": row.state_after,
        })
    });
    copy["auditRecords"] = records.collect();
    Ok(())
}

/// What a review says, to what.
fn said(criteria: &Criteria, answers: &Answers) -> Value {
    let answer = |answer: &CriterionAnswer| {
        let asked = criteria.0.iter().find(|known| known.id == answer.criterion_id);
        json!({
            "criterion": asked.map(|asked| &asked.title), "body": answer.body, "level": answer.level,
            "checked": answer.checked, "value": answer.value,
        })
    };
    answers.0.iter().map(answer).collect()
}

/// The texts, their versions below them.
fn contributions(versions: &[VersionRow]) -> Value {
    let groups = versions.chunk_by(|one, two| one.id == two.id);
    let group = |rows: &[VersionRow]| {
        let row = &rows[0];
        let reply_to = row.reply_to_id.map(|id| public(Kind::Comment, id));
        let root = row.root_kind.zip(row.root_id).map(|(kind, id)| contribution(kind, id));
        json!({
            "id": contribution(row.kind, row.id), "spaceId": public(Kind::Space, row.space_id),
            "space": row.space_title, "phase": row.phase, "state": row.state, "audience": row.audience,
            "createdAt": row.created_at, "publishedAt": row.published_at, "rootId": root,
            "rootTitle": row.root_title, "replyToId": reply_to, "file": file(row),
            "versions": rows.iter().map(version).collect::<Vec<_>>(),
        })
    };
    groups.map(group).collect()
}

/// What is kept of the file of a media item, beside its bytes.
fn file(row: &VersionRow) -> Option<Value> {
    let status = row.file_state?;
    Some(json!({
        "fileName": row.file_name, "mediaType": row.media_type, "size": row.file_size, "sha256": row.sha256, "status": status,
    }))
}

fn version(row: &VersionRow) -> Value {
    let detail = &row.detail;
    let answers = detail.answers.iter().map(|answer| {
        let prompt = public(Kind::Prompt, answer.prompt_id);
        json!({ "promptId": prompt, "question": answer.question, "body": answer.body })
    });
    json!({
        "version": row.version, "state": row.version_state, "title": row.title, "body": row.body,
        "prompt": detail.prompt, "language": row.language, "week": row.week, "mood": detail.mood, "keyCompetences": detail.key_competences,
        "altText": detail.alt_text, "licence": detail.licence, "attribution": detail.attribution, "source": detail.source,
        "mediaItemIds": detail.attachments.iter().map(|id| public(Kind::MediaItem, *id)).collect::<Vec<_>>(),
        "ka1Outcomes": detail.ka1_outcomes, "answers": answers.collect::<Vec<_>>(), "writtenAt": row.written_at,
        "submittedAt": row.submitted_at,
    })
}

fn public(kind: Kind, id: Uuid) -> String {
    id::encode(kind, id).0
}

fn contribution(kind: ContributionKind, id: Uuid) -> String {
    public(kind.into(), id)
}

fn encode(id: Uuid, version: i32) -> String {
    let mut bytes = id.as_bytes().to_vec();
    bytes.extend(version.to_be_bytes());
    URL_SAFE_NO_PAD.encode(bytes)
}

fn decode(text: &str) -> Result<(Uuid, i32)> {
    let faulty = || Error::invalid(Reason::Malformed, "This is not the end of a part.").at(&["after"]);
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| faulty())?;
    let (id, version) = bytes.split_at_checked(16).ok_or_else(faulty)?;
    let id = Uuid::from_slice(id).map_err(|_| faulty())?;
    Ok((id, i32::from_be_bytes(version.try_into().map_err(|_| faulty())?)))
}
