//! The lifecycle that all contributions share.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};
use uuid::Uuid;

use super::{super::service, Commentable, Contribution, ModerationReason, by_id};
use crate::{
    app::app,
    features::space::graphql::Space,
    platform::{
        error::{Refusal, Result},
        graphql::{actor, input_id, reader, settle},
        id::Kind,
    },
};

/// A contribution as it is now, with what a client updates beside it.
pub(super) async fn now(
    ctx: &Context<'_>,
    id: Option<Uuid>,
) -> Result<(Option<Contribution>, Option<Commentable>, Option<Space>)> {
    if actor(ctx)?.ready().is_err() {
        return Ok((None, None, None));
    }
    let Some(contribution) = by_id(reader(ctx)?, id).await? else {
        return Ok((None, None, None));
    };
    let (root, space) = (contribution.root().await?, contribution.spine().space().await);
    Ok((Some(contribution), root, space.ok()))
}

/// Input of `contributionPublish`.
#[derive(InputObject)]
pub struct ContributionPublishInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// Its `version` as the author has seen it.
    expected_version: i32,
}

/// Answer of `contributionPublish`.
#[derive(SimpleObject)]
pub struct ContributionPublishPayload {
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// The space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionWithdraw`.
#[derive(InputObject)]
pub struct ContributionWithdrawInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
}

/// Answer of `contributionWithdraw`.
#[derive(SimpleObject)]
pub struct ContributionWithdrawPayload {
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// The space.
    space: Option<Space>,
    /// The id, if the viewer sees nothing of it any more.
    deleted_contribution_id: Option<ID>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionApprove`.
#[derive(InputObject)]
pub struct ContributionApproveInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// `pendingRevision.version` as the moderator has seen it: nobody approves a text that they haven't seen.
    expected_version: i32,
}

/// Answer of `contributionApprove`.
#[derive(SimpleObject)]
pub struct ContributionApprovePayload {
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// The space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionReturn`.
#[derive(InputObject)]
pub struct ContributionReturnInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// `pendingRevision.version` as the moderator has seen it.
    expected_version: i32,
    /// Why.
    reason: Option<ModerationReason>,
    /// Words to the author, at most 2,000 characters.
    note: String,
}

/// Answer of `contributionReturn`.
#[derive(SimpleObject)]
pub struct ContributionReturnPayload {
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// The space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionHide`.
#[derive(InputObject)]
pub struct ContributionHideInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// Why.
    reason: ModerationReason,
    /// Words to the author, at most 2,000 characters.
    note: Option<String>,
}

