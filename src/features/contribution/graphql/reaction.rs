//! Reactions.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};

use super::{
    super::{service, store::ReactionRow},
    Commentable, Contribution,
    mutation::now,
};
use crate::{
    app::app,
    platform::{
        error::{Refusal, Result},
        graphql::{actor, input_id, settle},
        id::Kind,
    },
};

/// How members react to what somebody has written. Further values may appear.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::ReactionKind")]
pub enum ReactionKind {
    /// Well said.
    Like,
    /// With all my heart.
    Love,
    /// That made me laugh.
    Laugh,
    /// I didn't expect that.
    Surprised,
    /// I'm on your side.
    Support,
    /// Thank you.
    Thanks,
}

/// How many members react in one way.
#[derive(SimpleObject, Clone, Debug)]
pub struct ReactionCount {
    /// How.
    kind: ReactionKind,
    /// How many members, those who have left since included; at least 1.
    count: i32,
    /// Whether the viewer is one of them.
    viewer_has_reacted: bool,
}

impl From<&ReactionRow> for ReactionCount {
    fn from(row: &ReactionRow) -> Self {
        Self {
            kind: row.kind.into(),
            count: i32::try_from(row.count).unwrap_or(i32::MAX),
            viewer_has_reacted: row.own > 0,
        }
    }
}

/// Input of `reactionAdd`.
#[derive(InputObject)]
pub struct ReactionAddInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// How.
    kind: ReactionKind,
}

/// Answer of `reactionAdd`.
#[derive(SimpleObject)]
pub struct ReactionAddPayload {
    /// The contribution with its reactions.
    contribution: Option<Contribution>,
    /// Its root; itself unless it is a comment.
    root: Option<Commentable>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `reactionRemove`.
#[derive(InputObject)]
pub struct ReactionRemoveInput {
    /// The thread, comment, journal entry, media item or album.
    contribution_id: ID,
    /// How the viewer has reacted.
    kind: ReactionKind,
}

/// Answer of `reactionRemove`.
#[derive(SimpleObject)]
pub struct ReactionRemovePayload {
    /// The contribution with its reactions.
    contribution: Option<Contribution>,
    /// Its root; itself unless it is a comment.
    root: Option<Commentable>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of reactions.
#[derive(Default)]
pub struct ReactionMutation;

#[Object]
impl ReactionMutation {
    /// Reacts to something published in an open phase; a member may react in several ways. Repeating it is success.
    async fn reaction_add(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReactionAddInput,
    ) -> Result<Option<ReactionAddPayload>> {
        let (contribution, root, user_errors) = react(ctx, &input.contribution_id, input.kind, true).await?;
        Ok(Some(ReactionAddPayload {
            contribution,
            root,
            user_errors,
        }))
    }

    /// Takes an own reaction back. Repeating it is success.
    async fn reaction_remove(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ReactionRemoveInput,
    ) -> Result<Option<ReactionRemovePayload>> {
        let (contribution, root, user_errors) = react(ctx, &input.contribution_id, input.kind, false).await?;
        Ok(Some(ReactionRemovePayload {
            contribution,
            root,
            user_errors,
        }))
    }
}

async fn react(
    ctx: &Context<'_>,
    id: &ID,
    kind: ReactionKind,
    on: bool,
) -> Result<(Option<Contribution>, Option<Commentable>, Vec<Refusal>)> {
    let (app, actor) = (app(ctx)?, actor(ctx)?);
    let id = input_id("contributionId", Kind::CONTRIBUTIONS, id);
    let known = id.as_ref().ok().copied();
    let (_, user_errors) = settle(ctx, async {
        service::react(app, actor, id?, kind.into(), on)
            .await
            .map_err(|error| error.missing("contributionId"))
    })
    .await?;
    let (contribution, root, _) = now(ctx, known).await?;
    Ok((contribution, root, user_errors))
}
