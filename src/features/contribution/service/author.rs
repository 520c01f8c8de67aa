//! What authors do with what they wrote.

use entity::{
    decision,
    enums::{
        Audience, ContentState, ContributionKind, DecisionKind, EventKind, MediaState, ModerationReason, RevisionState,
    },
    revision,
};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::super::{
    rules::{self, Patch, Text},
    store::{self, Locked},
};
use super::{announce, audit_decision, emit, emit_as, facts, lock, patch, permit, place, recount, resight, waits};
use crate::{
    app::App,
    event,
    features::space::travellers,
    platform::{
        auth::Actor,
        db::Tx,
        error::{Error, Reason, Result},
        idempotency,
        text::{self, Rendered},
    },
    policy::ContentAction,
};

fn text_of(known: &revision::Model) -> Text {
    Text {
        title: known.title.clone(),
        body: known.body.clone(),
        language: known.language.clone(),
        week: known.week.clone(),
        detail: known.detail.clone(),
    }
}

/// The version that the author goes on from: the one that waits, else the one that everybody reads, else the newest.
async fn latest(tx: &Tx<'_>, known: &Locked) -> Result<revision::Model> {
    let version = known
        .pending_version
        .or(known.published_version)
        .unwrap_or(known.version);
    store::revision(tx, known.id, version)
        .await?
        .ok_or_else(|| Error::internal("a contribution without text"))
}

/// Changes a text or its audience. What others see changes at once, or waits for a moderator.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`STALE_VERSION`.
pub async fn update(
    app: &App,
    actor: &Actor,
    id: Uuid,
    kind: ContributionKind,
    expected: i32,
    change: Patch,
) -> Result<()> {
    // One that breaks a rule is refused below, with all that does.
    let body = change.body.as_deref().map(|body| rules::body(body, kind));
    let body = match body.and_then(Result::ok) {
        Some(body) => Some(text::render_apart(body).await?),
        None => None,
    };
    let place = &place(app, actor, id).await?;
    let (change, body) = (&change, &body);
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                if known.kind != kind {
                    return Err(Error::not_found());
                }
                let revision = latest(tx, &known).await?;
                let old = text_of(&revision);
                // What the author last asked for: a raising may wait.
                let raised = revision.audience.filter(|_| known.pending_version.is_some());
                let asked = raised.unwrap_or(known.audience());
                let audience = change.audience.filter(|_| known.root_id.is_none()).unwrap_or(asked);
                let new = rules::checked(change.apply(&old), kind)?;
                rules::prompt_fits(&new, known.thread_kind)?;
                let is_described = new.detail.alt_text.is_some() || !rules::is_seen(known.media_kind);
                if !is_described && known.state != ContentState::Draft {
                    let error = Error::invalid(Reason::Required, "Others see it: what is there to see?");
                    return Err(error.at(&["altText"]));
                }
                let is_text = new != old;
                let is_lower = !is_text && change.co_authors.is_none() && audience < asked;
                permit(
                    if is_lower {
                        ContentAction::AudienceLower
                    } else {
                        ContentAction::Update
                    },
                    &known,
                )?;
                if expected != known.version {
                    // Sent again, as the answer was lost, it has been done, whatever became of it: nobody else writes versions of it.
                    let newest = store::revision(tx, id, known.version).await?;
                    let is_text = newest.is_none_or(|newest| text_of(&newest) != new);
                    let is_own = known.viewer().id == known.author_id;
                    let is_same = !is_text && audience == asked && are_named(tx, id, change).await?;
                    if is_own && is_same && expected.checked_add(1) == Some(known.version) {
                        return Ok(());
                    }
                    return Err(Error::stale());
                }
                for (place, given) in change.answers.iter().flatten().enumerate() {
                    if given.phase_id != known.phase_id {
                        return Err(Error::not_found().at(&["answers", &place.to_string(), "promptId"]));
                    }
                }
                let added = new.detail.attachments.iter().copied();
                let added: Vec<Uuid> = added.filter(|item| !old.detail.attachments.contains(item)).collect();
                check_attachments(tx, actor, (known.space_id, known.author_id), &added, (kind, &new)).await?;
                let is_named = match &change.co_authors {
                    Some(members) => name(tx, (id, known.space_id), known.author_id, members).await?,
                    None => false,
                };
                if !is_text && audience == asked {
                    if is_named && known.state != ContentState::Draft {
                        let after = (known.state, known.audience());
                        emit(tx, &known, EventKind::ContributionUpdated, after).await?;
                    }
                    return Ok(());
                }
                let rendered = match body {
                    Some(rendered) => rendered.clone(),
                    None if revision.renderer == text::RENDERER => Rendered {
                        html: revision.body_html.clone(),
                        excerpt: revision.excerpt.clone(),
                    },
                    None => text::render_apart(revision.body.clone()).await?,
                };
                let new = (&new, &rendered);
                match known.state {
                    ContentState::Draft => edit_draft(tx, &known, &revision, new, audience).await,
                    ContentState::Pending => edit_pending(tx, &known, new, audience, is_text).await,
                    _ => edit_published(tx, &known, new, audience, is_text).await,
                }
            })
        })
        .await
}