/// Answer of `contributionHide`.
#[derive(SimpleObject)]
pub struct ContributionHidePayload {
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// The space.
    space: Option<Space>,
    /// The id, if the viewer sees nothing of it any more.
    deleted_contribution_id: Option<ID>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionRestore`.
#[derive(InputObject)]
pub struct ContributionRestoreInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
}

/// Answer of `contributionRestore`.
#[derive(SimpleObject)]
pub struct ContributionRestorePayload {
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// The space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `contributionRemove`.
#[derive(InputObject)]
pub struct ContributionRemoveInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// Why; required when it is not your own.
    reason: Option<ModerationReason>,
    /// Words to the author, at most 2,000 characters.
    note: Option<String>,
}

/// Answer of `contributionRemove`.
#[derive(SimpleObject)]
pub struct ContributionRemovePayload {
    /// The contribution as it is now.
    contribution: Option<Contribution>,
    /// Its root with its counters; itself unless it is a comment.
    root: Option<Commentable>,
    /// The space.
    space: Option<Space>,
    /// The id, if the viewer sees nothing of it any more.
    deleted_contribution_id: Option<ID>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations that all contributions share.
#[derive(Default)]
pub struct LifecycleMutation;

#[Object]
impl LifecycleMutation {
    /// Publishes a draft, or hands it to the moderators where texts are pre-moderated: see `state`. Repeating it is success.
    async fn contribution_publish(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionPublishInput,
    ) -> Result<Option<ContributionPublishPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            service::publish(app, actor, id?, input.expected_version)
                .await
                .map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let (contribution, root, space) = now(ctx, known).await?;
        Ok(Some(ContributionPublishPayload {
            contribution,
            root,
            space,
            user_errors,
        }))
    }

    /// Takes an own contribution back into the drafts: what waits for a moderator, a journal entry, or a thread without replies. Repeating it is success.
    async fn contribution_withdraw(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionWithdrawInput,
    ) -> Result<Option<ContributionWithdrawPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (done, user_errors) = settle(ctx, async {
            service::withdraw(app, actor, id?)
                .await
                .map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let (contribution, root, space) = now(ctx, known).await?;
        let is_gone = done.is_some() && contribution.is_none();
        let deleted_contribution_id = is_gone.then_some(input.contribution_id);
        Ok(Some(ContributionWithdrawPayload {
            contribution,
            root,
            space,
            deleted_contribution_id,
            user_errors,
        }))
    }

    /// Publishes what waits for a moderator. Repeating it is success.
    async fn contribution_approve(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionApproveInput,
    ) -> Result<Option<ContributionApprovePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            service::approve(app, actor, id?, input.expected_version)
                .await
                .map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let (contribution, root, space) = now(ctx, known).await?;
        Ok(Some(ContributionApprovePayload {
            contribution,
            root,
            space,
            user_errors,
        }))
    }

    /// Gives what waits for a moderator back to its author with a note. Repeating it is success.
    async fn contribution_return(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionReturnInput,
    ) -> Result<Option<ContributionReturnPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            service::give_back(
                app,
                actor,
                id?,
                input.expected_version,
                input.reason.map(Into::into),
                &input.note,
            )
            .await
            .map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let (contribution, root, space) = now(ctx, known).await?;
        Ok(Some(ContributionReturnPayload {
            contribution,
            root,
            space,
            user_errors,
        }))
    }

    /// Takes a published contribution out of sight. Repeating it is success.
    async fn contribution_hide(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionHideInput,
    ) -> Result<Option<ContributionHidePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (done, user_errors) = settle(ctx, async {
            service::hide(app, actor, id?, input.reason.into(), input.note.as_deref())
                .await
                .map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let (contribution, root, space) = now(ctx, known).await?;
        let is_gone = done.is_some() && contribution.is_none();
        let deleted_contribution_id = is_gone.then_some(input.contribution_id);
        Ok(Some(ContributionHidePayload {
            contribution,
            root,
            space,
            deleted_contribution_id,
            user_errors,
        }))
    }

    /// Brings a hidden contribution back. Repeating it is success.
    async fn contribution_restore(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionRestoreInput,
    ) -> Result<Option<ContributionRestorePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            service::restore(app, actor, id?)
                .await
                .map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let (contribution, root, space) = now(ctx, known).await?;
        Ok(Some(ContributionRestorePayload {
            contribution,
            root,
            space,
            user_errors,
        }))
    }

    /// Removes an own contribution for good, or as a moderator that of somebody else, with a reason. A draft goes altogether: `deletedContributionId`. Repeating it is success.
    async fn contribution_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ContributionRemoveInput,
    ) -> Result<Option<ContributionRemovePayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("contributionId", Kind::CONTRIBUTIONS, &input.contribution_id);
        let known = id.as_ref().ok().copied();
        let (done, user_errors) = settle(ctx, async {
            service::remove(app, actor, id?, input.reason.map(Into::into), input.note.as_deref())
                .await
                .map_err(|error| error.missing("contributionId"))
        })
        .await?;
        let (contribution, root, space) = now(ctx, known).await?;
        let is_gone = done.is_some() && contribution.is_none();
        let deleted_contribution_id = is_gone.then_some(input.contribution_id);
        Ok(Some(ContributionRemovePayload {
            contribution,
            root,
            space,
            deleted_contribution_id,
            user_errors,
        }))
    }
}
