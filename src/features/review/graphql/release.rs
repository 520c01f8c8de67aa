//! What becomes of reviews.

use std::collections::HashMap;

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{
    super::service::{self, React},
    Review, ReviewReaction, ReviewRound, review_nodes, round_nodes,
};
use crate::{
    app::{App, app},
    features::report::Verdict,
    platform::{
        auth::Actor,
        error::{Error, Refusal, Result},
        graphql::{actor, input_id, reader, settle, settle_each},
        id::{self, Kind},
    },
};

/// Input of `reviewHold`.
#[derive(InputObject)]
pub struct ReviewHoldInput {
    /// The review.
    review_id: ID,
    /// Words to its reviewer, at most 2,000 characters.
    note: Option<String>,
}

/// Answer of `reviewHold`.
#[derive(SimpleObject)]
pub struct ReviewHoldPayload {
    /// The review as it is now.
    review: Option<Review>,
    /// Its round.
    round: Option<ReviewRound>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewRelease`.
#[derive(InputObject)]
pub struct ReviewReleaseInput {
    /// The review.
    review_id: ID,
}

/// Answer of `reviewRelease`.
#[derive(SimpleObject)]
pub struct ReviewReleasePayload {
    /// The review as it is now.
    review: Option<Review>,
    /// Its round.
    round: Option<ReviewRound>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewsRelease`.
#[derive(InputObject)]
pub struct ReviewsReleaseInput {
    /// The reviews, of any rounds; at most 100.
    review_ids: Vec<ID>,
}

/// Answer of `reviewsRelease`.
#[derive(SimpleObject)]
pub struct ReviewsReleasePayload {
    /// One result for each id, in the same order, at most 100.
    results: Vec<ReviewResult>,
    /// What went wrong with the whole; empty if the batch was processed.
    user_errors: Vec<Refusal>,
}

/// What became of one row.
#[derive(SimpleObject)]
pub struct ReviewResult {
    /// Position in the input.
    index: i32,
    /// The review as it is now; null if the viewer doesn't see it.
    review: Option<Review>,
    /// What went wrong with this row; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewVoid`.
#[derive(InputObject)]
pub struct ReviewVoidInput {
    /// The review, which is held.
    review_id: ID,
    /// Why: words to its reviewer, 1 to 2,000 characters.
    note: String,
}

/// Answer of `reviewVoid`.
#[derive(SimpleObject)]
pub struct ReviewVoidPayload {
    /// The review as it is now.
    review: Option<Review>,
    /// Its round.
    round: Option<ReviewRound>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reviewReact`. It replaces what was said before.
#[derive(InputObject)]
pub struct ReviewReactInput {
    /// The review.
    review_id: ID,
    /// Whether it helps.
    reaction: ReviewReaction,
    /// What the author will change, or with `UNKIND` words to staff, plain text of at most 2,000 characters.
    note: Option<String>,
    /// The version of the work that followed: a published one after the one that was reviewed. Absent = none yet.
    change_version: Option<i32>,
}

/// Answer of `reviewReact`.
#[derive(SimpleObject)]
pub struct ReviewReactPayload {
    /// The review as it is now; null after `UNKIND`, which takes it out of sight.
    review: Option<Review>,
    /// Its round.
    round: Option<ReviewRound>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of staff and authors.
#[derive(Default)]
pub struct ReleaseMutation;

#[Object]
impl ReleaseMutation {
    /// Keeps a review from its author, for staff to look at; its author doesn't see it any more if they did. Coordinators and teachers only.
    /// Repeating it is success.
    async fn review_hold(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewHoldInput,
    ) -> Result<Option<ReviewHoldPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("reviewId", &[Kind::Review], &input.review_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let done = service::hold(app, actor, id?, input.note.as_deref()).await;
            done.map_err(missing)
        })
        .await?;
        let (review, round) = now(ctx, known).await?;
        Ok(Some(ReviewHoldPayload {
            review,
            round,
            user_errors,
        }))
    }

    /// Gives a review to its author that was submitted or held. Coordinators and teachers only. Repeating it is success.
    async fn review_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewReleaseInput,
    ) -> Result<Option<ReviewReleasePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("reviewId", &[Kind::Review], &input.review_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async { service::release(app, actor, id?).await.map_err(missing) }).await?;
        let (review, round) = now(ctx, known).await?;
        Ok(Some(ReviewReleasePayload {
            review,
            round,
            user_errors,
        }))
    }

    /// Gives up to 100 reviews to their authors that were submitted or held, with a result for each. Coordinators and teachers only. Repeating
    /// it is success.
    async fn reviews_release(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewsReleaseInput,
    ) -> Result<Option<ReviewsReleasePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let ids = input.review_ids.iter();
        let ids: Vec<_> = ids.map(|review| id::decode_as(&[Kind::Review], review)).collect();
        let rows = ids.iter().cloned();
        let rows = rows.map(|id| async move { service::release(app, actor, id?).await });
        let (outcomes, user_errors) = settle_each(ctx, "reviewIds", rows).await?;
        let known: Vec<Uuid> = ids.iter().flatten().copied().collect();
        let reviews = match outcomes.is_empty() {
            true => HashMap::new(),
            false => review_nodes(reader(ctx)?, &known).await?,
        };
        let result = |(index, (id, user_errors)): (usize, (Result<Uuid>, Vec<Refusal>))| ReviewResult {
            index: i32::try_from(index).unwrap_or(i32::MAX),
            review: id.ok().and_then(|id| reviews.get(&id).cloned()),
            user_errors,
        };
        let results = ids.into_iter().zip(outcomes).enumerate().map(result).collect();
        Ok(Some(ReviewsReleasePayload { results, user_errors }))
    }

    /// Takes a held review out for good; somebody else is asked as long as the round is open. Coordinators and teachers only. Repeating it is
    /// success.
    async fn review_void(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewVoidInput,
    ) -> Result<Option<ReviewVoidPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("reviewId", &[Kind::Review], &input.review_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let done = service::void(app, actor, id?, &input.note).await;
            done.map_err(missing)
        })
        .await?;
        let (review, round) = now(ctx, known).await?;
        Ok(Some(ReviewVoidPayload {
            review,
            round,
            user_errors,
        }))
    }

    /// Says what the author of the work finds of a review, and what they will change or have changed; its reviewer sees that. In the reflection,
    /// and no longer than 7 days after the phase was closed. `UNKIND` makes a report, which the reviewer doesn't see, and hides the review until
    /// staff decide. Repeating it is success.
    async fn review_react(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReviewReactInput,
    ) -> Result<Option<ReviewReactPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("reviewId", &[Kind::Review], &input.review_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let said = React {
                reaction: input.reaction.into(),
                note: input.note,
                change_version: input.change_version,
            };
            service::react(app, actor, id?, said).await.map_err(missing)
        })
        .await?;
        let (review, round) = now(ctx, known).await?;
        Ok(Some(ReviewReactPayload {
            review,
            round,
            user_errors,
        }))
    }
}

fn missing(error: Error) -> Error {
    error.missing("reviewId")
}

/// A review and its round, as they are now.
async fn now(ctx: &Context<'_>, id: Option<Uuid>) -> Result<(Option<Review>, Option<ReviewRound>)> {
    let Some(id) = id.filter(|_| actor(ctx).is_ok_and(|actor| actor.ready().is_ok())) else {
        return Ok((None, None));
    };
    let reader = reader(ctx)?;
    let Some(review) = review_nodes(reader, &[id]).await?.remove(&id) else {
        return Ok((None, None));
    };
    let round = review.0.0.round_id;
    let round = round_nodes(reader, &[round]).await?.remove(&round);
    Ok((Some(review), round))
}

/// Decides a report about a review.
///
/// # Errors
/// `NOT_FOUND`, `FORBIDDEN`, `INVALID`, `CONFLICT`/`ALREADY_DECIDED`.
pub async fn judge_review(app: &App, actor: &Actor, report: (Uuid, Uuid), verdict: Verdict, note: &str) -> Result<()> {
    service::judge(app, actor, report, verdict, note).await
}