/// Checks that a member may show these media items with a text.
pub(super) async fn check_attachments(
    tx: &Tx<'_>,
    actor: &Actor,
    of: (Uuid, Uuid),
    added: &[Uuid],
    (kind, text): (ContributionKind, &Text),
) -> Result<()> {
    let known = store::attachable(tx, actor.account_id, of, added).await?;
    match added.iter().find(|item| !known.contains(item)) {
        None => Ok(()),
        Some(item) => {
            let place = text.detail.attachments.iter().position(|known| known == item);
            Err(Error::not_found().at(&[rules::items_field(kind), &place.unwrap_or_default().to_string()]))
        }
    }
}

/// Co-authors of an entry at most.
const MOST_CO_AUTHORS: usize = 10;

/// Makes these the co-authors of an entry; who was named before keeps their confirmation. Returns whether that changes anything.
pub(super) async fn name(tx: &Tx<'_>, (id, space): (Uuid, Uuid), author: Uuid, members: &[Uuid]) -> Result<bool> {
    if members.len() > MOST_CO_AUTHORS {
        let error = Error::invalid(Reason::TooLong, format!("At most {MOST_CO_AUTHORS}."));
        return Err(error.at(&["coAuthorIds"]));
    }
    let travellers = travellers(tx, space, members).await?;
    let mut wanted: Vec<Uuid> = Vec::with_capacity(members.len());
    for (place, member) in members.iter().enumerate() {
        let refused = match travellers.get(member) {
            None => Some(Error::not_found()),
            Some(false) => Some(Error::invalid(Reason::NotMobile, "Co-authors are mobile pupils.")),
            Some(true) if *member == author => Some(Error::invalid(Reason::OutOfRange, "This is the author.")),
            Some(true) => None,
        };
        if let Some(error) = refused {
            return Err(error.at(&["coAuthorIds", &place.to_string()]));
        }
        if !wanted.contains(member) {
            wanted.push(*member);
        }
    }
    let known = store::co_authors(tx, id).await?;
    if known == wanted {
        return Ok(false);
    }
    for member in known.iter().filter(|known| !wanted.contains(known)) {
        store::unname(tx, id, *member).await?;
    }
    for (position, member) in (0..).zip(&wanted) {
        store::name(tx, id, (*member, position), known.contains(member)).await?;
    }
    Ok(true)
}

/// Whether those whom an update names as co-authors are named already.
async fn are_named(tx: &Tx<'_>, id: Uuid, change: &Patch) -> Result<bool> {
    let Some(wanted) = &change.co_authors else {
        return Ok(true);
    };
    let known = store::co_authors(tx, id).await?;
    let is_in = |these: &[Uuid], those: &[Uuid]| these.iter().all(|one| those.contains(one));
    Ok(is_in(wanted, &known) && is_in(&known, wanted))
}

