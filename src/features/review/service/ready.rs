//! Rounds and reviews of a project that is told, not lived: through the same use cases, with ready criteria.

use chrono::{DateTime, Utc};
use entity::{
    enums::{Anonymity, ReleasePolicy},
    review_value::{Criterion, EntryFilter, Plan},
};
use uuid::Uuid;

use super::{
    super::{
        rules::{
            answer::NewAnswer,
            deadline::Deadlines,
            round::Settings,
            template::{TemplateKind, template},
        },
        store::{self, Text, Which},
    },
    Handing, create, write,
};
use crate::{
    app::App,
    platform::{
        auth::Actor,
        db::Reader,
        error::{Error, Result},
        page::PageArgs,
    },
};

/// A round over the journal entries of a phase, with the criteria of the simplest template, in English, two reviews each.
#[derive(Clone, Debug)]
pub struct Round {
    /// Its title.
    pub title: String,
    /// Whose names it hides.
    pub anonymity: Anonymity,
    /// Whether names are shown once it is closed.
    pub reveals_names: bool,
    /// When authors get to read reviews.
    pub release_policy: ReleasePolicy,
    /// The first and the last ISO week of the entries.
    pub weeks: (Option<String>, Option<String>),
    /// When reviews are due, when the reflection begins, and when it ends.
    pub due: [DateTime<Utc>; 3],
}

/// Makes it, and returns its id.
///
/// # Errors
/// As [`create`].
pub async fn create_ready(app: &App, actor: &Actor, phase: Uuid, round: Round) -> Result<Uuid> {
    let ready = template(TemplateKind::KindSpecificHelpful, "en");
    let ready = ready.ok_or_else(|| Error::internal("no template"))?;
    let [reviews, reflection, close] = round.due;
    let settings = Settings {
        title: round.title,
        instructions: ready.instructions.to_owned(),
        anonymity: round.anonymity,
        reveals_names: round.reveals_names,
        is_shared: false,
        release_policy: round.release_policy,
        reviews_wanted: 2,
        home_min: 0,
        partner_min: 1,
        seed: 2026,
        criteria: ready
            .criteria
            .iter()
            .map(|one| one.criterion(app.clock.new_id()))
            .collect(),
        plan: Plan {
            entries: Some(EntryFilter {
                from_week: round.weeks.0,
                to_week: round.weeks.1,
                ..EntryFilter::default()
            }),
            ..Plan::default()
        },
        deadlines: Deadlines {
            reviews,
            reflection,
            close,
        },
    };
    create(app, actor, phase, settings, None)
        .await
        .map(|created| created.id)
}

/// What somebody is asked to review.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Id of the assignment.
    pub id: Uuid,
    /// What the round asks.
    pub criteria: Vec<Criterion>,
    /// Who made the work.
    pub author_id: Uuid,
    /// The work.
    pub contribution_id: Uuid,
    /// Its version that is reviewed.
    pub target_version: i32,
    /// What that says.
    pub body: String,
}

/// What the actor is asked to review in a round.
///
/// # Errors
/// The database's.
pub async fn asked(app: &App, actor: &Actor, round: Uuid) -> Result<Vec<Asked>> {
    let reader = Reader::passing(&app.db, Some(actor.clone()));
    let which = Which {
        round_id: Some(round),
        is_waiting: false,
    };
    let args = PageArgs {
        first: Some(100),
        ..PageArgs::default()
    };
    let rows = store::own_reviews(&reader, &which, &args.page(store::DUE_ORDER)?)
        .await?
        .rows;
    let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
    let texts = store::texts(&reader, Text::Snapshot, &ids).await?;
    let asked = |row: store::ReviewRow| Asked {
        body: texts.get(&row.id).map(|text| text.body.clone()).unwrap_or_default(),
        id: row.id,
        criteria: row.criteria.0,
        author_id: row.author_id,
        contribution_id: row.contribution_id,
        target_version: row.target_version,
    };
    Ok(rows.into_iter().map(asked).collect())
}

/// Keeps what the actor has written.
///
/// # Errors
/// As [`write`].
pub async fn save(app: &App, actor: &Actor, review: (Uuid, i32), answers: Vec<NewAnswer>) -> Result<()> {
    write(app, actor, review, answers, Handing::Save).await
}

/// Hands it in.
///
/// # Errors
/// As [`write`].
pub async fn submit(app: &App, actor: &Actor, review: (Uuid, i32), answers: Vec<NewAnswer>) -> Result<()> {
    write(app, actor, review, answers, Handing::Submit).await
}
