//! What reports do to contributions.

use entity::enums::{ContentState, DecisionKind, EventKind, ModerationReason, ReportAction, RevisionState};
use sea_orm::ActiveValue::Set;
use uuid::Uuid;

use super::super::store;
use super::{audit_decision, author::decide_as, emit_as, patch, permit, recount};
use crate::{
    features::contribution::ContributionRow,
    platform::{auth::Actor, db::Tx, error::Result},
    policy::ContentAction,
};

/// Takes a contribution out of sight because of reports: nobody has decided that, and nobody learns who reported.
///
/// # Errors
/// The database's.
pub async fn hide_reported(tx: &mut Tx<'_>, known: &ContributionRow, reason: ModerationReason) -> Result<()> {
    decide_as(tx, known, DecisionKind::Hidden, None, (Some(reason), None)).await?;
    turn(tx, known, ContentState::Hidden).await?;
    audit_decision(
        tx,
        None,
        known,
        DecisionKind::Hidden,
        (ContentState::Hidden, Some(reason)),
    );
    let after = (ContentState::Hidden, known.audience());
    emit_as(tx, known, EventKind::ContributionHidden, after, (None, true)).await
}

/// Does what a report was upheld for, unless it is done already.
///
/// # Errors
/// `FORBIDDEN`.
pub async fn uphold(
    tx: &mut Tx<'_>,
    actor: &Actor,
    known: &ContributionRow,
    action: ReportAction,
    why: (ModerationReason, String),
) -> Result<()> {
    let (state, deed, decision, kind) = match action {
        ReportAction::None => return Ok(()),
        ReportAction::Hide => (
            ContentState::Hidden,
            ContentAction::Hide,
            DecisionKind::Hidden,
            EventKind::ContributionHidden,
        ),
        ReportAction::Remove => (
            ContentState::Removed,
            ContentAction::Remove,
            DecisionKind::Removed,
            EventKind::ContributionRemoved,
        ),
    };
    if matches!(known.state, ContentState::Removed) || known.state == state && known.latest_is_human(tx).await? {
        return Ok(());
    }
    if known.state != state {
        permit(deed, known)?;
    }
    let by = Some(known.viewer().id);
    decide_as(tx, known, decision, by, (Some(why.0), Some(why.1))).await?;
    audit_decision(tx, actor.account_id, known, decision, (state, Some(why.0)));
    if known.state == state {
        return Ok(());
    }
    if let (ReportAction::Remove, Some(pending)) = (action, known.pending_version) {
        store::set_revision(tx, known.id, pending, RevisionState::Superseded, None).await?;
    }
    turn(tx, known, state).await?;
    emit_as(tx, known, kind, (state, known.audience()), (by, true)).await
}

/// Brings back what reports have hidden by themselves, when none is left that asks for it.
///
/// # Errors
/// The database's.
pub async fn restore_reported(tx: &mut Tx<'_>, actor: &Actor, known: &ContributionRow) -> Result<()> {
    if known.state != ContentState::Hidden || known.latest_is_human(tx).await? {
        return Ok(());
    }
    let by = Some(known.viewer().id);
    decide_as(tx, known, DecisionKind::Restored, by, (None, None)).await?;
    turn(tx, known, ContentState::Published).await?;
    let now = (ContentState::Published, None);
    audit_decision(tx, actor.account_id, known, DecisionKind::Restored, now);
    let after = (ContentState::Published, known.audience());
    emit_as(tx, known, EventKind::ContributionRestored, after, (by, true)).await
}

/// Keeps whether a contribution is for staff alone to judge.
///
/// # Errors
/// The database's.
pub async fn seal(tx: &Tx<'_>, id: Uuid, is_sealed: bool) -> Result<()> {
    let mut row = patch(id);
    row.is_sealed = Set(is_sealed);
    store::update(tx, row).await
}

async fn turn(tx: &Tx<'_>, known: &ContributionRow, state: ContentState) -> Result<()> {
    let mut row = patch(known.id);
    row.state = Set(state);
    if state == ContentState::Removed {
        row.pending_version = Set(None);
    }
    store::update(tx, row).await?;
    recount(tx, known, state, false).await
}

impl ContributionRow {
    /// Whether somebody, not reports by themselves, took the newest decision about it.
    async fn latest_is_human(&self, tx: &Tx<'_>) -> Result<bool> {
        store::is_latest_human(tx, self.id).await
    }
}
