//! Making threads, journal entries and comments.

use entity::{
    contribution,
    enums::{Audience, ContentState, ContributionKind, EventKind, RevisionState, SubscriptionLevel, ThreadKind},
};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::super::{
    rules::{self, Text},
    store,
};
use super::{
    allow,
    author::{check_attachments, name},
    place,
};
use crate::{
    app::App,
    event,
    features::space::{phase_facts, space_of_phase},
    platform::{
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Error, Reason, Result},
        idempotency::{self, Claim, Created, Key},
        stream::ContributionFacts,
        text::{self, Rendered},
    },
    policy::{self, ContentAction, Member, PhaseAction},
};

/// A root to be made.
#[derive(Clone, Debug)]
pub struct NewRoot {
    /// Thread, journal entry or album.
    pub kind: ContributionKind,
    /// The phase.
    pub phase_id: Uuid,
    /// The text; without a language it gets the author's first.
    pub text: Text,
    /// Who sees it.
    pub audience: Audience,
    /// Whether it is published at once.
    pub is_published: bool,
    /// Memberships of co-authors; journal entries only.
    pub co_authors: Vec<Uuid>,
    /// What a thread is for; threads only.
    pub thread_kind: Option<ThreadKind>,
}

/// A comment to be made.
#[derive(Clone, Debug)]
pub struct NewComment {
    /// What it belongs to.
    pub root_id: Uuid,
    /// What it answers.
    pub reply_to_id: Option<Uuid>,
    /// The text; without a language it gets the author's first.
    pub text: Text,
}

/// Makes a thread, a journal entry or an album.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`KEY_REUSED`.
pub async fn root_create(app: &App, actor: &Actor, new: NewRoot, key: Option<Key>) -> Result<Created> {
    let text = with_language(rules::checked(new.text.clone(), new.kind)?, actor);
    rules::prompt_fits(&text, new.thread_kind)?;
    let rendered = text::render_apart(text.body.clone()).await?;
    let text = (&text, &rendered);
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let no_phase = || Error::not_found().at(&["phaseId"]);
    let space = space_of_phase(&reader, new.phase_id).await?.ok_or_else(no_phase)?;
    let action = match new.kind {
        ContributionKind::JournalEntry => PhaseAction::JournalEntryCreate,
        ContributionKind::Album => PhaseAction::AlbumCreate,
        _ => PhaseAction::ThreadCreate,
    };
    let (id, new, key) = (app.clock.new_id(), &new, &key);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                if let Claim::Replay(id) = idempotency::claim(tx, actor.account_id, key.as_ref(), id).await? {
                    return Ok(id);
                }
                tx.gate(space, Gate::Shared).await?;
                let phase = phase_facts(tx, actor.account_id, new.phase_id)
                    .await
                    .map_err(|_| no_phase())?;
                let author = phase.viewer.member();
                allow(policy::phase(action, &author, &phase.facts()))?;
                if new.is_published && phase.state != entity::enums::PhaseState::Open {
                    return Err(Error::forbidden(Reason::PhaseNotOpen));
                }
                let shown = &text.0.detail.attachments;
                check_attachments(tx, actor, (space, author.id), shown, (new.kind, text.0)).await?;
                let state = if !new.is_published {
                    ContentState::Draft
                } else if policy::is_pre_moderated(&author, phase.moderation, new.audience, tx.clock().now()) {
                    ContentState::Pending
                } else {
                    ContentState::Published
                };
                let row = contribution::ActiveModel {
                    kind: Set(new.kind),
                    root_id: Set(None),
                    reply_to_id: Set(None),
                    depth: Set(0),
                    audience: Set(new.audience),
                    phase_id: Set(new.phase_id),
                    thread_kind: Set(new.thread_kind),
                    ..Default::default()
                };
                let of = (new.audience, None);
                let made = insert(tx, (id, space, state), (actor, &author), row, text, of, key.as_ref()).await?;
                if made == id {
                    name(tx, (id, space), author.id, &new.co_authors).await?;
                }
                if made == id && new.kind == ContributionKind::Thread {
                    store::subscribe(tx, author.id, id, SubscriptionLevel::Following, false).await?;
                }
                Ok(made)
            })
        })
        .await
        .map(|made| Created::of(made, id))
}

