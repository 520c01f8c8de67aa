//! The moderation queue, many at a time.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{super::service, Commentable, Contribution, ModerationReason, contributions};
use crate::{
    app::{App, app},
    platform::{
        auth::Actor,
        error::{Refusal, Result},
        graphql::{actor, input_id, reader, settle_each},
        id::{self, Kind},
    },
};

/// A version that somebody has seen and decides about.
#[derive(InputObject)]
pub struct ContributionVersionInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// The version of its pending revision as the moderator has seen it.
    expected_version: i32,
}

/// Input of `contributionsApprove`.
#[derive(InputObject)]
pub struct ContributionsApproveInput {
    /// What to publish; at most 100.
    rows: Vec<ContributionVersionInput>,
}

/// Answer of `contributionsApprove`.
#[derive(SimpleObject)]
pub struct ContributionsApprovePayload {
    /// One result for each row, in the same order, at most 100.
    results: Vec<ContributionResult>,
    /// What went wrong with the whole; empty if the batch was processed.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionsReturn`.
#[derive(InputObject)]
pub struct ContributionsReturnInput {
    /// What to give back; at most 100.
    rows: Vec<ContributionVersionInput>,
    /// Why; optional.
    reason: Option<ModerationReason>,
    /// Words to the authors, up to 2,000 characters.
    note: String,
}

/// Answer of `contributionsReturn`.
#[derive(SimpleObject)]
pub struct ContributionsReturnPayload {
    /// One result for each row, in the same order, at most 100.
    results: Vec<ContributionResult>,
    /// What went wrong with the whole; empty if the batch was processed.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionsHide`.
#[derive(InputObject)]
pub struct ContributionsHideInput {
    /// The threads, comments and journal entries; at most 100.
    contribution_ids: Vec<ID>,
    /// Why.
    reason: ModerationReason,
    /// Words to the authors, up to 2,000 characters; optional.
    note: Option<String>,
}

/// Answer of `contributionsHide`.
#[derive(SimpleObject)]
pub struct ContributionsHidePayload {
    /// One result for each id, in the same order, at most 100.
    results: Vec<ContributionResult>,
    /// What went wrong with the whole; empty if the batch was processed.
    user_errors: Vec<Refusal>,
}

/// What became of one row.
#[derive(SimpleObject)]
pub struct ContributionResult {
    /// Position in the input.
    index: i32,
    /// The contribution as it is now; null if the viewer no longer sees it.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// What went wrong with this row; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// What is decided about each row.
enum Decision<'a> {
    Approve(&'a [ContributionVersionInput]),
    Return(
        &'a [ContributionVersionInput],
        Option<entity::enums::ModerationReason>,
        &'a str,
    ),
    Hide(entity::enums::ModerationReason, Option<&'a str>),
}

impl Decision<'_> {
    /// The field that holds the rows.
    fn field(&self) -> &'static str {
        match self {
            Self::Approve(_) | Self::Return(..) => "rows",
            Self::Hide(..) => "contributionIds",
        }
    }

    async fn carry_out(&self, app: &App, actor: &Actor, index: usize, id: Uuid) -> Result<()> {
        let done = match *self {
            Self::Approve(rows) => service::approve(app, actor, id, rows[index].expected_version).await,
            Self::Return(rows, reason, note) => {
                service::give_back(app, actor, id, rows[index].expected_version, reason, note).await
            }
            Self::Hide(reason, note) => return service::hide(app, actor, id, reason, note).await,
        };
        done.map_err(|error| error.missing("contributionId"))
    }
}

/// Carries a decision out for each row.
async fn each(
    ctx: &Context<'_>,
    decision: Decision<'_>,
    ids: Vec<Result<Uuid>>,
) -> Result<(Vec<ContributionResult>, Vec<Refusal>)> {
    let (app, actor) = (app(ctx)?, actor(ctx)?);
    let decision = &decision;
    let rows = ids.iter().cloned().enumerate();
    let rows = rows.map(|(index, id)| async move { decision.carry_out(app, actor, index, id?).await });
    let (outcomes, user_errors) = settle_each(ctx, decision.field(), rows).await?;
    if outcomes.is_empty() {
        return Ok((Vec::new(), user_errors));
    }
    let known: Vec<Uuid> = ids.iter().flatten().copied().collect();
    let objects: HashMap<Uuid, Contribution> = contributions(reader(ctx)?, &known).await?;
    let mut results = Vec::with_capacity(outcomes.len());
    for (index, (id, user_errors)) in ids.into_iter().zip(outcomes).enumerate() {
        let contribution = id.ok().and_then(|id| objects.get(&id).cloned());
        let root = match &contribution {
            Some(contribution) => contribution.root().await?,
            None => None,
        };
        results.push(ContributionResult {
            index: i32::try_from(index).unwrap_or(i32::MAX),
            contribution,
            root,
            user_errors,
        });
    }
    Ok((results, user_errors))
}

fn versions(rows: &[ContributionVersionInput]) -> Vec<Result<Uuid>> {
    let ids = rows
        .iter()
        .map(|row| input_id("contributionId", Kind::CONTRIBUTIONS, &row.contribution_id));
    ids.collect()
}

/// Decisions about many.
#[derive(Debug, Default)]
pub struct BulkMutation;

#[Object]
impl BulkMutation {
    /// Publishes up to 100 texts that wait for a moderator, with a result for each. Repeating it is success.
    async fn contributions_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionsApproveInput,
    ) -> Result<Option<ContributionsApprovePayload>> {
        let decision = Decision::Approve(&input.rows);
        let (results, user_errors) = each(ctx, decision, versions(&input.rows)).await?;
        Ok(Some(ContributionsApprovePayload { results, user_errors }))
    }

    /// Gives up to 100 texts that wait for a moderator back to their authors with a note, with a result for each. Repeating it is
    /// success.
    async fn contributions_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionsReturnInput,
    ) -> Result<Option<ContributionsReturnPayload>> {
        let decision = Decision::Return(&input.rows, input.reason.map(Into::into), &input.note);
        let (results, user_errors) = each(ctx, decision, versions(&input.rows)).await?;
        Ok(Some(ContributionsReturnPayload { results, user_errors }))
    }

    /// Takes up to 100 published contributions out of sight, with a result for each. Repeating it is success.
    async fn contributions_hide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionsHideInput,
    ) -> Result<Option<ContributionsHidePayload>> {
        let ids = input.contribution_ids.iter();
        let ids = ids
            .map(|contribution| id::decode_as(Kind::CONTRIBUTIONS, contribution))
            .collect();
        let decision = Decision::Hide(input.reason.into(), input.note.as_deref());
        let (results, user_errors) = each(ctx, decision, ids).await?;
        Ok(Some(ContributionsHidePayload { results, user_errors }))
    }
}