/// Confirms, as a co-author, the published version of an entry: from then on it counts for them too. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`/`STALE_VERSION`.
pub async fn confirm(app: &App, actor: &Actor, id: Uuid, expected: Option<i32>) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                let member = known.viewer().id;
                if known.kind != ContributionKind::JournalEntry {
                    return Err(Error::not_found());
                }
                let is_expected = expected.is_none() || expected == known.published_version;
                let confirmed = store::confirmed(tx, id, member).await?;
                if is_expected && confirmed.is_some() && confirmed == known.published_version {
                    return Ok(());
                }
                permit(ContentAction::Confirm, &known)?;
                let Some(version) = known.published_version.filter(|_| is_expected) else {
                    return Err(Error::stale());
                };
                store::confirm(tx, id, member, version).await?;
                let after = (known.state, known.audience());
                emit_as(
                    tx,
                    &known,
                    EventKind::JournalEntryConfirmed,
                    after,
                    (Some(member), false),
                )
                .await?;
                Ok(())
            })
        })
        .await
}

async fn edit_draft(
    tx: &Tx<'_>,
    known: &Locked,
    revision: &revision::Model,
    (new, rendered): (&Text, &Rendered),
    audience: Audience,
) -> Result<()> {
    let version = known.version + 1;
    if revision.state == RevisionState::Draft {
        store::update_draft(tx, revision, version, (new, rendered)).await?;
    } else {
        // A version that others have seen stays as it was.
        let of = (known.id, known.space_id, version);
        store::insert_revision(
            tx,
            of,
            (new, rendered),
            RevisionState::Draft,
            (None, known.published_at.is_some()),
        )
        .await?;
    }
    let mut row = patch(known.id);
    row.version = Set(version);
    row.language = Set(new.language.clone());
    row.week = Set(new.week.clone());
    row.audience = Set(audience);
    store::update(tx, row).await
}

async fn edit_pending(
    tx: &mut Tx<'_>,
    known: &Locked,
    (new, rendered): (&Text, &Rendered),
    audience: Audience,
    is_text: bool,
) -> Result<()> {
    let still_waits = waits(
        tx,
        known,
        if known.root_id.is_some() {
            known.audience()
        } else {
            audience
        },
    );
    let mut row = patch(known.id);
    let mut version = known.version;
    if is_text {
        store::set_revision(tx, known.id, known.version, RevisionState::Superseded, None).await?;
        version += 1;
        let state = if still_waits {
            RevisionState::Pending
        } else {
            RevisionState::Published
        };
        let of = (known.id, known.space_id, version);
        store::insert_revision(tx, of, (new, rendered), state, (None, known.published_at.is_some())).await?;
    } else if !still_waits {
        store::set_revision(tx, known.id, version, RevisionState::Published, None).await?;
    }
    row.version = Set(version);
    row.language = Set(new.language.clone());
    row.week = Set(new.week.clone());
    if known.root_id.is_none() {
        row.audience = Set(audience);
    }
    if still_waits {
        row.pending_version = Set(Some(version));
        store::update(tx, row).await?;
        emit(
            tx,
            known,
            EventKind::ContributionUpdated,
            (ContentState::Pending, audience),
        )
        .await?;
    } else {
        row.state = Set(ContentState::Published);
        row.pending_version = Set(None);
        row.published_version = Set(Some(version));
        row.published_at = Set(Some(known.published_at.unwrap_or(tx.clock().now())));
        if known.published_at.is_none() {
            // As with an approval: nobody has read past it.
            row.listed_at = Set(Some(tx.clock().now()));
            row.last_activity_at = Set(tx.clock().now());
        }
        store::update(tx, row).await?;
        recount(tx, known, ContentState::Published, known.published_at.is_none()).await?;
        emit(
            tx,
            known,
            EventKind::ContributionPublished,
            (ContentState::Published, audience),
        )
        .await?;
    }
    Ok(())
}

