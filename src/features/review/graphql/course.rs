//! Opening rounds, their reflection, and their end.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{super::service, ReviewRound, mutation::now};
use crate::{
    app::app,
    features::space::graphql::Phase,
    platform::{
        error::{Refusal, Result},
        graphql::{actor, input_id, settle},
        id::Kind,
    },
};

/// Input of `reviewRoundOpen`.
#[derive(InputObject)]
pub struct ReviewRoundOpenInput {
    /// The round.
    round_id: ID,
}

/// Answer of `reviewRoundOpen`.
#[derive(SimpleObject)]
pub struct ReviewRoundOpenPayload {
    /// The round as it is now.
    round: Option<ReviewRound>,
    /// Its phase.
    phase: Option<Phase>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewRoundReflect`.
#[derive(InputObject)]
pub struct ReviewRoundReflectInput {
    /// The round.
    round_id: ID,
}

/// Answer of `reviewRoundReflect`.
#[derive(SimpleObject)]
pub struct ReviewRoundReflectPayload {
    /// The round as it is now.
    round: Option<ReviewRound>,
    /// Its phase.
    phase: Option<Phase>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewRoundClose`.
#[derive(InputObject)]
pub struct ReviewRoundCloseInput {
    /// The round.
    round_id: ID,
}

/// Answer of `reviewRoundClose`.
#[derive(SimpleObject)]
pub struct ReviewRoundClosePayload {
    /// The round as it is now.
    round: Option<ReviewRound>,
    /// Its phase.
    phase: Option<Phase>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of the course of rounds.
#[derive(Default)]
pub struct CourseMutation;

#[Object]
impl CourseMutation {
    /// Opens a round: what reviewers are asked is frozen, the work pinned to the versions that everybody reads now, and reviews handed out as
    /// `reviewRoundPreview` shows. It needs an open phase, criteria, targets, and deadlines that are to come. Coordinators and teachers only.
    /// Repeating it is success.
    async fn review_round_open(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewRoundOpenInput,
    ) -> Result<Option<ReviewRoundOpenPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("roundId", &[Kind::ReviewRound], &input.round_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::open(app, actor, id?).await }).await?;
        let (round, phase) = now(ctx, known, None).await?;
        Ok(Some(ReviewRoundOpenPayload {
            round,
            phase,
            user_errors,
        }))
    }

    /// Begins the reflection before its time: what was not submitted expires, reviews are released if the round says so, and authors react.
    /// Coordinators and teachers only. Repeating it is success.
    async fn review_round_reflect(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewRoundReflectInput,
    ) -> Result<Option<ReviewRoundReflectPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("roundId", &[Kind::ReviewRound], &input.round_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::reflect(app, actor, id?).await }).await?;
        let (round, phase) = now(ctx, known, None).await?;
        Ok(Some(ReviewRoundReflectPayload {
            round,
            phase,
            user_errors,
        }))
    }

    /// Closes a round in reflection before its time; names are shown from now on if it says so. Coordinators and teachers only. Repeating it is
    /// success.
    async fn review_round_close(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewRoundCloseInput,
    ) -> Result<Option<ReviewRoundClosePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("roundId", &[Kind::ReviewRound], &input.round_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::close(app, actor, id?).await }).await?;
        let (round, phase) = now(ctx, known, None).await?;
        Ok(Some(ReviewRoundClosePayload {
            round,
            phase,
            user_errors,
        }))
    }
}
