//! What becomes of a review that was submitted: release, hold, void, and what its author says to it.

use entity::enums::{AssignmentState, AuditAct, EventKind, ReportAction, ReviewReaction};
use uuid::Uuid;

use super::{
    super::store::{self, Reacted, ReviewRow},
    care::soon,
    write::{allow, emit, lock, seen},
};
use crate::{
    app::App,
    features::report::{self, About, Verdict},
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::Tx,
        error::{Error, Reason, Result},
        id::Kind,
    },
    policy::ReviewDeed,
};

/// Takes a review to another state, with all that is told of it.
async fn take(
    tx: &mut Tx<'_>,
    actor: &Actor,
    known: &ReviewRow,
    state: AssignmentState,
    note: Option<&str>,
) -> Result<()> {
    store::set_state(tx, known, state, note).await?;
    if state == AssignmentState::Released && known.reaction == Some(ReviewReaction::Unkind) {
        // Staff don't find it so: its author may say what they find of it anew.
        store::forget_reaction(tx, known.id).await?;
    }
    let (kind, act) = match state {
        AssignmentState::Held => (EventKind::ReviewHeld, AuditAct::ReviewHeld),
        AssignmentState::Voided => (EventKind::ReviewVoided, AuditAct::ReviewVoided),
        _ => (EventKind::ReviewReleased, AuditAct::ReviewReleased),
    };
    emit(tx, kind, known);
    let record = Record::new(act, actor.account_id, (Kind::Review, known.id));
    tx.audit(
        known.space_id,
        record.before(State::from(known.state)).after(State::from(state)),
    );
    Ok(())
}

/// Whether a review is there already, for staff who repeat what they did.
fn is_done(known: &ReviewRow, states: &[AssignmentState]) -> bool {
    known.viewer.member().is_staff() && states.contains(&known.state)
}

/// Keeps a review from its author, with words to its reviewer. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`.
pub async fn hold(app: &App, actor: &Actor, id: Uuid, note: Option<&str>) -> Result<()> {
    let note = &note.map(report::words).transpose()?;
    let space = seen(app, actor, ReviewDeed::Hold, id).await?.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let known = lock(tx, app, actor, (ReviewDeed::Hold, space, id)).await?;
                if is_done(&known, &[AssignmentState::Held]) {
                    return Ok(());
                }
                allow(tx, ReviewDeed::Hold, &known)?;
                take(tx, actor, &known, AssignmentState::Held, note.as_deref()).await
            })
        })
        .await
}

/// Gives a review to its author. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`.
pub async fn release(app: &App, actor: &Actor, id: Uuid) -> Result<()> {
    let space = seen(app, actor, ReviewDeed::Release, id).await?.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let known = lock(tx, app, actor, (ReviewDeed::Release, space, id)).await?;
                if is_done(&known, &[AssignmentState::Released, AssignmentState::Acknowledged]) {
                    return Ok(());
                }
                allow(tx, ReviewDeed::Release, &known)?;
                take(tx, actor, &known, AssignmentState::Released, None).await
            })
        })
        .await
}

/// Takes a review out for good, with words to its reviewer; somebody else is asked, if there is time. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`.
pub async fn void(app: &App, actor: &Actor, id: Uuid, note: &str) -> Result<()> {
    let note = &report::words(note)?;
    let space = seen(app, actor, ReviewDeed::Void, id).await?.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let known = lock(tx, app, actor, (ReviewDeed::Void, space, id)).await?;
                if is_done(&known, &[AssignmentState::Voided]) {
                    return Ok(());
                }
                allow(tx, ReviewDeed::Void, &known)?;
                take(tx, actor, &known, AssignmentState::Voided, Some(note)).await?;
                tx.enqueue(soon(known.round_id, space, tx.clock().now()));
                Ok(())
            })
        })
        .await
}

/// What an author says to a review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct React {
    /// Whether it helps.
    pub reaction: ReviewReaction,
    /// What they will change.
    pub note: Option<String>,
    /// The version of their work that followed.
    pub change_version: Option<i32>,
}

/// Keeps what an author says to a review. Something unkind makes a report, and hides the review until staff decide. Repeating it changes
/// nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`; `CONFLICT`/`ALREADY_DECIDED` if staff have found before that it isn't unkind.
pub async fn react(app: &App, actor: &Actor, id: Uuid, said: React) -> Result<()> {
    let said = &React {
        note: said.note.as_deref().map(report::words).transpose()?,
        ..said
    };
    let space = seen(app, actor, ReviewDeed::React, id).await?.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let known = lock(tx, app, actor, (ReviewDeed::React, space, id)).await?;
                let is_unkind = said.reaction == ReviewReaction::Unkind;
                let is_same = known.is_by_viewer
                    && known.reaction == Some(said.reaction)
                    && known.reaction_note == said.note
                    && known.change_version == said.change_version;
                let is_there = match known.state {
                    AssignmentState::Acknowledged => !is_unkind,
                    AssignmentState::Held => is_unkind,
                    _ => false,
                };
                if is_same && is_there {
                    return Ok(());
                }
                allow(tx, ReviewDeed::React, &known)?;
                if let Some(version) = said.change_version {
                    let follows = version > known.target_version
                        && store::has_published(tx, known.contribution_id, version).await?;
                    if !follows {
                        let error = Error::invalid(
                            Reason::OutOfRange,
                            "A published version after the one that was reviewed.",
                        );
                        return Err(error.at(&["changeVersion"]));
                    }
                }
                let reacted = Reacted {
                    reaction: said.reaction,
                    note: said.note.clone(),
                    change_version: said.change_version,
                };
                if !is_unkind {
                    store::react(tx, &known, AssignmentState::Acknowledged, reacted).await?;
                    emit(tx, EventKind::ReviewReacted, &known);
                    return Ok(());
                }
                let about = About {
                    space_id: space,
                    contribution_id: known.contribution_id,
                    version: known.target_version,
                    review_id: Some(id),
                };
                report::report_review(tx, about, &known.viewer.member(), said.note.clone()).await?;
                store::react(tx, &known, AssignmentState::Held, reacted).await?;
                emit(tx, EventKind::ReviewHeld, &known);
                Ok(())
            })
        })
        .await
}

/// Decides a report about a review: upheld with something done about it, the review is void; else its author has it back, and may react anew.
/// Repeating it changes nothing.
///
/// # Errors
/// As [`report::settle`].
pub async fn judge(
    app: &App,
    actor: &Actor,
    (report, review): (Uuid, Uuid),
    verdict: Verdict,
    note: &str,
) -> Result<()> {
    let note = &report::words(note)?;
    let subject = &report::subject(app, actor, report).await?;
    let space = subject.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                if report::settle(tx, actor, subject, (report, verdict), note)
                    .await?
                    .is_none()
                {
                    return Ok(());
                }
                let Some(known) = store::lock_review(tx, actor.account_id, review).await? else {
                    return Ok(());
                };
                if known.state != AssignmentState::Held {
                    return Ok(());
                }
                match verdict {
                    Verdict::Upheld(ReportAction::Hide | ReportAction::Remove) => {
                        take(tx, actor, &known, AssignmentState::Voided, Some(note)).await?;
                        tx.enqueue(soon(known.round_id, space, tx.clock().now()));
                    }
                    Verdict::Upheld(ReportAction::None) | Verdict::Dismissed => {
                        if !report::waits_about_review(tx, review).await? {
                            take(tx, actor, &known, AssignmentState::Released, None).await?;
                        }
                    }
                }
                Ok(())
            })
        })
        .await
}