async fn edit_published(
    tx: &mut Tx<'_>,
    known: &Locked,
    (new, rendered): (&Text, &Rendered),
    audience: Audience,
    is_text: bool,
) -> Result<()> {
    let mut row = patch(known.id);
    let now = tx.clock().now();
    let version = known.version + 1;
    let of = (known.id, known.space_id, version);
    let is_raised = audience > known.audience();
    if waits(tx, known, audience) && (is_text || is_raised) {
        if let Some(pending) = known.pending_version {
            store::set_revision(tx, known.id, pending, RevisionState::Superseded, None).await?;
        }
        store::insert_revision(
            tx,
            of,
            (new, rendered),
            RevisionState::Pending,
            (is_raised.then_some(audience), true),
        )
        .await?;
        row.version = Set(version);
        row.pending_version = Set(Some(version));
        store::update(tx, row).await?;
        emit(
            tx,
            known,
            EventKind::ContributionSubmitted,
            (known.state, known.audience()),
        )
        .await?;
        return Ok(());
    }
    let mut is_new = is_text;
    if let Some(pending) = known.pending_version {
        // What waited is overtaken by what is now published at once; a raising that is taken back may have had no new text.
        store::set_revision(tx, known.id, pending, RevisionState::Superseded, None).await?;
        row.pending_version = Set(None);
        let published = store::revision(tx, known.id, known.published_version.unwrap_or_default()).await?;
        is_new = published.is_none_or(|published| text_of(&published) != *new);
    }
    if is_new {
        store::insert_revision(tx, of, (new, rendered), RevisionState::Published, (None, true)).await?;
        row.version = Set(version);
        row.published_version = Set(Some(version));
        row.language = Set(new.language.clone());
        row.week = Set(new.week.clone());
        if rules::is_marked(known.published_at, now) {
            row.edited_at = Set(Some(now));
        }
    }
    let kind = if audience == known.audience() {
        EventKind::ContributionUpdated
    } else {
        row.audience = Set(audience);
        EventKind::ContributionAudienceChanged
    };
    store::update(tx, row).await?;
    let (actor, facts) = (known.viewer().id, facts(known, (known.state, audience)));
    let mut event = event::contribution(tx.clock(), kind, actor, actor != known.author_id, facts);
    // Some may be named in it only now, or see only now that they are.
    event.is_fanned_out |= !text::mentioned(&rendered.html).is_empty();
    announce(tx, known, event).await
}

/// Hands a draft to its audience, or to the moderators first. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`/`STALE_VERSION`.
pub async fn publish(app: &App, actor: &Actor, id: Uuid, expected: i32) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                let is_own = known.viewer().id == known.author_id;
                let is_done = matches!(known.state, ContentState::Pending | ContentState::Published);
                if is_own && is_done && expected == known.version {
                    return Ok(());
                }
                permit(ContentAction::Publish, &known)?;
                if expected != known.version {
                    return Err(Error::stale());
                }
                let now = tx.clock().now();
                let waits = waits(tx, &known, known.audience());
                let revision = if waits {
                    RevisionState::Pending
                } else {
                    RevisionState::Published
                };
                store::set_revision(tx, id, known.version, revision, Some(now)).await?;
                let mut row = patch(id);
                row.listed_at = Set(Some(known.listed_at.unwrap_or(now)));
                let state = if waits {
                    row.pending_version = Set(Some(known.version));
                    ContentState::Pending
                } else {
                    row.published_version = Set(Some(known.version));
                    row.published_at = Set(Some(known.published_at.unwrap_or(now)));
                    if known.published_at.is_none() {
                        row.listed_at = Set(Some(now));
                    }
                    row.last_activity_at = Set(now);
                    ContentState::Published
                };
                row.state = Set(state);
                store::update(tx, row).await?;
                recount(tx, &known, state, known.published_at.is_none()).await?;
                let kind = if waits {
                    EventKind::ContributionSubmitted
                } else {
                    EventKind::ContributionPublished
                };
                emit(tx, &known, kind, (state, known.audience())).await?;
                Ok(())
            })
        })
        .await
}

/// Takes a contribution back into the author's drafts. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn withdraw(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let place = &place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                if known.state == ContentState::Draft {
                    return Ok(());
                }
                permit(ContentAction::Withdraw, &known)?;
                let mut row = patch(id);
                if let Some(pending) = known.pending_version {
                    store::set_revision(tx, id, pending, RevisionState::Draft, None).await?;
                }
                row.state = Set(ContentState::Draft);
                row.pending_version = Set(None);
                row.published_version = Set(None);
                store::update(tx, row).await?;
                emit(
                    tx,
                    &known,
                    EventKind::ContributionWithdrawn,
                    (ContentState::Draft, known.audience()),
                )
                .await?;
                Ok(())
            })
        })
        .await
}

