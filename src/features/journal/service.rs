//! Use cases of the journal.

use entity::{
    enums::{AuditAct, EventKind},
    revision::Answer,
};
use uuid::Uuid;

use super::{
    rules::{self, NewPrompt, PromptSetKind},
    store,
};
use crate::{
    app::App,
    event,
    features::{
        contribution::Given,
        space::{count_phase_change, phase_facts, space_of_phase},
    },
    platform::{
        audit::{Record, State},
        auth::Actor,
        db::{Gate, Reader},
        error::{Error, Reason, Result},
        id::Kind,
        idempotency::Update,
        text,
    },
    policy::{self, PhaseAction},
};

/// What the prompts of a week and language shall be.
#[derive(Clone, Debug)]
pub enum Prompts {
    /// These.
    Own(Vec<NewPrompt>),
    /// Those of a ready set.
    Ready(PromptSetKind),
}

/// Replaces the prompts of one week and language of a phase. A prompt whose words change gets a new version; the older ones stay
/// with the answers to them.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`STALE_VERSION`.
pub async fn prompts_update(
    app: &App,
    actor: &Actor,
    (phase, expected): (Uuid, i32),
    (week, language): (&str, &str),
    prompts: Prompts,
) -> Result<()> {
    let new = &match prompts {
        Prompts::Own(prompts) => rules::checked(prompts)?,
        Prompts::Ready(kind) => rules::ready(kind, language)?,
    };
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let no_phase = || Error::not_found().at(&["phaseId"]);
    let space = space_of_phase(&reader, phase).await?.ok_or_else(no_phase)?;
    let set = (week, language);
    app.db
        .write(Some(space), |tx| {
            Box::pin(async move {
                tx.gate(space, Gate::Exclusive).await?;
                let facts = phase_facts(tx, actor.account_id, phase).await.map_err(|_| no_phase())?;
                let member = facts.viewer.member();
                policy::phase(PhaseAction::PromptsUpdate, &member, &facts.facts()).map_err(Error::forbidden)?;
                let update = Update::new(actor.account_id, (phase, expected), &(set, new));
                if update.is_done(tx, facts.version).await? {
                    return Ok(());
                }
                let known = store::known(tx, phase, set).await?;
                let mut is_changed = false;
                for (place, prompt) in new.iter().enumerate() {
                    let position = i32::try_from(place).unwrap_or(i32::MAX);
                    let Some(id) = prompt.id else {
                        store::insert(tx, phase, set, position, &prompt.wording).await?;
                        is_changed = true;
                        continue;
                    };
                    let before = known.iter().find(|known| known.id == id);
                    let place = place.to_string();
                    let before = before.ok_or_else(|| Error::not_found().at(&["prompts", &place, "id"]))?;
                    if before.wording != prompt.wording {
                        store::reword(tx, id, before.version + 1, &prompt.wording).await?;
                        is_changed = true;
                    }
                    if before.position != Some(position) {
                        store::set_position(tx, id, Some(position)).await?;
                        is_changed = true;
                    }
                }
                let is_kept = |id| new.iter().any(|prompt| prompt.id == Some(id));
                for prompt in known
                    .iter()
                    .filter(|known| known.position.is_some() && !is_kept(known.id))
                {
                    store::set_position(tx, prompt.id, None).await?;
                    is_changed = true;
                }
                if is_changed {
                    count_phase_change(tx, phase, facts.version + 1).await?;
                    update.done(tx).await?;
                    let event = event::phase(tx.clock(), EventKind::PhasePromptsUpdated, member.id, phase);
                    tx.emit(space, event);
                    let version = |version| State::default().number(version);
                    let record = Record::new(AuditAct::PhasePromptsUpdated, actor.account_id, (Kind::Phase, phase));
                    tx.audit(
                        space,
                        record.before(version(facts.version)).after(version(facts.version + 1)),
                    );
                }
                Ok(())
            })
        })
        .await
}

/// An answer to a prompt, as it was sent.
#[derive(Clone, Debug)]
pub struct NewAnswer {
    /// The prompt.
    pub prompt_id: Uuid,
    /// Which of its wordings was shown; the newest by default.
    pub version: Option<i32>,
    /// CommonMark.
    pub body: String,
}

/// Answers with what was asked, checked and rendered. A wording is never changed, so that they can be made before the unit of work
/// that keeps them.
///
/// # Errors
/// `INVALID`, or `NOT_FOUND` for a prompt that the actor doesn't see or that belongs to another phase.
pub async fn answers(app: &App, actor: &Actor, phase: Option<Uuid>, new: Vec<NewAnswer>) -> Result<Vec<Given>> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let bodies = rules::answered(
        &new.iter()
            .map(|new| (new.prompt_id, new.body.as_str()))
            .collect::<Vec<_>>(),
    )?;
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let prompts: Vec<Uuid> = new.iter().map(|new| new.prompt_id).collect();
    let known = store::wordings(&reader, &prompts).await?;
    let mut given = Vec::with_capacity(new.len());
    for (place, (new, body)) in new.into_iter().zip(bodies).enumerate() {
        let at = |error: Error, field: &str| error.at(&["answers", &place.to_string(), field]);
        let is_there =
            |row: &&store::WordingRow| row.prompt_id == new.prompt_id && phase.is_none_or(|id| id == row.phase_id);
        if !known.iter().any(|row| is_there(&row)) {
            return Err(at(Error::not_found(), "promptId"));
        }
        let is_it = |row: &&store::WordingRow| new.version.map_or(row.is_newest, |version| version == row.version);
        let Some(wording) = known.iter().filter(is_there).find(is_it) else {
            let error = Error::invalid(Reason::OutOfRange, "The prompt has no such version.");
            return Err(at(error, "promptVersion"));
        };
        let rendered = text::render_apart(body.clone()).await?;
        given.push(Given {
            answer: Answer {
                prompt_id: new.prompt_id,
                version: wording.version,
                question: wording.question.clone(),
                body,
                body_html: rendered.html,
            },
            phase_id: wording.phase_id,
            is_exact: new.version.is_some(),
        });
    }
    Ok(given)
}

/// What a caller asked for: own prompts or a ready set, but one of them.
///
/// # Errors
/// `INVALID`.
pub fn one_of(own: Option<Vec<NewPrompt>>, ready: Option<PromptSetKind>) -> Result<Prompts> {
    match (own, ready) {
        (Some(own), None) => Ok(Prompts::Own(own)),
        (None, Some(kind)) => Ok(Prompts::Ready(kind)),
        (None, None) => Err(Error::invalid(Reason::Required, "Give prompts or useSet.").at(&["prompts"])),
        (Some(_), Some(_)) => {
            Err(Error::invalid(Reason::OutOfRange, "Give prompts or useSet, not both.").at(&["useSet"]))
        }
    }
}
