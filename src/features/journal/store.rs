//! Statements over `prompt` and `prompt_version`.

use chrono::{DateTime, Utc};
use entity::{
    prompt,
    prompt_version::{self, KeyCompetences, Starters},
};
use sea_orm::{
    ActiveModelTrait,
    ActiveValue::{Set, Unchanged},
    EntityTrait, FromQueryResult,
};
use uuid::Uuid;

use super::rules::{Known, Wording};
use crate::{
    features::space::push_viewer,
    platform::{
        db::{Reader, Tx},
        error::Result,
    },
};

/// A prompt with one of its wordings.
#[derive(Clone, Debug, FromQueryResult)]
pub struct PromptRow {
    /// Primary key.
    pub id: Uuid,
    /// The phase.
    pub phase_id: Uuid,
    /// ISO week.
    pub week: String,
    /// BCP 47 tag.
    pub language: String,
    /// Place in its set; none if it belongs to it no more.
    pub position: Option<i32>,
    /// Which wording.
    pub version: i32,
    /// What is asked.
    pub question: String,
    starters: Starters,
    key_competences: KeyCompetences,
    /// When this wording was written.
    pub created_at: DateTime<Utc>,
}

impl PromptRow {
    /// How an answer may begin, and what it aims at.
    pub(super) fn wording(&self) -> Wording {
        Wording {
            question: self.question.clone(),
            starters: self.starters.0.clone(),
            key_competences: self.key_competences.0.clone(),
        }
    }
}

const COLUMNS: &str = "SELECT q.id, q.phase_id, q.week, q.language, q.position, v.version, v.question, v.starters, \
    v.key_competences, v.created_at FROM prompt q JOIN prompt_version v ON v.prompt_id = q.id";

/// The prompts of a week in phases of the viewer's spaces, in all languages, in their order.
pub(super) async fn prompts(reader: &Reader, phases: &[Uuid], week: &str) -> Result<Vec<PromptRow>> {
    let mut sql = reader.sql(COLUMNS);
    sql.push(" AND v.version = q.version JOIN phase p ON p.id = q.phase_id");
    push_viewer(&mut sql, reader.actor()?.account_id, "p.space_id");
    sql.push("WHERE q.position IS NOT NULL AND q.week = ").bind(week);
    sql.push(" AND ").is_in("q.phase_id", phases);
    sql.push(" ORDER BY q.position, q.id");
    reader.rows(sql).await
}

/// Prompts of the viewer's spaces, those that belong to no set any more included.
pub(super) async fn prompts_by_id(reader: &Reader, ids: &[Uuid]) -> Result<Vec<PromptRow>> {
    let mut sql = reader.sql(COLUMNS);
    sql.push(" AND v.version = q.version JOIN phase p ON p.id = q.phase_id");
    push_viewer(&mut sql, reader.actor()?.account_id, "p.space_id");
    sql.push("WHERE ").is_in("q.id", ids);
    reader.rows(sql).await
}

/// One wording of a prompt.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct WordingRow {
    pub prompt_id: Uuid,
    pub phase_id: Uuid,
    pub version: i32,
    pub is_newest: bool,
    pub question: String,
}

/// All wordings of prompts of the viewer's spaces.
pub(super) async fn wordings(reader: &Reader, prompts: &[Uuid]) -> Result<Vec<WordingRow>> {
    let mut sql = reader.sql(
        "SELECT q.id AS prompt_id, q.phase_id, v.version, v.version = q.version AS is_newest, v.question FROM prompt q \
         JOIN prompt_version v ON v.prompt_id = q.id JOIN phase p ON p.id = q.phase_id",
    );
    push_viewer(&mut sql, reader.actor()?.account_id, "p.space_id");
    sql.push("WHERE ").is_in("q.id", prompts);
    reader.rows(sql).await
}

/// All prompts that ever belonged to a set, inside a unit of work of a member.
pub(super) async fn known(tx: &Tx<'_>, phase: Uuid, (week, language): (&str, &str)) -> Result<Vec<Known>> {
    let mut sql = tx.sql(COLUMNS);
    sql.push(" AND v.version = q.version WHERE q.phase_id = ").bind(phase);
    sql.push(" AND q.week = ").bind(week);
    sql.push(" AND q.language = ").bind(language);
    let known = |row: PromptRow| Known {
        id: row.id,
        version: row.version,
        position: row.position,
        wording: row.wording(),
    };
    Ok(tx.rows(sql).await?.into_iter().map(known).collect())
}

/// Adds a prompt with its first wording.
pub(super) async fn insert(
    tx: &Tx<'_>,
    phase: Uuid,
    (week, language): (&str, &str),
    position: i32,
    wording: &Wording,
) -> Result<()> {
    let id = tx.clock().new_id();
    let row = prompt::ActiveModel {
        id: Set(id),
        phase_id: Set(phase),
        week: Set(week.to_owned()),
        language: Set(language.to_owned()),
        position: Set(Some(position)),
        version: Set(1),
        created_at: Set(tx.clock().now()),
    };
    prompt::Entity::insert(row).exec_without_returning(&**tx).await?;
    insert_version(tx, id, 1, wording).await
}

/// Gives a prompt its place, or takes it out of its set.
pub(super) async fn set_position(tx: &Tx<'_>, id: Uuid, position: Option<i32>) -> Result<()> {
    let row = prompt::ActiveModel {
        id: Unchanged(id),
        position: Set(position),
        ..Default::default()
    };
    row.update(&**tx).await?;
    Ok(())
}

/// Gives a prompt a new wording; the older ones are kept.
pub(super) async fn reword(tx: &Tx<'_>, id: Uuid, version: i32, wording: &Wording) -> Result<()> {
    let row = prompt::ActiveModel {
        id: Unchanged(id),
        version: Set(version),
        ..Default::default()
    };
    row.update(&**tx).await?;
    insert_version(tx, id, version, wording).await
}

async fn insert_version(tx: &Tx<'_>, id: Uuid, version: i32, wording: &Wording) -> Result<()> {
    let row = prompt_version::ActiveModel {
        prompt_id: Set(id),
        version: Set(version),
        question: Set(wording.question.clone()),
        starters: Set(Starters(wording.starters.clone())),
        key_competences: Set(KeyCompetences(wording.key_competences.clone())),
        created_at: Set(tx.clock().now()),
    };
    prompt_version::Entity::insert(row)
        .exec_without_returning(&**tx)
        .await?;
    Ok(())
}
