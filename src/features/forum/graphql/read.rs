//! What the viewer has read.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::{super::service, Thread, thread::now};
use crate::{
    app::app,
    features::space::graphql::{Phase, Space, surroundings},
    platform::{
        error::{Refusal, Result},
        graphql::{actor, input_id, reader, settle},
        id::Kind,
    },
};

/// Input of `threadMarkRead`.
#[derive(InputObject)]
pub struct ThreadMarkReadInput {
    /// The thread.
    thread_id: ID,
    /// The last comment that the viewer has read, which counts as read with all before it; absent = all.
    up_to_comment_id: Option<ID>,
}

/// Answer of `threadMarkRead`.
#[derive(SimpleObject)]
pub struct ThreadMarkReadPayload {
    /// The thread with its `unreadCount`.
    thread: Option<Thread>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Input of `phaseMarkRead`.
#[derive(InputObject)]
pub struct PhaseMarkReadInput {
    /// The phase.
    phase_id: ID,
}

/// Answer of `phaseMarkRead`.
#[derive(SimpleObject)]
pub struct PhaseMarkReadPayload {
    /// The phase; its threads have nothing unread.
    phase: Option<Phase>,
    /// Its space.
    space: Option<Space>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of what the viewer has read.
#[derive(Default)]
pub struct ReadMutation;

#[Object]
impl ReadMutation {
    /// Notes how far the viewer has read a thread. Everybody who sees it may do so, in any phase; nobody else is told. Reading
    /// never goes back: a comment before what was read already changes nothing. Repeating it is success.
    async fn thread_mark_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: ThreadMarkReadInput,
    ) -> Result<Option<ThreadMarkReadPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("threadId", &[Kind::Thread], &input.thread_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            let up_to = input.up_to_comment_id.as_ref();
            let up_to = up_to.map(|id| input_id("upToCommentId", &[Kind::Comment], id));
            service::mark_read(app, actor, id?, up_to.transpose()?)
                .await
                .map_err(|error| error.missing("threadId"))
        })
        .await?;
        Ok(Some(ThreadMarkReadPayload {
            thread: now(ctx, known).await?,
            user_errors,
        }))
    }

    /// Notes that the viewer has read all threads of a phase. Repeating it is success.
    async fn phase_mark_read(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PhaseMarkReadInput,
    ) -> Result<Option<PhaseMarkReadPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let id = input_id("phaseId", &[Kind::Phase], &input.phase_id);
        let known = id.as_ref().ok().copied();
        let (_, user_errors) = settle(ctx, async {
            service::mark_phase_read(app, actor, id?)
                .await
                .map_err(|error| error.missing("phaseId"))
        })
        .await?;
        let (phase, space) = surroundings(reader(ctx)?, known).await?;
        Ok(Some(PhaseMarkReadPayload {
            phase,
            space,
            user_errors,
        }))
    }
}
