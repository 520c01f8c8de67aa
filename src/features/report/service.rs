//! Reporting, and deciding reports.

use entity::enums::{AuditAct, EventKind, ModerationReason, ReportAction, ReportState};
use uuid::Uuid;

use super::store::{self, About, ReportRow, Subject};
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
    policy::{self, ContentAction, Member, ReportDeed},
};

/// The longest words of a reporter or a decider, in characters.
pub(super) const LONGEST_NOTE: usize = 2_000;

/// Reports the version of a contribution that everybody reads, and returns the report. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`.
pub async fn create(app: &App, actor: &Actor, id: Uuid, reason: ModerationReason, note: Option<&str>) -> Result<Uuid> {
    let note = &note.map(words).transpose()?;
    let place = &contribution::place(app, actor, id).await?;
    app.db
        .write(Some(place.space), |tx| {
            Box::pin(async move {
                let known = contribution::lock(tx, actor, place, id).await?;
                let reporter = known.viewer();
                let version = known.published_version.unwrap_or(known.version);
                let about = About {
                    space_id: known.space_id,
                    contribution_id: id,
                    version,
                    review_id: None,
                };
                if let Some((own, _)) = store::own(tx, about, reporter.id).await? {
                    return Ok(own);
                }
                known.allows(ContentAction::Report).map_err(Error::forbidden)?;
                let report = insert(tx, about, &reporter, (reason, note.clone())).await?;
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

async fn insert(
    tx: &mut Tx<'_>,
    about: About,
    reporter: &Member,
    why: (ModerationReason, Option<String>),
) -> Result<Uuid> {
    let report = store::insert(tx, about, reporter, why).await?;
    let event = event::report(tx.clock(), EventKind::ReportCreated, reporter.id, report);
    tx.emit(about.space_id, event);
    Ok(report)
}

/// Reports a review as unkind, for its author to be spared. Repeating it changes nothing.
///
/// # Errors
/// `CONFLICT`/`ALREADY_DECIDED` if the same member has reported it before, and staff have decided.
pub async fn report_review(tx: &mut Tx<'_>, about: About, reporter: &Member, note: Option<String>) -> Result<()> {
    match store::own(tx, about, reporter.id).await? {
        Some((_, ReportState::Upheld | ReportState::Dismissed)) => Err(already_decided()),
        Some(_) => Ok(()),
        None => insert(tx, about, reporter, (ModerationReason::Unkind, note))
            .await
            .map(drop),
    }
}

fn already_decided() -> Error {
    let message = "Somebody has decided this report already.";
    Error::refused(Code::Conflict, Reason::AlreadyDecided, message)
}

/// How a report ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
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
    let note = &words(note)?;
    let subject = &subject(app, actor, id).await?;
    app.db
        .write(Some(subject.space_id), |tx| {
            Box::pin(async move {
                let Some((known, content)) = settle(tx, actor, subject, (id, verdict), note).await? else {
                    return Ok(());
                };
                match verdict {
                    Verdict::Upheld(action) => uphold(tx, actor, &content, action, (known.reason, note.clone())).await,
                    Verdict::Dismissed => {
                        let of_unsafe = store::standing(tx, content.id, Some(ModerationReason::Unsafe)).await?;
                        if known.reason == ModerationReason::Unsafe && of_unsafe == 0 {
                            seal(tx, content.id, false).await?;
                        }
                        if store::standing(tx, content.id, None).await? == 0 {
                            restore_reported(tx, actor, &content).await?;
                        }
                        Ok(())
                    }
                }
            })
        })
        .await
}

/// Words to or by moderators, checked and tidied.
///
/// # Errors
/// `INVALID`.
pub fn words(note: &str) -> Result<String> {
    text::required(note, LONGEST_NOTE).map_err(|error| error.at(&["note"]))
}

/// Keeps how a report ends, with all that is told of it; what becomes of its subject is for the caller, in the same unit of work. None if the
/// actor has decided so before.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `CONFLICT`/`ALREADY_DECIDED` if somebody else was first.
pub async fn settle(
    tx: &mut Tx<'_>,
    actor: &Actor,
    subject: &Subject,
    (id, verdict): (Uuid, Verdict),
    note: &str,
) -> Result<Option<(ReportRow, ContributionRow)>> {
    let (known, content) = lock(tx, actor, subject, id).await?;
    let (state, action) = match verdict {
        Verdict::Upheld(action) => (ReportState::Upheld, Some(action)),
        Verdict::Dismissed => (ReportState::Dismissed, None),
    };
    let viewer = content.viewer();
    if matches!(known.state, ReportState::Upheld | ReportState::Dismissed) {
        let is_own = known.decided_by_id == Some(viewer.id);
        let is_same = is_own && (known.state, known.action) == (state, action);
        return if is_same { Ok(None) } else { Err(already_decided()) };
    }
    permit(ReportDeed::Decide, &known, &content)?;
    store::settle(tx, id, state, (action, note, viewer.id)).await?;
    let record = Record::new(AuditAct::ReportDecided, actor.account_id, (Kind::Report, id));
    let after = State::from(state).maybe(action);
    tx.audit(content.space_id, record.before(known.state).after(after));
    let event = event::report(tx.clock(), EventKind::ReportDecided, viewer.id, id);
    tx.emit(content.space_id, event);
    Ok(Some((known, content)))
}

/// Whether a report about a review still waits for somebody to decide.
///
/// # Errors
/// The database's.
pub async fn waits_about_review(tx: &Tx<'_>, review: Uuid) -> Result<bool> {
    store::waits_about_review(tx, review).await
}

/// Passes a report on to the coordinators, with words to them. Repeating it changes nothing.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`ALREADY_DECIDED`.
pub(super) async fn escalate(app: &App, actor: &Actor, id: Uuid, note: &str) -> Result<()> {
    let note = &words(note)?;
    let subject = &subject(app, actor, id).await?;
    app.db
        .write(Some(subject.space_id), |tx| {
            Box::pin(async move {
                let (known, content) = lock(tx, actor, subject, id).await?;
                let viewer = content.viewer();
                match known.state {
                    ReportState::Escalated if known.is_judge => return Ok(()),
                    ReportState::Upheld | ReportState::Dismissed => {
                        return Err(already_decided());
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

/// What a report is about, to find its locks.
///
/// # Errors
/// `NOT_FOUND`.
pub async fn subject(app: &App, actor: &Actor, id: Uuid) -> Result<Subject> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    store::subject(&reader, id).await?.ok_or_else(not_found)
}

/// Passes the gate, locks the contribution and reads the report as it is now.
async fn lock(tx: &Tx<'_>, actor: &Actor, subject: &Subject, id: Uuid) -> Result<(ReportRow, ContributionRow)> {
    let place = Place {
        space: subject.space_id,
        root: subject.root_id,
    };
    let content = contribution::lock_any(tx, actor, &place, subject.contribution_id).await?;
    let known = store::seen(tx, actor.account_id, id).await?;
    Ok((known.ok_or_else(not_found)?, content))
}

fn permit(deed: ReportDeed, known: &ReportRow, content: &ContributionRow) -> Result<()> {
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