/// Removes the own work, or as a moderator that of somebody else, with a reason. Repeating it changes nothing. Returns whether
/// the row itself went: a draft.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID` without a reason where one is due.
pub async fn remove(
    app: &App,
    actor: &Actor,
    id: Uuid,
    reason: Option<ModerationReason>,
    note: Option<&str>,
) -> Result<bool> {
    let note = note.map(|note| text::required(note, rules::LONGEST_NOTE)).transpose();
    let note = &note.map_err(|error| error.at(&["note"]))?;
    let place = &match place(app, actor, id).await {
        Err(error) if error.is_not_found() && idempotency::is_removed(&app.db, actor, id).await? => return Ok(true),
        place => place?,
    };
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = lock(tx, actor, place, id).await?;
                let is_own = known.viewer().id == known.author_id;
                if known.state == ContentState::Removed && (is_own || known.viewer().is_staff()) {
                    return Ok(false);
                }
                permit(ContentAction::Remove, &known)?;
                if !is_own && reason.is_none() {
                    return Err(Error::invalid(Reason::Required, "Say why.").at(&["reason"]));
                }
                // A draft that nothing hangs on goes altogether; a file has to be cleared away first.
                let is_light = known.state == ContentState::Draft && known.file_state.is_none();
                if is_light && !store::has_children(tx, id).await? {
                    idempotency::note_removal(tx, actor.account_id, id).await?;
                    store::delete(tx, id).await?;
                    // Its author may have been told that it was returned.
                    resight(tx, &[id]).await?;
                    return Ok(true);
                }
                let mut row = patch(id);
                row.state = Set(ContentState::Removed);
                if known.file_state.is_some() {
                    row.file_state = Set(Some(MediaState::Deleted));
                    row.file_state_at = Set(Some(tx.clock().now()));
                }
                row.listed_at = Set(Some(known.listed_at.unwrap_or(known.created_at)));
                if known.state == ContentState::Draft {
                    row.published_version = Set(store::forget_draft(tx, id).await?);
                }
                if let Some(pending) = known.pending_version {
                    store::set_revision(tx, id, pending, RevisionState::Superseded, None).await?;
                    row.pending_version = Set(None);
                }
                store::update(tx, row).await?;
                recount(tx, &known, ContentState::Removed, false).await?;
                if !is_own {
                    decide(tx, &known, DecisionKind::Removed, (reason, note.clone())).await?;
                    let after = (ContentState::Removed, reason);
                    audit_decision(tx, actor.account_id, &known, DecisionKind::Removed, after);
                }
                emit(
                    tx,
                    &known,
                    EventKind::ContributionRemoved,
                    (ContentState::Removed, known.audience()),
                )
                .await?;
                Ok(false)
            })
        })
        .await
}

/// The version that a moderator saw.
pub(super) fn decided_version(known: &Locked) -> i32 {
    known
        .pending_version
        .or(known.published_version)
        .unwrap_or(known.version)
}

/// Keeps what a moderator decided about the version that they saw.
pub(super) async fn decide(
    tx: &Tx<'_>,
    known: &Locked,
    kind: DecisionKind,
    why: (Option<ModerationReason>, Option<String>),
) -> Result<()> {
    decide_as(tx, known, kind, Some(known.viewer().id), why).await
}

/// The same in the name of somebody, or of nobody: reports have decided by themselves.
pub(super) async fn decide_as(
    tx: &Tx<'_>,
    known: &Locked,
    kind: DecisionKind,
    by: Option<Uuid>,
    (reason, note): (Option<ModerationReason>, Option<String>),
) -> Result<()> {
    let row = decision::ActiveModel {
        id: Set(tx.clock().new_id()),
        space_id: Set(known.space_id),
        contribution_id: Set(known.id),
        kind: Set(kind),
        reason: Set(reason),
        note: Set(note),
        decided_by_id: Set(by),
        decided_at: Set(tx.clock().now()),
        version: Set(decided_version(known)),
    };
    store::insert_decision(tx, row).await
}
