//! Reporting, and deciding reports.

use entity::enums::{AuditAct, EventKind, ModerationReason, ReportAction, ReportState};
use uuid::Uuid;

use super::store;
use crate::{
    app::App,
    event,
    features::contribution::{self, ContributionRow, Place, hide_reported, restore_reported, seal, uphold},
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::{Gate, Reader, Tx},
        error::{Code, Error, Reason, Result},
        id::Kind,
        text,
    },
    policy::{self, ContentAction, ReportDeed},
};

/// The longest words of a reporter or a decider, in characters.
pub(super) const LONGEST_NOTE: usize = 2_000;

/// Reports the version of a contribution that everybody reads, and returns the report. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`.
pub async fn create(app: &App, actor: &Actor, id: Uuid, reason: ModerationReason, note: Option<&str>) -> Result<Uuid> {
    let note = note.map(|note| text::required(note, LONGEST_NOTE)).transpose();
    let note = &note.map_err(|error| error.at(&["note"]))?;
    let place = &contribution::place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = contribution::lock(tx, actor, place, id).await?;
                let reporter = known.viewer();
                let version = known.published_version.unwrap_or(known.version);
                if let Some(own) = store::own(tx, id, version, reporter.id).await? {
                    return Ok(own);
                }
                known.allows(ContentAction::Report).map_err(Error::forbidden)?;
                let of = (known.space_id, id, version);
                let report = store::insert(tx, of, &reporter, (reason, note.clone())).await?;
                let event = event::report(tx.clock(), EventKind::ReportCreated, reporter.id, report);
                tx.emit(known.space_id, event);
                if reason == ModerationReason::Unsafe {
                    seal(tx, id, true).await?;
                }
                let reporters = store::reporters(tx, id).await?;
                if policy::hides(reason, reporter.is_staff(), reporters) {
                    hide_reported(tx, &known, reason).await?;
                }
                Ok(report)
            })
        })
        .await
}

/// How a report ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The reporter was right, and this is done about it.
    Upheld(ReportAction),
    /// Nothing is wrong.
    Dismissed,
}

/// Decides a report. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`ALREADY_DECIDED` if somebody else was first.
pub(super) async fn decide(app: &App, actor: &Actor, id: Uuid, verdict: Verdict, note: &str) -> Result<()> {
    let note = &text::required(note, LONGEST_NOTE).map_err(|error| error.at(&["note"]))?;
    let subject = &subject(app, actor, id).await?;
    app.db
        .write(Some(subject.space_id), |tx| {
            Box::pin(async move {
                let (known, content) = lock(tx, actor, subject, id).await?;
                let (state, action) = match verdict {
                    Verdict::Upheld(action) => (ReportState::Upheld, Some(action)),
                    Verdict::Dismissed => (ReportState::Dismissed, None),
                };
                let viewer = content.viewer();
                if matches!(known.state, ReportState::Upheld | ReportState::Dismissed) {
                    let is_own = known.decided_by_id == Some(viewer.id);
                    return if is_own && (known.state, known.action) == (state, action) {
                        Ok(())
                    } else {
                        let message = "Somebody has decided this report already.";
                        Err(Error::refused(Code::Conflict, Reason::AlreadyDecided, message))
                    };
                }
                permit(ReportDeed::Decide, &known, &content)?;
                store::settle(tx, id, state, (action, note, viewer.id)).await?;
                match verdict {
                    Verdict::Upheld(action) => {
                        uphold(tx, actor, &content, action, (known.reason, note.clone())).await?;
                    }
                    Verdict::Dismissed => {
                        let of_unsafe = store::standing(tx, content.id, Some(ModerationReason::Unsafe)).await?;
                        if known.reason == ModerationReason::Unsafe && of_unsafe == 0 {
                            seal(tx, content.id, false).await?;
                        }
                        if store::standing(tx, content.id, None).await? == 0 {
                            restore_reported(tx, actor, &content).await?;
                        }
                    }
                }
                let record = Record::new(AuditAct::ReportDecided, actor.account_id, (Kind::Report, id));
                let after = State::from(state).maybe(action);
                tx.audit(content.space_id, record.before(known.state).after(after));
                let event = event::report(tx.clock(), EventKind::ReportDecided, viewer.id, id);
                tx.emit(content.space_id, event);
                Ok(())
            })
        })
        .await
}

/// Passes a report on to the coordinators, with words to them. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`ALREADY_DECIDED`.
pub(super) async fn escalate(app: &App, actor: &Actor, id: Uuid, note: &str) -> Result<()> {
    let note = &text::required(note, LONGEST_NOTE).map_err(|error| error.at(&["note"]))?;
    let subject = &subject(app, actor, id).await?;
    app.db
        .write(Some(subject.space_id), |tx| {
            Box::pin(async move {
                let (known, content) = lock(tx, actor, subject, id).await?;
                let viewer = content.viewer();
                match known.state {
                    ReportState::Escalated if known.is_judge => return Ok(()),
                    ReportState::Upheld | ReportState::Dismissed => {
                        let message = "Somebody has decided this report already.";
                        return Err(Error::refused(Code::Conflict, Reason::AlreadyDecided, message));
                    }
                    _ => permit(ReportDeed::Escalate, &known, &content)?,
                }
                store::escalate(tx, id, viewer.id, note).await?;
                let record = Record::new(AuditAct::ReportEscalated, actor.account_id, (Kind::Report, id));
                tx.audit(
                    content.space_id,
                    record.before(known.state).after(ReportState::Escalated),
                );
                let event = event::report(tx.clock(), EventKind::ReportEscalated, viewer.id, id);
                tx.emit(content.space_id, event);
                Ok(())
            })
        })
        .await
}

/// Where the contribution of a report is, to find its locks.
async fn subject(app: &App, actor: &Actor, id: Uuid) -> Result<store::Subject> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    store::subject(&reader, id).await?.ok_or_else(not_found)
}

/// Passes the gate, locks the contribution and reads the report as it is now.
async fn lock(
    tx: &Tx<'_>,
    actor: &Actor,
    subject: &store::Subject,
    id: Uuid,
) -> Result<(store::ReportRow, ContributionRow)> {
    let place = Place {
        space: subject.space_id,
        root: subject.root_id,
    };
    let content = contribution::lock_any(tx, actor, &place, subject.contribution_id).await?;
    let known = store::seen(tx, actor.account_id, id).await?;
    Ok((known.ok_or_else(not_found)?, content))
}

fn permit(deed: ReportDeed, known: &store::ReportRow, content: &ContributionRow) -> Result<()> {
    let facts = known.facts(content.author_org_id);
    let verdict = policy::report(deed, &content.viewer(), &content.phase(), &facts, &content.content());
    verdict.map_err(Error::forbidden)
}

fn not_found() -> Error {
    Error::not_found().at(&["reportId"])
}

/// Tells the coordinators of a report that waits too long, once.
pub(super) async fn tell(app: &App, report: &store::Delayed) -> Result<()> {
    app.db
        .write(Some(report.space_id), |tx| {
            Box::pin(async move {
                tx.gate(report.space_id, Gate::Shared).await?;
                if store::tell(tx, report.id).await? {
                    let event = event::report(tx.clock(), EventKind::ReportDelayed, None, report.id);
                    tx.emit(report.space_id, event);
                }
                Ok(())
            })
        })
        .await
}

/// Takes out of reports what an erased member wrote, and what others wrote about their work; nothing is left there to decide.
///
/// # Errors
/// The database's.
pub async fn forget(tx: &Tx<'_>, member: Uuid) -> Result<()> {
    store::forget(tx, member).await
}