/// Makes a comment on a published root (or one that waits for a moderator).
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`KEY_REUSED`.
pub async fn comment_create(app: &App, actor: &Actor, new: NewComment, key: Option<Key>) -> Result<Created> {
    let text = with_language(rules::checked(new.text.clone(), ContributionKind::Comment)?, actor);
    let rendered = text::render_apart(text.body.clone()).await?;
    let text = (&text, &rendered);
    let no_root = || Error::not_found().at(&["rootId"]);
    let space = place(app, actor, new.root_id)
        .await
        .map_err(|error| if error.is_not_found() { no_root() } else { error })?;
    let space = space.space;
    let (id, new, key) = (app.clock.new_id(), &new, &key);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                if let Claim::Replay(id) = idempotency::claim(tx, actor.account_id, key.as_ref(), id).await? {
                    return Ok(id);
                }
                tx.gate(space, Gate::Shared).await?;
                let root = store::lock(tx, actor.account_id, new.root_id, None)
                    .await?
                    .ok_or_else(no_root)?;
                let author = root.viewer();
                allow(root.allows(ContentAction::CommentCreate))?;
                let attached = &text.0.detail.attachments;
                let of = (ContributionKind::Comment, text.0);
                check_attachments(tx, actor, (space, author.id), attached, of).await?;
                let depth = match new.reply_to_id {
                    None => 0,
                    Some(reply_to) => answered(tx, actor, new.root_id, reply_to).await?,
                };
                let waits =
                    policy::is_pre_moderated(&author, root.phase().moderation, root.audience(), tx.clock().now());
                let state = if waits {
                    ContentState::Pending
                } else {
                    ContentState::Published
                };
                let row = contribution::ActiveModel {
                    kind: Set(ContributionKind::Comment),
                    root_id: Set(Some(new.root_id)),
                    reply_to_id: Set(new.reply_to_id),
                    depth: Set(depth),
                    audience: Set(Audience::Space),
                    phase_id: Set(root.phase_id),
                    thread_kind: Set(None),
                    ..Default::default()
                };
                let of = (root.audience(), Some((new.root_id, root.author_id)));
                let made = insert(tx, (id, space, state), (actor, &author), row, text, of, key.as_ref()).await?;
                if made == id && root.kind == ContributionKind::Thread {
                    store::subscribe(tx, author.id, root.id, SubscriptionLevel::Following, false).await?;
                }
                if made == id && state == ContentState::Published {
                    store::add_comment(tx, new.root_id, 1, Some(tx.clock().now())).await?;
                }
                Ok(made)
            })
        })
        .await
        .map(|made| Created::of(made, id))
}

/// The depth of an answer to a published comment of the same root.
async fn answered(tx: &Tx<'_>, actor: &Actor, root: Uuid, reply_to: Uuid) -> Result<i32> {
    let no_comment = || Error::not_found().at(&["replyToId"]);
    let known = store::lock(tx, actor.account_id, reply_to, None)
        .await?
        .ok_or_else(no_comment)?;
    if known.root_id != Some(root) {
        return Err(no_comment());
    }
    if known.state != ContentState::Published {
        return Err(Error::forbidden(Reason::StateNotAllowed).at(&["replyToId"]));
    }
    Ok((known.depth + 1).min(rules::DEEPEST))
}

pub(super) fn with_language(text: Text, actor: &Actor) -> Text {
    let language = text.language.clone().or_else(|| actor.languages.first().cloned());
    Text { language, ..text }
}

/// Writes a new contribution with its first version, and its event unless it is a draft.
pub(super) async fn insert(
    tx: &mut Tx<'_>,
    (id, space, state): (Uuid, Uuid, ContentState),
    (actor, author): (&Actor, &Member),
    row: contribution::ActiveModel,
    (text, rendered): (&Text, &Rendered),
    (audience, root): (Audience, Option<(Uuid, Uuid)>),
    key: Option<&Key>,
) -> Result<Uuid> {
    if let Some(key) = key
        && let Some(known) = store::by_client_key(tx, author.id, key.text()).await?
    {
        return Ok(known);
    }
    let now = tx.clock().now();
    let kind = row.kind.clone().take().unwrap_or(ContributionKind::Comment);
    let is_published = state == ContentState::Published;
    let is_draft = state == ContentState::Draft;
    let row = contribution::ActiveModel {
        id: Set(id),
        space_id: Set(space),
        author_id: Set(author.id),
        author_account_id: Set(actor.account_id),
        author_org_id: Set(author.organisation_id),
        author_is_staff: Set(author.is_staff()),
        is_sealed: Set(false),
        state: Set(state),
        language: Set(text.language.clone()),
        week: Set(text.week.clone()),
        is_pinned: Set(false),
        is_locked: Set(false),
        version: Set(1),
        published_version: Set(is_published.then_some(1)),
        pending_version: Set((state == ContentState::Pending).then_some(1)),
        comment_count: Set(0),
        listed_at: Set((!is_draft).then_some(now)),
        last_activity_at: Set(now),
        created_at: Set(now),
        published_at: Set(is_published.then_some(now)),
        edited_at: Set(None),
        client_key: Set(key.map(|key| key.text().to_owned())),
        ..row
    };
    let phase_id = *row.phase_id.as_ref();
    store::insert(tx, row).await?;
    let revision = match state {
        ContentState::Published => RevisionState::Published,
        ContentState::Pending => RevisionState::Pending,
        _ => RevisionState::Draft,
    };
    store::insert_revision(tx, (id, space, 1), (text, rendered), revision, (None, false)).await?;
    if !is_draft {
        let event_kind = if is_published {
            EventKind::ContributionPublished
        } else {
            EventKind::ContributionSubmitted
        };
        let facts = ContributionFacts {
            id,
            phase_id,
            kind,
            root_id: root.map(|(root, _)| root),
            author_id: author.id,
            root_author_id: root.map_or(author.id, |(_, root_author)| root_author),
            state: (ContentState::Draft, state),
            audience: (audience, audience),
        };
        let event = event::contribution(tx.clock(), event_kind, author.id, false, facts);
        tx.emit(space, event);
    }
    Ok(id)
}
