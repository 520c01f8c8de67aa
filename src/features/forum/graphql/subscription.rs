//! Following and muting threads.

use async_graphql::{Context, Enum, ID, InputObject, Object, SimpleObject};

use super::{Thread, thread::now};
use crate::{
    app::app,
    features::contribution,
    platform::{
        error::{Refusal, Result},
        graphql::{actor, input_id, settle},
        id::Kind,
    },
};

/// How much a member wants to hear of a thread. It changes neither what they see nor what counts as unread.
#[derive(Enum, Clone, Copy, Debug, PartialEq, Eq)]
#[graphql(remote = "entity::enums::SubscriptionLevel")]
pub enum ThreadSubscription {
    /// Of every new comment.
    Following,
    /// Of what is meant for them.
    Default,
    /// Nothing.
    Muted,
}

/// Input of `threadSubscriptionSet`.
#[derive(InputObject)]
pub struct ThreadSubscriptionSetInput {
    /// The thread.
    thread_id: ID,
    /// How much the viewer wants to hear of it.
    level: ThreadSubscription,
}

/// Answer of `threadSubscriptionSet`.
#[derive(SimpleObject)]
pub struct ThreadSubscriptionSetPayload {
    /// The thread with its `viewerSubscription`.
    thread: Option<Thread>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of what members follow.
#[derive(Default)]
pub struct SubscriptionMutation;

#[Object]
impl SubscriptionMutation {
    /// Follows or mutes a thread, or neither. Everybody who sees it may do so, in any phase; nobody else is told. Repeating it is
    /// success.
    async fn thread_subscription_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadSubscriptionSetInput,
    ) -> Result<Option<ThreadSubscriptionSetPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("threadId", &[Kind::Thread], &input.thread_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            contribution::thread_subscribe(app, actor, id?, input.level.into())
                .await
                .map_err(|error| error.missing("threadId"))
        })
        .await?;
        Ok(Some(ThreadSubscriptionSetPayload {
            thread: now(ctx, known).await?,
            user_errors,
        }))
    }
}
