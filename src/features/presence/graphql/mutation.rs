//! Saying that one is present.

use async_graphql::{Context, ID, InputObject, Object, SimpleObject};

use super::super::{Doing, service};
use crate::{
    app::app,
    platform::{
        error::{Refusal, Result},
        graphql::{actor, input_id, settle},
        id::Kind,
        scalar::DateTime,
    },
};

/// Input of `presenceSet`.
#[derive(InputObject)]
pub struct PresenceSetInput {
    /// The space.
    space_id: ID,
    /// The thread of this space that the viewer has before them; absent or null = none.
    thread_id: Option<ID>,
    /// Whether the viewer writes in that thread; false by default. Say false when the text is sent, or after some seconds without a key.
    is_writing: Option<bool>,
    /// True by default; false = the viewer has left, on this device.
    is_online: Option<bool>,
}

/// Answer of `presenceSet`.
#[derive(SimpleObject)]
pub struct PresenceSetPayload {
    /// Until when this device is present without another call. Null if it isn't.
    expires_at: Option<DateTime>,
    /// Whether the viewer is off: a pupil outside of the `presenceHours` of the space. Nobody sees them then; it is no error, and worth
    /// trying again. Null if it was not done.
    is_off: Option<bool>,
    /// What went wrong; empty if and only if it was done.
    user_errors: Vec<Refusal>,
}

/// Mutations of presence.
#[derive(Default)]
pub struct PresenceMutation;

#[Object]
impl PresenceMutation {
    /// Says that the viewer is in the space on this device, and what they do there; it replaces what this device said before. It holds
    /// for 75 seconds: call it at once when something changes, at most once a second, and again every 30 seconds, so that a call that
    /// is lost does no harm. A device is a session: the member is present while one of theirs is, and shown with what was new last,
    /// rather writing than not. At most 5 devices of a member count. Nothing of it is stored. Members only; refused unless the space
    /// is `ACTIVE`. While the server can't keep who is present it is `UNAVAILABLE`: worth trying again with the next call.
    async fn presence_set(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "All arguments of the mutation, in one object.")] input: PresenceSetInput,
    ) -> Result<Option<PresenceSetPayload>> {
        let (app, actor) = (app(ctx)?, actor(ctx)?);
        let work = async {
            let space = input_id("spaceId", &[Kind::Space], &input.space_id)?;
            let doing = if input.is_online.unwrap_or(true) {
                let thread = input.thread_id.as_ref();
                let thread = thread.map(|id| input_id("threadId", &[Kind::Thread], id)).transpose()?;
                Some(Doing::new(thread, input.is_writing.unwrap_or_default())?)
            } else {
                None
            };
            service::set(app, actor, space, doing).await
        };
        let (set, user_errors) = settle(ctx, work).await?;
        Ok(Some(PresenceSetPayload {
            expires_at: set.and_then(|set| set.expires_at).map(Into::into),
            is_off: set.map(|set| set.is_off),
            user_errors,
        }))
    }
}
