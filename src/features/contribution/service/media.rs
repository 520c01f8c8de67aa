//! Media items, as far as they are contributions.

use entity::{
    contribution,
    enums::{Audience, ContentState, ContributionKind, EventKind, MediaKind, MediaState},
};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::{
    super::{
        rules::{self, Text},
        store,
    },
    create::{insert, with_language},
};
use crate::{
    event,
    platform::{
        auth::Actor,
        db::Tx,
        error::Result,
        idempotency::Key,
        stream::ContributionFacts,
        text::{self, Rendered},
    },
    policy::{self, Member},
};

/// Checks and renders what is said about a media item.
///
/// # Errors
/// `INVALID`.
pub async fn item_text(text: Text, actor: &Actor) -> Result<(Text, Rendered)> {
    let text = with_language(rules::checked(text, ContributionKind::MediaItem)?, actor);
    let rendered = text::render_apart(text.body.clone()).await?;
    Ok((text, rendered))
}

/// Makes a media item without a file, as a draft. Only behind the gate.
///
/// # Errors
/// The database's.
pub async fn item_insert(
    tx: &mut Tx<'_>,
    (id, space, phase): (Uuid, Uuid, Uuid),
    (actor, author): (&Actor, &Member),
    (kind, audience): (MediaKind, Audience),
    (text, rendered): (&Text, &Rendered),
    key: Option<&Key>,
) -> Result<Uuid> {
    let row = contribution::ActiveModel {
        kind: Set(ContributionKind::MediaItem),
        root_id: Set(None),
        reply_to_id: Set(None),
        depth: Set(0),
        audience: Set(audience),
        phase_id: Set(phase),
        thread_kind: Set(None),
        media_kind: Set(Some(kind)),
        file_state: Set(Some(MediaState::Requested)),
        file_state_at: Set(Some(tx.clock().now())),
        ..Default::default()
    };
    let of = (id, space, ContentState::Draft);
    insert(tx, of, (actor, author), row, (text, rendered), (audience, None), key).await
}

/// Takes back that a draft of an item was made, after its file. Only behind the gate.
///
/// # Errors
/// The database's.
pub async fn item_delete(tx: &Tx<'_>, item: Uuid) -> Result<()> {
    store::delete(tx, item).await
}

/// Moves the file of an item on, if it stands in one of these states: its author hears of it, and once it is ready also those who see
/// what it is attached to. Returns whether it did. Only behind the gate.
///
/// # Errors
/// The database's.
pub async fn file_step(tx: &mut Tx<'_>, item: Uuid, from: &[MediaState], to: MediaState) -> Result<bool> {
    if !store::step_file(tx, item, from, to).await? {
        return Ok(false);
    }
    for facts in store::shown_with(tx, item, to == MediaState::Ready).await? {
        tell(tx, EventKind::MediaStatusChanged, &facts);
    }
    Ok(true)
}

/// Notes what the file of an item has turned out to be. Only behind the gate, and before the step that tells of it.
///
/// # Errors
/// The database's.
pub async fn file_is(tx: &Tx<'_>, item: Uuid, kind: MediaKind) -> Result<()> {
    store::set_media_kind(tx, item, kind).await
}

/// Tells the author of an item how far its file has come. Only behind the gate.
///
/// # Errors
/// The database's.
pub async fn file_progressed(tx: &mut Tx<'_>, item: Uuid) -> Result<()> {
    for facts in store::shown_with(tx, item, false).await? {
        tell(tx, EventKind::MediaProgressed, &facts);
    }
    Ok(())
}

fn tell(tx: &mut Tx<'_>, kind: EventKind, row: &store::ShownRow) {
    let audience = policy::effective(row.root_audience.unwrap_or(row.audience), row.is_pending);
    let facts = ContributionFacts {
        id: row.id,
        phase_id: row.phase_id,
        kind: row.kind,
        root_id: row.root_id,
        author_id: row.author_id,
        root_author_id: row.root_author_id.unwrap_or(row.author_id),
        state: (row.state, row.state),
        audience: (audience, audience),
    };
    tx.emit(row.space_id, event::contribution(tx.clock(), kind, None, false, facts));
}
