//! What reviewers do with their assignments.

use entity::{
    enums::{AssignmentState, DeclineReason, EventKind, ReleasePolicy},
    review_value::{Answers, CriterionAnswer},
};
use uuid::Uuid;

use super::{
    super::{
        rules::answer::{self, NewAnswer},
        store::{self, ReviewRow},
    },
    care::soon,
};
use crate::{
    app::App,
    event,
    features::report,
    platform::{
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Error, Result},
        text,
    },
    policy::{self, ReviewDeed},
};

/// A review that the actor may do something with, to find its locks.
pub(super) async fn seen(app: &App, actor: &Actor, deed: ReviewDeed, id: Uuid) -> Result<ReviewRow> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let mut found = store::reviews_by_id(&reader, &[id]).await?.into_iter();
    found.find(|row| sees(app, deed, row)).ok_or_else(Error::not_found)
}

fn sees(app: &App, deed: ReviewDeed, row: &ReviewRow) -> bool {
    let (viewer, facts) = (row.viewer.member(), row.facts(app.clock.now()));
    // Who has just found it unkind doesn't see it any more; saying so again is success all the same.
    let is_repeated = deed == ReviewDeed::React && row.is_reported_by_viewer();
    is_repeated || policy::sees_assignment(&viewer, &facts) || policy::sees_review(&viewer, &facts)
}

/// The same, locked behind the gate.
pub(super) async fn lock(
    tx: &Tx<'_>,
    app: &App,
    actor: &Actor,
    (deed, space, id): (ReviewDeed, Uuid, Uuid),
) -> Result<ReviewRow> {
    tx.gate(space, Gate::Shared).await?;
    let found = store::lock_review(tx, actor.account_id, id).await?;
    found.filter(|row| sees(app, deed, row)).ok_or_else(Error::not_found)
}

pub(super) fn allow(tx: &Tx<'_>, deed: ReviewDeed, known: &ReviewRow) -> Result<()> {
    let facts = known.facts(tx.clock().now());
    policy::review(deed, &known.viewer.member(), &known.phase(), &facts).map_err(Error::forbidden)
}

/// Tells that the actor did something to a review.
pub(super) fn emit(tx: &mut Tx<'_>, kind: EventKind, known: &ReviewRow) {
    let of = (known.id, known.round_id, known.phase_id);
    let event = event::review(tx.clock(), kind, known.viewer.member().id, of);
    tx.emit(known.space_id, event);
}

/// A comment as HTML. Nobody is mentioned in a review: a name in it is a word.
pub(super) async fn plain(body: &str) -> Result<String> {
    let rendered = text::render_apart(body.to_owned()).await?;
    Ok(text::with_names(&rendered.html, |_| None))
}

/// Answers with their comments rendered.
async fn rendered(new: Vec<NewAnswer>) -> Result<Vec<CriterionAnswer>> {
    let mut answers = Vec::with_capacity(new.len());
    for new in new {
        answers.push(CriterionAnswer {
            criterion_id: new.criterion_id,
            body_html: plain(&new.body).await?,
            body: new.body,
            level: new.level,
            checked: new.checked,
            value: new.value,
        });
    }
    Ok(answers)
}

/// What is kept of a review, and whether it is to be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handing {
    /// It is kept as it is.
    Save,
    /// It is complete.
    Submit,
}

/// Keeps what a reviewer says; criteria that aren't named keep what was said before. What was submitted stays complete. Repeating it changes
/// nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`; `CONFLICT`/`STALE_VERSION` if something else was saved meanwhile.
pub async fn write(
    app: &App,
    actor: &Actor,
    (id, expected): (Uuid, i32),
    new: Vec<NewAnswer>,
    handing: Handing,
) -> Result<()> {
    use AssignmentState::{Acknowledged, Assigned, Held, Released, Started, Submitted};

    let deed = match handing {
        Handing::Save => ReviewDeed::Save,
        Handing::Submit => ReviewDeed::Submit,
    };
    let before = seen(app, actor, deed, id).await?;
    let new = &rendered(answer::checked(&before.criteria.0, new)?).await?;
    let space = before.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let known = lock(tx, app, actor, (deed, space, id)).await?;
                let criteria = &known.criteria.0;
                let answers = answer::merged(criteria, &known.answers.0, new.clone());
                let is_same = answers == known.answers.0;
                let is_done = is_same
                    && match handing {
                        Handing::Save => known.version > 0,
                        Handing::Submit => matches!(known.state, Submitted | Held | Released | Acknowledged),
                    };
                if is_done && known.viewer.member().id == known.reviewer_id {
                    return Ok(());
                }
                allow(tx, deed, &known)?;
                if known.version != expected {
                    return Err(Error::stale());
                }
                let state = match (handing, known.state) {
                    (Handing::Save, Assigned) => Started,
                    (Handing::Submit, Assigned | Started) if known.release_policy == ReleasePolicy::Immediate => {
                        Released
                    }
                    (Handing::Submit, Assigned | Started) => Submitted,
                    (_, state) => state,
                };
                if !matches!(state, Started) {
                    answer::complete(criteria, &answers)?;
                }
                store::save(tx, &known, state, Answers(answers)).await?;
                match (known.state, state) {
                    (_, Started) => {}
                    (Assigned | Started, Released) => emit(tx, EventKind::ReviewReleased, &known),
                    (Assigned | Started, _) => emit(tx, EventKind::ReviewSubmitted, &known),
                    _ => emit(tx, EventKind::ReviewUpdated, &known),
                }
                Ok(())
            })
        })
        .await
}

/// Gives an assignment back, once in a round; somebody else gets it.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`.
pub async fn decline(app: &App, actor: &Actor, id: Uuid, (reason, note): (DeclineReason, Option<&str>)) -> Result<()> {
    let note = &note.map(report::words).transpose()?;
    let space = seen(app, actor, ReviewDeed::Decline, id).await?.space_id;
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                let known = lock(tx, app, actor, (ReviewDeed::Decline, space, id)).await?;
                let is_own = known.viewer.member().id == known.reviewer_id;
                if known.state == AssignmentState::Declined && is_own && known.decline_reason == Some(reason) {
                    return Ok(());
                }
                allow(tx, ReviewDeed::Decline, &known)?;
                store::decline(tx, id, (reason, note.clone())).await?;
                emit(tx, EventKind::ReviewDeclined, &known);
                tx.enqueue(soon(known.round_id, space, tx.clock().now()));
                Ok(())
            })
        })
        .await
}
